//! Releases under watch, and what became of going back from them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The flows that are watched, and the releases of late.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackList {
    /// When this was so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Whether this controller is the one that may go back.
    pub is_leader: bool,
    /// The flow that is being gone back now, by its name.
    pub open: Option<String>,
    /// The last one that is over.
    pub last: Option<LastRollback>,
    /// Until when nothing is gone back from automatically, after the last rollback.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub locked_until: Option<Timestamp>,
    /// Whose word counts: `guide`, `evidence` or `both`.
    pub policy: String,
    /// False rollbacks that are put up with, a year.
    pub false_rollbacks_per_year: f64,
    /// Releases a year that this is spread over.
    pub releases_per_year: u32,
    /// Why conversations are not being counted now; absent while they are.
    pub trouble: Option<String>,
    /// The flows, in the order of their definition.
    pub flows: Vec<WatchedFlow>,
    /// The releases: those that are watched first, then the latest first. Without their minutes.
    pub releases: Vec<ReleaseView>,
}

/// A rollback that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastRollback {
    /// The release that it went back from, or the id of somebody's wish.
    pub id: String,
    /// The flow, by its name where that is known.
    pub flow: String,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Callers get the version that was gone back to.
    pub is_done: bool,
    /// What became of it, as a sentence.
    pub what: String,
}

/// A flow whose releases are watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WatchedFlow {
    /// Its id in the platform; empty while it was not found there.
    pub id: String,
    /// Its name, or what the configuration calls it.
    pub name: String,
    /// `observe`, `recommend`, `approve` or `automatic`.
    pub mode: String,
    /// The version that callers get.
    pub published: Option<String>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Timestamp>,
    /// Minutes of its past of which something is known.
    pub history_minutes: u32,
    /// Its normal share of errors, in percent; absent while nothing is known of its past.
    pub normal_percent: Option<f64>,
    /// Whether it may be gone back automatically; absent while its own past has not been asked.
    pub armed: Option<ArmedView>,
    /// Why it is not watched; absent while it is.
    pub trouble: Option<String>,
}

/// What a flow's own past says about going back automatically.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArmedView {
    /// When it was asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// It has no false alarm.
    pub is_armed: bool,
    /// Minutes that were taken for releases that changed nothing.
    pub tried: u32,
    /// Those that would have been gone back from.
    pub fired: u32,
}

/// One release of a flow under watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
    /// Its id: short enough to type.
    pub id: String,
    /// The flow's id in the platform.
    pub flow: String,
    /// The flow's name.
    pub name: String,
    /// The version that was published.
    pub version: String,
    /// The version that callers got before.
    pub before: Option<String>,
    /// Who published it, as far as the platform tells.
    pub published_by: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// Where it stands: `WATCHING`, `SUSPECT`, `BLIND`, `SHADOW`, `CONFIRMED`, `ASKED`, `ROLLING_BACK`, `VERIFYING`,
    /// `RECOVERED`, `NOT_HELPED`, `UNSEEN`, `CERTIFIED`, `UNPROVEN`, `OVERTAKEN` or `HANDED_OVER`.
    pub state: String,
    /// Whether it is still watched, gone back from, or proved.
    pub is_open: bool,
    /// What it was held to: `observe`, `recommend`, `approve` or `automatic`.
    pub mode: String,
    /// Minutes that it was watched for; maintenance takes none of them.
    pub minute: u32,
    /// Minutes for which it is watched.
    pub length: u32,
    /// The odds against a healthy release; absent when nothing was known of the flow's past.
    pub odds: Option<f64>,
    /// The odds from which on it is bad for certain.
    pub odds_needed: f64,
    /// The odds from which on it is suspect.
    pub odds_suspect: f64,
    /// The flow's normal share of errors in percent; absent when nothing was known of its past.
    pub normal_percent: Option<f64>,
    /// What the true normal share is at most.
    pub normal_percent_max: Option<f64>,
    /// What is tolerated; absent when nothing was known of the flow's past.
    pub tolerated_percent: Option<f64>,
    /// Its true share of errors in percent, as far as can be said with 95 in 100: at least this. Left out of lists, and
    /// while nothing is known of the flow's past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent_min: Option<f64>,
    /// At most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent_max: Option<f64>,
    /// Conversations of the release that were counted.
    pub conversations: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// Why it stands as it does, in sentences with numbers.
    pub why: String,
    /// The version that was gone back to.
    pub target: Option<String>,
    /// The odds that going back has helped; absent before it was gone back.
    pub recovery_odds: Option<f64>,
    /// What happened, in order.
    pub story: Vec<StoryLine>,
    /// Its minutes, in order; left out of lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minutes: Vec<ReleaseMinute>,
    /// Whether the decision was made again from what was kept and came out the same, bit for bit; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_reproduced: Option<bool>,
}

/// Something that happened to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoryLine {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What, as a sentence without a full stop.
    pub what: String,
}

/// A minute after a publish.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseMinute {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Conversations that ended their flow; absent when nothing is known of the minute.
    pub conversations: Option<u32>,
    /// Those of them that failed.
    pub errors: Option<u32>,
    /// Whether it lies in maintenance.
    pub is_maintained: bool,
    /// The odds against a healthy release after it, absent when nothing was known of the flow's past; of a minute after
    /// going back, the odds that it has helped.
    pub odds: Option<f64>,
    /// It was counted after going back.
    pub is_after_rollback: bool,
}

/// What somebody wants to be done with a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackWish {
    /// The flow, by its id or name.
    pub flow: String,
    /// The version to go back to.
    pub to: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What somebody's wish has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackBegun {
    /// Its id: `last` of the list has the same once it is over.
    pub id: String,
    /// What was begun, as a sentence.
    pub begun: String,
}
