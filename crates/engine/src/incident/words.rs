//! The sentences of incidents: what people read at three in the morning.

use degrade::{Phase, Transition};
use jiff::Timestamp;
use store::Severity;

use super::{Incident, Subject, TURNS_TOLD_MAX, failures};

/// The longest title; receivers cut longer ones themselves, each in its own place.
const TITLE_CHARS_MAX: usize = 300;

pub(super) fn circuit_title(transition: &Transition) -> String {
    let stands = match transition.to {
        Phase::Closed => "closed",
        Phase::Open => "open",
        Phase::HalfOpen => "half open",
    };
    cut(format!("Circuit {} is {stands}: {}", transition.circuit, transition.cause))
}

pub(super) fn change(transition: &Transition) -> String {
    let counts = &transition.counts;
    let evidence = format!(
        "{} failed, {} good, {} slow in the window, {} waiting",
        failures(counts),
        counts.good,
        counts.slow,
        counts.waiting
    );
    format!("{} to {}: {} ({evidence})", transition.from, transition.to, transition.cause)
}

pub(super) fn turn(story: &str, turns: u32) -> String {
    if turns <= TURNS_TOLD_MAX { story.to_owned() } else { format!("{story}; change number {turns}") }
}

pub(super) fn ending(how: &str, incident: &Incident, at: Timestamp) -> String {
    let lasted = at.duration_since(incident.opened_at).as_secs().max(0);
    format!("{how}; lasted {}", span(lasted.unsigned_abs()))
}

pub(super) fn trouble_title(subject: &Subject, what: &str) -> String {
    cut(match subject {
        Subject::Circuit(name) => format!("Circuit {name}: {what}"),
        Subject::Store => format!("Decisions are not being kept: {what}"),
        Subject::Records => format!("Records are lost: {what}"),
        Subject::Receiver(name) => format!("Pages to {name} do not arrive: {what}"),
        Subject::Burn(_) | Subject::SlowBurn(_) | Subject::Spent(_) => format!("Error budget: {what}"),
        Subject::Blind(_) => format!("Not measured: {what}"),
        Subject::Mode(_) => format!("Degraded: {what}"),
        Subject::Suspect(_) => format!("Suspect release: {what}"),
        Subject::WentBack(_) => format!("Went back: {what}"),
        Subject::Stuck(_) => format!("A release needs you: {what}"),
        Subject::Unseen(_) => format!("A release is not seen: {what}"),
        Subject::Missing(_) => format!("A flow is not there: {what}"),
        Subject::Review(_) => format!("Review: {what}"),
        Subject::Crowd => format!("Too many incidents to list: {what}"),
    })
}

pub(super) fn trouble_severity(subject: &Subject) -> Severity {
    match subject {
        Subject::Circuit(_)
        | Subject::Store
        | Subject::Receiver(_)
        | Subject::Burn(_)
        | Subject::Mode(_)
        | Subject::Suspect(_)
        | Subject::WentBack(_)
        | Subject::Unseen(_)
        | Subject::Missing(_) => Severity::Error,
        Subject::Records
        | Subject::SlowBurn(_)
        | Subject::Spent(_)
        | Subject::Blind(_)
        // No caller is worse off for a launch that waits.
        | Subject::Review(_) => Severity::Warning,
        Subject::Crowd | Subject::Stuck(_) => Severity::Critical,
    }
}

/// Seconds as people say them: `45 s`, `4 min 12 s`, `3 h 5 min`.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= TITLE_CHARS_MAX {
        return text;
    }
    let mut short: String = text.chars().take(TITLE_CHARS_MAX - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_naturally() {
        assert_eq!([span(0), span(59), span(252), span(11_100)], ["0 s", "59 s", "4 min 12 s", "3 h 5 min"]);
    }

    #[test]
    fn a_long_title_is_cut_at_a_character() {
        let title = cut("ü".repeat(500));
        assert_eq!(title.chars().count(), TITLE_CHARS_MAX);
        assert!(title.ends_with('…'));
    }
}
