//! When a token is used, and when it is renewed.
//!
//! A token of the platform stays valid until it expires, whatever is issued besides. So it is renewed when four fifths
//! of its life are over, by one caller for all, and the old one is used meanwhile: also while the login host is down.

use std::time::Duration;

use base::Mono;

/// The part of a token's life after which it is renewed: four fifths.
const RENEW_AFTER: (u32, u32) = (4, 5);

/// A token is not used in the last moments of its life: a request takes time to arrive.
const MARGIN: Duration = Duration::from_secs(10);

/// How long to leave the login host alone after a renewal failed while the old token still holds.
pub const PAUSE: Duration = Duration::from_secs(15);

/// When a token was issued, and how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When it was issued.
    pub issued: Mono,
    /// How long it lives.
    pub length: Duration,
    /// The last time that a renewal was tried and failed.
    pub failed: Option<Mono>,
}

/// What to do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Use the token.
    Use,
    /// Use the token, and renew it if nobody does.
    UseAndRenew,
    /// There is none that can be used: wait for a new one.
    Wait,
}

/// What to do at `now` with the token that there is.
pub fn action(life: Option<&Life>, now: Mono) -> Action {
    let Some(life) = life else { return Action::Wait };
    let age = now.since(life.issued);
    // Short-lived tokens are used for nine tenths of their life rather than not at all.
    let margin = MARGIN.min(life.length / 10);
    if age + margin >= life.length {
        return Action::Wait;
    }
    let is_due = age >= life.length * RENEW_AFTER.0 / RENEW_AFTER.1;
    let is_paused = life.failed.is_some_and(|failed| now.since(failed) < PAUSE);
    if is_due && !is_paused { Action::UseAndRenew } else { Action::Use }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_renewed_ahead_of_its_end_and_used_until_then() {
        let life = Life { issued: at(0), length: Duration::from_secs(1_000), failed: None };
        let told = |seconds| action(Some(&life), at(seconds));
        assert_eq!(
            [told(0), told(799), told(800), told(989), told(990), told(5_000)].map(|action| format!("{action:?}")),
            ["Use", "Use", "UseAndRenew", "UseAndRenew", "Wait", "Wait"]
        );
        assert_eq!(action(None, at(0)), Action::Wait);
    }

    #[test]
    fn a_login_host_that_is_down_is_left_alone_while_the_token_holds() {
        let life = Life { issued: at(0), length: Duration::from_secs(1_000), failed: Some(at(810)) };
        assert_eq!(action(Some(&life), at(824)), Action::Use);
        assert_eq!(action(Some(&life), at(825)), Action::UseAndRenew);
        assert_eq!(action(Some(&life), at(995)), Action::Wait);
    }
}
