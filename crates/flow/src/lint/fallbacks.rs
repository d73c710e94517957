//! Fallbacks: where a failure leads, what is heard on the way, and whether it leans on what is broken.

use std::collections::BTreeSet;

use crate::chart::{CallKind, Class, FlowKind, Handling, Heard, StepId, TransferTo, heard};
use crate::input::{Input, Source};
use crate::lint::Severity::{Critical, High, Info, Low, Medium};
use crate::lint::calls::{ask, shown};
use crate::lint::facts::{self, Call, FAULTS, Facts};
use crate::lint::walk::{self, End, Fault, Terminal};
use crate::lint::{Report, Said};
use crate::problem::Place;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let kind = &facts.chart.kind;
    for call in &facts.calls {
        if kind.has_customer() {
            drops(facts, call, report);
        }
        if matches!(kind, FlowKind::Workflow(_)) {
            traceless(facts, call, report);
        }
        lowers_priority(facts, call, report);
        if kind.has_caller() {
            dead_air(facts, call, report);
        }
    }
    leans_on_another(facts, report);
    says_nothing(facts, report);
    if kind.has_customer() {
        silent_ends(facts, report);
        indistinguishable(facts, report);
        nobody(facts, report);
    }
    if kind.has_caller() {
        silent_start(facts, report);
    }
}

fn names(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.output()).collect::<Vec<_>>().join(" and ")
}

/// FB001 and FB002: one finding for both failures when they end alike.
fn drops(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let is_drop = |terminal: &Terminal| matches!(terminal.end, End::Disconnect | End::Error);
    let is_silent = |terminal: &Terminal| {
        is_drop(terminal) && terminal.heard == Heard::Nothing && call.said_before == Heard::Nothing
    };
    let mut silent: Vec<(Fault, String)> = Vec::new();
    let mut told: Vec<(Fault, String)> = Vec::new();
    for fault in FAULTS {
        let terminals = &call.likely(fault).terminals;
        if let Some(terminal) = terminals.iter().find(|terminal| is_silent(terminal)) {
            silent.push((fault, facts.chart.place(terminal.step, terminal.at)));
        } else if let Some(terminal) = terminals.iter().find(|terminal| is_drop(terminal)) {
            told.push((fault, facts.chart.place(terminal.step, terminal.at)));
        }
    }
    let lines = |ends: &[(Fault, String)]| -> String {
        let places: BTreeSet<&str> = ends.iter().map(|(_, place)| place.as_str()).collect();
        places.into_iter().collect::<Vec<_>>().join(", ")
    };
    let faults = |ends: &[(Fault, String)]| names(&ends.iter().map(|(fault, _)| *fault).collect::<Vec<_>>());
    if !silent.is_empty() {
        let said = Said::new(
            Critical,
            format!(
                "On {} of `{}` the caller is cut off at {} without a word.",
                faults(&silent),
                ask.action,
                lines(&silent)
            ),
            "Say what happens and transfer to a queue; an agent can do what the backend could not.",
        );
        report.at("FB001", facts.chart, call.id, said);
    }
    if !told.is_empty() {
        let (severity, though) = if facts.has_queue() { (High, ", though the flow has a queue") } else { (Medium, "") };
        let said = Said::new(
            severity,
            format!("On {} of `{}` the caller is cut off at {}{though}.", faults(&told), ask.action, lines(&told)),
            "Transfer to a queue instead of hanging up: the caller still needs what they called for.",
        );
        report.at("FB002", facts.chart, call.id, said);
    }
}

/// FB002 without a Data Action: a way through the flow on which nothing was said and the caller is cut off.
fn silent_ends(facts: &Facts<'_>, report: &mut Report) {
    let has_greeting = facts.chart.greeting.as_ref().is_some_and(|greeting| heard(greeting) > Heard::Nothing);
    if !facts.has_queue() || has_greeting || !facts.calls.is_empty() {
        return;
    }
    let ways = walk::from_start(facts.chart);
    for terminal in ways.terminals.iter().filter(|terminal| terminal.heard == Heard::Nothing) {
        let (End::Disconnect, Some(step)) = (terminal.end, terminal.step) else { continue };
        let said = Said::new(
            Medium,
            "There is a way to this disconnect on which nothing was said, though the flow has a queue.",
            "Say what happens, or transfer to a queue that is always there.",
        );
        report.at("FB002", facts.chart, step, said);
    }
}

