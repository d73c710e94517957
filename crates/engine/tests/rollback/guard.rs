//! The guard over a contact centre that does as it is told, on virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{IncidentState, ReleaseView};
use base::Minutes;
use clock::Clock;
use engine::rollback::guard::{self, Hold, Neighbours, Policy, Watched, WishError};
use engine::rollback::{Guard, LOCKOUT, Rollbacks};
use engine::{Engine, Handle};
use rollback::Mode;
use rollback::act::{Lock, Locked};
use store::{Fault, Simulated, Store as _};

use crate::centre::{Centre, minutes};

struct House {
    clock: Clock,
    centre: Arc<Centre>,
    store: Simulated,
    engine: Handle,
    holds: Arc<Mutex<Vec<Hold>>>,
    is_maintained: Arc<Mutex<bool>>,
    running: Option<(Rollbacks, Guard)>,
    starts: u32,
    mode: Mode,
    /// How long a start takes between those who carry out and those who watch.
    pause: Duration,
}

impl House {
    /// A house that has watched three flows for a while.
    async fn new(mode: Mode) -> Self {
        let clock = Clock::starting_at("2026-11-21T08:00:00Z".parse().unwrap(), 1);
        let store = Simulated::new();
        let engine = Engine::start(engine::Setup {
            store: Arc::new(store.clone()),
            receivers: Vec::new(),
            clock: clock.clone(),
            policy: engine::Policy::standard("acme"),
            seed: 1,
        });
        let mut house = Self {
            centre: Centre::new(clock.clone(), &["main", "night", "billing"]),
            clock,
            store,
            engine: engine.await.unwrap(),
            holds: Arc::default(),
            is_maintained: Arc::default(),
            running: None,
            starts: 0,
            mode,
            pause: Duration::ZERO,
        };
        house.start().await;
        // The past is read in parts.
        house.wait(30).await;
        house
    }

    async fn start(&mut self) {
        self.running = Some(self.controller().await);
    }

    /// One more controller over the same store.
    async fn controller(&mut self) -> (Rollbacks, Guard) {
        self.starts += 1;
        let rollbacks = Rollbacks::start(engine::rollback::Setup {
            holder: format!("controller-{}", self.starts),
            platform: self.centre.clone(),
            store: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            lockout: LOCKOUT,
        });
        let rollbacks = rollbacks.await;
        self.clock.sleep(self.pause).await;
        let watched = |name: &str| Watched { name: name.to_owned(), mode: self.mode, siblings: None };
        let (holds, is_maintained) = (self.holds.clone(), self.is_maintained.clone());
        let guard = Guard::start(guard::Setup {
            policy: Policy {
                watch: rollback::Policy::default(),
                recovery: rollback::recovery::Policy::default(),
                false_rollbacks_per_year: 0.052,
                releases_per_year: 520,
                history: Minutes::days(2),
                arm_after: Minutes::days(1),
                locked: Locked::HandOver,
                flows: vec![watched("main"), watched("night"), watched("billing")],
            },
            organisation: self.centre.clone(),
            rollbacks: rollbacks.clone(),
            store: Arc::new(self.store.clone()),
            incidents: self.engine.sender(),
            neighbours: Neighbours {
                is_maintained: Arc::new(move |_, _, _| *is_maintained.lock().unwrap()),
                hold: Arc::new(move |all| *holds.lock().unwrap() = all),
            },
            clock: self.clock.clone(),
        });
        (rollbacks, guard.await.unwrap())
    }

    /// Ends as a crash does.
    fn end(&mut self) {
        let (rollbacks, guard) = self.running.take().unwrap();
        guard.abort();
        rollbacks.abort();
    }

    /// Ends as a crash does, and starts again.
    async fn crash(&mut self) {
        self.end();
        self.start().await;
    }

    /// What is kept of the only release.
    async fn kept(&self) -> String {
        let mut documents = self.store.documents("release", None).await.unwrap();
        assert_eq!(documents.len(), 1);
        documents.remove(0).body
    }

