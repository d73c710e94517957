//! Data Actions as a flow calls them: all three outputs, and what their variables hold afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chart::{Ask, Class, Heard, Step, StepId};
use crate::expr::{Expr, Literal};
use crate::input::Source;
use crate::lint::Severity::{Critical, High, Low, Medium};
use crate::lint::facts::{self, Call, FAULTS, Facts};
use crate::lint::walk::{End, Fault};
use crate::lint::{Report, Said, Severity};
use crate::problem::Place;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for call in &facts.calls {
        outputs(facts, call, report);
        unset_variables(facts, call, report);
        unchecked_answers(facts, call, report);
        unchecked_entries(facts, call, report);
        contract(facts, call, report);
    }
    never_assigned(facts, report);
    marks(facts, report);
}

pub(super) fn ask<'a>(facts: &Facts<'a>, id: StepId) -> Option<(&'a Step, &'a Ask)> {
    let step = facts.chart.step(id);
    match &step.class {
        Class::Ask(ask) => Some((step, ask)),
        _ => None,
    }
}

/// DA001, DA002 and DA003.
fn outputs(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((step, ask)) = ask(facts, call.id) else { return };
    for (fault, rule) in [(Fault::Failure, "DA001"), (Fault::Timeout, "DA002")] {
        if step.handles(fault.output()) {
            continue;
        }
        let (severity, effect) = effect(facts, call, fault);
        let said = Said::new(
            severity,
            format!("`{}` has no path for {}: {effect}.", ask.action, fault.output()),
            format!(
                "Give the {} output actions: set dataActionFailed=true, say what happens, transfer to a queue.",
                fault.output()
            ),
        );
        report.at(rule, facts.chart, call.id, said);
    }
    let (handled, missing) = match (step.handles("failure"), step.handles("timeout")) {
        (true, false) => ("failure", "timeout"),
        (false, true) => ("timeout", "failure"),
        _ => return,
    };
    let said = Said::new(
        High,
        format!("`{}` handles {handled} but not {missing}: callers fare differently by how it breaks.", ask.action),
        format!("Move the actions of the {handled} output to a reusable task and call it from {missing} too."),
    );
    report.at("DA003", facts.chart, call.id, said);
}

/// How bad it is that nothing is done about a fault, and where it leads.
fn effect(facts: &Facts<'_>, call: &Call, fault: Fault) -> (Severity, String) {
    let worst = call.likely(fault).worst().or_else(|| call.ways(fault).worst());
    let place = worst.map_or_else(String::new, |worst| facts.chart.place(worst.step, worst.at));
    let is_unset = unset(facts, call, fault).next().is_some();
    let is_told = call.likely(fault).terminals.iter().all(|terminal| terminal.is_recorded);
    match call.worst(fault) {
        _ if !facts.chart.kind.has_customer() => {
            let severity = if is_told { Low } else { Medium };
            (severity, format!("what follows runs as if it had worked, and ends at {place}"))
        }
        Some((End::Disconnect | End::Error, Heard::Nothing)) if call.said_before == Heard::Nothing => {
            (Critical, format!("the caller is cut off at {place} without a word"))
        }
        Some((End::Disconnect | End::Error, _)) => (High, format!("the caller is cut off at {place}")),
        Some((End::Loop, _)) | None => (High, "the flow goes round and never ends".to_owned()),
        Some((end, _)) => {
            let severity = if is_unset { Medium } else { Low };
            let with = if is_unset { ", with variables that hold nothing" } else { "" };
            (severity, format!("the caller goes on to {} at {place}{with}", end.phrase()))
        }
    }
}

/// Success variables that are read after a fault, before anything gives them a value: variable, reader, its place.
fn unset<'f>(facts: &'f Facts<'_>, call: &'f Call, fault: Fault) -> impl Iterator<Item = (String, StepId, Place)> + 'f {
    let variables = ask(facts, call.id).map(|(_, ask)| ask.success_outputs.as_slice()).unwrap_or_default();
    variables.iter().filter_map(move |(_, variable)| {
        let (reader, place) = read_unset(facts, call.id, fault.output(), variable)?;
        Some((variable.clone(), reader, place))
    })
}

