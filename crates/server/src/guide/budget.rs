//! Objectives and burn rates in the guide's shapes.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use budget::Minutes;
use budget::approvals::Role;
use engine::budget::DefineError;
use openslo::Text;
use serde_json::{Value, json};

use super::GuideError;
use super::asked::Asked;
use crate::access;
use crate::app::App;
use crate::when;

/// A burn rate above every threshold: what is answered while nothing is known, so that a script which compares the
/// number without looking at the status stays closed. `dataAvailable` says that it is no measurement.
const CLOSED: u32 = 1_000_000;

/// Defines an objective. Its counts are pushed unless the definition says otherwise, which takes a file.
pub(crate) async fn create(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let person = access::bearer(&app, &headers);
    let person = match person.and_then(|who| access::one_of(who, &[Role::Operator, Role::Approver])) {
        Ok(person) => person,
        Err(refusal) => return refusal.into_response(),
    };
    match define(&app, &person.name, &body).await {
        Ok(document) => (StatusCode::CREATED, Json(document)).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn define(app: &App, who: &str, body: &Bytes) -> Result<Value, GuideError> {
    let budgets = app.budgets.as_ref().ok_or_else(nobody)?;
    let text = str::from_utf8(body).map_err(|_| GuideError::bad_request("The body is no UTF-8."))?;
    let definition = openslo::guide::read(&Text { file: "body", text }).map_err(|invalid| {
        let said: Vec<_> = invalid
            .problems
            .iter()
            .map(|problem| format!("{}: {} ({})", problem.path, problem.message, problem.hint))
            .collect();
        GuideError::bad_request(said.join("; "))
    })?;
    if definition.indicator.source().word() != "push" {
        let message = "An objective with a source of its own is defined in a file: name it under `budget.objectives`.";
        return Err(GuideError::bad_request(message));
    }
    let document = openslo::guide::write(&definition);
    let id = definition.objective.id.clone();
    let terms = (app.terms)(definition.objective);
    budgets.define(who, terms, document.to_string()).await.map_err(|error| match error {
        DefineError::Taken => {
            GuideError::new(StatusCode::CONFLICT, "conflict", format!("There is an SLO {id} already."))
        }
        DefineError::TooMany => GuideError::bad_request(error.to_string()),
        DefineError::NotKept(error) => GuideError::unknown(format!("It could not be kept: {error}.")),
    })?;
    app.documents().insert(id, document.clone());
    Ok(document)
}

/// All objectives, as they were defined.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Json<Value>, GuideError> {
    app.budgets.as_ref().ok_or_else(nobody)?;
    let entities: Vec<Value> = app.documents().values().cloned().collect();
    let total = entities.len();
    Ok(Json(json!({
        "entities": entities, "pageSize": total, "pageNumber": 1, "total": total, "pageCount": 1,
    })))
}

/// One objective, as it was defined.
pub(crate) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, GuideError> {
    app.documents().get(&id).cloned().map(Json).ok_or_else(|| closed(no_such(&id)))
}

/// The burn rate between two instants: a number, whatever happens, and one that shuts every gate when nothing is known.
pub(crate) async fn burn_rate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, GuideError> {
    let budgets = app.budgets.as_ref().ok_or_else(|| closed(nobody()))?;
    let views = budgets.list();
    let objective = views.objectives.iter().find(|objective| objective.id == id).ok_or_else(|| closed(no_such(&id)))?;
    let asked = Asked::read(&Bytes::new(), query.as_deref()).map_err(closed)?;
    let window = objective.end.duration_since(objective.window_start).as_mins();
    let window = Minutes::new(u32::try_from(window.max(1)).unwrap_or(u32::MAX));
    let stretch = when::stretch(asked.text("startTime"), asked.text("endTime"), window, app.now().wall);
    let stretch = stretch.map_err(|why| closed(GuideError::bad_request(format!("{why}."))))?;
    let burn = budgets.burn(&id, stretch).ok_or_else(|| closed(no_such(&id)))?;
    // What nobody sees any more is not known, whatever was seen before.
    let Some(rate) = burn.burn_rate.filter(|_| !objective.is_blind) else {
        return Err(closed(GuideError::unknown(format!("Too little is known of SLO {id}."))));
    };
    Ok(Json(json!({
        "id": id,
        "burnRate": rate,
        "startTime": burn.start,
        "endTime": burn.end,
        "dataAvailable": true,
        "errorBudgetRemaining": objective.error_budget_remaining,
        "error_budget_remaining": objective.error_budget_remaining,
        "current_budget_health": objective.current_budget_health,
    })))
}

fn no_such(id: &str) -> GuideError {
    GuideError::not_found(format!("There is no SLO {id}."))
}

fn nobody() -> GuideError {
    GuideError::unknown("There are no budgets here: ask a controller.")
}

fn closed(error: GuideError) -> GuideError {
    error.with("burnRate", json!(CLOSED)).with("dataAvailable", json!(false))
}