    async fn wait(&self, how_many: u32) {
        self.clock.sleep(minutes(how_many)).await;
    }

    fn guard(&self) -> &Guard {
        &self.running.as_ref().unwrap().1
    }

    fn release(&self, version: &str) -> ReleaseView {
        let list = self.guard().list();
        list.releases.into_iter().find(|release| release.version == version).expect("it is watched")
    }

    /// Keys of incidents that are open, in order.
    fn open(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        let open = views.incidents.iter().filter(|incident| incident.state != IncidentState::Resolved);
        let mut keys: Vec<_> = open.map(|incident| incident.key.clone()).collect();
        keys.sort();
        keys
    }

    fn published(&self) -> Vec<(String, String)> {
        self.centre.state().published.clone()
    }

    async fn audit(&self) -> Vec<String> {
        let mut audit: Vec<_> =
            self.store.audit(None).await.unwrap().into_iter().map(|record| record.entry.what).collect();
        audit.reverse();
        audit
    }

    async fn stop(self) {
        let (rollbacks, guard) = self.running.unwrap();
        guard.shutdown().await;
        rollbacks.shutdown().await;
        self.engine.shutdown().await;
    }
}

const NONE: [&str; 0] = [];

fn back_to_11() -> Vec<(String, String)> {
    vec![("main".to_owned(), "11.0".to_owned())]
}

