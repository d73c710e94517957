//! What a check says.

/// What a check, or a review, comes to; the worse the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing was asked: the plan has nothing for it, or leaves it out.
    Skipped,
    /// Nothing keeps the launch back.
    Pass,
    /// Nobody could judge it.
    Unknown,
    /// The launch must not go ahead.
    Blocked,
}

impl Verdict {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
        }
    }
}

/// What a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Could not be judged.
    Unknown,
    /// Keeps the launch back.
    Blocks,
}

impl Weight {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Blocks => "blocks",
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it weighs.
    pub weight: Weight,
    /// What it is about: a flow, an integration, a trunk, by name.
    pub about: String,
    /// What is so, as a sentence.
    pub what: String,
    /// What to do, as a sentence; empty when there is nothing to do.
    pub fix: String,
    /// Line and column, from 1, in the file that [`Finding::about`] was read from.
    pub at: Option<(u32, u32)>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhibit {
    /// Rows under columns.
    Table {
        /// What it shows.
        title: String,
        /// The columns.
        columns: Vec<&'static str>,
        /// The rows, as long as the columns.
        rows: Vec<Vec<String>>,
    },
    /// Bars of one unit, from zero.
    Bars {
        /// What they show.
        title: String,
        /// The unit.
        unit: &'static str,
        /// Each with its name.
        bars: Vec<(String, f64)>,
        /// What must not be reached.
        limit: Option<f64>,
    },
}

/// What a check has come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// What was looked at, in a line.
    pub summary: String,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What it was found by.
    pub exhibits: Vec<Exhibit>,
    /// True when nothing was asked.
    pub is_skipped: bool,
}

impl Judged {
    /// Nothing was asked.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self { summary: why.into(), is_skipped: true, ..Self::default() }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|finding| finding.weight).max() {
            _ if self.is_skipped => Verdict::Skipped,
            Some(Weight::Blocks) => Verdict::Blocked,
            Some(Weight::Unknown) => Verdict::Unknown,
            Some(Weight::Warning | Weight::Info) | None => Verdict::Pass,
        }
    }

    pub(crate) fn add(
        &mut self,
        weight: Weight,
        about: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.findings.push(Finding { weight, about: about.into(), what: what.into(), fix: fix.into(), at: None });
    }

    pub(crate) fn blocks(&mut self, about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        self.add(Weight::Blocks, about, what, fix);
    }

    pub(crate) fn warns(&mut self, about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        self.add(Weight::Warning, about, what, fix);
    }

    pub(crate) fn gap(&mut self, about: impl Into<String>, gap: &crate::Gap) {
        self.add(Weight::Unknown, about, gap.why.clone(), gap.fix.clone());
    }
}
