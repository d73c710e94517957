//! The organisation as data: what is in it and what happens to it, without a socket or a clock.
//!
//! Time comes in with every call, chance from a seed. Each kind of chance has its own generator, so
//! that one more request for a token does not change who calls next.

mod actions;
mod agenda;
mod callers;
mod calls;
mod channels;
mod clients;
mod documents;
mod faults;
mod flows;
mod furniture;
mod jobs;
mod leaks;
mod log;
mod orders;
mod people;
mod platform;
mod queues;
mod records;
mod rows;
mod settings;
mod simulate;
mod state;

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Mono, Now, Ppm};
use fastrand::Rng;
use jiff::Timestamp;
use serde_json::Value;

pub use actions::Simulated;
pub(crate) use actions::{Actions, CONCURRENT_MAX, EXECUTIONS_PER_MINUTE_MAX, Integration, Refusal, StoredAction};
pub use callers::{CALLERS_MAX, RATE_MAX};
pub(crate) use callers::{Execution, Failure, Question};
pub use calls::{AskOutcome, AskRecord, CALL_RECORDS_MAX, CallRecord, Ended, Totals};
pub(crate) use channels::{CHANNEL_LIFE, Channel, Channels, TOPICS_MAX};
pub(crate) use clients::{Clients, Denied, RefusedClient, Registered};
pub(crate) use documents::{DocumentError, Documents, Kind};
pub use faults::{Fault, FaultKind, FaultTarget, Service};
pub(crate) use faults::{Faults, TTL_MAX};
pub(crate) use flows::{Broken, Client, FlowError, Flows, Operation, StoredFlow, Version, VersionKind};
pub(crate) use jobs::{Job, Jobs, Stage};
use leaks::Leaks;
pub(crate) use leaks::Left;
pub(crate) use log::{Entry, Fact, FlowRef, Log};
pub use people::{Tier, tier_of};
pub use queues::QueueOptions;
pub(crate) use queues::{Queue, Queues, SERVICE_LEVEL};
pub(crate) use records::{Change, Records, Usage, UsageKey};
pub(crate) use rows::{ROWS_MAX, Rows};
pub use settings::{Message, Settings, VersionConflict};
pub(crate) use state::{Loaded, Saved, StateError};

/// The OAuth client that every twin knows: its id and its secret.
pub const DEFAULT_CLIENT: (&str, &str) = ("twin-client", "twin-secret");

/// What an organisation is founded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Where all its chance comes from, and its ids.
    pub seed: u64,
    /// Its name.
    pub name: String,
    /// Its home region, such as `us-east-1`.
    pub region: String,
    /// Its main number in E.164; the nine that follow are its own as well.
    pub number: String,
    /// The share of callers who are platinum or gold.
    pub vip_share: Ppm,
    /// Its queues.
    pub queues: Vec<QueueOptions>,
}

impl Default for Organisation {
    /// A small contact centre: a VIP and a Support queue, every fifth caller a VIP.
    fn default() -> Self {
        let queue = |name: &str, agents| QueueOptions {
            name: name.to_owned(),
            agents,
            talk_min: Duration::from_secs(20),
            talk_max: Duration::from_secs(60),
            patience: None,
        };
        Self {
            seed: 1,
            name: "Twin".to_owned(),
            region: "us-east-1".to_owned(),
            number: "+18005550100".to_owned(),
            vip_share: Ppm::percent(20),
            queues: vec![queue("VIP", 40), queue("Support", 120)],
        }
    }
}

/// One organisation.
#[derive(Debug)]
pub(crate) struct World {
    /// Counts the organisations of one process, each in place of the one before: what is under way for an earlier one
    /// has nothing to say to this one.
    pub(crate) generation: u64,
    pub(crate) organisation_id: String,
    /// The organisation's name.
    pub(crate) name: String,
    /// Its home, such as `us-east-1`.
    pub(crate) region: String,
    /// Its main number.
    pub(crate) number: String,
    pub(crate) settings: Settings,
    pub(crate) documents: Documents,
    pub(crate) rows: Rows,
    pub(crate) jobs: Jobs,
    pub(crate) records: Records,
    pub(crate) channels: Channels,
    /// Channels whose sockets are to be closed.
    pub(crate) hang_up: Vec<String>,
    /// Numbers that have moved, for the organisations that are linked.
    pub(crate) moved: Vec<Value>,
    /// Numbers whose callers a linked organisation gets.
    pub(crate) redirected: Vec<String>,
    pub(crate) flows: Flows,
    pub(crate) queues: Queues,
    pub(crate) actions: Actions,
    pub(crate) clients: Clients,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) leaks: Leaks,
    agenda: agenda::Agenda,
    streams: Vec<callers::Stream>,
    series: u64,
    live: BTreeMap<u64, callers::Live>,
    next_caller: u64,
    calls: calls::Calls,
    vip_share: Ppm,
    began: Now,
    ids: Rng,
    conversations: Rng,
    people: Rng,
    agents: Rng,
    upstreams: Rng,
}

