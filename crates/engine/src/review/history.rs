//! Reviews that were made: which are kept, and which launches they keep back.
//!
//! - Of each plan at each target so many are kept, and no more than [`RUNS_MAX`] in all; the oldest go first.
//! - Each lies in a slot of its own. A slot whose review has gone is written again, so that the store never grows beyond
//!   what is kept.
//! - The last review of a plan at a target counts. One that is not made at night and that nobody hands in again is
//!   forgotten by and by: after [`COUNTS_FOR`] it keeps nothing back any more.

pub(super) mod views;
pub(super) mod wire;
pub(super) mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use review::{Finding, Review, Verdict};

/// Reviews of a plan at a target that are kept, unless something else is said.
pub const KEEP: u32 = 90;
/// The most reviews that are kept of all plans.
pub const RUNS_MAX: usize = 5_000;
/// The most findings of a check that are kept without the evidence; those that weigh most.
const FINDINGS_MAX: usize = 8;
/// The longest sentence that is kept without the evidence.
const TEXT_CHARS_MAX: usize = 600;
/// So long a review counts that is not made at night.
const COUNTS_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A review that was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// Grows with every review; its id.
    pub(super) number: u64,
    /// Where it is kept.
    pub(super) slot: u32,
    /// So many of its plan and target are kept.
    pub(super) keep: u32,
    /// What is to be launched.
    pub(super) plan: String,
    /// The plan's file, as it was named.
    pub(super) file: String,
    /// The target.
    pub(super) target: String,
    /// The organisation behind it, where it could be asked.
    pub(super) organisation: Option<String>,
    /// Who is told.
    pub(super) owner: Option<String>,
    /// When the organisation was asked.
    pub(super) at: Timestamp,
    /// Who handed it in; `None` when it was made here.
    pub(super) by: Option<String>,
    /// What it came to.
    pub(super) verdict: Verdict,
    /// Why it could not be begun.
    pub(super) trouble: Option<String>,
    /// What each check came to.
    pub(super) checks: Vec<Checked>,
    /// What became of its evidence.
    pub(super) evidence: Left,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checked {
    pub(super) id: String,
    pub(super) verdict: Verdict,
    pub(super) summary: String,
    /// What weighs most.
    pub(super) findings: Vec<Finding>,
    /// Findings beside those.
    pub(super) more: u64,
}

/// What became of the evidence of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Kept,
    TooLarge,
    Missing,
}

/// All reviews that are kept, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct History(Vec<Arc<Run>>);

impl Run {
    /// What it is called.
    pub(super) fn id(&self) -> String {
        format!("r-{}", self.number)
    }

    fn is_of(&self, plan: &str, target: &str) -> bool {
        self.plan == plan && self.target == target
    }
}

/// What each check came to, without what takes much room.
pub(super) fn checked(review: &Review) -> Vec<Checked> {
    let one = |it: &review::Result| {
        let mut findings: Vec<Finding> = it.judged.findings.clone();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        let more = findings.len().saturating_sub(FINDINGS_MAX) as u64;
        findings.truncate(FINDINGS_MAX);
        let cut = |finding: Finding| Finding {
            about: words::cut(&finding.about, TEXT_CHARS_MAX),
            what: words::cut(&finding.what, TEXT_CHARS_MAX),
            fix: words::cut(&finding.fix, TEXT_CHARS_MAX),
            ..finding
        };
        Checked {
            id: it.check.id.to_owned(),
            verdict: it.judged.verdict(),
            summary: words::cut(&it.judged.summary, TEXT_CHARS_MAX),
            findings: findings.into_iter().map(cut).collect(),
            more,
        }
    };
    review.results.iter().map(one).collect()
}

