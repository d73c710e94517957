//! Faults on purpose, each with an end.

use std::time::Duration;

use base::Mono;
use serde::{Deserialize, Serialize};

/// The longest time that a fault may live.
pub(crate) const TTL_MAX: Duration = Duration::from_secs(86_400);

/// The most faults at one time.
pub(super) const FAULTS_MAX: usize = 64;

/// Something that is broken for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub target: FaultTarget,
    /// How.
    pub kind: FaultKind,
    /// For how long from now; at most a day.
    pub ttl: Duration,
}

/// What a fault breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultTarget {
    /// Every data action, before its request is sent.
    DataActions,
    /// The endpoint that gives tokens.
    Tokens,
    /// Every operation of the API.
    Platform,
    /// Everything: tokens, API, notifications.
    Region,
    /// WebSockets: nothing is told, and nobody can connect.
    Sockets,
    /// Operations of one service.
    #[serde(untagged)]
    Service(Service),
}

/// A part of the platform that can fail alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// The platform's own alerts and triggers.
    Alerting,
    /// Aggregates, details, observations.
    Analytics,
    /// Flows, call routes, schedules.
    Architect,
    /// Audits.
    Audits,
    /// Tokens that are asked about, permissions, OAuth clients.
    Authorization,
    /// Conversations that are going on.
    Conversations,
    /// Data tables.
    DataTables,
    /// Integrations and their Data Actions.
    Integrations,
    /// Licences.
    License,
    /// Channels and subscriptions.
    Notifications,
    /// Limits.
    Organization,
    /// Campaigns.
    Outbound,
    /// Queues.
    Routing,
    /// Trunks, edges, numbers.
    Telephony,
    /// Usage and operational events.
    Usage,
}

/// How a fault breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Everything takes so much longer.
    Latency(Duration),
    /// Everything fails with this HTTP status.
    Failure(u16),
    /// Everything is refused for its number, and may come back after so long.
    Throttle(Duration),
    /// Connections are reset instead of answered.
    Reset,
    /// Answers take so long to arrive.
    SlowBody(Duration),
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(super) active: Vec<(Mono, Fault)>,
}

/// What the faults on one target come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) latency: Duration,
    pub(crate) failure: Option<u16>,
    pub(crate) throttle: Option<Duration>,
    pub(crate) resets: bool,
    pub(crate) slow_body: Option<Duration>,
}

impl Faults {
    /// Adds a fault; false when there are too many.
    pub(crate) fn inject(&mut self, fault: Fault, now: Mono) -> bool {
        self.active.retain(|(until, _)| now < *until);
        if self.active.len() >= FAULTS_MAX {
            return false;
        }
        self.active.push((now + fault.ttl.min(TTL_MAX), fault));
        true
    }

    /// Ends every fault on a target, or every fault.
    pub(crate) fn clear(&mut self, target: Option<FaultTarget>) {
        self.active.retain(|(_, fault)| target.is_some_and(|target| target != fault.target));
    }

    /// Faults that still hold, with the time they have left.
    pub(crate) fn active(&self, now: Mono) -> impl Iterator<Item = (Duration, &Fault)> {
        self.active.iter().filter(move |(until, _)| now < *until).map(move |(until, fault)| (until.since(now), fault))
    }

    /// What is broken on `target` now: the longest latency and the latest of everything else.
    pub(crate) fn on(&self, target: FaultTarget, now: Mono) -> Effect {
        let mut effect = Effect::default();
        for (_, fault) in self.active(now).filter(|(_, fault)| fault.target.covers(target)) {
            match fault.kind {
                FaultKind::Latency(latency) => effect.latency = effect.latency.max(latency),
                FaultKind::Failure(status) => effect.failure = Some(status),
                FaultKind::Throttle(after) => effect.throttle = Some(after),
                FaultKind::Reset => effect.resets = true,
                FaultKind::SlowBody(over) => effect.slow_body = Some(over),
            }
        }
        effect
    }
}

impl FaultTarget {
    fn covers(self, target: Self) -> bool {
        let is_wider = match self {
            Self::Platform => matches!(target, Self::Service(_)),
            Self::Region => target != Self::DataActions,
            _ => false,
        };
        self == target || is_wider
    }
}
