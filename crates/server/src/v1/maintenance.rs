//! Maintenance and resets: asked for by one person, approved by another.

use std::sync::Arc;

use api::{AuditList, Problem, RequestList, RequestView, Wish};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use budget::approvals::{Act, Person, Refusal as Refused};
use engine::budget::ActError;
use serde::Deserialize;

use super::budget::budgets;
use crate::access::{self, NotAllowed};
use crate::app::App;
use crate::errors::{Answer, Refusal};

/// Everything that was asked for, the latest first.
#[utoipa::path(
    get, path = "/api/v1/maintenance", tag = "budget",
    responses(
        (status = 200, description = "requests", body = RequestList),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Answer<RequestList> {
    Ok(Json(RequestList { requests: budgets(&app)?.requests() }))
}

/// Asks for maintenance, or for a budget to be given back. It counts when a second person has approved it.
#[utoipa::path(
    post, path = "/api/v1/maintenance", tag = "budget",
    request_body = Wish,
    security(("token" = [])),
    responses(
        (status = 200, description = "the request, waiting", body = RequestView),
        (status = 400, description = "it makes no sense", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Acted {
    let person = access::bearer(&app, &headers)?;
    let wish: Wish = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        Err(error) => {
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is not what this path takes");
            return Ok(Err(refusal.detail(error.to_string()).hint("/openapi.json describes it.")));
        }
    };
    Ok(asked(&app, person, &wish).await.map(Json))
}

/// Approves what somebody else asked for.
#[utoipa::path(
    post, path = "/api/v1/maintenance/{id}/approve", tag = "budget",
    params(("id" = String, Path, description = "the request's id")),
    security(("token" = [])),
    responses(
        (status = 200, description = "the request, approved", body = RequestView),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it, or it is their own", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "it has been decided", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approve(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Acted {
    act(&app, &headers, Act::Approve(id)).await
}

/// Rejects what somebody else asked for.
#[utoipa::path(
    post, path = "/api/v1/maintenance/{id}/reject", tag = "budget",
    params(("id" = String, Path, description = "the request's id")),
    security(("token" = [])),
    responses(
        (status = 200, description = "the request, rejected", body = RequestView),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it, or it is their own", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "it has been decided", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reject(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Acted {
    act(&app, &headers, Act::Reject(id)).await
}

/// Takes back what waits, or ends approved maintenance now.
#[utoipa::path(
    post, path = "/api/v1/maintenance/{id}/revoke", tag = "budget",
    params(("id" = String, Path, description = "the request's id")),
    security(("token" = [])),
    responses(
        (status = 200, description = "the request, taken back or ended", body = RequestView),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "it is over", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Acted {
    act(&app, &headers, Act::Revoke(id)).await
}

/// Which part of the audit.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Before {
    /// Entries before this place; the latest unless given.
    before: Option<u64>,
}

/// Who did what, the latest first; two hundred at a time.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "budget",
    params(Before),
    responses(
        (status = 200, description = "the audit", body = AuditList),
        (status = 400, description = "no such place", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    query: Result<Query<Before>, axum::extract::rejection::QueryRejection>,
) -> Answer<AuditList> {
    let Query(Before { before }) = query.map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "query", "that is no place in the audit").detail(error.body_text())
    })?;
    let entries = budgets(&app)?.audit(before).await.map_err(|error| {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", "the audit cannot be read")
            .detail(error.to_string())
            .hint(error.hint())
    })?;
    Ok(Json(AuditList { entries }))
}

/// What became of somebody's act.
type Acted = Result<Answer<RequestView>, NotAllowed>;

async fn act(app: &App, headers: &HeaderMap, act: Act) -> Acted {
    let person = access::bearer(app, headers)?;
    Ok(acted(app, person, act).await.map(Json))
}

pub(crate) async fn asked(app: &App, person: Person, wish: &Wish) -> Result<RequestView, Refusal> {
    let role = "It takes an operator or an approver to ask for it.";
    budgets(app)?.ask(person, wish).await.map_err(|error| refusal(error, role))
}

pub(crate) async fn acted(app: &App, person: Person, act: Act) -> Result<RequestView, Refusal> {
    let role = match &act {
        Act::Approve(_) | Act::Reject(_) => "It takes an approver, other than the one who asked.",
        Act::Ask { .. } | Act::Revoke(_) => "It takes an operator or an approver.",
    };
    budgets(app)?.act(person, act).await.map_err(|error| refusal(error, role))
}

/// Why it is not done, and what to do; `role` says whose act it is.
fn refusal(error: ActError, role: &str) -> Refusal {
    match error {
        ActError::Wrong(why) => Refusal::new(StatusCode::BAD_REQUEST, "wish", "this makes no sense").detail(why),
        ActError::NotKept(error) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", "it could not be kept, and so does not count")
                .detail(error.to_string())
                .hint(error.hint())
        }
        ActError::Refused(why) => {
            let (status, kind, hint) = match why {
                Refused::Role(_) => (StatusCode::FORBIDDEN, "role", Some(role)),
                Refused::Own => (
                    StatusCode::FORBIDDEN,
                    "own-request",
                    Some("Another approver decides; whoever asked may take it back with `revoke`."),
                ),
                Refused::NoSuch => (
                    StatusCode::NOT_FOUND,
                    "unknown-request",
                    Some("`steadyline maintenance list` shows the ids of all requests."),
                ),
                Refused::Decided => (
                    StatusCode::CONFLICT,
                    "decided",
                    Some(
                        "`steadyline maintenance list` shows what became of it; what is needed anew is asked for anew.",
                    ),
                ),
                Refused::Taken => (StatusCode::CONFLICT, "decided", Some("Ask again.")),
                Refused::TooMany => (
                    StatusCode::BAD_REQUEST,
                    "wish",
                    Some("Decide what waits first; `steadyline maintenance list` shows it."),
                ),
                // These say themselves what may be asked for.
                Refused::Reason | Refused::Length | Refused::Begin | Refused::Pointless | Refused::NoRelief => {
                    (StatusCode::BAD_REQUEST, "wish", None)
                }
            };
            let refusal = Refusal::new(status, kind, "this is not done").detail(why.to_string());
            hint.into_iter().fold(refusal, Refusal::hint)
        }
    }
}
