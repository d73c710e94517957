//! Rollbacks carried out by three controllers over one store and one platform, on virtual time, while everything fails.
//!
//! Each episode is drawn from a seed: controllers crash, the store refuses, hangs and loses answers, the platform is busy,
//! slow, loses requests and answers, fails and forgets operations, and a person publishes. `STEADYLINE_EPISODES=100000`
//! plays more of them, `STEADYLINE_SEED=7` the one that failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use engine::rollback::{BeginError, LEASE, LOCKOUT, LOOK_EVERY, Platform, Rollbacks, Setup};
use fastrand::Rng;
use rollback::act::{
    Answer, Flow, Lock, Locked, Operation, Outcome, Plan, Published, Question, RELEASES_MAX, Trouble, Version,
};
use store::{Fault, Simulated, Store as _};

const EPISODES: u64 = 10_000;
/// A controller stands still for so long at most.
const LATE_MAX: Duration = Duration::from_secs(120);
const FLOWS: [&str; 2] = ["main", "night"];

/// What the platform has of one flow.
struct Stored {
    live: String,
    lock: Lock,
    /// Until when an operation runs, and what it comes to: a version that is then live, or a failure.
    operation: Option<(Duration, Result<String, String>)>,
    failed: Option<String>,
    operations: u32,
    /// Versions that became live by us, in order.
    ours: Vec<String>,
    /// How often the lock could not be given back.
    kept: u8,
}

/// The platform, and how badly it behaves.
struct World {
    clock: Clock,
    rng: Mutex<Rng>,
    flows: Mutex<BTreeMap<String, Stored>>,
    /// How many of a hundred requests meet trouble.
    trouble: Mutex<u8>,
}

impl World {
    fn new(clock: Clock, rng: Rng, trouble: u8) -> Self {
        let flow = || Stored {
            live: "12.0".into(),
            lock: Lock::Free,
            operation: None,
            failed: None,
            operations: 0,
            ours: Vec::new(),
            kept: 0,
        };
        let flows = FLOWS.map(|id| (id.to_owned(), flow())).into();
        Self { clock, rng: Mutex::new(rng), flows: Mutex::new(flows), trouble: Mutex::new(trouble) }
    }

    fn chance(&self, percent: u8) -> bool {
        self.rng.lock().unwrap().u8(..100) < percent
    }

    fn is_troubled(&self) -> bool {
        let trouble = *self.trouble.lock().unwrap();
        self.chance(trouble)
    }

    fn millis(&self, to: u64) -> Duration {
        Duration::from_millis(self.rng.lock().unwrap().u64(..to))
    }

    /// What has become of an operation by now.
    fn settle(&self, flow: &mut Stored) {
        let now = self.clock.mono().since_start();
        let is_over = flow.operation.as_ref().is_some_and(|(until, _)| *until <= now);
        match flow.operation.take_if(|_| is_over) {
            Some((_, Ok(version))) => {
                assert_ne!(flow.live, "13.0", "what a person published is never taken back");
                if flow.live != version {
                    flow.ours.push(version.clone());
                }
                (flow.live, flow.failed) = (version, None);
            }
            Some((_, Err(id))) => flow.failed = Some(id),
            None => {}
        }
    }

    fn on<T>(&self, flow: &str, what: impl FnOnce(&mut Stored) -> T) -> T {
        let mut flows = self.flows.lock().unwrap();
        let flow = flows.get_mut(flow).unwrap();
        self.settle(flow);
        what(flow)
    }

    /// A person publishes a fix, where nobody has the flow locked.
    fn person(&self, flow: &str) {
        self.on(flow, |flow| {
            if flow.lock == Lock::Free && flow.operation.is_none() {
                flow.live = "13.0".into();
            }
        });
    }

