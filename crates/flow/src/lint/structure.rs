//! The flow as a whole: what is never reached, what leads nowhere, what is missing, and what it costs the platform.

use std::collections::{BTreeMap, BTreeSet};

use crate::chart::{Class, Handling, Start, StepId};
use crate::lint::Severity::{High, Info, Low, Medium};
use crate::lint::calls::{ask, counted};
use crate::lint::facts::{self, Facts};
use crate::lint::{Report, Said};
use crate::problem::{Place, ProblemKind};

/// Executions of Data Actions that an organisation may have running at a time.
const CONCURRENT_MAX: f64 = 50.0;

/// Executions of Data Actions per minute in an organisation.
const PER_MINUTE_MAX: f64 = 2_500.0;

/// Requests to the platform's own API per minute and OAuth token.
const PLATFORM_PER_MINUTE_MAX: f64 = 300.0;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    problems(facts, report);
    unreachable(facts, report);
    references(facts, report);
    incomplete(facts, report);
    size(facts, report);
    load(facts, report);
    repeated(facts, report);
    known_by_function(facts, report);
}

/// SY002 and ST003.
fn problems(facts: &Facts<'_>, report: &mut Report) {
    for problem in &facts.chart.problems {
        let rule = if problem.kind == ProblemKind::Reference { "ST002" } else { "SY002" };
        report.problem(rule, problem);
    }
    let names: Vec<&str> = facts.chart.unsubstituted.iter().map(|(name, _)| name.as_str()).collect();
    if let Some((_, at)) = facts.chart.unsubstituted.first() {
        let said = Said::new(
            Info,
            format!(
                "{} no value: {}.",
                counted(names.len(), "template parameter has", "template parameters have"),
                names.join(", ")
            ),
            format!("Give values on the command line: --set {}=…", names[0]),
        );
        report.about("ST003", *at, "", said);
    }
}

/// ST001
fn unreachable(facts: &Facts<'_>, report: &mut Report) {
    let chart = facts.chart;
    if chart.start == Start::Nowhere {
        return;
    }
    let reached = facts::reachable(chart);
    for sequence in &chart.sequences {
        let mut steps = sequence.choices.iter().map(|choice| choice.step).chain(sequence.first).peekable();
        if steps.peek().is_none() || steps.any(|step| reached.contains(step)) {
            continue;
        }
        let kind = sequence.kind.word();
        let said = Said::new(
            Low,
            format!("Nothing leads to the {kind} \"{}\": what it handles is not handled.", sequence.name),
            "Lead to it from where it is needed, or remove it.",
        );
        report.about("ST001", sequence.at, format!("{kind} \"{}\"", sequence.name), said);
    }
    for (id, step) in chart.numbered() {
        for output in step.outputs.iter().filter(|output| !output.is_enabled && output.has_actions) {
            let said = Said::new(
                Low,
                format!("The output {} is switched off, and has actions that never run.", output.name),
                "Switch it on, or remove its actions.",
            );
            report.within("ST001", chart, id, output.at, said);
        }
    }
}

/// ST002
fn references(facts: &Facts<'_>, report: &mut Report) {
    let chart = facts.chart;
    if chart.start == Start::Nowhere {
        let said = Said::new(
            High,
            "The flow does not say where it begins, or names what is not there.",
            "Set startUpRef to a task, menu or state of this file, by its refId.",
        );
        report.about("ST002", chart.at, "", said);
    }
    if let Handling::Jump(reference) = &chart.on_error.handling
        && reference.target.is_none()
    {
        let said = Said::new(
            High,
            format!("Error handling leads to `{}`, which is not there.", reference.text),
            "Name a task or menu of this file.",
        );
        report.about("ST002", chart.on_error.at, "error handling", said);
    }
    for (id, step) in chart.numbered() {
        let (Class::Jump(reference) | Class::CallTask(reference, _)) = &step.class else { continue };
        if reference.target.is_some() {
            continue;
        }
        let in_file = reference.text.split_once('#').map(|(file, _)| file.rsplit('/').next().unwrap_or(file));
        if in_file.is_some_and(|file| facts.library.files.contains(file)) {
            continue;
        }
        let said = Said::new(
            High,
            format!("`{}` leads nowhere: the flow cannot be published.", reference.text),
            "Name a task, menu or state of this file, by its refId.",
        );
        report.at("ST002", chart, id, said);
    }
}

/// ST004, once for a flow.
fn incomplete(facts: &Facts<'_>, report: &mut Report) {
    let mut missing: BTreeMap<String, Vec<(StepId, Place)>> = BTreeMap::new();
    for (id, step) in facts.chart.numbered() {
        match &step.class {
            Class::CallOther(name) if !facts.library.flows.contains(name) => {
                missing.entry(format!("`{name}`")).or_default().push((id, step.at));
            }
            Class::Opaque => missing.entry(format!("the action {}", step.keyword)).or_default().push((id, step.at)),
            _ => {}
        }
    }
    let names: Vec<String> = missing.keys().cloned().collect();
    let mut places: Vec<(StepId, Place)> = missing.into_values().flatten().collect();
    places.sort_unstable();
    let said = Said::new(
        Info,
        format!("What happens inside is not known here, and taken to come back: {}.", names.join(", ")),
        "Give the files of modules, bots and flows along, to have them analysed.",
    );
    report.several("ST004", facts.chart, &places, said);
}

