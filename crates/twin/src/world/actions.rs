//! Integrations, their Data Actions, and how many of them may run at once.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Ppm};
use flow::DataAction;

use super::log::ActionRef;

/// Executions at one time in the whole organisation; the next one fails at once.
pub(crate) const CONCURRENT_MAX: u32 = 50;

/// Executions that may start within a minute.
pub(crate) const EXECUTIONS_PER_MINUTE_MAX: u32 = 2_500;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Actions {
    integrations: Vec<Arc<Integration>>,
    pub(super) actions: Vec<StoredAction>,
    /// Actions that are being tried out, as files, by id.
    pub(crate) drafts: BTreeMap<String, serde_json::Value>,
    pub(super) running: u32,
    pub(super) minute_began: Mono,
    pub(super) started: u32,
}

/// An integration: settings that its actions share.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) credentials: Vec<(String, String)>,
    /// While it is not, all its actions fail.
    pub(crate) is_enabled: bool,
    pub(crate) version: u64,
    pub(crate) notes: Option<String>,
    pub(crate) properties: serde_json::Value,
}

impl Integration {
    pub(crate) fn new(id: String, name: &str, kind: &str, credentials: Vec<(String, String)>) -> Self {
        let (name, kind, properties) = (name.to_owned(), kind.to_owned(), serde_json::json!({}));
        Self { id, name, kind, credentials, is_enabled: true, version: 1, notes: None, properties }
    }

    /// What it reports of itself.
    pub(crate) fn state(&self) -> &'static str {
        if self.is_enabled { "ACTIVE" } else { "INACTIVE" }
    }
}

/// A Data Action of an integration.
#[derive(Clone, Debug)]
pub(crate) struct StoredAction {
    pub(crate) id: String,
    pub(crate) integration: Arc<Integration>,
    /// The category under which flows find it.
    pub(crate) category: String,
    pub(crate) action: Arc<DataAction>,
    /// The file, for those who ask how the action is configured.
    pub(crate) source: Arc<serde_json::Value>,
    pub(crate) version: u32,
    /// How a simulated system answers it; without this a real one is asked.
    pub(crate) simulated: Option<Arc<Simulated>>,
}

impl StoredAction {
    /// The action as analytics name it, whatever becomes of it later.
    pub(crate) fn named(&self) -> Arc<ActionRef> {
        Arc::new(ActionRef {
            id: self.id.clone(),
            name: self.action.name.clone(),
            integration_id: self.integration.id.clone(),
            category: self.category.clone(),
        })
    }
}

/// A system that answers without being there, in virtual time.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The shortest time to an answer.
    pub latency_min: Duration,
    /// The longest.
    pub latency_max: Duration,
    /// The share of executions that fail, with 503.
    pub failures: Ppm,
    /// What it answers otherwise.
    pub outputs: serde_json::Map<String, serde_json::Value>,
}

impl Simulated {
    pub(super) fn latency_ms(&self) -> RangeInclusive<u64> {
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        ms(self.latency_min)..=ms(self.latency_max.max(self.latency_min))
    }
}

/// Why an execution may not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many run.
    Concurrency,
    /// Too many started within the minute.
    Rate,
    /// The integration is not active.
    Inactive,
}

impl Actions {
    /// Stores an action, in place of one with the same name in the same integration; the
    /// integration takes the new settings. Gives the action's id.
    pub(crate) fn load(
        &mut self,
        integration: Integration,
        action: DataAction,
        source: serde_json::Value,
        id: String,
    ) -> String {
        let known = self.integrations.iter().find(|known| known.name == integration.name).map(|known| known.id.clone());
        let integration_id = known.unwrap_or_else(|| integration.id.clone());
        let category = integration.name.clone();
        let integration = Integration { id: integration_id.clone(), ..integration };
        if self.integration(&integration_id).is_none() {
            self.integrations.push(Arc::new(integration.clone()));
        }
        self.change(&integration_id, |known| *known = integration);
        let same =
            |stored: &&StoredAction| stored.integration.id == integration_id && stored.action.name == action.name;
        if let Some(known) = self.actions.iter().find(same).map(|stored| stored.id.clone()) {
            self.edit(&known, category, action, source);
            return known;
        }
        self.add(&integration_id, &category, action, source, id.clone());
        id
    }

    /// Adds an action to an integration; false when there is no such integration.
    pub(crate) fn add(
        &mut self,
        integration: &str,
        category: &str,
        action: DataAction,
        source: serde_json::Value,
        id: String,
    ) -> bool {
        let Some(integration) = self.integration(integration) else { return false };
        let (action, source, category) = (Arc::new(action), Arc::new(source), category.to_owned());
        self.actions.push(StoredAction { id, integration, category, action, source, version: 1, simulated: None });
        true
    }

    /// Changes what an action does; false when there is no such action.
    pub(crate) fn edit(&mut self, id: &str, category: String, action: DataAction, source: serde_json::Value) -> bool {
        let Some(stored) = self.actions.iter_mut().find(|stored| stored.id == id) else { return false };
        stored.version += 1;
        (stored.category, stored.action, stored.source) = (category, Arc::new(action), Arc::new(source));
        true
    }

    /// Lets a simulated system answer an action; false when there is no such action.
    pub(crate) fn simulate(&mut self, id: &str, simulated: Simulated) -> bool {
        let stored = self.actions.iter_mut().find(|stored| stored.id == id);
        stored.map(|stored| stored.simulated = Some(Arc::new(simulated))).is_some()
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.actions.retain(|stored| stored.id != id);
    }

    /// Changes an integration, for all its actions.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Integration)) {
        let Some(known) = self.integrations.iter_mut().find(|known| known.id == id) else { return };
        change(Arc::make_mut(known));
        let changed = Arc::clone(known);
        for stored in self.actions.iter_mut().filter(|stored| stored.integration.id == id) {
            stored.integration = Arc::clone(&changed);
        }
    }

    /// Puts an integration back that was saved.
    pub(crate) fn restore(&mut self, integration: Integration) {
        self.integrations.push(Arc::new(integration));
    }

    pub(crate) fn integration(&self, id: &str) -> Option<Arc<Integration>> {
        self.integrations.iter().find(|known| known.id == id).map(Arc::clone)
    }

    pub(crate) fn integrations(&self) -> impl Iterator<Item = &Integration> {
        self.integrations.iter().map(AsRef::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &StoredAction> {
        self.actions.iter()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&StoredAction> {
        self.actions.iter().find(|stored| stored.id == id)
    }

    /// The action that a flow means by category and name.
    pub(crate) fn by_name(&self, category: &str, name: &str) -> Option<&StoredAction> {
        self.actions.iter().find(|stored| stored.category == category && stored.action.name == name)
    }

    /// Counts an execution that starts now; [`Actions::end`] must follow.
    pub(crate) fn begin(&mut self, action: &StoredAction, now: Mono) -> Result<(), Refusal> {
        if !action.integration.is_enabled {
            return Err(Refusal::Inactive);
        }
        if now.since(self.minute_began) >= MINUTE {
            (self.minute_began, self.started) = (now, 0);
        }
        if self.running >= CONCURRENT_MAX {
            return Err(Refusal::Concurrency);
        }
        if self.started >= EXECUTIONS_PER_MINUTE_MAX {
            return Err(Refusal::Rate);
        }
        self.running += 1;
        self.started += 1;
        Ok(())
    }

    /// An execution is over, one way or another.
    pub(crate) fn end(&mut self) {
        self.running = self.running.saturating_sub(1);
    }
}
