//! Plans and refusals for programs. Lengths of time are in milliseconds, shares in parts per million.

use std::time::Duration;

use config::{Invalid, Problem};
use drill::{Blast, Experiment, Outline, Reason, Step};
use serde_json::{Value, json};

use super::check::{Checked, Outcome};

/// All files, and how many came to what.
pub(super) fn document(checked: &[Checked]) -> Value {
    let count = |verdict: &str| checked.iter().filter(|checked| word(&checked.outcome) == verdict).count();
    json!({
        "experiments": checked.iter().map(one).collect::<Vec<_>>(),
        "summary": {
            "files": checked.len(),
            "allowed": count("allowed"),
            "refused": count("refused"),
            "invalid": count("invalid"),
        },
    })
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Invalid(_) => "invalid",
        Outcome::May(..) => "allowed",
        Outcome::Refused(..) => "refused",
    }
}

fn one(Checked { file, outcome }: &Checked) -> Value {
    let mut shown = json!({ "file": file, "verdict": word(outcome), "problems": [], "reasons": [] });
    match outcome {
        Outcome::Invalid(invalid) => shown["problems"] = problems(invalid),
        Outcome::May(experiment, plan) => put(&mut shown, experiment, plan.outline()),
        Outcome::Refused(experiment, refused) => {
            put(&mut shown, experiment, &refused.outline);
            shown["reasons"] = refused.reasons.iter().map(reason).collect();
        }
    }
    shown
}

fn problems(invalid: &Invalid) -> Value {
    let one = |Problem { message, hint, line, column, .. }: &Problem| json!({ "line": line, "column": column, "message": message, "hint": hint });
    invalid.problems.iter().map(one).collect()
}

fn put(shown: &mut Value, experiment: &Experiment, outline: &Outline) {
    let parts = experiment.parts();
    shown["id"] = parts.metadata.id.clone().into();
    shown["title"] = parts.metadata.title.clone().into();
    shown["owner"] = parts.metadata.owner.clone().into();
    shown["environment"] = parts.environment.word().into();
    shown["plan"] = json!({
        "lengthMs": millis(outline.length),
        "blastRadius": blast(&outline.blast),
        "steps": outline.steps.iter().map(step).collect::<Vec<_>>(),
    });
}

fn blast(blast: &Blast) -> Value {
    let calls = blast.rate.map(|(rate, limit)| {
        json!({
            "atOnce": { "planned": blast.live_calls.planned, "limit": blast.live_calls.limit },
            "rate": { "planned": rate.to_string(), "limitPerSecond": limit },
            "inAll": { "planned": blast.calls.planned, "limit": blast.calls.limit },
        })
    });
    json!({
        "calls": calls,
        "faults": { "planned": blast.faults.planned, "limit": blast.faults.limit },
        "longestFaultMs": { "planned": millis(blast.fault.planned), "limit": millis(blast.fault.limit) },
        "liveTrafficPpm": { "found": blast.live_traffic.map(base::Ppm::get), "limit": blast.live_traffic_limit.get() },
    })
}

fn step(step: &Step) -> Value {
    json!({
        "atMs": millis(step.at),
        "act": step.act.word(),
        "fault": step.fault,
        "subject": step.subject,
        "touches": step.touches,
        "what": step.what,
        "lastsMs": step.lasts.map(millis),
        "undo": step.undo,
    })
}

fn reason(Reason { cause, about, what, fix }: &Reason) -> Value {
    json!({ "cause": cause.word(), "about": about, "what": what, "fix": fix })
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
