//! The stored form of a rollback, version 1.

use std::time::Duration;

use jiff::Timestamp;
use rollback::act::{Act, Locked, Outcome, Plan, Step, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::carry::Current;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentWire {
    version: u32,
    #[serde(default)]
    cause: String,
    begun: Timestamp,
    ended: Option<Timestamp>,
    plan: PlanWire,
    step: StepWire,
    aims: Vec<VersionWire>,
    ruled_out: Vec<String>,
    old_failure: Option<String>,
    publishes: u8,
    troubles: u8,
    polls: u16,
    waited_ms: u64,
    is_late: bool,
    /// What was kept before there were doubts has none.
    #[serde(default)]
    is_in_doubt: bool,
    #[serde(default)]
    disturbed: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlanWire {
    flow: String,
    bad: String,
    /// What was kept before there was such a wish has none.
    #[serde(default)]
    to: Option<String>,
    good: Vec<String>,
    known_bad: Vec<String>,
    unlocks: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionWire {
    id: String,
    configuration: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "at")]
enum StepWire {
    Look,
    Unlock,
    Choose,
    Check {
        of: VersionWire,
    },
    Lock {
        of: VersionWire,
    },
    Confirm {
        of: VersionWire,
    },
    Publish {
        of: VersionWire,
    },
    #[serde(rename_all = "camelCase")]
    Await {
        of: VersionWire,
        is_taken: bool,
    },
    Release {
        outcome: OutcomeWire,
    },
    Ended {
        outcome: OutcomeWire,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "how")]
pub(super) enum OutcomeWire {
    Live { version: String },
    Overtaken { version: Option<String> },
    NoTarget,
    Locked { by: String },
    Gone,
    Refused { why: String },
    GivenUp,
}

pub(super) fn to_json(Current { cause, act, begun, ended }: &Current) -> String {
    let wire = CurrentWire {
        version: VERSION,
        cause: cause.clone(),
        begun: *begun,
        ended: *ended,
        plan: PlanWire {
            flow: act.plan.flow.clone(),
            bad: act.plan.bad.clone(),
            to: act.plan.to.clone(),
            good: act.plan.good.clone(),
            known_bad: act.plan.known_bad.clone(),
            unlocks: act.plan.locked == Locked::Unlock,
        },
        step: step_to_wire(&act.step),
        aims: act.aims.iter().map(version_to_wire).collect(),
        ruled_out: act.ruled_out.clone(),
        old_failure: act.old_failure.clone(),
        publishes: act.publishes,
        troubles: act.troubles,
        polls: act.polls,
        waited_ms: u64::try_from(act.waited.as_millis()).unwrap_or(u64::MAX),
        is_late: act.is_late,
        is_in_doubt: act.is_in_doubt,
        disturbed: act.disturbed,
    };
    serde_json::to_string(&wire).expect("numbers and strings are always JSON")
}

pub(super) fn from_json(json: &str) -> Result<Current, String> {
    let wire: CurrentWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let PlanWire { flow, bad, to, good, known_bad, unlocks } = wire.plan;
    let locked = if unlocks { Locked::Unlock } else { Locked::HandOver };
    let act = Act {
        plan: Plan { flow, bad, to, good, known_bad, locked },
        step: step_from_wire(wire.step),
        aims: wire.aims.into_iter().map(version_from_wire).collect(),
        ruled_out: wire.ruled_out,
        old_failure: wire.old_failure,
        publishes: wire.publishes,
        troubles: wire.troubles,
        polls: wire.polls,
        waited: Duration::from_millis(wire.waited_ms),
        is_late: wire.is_late,
        is_in_doubt: wire.is_in_doubt,
        disturbed: wire.disturbed,
    };
    Ok(Current { cause: wire.cause, act, begun: wire.begun, ended: wire.ended })
}

/// How a rollback ended, for the audit.
pub(super) fn outcome(outcome: &Outcome) -> Value {
    serde_json::to_value(outcome_to_wire(outcome)).expect("strings are always JSON")
}

fn step_to_wire(step: &Step) -> StepWire {
    match step {
        Step::Look => StepWire::Look,
        Step::Unlock => StepWire::Unlock,
        Step::Choose => StepWire::Choose,
        Step::Check(version) => StepWire::Check { of: version_to_wire(version) },
        Step::Lock(version) => StepWire::Lock { of: version_to_wire(version) },
        Step::Confirm(version) => StepWire::Confirm { of: version_to_wire(version) },
        Step::Publish(version) => StepWire::Publish { of: version_to_wire(version) },
        Step::Await { version, is_taken } => StepWire::Await { of: version_to_wire(version), is_taken: *is_taken },
        Step::Release(outcome) => StepWire::Release { outcome: outcome_to_wire(outcome) },
        Step::Ended(outcome) => StepWire::Ended { outcome: outcome_to_wire(outcome) },
    }
}

fn step_from_wire(step: StepWire) -> Step {
    match step {
        StepWire::Look => Step::Look,
        StepWire::Unlock => Step::Unlock,
        StepWire::Choose => Step::Choose,
        StepWire::Check { of } => Step::Check(version_from_wire(of)),
        StepWire::Lock { of } => Step::Lock(version_from_wire(of)),
        StepWire::Confirm { of } => Step::Confirm(version_from_wire(of)),
        StepWire::Publish { of } => Step::Publish(version_from_wire(of)),
        StepWire::Await { of, is_taken } => Step::Await { version: version_from_wire(of), is_taken },
        StepWire::Release { outcome } => Step::Release(outcome_from_wire(outcome)),
        StepWire::Ended { outcome } => Step::Ended(outcome_from_wire(outcome)),
    }
}

pub(super) fn outcome_to_wire(outcome: &Outcome) -> OutcomeWire {
    match outcome.clone() {
        Outcome::Live(version) => OutcomeWire::Live { version },
        Outcome::Overtaken(version) => OutcomeWire::Overtaken { version },
        Outcome::NoTarget => OutcomeWire::NoTarget,
        Outcome::Locked(by) => OutcomeWire::Locked { by },
        Outcome::Gone => OutcomeWire::Gone,
        Outcome::Refused(why) => OutcomeWire::Refused { why },
        Outcome::GivenUp => OutcomeWire::GivenUp,
    }
}

pub(super) fn outcome_from_wire(outcome: OutcomeWire) -> Outcome {
    match outcome {
        OutcomeWire::Live { version } => Outcome::Live(version),
        OutcomeWire::Overtaken { version } => Outcome::Overtaken(version),
        OutcomeWire::NoTarget => Outcome::NoTarget,
        OutcomeWire::Locked { by } => Outcome::Locked(by),
        OutcomeWire::Gone => Outcome::Gone,
        OutcomeWire::Refused { why } => Outcome::Refused(why),
        OutcomeWire::GivenUp => Outcome::GivenUp,
    }
}

fn version_to_wire(version: &Version) -> VersionWire {
    VersionWire { id: version.id.clone(), configuration: version.configuration.clone() }
}

fn version_from_wire(VersionWire { id, configuration }: VersionWire) -> Version {
    Version { id, configuration }
}

#[cfg(test)]
mod tests;
