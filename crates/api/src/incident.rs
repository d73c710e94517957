//! Incidents and the letters that tell people about them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad it is for callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Callers are lost or will be soon.
    Critical,
    /// Callers are served with less.
    Error,
    /// Worth a look in the morning.
    Warning,
    /// For the record.
    Info,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// Nobody has taken it yet.
    Open,
    /// Somebody has.
    Acknowledged,
    /// Over.
    Resolved,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    /// Unique id, sortable by time.
    pub id: String,
    /// What it is about; one open incident per key.
    pub key: String,
    /// One sentence with numbers.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: IncidentState,
    /// When it began.
    #[schema(value_type = String)]
    pub opened_at: Timestamp,
    /// When it ended; absent while it lasts.
    #[schema(value_type = Option<String>)]
    pub resolved_at: Option<Timestamp>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// What happened, in order.
    pub timeline: Vec<TimelineEntry>,
    /// Who was told, and whether it arrived.
    pub letters: Vec<LetterView>,
}

/// One line of an incident's story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What, in words and numbers.
    pub what: String,
}

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetterState {
    /// Waiting to be sent, or to be sent again.
    Pending,
    /// The receiver confirmed it.
    Delivered,
    /// Given up: the receiver refused it for good, or all tries are used.
    Failed,
}

/// One message to one receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LetterView {
    /// Name of the receiver in the configuration.
    pub receiver: String,
    /// What it says: `trigger`, `acknowledge` or `resolve`.
    pub action: String,
    /// Where it stands.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it arrived; absent until then.
    #[schema(value_type = Option<String>)]
    pub delivered_at: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// How keeping things goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreView {
    /// True while what must be kept is being kept.
    pub working: bool,
    /// Since when it has not been working; absent while it works.
    #[schema(value_type = Option<String>)]
    pub failing_since: Option<Timestamp>,
    /// Why it does not work.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Records that wait in memory.
    pub unsaved: u64,
}

/// How telling one receiver goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverView {
    /// Name in the configuration.
    pub name: String,
    /// Letters that wait for it.
    pub pending: u64,
    /// Letters it has confirmed since the start.
    pub delivered: u64,
    /// Letters given up since the start.
    pub failed: u64,
    /// When it last confirmed one; absent until then.
    #[schema(value_type = Option<String>)]
    pub last_delivered_at: Option<Timestamp>,
    /// Why the latest attempt failed; absent when it did not.
    pub last_error: Option<String>,
}
