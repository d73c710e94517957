//! Every check by its name.

use crate::checks::{
    budget::Budget, faults::Faults, herd::Herd, latency::Latency, lock::Lock, observability::Observability,
    parity::Parity, quota::Quota, recovery::Recovery, sessions::Sessions, trunks::Trunks, validity::Validity,
};
use crate::facts::Facts;
use crate::finding::Judged;
use crate::plan::Plan;

/// Something that a launch must stand.
pub trait Check: Sync {
    /// What the facts say to it.
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged;
}

/// A check and what it is called.
pub struct Entry {
    /// Its name in files and reports.
    pub id: &'static str,
    /// What it asks, in a line.
    pub title: &'static str,
    /// Its page, as Markdown.
    pub page: &'static str,
    /// The check.
    pub check: &'static dyn Check,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

macro_rules! entry {
    ($id:literal, $title:literal, $check:expr) => {
        Entry {
            id: $id,
            title: $title,
            page: include_str!(concat!("../../../docs/checks/", $id, ".md")),
            check: &$check,
        }
    };
}

/// Every check, in the order of a review.
pub const CHECKS: &[Entry] = &[
    entry!("flow-validity", "Are the flows sound, and is there everything that they use?", Validity),
    entry!("flow-lock", "Does nobody else work on the flows?", Lock),
    entry!("latency", "Do the integrations answer, and in time?", Latency),
    entry!("fault-matrix", "Where do callers end when a Data Action fails?", Faults),
    entry!("thundering-herd", "Do retries leave a dying upstream alone?", Herd),
    entry!("quota", "Is there room for the launch?", Quota),
    entry!("sessions", "Do sessions end with their calls?", Sessions),
    entry!("trunks", "Do calls have more than one way in and out?", Trunks),
    entry!("parity", "Is the sandbox like production?", Parity),
    entry!("error-budget", "Is there reliability left to spend?", Budget),
    entry!("recovery", "Would callers be served if the region were lost?", Recovery),
    entry!("observability", "Would anybody notice?", Observability),
];

/// The check of this name.
pub fn find(id: &str) -> Option<&'static Entry> {
    CHECKS.iter().find(|check| check.id == id)
}
