//! Why a call did not get a live answer, in one word each: the header, the body and the metrics use the same.

use api::Outcome;
use degrade::Fault;

/// Why a call was answered otherwise than by its upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The upstream answered; nothing to explain.
    Live,
    /// A kept answer was fresh enough not to ask.
    Fresh,
    /// The circuit is open.
    CircuitOpen,
    /// The circuit has just closed and admits a growing share of calls.
    Recovering,
    /// Released while waiting, because the upstream was found to hang.
    Stalled,
    /// No complete answer within the deadline.
    Timeout,
    /// Nobody listens at the upstream's address.
    Refused,
    /// No connection to the upstream.
    Unreachable,
    /// The connection broke before the answer was complete.
    Reset,
    /// The answer was not what the protocol or the contract promises.
    Garbage,
    /// The upstream answered 5xx.
    ServerError,
    /// The upstream answered 429.
    Throttled,
    /// The upstream rejected our credentials.
    Unauthorized,
    /// No token could be had in time.
    NoToken,
    /// The upstream's concurrency limit is reached.
    Limit,
    /// The organisation's or the upstream's slots are used up.
    Slots,
    /// The flow does without this lookup while its error budget is low.
    Trimmed,
}

impl Reason {
    /// Every reason, in the order of [`Reason::index`].
    pub const ALL: [Self; 17] = [
        Self::Live,
        Self::Fresh,
        Self::CircuitOpen,
        Self::Recovering,
        Self::Stalled,
        Self::Timeout,
        Self::Refused,
        Self::Unreachable,
        Self::Reset,
        Self::Garbage,
        Self::ServerError,
        Self::Throttled,
        Self::Unauthorized,
        Self::NoToken,
        Self::Limit,
        Self::Slots,
        Self::Trimmed,
    ];

    /// Position in [`Reason::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Fresh => "fresh",
            Self::CircuitOpen => "circuit_open",
            Self::Recovering => "recovering",
            Self::Stalled => "stalled",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Garbage => "garbage",
            Self::ServerError => "server_error",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::NoToken => "no_token",
            Self::Limit => "limit",
            Self::Slots => "slots",
            Self::Trimmed => "trimmed",
        }
    }

    /// How a call that took the fallback for this reason is counted: turned away, or let down.
    pub const fn fallback_outcome(self) -> Outcome {
        match self {
            Self::Limit | Self::Slots => Outcome::Shed,
            _ => Outcome::Fallback,
        }
    }
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused => Self::Refused,
            Fault::Connect => Self::Unreachable,
            Fault::Timeout | Fault::Abandoned => Self::Timeout,
            Fault::Reset => Self::Reset,
            Fault::Garbage => Self::Garbage,
            Fault::Server => Self::ServerError,
            Fault::Throttled => Self::Throttled,
            Fault::Unauthorized => Self::Unauthorized,
        }
    }
}

/// The word of an outcome on the wire.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Cached => "cached",
        Outcome::Fallback => "fallback",
        Outcome::Shed => "shed",
        Outcome::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_index() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index, "{}", reason.word());
        }
    }
}
