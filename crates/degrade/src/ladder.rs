//! What is served instead of an answer?
//!
//! The ladder: a kept answer that is still fresh, the live answer, a kept answer that is stale but not too old
//! (so that a VIP stays a VIP), the route's typed fallback, and an error only where none of these exists.

use std::time::Duration;

/// Which kept answers one route may serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LadderPolicy {
    /// A kept answer this young is served without asking the upstream; `None` always asks.
    pub fresh_for: Option<Duration>,
    /// A kept answer at most this old is served when the upstream cannot be asked; `None` keeps none.
    pub stale_for: Option<Duration>,
    /// The route has a typed fallback.
    pub has_fallback: bool,
}

/// One rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// The kept answer, so old.
    Kept(Duration),
    /// The typed fallback.
    Fallback,
    /// Nothing to offer.
    Error,
}

/// True when a kept answer of this age makes asking unnecessary.
pub fn is_fresh(policy: &LadderPolicy, age: Duration) -> bool {
    policy.fresh_for.is_some_and(|fresh_for| age <= fresh_for)
}

/// The rung for a call that gets no live answer; `kept` is the age of the kept answer, if there is one.
pub fn rung(policy: &LadderPolicy, kept: Option<Duration>) -> Rung {
    match (kept, policy.stale_for) {
        (Some(age), Some(stale_for)) if age <= stale_for => Rung::Kept(age),
        _ if policy.has_fallback => Rung::Fallback,
        _ => Rung::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_ladder_is_climbed_down_rung_by_rung() {
        let policy = LadderPolicy { fresh_for: None, stale_for: Some(MINUTE), has_fallback: true };
        assert_eq!(rung(&policy, Some(MINUTE)), Rung::Kept(MINUTE));
        assert_eq!(rung(&policy, Some(MINUTE * 2)), Rung::Fallback);
        assert_eq!(rung(&policy, None), Rung::Fallback);
        assert_eq!(rung(&LadderPolicy::default(), None), Rung::Error);
    }

    #[test]
    fn a_route_that_keeps_nothing_serves_nothing_kept() {
        let policy = LadderPolicy { has_fallback: true, ..LadderPolicy::default() };
        assert_eq!(rung(&policy, Some(Duration::ZERO)), Rung::Fallback);
        assert!(!is_fresh(&policy, Duration::ZERO));
    }
}
