//! What the outside sees: the platform's HTTP face, and our own controls beside it.
//!
//! Every answer carries `ININ-Correlation-Id`. An error is raised as an [`ApiError`]; the outermost
//! layer, which knows the correlation id, writes its body.

mod control;
mod error;
mod flows;
mod integrations;
mod oauth;
mod paging;
mod queues;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::shared::Shared;
use crate::world::{Client, Denied, Pass};
pub(crate) use error::ApiError;

/// What every handler is given.
type Twin = State<Arc<Shared>>;

/// The longest body of a request, as the platform has it.
const BODY_BYTES_MAX: usize = 512_000;

const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let platform = Router::new()
        .route("/api/v2/tokens/me", get(oauth::me).delete(oauth::revoke))
        .route("/api/v2/flows", get(flows::list))
        .route("/api/v2/flows/{id}", get(flows::one))
        .route("/api/v2/flows/{id}/versions", get(flows::versions))
        .route("/api/v2/flows/{id}/versions/{version}", get(flows::version))
        .route("/api/v2/flows/actions/publish", post(flows::publish))
        .route("/api/v2/flows/actions/checkout", post(flows::checkout))
        .route("/api/v2/flows/actions/checkin", post(flows::checkin))
        .route("/api/v2/flows/actions/unlock", post(flows::unlock))
        .route("/api/v2/routing/queues", get(queues::list))
        .route("/api/v2/routing/queues/{id}", get(queues::one))
        .route("/api/v2/analytics/queues/observations/query", post(queues::observations))
        .route("/api/v2/integrations", get(integrations::list))
        .route("/api/v2/integrations/actions", get(integrations::actions))
        .route("/api/v2/integrations/actions/{id}", get(integrations::action))
        .route("/api/v2/integrations/actions/{id}/execute", post(integrations::run))
        .route("/api/v2/integrations/actions/{id}/test", post(integrations::test))
        .layer(from_fn_with_state(Arc::clone(&shared), authorise));
    let controls = Router::new()
        .route("/twin/calls", get(control::calls))
        .route("/twin/callers", post(control::start_callers).delete(control::stop_callers))
        .route("/twin/faults", get(control::faults).post(control::inject))
        .route("/twin/clock", get(control::clock))
        .route("/twin/reset", post(control::reset));
    Router::new()
        .route("/oauth/token", post(oauth::token))
        .merge(platform)
        .merge(controls)
        .fallback(|| async { ApiError::not_found("The requested resource") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&shared), correlate))
        .with_state(shared)
}

/// Names every answer, and writes the bodies of errors under that name.
async fn correlate(State(shared): Twin, request: Request, next: Next) -> Response {
    let id = shared.world().id();
    let mut response = next.run(request).await;
    let raised = response.extensions_mut().remove::<ApiError>().or_else(|| unreadable(&response));
    if let Some(error) = raised {
        let headers = std::mem::take(response.headers_mut());
        response = error.render(&id);
        keep_missing(response.headers_mut(), headers);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

/// The error for a request that could not even be read; the framework answers those in plain text.
fn unreadable(response: &Response) -> Option<ApiError> {
    let is_text =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
    let message = "The request could not be read: check its query, its content type and its body.";
    match response.status() {
        status if !status.is_client_error() || !is_text => None,
        StatusCode::PAYLOAD_TOO_LARGE => Some(ApiError::new(413, "request.entity.too.large", message)),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(ApiError::new(415, "unsupported.media.type", message)),
        _ => Some(ApiError::bad_request(message)),
    }
}

fn keep_missing(headers: &mut HeaderMap, earlier: HeaderMap) {
    for (name, value) in earlier {
        if let Some(name) = name.filter(|name| *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH) {
            headers.insert(name, value);
        }
    }
}

/// Lets a request pass with a good token, and says how much of the token's window is used.
async fn authorise(State(shared): Twin, mut request: Request, next: Next) -> Response {
    let token = bearer(request.headers()).unwrap_or_default().to_owned();
    let admitted = shared.world().clients.admit(&token, shared.clock.mono());
    match admitted {
        Ok(pass) => {
            let (used, reset) = (pass.used, pass.reset);
            request.extensions_mut().insert(pass);
            let mut response = next.run(request).await;
            error::limit_headers(response.headers_mut(), used, reset);
            response
        }
        Err(Denied::Throttled { used, reset }) => {
            let mut response = ApiError::throttled(reset).into_response();
            error::limit_headers(response.headers_mut(), used, reset);
            response
        }
        Err(Denied::Expired) => ApiError::unauthorised("credentials.expired", "The token has expired.").into_response(),
        Err(Denied::Unknown) if token.is_empty() => {
            let message = "No authentication bearer token specified in authorization header.";
            ApiError::unauthorised("authentication.required", message).into_response()
        }
        Err(Denied::Unknown) => ApiError::unauthorised("bad.credentials", "Invalid login credentials.").into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn client_of(pass: &Pass) -> Client {
    Client { id: pass.client_id.clone(), name: pass.client_name.clone() }
}

/// No body, as several operations answer.
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
