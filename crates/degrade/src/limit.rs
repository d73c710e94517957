//! How many calls can an upstream take at once?
//!
//! Additive growth, multiplicative retreat. Every second the limit is moved by what came back in that second:
//! time-outs and "too many requests" cut it by a tenth, answers well slower than usual shrink it in
//! proportion, and only a second without either, in which the limit was really used, lets it grow. There are no
//! measurement windows in which traffic is held back, and constant time-outs never look like calm.
//!
//! Less important calls are turned away first: enrichment may use four fifths of the limit, routing all of it.

use std::time::Duration;

/// Bounds of one upstream's concurrency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Never under this.
    pub min: u32,
    /// Never over this.
    pub max: u32,
    /// Where it starts.
    pub start: u32,
}

impl Default for LimitPolicy {
    fn default() -> Self {
        Self { min: 2, max: 50, start: 50 }
    }
}

/// What one second brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Good answers.
    pub good: u64,
    /// Time-outs and 429s.
    pub overloaded: u64,
    /// Most calls in flight at once.
    pub in_flight_max: u32,
    /// Mean latency of the good answers; `None` without any.
    pub typical: Option<Duration>,
    /// What it usually is; `None` before that is known.
    pub usual: Option<Duration>,
}

/// How much slower than usual answers may be before the limit shrinks.
const TOLERANCE: u32 = 2;

/// The limit for the next second.
pub fn next(limit: u32, policy: &LimitPolicy, second: &Second) -> u32 {
    let moved = if second.overloaded > 0 {
        limit - limit.div_ceil(10)
    } else if let (Some(typical), Some(usual)) = (second.typical, second.usual)
        && typical > usual.saturating_mul(TOLERANCE)
    {
        // Retreat in proportion, at most to a half in one second.
        let allowed = usual.saturating_mul(TOLERANCE).as_micros();
        let shrunk = u128::from(limit) * allowed / typical.as_micros().max(1);
        u32::try_from(shrunk).unwrap_or(limit).max(limit / 2)
    } else if second.good > 0 && second.in_flight_max.saturating_mul(2) >= limit {
        limit + limit.isqrt().max(1)
    } else {
        limit
    };
    moved.clamp(policy.min, policy.max)
}

/// How important a call is to the caller's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Decides where the caller goes.
    #[default]
    Routing,
    /// Only adds to what the agent sees.
    Enrichment,
}

/// True when a call of this importance may start beside `in_flight` others.
#[inline]
pub fn has_room(limit: u32, in_flight: u32, priority: Priority) -> bool {
    match priority {
        Priority::Routing => in_flight < limit,
        Priority::Enrichment => u64::from(in_flight) * 5 < u64::from(limit) * 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn calm() -> Second {
        Second { good: 100, in_flight_max: 50, typical: Some(40 * MS), usual: Some(40 * MS), overloaded: 0 }
    }

    #[test]
    fn the_limit_grows_only_when_it_is_used() {
        let policy = LimitPolicy { max: 100, ..LimitPolicy::default() };
        assert_eq!(next(50, &policy, &calm()), 57);
        assert_eq!(next(50, &policy, &Second { in_flight_max: 3, ..calm() }), 50);
    }

    #[test]
    fn constant_time_outs_never_let_it_grow() {
        let (policy, mut limit) = (LimitPolicy::default(), 50);
        for _ in 0..100 {
            let after = next(limit, &policy, &Second { overloaded: 5, typical: None, ..calm() });
            assert!(after <= limit);
            limit = after;
        }
        assert_eq!(limit, policy.min);
    }

    #[test]
    fn slower_answers_shrink_it_in_proportion() {
        assert_eq!(next(50, &LimitPolicy::default(), &Second { typical: Some(100 * MS), ..calm() }), 40);
        assert_eq!(next(50, &LimitPolicy::default(), &Second { typical: Some(4_000 * MS), ..calm() }), 25);
    }

    #[test]
    fn an_idle_second_changes_nothing() {
        assert_eq!(next(17, &LimitPolicy::default(), &Second::default()), 17);
    }

    #[test]
    fn enrichment_is_turned_away_before_routing() {
        assert!(has_room(10, 7, Priority::Enrichment));
        assert!(!has_room(10, 8, Priority::Enrichment));
        assert!(has_room(10, 9, Priority::Routing));
        assert!(!has_room(10, 10, Priority::Routing));
    }
}
