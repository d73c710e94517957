//! Flows with their versions, their lock, and the operation that runs on them.

use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now};
use flow::Flow;
use jiff::Timestamp;

/// How long a publish stays in each of its three states before it is done.
const PUBLISH_STATE: Duration = Duration::from_millis(300);

/// Versions kept of one flow; the oldest that is not published goes first.
const VERSIONS_MAX: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Flows {
    list: Vec<StoredFlow>,
}

#[derive(Debug)]
pub(crate) struct StoredFlow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) versions: Vec<Version>,
    pub(crate) lock: Option<Client>,
    pub(crate) operation: Option<Operation>,
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
    pub(crate) kind: VersionKind,
    pub(crate) flow: Arc<Flow>,
    pub(crate) created: Timestamp,
    pub(crate) published: Option<Timestamp>,
    pub(crate) published_end: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionKind {
    Publish,
    Checkin,
}

/// Something that runs on a flow, or the last thing that did.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) action: &'static str,
    pub(crate) client: Client,
    began: Now,
    target: Option<u32>,
    is_carried_out: bool,
}

/// Why a flow cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlowError {
    /// There is no such flow.
    NotFound,
    /// Someone else has it.
    Locked(Client),
    /// An operation is still running.
    Busy,
    /// It must be checked out first.
    NotCheckedOut,
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
            () if self.is_complete(now) => "SUCCESS",
            () if elapsed < PUBLISH_STATE => "STARTED",
            () if elapsed < PUBLISH_STATE * 2 => "PENDING_GENERATION",
            () => "PENDING_BACKEND_NOTIFICATION",
        }
    }

    fn length(&self) -> Duration {
        if self.action == "PUBLISH" { PUBLISH_STATE * 3 } else { Duration::ZERO }
    }
}

impl Flows {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &StoredFlow> {
        self.list.iter()
    }

    /// Carries out every publish whose time has come.
    pub(crate) fn settle(&mut self, now: Mono) {
        self.list.iter_mut().for_each(|flow| flow.settle(now));
    }

    pub(crate) fn get(&mut self, id: &str, now: Mono) -> Option<&StoredFlow> {
        let flow = self.list.iter_mut().find(|flow| flow.id == id)?;
        flow.settle(now);
        Some(flow)
    }

    /// What a caller gets now: the first flow that has a published version.
    pub(super) fn entry(&mut self, now: Mono) -> Option<(&StoredFlow, &Version)> {
        self.settle(now);
        self.list.iter().find_map(|flow| Some((flow, flow.published()?)))
    }

    /// Stores a flow as a new version and publishes it at once. Gives the flow's id and version.
    pub(crate) fn load(&mut self, flow: Flow, id: String, now: Now) -> (String, String) {
        let known = self.list.iter().position(|stored| stored.name == flow.name);
        let at = known.unwrap_or_else(|| {
            let (name, versions) = (flow.name.clone(), Vec::new());
            self.list.push(StoredFlow { id, name, versions, lock: None, operation: None, published: None, next: 1 });
            self.list.len() - 1
        });
        let stored = &mut self.list[at];
        stored.settle(now.mono);
        let number = stored.add(Arc::new(flow), now.wall);
        stored.publish(number, now.wall);
        (stored.id.clone(), format!("{number}.0"))
    }

    /// Begins to publish a version. A version that does not exist is accepted and changes nothing,
    /// as the platform has been seen to do.
    pub(crate) fn publish(
        &mut self,
        id: &str,
        version: Option<&str>,
        client: Client,
        operation_id: String,
        now: Now,
    ) -> Result<Operation, FlowError> {
        let stored = self.change(id, &client, now.mono)?;
        let target = match version {
            Some(version) => stored.versions.iter().find(|known| known.id() == version),
            None => stored.versions.last(),
        };
        let target = target.map(|version| version.number);
        Ok(stored.run("PUBLISH", client, operation_id, target, now))
    }

    pub(crate) fn checkout(&mut self, id: &str, client: Client, now: Mono) -> Result<(), FlowError> {
        let stored = self.change(id, &client, now)?;
        stored.lock = Some(client);
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
        if let Some(flow) = stored.versions.last().map(|version| Arc::clone(&version.flow)) {
            stored.add(flow, now.wall);
        }
        Ok(stored.run("CHECKIN", client, operation_id, None, now))
    }

    /// Releases the lock, whoever has it.
    pub(crate) fn unlock(&mut self, id: &str) -> Result<(), FlowError> {
        let stored = self.list.iter_mut().find(|flow| flow.id == id).ok_or(FlowError::NotFound)?;
        stored.lock = None;
        Ok(())
    }

    fn change(&mut self, id: &str, client: &Client, now: Mono) -> Result<&mut StoredFlow, FlowError> {
        let stored = self.list.iter_mut().find(|flow| flow.id == id).ok_or(FlowError::NotFound)?;
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

    fn run(&mut self, action: &'static str, client: Client, id: String, target: Option<u32>, began: Now) -> Operation {
        let operation = Operation { id, action, client, began, target, is_carried_out: false };
        self.operation = Some(operation.clone());
        operation
    }

    fn add(&mut self, flow: Arc<Flow>, created: Timestamp) -> u32 {
        if self.versions.len() >= VERSIONS_MAX
            && let Some(at) = self.versions.iter().position(|version| Some(version.number) != self.published)
        {
            self.versions.remove(at);
        }
        let number = self.next;
        self.next += 1;
        let kind = VersionKind::Checkin;
        self.versions.push(Version { number, kind, flow, created, published: None, published_end: None });
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
        if let Some(target) = operation.target {
            self.publish(target, done.wall);
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