/// FB003
fn nobody(facts: &Facts<'_>, report: &mut Report) {
    let leads_out = facts.chart.steps.iter().any(|step| matches!(step.class, Class::Transfer(_) | Class::Callback));
    let is_waiting = matches!(facts.chart.kind, FlowKind::Call(CallKind::InQueue));
    let is_caught = matches!(facts.chart.on_error.handling, Handling::Queue(_));
    if facts.calls.is_empty() || leads_out || is_waiting || is_caught {
        return;
    }
    let said = Said::new(
        Medium,
        "No way through this flow leads to a person: when a Data Action fails there is nothing to fall back to.",
        "Add a transfer to a queue, voicemail or a callback, and lead failures there.",
    );
    report.about("FB003", facts.chart.at, "", said);
}

/// FB004, once for a flow.
fn indistinguishable(facts: &Facts<'_>, report: &mut Report) {
    let mut alike: Vec<(StepId, Place)> = Vec::new();
    for call in &facts.calls {
        let ends = |terminals: &BTreeSet<Terminal>| -> BTreeSet<(End, Option<StepId>)> {
            terminals.iter().map(|terminal| (terminal.end, terminal.step)).collect()
        };
        let success = ends(&walk::after_output(facts.chart, call.id, "success").terminals);
        let is_unmarked = |fault: &Fault| call.ways(*fault).terminals.iter().all(|terminal| !terminal.is_marked);
        let reaches_agent = success.iter().any(|(end, _)| matches!(end, End::Queue | End::Person));
        let is_alike = FAULTS.iter().any(|fault| ends(&call.ways(*fault).terminals) == success && is_unmarked(fault));
        if reaches_agent && is_alike {
            alike.push((call.id, facts.chart.step(call.id).at));
        }
    }
    let said = Said::new(
        Low,
        "Failure and success lead to the same queue with nothing to tell them apart: the agent asks what the caller has already said.",
        "Set participant data dataActionFailed=true on the failure and timeout outputs.",
    );
    report.several("FB004", facts.chart, &alike, said);
}

/// FB005: another Data Action inside of the failure's own actions; the first for each.
fn leans_on_another(facts: &Facts<'_>, report: &mut Report) {
    let mut told: BTreeSet<StepId> = BTreeSet::new();
    for (id, step) in facts.chart.numbered().filter(|(id, _)| facts.is_asking(*id)) {
        for (call, fault) in facts.faults_around(id) {
            let Some((_, own)) = ask(facts, call).filter(|_| told.insert(call)) else { continue };
            let (name, same) = match &step.class {
                Class::Ask(ask) => (ask.action.clone(), ask.category == own.category),
                _ => (step.label(), false),
            };
            let of = if same { ", of the same integration," } else { "" };
            let said = Said::new(
                Medium,
                format!(
                    "On {} of `{}` the flow asks `{name}`{of} which may be down for the same reason.",
                    fault.output(),
                    own.action
                ),
                "Fall back to what needs no backend: defaults, a data table, a queue.",
            );
            report.at("FB005", facts.chart, id, said);
        }
    }
}

/// FB006
fn traceless(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let mut faults = Vec::new();
    for fault in FAULTS {
        let lost = call.likely(fault).terminals.iter().filter(|end| end.end == End::Workflow && !end.is_recorded);
        let before = lines.len();
        lines.extend(lost.map(|terminal| facts.chart.place(terminal.step, terminal.at)));
        if lines.len() > before || !lines.is_empty() && call.likely(fault).terminals.iter().any(|end| !end.is_recorded)
        {
            faults.push(fault);
        }
    }
    if lines.is_empty() {
        return;
    }
    let lines: Vec<String> = lines.into_iter().collect();
    let said = Said::new(
        Medium,
        format!(
            "On {} of `{}` the workflow ends at {} and nobody learns of it: what it was started for is lost.",
            names(&faults),
            ask.action,
            lines.join(", ")
        ),
        "Before it ends, set conversation data or send a notification that says what was not done.",
    );
    report.at("FB006", facts.chart, call.id, said);
}

