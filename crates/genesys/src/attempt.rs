//! What follows an attempt: try again, get a new token first, or give up.
//!
//! A request is tried again when that can do no harm: it only reads, or the platform says that it did nothing (429, 401,
//! and 503 with a time to wait). The time to wait is what the platform says (`Retry-After`, else the end of its window),
//! else a pause that grows, drawn by chance so that many clients do not come back together.

use std::time::Duration;

/// The most attempts of one request.
pub const ATTEMPTS_MAX: u32 = 5;

/// The pause before the second attempt, doubled for each further one.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause of our own.
const PAUSE_MAX: Duration = Duration::from_secs(20);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status; the time to wait, when the platform said.
    Status(u16, Option<Duration>),
    /// Without an answer.
    NoAnswer,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is an answer: take it, good or bad.
    Take,
    /// Try again after this long.
    Again(Duration),
    /// Get a new token, then try again at once.
    NewToken,
}

/// What follows the attempt with number `attempt`, from 1. `reads` is true for a request that changes nothing;
/// `renewed` when a new token was got for it already; `chance` is drawn from 0 to 1.
pub fn next(ended: Ended, attempt: u32, reads: bool, renewed: bool, chance: f64) -> Next {
    if let Ended::Status(401, _) = ended {
        return if renewed { Next::Take } else { Next::NewToken };
    }
    let did_nothing = matches!(ended, Ended::Status(429, _) | Ended::Status(503, Some(_)));
    let may_pass = matches!(ended, Ended::NoAnswer | Ended::Status(408 | 429 | 500 | 502 | 503 | 504, _));
    if !may_pass || attempt >= ATTEMPTS_MAX || !(reads || did_nothing) {
        return Next::Take;
    }
    let said = match ended {
        Ended::Status(_, wait) => wait,
        Ended::NoAnswer => None,
    };
    Next::Again(said.unwrap_or_else(|| {
        let most = PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(PAUSE_MAX);
        most.mul_f64(chance.clamp(0.0, 1.0))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_do_no_harm_is_tried_again() {
        let check =
            |ended, reads, expected| assert_eq!(next(ended, 1, reads, false, 1.0), expected, "{ended:?} {reads}");
        let said = Some(Duration::from_secs(7));
        check(Ended::Status(200, None), true, Next::Take);
        check(Ended::Status(404, None), true, Next::Take);
        check(Ended::Status(502, None), true, Next::Again(PAUSE));
        check(Ended::Status(502, None), false, Next::Take);
        check(Ended::NoAnswer, true, Next::Again(PAUSE));
        check(Ended::NoAnswer, false, Next::Take);
        check(Ended::Status(429, said), false, Next::Again(Duration::from_secs(7)));
        check(Ended::Status(503, said), false, Next::Again(Duration::from_secs(7)));
        check(Ended::Status(503, None), false, Next::Take);
    }

    #[test]
    fn a_rejected_token_is_renewed_once() {
        assert_eq!(next(Ended::Status(401, None), 1, false, false, 0.5), Next::NewToken);
        assert_eq!(next(Ended::Status(401, None), 2, false, true, 0.5), Next::Take);
    }

    #[test]
    fn pauses_grow_to_a_limit_and_attempts_end() {
        let pause = |attempt| next(Ended::NoAnswer, attempt, true, false, 1.0);
        assert_eq!([pause(1), pause(2), pause(3), pause(4)], [1, 2, 4, 8].map(|times| Next::Again(PAUSE * times)));
        assert_eq!(pause(ATTEMPTS_MAX), Next::Take);
        assert_eq!(next(Ended::NoAnswer, 3, true, false, 0.0), Next::Again(Duration::ZERO));
    }
}
