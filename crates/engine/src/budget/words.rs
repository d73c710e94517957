//! What people read: why the gate is shut, why a flow does without, how an objective stands.

use budget::book::FlowTerms;
use budget::gate::{Reason, What};
use budget::ladder::{Mode, Why};
use budget::{
    Budgeting, BurnRule, Exhaustion, Minutes, Objective, Remaining, Severity, Status, Terms, Unit, Verdict, Window,
};

/// One reason of the gate, as a sentence.
pub fn reason(reason: &Reason) -> String {
    let what = match reason.what {
        What::Fine { left } => format!("{left} of the error budget is left"),
        What::Spent { left, floor } => {
            format!("the error budget is spent: {left} is left, a release needs more than {floor}")
        }
        What::Burning { long, window, threshold_milli, short } => format!(
            "it burns at {long} over {}, and pages from {} on; the last {} must be calm again",
            span(window),
            thousandths(threshold_milli),
            span(short)
        ),
        What::BurningAboveOne { burn, window } => {
            format!("it burns at {burn} over {}, and 1.0 is allowed", span(window))
        }
        What::NotMeasured => "too little is known to say how much is left".to_owned(),
        What::Stale { age } => format!("the last that is known is {} old", span(age)),
        What::NoSuch => "there is no such objective".to_owned(),
    };
    match &reason.overridden_by {
        Some(id) => format!("{}: {what}; approved maintenance {id} lets it pass", reason.objective),
        None => format!("{}: {what}", reason.objective),
    }
}

/// Why a flow changed its mode.
pub fn mode_change(why: &Why) -> String {
    match why {
        Why::Below { left, mark } => format!("{left} of the error budget is left, less than {mark}"),
        Why::Recovered { left, mark } => format!("{left} of the error budget is left again, {mark} is enough"),
        Why::Unknown => "nothing has been known of its error budget for too long".to_owned(),
        Why::Maintenance => "approved maintenance is on".to_owned(),
    }
}

/// The action of the guide's fallback event.
pub fn action(mode: Mode) -> &'static str {
    match mode {
        Mode::Normal => "RESTORE_NORMAL",
        Mode::Trim => "DEGRADE_TO_TRIM",
        Mode::AgentOnly => "DEGRADE_TO_AGENT_ONLY",
        Mode::Overflow => "DEGRADE_TO_OVERFLOW",
    }
}

/// An alert that began, as the title of its incident goes on.
pub fn burning(terms: &Terms, rule: &BurnRule, status: Option<&Status>) -> String {
    let found = status.and_then(|status| status.alerts.iter().find(|alert| alert.rule == *rule));
    let rates = found.map_or_else(String::new, |alert| {
        format!("at {} over {} and {} over {}, ", alert.long, rule.long, alert.short, rule.short)
    });
    let left = status.and_then(|status| status.remaining);
    let left = left.map_or_else(|| "how much is left is not known".to_owned(), |left| format!("{left} is left"));
    format!("{} burns {rates}{} is too much; {left}", terms.objective.name, thousandths(rule.burn_milli))
}

/// How an objective stands, the worst first.
pub fn standing(status: &Status) -> &'static str {
    let is_firing = |severity| status.alerts.iter().any(|alert| alert.is_firing && alert.rule.severity == severity);
    if status.is_blind {
        "blind"
    } else if is_firing(Severity::Page) {
        "paging"
    } else if status.remaining.is_some_and(Remaining::is_spent) {
        "spent"
    } else if is_firing(Severity::Ticket) {
        "ticket"
    } else if status.remaining.is_none() {
        "unknown"
    } else {
        "good"
    }
}

/// Why an objective stands as it does, in sentences with numbers.
pub fn explain(terms: &Terms, status: &Status) -> Vec<String> {
    let mut lines = vec![spent(terms, status)];
    if status.adjusted != status.raw || status.forgiven > 0 {
        lines.push(relieved(status));
    }
    if status.adjusted.missing > Minutes::new(0) {
        let (missing, length) = (status.adjusted.missing.get(), status.adjusted.length().get());
        lines
            .push(format!("Nothing is known of {missing} of {length} minutes; they count neither as good nor as bad."));
    }
    lines.extend(status.alerts.iter().map(|alert| {
        let state = match (alert.is_firing, alert.verdict) {
            (true, _) => "holds",
            (false, Verdict::Unknown) => "cannot be judged, too much is missing",
            (false, Verdict::Firing | Verdict::Quiet) => "does not hold",
        };
        format!(
            "The {} from {} on {state}: {} over {}, {} over {}.",
            alert.rule.severity.word(),
            thousandths(alert.rule.burn_milli),
            alert.long,
            alert.rule.long,
            alert.short,
            alert.rule.short
        )
    }));
    if status.alerts.iter().any(|alert| !alert.is_firing && alert.long.reaches(alert.rule.burn_milli)) {
        lines.push(format!(
            "The odds against chance are {:.0} to 1; a page needs {:.0} to 1, a ticket {:.0} to 1.",
            status.odds, terms.rarity.page, terms.rarity.ticket
        ));
    }
    lines.push(exhaustion(&status.exhaustion));
    if let (true, Some(age)) = (status.is_blind, status.age) {
        lines.push(format!("The source has told nothing for {age}: nobody knows how things are now."));
    }
    lines
}

