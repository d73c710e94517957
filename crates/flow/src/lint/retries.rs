//! Retries: how often, how soon, and whether they end.
//!
//! A retry is a way from a failure back to the same Data Action. A loop over a collection asks for something else each
//! time, and a poll loop waits for an answer to change; neither is a retry.

use std::collections::BTreeSet;

use crate::chart::{Class, Reference, Statement, StepId, StepSet};
use crate::expr::{Binary, Expr};
use crate::input::{Input, Source};
use crate::lint::Severity::{Critical, High, Low, Medium};
use crate::lint::calls::{ask, shown};
use crate::lint::facts::{self, Call, Facts};
use crate::lint::{Report, Said};
use crate::value::{Sound, Value};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for call in &facts.calls {
        let Some(cycle) = Cycle::of(facts, call) else { continue };
        if cycle.is_iteration(facts, call) {
            continue;
        }
        if cycle.is_poll(facts, call) {
            poll(facts, call, &cycle, report);
        } else {
            retry(facts, call, &cycle, report);
        }
    }
    endless(facts, report);
}

/// Everything that can run between a failure of a Data Action and its next attempt.
struct Cycle {
    steps: StepSet,
    bound: Bound,
}

/// How often a cycle goes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// This often at most.
    Times(i64),
    /// Something counts, but up to a number that only a run knows.
    Counted,
    /// A loop whose number of rounds only a run knows.
    Computed,
    /// Nothing counts.
    None,
}

impl Cycle {
    /// The cycle from either failure of a Data Action back to it.
    fn of(facts: &Facts<'_>, call: &Call) -> Option<Self> {
        let mut steps = StepSet::default();
        for fault in facts::FAULTS {
            let Some(start) = facts.target(call.id, fault.output()) else { continue };
            let ahead = facts.reach_inside([start], |id| id == call.id);
            if ahead.contains(call.id) {
                let is_between =
                    |&id: &StepId| id == call.id || facts.reach_inside([id], |at| at == call.id).contains(call.id);
                steps.extend(ahead.iter().filter(is_between));
            }
        }
        if steps.is_empty() {
            return None;
        }
        let bound = bound(facts, call.id, &steps);
        Some(Self { steps, bound })
    }

    /// True when each round asks for something else: inputs that change with the round, or a count of items.
    fn is_iteration(&self, facts: &Facts<'_>, call: &Call) -> bool {
        let Some((_, ask)) = ask(facts, call.id) else { return false };
        let inputs: BTreeSet<String> = ask.inputs.iter().flat_map(|(_, input)| variables_of(input)).collect();
        let assigned = |variable: &String| {
            self.steps.iter().any(|id| id != call.id && facts::assigns(facts.chart.step(id), variable))
        };
        let counts_items = self.steps.iter().any(|id| match &facts.chart.step(id).class {
            Class::Loop { count: Input { source: Source::Expression(expr), .. }, .. } => {
                let mut found = false;
                facts::visit(expr, &mut |expr| {
                    found |= matches!(expr, Expr::Call(name, _) if name.eq_ignore_ascii_case("count"));
                });
                found
            }
            _ => false,
        });
        counts_items || inputs.iter().any(assigned)
    }

    /// True when it waits and asks again although it got an answer.
    fn is_poll(&self, facts: &Facts<'_>, call: &Call) -> bool {
        let waits = self.steps.iter().any(|id| matches!(facts.chart.step(id).class, Class::Wait(_)));
        let success = facts.target(call.id, "success");
        waits && success.is_some_and(|start| facts.reach_inside([start], |id| id == call.id).contains(call.id))
    }

    /// Pauses on the cycle: what is played or waited for.
    fn pauses<'f>(&self, facts: &'f Facts<'_>) -> Vec<&'f Input> {
        self.steps
            .iter()
            .filter_map(|id| match &facts.chart.step(id).class {
                Class::Wait(time) => Some(time),
                Class::Say(audio) => Some(audio),
                Class::Collect { says, .. } => Some(says),
                _ => None,
            })
            .collect()
    }

