//! A contact centre that does as it is told: flows, callers by the minute, and a platform that publishes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use base::{Minute, Minutes, Mono, Stretch};
use clock::Clock;
use engine::budget::SourceError;
use engine::rollback::{Flow, Left, Organisation, Platform, Publish, Told};
use fastrand::Rng;
use jiff::Timestamp;
use rollback::act::{self, Answer, Lock, Operation, Published, Question, Trouble, Version};
use tokio::sync::mpsc;

pub(crate) mod shock;
pub(crate) mod traffic;

use traffic::Traffic;

/// Callers of each flow in a minute.
pub(crate) const CALLERS: u64 = 200;
/// Of those of a good version so many fail.
pub(crate) const NORMAL: u64 = 2;

pub(crate) struct Centre {
    clock: Clock,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) flows: BTreeMap<String, Stored>,
    /// Errors of 200 callers in a minute, of versions that are not good.
    pub(crate) errors: BTreeMap<(String, String), u64>,
    /// Analytics do not answer.
    pub(crate) is_silent: bool,
    /// Analytics answer, and know of nobody.
    pub(crate) is_empty: bool,
    /// Nobody says which versions callers get.
    pub(crate) is_mute: bool,
    /// The platform does nothing and is busy.
    pub(crate) is_busy: bool,
    /// A publish answers 200 and nothing happens.
    pub(crate) is_idle: bool,
    /// Versions that were published through the platform, in order.
    pub(crate) published: Vec<(String, String)>,
    /// Callers who come by chance; [`CALLERS`] of them, and not one more or less, while there is nothing of it.
    pub(crate) traffic: Option<Traffic>,
    /// What goes wrong by chance.
    pub(crate) moods: Moods,
    /// What was asked to be published through the platform, and taken on.
    pub(crate) taken: Vec<Taken>,
    /// Locks that we took away from others: of which flow, from whom, and when.
    pub(crate) unlocked: Vec<(String, String, Mono)>,
    rng: Rng,
    /// Errors and callers of versions, as somebody was told last, by flow, version and minute.
    told: BTreeMap<(String, String), BTreeMap<Minute, (u64, u64)>>,
}

#[derive(Clone)]
pub(crate) struct Stored {
    /// The versions, when each was published, and whether by us; the last one is live.
    pub(crate) history: Vec<(String, Timestamp, bool)>,
    pub(crate) lock: Lock,
    /// What runs: until when, and the version that is then live, or the name of a failure.
    pub(crate) operation: Option<(Timestamp, Result<String, String>)>,
    /// The operation that failed last.
    failed: Option<String>,
    /// Operations so far.
    operations: u32,
    /// Versions that are gone.
    pub(crate) deleted: BTreeSet<String>,
    /// Versions that use something that is gone.
    pub(crate) broken: BTreeSet<String>,
}

/// What goes wrong by chance; nothing of it at first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moods {
    /// So many of a hundred requests meet each kind of trouble.
    pub(crate) percent: u8,
    /// Operations take their time, and some fail or never end.
    pub(crate) is_working: bool,
    /// Analytics know only a part of the callers of so many minutes; of the rest they learn later.
    pub(crate) lag: u32,
    /// They say so, and tell nothing of those minutes.
    pub(crate) is_lag_told: bool,
    /// They know of others each time.
    pub(crate) is_fickle: bool,
    /// An answer may take this long.
    pub(crate) hangs: Duration,
}

/// A publish by us that the platform has taken on.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) flow: String,
    /// The version that callers got then, and since when.
    pub(crate) instead_of: (String, Timestamp),
    pub(crate) at: Mono,
    /// Errors and callers of that version since its publish, as they were told until then.
    pub(crate) told: (u64, u64),
    /// Whether the flow was locked by us.
    pub(crate) is_locked: bool,
}

