//! How many requests an OAuth client may send: what the platform says, what we allow ourselves, and what is kept back
//! for rollbacks.
//!
//! The platform counts by the minute and says with every answer how many were counted, how many are allowed, and in how
//! many seconds the count begins anew (`inin-ratelimit-count`, `-allowed`, `-reset`). Others use the same client too,
//! so what it says holds, and our own count only fills the time between two answers.

use std::time::Duration;

use base::Mono;

/// The count begins anew after this long.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Requests a minute for one token when the platform has not said anything yet.
pub const ALLOWED_DEFAULT: u32 = 300;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Anything that can wait.
    Ordinary,
    /// Going back to a version that works; may use what is kept back.
    Rollback,
}

/// What we allow ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ordinary requests in one window; the platform's advice is to be modest.
    pub ordinary_max: u32,
    /// Requests that are kept back for rollbacks, in per cent of what the platform allows.
    pub reserved_percent: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { ordinary_max: 60, reserved_percent: 20 }
    }
}

/// What is known of the present window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What the platform allows in a window.
    pub allowed: u32,
    /// What was counted in this one, by whomever.
    pub used: u32,
    /// What we used of it for ordinary things.
    pub ordinary: u32,
    /// When it ends.
    pub ends: Mono,
}

/// What the platform said with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Counted in this window.
    pub count: u32,
    /// Allowed in it.
    pub allowed: u32,
    /// Time until the next.
    pub reset: Duration,
}

impl Budget {
    /// At the start, when nothing was said yet.
    pub fn new(now: Mono) -> Self {
        Self { allowed: ALLOWED_DEFAULT, used: 0, ordinary: 0, ends: now + WINDOW }
    }

    /// Takes one request out of the budget, or says how long to wait for the next window.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(self, purpose: Purpose, policy: &Policy, now: Mono) -> Result<Self, Duration> {
        let mut budget = self.at(now);
        let reserved = budget.allowed * policy.reserved_percent.min(100) / 100;
        let is_free = match purpose {
            Purpose::Rollback => budget.used < budget.allowed,
            Purpose::Ordinary => {
                budget.used < budget.allowed - reserved && budget.ordinary < policy.ordinary_max.max(1)
            }
        };
        if !is_free {
            return Err(budget.ends.since(now));
        }
        budget.used += 1;
        budget.ordinary += u32::from(purpose == Purpose::Ordinary);
        Ok(budget)
    }

    /// Learns what the platform said. A count that is lower than ours is older than ours.
    #[must_use]
    pub fn learn(self, said: Said, now: Mono) -> Self {
        let budget = self.at(now);
        let ends = now + said.reset.min(WINDOW);
        Self { allowed: said.allowed.max(1), used: budget.used.max(said.count), ends, ..budget }
    }

    /// The window at `now`: a new one when the last has ended.
    fn at(self, now: Mono) -> Self {
        if now < self.ends { self } else { Self { used: 0, ordinary: 0, ends: now + WINDOW, ..self } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::ZERO + Duration::from_secs(seconds)
    }

    fn taken(mut budget: Budget, purpose: Purpose, policy: &Policy) -> (u32, Budget) {
        let mut count = 0;
        while let Ok(left) = budget.take(purpose, policy, at(1)) {
            budget = left;
            count += 1;
        }
        (count, budget)
    }

    #[test]
    fn ordinary_requests_leave_a_share_that_rollbacks_may_use() {
        let policy = Policy { ordinary_max: 1_000, reserved_percent: 20 };
        let (ordinary, budget) = taken(Budget::new(at(0)), Purpose::Ordinary, &policy);
        let (rollback, budget) = taken(budget, Purpose::Rollback, &policy);
        assert_eq!((ordinary, rollback), (240, 60));
        assert_eq!(budget.take(Purpose::Rollback, &policy, at(1)), Err(Duration::from_secs(59)));
        assert!(budget.take(Purpose::Ordinary, &policy, at(60)).is_ok());
    }

    #[test]
    fn we_are_modest_whatever_is_allowed() {
        assert_eq!(taken(Budget::new(at(0)), Purpose::Ordinary, &Policy::default()).0, 60);
    }

    #[test]
    fn what_the_platform_says_holds_and_an_older_count_does_not() {
        let policy = Policy::default();
        let told = Budget::new(at(0)).learn(Said { count: 170, allowed: 180, reset: Duration::from_secs(20) }, at(5));
        assert!(told.take(Purpose::Ordinary, &policy, at(6)).is_err(), "others have used it up");
        assert!(told.take(Purpose::Rollback, &policy, at(6)).is_ok());
        assert_eq!(told.learn(Said { count: 3, allowed: 180, reset: Duration::from_secs(20) }, at(6)).used, 170);
        assert!(told.take(Purpose::Ordinary, &policy, at(25)).is_ok(), "a new window");
    }
}
