//! The guide's rule: the rate of errors is above a threshold for so many minutes in a row.
//!
//! What the guide calls hysteresis is persistence. Here it has both: it trips above one rate, and once it has tripped it
//! clears only below a lower one, for as many minutes. A rate needs something to be the rate of: the minutes in a row must
//! have had so many conversations together, so that one caller at 3 AM is no rate of 100 %. Minutes without
//! conversations, and minutes of which nothing is known, neither prolong a row nor end it.

use std::cmp::Ordering;

use base::{Count, Ppm, Ratio};

/// When the rule trips and when it clears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// It trips above this share of errors.
    pub trip: Ppm,
    /// It clears below this one.
    pub clear: Ppm,
    /// For so many minutes in a row, both.
    pub minutes: u16,
    /// So many conversations they must have had, to trip.
    pub volume: u64,
}

/// Where the rule stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Minutes in a row above the threshold, or, once it has tripped, below the one that clears it.
    minutes: u16,
    /// What was counted in those above it.
    counted: Ratio,
    is_tripped: bool,
}

impl Default for Policy {
    /// The guide's 5 % for three minutes; 3 % to clear it and 20 conversations are ours.
    fn default() -> Self {
        Self { trip: Ppm::percent(5), clear: Ppm::percent(3), minutes: 3, volume: 20 }
    }
}

impl Row {
    /// After one more minute.
    #[must_use]
    pub fn after(self, policy: &Policy, minute: Count) -> Self {
        let Count::Observed { bad, total } = minute else { return self };
        let rate = Ratio { part: bad.into(), whole: total.into() };
        let goes_on = if self.is_tripped {
            rate.compare(policy.clear) == Some(Ordering::Less)
        } else {
            rate.compare(policy.trip) == Some(Ordering::Greater)
        };
        if !goes_on {
            let counted = if self.is_tripped { self.counted } else { Ratio::default() };
            return Self { minutes: 0, counted, ..self };
        }
        let minutes = self.minutes.saturating_add(1);
        let counted = Ratio { part: self.counted.part + rate.part, whole: self.counted.whole + rate.whole };
        let is_long = policy.minutes <= minutes;
        match self.is_tripped {
            true if is_long => Self::default(),
            false if is_long && policy.volume <= counted.whole => Self { minutes: 0, counted, is_tripped: true },
            true => Self { minutes, ..self },
            false => Self { minutes, counted, is_tripped: false },
        }
    }

    /// Whether it holds.
    pub const fn is_tripped(self) -> bool {
        self.is_tripped
    }

    /// Errors and conversations of the minutes in a row by which it may trip or has.
    pub const fn counted(self) -> Ratio {
        self.counted
    }
}

#[cfg(test)]
mod tests;
