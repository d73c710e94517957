//! Faults on purpose, each with an end.

use std::time::Duration;

use base::Mono;

/// The longest time that a fault may live.
pub(crate) const TTL_MAX: Duration = Duration::from_secs(3_600);

/// The most faults at one time.
const FAULTS_MAX: usize = 32;

/// Something that is broken for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub target: FaultTarget,
    /// How.
    pub kind: FaultKind,
    /// For how long from now; at most an hour.
    pub ttl: Duration,
}

/// What a fault breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// Every data action, before its request is sent.
    DataActions,
    /// The token service.
    Tokens,
}

/// How a fault breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Everything takes so much longer.
    Latency(Duration),
    /// Everything fails with this HTTP status.
    Failure(u16),
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<(Mono, Fault)>,
}

/// What the faults on one target come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) latency: Duration,
    pub(crate) failure: Option<u16>,
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

    /// Faults that still hold, with the time they have left.
    pub(crate) fn active(&self, now: Mono) -> impl Iterator<Item = (Duration, &Fault)> {
        self.active.iter().filter(move |(until, _)| now < *until).map(move |(until, fault)| (until.since(now), fault))
    }

    /// What is broken on `target` now: the longest latency and the latest failure.
    pub(crate) fn on(&self, target: FaultTarget, now: Mono) -> Effect {
        let mut effect = Effect::default();
        for (_, fault) in self.active(now).filter(|(_, fault)| fault.target == target) {
            match fault.kind {
                FaultKind::Latency(latency) => effect.latency = effect.latency.max(latency),
                FaultKind::Failure(status) => effect.failure = Some(status),
            }
        }
        effect
    }
}
