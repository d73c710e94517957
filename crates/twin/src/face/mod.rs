//! What the outside sees: the platform's HTTP face, its WebSockets, and our own controls beside it.

mod control;
mod oauth;
mod platform;
mod serve;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

use crate::platform::ApiError;
use crate::shared::Shared;
pub(crate) use serve::{ask, serve};
pub(crate) use socket::Frame;

/// What every handler is given.
type Twin = State<Arc<Shared>>;

/// The longest body of a request, as the platform has it.
const BODY_BYTES_MAX: usize = 512_000;

/// The longest file that is uploaded.
const UPLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest state of an organisation: its log, full, takes an eighth of it.
const STATE_BYTES_MAX: usize = 256 * 1024 * 1024;

const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let files =
        Router::new().route("/twin/uploads/{id}", put(control::upload)).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX));
    let state = Router::new()
        .route("/twin/state", get(control::save).put(control::load))
        .layer(DefaultBodyLimit::max(STATE_BYTES_MAX));
    let controls = Router::new()
        .route("/twin/agents", put(control::agents))
        .route("/twin/callers", post(control::start_callers).delete(control::stop_callers))
        .route("/twin/calls", get(control::calls))
        .route("/twin/clock", get(control::clock))
        .route("/twin/faults", get(control::faults).post(control::inject).delete(control::mend))
        .route("/twin/flows/{id}/lock", put(control::lock))
        .route("/twin/log", get(control::log))
        .route("/twin/operations", get(control::operations))
        .route("/twin/reset", post(control::reset))
        .route("/twin/settings", get(control::settings).patch(control::change_settings))
        .route("/twin/sockets", delete(control::drop_sockets))
        .route("/twin/sockets/closing", post(control::announce_closing))
        .route("/twin/trunks/{id}", put(control::trunk))
        .route("/twin/downloads/{id}", get(control::download))
        .route("/twin/instances/{id}", get(control::instance))
        .route("/twin/tables/{id}", get(control::table))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new()
        .route("/oauth/token", post(oauth::token))
        // Behind a gateway each of the two hosts may have a path of its own.
        .route("/{prefix}/oauth/token", post(oauth::token))
        .route("/channels/{id}", get(socket::connect))
        .merge(controls)
        .merge(files)
        .merge(state)
        .fallback(platform::answer)
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(shared)
}

impl IntoResponse for ApiError {
    /// Of our own controls; the platform's operations name a correlation id as well.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, axum::Json(self.body(""))).into_response()
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// No body, as several operations answer.
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
