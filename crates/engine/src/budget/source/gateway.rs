//! The gateway's own counters: cumulative since its start, which it names.
//!
//! The difference between two looks is what happened between them. Between looks that are further apart than a minute
//! the events are spread evenly, so that every sum over the gap is right; after a longer gap, a restart or a step back,
//! the minutes are missing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use api::GatewaySnapshot;
use async_trait::async_trait;
use budget::counter::{Counter, Look};
use budget::{Count, Minute};

use super::{Reading, Readings, Source, SourceError};

/// What one objective counts: calls on some of the gateway's routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteCounts {
    /// The objective's place in the policy.
    pub objective: usize,
    /// The routes; all of them when there is none.
    pub routes: Vec<String>,
    /// Upstreams whose routes are meant; all of them when there is none.
    pub upstreams: Vec<String>,
    /// Whether a kept answer is a good one. Without this it is bad: the system behind did not answer.
    pub is_cached_good: bool,
}

/// The gateway's counters as a source.
pub struct GatewayCounts {
    look: Box<dyn Fn() -> GatewaySnapshot + Send + Sync>,
    objectives: Vec<RouteCounts>,
    counters: Mutex<BTreeMap<usize, Counter>>,
}

impl GatewayCounts {
    /// A source over whatever `look` sees.
    pub fn new(look: impl Fn() -> GatewaySnapshot + Send + Sync + 'static, objectives: Vec<RouteCounts>) -> Self {
        Self { look: Box::new(look), objectives, counters: Mutex::default() }
    }
}

#[async_trait]
impl Source for GatewayCounts {
    fn kind(&self) -> &'static str {
        "gateway"
    }

    fn objectives(&self) -> Vec<usize> {
        self.objectives.iter().map(|counts| counts.objective).collect()
    }

    async fn read(&self, _from: Minute, until: Minute) -> Result<Readings, SourceError> {
        let snapshot = (self.look)();
        if snapshot.at.is_none() {
            return Err(SourceError::new("no gateway has reported yet"));
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readings = Vec::new();
        for counts in &self.objectives {
            let look = sum(&snapshot, counts, until);
            let counter = counters.entry(counts.objective).or_default();
            let minutes = counter.take(look);
            let reading = |(minute, count): (Minute, Count)| Reading { objective: counts.objective, minute, count };
            readings.extend(minutes.into_iter().map(reading));
        }
        Ok(readings.into())
    }
}

fn sum(snapshot: &GatewaySnapshot, counts: &RouteCounts, until: Minute) -> Look {
    let is_meant = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    let mut look = Look { boot: snapshot.boot, until, bad: 0, total: 0 };
    for route in &snapshot.routes {
        if !is_meant(&counts.routes, &route.name) || !is_meant(&counts.upstreams, &route.upstream) {
            continue;
        }
        // Calls that were trimmed are in none of these: what a flow went without was no question to the system behind.
        let failed = route.fallback + route.shed + route.error;
        let cached_bad = if counts.is_cached_good { 0 } else { route.cached };
        look.bad += failed + cached_bad;
        look.total += failed + route.cached + route.ok;
    }
    look
}
