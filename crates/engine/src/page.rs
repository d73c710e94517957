//! What a letter says.
//!
//! Fixed when the letter is written and stored with it, so that a letter says the same in every
//! attempt, whatever has happened since.

use base::Ppm;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Action;

use crate::convert;
use crate::incident::{Alert, Incident, Subject};
use crate::journal::FormatError;

/// Version of the stored form.
const VERSION: u32 = 1;

/// The content of one letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    version: u32,
    /// One sentence with numbers.
    pub summary: String,
    /// How bad.
    pub severity: api::Severity,
    /// Who says so: the organisation.
    pub source: String,
    /// What it is about: `circuit/crm`, `store`.
    pub subject: String,
    /// The circuit's name, when it is about one.
    pub circuit: Option<String>,
    /// The upstream behind the circuit.
    pub upstream: Option<String>,
    /// Failed calls that led to it.
    pub failures: Option<u64>,
    /// Why it began, in words.
    pub cause: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// What a rollback tells other systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<RollbackAlert>,
}

/// What a rollback tells other systems, under the names that they know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollbackAlert {
    /// `AUTO_ROLLBACK_TRIGGERED`.
    pub incident_type: String,
    /// The flow's id.
    pub flow_id: String,
    /// The share of conversations that failed, 0 to 1.
    pub error_rate_breach: f64,
    /// The share that was put up with.
    pub threshold_breach: f64,
    /// When it was decided.
    pub timestamp: Timestamp,
    /// `SWITCHED_TO_VERSION_10`.
    pub action_taken: String,
}

impl RollbackAlert {
    fn of(alert: &Alert) -> Self {
        Self {
            incident_type: "AUTO_ROLLBACK_TRIGGERED".to_owned(),
            flow_id: alert.flow.clone(),
            error_rate_breach: share(alert.rate),
            threshold_breach: share(alert.threshold),
            timestamp: alert.at,
            // A version is written `10.0`; nobody else writes the part behind the point.
            action_taken: format!("SWITCHED_TO_VERSION_{}", alert.version.strip_suffix(".0").unwrap_or(&alert.version)),
        }
    }
}

fn share(ppm: Ppm) -> f64 {
    f64::from(ppm.get()) / f64::from(Ppm::ONE.get())
}

impl Page {
    /// What to say about `incident` as it is now.
    pub fn about(incident: &Incident, action: Action, org: &str) -> Self {
        let circuit = match &incident.subject {
            Subject::Circuit(name) => Some(name.to_string()),
            Subject::Store
            | Subject::Records
            | Subject::Receiver(_)
            | Subject::Burn(_)
            | Subject::SlowBurn(_)
            | Subject::Spent(_)
            | Subject::Blind(_)
            | Subject::Mode(_)
            | Subject::Suspect(_)
            | Subject::WentBack(_)
            | Subject::Stuck(_)
            | Subject::Unseen(_)
            | Subject::Missing(_)
            | Subject::Review(_)
            | Subject::Crowd => None,
        };
        let summary = match (action, &incident.acknowledged_by) {
            (Action::Trigger, _) | (Action::Acknowledge, None) => incident.title.clone(),
            (Action::Acknowledge, Some(who)) => format!("Acknowledged by {who}: {}", incident.title),
            (Action::Resolve, _) => format!("Over: {}", incident.title),
        };
        Self {
            version: VERSION,
            summary,
            severity: convert::severity(incident.severity),
            source: format!("steadyline/{org}"),
            subject: incident.subject.key(),
            circuit,
            upstream: incident.facts.upstream.clone(),
            failures: incident.facts.failures,
            cause: incident.facts.cause.clone(),
            opened_at: incident.opened_at,
            resolved_at: incident.resolved_at,
            acknowledged_by: incident.acknowledged_by.clone(),
            alert: incident.facts.alert.as_deref().map(RollbackAlert::of),
        }
    }

    /// When the thing happened that the letter tells.
    pub fn at(&self) -> Timestamp {
        self.resolved_at.unwrap_or(self.opened_at)
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a page has only strings, numbers and instants")
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it is no page, or one of a later version.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let page: Self = serde_json::from_str(text)?;
        if page.version == VERSION { Ok(page) } else { Err(FormatError::Version(page.version)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_version_1_still_loads() {
        let sample = include_str!("../samples/page-1.json");
        let page = Page::from_json(sample).unwrap();
        assert_eq!(page.circuit.as_deref(), Some("crm"));
        assert_eq!(page.failures, Some(5));
        assert_eq!(Page::from_json(&page.to_json()).unwrap(), page);
        let later = sample.replace("\"version\": 1", "\"version\": 2");
        assert!(matches!(Page::from_json(&later), Err(FormatError::Version(2))));
    }
}
