//! From which minute on is an objective asked for, after it was not told while others of its source were?

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use budget::Minute;

use super::pace::CATCH_UP_MAX;

/// The first minute that each objective still lacks.
#[derive(Debug, Default)]
pub(super) struct Arrears(Mutex<BTreeMap<usize, Minute>>);

impl Arrears {
    /// The first minute to ask for: `from`, or an earlier one that is still lacking, but not from too long ago.
    pub(super) fn first(&self, objective: usize, from: Minute, until: Minute) -> Minute {
        let lacking = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&objective).copied();
        lacking.map_or(from, |lacking| lacking.min(from).max(until - CATCH_UP_MAX))
    }

    /// The objective was told up to now, or was not told from `first` on.
    pub(super) fn note(&self, objective: usize, first: Minute, is_told: bool) {
        let mut lacking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_told {
            lacking.remove(&objective);
        } else {
            lacking.insert(objective, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_asked_for_until_it_is_told_or_too_old() {
        let (arrears, minute) = (Arrears::default(), Minute::new);
        assert_eq!(arrears.first(1, minute(97), minute(100)), minute(97));
        arrears.note(1, minute(97), false);
        assert_eq!(arrears.first(1, minute(98), minute(101)), minute(97));
        assert_eq!(arrears.first(2, minute(98), minute(101)), minute(98), "the others lack nothing");
        assert_eq!(arrears.first(1, minute(998), minute(1_001)), minute(641));
        arrears.note(1, minute(641), true);
        assert_eq!(arrears.first(1, minute(999), minute(1_002)), minute(999));
    }
}
