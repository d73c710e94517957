//! Flows over HTTP.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use base::Mono;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::paging::{Page, PageQuery, page};
use super::{ApiError, Twin, client_of};
use crate::world::{Client, FlowError, Operation, Pass, StoredFlow, Version, VersionKind};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowBody {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    division: Reference,
    active: bool,
    system: bool,
    deleted: bool,
    locked_client: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_version: Option<VersionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_in_version: Option<VersionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_operation: Option<OperationBody>,
    self_uri: String,
}

#[derive(Debug, Serialize)]
struct Reference {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionBody {
    id: String,
    name: String,
    commit_version: String,
    configuration_version: String,
    #[serde(rename = "type")]
    kind: &'static str,
    secure: bool,
    debug: bool,
    date_created: i64,
    date_checked_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published_end: Option<String>,
    configuration_uri: String,
    self_uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationBody {
    id: String,
    complete: bool,
    client: Reference,
    action_name: &'static str,
    action_status: &'static str,
    error_details: [(); 0],
}

#[derive(Debug, Deserialize)]
pub(super) struct FlowsQuery {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

pub(super) async fn list(
    State(shared): Twin,
    Query(query): Query<FlowsQuery>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<FlowBody>>, ApiError> {
    let now = shared.clock.mono();
    let mut world = shared.world();
    world.flows.settle(now);
    let is_wanted = |flow: &&StoredFlow| {
        let is_named = query.name.as_deref().is_none_or(|pattern| matches(pattern, &flow.name));
        is_named && query.kind.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("inboundcall"))
    };
    let flows = world.flows.iter().filter(is_wanted).map(|flow| flow_body(flow, now)).collect();
    Ok(Json(page(flows, paging, "/api/v2/flows")?))
}

pub(super) async fn one(State(shared): Twin, Path(id): Path<String>) -> Result<Json<FlowBody>, ApiError> {
    let now = shared.clock.mono();
    let mut world = shared.world();
    let flow = world.flows.get(&id, now).ok_or_else(|| ApiError::not_found("The flow"))?;
    Ok(Json(flow_body(flow, now)))
}

pub(super) async fn versions(
    State(shared): Twin,
    Path(id): Path<String>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<VersionBody>>, ApiError> {
    let mut world = shared.world();
    let flow = world.flows.get(&id, shared.clock.mono()).ok_or_else(|| ApiError::not_found("The flow"))?;
    let newest_first = flow.versions.iter().rev().map(|version| version_body(&flow.id, version)).collect();
    Ok(Json(page(newest_first, paging, &format!("/api/v2/flows/{id}/versions"))?))
}

pub(super) async fn version(
    State(shared): Twin,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<VersionBody>, ApiError> {
    let mut world = shared.world();
    let flow = world.flows.get(&id, shared.clock.mono()).ok_or_else(|| ApiError::not_found("The flow"))?;
    let found = flow.versions.iter().find(|known| known.id() == version);
    let found = found.ok_or_else(|| ApiError::not_found("The flow version"))?;
    Ok(Json(version_body(&flow.id, found)))
}

#[derive(Debug, Deserialize)]
pub(super) struct ActionQuery {
    flow: String,
    version: Option<String>,
}

pub(super) async fn publish(
    State(shared): Twin,
    Extension(pass): Extension<Pass>,
    Query(query): Query<ActionQuery>,
) -> Result<Json<OperationBody>, ApiError> {
    let now = shared.clock.now();
    let mut world = shared.world();
    let id = world.id();
    let operation = world.flows.publish(&query.flow, query.version.as_deref(), client_of(&pass), id, now);
    Ok(Json(operation_body(&operation.map_err(refused)?, now.mono)))
}

pub(super) async fn checkout(
    State(shared): Twin,
    Extension(pass): Extension<Pass>,
    Query(query): Query<ActionQuery>,
) -> Result<Json<FlowBody>, ApiError> {
    let now = shared.clock.mono();
    let mut world = shared.world();
    world.flows.checkout(&query.flow, client_of(&pass), now).map_err(refused)?;
    let flow = world.flows.get(&query.flow, now).ok_or_else(|| ApiError::not_found("The flow"))?;
    Ok(Json(flow_body(flow, now)))
}

pub(super) async fn checkin(
    State(shared): Twin,
    Extension(pass): Extension<Pass>,
    Query(query): Query<ActionQuery>,
) -> Result<Json<OperationBody>, ApiError> {
    let now = shared.clock.now();
    let mut world = shared.world();
    let id = world.id();
    let operation = world.flows.checkin(&query.flow, client_of(&pass), id, now).map_err(refused)?;
    Ok(Json(operation_body(&operation, now.mono)))
}

pub(super) async fn unlock(State(shared): Twin, Query(query): Query<ActionQuery>) -> Result<StatusCode, ApiError> {
    shared.world().flows.unlock(&query.flow).map_err(refused)?;
    Ok(StatusCode::OK)
}

fn refused(error: FlowError) -> ApiError {
    match error {
        FlowError::NotFound => ApiError::not_found("The flow"),
        FlowError::Locked(owner) => ApiError::conflict(format!("The flow is locked by client {}.", owner.name)),
        FlowError::Busy => ApiError::conflict("An operation on the flow is still running."),
        FlowError::NotCheckedOut => ApiError::conflict("The flow is not checked out."),
    }
}

/// A name filter of the platform: `*` stands for any text, in any case.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut ends_open = !pattern.contains('*');
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        ends_open = part.is_empty();
        rest = if part.is_empty() { "" } else { &rest[at + part.len()..] };
    }
    rest.is_empty() && (ends_open || !pattern.ends_with('*'))
}

fn flow_body(flow: &StoredFlow, now: Mono) -> FlowBody {
    let newest = flow.versions.last().map(|version| version_body(&flow.id, version));
    FlowBody {
        id: flow.id.clone(),
        name: flow.name.clone(),
        kind: "INBOUNDCALL",
        division: Reference { id: "home".to_owned(), name: "Home".to_owned() },
        active: flow.published().is_some(),
        system: false,
        deleted: false,
        locked_client: flow.lock.as_ref().map(reference),
        published_version: flow.published().map(|version| version_body(&flow.id, version)),
        checked_in_version: newest,
        current_operation: flow.operation.as_ref().map(|operation| operation_body(operation, now)),
        self_uri: format!("/api/v2/flows/{}", flow.id),
    }
}

fn version_body(flow_id: &str, version: &Version) -> VersionBody {
    let id = version.id();
    let uri = format!("/api/v2/flows/{flow_id}/versions/{id}");
    VersionBody {
        name: id.clone(),
        commit_version: version.number.to_string(),
        configuration_version: id.clone(),
        kind: match version.kind {
            VersionKind::Publish => "PUBLISH",
            VersionKind::Checkin => "CHECKIN",
        },
        secure: false,
        debug: false,
        date_created: version.created.as_millisecond(),
        date_checked_in: version.created.as_millisecond(),
        date_published: version.published.map(iso),
        date_published_end: version.published_end.map(iso),
        configuration_uri: format!("{uri}/configuration"),
        self_uri: uri,
        id,
    }
}

fn operation_body(operation: &Operation, now: Mono) -> OperationBody {
    OperationBody {
        id: operation.id.clone(),
        complete: operation.is_complete(now),
        client: reference(&operation.client),
        action_name: operation.action,
        action_status: operation.status(now),
        error_details: [],
    }
}

fn reference(client: &Client) -> Reference {
    Reference { id: client.id.clone(), name: client.name.clone() }
}

/// An instant as the platform writes it: UTC with milliseconds.
pub(super) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_filter_matches_with_wildcards() {
        for (pattern, name, expected) in [
            ("Main IVR", "main ivr", true),
            ("Main", "Main IVR", false),
            ("Main*", "Main IVR", true),
            ("*IVR", "Main IVR", true),
            ("*ai*v*", "Main IVR", true),
            ("*ai*x*", "Main IVR", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
