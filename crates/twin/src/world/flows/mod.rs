//! Flows with their versions, their lock, and the operation that runs on them.

mod file;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now};
use flow::Flow;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Settings;
pub(super) use file::{SavedFlow, read_flow};

/// Versions kept of one flow; the oldest that is not published goes first.
const VERSIONS_MAX: usize = 100;

/// Entries kept of the history of one flow.
const HISTORY_MAX: usize = 500;

#[derive(Debug, Default)]
pub(crate) struct Flows {
    list: Vec<StoredFlow>,
}

#[derive(Debug)]
pub(crate) struct StoredFlow {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its type, such as `INBOUNDCALL`.
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
    pub(crate) versions: Vec<Version>,
    pub(crate) lock: Option<Client>,
    pub(crate) operation: Option<Operation>,
    pub(crate) history: VecDeque<Entry>,
    pub(crate) is_deleted: bool,
    published: Option<u32>,
    next: u32,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: u32,
    /// The version that was the first with this configuration: itself, unless it is a copy.
    pub(crate) origin: u32,
    pub(crate) kind: VersionKind,
    /// What callers run; none for a configuration that this twin cannot run.
    pub(crate) flow: Option<Arc<Flow>>,
    /// What was saved, for those who ask for it.
    pub(crate) configuration: Arc<Value>,
    pub(crate) created: Timestamp,
    pub(crate) published: Option<Timestamp>,
    pub(crate) published_end: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionKind {
    Publish,
    Checkin,
    Save,
}

/// Something that was done to a flow.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) action: Cow<'static, str>,
    pub(crate) at: Timestamp,
    pub(crate) version: String,
    pub(crate) client: Client,
}

/// Something that runs on a flow, or the last thing that did.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) action: Cow<'static, str>,
    pub(crate) client: Client,
    /// Why it comes to nothing.
    pub(crate) failure: Option<Broken>,
    began: Now,
    /// How long each of its three states lasts.
    state: Duration,
    target: Option<u32>,
    is_carried_out: bool,
}

/// Why an operation came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

/// Why a flow cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlowError {
    /// There is no such flow.
    NotFound,
    /// There is no such version.
    NoVersion,
    /// Someone else has it.
    Locked(Client),
    /// An operation is still running.
    Busy,
    /// It must be checked out first.
    NotCheckedOut,
}

impl VersionKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Checkin => "CHECKIN",
            Self::Save => "SAVE",
        }
    }
}

impl Version {
    /// The number as the platform writes it: `3.0`.
    pub(crate) fn id(&self) -> String {
        format!("{}.0", self.number)
    }
}

impl Operation {
    /// True when it is over.
    pub(crate) fn is_complete(&self, now: Mono) -> bool {
        now.since(self.began.mono) >= self.length()
    }

    /// Its state, as the platform names them.
    pub(crate) fn status(&self, now: Mono) -> &'static str {
        let elapsed = now.since(self.began.mono);
        match () {
            () if self.is_complete(now) && self.failure.is_some() => "FAILURE",
            () if self.is_complete(now) => "SUCCESS",
            () if elapsed < self.state => "STARTED",
            () if elapsed < self.state * 2 => "PENDING_GENERATION",
            () => "PENDING_BACKEND_NOTIFICATION",
        }
    }

    /// When its state changes.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Mono> {
        let (began, state) = (self.began.mono, self.state);
        (1..=3).map(move |times| began + state * times).filter(move |_| !state.is_zero())
    }

    fn length(&self) -> Duration {
        self.state * 3
    }
}

impl Flows {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &StoredFlow> {
        self.list.iter()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&StoredFlow> {
        self.list.iter().find(|flow| flow.id == id)
    }

    /// Carries out the publish of a flow when its time has come.
    pub(crate) fn settle(&mut self, id: &str, now: Mono) {
        self.list.iter_mut().filter(|flow| flow.id == id).for_each(|flow| flow.settle(now));
    }

    /// What a caller gets who is not led elsewhere: the first flow that has a published version.
    pub(super) fn first(&self) -> Option<(&StoredFlow, &Version)> {
        self.list.iter().find_map(|flow| Some((flow, flow.published()?)))
    }

    pub(crate) fn create(&mut self, id: String, name: String, kind: String, description: Option<String>) {
        self.list.push(StoredFlow {
            id,
            name,
            kind,
            description,
            versions: Vec::new(),
            lock: None,
            operation: None,
            history: VecDeque::new(),
            is_deleted: false,
            published: None,
            next: 1,
        });
    }

    /// Stores a flow as a new version and publishes it at once. Gives the flow's id and version.
    pub(crate) fn load(&mut self, flow: Flow, source: &str, id: String, now: Now) -> (String, String) {
        let known = self.list.iter().position(|stored| stored.name == flow.name);
        let at = known.unwrap_or_else(|| {
            self.create(id, flow.name.clone(), "INBOUNDCALL".to_owned(), None);
            self.list.len() - 1
        });
        let stored = &mut self.list[at];
        let configuration = json!({"name": flow.name, "type": "INBOUNDCALL", "yaml": source});
        let number = stored.add(VersionKind::Checkin, Some(Arc::new(flow)), Arc::new(configuration), now.wall);
        stored.publish(number, now.wall);
        (stored.id.clone(), format!("{number}.0"))
    }

