//! An organisation as a file: everything that is configured, and where its chance goes on.
//!
//! Who is in a flow or a queue at that moment, jobs, sockets, tokens, faults and what analytics know stay behind.

use std::time::Duration;

use base::{Now, Ppm};
use fastrand::Rng;
use flow::DataAction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::documents::Documents;
use super::flows::SavedFlow;
use super::rows::Rows;
use super::{Integration, Organisation, QueueOptions, Registered, Settings, Simulated, World};

/// The form of the file; another one is refused.
const FORM: u32 = 1;

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
    callers: Vec<(String, f64)>,
    chance: [u64; 5],
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
    simulated: Option<SavedSimulated>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedSimulated {
    latency_ms: (u64, u64),
    failures: u32,
    outputs: Map<String, Value>,
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

impl World {
    /// The organisation as it is configured now.
    pub(crate) fn save(&self) -> Saved {
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
            flows: self.flows.iter().map(super::StoredFlow::save).collect(),
            integrations: self.actions.integrations().map(integration).collect(),
            actions: actions.collect(),
            callers: self.callers_by_number(),
            chance: [&self.ids, &self.conversations, &self.people, &self.agents, &self.upstreams].map(Rng::get_seed),
        }
    }

    /// An organisation from a file, which lives on from `now`.
    pub(crate) fn load(saved: Saved, now: Now) -> Result<Self, String> {
        if saved.form != FORM {
            return Err(format!("the file has the form {}, and only {FORM} can be read", saved.form));
        }
        let organisation = Organisation {
            seed: 0,
            name: saved.name,
            region: saved.region,
            number: saved.number,
            vip_share: Ppm::new(saved.vip_share).ok_or("vipShare is no share")?,
            queues: Vec::new(),
        };
        let mut world = Self::new(&organisation, now);
        world.organisation_id = saved.organisation_id;
        (world.settings, world.documents, world.rows) = (saved.settings, saved.documents, saved.rows);
        for SavedClient { id, secret, name, permissions, seconds } in saved.clients {
            world.clients.register(Registered { id, secret, name, permissions, seconds });
        }
        for queue in saved.queues {
            let (talk_min, talk_max) = (Duration::from_millis(queue.talk_ms.0), Duration::from_millis(queue.talk_ms.1));
            let patience = queue.patience_ms.map(Duration::from_millis);
            let options = QueueOptions { name: queue.name, agents: queue.agents, talk_min, talk_max, patience };
            world.queues.add(queue.id.clone(), &options);
            if let Some(known) = world.queues.by_id_mut(&queue.id) {
                known.settings = queue.settings;
            }
        }
        for flow in saved.flows {
            world.flows.restore(flow)?;
        }
        for one in saved.integrations {
            let SavedIntegration { id, name, kind, credentials, is_enabled, version, notes, properties } = one;
            world.actions.restore(Integration { id, name, kind, credentials, is_enabled, version, notes, properties });
        }
        for saved in saved.actions {
            let text = saved.source.to_string();
            let action = DataAction::parse(&text).map_err(|problems| format!("the action {}: {problems}", saved.id))?;
            if !world.actions.add(&saved.integration, &saved.category, action, saved.source, saved.id.clone()) {
                return Err(format!("the action {} belongs to no integration", saved.id));
            }
            if let Some(SavedSimulated { latency_ms, failures, outputs }) = saved.simulated {
                let latency_min = Duration::from_millis(latency_ms.0);
                let latency_max = Duration::from_millis(latency_ms.1).max(latency_min);
                let failures = Ppm::new(failures).ok_or("failures is no share")?;
                world.actions.simulate(&saved.id, Simulated { latency_min, latency_max, failures, outputs });
            }
        }
        for (number, rate) in saved.callers {
            world.callers(rate, &number, now.mono);
        }
        let [ids, conversations, people, agents, upstreams] = saved.chance.map(Rng::with_seed);
        (world.ids, world.conversations, world.people) = (ids, conversations, people);
        (world.agents, world.upstreams) = (agents, upstreams);
        Ok(world)
    }
}
