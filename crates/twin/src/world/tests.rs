//! The organisation without a socket: events and times in, counts out.

use std::sync::Arc;
use std::time::Duration;

use flow::Flow;
use serde_json::Value;

use super::*;

const NUMBER: &str = "+18005550100";

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
    organisation(agents, None, FLOW)
}

fn organisation(agents: u32, patience: Option<Duration>, yaml: &str) -> World {
    let talk = Duration::from_secs(10);
    let queue = QueueOptions { name: "Support".to_owned(), agents, talk_min: talk, talk_max: talk, patience };
    let founding = Organisation { seed: 7, queues: vec![queue], ..Organisation::default() };
    let mut world = World::new(&founding, at(0));
    let flow = Flow::parse(yaml).unwrap();
    world.flows.load(flow, yaml, "flow-1".to_owned(), at(0));
    world
}

/// A caller who comes in; with the plain flow, straight to the queue.
fn call(world: &mut World, now: Now) -> Vec<Question> {
    let mut questions = world.advance(now);
    world.place(NUMBER, now, &mut questions);
    questions
}

#[test]
fn a_free_agent_answers_at_once_and_the_next_caller_waits_for_the_end_of_the_talk() {
    let mut world = world(1);
    call(&mut world, at(0));
    call(&mut world, at(1_000));
    assert_eq!((world.totals().answered, world.totals().waiting, world.totals().talking), (1, 1, 1));
    assert_eq!(world.next_due(), Some(at(10_000).mono));
    world.advance(at(9_999));
    assert_eq!(world.totals().answered, 1);
    world.advance(at(10_500));
    let record = world.calls().next_back().unwrap();
    assert_eq!(record.answered_after, Some(Duration::from_secs(9)));
    assert_eq!((world.totals().answered, world.totals().waiting), (2, 0));
}

#[test]
fn the_more_important_caller_is_answered_first() {
    let mut world = world(1);
    let mut rng = Rng::with_seed(1);
    let ids: [Arc<str>; 3] = ["busy", "low", "high"].map(Arc::from);
    for (id, priority) in ids.iter().zip([0, 0, 10]) {
        world.queues.enter(0, id, priority, at(1).mono, &mut rng);
    }
    let talk = world.queues.free(0, at(10_000).mono, &mut rng).unwrap();
    assert_eq!(talk.conversation_id, ids[2]);
}

#[test]
fn whoever_waits_too_long_hangs_up_and_is_counted_as_such() {
    let mut world = organisation(0, Some(Duration::from_secs(30)), FLOW);
    (0..100).for_each(|ms| drop(call(&mut world, at(ms))));
    world.advance(at(30_000));
    let abandoned = world.totals().abandoned;
    // An exponential time is below its mean for 63 of 100.
    assert!((45..80).contains(&abandoned), "{abandoned}");
    world.advance(at(3_600_000));
    assert_eq!((world.totals().abandoned, world.totals().waiting, world.totals().answered), (100, 0, 0));
}

#[test]
fn every_caller_is_in_the_flow_in_a_queue_or_lost() {
    let cut_off = FLOW.replace("transferToAcd: { targetQueue: { lit: { name: Support } } }", "disconnect: {}");
    let mut world = world(1);
    call(&mut world, at(0));
    let lost = Flow::parse(&cut_off).unwrap();
    world.flows.load(lost, &cut_off, "flow-1".to_owned(), at(1));
    call(&mut world, at(1));
    let totals = world.totals();
    assert_eq!((totals.offered, totals.in_flow, totals.queued, totals.lost), (2, 0, 1, 1));
}

#[test]
fn whatever_happens_nobody_is_counted_twice_or_forgotten() {
    for seed in 0..50 {
        let patience = Some(Duration::from_secs(seed + 1));
        let (mut world, mut rng) = (organisation(3, patience, FLOW), Rng::with_seed(seed));
        for ms in (0..100_000).step_by(250) {
            match rng.u32(0..3) {
                0 => drop(call(&mut world, at(ms))),
                1 => world.callers(f64::from(rng.u32(0..3)), NUMBER, at(ms).mono),
                _ => drop(world.advance(at(ms))),
            }
            let totals = world.totals();
            assert_eq!(totals.offered, totals.in_flow + totals.queued + totals.lost, "seed {seed} at {ms} ms");
            let left = totals.answered + totals.waiting + totals.abandoned;
            assert_eq!(totals.queued, left, "seed {seed} at {ms} ms");
            assert!(totals.talking <= 3);
        }
    }
}

