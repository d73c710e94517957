//! Objectives, error budgets, modes of flows, the gate, and what two people agreed on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// All objectives and the flows that obey them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetList {
    /// When this was so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The objectives, in the order of their definition.
    pub objectives: Vec<ObjectiveView>,
    /// The flows, in the order of their definition.
    pub flows: Vec<FlowView>,
}

/// One objective at one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectiveView {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The service that it belongs to.
    pub service: String,
    /// The share of events that must be good, in percent.
    pub target_percent: f64,
    /// Its window in words: `30d`, `1 month from 2026-01-01T00:00 Europe/Berlin`.
    pub window: String,
    /// What is counted: `events`, or `slices of 5m`.
    pub budgeting: String,
    /// Where the counts come from.
    pub source: SourceView,
    /// Minutes before this are counted in.
    #[schema(value_type = String, format = DateTime)]
    pub end: Timestamp,
    /// When the window began.
    #[schema(value_type = String, format = DateTime)]
    pub window_start: Timestamp,
    /// When the window ends; ahead in a period of the calendar.
    #[schema(value_type = String, format = DateTime)]
    pub window_end: Timestamp,
    /// Since when there are measurements in the window.
    #[schema(value_type = String, format = DateTime)]
    pub measured_from: Timestamp,
    /// Whether enough is known to say how much is left.
    pub data_available: bool,
    /// What is left of the whole window's budget in whole percents from 0 to 100, rounded down; absent when it is not
    /// known. A window that was not measured whole is taken to be as busy as the part that was.
    pub error_budget_remaining: Option<u8>,
    /// The same from 0 to 1.
    pub current_budget_health: Option<f64>,
    /// What is left in percent; below zero more was spent than there was.
    pub remaining_percent: Option<f64>,
    /// The same when maintenance and resets count for nothing.
    pub raw_remaining_percent: Option<f64>,
    /// What is left measured against the events so far alone.
    pub to_date_remaining_percent: Option<f64>,
    /// The burn rate over the window.
    pub burn_rate: Option<f64>,
    /// The burn rate of the last six hours.
    pub recent_burn_rate: Option<f64>,
    /// Everything that was counted in the window.
    pub raw: CountsView,
    /// The same without maintenance.
    pub adjusted: CountsView,
    /// Bad events that a reset forgave.
    pub forgiven: u64,
    /// All events that were ever counted by this controller, for counters.
    pub events_ever: u64,
    /// The bad ones among them.
    pub bad_events_ever: u64,
    /// The alerts, in the objective's order.
    pub alerts: Vec<AlertView>,
    /// The odds against chance that the objective is being missed.
    pub evidence_odds: f64,
    /// When the budget will be gone.
    pub exhaustion: ExhaustionView,
    /// The last minute of which anything is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_known: Option<Timestamp>,
    /// How old that is.
    pub age_minutes: Option<u32>,
    /// Nothing has been seen for too long.
    pub is_blind: bool,
    /// Its standing in one word, the worst first: `blind`, `paging`, `spent`, `ticket`, `unknown`, `good`.
    pub standing: String,
    /// Why, in sentences with numbers.
    pub why: Vec<String>,
}

/// Where counts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    /// `gateway`, `genesys`, `prometheus` or `push`.
    pub kind: String,
    /// When it last answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_read: Option<Timestamp>,
    /// Why it does not answer now.
    pub trouble: Option<String>,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// Minutes about which something is known.
    pub known_minutes: u32,
    /// Minutes about which nothing is known.
    pub missing_minutes: u32,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    /// `page` or `ticket`.
    pub severity: String,
    /// The window that makes it certain.
    pub long_window: String,
    /// The window that ends it soon.
    pub short_window: String,
    /// The burn rate at which it holds.
    pub threshold: f64,
    /// The burn rate over the long window; absent without events.
    pub long_burn_rate: Option<f64>,
    /// The burn rate over the short window.
    pub short_burn_rate: Option<f64>,
    /// `firing`, `quiet`, or `unknown` when too much is missing.
    pub state: String,
}

/// When a budget will be gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExhaustionView {
    /// It is gone.
    pub is_spent: bool,
    /// Enough is known of late to say.
    pub is_known: bool,
    /// In so many minutes at the burn rate of the last six hours; absent when not within the window.
    pub expected_minutes: Option<u32>,
    /// The early end of the interval, with 90 % confidence on both sides together.
    pub earliest_minutes: Option<u32>,
    /// The late end.
    pub latest_minutes: Option<u32>,
}

