//! What does one attempt to deliver a letter mean: arrived, try again, or give up?
//!
//! Pure: the shell sends, draws the jitter and reports the outcome. The rules:
//!
//! - A refusal (4xx other than 408 and 429) is final: the same letter would be refused again.
//! - Everything else is tried again, with growing pauses and jitter, until the letter is too old to
//!   help anybody.
//! - A receiver that fails again and again rests between attempts, whatever the letter: it is probably
//!   the receiver and not the letter. One success ends the rest. A receiver that says how long to wait
//!   is obeyed.
//! - Retries stay frequent: a page that waits ten minutes for its next attempt is a page that comes
//!   ten minutes late.

use std::time::Duration;

use base::Ppm;

/// The longest pause between two attempts, unless the receiver asks for more.
pub const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The pause after a 429 that does not say how long; receivers limit by the minute.
pub const PAUSE_THROTTLED: Duration = Duration::from_secs(60);
/// The longest wait that a receiver can ask for.
pub const PAUSE_ASKED_MAX: Duration = Duration::from_secs(300);
/// One attempt takes at most this long.
pub const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(10);

/// When to go on and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Pause after the first failed attempt; doubles up to [`PAUSE_MAX`].
    pub pause_first: Duration,
    /// Age at which a letter is given up.
    pub give_up_after: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { pause_first: Duration::from_secs(1), give_up_after: Duration::from_secs(3 * 86_400) }
    }
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver confirmed it.
    Accepted,
    /// It did not arrive.
    Failed(DeliveryError),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No connection, or it broke.
    #[error("reach the receiver: {0}")]
    Unreachable(String),
    /// No answer within [`ATTEMPT_TIME_MAX`].
    #[error("get an answer from the receiver in time")]
    Timeout,
    /// An answer other than success.
    #[error("get the letter accepted: the receiver answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// How long the receiver asks to wait.
        retry_after: Option<Duration>,
    },
    /// The courier itself failed: a defect.
    #[error("carry the letter: the courier failed")]
    Defect,
}

/// One finished attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// Failed attempts at this receiver in a row, with whatever letters, this one included.
    pub in_row: u32,
    /// How old the letter is.
    pub age: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// Chance, drawn by the shell.
    pub jitter: Ppm,
}

/// What an attempt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Delivered,
    /// Send it again.
    Retry {
        /// After this pause.
        after: Duration,
        /// The receiver gets no letter at all for this long.
        rest: Duration,
    },
    /// Given up.
    Failed,
}

/// Decides what one attempt means.
pub fn decide(policy: &Policy, attempt: &Attempt) -> Verdict {
    let error = match &attempt.outcome {
        Outcome::Accepted => return Verdict::Delivered,
        Outcome::Failed(error) => error,
    };
    if error.is_final() || attempt.age >= policy.give_up_after {
        return Verdict::Failed;
    }
    match error.asked_pause() {
        Some(asked) => {
            // Never earlier than asked; a little later, so that not everybody comes back at once.
            let asked = asked.min(PAUSE_ASKED_MAX);
            let after = whole_ms(asked + share(asked / 10, attempt.jitter));
            Verdict::Retry { after, rest: after }
        }
        None => {
            let pause = |failures| whole_ms(half_jittered(backoff(policy, failures), attempt.jitter));
            Verdict::Retry { after: pause(attempt.number), rest: pause(attempt.in_row) }
        }
    }
}

impl DeliveryError {
    /// True when the same letter would fail again for ever.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Status { status, .. } => 400 <= *status && *status < 500 && *status != 408 && *status != 429,
            Self::Unreachable(_) | Self::Timeout | Self::Defect => false,
        }
    }

    fn asked_pause(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after: Some(asked), .. } => Some(*asked),
            Self::Status { status: 429, retry_after: None } => Some(PAUSE_THROTTLED),
            Self::Status { .. } | Self::Unreachable(_) | Self::Timeout | Self::Defect => None,
        }
    }
}

