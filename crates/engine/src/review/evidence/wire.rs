//! Facts as they are written, converted field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Texts;

/// What both sides have the same way.
trait Same {}
impl Same for String {}
impl Same for bool {}
impl Same for u32 {}
impl Same for u64 {}
impl Same for usize {}
impl Same for Texts {}
impl Same for BTreeMap<String, u64> {}

/// From the one to the other.
trait Cross<T> {
    fn cross(self) -> T;
}

impl<T: Same> Cross<T> for T {
    fn cross(self) -> T {
        self
    }
}

impl<A: Cross<B>, B> Cross<Vec<B>> for Vec<A> {
    fn cross(self) -> Vec<B> {
        self.into_iter().map(Cross::cross).collect()
    }
}

impl<A: Cross<B>, B> Cross<Option<B>> for Option<A> {
    fn cross(self) -> Option<B> {
        self.map(Cross::cross)
    }
}

/// Something that was learned, or the gap in its place.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Known<T> {
    Known(T),
    Gap(Gap),
}

impl<A: Cross<B>, B> Cross<review::Known<B>> for Known<A> {
    fn cross(self) -> review::Known<B> {
        match self {
            Self::Known(it) => Ok(it.cross()),
            Self::Gap(gap) => Err(gap.cross()),
        }
    }
}

impl<A: Cross<B>, B> Cross<Known<B>> for review::Known<A> {
    fn cross(self) -> Known<B> {
        match self {
            Ok(it) => Known::Known(it.cross()),
            Err(gap) => Known::Gap(gap.cross()),
        }
    }
}

/// A time in nanoseconds, so that nothing is lost of it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Nanos(u64);

impl Cross<Duration> for Nanos {
    fn cross(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl Cross<Nanos> for Duration {
    fn cross(self) -> Nanos {
        Nanos(u64::try_from(self.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A type of the room, as it is written, and the way there and back.
macro_rules! written {
    ($($name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name { $($(#[$attribute])* $field: $kind),* }

        impl Cross<review::$name> for $name {
            fn cross(self) -> review::$name {
                review::$name { $($field: self.$field.cross()),* }
            }
        }

        impl Cross<$name> for review::$name {
            fn cross(self) -> $name {
                $name { $($field: self.$field.cross()),* }
            }
        }
    )*};
}

written! {
    Gap { why: String, fix: String }
    Facts {
        target: String,
        organisation: Known<String>,
        flows: Known<Vec<Flow>>,
        integrations: Known<Vec<Integration>>,
        actions: Known<Vec<Action>>,
        probes: Vec<Probe>,
        licences: Known<BTreeMap<String, u64>>,
        bought: BTreeMap<String, u64>,
        calls: Known<Calls>,
        requests: Known<Requests>,
        actions_at_once: Known<Option<u64>>,
        trunks: Known<Vec<Trunk>>,
        outbound: Known<Vec<OutboundRoute>>,
        gates: Known<Vec<Gate>>,
        emergencies: Known<Vec<Emergency>>,
        numbers: Known<Vec<Number>>,
        backup: Known<Option<bool>>,
        objectives: Known<Vec<Objective>>,
        sessions: Known<Vec<SessionSample>>,
        #[serde(default = "unlooked", skip_serializing_if = "is_unlooked")]
        left: Known<Option<Left>>,
        sides: Known<Option<Sides>>,
    }
    Flow {
        name: String,
        source: String,
        text: Known<String>,
        validation: Known<Validation>,
        missing: Known<Vec<Dependency>>,
        lock: Known<Option<Holder>>,
    }
    Validation { is_valid: Option<bool>, messages: Vec<Message> }
    Message { is_error: bool, text: String }
    Dependency { kind: String, name: String }
    Holder { name: String, is_ours: bool, since: Option<Nanos> }
    Integration { name: String, exists: bool, state: Option<String> }
    Action { name: String, integration: Option<String>, timeout: Option<Nanos> }
    Probe { integration: String, vantage: String, samples: Known<Vec<Sample>>, path: Option<Path> }
    Sample { took: Nanos, failed: Option<String> }
    Path {
        addresses: Vec<String>,
        proxy: Option<String>,
        // Evidence from before this was looked at has none.
        #[serde(default)]
        answered: bool,
        issuer: Option<String>,
        redirects: Vec<String>,
    }
    Calls { now: u64, max: u64 }
    Requests { used: u32, allowed: u32 }
    Trunk { name: String, state: TrunkState, proxies: Vec<String> }
    OutboundRoute { name: String, is_enabled: bool, trunks: usize }
    Gate { of: String, is_allowed: Option<bool>, reasons: Vec<String> }
    Emergency { name: String, is_on: bool, routes: usize, flows: Vec<EmergencyFlow> }
    EmergencyFlow { name: String, is_published: bool, text: Known<String> }
    Number { number: String, exists: bool, is_assigned: bool }
    Objective { id: String, owner: Option<String>, has_alerts: bool }
    SessionSample { at: Nanos, calls: u64, sessions: u64 }
    Left { calls: Vec<LeftCall>, more: u64, residue: Known<u64>, after: Option<SessionSample> }
    LeftCall {
        id: String,
        since: String,
        open_for: Nanos,
        medium: Option<String>,
        queue: Option<String>,
        fate: Fate,
    }
    Sides { other: String, here: Vec<Item>, there: Vec<Item> }
    Item { kind: String, name: String, settings: Texts }
}

/// Form 1 was written before anybody looked.
fn unlooked() -> Known<Option<Left>> {
    Known::Known(None)
}

fn is_unlooked(left: &Known<Option<Left>>) -> bool {
    matches!(left, Known::Known(None))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Fate {
    Open,
    Ended,
    Refused(String),
}

impl Cross<review::Fate> for Fate {
    fn cross(self) -> review::Fate {
        match self {
            Self::Open => review::Fate::Open,
            Self::Ended => review::Fate::Ended,
            Self::Refused(why) => review::Fate::Refused(why),
        }
    }
}

impl Cross<Fate> for review::Fate {
    fn cross(self) -> Fate {
        match self {
            Self::Open => Fate::Open,
            Self::Ended => Fate::Ended,
            Self::Refused(why) => Fate::Refused(why),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum TrunkState {
    InService,
    Maintenance,
    OutOfService,
    Unknown,
}

impl Cross<review::TrunkState> for TrunkState {
    fn cross(self) -> review::TrunkState {
        match self {
            Self::InService => review::TrunkState::InService,
            Self::Maintenance => review::TrunkState::Maintenance,
            Self::OutOfService => review::TrunkState::OutOfService,
            Self::Unknown => review::TrunkState::Unknown,
        }
    }
}

impl Cross<TrunkState> for review::TrunkState {
    fn cross(self) -> TrunkState {
        match self {
            Self::InService => TrunkState::InService,
            Self::Maintenance => TrunkState::Maintenance,
            Self::OutOfService => TrunkState::OutOfService,
            Self::Unknown => TrunkState::Unknown,
        }
    }
}

impl From<Facts> for review::Facts {
    fn from(facts: Facts) -> Self {
        facts.cross()
    }
}

impl From<review::Facts> for Facts {
    fn from(facts: review::Facts) -> Self {
        facts.cross()
    }
}