    fn carry_out(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        let version = |id: &str| Version { id: id.into(), configuration: None };
        let fails = self.is_troubled();
        let lasts = self.millis(if fails { 20_000 } else { 3_000 });
        self.on(flow, |flow| {
            let is_foreign = matches!(flow.lock, Lock::Foreign(_));
            match question {
                Question::Flow => Ok(Answer::Flow(Flow {
                    published: Some(version(&flow.live)),
                    operation: match (&flow.operation, &flow.failed) {
                        (Some(_), _) => Operation::Running,
                        (None, Some(id)) => Operation::Failed { id: id.clone(), why: "a prompt is gone".into() },
                        (None, None) => Operation::None,
                    },
                    lock: flow.lock.clone(),
                })),
                Question::Versions => {
                    let ids = [("12.0", None), ("11.0", Some(3)), ("10.0", Some(2)), ("9.0", Some(1))];
                    Ok(Answer::Versions(
                        ids.map(|(id, until)| Published { version: version(id), until }).into_iter().collect(),
                    ))
                }
                Question::Dependencies(_) if fails => Ok(Answer::Dependencies(vec!["Queue support".into()])),
                Question::Dependencies(_) => Ok(Answer::Dependencies(Vec::new())),
                Question::Lock | Question::Publish(_) if is_foreign || flow.operation.is_some() => {
                    Err(Trouble::Conflict)
                }
                Question::Lock => {
                    flow.lock = Lock::Ours;
                    Ok(Answer::Done)
                }
                Question::Unlock | Question::Release => {
                    flow.lock = Lock::Free;
                    Ok(Answer::Done)
                }
                Question::Publish(id) => {
                    flow.operations += 1;
                    let result = if fails { Err(format!("op-{}", flow.operations)) } else { Ok(id.clone()) };
                    flow.operation = Some((self.clock.mono().since_start() + lasts, result));
                    Ok(Answer::Done)
                }
            }
        })
    }
}

#[async_trait]
impl Platform for World {
    async fn ask(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        self.clock.sleep(self.millis(200)).await;
        if *question == Question::Release {
            self.on(flow, |flow| flow.kept += 1);
        }
        if self.is_troubled() {
            let wish = self.chance(50).then(|| Duration::from_secs(self.rng.lock().unwrap().u64(1..40)));
            return Err(Trouble::Busy(wish));
        }
        if self.is_troubled() {
            // The request is lost.
            self.clock.sleep(self.millis(15_000)).await;
            return Err(Trouble::NoAnswer);
        }
        let answer = self.carry_out(flow, question);
        if self.is_troubled() {
            // The answer is late, or lost.
            self.clock.sleep(self.millis(15_000)).await;
            return Err(Trouble::NoAnswer);
        }
        answer
    }
}

/// What an episode came to.
struct Played {
    begun: bool,
    changed: bool,
}

struct Episode {
    seed: u64,
    clock: Clock,
    world: Arc<World>,
    store: Simulated,
    rng: Rng,
    controllers: Vec<Option<Rollbacks>>,
    started: u32,
}

impl Episode {
    async fn new(seed: u64) -> Self {
        let clock = Clock::starting_at("2026-11-21T08:00:00Z".parse().unwrap(), 1);
        let mut rng = Rng::with_seed(seed);
        let trouble = [0, 5, 20][rng.usize(..3)];
        let world = Arc::new(World::new(clock.clone(), rng.fork(), trouble));
        let controllers = vec![None, None, None];
        let mut episode = Self { seed, clock, world, store: Simulated::new(), rng, controllers, started: 0 };
        for place in 0..3 {
            episode.start(place).await;
        }
        episode
    }

    async fn start(&mut self, place: usize) {
        self.started += 1;
        let setup = Setup {
            holder: format!("controller-{place}-{}", self.started),
            platform: self.world.clone(),
            store: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            lockout: LOCKOUT,
        };
        self.controllers[place] = Some(Rollbacks::start(setup).await);
    }

    fn plan(&self, flow: &str) -> Plan {
        let good = vec!["10.0".to_owned(), "11.0".to_owned()];
        Plan { flow: flow.into(), bad: "12.0".into(), to: None, good, known_bad: Vec::new(), locked: Locked::HandOver }
    }

