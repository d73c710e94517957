//! A contact centre that does as it is told: flows, callers by the minute, and a platform that publishes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use base::{Minute, Minutes, Stretch};
use clock::Clock;
use engine::budget::SourceError;
use engine::rollback::{Flow, Left, Organisation, Platform, Publish, Told};
use jiff::Timestamp;
use rollback::act::{self, Answer, Lock, Operation, Published, Question, Trouble, Version};
use tokio::sync::mpsc;

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
    /// The platform does nothing and is busy.
    pub(crate) is_busy: bool,
    /// A publish answers 200 and nothing happens.
    pub(crate) is_idle: bool,
    /// Versions that were published through the platform, in order.
    pub(crate) published: Vec<(String, String)>,
}

#[derive(Clone)]
pub(crate) struct Stored {
    /// The versions, when each was published, and whether by us; the last one is live.
    pub(crate) history: Vec<(String, Timestamp, bool)>,
    pub(crate) lock: Lock,
}

impl Centre {
    /// Flows that have had version 11 for a month, and version 10 before it.
    pub(crate) fn new(clock: Clock, flows: &[&str]) -> Arc<Self> {
        let ago = |days: i64| clock.now().wall - Duration::from_secs(days.unsigned_abs() * 86_400);
        let stored = |id: &&str| {
            let history = vec![("10.0".to_owned(), ago(60), false), ("11.0".to_owned(), ago(40), false)];
            ((*id).to_owned(), Stored { history, lock: Lock::Free })
        };
        let state = State {
            flows: flows.iter().map(stored).collect(),
            errors: BTreeMap::new(),
            is_silent: false,
            is_empty: false,
            is_busy: false,
            is_idle: false,
            published: Vec::new(),
        };
        Arc::new(Self { clock, state: Mutex::new(state) })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
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
    /// The version that callers got in most of a minute.
    fn at(&self, minute: Minute) -> &str {
        let of = |(_, at, _): &&(String, Timestamp, bool)| Minute::of(*at) <= minute;
        self.history.iter().rev().find(of).map_or("9.0", |(version, ..)| version)
    }
}

#[async_trait]
impl Organisation for Centre {
    async fn flows(&self, ids: &[String]) -> Result<Vec<Flow>, SourceError> {
        let state = self.state();
        let asked = state.flows.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        let flow = |(id, stored): (&String, &Stored)| {
            let (version, since, _) = stored.history.last().unwrap().clone();
            Flow { id: id.clone(), name: format!("Flow {id}"), version: Some(version), since: Some(since) }
        };
        Ok(asked.map(flow).collect())
    }

    async fn publishes(&self, flow: &str) -> Result<Vec<Publish>, SourceError> {
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
        let state = self.state();
        if state.is_silent {
            return Err(SourceError::new("analytics do not answer"));
        }
        let until = minutes.until.min(Minute::of(self.clock.now().wall));
        let mut counts = BTreeMap::new();
        for minute in (minutes.from.get()..until.get()).map(Minute::new).filter(|_| !state.is_empty) {
            for flow in flows {
                let version = state.flows[flow].at(minute).to_owned();
                let errors = state.errors.get(&(flow.clone(), version.clone())).copied();
                let left = Left { version, errors: errors.unwrap_or(NORMAL), all: CALLERS };
                counts.insert((minute, flow.clone()), vec![left]);
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
        let now = self.clock.now().wall;
        let mut state = self.state();
        if state.is_busy {
            return Err(Trouble::Busy(Some(Duration::from_secs(20))));
        }
        let is_idle = state.is_idle;
        let version = |id: &str| Version { id: id.to_owned(), configuration: Some(format!("c{id}")) };
        let State { flows, published, .. } = &mut *state;
        let stored = flows.get_mut(flow).ok_or(Trouble::Gone)?;
        Ok(match question {
            Question::Flow => Answer::Flow(act::Flow {
                published: stored.history.last().map(|(live, ..)| version(live)),
                operation: Operation::None,
                lock: stored.lock.clone(),
            }),
            Question::Versions => {
                let ends = stored.history.iter().skip(1).map(|(_, at, _)| Some(at.as_millisecond())).chain([None]);
                let all = stored.history.iter().zip(ends);
                Answer::Versions(all.map(|((id, ..), until)| Published { version: version(id), until }).collect())
            }
            Question::Dependencies(_) => Answer::Dependencies(Vec::new()),
            Question::Lock if matches!(stored.lock, Lock::Foreign(_)) => return Err(Trouble::Conflict),
            Question::Lock => {
                stored.lock = Lock::Ours;
                Answer::Done
            }
            Question::Unlock | Question::Release => {
                stored.lock = Lock::Free;
                Answer::Done
            }
            Question::Publish(id) => {
                if !is_idle {
                    stored.history.push((id.clone(), now, true));
                    published.push((flow.to_owned(), id.clone()));
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
