//! What is configured, in a file: clients, queues, integrations and their Data Actions.

use std::time::Duration;

use base::Ppm;
use flow::DataAction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Loading, Saved, StateError, at, callers};
use crate::world::{Integration, Organisation, Queue, QueueOptions, Registered, Simulated, StoredAction, World};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedClient {
    id: String,
    secret: String,
    name: String,
    permissions: Vec<String>,
    seconds: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedQueue {
    id: String,
    name: String,
    agents: u32,
    talk_ms: (u64, u64),
    patience_ms: Option<u64>,
    settings: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedIntegration {
    id: String,
    name: String,
    kind: String,
    credentials: Vec<(String, String)>,
    is_enabled: bool,
    #[serde(deserialize_with = "super::count")]
    version: u64,
    notes: Option<String>,
    properties: Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedAction {
    id: String,
    integration: String,
    category: String,
    source: Value,
    #[serde(default = "first", deserialize_with = "super::count")]
    version: u32,
    simulated: Option<SavedSimulated>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedSimulated {
    latency_ms: (u64, u64),
    failures: u32,
    outputs: Map<String, Value>,
}

pub(super) fn save_client(client: &Registered) -> SavedClient {
    let Registered { id, secret, name, permissions, seconds } = client.clone();
    SavedClient { id, secret, name, permissions, seconds }
}

pub(super) fn save_queue(queue: &Queue) -> SavedQueue {
    let QueueOptions { name, agents, talk_min, talk_max, patience } = queue.options();
    let (talk_ms, settings) = ((ms(talk_min), ms(talk_max)), queue.settings.clone());
    SavedQueue { id: queue.id.to_string(), name, agents, talk_ms, patience_ms: patience.map(ms), settings }
}

pub(super) fn save_integration(one: &Integration) -> SavedIntegration {
    let Integration { id, name, kind, credentials, is_enabled, version, notes, properties } = one.clone();
    SavedIntegration { id, name, kind, credentials, is_enabled, version, notes, properties }
}

pub(super) fn save_action(stored: &StoredAction) -> SavedAction {
    SavedAction {
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
    }
}

/// The organisation as it is configured, in which nothing goes on yet.
pub(super) fn load(saved: Saved, loading: &Loading) -> Result<World, StateError> {
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
