//! What would happen to callers, found by reading: rules over flows, Data Actions and retry policies.
//!
//! A rule speaks of where the caller ends up, not of syntax: the ways after each failure are walked first (in
//! [`walk`]), and rules judge the ends. What a rule says once for a whole flow it says once, with every place.

mod actions;
pub mod allow;
mod calls;
mod catalogue;
mod endpoints;
pub(crate) mod facts;
mod fallbacks;
pub mod fix;
mod limits;
mod literals;
mod lookups;
mod policy;
mod retries;
mod structure;
mod transfers;
mod velocity;
pub mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use actions::ActionFacts;
pub use catalogue::{RULES, Rule};

use crate::chart::{Chart, StepId};
use crate::problem::{Place, Problem, Problems};
use facts::Facts;

/// How bad a finding is for callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Better done otherwise.
    Low,
    /// Hurts when something else goes wrong.
    Medium,
    /// Callers suffer when something behind the flow fails.
    High,
    /// Callers are lost without a word.
    Critical,
}

/// What a finding weighs in a report: what fails a build, what is only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// [`Severity::Info`] and [`Severity::Low`].
    Info,
    /// [`Severity::Medium`].
    Warning,
    /// [`Severity::High`] and [`Severity::Critical`].
    Error,
}

impl Severity {
    /// What it weighs in a report.
    pub const fn level(self) -> Level {
        match self {
            Self::Critical | Self::High => Level::Error,
            Self::Medium => Level::Warning,
            Self::Low | Self::Info => Level::Info,
        }
    }

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

impl Level {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By which rule.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// Where; the first of all places.
    pub at: Place,
    /// Every further place, where one finding speaks of several.
    pub also: Vec<Place>,
    /// The flow or Data Action that the file holds.
    pub flow: String,
    /// The action that it is about; for a Data Action its name.
    pub action: Option<String>,
    /// Where it is in words: task, owners, outputs.
    pub path: String,
    /// What would happen, as a sentence.
    pub message: String,
    /// What to do, as a sentence.
    pub fix: String,
}

impl Finding {
    /// A name that stays the same when lines move: rule, flow and the path in words.
    pub fn key(&self) -> String {
        format!("{}|{}|{}|{}", self.rule.id, self.flow, self.path, self.action.as_deref().unwrap_or_default())
    }
}

/// Limits and switches of a lint.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The longest that a Data Action may keep a caller waiting.
    pub call_limit: Duration,
    /// The longest that all Data Actions of one way may take together.
    pub path_limit: Duration,
    /// The most attempts of one Data Action: the first and its retries.
    pub attempts_max: i64,
    /// The longest that a poll loop may go on.
    pub poll_limit: Duration,
    /// How long a processing prompt plays; the file is no part of the flow, so this is an assumption.
    pub prompt_length: Duration,
    /// Callers per minute, where it is known: the load that limits are compared with.
    pub calls_per_minute: Option<f64>,
    /// The most actions on one way.
    pub actions_max: usize,
    /// The deepest nesting of outputs within outputs.
    pub depth_max: usize,
    /// Rules that are switched off, or weigh something else than the catalogue says.
    pub overrides: BTreeMap<String, Option<Severity>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            call_limit: Duration::from_secs(3),
            path_limit: Duration::from_secs(6),
            attempts_max: 2,
            poll_limit: Duration::from_mins(30),
            prompt_length: Duration::from_mins(1),
            calls_per_minute: None,
            actions_max: 3_000,
            depth_max: 20,
            overrides: BTreeMap::new(),
        }
    }
}

/// What is known beside the file: the Data Actions and flows that were given along.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Data Actions by name.
    pub actions: BTreeMap<String, ActionFacts>,
    /// Names of flows, modules and bots.
    pub flows: BTreeSet<String>,
    /// Names of files, for references from one file to another.
    pub files: BTreeSet<String>,
    /// True when every Data Action that exists is in [`Library::actions`]; then one that is not does not exist.
    pub has_every_action: bool,
}

/// Lints a flow.
pub fn flow(chart: &Chart, settings: &Settings, library: &Library) -> Vec<Finding> {
    let facts = Facts::new(chart, settings, library);
    let mut report = Report::new(&chart.name);
    calls::check(&facts, &mut report);
    limits::check(&facts, &mut report);
    retries::check(&facts, &mut report);
    fallbacks::check(&facts, &mut report);
    transfers::check(&facts, &mut report);
    lookups::check(&facts, &mut report);
    literals::check(&facts, &mut report);
    structure::check(&facts, &mut report);
    report.finish(settings)
}

