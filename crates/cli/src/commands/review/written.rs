//! Reports of a review, each in its form and file.

use std::path::PathBuf;
use std::str::FromStr;

use api::Exit;
use engine::review::Evidence;
use jiff::Timestamp;
use miette::{IntoDiagnostic as _, Report as Trouble};
use report::review::{Head, github, html, json, junit, markdown, sarif, text};
use review::{Review, Verdict};

use crate::failure::Failure;
use crate::output;
use crate::settings::{Format, Global, is_stdin};

/// A report to write.
#[derive(Clone, Debug)]
pub(super) struct Report {
    kind: Kind,
    file: PathBuf,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Json,
    Junit,
    Sarif,
    Markdown,
    Html,
    Github,
    Evidence,
}

const KINDS: [(&str, Kind); 8] = [
    ("text", Kind::Text),
    ("json", Kind::Json),
    ("junit", Kind::Junit),
    ("sarif", Kind::Sarif),
    ("markdown", Kind::Markdown),
    ("html", Kind::Html),
    ("github", Kind::Github),
    ("evidence", Kind::Evidence),
];

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = KINDS.map(|(name, _)| name).join(", ");
        let (kind, file) = text.split_once('=').ok_or_else(|| format!("write it as KIND=FILE; kinds are {known}"))?;
        let found = KINDS.iter().find(|(name, _)| *name == kind);
        let (_, kind) = *found.ok_or_else(|| format!("`{kind}` is no kind of report; kinds are {known}"))?;
        if file.is_empty() {
            return Err("the file is missing: write it as KIND=FILE".to_owned());
        }
        Ok(Self { kind, file: file.into() })
    }
}

/// Tells what a review has come to, and how to end.
pub(super) fn tell(review: &Review, head: &Head, global: &Global) -> Exit {
    match global.format {
        Format::Json => output::json(&json::document(review, head)),
        Format::Text => text::lines(review, head, global.quiet).into_iter().for_each(output::line),
    }
    match review.verdict() {
        Verdict::Pass => Exit::Done,
        Verdict::Blocked => Exit::Blocked,
        Verdict::Unknown | Verdict::Skipped => Exit::Unknown,
    }
}

/// What stands above its reports.
pub(super) fn head(evidence: &Evidence, plan: &review::Plan) -> Head {
    Head {
        plan: plan.name.clone(),
        file: evidence.file.clone(),
        target: evidence.facts.target.clone(),
        organisation: evidence.facts.organisation.clone().unwrap_or_default(),
        owner: plan.owner.clone(),
        at: seconds(evidence.at),
    }
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes the reports; each as a whole, or not at all.
pub(super) fn write(reports: &[Report], review: &Review, head: &Head, evidence: &Evidence) -> Result<(), Trouble> {
    for report in reports {
        let text = match report.kind {
            Kind::Text => lines(text::lines(review, head, false)),
            Kind::Json => format!("{:#}\n", json::document(review, head)),
            Kind::Junit => junit::document(review, head).into_diagnostic()?,
            Kind::Sarif => format!("{:#}\n", sarif::document(review, head, env!("CARGO_PKG_VERSION"))),
            Kind::Markdown => markdown::document(review, head),
            Kind::Html => html::page(review, head).into_diagnostic()?,
            Kind::Github => lines(github::lines(review, head)),
            Kind::Evidence => evidence.to_json(),
        };
        put(report, &text)?;
    }
    Ok(())
}

fn lines(lines: Vec<String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

fn put(report: &Report, text: &str) -> Result<(), Trouble> {
    if is_stdin(&report.file) {
        output::raw(text.as_bytes());
        return Ok(());
    }
    std::fs::write(&report.file, text).map_err(|error| {
        let hint = "name a file in a folder that is there and may be written to";
        let message = format!("the report {} cannot be written", report.file.display());
        Failure::new(Exit::Usage, message, hint).because(error).into()
    })
}