impl Centre {
    /// Flows that have had version 11 for a month, and version 10 before it.
    pub(crate) fn new(clock: Clock, flows: &[&str]) -> Arc<Self> {
        let ago = |days: i64| clock.now().wall - Duration::from_secs(days.unsigned_abs() * 86_400);
        let stored = |id: &&str| {
            let history = vec![("10.0".to_owned(), ago(60), false), ("11.0".to_owned(), ago(40), false)];
            ((*id).to_owned(), Stored { history, ..Stored::new() })
        };
        let state = State {
            flows: flows.iter().map(stored).collect(),
            errors: BTreeMap::new(),
            is_silent: false,
            is_empty: false,
            is_mute: false,
            is_busy: false,
            is_idle: false,
            published: Vec::new(),
            traffic: None,
            moods: Moods::default(),
            taken: Vec::new(),
            unlocked: Vec::new(),
            rng: Rng::with_seed(0),
            told: BTreeMap::new(),
        };
        Arc::new(Self { clock, state: Mutex::new(state) })
    }

    /// The same, with callers and trouble by chance.
    pub(crate) fn by_chance(clock: Clock, flows: &[&str], traffic: Traffic) -> Arc<Self> {
        let centre = Self::new(clock, flows);
        let mut state = centre.state();
        (state.rng, state.moods.is_working) = (Rng::with_seed(traffic.seed), true);
        state.traffic = Some(traffic);
        drop(state);
        centre
    }

    /// The present state, with what has become of operations by now.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap();
        let now = self.clock.now().wall;
        for stored in state.flows.values_mut() {
            stored.settle(now);
        }
        state
    }

    /// Somebody publishes, if the flow is neither locked nor busy.
    pub(crate) fn somebody_publishes(&self, flow: &str, version: &str) {
        let now = self.clock.now().wall;
        let mut state = self.state();
        let stored = state.flows.get_mut(flow).unwrap();
        let is_free = stored.lock == Lock::Free && stored.operation.is_none() && !stored.deleted.contains(version);
        if is_free && stored.history.last().is_none_or(|(live, at, _)| live != version && *at < now) {
            stored.history.push((version.to_owned(), now, false));
        }
    }

    fn chance(&self, percent: u8) -> bool {
        percent != 0 && self.state().rng.u8(..100) < percent
    }

    async fn wait(&self, most: Duration) {
        let part = self.state().rng.f64();
        self.clock.sleep(most.mul_f64(part)).await;
    }

    /// A request of somebody who only wants to know: it may take long, or fail.
    async fn read(&self) -> Result<(), SourceError> {
        let moods = self.state().moods.clone();
        if self.chance(moods.percent) {
            self.wait(moods.hangs).await;
        }
        if self.chance(moods.percent) { Err(SourceError::new("the platform does not answer")) } else { Ok(()) }
    }

    /// Somebody publishes a version of which so many of 200 callers fail.
    pub(crate) fn publish(&self, flow: &str, version: &str, errors: u64) {
        let now = self.clock.now().wall;
        let mut state = self.state();
        state.errors.insert((flow.to_owned(), version.to_owned()), errors);
        state.flows.get_mut(flow).unwrap().history.push((version.to_owned(), now, false));
    }

    pub(crate) fn live(&self, flow: &str) -> String {
        self.state().flows[flow].history.last().unwrap().0.clone()
    }
}

impl Stored {
    const fn new() -> Self {
        Self {
            history: Vec::new(),
            lock: Lock::Free,
            operation: None,
            failed: None,
            operations: 0,
            deleted: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }

    fn settle(&mut self, now: Timestamp) {
        match self.operation.take_if(|(until, _)| *until <= now) {
            Some((at, Ok(version))) => {
                self.failed = None;
                self.history.push((version, at, true));
            }
            Some((_, Err(id))) => self.failed = Some(id),
            None => {}
        }
    }

    /// The version that callers got in most of a minute.
    fn at(&self, minute: Minute) -> &str {
        let of = |(_, at, _): &&(String, Timestamp, bool)| Minute::of(*at) <= minute;
        self.history.iter().rev().find(of).map_or("9.0", |(version, ..)| version)
    }
}

impl State {
    /// What the analytics say of a minute.
    fn tell(&mut self, flow: &str, minute: Minute, now: Minute) -> Vec<Left> {
        let stored = &self.flows[flow];
        let Some(traffic) = &mut self.traffic else {
            let version = stored.at(minute).to_owned();
            let errors = self.errors.get(&(flow.to_owned(), version.clone())).copied();
            return vec![Left { version, errors: errors.unwrap_or(NORMAL), all: CALLERS }];
        };
        let mut all = traffic.left(flow, minute, stored);
        let (age, lag) = (now.since(minute).get(), self.moods.lag);
        if !self.moods.is_lag_told && age <= lag {
            let chance = f64::from(age) / f64::from(lag + 1);
            all = all.iter().map(|left| traffic::thinned(&mut self.rng, left, chance)).collect();
        } else if self.moods.is_fickle {
            all = all.iter().map(|left| traffic::thinned(&mut self.rng, left, PART_KNOWN)).collect();
        }
        if MINUTES_NOTED < age {
            return all;
        }
        for left in &all {
            let told = self.told.entry((flow.to_owned(), left.version.clone())).or_default();
            told.insert(minute, (left.errors, left.all));
        }
        all
    }

