//! A flow as it truly is, for whoever judges what was done to it: read past the face, so that nothing that is broken on
//! purpose stands in between.

use jiff::Timestamp;

use crate::handle::TwinHandle;
use crate::world::{Operation, StoredFlow};

/// A flow as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSeen {
    /// The version that callers get.
    pub live: Option<VersionSeen>,
    /// The id of whoever has it locked.
    pub holder: Option<String>,
    /// The id of whoever's operation runs on it.
    pub busy: Option<String>,
    /// What has become live through the platform, oldest first, as long as it is remembered.
    pub published: Vec<PublishSeen>,
    /// True when somebody has deleted it.
    pub is_deleted: bool,
}

/// A version, by its id and by what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSeen {
    /// Its id, such as `4.0`.
    pub id: String,
    /// The id of the first version with the same configuration.
    pub configuration: String,
}

/// A version that became live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishSeen {
    /// Which.
    pub version: VersionSeen,
    /// The id of whoever published it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl TwinHandle {
    /// A flow as it truly is; `None` when there never was such a flow.
    pub fn flow(&self, id: &str) -> Option<FlowSeen> {
        let now = self.shared.now().mono;
        let mut world = self.shared.world();
        world.flows.settle(id, now);
        let flow = world.flows.by_id(id)?;
        let runs = |operation: &&Operation| !operation.is_complete(now);
        let entries = flow.history.iter().filter(|entry| entry.action == "publish");
        let published = entries.map(|entry| PublishSeen {
            version: version(flow, &entry.version),
            by: entry.client.id.clone(),
            at: entry.at,
        });
        Some(FlowSeen {
            live: flow.published().map(|live| version(flow, &live.id())),
            holder: flow.lock.as_ref().map(|holder| holder.id.clone()),
            busy: flow.operation.as_ref().filter(runs).map(|operation| operation.client.id.clone()),
            published: published.collect(),
            is_deleted: flow.is_deleted,
        })
    }
}

/// A version that is no longer kept stands for itself.
fn version(flow: &StoredFlow, id: &str) -> VersionSeen {
    let known = flow.versions.iter().find(|version| version.id() == id);
    let configuration = known.map_or_else(|| id.to_owned(), |version| format!("{}.0", version.origin));
    VersionSeen { id: id.to_owned(), configuration }
}
