//! What does the guard cost? `cargo bench -p engine --bench guard`
//!
//! A thousand flows with 28 days behind them, each compared with all the others, in virtual time. The platform answers at
//! once and the store is memory, so what is measured is the guard: from the platform's answer about the last sixteen
//! minutes to the end of the turn, past, sums, odds and pages included. `STEADYLINE_FLOWS=100` takes fewer.
//!
//! - *a quiet minute*: no release is open.
//! - *a publish*: so many flows have a new version; what is normal for each is learned.
//! - *a minute of releases*: so many releases are open.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base::{Minute, Minutes, Stretch};
use clock::Clock;
use engine::budget::SourceError;
use engine::rollback::guard::{self, Neighbours, Policy, Watched};
use engine::rollback::{Flow, Guard, LOCKOUT, Left, Organisation, Platform, Publish, Rollbacks, Told};
use engine::{Engine, Policy as Incidents};
use rollback::Mode;
use rollback::act::{Answer, Locked, Question, Trouble};
use store::Simulated;

/// Minutes that are measured of each kind, and their median is told.
const MINUTES: usize = 15;
/// How many flows are published at once.
const PUBLISHED: [usize; 3] = [1, 10, 100];
const MINUTE: Duration = Duration::from_secs(60);
/// 28 days are read in parts: of a thousand flows, eighty minutes of them a minute.
const READ_MAX: usize = 1_000;

fn main() {
    // `cargo test` runs benchmarks, too; there it has nothing to tell.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let flows = std::env::var("STEADYLINE_FLOWS").map_or(1_000, |text| text.parse().unwrap());
    let clock = Clock::starting_at("2026-11-21T08:00:00Z".parse().unwrap(), 1);
    let centre = Arc::new(Centre::new(flows, clock.clone()));
    let guard = watching(&centre, &clock).await;
    let begun = Instant::now();
    for _ in 0..READ_MAX {
        clock.sleep(MINUTE).await;
        if guard.list().flows.iter().all(|flow| 40_000 <= flow.history_minutes) {
            break;
        }
    }
    let read = guard.list().flows.iter().map(|flow| flow.history_minutes).min().unwrap();
    println!("{flows} flows, {read} minutes of each read in {:.1?}.\n", begun.elapsed());
    println!("| what | of so many releases | median | slowest |\n|---|--:|--:|--:|");
    tell("a quiet minute", 0, &centre.measured(&clock, MINUTES).await);
    let mut version = 12;
    for published in PUBLISHED.into_iter().filter(|published| *published <= flows) {
        version += 1;
        centre.publish(published, version);
        // The look that finds them is not told of callers; the minute that weighs them first is.
        let begun = Instant::now();
        let first = centre.measured(&clock, 1).await;
        let whole = begun.elapsed();
        assert_eq!(guard.list().releases.iter().filter(|release| release.is_open).count(), published);
        tell("a publish, the platform's answers included", published, &[whole]);
        tell("the first minute", published, &first);
        tell("a minute of releases", published, &centre.measured(&clock, MINUTES).await);
        // Until they have been watched to their ends.
        clock.sleep(MINUTE * 300).await;
    }
    guard.shutdown().await;
}

fn tell(what: &str, releases: usize, spent: &[Duration]) {
    let mut spent = spent.to_vec();
    spent.sort_unstable();
    println!("| {what} | {releases} | {:.2?} | {:.2?} |", spent[spent.len() / 2], spent[spent.len() - 1]);
}

async fn watching(centre: &Arc<Centre>, clock: &Clock) -> Guard {
    let store = Arc::new(Simulated::new());
    let engine = Engine::start(engine::Setup {
        store: store.clone(),
        receivers: Vec::new(),
        clock: clock.clone(),
        policy: Incidents::standard("acme"),
        seed: 1,
    });
    let engine = engine.await.unwrap();
    let rollbacks = Rollbacks::start(engine::rollback::Setup {
        holder: "bench".into(),
        platform: Arc::new(Nobody),
        store: store.clone(),
        clock: clock.clone(),
        lockout: LOCKOUT,
    });
    let rollbacks = rollbacks.await;
    let watched = |name: &String| Watched { name: name.clone(), mode: Mode::Approve, siblings: None };
    let guard = Guard::start(guard::Setup {
        policy: Policy {
            watch: rollback::Policy::default(),
            recovery: rollback::recovery::Policy::default(),
            false_rollbacks_per_year: 0.052,
            releases_per_year: 520,
            history: Minutes::days(28),
            arm_after: Minutes::days(28),
            locked: Locked::HandOver,
            flows: centre.ids.iter().map(watched).collect(),
        },
        organisation: centre.clone(),
        rollbacks,
        store,
        incidents: engine.sender(),
        neighbours: Neighbours { is_maintained: Arc::new(|_, _, _| false), hold: Arc::new(|_| {}) },
        clock: clock.clone(),
    });
    guard.await.unwrap()
}

