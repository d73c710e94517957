//! Every reason against a run.

use std::collections::BTreeSet;

use super::steps::{touched_by, touched_by_calls, touched_subject};
use super::{Blast, Cause, Reason, fate};
use crate::experiment::{Environment, Parts};
use crate::guard::Deny;
use crate::mistakes::PRODUCTION_APPROVALS_MIN;
use crate::number::NoNumber;
use crate::scope::{OutOfScope, Resource, Scope};
use crate::situation::Situation;
use crate::subject::Subject;
use crate::time::show;
use crate::week::is_open_throughout;

pub(super) fn of(parts: &Parts, situation: &Situation, scope: &Scope, blast: &Blast) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = place(parts, situation).into_iter().collect();
    reasons.extend(touched(parts, scope));
    reasons.extend(limits(blast));
    reasons.extend(there(parts, situation));
    reasons.extend(traffic(parts, situation));
    reasons.extend(fate::reasons(parts, situation));
    reasons.extend(time(parts, situation));
    reasons.extend(standing(parts, situation));
    reasons.extend(approvals(parts, situation));
    reasons
}

fn reason(cause: Cause, about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Reason {
    Reason { cause, about: about.into(), what: what.into(), fix: fix.into() }
}

fn place(parts: &Parts, situation: &Situation) -> Option<Reason> {
    let (meant, is) = (parts.environment, situation.environment);
    let what = format!("the experiment is for {}, and this is {}", meant.word(), is.word());
    (meant != is).then(|| reason(Cause::Elsewhere, "environment", what, "run it where it is meant for"))
}

fn touched(parts: &Parts, scope: &Scope) -> Vec<Reason> {
    let mut all: Vec<(&str, Resource<'_>)> = Vec::new();
    let mut reasons = Vec::new();
    if let Some(calls) = &parts.load {
        all.extend(touched_by_calls(parts, calls).into_iter().map(|resource| ("load", resource)));
        if calls.from.is_none() && parts.guard.allow.from.is_empty() {
            let what = "no number is allowed that calls could come from";
            let cause = Cause::OutOfScope(OutOfScope::NotAllowed);
            reasons.push(reason(cause, "load", what, "name a range that is kept for tests under `guard.allow.from`"));
        }
    }
    for fault in &parts.faults {
        let touched = parts.subjects.get(&fault.on).map(|subject| touched_by(parts, fault, subject));
        all.extend(touched.into_iter().flatten().map(|resource| (fault.name.as_str(), resource)));
    }
    if let Some(rpo) = &parts.measure.rpo {
        let stores = [&rpo.write, &rpo.read].into_iter().filter_map(|store| parts.subjects.get(&store.subject));
        all.extend(stores.filter_map(touched_subject).map(|resource| ("markers", resource)));
    }
    for (about, resource) in all {
        if let Err(why) = scope.permits(&resource) {
            let fix = match why {
                OutOfScope::Number(NoNumber::Emergency) => {
                    "use a number that is kept for tests; nothing can allow this one"
                }
                OutOfScope::Number(NoNumber::NotFull) => "write a full international number",
                OutOfScope::Forbidden => "aim at something else; what is forbidden stays so",
                OutOfScope::NotAllowed => "aim at what `guard.allow` names, or have the guard widened by its owner",
            };
            reasons.push(reason(Cause::OutOfScope(why), about, format!("{resource}: {}", why.what()), fix));
        }
    }
    reasons
}

fn limits(blast: &Blast) -> Vec<Reason> {
    let over = |key: &str, what: String, fix: &str| reason(Cause::OverLimit, format!("guard.limits.{key}"), what, fix);
    let mut reasons = Vec::new();
    if let Some((rate, limit)) = blast.rate {
        if blast.live_calls.limit < blast.live_calls.planned {
            let what =
                format!("{} calls would stand at once, {} may", blast.live_calls.planned, blast.live_calls.limit);
            reasons.push(over("max_live_calls", what, "call less often, or hold calls for a shorter time"));
        }
        if !rate.is_at_most_each_second(limit) {
            reasons.push(over("max_cps", format!("{rate} calls, {limit}/s may be"), "call less often"));
        }
        if blast.calls.limit < blast.calls.planned {
            let what = format!("up to {} calls in the whole run, {} may be", blast.calls.planned, blast.calls.limit);
            reasons.push(over("max_calls", what, "call less often, or make the run shorter"));
        }
    }
    if blast.faults.limit < blast.faults.planned {
        let what = format!("{} faults, {} may be", blast.faults.planned, blast.faults.limit);
        reasons.push(over("max_faults", what, "make two experiments of it"));
    }
    if blast.fault.limit < blast.fault.planned {
        let what = format!("a fault of {}, {} may be", show(blast.fault.planned), show(blast.fault.limit));
        reasons.push(over("max_fault", what, "make the fault shorter"));
    }
    reasons
}

/// A drill about things that are not there would prove nothing, or be about other things.
fn there(parts: &Parts, situation: &Situation) -> Vec<Reason> {
    let is_missing = |subject: &Subject| !situation.things.contains_key(&(subject.kind, subject.reference.clone()));
    let reason = |(name, subject): (&String, &Subject)| {
        let place = situation.environment.word();
        let what = format!("{} `{}` was not found in {place}", subject.kind.word(), subject.reference);
        reason(Cause::Unknown, name, what, "check its name, or name it in the situation")
    };
    let sought = parts.subjects.iter().filter(|(_, subject)| subject.kind.carries_traffic());
    sought.filter(|(_, subject)| is_missing(subject)).map(reason).collect()
}

/// Whose calls would be hit.
fn traffic(parts: &Parts, situation: &Situation) -> Vec<Reason> {
    let limit = parts.guard.limits.live_traffic;
    let broken: BTreeSet<&String> = parts.faults.iter().map(|fault| &fault.on).collect();
    let subjects = broken.into_iter().filter_map(|name| Some((name, parts.subjects.get(name)?)));
    let judge = |(name, subject): (&String, &Subject)| {
        let thing = situation.things.get(&(subject.kind, subject.reference.clone()))?;
        match thing.live_traffic {
            None => {
                let what = "nobody knows whether customers' traffic goes through it";
                Some(reason(Cause::Unknown, name, what, "measure it, and name it as `live_traffic` in the situation"))
            }
            Some(share) if limit < share => {
                let what = format!("{share} of what goes through it is customers', {limit} may be");
                Some(reason(Cause::OverLimit, name, what, "aim at something that customers do not use"))
            }
            Some(_) => None,
        }
    };
    subjects.filter(|(_, subject)| subject.kind.carries_traffic()).filter_map(judge).collect()
}

fn time(parts: &Parts, situation: &Situation) -> Option<Reason> {
    let windows = &parts.guard.windows.allow;
    if windows.is_empty() || is_open_throughout(windows, situation.at, parts.length()) {
        return None;
    }
    let open: Vec<String> = windows.iter().map(ToString::to_string).collect();
    let from = situation.at.strftime("%a %Y-%m-%d %H:%MZ");
    let what = format!("a run of up to {} from {from} on does not lie in {}", show(parts.length()), open.join(", "));
    Some(reason(Cause::WindowShut, "guard.windows", what, "run it when there is time for all of it"))
}

fn standing(parts: &Parts, situation: &Situation) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut judge = |is_so: Option<bool>, cause: Cause, what: &str, unknown: &str, fix: &str| match is_so {
        Some(false) => {}
        Some(true) => reasons.push(reason(cause, "situation", what, fix)),
        None => {
            let fix = "ask the controller, or say it in the situation";
            reasons.push(reason(Cause::Unknown, "situation", format!("nobody knows whether {unknown}"), fix));
        }
    };
    for deny in &parts.guard.windows.deny_when {
        let (what, unknown, fix) = match deny {
            Deny::Maintenance => ("there is maintenance", "there is maintenance", "wait until it is over"),
            Deny::OpenIncident => ("an incident is open", "an incident is open", "wait until it is resolved"),
            Deny::BudgetExhausted => {
                ("the error budget is spent", "the error budget is spent", "wait until there is some again")
            }
        };
        judge(situation.standing.get(deny).copied(), Cause::Denied(*deny), what, unknown, fix);
    }
    judge(
        situation.is_dirty,
        Cause::Dirty,
        "an earlier drill has left something behind",
        "an earlier drill has left something behind",
        "undo what it has broken, and verify it, before anything else is broken",
    );
    judge(
        situation.is_stopped,
        Cause::Stopped,
        "all drills are stopped",
        "all drills are stopped",
        "ask whoever has stopped them",
    );
    reasons
}

fn approvals(parts: &Parts, situation: &Situation) -> Option<Reason> {
    let least = match parts.environment {
        Environment::Production => PRODUCTION_APPROVALS_MIN,
        Environment::Lab | Environment::Staging => 0,
    };
    let written = parts.guard.approvals.get(parts.environment.word()).copied();
    let needed = written.unwrap_or(least).max(least);
    let fix = "have the file as it is now approved by people who answer for it";
    match &situation.approved_by {
        _ if needed == 0 => None,
        None => {
            Some(reason(Cause::Unknown, "approvals", format!("nobody knows who of {needed} people have agreed"), fix))
        }
        Some(people) if (people.len() as u64) < u64::from(needed) => {
            let what = format!("{} of {needed} people have agreed", people.len());
            Some(reason(Cause::Approvals, "approvals", what, fix))
        }
        Some(_) => None,
    }
}
