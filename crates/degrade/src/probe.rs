//! When is an upstream asked whether it is back?
//!
//! An upstream that cannot be reached costs nothing to ask, so it is asked often: callers are served again
//! within a fraction of a second. One that answers "I am failing" or "not so often" is under load already, so
//! it is asked seldom. After a minute of either, the pace slows down to the slowest.

use std::time::Duration;

use base::Ppm;

use crate::circuit::{Pause, Policy, Prober};
use crate::record::Fault;
use crate::retry_after::RETRY_AFTER_MAX;

/// Spread of every delay, either way.
pub const JITTER: Ppm = Ppm::percent(20);
/// How soon an idle upstream that failed one probe is asked again.
pub const IDLE_RECHECK: Duration = Duration::from_secs(1);
/// How soon a probe looks again for a free place in flight.
pub(crate) const PLACE_RECHECK: Duration = Duration::from_millis(20);

/// How often our own probes ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between probes of an unreachable upstream.
    pub fast: Duration,
    /// Between probes of one that answers with errors; doubles up to `slowest`.
    pub gentle: Duration,
    /// The pace after `fast_for`, and the cap of every delay that the upstream did not ask for.
    pub slowest: Duration,
    /// How long after opening the fast pace lasts.
    pub fast_for: Duration,
    /// Patience of a probe that runs beside one with a caller's patience.
    pub brisk: Duration,
    /// With no call for this long, a closed circuit is probed too; `None` never is.
    pub idle: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            fast: Duration::from_millis(80),
            gentle: Duration::from_secs(1),
            slowest: Duration::from_secs(5),
            fast_for: Duration::from_secs(60),
            brisk: Duration::from_millis(250),
            idle: Some(Duration::from_secs(60)),
        }
    }
}

/// The pause that a failure demands before the next question.
pub(crate) fn after(policy: &Policy, fault: Fault, retry_after: Option<Duration>) -> Pause {
    let own = match &policy.recovery.by {
        Prober::Own(pace) if is_alive(fault) => pace.gentle,
        Prober::Own(pace) => pace.fast,
        Prober::Callers { wait, .. } => *wait,
    };
    Pause { at_least: own.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX)) }
}

/// The next question after `attempts` failed ones, `open_for` after the circuit opened.
pub(crate) fn delay(policy: &Policy, open_for: Duration, attempts: u32, pause: Pause) -> Duration {
    let own = match &policy.recovery.by {
        Prober::Own(pace) => {
            let is_gentle = pause.at_least >= pace.gentle;
            let slow = if is_gentle { doubled(pace.gentle, attempts, pace.slowest) } else { pace.fast };
            if open_for >= pace.fast_for { pace.slowest.max(slow) } else { slow }
        }
        Prober::Callers { wait, wait_max } => doubled(*wait, attempts, *wait_max),
    };
    own.max(pause.at_least)
}

/// True when the upstream is there and says no, false when it cannot be reached.
fn is_alive(fault: Fault) -> bool {
    match fault {
        Fault::Garbage | Fault::Server | Fault::Throttled | Fault::Unauthorized => true,
        Fault::Refused | Fault::Connect | Fault::Timeout | Fault::Reset | Fault::Abandoned => false,
    }
}

/// `base` × 2^`attempts`, at most `cap`.
pub(crate) fn doubled(base: Duration, attempts: u32, cap: Duration) -> Duration {
    base.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(cap)
}
