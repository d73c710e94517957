//! Tokens: the login host's endpoint, and what a token says about itself.

use axum::extract::{Extension, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, http};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{NO_CONTENT, Twin, bearer};
use crate::world::{FaultTarget, Pass, RefusedClient, TOKEN_LIFE};

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
    let effect = shared.world().faults.on(FaultTarget::Tokens, shared.clock.mono());
    shared.clock.sleep(effect.latency).await;
    if let Some(status) = effect.failure {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return login_error(status, "server_error", "The login service is not available.");
    }
    if grant.grant_type.as_deref() != Some("client_credentials") {
        return login_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Only client_credentials is served.");
    }
    let (id, secret) = basic(&headers).unwrap_or_default();
    let mut world = shared.world();
    let access_token = world.id();
    let issued = world.clients.issue(&id, &secret, access_token.clone(), shared.clock.mono());
    match issued {
        Ok(()) => {
            let token = Token { access_token, token_type: "bearer", expires_in: TOKEN_LIFE.as_secs() };
            ([(header::CACHE_CONTROL, "no-store")], Json(token)).into_response()
        }
        Err(RefusedClient) => login_error(StatusCode::BAD_REQUEST, "invalid_client", "Client not found or not valid."),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    organization: Named,
    home_organization: Named,
    authorized_scope: [String; 0],
    #[serde(rename = "OAuthClient")]
    oauth_client: Named,
}

#[derive(Debug, Serialize)]
struct Named {
    id: String,
    name: String,
}

pub(super) async fn me(State(shared): Twin, Extension(pass): Extension<Pass>) -> Json<Me> {
    let organisation = || Named { id: shared.world().organisation_id.clone(), name: "Twin".to_owned() };
    Json(Me {
        organization: organisation(),
        home_organization: organisation(),
        authorized_scope: [],
        oauth_client: Named { id: pass.client_id, name: pass.client_name },
    })
}

pub(super) async fn revoke(State(shared): Twin, headers: HeaderMap) -> StatusCode {
    if let Some(token) = bearer(&headers) {
        shared.world().clients.revoke(token);
    }
    NO_CONTENT
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
