//! An organisation as a file: everything that is in it, and everything that goes on.
//!
//! A file is a photograph of one moment. Whoever loads it, in another process and at another time, gets an organisation
//! that goes on as if nothing had happened: with the same callers in their flows and queues, the same agenda, jobs, tokens
//! and faults, the same chance, and the same history with its hash. Three things cannot be written: sockets must be
//! connected anew, what was asked of real systems is asked again, and requests to the twin that were under way are lost.
//!
//! Loading is all or nothing: what is wrong with a file is told with its place, and nothing has changed.
//!
//! Forms: 1 has what is configured; 2 adds `life`, a flow's operation and history, and an action's version.

mod access;
mod agenda;
mod answers;
mod callers;
mod calls;
mod facts;
mod life;
mod moment;
mod queues;
mod records;

use std::time::Duration;

use base::{Now, Ppm};
use fastrand::Rng;
use flow::DataAction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::life::Life;
pub(super) use self::moment::{Loading, SavedNow, Saving, ns};
use super::documents::Documents;
use super::flows::SavedFlow;
use super::rows::Rows;
use super::{Integration, Organisation, Question, QueueOptions, Registered, Settings, Simulated, World};

/// The form that is written.
const FORM: u32 = 2;

/// The form that has no `life`.
const FORM_WITHOUT_LIFE: u32 = 1;

/// Why a file gives no organisation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// It is not what a twin writes.
    #[error("read the state: {0}; only what `GET /twin/state` gave can be put back, unchanged or changed with care")]
    Unreadable(#[from] serde_json::Error),
    /// It comes from another version.
    #[error(
        "read the state: it has the form {0}, and the forms {FORM_WITHOUT_LIFE} to {FORM} can be read; load it with the \
         version of the twin that saved it"
    )]
    Form(u32),
    /// It says something that cannot be.
    #[error("load the state: {place}: {problem}; correct it there, or save the organisation again")]
    Wrong {
        /// Where, as a path into the file.
        place: String,
        /// What.
        problem: String,
    },
}

impl StateError {
    pub(super) fn wrong(place: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self::Wrong { place: place.into(), problem: problem.to_string() }
    }
}

/// An organisation that goes on, and what its callers ask of real systems.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) world: World,
    pub(crate) questions: Vec<Question>,
}

