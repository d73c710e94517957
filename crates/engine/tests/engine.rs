//! The running engine against a store and receivers that misbehave, on virtual time.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{IncidentState, LetterState};
use async_trait::async_trait;
use clock::Clock;
use degrade::{Cause, Counts, Fault as CallFault, Phase, Transition};
use engine::courier::{Courier, Letter, Receipt};
use engine::delivery::DeliveryError;
use engine::{AcknowledgeError, Engine, Handle, Policy, Receiver, Setup, StartError, journal};
use store::{Fault, JournalEntry, Simulated, Store};

/// What a receiver answers, in order; after that it takes everything.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    got: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
enum Answer {
    Status(u16),
    RetryAfter(u64),
    Silence,
    Panic,
}

impl Script {
    fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        script
    }

    /// What arrived, as `action subject`.
    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

#[async_trait]
impl Courier for Script {
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => {
                self.got.lock().unwrap().push(format!("{:?} {}", letter.action, letter.page.subject));
                Ok(Receipt::default())
            }
            Some(Answer::Status(status)) => Err(DeliveryError::Status { status, retry_after: None }),
            Some(Answer::RetryAfter(seconds)) => {
                Err(DeliveryError::Status { status: 429, retry_after: Some(Duration::from_secs(seconds)) })
            }
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Panic) => panic!("a defect of a courier"),
        }
    }
}

struct House {
    clock: Clock,
    store: Simulated,
    engine: Handle,
}

fn start_of_time() -> Clock {
    Clock::starting_at("2026-11-21T08:00:00Z".parse().unwrap(), 1)
}

fn setup(clock: &Clock, store: &Simulated, receivers: &[(&str, &Script)]) -> Setup {
    let receivers =
        receivers.iter().map(|(name, script)| Receiver { name: (*name).into(), courier: Arc::new((*script).clone()) });
    Setup {
        store: Arc::new(store.clone()),
        receivers: receivers.collect(),
        clock: clock.clone(),
        policy: Policy::standard("acme"),
        seed: 1,
    }
}

impl House {
    async fn new(receivers: &[(&str, &Script)]) -> Self {
        let (clock, store) = (start_of_time(), Simulated::new());
        let engine = Engine::start(setup(&clock, &store, receivers)).await.unwrap();
        Self { clock, store, engine }
    }

    fn change(&self, circuit: &str, from: Phase, to: Phase) {
        self.engine.sender().circuit(Transition {
            upstream: "salesforce".into(),
            circuit: circuit.into(),
            generation: 1,
            from,
            to,
            cause: Cause::ConsecutiveFailures { count: 5, last: CallFault::Timeout },
            counts: Counts { bad: 5, ..Counts::default() },
            at: self.clock.now(),
        });
    }

    fn open(&self, circuit: &str) {
        self.change(circuit, Phase::Closed, Phase::Open);
    }

    fn close(&self, circuit: &str) {
        self.change(circuit, Phase::HalfOpen, Phase::Closed);
    }

    async fn seconds(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// Incidents in view, as `key state`.
    fn sees(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        views.incidents.iter().map(|incident| format!("{} {:?}", incident.key, incident.state)).collect()
    }
}

async fn journal_of(store: &Simulated) -> Vec<JournalEntry> {
    let mut all: Vec<JournalEntry> = Vec::new();
    loop {
        let page = store.journal(all.last().map_or(0, |entry| entry.seq)).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_pages_at_once_and_resolves_when_it_closes() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.seconds(1).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
    assert_eq!(house.sees(), ["circuit/crm Open"]);
    assert_eq!(house.engine.views().borrow().incidents[0].timeline.len(), 1, "its beginning is shown");

    house.change("crm", Phase::Open, Phase::HalfOpen);
    house.change("crm", Phase::HalfOpen, Phase::Open);
    house.close("crm");
    house.seconds(1).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Resolve circuit/crm"]);
    assert_eq!(house.sees(), ["circuit/crm Resolved"]);

    let record = &house.store.resolved_incidents(None).await.unwrap()[0];
    assert_eq!((record.timeline.len(), record.letters.len()), (4, 2));
    assert!(record.letters.iter().all(|letter| letter.state == store::LetterState::Delivered));
    assert_eq!(journal::replay(&journal_of(&house.store).await).unwrap().lost, 0);
}

#[tokio::test(start_paused = true)]
async fn a_page_is_sent_only_after_it_is_kept() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Hang);
    house.open("crm");
    house.seconds(1).await;
    assert!(pager.got().is_empty(), "the transaction is on its way");
    house.store.heal();
    house.clock.sleep(Duration::from_millis(100)).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_no_page_and_becomes_an_incident() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.open("crm");
    house.seconds(1).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"], "paged from memory");
    let views = house.engine.views().borrow().clone();
    assert!(!views.store.working && views.store.unsaved > 0);
    assert!(views.store.hint.as_ref().unwrap().contains("disk"));