/// Lints the JSON of a Data Action.
///
/// # Errors
/// When the text is no JSON, or no Data Action.
pub fn action(text: &str, settings: &Settings) -> Result<(ActionFacts, Vec<Finding>), Problems> {
    let (facts, report) = actions::check(text)?;
    Ok((facts, report.finish(settings)))
}

/// Lints a retry policy: JSON with `retryConfig`, `timeoutMs` and `onError`.
///
/// # Errors
/// When the text is no JSON, or no such policy.
pub fn retry_policy(text: &str, settings: &Settings) -> Result<Vec<Finding>, Problems> {
    Ok(policy::check(text, settings)?.finish(settings))
}

/// A file that cannot be read at all, as findings.
pub fn unreadable(problems: &Problems, settings: &Settings) -> Vec<Finding> {
    let mut report = Report::new("");
    for problem in problems.iter() {
        report.problem("SY001", problem);
    }
    report.finish(settings)
}

/// True when `text` is JSON of a Data Action or a policy, rather than a flow.
pub fn kind_of_json(text: &str) -> Option<JsonKind> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') || text.contains("\"flowSequenceItemList\"") {
        return None;
    }
    if text.contains("\"retryConfig\"") { Some(JsonKind::RetryPolicy) } else { Some(JsonKind::DataAction) }
}

/// What a JSON file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// A Data Action.
    DataAction,
    /// A retry policy.
    RetryPolicy,
}

/// Where rules put what they find.
pub(crate) struct Report {
    flow: String,
    findings: Vec<Finding>,
}

/// What a rule says: how bad it is, what happens, what to do.
pub(crate) struct Said {
    severity: Severity,
    message: String,
    fix: String,
}

impl Said {
    fn new(severity: Severity, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity, message: message.into(), fix: fix.into() }
    }
}

impl Report {
    fn new(flow: &str) -> Self {
        Self { flow: flow.to_owned(), findings: Vec::new() }
    }

    /// One finding about one action.
    fn at(&mut self, rule: &str, chart: &Chart, id: StepId, said: Said) {
        self.several(rule, chart, &[(id, chart.step(id).at)], said);
    }

    /// One finding about one action, at a place within it.
    fn within(&mut self, rule: &str, chart: &Chart, id: StepId, at: Place, said: Said) {
        self.several(rule, chart, &[(id, at)], said);
    }

    /// One finding about several actions; the first gives it its place. None when there are no actions.
    fn several(&mut self, rule: &str, chart: &Chart, steps: &[(StepId, Place)], said: Said) {
        let Some(&(first, at)) = steps.first() else { return };
        self.push(Finding {
            rule: Rule::of(rule),
            severity: said.severity,
            at,
            also: steps[1..].iter().map(|(_, at)| *at).collect(),
            flow: self.flow.clone(),
            action: Some(action_of(chart, first)),
            path: chart.path(first),
            message: said.message,
            fix: said.fix,
        });
    }

    /// One finding about the flow or a part that is no action.
    fn about(&mut self, rule: &str, at: Place, path: impl Into<String>, said: Said) {
        self.push(Finding {
            rule: Rule::of(rule),
            severity: said.severity,
            at,
            also: Vec::new(),
            flow: self.flow.clone(),
            action: None,
            path: path.into(),
            message: said.message,
            fix: said.fix,
        });
    }

    fn problem(&mut self, rule: &str, problem: &Problem) {
        let message = format!("Could not {}.", problem.message);
        let said = Said::new(Rule::of(rule).severity, message, problem.hint.clone());
        self.about(rule, problem.at, problem.message.clone(), said);
    }

    fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn finish(mut self, settings: &Settings) -> Vec<Finding> {
        self.findings.retain_mut(|finding| match settings.overrides.get(finding.rule.id) {
            None => true,
            Some(None) => false,
            Some(Some(severity)) => {
                finding.severity = *severity;
                true
            }
        });
        self.findings.sort_by(|a, b| (a.at, a.rule.id, &a.path).cmp(&(b.at, b.rule.id, &b.path)));
        self.findings.dedup();
        self.findings
    }
}

/// What a finding calls an action: a Data Action by its own name, others by keyword and name.
fn action_of(chart: &Chart, id: StepId) -> String {
    match &chart.step(id).class {
        crate::chart::Class::Ask(ask) => ask.action.clone(),
        _ => chart.step(id).label(),
    }
}