/// FB007
fn lowers_priority(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let priority = |id: StepId| match &facts.chart.step(id).class {
        Class::Transfer(transfer) if transfer.to == TransferTo::Queue => Some(&transfer.priority),
        _ => None,
    };
    let success = walk::after_output(facts.chart, call.id, "success");
    let is_raised = |input: &Input| match &input.source {
        Source::NotSet => false,
        _ => facts::whole(input) != Some(0),
    };
    if !success.passed.iter().filter_map(priority).any(is_raised) {
        return;
    }
    let mut failed = call.ways.iter().flat_map(|ways| ways.passed.iter());
    let lowered = failed
        .find(|&id| priority(id).is_some_and(|input| facts::whole(input) == Some(0)) && !success.passed.contains(id));
    let (Some(lowered), Some((_, ask))) = (lowered, ask(facts, call.id)) else { return };
    let said = Said::new(
        Info,
        format!("When `{}` fails this transfer has priority 0: important callers wait with everyone.", ask.action),
        "Keep the priority of callers whose tier is known from elsewhere, such as a kept answer.",
    );
    report.at("FB007", facts.chart, lowered, said);
}

/// AU001 and AU002.
fn dead_air(facts: &Facts<'_>, call: &Call, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let time = call.limit.time;
    if !ask.has_processing_prompt {
        let severity = if time > facts.settings.call_limit { High } else { Medium };
        let said = Said::new(
            severity,
            format!("The caller hears nothing for up to {} while `{}` runs.", shown(time), ask.action),
            "Set a processing prompt: a recording of at least a minute, played from the first second of the wait.",
        );
        report.at("AU001", facts.chart, call.id, said);
    } else if time > facts.settings.prompt_length {
        let said = Said::new(
            Low,
            format!(
                "`{}` may take {}; the processing prompt is taken to play for {}, once.",
                ask.action,
                shown(time),
                shown(facts.settings.prompt_length)
            ),
            "Use a longer recording, or a shorter time limit.",
        );
        report.at("AU002", facts.chart, call.id, said);
    }
}

/// AU003
fn says_nothing(facts: &Facts<'_>, report: &mut Report) {
    for (id, step) in facts.chart.numbered() {
        let Class::Say(says) = &step.class else { continue };
        let Some((_, fault)) = facts.faults_around(id).next() else { continue };
        if step.heard() < Heard::Sentence || is_jargon(&facts::spoken(says)) {
            let said = Said::new(
                Low,
                format!("What is said on {} is too short to be understood.", fault.output()),
                "Say what happened and what comes next, in a sentence.",
            );
            report.at("AU003", facts.chart, id, said);
        }
    }
}

/// True for a few words that mean something to whoever wrote the flow, not to a caller.
fn is_jargon(text: &str) -> bool {
    const WORDS_MAX: usize = 3;
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.len() <= WORDS_MAX
        && words.iter().any(|word| matches!(*word, "failure" | "failed" | "error" | "timeout" | "exception"))
}

/// AU004
fn silent_start(facts: &Facts<'_>, report: &mut Report) {
    let Some(greeting) = facts.chart.greeting.as_ref().filter(|greeting| heard(greeting) == Heard::Nothing) else {
        return;
    };
    let crate::chart::Start::At(start) = facts.chart.start else { return };
    let is_heard = |id: StepId| match &facts.chart.step(id).class {
        Class::Say(says) | Class::Collect { says, .. } => heard(says) > Heard::Nothing,
        _ => false,
    };
    let first = facts.chart.sequence(start).first;
    let silent = facts.reach(first, is_heard);
    let long = silent.iter().find(|&id| !is_heard(id) && facts.calls.iter().any(|call| call.id == id));
    if let Some(long) = long {
        let said = Said::new(
            Low,
            format!(
                "The greeting is silent, and `{}` may run before anything is said.",
                facts.chart.step(long).label()
            ),
            "Greet the caller before the first Data Action.",
        );
        report.within("AU004", facts.chart, long, greeting.at, said);
    }
}
