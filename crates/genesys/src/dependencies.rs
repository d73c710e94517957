//! What a flow uses, and who uses a thing.

use reqwest::Method;
use serde::Deserialize;

use crate::client::{Client, segment};
use crate::error::Error;
use crate::page;

/// Something that is used, or that uses something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// `DATAACTION`, `QUEUE`, `INBOUNDCALLFLOW`…
    #[serde(rename = "type", default)]
    pub kind: String,
    /// True when it is gone: what uses it will not work.
    #[serde(default)]
    pub deleted: bool,
    /// True when it has changed since.
    #[serde(default)]
    pub updated: bool,
    /// True when the platform does not know.
    #[serde(default)]
    pub state_unknown: bool,
}

/// What a version of a flow uses: `GET /api/v2/architect/dependencytracking/consumedresources`
///
/// # Errors
/// See [`Error`].
pub async fn consumed(client: &Client, flow: &str, version: &str, kind: &str) -> Result<Vec<Item>, Error> {
    let query = [("id", flow.to_owned()), ("version", version.to_owned()), ("objectType", kind.to_owned())];
    page::all(client, "/api/v2/architect/dependencytracking/consumedresources", &query).await
}

/// The type of a flow as the index names it: `INBOUNDCALLFLOW` for `INBOUNDCALL`. That of a workflow has no further `FLOW`.
pub fn object_type(kind: &str) -> String {
    let suffix = if kind.ends_with("FLOW") { "" } else { "FLOW" };
    format!("{kind}{suffix}")
}

/// Flows that use a thing, as published: `GET /api/v2/architect/dependencytracking/consumingresources`
///
/// # Errors
/// See [`Error`].
pub async fn consumers(client: &Client, id: &str, kind: &str) -> Result<Vec<Item>, Error> {
    let query = [("id", id.to_owned()), ("objectType", kind.to_owned()), ("flowFilter", "published".to_owned())];
    page::all(client, "/api/v2/architect/dependencytracking/consumingresources", &query).await
}

/// Flows that use what is gone: `GET /api/v2/architect/dependencytracking/deletedresourceconsumers`
///
/// # Errors
/// See [`Error`].
pub async fn consumers_of_deleted(client: &Client) -> Result<Vec<Item>, Error> {
    page::all(client, "/api/v2/architect/dependencytracking/deletedresourceconsumers", &[]).await
}

/// Flows that use what has changed: `GET /api/v2/architect/dependencytracking/updatedresourceconsumers`
///
/// # Errors
/// See [`Error`].
pub async fn consumers_of_updated(client: &Client) -> Result<Vec<Item>, Error> {
    page::all(client, "/api/v2/architect/dependencytracking/updatedresourceconsumers", &[]).await
}

/// Whether the platform's index is fit for use: `GET /api/v2/architect/dependencytracking/build`
///
/// # Errors
/// See [`Error`].
pub async fn is_operational(client: &Client) -> Result<bool, Error> {
    #[derive(Deserialize)]
    struct Build {
        status: Option<String>,
    }
    let build: Build = client.get("/api/v2/architect/dependencytracking/build", &[]).await?;
    Ok(build.status.is_some_and(|status| status.starts_with("OPERATIONAL")))
}

/// Builds the index anew: `POST /api/v2/architect/dependencytracking/build`
///
/// # Errors
/// See [`Error`].
pub async fn rebuild(client: &Client) -> Result<(), Error> {
    client.order(Method::POST, "/api/v2/architect/dependencytracking/build", None).await
}

/// An edge of the platform's newer graph.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Required {
    /// The id of what is required.
    pub entity_id: String,
    /// `Integration`, `DataAction`, `Credential`…
    #[serde(default)]
    pub entity_type: String,
}

/// What an entity requires: `GET /api/v2/dependencies/type/{type}/id/{id}/connections/requires`
///
/// # Errors
/// See [`Error`].
pub async fn required(client: &Client, kind: &str, id: &str) -> Result<Vec<Required>, Error> {
    let path = format!("/api/v2/dependencies/type/{}/id/{}/connections/requires", segment(kind), segment(id));
    page::following(client, &path, &[]).await
}
