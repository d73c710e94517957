//! The door of PagerDuty's Events API v2.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ALERTS_MAX, Alert, AlertState, Door, Kept, Received, Shared};

const SUMMARY_CHARS_MAX: usize = 1_024;
const DEDUP_KEY_CHARS_MAX: usize = 255;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

#[derive(Deserialize)]
struct Event {
    routing_key: Option<String>,
    event_action: Option<String>,
    dedup_key: Option<String>,
    payload: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    summary: Option<String>,
    source: Option<String>,
    severity: Option<String>,
}

/// `POST /v2/enqueue`.
pub(super) async fn enqueue(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if let Some(answer) = shared.misbehave().await {
        return answer;
    }
    let Ok(value) = serde_json::from_slice::<Value>(&body) else {
        return refused(&["the body is no JSON".to_owned()]);
    };
    let Ok(event) = serde_json::from_value::<Event>(value.clone()) else {
        return refused(&["a field has the wrong type".to_owned()]);
    };
    let problems = problems(&event);
    if !problems.is_empty() {
        return refused(&problems);
    }
    let action = event.event_action.unwrap_or_default();
    let dedup_key = event.dedup_key.unwrap_or_else(|| format!("inbox-{}", *shared.taken.borrow()));
    let is_repeat = !shared.kept().apply(&action, &dedup_key);
    shared.keep(Received {
        at: shared.clock.now().wall,
        door: Door::PagerDuty,
        action,
        dedup_key: dedup_key.clone(),
        summary: event.payload.and_then(|payload| payload.summary).unwrap_or_default(),
        is_repeat,
        body: value,
    });
    let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// Everything that is wrong with an event.
fn problems(event: &Event) -> Vec<String> {
    let mut problems = Vec::new();
    let is_missing = |text: &Option<String>| text.as_ref().is_none_or(|text| text.is_empty());
    if is_missing(&event.routing_key) {
        problems.push("routing_key is missing".to_owned());
    }
    let action = event.event_action.as_deref().unwrap_or_default();
    if !["trigger", "acknowledge", "resolve"].contains(&action) {
        problems.push("event_action is none of trigger, acknowledge, resolve".to_owned());
    }
    if action != "trigger" && is_missing(&event.dedup_key) {
        problems.push("dedup_key is missing".to_owned());
    }
    if event.dedup_key.as_ref().is_some_and(|key| key.chars().count() > DEDUP_KEY_CHARS_MAX) {
        problems.push("dedup_key is too long".to_owned());
    }
    if action != "trigger" {
        return problems;
    }
    let Some(payload) = &event.payload else {
        problems.push("payload is missing".to_owned());
        return problems;
    };
    if is_missing(&payload.summary) {
        problems.push("payload.summary is missing".to_owned());
    }
    if payload.summary.as_ref().is_some_and(|summary| summary.chars().count() > SUMMARY_CHARS_MAX) {
        problems.push("payload.summary is too long".to_owned());
    }
    if is_missing(&payload.source) {
        problems.push("payload.source is missing".to_owned());
    }
    if !SEVERITIES.contains(&payload.severity.as_deref().unwrap_or_default()) {
        problems.push("payload.severity is none of critical, error, warning, info".to_owned());
    }
    problems
}

fn refused(errors: &[String]) -> Response {
    let answer = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

impl Kept {
    /// Does what PagerDuty does with a letter; false when it changes nothing.
    fn apply(&mut self, action: &str, dedup_key: &str) -> bool {
        if action == "trigger" {
            if self.alerts.len() == ALERTS_MAX && !self.alerts.contains_key(dedup_key) {
                self.alerts.pop_first();
            }
            let alert = self.alerts.entry(dedup_key.to_owned()).or_insert_with(|| Alert {
                dedup_key: dedup_key.to_owned(),
                state: AlertState::Resolved,
                opened: 0,
                letters: 0,
            });
            alert.letters += 1;
            let is_new = alert.state == AlertState::Resolved;
            if is_new {
                alert.state = AlertState::Triggered;
                alert.opened += 1;
            }
            return is_new;
        }
        // A key that is unknown or over: the letter is dropped without a word.
        let Some(alert) = self.alerts.get_mut(dedup_key).filter(|alert| alert.state != AlertState::Resolved) else {
            return false;
        };
        alert.letters += 1;
        let state = if action == "resolve" { AlertState::Resolved } else { AlertState::Acknowledged };
        let is_change = alert.state != state;
        alert.state = state;
        is_change
    }
}
