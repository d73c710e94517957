//! Flows in a file.

use std::sync::Arc;

use flow::Flow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Client, Flows, StoredFlow, Version, VersionKind};

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
    next: u32,
    versions: Vec<SavedVersion>,
}

/// A version in a file; instants in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedVersion {
    number: u32,
    kind: String,
    configuration: Value,
    created: i64,
    published: Option<i64>,
    published_end: Option<i64>,
}

impl StoredFlow {
    /// The flow for a file.
    pub(crate) fn save(&self) -> SavedFlow {
        let ms = |at: Timestamp| at.as_millisecond();
        let version = |version: &Version| SavedVersion {
            number: version.number,
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
            lock: self.lock.as_ref().map(|client| (client.id.clone(), client.name.clone())),
            published: self.published,
            next: self.next,
            versions: self.versions.iter().map(version).collect(),
        }
    }
}

impl Flows {
    /// Puts a flow back that was saved.
    pub(crate) fn restore(&mut self, saved: SavedFlow) -> Result<(), String> {
        let mut versions = Vec::new();
        for version in saved.versions {
            let kind = match version.kind.as_str() {
                "PUBLISH" => VersionKind::Publish,
                "CHECKIN" => VersionKind::Checkin,
                _ => VersionKind::Save,
            };
            versions.push(Version {
                number: version.number,
                kind,
                flow: read_flow(&version.configuration)?,
                configuration: Arc::new(version.configuration),
                created: instant(version.created)?,
                published: version.published.map(instant).transpose()?,
                published_end: version.published_end.map(instant).transpose()?,
            });
        }
        self.create(saved.id, saved.name, saved.kind, saved.description);
        if let Some(stored) = self.list.last_mut() {
            (stored.versions, stored.published, stored.next) = (versions, saved.published, saved.next);
            (stored.is_deleted, stored.lock) = (saved.is_deleted, saved.lock.map(|(id, name)| Client { id, name }));
        }
        Ok(())
    }
}

/// What a saved version needs to be run again.
fn read_flow(configuration: &Value) -> Result<Option<Arc<Flow>>, String> {
    match configuration.get("yaml").and_then(Value::as_str) {
        Some(yaml) => Flow::parse(yaml).map(|flow| Some(Arc::new(flow))).map_err(|problems| problems.to_string()),
        None => Ok(None),
    }
}

/// An instant in a file, in milliseconds.
fn instant(ms: i64) -> Result<Timestamp, String> {
    Timestamp::from_millisecond(ms).map_err(|_| format!("{ms} is no instant"))
}
