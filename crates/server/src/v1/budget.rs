//! Objectives, their burn rates, and counts that are pushed.

use std::sync::Arc;

use api::{BudgetList, BurnView, ObjectiveView, Problem, PushAnswer, PushedCounts};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use budget::Minutes;
use budget::approvals::Role;
use engine::budget::{Budgets, PUSHED_MAX};
use serde::Deserialize;

use crate::access;
use crate::app::App;
use crate::errors::Refusal;
use crate::when;

/// The stretch of a burn rate.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// From this instant: RFC 3339, `now` or `now-30d`. The beginning of the objective's window unless given.
    start: Option<String>,
    /// Up to this one. Now unless given.
    end: Option<String>,
}

/// Budgets, where there are any.
pub(crate) fn budgets(app: &App) -> Result<&Budgets, Refusal> {
    app.budgets.as_ref().ok_or_else(|| {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "budgets", "there are no budgets here")
            .hint("Ask a controller: `steadyline serve`.")
    })
}

/// All objectives with their budgets, and the flows that obey them.
#[utoipa::path(
    get, path = "/api/v1/budget", tag = "budget",
    responses(
        (status = 200, description = "budgets", body = BudgetList),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<BudgetList>, Refusal> {
    let views = budgets(&app)?.list();
    Ok(Json((*views).clone()))
}

/// One objective.
#[utoipa::path(
    get, path = "/api/v1/budget/{id}", tag = "budget",
    params(("id" = String, Path, description = "the objective's id")),
    responses(
        (status = 200, description = "the objective", body = ObjectiveView),
        (status = 404, description = "no such objective", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<ObjectiveView>, Refusal> {
    find(budgets(&app)?, &id).map(Json)
}

/// The burn rate of an objective between two instants, maintenance left out.
#[utoipa::path(
    get, path = "/api/v1/budget/{id}/burn", tag = "budget",
    params(("id" = String, Path, description = "the objective's id"), Between),
    responses(
        (status = 200, description = "the burn rate", body = BurnView),
        (status = 400, description = "no such stretch of time", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such objective", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn burn(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(between): Query<Between>,
) -> Result<Json<BurnView>, Refusal> {
    let budgets = budgets(&app)?;
    let objective = find(budgets, &id)?;
    let window = objective.end.duration_since(objective.window_start).as_mins();
    let window = Minutes::new(u32::try_from(window.max(1)).unwrap_or(u32::MAX));
    let (start, end) = (between.start.as_deref(), between.end.as_deref());
    let stretch = when::stretch(start, end, window, app.now().wall)
        .map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, "stretch", "that is no stretch of time").detail(why))?;
    budgets.burn(&id, stretch).map(Json).ok_or_else(|| no_such(budgets, &id))
}

/// Takes counts of an objective that has no source of its own.
#[utoipa::path(
    post, path = "/api/v1/budget/{id}/counts", tag = "budget",
    params(("id" = String, Path, description = "the objective's id")),
    request_body = PushedCounts,
    security(("token" = [])),
    responses(
        (status = 200, description = "what was taken", body = PushAnswer),
        (status = 400, description = "the body is something else", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no objective of this id takes counts", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn push(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let person = access::bearer(&app, &headers);
    if let Err(refusal) = person.and_then(|who| access::one_of(who, &[Role::Ci, Role::Operator, Role::Approver])) {
        return refusal.into_response();
    }
    match taken(&app, &id, &body) {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn taken(app: &App, id: &str, body: &Bytes) -> Result<PushAnswer, Refusal> {
    let budgets = budgets(app)?;
    let counts: PushedCounts = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is not what this path takes")
            .detail(error.to_string())
            .hint("Send {\"minutes\": [{\"at\": \"2026-11-21T08:00:00Z\", \"total\": 50, \"bad\": 1}]}.")
    })?;
    if PUSHED_MAX < counts.minutes.len() {
        let detail = format!("{} minutes, and at most {PUSHED_MAX} go at a time", counts.minutes.len());
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "too-many", "too many minutes").detail(detail));
    }
    budgets.push(id, &counts.minutes).ok_or_else(|| {
        no_such(budgets, id).hint("Only an objective whose source is `push` takes counts; /api/v1/budget lists them.")
    })
}

pub(crate) fn find(budgets: &Budgets, id: &str) -> Result<ObjectiveView, Refusal> {
    let views = budgets.list();
    let found = views.objectives.iter().find(|objective| objective.id == id).cloned();
    found.ok_or_else(|| no_such(budgets, id))
}

fn no_such(budgets: &Budgets, id: &str) -> Refusal {
    let views = budgets.list();
    let known: Vec<_> = views.objectives.iter().take(20).map(|objective| objective.id.as_str()).collect();
    Refusal::new(StatusCode::NOT_FOUND, "unknown-objective", "no such objective")
        .detail(format!("objective {id}; known: {}", known.join(", ")))
        .hint("`steadyline budget list` and /api/v1/budget have all of them.")
}
