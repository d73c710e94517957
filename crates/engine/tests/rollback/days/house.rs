//! An organisation and its controllers, which start, crash, and are looked at.

mod course;
mod desk;
mod ending;
mod maintenance;
mod played;
mod trouble;
mod variation;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::Minutes;
use clock::Clock;
use engine::rollback::guard::{self, Neighbours, Policy, Watched};
use engine::rollback::{Guard, LOCKOUT, Rollbacks};
use engine::{Engine, Handle, Receiver};
use fastrand::Rng;
use rollback::Mode;
use rollback::act::Locked;
use store::{Change, Simulated, Store as _};

use super::promises::{self, Carried};
use crate::centre::Centre;
use crate::centre::traffic::Traffic;
use desk::Desk;
pub(super) use maintenance::Window;
use maintenance::Windows;
pub(super) use played::Played;
pub(super) use variation::Variation;
use variation::began;

const FLOWS: [&str; 3] = ["billing", "main", "night"];
/// What is normal is learned from so much.
const HISTORY: Minutes = Minutes::hours(12);
/// So often one looks at what is kept.
const LOOK: Duration = Duration::from_secs(2);
/// The clock of a single controller is wrong by so much at most, and by another time when it starts again. Two of them share
/// one: a lease is for those who do.
const LEAP_MAX: Duration = Duration::from_secs(300);

pub(super) struct House {
    seed: u64,
    variation: Arc<Variation>,
    clock: Clock,
    centre: Arc<Centre>,
    store: Simulated,
    engine: Handle,
    desk: Arc<Desk>,
    maintenance: Windows,
    /// What this organisation does about the locks of others.
    locked: Locked,
    rng: Rng,
    controllers: Vec<Option<(Rollbacks, Guard)>>,
    starts: u32,
    /// Releases that somebody wants to be gone back from.
    approved: BTreeSet<String>,
    carried: Vec<Carried>,
    /// What was kept of rollbacks when one looked last.
    kept: String,
    diary: Vec<String>,
    last_leader: Option<usize>,
    played: Played,
    /// Versions so far.
    versions: u32,
}

impl House {
    pub(super) async fn new(seed: u64, variation: Arc<Variation>) -> Self {
        let clock = Clock::starting_at(began(), 1);
        let mut rng = Rng::with_seed(seed);
        let store = Simulated::new();
        store.commit(&Change { documents: variation.flows.clone(), ..Change::default() }).await.unwrap();
        let traffic = Traffic::new(seed, variation.habits.clone(), variation.before.clone());
        let centre = Centre::by_chance(clock.clone(), &FLOWS, traffic);
        let locked = if rng.u8(..3) == 0 { Locked::Unlock } else { Locked::HandOver };
        let controllers = if rng.u8(..3) == 0 { vec![None] } else { vec![None, None] };
        let desk = Arc::<Desk>::default();
        let engine = engine(&store, &clock, &desk).await;
        let mut house = Self {
            seed,
            variation,
            clock,
            centre,
            store,
            engine,
            desk,
            maintenance: Windows::default(),
            locked,
            rng,
            controllers,
            starts: 0,
            approved: BTreeSet::new(),
            carried: Vec::new(),
            kept: String::new(),
            diary: Vec::new(),
            last_leader: None,
            played: Played::default(),
            versions: 11,
        };
        house.start_all().await;
        house
    }

    async fn start(&mut self, place: usize) {
        self.starts += 1;
        let most = if self.controllers.len() == 1 { LEAP_MAX } else { Duration::ZERO };
        let skew = most.mul_f64(self.rng.f64());
        let now = self.clock.now().wall;
        let clock = Clock::starting_at(if self.rng.bool() { now + skew } else { now - skew }, 1);
        let rollbacks = Rollbacks::start(engine::rollback::Setup {
            holder: format!("controller-{place}-{}", self.starts),
            platform: self.centre.clone(),
            store: Arc::new(self.store.clone()),
            clock: clock.clone(),
            lockout: LOCKOUT,
        });
        let rollbacks = rollbacks.await;
        let guard = Guard::start(guard::Setup {
            policy: policy(self.locked),
            organisation: self.centre.clone(),
            rollbacks: rollbacks.clone(),
            store: Arc::new(self.store.clone()),
            incidents: self.engine.sender(),
            neighbours: Neighbours { is_maintained: self.maintenance.asked(), hold: Arc::new(|_| {}) },
            clock,
        });
        self.controllers[place] = Some((rollbacks, guard.await.unwrap()));
    }

    pub(super) async fn start_all(&mut self) {
        for place in 0..self.controllers.len() {
            if self.controllers[place].is_none() {
                self.start(place).await;
            }
        }
    }

