//! Transfers that fail, queues that are not there, and the flow's own error handling.

use crate::chart::{Class, Handling, StepId, Transfer, TransferTo};
use crate::expr::Expr;
use crate::input::Source;
use crate::lint::Severity::{High, Low, Medium};
use crate::lint::facts::{self, Facts};
use crate::lint::walk::{self, End, Ways};
use crate::lint::{Report, Said};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    if !facts.chart.kind.has_customer() {
        return;
    }
    for (id, step) in facts.chart.numbered() {
        match &step.class {
            Class::Transfer(transfer) if transfer.to == TransferTo::QueueFromMenu => from_menu(facts, id, report),
            Class::Transfer(transfer) => {
                if facts.chart.kind.has_caller() {
                    failure(facts, id, transfer, report);
                }
                computed(facts, id, transfer, report);
            }
            Class::Find if step.keyword.starts_with("findQueue") => not_found(facts, id, report),
            _ => {}
        }
    }
    error_handling(facts, report);
}

/// The place of a cut-off among the ends.
fn drop_place(facts: &Facts<'_>, ways: &Ways) -> Option<String> {
    ways.terminals
        .iter()
        .find(|end| matches!(end.end, End::Disconnect | End::Error))
        .map(|end| facts.chart.place(end.step, end.at))
}

/// TX001, TX002 and TX004.
fn failure(facts: &Facts<'_>, id: StepId, transfer: &Transfer, report: &mut Report) {
    let step = facts.chart.step(id);
    let ways = walk::after_output(facts.chart, id, "failure");
    let Some(place) = drop_place(facts, &ways) else { return };
    let to = transfer.to.phrase();
    if step.handles("failure") {
        let at = step.output("failure").map_or(step.at, |output| output.at);
        let said = Said::new(
            Medium,
            format!("When this transfer to {to} fails, the caller is cut off at {place}."),
            "Try another queue, offer voicemail or a callback.",
        );
        report.within("TX002", facts.chart, id, at, said);
        return;
    }
    let rule = if transfer.to == TransferTo::Queue { "TX001" } else { "TX004" };
    let said = Said::new(
        High,
        format!("When this transfer to {to} fails, the flow goes on and cuts the caller off at {place}."),
        "Give the failure output actions: another queue, voicemail or a callback.",
    );
    report.at(rule, facts.chart, id, said);
}

/// TX003
fn from_menu(facts: &Facts<'_>, id: StepId, report: &mut Report) {
    let said = Said::new(
        Medium,
        "A transfer in a menu has no output for failure: the menu is said again, and the caller goes round.",
        "Use a choice that runs a task, and transfer there, with a failure output.",
    );
    report.at("TX003", facts.chart, id, said);
}

/// TX005: the queue that is looked for is transferred to although nobody handles that it is not found.
fn not_found(facts: &Facts<'_>, id: StepId, report: &mut Report) {
    let step = facts.chart.step(id);
    if step.handles("notFound") {
        return;
    }
    for variable in &step.writes {
        let users: Vec<StepId> = facts
            .chart
            .numbered()
            .filter(|(_, step)| match &step.class {
                Class::Transfer(Transfer { target, .. }) => match &target.source {
                    Source::Expression(expr) => facts::mentions(expr, variable),
                    _ => false,
                },
                _ => false,
            })
            .map(|(id, _)| id)
            .collect();
        let is_guarded = facts.is_declared_with_value(variable)
            || facts.chart.steps.iter().any(|step| {
                matches!(step.class, Class::Branch(_))
                    && step.expressions.iter().any(|(_, expr)| facts::guards(expr, variable))
            });
        let Some(&user) = users.first() else { continue };
        let severity = if is_guarded { Low } else { High };
        let checked = if is_guarded { "; a later check catches it" } else { ": an error of the flow" };
        let said = Said::new(
            severity,
            format!(
                "When the queue is not found, {variable} holds nothing at {}{checked}.",
                facts.chart.place(Some(user), facts.chart.step(user).at)
            ),
            "Assign a queue that always exists on the notFound output.",
        );
        report.at("TX005", facts.chart, id, said);
    }
}

/// TX006
fn computed(facts: &Facts<'_>, id: StepId, transfer: &Transfer, report: &mut Report) {
    let Source::Expression(expr) = &transfer.target.source else { return };
    let mut is_unknown = false;
    facts::visit(expr, &mut |expr| {
        if let Expr::Call(name, arguments) = expr
            && name.to_ascii_lowercase().starts_with("findqueue")
        {
            is_unknown |= arguments.iter().any(|argument| !matches!(argument, Expr::Literal(_)));
        }
    });
    if is_unknown {
        let said = Said::new(
            Medium,
            "The queue's name is computed, and whether there is such a queue is not checked.",
            "Find the queue first, check that it was found, and have another one for when it was not.",
        );
        report.within("TX006", facts.chart, id, transfer.target.at, said);
    }
}

/// EH001 and EH002.
fn error_handling(facts: &Facts<'_>, report: &mut Report) {
    let chart = facts.chart;
    let how = match &chart.on_error.handling {
        Handling::Default => "nothing is said about errors, so the platform",
        Handling::End(word) if word == "disconnect" => "an error of the flow",
        _ => return,
    };
    let can_fail = !facts.calls.is_empty()
        || chart.steps.iter().any(|step| {
            matches!(step.class, Class::Lookup { .. }) || step.expressions.iter().any(|(_, expr)| can_fail(expr))
        });
    let severity = if can_fail { High } else { Low };
    let said = Said::new(
        severity,
        format!("When an expression or an action fails, {how} cuts the caller off."),
        "Set the flow's error handling to a queue.",
    );
    report.about("EH001", chart.on_error.at, "error handling", said);

    // What an export holds when nobody wrote anything; the finding above speaks of it.
    const DEFAULT: &str = "an error occurred. please try your call again.";
    let text = facts::spoken(&chart.on_error.audio).to_ascii_lowercase();
    if text.trim().ends_with(DEFAULT) {
        return;
    }
    let sends_away =
        ["call again", "call back", "try your call", "try again", "hang up"].iter().any(|words| text.contains(words));
    if sends_away {
        let said = Said::new(
            Low,
            "The error prompt tells the caller to call again, and cuts them off.",
            "Say that somebody will help, and transfer to a queue.",
        );
        report.about("EH002", chart.on_error.audio.at, "error handling", said);
    }
}

/// True when the expression can be an error of the flow: it computes, or takes something apart.
fn can_fail(expr: &Expr) -> bool {
    facts::variables(expr).iter().any(|variable| facts::breaks_on(expr, variable))
}

impl TransferTo {
    /// With its article.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Queue | Self::QueueFromMenu => "a queue",
            Self::Person => "a person",
            Self::Number => "a number",
            Self::Flow => "a flow",
            Self::SecureFlow => "a secure flow",
            Self::Voicemail => "voicemail",
        }
    }
}
