//! What a launch is to be held to.

use std::collections::BTreeMap;
use std::time::Duration;

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is to be launched.
    pub name: String,
    /// Who is told when it must not go ahead.
    pub owner: Option<String>,
    /// The flows, by name.
    pub flows: Vec<String>,
    /// The integrations.
    pub integrations: Vec<PlannedIntegration>,
    /// What is expected of callers.
    pub load: Load,
    /// What is put up with.
    pub limits: Limits,
    /// Licences, by their ids.
    pub licences: BTreeMap<String, Licence>,
    /// Objectives whose budget must not be gone.
    pub objectives: Vec<String>,
    /// How sessions are watched; `None` when they are not.
    pub sessions: Option<Sessions>,
    /// What must be there when the region is lost; `None` when nothing was planned.
    pub recovery: Option<Recovery>,
    /// Differences to the second organisation that people have accepted.
    pub accepted: Vec<Difference>,
    /// Checks that are left out, by id, and why.
    pub skipped: BTreeMap<String, String>,
}

/// An integration of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedIntegration {
    /// Its name.
    pub name: String,
    /// Who owns what is behind it.
    pub owner: Option<String>,
    /// The objective that it is measured by.
    pub objective: Option<String>,
}

/// What is expected of callers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Calls a minute, all together, once the launch is out.
    pub calls_per_minute: f64,
    /// Those of them that are new.
    pub added_per_minute: f64,
    /// How long a call takes, from its beginning to its end.
    pub handle_time: Duration,
    /// Requests a minute that the launch sends to the platform.
    pub requests_per_minute: u32,
    /// How long a caller puts up with silence.
    pub patience: Duration,
}

/// What is put up with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The longest that 19 of 20 answers of an integration may take, whatever they say.
    pub latency: Duration,
    /// How far the medians of two vantage points may lie apart.
    pub latency_gap: Duration,
    /// The most attempts of one Data Action, the first included.
    pub attempts: u32,
    /// The most that retries at their peak may be of what they are on the average.
    pub peak_over_mean: f64,
    /// From this share on of what there is, a warning, in per cent.
    pub used_percent: u64,
    /// Below this share of what there is left, the launch is kept back, in per cent.
    pub left_percent: u64,
    /// So many carriers must be there for calls in and out.
    pub carriers: usize,
    /// A lock that is older than this was forgotten.
    pub stale_lock: Duration,
}

impl Default for Limits {
    /// The values of the guide; carriers and the age of a lock are ours.
    fn default() -> Self {
        Self {
            latency: Duration::from_secs(4),
            latency_gap: Duration::from_millis(200),
            attempts: 3,
            peak_over_mean: 3.0,
            used_percent: 80,
            left_percent: 10,
            carriers: 2,
            stale_lock: Duration::from_hours(1),
        }
    }
}

/// How many of a licence there are, and will be needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Licence {
    /// How many were bought; `None` when the plan does not say it.
    pub bought: Option<u64>,
    /// How many more the launch needs.
    pub added: u64,
}

/// How sessions are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// For how long.
    pub window: Duration,
    /// A call that is open for longer was left open.
    pub longest: Duration,
    /// Whether what was left open is ended.
    pub ends: bool,
}

impl Sessions {
    /// What [`Sessions::longest`] is unless a plan says otherwise: longer than anybody waits and talks, and short enough for
    /// what is left open in the morning to be found in the evening.
    pub const LONGEST: Duration = Duration::from_hours(4);
}

/// What must be there when the region is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Emergency groups, by name.
    pub groups: Vec<String>,
    /// Numbers, in E.164.
    pub numbers: Vec<String>,
}

/// A difference between two organisations that people have accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The kind of thing.
    pub kind: String,
    /// Its name; `*` for all of them.
    pub name: String,
    /// The setting; `*` for all of them, and for things that only one side has.
    pub setting: String,
    /// Why it is so.
    pub why: String,
}
