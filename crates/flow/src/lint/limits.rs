//! How long Data Actions may take: each, all on one way, and by whose word.

use std::time::Duration;

use crate::chart::{StepId, StepSet};
use crate::lint::Severity::{High, Low, Medium};
use crate::lint::calls::{ask, counted, shown};
use crate::lint::facts::{Call, Facts, LimitSource};
use crate::lint::{Report, Said};
use crate::problem::Place;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for call in &facts.calls {
        limits_disagree(facts, call, report);
    }
    limits(facts, report);
    longest_way(facts, report);
}

/// TO001 and TO002, once each for a flow.
fn limits(facts: &Facts<'_>, report: &mut Report) {
    let limit = facts.settings.call_limit;
    let places = |calls: &[&Call]| -> Vec<(StepId, Place)> {
        calls.iter().map(|call| (call.id, facts.chart.step(call.id).at)).collect()
    };
    let long: Vec<&Call> = facts.calls.iter().filter(|call| call.limit.time > limit).collect();
    let longest = long.iter().map(|call| call.limit.time).max().unwrap_or_default();
    let severity = if facts.chart.kind.has_caller() { High } else { Medium };
    let said = Said::new(
        severity,
        format!(
            "{} take up to {}; {} is the limit.",
            counted(long.len(), "Data Action may", "Data Actions may"),
            shown(longest),
            shown(limit)
        ),
        format!("Set timeoutSeconds to {} in the Data Action, or the timeout in the flow.", limit.as_secs()),
    );
    report.several("TO001", facts.chart, &places(&long), said);

    let default: Vec<&Call> = facts.calls.iter().filter(|call| call.limit.source == LimitSource::Default).collect();
    let said = Said::new(
        Medium,
        format!(
            "{} the time limit at the platform's default of 60 s; 50 such calls at a time stop every flow of the organisation.",
            counted(default.len(), "Data Action leaves", "Data Actions leave")
        ),
        "Say how long it may take: in the Data Action (timeoutSeconds) or in the flow (timeout).",
    );
    report.several("TO002", facts.chart, &places(&default), said);
}

/// TO003: the sum of time limits on the longest way, cycles counted once.
fn longest_way(facts: &Facts<'_>, report: &mut Report) {
    let Some((total, way)) = longest(facts) else { return };
    if way.len() < 2 || total <= facts.settings.path_limit {
        return;
    }
    let severity = if facts.chart.kind.has_customer() { High } else { Medium };
    let places: Vec<(StepId, Place)> = way.iter().map(|&id| (id, facts.chart.step(id).at)).collect();
    let lines: Vec<String> = places.iter().map(|(id, at)| facts.chart.place(Some(*id), *at)).collect();
    let said = Said::new(
        severity,
        format!(
            "{} Data Actions on one way take up to {} together ({}); {} is the limit.",
            way.len(),
            shown(total),
            lines.join(", "),
            shown(facts.settings.path_limit)
        ),
        "Shorten the time limits, keep answers in a data table, or ask for everything in one Data Action.",
    );
    report.several("TO003", facts.chart, &places, said);
}

/// The Data Actions on the way whose time limits add up to the most.
fn longest(facts: &Facts<'_>) -> Option<(Duration, Vec<StepId>)> {
    // From each Data Action, those that can come later; cycles are cut by taking each only once.
    let mut order: Vec<&Call> = facts.calls.iter().collect();
    let after: Vec<StepSet> =
        order.iter().map(|call| facts.reach(facts.follows(call.id).iter().copied(), |_| false)).collect();
    let position = |id: StepId| facts.calls.iter().position(|call| call.id == id);
    // Those with the most behind them come first; that is an order of time for everything outside of cycles.
    order.sort_by_key(|call| std::cmp::Reverse(position(call.id).map_or(0, |at| after[at].len())));
    let mut best: Vec<(Duration, Vec<StepId>)> = Vec::new();
    for (index, call) in order.iter().enumerate() {
        let before = (0..index)
            .filter(|&earlier| position(order[earlier].id).is_some_and(|at| after[at].contains(call.id)))
            .max_by_key(|&earlier| best[earlier].0);
        let (time, mut way) = before.map_or((Duration::ZERO, Vec::new()), |earlier| best[earlier].clone());
        way.push(call.id);
        best.push((time + call.limit.time, way));
    }
    best.into_iter().max_by_key(|(time, _)| *time)
}

/// TO004
fn limits_disagree(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let own = facts.library.actions.get(&ask.action).and_then(|known| known.timeout);
    let (Some(own), LimitSource::Flow) = (own, call.limit.source) else { return };
    if own != call.limit.time {
        let said = Said::new(
            Low,
            format!("The flow waits {} for `{}`, which itself has {}.", shown(call.limit.time), ask.action, shown(own)),
            "Let one place say it: the Data Action, with the flow at its default.",
        );
        report.at("TO004", facts.chart, call.id, said);
    }
}