    /// True when somebody types something on every way round.
    fn asks_caller(&self, facts: &Facts<'_>, call: &Call) -> bool {
        let is_entry = |id: StepId| matches!(facts.chart.step(id).class, Class::Collect { .. });
        let starts = facts::FAULTS.iter().filter_map(|fault| facts.target(call.id, fault.output()));
        !facts.reach_inside(starts, |id| id == call.id || is_entry(id)).contains(call.id)
    }
}

fn retry(facts: &Facts<'_>, call: &Call, cycle: &Cycle, report: &mut Report) {
    let Some((_, ask)) = ask(facts, call.id) else { return };
    let name = &ask.action;
    let most = facts.settings.attempts_max;
    if cycle.asks_caller(facts, call) {
        if !matches!(cycle.bound, Bound::Times(times) if times <= 3) {
            let said = Said::new(
                High,
                format!(
                    "When `{name}` fails the caller is asked again, {}: nobody gets out to a person.",
                    cycle.bound.words()
                ),
                "Send the caller to a queue after the second failure.",
            );
            report.at("RT008", facts.chart, call.id, said);
        }
        return;
    }
    match cycle.bound {
        Bound::None | Bound::Computed => {
            let said = Said::new(
                Critical,
                format!(
                    "`{name}` is tried again for ever when it fails: {}.",
                    match cycle.bound {
                        Bound::Computed => "the number of rounds is only known to a run",
                        _ => "nothing counts, and the platform ends the call in silence after 10,000 actions",
                    }
                ),
                "Count the attempts in a variable, and transfer to a queue when there were two.",
            );
            report.at("RT003", facts.chart, call.id, said);
        }
        Bound::Times(times) if times > most => {
            let said = Said::new(
                High,
                format!("`{name}` is tried {times} times; {most} attempts are the limit."),
                "Try once more at most: the caller waits, and a backend in trouble gets more load.",
            );
            report.at("RT001", facts.chart, call.id, said);
        }
        Bound::Times(_) | Bound::Counted => {}
    }
    pauses(facts, call, cycle, report);
    let known = facts.library.actions.get(name);
    if let Some(known) = known.filter(|known| known.creates() && !known.has_idempotency_key()) {
        let said = Said::new(
            Medium,
            format!(
                "`{name}` is a {} without an idempotency key and is tried again: after a timeout it may be done twice.",
                known.method
            ),
            "Send a key that stays the same for all attempts of one call, or retry only after a failure that proves nothing was done.",
        );
        report.at("RT005", facts.chart, call.id, said);
    }
    let tells_status = ask.failure_outputs.iter().any(|(output, variable)| {
        let matters = ["status", "errorCode", "errorMessage", "details"].iter().any(|name| output.starts_with(name));
        matters
            && facts.chart.steps.iter().any(|step| {
                matches!(step.class, Class::Branch(_))
                    && step.expressions.iter().any(|(_, expr)| facts::mentions(expr, variable))
            })
    });
    if !tells_status {
        let said = Said::new(
            Medium,
            format!("`{name}` is tried again whatever the failure: 429 asks for a pause, 400 for none at all."),
            "Map failureOutputs.status to a variable, and branch on it: pause on 429 and 503, give up on other 4xx.",
        );
        report.at("AC007", facts.chart, call.id, said);
    }
}

