//! Trouble of the platform itself: callers of all flows fail together, whatever version they get.

use base::{Minute, Stretch};

/// A shock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shock {
    pub(crate) minutes: Stretch,
    /// So many times the callers fail who fail of a flow that is well.
    pub(crate) times: f64,
}

/// What fails in a minute of a flow of which this share fails when it is well, and this one now.
pub(super) fn shocked(shocks: &[Shock], minute: Minute, normal: f64, share: f64) -> f64 {
    let of_minute = shocks.iter().filter(|shock| shock.minutes.contains(minute));
    of_minute.map(|shock| (normal * shock.times).min(1.0)).fold(share, f64::max)
}