    /// Whoever has the lease begins; true when it was kept.
    async fn begin(&mut self, flow: &str) -> bool {
        for controller in self.controllers.iter().flatten() {
            let begun = controller.begin(self.plan(flow), flow.into(), "the odds".into());
            // A controller that is at a rollback answers when it is over.
            let begun = self.clock.timeout(Duration::from_secs(1), begun).await;
            if begun == Some(Ok(())) {
                return true;
            }
        }
        false
    }

    /// Something goes wrong.
    async fn disturb(&mut self) {
        let place = self.rng.usize(..3);
        match self.rng.u8(..6) {
            0 => {
                if let Some(controller) = self.controllers[place].take() {
                    controller.abort();
                }
            }
            1 if self.controllers[place].is_none() => self.start(place).await,
            2 => {
                let fault = [Fault::Locked, Fault::Full, Fault::Unsure, Fault::Broken][self.rng.usize(..4)];
                self.store.fail_writes(self.rng.u32(1..10), fault);
            }
            3 if self.rng.bool() => self.store.fail_writes(1, Fault::Hang),
            // Whoever writes next stands still past its lease.
            3 => self.store.fail_writes(1, Fault::Late(LATE_MAX.mul_f64(self.rng.f64()))),
            4 => self.store.heal(),
            _ => {
                let flow = FLOWS[self.rng.usize(..2)];
                if self.rng.u8(..4) == 0 {
                    self.world.person(flow);
                }
            }
        }
    }

    async fn audit(&self, what: &str) -> usize {
        let audit = self.store.audit(None).await.unwrap();
        audit.iter().filter(|record| record.entry.what == what).count()
    }

    async fn play(mut self) -> Played {
        let watching = tokio::spawn(watch(self.store.clone(), self.clock.clone(), self.seed));
        self.clock.sleep(Duration::from_secs(3)).await;
        let mut begun = [false, false];
        for _ in 0..self.rng.u32(5..40) {
            let flow = self.rng.usize(..2);
            begun[flow] |= self.begin(FLOWS[flow]).await;
            let pause = Duration::from_millis(self.rng.u64(..20_000));
            self.clock.sleep(pause).await;
            self.disturb().await;
        }
        // Everything is well again, and whatever was begun comes to its end.
        self.store.heal();
        *self.world.trouble.lock().unwrap() = 0;
        for place in 0..3 {
            if self.controllers[place].is_none() {
                self.start(place).await;
            }
        }
        // An act gives up after half an hour of pauses; most end within minutes.
        for _ in 0..80 {
            self.clock.sleep(Duration::from_secs(30)).await;
            if self.audit("rollback_begun").await == self.audit("rollback_ended").await {
                break;
            }
        }
        // The lease of one that crashed has run out by then, and one that stood still knows that it has lost its own.
        self.clock.sleep(LATE_MAX + LEASE + LOOK_EVERY * 2).await;
        self.check().await;
        let changed = FLOWS.map(|id| self.world.on(id, |flow| !flow.ours.is_empty()));
        for controller in self.controllers.iter().flatten() {
            controller.shutdown().await;
        }
        assert!(!watching.is_finished(), "seed {}: whoever watches has seen what must not be", self.seed);
        watching.abort();
        Played { begun: begun.contains(&true), changed: changed.contains(&true) }
    }

    async fn check(&self) {
        let seed = self.seed;
        let (begun, ended) = (self.audit("rollback_begun").await, self.audit("rollback_ended").await);
        assert_eq!(begun, ended, "seed {seed}: each that was begun has ended");
        for record in self.store.audit(None).await.unwrap() {
            let ended: serde_json::Value = serde_json::from_str(&record.entry.body).unwrap();
            if ended["outcome"]["how"] == "overtaken" {
                assert_eq!(ended["outcome"]["version"], "13.0", "seed {seed}: ours is not taken for a person's");
            }
        }
        let changes: usize = FLOWS.iter().map(|flow| self.world.on(flow, |flow| flow.ours.len())).sum();
        assert!(changes <= begun, "seed {seed}: {changes} changes by {begun} rollbacks");
        for id in FLOWS {
            self.world.on(id, |flow| {
                assert!(flow.ours.len() <= 1, "seed {seed}: {id} was changed twice: {:?}", flow.ours);
                assert!(flow.operation.is_none(), "seed {seed}: nothing runs any more");
                let is_left = flow.lock == Lock::Ours && flow.kept < RELEASES_MAX;
                assert!(!is_left, "seed {seed}: the lock was given back, or that was tried often enough");
            });
        }
        let leaders = self.controllers.iter().flatten().filter(|controller| controller.standing().is_leader).count();
        assert_eq!(leaders, 1, "seed {seed}: one may act");
    }
}