/// RT002 and RT004.
fn pauses(facts: &Facts<'_>, call: &Call, cycle: &Cycle, report: &mut Report) {
    let is_pause =
        |id: StepId| matches!(facts.chart.step(id).class, Class::Wait(_) | Class::Say(_) | Class::Collect { .. });
    let is_immediate = facts::FAULTS.iter().any(|fault| {
        facts
            .target(call.id, fault.output())
            .is_some_and(|start| facts.reach_inside([start], |id| id == call.id || is_pause(id)).contains(call.id))
    });
    let name = ask(facts, call.id).map(|(_, ask)| ask.action.as_str()).unwrap_or_default();
    if is_immediate {
        let said = Said::new(
            High,
            format!(
                "`{name}` is tried again at once: every caller does, and a backend that comes back is knocked over."
            ),
            "Pause before the next attempt: say a sentence, or play ToAudioBlank(1000); in a workflow, wait.",
        );
        report.at("RT002", facts.chart, call.id, said);
        return;
    }
    let grows = cycle.pauses(facts).iter().any(|pause| match &pause.source {
        Source::Expression(expr) => !facts::variables(expr).is_empty(),
        _ => false,
    });
    let is_often = !matches!(cycle.bound, Bound::Times(times) if times <= 2);
    if is_often && !grows {
        let said = Said::new(
            Medium,
            format!("The pause before each attempt of `{name}` is always the same."),
            "Double it each time, with a variable: ToAudioBlank(Task.pause), then Task.pause = Task.pause * 2.",
        );
        report.at("RT004", facts.chart, call.id, said);
    }
}

/// RT006
fn poll(facts: &Facts<'_>, call: &Call, cycle: &Cycle, report: &mut Report) {
    let wait: f64 = cycle.pauses(facts).iter().filter_map(|pause| seconds(pause)).sum();
    let name = ask(facts, call.id).map(|(_, ask)| ask.action.as_str()).unwrap_or_default();
    let how_long = match cycle.bound {
        Bound::Times(times) => {
            let round = wait + call.limit.time.as_secs_f64();
            let total = std::time::Duration::from_secs_f64((round * times as f64).clamp(0.0, 1e9));
            if total <= facts.settings.poll_limit {
                return;
            }
            format!("for up to {} ({times} rounds)", shown(total))
        }
        Bound::Counted | Bound::Computed => "as often as only a run knows".to_owned(),
        Bound::None => "without an end".to_owned(),
    };
    let said = Said::new(
        Low,
        format!("`{name}` is asked again {how_long}."),
        "Give the loop a number of rounds, and an end for when they are over.",
    );
    report.at("RT006", facts.chart, call.id, said);
}

/// RT007: a cycle of jumps or called tasks without an entry, a pause or a counter.
fn endless(facts: &Facts<'_>, report: &mut Report) {
    let is_entry = |id: StepId| {
        matches!(facts.chart.step(id).class, Class::Collect { .. } | Class::Wait(_))
            || facts.chart.step(id).keyword == "holdMusic"
    };
    let mut told = StepSet::default();
    for (id, step) in facts.chart.numbered() {
        let (Class::Jump(Reference { target: Some(_), .. }) | Class::CallTask(Reference { target: Some(_), .. }, _)) =
            &step.class
        else {
            continue;
        };
        let stop = |at: StepId| is_entry(at);
        let back = facts.reach_inside(facts.follows(id).iter().copied().take(1), stop);
        if !back.contains(id) || told.contains(id) {
            continue;
        }
        let steps: StepSet = back.iter().filter(|&at| facts.reach_inside([at], stop).contains(id)).collect();
        told.extend(steps.iter());
        // What goes round because a Data Action failed is a retry, and was judged as one.
        let is_retry = steps.iter().any(|at| facts.is_asking(at));
        if is_retry || bound(facts, id, &steps) != Bound::None {
            continue;
        }
        let said = Said::new(
            High,
            "The flow can come back here for ever without the caller doing anything: the platform ends it in silence after 10,000 actions.",
            "Count the rounds, and leave for a queue when there were too many.",
        );
        report.at("RT007", facts.chart, id, said);
    }
}

/// How often the steps of a cycle can go round.
fn bound(facts: &Facts<'_>, from: StepId, steps: &StepSet) -> Bound {
    let mut best = Bound::None;
    for id in steps.iter() {
        let found = match &facts.chart.step(id).class {
            Class::Loop { count, .. } => match facts::whole(count) {
                Some(times) => Bound::Times(times),
                None => Bound::Computed,
            },
            Class::Branch(asked) => counter(facts, from, id, asked, steps),
            _ => Bound::None,
        };
        best = match (best, found) {
            (Bound::Times(a), Bound::Times(b)) => Bound::Times(a.min(b)),
            (Bound::Times(times), _) | (_, Bound::Times(times)) => Bound::Times(times),
            (Bound::Counted, _) | (_, Bound::Counted) => Bound::Counted,
            (Bound::Computed, _) | (_, Bound::Computed) => Bound::Computed,
            _ => Bound::None,
        };
    }
    best
}