    /// Stores a further version of a flow that is there, which nobody runs yet. Gives the flow's id and the version;
    /// `None` when there is no such flow.
    pub(crate) fn save_unpublished(&mut self, flow: Flow, source: &str, now: Now) -> Option<(String, String)> {
        let stored = self.list.iter_mut().find(|stored| stored.name == flow.name)?;
        let configuration = json!({"name": flow.name, "type": "INBOUNDCALL", "yaml": source});
        let number = stored.add(VersionKind::Checkin, Some(Arc::new(flow)), Arc::new(configuration), now.wall);
        Some((stored.id.clone(), format!("{number}.0")))
    }

    /// Stores and publishes what was uploaded, unless somebody else has the flow. Gives the flow's id.
    pub(crate) fn deploy(
        &mut self,
        flow: Flow,
        source: &str,
        client: &Client,
        id: String,
        now: Now,
    ) -> Result<String, FlowError> {
        if let Some(known) = self.list.iter().find(|stored| stored.name == flow.name).map(|stored| stored.id.clone()) {
            self.change(&known, client, now.mono)?;
        }
        let (id, version) = self.load(flow, source, id, now);
        self.note(&id, "publish", version, client, now.wall);
        Ok(id)
    }

    /// Keeps what was edited as a new version that nobody runs yet.
    pub(crate) fn save(
        &mut self,
        id: &str,
        client: &Client,
        flow: Option<Flow>,
        configuration: Value,
        now: Now,
    ) -> Result<u32, FlowError> {
        let stored = self.change(id, client, now.mono)?;
        let number = stored.add(VersionKind::Save, flow.map(Arc::new), Arc::new(configuration), now.wall);
        self.note(id, "save", format!("{number}.0"), client, now.wall);
        Ok(number)
    }

    /// The version that a publish without or with a version means.
    pub(crate) fn meant(&self, id: &str, version: Option<&str>) -> Option<&Version> {
        let stored = self.by_id(id)?;
        match version {
            Some(version) => stored.versions.iter().find(|known| known.id() == version),
            None => stored.versions.last(),
        }
    }

    /// Begins to publish a version; `broken` says why it will come to nothing. A version that does not exist is accepted
    /// and changes nothing, as the platform has been seen to do, unless the settings say otherwise.
    pub(crate) fn publish(
        &mut self,
        id: &str,
        version: Option<&str>,
        client: Client,
        operation_id: String,
        (settings, broken): (&Settings, Option<Broken>),
        now: Now,
    ) -> Result<Operation, FlowError> {
        let meant = self.meant(id, version).cloned();
        let stored = self.change(id, &client, now.mono)?;
        if meant.is_none() && !settings.unknown_version_accepted {
            return Err(FlowError::NoVersion);
        }
        let is_older = meant.as_ref().is_some_and(|version| version.published_end.is_some());
        let target = match meant {
            Some(version) if is_older && settings.publish_assigns_new_id => Some(stored.copy(version, now.wall)),
            meant => meant.map(|version| version.number),
        };
        let state = Duration::from_millis(settings.publish_state_ms);
        let operation = Operation {
            id: operation_id,
            action: "PUBLISH".into(),
            client,
            failure: broken,
            began: now,
            state,
            target,
            is_carried_out: false,
        };
        stored.operation = Some(operation.clone());
        stored.settle(now.mono);
        Ok(operation)
    }

    pub(crate) fn checkout(&mut self, id: &str, client: Client, now: Now) -> Result<(), FlowError> {
        let stored = self.change(id, &client, now.mono)?;
        stored.lock = Some(client.clone());
        let version = stored.versions.last().map(Version::id).unwrap_or_default();
        self.note(id, "checkout", version, &client, now.wall);
        Ok(())
    }

    /// Releases the lock and keeps what was edited as a new version.
    pub(crate) fn checkin(
        &mut self,
        id: &str,
        client: Client,
        operation_id: String,
        now: Now,
    ) -> Result<Operation, FlowError> {
        let stored = self.change(id, &client, now.mono)?;
        if stored.lock.take().is_none() {
            return Err(FlowError::NotCheckedOut);
        }
        let mut number = 0;
        if let Some(version) = stored.versions.last().cloned() {
            number = stored.copy(version, now.wall);
        }
        let operation = Operation {
            id: operation_id,
            action: "CHECKIN".into(),
            client: client.clone(),
            failure: None,
            began: now,
            state: Duration::ZERO,
            target: None,
            is_carried_out: true,
        };
        stored.operation = Some(operation.clone());
        self.note(id, "checkin", format!("{number}.0"), &client, now.wall);
        Ok(operation)
    }

    /// Drops what was saved since the last check-in, and the lock.
    pub(crate) fn revert(&mut self, id: &str, client: &Client, now: Now) -> Result<(), FlowError> {
        let stored = self.change(id, client, now.mono)?;
        while stored.versions.last().is_some_and(|version| version.kind == VersionKind::Save) {
            stored.versions.pop();
        }
        stored.lock = None;
        let version = stored.versions.last().map(Version::id).unwrap_or_default();
        self.note(id, "revert", version, client, now.wall);
        Ok(())
    }

