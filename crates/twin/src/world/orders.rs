//! Orders of a scenario, carried out when their time has come.

use std::time::Duration;

use base::{Mono, Now};
use serde_json::{Map, Value};

use super::callers::Due;
use super::{Client, Fault, FaultKind, Settings, World};
use crate::platform::{self, kinds};
use crate::scenario::Order;

impl Order {
    /// The fault that it is, if it is one.
    pub(crate) fn fault(&self) -> Result<Option<Fault>, String> {
        let Self::Fault { target, kind, status, latency, lasts } = self else { return Ok(None) };
        let latency = latency.map(|span| span.0);
        let needs = || format!("a fault of the kind `{kind}` needs `latency`");
        let kind = match (kind.as_str(), status.unwrap_or(503)) {
            ("latency", _) => FaultKind::Latency(latency.ok_or_else(needs)?),
            ("slowBody", _) => FaultKind::SlowBody(latency.ok_or_else(needs)?),
            ("throttle", _) => FaultKind::Throttle(latency.unwrap_or(Duration::from_secs(1))),
            ("reset", _) => FaultKind::Reset,
            ("failure", status @ 400..=599) => FaultKind::Failure(status),
            ("failure", status) => return Err(format!("{status} is no status of a failure")),
            (other, _) => return Err(format!("there is no fault of the kind `{other}`")),
        };
        Ok(Some(Fault { target: *target, kind, ttl: lasts.0 }))
    }
}

impl Settings {
    /// These settings with some changed.
    pub(crate) fn with(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut settings = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(settings) = settings.as_object_mut() {
            settings.extend(changes.clone());
        }
        let settings: Self = serde_json::from_value(settings).map_err(|error| error.to_string())?;
        match settings.operations_per_minute.keys().find(|name| !platform::is_operation(name)) {
            Some(name) => Err(format!("there is no operation `{name}`; write it as `GET /twin/operations` has it")),
            None => Ok(settings),
        }
    }
}

impl World {
    /// Changes settings by their names.
    pub(crate) fn change_settings(&mut self, changes: &Map<String, Value>, now: Now) -> Result<(), String> {
        self.settings = self.settings.with(changes)?;
        self.await_leak(now);
        Ok(())
    }

    /// Carries out an order later.
    pub(crate) fn await_order(&mut self, at: Mono, order: Order) {
        self.agenda.add(at, Due::Ordered(Box::new(order)));
    }

    /// Carries out an order now. What it speaks of was there when the scenario began; what has gone since is left alone.
    pub(super) fn carry_out_order(&mut self, order: &Order, now: Now) {
        match order {
            Order::Fault { .. } => {
                if let Ok(Some(fault)) = order.fault() {
                    self.faults.inject(fault, now.mono);
                }
            }
            Order::Mend(target) => self.faults.clear(Some(*target)),
            Order::Callers { number, per_minute } => {
                let number = number.clone().unwrap_or_else(|| self.number.clone());
                self.callers(per_minute / 60.0, &number, now.mono);
            }
            Order::Agents { queue, agents } => drop(self.set_agents(queue, *agents, now)),
            Order::Trunk { name, connected } => {
                let all = self.documents.all(&kinds::TRUNK).iter();
                let found = all.filter(|trunk| trunk["name"] == *name.as_str()).find_map(|trunk| trunk["id"].as_str());
                if let Some(id) = found.map(str::to_owned) {
                    self.set_trunk_connected(&id, *connected, now);
                }
            }
            Order::Lock { flow, holder } => {
                if let Some(id) = self.flow_named(flow) {
                    self.lock_flow(&id, holder, now);
                }
            }
            Order::Publish { flow, version } => {
                let Some(id) = self.flow_named(flow) else { return };
                let client = Client { id: "scenario".to_owned(), name: "Scenario".to_owned() };
                let (operation, settings) = (self.id(), self.settings.clone());
                if self.flows.publish(&id, Some(version), client, operation, (&settings, None), now).is_ok() {
                    self.await_flow(&id, now);
                }
            }
            Order::Integration { name, enabled } => {
                let found = self.actions.integrations().find(|one| one.name == *name).map(|one| one.id.clone());
                if let Some(id) = found {
                    self.actions.change(&id, |integration| integration.is_enabled = *enabled);
                }
            }
            Order::Emergency { name, enabled } => {
                let all = self.documents.all(&kinds::EMERGENCY_GROUP).iter();
                let found = all.filter(|group| group["name"] == *name.as_str()).find_map(|group| group["id"].as_str());
                let found = found.map(str::to_owned);
                if let Some(group) = found.and_then(|id| self.documents.get_mut(&kinds::EMERGENCY_GROUP, &id)) {
                    group.insert("enabled".to_owned(), (*enabled).into());
                }
            }
            // Looked at when the scenario began.
            Order::Settings(changes) => drop(self.change_settings(changes, now)),
        }
    }

    fn flow_named(&self, name: &str) -> Option<String> {
        self.flows.iter().find(|flow| flow.name == name).map(|flow| flow.id.clone())
    }

    /// Numbers that have moved, and callers at numbers that lead elsewhere, since this was asked last.
    pub(crate) fn take_leaving(&mut self) -> (Vec<Value>, Vec<String>) {
        (std::mem::take(&mut self.moved), std::mem::take(&mut self.redirected))
    }
}