/// A decision that leaves the cycle by a variable which the cycle counts.
fn counter(facts: &Facts<'_>, from: StepId, id: StepId, asked: &Input, steps: &StepSet) -> Bound {
    let step = facts.chart.step(id);
    let leaves = ["yes", "no"].iter().any(|output| facts.target(id, output).is_none_or(|to| !steps.contains(to)));
    let Source::Expression(expr) = &asked.source else { return Bound::None };
    if !leaves || step.outputs.is_empty() {
        return Bound::None;
    }
    let counted = facts::variables(expr).into_iter().find_map(|variable| {
        let counting = steps.iter().find(|&at| match &facts.chart.step(at).class {
            Class::Assign(statements) => statements.iter().any(|Statement { variable: name, value: input, .. }| {
                name.eq_ignore_ascii_case(&variable)
                    && matches!(&input.source, Source::Expression(expr) if facts::mentions(expr, &variable))
            }),
            _ => false,
        })?;
        Some((variable, counting))
    });
    let Some((variable, counting)) = counted else { return Bound::None };
    let Some(limit) = limit(expr, &variable) else { return Bound::Counted };
    // Asked before it is counted, there is one attempt more.
    let starts = facts::FAULTS.iter().filter_map(|fault| facts.target(from, fault.output()));
    let is_asked_first = facts.reach_inside(starts, |at| at == from || at == counting).contains(id);
    Bound::Times(if is_asked_first { limit + 1 } else { limit })
}

/// The number that `variable` is compared with: rounds that the comparison lets pass, from zero.
fn limit(expr: &Expr, variable: &str) -> Option<i64> {
    let mut found = None;
    facts::visit(expr, &mut |expr| {
        let Expr::Binary(operator, left, right) = expr else { return };
        let (operator, number) = match (&**left, &**right) {
            (side, Expr::Literal(crate::expr::Literal::Integer(number))) if facts::mentions(side, variable) => {
                (*operator, *number)
            }
            (Expr::Literal(crate::expr::Literal::Integer(number)), side) if facts::mentions(side, variable) => {
                (mirrored(*operator), *number)
            }
            _ => return,
        };
        found = match operator {
            Binary::Less | Binary::GreaterOrEqual | Binary::Equal | Binary::NotEqual => Some(number),
            Binary::LessOrEqual | Binary::Greater => Some(number + 1),
            _ => None,
        }
        .or(found);
    });
    found
}

fn mirrored(operator: Binary) -> Binary {
    match operator {
        Binary::Less => Binary::Greater,
        Binary::Greater => Binary::Less,
        Binary::LessOrEqual => Binary::GreaterOrEqual,
        Binary::GreaterOrEqual => Binary::LessOrEqual,
        other => other,
    }
}

fn variables_of(input: &Input) -> BTreeSet<String> {
    match &input.source {
        Source::Expression(expr) => facts::variables(expr),
        _ => BTreeSet::new(),
    }
}

/// How long a pause takes, where it is written out.
fn seconds(pause: &Input) -> Option<f64> {
    match &pause.source {
        Source::Literal(Value::Duration(time)) => Some(time.as_secs_f64()),
        Source::Literal(Value::Audio(audio)) => audio
            .0
            .iter()
            .map(|sound| match sound {
                Sound::Blank(time) => Some(time.as_secs_f64()),
                _ => None,
            })
            .sum(),
        _ => None,
    }
}

impl Bound {
    fn words(self) -> String {
        match self {
            Self::Times(times) => format!("up to {times} times"),
            Self::Counted | Self::Computed => "as often as only a run knows".to_owned(),
            Self::None => "for ever".to_owned(),
        }
    }
}
