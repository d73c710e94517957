//! What a circuit says when it changes: one record per transition, enough to page and to replay.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::{Now, Ratio};

/// Where a circuit stands. Closed lets calls through, open blocks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Calls pass.
    Closed,
    /// Calls are answered without asking the upstream.
    Open,
    /// Probes decide whether calls may pass again.
    HalfOpen,
}

/// What is wrong with one failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nobody listens at the address.
    Refused,
    /// No connection: DNS, TLS, unreachable, time-out while connecting.
    Connect,
    /// No complete answer within the call's deadline.
    Timeout,
    /// The connection broke before the answer was complete.
    Reset,
    /// The answer is not what the protocol or the contract promises.
    Garbage,
    /// The upstream says that it failed (5xx).
    Server,
    /// The upstream says that it is asked too often (429).
    Throttled,
    /// Our credentials were not accepted, even after renewal.
    Unauthorized,
    /// The caller gave up while the upstream was silent.
    Abandoned,
}

/// Why a circuit changed; page, log, metrics and tests read the same cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// So many hard failures in a row.
    ConsecutiveFailures {
        /// How many.
        count: u32,
        /// What the last one was.
        last: Fault,
    },
    /// Too large a share of the window's calls failed.
    FailureRate(Ratio),
    /// Too large a share of the window's calls was slow.
    SlowRate(Ratio),
    /// Calls in flight are silent although others should have come back.
    Stalled {
        /// Callers that wait.
        waiting: u32,
        /// How long the oldest has waited.
        oldest: Duration,
    },
    /// No confirming probe was answered while callers waited.
    StallConfirmed {
        /// How long the oldest caller has waited.
        oldest: Duration,
    },
    /// A person or a policy opened it.
    Ordered,
    /// The time to wait after opening is over and callers may probe.
    RecoveryElapsed,
    /// The first probe came back good.
    ProbeAnswered,
    /// A probe failed.
    ProbeFailed(Fault),
    /// Enough probes in a row came back good.
    Recovered {
        /// How many.
        probes: u32,
    },
}

/// Evidence at the moment of a transition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good answers in the sliding window.
    pub good: u64,
    /// Failures in the sliding window.
    pub bad: u64,
    /// Slow answers in the sliding window (also counted as good).
    pub slow: u64,
    /// Hard failures since the last success.
    pub consecutive: u32,
    /// Calls in flight.
    pub waiting: u32,
}

/// One change of one circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The upstream that the circuit guards.
    pub upstream: Arc<str>,
    /// The circuit's name, unique in a gateway.
    pub circuit: Arc<str>,
    /// Counts up with every change; results of calls from older generations are ignored.
    pub generation: u32,
    /// Before.
    pub from: Phase,
    /// After.
    pub to: Phase,
    /// Why.
    pub cause: Cause,
    /// On what evidence.
    pub counts: Counts,
    /// When.
    pub at: Now,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Connect => "no connection",
            Self::Timeout => "time-out",
            Self::Reset => "connection reset",
            Self::Garbage => "unusable answer",
            Self::Server => "server error",
            Self::Throttled => "too many requests",
            Self::Unauthorized => "credentials rejected",
            Self::Abandoned => "caller gave up",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConsecutiveFailures { count, last } => {
                write!(f, "{count} failures in a row, last: {last}")
            }
            Self::FailureRate(ratio) => write!(f, "{ratio} calls failed"),
            Self::SlowRate(ratio) => write!(f, "{ratio} calls were slow"),
            Self::Stalled { waiting, oldest } => {
                write!(f, "{waiting} calls in silence, the oldest for {} ms", oldest.as_millis())
            }
            Self::StallConfirmed { oldest } => {
                write!(f, "a caller in silence for {} ms, and no probe was answered", oldest.as_millis())
            }
            Self::Ordered => f.write_str("opened by order"),
            Self::RecoveryElapsed => f.write_str("the recovery time is over"),
            Self::ProbeAnswered => f.write_str("a probe was answered"),
            Self::ProbeFailed(fault) => write!(f, "a probe failed: {fault}"),
            Self::Recovered { probes } => write!(f, "{probes} probes in a row were answered"),
        }
    }
}
