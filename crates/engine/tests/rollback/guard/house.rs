//! A house that watches three flows of a contact centre, and may crash.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{IncidentState, ReleaseView};
use base::{Minute, Minutes, Stretch};
use clock::Clock;
use engine::rollback::guard::{self, Hold, Neighbours, Policy, Watched};
use engine::rollback::{Guard, LOCKOUT, Rollbacks};
use engine::{Engine, Handle};
use rollback::Mode;
use rollback::act::Locked;
use store::{Simulated, Store as _};

use crate::centre::{Centre, minutes};

pub(super) struct House {
    pub(super) clock: Clock,
    pub(super) centre: Arc<Centre>,
    pub(super) store: Simulated,
    pub(super) engine: Handle,
    pub(super) holds: Arc<Mutex<Vec<Hold>>>,
    /// Flows that are maintained, and when.
    pub(super) maintained: Arc<Mutex<Vec<(String, Stretch)>>>,
    pub(super) running: Option<(Rollbacks, Guard)>,
    starts: u32,
    mode: Mode,
    /// How long a start takes between those who carry out and those who watch.
    pub(super) pause: Duration,
}

impl House {
    /// A house that has watched three flows for a while.
    pub(super) async fn new(mode: Mode) -> Self {
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
            maintained: Arc::default(),
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

    pub(super) async fn start(&mut self) {
        self.running = Some(self.controller().await);
    }

    /// One more controller over the same store.
    pub(super) async fn controller(&mut self) -> (Rollbacks, Guard) {
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
        let (holds, maintained) = (self.holds.clone(), self.maintained.clone());
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
                is_maintained: Arc::new(move |_, flow, minute| {
                    maintained.lock().unwrap().iter().any(|(it, when)| it == flow && when.contains(minute))
                }),
                hold: Arc::new(move |all| *holds.lock().unwrap() = all),
            },
            clock: self.clock.clone(),
        });
        (rollbacks, guard.await.unwrap())
    }

    /// Ends as a crash does.
    pub(super) fn end(&mut self) {
        let (rollbacks, guard) = self.running.take().unwrap();
        guard.abort();
        rollbacks.abort();
    }

    /// Ends as a crash does, and starts again.
    pub(super) async fn crash(&mut self) {
        self.end();
        self.start().await;
    }

    /// People work on a flow from this minute on.
    pub(super) fn maintain(&self, flow: &str) {
        let when = Stretch { from: Minute::of(self.clock.now().wall), until: Minute::new(i64::MAX) };
        self.maintained.lock().unwrap().push((flow.to_owned(), when));
    }

    /// They have stopped.
    pub(super) fn end_maintenance(&self) {
        let now = Minute::of(self.clock.now().wall);
        self.maintained.lock().unwrap().iter_mut().for_each(|(_, when)| when.until = now);
    }

    /// What is kept of the only release.
    pub(super) async fn kept(&self) -> String {
        let mut documents = self.store.documents("release", None).await.unwrap();
        assert_eq!(documents.len(), 1);
        documents.remove(0).body
    }

    pub(super) async fn wait(&self, how_many: u32) {
        self.clock.sleep(minutes(how_many)).await;
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.running.as_ref().unwrap().1
    }

    pub(super) fn release(&self, version: &str) -> ReleaseView {
        let list = self.guard().list();
        list.releases.into_iter().find(|release| release.version == version).expect("it is watched")
    }

    /// Keys of incidents that are open, in order.
    pub(super) fn open(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        let open = views.incidents.iter().filter(|incident| incident.state != IncidentState::Resolved);
        let mut keys: Vec<_> = open.map(|incident| incident.key.clone()).collect();
        keys.sort();
        keys
    }

    pub(super) fn published(&self) -> Vec<(String, String)> {
        self.centre.state().published.clone()
    }

    pub(super) async fn audit(&self) -> Vec<String> {
        let mut audit: Vec<_> =
            self.store.audit(None).await.unwrap().into_iter().map(|record| record.entry.what).collect();
        audit.reverse();
        audit
    }

    pub(super) async fn stop(self) {
        let (rollbacks, guard) = self.running.unwrap();
        guard.shutdown().await;
        rollbacks.shutdown().await;
        self.engine.shutdown().await;
    }
}
