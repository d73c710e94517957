//! What episodes came to.

use std::ops::Add;

/// How often what has happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Played {
    pub(crate) broken: u64,
    pub(crate) releases: u64,
    pub(crate) good: u64,
    pub(crate) good_gone_back: u64,
    pub(crate) rollbacks: u64,
    pub(crate) live: u64,
    pub(crate) recovered: u64,
    pub(crate) crashes: u64,
    pub(crate) takeovers: u64,
    pub(crate) cured: u64,
    pub(crate) shadowed: u64,
    pub(crate) blamed: u64,
    pub(crate) unlocked: u64,
    pub(crate) leaks: u64,
}

impl Add for Played {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            broken: self.broken + more.broken,
            releases: self.releases + more.releases,
            good: self.good + more.good,
            good_gone_back: self.good_gone_back + more.good_gone_back,
            rollbacks: self.rollbacks + more.rollbacks,
            live: self.live + more.live,
            recovered: self.recovered + more.recovered,
            crashes: self.crashes + more.crashes,
            takeovers: self.takeovers + more.takeovers,
            cured: self.cured + more.cured,
            shadowed: self.shadowed + more.shadowed,
            blamed: self.blamed + more.blamed,
            unlocked: self.unlocked + more.unlocked,
            leaks: self.leaks + more.leaks,
        }
    }
}
