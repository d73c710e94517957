//! Two clocks, never mixed: elapsed time is monotonic, stored facts are wall time.

use std::ops::Add;
use std::time::Duration;

use jiff::Timestamp;

/// A monotonic instant: time since the process (or the simulation) began.
///
/// Only differences mean anything. It never steps back, whatever happens to the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(Duration);

impl Mono {
    /// The instant at which the process began.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The instant `since_start` after the process began.
    pub const fn from_start(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The instant `ms` milliseconds after the process began.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// Time since the process began.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Whole milliseconds since the process began.
    pub const fn as_millis(self) -> u64 {
        self.0.as_secs() * 1_000 + self.0.subsec_millis() as u64
    }

    /// Time from `earlier` to `self`; zero when `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

/// The moment of a decision, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For elapsed time: timeouts, ages, windows.
    pub mono: Mono,
    /// For facts that are stored or shown: always UTC.
    pub wall: Timestamp,
}

impl Now {
    /// The same moment, `by` later on both clocks.
    ///
    /// The wall half stays where it is when it would leave the range of [`Timestamp`].
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        let wall = i64::try_from(by.as_nanos())
            .ok()
            .and_then(|ns| self.wall.checked_add(jiff::SignedDuration::from_nanos(ns)).ok())
            .unwrap_or(self.wall);
        Self { mono: self.mono + by, wall }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_before_an_instant_is_zero_not_negative() {
        let (early, late) = (Mono::from_millis(5), Mono::from_millis(9));
        assert_eq!(late.since(early), Duration::from_millis(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn later_moves_both_clocks() {
        let now = Now { mono: Mono::ZERO, wall: Timestamp::UNIX_EPOCH };
        let later = now.later(Duration::from_millis(1_500));
        assert_eq!(later.mono.as_millis(), 1_500);
        assert_eq!(later.wall.as_millisecond(), 1_500);
    }
}
