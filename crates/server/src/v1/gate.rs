//! May a release go out?

use std::sync::Arc;

use api::{GateView, Problem};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::budget::budgets;
use crate::app::App;
use crate::errors::Refusal;

/// The most objectives and flows that one question names.
const ASKED_MAX: usize = 200;

/// Whether a release may go out, going by the budgets of the objectives and flows that are named, or of all.
///
/// Asking again is the same decision for as long as it says the same. `allowed` is null when nobody knows, which is no
/// permission.
#[utoipa::path(
    get, path = "/api/v1/gate", tag = "budget",
    params(
        ("slo" = Option<Vec<String>>, Query, description = "objectives, by their ids; may be repeated"),
        ("flow" = Option<Vec<String>>, Query, description = "flows, whose objectives are meant; may be repeated"),
    ),
    responses(
        (status = 200, description = "the decision", body = GateView),
        (status = 400, description = "too much or something else is asked", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no budgets here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn gate(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Json<GateView>, Refusal> {
    let (mut slos, mut flows) = (Vec::new(), Vec::new());
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "slo" => slos.push(value.into_owned()),
            "flow" => flows.push(value.into_owned()),
            other => {
                let detail = format!("`{other}` is neither `slo` nor `flow`");
                return Err(
                    Refusal::new(StatusCode::BAD_REQUEST, "query", "the gate does not know this").detail(detail)
                );
            }
        }
    }
    if ASKED_MAX < slos.len() + flows.len() {
        let detail = format!("at most {ASKED_MAX} objectives and flows at a time");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "query", "too much is asked at a time").detail(detail));
    }
    Ok(Json(budgets(&app)?.gate(&slos, &flows)))
}
