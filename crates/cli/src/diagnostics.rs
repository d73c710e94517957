//! Errors as people want them: what is wrong, where, why, and what to do next.

use api::Exit;
use config::Invalid;
use miette::{Diagnostic, LabeledSpan, NamedSource, Report, Severity, SourceCode};

use crate::failure::Failure;
use crate::output;

/// A configuration that cannot be used, shown with excerpts.
#[derive(Debug, thiserror::Error)]
#[error("{file} cannot be used: {count} {noun}")]
struct InvalidConfig {
    file: String,
    count: usize,
    noun: &'static str,
    problems: Vec<OneProblem>,
}

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct OneProblem {
    message: String,
    hint: String,
    source_text: Option<NamedSource<String>>,
    span: std::ops::Range<usize>,
}

impl Diagnostic for InvalidConfig {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

impl Diagnostic for OneProblem {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.hint))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_text.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source_text.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::underline(self.span.clone()))))
    }
}

/// A report of everything that is wrong with a configuration.
pub(crate) fn invalid(invalid: Invalid) -> Report {
    let Invalid { file, source_text, problems } = invalid;
    let count = problems.len();
    let problems = problems
        .into_iter()
        .map(|problem| OneProblem {
            message: problem.message,
            hint: problem.hint,
            source_text: (problem.line > 0).then(|| NamedSource::new(&file, source_text.clone()).with_language("yaml")),
            span: problem.span,
        })
        .collect();
    Report::new(InvalidConfig { file, count, noun: if count == 1 { "problem" } else { "problems" }, problems })
}

/// The exit code of a report.
pub(crate) fn exit(report: &Report) -> Exit {
    report.downcast_ref::<Failure>().map_or(Exit::Usage, Failure::exit)
}

/// Shows a report on stderr, and says with which code to end: a failure brings its own; anything else comes
/// from a wrong call or a wrong configuration.
pub(crate) fn show(report: &Report) -> Exit {
    output::aside(format_args!("{report:?}"));
    report.downcast_ref::<Failure>().map_or(Exit::Usage, Failure::exit)
}
