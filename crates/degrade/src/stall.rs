//! Is the upstream silent? Judged from the calls that are still in flight.
//!
//! A time-out tells that an upstream hangs only after a caller has paid for it in full. The calls in flight
//! tell it earlier: when nothing has come back since the oldest of them started, and that is several times
//! longer than good answers take, then the silence is not slowness. With enough calls overdue it is believed
//! at once. With one or two, a single slow query could be the reason, so probes on fresh connections must
//! fail too. While good answers come back, the verdict is never reached, however slow some calls are; and
//! while nothing is known of the upstream's latency, it is not judged at all.

use std::time::Duration;

/// How often the calls in flight are looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(10);

/// When silence means that the upstream hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StallPolicy {
    /// Never sooner than this.
    pub floor: Duration,
    /// Nor sooner than so many times the learned 99th percentile.
    pub times_p99: u32,
    /// Believed at once with so many calls overdue; with fewer, probes confirm.
    pub overdue_min: u32,
    /// With fewer good answers learned from, probes confirm whatever waits.
    pub samples_min: u64,
    /// How long a confirming probe may take, at least.
    pub confirm_within: Duration,
}

impl Default for StallPolicy {
    fn default() -> Self {
        Self {
            floor: Duration::from_millis(200),
            times_p99: 4,
            overdue_min: 3,
            samples_min: 20,
            confirm_within: Duration::from_millis(200),
        }
    }
}

/// Calls in flight of which nothing has come back since the oldest started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Calls that wait.
    pub waiting: u32,
    /// Those of them that have waited longer than 99 in 100 good answers take.
    pub overdue: u32,
    /// How long the oldest has waited.
    pub oldest: Duration,
    /// What is known of good answers; `None` before the first.
    pub learned: Option<Learned>,
}

/// What good answers have taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The 99th percentile of their latency.
    pub p99: Duration,
    /// How many there were.
    pub samples: u64,
}

/// What silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StallVerdict {
    /// Nothing unusual, or nothing known.
    Alive,
    /// Suspicious: believe it if a probe gets no answer within this time either.
    Suspect {
        /// The probe's patience.
        confirm_within: Duration,
    },
    /// The upstream hangs.
    Stalled,
}

impl StallPolicy {
    /// How long the oldest call must have waited; `None` while nothing is known of the latency.
    pub fn threshold(&self, learned: Option<Learned>) -> Option<Duration> {
        learned.map(|learned| self.floor.max(learned.p99.saturating_mul(self.times_p99)))
    }

    /// Judges a silence.
    pub fn judge(&self, silence: &Silence) -> StallVerdict {
        let Some(threshold) = self.threshold(silence.learned) else {
            return StallVerdict::Alive;
        };
        let Some(learned) = silence.learned else {
            return StallVerdict::Alive;
        };
        if silence.waiting == 0 || silence.oldest < threshold {
            return StallVerdict::Alive;
        }
        if silence.overdue >= self.overdue_min && learned.samples >= self.samples_min {
            return StallVerdict::Stalled;
        }
        StallVerdict::Suspect { confirm_within: self.confirm_within.max(learned.p99.saturating_mul(2)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(waiting: u32, oldest_ms: u64, learned: Option<(u64, u64)>) -> Silence {
        let learned = learned.map(|(p99, samples)| Learned { p99: Duration::from_millis(p99), samples });
        Silence { waiting, overdue: waiting, oldest: Duration::from_millis(oldest_ms), learned }
    }

    fn judge(silence: Silence) -> StallVerdict {
        StallPolicy::default().judge(&silence)
    }

    #[test]
    fn nothing_learned_is_not_judged() {
        assert_eq!(judge(silence(50, 60_000, None)), StallVerdict::Alive);
    }

    #[test]
    fn three_waiting_beyond_the_floor_are_believed() {
        assert_eq!(judge(silence(3, 199, Some((5, 100)))), StallVerdict::Alive);
        assert_eq!(judge(silence(3, 200, Some((5, 100)))), StallVerdict::Stalled);
    }

    #[test]
    fn young_calls_beside_a_slow_one_prove_nothing() {
        let crowd = Silence { overdue: 1, ..silence(9, 400, Some((50, 100))) };
        assert!(matches!(judge(crowd), StallVerdict::Suspect { .. }));
    }

    #[test]
    fn one_slow_call_needs_a_probe_to_confirm() {
        let confirm_within = Duration::from_millis(200);
        assert_eq!(judge(silence(1, 250, Some((5, 100)))), StallVerdict::Suspect { confirm_within });
    }

    #[test]
    fn few_samples_need_a_probe_to_confirm() {
        assert!(matches!(judge(silence(9, 250, Some((5, 4)))), StallVerdict::Suspect { .. }));
    }

    #[test]
    fn a_slow_upstream_is_given_its_own_measure() {
        assert_eq!(judge(silence(30, 3_999, Some((1_000, 500)))), StallVerdict::Alive);
        assert_eq!(judge(silence(30, 4_000, Some((1_000, 500)))), StallVerdict::Stalled);
    }
}