    /// Errors and callers of a version since an instant, as somebody was told last.
    fn told_since(&self, flow: &str, version: &str, since: Timestamp) -> (u64, u64) {
        let told = self.told.get(&(flow.to_owned(), version.to_owned()));
        let minutes = told.into_iter().flat_map(|told| told.range(Minute::of(since)..));
        minutes.fold((0, 0), |(errors, all), (_, (more_errors, more))| (errors + more_errors, all + more))
    }

    /// The platform takes a publish on.
    fn take(&mut self, flow: &str, version: &str, now: Timestamp, at: Mono) {
        let (live, since, _) = self.flows[flow].history.last().unwrap().clone();
        let told = self.told_since(flow, &live, since);
        let is_locked = self.flows[flow].lock == Lock::Ours;
        let (flow, version) = (flow.to_owned(), version.to_owned());
        let instead_of = (live, since);
        self.taken.push(Taken { flow: flow.clone(), instead_of, at, told, is_locked });
        let (percent, rng) = (self.moods.percent, &mut self.rng);
        let Some(stored) = self.flows.get_mut(&flow) else { return };
        if !self.moods.is_working {
            stored.history.push((version.clone(), now, true));
            self.published.push((flow, version));
            return;
        }
        let is_hit = |rng: &mut Rng| rng.u8(..100) < percent;
        stored.operations += 1;
        let is_failure = stored.broken.contains(&version) || stored.deleted.contains(&version) || is_hit(rng);
        let result = if is_failure { Err(format!("operation-{}", stored.operations)) } else { Ok(version.clone()) };
        let most = if is_hit(rng) { OPERATION_MAX } else { OPERATION_USUAL };
        stored.operation = Some((now + most.mul_f64(rng.f64()), result));
        self.published.push((flow, version));
    }
}

/// Fickle analytics know of each caller with this chance.
const PART_KNOWN: f64 = 0.8;
/// Of older minutes nobody needs to remember what was told.
const MINUTES_NOTED: u32 = 600;
/// An operation takes so long at most ...
const OPERATION_USUAL: Duration = Duration::from_secs(5);
/// ... unless it is one that never seems to end.
const OPERATION_MAX: Duration = Duration::from_secs(1_200);

#[async_trait]
impl Organisation for Centre {
    async fn flows(&self, ids: &[String]) -> Result<Vec<Flow>, SourceError> {
        self.read().await?;
        let state = self.state();
        if state.is_mute {
            return Err(SourceError::new("the platform does not say"));
        }
        let asked = state.flows.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        let flow = |(id, stored): (&String, &Stored)| {
            let (version, since, _) = stored.history.last().unwrap().clone();
            Flow { id: id.clone(), name: format!("Flow {id}"), version: Some(version), since: Some(since) }
        };
        Ok(asked.map(flow).collect())
    }

    async fn publishes(&self, flow: &str) -> Result<Vec<Publish>, SourceError> {
        self.read().await?;
        let state = self.state();
        let publish = |(version, at, is_ours): &(String, Timestamp, bool)| Publish {
            version: version.clone(),
            at: *at,
            by: Some(if *is_ours { "steadyline" } else { "Mary" }.to_owned()),
            is_ours: *is_ours,
        };
        Ok(state.flows[flow].history.iter().rev().map(publish).collect())
    }

