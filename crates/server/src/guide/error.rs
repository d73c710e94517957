//! Errors in the platform's own form.

use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use genesys::Error;
use serde_json::{Map, Value, json};

/// When to come back when the platform did not say.
const COME_BACK: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GuideError(Box<Told>);

#[derive(Clone, Debug, PartialEq)]
struct Told {
    status: StatusCode,
    code: String,
    message: String,
    context_id: Option<String>,
    retry_after: Option<Duration>,
    details: Vec<Value>,
    /// What a script may look at without having looked at the status.
    extra: Map<String, Value>,
}

impl GuideError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        let (context_id, retry_after, details, extra) = (None, None, Vec::new(), Map::new());
        Self(Box::new(Told { status, code, message, context_id, retry_after, details, extra }))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad.request", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not.found", message)
    }

    /// Nothing can be known now.
    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service.unavailable", message).after(Some(COME_BACK))
    }

    /// No organisation is watched.
    pub(crate) fn nobody() -> Self {
        Self::unknown("No organisation is watched: name one under `platform` in the configuration.")
    }

    /// Somebody else has it.
    pub(crate) fn held(code: &str, message: String, holder: &str) -> Self {
        let mut error = Self::new(StatusCode::CONFLICT, "conflict", message);
        error.0.details.push(json!({"errorCode": code, "fieldName": null, "entityId": null, "entityName": holder}));
        error
    }

    /// The last of its kind was too short a time ago.
    pub(crate) fn locked_out(message: String, left: Option<Duration>) -> Self {
        Self::new(StatusCode::LOCKED, "locked", message).after(left)
    }

    /// Adds a member that is read by scripts which do not look at the status.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.0.extra.insert(name.to_owned(), value);
        self
    }

    fn after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    fn of(mut self, correlation_id: Option<String>) -> Self {
        self.0.context_id = correlation_id;
        self
    }
}

impl From<Error> for GuideError {
    /// What was wrong with the request stays so; whatever else kept the platform from answering means that nothing is
    /// known.
    fn from(error: Error) -> Self {
        let hint = error.hint();
        match error {
            Error::Api(error) if matches!(error.status, 400 | 404 | 409 | 410) => {
                let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
                Self::new(status, &error.code, error.message).of(error.correlation_id)
            }
            Error::Api(error) => {
                let message = format!("The platform did not answer: {}. {hint}", error.message);
                Self::unknown(message).after(error.retry_after.or(Some(COME_BACK))).of(error.correlation_id)
            }
            Error::OutOfBudget(wait) => Self::unknown(format!("{error}. {hint}")).after(Some(wait)),
            error => Self::unknown(format!("{error}. {hint}")),
        }
    }
}

impl IntoResponse for GuideError {
    fn into_response(self) -> Response {
        let Told { status, code, message, context_id, retry_after, details, extra } = *self.0;
        let mut body = json!({
            "message": message, "code": code, "status": status.as_u16(), "contextId": context_id, "details": details,
            "errors": [],
        });
        if status == StatusCode::SERVICE_UNAVAILABLE {
            body["degraded"] = true.into();
        }
        if let Some(body) = body.as_object_mut() {
            body.extend(extra);
        }
        let mut response = (status, Json(body)).into_response();
        if let Some(after) = retry_after {
            let seconds = after.as_secs().max(1);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
