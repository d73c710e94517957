//! PagerDuty, Events API v2.
//!
//! The deduplication key is the incident's own, so repeated triggers fall together at the receiver.
//! A resolve for a key that PagerDuty does not know is dropped there without a word; that is why the
//! queue lets none overtake its trigger.

use async_trait::async_trait;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::Action;

use super::http::{self, HttpError};
use super::{Courier, Letter, Receipt};
use crate::convert;
use crate::delivery::DeliveryError;
use crate::page::{Page, RollbackAlert};

/// Where PagerDuty takes events.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com";

/// PagerDuty cuts a longer summary; we do it at a character.
const SUMMARY_CHARS_MAX: usize = 1_024;
/// PagerDuty refuses a longer key.
const DEDUP_KEY_CHARS_MAX: usize = 255;

/// A PagerDuty service, by its integration.
#[derive(Debug)]
pub struct PagerDuty {
    client: Client,
    enqueue: Url,
    routing_key: SecretString,
}

impl PagerDuty {
    /// The service behind `routing_key`; `base_url` is [`PAGERDUTY_URL`], or a stand-in.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(base_url: &str, routing_key: SecretString) -> Result<Self, HttpError> {
        let enqueue = http::url(&format!("{}/v2/enqueue", base_url.trim_end_matches('/')))?;
        Ok(Self { client: http::client()?, enqueue, routing_key })
    }
}

#[async_trait]
impl Courier for PagerDuty {
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        let event = event(letter, self.routing_key.expose_secret());
        let request = self.client.post(self.enqueue.clone()).json(&event);
        let body = http::send(request, letter.sent_at).await?;
        let reference = serde_json::from_slice::<Answer>(&body).ok().and_then(|answer| answer.dedup_key);
        Ok(Receipt { reference })
    }
}

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    client: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    severity: api::Severity,
    source: &'a str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    class: &'a str,
    custom_details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    incident: &'a str,
    circuit: Option<&'a str>,
    upstream: Option<&'a str>,
    failure_count: Option<u64>,
    cause: &'a str,
    opened_at: String,
    #[serde(flatten)]
    alert: Option<&'a RollbackAlert>,
}

#[derive(Deserialize)]
struct Answer {
    dedup_key: Option<String>,
}

fn event<'a>(letter: &'a Letter, routing_key: &'a str) -> Event<'a> {
    Event {
        routing_key,
        event_action: convert::action(letter.action),
        dedup_key: letter.dedup_key.chars().take(DEDUP_KEY_CHARS_MAX).collect(),
        client: "Steadyline",
        payload: match letter.action {
            Action::Trigger => Some(payload(letter, &letter.page)),
            // The receiver knows the rest by the key.
            Action::Acknowledge | Action::Resolve => None,
        },
    }
}

fn payload<'a>(letter: &'a Letter, page: &'a Page) -> Payload<'a> {
    Payload {
        summary: page.summary.chars().take(SUMMARY_CHARS_MAX).collect(),
        severity: page.severity,
        source: &page.source,
        timestamp: page.at().to_string(),
        component: page.circuit.as_deref(),
        group: page.upstream.as_deref(),
        class: page.subject.split('/').next().unwrap_or(&page.subject),
        custom_details: Details {
            incident: &letter.incident_id,
            circuit: page.circuit.as_deref(),
            upstream: page.upstream.as_deref(),
            failure_count: page.failures,
            cause: &page.cause,
            opened_at: page.opened_at.to_string(),
            alert: page.alert.as_ref(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn letter(action: Action) -> Letter {
        Letter {
            id: "20260601-000001-000001.trigger.pagerduty".into(),
            incident_id: "20260601-000001-000001".into(),
            dedup_key: "sdl:acme:circuit/crm:1780272001007".into(),
            action,
            page: Page::from_json(include_str!("../../samples/page-1.json")).unwrap(),
            sent_at: "2026-06-01T00:00:02Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_trigger_says_circuit_failure_count_and_instant() {
        let event = serde_json::to_value(event(&letter(Action::Trigger), "R0UTE")).unwrap();
        assert_eq!(
            event,
            json!({
                "routing_key": "R0UTE",
                "event_action": "trigger",
                "dedup_key": "sdl:acme:circuit/crm:1780272001007",
                "client": "Steadyline",
                "payload": {
                    "summary": "Circuit crm is open: 5 failures in a row, last: time-out",
                    "severity": "error",
                    "source": "steadyline/acme",
                    "timestamp": "2026-06-01T00:00:01.007Z",
                    "component": "crm",
                    "group": "salesforce",
                    "class": "circuit",
                    "custom_details": {
                        "incident": "20260601-000001-000001",
                        "circuit": "crm",
                        "upstream": "salesforce",
                        "failure_count": 5,
                        "cause": "5 failures in a row, last: time-out",
                        "opened_at": "2026-06-01T00:00:01.007Z",
                    },
                },
            })
        );
    }

    #[test]
    fn a_rollback_carries_the_alert_under_the_names_that_others_know() {
        let mut letter = letter(Action::Trigger);
        letter.page = Page::from_json(include_str!("../../samples/page-1-rollback.json")).unwrap();
        let event = serde_json::to_value(event(&letter, "R0UTE")).unwrap();
        let mut alert = event["payload"]["custom_details"].clone();
        for ours in ["incident", "circuit", "upstream", "failure_count", "cause", "opened_at"] {
            assert!(alert.as_object_mut().unwrap().remove(ours).is_some());
        }
        assert_eq!(
            alert,
            json!({
                "incident_type": "AUTO_ROLLBACK_TRIGGERED",
                "flow_id": "12345678-1234-1234-1234-123456789012",
                "error_rate_breach": 0.06,
                "threshold_breach": 0.05,
                "timestamp": "2026-06-01T00:00:00Z",
                "action_taken": "SWITCHED_TO_VERSION_10",
            })
        );
    }

    #[test]
    fn a_resolve_needs_only_its_key() {
        let event = serde_json::to_value(event(&letter(Action::Resolve), "R0UTE")).unwrap();
        assert_eq!(event["event_action"], "resolve");
        assert_eq!(event.get("payload"), None);
    }

    #[test]
    fn the_routing_key_is_not_in_debug_output() {
        let courier = PagerDuty::new("http://127.0.0.1:1/", SecretString::from("R0UTE")).unwrap();
        assert!(!format!("{courier:?}").contains("R0UTE"));
        assert_eq!(courier.enqueue.as_str(), "http://127.0.0.1:1/v2/enqueue");
    }
}
