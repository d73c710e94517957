//! May a failed call be tried again?
//!
//! Retries that are free for the one who asks are paid by the upstream, most of all when it is failing. So a
//! call is tried once more at most (by default), only when that can do no harm (idempotent, or marked safe),
//! only when the caller's remaining time allows a typical answer, and only out of a budget that good answers
//! fill: a tenth of them, and one a second so that a quiet route may retry at all. The budget starts empty; a
//! gateway that has seen nothing but failures adds nothing to them.

use std::time::Duration;

use base::{Mono, Ppm};

use crate::probe::doubled;
use crate::record::Fault;

/// When calls of one route are tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first, at most.
    pub retries_max: u32,
    /// The share of good answers that may be spent on retries.
    pub budget_share: Ppm,
    /// Retries a second that are allowed whatever the share says.
    pub budget_floor_per_s: u32,
    /// First pause before a retry; the pause is drawn between zero and this, doubled each time.
    pub backoff: Duration,
    /// Pause at most.
    pub backoff_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries_max: 1,
            budget_share: Ppm::percent(10),
            budget_floor_per_s: 1,
            backoff: Duration::from_millis(25),
            backoff_max: Duration::from_millis(250),
        }
    }
}

/// Thousandths of a retry that one budget holds at most: ten seconds of the floor, or ten retries.
const BUDGET_MILLI_MAX: u64 = 10_000;

/// What good answers have earned, in thousandths of a retry. One per worker and route, so no atomics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    milli: u64,
    filled_at: Mono,
}

impl Budget {
    /// A good answer earns its share.
    #[inline]
    pub fn earn(&mut self, policy: &RetryPolicy) {
        self.milli = (self.milli + u64::from(policy.budget_share.get() / 1_000)).min(BUDGET_MILLI_MAX);
    }

    /// Takes one retry out of the budget, if it holds one. `workers` share the floor.
    pub fn spend(&mut self, policy: &RetryPolicy, workers: u32, now: Mono) -> bool {
        let elapsed = now.since(self.filled_at).as_millis() as u64;
        let earned = elapsed * u64::from(policy.budget_floor_per_s) / u64::from(workers.max(1));
        if earned > 0 {
            self.milli = (self.milli + earned).min(BUDGET_MILLI_MAX);
            self.filled_at = now;
        }
        let has_one = self.milli >= 1_000;
        if has_one {
            self.milli -= 1_000;
        }
        has_one
    }
}

/// What is known about a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Tries so far, the failed one included.
    pub tries: u32,
    /// What went wrong.
    pub fault: Fault,
    /// Trying again can do no harm.
    pub is_idempotent: bool,
    /// Whether the request may have reached the upstream at all.
    pub was_sent: bool,
    /// What is left of the caller's time.
    pub remaining: Duration,
    /// What a good answer usually takes (95th percentile); `None` when not known.
    pub typical: Option<Duration>,
    /// How long the upstream asked to be left alone.
    pub retry_after: Option<Duration>,
}

/// The pause before the next try, to be drawn between zero and this; `None` when there is none to be.
pub fn pause(policy: &RetryPolicy, attempt: &Attempt) -> Option<Duration> {
    let may_repeat = attempt.is_idempotent || !attempt.was_sent;
    let is_curable = match attempt.fault {
        Fault::Refused | Fault::Connect | Fault::Reset | Fault::Server => true,
        // The time is used up, or the same answer would come again.
        Fault::Timeout | Fault::Garbage | Fault::Throttled | Fault::Unauthorized | Fault::Abandoned => false,
    };
    if attempt.tries > policy.retries_max || !may_repeat || !is_curable {
        return None;
    }
    // A refused connection cost the upstream nothing, and the caller should not pay for asking again.
    let backoff = if attempt.fault == Fault::Refused { Duration::ZERO } else { policy.backoff };
    let pause = doubled(backoff, attempt.tries.saturating_sub(1), policy.backoff_max)
        .max(attempt.retry_after.unwrap_or_default());
    let needed = pause + attempt.typical.unwrap_or_default();
    (needed < attempt.remaining).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt {
            tries: 1,
            fault: Fault::Server,
            is_idempotent: true,
            was_sent: true,
            remaining: Duration::from_secs(2),
            typical: Some(Duration::from_millis(80)),
            retry_after: None,
        }
    }

    fn may(attempt: &Attempt) -> bool {
        pause(&RetryPolicy::default(), attempt).is_some()
    }

    #[test]
    fn one_retry_and_no_more() {
        assert!(may(&attempt()));
        assert!(!may(&Attempt { tries: 2, ..attempt() }));
    }

    #[test]
    fn a_call_that_may_have_had_an_effect_is_never_repeated() {
        assert!(!may(&Attempt { is_idempotent: false, ..attempt() }));
        assert!(may(&Attempt { is_idempotent: false, was_sent: false, ..attempt() }));
    }

    #[test]
    fn no_retry_when_the_time_left_is_too_short_for_an_answer() {
        assert!(!may(&Attempt { remaining: Duration::from_millis(100), ..attempt() }));
    }

    #[test]
    fn retry_after_is_honoured_or_the_retry_is_given_up() {
        let wish = |seconds| Attempt { retry_after: Some(Duration::from_secs(seconds)), ..attempt() };
        assert_eq!(pause(&RetryPolicy::default(), &wish(1)), Some(Duration::from_secs(1)));
        assert_eq!(pause(&RetryPolicy::default(), &wish(2)), None);
    }

    #[test]
    fn a_time_out_is_not_repeated() {
        assert!(!may(&Attempt { fault: Fault::Timeout, ..attempt() }));
    }

    #[test]
    fn the_budget_starts_empty_and_fills_from_good_answers() {
        let (policy, mut budget) = (RetryPolicy::default(), Budget::default());
        assert!(!budget.spend(&policy, 1, Mono::ZERO));
        for _ in 0..10 {
            budget.earn(&policy);
        }
        assert!(budget.spend(&policy, 1, Mono::ZERO));
        assert!(!budget.spend(&policy, 1, Mono::ZERO));
    }

    #[test]
    fn a_quiet_route_earns_one_retry_a_second() {
        let (policy, mut budget) = (RetryPolicy::default(), Budget::default());
        assert!(!budget.spend(&policy, 1, Mono::from_millis(999)));
        assert!(budget.spend(&policy, 1, Mono::from_millis(1_000)));
        assert!(!budget.spend(&policy, 1, Mono::from_millis(1_500)));
    }

    #[test]
    fn the_budget_is_bounded() {
        let (policy, mut budget) = (RetryPolicy::default(), Budget::default());
        for _ in 0..1_000_000 {
            budget.earn(&policy);
        }
        let spent = (0..100).filter(|_| budget.spend(&policy, 1, Mono::ZERO)).count();
        assert_eq!(spent, 10);
    }
}
