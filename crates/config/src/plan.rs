//! Plans of reviews: files of their own, read as the configuration is, whole or not at all.

pub mod raw;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use review::{CHECKS, Difference, Licence, Limits, Load, Plan, PlannedIntegration, Recovery, Sessions};
use serde_json::{Map, Value};
use serde_saphyr::Location;

use crate::problem::{Invalid, Problem, suggest};
use crate::syntax;

const HANDLE_TIME: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_secs(8);
const SAMPLES: u32 = 50;
/// More tries say little more, and use up what the platform allows.
const SAMPLES_MAX: u32 = 1_000;
const PACE: Duration = Duration::from_millis(200);
/// Whoever is on a call for so long may well be talking.
const OPEN_MIN: Duration = Duration::from_mins(15);
/// The platform looks no further back.
const OPEN_MAX: Duration = Duration::from_hours(7 * 24);
/// No centre on earth has more.
const CALLS_PER_MINUTE_MAX: f64 = 100_000.0;

/// A plan, and where to learn what it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// What the launch is held to.
    pub plan: Plan,
    /// Where the text of flows is read from, by their names.
    pub files: BTreeMap<String, PathBuf>,
    /// How integrations are asked, by their names.
    pub questions: BTreeMap<String, Question>,
    /// How often each.
    pub samples: u32,
    /// The pause between two tries.
    pub pace: Duration,
    /// The target that the reviewed one is compared with.
    pub compare: Option<String>,
    /// The scenario for a twin.
    pub twin: Option<PathBuf>,
}

/// How an integration is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// By which Data Action; by its first when nothing is said.
    pub action: Option<String>,
    /// With what.
    pub inputs: Map<String, Value>,
}

