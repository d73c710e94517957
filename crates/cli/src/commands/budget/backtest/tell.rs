//! What would have happened, for people: a table in time order, then the totals.

use budget::approvals::{self, Deed, Wish};
use budget::backtest::{
    Difference, Episode, FlowTotals, GateTotals, Happening, Measure, ObjectiveTotals, Subject, What,
};
use budget::book::{Effect, Policy};
use budget::gate::Reason;
use budget::{Minute, Minutes, ladder, ledger};
use engine::budget::words;

use super::Played;
use crate::output;

/// The most lines of one table; how many more there are is told.
const LINES_MAX: usize = 200;

/// One policy.
pub(super) fn transcript(played: &Played) {
    let Played { name, policy, transcript } = played;
    let budget::Stretch { from, until } = transcript.stretch;
    output::line(format_args!("{name}, from {from} to {until}"));
    output::line("");
    let rows = transcript.happenings.iter().filter_map(|happening| row(policy, happening));
    let left_out = usize::try_from(transcript.left_out).unwrap_or(usize::MAX);
    table(&["WHEN", "ABOUT", "WHAT", "WHY"], rows, left_out, "nothing would have happened");
    output::line("");
    totals(played);
}

/// Two policies.
pub(super) fn comparison(first: &Played, second: &Played, differences: &[Difference]) {
    let budget::Stretch { from, until } = first.transcript.stretch;
    output::line(format_args!("first {}, second {}, from {from} to {until}", first.name, second.name));
    output::line("");
    let heads = ["WHEN", "ABOUT", "WHAT", "FIRST", "SECOND"];
    table(&heads, differences.iter().map(difference), 0, "they differ in nothing");
    for (place, played) in [("first", first), ("second", second)] {
        output::line("");
        output::line(format_args!("{place}: {}", played.name));
        totals(played);
    }
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>, left_out: usize, nothing: &str) {
    let mut rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        output::line(nothing);
        return;
    }
    let more = rows.len().saturating_sub(LINES_MAX).saturating_add(left_out);
    rows.truncate(LINES_MAX);
    output::table(heads, &rows);
    if more > 0 {
        output::line(format_args!("and {more} more; `--format json` has them"));
    }
}

fn totals(Played { transcript, .. }: &Played) {
    let rows: Vec<_> = transcript.objectives.iter().map(objective).collect();
    output::table(&["OBJECTIVE", "PAGES", "TICKETS", "LEAST LEFT", "AT", "SPENT", "UNKNOWN"], &rows);
    output::line("");
    let mut rows = vec![gate_row("everything", None, &transcript.gate)];
    rows.extend(transcript.flows.iter().map(|flow| gate_row(&flow.id, Some(flow), &flow.gate)));
    let heads = ["FLOW", "CHANGES", "NORMAL", "TRIM", "AGENT_ONLY", "OVERFLOW", "GATE OPEN", "SHUT", "UNKNOWN"];
    output::table(&heads, &rows);
    if transcript.refused > 0 {
        output::line("");
        output::line(format_args!("{} counts came too late to be taken", transcript.refused));
    }
}

fn objective(totals: &ObjectiveTotals) -> Vec<String> {
    let (worst, at) =
        totals.worst.map_or(("-".to_owned(), "-".to_owned()), |(left, at)| (left.to_string(), at.to_string()));
    vec![
        totals.id.clone(),
        totals.pages.to_string(),
        totals.tickets.to_string(),
        worst,
        at,
        span(totals.spent),
        span(totals.unknown),
    ]
}

fn gate_row(name: &str, flow: Option<&FlowTotals>, gate: &GateTotals) -> Vec<String> {
    let mut row = vec![name.to_owned(), flow.map_or("-".to_owned(), |flow| flow.changes.to_string())];
    match flow {
        Some(flow) => row.extend(flow.modes.iter().map(|minutes| span(*minutes))),
        None => row.extend(ladder::Mode::ALL.map(|_| "-".to_owned())),
    }
    row.extend([gate.open, gate.shut, gate.unknown].map(span));
    row
}

fn span(minutes: Minutes) -> String {
    if minutes == Minutes::new(0) { "-".to_owned() } else { words::span(minutes) }
}

fn row(policy: &Policy, Happening { at, what }: &Happening) -> Option<Vec<String>> {
    let (about, what, why) = match what {
        What::Effect(Effect::Ledger(place, effect)) => ledger_words(policy, *place, effect)?,
        What::Effect(Effect::Ladder(place, ladder::Effect::Changed { to, why, .. })) => {
            (format!("flow {}", policy.flows.get(*place)?.id), to.word().to_owned(), words::mode_change(why))
        }
        What::Effect(Effect::Approvals(done)) => approval(done),
        What::Effect(Effect::Refused(_)) => return None,
        What::Gate { flow, is_allowed, reasons } => {
            let flow = flow.and_then(|place| policy.flows.get(place));
            let about = flow.map_or("everything".to_owned(), |flow| format!("flow {}", flow.id));
            (about, gate_word(*is_allowed).to_owned(), gate_why(*is_allowed, reasons))
        }
    };
    Some(vec![at.to_string(), about, what, why])
}

