//! Reviews of launches that are kept, and when the next ones are due.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Every plan that is reviewed at night, or of which a review was handed in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewList {
    /// Whether this controller is the one that reviews, and takes what is handed in.
    pub is_leader: bool,
    /// The plans at their targets: those that are kept back first.
    pub plans: Vec<ReviewedPlan>,
}

/// A plan at a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedPlan {
    /// What is to be launched; the name of its file until it was read for the first time.
    pub plan: String,
    /// The target, by its name in the configuration.
    pub target: String,
    /// The plan's file, as it was named last.
    pub file: String,
    /// Who is told; absent when nobody is named.
    pub owner: Option<String>,
    /// The last verdict: `pass`, `unknown` or `blocked`; absent before the first review.
    pub verdict: Option<String>,
    /// Why, in a line; absent before the first review.
    pub summary: Option<String>,
    /// When it is reviewed; absent when it only is handed in.
    pub schedule: Option<ReviewSchedule>,
    /// Whether it is being reviewed now.
    pub is_running: bool,
    /// Reviews that are kept.
    pub kept: u32,
    /// The last of them, at most thirty, the latest last.
    pub reviews: Vec<ReviewMark>,
}

/// When a plan is reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewSchedule {
    /// The time of day, such as `02:30`.
    pub at: String,
    /// The time zone of it, an IANA name.
    pub zone: String,
    /// The next time; past while it is due and waits for its turn.
    #[schema(value_type = String, format = DateTime)]
    pub next: Timestamp,
}

/// A review as one of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewMark {
    /// Its id.
    pub id: String,
    /// When the organisation was asked.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `pass`, `unknown` or `blocked`.
    pub verdict: String,
}

/// A review that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    /// Its id.
    pub id: String,
    /// What is to be launched.
    pub plan: String,
    /// The plan's file, as it was named.
    pub file: String,
    /// The target, by its name in the configuration.
    pub target: String,
    /// The organisation behind it; absent when it could not be asked.
    pub organisation: Option<String>,
    /// Who is told; absent when nobody is named.
    pub owner: Option<String>,
    /// When the organisation was asked.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who handed it in; absent when it was made here.
    pub by: Option<String>,
    /// `pass`, `unknown` or `blocked`.
    pub verdict: String,
    /// Why it could not even be begun; absent when it was.
    pub trouble: Option<String>,
    /// What each check has come to.
    pub checks: Vec<ReviewCheck>,
    /// What became of the evidence: `kept`, `too-large`, `missing` when there was none, or `unreadable` when it cannot be
    /// read now.
    pub evidence: String,
    /// Whether the same verdict comes out when the evidence is judged again; absent when it cannot be.
    pub is_reproduced: Option<bool>,
}

/// What a check has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewCheck {
    /// Its id.
    pub id: String,
    /// What it asks, in a line.
    pub title: String,
    /// `skipped`, `pass`, `unknown` or `blocked`.
    pub verdict: String,
    /// What was looked at, in a line.
    pub summary: String,
    /// What was found, what weighs most first.
    pub findings: Vec<ReviewFinding>,
    /// Findings that are left out; they weigh no more than those that are there.
    pub more_findings: u64,
    /// What it was found by; empty when the evidence is not there.
    pub exhibits: Vec<ReviewExhibit>,
}

/// One thing that a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewFinding {
    /// `info`, `warning`, `unknown` or `blocks`.
    pub weight: String,
    /// What it is about, by name.
    pub about: String,
    /// What is so, as a sentence.
    pub what: String,
    /// What to do, as a sentence; empty when there is nothing to do.
    pub fix: String,
    /// The line in the file that it was read from.
    pub line: Option<u32>,
    /// The column in that line.
    pub column: Option<u32>,
}

/// Something to look at: a table, or bars of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReviewExhibit {
    /// Rows under columns.
    Table {
        /// What it shows.
        title: String,
        /// The columns.
        columns: Vec<String>,
        /// The rows, as long as the columns.
        rows: Vec<Vec<String>>,
        /// Rows that are left out.
        more: u64,
    },
    /// Bars of one unit, from zero.
    Bars {
        /// What they show.
        title: String,
        /// The unit.
        unit: String,
        /// Each with its name.
        bars: Vec<ReviewBar>,
        /// What must not be reached.
        limit: Option<f64>,
        /// Bars that are left out.
        more: u64,
    },
}

/// A bar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewBar {
    /// What it is of.
    pub name: String,
    /// How long it is.
    pub value: f64,
}
