//! Is this process alive, and can it do its work?

use std::sync::Arc;
use std::time::Duration;

use api::Readiness;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// An engine that needs longer to say that it lives has too much to do.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// Whether the process runs at all.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "it runs", body = str)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it can do its work: the engine answers, what goes on beside it goes on, and the store keeps what it is given.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "it can", body = Readiness),
    (status = 503, description = "it cannot, and why", body = Readiness),
))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let mut reasons = Vec::new();
    let limit = app.real(PING_TIME_MAX);
    match app.clock.timeout(limit, app.engine.ping()).await {
        Some(true) => {}
        Some(false) => reasons.push("the engine has stopped".to_owned()),
        None => reasons.push("the engine does not answer in time".to_owned()),
    }
    let beside = [
        ("budgets", app.budgets.as_ref().is_none_or(|budgets| budgets.is_running())),
        ("the watch over releases", app.releases.as_ref().is_none_or(|releases| releases.is_running())),
        ("reviews of the night", app.reviews.as_ref().is_none_or(|reviews| reviews.is_running())),
    ];
    for (what, _) in beside.into_iter().filter(|(_, is_running)| !is_running) {
        reasons.push(format!("no longer going on: {what}. The log says why; start the process again."));
    }
    let views = app.engine.views().borrow().clone();
    if !views.store.working {
        let why = views.store.detail.as_deref().unwrap_or("use the store");
        let hint = views.store.hint.as_deref().unwrap_or_default();
        reasons.push(format!("failed to {why}. {hint}"));
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons })).into_response()
}
