//! What is promised of flows that somebody else has locked.

use rollback::act::Locked;

use super::Evidence;

/// S13: a lock is taken away from somebody only where that is the policy, and only to go back from what that flow's callers
/// get; where it is, nobody's lock is in the way.
pub(in crate::days) fn locks_are_taken_away_only_where_they_may_be(seen: &Evidence) -> Result<(), String> {
    for unlocked in &seen.unlocked {
        let (flow, holder, at) = unlocked;
        if seen.locked == Locked::HandOver {
            return Err(format!("{flow} was taken from {holder} at {at:?}"));
        }
        let is_open = seen.carried.iter().any(|it| it.is_open_at(*at) && it.flow == *flow);
        if !is_open {
            return Err(format!("{flow} was taken from {holder} at {at:?} for nothing"));
        }
    }
    let handed_over = seen.carried.iter().find(|it| it.outcome.as_deref() == Some("locked"));
    match handed_over.filter(|_| seen.locked == Locked::Unlock) {
        Some(carried) => Err(format!("{carried:?} has left the lock to its holder")),
        None => Ok(()),
    }
}
