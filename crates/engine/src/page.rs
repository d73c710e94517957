//! What a letter says.
//!
//! Fixed when the letter is written and stored with it, so that a letter says the same in every
//! attempt, whatever has happened since.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Action;

use crate::convert;
use crate::incident::{Incident, Subject};
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
