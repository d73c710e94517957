//! Has it helped? After a rollback it is not enough that the old version is live: the errors must have become fewer.
//!
//! The odds against "the share of errors is still what it was when it was gone back" grow with every good minute
//! ([`Below`]). At 100 to 1 it is verified. When they are not there after a quarter of an hour and a hundred conversations,
//! it has not helped, and people are needed: going back once more would be guessing. When those hundred conversations do
//! not come, nobody knows, and people are needed, too.

use base::{Count, Minutes, Ratio};

use crate::evidence::{Below, Null};

/// What a recovery is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The odds that are needed.
    pub odds: f64,
    /// So long one waits at least before it has not helped ...
    pub patience: Minutes,
    /// ... and for so many conversations ...
    pub volume: u64,
    /// ... but never longer than this.
    pub patience_max: Minutes,
}

/// The proof as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recovery {
    minute: u32,
    /// Minutes of which something was known: silence is no sign that nothing has helped.
    known: u32,
    counted: Ratio,
    odds: Below,
}

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The share of errors has fallen.
    Verified,
    /// It has not, as far as can be seen.
    NotHelped,
    /// Too little was seen to say.
    Unseen,
}

impl Default for Policy {
    /// 100 to 1, a quarter of an hour and 100 conversations, four hours.
    fn default() -> Self {
        Self { odds: 100.0, patience: Minutes::new(15), volume: 100, patience_max: Minutes::hours(4) }
    }
}

impl Recovery {
    /// After one more minute, weighed against "the share is at least `null.share`".
    #[must_use]
    pub fn after(mut self, minute: Count, null: Null) -> Self {
        let (bad, total) = minute.pair();
        self.minute += 1;
        self.known += u32::from(minute.is_known());
        self.counted.part += u64::from(bad);
        self.counted.whole += u64::from(total);
        self.odds = self.odds.after(minute, null);
        self
    }

    /// What is known so far; `None` while it is too early.
    pub fn outcome(&self, policy: &Policy) -> Option<Outcome> {
        if policy.odds <= self.odds() {
            Some(Outcome::Verified)
        } else if policy.patience.get() <= self.known && policy.volume <= self.counted.whole {
            Some(Outcome::NotHelped)
        } else if policy.patience_max.get() <= self.minute {
            Some(Outcome::Unseen)
        } else {
            None
        }
    }

    /// The odds that the share of errors has fallen.
    pub fn odds(&self) -> f64 {
        self.odds.odds()
    }

    /// Errors and conversations since.
    pub const fn counted(&self) -> Ratio {
        self.counted
    }

    /// Minutes since.
    pub const fn minute(&self) -> u32 {
        self.minute
    }
}

#[cfg(test)]
mod tests;
