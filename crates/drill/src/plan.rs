//! What a drill would do, step by step, and whether it may.
//!
//! [`plan`] looks at an experiment and at a situation and touches neither. It gives a [`Plan`], which holds the scope of
//! everything that follows, or refuses with every reason that there is. What is not known of the situation is a reason,
//! too. The same experiment in the same situation always comes to the same.

mod fate;
mod reasons;
mod steps;

use std::time::Duration;

use base::Ppm;

use crate::experiment::{Experiment, Parts};
use crate::guard::Deny;
use crate::scope::{OutOfScope, Scope};
use crate::situation::Situation;
use crate::time::Rate;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Calls of the drill begin.
    CallsBegin,
    /// The baseline is measured.
    Baseline,
    /// All must be well before anything is broken.
    Steady,
    /// A fault is undone.
    Undo,
    /// A fault is made.
    Apply,
    /// Every undo is verified.
    Verify,
    /// All must be well again.
    SteadyAgain,
    /// Calls of the drill end.
    CallsEnd,
    /// The verdict is given.
    Judge,
}

impl Act {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CallsBegin => "calls",
            Self::Baseline => "baseline",
            Self::Steady => "steady",
            Self::Undo => "undo",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::SteadyAgain => "steady again",
            Self::CallsEnd => "calls end",
            Self::Judge => "judge",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, from the beginning of the run; the steps after the faults come at this time at the earliest.
    pub at: Duration,
    /// What it does.
    pub act: Act,
    /// The fault's name, where it is about one.
    pub fault: Option<String>,
    /// The subject's name, where it is about one.
    pub subject: Option<String>,
    /// What it touches, in words; empty when it only looks.
    pub touches: Vec<String>,
    /// What it does, as a phrase.
    pub what: String,
    /// How long it takes, or how long what it does lasts; at most.
    pub lasts: Option<Duration>,
    /// How it is undone, as a phrase; `None` when there is nothing to undo.
    pub undo: Option<String>,
}

/// How much is planned, and how much may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use<T> {
    /// So much is planned.
    pub planned: T,
    /// So much may be.
    pub limit: T,
}

/// How far it reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blast {
    /// Calls of the drill that stand at the same time.
    pub live_calls: Use<u64>,
    /// New calls; how many a second may come.
    pub rate: Option<(Rate, u32)>,
    /// Calls in the whole run.
    pub calls: Use<u64>,
    /// Faults in the whole run.
    pub faults: Use<u64>,
    /// The longest fault.
    pub fault: Use<Duration>,
    /// Customers' share of what goes through what is broken: the largest; `None` when nobody knows it of something.
    pub live_traffic: Option<Ppm>,
    /// Customers' share that may be.
    pub live_traffic_limit: Ppm,
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// How far it reaches.
    pub blast: Blast,
    /// How long the run takes, at most.
    pub length: Duration,
}

/// A drill that may run: what it does, and the scope in which it does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    outline: Outline,
    scope: Scope,
}

impl Plan {
    /// What it does.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// What it may touch.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// Why a drill may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A step would touch what the guard does not allow.
    OutOfScope(OutOfScope),
    /// More than a limit.
    OverLimit,
    /// The week's windows are shut.
    WindowShut,
    /// Something stands against drills.
    Denied(Deny),
    /// What must not fall together has something in common.
    CommonFate,
    /// Too few people have agreed.
    Approvals,
    /// An earlier drill has left something behind.
    Dirty,
    /// Somebody has stopped all drills.
    Stopped,
    /// The situation is that of another environment, or is another than the file says.
    Elsewhere,
    /// Nobody knows.
    Unknown,
}

impl Cause {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OutOfScope(_) => "out-of-scope",
            Self::OverLimit => "over-limit",
            Self::WindowShut => "window-shut",
            Self::Denied(deny) => deny.word(),
            Self::CommonFate => "common-fate",
            Self::Approvals => "approvals",
            Self::Dirty => "dirty",
            Self::Stopped => "stopped",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// A reason against a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Why.
    pub cause: Cause,
    /// What it is about: a subject, a fault, a limit, the situation.
    pub about: String,
    /// What is so, as a lowercase fragment.
    pub what: String,
    /// What to do.
    pub fix: String,
}

/// A drill that may not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it would have done.
    pub outline: Outline,
    /// Every reason against it; never empty.
    pub reasons: Vec<Reason>,
}

/// Says what an experiment would do in a situation, and whether it may.
///
/// # Errors
/// It may not, with every reason.
pub fn plan(experiment: &Experiment, situation: &Situation) -> Result<Plan, Box<Refused>> {
    let parts = experiment.parts();
    let scope = Scope::of(&parts.guard);
    let outline = Outline { steps: steps::of(parts), blast: blast(parts, situation), length: parts.length() };
    let reasons = reasons::of(parts, situation, &scope, &outline.blast);
    if reasons.is_empty() { Ok(Plan { outline, scope }) } else { Err(Box::new(Refused { outline, reasons })) }
}

fn blast(parts: &Parts, situation: &Situation) -> Blast {
    let limits = &parts.guard.limits;
    let limit = |limit: Option<u32>| u64::from(limit.unwrap_or_default());
    let calls = parts.load.as_ref();
    Blast {
        live_calls: Use {
            planned: calls.map_or(0, |calls| calls.rate.within(calls.hold)),
            limit: limit(limits.max_live_calls),
        },
        rate: calls.map(|calls| (calls.rate, limits.max_cps.unwrap_or_default())),
        calls: Use {
            planned: calls.map_or(0, |calls| calls.rate.within(parts.length())),
            limit: limit(limits.max_calls),
        },
        faults: Use { planned: parts.faults.len() as u64, limit: limit(limits.max_faults) },
        fault: Use {
            planned: parts.faults.iter().map(|fault| fault.length).max().unwrap_or_default(),
            limit: limits.max_fault.unwrap_or_default(),
        },
        live_traffic: live_traffic(parts, situation),
        live_traffic_limit: limits.live_traffic,
    }
}

/// The largest share of customers' traffic in what is broken; `None` when it is not known of something.
fn live_traffic(parts: &Parts, situation: &Situation) -> Option<Ppm> {
    let broken = parts.faults.iter().filter_map(|fault| parts.subjects.get(&fault.on));
    let shares: Option<Vec<Ppm>> = broken
        .filter(|subject| subject.kind.carries_traffic())
        .map(|subject| situation.things.get(&(subject.kind, subject.reference.clone()))?.live_traffic)
        .collect();
    shares.map(|shares| shares.into_iter().max().unwrap_or_default())
}

#[cfg(test)]
mod tests;
