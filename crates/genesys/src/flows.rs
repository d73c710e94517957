//! Architect flows: versions, locks, and publishing.

use std::time::Duration;

use base::Mono;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::budget::Purpose;
use crate::client::{Client, Request, segment};
use crate::error::Error;
use crate::tokens::Named;
use crate::{job, page};

/// How often an operation that runs is looked at.
const POLL: Duration = Duration::from_secs(1);

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type in capitals: `INBOUNDCALL`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version that callers get.
    pub published_version: Option<Version>,
    /// The newest version that was checked in.
    pub checked_in_version: Option<Version>,
    /// The newest version that was saved.
    pub saved_version: Option<Version>,
    /// The person who has it open.
    pub locked_user: Option<Named>,
    /// The OAuth client that has it open.
    pub locked_client: Option<Named>,
    /// What runs on it, or ran last.
    pub current_operation: Option<Operation>,
    /// True when callers can get it.
    pub active: Option<bool>,
    /// True when it is gone.
    #[serde(default)]
    pub deleted: bool,
}

/// A version of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its id, such as `12.0`.
    pub id: String,
    /// The configuration that it holds; the same for two versions that mean the same.
    pub configuration_version: Option<String>,
    /// `PUBLISH`, `CHECKIN` or `SAVE`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// When it was published last.
    pub date_published: Option<Timestamp>,
    /// When another took its place.
    pub date_published_end: Option<Timestamp>,
}

/// Something that the platform does with a flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// True when it is over.
    #[serde(default)]
    pub complete: bool,
    /// `PUBLISH`, `CHECKIN`…
    pub action_name: Option<String>,
    /// `STARTED`, `SUCCESS`, `FAILURE`…
    pub action_status: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// Why it failed, in words.
    pub error_message: Option<String>,
}

impl Operation {
    /// True when it is over and did what it should.
    pub fn succeeded(&self) -> bool {
        self.complete && self.action_status.as_deref() == Some("SUCCESS")
    }
}

/// Something that was done to a flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HistoryEntry {
    /// `publish`, `checkin`, `save`…
    pub action: Option<String>,
    /// When.
    pub timestamp: Option<Timestamp>,
    /// The version.
    pub version: Option<String>,
    /// The person, when it was one.
    pub user: Option<Named>,
    /// The OAuth client, when it was one.
    pub client: Option<Named>,
}

/// How a publish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// Callers get the version.
    Live,
    /// The platform said so, and callers get another version: it has been seen to answer 200 and do nothing.
    NotLive {
        /// The version that they get.
        instead: Option<String>,
    },
    /// The operation failed.
    Failed(Operation),
    /// It still runs after the time that it was given.
    Unknown,
}

/// `GET /api/v2/flows`, all pages; `name` may hold `*`.
///
/// # Errors
/// See [`Error`].
pub async fn list(client: &Client, name: Option<&str>) -> Result<Vec<Flow>, Error> {
    let query: Vec<(&str, String)> = name.map(|name| ("name", name.to_owned())).into_iter().collect();
    page::all(client, "/api/v2/flows", &query).await
}

/// `GET /api/v2/flows/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn one(client: &Client, id: &str) -> Result<Flow, Error> {
    client.get(&path(id), &[]).await
}

/// `GET /api/v2/flows/{id}/versions`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn versions(client: &Client, id: &str) -> Result<Vec<Version>, Error> {
    page::all(client, &format!("{}/versions", path(id)), &[]).await
}

/// `GET /api/v2/flows/{id}/versions/{version}`
///
/// # Errors
/// See [`Error`]; 404 when there is no such version.
pub async fn version(client: &Client, id: &str, version: &str) -> Result<Version, Error> {
    client.get(&format!("{}/versions/{}", path(id), segment(version)), &[]).await
}

/// So many ids fit into one address, and their flows on one page.
pub const LOOKUP_MAX: usize = 100;

/// Flows by their ids: `GET /api/v2/flows/lookup`, one request for each [`LOOKUP_MAX`] of them.
///
/// # Errors
/// See [`Error`].
pub async fn lookup(client: &Client, ids: &[String]) -> Result<Vec<Flow>, Error> {
    let mut all = Vec::new();
    for some in ids.chunks(LOOKUP_MAX) {
        let found: Vec<Flow> = page::all(client, "/api/v2/flows/lookup", &[("id", some.join(","))]).await?;
        all.extend(found);
    }
    Ok(all)
}

/// What a version holds, as the platform has it: `GET /api/v2/flows/{id}/versions/{version}/configuration`
///
/// # Errors
/// See [`Error`].
pub async fn configuration(client: &Client, id: &str, version: &str) -> Result<Value, Error> {
    client.get(&format!("{}/versions/{}/configuration", path(id), segment(version)), &[]).await
}

/// What the newest version holds: `GET /api/v2/flows/{id}/latestconfiguration`
///
/// # Errors
/// See [`Error`].
pub async fn latest_configuration(client: &Client, id: &str) -> Result<Value, Error> {
    client.get(&format!("{}/latestconfiguration", path(id)), &[]).await
}