    house.seconds(20).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Trigger store"]);
    house.close("crm");
    house.seconds(60).await;
    assert_eq!(house.store.journal_head().await.unwrap(), 1, "nothing but the start was written");

    house.store.heal();
    house.seconds(60).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Trigger store", "Resolve circuit/crm", "Resolve store"]);
    let views = house.engine.views().borrow().clone();
    assert_eq!((views.store.working, views.store.unsaved), (true, 0));
    assert_eq!(house.store.resolved_incidents(None).await.unwrap().len(), 2);
    let replayed = journal::replay(&journal_of(&house.store).await).unwrap();
    assert_eq!((replayed.lost, replayed.state.live.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_a_page_for_two_seconds_at_most() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Hang);
    house.open("crm");
    house.seconds(3).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
    house.store.heal();
    house.seconds(1).await;
    assert_eq!(house.store.live_incidents(None).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_hiccup_of_the_store_wakes_nobody() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(3, Fault::Locked);
    house.open("crm");
    house.seconds(60).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
    assert_eq!(house.store.live_incidents(None).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_store_that_breaks_is_noticed() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Broken);
    house.seconds(60).await;
    assert_eq!(pager.got(), ["Trigger store"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(1, Fault::Unsure);
    house.open("crm");
    house.seconds(5).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
    let record = &house.store.live_incidents(None).await.unwrap()[0];
    assert_eq!((record.timeline.len(), record.letters.len()), (1, 1));
    journal::replay(&journal_of(&house.store).await).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_does_not_delay_another_and_is_an_incident_itself() {
    let (dead, alive) = (Script::answering([Answer::Silence; 20]), Script::default());
    let house = House::new(&[("dead", &dead), ("alive", &alive)]).await;
    house.open("crm");
    house.seconds(1).await;
    assert_eq!(alive.got(), ["Trigger circuit/crm"]);
    house.seconds(600).await;
    assert_eq!(alive.got(), ["Trigger circuit/crm", "Trigger receiver/dead"]);
    house.close("crm");
    house.seconds(3_600).await;
    assert_eq!(dead.got(), ["Trigger circuit/crm", "Resolve circuit/crm"], "in order, in the end");
    assert_eq!(alive.got().len(), 4);
    assert!(house.sees().iter().all(|incident| incident.ends_with("Resolved")));
}

#[tokio::test(start_paused = true)]
async fn a_refused_letter_is_not_repeated_and_others_hear_of_it() {
    let (strict, other) = (Script::answering([Answer::Status(400)]), Script::default());
    let house = House::new(&[("other", &other), ("strict", &strict)]).await;
    house.open("crm");
    house.seconds(3_600).await;
    assert!(strict.got().is_empty());
    assert_eq!(other.got(), ["Trigger circuit/crm", "Trigger receiver/strict"]);
    house.close("crm");
    house.seconds(5).await;
    assert!(strict.got().is_empty(), "no resolve without a trigger");
    let record = house.store.resolved_incidents(None).await.unwrap();
    assert_eq!(record[0].letters.iter().filter(|letter| letter.receiver == "strict").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttling_receiver_is_left_alone_for_as_long_as_it_asks() {
    let pager = Script::answering([Answer::RetryAfter(100)]);
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.open("identity");
    house.seconds(99).await;
    assert!(pager.got().is_empty());
    house.seconds(30).await;
    let mut got = pager.got();
    got.sort();
    assert_eq!(got, ["Trigger circuit/crm", "Trigger circuit/identity"]);
}

#[tokio::test(start_paused = true)]
async fn a_courier_that_panics_is_tried_again() {
    let pager = Script::answering([Answer::Panic, Answer::Panic]);
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.seconds(60).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_takes_an_incident() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.seconds(1).await;
    let id = house.engine.views().borrow().incidents[0].id.clone();
    let taken = house.engine.acknowledge(&id, "ada").await.unwrap();
    assert_eq!((taken.state, taken.acknowledged_by.as_deref()), (IncidentState::Acknowledged, Some("ada")));
    assert_eq!(house.engine.acknowledge("none", "ada").await, Err(AcknowledgeError::Unknown));
    house.close("crm");
    house.seconds(1).await;
    assert_eq!(house.engine.acknowledge(&id, "ada").await, Err(AcknowledgeError::Over));
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Acknowledge circuit/crm", "Resolve circuit/crm"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_where_the_crash_was() {
    let pager = Script::answering([Answer::Status(503); 3]);
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.clock.sleep(Duration::from_millis(100)).await;
    assert!(pager.got().is_empty());
    house.engine.kill();

    let again = Engine::start(setup(&house.clock, &house.store, &[("pager", &pager)])).await.unwrap();
    let house = House { engine: again, ..house };
    assert_eq!(house.sees(), ["circuit/crm Open"]);
    house.seconds(60).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm"]);
    house.engine.sender().circuit_well("crm".into());
    house.seconds(1).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Resolve circuit/crm"], "no second page after the restart");
    journal::replay(&journal_of(&house.store).await).unwrap();
}

/// The end was told and not written, because the disk was full when the process died. The next opening
/// must wake somebody, although the incident was never over in the store.
#[tokio::test(start_paused = true)]
async fn an_end_that_was_lost_in_a_crash_swallows_no_page() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.close("crm");
    house.seconds(1).await;
    house.engine.kill();
    house.store.heal();
    let again = Engine::start(setup(&house.clock, &house.store, &[("pager", &pager)])).await.unwrap();
    let house = House { engine: again, ..house };
    house.open("crm");
    house.seconds(1).await;
    assert_eq!(pager.got(), ["Trigger circuit/crm", "Resolve circuit/crm", "Trigger circuit/crm"]);
    assert_eq!(house.sees(), ["circuit/crm Open"]);
}

/// The trouble was written, as far as the store was concerned, and the process died before its end.
#[tokio::test(start_paused = true)]
async fn a_store_that_works_ends_the_trouble_that_an_earlier_run_had_with_it() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Unsure);
    house.close("crm");
    house.seconds(60).await;
    house.engine.kill();
    house.store.heal();
    let again = Engine::start(setup(&house.clock, &house.store, &[("pager", &pager)])).await.unwrap();
    let house = House { engine: again, ..house };
    assert!(house.sees().contains(&"store Open".to_owned()), "{:?}", house.sees());
    house.seconds(60).await;
    assert!(house.sees().contains(&"store Resolved".to_owned()), "{:?}", house.sees());
    assert!(pager.got().contains(&"Resolve store".to_owned()), "{:?}", pager.got());
    journal::replay(&journal_of(&house.store).await).unwrap();
}

#[tokio::test(start_paused = true)]
async fn letters_to_a_receiver_that_is_gone_are_given_up() {
    let pager = Script::answering([Answer::Status(503); 3]);
    let house = House::new(&[("old", &pager)]).await;
    house.open("crm");
    house.clock.sleep(Duration::from_millis(100)).await;
    house.engine.shutdown().await;
    let again = Engine::start(setup(&house.clock, &house.store, &[])).await.unwrap();
    house.seconds(1).await;
    let letter = again.views().borrow().incidents[0].letters[0].clone();
    assert_eq!(letter.state, LetterState::Failed);
    assert!(house.store.pending_receivers().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_writes_what_was_decided() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.open("crm");
    assert!(house.engine.ping().await);
    house.engine.shutdown().await;
    assert_eq!(house.store.live_incidents(None).await.unwrap().len(), 1);
    assert!(!house.engine.ping().await);
    assert_eq!(house.engine.acknowledge("x", "ada").await, Err(AcknowledgeError::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn events_that_do_not_fit_are_counted_and_paged() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    for _ in 0..engine::EVENTS_WAITING_MAX + 10 {
        house.change("crm", Phase::Open, Phase::HalfOpen);
    }
    house.seconds(5).await;
    let mut got = pager.got();
    got.sort();
    assert_eq!(got, ["Trigger circuit/crm", "Trigger records"]);
    let views = house.engine.views().borrow().clone();
    let lost = views.incidents.iter().find(|incident| incident.key == "records").unwrap();
    assert!(lost.title.starts_with("Records are lost: 10 "), "{}", lost.title);
}

#[tokio::test(start_paused = true)]
async fn a_long_outage_of_the_store_fills_no_memory() {
    let pager = Script::default();
    let house = House::new(&[("pager", &pager)]).await;
    house.seconds(1).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    for _ in 0..150 {
        for _ in 0..50 {
            house.open("crm");
            house.close("crm");
        }
        house.seconds(30).await;
    }
    let unsaved = house.engine.views().borrow().store.unsaved;
    assert!(unsaved < 25_000, "{unsaved} records wait");
    house.store.heal();
    house.seconds(60).await;
    assert_eq!(house.engine.views().borrow().store.unsaved, 0);
    assert!(house.sees().contains(&"records Open".to_owned()));
    let replayed = journal::replay(&journal_of(&house.store).await).unwrap();
    assert!(replayed.lost > 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_overflows_is_fetched_from_the_store() {
    let pager = Script::answering([Answer::Silence; 30]);
    let house = House::new(&[("pager", &pager)]).await;
    let incidents = engine::queue::QUEUE_MAX / 2 + 400;
    for n in 0..incidents {
        house.open(&format!("c{n}"));
        house.close(&format!("c{n}"));
    }
    house.seconds(3_600).await;
    assert_eq!(pager.got().iter().filter(|got| got.contains("circuit/")).count(), 2 * incidents);
    assert!(house.store.pending_receivers().await.unwrap().is_empty());
}

#[tokio::test]
async fn receivers_need_names_of_their_own() {
    let pager = Script::default();
    let (clock, store) = (start_of_time(), Simulated::new());
    let twice = setup(&clock, &store, &[("pager", &pager), ("pager", &pager)]);
    assert!(matches!(Engine::start(twice).await, Err(StartError::Receivers(name)) if &*name == "pager"));
}