/// Where `variable` is read on a way from an output of `from`, before it is assigned or asked about.
pub(super) fn read_unset(facts: &Facts<'_>, from: StepId, output: &str, variable: &str) -> Option<(StepId, Place)> {
    if facts.is_declared_with_value(variable) {
        return None;
    }
    let start = facts.target(from, output)?;
    let is_settled = |id: StepId| {
        let step = facts.chart.step(id);
        id == from
            || facts::assigns(step, variable)
            || step.expressions.iter().any(|(_, expr)| facts::guards(expr, variable))
    };
    let reached = facts.reach([start], is_settled);
    reached.iter().find_map(|id| {
        let step = facts.chart.step(id);
        if step.expressions.iter().any(|(_, expr)| facts::guards(expr, variable)) {
            return None;
        }
        let (at, _) = step.expressions.iter().find(|(_, expr)| facts::mentions(expr, variable))?;
        Some((id, *at))
    })
}

/// DA005: unless the reader would fail, which is EX002.
fn unset_variables(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut read: Vec<String> = Vec::new();
    for fault in FAULTS {
        for (variable, reader, place) in unset(facts, call, fault) {
            let step = facts.chart.step(reader);
            let breaks = step.expressions.iter().any(|(_, expr)| facts::breaks_on(expr, &variable));
            // Whoever wrote actions for the failure may well show what there is of a variable.
            let is_meant = facts.is_inside(reader, call.id, fault.output()) && is_shown_only(step, &variable);
            if !breaks && !is_meant && seen.insert(variable.clone()) {
                read.push(format!("{variable} ({})", facts.chart.place(Some(reader), place)));
            }
        }
    }
    if read.is_empty() {
        return;
    }
    let said = Said::new(
        High,
        format!("When `{}` fails nothing is assigned to {}, and it is read.", ask.action, read.join(", ")),
        "Assign a default on the failure and timeout outputs, or give the variable an initial value.",
    );
    report.at("DA005", facts.chart, call.id, said);
}

/// True when a step only says or notes what a variable holds; nothing is lost when that is nothing.
fn is_shown_only(step: &Step, variable: &str) -> bool {
    const TOLERANT: [&str; 5] = ["append", "todisplaystring", "tostring", "tocommunication", "makecommunication"];
    let tolerates = |expr: &Expr| {
        let mut tolerated = false;
        facts::visit(expr, &mut |expr| {
            if let Expr::Call(name, arguments) = expr {
                tolerated |= TOLERANT.contains(&name.to_ascii_lowercase().as_str())
                    && arguments.iter().any(|argument| facts::mentions(argument, variable));
            }
        });
        tolerated
    };
    matches!(step.class, Class::Attributes(_) | Class::Record)
        || step.expressions.iter().filter(|(_, expr)| facts::mentions(expr, variable)).all(|(_, expr)| tolerates(expr))
}

/// DA005 for variables that nothing in the flow ever assigns.
fn never_assigned(facts: &Facts<'_>, report: &mut Report) {
    let declared = facts.chart.variables.iter().chain(facts.chart.sequences.iter().flat_map(|of| &of.variables));
    for variable in declared.filter(|variable| !variable.has_initial()) {
        let name = &variable.name;
        if facts.chart.steps.iter().any(|step| facts::assigns(step, name)) {
            continue;
        }
        let reader = facts.chart.numbered().find_map(|(id, step)| {
            let is_asked = step.expressions.iter().any(|(_, expr)| facts::guards(expr, name));
            let (at, _) = step.expressions.iter().find(|(_, expr)| facts::mentions(expr, name))?;
            (!is_asked).then_some((id, *at))
        });
        let Some((id, at)) = reader else { continue };
        let said = Said::new(
            Medium,
            format!("{name} is read here, and nothing ever assigns it."),
            "Assign it before, give it an initial value, or remove it.",
        );
        report.within("DA005", facts.chart, id, at, said);
    }
}

