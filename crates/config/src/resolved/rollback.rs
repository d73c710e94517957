//! When a release is gone back from, and how far that goes by itself.

use std::time::Duration;

use base::Minutes;
use rollback::act::Locked;
use rollback::{Mode, Policy};

/// When a release is gone back from.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// What a release is held to.
    pub policy: Policy,
    /// Rollbacks of healthy releases that are put up with, a year; [`Policy::alpha`] is made of it ...
    pub false_rollbacks_per_year: f64,
    /// ... and of the releases that it is spread over.
    pub releases_per_year: u32,
    /// So much of a flow's past says what is normal.
    pub history: Minutes,
    /// So much must be known of it before the flow is gone back automatically.
    pub arm_after: Minutes,
    /// So long after a rollback there is no other.
    pub lockout: Duration,
    /// What to do when somebody else has the flow locked.
    pub locked: Locked,
    /// In the order of the file.
    pub flows: Vec<RollbackFlow>,
}

/// A flow whose releases are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackFlow {
    /// Its id or name.
    pub name: String,
    /// What becomes of a release that is bad.
    pub mode: Mode,
    /// The flows of this section that fail with it when the platform does, as they are called here; all the others
    /// when `None`.
    pub siblings: Option<Vec<String>>,
}
