//! Exact ratios: counts compared by cross-multiplying, and integer parts per million.

use std::cmp::Ordering;
use std::fmt;

/// A share in parts per million: exact, comparable, never a float.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ppm(u32);

impl Ppm {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// `parts` per million; more than a million is refused.
    pub const fn new(parts: u32) -> Option<Self> {
        if parts <= 1_000_000 { Some(Self(parts)) } else { None }
    }

    /// `percent` of the whole, capped at 100.
    pub const fn percent(percent: u32) -> Self {
        Self(if percent >= 100 { 1_000_000 } else { percent * 10_000 })
    }

    /// The parts per million.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 { write!(f, "{whole} %") } else { write!(f, "{whole}.{:02} %", rest / 100) }
    }
}

/// `part` of `whole`, kept as the two counts it was measured as.
///
/// No samples is not 0 % and not 100 %: compare with [`Ratio::compare`], which answers `None` then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// How many of the whole.
    pub part: u64,
    /// All that was counted.
    pub whole: u64,
}

impl Ratio {
    /// Compares with a share, exactly; `None` when nothing was counted.
    pub fn compare(self, share: Ppm) -> Option<Ordering> {
        if self.whole == 0 {
            return None;
        }
        let (left, right) = (u128::from(self.part) * 1_000_000, u128::from(self.whole) * u128::from(share.get()));
        Some(left.cmp(&right))
    }

    /// True when something was counted and the share is reached.
    pub fn reaches(self, share: Ppm) -> bool {
        matches!(self.compare(share), Some(Ordering::Equal | Ordering::Greater))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.part, self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_samples_reach_nothing_and_miss_nothing() {
        let none = Ratio { part: 0, whole: 0 };
        assert_eq!(none.compare(Ppm::ZERO), None);
        assert!(!none.reaches(Ppm::ZERO));
    }

    #[test]
    fn comparison_is_exact_at_the_edge() {
        let third = Ratio { part: 1, whole: 3 };
        assert!(third.reaches(Ppm::new(333_333).unwrap()));
        assert!(!third.reaches(Ppm::new(333_334).unwrap()));
    }

    #[test]
    fn shares_read_as_percent() {
        assert_eq!(Ppm::percent(50).to_string(), "50 %");
        assert_eq!(Ppm::new(2_500).unwrap().to_string(), "0.25 %");
        assert_eq!(Ppm::new(1_000_001), None);
    }
}