impl World {
    pub(crate) fn new(organisation: &Organisation, began: Now) -> Self {
        let mut ids = Rng::with_seed(organisation.seed);
        let (people, agents, conversations, upstreams) = (ids.fork(), ids.fork(), ids.fork(), ids.fork());
        let mut world = Self {
            generation: 0,
            organisation_id: uuid(&mut ids),
            name: organisation.name.clone(),
            region: organisation.region.clone(),
            number: organisation.number.clone(),
            settings: Settings::default(),
            documents: Documents::default(),
            rows: Rows::default(),
            jobs: Jobs::default(),
            records: Records::default(),
            channels: Channels::default(),
            hang_up: Vec::new(),
            moved: Vec::new(),
            redirected: Vec::new(),
            flows: Flows::default(),
            queues: Queues::default(),
            actions: Actions::default(),
            clients: Clients::default(),
            faults: Faults::default(),
            log: Log::default(),
            leaks: Leaks::default(),
            agenda: agenda::Agenda::default(),
            streams: Vec::new(),
            series: 0,
            live: BTreeMap::new(),
            next_caller: 0,
            calls: calls::Calls::default(),
            vip_share: organisation.vip_share,
            began,
            ids,
            conversations,
            people,
            agents,
            upstreams,
        };
        // No instant of an organisation lies before its beginning.
        world.actions.minute_began = began.mono;
        let (id, secret) = (DEFAULT_CLIENT.0.to_owned(), DEFAULT_CLIENT.1.to_owned());
        let permissions = vec!["*:*:*".to_owned()];
        world.clients.register(Registered { id, secret, name: "Twin client".to_owned(), permissions, seconds: None });
        for options in &organisation.queues {
            let id = world.id();
            world.queues.add(id, options);
        }
        world.furnish();
        world
    }

    /// When the organisation began.
    pub(crate) fn began(&self) -> Timestamp {
        self.began.wall
    }

    /// A new id in the form of a UUID.
    pub(crate) fn id(&mut self) -> String {
        uuid(&mut self.ids)
    }

    /// Forgets callers, calls, totals, faults and the log. Flows, actions, clients and queues stay, and so do those who
    /// will call.
    pub(crate) fn reset(&mut self) {
        self.calls.reset();
        self.faults = Faults::default();
        self.log = Log::default();
        self.leaks.all.clear();
        self.queues.clear();
        self.live.clear();
        let actions = &mut self.actions;
        self.agenda.forget(|due| {
            if matches!(due, callers::Due::Replies(_, replies) if replies.runs) {
                actions.end();
            }
            // Callers are forgotten; what happens to configuration still happens.
            use callers::Due;
            matches!(due, Due::Goes(..) | Due::Replies(..) | Due::HangsUp(..) | Due::TalkEnds(..))
        });
    }

    /// When the next thing happens.
    pub(crate) fn next_due(&self) -> Option<Mono> {
        self.agenda.next()
    }

    /// Lets everything happen that is due by now, each thing at its own time. What comes back only the outside can
    /// answer.
    pub(crate) fn advance(&mut self, now: Now) -> Vec<Question> {
        let mut questions = Vec::new();
        while let Some((at, due)) = self.agenda.pop(now.mono) {
            let at = self.began.later(at.since(self.began.mono));
            self.happens(due, at, &mut questions);
        }
        questions
    }

    /// The outside has answered a caller's question.
    pub(crate) fn reply(&mut self, caller: u64, execution: Execution, now: Now) -> Vec<Question> {
        let mut questions = self.advance(now);
        self.replied(caller, execution, now, &mut questions);
        questions
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
