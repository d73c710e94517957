//! The platform's error body.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// Until it may be tried again.
    pub(crate) retry_after: Option<Duration>,
    /// The limit that was hit.
    limit: Option<u32>,
    details: Vec<Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after: None, limit: None, details: Vec::new() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "bad.request", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid.value", message)
    }

    pub(crate) fn unauthorised(code: &'static str, message: &str) -> Self {
        Self::new(401, code, message)
    }

    pub(crate) fn missing_any(permissions: &[&str]) -> Self {
        let message = format!(
            "Unable to perform the requested action. You must have at least one of the following permissions assigned: [{}]",
            permissions.join(", ")
        );
        Self::new(403, "missing.any.permissions", message)
    }

    pub(crate) fn missing(permissions: &[&str]) -> Self {
        let message = format!(
            "Unable to perform the requested action. You are missing the following permission(s): {}",
            permissions.join(", ")
        );
        Self::new(403, "missing.permissions", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "not.found", format!("{what} was not found."))
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "method.not.allowed", "The method is not allowed here.")
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "conflict", message)
    }

    pub(crate) fn throttled(reset: Duration, limit: u32) -> Self {
        let seconds = whole_seconds(reset);
        let message = format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds");
        let error = Self::new(429, "too.many.requests.retry.after", message);
        Self { retry_after: Some(reset), limit: Some(limit), ..error }
    }

    /// Something failed inside.
    pub(crate) fn broken(status: u16) -> Self {
        let code = match status {
            429 => "too.many.requests",
            503 => "service.unavailable",
            504 => "request.timeout",
            500..=599 => "internal.server.error",
            _ => "bad.request",
        };
        Self::new(status, code, "The service could not handle the request.")
    }

    pub(crate) fn detail(mut self, code: &str, entity: (&str, &str)) -> Self {
        self.details.push(json!({"errorCode": code, "entityId": entity.0, "entityName": entity.1}));
        self
    }

    /// The body, under the id that support would ask for.
    pub(crate) fn body(&self, context_id: &str) -> Value {
        let mut body = json!({
            "message": self.message, "code": self.code, "status": self.status, "contextId": context_id,
            "messageParams": {}, "details": self.details, "errors": [],
        });
        if let Some(value) = self.limit {
            let key = "client.credentials.token.rate.per.minute";
            body["limit"] = json!({"namespace": "platform.api", "key": key, "value": value});
        }
        body
    }
}

/// How much of a token's window is used, and when the next one begins.
pub(crate) fn limit_headers(used: u32, allowed: u32, reset: Duration) -> [(&'static str, u64); 3] {
    [
        ("inin-ratelimit-count", u64::from(used)),
        ("inin-ratelimit-allowed", u64::from(allowed)),
        ("inin-ratelimit-reset", whole_seconds(reset)),
    ]
}

/// Rounded up, so that whoever waits this long has waited long enough.
pub(crate) fn whole_seconds(length: Duration) -> u64 {
    length.as_secs() + u64::from(length.subsec_nanos() > 0)
}