#[test]
fn totals_count_on_when_old_calls_are_forgotten() {
    let mut world = world(0);
    (0..CALL_RECORDS_MAX as u64 + 10).for_each(|ms| drop(call(&mut world, at(ms))));
    assert_eq!(world.calls().count(), CALL_RECORDS_MAX);
    assert_eq!(world.totals().queued, CALL_RECORDS_MAX as u64 + 10);
}

#[test]
fn after_a_reset_nobody_from_before_it_is_counted() {
    let mut world = world(1);
    call(&mut world, at(0));
    call(&mut world, at(1));
    world.reset();
    assert_eq!(world.totals(), Totals::default());
    world.advance(at(3_600_000));
    assert_eq!(world.log.count(), 0);
    assert!(world.reply(1, Execution::TimedOut(Duration::ZERO), at(2)).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_history_however_often_it_is_looked_at() {
    let day = |step: u64| {
        let mut world = organisation(3, Some(Duration::from_secs(60)), FLOW);
        world.callers(0.5, NUMBER, at(0).mono);
        (0..=3_600_000).step_by(step as usize).for_each(|ms| drop(world.advance(at(ms))));
        // Asking for an id in between changes nobody.
        world.id();
        (world.log.count(), world.log.hash())
    };
    let (count, hash) = day(3_600_000);
    assert!(count > 3_000, "{count}");
    assert_eq!(day(977), (count, hash.clone()));
    let mut other = World::new(&Organisation { seed: 8, ..Organisation::default() }, at(0));
    other.callers(0.5, NUMBER, at(0).mono);
    assert_ne!(other.log.hash(), hash);
}

#[test]
fn arrivals_come_at_their_rate_and_vips_at_their_share() {
    let mut world = world(0);
    world.callers(5.0, NUMBER, at(0).mono);
    world.advance(at(2_000_000));
    assert!((9_500..10_500).contains(&world.totals().offered), "{:?}", world.totals());
    let vips = (0..10_000).filter(|_| tier_of(&people::ani(&mut world.people, Ppm::percent(20))) != Tier::Standard);
    assert!((1_850..2_150).contains(&vips.count()));
}

fn action() -> StoredAction {
    let json = include_str!("../../../../examples/flows/crm-lookup.custom.json");
    let mut actions = Actions::default();
    let integration = Integration::new("i".to_owned(), "CRM", "custom-rest-actions", Vec::new());
    actions.load(integration, flow::DataAction::parse(json).unwrap(), Value::Null, "a".to_owned());
    actions.by_id("a").unwrap().clone()
}

#[test]
fn the_fifty_first_execution_is_refused_until_one_ends() {
    let (mut actions, action) = (Actions::default(), action());
    for _ in 0..CONCURRENT_MAX {
        actions.begin(&action, at(0).mono).unwrap();
    }
    assert_eq!(actions.begin(&action, at(1).mono), Err(Refusal::Concurrency));
    actions.end();
    assert_eq!(actions.begin(&action, at(2).mono), Ok(()));
}

#[test]
fn executions_of_a_minute_are_limited_and_the_next_minute_is_free() {
    let (mut actions, action) = (Actions::default(), action());
    for _ in 0..EXECUTIONS_PER_MINUTE_MAX {
        actions.begin(&action, at(0).mono).unwrap();
        actions.end();
    }
    assert_eq!(actions.begin(&action, at(59_999).mono), Err(Refusal::Rate));
    assert_eq!(actions.begin(&action, at(60_000).mono), Ok(()));
}

#[test]
fn a_token_expires_and_is_throttled_per_minute() {
    let (mut clients, settings) = (Clients::default(), Settings::default());
    let limit = settings.requests_per_minute;
    let (id, secret, name) = ("id".to_owned(), "secret".to_owned(), "name".to_owned());
    clients.register(Registered { id, secret, name, permissions: Vec::new(), seconds: Some(3_600) });
    assert_eq!(clients.issue("id", "wrong", "t".to_owned(), &settings, at(0).mono), Err(RefusedClient));
    assert_eq!(clients.issue("id", "secret", "t".to_owned(), &settings, at(0).mono), Ok(3_600));
    for _ in 0..limit {
        assert!(clients.admit("t", limit, at(10).mono).is_ok());
    }
    let denied = clients.admit("t", limit, at(10_000).mono).unwrap_err();
    let Denied::Throttled { used, reset, .. } = denied else { panic!("{denied:?}") };
    assert_eq!((used, reset), (limit + 1, Duration::from_secs(50)));
    assert!(clients.admit("t", limit, at(60_000).mono).is_ok());
    assert_eq!(clients.admit("t", limit, at(3_600_000).mono), Err(Denied::Expired));
    assert_eq!(clients.admit("nobody", limit, at(0).mono), Err(Denied::Unknown));
}

#[test]
fn permissions_fit_part_by_part_and_a_star_fits_any_part() {
    let mut clients = Clients::default();
    let permissions = ["architect:flow:view", "analytics:*:view", "routing:queue:*"].map(str::to_owned).to_vec();
    let (id, secret, name) = ("id".to_owned(), String::new(), String::new());
    clients.register(Registered { id, secret, name, permissions, seconds: None });
    for (permission, expected) in [
        ("architect:flow:view", true),
        ("architect:flow:edit", false),
        ("analytics:flowAggregate:view", true),
        ("analytics:flowAggregate:edit", false),
        ("routing:queue:edit", true),
        ("routing:callRoute:view", false),
    ] {
        assert_eq!(clients.permits("id", permission), expected, "{permission}");
    }
    assert!(!clients.permits("nobody", "architect:flow:view"));
}

fn client(id: &str) -> Client {
    Client { id: id.to_owned(), name: id.to_owned() }
}

fn publish(world: &mut World, version: Option<&str>, who: &str, now: Now) -> Result<Operation, FlowError> {
    let settings = world.settings.clone();
    let begun = world.flows.publish("flow-1", version, client(who), "op".to_owned(), (&settings, None), now);
    world.await_flow("flow-1", now);
    begun
}

fn published(world: &mut World, ms: u64) -> String {
    world.advance(at(ms));
    world.flows.by_id("flow-1").unwrap().published().unwrap().id()
}

#[test]
fn a_publish_passes_through_its_states_and_then_counts() {
    let mut world = world(1);
    world.flows.load(Flow::parse(FLOW).unwrap(), FLOW, "x".to_owned(), at(0));
    let running = publish(&mut world, Some("1.0"), "c", at(1_000)).unwrap();
    assert_eq!(published(&mut world, 1_899), "2.0");
    let states: Vec<&str> = [1_000, 1_300, 1_600, 1_900].map(|ms| running.status(at(ms).mono)).into();
    assert_eq!(states, ["STARTED", "PENDING_GENERATION", "PENDING_BACKEND_NOTIFICATION", "SUCCESS"]);
    assert_eq!(publish(&mut world, Some("2.0"), "c", at(1_500)).unwrap_err(), FlowError::Busy);
    assert_eq!(published(&mut world, 1_900), "1.0");
    publish(&mut world, Some("99.0"), "c", at(2_000)).unwrap();
    assert_eq!(published(&mut world, 9_000), "1.0");
    world.settings.unknown_version_accepted = false;
    assert_eq!(publish(&mut world, Some("99.0"), "c", at(10_000)).unwrap_err(), FlowError::NoVersion);
}

#[test]
fn an_older_version_may_come_back_under_a_new_id() {
    let mut world = world(1);
    world.settings.publish_assigns_new_id = true;
    world.flows.load(Flow::parse(FLOW).unwrap(), FLOW, "x".to_owned(), at(0));
    publish(&mut world, Some("1.0"), "c", at(0)).unwrap();
    assert_eq!(published(&mut world, 900), "3.0");
    let live = world.flows.by_id("flow-1").unwrap().published().unwrap();
    assert_eq!(live.origin, 1, "it holds what the first one held");
}

#[test]
fn a_deleted_flow_gets_no_callers_and_cannot_be_changed() {
    let mut world = world(1);
    assert!(world.delete_flow("flow-1", "ann", at(0)));
    assert_eq!(publish(&mut world, Some("1.0"), "c", at(1)).unwrap_err(), FlowError::NotFound);
    call(&mut world, at(2));
    assert_eq!(world.calls().count(), 0);
    assert!(!world.delete_flow("flow-2", "ann", at(3)));
}

#[test]
fn a_foreign_lock_keeps_others_out_until_it_is_broken() {
    let mut world = world(1);
    world.flows.checkout("flow-1", client("a"), at(0)).unwrap();
    assert_eq!(world.flows.checkout("flow-1", client("b"), at(1)), Err(FlowError::Locked(client("a"))));
    assert_eq!(publish(&mut world, None, "b", at(1)).unwrap_err(), FlowError::Locked(client("a")));
    world.flows.unlock("flow-1").unwrap();
    let checkin = world.flows.checkin("flow-1", client("b"), "op".to_owned(), at(2));
    assert_eq!(checkin.unwrap_err(), FlowError::NotCheckedOut);
}

#[test]
fn a_fault_ends_by_itself_and_a_region_takes_everything_with_it() {
    let mut faults = Faults::default();
    let ttl = Duration::from_secs(5);
    let fault = |target, kind| Fault { target, kind, ttl };
    assert!(faults.inject(fault(FaultTarget::DataActions, FaultKind::Failure(503)), at(0).mono));
    assert!(faults.inject(fault(FaultTarget::DataActions, FaultKind::Latency(ttl)), at(1_000).mono));
    assert_eq!(faults.on(FaultTarget::DataActions, at(2_000).mono).failure, Some(503));
    assert_eq!(faults.on(FaultTarget::Tokens, at(2_000).mono).failure, None);
    let late = faults.on(FaultTarget::DataActions, at(5_500).mono);
    assert_eq!((late.failure, late.latency), (None, ttl));
    assert_eq!(faults.active(at(6_000).mono).count(), 0);
    faults.inject(fault(FaultTarget::Region, FaultKind::Reset), at(6_000).mono);
    for target in [FaultTarget::Tokens, FaultTarget::Sockets, FaultTarget::Service(Service::Analytics)] {
        assert!(faults.on(target, at(6_001).mono).resets, "{target:?}");
    }
    faults.clear(Some(FaultTarget::Region));
    assert!(!faults.on(FaultTarget::Tokens, at(6_001).mono).resets);
}

#[test]
fn an_emergency_group_and_a_number_that_moved_lead_callers_elsewhere() {
    use crate::platform::kinds;
    let mut world = world(5);
    let other = FLOW.replace("Front door", "Evacuation");
    world.flows.load(Flow::parse(&other).unwrap(), &other, "flow-2".to_owned(), at(0));
    world.lead_main_line("flow-1", "Front door");
    call(&mut world, at(1));
    let ivr = world.documents.all(&kinds::IVR)[0]["id"].clone();
    let group = world.documents.all(&kinds::EMERGENCY_GROUP)[0]["id"].as_str().unwrap().to_owned();
    let group = world.documents.get_mut(&kinds::EMERGENCY_GROUP, &group).unwrap();
    group.insert("enabled".to_owned(), true.into());
    let flows = serde_json::json!([{"emergencyFlow": {"id": "flow-2"}, "ivrs": [{"id": ivr}]}]);
    group.insert("emergencyCallFlows".to_owned(), flows);
    call(&mut world, at(2));
    let flows: Vec<&str> = world.calls().map(|call| call.flow.as_str()).collect();
    assert_eq!(flows, ["Front door", "Evacuation"]);
    world.route_number(NUMBER, "elsewhere", at(3));
    call(&mut world, at(4));
    assert_eq!(world.totals().redirected, 0);
    call(&mut world, at(60_000));
    assert_eq!((world.totals().redirected, world.totals().offered), (1, 3));
    assert_eq!(world.redirected, [NUMBER]);
}

#[test]
fn a_day_of_an_organisation_that_nobody_asks_passes_in_virtual_time() {
    let yaml = include_str!("../../../../examples/flows/main-ivr.yaml");
    let mut world = organisation(40, Some(Duration::from_secs(120)), yaml);
    let json = include_str!("../../../../examples/flows/crm-lookup.custom.json");
    let integration = Integration::new("i".to_owned(), "CRM", "custom-rest-actions", Vec::new());
    world.actions.load(integration, flow::DataAction::parse(json).unwrap(), Value::Null, "a".to_owned());
    let simulated = Simulated {
        latency_min: Duration::from_millis(80),
        latency_max: Duration::from_millis(900),
        failures: Ppm::percent(1),
        outputs: serde_json::Map::new(),
    };
    assert!(world.actions.simulate("a", simulated));
    world.callers(50.0 / 60.0, NUMBER, at(0).mono);
    assert!(world.advance(at(3_600_000)).is_empty());
    let totals = world.totals();
    assert!((2_700..3_300).contains(&totals.offered), "{totals:?}");
    assert!(totals.asks_ok > 2_500 && totals.asks_failed > 5, "{totals:?}");
}

#[test]
fn a_linked_organisation_learns_of_a_number_after_the_lag() {
    use crate::platform::kinds;
    let mut other = world(1);
    let number = serde_json::json!({"id": "+1555", "numberId": "+1555", "activeOrganizationId": "elsewhere"});
    other.hear_of_number(number.clone(), Duration::from_secs(7), at(0));
    other.advance(at(6_999));
    assert!(other.documents.get(&kinds::NUMBER, "+1555").is_none());
    other.advance(at(7_000));
    assert!(other.documents.get(&kinds::NUMBER, "+1555").is_some());
}

#[test]
fn whoever_watches_a_queue_is_told_of_every_change() {
    let mut world = world(1);
    let topic = format!("v2.analytics.queues.{}.observations", world.queues.at(0).unwrap().id);
    world.channels.open("c".to_owned(), "client", at(0));
    let channel = world.channels.get_mut("c", at(0)).unwrap();
    (channel.topics, channel.is_connected) = (vec![topic], true);
    call(&mut world, at(1));
    call(&mut world, at(2));
    let told: Vec<Value> =
        world.channels.take().iter().map(|(_, frame)| serde_json::from_str(frame).unwrap()).collect();
    let last = &told.last().unwrap()["eventBody"]["data"][0]["metrics"];
    assert_eq!((&last[0]["stats"]["count"], &last[1]["stats"]["count"]), (&1.into(), &1.into()), "{last}");
    world.advance(at(10_001));
    let frames = world.channels.take();
    assert!(frames.last().unwrap().1.contains("oWaiting"), "{frames:?}");
}

#[test]
fn whoever_watches_a_flow_is_told_what_has_come_together_in_the_period() {
    let mut world = world(1);
    world.channels.open("c".to_owned(), "client", at(0));
    let channel = world.channels.get_mut("c", at(0)).unwrap();
    (channel.topics, channel.is_connected) = (vec!["v2.analytics.flow.flow-1.aggregates".to_owned()], true);
    for ms in [1, 2, 1_800_000] {
        call(&mut world, at(ms));
    }
    let told: Vec<Value> =
        world.channels.take().iter().map(|(_, frame)| serde_json::from_str(frame).unwrap()).collect();
    // Each caller enters and leaves.
    assert_eq!(told.len(), 6);
    let body = &told[3]["eventBody"];
    assert_eq!(body["group"], serde_json::json!({"flowId": "flow-1", "mediaType": "voice"}));
    assert_eq!(body["data"][0]["interval"], "1970-01-01T00:00:00.000Z/1970-01-01T00:30:00.000Z");
    let metrics = &body["data"][0]["metrics"];
    assert_eq!((&metrics[0]["metric"], &metrics[0]["stats"]["count"]), (&"nFlow".into(), &2.into()), "{metrics}");
    assert_eq!((&metrics[1]["metric"], &metrics[1]["stats"]["count"]), (&"tFlow".into(), &2.into()), "{metrics}");
    let later = &told[5]["eventBody"]["data"][0];
    assert_eq!(later["interval"], "1970-01-01T00:30:00.000Z/1970-01-01T01:00:00.000Z");
    assert_eq!(later["metrics"][0]["stats"]["count"], 1);
}