impl History {
    /// What was kept, in any order.
    pub(super) fn restored(runs: impl IntoIterator<Item = Run>) -> Self {
        let mut all: Vec<Arc<Run>> = runs.into_iter().map(Arc::new).collect();
        all.sort_by_key(|run| std::cmp::Reverse(run.number));
        // How many more of each are kept: what the last one says.
        let mut left = BTreeMap::new();
        all.retain(|run| {
            let left = left.entry((run.plan.clone(), run.target.clone())).or_insert(run.keep);
            let is_kept = 0 < *left;
            *left = left.saturating_sub(1);
            is_kept
        });
        all.truncate(RUNS_MAX);
        all.reverse();
        Self(all)
    }

    /// With one more, which gets its number and its slot.
    pub(super) fn with(&self, mut run: Run) -> (Self, Arc<Run>) {
        let mut history = self.clone();
        run.number = history.0.last().map_or(0, |last| last.number) + 1;
        history.make_room(&run, (run.keep as usize).saturating_sub(1));
        if RUNS_MAX <= history.0.len() {
            history.0.remove(0);
        }
        let used: BTreeSet<u32> = history.0.iter().map(|run| run.slot).collect();
        run.slot = (0..).find(|slot| !used.contains(slot)).unwrap_or_default();
        let run = Arc::new(run);
        history.0.push(run.clone());
        (history, run)
    }

    /// Forgets the oldest of a plan at a target.
    fn make_room(&mut self, of: &Run, left: usize) {
        let is_one = |run: &Arc<Run>| run.is_of(&of.plan, &of.target);
        let mut surplus = self.0.iter().filter(|run| is_one(run)).count().saturating_sub(left);
        self.0.retain(|run| {
            let goes = is_one(run) && 0 < surplus;
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// The one of this id.
    pub(super) fn find(&self, id: &str) -> Option<&Arc<Run>> {
        self.0.iter().find(|run| run.id() == id)
    }

    /// Those of a plan at a target, the latest last.
    pub(super) fn of(&self, plan: &str, target: &str) -> impl DoubleEndedIterator<Item = &Arc<Run>> {
        self.0.iter().filter(move |run| run.is_of(plan, target))
    }

    /// The last one of a plan's file at a target.
    pub(super) fn last_of_file(&self, file: &str, target: &str) -> Option<&Arc<Run>> {
        // One that could not even read the plan does not know its name.
        let of_file = || self.0.iter().rev().filter(|run| run.file == file && run.target == target);
        of_file().find(|run| run.trouble.is_none()).or_else(|| of_file().next())
    }

    /// Those of each plan at each target, the latest last.
    pub(super) fn series(&self) -> impl Iterator<Item = Vec<&Arc<Run>>> {
        let mut series: BTreeMap<(&str, &str), Vec<&Arc<Run>>> = BTreeMap::new();
        for run in &self.0 {
            series.entry((&run.plan, &run.target)).or_default().push(run);
        }
        series.into_values()
    }

    /// The last of each plan at each target.
    pub(super) fn lasts(&self) -> impl Iterator<Item = &Arc<Run>> {
        self.series().filter_map(|series| series.last().copied())
    }

    /// The last review of a plan, at whichever target, that let it go.
    pub(super) fn last_pass(&self, plan: &str) -> Option<&Arc<Run>> {
        self.lasts().filter(|run| run.plan == plan && run.verdict == Verdict::Pass).max_by_key(|run| run.number)
    }

    /// What keeps launches back, by the names of their plans.
    pub(super) fn held(&self, is_nightly: impl Fn(&Run) -> bool, now: Timestamp) -> BTreeMap<Arc<str>, Vec<&Run>> {
        let mut held: BTreeMap<Arc<str>, Vec<&Run>> = BTreeMap::new();
        let counts = |run: &&Arc<Run>| is_nightly(run) || now.duration_since(run.at) < COUNTS_FOR;
        for run in self.lasts().filter(counts).filter(|run| run.verdict != Verdict::Pass) {
            held.entry(run.plan.as_str().into()).or_default().push(run);
        }
        held
    }
}

#[cfg(test)]
pub(super) mod tests;