fn ledger_words(policy: &Policy, place: usize, effect: &ledger::Effect) -> Option<(String, String, String)> {
    let objective = &policy.objectives.get(place)?.objective;
    let (what, why) = match effect {
        ledger::Effect::Alert { rule, is_firing } => {
            let rule = objective.alerts.get(*rule)?;
            let verb = if *is_firing { "begins" } else { "ends" };
            let rate = f64::from(rule.burn_milli) / 1e3;
            (format!("{} {verb}", rule.severity.word()), format!("{rate} over {} and {}", rule.long, rule.short))
        }
        ledger::Effect::Spent(true) => ("budget spent".to_owned(), String::new()),
        ledger::Effect::Spent(false) => ("budget left again".to_owned(), String::new()),
        ledger::Effect::Blind(true) => ("not seen any more".to_owned(), String::new()),
        ledger::Effect::Blind(false) => ("seen again".to_owned(), String::new()),
        ledger::Effect::Refused(..) => return None,
    };
    Some((objective.id.clone(), what, why))
}

fn approval(approvals::Effect::Done { deed, by, request }: &approvals::Effect) -> (String, String, String) {
    let by = by.as_deref().unwrap_or("nobody");
    let done = match deed {
        Deed::Asked => format!("asked for by {by}"),
        Deed::Approved => format!("approved by {by}"),
        Deed::Rejected => format!("rejected by {by}"),
        Deed::Revoked if request.ended.is_some() => format!("ended by {by}"),
        Deed::Revoked => format!("taken back by {by}"),
        Deed::Expired => "void, nobody has approved it".to_owned(),
    };
    let (about, what) = match &request.wish {
        Wish::Maintenance { objectives, .. } if objectives.is_empty() => ("everything".to_owned(), "maintenance"),
        Wish::Maintenance { objectives, .. } => (objectives.join(", "), "maintenance"),
        Wish::Reset { objective } => (objective.clone(), "reset"),
    };
    (about, format!("{what} {done}"), request.reason.clone())
}

/// What the gate says, in words.
pub(super) fn gate_word(is_allowed: Option<bool>) -> &'static str {
    match is_allowed {
        Some(true) => "gate open",
        Some(false) => "gate shut",
        None => "gate unknown",
    }
}

/// The first of the reasons that made it so, and how many more there are.
fn gate_why(is_allowed: Option<bool>, reasons: &[Reason]) -> String {
    let speaks = |reason: &&Reason| match is_allowed {
        Some(false) => reason.what.blocks(),
        None => reason.what.is_unknown(),
        Some(true) => false,
    };
    let mut found = reasons.iter().filter(speaks);
    let first = found.next().map(words::reason).unwrap_or_default();
    match found.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

fn difference(difference: &Difference) -> Vec<String> {
    let (about, what, first, second) = match difference {
        Difference::OnlyFirst(episode) => {
            let (about, what) = subject(&episode.subject);
            (about, what, lasted(episode), "-".to_owned())
        }
        Difference::OnlySecond(episode) => {
            let (about, what) = subject(&episode.subject);
            (about, what, "-".to_owned(), lasted(episode))
        }
        Difference::Moved { first, second } => {
            let (about, what) = subject(&first.subject);
            (about, what, lasted(first), lasted(second))
        }
        Difference::Lasted { measure, first, second } => {
            let (about, what) = measured(measure);
            (about, format!("{what}, in all"), span(*first), span(*second))
        }
    };
    let when = difference.from().map_or("-".to_owned(), |at: Minute| at.to_string());
    vec![when, about, what, first, second]
}

fn lasted(Episode { from, until, .. }: &Episode) -> String {
    match until {
        Some(until) => format!("{from}, {}", words::span(until.since(*from))),
        None => format!("{from}, to the end"),
    }
}

/// Whom an episode is about, and what it is.
pub(super) fn subject(subject: &Subject) -> (String, String) {
    match subject {
        Subject::Alert(id, severity) => (id.clone(), severity.word().to_owned()),
        Subject::Spent(id) => (id.clone(), "budget spent".to_owned()),
        Subject::Blind(id) => (id.clone(), "not seen".to_owned()),
        Subject::Mode(flow, mode) => (format!("flow {flow}"), mode.word().to_owned()),
        Subject::Shut(flow) => (whole(flow.as_ref()), gate_word(Some(false)).to_owned()),
        Subject::Unsure(flow) => (whole(flow.as_ref()), gate_word(None).to_owned()),
    }
}

/// Whom minutes are about, and what they are.
pub(super) fn measured(measure: &Measure) -> (String, String) {
    match measure {
        Measure::Mode(flow, mode) => (format!("flow {flow}"), mode.word().to_owned()),
        Measure::Open(flow) => (whole(flow.as_ref()), gate_word(Some(true)).to_owned()),
        Measure::Shut(flow) => (whole(flow.as_ref()), gate_word(Some(false)).to_owned()),
        Measure::Unsure(flow) => (whole(flow.as_ref()), gate_word(None).to_owned()),
    }
}

fn whole(flow: Option<&String>) -> String {
    flow.map_or("everything".to_owned(), |flow| format!("flow {flow}"))
}

#[cfg(test)]
mod tests {
    use approvals::{Decided, Request, State};

    use super::*;

    #[test]
    fn what_had_not_begun_is_taken_back_and_what_had_is_ended() {
        let decided = || Decided { by: "ann".into(), at: jiff::Timestamp::UNIX_EPOCH };
        let said = |state: State, ended: Option<Decided>| {
            let request = Request {
                id: "r-1".into(),
                wish: Wish::Reset { objective: "crm".into() },
                reason: "release".into(),
                asked_by: "ann".into(),
                asked_at: decided().at,
                expires_at: decided().at,
                is_retroactive: false,
                state,
                ended,
            };
            let by = Some("ann".to_owned());
            approval(&approvals::Effect::Done { deed: Deed::Revoked, by, request: Box::new(request) }).1
        };
        assert_eq!(said(State::Revoked(decided()), None), "reset taken back by ann");
        assert_eq!(said(State::Approved(decided()), Some(decided())), "reset ended by ann");
    }
}
