//! The words of a scenario.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::ScenarioError;
use crate::world::{FaultTarget, RATE_MAX};

/// Organisations of one scenario.
const ORGANISATIONS_MAX: usize = 2;

/// A scenario, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Where all its chance comes from.
    #[serde(default = "one")]
    pub seed: u64,
    /// One organisation, or two that are linked.
    pub(super) organisations: Vec<Founded>,
    /// What happens to them.
    #[serde(default)]
    pub(super) timeline: Vec<Moment>,
    /// Where the files lie that it names.
    #[serde(skip)]
    pub(super) folder: PathBuf,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Founded {
    pub(super) name: String,
    pub(super) region: Option<String>,
    /// Its main number.
    pub(super) number: Option<String>,
    /// The share of callers who are platinum or gold, from 0 to 1.
    pub(super) vip_share: Option<f64>,
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
    #[serde(default)]
    pub(super) clients: Vec<OauthClient>,
    pub(super) queues: Option<Vec<Queue>>,
    #[serde(default)]
    pub(super) flows: Vec<File>,
    #[serde(default)]
    pub(super) actions: Vec<Action>,
    /// Documents by the name of their kind; one with a name that is there already is changed.
    #[serde(default)]
    pub(super) documents: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Rows by the name of their data table.
    #[serde(default)]
    pub(super) rows: BTreeMap<String, Vec<Map<String, Value>>>,
    #[serde(default)]
    pub(super) callers: Vec<Callers>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OauthClient {
    pub(super) id: String,
    pub(super) secret: String,
    /// `domain:entity:action`, each part perhaps `*`.
    pub(super) permissions: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) agents: u32,
    /// The shortest and the longest talk.
    pub(super) talk: Range,
    pub(super) patience: Option<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) file: PathBuf,
    /// Whether callers get it from the start; otherwise it is saved as a further version of the flow with its name.
    #[serde(default = "yes")]
    pub(super) publish: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Action {
    /// The category under which flows find it.
    pub(super) category: String,
    pub(super) file: PathBuf,
    /// Settings of its integration.
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, String>,
    /// A system that answers without being there.
    pub(super) simulate: Option<Simulate>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Simulate {
    /// The shortest and the longest time to an answer.
    pub(super) latency: Range,
    /// The share of executions that fail, from 0 to 1.
    #[serde(default)]
    pub(super) failures: f64,
    /// What it answers otherwise.
    #[serde(default)]
    pub(super) outputs: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Callers {
    /// The main number when there is none.
    pub(super) number: Option<String>,
    pub(super) per_minute: f64,
}

/// Something that happens at a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Moment {
    pub(super) at: Span,
    /// The first organisation when there is none.
    pub(super) organisation: Option<String>,
    #[serde(rename = "do")]
    pub(super) order: Order,
}

/// What happens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Order {
    /// Something breaks.
    Fault {
        /// What.
        target: FaultTarget,
        /// How: `latency`, `failure`, `throttle`, `reset` or `slowBody`.
        kind: String,
        /// Of a failure.
        status: Option<u16>,
        /// Of a latency, a slow body, or until a throttled request may come back.
        latency: Option<Span>,
        /// For how long.
        #[serde(rename = "for")]
        lasts: Span,
    },
    /// A target is mended.
    Mend(FaultTarget),
    /// Callers come at another rate; none at 0.
    Callers {
        /// The main number when there is none.
        number: Option<String>,
        /// How many.
        per_minute: f64,
    },
    /// So many agents are on a queue.
    Agents {
        /// The queue.
        queue: String,
        /// How many.
        agents: u32,
    },
    /// The carrier behind a trunk is lost, or comes back.
    Trunk {
        /// The trunk.
        name: String,
        /// Whether it is there.
        connected: bool,
    },
    /// Somebody takes a flow and does not give it back.
    Lock {
        /// The flow.
        flow: String,
        /// Who.
        holder: String,
    },
    /// A version of a flow is published.
    Publish {
        /// The flow.
        flow: String,
        /// The version, such as `2.0`.
        version: String,
    },
    /// An integration is enabled or disabled.
    Integration {
        /// The integration.
        name: String,
        /// Whether it is on.
        enabled: bool,
    },
    /// An emergency begins or is over.
    Emergency {
        /// The emergency group.
        name: String,
        /// Whether it is on.
        enabled: bool,
    },
    /// Settings change.
    Settings(Map<String, Value>),
}

/// A length of time such as `90s`, `2m`, `1h 30m` or `PT5M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A shortest and a longest length.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Range(pub(super) Span, pub(super) Span);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("`{text}` is no length of time: write 90s, 2m or PT5M"));
        let span: SignedDuration = text.parse().map_err(|_| wrong())?;
        Duration::try_from(span).map(Self).map_err(|_| wrong())
    }
}

impl Serialize for Span {
    /// As it may be written, to the nanosecond.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX);
        serializer.collect_str(&span)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

impl Scenario {
    /// What can be said without any file.
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |message: String| Err(ScenarioError::Wrong(message));
        if self.organisations.is_empty() || self.organisations.len() > ORGANISATIONS_MAX {
            return wrong(format!("a scenario has from 1 to {ORGANISATIONS_MAX} organisations"));
        }
        let names: Vec<&str> = self.organisations.iter().map(|organisation| organisation.name.as_str()).collect();
        if names.len() == 2 && names[0] == names[1] {
            return wrong(format!("two organisations are named `{}`", names[0]));
        }
        let named = self.timeline.iter().filter_map(|moment| moment.organisation.as_deref());
        if let Some(name) = named.into_iter().find(|name| !names.contains(name)) {
            return Err(ScenarioError::Nowhere { kind: "organisation".to_owned(), name: name.to_owned() });
        }
        let rates =
            self.organisations.iter().flat_map(|organisation| &organisation.callers).map(|callers| callers.per_minute);
        let later = self.timeline.iter().filter_map(|moment| match moment.order {
            Order::Callers { per_minute, .. } => Some(per_minute),
            _ => None,
        });
        if let Some(rate) = rates.chain(later).find(|rate| !(0.0..=RATE_MAX * 60.0).contains(rate)) {
            return wrong(format!("{rate} callers a minute cannot come: from 0 to {}", RATE_MAX * 60.0));
        }
        Ok(())
    }
}
