//! What will happen, in order: by time, and within one instant by who was first to say so.

use std::collections::BTreeMap;

use base::Mono;

use super::callers::Due;

#[derive(Debug, Default)]
pub(super) struct Agenda {
    pub(super) due: BTreeMap<(Mono, u64), Due>,
    /// The number that was given last.
    pub(super) sequence: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Mono, due: Due) {
        self.sequence += 1;
        self.due.insert((at, self.sequence), due);
    }

    /// When the next thing happens.
    pub(super) fn next(&self) -> Option<Mono> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next thing that is to happen by `until`, with its time.
    pub(super) fn pop(&mut self, until: Mono) -> Option<(Mono, Due)> {
        let (&(at, sequence), _) = self.due.first_key_value().filter(|((at, _), _)| *at <= until)?;
        let due = self.due.remove(&(at, sequence))?;
        Some((at, due))
    }

    /// Forgets what `is_over` says is over.
    pub(super) fn forget(&mut self, mut is_over: impl FnMut(&Due) -> bool) {
        self.due.retain(|_, due| !is_over(due));
    }
}
