//! What protects the browser and the server: response headers, the origin of posts, limits.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::errors::Refusal;

/// The largest request body.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// The longest that an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Nothing but our own files, no inline code, no frames, no HTML from strings without our policy.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types steadyline";

const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    // Assets say otherwise themselves.
    (CACHE_CONTROL, "no-store"),
];

/// Adds the headers to every answer that does not set them itself.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses changes that another site's page asks for in the name of the person at the browser.
pub(crate) async fn origin(request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_reading || is_own_origin(request.headers()) {
        return next.run(request).await;
    }
    Refusal::new(StatusCode::FORBIDDEN, "foreign-origin", "a change was asked for by another site")
        .hint("Open the console under the address that it is served at.")
        .into_response()
}

/// A browser says where a post comes from. Other clients say nothing, and have no session to abuse.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (headers.get(ORIGIN), headers.get(HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            let origin = origin.to_str().unwrap_or_default();
            let host = host.to_str().unwrap_or_default();
            let origin_host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            origin_host == Some(host)
        }
        (Some(_), None) => false,
    }
}

/// Gives up on an answer that takes too long.
pub(crate) async fn time_limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let limit = app.real(ANSWER_TIME_MAX);
    match app.clock.timeout(limit, next.run(request)).await {
        Some(response) => response,
        None => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "the answer took too long")
            .hint("Look at /readyz.")
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_own_origin(&headers.collect())
    }

    #[test]
    fn posts_from_elsewhere_are_recognised() {
        assert!(is_own(&[]), "no browser");
        assert!(is_own(&[("origin", "http://localhost:7700"), ("host", "localhost:7700")]));
        assert!(is_own(&[("sec-fetch-site", "same-origin")]));
        assert!(!is_own(&[("origin", "https://evil.example"), ("host", "localhost:7700")]));
        assert!(!is_own(&[("origin", "null"), ("host", "localhost:7700")]));
        assert!(!is_own(&[("sec-fetch-site", "cross-site"), ("host", "localhost:7700")]));
        assert!(!is_own(&[("origin", "http://localhost:7701"), ("host", "localhost:7700")]));
    }
}