    /// Releases the lock, whoever has it.
    pub(crate) fn unlock(&mut self, id: &str) -> Result<(), FlowError> {
        let stored = self.list.iter_mut().find(|flow| flow.id == id).ok_or(FlowError::NotFound)?;
        stored.lock = None;
        Ok(())
    }

    /// Takes a flow out of use.
    pub(crate) fn deactivate(&mut self, id: &str, client: &Client, now: Now) -> Result<(), FlowError> {
        let stored = self.change(id, client, now.mono)?;
        let last = stored.published.take();
        let last = stored.versions.iter_mut().find(|version| Some(version.number) == last);
        let version = last.map(|version| {
            version.published_end = Some(now.wall);
            version.id()
        });
        self.note(id, "deactivate", version.unwrap_or_default(), client, now.wall);
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        id: &str,
        client: &Client,
        name: String,
        description: Option<String>,
        now: Mono,
    ) -> Result<(), FlowError> {
        let stored = self.change(id, client, now)?;
        (stored.name, stored.description) = (name, description);
        Ok(())
    }

    /// Gives a flow to somebody who has not asked for it, as a person in Architect would take it.
    pub(crate) fn lock(&mut self, id: &str, client: Client) -> bool {
        let found = self.list.iter_mut().find(|flow| flow.id == id);
        found.map(|flow| flow.lock = Some(client)).is_some()
    }

    /// Deletes a flow, as a person in Architect would: who has its id is told that it is gone, and no caller gets it.
    pub(crate) fn delete(&mut self, id: &str) -> bool {
        let found = self.list.iter_mut().find(|flow| flow.id == id);
        found.map(|flow| (flow.is_deleted, flow.published) = (true, None)).is_some()
    }

    pub(super) fn note(&mut self, id: &str, action: &'static str, version: String, client: &Client, at: Timestamp) {
        let Some(stored) = self.list.iter_mut().find(|flow| flow.id == id) else { return };
        if stored.history.len() >= HISTORY_MAX {
            stored.history.pop_front();
        }
        stored.history.push_back(Entry { action: action.into(), at, version, client: client.clone() });
    }

    fn change(&mut self, id: &str, client: &Client, now: Mono) -> Result<&mut StoredFlow, FlowError> {
        let known = self.list.iter_mut().find(|flow| flow.id == id && !flow.is_deleted);
        let stored = known.ok_or(FlowError::NotFound)?;
        stored.settle(now);
        if let Some(owner) = stored.lock.as_ref().filter(|owner| owner.id != client.id) {
            return Err(FlowError::Locked(owner.clone()));
        }
        if stored.operation.as_ref().is_some_and(|operation| !operation.is_complete(now)) {
            return Err(FlowError::Busy);
        }
        Ok(stored)
    }
}

impl StoredFlow {
    pub(crate) fn published(&self) -> Option<&Version> {
        let number = self.published?;
        self.versions.iter().find(|version| version.number == number)
    }

    fn add(
        &mut self,
        kind: VersionKind,
        flow: Option<Arc<Flow>>,
        configuration: Arc<Value>,
        created: Timestamp,
    ) -> u32 {
        if self.versions.len() >= VERSIONS_MAX
            && let Some(at) = self.versions.iter().position(|version| Some(version.number) != self.published)
        {
            self.versions.remove(at);
        }
        let number = self.next;
        self.next += 1;
        let (published, published_end) = (None, None);
        let origin = number;
        self.versions.push(Version { number, origin, kind, flow, configuration, created, published, published_end });
        number
    }

    /// Adds a version with the configuration of another.
    fn copy(&mut self, version: Version, created: Timestamp) -> u32 {
        let number = self.add(VersionKind::Checkin, version.flow, version.configuration, created);
        if let Some(copy) = self.versions.last_mut() {
            copy.origin = version.origin;
        }
        number
    }

    /// Carries out a publish whose time has come.
    fn settle(&mut self, now: Mono) {
        let Some(operation) = self.operation.as_mut() else { return };
        if operation.is_carried_out || !operation.is_complete(now) {
            return;
        }
        operation.is_carried_out = true;
        let done = operation.began.later(operation.length());
        let is_done = operation.failure.is_none() && !self.is_deleted;
        let (client, target) = (operation.client.clone(), operation.target.filter(|_| is_done));
        if let Some(target) = target {
            self.publish(target, done.wall);
            if self.history.len() >= HISTORY_MAX {
                self.history.pop_front();
            }
            self.history.push_back(Entry {
                action: "publish".into(),
                at: done.wall,
                version: format!("{target}.0"),
                client,
            });
        }
    }

    fn publish(&mut self, number: u32, at: Timestamp) {
        for version in &mut self.versions {
            if Some(version.number) == self.published && version.number != number {
                version.published_end = Some(at);
            }
            if version.number == number {
                (version.kind, version.published, version.published_end) = (VersionKind::Publish, Some(at), None);
            }
        }
        self.published = Some(number);
    }
}
