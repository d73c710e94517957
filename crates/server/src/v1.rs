//! The HTTP API, version 1.

pub(crate) mod budget;
pub(crate) mod deployments;
pub(crate) mod gate;
pub(crate) mod maintenance;
pub(crate) mod reviews;
pub(crate) mod rollbacks;

use std::sync::Arc;

use api::{Acknowledgement, CircuitEntry, CircuitList, IncidentList, IncidentView, Problem, Snapshot};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::AcknowledgeError;

use crate::app::App;
use crate::errors::Refusal;

/// The longest name of a person.
pub(crate) const WHO_CHARS_MAX: usize = 80;

/// The whole picture: gateway, incidents, store, receivers.
#[utoipa::path(get, path = "/api/v1/snapshot", tag = "v1", responses((status = 200, description = "the picture", body = Snapshot)))]
pub(crate) async fn snapshot(State(app): State<Arc<App>>) -> Json<Snapshot> {
    Json(app.snapshot())
}

/// Live incidents and the latest that are over.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "v1", responses((status = 200, description = "incidents", body = IncidentList)))]
pub(crate) async fn incidents(State(app): State<Arc<App>>) -> Json<IncidentList> {
    Json(IncidentList { incidents: app.incidents() })
}

/// Every circuit of the gateway.
#[utoipa::path(get, path = "/api/v1/circuits", tag = "v1", responses((status = 200, description = "circuits", body = CircuitList)))]
pub(crate) async fn circuits(State(app): State<Arc<App>>) -> Json<CircuitList> {
    let gateway = app.gateway();
    let circuits = gateway.upstreams.into_iter().flat_map(|upstream| {
        let name = upstream.name;
        upstream.circuits.into_iter().map(move |circuit| CircuitEntry { upstream: name.clone(), circuit })
    });
    Json(CircuitList { at: gateway.at, circuits: circuits.collect() })
}

/// Takes an incident in somebody's name.
#[utoipa::path(
    post,
    path = "/api/v1/incidents/{id}/ack",
    tag = "v1",
    params(("id" = String, Path, description = "the incident's id")),
    request_body = Acknowledgement,
    responses(
        (status = 200, description = "the incident, taken", body = IncidentView),
        (status = 400, description = "the body says nobody's name", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "asked for by another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such incident", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the incident is over", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the engine cannot be reached", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<IncidentView>, Refusal> {
    let body: Acknowledgement = serde_json::from_slice(&body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is not what this path takes")
            .detail(error.to_string())
            .hint("Send {\"who\": \"your name\"}.")
    })?;
    let who = name(&body.who)?;
    app.engine.acknowledge(&id, &who).await.map(Json).map_err(|error| refusal(error, &id))
}

/// A person's name, as it may stand in a page.
pub(crate) fn name(who: &str) -> Result<String, Refusal> {
    let who = who.trim();
    let is_name = !who.is_empty() && who.chars().count() <= WHO_CHARS_MAX && !who.chars().any(char::is_control);
    if is_name {
        return Ok(who.to_owned());
    }
    Err(Refusal::new(StatusCode::BAD_REQUEST, "who", "that is no name")
        .detail(format!("a name has 1 to {WHO_CHARS_MAX} characters and no control characters")))
}

pub(crate) fn refusal(error: AcknowledgeError, id: &str) -> Refusal {
    let detail = format!("incident {id}");
    match error {
        AcknowledgeError::Unknown => Refusal::new(StatusCode::NOT_FOUND, "unknown-incident", "no such incident")
            .detail(detail)
            .hint("/api/v1/incidents lists the incidents that are known."),
        AcknowledgeError::Over => {
            Refusal::new(StatusCode::CONFLICT, "incident-over", "the incident is over").detail(detail)
        }
        AcknowledgeError::Unreachable => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "engine", "the engine cannot be reached")
                .hint("Look at /readyz.")
        }
    }
}
