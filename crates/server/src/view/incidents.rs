//! Incidents as people read them.

use api::{IncidentState, IncidentView, LetterState, LetterView};
use jiff::Timestamp;

use crate::words;

/// Lines of a story that are shown; the latest, and how many there are before.
const LINES_SHOWN: usize = 12;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IncidentCard {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) severity: &'static str,
    pub(crate) class: &'static str,
    pub(crate) state: String,
    pub(crate) is_resolved: bool,
    pub(crate) may_be_taken: bool,
    pub(crate) when: String,
    pub(crate) told: String,
    pub(crate) earlier: usize,
    pub(crate) timeline: Vec<Line>,
    pub(crate) letters: Vec<LetterRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) at: String,
    pub(crate) what: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LetterRow {
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

impl IncidentCard {
    pub(crate) fn new(incident: &IncidentView, now: Timestamp) -> Self {
        let earlier = incident.timeline.len().saturating_sub(LINES_SHOWN);
        let lines = incident.timeline.iter().skip(earlier);
        Self {
            id: incident.id.clone(),
            title: incident.title.clone(),
            severity: severity(incident),
            class: match incident.state {
                IncidentState::Open => "open",
                IncidentState::Acknowledged => "taken",
                IncidentState::Resolved => "resolved",
            },
            state: match (&incident.state, &incident.acknowledged_by) {
                (IncidentState::Open, _) => "open, nobody has taken it".into(),
                (IncidentState::Acknowledged, Some(who)) => format!("taken by {who}"),
                (IncidentState::Acknowledged, None) => "taken".into(),
                (IncidentState::Resolved, _) => "over".into(),
            },
            is_resolved: incident.state == IncidentState::Resolved,
            may_be_taken: incident.state == IncidentState::Open,
            when: when(incident, now),
            told: told(&incident.letters),
            earlier,
            timeline: lines.map(|line| Line { at: words::instant(line.at, now), what: line.what.clone() }).collect(),
            letters: incident.letters.iter().map(|letter| letter_row(letter, now)).collect(),
        }
    }
}

fn severity(incident: &IncidentView) -> &'static str {
    match incident.severity {
        api::Severity::Critical => "critical",
        api::Severity::Error => "error",
        api::Severity::Warning => "warning",
        api::Severity::Info => "info",
    }
}

fn when(incident: &IncidentView, now: Timestamp) -> String {
    let since = words::instant(incident.opened_at, now);
    match incident.resolved_at {
        None => format!("since {since}, for {}", words::age(incident.opened_at, now)),
        Some(end) => format!("{since} to {}, {}", words::instant(end, now), words::age(incident.opened_at, end)),
    }
}

/// Who knows, in one line.
fn told(letters: &[LetterView]) -> String {
    let count = |state| letters.iter().filter(|letter| letter.state == state).count() as u64;
    let (delivered, pending, failed) =
        (count(LetterState::Delivered), count(LetterState::Pending), count(LetterState::Failed));
    if letters.is_empty() {
        return "nobody is told: no receiver is configured".into();
    }
    let mut text = words::counted(delivered, "page delivered", "pages delivered");
    if pending > 0 {
        text.push_str(&format!(", {} waiting", words::count(pending)));
    }
    if failed > 0 {
        text.push_str(&format!(", {} given up", words::count(failed)));
    }
    text
}

fn letter_row(letter: &LetterView, now: Timestamp) -> LetterRow {
    let tries = words::counted(letter.attempts.into(), "try", "tries");
    let error = letter.last_error.as_deref().unwrap_or("no reason is known");
    let (class, how) = match (letter.state, letter.delivered_at) {
        (LetterState::Delivered, Some(at)) => {
            ("delivered", format!("arrived {} after {tries}", words::instant(at, now)))
        }
        (LetterState::Delivered, None) => ("delivered", format!("arrived after {tries}")),
        (LetterState::Pending, _) if letter.attempts == 0 => ("pending", "waiting to be sent".into()),
        (LetterState::Pending, _) => ("pending", format!("waiting after {tries}: {error}")),
        (LetterState::Failed, _) => ("failed", format!("given up after {tries}: {error}")),
    };
    LetterRow { class, text: format!("{} to {}: {how}", letter.action, letter.receiver) }
}
