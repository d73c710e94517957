//! What the gateway counts: one set of counters per worker and route, so that counting costs a plain store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::Outcome;

use crate::reason::Reason;

/// Upper bounds of the duration histogram, in seconds.
pub(crate) const DURATION_BOUNDS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Outcomes in the order in which they are counted.
pub(crate) const OUTCOMES: [Outcome; 5] =
    [Outcome::Ok, Outcome::Cached, Outcome::Fallback, Outcome::Shed, Outcome::Error];

/// Counters of one route on one worker. Only that worker writes.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Meter {
    outcomes: [AtomicU64; OUTCOMES.len()],
    waited_us: [AtomicU64; OUTCOMES.len()],
    reasons: [AtomicU64; Reason::ALL.len()],
    durations: [AtomicU64; DURATION_BOUNDS_S.len() + 1],
    retries: AtomicU64,
}

/// The sum over all workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) outcomes: [u64; OUTCOMES.len()],
    pub(crate) waited_us: [u64; OUTCOMES.len()],
    pub(crate) reasons: [u64; Reason::ALL.len()],
    pub(crate) durations: [u64; DURATION_BOUNDS_S.len() + 1],
    pub(crate) retries: u64,
}

impl Meter {
    /// Counts one call that its caller waited `waited` for.
    #[inline]
    pub(crate) fn count(&self, outcome: Outcome, reason: Reason, waited: Duration) {
        if reason == Reason::Trimmed {
            // No question was asked: it is nobody's success and nobody's failure.
            return add(&self.reasons[reason.index()], 1);
        }
        let index = outcome as usize;
        add(&self.outcomes[index], 1);
        add(&self.waited_us[index], waited.as_micros() as u64);
        add(&self.reasons[reason.index()], 1);
        let seconds = waited.as_secs_f64();
        let bucket = DURATION_BOUNDS_S.iter().position(|bound| seconds <= *bound).unwrap_or(DURATION_BOUNDS_S.len());
        add(&self.durations[bucket], 1);
    }

    pub(crate) fn count_retry(&self) {
        add(&self.retries, 1);
    }

    pub(crate) fn add_to(&self, totals: &mut Totals) {
        sum(&self.outcomes, &mut totals.outcomes);
        sum(&self.waited_us, &mut totals.waited_us);
        sum(&self.reasons, &mut totals.reasons);
        sum(&self.durations, &mut totals.durations);
        totals.retries += self.retries.load(Ordering::Relaxed);
    }
}

/// A plain store is enough: one writer, and readers may be a call late.
#[inline]
fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

fn sum(counters: &[AtomicU64], totals: &mut [u64]) {
    for (counter, total) in counters.iter().zip(totals) {
        *total += counter.load(Ordering::Relaxed);
    }
}

impl Totals {
    pub(crate) fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Caller-seconds spent waiting for calls that ended so.
    pub(crate) fn waited_s(&self, outcome: Outcome) -> f64 {
        self.waited_us[outcome as usize] as f64 / 1e6
    }
}
