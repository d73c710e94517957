//! From what is written to organisations that live.

use base::{Now, Ppm};
use flow::{DataAction, Flow};
use serde_json::{Map, Value, json};

use super::written::{Action, Founded, Moment, Scenario, Simulate};
use super::{ScenarioError, read};
use crate::platform::kinds;
use crate::world::{Integration, Kind, Organisation, QueueOptions, Registered, Simulated, World};

/// The numbers of the second organisation, where it names none.
const SECOND_NUMBER: &str = "+18005550200";

/// Organisations as a scenario founds them, before anything has happened.
#[derive(Debug)]
pub struct Built {
    pub(crate) worlds: Vec<World>,
}

impl Scenario {
    /// Founds the organisations at `began`.
    ///
    /// # Errors
    /// When a file is not there or wrong, or the scenario speaks of something that is not there.
    pub fn build(&self, began: Now) -> Result<Built, ScenarioError> {
        let mut worlds = Vec::new();
        for (place, founded) in self.organisations.iter().enumerate() {
            worlds.push(self.found(place, founded, began)?);
        }
        if let [one, other] = worlds.as_mut_slice() {
            let (mine, theirs) = (one.as_linked(), other.as_linked());
            one.accept_link(&theirs);
            other.accept_link(&mine);
        }
        for moment in &self.timeline {
            let place = self.organisations.iter().position(|known| moment.organisation.as_ref() == Some(&known.name));
            let world = &mut worlds[place.unwrap_or(0)];
            let Moment { at, order, .. } = moment;
            check(world, order)?;
            world.await_order(began.mono + at.0, order.clone());
        }
        Ok(Built { worlds })
    }

    fn found(&self, place: usize, founded: &Founded, began: Now) -> Result<World, ScenarioError> {
        let usual = Organisation::default();
        let queues = founded.queues.as_ref().map(|queues| {
            let queue = |queue: &super::written::Queue| QueueOptions {
                name: queue.name.clone(),
                agents: queue.agents,
                talk_min: queue.talk.0.0,
                talk_max: queue.talk.1.0,
                patience: queue.patience.map(|span| span.0),
            };
            queues.iter().map(queue).collect()
        });
        let number = if place == 0 { usual.number } else { SECOND_NUMBER.to_owned() };
        let organisation = Organisation {
            seed: self.seed.wrapping_add(place as u64),
            name: founded.name.clone(),
            region: founded.region.clone().unwrap_or(usual.region),
            number: founded.number.clone().unwrap_or(number),
            vip_share: founded.vip_share.map_or(Ok(usual.vip_share), share)?,
            queues: queues.unwrap_or(usual.queues),
        };
        let mut world = World::new(&organisation, began);
        world.change_settings(&founded.settings, began).map_err(ScenarioError::Wrong)?;
        for client in &founded.clients {
            let (id, secret, permissions) = (client.id.clone(), client.secret.clone(), client.permissions.clone());
            world.clients.register(Registered { name: id.clone(), id, secret, permissions, seconds: None });
        }
        for action in &founded.actions {
            self.load_action(&mut world, action)?;
        }
        for file in &founded.flows {
            let path = self.folder.join(&file.file);
            let yaml = read(&path)?;
            let flow = Flow::parse(&yaml).map_err(|source| ScenarioError::Unusable { path, source })?;
            let name = flow.name.clone();
            if file.publish {
                let id = world.id();
                let (id, _) = world.flows.load(flow, &yaml, id, began);
                world.lead_main_line(&id, &name);
            } else if world.flows.save_unpublished(flow, &yaml, began).is_none() {
                return Err(nowhere("flow that is published already", &name));
            }
        }
        for (kind, documents) in &founded.documents {
            let kind = kinds::named(kind).ok_or_else(|| nowhere("kind of documents", kind))?;
            for document in documents {
                let document = resolved(&world, &Value::Object(document.clone()))?;
                configure(&mut world, kind, document);
            }
        }
        for (table, rows) in &founded.rows {
            let id = by_name(&world, &kinds::DATA_TABLE, table).ok_or_else(|| nowhere("data table", table))?;
            for row in rows {
                let key = row.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
                if key.is_empty() || !world.rows.put(&id, &key, row.clone()) {
                    return Err(ScenarioError::Wrong(format!("a row of `{table}` has no key, or there are too many")));
                }
            }
        }
        for callers in &founded.callers {
            let number = callers.number.clone().unwrap_or_else(|| world.number.clone());
            world.callers(callers.per_minute / 60.0, &number, began.mono);
        }
        Ok(world)
    }

