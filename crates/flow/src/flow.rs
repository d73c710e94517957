//! A flow that can be run: read and checked, every reference in it leads somewhere.

use std::sync::Arc;

use crate::chart::{Chart, Class, FlowKind, Handling, Reference, Start};
use crate::problem::{Findings, Place, Problem, ProblemKind, Problems};

/// An inbound call flow without a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// What it consists of.
    pub chart: Arc<Chart>,
}

impl Flow {
    /// Reads Archy YAML or an export of Architect.
    ///
    /// # Errors
    /// Everything that is wrong with the text, each with its place and what to do.
    ///
    /// ```
    /// let yaml = "
    /// inboundCall:
    ///   name: Front door
    ///   startUpRef: ./tasks/task[main]
    ///   tasks:
    ///     - task:
    ///         name: Main
    ///         refId: main
    ///         actions:
    ///           - transferToAcd:
    ///               targetQueue: { lit: { name: Support } }
    /// ";
    /// assert_eq!(flow::Flow::parse(yaml).unwrap().name, "Front door");
    /// let problems = flow::Flow::parse("inboundCall: {}").unwrap_err();
    /// assert_eq!(problems.iter().count(), 2); // neither a name nor a place to begin
    /// ```
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let chart = Chart::read_plain(text)?;
        let FlowKind::Call(crate::chart::CallKind::Inbound) = chart.kind else {
            return Err(Problem {
                at: chart.at,
                kind: ProblemKind::FlowType,
                message: format!("find `inboundCall` at the top of the file: found `{}`", chart.kind.key()),
                hint: "Only inbound call flows take callers.".to_owned(),
            }
            .into());
        };
        let mut findings = Findings::default();
        for problem in &chart.problems {
            findings.note(problem.at, problem.kind, problem.message.clone(), problem.hint.clone());
        }
        if chart.name.is_empty() {
            missing(&mut findings, chart.body_at, "name");
        }
        if chart.start == Start::Nowhere {
            match &chart.start_reference {
                Some(reference) => dangling(&mut findings, &chart, reference),
                None => missing(&mut findings, chart.body_at, "startUpRef"),
            }
        }
        if let Handling::Jump(reference) = &chart.on_error.handling {
            dangling(&mut findings, &chart, reference);
        }
        for step in &chart.steps {
            if let Class::Jump(reference) | Class::CallTask(reference, _) = &step.class {
                dangling(&mut findings, &chart, reference);
            }
        }
        findings.finish(Some(Self { name: chart.name.clone(), chart: Arc::new(chart) }))
    }
}

fn missing(findings: &mut Findings, at: Place, key: &str) {
    let message = format!("find `{key}` of the flow");
    findings.note(at, ProblemKind::Missing, message, format!("Add `{key}:` here."));
}

fn dangling(findings: &mut Findings, chart: &Chart, reference: &Reference) {
    if reference.target.is_some() {
        return;
    }
    let known: Vec<&str> = chart.sequences.iter().map(|sequence| sequence.ref_id.as_str()).collect();
    let hint = format!("Write ./tasks/task[REFID] or ./menus/menu[REFID]; known are: {}.", known.join(", "));
    findings.note(reference.at, ProblemKind::Reference, format!("find `{}`", reference.text), hint);
}