/// What was done to a flow, newest first, as far as these actions go: `POST /api/v2/flows/{id}/history`, then
/// `GET /api/v2/flows/{id}/history/{history}`.
///
/// # Errors
/// See [`Error`].
pub async fn history(
    client: &Client,
    id: &str,
    actions: &[&str],
    patience: Duration,
) -> Result<Vec<HistoryEntry>, Error> {
    #[derive(Deserialize)]
    struct State {
        #[serde(default)]
        complete: bool,
        #[serde(rename = "actionStatus")]
        status: Option<String>,
    }
    let begun: Operation = client.query(&format!("{}/history", path(id)), &Value::Null).await?;
    let path = format!("{}/history/{}", path(id), segment(&begun.id));
    let mut query: Vec<(&str, String)> = actions.iter().map(|action| ("action", (*action).to_owned())).collect();
    query.extend([("sortBy", "timestamp".to_owned()), ("sortOrder", "desc".to_owned())]);
    job::wait(client, &path, &query, patience, |state: &State| match state.status.as_deref() {
        Some("FAILURE") => job::Stage::Failed("the platform could not gather it".to_owned()),
        _ if state.complete => job::Stage::Done,
        _ => job::Stage::Running,
    })
    .await?;
    page::all(client, &path, &query).await
}

/// Drops what was saved and not checked in, and the lock. It does not go back to an earlier version:
/// `POST /api/v2/flows/actions/revert`.
///
/// # Errors
/// See [`Error`].
pub async fn revert(client: &Client, id: &str) -> Result<Flow, Error> {
    act(client, "revert", id, None, client.purpose()).await
}

/// Takes a flow out of use: `POST /api/v2/flows/actions/deactivate`.
///
/// # Errors
/// See [`Error`].
pub async fn deactivate(client: &Client, id: &str) -> Result<Flow, Error> {
    act(client, "deactivate", id, None, client.purpose()).await
}

/// Takes the flow's lock: `POST /api/v2/flows/actions/checkout`.
///
/// # Errors
/// See [`Error`]; 409 when somebody else has it.
pub async fn checkout(client: &Client, id: &str) -> Result<Flow, Error> {
    act(client, "checkout", id, None, client.purpose()).await
}

/// Gives the lock back and keeps what was changed: `POST /api/v2/flows/actions/checkin`.
///
/// # Errors
/// See [`Error`].
pub async fn checkin(client: &Client, id: &str) -> Result<Option<Operation>, Error> {
    act(client, "checkin", id, None, client.purpose()).await
}

/// What is said of a flow that was given back so many times and is locked still.
pub fn still_locked(flow: &str, times: u32) -> Error {
    Error::Contended { path: format!("/api/v2/flows/{flow}"), times }
}

/// Gives our lock back: keeps what was saved since the last check-in; without such a change there is nothing to keep.
///
/// # Errors
/// See [`Error`]; 409 while an operation runs on the flow.
pub async fn give_back(client: &Client, id: &str) -> Result<(), Error> {
    let known = one(client, id).await?;
    let id_of = |version: Option<Version>| version.map(|version| version.id);
    if id_of(known.saved_version) == id_of(known.checked_in_version) {
        return revert(client, id).await.map(|_| ());
    }
    checkin(client, id).await.map(|_| ())
}

/// Takes the lock away from whoever has it: `POST /api/v2/flows/actions/unlock`.
///
/// # Errors
/// See [`Error`].
pub async fn unlock(client: &Client, id: &str) -> Result<Flow, Error> {
    act(client, "unlock", id, None, Purpose::Rollback).await
}

/// Begins to publish a version, and does not wait for what becomes of it: `POST /api/v2/flows/actions/publish`.
///
/// # Errors
/// See [`Error`]; 409 when somebody else has the flow locked or an operation runs.
pub async fn begin_publish(client: &Client, id: &str, version: &str) -> Result<Option<Operation>, Error> {
    act(client, "publish", id, Some(version), client.purpose()).await
}

/// Publishes a version and proves that callers get it: `POST /api/v2/flows/actions/publish`, then the flow is read
/// until the operation is over, for at most `patience`.
///
/// # Errors
/// See [`Error`]. An answer that never came is looked up all the same: the publish may have begun.
pub async fn publish(
    client: &Client,
    id: &str,
    version: &str,
    purpose: Purpose,
    patience: Duration,
) -> Result<Published, Error> {
    let started: Result<Option<Operation>, Error> = act(client, "publish", id, Some(version), purpose).await;
    match started {
        Ok(_) | Err(Error::NoAnswer { .. }) => {}
        Err(error) => return Err(error),
    }
    let until = client.clock().mono() + patience;
    loop {
        let flow = one_for(client, id, purpose).await?;
        match flow.current_operation {
            Some(operation) if !operation.complete => {}
            Some(operation) if !operation.succeeded() => return Ok(Published::Failed(operation)),
            _ => {
                let live = flow.published_version.map(|live| live.id);
                let is_live = live.as_deref() == Some(version);
                return Ok(if is_live { Published::Live } else { Published::NotLive { instead: live } });
            }
        }
        if is_over(client.clock().mono(), until) {
            return Ok(Published::Unknown);
        }
        client.clock().sleep(POLL).await;
    }
}

fn is_over(now: Mono, until: Mono) -> bool {
    now >= until
}

async fn one_for(client: &Client, id: &str, purpose: Purpose) -> Result<Flow, Error> {
    let path = path(id);
    client.read(Request { method: Method::GET, path: &path, query: &[], body: None, purpose, reads: true }).await
}

async fn act<T: serde::de::DeserializeOwned>(
    client: &Client,
    action: &str,
    id: &str,
    version: Option<&str>,
    purpose: Purpose,
) -> Result<T, Error> {
    let path = format!("/api/v2/flows/actions/{action}");
    let mut query = vec![("flow", id.to_owned())];
    query.extend(version.map(|version| ("version", version.to_owned())));
    client.read(Request { method: Method::POST, path: &path, query: &query, body: None, purpose, reads: false }).await
}

fn path(id: &str) -> String {
    format!("/api/v2/flows/{}", segment(id))
}