/// Looks at what is kept, all the time: what has ended stays ended, and nothing older is ever written over it.
async fn watch(store: Simulated, clock: Clock, seed: u64) {
    let (mut ended, mut last) = (BTreeSet::new(), String::new());
    loop {
        for document in store.documents("rollback", None).await.unwrap() {
            if document.body == last {
                continue;
            }
            last.clone_from(&document.body);
            let kept: serde_json::Value = serde_json::from_str(&document.body).unwrap();
            let begun = kept["begun"].to_string();
            let is_ended = !kept["ended"].is_null();
            assert!(is_ended || !ended.contains(&begun), "seed {seed}: what had ended is open again");
            ended.extend(is_ended.then_some(begun));
        }
        clock.sleep(Duration::from_millis(500)).await;
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Plays the episodes of these seeds: how many had a rollback, and how many changed a flow.
fn play(seeds: impl Iterator<Item = u64>) -> (u64, u64) {
    seeds.fold((0, 0), |(begun, changed), seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let played = runtime.block_on(async { Episode::new(seed).await.play().await });
        (begun + u64::from(played.begun), changed + u64::from(played.changed))
    })
}

#[test]
fn whatever_fails_no_flow_is_changed_twice_and_every_rollback_comes_to_an_end() {
    let (first, episodes) = match number("STEADYLINE_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("STEADYLINE_EPISODES").unwrap_or(EPISODES)),
    };
    let clock = Clock::real();
    let began = clock.mono();
    let workers = std::thread::available_parallelism().map_or(1, |workers| workers.get() as u64);
    let (begun, changed) = std::thread::scope(|scope| {
        let worker = |worker| scope.spawn(move || play((first + worker..first + episodes).step_by(workers as usize)));
        let working: Vec<_> = (0..workers).map(worker).collect();
        let played = working.into_iter().map(|worker| worker.join().unwrap());
        played.fold((0, 0), |(begun, changed), more| (begun + more.0, changed + more.1))
    });
    let took = clock.mono().since(began);
    println!("{episodes} episodes from seed {first}: {begun} with a rollback, {changed} changed a flow, in {took:.1?}");
    assert!(episodes == 1 || episodes * 3 / 4 < begun, "{begun} of {episodes} had a rollback at all");
    assert!(episodes == 1 || episodes / 2 < changed, "{changed} of {episodes} changed a flow");
}

#[tokio::test(start_paused = true)]
async fn one_rollback_at_a_time_and_none_within_its_lockout() {
    let mut episode = Episode::new(0).await;
    *episode.world.trouble.lock().unwrap() = 0;
    episode.clock.sleep(Duration::from_secs(3)).await;
    assert!(episode.begin("main").await);
    assert!(!episode.begin("night").await, "one at a time");
    episode.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(episode.world.on("main", |flow| flow.live.clone()), "11.0");
    let leader = episode.controllers.iter().flatten().find(|controller| controller.standing().is_leader).unwrap();
    let last = leader.standing().last.unwrap();
    assert_eq!((last.flow.as_str(), last.outcome), ("main", Outcome::Live("11.0".into())));
    let refused = leader.begin(episode.plan("night"), "night".into(), "the odds".into()).await;
    assert!(matches!(refused, Err(BeginError::Refused(_))), "{refused:?}");
    episode.clock.sleep(LOCKOUT).await;
    assert!(episode.begin("night").await);
}
