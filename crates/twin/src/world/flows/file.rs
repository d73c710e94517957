//! Flows in a file.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use flow::Flow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Broken, Client, Entry, Flows, HISTORY_MAX, Operation, StoredFlow, VERSIONS_MAX, Version, VersionKind};
use crate::world::state::{Loading, SavedNow, Saving, StateError, at, at_most, ns, wall};

/// A flow in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SavedFlow {
    id: String,
    name: String,
    kind: String,
    description: Option<String>,
    is_deleted: bool,
    lock: Option<(String, String)>,
    published: Option<u32>,
    #[serde(deserialize_with = "crate::world::state::count")]
    next: u32,
    versions: Vec<SavedVersion>,
    #[serde(default)]
    operation: Option<SavedOperation>,
    #[serde(default)]
    history: Vec<SavedEntry>,
}

/// The operation that runs on a flow, or the last that did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedOperation {
    id: String,
    action: String,
    client: (String, String),
    /// The code and the message, when it comes to nothing.
    failure: Option<(String, String)>,
    began: SavedNow,
    /// How long each state lasts, in nanoseconds.
    state: u64,
    target: Option<u32>,
    is_carried_out: bool,
}

/// Something that was done to a flow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedEntry {
    action: String,
    at: i64,
    version: String,
    client: (String, String),
}

/// A version in a file; instants in milliseconds, as form 1 had them, which is as the platform tells them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedVersion {
    number: u32,
    /// The first version with this configuration, unless it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<u32>,
    kind: String,
    configuration: Value,
    created: i64,
    published: Option<i64>,
    published_end: Option<i64>,
}

impl StoredFlow {
    /// The flow for a file.
    pub(in crate::world) fn save(&self, saving: &Saving) -> SavedFlow {
        let ms = |at: Timestamp| at.as_millisecond();
        let version = |version: &Version| SavedVersion {
            number: version.number,
            origin: Some(version.origin).filter(|origin| *origin != version.number),
            kind: version.kind.as_str().to_owned(),
            configuration: Value::clone(&version.configuration),
            created: ms(version.created),
            published: version.published.map(ms),
            published_end: version.published_end.map(ms),
        };
        SavedFlow {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind.clone(),
            description: self.description.clone(),
            is_deleted: self.is_deleted,
            lock: self.lock.as_ref().map(pair),
            published: self.published,
            next: self.next,
            versions: self.versions.iter().map(version).collect(),
            operation: self.operation.as_ref().map(|operation| operation.save(saving)),
            history: self.history.iter().map(save_entry).collect(),
        }
    }
}

impl Operation {
    fn save(&self, saving: &Saving) -> SavedOperation {
        SavedOperation {
            id: self.id.clone(),
            action: self.action.to_string(),
            client: pair(&self.client),
            failure: self.failure.as_ref().map(|failure| (failure.code.to_string(), failure.message.clone())),
            began: saving.both(self.began),
            state: ns(self.state),
            target: self.target,
            is_carried_out: self.is_carried_out,
        }
    }

    fn load(saved: SavedOperation, (place, loading): (&str, &Loading)) -> Result<Self, StateError> {
        Ok(Self {
            id: saved.id,
            action: saved.action.into(),
            client: client(saved.client),
            failure: saved.failure.map(|(code, message)| Broken { code: code.into(), message }),
            began: loading.both(place, saved.began)?,
            state: Duration::from_nanos(saved.state),
            target: saved.target,
            is_carried_out: saved.is_carried_out,
        })
    }
}

impl Flows {
    /// Puts a flow back that was saved.
    pub(in crate::world) fn restore(
        &mut self,
        saved: SavedFlow,
        (place, loading): (&str, &Loading),
    ) -> Result<(), StateError> {
        at_most(VERSIONS_MAX, saved.versions.len(), place)?;
        at_most(HISTORY_MAX, saved.history.len(), place)?;
        let mut versions = Vec::new();
        for (number, version) in saved.versions.into_iter().enumerate() {
            versions.push(Version::load(version, (&at(&format!("{place}.versions"), number), loading))?);
        }
        let mut history = VecDeque::new();
        for SavedEntry { action, at, version, client: by } in saved.history {
            let at = loading.wall(place, at)?;
            history.push_back(Entry { action: action.into(), at, version, client: client(by) });
        }
        let operation = saved.operation.map(|operation| Operation::load(operation, (place, loading))).transpose()?;
        self.list.push(StoredFlow {
            id: saved.id,
            name: saved.name,
            kind: saved.kind,
            description: saved.description,
            versions,
            lock: saved.lock.map(client),
            operation,
            history,
            is_deleted: saved.is_deleted,
            published: saved.published,
            next: saved.next,
        });
        Ok(())
    }
}

impl Version {
    fn load(saved: SavedVersion, (place, loading): (&str, &Loading)) -> Result<Self, StateError> {
        let kind = match saved.kind.as_str() {
            "PUBLISH" => VersionKind::Publish,
            "CHECKIN" => VersionKind::Checkin,
            "SAVE" => VersionKind::Save,
            other => return Err(StateError::wrong(place, format!("there is no version of the kind `{other}`"))),
        };
        let instant = |ms: i64| loading.wall_ms(place, ms);
        Ok(Self {
            number: saved.number,
            origin: saved.origin.unwrap_or(saved.number),
            kind,
            flow: read_flow(&saved.configuration).map_err(|problems| StateError::wrong(place, problems))?,
            configuration: Arc::new(saved.configuration),
            created: instant(saved.created)?,
            published: saved.published.map(instant).transpose()?,
            published_end: saved.published_end.map(instant).transpose()?,
        })
    }
}

/// What a saved version needs to be run again.
pub(in crate::world) fn read_flow(configuration: &Value) -> Result<Option<Arc<Flow>>, flow::Problems> {
    match configuration.get("yaml").and_then(Value::as_str) {
        Some(yaml) => Flow::parse(yaml).map(|flow| Some(Arc::new(flow))),
        None => Ok(None),
    }
}

fn save_entry(entry: &Entry) -> SavedEntry {
    SavedEntry {
        action: entry.action.to_string(),
        at: wall(entry.at),
        version: entry.version.clone(),
        client: pair(&entry.client),
    }
}

fn pair(client: &Client) -> (String, String) {
    (client.id.clone(), client.name.clone())
}

fn client((id, name): (String, String)) -> Client {
    Client { id, name }
}
