//! How errors look: problem details (RFC 9457) for machines.

use api::Problem;
use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// What a path answers: what was asked for, or why not.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Refusal(Problem);

impl Refusal {
    /// A problem of `kind`, a word that becomes part of its type URI.
    pub(crate) fn new(status: StatusCode, kind: &str, title: &str) -> Self {
        Self(Problem {
            kind: format!("urn:steadyline:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: None,
            hint: None,
        })
    }

    /// What goes out.
    pub(crate) fn problem(&self) -> &Problem {
        &self.0
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn hint(mut self, hint: &str) -> Self {
        self.0.hint = Some(hint.to_owned());
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// For paths that do not exist.
pub(crate) async fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not-found", "nothing is here")
        .hint("The console is at /, the API is described at /openapi.json.")
}
