//! Where releases go before and when callers get them, and how what they need is asked for its health.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_saphyr::Spanned;

use super::{Ordered, Platform, Span};

/// Where releases go before and when callers get them, and how what they need is asked for its health.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Review {
    /// Who is to be told when a release is held up: a team, a channel, an address.
    pub owner: Option<String>,
    /// The organisations that commands know as `--target NAME`. The section `platform` is one of them, by that name.
    #[schemars(with = "BTreeMap<String, Platform>")]
    pub targets: Ordered<Spanned<Platform>>,
    /// How integrations are asked for their health, by their id or name.
    #[schemars(with = "BTreeMap<String, Integration>")]
    pub integrations: Ordered<Spanned<Integration>>,
    /// Plans that a controller reviews every night.
    #[schemars(with = "Vec<NightlyPlan>")]
    pub plans: Vec<Spanned<NightlyPlan>>,
}

/// A plan that is reviewed every night.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NightlyPlan {
    /// The plan's file, from the folder of the configuration.
    #[schemars(with = "String")]
    pub file: Spanned<String>,
    /// The organisation, by its name under `targets`; `platform` for the section of that name.
    #[schemars(with = "String")]
    pub target: Spanned<String>,
    /// The time of day, such as `02:30`.
    #[schemars(with = "String")]
    pub at: Spanned<String>,
    /// The time zone of it, an IANA name such as `Europe/Berlin`. Default UTC.
    #[schemars(with = "Option<String>")]
    pub zone: Option<Spanned<String>>,
    /// How many of its reviews are kept, 1 to 400. Default 90.
    #[schemars(with = "Option<u32>")]
    pub keep: Option<Spanned<u32>>,
    /// Whether it may be reviewed where callers are: the Data Actions that the plan names are carried out there, and calls
    /// that were left open are ended if the plan says so.
    #[serde(default)]
    pub touch_production: bool,
}

/// How an integration is asked for its health: by one of its Data Actions, or by an address.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Integration {
    /// The Data Action that is executed, by its id or name.
    pub action: Option<String>,
    /// What it is given, by the names of its inputs.
    pub inputs: BTreeMap<String, String>,
    /// An address that is asked from the platform's own network instead.
    #[schemars(with = "Option<String>")]
    pub url: Option<Spanned<String>>,
    /// The longest that 95 of 100 answers may take. Default 4s.
    pub sla: Option<Span>,
    /// How often it is asked, 1 to 50. Default 5.
    #[schemars(with = "Option<u16>")]
    pub samples: Option<Spanned<u16>>,
}
