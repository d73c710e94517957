//! Where two replays of the same past differ.
//!
//! What lasted in one is set beside what lasted in the other: two episodes about the same thing that have a minute in
//! common are the same one, earlier or later, longer or shorter. What has no counterpart happened in one of them alone.

use super::{Episode, FlowTotals, GateTotals, Subject, Transcript};
use crate::ladder::Mode;
use crate::{Minute, Minutes};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It happened in the first alone.
    OnlyFirst(Episode),
    /// It happened in the second alone.
    OnlySecond(Episode),
    /// It happened in both, at different minutes.
    Moved {
        /// In the first.
        first: Episode,
        /// In the second.
        second: Episode,
    },
    /// Something lasted longer in one of them.
    Lasted {
        /// What.
        measure: Measure,
        /// In the first.
        first: Minutes,
        /// In the second.
        second: Minutes,
    },
}

/// What is measured in minutes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// A flow in a mode.
    Mode(String, Mode),
    /// The gate open for a flow; for everything when none is named.
    Open(Option<String>),
    /// The gate shut.
    Shut(Option<String>),
    /// Nobody knew whether it was open.
    Unsure(Option<String>),
}

/// Everything in which the second differs from the first: episodes in the order in which they began, then minutes.
pub fn compare(first: &Transcript, second: &Transcript) -> Vec<Difference> {
    let mut differences = episodes(first, second);
    differences.sort_by_key(Difference::from);
    let (before, after) = (measures(first), measures(second));
    let lasted = |all: &[(Measure, Minutes)], measure: &Measure| {
        all.iter().find(|(known, _)| known == measure).map_or(Minutes::new(0), |(_, minutes)| *minutes)
    };
    let only_after = after.iter().filter(|(measure, _)| !before.iter().any(|(known, _)| known == measure));
    for (measure, _) in before.iter().chain(only_after) {
        let (first, second) = (lasted(&before, measure), lasted(&after, measure));
        if first != second {
            differences.push(Difference::Lasted { measure: measure.clone(), first, second });
        }
    }
    differences
}

impl Difference {
    /// When it begins, in whichever comes first; `None` when it has no beginning.
    pub fn from(&self) -> Option<Minute> {
        match self {
            Self::OnlyFirst(episode) | Self::OnlySecond(episode) => Some(episode.from),
            Self::Moved { first, second } => Some(first.from.min(second.from)),
            Self::Lasted { .. } => None,
        }
    }
}

/// Episodes about one thing do not overlap within a replay, so one pass over both lists pairs them.
fn episodes(first: &Transcript, second: &Transcript) -> Vec<Difference> {
    let mut found = Vec::new();
    for subject in subjects(first, second) {
        let about = |all: &'_ Transcript| -> Vec<Episode> {
            all.episodes.iter().filter(|episode| episode.subject == subject).cloned().collect()
        };
        let (mut ours, mut theirs) = (about(first).into_iter().peekable(), about(second).into_iter().peekable());
        loop {
            match (ours.peek(), theirs.peek()) {
                (Some(one), Some(other)) if overlap(one, other) => {
                    if (one.from, one.until) != (other.from, other.until) {
                        found.push(Difference::Moved { first: one.clone(), second: other.clone() });
                    }
                    ours.next();
                    theirs.next();
                }
                (Some(one), Some(other)) if one.from < other.from => {
                    found.push(Difference::OnlyFirst(one.clone()));
                    ours.next();
                }
                (_, Some(other)) => {
                    found.push(Difference::OnlySecond(other.clone()));
                    theirs.next();
                }
                (Some(one), None) => {
                    found.push(Difference::OnlyFirst(one.clone()));
                    ours.next();
                }
                (None, None) => break,
            }
        }
    }
    found
}

fn subjects(first: &Transcript, second: &Transcript) -> Vec<Subject> {
    let mut all: Vec<_> =
        first.episodes.iter().chain(&second.episodes).map(|episode| episode.subject.clone()).collect();
    all.sort();
    all.dedup();
    all
}

fn overlap(one: &Episode, other: &Episode) -> bool {
    let before = |from: Minute, until: Option<Minute>| until.is_none_or(|until| from < until);
    before(one.from, other.until) && before(other.from, one.until)
}

fn measures(transcript: &Transcript) -> Vec<(Measure, Minutes)> {
    let mut all = gate(&transcript.gate, None);
    for FlowTotals { id, modes, gate: totals, .. } in &transcript.flows {
        all.extend(Mode::ALL.iter().zip(modes).map(|(mode, minutes)| (Measure::Mode(id.clone(), *mode), *minutes)));
        all.extend(gate(totals, Some(id)));
    }
    all
}

fn gate(totals: &GateTotals, flow: Option<&String>) -> Vec<(Measure, Minutes)> {
    vec![
        (Measure::Open(flow.cloned()), totals.open),
        (Measure::Shut(flow.cloned()), totals.shut),
        (Measure::Unsure(flow.cloned()), totals.unknown),
    ]
}