/// ST005
fn size(facts: &Facts<'_>, report: &mut Report) {
    let deepest = facts.chart.numbered().map(|(id, _)| (depth(facts, id), id)).max();
    if let Some((depth, id)) = deepest.filter(|(depth, _)| *depth > facts.settings.depth_max) {
        let said = Said::new(
            Info,
            format!("This action lies {depth} outputs deep: nobody can follow how a caller gets here."),
            "Move the inner part into a reusable task.",
        );
        report.at("ST005", facts.chart, id, said);
    }
    if facts.chart.steps.len() > facts.settings.actions_max {
        let said = Said::new(
            Info,
            format!("{} actions; after 10,000 on one call the platform ends it.", facts.chart.steps.len()),
            "Split the flow, and transfer from one to the other.",
        );
        report.about("ST005", facts.chart.at, "", said);
    }
}

fn depth(facts: &Facts<'_>, id: StepId) -> usize {
    std::iter::successors(facts.chart.step(id).owner, |(owner, _)| facts.chart.step(*owner).owner).count()
}

/// RL001 and RL002, where the load is known.
fn load(facts: &Facts<'_>, report: &mut Report) {
    let Some(rate) = facts.settings.calls_per_minute.filter(|_| !facts.calls.is_empty()) else { return };
    let places: Vec<(StepId, Place)> = facts.calls.iter().map(|call| (call.id, facts.chart.step(call.id).at)).collect();
    let per_minute = rate * facts.calls.len() as f64;
    let on_platform = facts.calls.iter().filter(|call| {
        ask(facts, call.id)
            .and_then(|(_, ask)| facts.library.actions.get(&ask.action))
            .is_some_and(|known| known.integration_type == "purecloud-data-actions")
    });
    let on_platform = rate * on_platform.count() as f64;
    let too_many = if per_minute > PER_MINUTE_MAX {
        Some((per_minute, PER_MINUTE_MAX, "in an organisation"))
    } else {
        (on_platform > PLATFORM_PER_MINUTE_MAX).then_some((
            on_platform,
            PLATFORM_PER_MINUTE_MAX,
            "for one OAuth client on the platform's own API",
        ))
    };
    if let Some((load, limit, of)) = too_many {
        let said = Said::new(
            High,
            format!("{load:.0} Data Actions a minute at {rate} callers a minute; {limit:.0} is the limit {of}."),
            "Keep answers in a data table for a minute or more, or ask for everything in one Data Action.",
        );
        report.several("RL001", facts.chart, &places, said);
    }
    let at_a_time: f64 = facts.calls.iter().map(|call| rate / 60.0 * call.limit.time.as_secs_f64()).sum();
    if at_a_time > CONCURRENT_MAX {
        let said = Said::new(
            High,
            format!(
                "When the backend hangs {at_a_time:.0} Data Actions wait at a time; {CONCURRENT_MAX:.0} is the limit of the organisation."
            ),
            "Shorten the time limits: at 3 s, 50 slots carry 16 calls a second.",
        );
        report.several("RL002", facts.chart, &places, said);
    }
}

/// RL003: the same Data Action with the same inputs, later on the way of success.
fn repeated(facts: &Facts<'_>, report: &mut Report) {
    for (index, call) in facts.calls.iter().enumerate() {
        let Some((_, first)) = ask(facts, call.id) else { continue };
        let Some(start) = facts.target(call.id, "success") else { continue };
        let later = facts.reach_inside([start], |id| id == call.id);
        for other in &facts.calls[index + 1..] {
            let Some((_, second)) = ask(facts, other.id) else { continue };
            let same = |left: &crate::input::Input, right: &crate::input::Input| left.source == right.source;
            let is_same = first.action == second.action
                && first.category == second.category
                && first.inputs.len() == second.inputs.len()
                && first
                    .inputs
                    .iter()
                    .all(|(name, input)| second.inputs.iter().any(|(of, is)| of == name && same(input, is)));
            if !is_same || !later.contains(other.id) {
                continue;
            }
            let inputs: BTreeSet<String> = first
                .inputs
                .iter()
                .filter_map(|(_, input)| match &input.source {
                    crate::input::Source::Expression(expr) => Some(facts::variables(expr)),
                    _ => None,
                })
                .flatten()
                .collect();
            let changes =
                later.iter().any(|id| inputs.iter().any(|variable| facts::assigns(facts.chart.step(id), variable)));
            if !changes {
                let said = Said::new(
                    Medium,
                    format!(
                        "`{}` was asked the same at {} already.",
                        second.action,
                        facts.chart.place(Some(call.id), facts.chart.step(call.id).at)
                    ),
                    "Keep the first answer in a variable.",
                );
                report.at("RL003", facts.chart, other.id, said);
            }
        }
    }
}

/// RL004
fn known_by_function(facts: &Facts<'_>, report: &mut Report) {
    for call in &facts.calls {
        let Some((_, ask)) = ask(facts, call.id) else { continue };
        let squeezed: String = ask.action.to_ascii_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let url =
            facts.library.actions.get(&ask.action).map(|known| known.url.to_ascii_lowercase()).unwrap_or_default();
        if squeezed.contains("estimatedwaittime") || url.contains("estimatedwaittime") {
            let said = Said::new(
                Low,
                format!("`{}` asks for the estimated wait time, which a flow knows by itself.", ask.action),
                "Use FindQueueEstimatedWaitTime(…): no request, no limit, no outage.",
            );
            report.at("RL004", facts.chart, call.id, said);
        }
    }
}
