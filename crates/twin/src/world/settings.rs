//! What nobody has verified of the real platform, or what differs between organisations: each a setting with a default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How this organisation behaves where organisations differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Until analytics know what happened, in milliseconds.
    pub ingestion_lag_ms: u64,
    /// How long each of the three states of a publish lasts, in milliseconds.
    pub publish_state_ms: u64,
    /// How long a job is registered, and again how long it runs, in milliseconds.
    pub job_state_ms: u64,
    /// What a publish of a version that does not exist does: `true` answers 200 and does nothing, `false` answers 404.
    pub unknown_version_accepted: bool,
    /// Whether publishing an older version gives it a new id.
    pub publish_assigns_new_id: bool,
    /// The status of a publish or check-out of a flow that someone else has locked.
    pub locked_status: u16,
    /// The form of a version conflict.
    pub version_conflict: VersionConflict,
    /// Whether operations in preview are there.
    pub preview: bool,
    /// Whether the history of executions is kept.
    pub execution_history: bool,
    /// Whether numbers can be routed to a linked organisation.
    pub number_routing: bool,
    /// How long a number stays pending while it is re-routed, in milliseconds.
    pub number_routing_ms: u64,
    /// Until a linked organisation learns where a number leads, in milliseconds.
    pub replication_lag_ms: u64,
    /// How old usage must be before it is told, in milliseconds.
    pub usage_lag_ms: u64,
    /// How long a new token holds, in seconds.
    pub token_seconds: u64,
    /// Requests per token and minute.
    pub requests_per_minute: u32,
    /// Lower limits of single operations, per token and minute, by method and path as `GET /twin/operations` has them:
    /// `POST /api/v2/analytics/flows/aggregates/query`.
    pub operations_per_minute: BTreeMap<String, u32>,
    /// The longest page.
    pub page_size_max: u64,
    /// The longest interval of an aggregate query, in days.
    pub interval_days_max: u32,
    /// The length of the periods for which aggregates of flows are told to whoever has subscribed to them, in minutes.
    pub aggregate_minutes: u32,
    /// The most buckets of an aggregate query.
    pub buckets_max: u32,
    /// Whether stopping a trunk drops the calls on it at once instead of letting them end.
    pub trunk_stop_drops_calls: bool,
    /// Calls at one time that the organisation has capacity for.
    pub call_capacity: u32,
    /// Messages that every validation adds.
    pub validate_messages: Vec<Message>,
    /// How far its clock is ahead of the right time, in seconds.
    pub clock_ahead_seconds: i64,
    /// How often an export fails as the platform's does when it is asked too often: the next so many.
    pub export_refusals: u32,
    /// Conversations an hour that some integration opens and never ends, each with a session.
    pub leaked_sessions_per_hour: u32,
    /// How often a conversation is not ended although somebody says so, and 503 is answered: the next so many times.
    pub disconnect_refusals: u32,
}

/// How the platform tells that a document has changed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VersionConflict {
    /// 409.
    Conflict,
    /// 400 with a text.
    BadRequest,
}

/// A message of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `Error`, `Warning` or `Unknown`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    pub text: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ingestion_lag_ms: 10_000,
            publish_state_ms: 300,
            job_state_ms: 300,
            unknown_version_accepted: true,
            publish_assigns_new_id: false,
            locked_status: 409,
            version_conflict: VersionConflict::Conflict,
            preview: true,
            execution_history: true,
            number_routing: true,
            number_routing_ms: 2_000,
            replication_lag_ms: 0,
            usage_lag_ms: 86_400_000,
            token_seconds: 86_400,
            requests_per_minute: 300,
            operations_per_minute: BTreeMap::new(),
            page_size_max: 500,
            interval_days_max: 31,
            aggregate_minutes: 30,
            buckets_max: 5_000,
            trunk_stop_drops_calls: false,
            call_capacity: 1_000,
            validate_messages: Vec::new(),
            clock_ahead_seconds: 0,
            export_refusals: 0,
            leaked_sessions_per_hour: 0,
            disconnect_refusals: 0,
        }
    }
}