/// The one member that every form has.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// An organisation in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Saved {
    form: u32,
    organisation_id: String,
    name: String,
    region: String,
    number: String,
    vip_share: u32,
    settings: Settings,
    documents: Documents,
    rows: Rows,
    clients: Vec<SavedClient>,
    queues: Vec<SavedQueue>,
    flows: Vec<SavedFlow>,
    integrations: Vec<SavedIntegration>,
    actions: Vec<SavedAction>,
    /// Of form 1: the numbers that are called, and how often a second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    callers: Vec<(String, f64)>,
    chance: [u64; 5],
    /// From form 2 on: what goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life: Option<Life>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedClient {
    id: String,
    secret: String,
    name: String,
    permissions: Vec<String>,
    seconds: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedQueue {
    id: String,
    name: String,
    agents: u32,
    talk_ms: (u64, u64),
    patience_ms: Option<u64>,
    settings: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedIntegration {
    id: String,
    name: String,
    kind: String,
    credentials: Vec<(String, String)>,
    is_enabled: bool,
    version: u64,
    notes: Option<String>,
    properties: Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedAction {
    id: String,
    integration: String,
    category: String,
    source: Value,
    #[serde(default = "first")]
    version: u32,
    simulated: Option<SavedSimulated>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedSimulated {
    latency_ms: (u64, u64),
    failures: u32,
    outputs: Map<String, Value>,
}

impl Saved {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or one of another version.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, StateError> {
        // The form first, so that a file of the future is called that and not a mistake.
        let Form { form } = serde_json::from_slice(bytes)?;
        if !(FORM_WITHOUT_LIFE..=FORM).contains(&form) {
            return Err(StateError::Form(form));
        }
        let saved: Self = serde_json::from_slice(bytes)?;
        match (form, &saved.life) {
            (FORM_WITHOUT_LIFE, Some(_)) => Err(StateError::wrong("life", "a file of form 1 has none")),
            (FORM, None) => Err(StateError::wrong("life", "is missing")),
            _ => Ok(saved),
        }
    }

    /// How long the organisation had lived when it was saved: so old must monotonic time be when it is loaded.
    pub(crate) fn age(&self) -> Duration {
        self.life.as_ref().map_or(Duration::ZERO, |life| Duration::from_nanos(life.age.unsigned_abs()))
    }
}

impl World {
    /// The organisation as it is now.
    pub(crate) fn save(&self, now: Now) -> Saved {
        let saving = Saving { now, began: self.began.mono };
        let client = |client: &Registered| {
            let Registered { id, secret, name, permissions, seconds } = client.clone();
            SavedClient { id, secret, name, permissions, seconds }
        };
        let integration = |one: &Integration| {
            let Integration { id, name, kind, credentials, is_enabled, version, notes, properties } = one.clone();
            SavedIntegration { id, name, kind, credentials, is_enabled, version, notes, properties }
        };
        let queues = self.queues.iter().map(|queue| {
            let QueueOptions { name, agents, talk_min, talk_max, patience } = queue.options();
            let (talk_ms, settings) = ((ms(talk_min), ms(talk_max)), queue.settings.clone());
            SavedQueue { id: queue.id.to_string(), name, agents, talk_ms, patience_ms: patience.map(ms), settings }
        });
        let actions = self.actions.iter().map(|stored| SavedAction {
            id: stored.id.clone(),
            integration: stored.integration.id.clone(),
            category: stored.category.clone(),
            source: Value::clone(&stored.source),
            version: stored.version,
            simulated: stored.simulated.as_deref().map(|simulated| SavedSimulated {
                latency_ms: (ms(simulated.latency_min), ms(simulated.latency_max)),
                failures: simulated.failures.get(),
                outputs: simulated.outputs.clone(),
            }),
        });
        Saved {
            form: FORM,
            organisation_id: self.organisation_id.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            number: self.number.clone(),
            vip_share: self.vip_share.get(),
            settings: self.settings.clone(),
            documents: self.documents.clone(),
            rows: self.rows.clone(),
            clients: self.clients.iter().map(client).collect(),
            queues: queues.collect(),
            flows: self.flows.iter().map(|flow| flow.save(&saving)).collect(),
            integrations: self.actions.integrations().map(integration).collect(),
            actions: actions.collect(),
            callers: Vec::new(),
            chance: [&self.ids, &self.conversations, &self.people, &self.agents, &self.upstreams].map(Rng::get_seed),
            life: Some(life::save(self, &saving)),
        }
    }

    /// An organisation from a file, which lives on from `now` as the given generation of its process. Monotonic time must be as old by then as the organisation
    /// is, see [`Saved::age`].
    ///
    /// # Errors
    /// When the file says something that cannot be.
    pub(crate) fn load(mut saved: Saved, generation: u64, now: Now) -> Result<Loaded, StateError> {
        let life = saved.life.take();
        let loading = match &life {
            Some(life) => Loading::since(life.saved_at, now)?,
            None => Loading::in_place(now),
        };
        let chance = saved.chance;
        let mut world = configured(saved, &loading)?;
        world.generation = generation;
        let questions = match life {
            Some(life) => life::load(&mut world, life, &loading)?,
            None => Vec::new(),
        };
        let [ids, conversations, people, agents, upstreams] = chance.map(Rng::with_seed);
        (world.ids, world.conversations, world.people) = (ids, conversations, people);
        (world.agents, world.upstreams) = (agents, upstreams);
        Ok(Loaded { world, questions })
    }
}

/// The organisation as it is configured, in which nothing goes on yet.
fn configured(saved: Saved, loading: &Loading) -> Result<World, StateError> {
    let organisation = Organisation {
        seed: 0,
        name: saved.name,
        region: saved.region,
        number: saved.number,
        vip_share: share(saved.vip_share, "vipShare")?,
        queues: Vec::new(),
    };
    let mut world = World::new(&organisation, loading.now);
    world.organisation_id = saved.organisation_id;
    (world.settings, world.documents, world.rows) = (saved.settings, saved.documents, saved.rows);
    for SavedClient { id, secret, name, permissions, seconds } in saved.clients {
        world.clients.register(Registered { id, secret, name, permissions, seconds });
    }
    for queue in saved.queues {
        add_queue(&mut world, queue);
    }
    for (place, flow) in saved.flows.into_iter().enumerate() {
        world.flows.restore(flow, (&at("flows", place), loading))?;
    }
    for one in saved.integrations {
        let SavedIntegration { id, name, kind, credentials, is_enabled, version, notes, properties } = one;
        world.actions.restore(Integration { id, name, kind, credentials, is_enabled, version, notes, properties });
    }
    for (place, action) in saved.actions.into_iter().enumerate() {
        add_action(&mut world, action, &at("actions", place))?;
    }
    for (place, (number, rate)) in saved.callers.into_iter().enumerate() {
        callers::check_rate(rate, &at("callers", place))?;
        world.callers(rate, &number, loading.now.mono);
    }
    Ok(world)
}

fn add_queue(world: &mut World, queue: SavedQueue) {
    let (talk_min, talk_max) = (Duration::from_millis(queue.talk_ms.0), Duration::from_millis(queue.talk_ms.1));
    let patience = queue.patience_ms.map(Duration::from_millis);
    let options = QueueOptions { name: queue.name, agents: queue.agents, talk_min, talk_max, patience };
    world.queues.add(queue.id.clone(), &options);
    if let Some(known) = world.queues.by_id_mut(&queue.id) {
        known.settings = queue.settings;
    }
}

fn add_action(world: &mut World, saved: SavedAction, place: &str) -> Result<(), StateError> {
    let action = DataAction::parse(&saved.source.to_string()).map_err(|problems| StateError::wrong(place, problems))?;
    let SavedAction { id, integration, category, source, version, simulated } = saved;
    if !world.actions.add(&integration, &category, action, source, id.clone()) {
        return Err(StateError::wrong(place, format!("there is no integration `{integration}`")));
    }
    if let Some(stored) = world.actions.actions.last_mut() {
        stored.version = version;
    }
    if let Some(SavedSimulated { latency_ms, failures, outputs }) = simulated {
        let latency_min = Duration::from_millis(latency_ms.0);
        let latency_max = Duration::from_millis(latency_ms.1).max(latency_min);
        let failures = share(failures, place)?;
        world.actions.simulate(&id, Simulated { latency_min, latency_max, failures, outputs });
    }
    Ok(())
}

fn share(parts: u32, place: &str) -> Result<Ppm, StateError> {
    Ppm::new(parts).ok_or_else(|| StateError::wrong(place, format!("{parts} is no share in parts per million")))
}

fn first() -> u32 {
    1
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A place in a list of the file.
pub(super) fn at(list: &str, place: usize) -> String {
    format!("{list}[{place}]")
}

/// What was never allowed to grow cannot have grown in a file.
pub(super) fn at_most(max: usize, length: usize, place: &str) -> Result<(), StateError> {
    if length <= max { Ok(()) } else { Err(StateError::wrong(place, format!("has {length} entries; {max} can be"))) }
}

#[cfg(test)]
mod tests;