/// DA006
fn unchecked_answers(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let Some(start) = facts.target(call.id, "success") else { return };
    for (_, variable) in &ask.success_outputs {
        let stop = |id: StepId| {
            let step = facts.chart.step(id);
            id == call.id
                || facts::assigns(step, variable)
                || step.expressions.iter().any(|(_, expr)| facts::guards(expr, variable))
        };
        let takes_apart = |expr: &Expr| takes_apart(expr, variable) && !facts::guards(expr, variable);
        let reader = facts.reach([start], stop).iter().find_map(|id| {
            let (at, _) = facts.chart.step(id).expressions.iter().find(|(_, expr)| takes_apart(expr))?;
            Some((id, *at))
        });
        let Some((reader, at)) = reader else { continue };
        let said = Said::new(
            Medium,
            format!(
                "{variable} comes from `{}` and is taken apart without a check: an empty answer is an error.",
                ask.action
            ),
            "Ask first: IsNotSetOrEmpty(…) for a text, Count(…) for a collection; go to the fallback when it is empty.",
        );
        report.within("DA006", facts.chart, reader, at, said);
    }
}

/// True when an item of `variable` is taken, or it is cast.
fn takes_apart(expr: &Expr, variable: &str) -> bool {
    const CASTS: [&str; 8] =
        ["toint", "todecimal", "tonumber", "getat", "substring", "todatetime", "jsonparse", "tophonenumber"];
    let mut found = false;
    facts::visit(expr, &mut |expr| match expr {
        Expr::Index(of, _) => found |= facts::mentions(of, variable),
        Expr::Call(name, arguments) if CASTS.contains(&name.to_ascii_lowercase().as_str()) => {
            found |= arguments.first().is_some_and(|first| facts::mentions(first, variable));
        }
        _ => {}
    });
    found
}

/// DA007: an entry of varying length that nobody looks at, or a key that only one value is told from.
fn unchecked_entries(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let collected = |variable: &str| {
        facts.chart.steps.iter().find_map(|step| match &step.class {
            Class::Collect { digits, .. } if facts::assigns(step, variable) => Some(*digits),
            _ => None,
        })
    };
    for (name, input) in &ask.inputs {
        let Source::Expression(expr) = &input.source else { continue };
        for variable in facts::variables(expr) {
            let Some(Some((min, max))) = collected(&variable) else { continue };
            let is_checked = facts.chart.steps.iter().any(|step| {
                matches!(step.class, Class::Branch(_))
                    && step.expressions.iter().any(|(_, expr)| facts::mentions(expr, &variable))
            });
            if min < max && !is_checked {
                let said = Said::new(
                    Low,
                    format!(
                        "Input `{name}` of `{}` is what the caller typed, {min} to {max} digits, unchecked.",
                        ask.action
                    ),
                    "Compare its length in a decision and ask again when it does not fit.",
                );
                report.within("DA007", facts.chart, call.id, input.at, said);
            }
        }
    }
    let Some((decision, index)) = nearest_decision(facts, call.id) else { return };
    let step = facts.chart.step(decision);
    let Class::Branch(asked) = &step.class else { return };
    let Source::Expression(Expr::Binary(crate::expr::Binary::Equal, left, right)) = &asked.source else { return };
    let (variable, key) = match (&**left, &**right) {
        (Expr::Variable { scope, name }, Expr::Literal(Literal::String(key)))
        | (Expr::Literal(Literal::String(key)), Expr::Variable { scope, name }) => (format!("{scope}.{name}"), key),
        _ => return,
    };
    let is_other = step.outputs.get(index).is_some_and(|output| output.name == "no");
    if is_other && collected(&variable).is_some() {
        let said = Said::new(
            Low,
            format!("Every entry but \"{key}\" leads to `{}`: a wrong key does what another one means.", ask.action),
            "Compare with the key that is meant, and ask again for any other.",
        );
        report.at("DA007", facts.chart, decision, said);
    }
}

