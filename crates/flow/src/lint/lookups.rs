//! Data tables: what happens when an entry is missing, the table is not there, or the key is nothing.

use crate::chart::{Class, Heard, Statement, StepId};
use crate::input::{Input, Source};
use crate::lint::Severity::{Critical, High, Medium};
use crate::lint::facts::{self, Facts};
use crate::lint::walk::{self, End};
use crate::lint::{Report, Said};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for (id, step) in facts.chart.numbered() {
        let Class::Lookup { table, key, .. } = &step.class else { continue };
        missing(facts, id, table, report);
        if facts.chart.kind.has_customer() {
            drops(facts, id, table, report);
        }
        unset_key(facts, id, key, report);
    }
}

const PATHS: [&str; 2] = ["notFound", "failure"];

/// DT001
fn missing(facts: &Facts<'_>, id: StepId, table: &str, report: &mut Report) {
    let step = facts.chart.step(id);
    let missing: Vec<&str> = PATHS.into_iter().filter(|path| !step.handles(path)).collect();
    if missing.is_empty() {
        return;
    }
    let is_drop = |end: End| matches!(end, End::Disconnect | End::Error | End::Loop);
    let ends_badly = facts.chart.kind.has_customer()
        && missing
            .iter()
            .any(|path| walk::after_output(facts.chart, id, path).terminals.iter().any(|end| is_drop(end.end)));
    let severity = if ends_badly { High } else { Medium };
    let said = Said::new(
        severity,
        format!(
            "The lookup in `{table}` has no path for {}: the flow goes on with variables that hold nothing.",
            missing.join(" and ")
        ),
        "Assign defaults on these outputs, or lead them to a queue.",
    );
    report.at("DT001", facts.chart, id, said);
}

/// DT002
fn drops(facts: &Facts<'_>, id: StepId, table: &str, report: &mut Report) {
    for path in PATHS {
        let ways = walk::after_output(facts.chart, id, path);
        let silent = ways
            .terminals
            .iter()
            .find(|end| matches!(end.end, End::Disconnect | End::Error) && end.heard == Heard::Nothing);
        let Some(end) = silent else { continue };
        let step = facts.chart.step(id);
        let at = step.output(path).map_or(step.at, |output| output.at);
        let why = if path == "failure" { "cannot be read" } else { "has no entry" };
        let said = Said::new(
            Critical,
            format!(
                "When `{table}` {why}, the caller is cut off at {} without a word.",
                facts.chart.place(end.step, end.at)
            ),
            "Lead this output to a default queue: a mistake in a table must not drop calls.",
        );
        report.within("DT002", facts.chart, id, at, said);
    }
}

/// DT003: an unset key is no failure of the lookup but an error of the flow.
fn unset_key(facts: &Facts<'_>, id: StepId, key: &Input, report: &mut Report) {
    let Source::Expression(expr) = &key.source else {
        if matches!(key.source, Source::NotSet) {
            let said = Said::new(High, "This lookup has no key: an error of the flow.", "Set what is looked up.");
            report.within("DT003", facts.chart, id, key.at, said);
        }
        return;
    };
    for variable in facts::variables(expr) {
        let is_own = ["flow.", "task.", "state.", "common.", "slot."]
            .iter()
            .any(|scope| variable.to_ascii_lowercase().starts_with(scope));
        if !is_own || facts.is_declared_with_value(&variable) {
            continue;
        }
        let is_certain = |step: &crate::chart::Step| match &step.class {
            Class::Assign(statements) => statements.iter().any(|Statement { variable: name, value: input, .. }| {
                name.eq_ignore_ascii_case(&variable)
                    && match &input.source {
                        Source::Literal(_) => true,
                        // What is computed from what may be unset may be unset as well; from a call's own data it is not.
                        Source::Expression(expr) => {
                            facts::variables(expr).iter().all(|from| from.to_ascii_lowercase().starts_with("call."))
                        }
                        Source::NotSet => false,
                    }
            }),
            _ => false,
        };
        let is_guard =
            |step: &crate::chart::Step| step.expressions.iter().any(|(_, expr)| facts::guards(expr, &variable));
        let is_settled = facts.chart.numbered().any(|(at, step)| {
            at != id
                && (is_certain(step)
                    || matches!(step.class, Class::Branch(_)) && is_guard(step)
                    || is_found(facts, at, id, &variable))
                && facts.reach(facts.follows(at).iter().copied(), |_| false).contains(id)
        });
        if !is_settled {
            let said = Said::new(
                High,
                format!("{variable} may hold nothing here: the lookup is then an error of the flow, not a failure."),
                format!("Ask first: IsNotSetOrEmpty({variable}), with a way to a default queue."),
            );
            report.within("DT003", facts.chart, id, key.at, said);
            return;
        }
    }
}

/// True when the lookup only runs inside an output that proves that the variable was found or typed.
fn is_found(facts: &Facts<'_>, at: StepId, id: StepId, variable: &str) -> bool {
    let step = facts.chart.step(at);
    facts::assigns(step, variable) && ["found", "success", "loop"].iter().any(|output| facts.is_inside(id, at, output))
}
