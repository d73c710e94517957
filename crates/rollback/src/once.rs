//! One rollback at a time, and none soon after another.
//!
//! A rollback may fail, or not help. To go back again at once would be guessing, so after each that has published anything
//! there is a lockout, over all flows. It begins when a rollback ends, not when it was decided: waiting for a busy platform
//! consumes none of it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// What is going on, over all flows and all instances; kept in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Once {
    /// The flow that is being gone back.
    pub open: Option<String>,
    /// When the last rollback ended that has published anything.
    pub last: Option<Timestamp>,
}

/// Why none begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Another flow is being gone back.
    Open(String),
    /// The last one was too short a time ago.
    LockedOut {
        /// Until then.
        until: Timestamp,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(flow) => write!(f, "flow {flow} is being gone back; one at a time"),
            Self::LockedOut { until } => {
                write!(f, "the last rollback was too short a time ago; none before {until}, unless a person publishes")
            }
        }
    }
}

impl Once {
    /// Whether a rollback may begin.
    ///
    /// A clock that was set back makes the lockout longer and never shorter.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_begin(&self, lockout: Duration, now: Timestamp) -> Result<(), Refusal> {
        if let Some(flow) = &self.open {
            return Err(Refusal::Open(flow.clone()));
        }
        let until = self.last.map(|last| last.saturating_add(lockout).unwrap_or(Timestamp::MAX));
        match until {
            Some(until) if now < until => Err(Refusal::LockedOut { until }),
            _ => Ok(()),
        }
    }

    /// One begins.
    #[must_use]
    pub fn begun(self, flow: &str) -> Self {
        Self { open: Some(flow.to_owned()), ..self }
    }

    /// It ended.
    #[must_use]
    pub fn ended(self, now: Timestamp) -> Self {
        Self { open: None, last: self.last.max(Some(now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKOUT: Duration = Duration::from_secs(15 * 60);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    #[test]
    fn one_at_a_time_and_none_within_a_quarter_of_an_hour_after_it() {
        let once = Once::default();
        assert_eq!(once.may_begin(LOCKOUT, at(0)), Ok(()));
        let once = once.begun("main");
        assert_eq!(once.may_begin(LOCKOUT, at(600)), Err(Refusal::Open("main".into())));
        let once = once.ended(at(10));
        assert_eq!(once.may_begin(LOCKOUT, at(24)), Err(Refusal::LockedOut { until: at(25) }));
        assert_eq!(once.may_begin(LOCKOUT, at(25)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_end_a_lockout() {
        let once = Once::default().begun("main").ended(at(60));
        assert!(once.may_begin(LOCKOUT, at(0)).is_err());
        assert_eq!(once.clone().begun("main").ended(at(0)).last, once.last);
    }
}