    fn load_action(&self, world: &mut World, action: &Action) -> Result<(), ScenarioError> {
        let path = self.folder.join(&action.file);
        let text = read(&path)?;
        let parsed =
            DataAction::parse(&text).map_err(|source| ScenarioError::Unusable { path: path.clone(), source })?;
        let source = serde_json::from_str(&text).unwrap_or_default();
        let (integration_id, id) = (world.id(), world.id());
        let credentials = action.credentials.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let integration = Integration::new(integration_id, &action.category, &parsed.integration_type, credentials);
        let id = world.actions.load(integration, parsed, source, id);
        if let Some(simulate) = &action.simulate {
            world.actions.simulate(&id, simulated(simulate)?);
        }
        Ok(())
    }
}

fn simulated(simulate: &Simulate) -> Result<Simulated, ScenarioError> {
    Ok(Simulated {
        latency_min: simulate.latency.0.0,
        latency_max: simulate.latency.1.0.max(simulate.latency.0.0),
        failures: share(simulate.failures)?,
        outputs: simulate.outputs.clone(),
    })
}

fn share(share: f64) -> Result<Ppm, ScenarioError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(ScenarioError::Wrong(format!("{share} is no share: write a number from 0 to 1")));
    }
    Ppm::new((share * 1_000_000.0).round() as u32).ok_or_else(|| ScenarioError::Wrong(format!("{share} is no share")))
}

fn nowhere(kind: &str, name: &str) -> ScenarioError {
    ScenarioError::Nowhere { kind: kind.to_owned(), name: name.to_owned() }
}

/// Changes the document that has the same name, or adds one.
fn configure(world: &mut World, kind: &Kind, document: Value) {
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let known = by_name(world, kind, &name).and_then(|id| world.documents.get_mut(kind, &id));
    match (known, document) {
        (Some(known), Value::Object(changes)) => known.extend(changes),
        (_, mut document) => {
            if let Some(document) = document.as_object_mut() {
                document.entry("division").or_insert_with(crate::platform::home);
            }
            world.put(kind, document);
        }
    }
}

fn by_name(world: &World, kind: &Kind, name: &str) -> Option<String> {
    let found = world.documents.all(kind).iter().find(|document| document.get("name") == Some(&json!(name)));
    found?.get("id")?.as_str().map(str::to_owned)
}

/// A value in which `{ $flow: Main IVR }` has become that flow's id and name.
fn resolved(world: &World, value: &Value) -> Result<Value, ScenarioError> {
    match value {
        Value::Object(members) => match reference(members) {
            Some((kind, name)) => {
                let id = find(world, kind, name).ok_or_else(|| nowhere(kind, name))?;
                Ok(json!({"id": id, "name": name}))
            }
            None => members
                .iter()
                .map(|(name, value)| Ok((name.clone(), resolved(world, value)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        },
        Value::Array(values) => values.iter().map(|value| resolved(world, value)).collect(),
        value => Ok(value.clone()),
    }
}

fn reference(members: &Map<String, Value>) -> Option<(&str, &str)> {
    let (key, value) = members.iter().next().filter(|_| members.len() == 1)?;
    Some((key.strip_prefix('$')?, value.as_str()?))
}

fn find(world: &World, kind: &str, name: &str) -> Option<String> {
    match kind {
        "flow" => world.flows.iter().find(|flow| flow.name == name).map(|flow| flow.id.clone()),
        "queue" => world.queues.iter().find(|queue| queue.name == name).map(|queue| queue.id.to_string()),
        "integration" => world.actions.integrations().find(|one| one.name == name).map(|one| one.id.clone()),
        kind => by_name(world, kinds::named(&format!("{kind}s"))?, name),
    }
}

/// An order must speak of what is there, before anything begins.
fn check(world: &World, order: &super::Order) -> Result<(), ScenarioError> {
    use super::Order;
    let exists = |kind: &str, name: &str| find(world, kind, name).map(|_| ()).ok_or_else(|| nowhere(kind, name));
    match order {
        Order::Agents { queue, .. } => exists("queue", queue),
        Order::Trunk { name, .. } => exists("trunk", name),
        Order::Lock { flow, .. } | Order::Publish { flow, .. } => exists("flow", flow),
        Order::Integration { name, .. } => exists("integration", name),
        Order::Emergency { name, .. } => exists("emergencyGroup", name),
        Order::Fault { .. } => order.fault().map(|_| ()).map_err(ScenarioError::Wrong),
        Order::Settings(settings) => world.settings.with(settings).map(|_| ()).map_err(ScenarioError::Wrong),
        Order::Mend(_) | Order::Callers { .. } => Ok(()),
    }
}