/// An organisation in which every flow has its callers, of whom as many fail as always.
struct Centre {
    ids: Vec<String>,
    clock: Clock,
    /// Which of the first flows have which version, and since when.
    published: Mutex<Vec<(u32, Minute)>>,
    /// When callers were last told of.
    told: Mutex<Option<Instant>>,
}

impl Centre {
    fn new(flows: usize, clock: Clock) -> Self {
        let id = |place| format!("8f3c21aa-0f4e-4e1c-9d39-{place:012}");
        let (ids, since) = ((0..flows).map(id).collect(), Minute::of(clock.now().wall) - Minutes::days(90));
        Self { ids, clock, published: Mutex::new(vec![(12, since); flows]), told: Mutex::default() }
    }

    fn publish(&self, first: usize, version: u32) {
        let now = Minute::of(self.clock.now().wall);
        self.published.lock().unwrap()[..first].fill((version, now));
    }

    /// How long turns of the guard take, from what callers did to their ends.
    async fn measured(&self, clock: &Clock, minutes: usize) -> Vec<Duration> {
        let mut spent = Vec::new();
        while spent.len() < minutes {
            *self.told.lock().unwrap() = None;
            // Virtual time goes on only when nobody has anything left to do.
            clock.sleep(MINUTE).await;
            spent.extend(self.told.lock().unwrap().map(|told| told.elapsed()));
        }
        spent
    }

    fn flow(&self, place: usize) -> Flow {
        let (version, since) = self.published.lock().unwrap()[place];
        let id = self.ids[place].clone();
        Flow { name: id.clone(), id, version: Some(format!("{version}.0")), since: Some(since.start()) }
    }
}

#[async_trait]
impl Organisation for Centre {
    async fn flows(&self, ids: &[String]) -> Result<Vec<Flow>, SourceError> {
        let is_asked = |place: &usize| ids.is_empty() || ids.contains(&self.ids[*place]);
        Ok(if ids.len() == self.ids.len() {
            (0..self.ids.len()).map(|place| self.flow(place)).collect()
        } else {
            (0..self.ids.len()).filter(is_asked).map(|place| self.flow(place)).collect()
        })
    }

    async fn publishes(&self, _flow: &str) -> Result<Vec<Publish>, SourceError> {
        Ok(Vec::new())
    }

    async fn counts(&self, _flows: &[String], minutes: Stretch) -> Result<Told, SourceError> {
        let published = self.published.lock().unwrap().clone();
        let mut counts = BTreeMap::new();
        for minute in (minutes.from.get()..minutes.until.get()).map(Minute::new) {
            for (place, (id, (version, since))) in self.ids.iter().zip(&published).enumerate() {
                let version = if minute < *since { 12 } else { *version };
                // One in a hundred, at other minutes in each flow.
                let errors = u64::from((minute.get() + place as i64).rem_euclid(2) == 0);
                let left = Left { version: format!("{version}.0"), errors, all: 50 };
                counts.insert((minute, id.clone()), vec![left]);
            }
        }
        *self.told.lock().unwrap() = Some(Instant::now());
        Ok(Told { until: minutes.until.min(Minute::of(self.clock.now().wall)), counts })
    }

    async fn listen(&self, _flows: Vec<String>, _heard: tokio::sync::mpsc::Sender<()>) {
        std::future::pending::<()>().await;
    }
}

/// A platform that is never asked: nothing is gone back from.
struct Nobody;

#[async_trait]
impl Platform for Nobody {
    async fn ask(&self, _flow: &str, _question: &Question) -> Result<Answer, Trouble> {
        Err(Trouble::Busy(None))
    }
}
