//! The platform's error body.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::world::REQUESTS_MAX;

/// An answer that is an error.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    message: &'a str,
    code: &'a str,
    status: u16,
    context_id: &'a str,
    message_params: serde_json::Map<String, serde_json::Value>,
    details: [(); 0],
    errors: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
}

#[derive(Debug, Serialize)]
struct Limit {
    namespace: &'static str,
    key: &'static str,
    value: u32,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "bad.request", message)
    }

    pub(super) fn unauthorised(code: &'static str, message: &str) -> Self {
        Self::new(401, code, message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "not.found", format!("{what} was not found."))
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "method.not.allowed", "The method is not allowed here.")
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "conflict", message)
    }

    pub(super) fn throttled(reset: Duration) -> Self {
        let seconds = whole_seconds(reset);
        let message = format!("The token was used too often. Retry the request in [{seconds}] seconds");
        Self { retry_after: Some(reset), ..Self::new(429, "too.many.requests.retry.after", message) }
    }

    /// The answer, under the id that support would ask for.
    pub(super) fn render(&self, context_id: &str) -> Response {
        let limit = self.retry_after.map(|_| Limit {
            namespace: "platform.api",
            key: "client.credentials.token.rate.per.minute",
            value: REQUESTS_MAX,
        });
        let body = Body {
            message: &self.message,
            code: self.code,
            status: self.status.as_u16(),
            context_id,
            message_params: serde_json::Map::new(),
            details: [],
            errors: [],
            limit,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// Travels as an extension up to the layer that knows the correlation id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Says how much of a token's window is used and when the next one begins.
pub(super) fn limit_headers(headers: &mut HeaderMap, used: u32, reset: Duration) {
    let mut set = |name, value: u64| headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    set("inin-ratelimit-count", u64::from(used));
    set("inin-ratelimit-allowed", u64::from(REQUESTS_MAX));
    set("inin-ratelimit-reset", whole_seconds(reset));
}

/// Rounded up, so that whoever waits this long has waited long enough.
fn whole_seconds(length: Duration) -> u64 {
    length.as_secs() + u64::from(length.subsec_nanos() > 0)
}