    async fn counts(&self, flows: &[String], minutes: Stretch) -> Result<Told, SourceError> {
        self.clock.sleep(Duration::from_millis(300)).await;
        self.read().await?;
        let mut state = self.state();
        if state.is_silent {
            return Err(SourceError::new("analytics do not answer"));
        }
        let now = Minute::of(self.clock.now().wall);
        let mut until = minutes.until.min(now);
        if state.moods.is_lag_told {
            until = until.min(now - Minutes::new(state.moods.lag));
        }
        let mut counts = BTreeMap::new();
        let known = if state.is_empty { 0..0 } else { minutes.from.get()..until.get() };
        for minute in known.map(Minute::new) {
            for flow in flows {
                counts.insert((minute, flow.clone()), state.tell(flow, minute, now));
            }
        }
        Ok(Told { until: until.max(minutes.from), counts })
    }

    async fn listen(&self, _flows: Vec<String>, heard: mpsc::Sender<()>) {
        // Nobody tells; the guard asks.
        heard.closed().await;
    }
}

#[async_trait]
impl Platform for Centre {
    async fn ask(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        self.clock.sleep(Duration::from_millis(200)).await;
        let moods = self.state().moods.clone();
        if self.chance(moods.percent) {
            let wish = self.chance(50).then(|| Duration::from_secs(self.state().rng.u64(1..40)));
            return Err(Trouble::Busy(wish));
        }
        if self.chance(moods.percent) {
            // The request is lost.
            self.wait(moods.hangs).await;
            return Err(Trouble::NoAnswer);
        }
        let answer = self.carry_out(flow, question);
        if self.chance(moods.percent) {
            // The answer is late, or lost.
            self.wait(moods.hangs).await;
            return Err(Trouble::NoAnswer);
        }
        answer
    }
}

impl Centre {
    fn carry_out(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        let (now, mono) = (self.clock.now().wall, self.clock.mono());
        let mut state = self.state();
        if state.is_busy {
            return Err(Trouble::Busy(Some(Duration::from_secs(20))));
        }
        let is_idle = state.is_idle;
        let version = |id: &str| Version { id: id.to_owned(), configuration: Some(format!("c{id}")) };
        let stored = state.flows.get_mut(flow).ok_or(Trouble::Gone)?;
        let is_running = stored.operation.is_some();
        Ok(match question {
            Question::Flow => Answer::Flow(act::Flow {
                published: stored.history.last().map(|(live, ..)| version(live)),
                operation: match (&stored.operation, &stored.failed) {
                    (Some(_), _) => Operation::Running,
                    (None, Some(id)) => Operation::Failed { id: id.clone(), why: "a prompt is gone".to_owned() },
                    (None, None) => Operation::None,
                },
                lock: stored.lock.clone(),
            }),
            Question::Versions => {
                let ends = stored.history.iter().skip(1).map(|(_, at, _)| Some(at.as_millisecond())).chain([None]);
                let all = stored.history.iter().zip(ends).filter(|((id, ..), _)| !stored.deleted.contains(id));
                Answer::Versions(all.map(|((id, ..), until)| Published { version: version(id), until }).collect())
            }
            Question::Dependencies(of) if stored.deleted.contains(of) => return Err(Trouble::Gone),
            Question::Dependencies(of) if stored.broken.contains(of) => {
                Answer::Dependencies(vec!["Queue support".to_owned()])
            }
            Question::Dependencies(_) => Answer::Dependencies(Vec::new()),
            Question::Lock | Question::Publish(_) if is_running || matches!(stored.lock, Lock::Foreign(_)) => {
                return Err(Trouble::Conflict);
            }
            Question::Lock => {
                stored.lock = Lock::Ours;
                Answer::Done
            }
            // It is not ours to give back.
            Question::Release if matches!(stored.lock, Lock::Foreign(_)) => return Err(Trouble::Conflict),
            Question::Release => {
                stored.lock = Lock::Free;
                Answer::Done
            }
            Question::Unlock => {
                if let Lock::Foreign(holder) = std::mem::replace(&mut stored.lock, Lock::Free) {
                    state.unlocked.push((flow.to_owned(), holder, mono));
                }
                Answer::Done
            }
            Question::Publish(id) => {
                if !is_idle {
                    state.take(flow, id, now, mono);
                }
                Answer::Done
            }
        })
    }
}

/// So many minutes.
pub(crate) const fn minutes(how_many: u32) -> Duration {
    Minutes::new(how_many).duration()
}
