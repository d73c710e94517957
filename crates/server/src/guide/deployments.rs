//! Versions of a flow, and going to one of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use genesys::budget::Purpose;
use genesys::flows::{self, Published, Version};
use serde_json::{Value, json};

use super::asked::Asked;
use super::{GuideError, guide};
use crate::app::App;

/// How long a publish is waited for before the answer is that it is pending.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the guides write where a script is to put the version's id.
const PLACEHOLDER: &str = "previous_stable_version_id";

/// `GET /api/v2/architect/flows/{flowId}/versions`
pub(crate) async fn versions(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let client = &guide(&app)?.client;
    let asked = Asked::read(&body, query.as_deref())?;
    let wanted = asked.text("status");
    let live = flows::one(client, &id).await?.published_version.map(|version| version.id);
    let versions = flows::versions(client, &id).await?;
    let entities: Vec<Value> = versions
        .iter()
        .map(|version| (version, status(version, live.as_deref())))
        // What is active is published as well.
        .filter(|(_, status)| {
            wanted.is_none_or(|wanted| wanted == *status || (wanted == "published" && *status == "active"))
        })
        .map(|(version, status)| {
            json!({
                "id": version.id, "type": version.kind, "configurationVersion": version.configuration_version,
                "datePublished": version.date_published.map(|at| at.to_string()),
                "datePublishedEnd": version.date_published_end.map(|at| at.to_string()), "status": status,
            })
        })
        .collect();
    let total = entities.len();
    Ok(Json(json!({
        "entities": entities, "pageSize": total.max(1), "pageNumber": 1, "total": total, "pageCount": 1,
        "selfUri": format!("/api/v2/architect/flows/{id}/versions"),
    })))
}

fn status(version: &Version, live: Option<&str>) -> &'static str {
    match version.date_published {
        _ if live == Some(&version.id) => "active",
        Some(_) => "published",
        None => "draft",
    }
}

/// `PATCH /api/v2/architect/deployments/{flowId}/versions/{versionId}`
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    Path((id, version)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), GuideError> {
    let client = &guide(&app)?.client;
    let asked = Asked::read(&body, query.as_deref())?;
    let named = asked.get("version")["id"].as_str();
    if named.is_some_and(|named| named != version && named != PLACEHOLDER) {
        return Err(GuideError::bad_request("The version in the body is not the one in the path."));
    }
    if asked.text("status").is_some_and(|status| status != "active") {
        return Err(GuideError::bad_request("A version can only be made active."));
    }
    let description = asked.get("version")["description"].as_str();
    let flow = flows::one(client, &id).await?;
    let before = flow.published_version.map(|version| version.id);
    let told = |status: StatusCode, word: &str, operation: Option<&str>| {
        let body = json!({
            "flowId": id, "version": {"id": version, "description": description}, "status": word,
            "previousVersion": {"id": before}, "operationId": operation,
        });
        Ok((status, Json(body)))
    };
    // A version that does not exist would be accepted and change nothing.
    flows::version(client, &id, &version).await?;
    if before.as_deref() == Some(&version) {
        return told(StatusCode::OK, "active", None);
    }
    if let Some(holder) = flow.locked_user.or(flow.locked_client) {
        let holder = if holder.name.is_empty() { holder.id } else { holder.name };
        return Err(GuideError::held("flow.locked", format!("The flow is locked by {holder}."), &holder));
    }
    match flows::publish(client, &id, &version, Purpose::Rollback, PATIENCE).await? {
        Published::Live => told(StatusCode::OK, "active", None),
        Published::Unknown => told(StatusCode::ACCEPTED, "pending", None),
        Published::Failed(operation) => {
            let reason = operation.error_message.unwrap_or_else(|| "the platform gave no reason".to_owned());
            let error =
                GuideError::new(StatusCode::CONFLICT, "publish.failed", format!("The publish failed: {reason}"));
            Err(error.with("operationId", operation.id.into()).with("flowStatus", "failed".into()))
        }
        Published::NotLive { instead } => {
            let instead = instead.unwrap_or_else(|| "none".to_owned());
            let message = format!("The platform accepted the publish, and callers get version {instead} all the same.");
            Err(GuideError::new(StatusCode::CONFLICT, "publish.not.live", message))
        }
    }
}
