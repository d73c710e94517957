//! What was counted: of one minute, and of many.

use std::ops::{Add, Sub};

use crate::{Minutes, Ppm, Ratio};

/// What is known about one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// So many events, and so many of them bad.
    Observed {
        /// Those that were bad; never more than `total`.
        bad: u32,
        /// All; never 0.
        total: u32,
    },
    /// Somebody looked, and nothing had happened.
    Empty,
    /// Nobody knows. It is neither good nor bad, and says nothing about the service.
    Missing,
}

/// Why counts are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrue {
    /// More bad events than events.
    BadAboveTotal,
    /// More good events than events.
    GoodAboveTotal,
    /// More events in a minute than any contact center has: more than `u32::MAX`.
    TooMany,
    /// Not a number, infinite, or below zero.
    NoCount,
}

/// Sums over a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// Minutes about which something is known, those in which nothing happened included.
    pub known: Minutes,
    /// Minutes about which nothing is known.
    pub missing: Minutes,
}

impl Count {
    /// A minute with so many bad events among so many.
    ///
    /// # Errors
    ///
    /// When there are more bad ones than there are.
    pub fn bad(bad: u64, total: u64) -> Result<Self, Untrue> {
        if total < bad {
            return Err(Untrue::BadAboveTotal);
        }
        let total = u32::try_from(total).map_err(|_| Untrue::TooMany)?;
        // Not above the total, which fits.
        let bad = u32::try_from(bad).unwrap_or(total);
        Ok(if total == 0 { Self::Empty } else { Self::Observed { bad, total } })
    }

    /// A minute with so many good events among so many.
    ///
    /// # Errors
    ///
    /// When there are more good ones than there are.
    pub fn good(good: u64, total: u64) -> Result<Self, Untrue> {
        Self::bad(total.checked_sub(good).ok_or(Untrue::GoodAboveTotal)?, total)
    }

    /// Bad events and all; none of either when nothing is known.
    pub const fn pair(self) -> (u32, u32) {
        match self {
            Self::Observed { bad, total } => (bad, total),
            Self::Empty | Self::Missing => (0, 0),
        }
    }

    /// Whether anything is known.
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::Missing)
    }
}

impl Counts {
    /// The share of bad events.
    pub const fn errors(self) -> Ratio {
        Ratio { part: self.bad, whole: self.total }
    }

    /// All minutes.
    pub fn length(self) -> Minutes {
        self.known + self.missing
    }

    /// Whether at most this share of the minutes is missing. Of no minutes nothing is known.
    pub fn is_known_enough(self, missing_max: Ppm) -> bool {
        let (missing, length) = (u64::from(self.missing.get()), u64::from(self.length().get()));
        0 < length && missing * u64::from(Ppm::ONE.get()) <= length * u64::from(missing_max.get())
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bad: self.bad + other.bad,
            total: self.total + other.total,
            known: self.known + other.known,
            missing: self.missing + other.missing,
        }
    }
}

impl Sub for Counts {
    type Output = Self;

    /// What is left without a part of it.
    fn sub(self, part: Self) -> Self {
        Self {
            bad: self.bad.saturating_sub(part.bad),
            total: self.total.saturating_sub(part.total),
            known: self.known - part.known,
            missing: self.missing - part.missing,
        }
    }
}

impl std::fmt::Display for Untrue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BadAboveTotal => "the source counts more bad events than events",
            Self::GoodAboveTotal => "the source counts more good events than events",
            Self::TooMany => "the source counts more than four thousand million events in a minute",
            Self::NoCount => "the source answers with something that is no count (NaN, an infinity, or below zero)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_lies_is_not_believed() {
        assert_eq!(Count::bad(3, 2), Err(Untrue::BadAboveTotal));
        assert_eq!(Count::good(3, 2), Err(Untrue::GoodAboveTotal));
        assert_eq!(Count::bad(0, 1 << 32), Err(Untrue::TooMany));
        assert_eq!(Count::good(2, 5), Ok(Count::Observed { bad: 3, total: 5 }));
        assert_eq!(Count::bad(0, 0), Ok(Count::Empty));
    }

    #[test]
    fn nothing_is_known_enough_of_no_minutes() {
        let counts =
            |known, missing| Counts { known: Minutes::new(known), missing: Minutes::new(missing), ..Counts::default() };
        let tenth = Ppm::percent(10);
        assert!(!counts(0, 0).is_known_enough(Ppm::ONE));
        assert!(counts(9, 1).is_known_enough(tenth));
        assert!(!counts(8, 1).is_known_enough(tenth));
    }
}