fn backoff(policy: &Policy, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    policy.pause_first.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

/// Between half and all of `pause`: spread out, and never at once.
fn half_jittered(pause: Duration, jitter: Ppm) -> Duration {
    pause / 2 + share(pause / 2, jitter)
}

/// The journal keeps milliseconds; so does the decision.
fn whole_ms(pause: Duration) -> Duration {
    Duration::new(pause.as_secs(), pause.subsec_millis() * 1_000_000)
}

fn share(of: Duration, jitter: Ppm) -> Duration {
    of.saturating_mul(jitter.get()) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(number: u32, error: DeliveryError, jitter: u32) -> Verdict {
        let attempt = Attempt {
            number,
            in_row: 1,
            age: Duration::from_secs(5),
            outcome: Outcome::Failed(error),
            jitter: Ppm::new(jitter).unwrap(),
        };
        decide(&Policy::default(), &attempt)
    }

    fn status(status: u16, retry_after: Option<u64>) -> DeliveryError {
        DeliveryError::Status { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    fn retry_ms(verdict: Verdict) -> u128 {
        match verdict {
            Verdict::Retry { after, .. } => after.as_millis(),
            Verdict::Delivered | Verdict::Failed => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn a_confirmed_letter_is_done() {
        let attempt =
            Attempt { number: 1, in_row: 0, age: Duration::ZERO, outcome: Outcome::Accepted, jitter: Ppm::ZERO };
        assert_eq!(decide(&Policy::default(), &attempt), Verdict::Delivered);
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_are_jittered_by_half() {
        let pauses: Vec<_> = (1..=8).map(|n| retry_ms(after(n, DeliveryError::Timeout, 1_000_000)) / 1_000).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(retry_ms(after(3, DeliveryError::Timeout, 0)), 2_000);
        assert_eq!(retry_ms(after(u32::MAX, DeliveryError::Timeout, 500_000)), 45_000);
    }

    #[test]
    fn refusals_are_final_and_busy_answers_are_not() {
        for code in [400, 401, 403, 404, 410, 413, 422] {
            assert_eq!(after(1, status(code, None), 0), Verdict::Failed, "{code}");
        }
        for code in [302, 408, 429, 500, 502, 503, 504] {
            assert_ne!(after(1, status(code, None), 0), Verdict::Failed, "{code}");
        }
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_within_reason() {
        assert_eq!(
            after(1, status(503, Some(20)), 1_000_000),
            Verdict::Retry { after: Duration::from_secs(22), rest: Duration::from_secs(22) }
        );
        assert_eq!(retry_ms(after(1, status(429, None), 0)), 60_000);
        assert_eq!(retry_ms(after(1, status(429, Some(86_400)), 0)), 300_000);
    }

    #[test]
    fn a_receiver_that_keeps_failing_rests_longer_than_one_letter_waits() {
        let attempt = Attempt {
            number: 1,
            in_row: 5,
            age: Duration::from_secs(1),
            outcome: Outcome::Failed(DeliveryError::Timeout),
            jitter: Ppm::ONE,
        };
        let (after, rest) = (Duration::from_secs(1), Duration::from_secs(16));
        assert_eq!(decide(&Policy::default(), &attempt), Verdict::Retry { after, rest });
    }

    #[test]
    fn a_letter_that_is_too_old_is_given_up() {
        let mut attempt = Attempt {
            number: 4_000,
            in_row: 4_000,
            age: Duration::from_secs(3 * 86_400 - 1),
            outcome: Outcome::Failed(DeliveryError::Timeout),
            jitter: Ppm::ZERO,
        };
        assert!(matches!(decide(&Policy::default(), &attempt), Verdict::Retry { .. }));
        attempt.age = Duration::from_secs(3 * 86_400);
        assert_eq!(decide(&Policy::default(), &attempt), Verdict::Failed);
        attempt.outcome = Outcome::Accepted;
        assert_eq!(decide(&Policy::default(), &attempt), Verdict::Delivered);
    }
}