/// Reads a plan from text; `file` is its path, from whose folder other files are named.
///
/// # Errors
/// All problems that were found.
pub fn load_plan(file: &Path, source: &str) -> Result<Launch, Box<Invalid>> {
    let name = file.display().to_string();
    let invalid = |problems| Box::new(Invalid { file: name.clone(), source_text: source.to_owned(), problems });
    let raw: raw::Plan = serde_saphyr::from_str(source).map_err(|error| invalid(vec![syntax(source, &error)]))?;
    let mut problems = wrong(source, &raw);
    if problems.is_empty() {
        return Ok(launch(raw, file.parent().unwrap_or(Path::new(""))));
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(invalid(problems))
}

/// The JSON schema of a plan, for editors.
pub fn plan_schema() -> Value {
    schemars::schema_for!(raw::Plan).to_value()
}

fn wrong(source: &str, raw: &raw::Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tell = |at: Location, message: String, hint: String| {
        problems.push(Problem::at(source, at, message, hint));
    };
    if raw.flows.value.is_empty() {
        tell(raw.flows.referenced, "a plan without a flow".to_owned(), "name the flows of the launch".to_owned());
    }
    let load = &raw.load.value;
    let is_rate = |rate: f64| (0.0..=CALLS_PER_MINUTE_MAX).contains(&rate);
    if !is_rate(load.calls_per_minute) || !is_rate(load.added_per_minute) || load.calls_per_minute <= 0.0 {
        let hint = format!("`callsPerMinute` is above 0 and at most {CALLS_PER_MINUTE_MAX}");
        tell(raw.load.referenced, "this is no load of calls".to_owned(), hint);
    }
    if let Some(samples) = raw.probes.samples.as_ref().filter(|it| !(1..=SAMPLES_MAX).contains(&it.value)) {
        tell(samples.referenced, "so many tries cannot be made".to_owned(), format!("from 1 to {SAMPLES_MAX}"));
    }
    if let Some(sessions) = &raw.sessions {
        let handled = handle_time(load);
        let is_wrong = |longest: Duration| !(OPEN_MIN..=OPEN_MAX).contains(&longest) || longest <= handled;
        if sessions.value.longest.is_some_and(|longest| is_wrong(longest.0)) {
            let message = "calls that go on would be taken for calls that were left open".to_owned();
            let hint = "`longest` is from 15m to 7d, and longer than `handleTime` under `load`".to_owned();
            tell(sessions.referenced, message, hint);
        }
    }
    let ids = CHECKS.iter().map(|check| check.id);
    for (id, why) in &raw.skip {
        if !ids.clone().any(|known| known == id) {
            tell(why.referenced, format!("there is no check `{id}`"), suggest(id, ids.clone(), "checks"));
        } else if why.value.trim().is_empty() {
            let hint = "write why, for whoever reads the report".to_owned();
            tell(why.referenced, format!("`{id}` is left out without a reason"), hint);
        }
    }
    problems
}

fn launch(raw: raw::Plan, folder: &Path) -> Launch {
    let files = raw.flows.value.iter().filter_map(|flow| Some((flow.name.clone(), folder.join(flow.file.as_ref()?))));
    let question =
        |it: &raw::Integration| (it.name.clone(), Question { action: it.action.clone(), inputs: it.inputs.clone() });
    Launch {
        files: files.collect(),
        questions: raw.integrations.iter().map(question).collect(),
        samples: raw.probes.samples.as_ref().map_or(SAMPLES, |samples| samples.value),
        pace: raw.probes.pace.map_or(PACE, |pace| pace.0),
        compare: raw.compare,
        twin: raw.twin.map(|file| folder.join(file)),
        plan: Plan {
            name: raw.name,
            owner: raw.owner,
            flows: raw.flows.value.into_iter().map(|flow| flow.name).collect(),
            integrations: raw.integrations.into_iter().map(integration).collect(),
            load: load(&raw.load.value),
            limits: limits(&raw.limits),
            licences: raw.licences.into_iter().map(|(id, it)| (id, licence(&it))).collect(),
            objectives: raw.objectives,
            sessions: raw.sessions.as_ref().map(|it| sessions(&it.value, handle_time(&raw.load.value))),
            recovery: raw.recovery.map(|it| Recovery { groups: it.groups, numbers: it.numbers }),
            accepted: raw.accepted.into_iter().map(accepted).collect(),
            skipped: raw.skip.into_iter().map(|(id, why)| (id, why.value)).collect(),
        },
    }
}

/// Where calls take their time, so do those that were left open.
fn sessions(it: &raw::Sessions, handled: Duration) -> Sessions {
    let longest = it.longest.map_or_else(|| Sessions::LONGEST.max(handled * 2), |longest| longest.0);
    Sessions { window: it.window.0, longest, ends: it.end }
}

fn integration(it: raw::Integration) -> PlannedIntegration {
    PlannedIntegration { name: it.name, owner: it.owner, objective: it.objective }
}

fn licence(it: &raw::Licence) -> Licence {
    Licence { bought: it.bought, added: it.added }
}

fn accepted(it: raw::Accepted) -> Difference {
    Difference { kind: it.kind, name: it.name, setting: it.setting, why: it.why }
}

fn load(load: &raw::Load) -> Load {
    Load {
        calls_per_minute: load.calls_per_minute,
        added_per_minute: load.added_per_minute,
        requests_per_minute: load.requests_per_minute,
        handle_time: handle_time(load),
        patience: load.patience.map_or(PATIENCE, |time| time.0),
    }
}

fn handle_time(load: &raw::Load) -> Duration {
    load.handle_time.map_or(HANDLE_TIME, |time| time.0)
}

fn limits(raw: &raw::Limits) -> Limits {
    let usual = Limits::default();
    Limits {
        latency: raw.latency.map_or(usual.latency, |time| time.0),
        latency_gap: raw.latency_gap.map_or(usual.latency_gap, |time| time.0),
        attempts: raw.attempts.unwrap_or(usual.attempts),
        peak_over_mean: raw.peak_over_mean.unwrap_or(usual.peak_over_mean),
        used_percent: raw.used_percent.unwrap_or(usual.used_percent),
        left_percent: raw.left_percent.unwrap_or(usual.left_percent),
        carriers: raw.carriers.unwrap_or(usual.carriers),
        stale_lock: raw.stale_lock.map_or(usual.stale_lock, |time| time.0),
    }
}
