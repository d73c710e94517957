//! Work that takes a while and is asked for again and again until it is done.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use base::Now;
use serde_json::Value;

/// The most jobs that are remembered; the oldest goes first.
pub(super) const JOBS_MAX: usize = 1_000;

/// Work under way or done.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Which operation began it.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) began: Now,
    /// What was asked.
    pub(crate) asked: Value,
    /// What came of it, once somebody has looked after its end.
    pub(crate) result: Option<Value>,
    pub(super) number: u64,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Taken note of.
    Registered,
    /// Under way.
    Running,
    /// Over.
    Done,
}

#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) number: u64,
}

impl Jobs {
    pub(crate) fn begin(&mut self, kind: &'static str, id: &str, asked: Value, now: Now) {
        if self.jobs.len() >= JOBS_MAX {
            let oldest = self.jobs.iter().min_by_key(|(_, job)| job.number).map(|(id, _)| id.clone());
            oldest.map(|id| self.jobs.remove(&id));
        }
        self.number += 1;
        self.jobs
            .insert(id.to_owned(), Job { kind: kind.into(), began: now, asked, result: None, number: self.number });
    }

    pub(crate) fn get(&self, kind: &str, id: &str) -> Option<&Job> {
        self.jobs.get(id).filter(|job| job.kind == kind)
    }

    pub(crate) fn get_mut(&mut self, kind: &str, id: &str) -> Option<&mut Job> {
        self.jobs.get_mut(id).filter(|job| job.kind == kind)
    }
}

impl Job {
    /// How far it is, when each stage lasts for `state`.
    pub(crate) fn stage(&self, state: Duration, now: Now) -> Stage {
        match now.mono.since(self.began.mono) {
            elapsed if elapsed < state => Stage::Registered,
            elapsed if elapsed < state * 2 => Stage::Running,
            _ => Stage::Done,
        }
    }
}
