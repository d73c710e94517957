//! Plans and refusals for people.

use std::time::Duration;

use drill::{Blast, Experiment, Outline, Reason, Step, Use, show};

use super::check::{Checked, Outcome};

/// One experiment: what it would do, how far it reaches, and whether it may.
pub(super) fn lines(
    file: &str,
    experiment: &Experiment,
    outline: &Outline,
    reasons: &[Reason],
    is_quiet: bool,
) -> Vec<String> {
    let parts = experiment.parts();
    let verdict = if reasons.is_empty() { "may run" } else { "refused" };
    let title = format!("{file}: {verdict}");
    if is_quiet {
        return std::iter::once(title).chain(reasons.iter().map(reason)).collect();
    }
    let (id, environment) = (&parts.metadata.id, parts.environment.word());
    let mut lines = vec![
        format!("{id} · {} · {environment} · up to {}", parts.metadata.title, clock(outline.length)),
        format!("  reach  {}", reach(&outline.blast)),
    ];
    let width = outline.steps.iter().filter_map(|step| step.subject.as_ref()).map(String::len).max().unwrap_or(0);
    lines.extend(outline.steps.iter().flat_map(|step| self::step(step, width)));
    lines.push(title);
    lines.extend(reasons.iter().map(reason));
    lines.push(String::new());
    lines
}

/// How far it reaches, beside how far it may.
fn reach(blast: &Blast) -> String {
    let of = |it: Use<u64>, what: &str| format!("{} of {} {what}", it.planned, it.limit);
    let mut parts = Vec::new();
    if let Some((rate, limit)) = blast.rate {
        parts.push(of(blast.live_calls, "calls at once"));
        parts.push(format!("{rate} of {limit}/s"));
        parts.push(of(blast.calls, "calls"));
    }
    parts.push(of(blast.faults, "faults"));
    parts.push(format!("{} of {} the longest", show(blast.fault.planned), show(blast.fault.limit)));
    let live = blast.live_traffic.map_or("nobody knows how much".to_owned(), |share| share.to_string());
    parts.push(format!("{live} of {} live traffic", blast.live_traffic_limit));
    parts.join(" · ")
}

fn step(step: &Step, width: usize) -> Vec<String> {
    let Step { at, act, subject, touches, what, lasts, undo, .. } = step;
    let subject = subject.as_deref().unwrap_or("");
    let lasts = lasts.map_or(String::new(), |lasts| format!(" [{}]", show(lasts)));
    let indent = 2 + 7 + 2 + 12 + 2 + width + 2;
    let mut lines = vec![format!("  {:>7}  {:12}  {subject:width$}  {what}{lasts}", clock(*at), act.word())];
    if !touches.is_empty() {
        lines.push(format!("{:indent$}touches {}", "", touches.join(", ")));
    }
    if let Some(undo) = undo {
        lines.push(format!("{:indent$}undone: {undo}", ""));
    }
    lines
}

/// As on the dial of a watch: `1:30`, `2:04:30`.
fn clock(at: Duration) -> String {
    let (hours, minutes, seconds) = (at.as_secs() / 3_600, at.as_secs() / 60 % 60, at.as_secs() % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}

fn reason(Reason { cause, about, what, fix }: &Reason) -> String {
    format!("  {}: {about}: {what}\n    → {fix}", cause.word())
}

/// All of them in a line.
pub(super) fn summary(checked: &[Checked]) -> String {
    let count = |is: fn(&Outcome) -> bool| checked.iter().filter(|checked| is(&checked.outcome)).count();
    let (may, refused) = (count(|it| matches!(it, Outcome::May(..))), count(|it| matches!(it, Outcome::Refused(..))));
    let wrong = checked.len() - may - refused;
    format!("{} experiments: {may} may run, {refused} refused, {wrong} wrong", checked.len())
}
