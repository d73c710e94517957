//! May this launch go ahead?
//!
//! A review is three things: a [`Plan`] that people have written, [`Facts`] that were learned of an organisation, and the
//! [`CHECKS`] that judge the one by the other. What was not learned is a [`Gap`] and makes the verdict unknown; unknown
//! never passes.
//!
//! - Everything here is pure. Whoever has kept the plan and the facts can judge them again, later and elsewhere, and gets
//!   the same verdict.
//! - A check is a type with one method, in a file of its own under `checks`. What it looks for, and what to do about it, is
//!   its page under `docs/checks`.
//! - A finding says what is wrong with what, and what to do; only findings that block, or that nobody could judge, keep a
//!   launch back.

mod catalogue;
mod checks;
mod facts;
mod finding;
mod plan;
mod words;

pub use catalogue::{CHECKS, Check, Entry, find};
pub use checks::herd::{Wave, wave};
pub use checks::sessions::pause as session_pause;
pub use facts::{
    Action, Calls, Dependency, Emergency, EmergencyFlow, Facts, Fate, Flow, Gap, Gate, Holder, Integration, Item,
    Known, Left, LeftCall, Message, Number, Objective, OutboundRoute, Path, Probe, Requests, Sample, SessionSample,
    Sides, Trunk, TrunkState, Validation,
};
pub use finding::{Exhibit, Finding, Judged, Verdict, Weight};
pub use plan::{Difference, Licence, Limits, Load, Plan, PlannedIntegration, Recovery, Sessions};

/// What a check has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Result {
    /// Which check.
    pub check: &'static Entry,
    /// What it has found.
    pub judged: Judged,
}

/// A review.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// What each check has come to, in the order of [`CHECKS`].
    pub results: Vec<Result>,
}

impl Review {
    /// The verdict: what blocks counts more than what nobody could judge, and either more than what passes.
    pub fn verdict(&self) -> Verdict {
        let worst = self.results.iter().map(|result| result.judged.verdict()).max();
        match worst {
            // A review that has looked at nothing has proved nothing.
            None | Some(Verdict::Skipped) => Verdict::Unknown,
            Some(verdict) => verdict,
        }
    }
}

/// Judges what was learned by what was planned.
pub fn review(plan: &Plan, facts: &Facts) -> Review {
    let judge = |check: &'static Entry| Result { check, judged: one(check, plan, facts) };
    Review { results: CHECKS.iter().map(judge).collect() }
}

/// Judges by one check.
pub fn one(check: &Entry, plan: &Plan, facts: &Facts) -> Judged {
    match plan.skipped.get(check.id) {
        Some(why) => Judged::skipped(format!("left out by the plan: {why}")),
        None => check.check.judge(plan, facts),
    }
}

#[cfg(test)]
mod tests;
