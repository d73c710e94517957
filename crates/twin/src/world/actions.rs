//! Integrations, their Data Actions, and how many of them may run at once.

use std::sync::Arc;
use std::time::Duration;

use base::Mono;
use flow::DataAction;

/// Executions at one time in the whole organisation; the next one fails at once.
pub(crate) const CONCURRENT_MAX: u32 = 50;

/// Executions that may start within a minute.
pub(crate) const EXECUTIONS_PER_MINUTE_MAX: u32 = 2_500;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Actions {
    integrations: Vec<Arc<Integration>>,
    actions: Vec<StoredAction>,
    running: u32,
    minute_began: Mono,
    started: u32,
}

/// An integration: settings that its actions share.
#[derive(Clone, Debug)]
pub(crate) struct Integration {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) credentials: Vec<(String, String)>,
}

/// A Data Action of an integration.
#[derive(Clone, Debug)]
pub(crate) struct StoredAction {
    pub(crate) id: String,
    pub(crate) integration: Arc<Integration>,
    pub(crate) action: Arc<DataAction>,
    /// The file, for those who ask how the action is configured.
    pub(crate) source: Arc<serde_json::Value>,
    pub(crate) version: u32,
}

/// Why an execution may not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many run.
    Concurrency,
    /// Too many started within the minute.
    Rate,
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
        let known = self.integrations.iter().position(|known| known.name == integration.name);
        let integration = match known {
            Some(at) => {
                let id = self.integrations[at].id.clone();
                self.integrations[at] = Arc::new(Integration { id, ..integration });
                Arc::clone(&self.integrations[at])
            }
            None => {
                let integration = Arc::new(integration);
                self.integrations.push(Arc::clone(&integration));
                integration
            }
        };
        for stored in self.actions.iter_mut().filter(|stored| stored.integration.id == integration.id) {
            stored.integration = Arc::clone(&integration);
        }
        let same =
            |stored: &&mut StoredAction| stored.integration.id == integration.id && stored.action.name == action.name;
        if let Some(stored) = self.actions.iter_mut().find(same) {
            stored.version += 1;
            (stored.action, stored.source) = (Arc::new(action), Arc::new(source));
            return stored.id.clone();
        }
        let (action, source) = (Arc::new(action), Arc::new(source));
        self.actions.push(StoredAction { id: id.clone(), integration, action, source, version: 1 });
        id
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
        self.actions.iter().find(|stored| stored.integration.name == category && stored.action.name == name)
    }

    /// Counts an execution that starts now; [`Actions::end`] must follow.
    pub(crate) fn begin(&mut self, now: Mono) -> Result<(), Refusal> {
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
