//! Findings in the forms that other programs read, one file each.
//!
//! Everything here turns plain data into text: no files, no clock, no knowledge of what found it.

pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod review;
pub mod sarif;

#[cfg(test)]
mod tests;

/// What a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Fails a build.
    Error,
}

/// One finding, as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule.
    pub rule: String,
    /// What the rule finds, in a line.
    pub title: String,
    /// What it weighs.
    pub level: Level,
    /// How bad it is, in the rule's own words: `critical`, `high`…
    pub severity: String,
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Further places of the same finding: lines and columns.
    pub also: Vec<(u32, u32)>,
    /// The flow or Data Action in the file.
    pub flow: String,
    /// The action that it is about.
    pub action: Option<String>,
    /// Where that is, in words.
    pub path: String,
    /// What would happen.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Where the rule is explained, from the root of this project.
    pub docs: String,
    /// The explanation itself, as Markdown.
    pub page: &'static str,
    /// A name for it that stays when lines move.
    pub fingerprint: String,
}

/// Everything that one run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// In the order of files and lines.
    pub list: Vec<Finding>,
    /// How many files were read.
    pub files: usize,
    /// How many findings comments allow.
    pub allowed: usize,
    /// How many findings the baseline holds.
    pub in_baseline: usize,
}

impl Findings {
    /// How many findings weigh this much.
    pub fn count(&self, level: Level) -> usize {
        self.list.iter().filter(|finding| finding.level == level).count()
    }
}

impl Level {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
