//! The login host: tokens.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, http};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::serve::Reset;
use super::{CORRELATION_ID, Twin};
use crate::world::{FaultTarget, RefusedClient};

#[derive(Debug, Deserialize)]
pub(super) struct Grant {
    grant_type: Option<String>,
}

#[derive(Debug, Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// The login host's errors do not look like those of the API.
#[derive(Debug, Serialize)]
struct LoginError {
    error: &'static str,
    description: &'static str,
    error_description: &'static str,
}

pub(super) async fn token(State(shared): Twin, headers: HeaderMap, Form(grant): Form<Grant>) -> Response {
    let effect = shared.world().faults.on(FaultTarget::Tokens, shared.mono());
    if effect.resets {
        return Reset::response();
    }
    shared.clock.sleep(effect.latency).await;
    let correlation_id = shared.world().id();
    let mut response = if let Some(status) = effect.failure {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        login_error(status, "server_error", "The login service is not available.")
    } else if effect.throttle.is_some() {
        login_error(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "Too many tokens were asked for.")
    } else if grant.grant_type.as_deref() != Some("client_credentials") {
        login_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Only client_credentials is served.")
    } else {
        issue(&shared, &headers)
    };
    if let Ok(value) = correlation_id.parse() {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

fn issue(shared: &crate::shared::Shared, headers: &HeaderMap) -> Response {
    let (id, secret) = basic(headers).unwrap_or_default();
    let now = shared.mono();
    let mut world = shared.world();
    let (access_token, settings) = (world.id(), world.settings.clone());
    match world.clients.issue(&id, &secret, access_token.clone(), &settings, now) {
        Ok(expires_in) => {
            let token = Token { access_token, token_type: "bearer", expires_in };
            ([(header::CACHE_CONTROL, "no-store")], Json(token)).into_response()
        }
        Err(RefusedClient) => login_error(StatusCode::BAD_REQUEST, "invalid_client", "Client not found or not valid."),
    }
}

fn basic(headers: &http::HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn login_error(status: StatusCode, error: &'static str, description: &'static str) -> Response {
    (status, Json(LoginError { error, description, error_description: description })).into_response()
}
