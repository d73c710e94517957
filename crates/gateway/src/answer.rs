//! What the caller gets: live, kept, fallback or error, always saying which and why.

use std::time::Duration;

use api::{Outcome, Problem};
use bytes::Bytes;
use config::Route;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use crate::body::Body;
use crate::headers::{AGE, OUTCOME};
use crate::meter::OUTCOMES;
use crate::reason::{Reason, outcome_word};

/// The member that tells a flow that it got something else than a live answer.
pub const FAILED_MEMBER: &str = "dataActionFailed";
/// The member that tells the age of a kept answer, in seconds.
pub const AGE_MEMBER: &str = "ageOfData";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Answers that are made once, when the configuration is loaded.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The fallback body for each reason; empty when the route has none.
    fallbacks: Vec<Bytes>,
}

impl Prepared {
    pub(crate) fn new(route: &Route) -> Self {
        let fallbacks = match &route.fallback {
            None => Vec::new(),
            Some(body) => Reason::ALL.into_iter().map(|reason| fallback_body(route, body, reason)).collect(),
        };
        Self { fallbacks }
    }

    /// The typed fallback.
    pub(crate) fn fallback(&self, words: &Words, reason: Reason) -> Response<Body> {
        let body = self.fallbacks.get(reason.index()).cloned().unwrap_or_default();
        json(words.get(reason.fallback_outcome(), reason), body)
    }
}

fn fallback_body(route: &Route, body: &Map<String, Value>, reason: Reason) -> Bytes {
    let mut body = body.clone();
    if let Some(member) = &route.reason_member {
        body.insert(member.clone(), reason.word().into());
    }
    Value::Object(body).to_string().into()
}

/// The values of the outcome header, made once.
#[derive(Debug)]
pub(crate) struct Words(Vec<HeaderValue>);

impl Words {
    pub(crate) fn new() -> Self {
        let all = OUTCOMES.into_iter().flat_map(|outcome| Reason::ALL.map(|reason| (outcome, reason)));
        Self(all.map(|(outcome, reason)| Self::word(outcome, reason)).collect())
    }

    fn word(outcome: Outcome, reason: Reason) -> HeaderValue {
        let text = match reason {
            Reason::Live => outcome_word(outcome).to_owned(),
            _ => format!("{};reason={}", outcome_word(outcome), reason.word()),
        };
        HeaderValue::try_from(text).expect("outcome and reason words are plain ASCII")
    }

    pub(crate) fn get(&self, outcome: Outcome, reason: Reason) -> HeaderValue {
        self.0[outcome as usize * Reason::ALL.len() + reason.index()].clone()
    }
}

/// A kept answer, served instead of a live one.
pub(crate) struct KeptAnswer<'a> {
    pub(crate) body: &'a Bytes,
    pub(crate) age: Duration,
    pub(crate) reason: Reason,
}

/// Serves a kept answer. A stale one says in its body that the live look-up failed, why, and how old it is; a
/// fresh one is passed on as it was.
pub(crate) fn kept(words: &Words, route: &Route, kept: &KeptAnswer<'_>) -> Response<Body> {
    let body = match kept.reason {
        Reason::Fresh => kept.body.clone(),
        _ => marked(route, kept).unwrap_or_else(|| kept.body.clone()),
    };
    let mut response = json(words.get(Outcome::Cached, kept.reason), body);
    response.headers_mut().insert(AGE, HeaderValue::from(kept.age.as_secs()));
    response
}

fn marked(route: &Route, kept: &KeptAnswer<'_>) -> Option<Bytes> {
    let member = route.reason_member.as_ref()?;
    let mut body: Map<String, Value> = serde_json::from_slice(kept.body).ok()?;
    body.insert(FAILED_MEMBER.into(), true.into());
    body.insert(member.clone(), kept.reason.word().into());
    body.insert(AGE_MEMBER.into(), kept.age.as_secs().into());
    Some(Value::Object(body).to_string().into())
}

fn json(outcome: HeaderValue, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    let headers = response.headers_mut();
    *headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(OUTCOME, outcome);
    response
}

/// An error of the gateway itself or of a route without a fallback, as problem details.
pub(crate) fn problem(status: StatusCode, title: &str, detail: &str, hint: &str) -> Response<Body> {
    let problem = Problem {
        kind: "about:blank".into(),
        title: title.into(),
        status: status.as_u16(),
        detail: Some(detail.into()),
        hint: Some(hint.into()),
    };
    let body = serde_json::to_vec(&problem).expect("a problem is plain strings and a number");
    let mut response = Response::new(Body::full(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    response
}

/// No live answer, nothing kept, no fallback: the caller's failure path must take over.
pub(crate) fn error(words: &Words, route: &Route, reason: Reason) -> Response<Body> {
    let status = match reason {
        Reason::Timeout | Reason::Stalled => StatusCode::GATEWAY_TIMEOUT,
        Reason::Reset | Reason::Garbage | Reason::ServerError | Reason::Refused | Reason::Unreachable => {
            StatusCode::BAD_GATEWAY
        }
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let detail = format!("route `{}` got no answer: {}", route.name, reason.word());
    let mut response = problem(status, "No answer from the upstream", &detail, "give the route a fallback body");
    response.headers_mut().insert(OUTCOME, words.get(Outcome::Error, reason));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// True when a body looks like a whole JSON object or array: cheap enough to ask of every answer.
pub(crate) fn looks_like_json(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_and_reason_has_its_own_word() {
        let words = Words::new();
        assert_eq!(words.get(Outcome::Ok, Reason::Live), "ok");
        assert_eq!(words.get(Outcome::Fallback, Reason::CircuitOpen), "fallback;reason=circuit_open");
        assert_eq!(words.get(Outcome::Shed, Reason::Slots), "shed;reason=slots");
        assert_eq!(words.get(Outcome::Cached, Reason::Fresh), "cached;reason=fresh");
    }

    #[test]
    fn half_a_document_is_not_json() {
        assert!(looks_like_json(b" {\"a\":1}\n"));
        assert!(looks_like_json(b"[]"));
        for garbage in [&b""[..], b"<html>", b"{\"a\":1", b"{]", b"null"] {
            assert!(!looks_like_json(garbage), "{garbage:?}");
        }
    }
}