/// The decision in whose output an action is, with the index of the output.
fn nearest_decision(facts: &Facts<'_>, id: StepId) -> Option<(StepId, usize)> {
    let mut owner = facts.chart.step(id).owner;
    while let Some((step, output)) = owner {
        if facts.chart.step(step).keyword == "decision" {
            return Some((step, output));
        }
        owner = facts.chart.step(step).owner;
    }
    None
}

/// DA008 and DA009.
fn contract(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let is_placeholder = |name: &str| name.contains('<') && name.contains('>') || name.contains("YOUR_");
    let known = facts.library.actions.get(&ask.action);
    let missing = facts.library.has_every_action && known.is_none() && !ask.action.starts_with("SUB_");
    if is_placeholder(&ask.action) || is_placeholder(&ask.category) || missing {
        let why = if missing { "is not among the Data Actions given" } else { "is a placeholder" };
        let said = Said::new(
            Medium,
            format!("`{}` of `{}` {why}: the flow cannot be published, or asks nobody.", ask.action, ask.category),
            "Name an integration and a Data Action that exist in the organisation.",
        );
        report.at("DA009", facts.chart, call.id, said);
    }
    let Some(known) = known else { return };
    let mut wrong = Vec::new();
    for (name, is_required) in &known.inputs {
        let given = ask.inputs.iter().find(|(given, _)| given == name);
        if *is_required && given.is_none_or(|(_, input)| matches!(input.source, Source::NotSet)) {
            wrong.push(format!("`{name}` is required and not set"));
        }
    }
    for (name, _) in &ask.inputs {
        if !known.inputs.iter().any(|(known, _)| known == name) {
            wrong.push(format!("`{name}` is not in the contract"));
        }
    }
    if !wrong.is_empty() {
        let said = Said::new(
            High,
            format!("Inputs of `{}` do not fit its contract: {}.", ask.action, wrong.join(", ")),
            "Set what is required and remove what is unknown.",
        );
        report.at("DA008", facts.chart, call.id, said);
    }
}

/// DA004, once for a flow.
fn marks(facts: &Facts<'_>, report: &mut Report) {
    if !facts.chart.kind.has_customer() {
        return;
    }
    let reaches = |call: &Call, ends: &dyn Fn(End) -> bool| {
        let terminals = call.ways.iter().flat_map(|ways| &ways.terminals);
        terminals.clone().any(|terminal| !terminal.is_marked && ends(terminal.end))
    };
    let is_human =
        |end: End| matches!(end, End::Queue | End::Person | End::Number | End::Flow | End::Voicemail | End::Callback);
    let unmarked: Vec<(StepId, Place)> = facts
        .calls
        .iter()
        .filter(|call| reaches(call, &|_| true))
        .map(|call| (call.id, facts.chart.step(call.id).at))
        .collect();
    let severity = if facts.calls.iter().any(|call| reaches(call, &is_human)) { Medium } else { Low };
    let count = unmarked.len();
    let said = Said::new(
        severity,
        format!(
            "{} without dataActionFailed=true: an agent, a report and an alert cannot tell.",
            counted(count, "Data Action can fail", "Data Actions can fail")
        ),
        "Set participant data dataActionFailed=true on the failure and timeout outputs, before anything else.",
    );
    report.several("DA004", facts.chart, &unmarked, said);
}

/// `1 thing is`, `3 things are`.
pub(super) fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// A time in the unit that reads best.
pub(super) fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds >= 120.0 { format!("{:.0} min", seconds / 60.0) } else { format!("{seconds} s") }
}
