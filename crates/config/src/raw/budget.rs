//! Objectives, the flows that obey them, the gate, and the people who agree on things.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde_saphyr::Spanned;

use super::{Ordered, Percent, Secret, Span};

/// Objectives, the flows that obey them, and the gate for releases.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Budget {
    /// Files with objectives in OpenSLO, or folders of such; relative paths begin at this file's folder.
    pub objectives: Vec<PathBuf>,
    /// With a larger share of missing minutes there is no verdict. Default 20%.
    pub missing_max: Option<Percent>,
    /// So long without any count, and an objective is blind. Default 3m.
    #[schemars(with = "Option<Span>")]
    pub blind_after: Option<Spanned<Span>>,
    /// How often an alert may come by mere chance.
    pub evidence: Evidence,
    /// What a release needs.
    pub gate: Gate,
    /// The flows that obey, by their id or name.
    #[schemars(with = "std::collections::BTreeMap<String, Flow>")]
    pub flows: Ordered<Spanned<Flow>>,
}

/// How often an alert may come while all is well.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Evidence {
    /// A page at most once in so long. Default ten years.
    #[schemars(with = "Option<Span>")]
    pub page_every: Option<Spanned<Span>>,
    /// A ticket at most once in so long. Default 91 days.
    #[schemars(with = "Option<Span>")]
    pub ticket_every: Option<Spanned<Span>>,
    /// How much the share of bad events varies from minute to minute, as a coefficient of variation. Default 0.5.
    #[schemars(with = "Option<f64>")]
    pub variation: Option<Spanned<f64>>,
}

/// What a release needs.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Gate {
    /// More than this must be left. Default 0%.
    pub floor: Option<Percent>,
    /// Over this time the burn rate must not be above one. Default: the objective's own window.
    #[schemars(with = "Option<Span>")]
    pub window: Option<Spanned<Span>>,
    /// Counts older than this open no gate. Default 5m.
    #[schemars(with = "Option<Span>")]
    pub age_max: Option<Spanned<Span>>,
}

/// A flow that obeys its budgets.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// The ids of its objectives; the smallest budget counts.
    #[schemars(with = "Vec<String>")]
    pub objectives: Vec<Spanned<String>>,
    /// Routes that it does without from TRIM on: they are answered with their fallback and nobody is asked.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub enrichment: Vec<Spanned<String>>,
    /// Routes that it never does without; naming them keeps them from becoming enrichment by mistake.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub needed: Vec<Spanned<String>>,
    /// When it does without what. Default: TRIM below 80%, AGENT_ONLY below 30%.
    pub modes: Option<Modes>,
    /// How long a mode lasts at least before a milder one. Default 30m.
    #[schemars(with = "Option<Span>")]
    pub dwell: Option<Spanned<Span>>,
    /// What it does when nothing has been known for `patience`. Default: it goes on as it was.
    #[serde(default)]
    pub when_unknown: WhenUnknown,
    /// How long nothing must be known before that. Default 10m.
    #[schemars(with = "Option<Span>")]
    pub patience: Option<Spanned<Span>>,
    /// A data table of the organisation that always tells how the flow stands, so that the flow needs no call.
    pub data_table: Option<DataTable>,
}

/// When a flow does without what.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Modes {
    /// Lookups that enrich are skipped.
    #[schemars(with = "Option<Marks>")]
    pub trim: Option<Spanned<Marks>>,
    /// Callers go to agents or to what is known by heart.
    #[schemars(with = "Option<Marks>")]
    pub agent_only: Option<Spanned<Marks>>,
    /// Callers are sent elsewhere.
    #[schemars(with = "Option<Marks>")]
    pub overflow: Option<Spanned<Marks>>,
}

/// Where a mode begins and ends, as what is left of the budget.
#[derive(Clone, Copy, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Marks {
    /// It begins below this.
    pub below: Percent,
    /// It ends at this. Default: ten points more.
    pub until: Option<Percent>,
}

/// What a flow does while nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenUnknown {
    /// It goes on as it was.
    #[default]
    Hold,
    /// TRIM.
    Trim,
    /// AGENT_ONLY.
    AgentOnly,
    /// OVERFLOW.
    Overflow,
}

/// A data table that tells how a flow stands.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataTable {
    /// Its name; it is created when there is none.
    pub name: String,
    /// The row's key. Default: the flow's id or name.
    pub row: Option<String>,
}

/// Who may do what.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Access {
    /// People and pipelines, by name. Whoever is not named may look.
    #[schemars(with = "std::collections::BTreeMap<String, Person>")]
    pub people: Ordered<Spanned<Person>>,
}

/// Somebody who may do something.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// What they may do.
    pub role: Role,
    /// What they prove themselves with: at least 20 characters, as random as can be.
    pub token: Secret,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Push counts.
    Ci,
    /// Ask for maintenance and resets, and take them back.
    Operator,
    /// The same, and approve what others asked for.
    Approver,
}
