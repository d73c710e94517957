//! The organisation without a socket: events and times in, counts out.

use super::*;

const FLOW: &str = "
inboundCall:
  name: Front door
  startUpRef: ./tasks/task[main]
  tasks:
    - task: { name: Main, refId: main, actions: [ transferToAcd: { targetQueue: { lit: { name: Support } } } ] }
";

fn at(ms: u64) -> Now {
    let start = Now { mono: Mono::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    start.later(Duration::from_millis(ms))
}

fn world(agents: u32) -> World {
    let talk = Duration::from_secs(10);
    let queue = QueueOptions { name: "Support".to_owned(), agents, talk_min: talk, talk_max: talk };
    let mut world = World::new(7, Ppm::percent(20), &[queue]);
    let flow = Flow::parse(FLOW).unwrap();
    world.flows.load(flow, "flow-1".to_owned(), at(0));
    world
}

fn outcome(kind: OutcomeKind) -> Outcome {
    Outcome {
        kind,
        reason: flow::EndReason::Action,
        participant_data: [("dataActionFailed".to_owned(), "true".to_owned())].into(),
        is_silent: false,
        elapsed: Duration::ZERO,
        dead_air: Duration::ZERO,
        dead_air_longest: Duration::ZERO,
        actions: 1,
    }
}

/// A caller who comes in and goes straight to the queue.
fn to_queue(world: &mut World, now: Now) -> String {
    let arrival = world.arrive(now).unwrap();
    let id = arrival.conversation_id.clone();
    assert!(world.transfer(&arrival, "Support", 0, now.mono));
    let queue = flow::Destination { to: flow::chart::TransferTo::Queue, target: "Support".to_owned(), priority: 0 };
    world.finish(arrival, outcome(OutcomeKind::Queue(queue)), Vec::new(), now);
    id
}

#[test]
fn a_free_agent_answers_at_once_and_the_next_caller_waits_for_the_end_of_the_talk() {
    let mut world = world(1);
    to_queue(&mut world, at(0));
    let second = to_queue(&mut world, at(1_000));
    assert_eq!((world.totals().answered, world.totals().waiting, world.totals().talking), (1, 1, 1));
    assert_eq!(world.queues.next_due(), Some(at(10_000).mono));
    world.advance(at(9_999).mono);
    assert_eq!(world.totals().answered, 1);
    world.advance(at(10_500).mono);
    let record = world.calls().find(|call| call.conversation_id == second).unwrap();
    assert_eq!(record.answered_after, Some(Duration::from_secs(9)));
    assert_eq!((world.totals().answered, world.totals().waiting), (2, 0));
}

#[test]
fn the_more_important_caller_is_answered_first() {
    let mut world = world(1);
    to_queue(&mut world, at(0));
    let (low, high) = (world.arrive(at(1)).unwrap(), world.arrive(at(2)).unwrap());
    assert!(world.transfer(&low, "Support", 0, at(1).mono) && world.transfer(&high, "Support", 10, at(2).mono));
    let answered = world.queues.advance(at(10_000).mono, &mut Rng::with_seed(1));
    assert_eq!(answered[0].conversation_id, high.conversation_id);
}

#[test]
fn every_caller_is_in_the_flow_in_a_queue_or_lost() {
    let mut world = world(1);
    to_queue(&mut world, at(0));
    let lost = world.arrive(at(1)).unwrap();
    world.finish(lost, outcome(OutcomeKind::Loop), Vec::new(), at(2));
    let _in_flow = world.arrive(at(3)).unwrap();
    let totals = world.totals();
    assert_eq!((totals.offered, totals.in_flow, totals.queued, totals.lost), (3, 1, 1, 1));
    assert_eq!(totals.data_action_failed, 2);
}

#[test]
fn whatever_happens_nobody_is_counted_twice_or_forgotten() {
    for seed in 0..50 {
        let (mut world, mut rng, mut in_flow) = (world(3), Rng::with_seed(seed), Vec::new());
        for ms in (0..100_000).step_by(250) {
            match rng.u32(0..4) {
                0 => in_flow.push(world.arrive(at(ms)).unwrap()),
                1 => drop(to_queue(&mut world, at(ms))),
                2 if !in_flow.is_empty() => {
                    let arrival = in_flow.swap_remove(rng.usize(..in_flow.len()));
                    world.finish(arrival, outcome(OutcomeKind::Disconnect), Vec::new(), at(ms));
                }
                _ => world.advance(at(ms).mono),
            }
            let totals = world.totals();
            assert_eq!(totals.offered, totals.in_flow + totals.queued + totals.lost, "seed {seed} at {ms} ms");
            assert_eq!(totals.queued, totals.answered + totals.waiting, "seed {seed} at {ms} ms");
            assert!(totals.talking <= 3);
        }
    }
}

#[test]
fn totals_count_on_when_old_calls_are_forgotten() {
    let mut world = world(0);
    for ms in 0..CALL_RECORDS_MAX as u64 + 10 {
        let arrival = world.arrive(at(ms)).unwrap();
        world.finish(arrival, outcome(OutcomeKind::Disconnect), Vec::new(), at(ms));
    }
    assert_eq!(world.calls().count(), CALL_RECORDS_MAX);
    assert_eq!(world.totals().lost, CALL_RECORDS_MAX as u64 + 10);
}

#[test]
fn a_caller_from_before_a_reset_is_not_counted_after_it() {
    let mut world = world(1);
    let old = world.arrive(at(0)).unwrap();
    world.reset();
    assert!(world.transfer(&old, "Support", 0, at(1).mono));
    world.finish(old, outcome(OutcomeKind::Disconnect), Vec::new(), at(2));
    assert_eq!(world.totals(), Totals::default());
}

#[test]
fn the_same_seed_gives_the_same_callers() {
    let (mut one, mut other) = (world(1), world(1));
    for ms in 0..100 {
        assert_eq!(one.next_arrival(5.0), other.next_arrival(5.0));
        // Asking for an id in between changes no caller.
        other.id();
        assert_eq!(one.arrive(at(ms)).unwrap().ani, other.arrive(at(ms)).unwrap().ani);
    }
}

#[test]
fn arrivals_come_at_their_rate_and_vips_at_their_share() {
    let mut world = world(0);
    let total: Duration = (0..10_000).map(|_| world.next_arrival(5.0)).sum();
    assert!((1_900..2_100).contains(&total.as_secs()), "{total:?}");
    let vips = (0..10_000).filter(|_| tier_of(&people::ani(&mut world.callers, Ppm::percent(20))) != Tier::Standard);
    assert!((1_850..2_150).contains(&vips.count()));
}

#[test]
fn the_fifty_first_execution_is_refused_until_one_ends() {
    let mut actions = Actions::default();
    for _ in 0..CONCURRENT_MAX {
        actions.begin(at(0).mono).unwrap();
    }
    assert_eq!(actions.begin(at(1).mono), Err(Refusal::Concurrency));
    actions.end();
    assert_eq!(actions.begin(at(2).mono), Ok(()));
}

#[test]
fn executions_of_a_minute_are_limited_and_the_next_minute_is_free() {
    let mut actions = Actions::default();
    for _ in 0..EXECUTIONS_PER_MINUTE_MAX {
        actions.begin(at(0).mono).unwrap();
        actions.end();
    }
    assert_eq!(actions.begin(at(59_999).mono), Err(Refusal::Rate));
    assert_eq!(actions.begin(at(60_000).mono), Ok(()));
}

#[test]
fn a_token_expires_and_is_throttled_per_minute() {
    let mut clients = Clients::default();
    clients.register("id", "secret", "name");
    assert_eq!(clients.issue("id", "wrong", "t".to_owned(), at(0).mono), Err(RefusedClient));
    clients.issue("id", "secret", "t".to_owned(), at(0).mono).unwrap();
    for _ in 0..REQUESTS_MAX {
        assert!(clients.admit("t", at(10).mono).is_ok());
    }
    let reset = Duration::from_secs(50);
    assert_eq!(clients.admit("t", at(10_000).mono), Err(Denied::Throttled { used: REQUESTS_MAX + 1, reset }));
    assert!(clients.admit("t", at(60_000).mono).is_ok());
    assert_eq!(clients.admit("t", Mono::ZERO + TOKEN_LIFE), Err(Denied::Expired));
    assert_eq!(clients.admit("nobody", at(0).mono), Err(Denied::Unknown));
}

#[test]
fn a_publish_passes_through_its_states_and_then_counts() {
    let mut world = world(1);
    world.flows.load(Flow::parse(FLOW).unwrap(), "x".to_owned(), at(0));
    let client = Client { id: "c".to_owned(), name: "c".to_owned() };
    let running = world.flows.publish("flow-1", Some("1.0"), client.clone(), "op".to_owned(), at(1_000)).unwrap();
    let published = |world: &mut World, ms| world.flows.get("flow-1", at(ms).mono).unwrap().published().unwrap().id();
    assert_eq!(published(&mut world, 1_899), "2.0");
    let states: Vec<&str> = [1_000, 1_300, 1_600, 1_900].map(|ms| running.status(at(ms).mono)).into();
    assert_eq!(states, ["STARTED", "PENDING_GENERATION", "PENDING_BACKEND_NOTIFICATION", "SUCCESS"]);
    let again = world.flows.publish("flow-1", Some("2.0"), client.clone(), "op".to_owned(), at(1_500));
    assert_eq!(again.unwrap_err(), FlowError::Busy);
    assert_eq!(published(&mut world, 1_900), "1.0");
    world.flows.publish("flow-1", Some("99.0"), client, "op".to_owned(), at(2_000)).unwrap();
    assert_eq!(published(&mut world, 9_000), "1.0");
}

#[test]
fn a_foreign_lock_keeps_others_out_until_it_is_broken() {
    let mut world = world(1);
    let client = |id: &str| Client { id: id.to_owned(), name: id.to_owned() };
    world.flows.checkout("flow-1", client("a"), at(0).mono).unwrap();
    assert_eq!(world.flows.checkout("flow-1", client("b"), at(1).mono), Err(FlowError::Locked(client("a"))));
    let publish = world.flows.publish("flow-1", None, client("b"), "op".to_owned(), at(1));
    assert_eq!(publish.unwrap_err(), FlowError::Locked(client("a")));
    world.flows.unlock("flow-1").unwrap();
    let checkin = world.flows.checkin("flow-1", client("b"), "op".to_owned(), at(2));
    assert_eq!(checkin.unwrap_err(), FlowError::NotCheckedOut);
}

#[test]
fn a_fault_ends_by_itself() {
    let mut faults = Faults::default();
    let ttl = Duration::from_secs(5);
    let fault = |kind| Fault { target: FaultTarget::DataActions, kind, ttl };
    assert!(faults.inject(fault(FaultKind::Failure(503)), at(0).mono));
    assert!(faults.inject(fault(FaultKind::Latency(ttl)), at(1_000).mono));
    assert_eq!(faults.on(FaultTarget::DataActions, at(2_000).mono).failure, Some(503));
    assert_eq!(faults.on(FaultTarget::Tokens, at(2_000).mono).failure, None);
    let late = faults.on(FaultTarget::DataActions, at(5_500).mono);
    assert_eq!((late.failure, late.latency), (None, ttl));
    assert_eq!(faults.active(at(6_000).mono).count(), 0);
}