    fn crash(&mut self, place: usize) {
        if let Some((rollbacks, guard)) = self.controllers[place].take() {
            self.played.crashes += 1;
            guard.abort();
            rollbacks.abort();
        }
    }

    /// Everything of ours ends at once, and starts again.
    async fn cut_the_power(&mut self) {
        self.note("everything crashes and starts again".to_owned());
        for place in 0..self.controllers.len() {
            self.crash(place);
        }
        self.engine.kill();
        // What was on its way to the store does not arrive, and what starts needs a store.
        self.store.heal();
        self.engine = engine(&self.store, &self.clock, &self.desk).await;
        self.start_all().await;
    }

    fn leading(&self) -> Option<usize> {
        let is_leader = |it: &Option<(Rollbacks, Guard)>| it.as_ref().is_some_and(|it| it.0.standing().is_leader);
        self.controllers.iter().position(is_leader)
    }

    pub(super) fn leader(&self) -> &Guard {
        let place = self.leading().expect("one may act");
        &self.controllers[place].as_ref().unwrap().1
    }

    fn note(&mut self, what: String) {
        let at = self.clock.now().wall.strftime("%H:%M:%S");
        self.diary.push(format!("{at} {what}"));
    }

    fn broken(&self, promise: &str, how: &str) -> ! {
        if std::env::var("STEADYLINE_EPISODES").is_err() && std::env::var("STEADYLINE_SEED").is_ok() {
            println!("{}", self.diary.join("\n"));
            for (_, guard) in self.controllers.iter().flatten() {
                for release in guard.list().releases.iter().rev() {
                    println!(
                        "{} {} of {}: {} of {} failed in {} of {} minutes, odds {:.1?}",
                        release.id,
                        release.state,
                        release.published_at,
                        release.errors,
                        release.conversations,
                        release.minute,
                        release.length,
                        release.odds
                    );
                    for line in &release.story {
                        println!("    {} {}", line.at.strftime("%H:%M:%S"), line.what);
                    }
                }
            }
        }
        panic!("STEADYLINE_SEED={}: {promise}: {how}", self.seed);
    }

    fn must(&self, promise: &str, held: Result<(), String>) {
        if let Err(how) = held {
            self.broken(promise, &how);
        }
    }

    /// Time passes, and one looks at what is kept.
    pub(super) async fn pass(&mut self, time: Duration) {
        let until = self.clock.mono() + time;
        while self.clock.mono() < until {
            self.clock.sleep(LOOK.min(until.since(self.clock.mono()))).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let leading = self.leading();
        if let Some(place) = leading
            && self.last_leader != leading
        {
            self.played.takeovers += u64::from(self.last_leader.is_some());
            self.last_leader = leading;
            self.note(format!("controller {place} leads"));
        }
        let documents = self.store.documents("rollback", None).await.unwrap();
        let Some(current) = documents.first().filter(|current| current.body != self.kept) else { return };
        self.kept.clone_from(&current.body);
        let (now, mono) = (self.clock.now().wall, self.clock.mono());
        let change = promises::carried(&mut self.carried, &current.body, now, mono);
        match change {
            Ok(None) => {}
            Ok(Some(what)) => {
                self.note(what);
                self.must("S2", promises::none_is_gone_back_from_twice(&self.carried, &self.approved));
                self.must("S5", promises::none_within_the_lockout(&self.carried, self.skew_max()));
            }
            Err(how) => self.broken("S1", &how),
        }
    }

    fn skew_max(&self) -> Duration {
        let most = if self.controllers.len() == 1 { LEAP_MAX * 2 } else { Duration::ZERO };
        most + LOOK * 2
    }
}

async fn engine(store: &Simulated, clock: &Clock, desk: &Arc<Desk>) -> Handle {
    let engine = Engine::start(engine::Setup {
        store: Arc::new(store.clone()),
        receivers: vec![Receiver { name: "desk".into(), courier: desk.clone() }],
        clock: clock.clone(),
        policy: engine::Policy::standard("acme"),
        seed: 1,
    });
    engine.await.unwrap()
}

fn policy(locked: Locked) -> Policy {
    let watched = |name: &str, mode| Watched { name: name.to_owned(), mode, siblings: None };
    Policy {
        watch: rollback::Policy::default(),
        recovery: rollback::recovery::Policy::default(),
        false_rollbacks_per_year: 0.052,
        releases_per_year: 520,
        history: HISTORY,
        arm_after: Minutes::hours(6),
        locked,
        flows: vec![
            watched("main", Mode::Automatic),
            watched("night", Mode::Automatic),
            watched("billing", Mode::Approve),
        ],
    }
}
