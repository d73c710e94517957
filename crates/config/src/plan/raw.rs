//! A plan of a review as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer as _, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use crate::raw::Span;

/// What is to be launched, and what it is held to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// What is to be launched.
    pub name: String,
    /// Who is told when it must not go ahead.
    pub owner: Option<String>,
    /// The flows.
    #[schemars(with = "Vec<Flow>")]
    pub flows: Spanned<Vec<Flow>>,
    /// The integrations.
    #[serde(default)]
    pub integrations: Vec<Integration>,
    /// What is expected of callers.
    #[schemars(with = "Load")]
    pub load: Spanned<Load>,
    /// What is put up with.
    #[serde(default)]
    pub limits: Limits,
    /// How integrations are asked.
    #[serde(default)]
    pub probes: Probes,
    /// Licences, by their ids.
    #[serde(default)]
    pub licences: BTreeMap<String, Licence>,
    /// Objectives whose budget must not be gone, by id.
    #[serde(default)]
    pub objectives: Vec<String>,
    /// How long sessions are watched, such as `24h`, or more about it; left out when they are not.
    #[schemars(with = "Option<SessionsForm>")]
    pub sessions: Option<Spanned<Sessions>>,
    /// What must be there when the region is lost.
    pub recovery: Option<Recovery>,
    /// The target that the reviewed one is compared with, such as `production`.
    pub compare: Option<String>,
    /// Differences between the two that are meant.
    #[serde(default)]
    pub accepted: Vec<Accepted>,
    /// Checks that are left out, by id, each with the reason.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub skip: BTreeMap<String, Spanned<String>>,
    /// The scenario that is played for `--target twin`, from the plan's folder. Without one an organisation is made from
    /// the flows of the plan.
    pub twin: Option<PathBuf>,
}

/// A flow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Its Archy YAML, from the plan's folder; without it the organisation's own is read.
    pub file: Option<PathBuf>,
}

/// An integration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Integration {
    /// Its name.
    pub name: String,
    /// The Data Action that is carried out to ask it; without one its first is taken.
    pub action: Option<String>,
    /// What that Data Action is given.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// Who owns what is behind it.
    pub owner: Option<String>,
    /// The objective that it is measured by, by id.
    pub objective: Option<String>,
}

/// What is expected of callers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Load {
    /// Calls a minute once the launch is out.
    pub calls_per_minute: f64,
    /// Those of them that are new. Default 0.
    #[serde(default)]
    pub added_per_minute: f64,
    /// Requests a minute that the launch sends to the platform's API. Default 0.
    #[serde(default)]
    pub requests_per_minute: u32,
    /// How long a call takes, from its beginning to its end. Default 5m.
    pub handle_time: Option<Span>,
    /// How long callers put up with silence. Default 8s.
    pub patience: Option<Span>,
}

/// What is put up with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// The longest that 19 of 20 answers of an integration may take. Default 4s.
    pub latency: Option<Span>,
    /// How far medians of two targets may lie apart. Default 200ms.
    pub latency_gap: Option<Span>,
    /// The most attempts of one Data Action for one caller. Default 3.
    pub attempts: Option<u32>,
    /// The most that retries at their peak may be of their mean. Default 3.
    pub peak_over_mean: Option<f64>,
    /// From this share on that is used, a warning, in per cent. Default 80.
    pub used_percent: Option<u64>,
    /// With less than this share left the launch is kept back, in per cent. Default 10.
    pub left_percent: Option<u64>,
    /// So many carriers must be there. Default 2.
    pub carriers: Option<usize>,
    /// A lock older than this looks forgotten. Default 1h.
    pub stale_lock: Option<Span>,
}

/// How integrations are asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Probes {
    /// How often each. Default 50.
    #[schemars(with = "Option<u32>")]
    pub samples: Option<Spanned<u32>>,
    /// The pause between two tries. Default 200ms.
    pub pace: Option<Span>,
}

/// A licence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Licence {
    /// How many were bought, unless the target's own section says it.
    pub bought: Option<u64>,
    /// How many more the launch needs. Default 0.
    #[serde(default)]
    pub added: u64,
}

/// How sessions are watched: a duration, or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// For how long.
    pub window: Span,
    /// How long a call may be open.
    pub longest: Option<Span>,
    /// Whether those that are open for longer are ended.
    pub end: bool,
}

/// The two forms, for editors.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is only looked at")]
enum SessionsForm {
    Window(Span),
    Map(SessionsMap),
}

/// How sessions are watched.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SessionsMap {
    /// For how long, such as `24h`.
    window: Span,
    /// A call that is open for longer was left open. Default 4h.
    longest: Option<Span>,
    /// Whether calls that were left open are ended. Default false.
    #[serde(default)]
    end: bool,
}

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SessionsVisitor)
    }
}

/// Tells the two forms apart by what is there, so that a mistake in one is told as what it is.
struct SessionsVisitor;

impl<'de> Visitor<'de> for SessionsVisitor {
    type Value = Sessions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `24h`, or a map with `window`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sessions, E> {
        let window = Span::deserialize(text.into_deserializer())?;
        Ok(Sessions { window, longest: None, end: false })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Sessions, A::Error> {
        let SessionsMap { window, longest, end } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Sessions { window, longest, end })
    }
}

/// What must be there when the region is lost.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recovery {
    /// Emergency groups, by name.
    pub groups: Vec<String>,
    /// Numbers, in E.164.
    #[serde(default)]
    pub numbers: Vec<String>,
}

/// A difference that is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accepted {
    /// The kind of thing: flow, action, integration, queue, table, trunk.
    pub kind: String,
    /// Its name; `*` for all.
    pub name: String,
    /// The setting; `*` for all. Left out: that only one side has it.
    #[serde(default)]
    pub setting: String,
    /// Why it is so.
    pub why: String,
}
