//! What the book lately did, as it did it: the raw facts behind incidents, modes and audit.

use std::collections::VecDeque;

use budget::Minute;
use budget::book::Effect;

/// The most effects that are remembered; older ones are forgotten.
pub const HAPPENED_MAX: usize = 4_096;

/// One effect of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Its place in the order of all since the start, from 1 on.
    pub seq: u64,
    /// The minute in which it followed.
    pub at: Minute,
    /// What followed.
    pub effect: Effect,
}

/// The latest effects.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    seq: u64,
    latest: VecDeque<Happened>,
}

impl Happenings {
    pub(super) fn put(&mut self, effect: Effect, at: Minute) {
        self.seq += 1;
        if HAPPENED_MAX <= self.latest.len() {
            self.latest.pop_front();
        }
        self.latest.push_back(Happened { seq: self.seq, at, effect });
    }

    pub(super) fn since(&self, seq: u64) -> Vec<Happened> {
        self.latest.iter().filter(|happened| seq < happened.seq).cloned().collect()
    }
}
