//! One thing that was looked at.

use serde_json::{Value, json};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// Works, and could be better.
    Advice,
    /// Could not be judged.
    Unknown,
    /// Does not work.
    Bad,
}

/// One check and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What it belongs to.
    pub(super) group: &'static str,
    /// What was looked at.
    pub(super) name: String,
    /// What came of it.
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) summary: String,
    /// What to do; empty when there is nothing to do.
    pub(super) fix: String,
}

impl Check {
    pub(super) fn new(group: &'static str, name: &str) -> Self {
        Self { group, name: name.to_owned(), verdict: Verdict::Good, summary: String::new(), fix: String::new() }
    }

    pub(super) fn good(self, summary: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, summary: summary.into(), ..self }
    }

    pub(super) fn advice(self, summary: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Advice, summary: summary.into(), fix: fix.into(), ..self }
    }

    pub(super) fn unknown(self, summary: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, summary: summary.into(), fix: fix.into(), ..self }
    }

    pub(super) fn bad(self, summary: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, summary: summary.into(), fix: fix.into(), ..self }
    }

    /// As people read it.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { name, verdict, summary, fix, .. } = self;
        let mut lines = vec![format!("  {:<8} {name}: {summary}", word(*verdict))];
        if !fix.is_empty() {
            lines.push(format!("           fix: {fix}"));
        }
        lines
    }

    /// As programs read it.
    pub(super) fn to_json(&self) -> Value {
        let Self { group, name, verdict, summary, fix } = self;
        let fix = (!fix.is_empty()).then_some(fix);
        json!({ "group": group, "name": name, "verdict": word(*verdict), "summary": summary, "fix": fix })
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "ok",
        Verdict::Advice => "advice",
        Verdict::Unknown => "unknown",
        Verdict::Bad => "failed",
    }
}

/// An error and everything that led to it, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
