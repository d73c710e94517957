//! The same words on both sides of a border: rows of the store, wire types of the API.

use api::{IncidentView, LetterView, TimelineEntry};
use store::{Action, IncidentRecord, IncidentState, Letter, LetterState, Severity};

pub(crate) fn severity(severity: Severity) -> api::Severity {
    match severity {
        Severity::Critical => api::Severity::Critical,
        Severity::Error => api::Severity::Error,
        Severity::Warning => api::Severity::Warning,
        Severity::Info => api::Severity::Info,
    }
}

pub(crate) fn severity_back(severity: api::Severity) -> Severity {
    match severity {
        api::Severity::Critical => Severity::Critical,
        api::Severity::Error => Severity::Error,
        api::Severity::Warning => Severity::Warning,
        api::Severity::Info => Severity::Info,
    }
}

pub(crate) fn state(state: IncidentState) -> api::IncidentState {
    match state {
        IncidentState::Open => api::IncidentState::Open,
        IncidentState::Acknowledged => api::IncidentState::Acknowledged,
        IncidentState::Resolved => api::IncidentState::Resolved,
    }
}

pub(crate) fn state_back(state: api::IncidentState) -> IncidentState {
    match state {
        api::IncidentState::Open => IncidentState::Open,
        api::IncidentState::Acknowledged => IncidentState::Acknowledged,
        api::IncidentState::Resolved => IncidentState::Resolved,
    }
}

/// The word for an action, at PagerDuty, in webhooks and in letter ids alike.
pub(crate) fn action(action: Action) -> &'static str {
    match action {
        Action::Trigger => "trigger",
        Action::Acknowledge => "acknowledge",
        Action::Resolve => "resolve",
    }
}

pub(crate) fn action_back(word: &str) -> Option<Action> {
    match word {
        "trigger" => Some(Action::Trigger),
        "acknowledge" => Some(Action::Acknowledge),
        "resolve" => Some(Action::Resolve),
        _ => None,
    }
}

/// A stored incident as others see it.
pub fn incident_view(record: &IncidentRecord) -> IncidentView {
    let incident = &record.incident;
    IncidentView {
        id: incident.id.clone(),
        key: incident.key.clone(),
        title: incident.title.clone(),
        severity: severity(incident.severity),
        state: state(incident.state),
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        acknowledged_by: incident.acknowledged_by.clone(),
        timeline: record.timeline.iter().map(|line| TimelineEntry { at: line.at, what: line.what.clone() }).collect(),
        letters: record.letters.iter().map(letter_view).collect(),
    }
}

fn letter_view(letter: &Letter) -> LetterView {
    LetterView {
        receiver: letter.receiver.clone(),
        action: action(letter.action).to_owned(),
        state: match letter.state {
            LetterState::Pending => api::LetterState::Pending,
            LetterState::Delivered => api::LetterState::Delivered,
            LetterState::Failed => api::LetterState::Failed,
        },
        attempts: letter.attempts,
        delivered_at: letter.delivered_at,
        last_error: letter.last_error.clone(),
    }
}