fn spent(terms: &Terms, status: &Status) -> String {
    let (counts, unit) = (status.adjusted, unit(&terms.objective));
    let allowed = terms.objective.allowed();
    let measured = status.end.since(status.measured_from).get().max(1);
    let whole = status.window.length().get();
    let expected = counts.total as f64 * f64::from(whole) / f64::from(measured);
    let share = f64::from(allowed.get()) / 1e6 * expected;
    match status.remaining {
        None => format!("Too little is known of the {} to say how much is left.", window(&terms.objective.window)),
        Some(left) => {
            let (bad, total) = (counts.bad.saturating_sub(status.forgiven), counts.total);
            let of = if measured < whole {
                format!("{allowed} of the {expected:.0} that the whole window will have at this pace")
            } else {
                format!("{allowed} of them")
            };
            format!("{left} is left: {bad} of {total} {unit} were bad, and {share:.1} may be ({of}).")
        }
    }
}

fn relieved(status: &Status) -> String {
    let excluded = status.raw.total.saturating_sub(status.adjusted.total);
    let raw = status.raw_remaining.map_or_else(|| "an unknown rest".to_owned(), |left| left.to_string());
    format!(
        "Maintenance leaves {excluded} events out and resets forgave {} bad ones; without that {raw} would be left.",
        status.forgiven
    )
}

fn exhaustion(exhaustion: &Exhaustion) -> String {
    let length = |minutes: &Option<Minutes>| minutes.map_or_else(|| "not within the window".to_owned(), span);
    match exhaustion {
        Exhaustion::Spent => "The budget is spent.".to_owned(),
        Exhaustion::Unknown => "Too little happened of late to say when it will be gone.".to_owned(),
        Exhaustion::In { expected, earliest, latest } => format!(
            "If it goes on as in the last six hours it is gone: {} (between {} and {}, with 90 % confidence).",
            expected.map_or_else(|| "not within the window".to_owned(), |minutes| format!("in {}", span(minutes))),
            length(earliest),
            length(latest)
        ),
    }
}

/// Minutes as people say them: `4 d 3 h`, `2 h 5 min`, `1 h`, `7 min`.
pub fn span(minutes: Minutes) -> String {
    let minutes = minutes.get();
    let (days, hours, rest) = (minutes / 1_440, minutes % 1_440 / 60, minutes % 60);
    match (days, hours, rest) {
        (0, 0, rest) => format!("{rest} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, rest) => format!("{hours} h {rest} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A window in words.
pub fn window(window: &Window) -> String {
    match window {
        Window::Rolling(length) => length.to_string(),
        Window::Calendar(period) => {
            let unit = match period.unit {
                Unit::Day => "day",
                Unit::Week => "week",
                Unit::Month => "month",
                Unit::Quarter => "quarter",
                Unit::Year => "year",
            };
            let many = if period.count == 1 { "" } else { "s" };
            let zone = period.zone.iana_name().unwrap_or("UTC");
            format!("{} {unit}{many} from {} {zone}", period.count, period.first.strftime("%Y-%m-%dT%H:%M"))
        }
    }
}

/// What is counted, in words.
pub fn budgeting(budgeting: Budgeting) -> String {
    match budgeting {
        Budgeting::Occurrences => "events".to_owned(),
        Budgeting::Timeslices { length, target } => format!("slices of {length} with at least {target} good"),
    }
}

fn unit(objective: &Objective) -> &'static str {
    match objective.budgeting {
        Budgeting::Occurrences => "events",
        Budgeting::Timeslices { .. } => "time slices",
    }
}

/// A flow that changed, as the title of its incident goes on.
pub fn flow_changed(flow: &FlowTerms, to: Mode, why: &Why) -> String {
    format!("flow {} goes on in {}: {}", flow.id, to.word(), mode_change(why))
}

fn thousandths(milli: u32) -> String {
    let text = format!("{}.{:03}", milli / 1_000, milli % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