/// What a flow does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowView {
    /// Its id or name.
    pub flow: String,
    /// `NORMAL`, `TRIM`, `AGENT_ONLY` or `OVERFLOW`.
    pub mode: String,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// The objectives that it obeys.
    pub objectives: Vec<String>,
    /// What is left of the smallest of its budgets.
    pub error_budget_remaining: Option<u8>,
    /// The same from 0 to 1.
    pub current_budget_health: Option<f64>,
    /// Routes of the gateway that it does without from TRIM on.
    pub enrichment: Vec<String>,
    /// What it does when nobody has told it anything for too long; absent when it goes on as it was.
    pub mode_when_unknown: Option<String>,
}

/// What gateways are told about flows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowModes {
    /// When this was so.
    pub at: Option<Timestamp>,
    /// What is older than this is no longer believed.
    pub age_max_seconds: u64,
    /// The flows.
    pub flows: Vec<FlowView>,
}

/// What the gate answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateView {
    /// Whether a release may go out; null when nobody knows, which is no permission.
    pub allowed: Option<bool>,
    /// Why, in sentences with numbers.
    pub reasons: Vec<String>,
    /// The objectives that were looked at.
    pub slos: Vec<GateSlo>,
    /// Before this it is of no use to ask again.
    #[schema(value_type = String, format = DateTime)]
    pub recheck_after: Timestamp,
    /// Names this decision; the same while nothing that it stands on has changed.
    pub decision_id: String,
}

/// One objective, as the gate saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateSlo {
    /// Its id.
    pub id: String,
    /// The burn rate over its window.
    pub burn_rate: Option<f64>,
    /// What is left in whole percents from 0 to 100.
    pub error_budget_remaining: Option<u8>,
    /// Whether enough is known.
    pub data_available: bool,
}

/// What was asked for: maintenance or resets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestList {
    /// The latest first.
    pub requests: Vec<RequestView>,
}

/// One thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestView {
    /// Its id.
    pub id: String,
    /// `maintenance` or `reset`.
    pub kind: String,
    /// The objectives it is about; all when there is none.
    pub objectives: Vec<String>,
    /// When it begins.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub start: Option<Timestamp>,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub end: Option<Timestamp>,
    /// The zone in which it was asked for.
    pub zone: Option<String>,
    /// What it counts for: `budget`, `gate`, `degrade`, `rollback`.
    pub relieves: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// When it becomes void unless it is approved.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// It began before it was asked for.
    pub is_retroactive: bool,
    /// `waiting`, `approved`, `rejected`, `revoked` or `expired`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// Who ended maintenance that had begun, before its time: its `end` is then when they did.
    pub ended_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// It counts at this moment.
    pub is_on: bool,
}

/// Asks for maintenance, or for a reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wish {
    /// `maintenance` or `reset`.
    pub kind: String,
    /// The objectives it is about. Maintenance of none is of all; a reset is of exactly one.
    #[serde(default)]
    pub objectives: Vec<String>,
    /// When it begins: an instant, or a local time of `zone`. For maintenance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// An IANA zone; UTC unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What it counts for: `budget`, `gate`, `degrade`, `rollback`; all of them unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relieves: Option<Vec<String>>,
    /// Why.
    pub reason: String,
}

/// The burn rate between two instants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BurnView {
    /// The objective.
    pub id: String,
    /// From this minute.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    /// Up to, but without, this one.
    #[schema(value_type = String, format = DateTime)]
    pub end: Timestamp,
    /// The burn rate; absent when it is not known.
    pub burn_rate: Option<f64>,
    /// What was counted, maintenance left out.
    pub counts: CountsView,
    /// Whether enough is known.
    pub data_available: bool,
}

/// Counts that a source of our own pushes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushedCounts {
    /// The minutes; at most 1,440 at a time.
    pub minutes: Vec<PushedMinute>,
}

/// One minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushedMinute {
    /// Any instant in it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// All events.
    pub total: u64,
    /// The good ones; or `bad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<u64>,
    /// The bad ones; or `good`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<u64>,
}

/// What became of pushed counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushAnswer {
    /// Minutes that were taken.
    pub taken: u32,
    /// Minutes that were not, with the reason.
    pub refused: Vec<String>,
}

/// The audit, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditList {
    /// The entries.
    pub entries: Vec<AuditView>,
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Its place, from 1.
    pub seq: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who; `steadyline` itself where nobody did.
    pub who: String,
    /// What, in a word.
    pub what: String,
    /// The rest.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}
