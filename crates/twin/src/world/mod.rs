//! The organisation as data: what is in it and what happens to it, without a socket or a clock.
//!
//! Time comes in with every call, chance from a seed. Each kind of chance has its own generator, so
//! that one more request for a token does not change who calls next.

mod actions;
mod calls;
mod clients;
mod faults;
mod flows;
mod people;
mod queues;

use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now, Ppm};
use fastrand::Rng;
use flow::{Flow, Outcome, OutcomeKind};

pub(crate) use actions::{Actions, CONCURRENT_MAX, EXECUTIONS_PER_MINUTE_MAX, Integration, Refusal, StoredAction};
pub use calls::{AskOutcome, AskRecord, CALL_RECORDS_MAX, CallRecord, Ended, Totals};
pub(crate) use clients::{Clients, Denied, Pass, REQUESTS_MAX, RefusedClient, TOKEN_LIFE};
pub use faults::{Fault, FaultKind, FaultTarget};
pub(crate) use faults::{Faults, TTL_MAX};
pub(crate) use flows::{Client, FlowError, Flows, Operation, StoredFlow, Version, VersionKind};
pub use people::{Tier, tier_of};
pub use queues::QueueOptions;
pub(crate) use queues::{Entered, Queue, Queues};

/// The OAuth client that every twin knows: its id and its secret.
pub const DEFAULT_CLIENT: (&str, &str) = ("twin-client", "twin-secret");

/// One organisation.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) organisation_id: String,
    pub(crate) flows: Flows,
    pub(crate) queues: Queues,
    pub(crate) actions: Actions,
    pub(crate) clients: Clients,
    pub(crate) faults: Faults,
    calls: calls::Calls,
    vip_share: Ppm,
    ids: Rng,
    callers: Rng,
    agents: Rng,
}

/// A caller who has just come in.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) conversation_id: String,
    pub(crate) ani: String,
    pub(crate) tier: Tier,
    pub(crate) flow_name: String,
    pub(crate) version: String,
    pub(crate) flow: Arc<Flow>,
    pub(crate) at: Now,
    era: u64,
}

impl World {
    pub(crate) fn new(seed: u64, vip_share: Ppm, queues: &[QueueOptions]) -> Self {
        let mut ids = Rng::with_seed(seed);
        let (callers, agents) = (ids.fork(), ids.fork());
        let mut world = Self {
            organisation_id: uuid(&mut ids),
            flows: Flows::default(),
            queues: Queues::default(),
            actions: Actions::default(),
            clients: Clients::default(),
            faults: Faults::default(),
            calls: calls::Calls::default(),
            vip_share,
            ids,
            callers,
            agents,
        };
        world.clients.register(DEFAULT_CLIENT.0, DEFAULT_CLIENT.1, "Twin client");
        for options in queues {
            let id = world.id();
            world.queues.add(id, options);
        }
        world
    }

    /// A new id in the form of a UUID.
    pub(crate) fn id(&mut self) -> String {
        uuid(&mut self.ids)
    }

    /// Forgets calls, totals and faults. Flows, actions, clients and queues stay; callers who are
    /// still in a flow finish unseen.
    pub(crate) fn reset(&mut self) {
        self.calls.reset();
        self.faults = Faults::default();
        self.queues.clear();
    }

    /// Time until the next caller at `rate` callers a second: exponential, as callers do not know
    /// of each other.
    pub(crate) fn next_arrival(&mut self, rate: f64) -> Duration {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let seconds = -(1.0 - self.callers.f64()).ln() / rate;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// A caller comes in and gets the flow's published version; `None` when no flow is published.
    pub(crate) fn arrive(&mut self, now: Now) -> Option<Arrival> {
        let (stored, version) = self.flows.entry(now.mono)?;
        let (flow_name, number) = (stored.name.clone(), version.id());
        let flow = Arc::clone(&version.flow);
        let ani = people::ani(&mut self.callers, self.vip_share);
        let conversation_id = uuid(&mut self.ids);
        let era = self.calls.offer(&conversation_id);
        let tier = tier_of(&ani);
        Some(Arrival { conversation_id, ani, tier, flow_name, version: number, flow, at: now, era })
    }

    /// A flow hands a caller to a queue; false when the queue takes nobody.
    pub(crate) fn transfer(&mut self, arrival: &Arrival, queue: &str, priority: i64, now: Mono) -> bool {
        if !self.calls.is_current(arrival.era) {
            return true;
        }
        let entered = self.queues.enter(queue, &arrival.conversation_id, priority, now, &mut self.agents);
        match entered {
            Entered::Answered => self.calls.answered(&arrival.conversation_id, Duration::ZERO),
            Entered::Waiting => {}
            Entered::Refused => return false,
        }
        true
    }

    /// A caller's flow is over.
    pub(crate) fn finish(&mut self, arrival: Arrival, outcome: Outcome, asks: Vec<AskRecord>, now: Now) {
        let (ended, queue) = match outcome.kind {
            OutcomeKind::Queue(destination) => (Ended::Queue, Some(destination.target)),
            OutcomeKind::Handed(_) | OutcomeKind::Callback | OutcomeKind::Ended => (Ended::HandedOver, None),
            OutcomeKind::Disconnect => (Ended::Disconnect, None),
            OutcomeKind::Loop => (Ended::Loop, None),
        };
        let record = CallRecord {
            conversation_id: arrival.conversation_id,
            ani: arrival.ani,
            tier: arrival.tier,
            flow: arrival.flow_name,
            version: arrival.version,
            started_at: arrival.at.wall,
            ended_at: now.wall,
            ended,
            queue,
            participant_data: outcome.participant_data,
            data_actions: asks,
            dead_air: outcome.dead_air,
            dead_air_longest: outcome.dead_air_longest,
            answered_after: None,
        };
        self.calls.finish(record, arrival.era);
    }

    /// Agents finish their calls and take the next ones.
    pub(crate) fn advance(&mut self, now: Mono) {
        for answered in self.queues.advance(now, &mut self.agents) {
            self.calls.answered(&answered.conversation_id, answered.waited);
        }
    }

    /// Takes back a caller for whom there was no room.
    pub(crate) fn withdraw(&mut self, arrival: &Arrival) {
        self.calls.withdraw(&arrival.conversation_id);
    }

    pub(crate) fn count_not_placed(&mut self) {
        self.calls.not_placed();
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { waiting: self.queues.waiting(), talking: self.queues.talking(), ..self.calls.totals() }
    }

    /// The last calls, oldest first.
    pub(crate) fn calls(&self) -> impl DoubleEndedIterator<Item = &CallRecord> {
        self.calls.records()
    }
}

fn uuid(rng: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests;
