//! When a release is gone back from, and how far that goes by itself.

use schemars::JsonSchema;
use serde_saphyr::Spanned;

use super::{Ordered, Percent, Span};

/// When a release is gone back from, and how far that goes by itself.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollback {
    /// Whose word counts: `evidence`, `guide` or `both`. Default `evidence`.
    pub policy: Rule,
    /// Rollbacks of healthy releases that are put up with, a year: above 0, at most 10. Default 0.05.
    #[schemars(with = "Option<f64>")]
    pub false_rollbacks_per_year: Option<Spanned<f64>>,
    /// Releases a year that this is spread over, of all flows together. Default 520.
    #[schemars(with = "Option<u32>")]
    pub releases_per_year: Option<Spanned<u32>>,
    /// When the guide's rule trips and clears.
    pub guide: Guide,
    /// How long a release is watched, 5m to 8h. Default 60m.
    #[schemars(with = "Option<Span>")]
    pub watch: Option<Spanned<Span>>,
    /// How long with fewer than ten conversations a minute; at least `watch`, at most 8h. Default 4h.
    #[schemars(with = "Option<Span>")]
    pub watch_quiet: Option<Spanned<Span>>,
    /// So much of a flow's past says what is normal, 1h to 28d. Default 28d.
    #[schemars(with = "Option<Span>")]
    pub history: Option<Spanned<Span>>,
    /// So much must be known of a flow's past before it is gone back automatically; at most `history`. Default 7d.
    #[schemars(with = "Option<Span>")]
    pub arm_after: Option<Spanned<Span>>,
    /// So long after a rollback there is no other, over all flows; 1m to 24h. Default 15m.
    #[schemars(with = "Option<Span>")]
    pub lockout: Option<Spanned<Span>>,
    /// What to do when somebody else has the flow locked: `handOver` or `unlock`. Default `handOver`.
    pub locked: Locked,
    /// The flows whose releases are watched, by their id or name.
    #[schemars(with = "std::collections::BTreeMap<String, RollbackFlow>")]
    pub flows: Ordered<Spanned<RollbackFlow>>,
}

/// Whose word counts.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// The odds, against the flow's own past.
    #[default]
    Evidence,
    /// A share of errors for so many minutes in a row.
    Guide,
    /// Both must agree.
    Both,
}

/// When the guide's rule trips and clears.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Guide {
    /// It trips above this share of errors. Default 5%.
    #[schemars(with = "Option<Percent>")]
    pub trip: Option<Spanned<Percent>>,
    /// It clears below this one, which is not above `trip`. Default 3%, or `trip` if that is less.
    #[schemars(with = "Option<Percent>")]
    pub clear: Option<Spanned<Percent>>,
    /// For so many minutes in a row, both. Default 3.
    #[schemars(with = "Option<u16>")]
    pub minutes: Option<Spanned<u16>>,
    /// So many conversations these minutes must have had together, to trip. Default 20.
    pub volume: Option<u32>,
}

/// What to do when somebody else has the flow locked.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Locked {
    /// People are told whose lock it is, and go on themselves.
    #[default]
    HandOver,
    /// The lock is taken away; what its holder has saved stays saved.
    Unlock,
}

/// A flow whose releases are watched.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RollbackFlow {
    /// What becomes of a release that is bad: `observe`, `recommend`, `approve` or `automatic`. Default `observe`.
    pub mode: Mode,
    /// Flows of this section that fail with it when the platform does. Default: all the others.
    #[schemars(with = "Option<Vec<String>>")]
    pub siblings: Option<Vec<Spanned<String>>>,
}

/// What becomes of a release that is bad.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// It is written down what would be done.
    #[default]
    Observe,
    /// People are paged and told what to do.
    Recommend,
    /// People are paged; when an approver says so, it is gone back from.
    Approve,
    /// It is gone back from at once, when enough is known of the flow's past.
    Automatic,
}
