//! Expressions that fail, and literals that should not be there.

use std::collections::BTreeSet;

use crate::chart::{Class, StepId};
use crate::expr::{Binary, Expr};
use crate::lint::Severity::{High, Medium};
use crate::lint::calls::read_unset;
use crate::lint::endpoints;
use crate::lint::facts::{self, Facts};
use crate::lint::{Report, Said};
use crate::problem::Place;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for (id, step) in facts.chart.numbered() {
        variable_as_text(facts, id, report);
        identifiers(facts, id, report);
        leftovers(facts, id, report);
        for (at, expr) in &step.expressions {
            division(facts, id, *at, expr, report);
        }
    }
    unset(facts, report);
}

/// EX001
fn variable_as_text(facts: &Facts<'_>, id: StepId, report: &mut Report) {
    let step = facts.chart.step(id);
    // The name of participant data may look like anything.
    let names: BTreeSet<Place> = match &step.class {
        Class::Attributes(pairs) => pairs.iter().map(|(name, _)| name.at).collect(),
        _ => BTreeSet::new(),
    };
    for (at, text) in &step.literals {
        if is_variable(text) && !names.contains(at) {
            let said = Said::new(
                High,
                format!("\"{text}\" is a literal: the text itself is used, not what the variable holds."),
                format!("Write it as an expression: exp: {text}"),
            );
            report.within("EX001", facts.chart, id, *at, said);
        }
    }
}

fn is_variable(text: &str) -> bool {
    const SCOPES: [&str; 6] = ["Flow", "Task", "State", "Call", "Common", "Message"];
    text.split_once('.').is_some_and(|(scope, name)| {
        SCOPES.contains(&scope)
            && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    })
}

/// EX002: what a failed call or lookup would have set is computed with.
fn unset(facts: &Facts<'_>, report: &mut Report) {
    let mut told: BTreeSet<(StepId, String)> = BTreeSet::new();
    for (id, step) in facts.chart.numbered() {
        let (set, outputs, what): (Vec<&String>, &[&str], String) = match &step.class {
            Class::Ask(ask) => {
                let set = ask.success_outputs.iter().map(|(_, variable)| variable).collect();
                (set, &["failure", "timeout"], format!("`{}` fails", ask.action))
            }
            Class::Lookup { table, .. } => (
                step.writes.iter().collect(),
                &["notFound", "failure"],
                format!("the lookup in `{table}` finds nothing"),
            ),
            _ => continue,
        };
        for variable in set {
            for output in outputs {
                let Some((reader, at)) = read_unset(facts, id, output, variable) else { continue };
                let breaks =
                    facts.chart.step(reader).expressions.iter().find(|(_, expr)| facts::breaks_on(expr, variable));
                let Some((at, _)) =
                    breaks.map(|(at, expr)| (*at, expr)).or(None).map(|(place, expr)| (place.max(at), expr))
                else {
                    continue;
                };
                if !told.insert((reader, variable.to_ascii_lowercase())) {
                    continue;
                }
                let said = Said::new(
                    High,
                    format!("When {what}, {variable} holds nothing, and this expression is an error of the flow."),
                    format!("Give {variable} an initial value, or assign a default on the outputs that fail."),
                );
                report.within("EX002", facts.chart, reader, at, said);
            }
        }
    }
}

/// EX003
fn division(facts: &Facts<'_>, id: StepId, at: Place, expr: &Expr, report: &mut Report) {
    let mut divisors: BTreeSet<String> = BTreeSet::new();
    facts::visit(expr, &mut |expr| {
        if let Expr::Binary(Binary::Divide | Binary::Remainder, _, right) = expr
            && !matches!(**right, Expr::Literal(_))
        {
            divisors.extend(facts::variables(right));
        }
    });
    let compares = |expr: &Expr, variable: &str| {
        let mut found = facts::guards(expr, variable);
        facts::visit(expr, &mut |expr| {
            if let Expr::Binary(operator, left, right) = expr {
                let compares = matches!(
                    operator,
                    Binary::NotEqual
                        | Binary::Equal
                        | Binary::Greater
                        | Binary::GreaterOrEqual
                        | Binary::Less
                        | Binary::LessOrEqual
                );
                found |= compares && (facts::mentions(left, variable) || facts::mentions(right, variable));
            }
        });
        found
    };
    divisors.retain(|variable| {
        !facts.chart.steps.iter().any(|step| {
            matches!(step.class, Class::Branch(_)) && step.expressions.iter().any(|(_, expr)| compares(expr, variable))
        }) && !compares(expr, variable)
    });
    if let Some(variable) = divisors.first() {
        let said = Said::new(
            Medium,
            format!("This divides by {variable}, which may be zero or hold nothing: an error of the flow."),
            format!("Ask first: If({variable} > 0, …, 0)."),
        );
        report.within("EX003", facts.chart, id, at, said);
    }
}

/// EP002
fn identifiers(facts: &Facts<'_>, id: StepId, report: &mut Report) {
    let step = facts.chart.step(id);
    let texts = step.literals.iter().map(|(at, text)| (*at, text.clone()));
    let inside = step.expressions.iter().flat_map(|(at, expr)| strings(expr).into_iter().map(|text| (*at, text)));
    if let Some((at, found)) =
        texts.chain(inside).find_map(|(at, text)| Some((at, endpoints::identifier(&text)?.to_owned())))
    {
        let said = Said::new(
            Medium,
            format!(
                "The identifier {found} is written out: in another organisation or after a recovery it names nothing."
            ),
            "Find it by name, read it from a data table, or fill it in when the flow is deployed.",
        );
        report.within("EP002", facts.chart, id, at, said);
    }
}

/// EP004
fn leftovers(facts: &Facts<'_>, id: StepId, report: &mut Report) {
    let step = facts.chart.step(id);
    let texts = step.literals.iter().map(|(at, text)| (*at, text.clone()));
    let inside = step.expressions.iter().flat_map(|(at, expr)| strings(expr).into_iter().map(|text| (*at, text)));
    if let Some((at, found)) = texts.chain(inside).find_map(|(at, text)| Some((at, endpoints::leftover(&text)?))) {
        let said = Said::new(
            Medium,
            format!("{found} is a leftover of a demonstration: callers and data go where nobody is."),
            "Replace it by what production uses, filled in when the flow is deployed.",
        );
        report.within("EP004", facts.chart, id, at, said);
    }
}

/// Every text in an expression.
fn strings(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    facts::visit(expr, &mut |expr| {
        if let Expr::Literal(crate::expr::Literal::String(text)) = expr {
            found.push(text.clone());
        }
    });
    found
}