#[tokio::test(start_paused = true)]
async fn a_bad_release_is_gone_back_from_proved_and_told_and_a_second_one_is_left_to_people() {
    let house = House::new(Mode::Automatic).await;
    let list = house.guard().list();
    assert!(
        list.is_leader && list.flows.iter().all(|flow| flow.armed.as_ref().is_some_and(|armed| armed.is_armed)),
        "{list:?}"
    );
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.published(), back_to_11());
    assert_eq!(house.open(), ["suspect/main", "went-back/main"]);
    assert_eq!(house.release("12.0").state, "VERIFYING");
    assert_eq!(house.holds.lock().unwrap().len(), 1);
    house.wait(4).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "RECOVERED", "{release:?}");
    assert_eq!(house.open(), NONE);
    assert_eq!(house.holds.lock().unwrap().len(), 0);
    assert!(house.guard().list().locked_until.is_some());

    house.centre.publish("main", "13.0", 30);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11(), "locked out");
    assert_eq!(house.release("13.0").state, "ASKED");
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.wait(30).await;
    assert_eq!(house.published(), back_to_11(), "what was refused is for people");
    house.centre.publish("main", "14.0", 2);
    house.wait(3).await;
    assert_eq!(house.release("13.0").state, "OVERTAKEN");
    assert_eq!(house.open(), NONE);
    let told: Vec<_> =
        release.story.iter().map(|line| format!("{} {}", line.at.strftime("%H:%M:%S"), line.what)).collect();
    insta::assert_snapshot!(told.join("\n"));
    insta::assert_snapshot!("audit", house.audit().await.join("\n"));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_tell_nothing_is_done_and_it_is_said_why() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 100);
    house.wait(30).await;
    assert_eq!(house.published(), []);
    assert_eq!(house.open(), ["unseen/main"]);
    let release = house.release("12.0");
    assert_eq!(release.state, "BLIND");
    assert!(release.story.iter().any(|line| line.what.contains("analytics do not answer")), "{release:?}");
    // When it is told after all, what follows from it follows.
    house.centre.state().is_silent = false;
    house.wait(2).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silence_after_much_talk_is_not_believed() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 2);
    house.centre.state().is_empty = true;
    house.wait(12).await;
    assert_eq!(house.release("12.0").state, "BLIND");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_neither_loses_nor_repeats_a_rollback() {
    for seconds in (0..400).step_by(25) {
        let mut house = House::new(Mode::Automatic).await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(seconds)).await;
        house.crash().await;
        house.wait(12).await;
        assert_eq!(house.published(), back_to_11(), "crash after {seconds} s");
        let release = house.release("12.0");
        assert_eq!(release.state, "RECOVERED", "crash after {seconds} s: {release:?}");
        assert_eq!(house.open(), NONE, "crash after {seconds} s");
        assert_eq!(house.guard().list().releases.len(), 1, "crash after {seconds} s");
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_approver_says_so_and_it_is_gone_back() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("ASKED", Vec::new()));
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    assert!(matches!(house.guard().approve("nothing", "Ann").await, Err(WishError::NoSuch(_))));
    house.guard().approve(&release.id, "Ann").await.unwrap();
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    assert_eq!(house.release("12.0").state, "RECOVERED");
    assert!(matches!(house.guard().approve(&release.id, "Ann").await, Err(WishError::Wrong(_))));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_does_not_help_is_for_people_and_shuts_the_gate() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.published(), back_to_11());
    // It was something else.
    house.centre.state().errors.insert(("main".to_owned(), "11.0".to_owned()), 20);
    house.wait(20).await;
    assert_eq!(house.release("12.0").state, "NOT_HELPED");
    assert_eq!(house.open(), ["stuck/main"]);
    assert_eq!(house.holds.lock().unwrap().len(), 1);
    house.wait(60).await;
    assert_eq!(house.published(), back_to_11(), "never a second one");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn maintenance_and_a_locked_flow_change_nothing() {
    let house = House::new(Mode::Automatic).await;
    *house.is_maintained.lock().unwrap() = true;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("SHADOW", Vec::new()));
    assert!(release.story.iter().any(|line| line.what.contains("would be bad")), "{release:?}");
    *house.is_maintained.lock().unwrap() = false;
    house.centre.state().flows.get_mut("main").unwrap().lock = Lock::Foreign("Mary".into());
    house.wait(6).await;
    assert_eq!(house.release("12.0").state, "HANDED_OVER");
    assert_eq!(
        (house.published(), house.open()),
        (Vec::new(), vec!["stuck/main".to_owned(), "suspect/main".to_owned()])
    );
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_release_is_proved_good_and_a_shock_to_all_is_no_release() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 2);
    house.wait(20).await;
    for flow in ["main", "night", "billing"] {
        for version in ["11.0", "12.0"] {
            house.centre.state().errors.insert((flow.to_owned(), version.to_owned()), 60);
        }
    }
    house.wait(10).await;
    house.centre.state().errors.clear();
    house.wait(35).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("CERTIFIED", Vec::new()), "{release:?}");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_goes_back_by_hand_and_that_version_is_watched_too() {
    let house = House::new(Mode::Observe).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!((house.release("12.0").state.as_str(), house.open()), ("CONFIRMED", Vec::new()), "it only observes");
    let wish = |to: &str| api::RollbackWish { flow: "main".into(), to: to.into(), reason: "it drops callers".into() };
    assert!(matches!(house.guard().run(&wish("12.0"), "ann").await, Err(WishError::Wrong(_))));
    assert!(matches!(house.guard().run(&wish("7.0"), "ann").await, Err(WishError::NoSuch(_))));
    house.guard().run(&wish("10.0"), "ann").await.unwrap();
    house.wait(2).await;
    assert_eq!(house.centre.live("main"), "10.0");
    assert_eq!((house.release("12.0").state.as_str(), house.release("10.0").state.as_str()), ("OVERTAKEN", "WATCHING"));
    assert!(matches!(house.guard().run(&wish("11.0"), "ann").await, Err(WishError::LockedOut(_))));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_comes_out_again_from_what_was_kept() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(10).await;
    let id = house.release("12.0").id;
    let whole = house.guard().one(&id).await.unwrap();
    assert_eq!(whole.is_reproduced, Some(true));
    assert!(whole.minutes.iter().any(|minute| whole.odds_needed <= minute.odds));
    assert!(whole.minutes.last().unwrap().is_after_rollback);
    // One flipped digit is found.
    let document = house.store.documents("release", None).await.unwrap().pop().unwrap();
    let body = document.body.replacen("[20,200]", "[21,200]", 1);
    assert_ne!(body, document.body);
    let change = store::Change { documents: vec![store::Document { body, ..document }], ..store::Change::default() };
    house.store.commit(&change).await.unwrap();
    assert_eq!(house.guard().one(&id).await.unwrap().is_reproduced, Some(false));
    assert!(house.guard().one("nothing").await.is_none());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_goes_on_with_what_was_kept_and_does_nothing_before() {
    let mut house = House::new(Mode::Approve).await;
    let (first_rollbacks, first) = house.running.take().unwrap();
    house.start().await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let known = first.list().releases;
    assert_eq!((known.len(), known[0].state.as_str()), (1, "ASKED"));
    // The second one knows of nothing yet, and has no say.
    assert!(matches!(house.guard().approve(&known[0].id, "Ann").await, Err(WishError::Away(_))));
    let wish = api::RollbackWish { flow: "main".into(), to: "10.0".into(), reason: String::new() };
    assert!(matches!(house.guard().run(&wish, "ann").await, Err(WishError::Away(_))));
    first.abort();
    first_rollbacks.abort();
    house.wait(3).await;
    let release = house.release("12.0");
    assert_eq!((&release.id, release.state.as_str()), (&known[0].id, "ASKED"));
    assert_eq!(house.guard().list().releases.len(), 1);
    // What the first one told is taken back by the second.
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.guard().approve(&release.id, "Ann").await.unwrap();
    house.wait(4).await;
    assert_eq!((house.published(), house.open()), (back_to_11(), Vec::new()));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_says_so_is_in_the_audit() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    house.guard().approve(&house.release("12.0").id, "Ann").await.unwrap();
    house.wait(25).await;
    let wish = api::RollbackWish { flow: "main".into(), to: "10.0".into(), reason: "it is quiet".into() };
    house.guard().run(&wish, "Bob").await.unwrap();
    let audit = house.store.audit(None).await.unwrap();
    let said: Vec<_> = audit.iter().filter(|line| line.entry.who != "steadyline").collect();
    let said: Vec<_> = said.iter().rev().map(|line| (line.entry.who.as_str(), line.entry.what.as_str())).collect();
    assert_eq!(said, [("Ann", "release_approved"), ("Bob", "rollback_wanted")]);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_approval_while_another_flow_is_gone_back_changes_nothing() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("night", "12.0", 2);
    house.wait(2).await;
    house.centre.state().is_busy = true;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    let list = house.guard().list();
    let night = list.releases.iter().find(|release| release.flow == "night").unwrap();
    assert_eq!(list.open.as_deref(), Some("Flow main"));
    assert!(matches!(house.guard().approve(&night.id, "Ann").await, Err(WishError::Held(_))));
    let list = house.guard().list();
    let night = list.releases.iter().find(|release| release.flow == "night").unwrap();
    assert_eq!((night.state.as_str(), house.open().contains(&"stuck/night".to_owned())), ("WATCHING", false));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_a_rollback_came_out_is_not_lost_on_a_flow_that_is_still_to_be_found() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_busy = true;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.release("12.0").state, "ROLLING_BACK");
    // Whoever goes on cannot ask how flows are before the rollback is done.
    house.centre.state().is_mute = true;
    house.crash().await;
    house.centre.state().is_busy = false;
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    house.centre.state().is_mute = false;
    house.wait(10).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "RECOVERED", "{release:?}");
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_is_bad_itself_hides_no_other_release() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().flows.get_mut("billing").unwrap().lock = Lock::Foreign("Mary".into());
    house.centre.publish("billing", "12.0", 200);
    // Until nothing is locked out any more.
    house.wait(25).await;
    assert_eq!(house.release("12.0").state, "HANDED_OVER");
    house.centre.publish("main", "13.0", 20);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_past_that_was_told_as_empty_is_read_again_once_there_are_callers() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_empty = true;
    house.crash().await;
    house.wait(3).await;
    house.centre.state().is_empty = false;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_incident_that_was_told_and_not_kept_does_not_outlive_its_cause() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 2);
    // Its minutes are told at 300 ms after 20 s.
    house.clock.sleep(Duration::from_millis(6 * 60_000 + 20_200)).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.clock.sleep(Duration::from_millis(300)).await;
    assert_eq!(house.open(), ["unseen/main"]);
    house.end();
    house.store.heal();
    house.centre.state().is_silent = false;
    house.start().await;
    house.wait(3).await;
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_at_any_moment_goes_on_with_what_was_kept_and_not_with_what_it_knew() {
    for seconds in (0..500).step_by(50) {
        let mut house = House::new(Mode::Automatic).await;
        // It has looked at nothing, and what it read when it started is old when it takes over.
        let other = house.controller().await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(seconds)).await;
        house.end();
        house.running = Some(other);
        house.wait(14).await;
        assert_eq!(house.published(), back_to_11(), "after {seconds} s");
        let releases = house.guard().list().releases;
        let states: Vec<_> = releases.iter().map(|it| (it.version.as_str(), it.state.as_str())).collect();
        assert_eq!(states, [("12.0", "RECOVERED")], "after {seconds} s: {releases:?}");
        assert_eq!(house.open(), NONE, "after {seconds} s");
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_controller_writes_late_is_not_kept_over_what_another_has_kept_since() {
    for seconds in (0..60).step_by(4) {
        let mut house = House::new(Mode::Automatic).await;
        let other = house.controller().await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(120 + seconds)).await;
        // Whoever writes next stands still for longer than its lease lasts.
        house.store.fail_writes(1, Fault::Late(Duration::from_secs(600)));
        house.wait(25).await;
        assert_eq!(house.published(), back_to_11(), "after {seconds} s");
        let kept = house.kept().await;
        assert!(kept.contains("recovered"), "after {seconds} s: {kept}");
        other.1.shutdown().await;
        other.0.shutdown().await;
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_starts_again_ends_what_an_earlier_run_could_not_see() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_mute = true;
    house.wait(6).await;
    assert_eq!(house.open(), ["unseen/all"]);
    house.end();
    house.centre.state().is_mute = false;
    house.start().await;
    house.wait(3).await;
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_version_that_is_found_to_be_bad_late_were_never_normal() {
    let house = House::new(Mode::Automatic).await;
    let normal = |house: &House| house.guard().list().flows[0].normal_percent.unwrap();
    let before = normal(&house);
    // Nobody says anything for longer than minutes are asked for again.
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 100);
    house.wait(40).await;
    house.centre.state().is_silent = false;
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    assert!((normal(&house) - before).abs() < 0.01, "{} after {before}", normal(&house));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_bad_version_that_are_told_of_all_at_once_were_never_normal() {
    let mut house = House::new(Mode::Approve).await;
    let before = house.guard().list().flows[0].normal_percent.unwrap();
    house.end();
    house.centre.publish("main", "12.0", 100);
    house.wait(60).await;
    house.start().await;
    house.wait(4).await;
    assert_eq!(house.release("12.0").state, "ASKED");
    let after = house.guard().list().flows[0].normal_percent.unwrap();
    assert!((after - before).abs() < 0.01, "{after} after {before}");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_had_before_anybody_watched_is_noticed_all_the_same() {
    let mut house = House::new(Mode::Automatic).await;
    house.end();
    house.pause = Duration::from_secs(40);
    house.start().await;
    house.centre.publish("main", "12.0", 20);
    house.wait(8).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silence_does_not_unsay_what_was_told() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!(house.release("12.0").state, "ASKED");
    house.centre.state().is_empty = true;
    house.wait(4).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "ASKED", "{release:?}");
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_was_live_for_minutes_is_not_the_one_to_go_back_to() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 190);
    house.wait(1).await;
    house.centre.publish("main", "13.0", 20);
    house.wait(10).await;
    assert_eq!(house.published(), back_to_11(), "nobody knows how 12 would have fared");
    house.stop().await;
}
