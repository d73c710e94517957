//! Time in whole minutes: the grain of everything that is counted.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;

/// A minute of the world's time: whole minutes since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

/// A length of time in whole minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minutes(u32);

/// The minutes from one up to, but without, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stretch {
    /// The first minute.
    pub from: Minute,
    /// The first minute after it.
    pub until: Minute,
}

impl Stretch {
    /// How long it is.
    pub fn length(self) -> Minutes {
        self.until.since(self.from)
    }

    /// Whether a minute lies in it.
    pub fn contains(self, minute: Minute) -> bool {
        self.from <= minute && minute < self.until
    }

    /// What it has in common with another; `None` when that is nothing.
    pub fn overlap(self, other: Self) -> Option<Self> {
        let common = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (common.from < common.until).then_some(common)
    }
}

impl Minute {
    /// The minute that is so many minutes after 1970-01-01T00:00Z.
    pub const fn new(since_epoch: i64) -> Self {
        Self(since_epoch)
    }

    /// The minute in which `instant` lies.
    pub fn of(instant: Timestamp) -> Self {
        Self(instant.as_second().div_euclid(60))
    }

    /// Minutes since 1970-01-01T00:00Z.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The instant at which it begins.
    pub fn start(self) -> Timestamp {
        let seconds = self.0.saturating_mul(60).clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// How long the minute goes on in which `instant` lies: more than nothing, a minute at most. In whole milliseconds, and
    /// rather one too many than one too few: whoever waits for so long finds the next minute.
    pub fn rest(instant: Timestamp) -> Duration {
        let over = instant.as_millisecond().rem_euclid(60_000);
        Duration::from_millis(60_000 - over.unsigned_abs())
    }

    /// How many minutes lie between `earlier` and this; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Minutes {
        Minutes(u32::try_from(self.0.saturating_sub(earlier.0).max(0)).unwrap_or(u32::MAX))
    }
}

impl Minutes {
    /// So many minutes.
    pub const fn new(minutes: u32) -> Self {
        Self(minutes)
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self(hours * 60)
    }

    /// So many days of 24 hours.
    pub const fn days(days: u32) -> Self {
        Self(days * 1_440)
    }

    /// A length of whole minutes; `None` when there are seconds left over, or too many minutes.
    pub fn exactly(length: Duration) -> Option<Self> {
        let is_whole = length.subsec_nanos() == 0 && length.as_secs().is_multiple_of(60);
        is_whole.then(|| u32::try_from(length.as_secs() / 60).ok().map(Self)).flatten()
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// As a length of time.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64 * 60)
    }

    /// Whether it is a whole number of `others`.
    pub const fn is_multiple_of(self, others: Self) -> bool {
        others.0 != 0 && self.0.is_multiple_of(others.0)
    }
}

impl Add<Minutes> for Minute {
    type Output = Self;

    fn add(self, length: Minutes) -> Self {
        Self(self.0.saturating_add(i64::from(length.0)))
    }
}

impl Sub<Minutes> for Minute {
    type Output = Self;

    fn sub(self, length: Minutes) -> Self {
        Self(self.0.saturating_sub(i64::from(length.0)))
    }
}

impl Add for Minutes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Minutes {
    type Output = Self;

    /// The difference; none when `other` is longer.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start().strftime("%Y-%m-%dT%H:%MZ"))
    }
}

impl fmt::Display for Minutes {
    /// In the largest unit that leaves nothing over: `30d`, `6h`, `90m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            minutes if minutes > 0 && minutes.is_multiple_of(1_440) => write!(f, "{}d", minutes / 1_440),
            minutes if minutes > 0 && minutes.is_multiple_of(60) => write!(f, "{}h", minutes / 60),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_lies_in_the_minute_that_began_before_it_also_before_1970() {
        let minute = |text: &str| Minute::of(text.parse().unwrap());
        assert_eq!(minute("1970-01-01T00:01:59.999Z"), Minute::new(1));
        assert_eq!(minute("1969-12-31T23:59:30Z"), Minute::new(-1));
        assert_eq!(minute("2026-03-29T01:00:00Z").to_string(), "2026-03-29T01:00Z");
    }

    #[test]
    fn the_rest_of_a_minute_ends_where_the_next_one_begins() {
        let rest = |text: &str| Minute::rest(text.parse().unwrap());
        let table = [
            ("2026-03-29T01:00:00Z", 60_000),
            ("2026-03-29T01:00:00.001Z", 59_999),
            ("2026-03-29T01:00:59Z", 1_000),
            ("2026-03-29T01:00:59.999Z", 1),
            ("2026-03-29T01:00:59.999999999Z", 1),
            ("1969-12-31T23:59:30Z", 30_000),
        ];
        for (instant, left) in table {
            assert_eq!(rest(instant), Duration::from_millis(left), "{instant}");
        }
        // Steps that come by every part of a minute, and of a millisecond.
        let start: Timestamp = "2026-03-29T01:00:00Z".parse().unwrap();
        for step in 0..10_000 {
            let instant = start + Duration::from_nanos(step * 61_234_567);
            let (woken, next) = (instant + Minute::rest(instant), Minute::of(instant) + Minutes::new(1));
            assert_eq!(Minute::of(woken), next, "{instant}");
            assert!(woken.duration_since(next.start()).as_millis() == 0, "{instant}");
        }
    }

    #[test]
    fn lengths_are_whole_minutes_or_none() {
        assert_eq!(Minutes::exactly(Duration::from_secs(90 * 60)), Some(Minutes::new(90)));
        assert_eq!(Minutes::exactly(Duration::from_secs(61)), None);
        assert_eq!(Minutes::exactly(Duration::from_millis(60_001)), None);
        assert_eq!(
            [Minutes::days(30), Minutes::hours(6), Minutes::new(90)].map(|l| l.to_string()),
            ["30d", "6h", "90m"]
        );
    }
}
