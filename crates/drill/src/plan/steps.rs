//! The steps of a run, in their order.

use std::time::Duration;

use super::{Act, Step};
use crate::experiment::{Calls, Fault, Parts};
use crate::scope::Resource;
use crate::subject::{Kind, Subject};
use crate::time::show;
use crate::verbs::{Plane, Value, With};

pub(super) fn of(parts: &Parts) -> Vec<Step> {
    let mut steps = Vec::new();
    let (steady, start) = (&parts.steady_state, parts.before());
    if let Some(calls) = &parts.load {
        steps.push(calls_begin(parts, calls));
    }
    if let Some(baseline) = &parts.baseline {
        let names: Vec<&str> = baseline.capture.iter().map(crate::Name::as_str).collect();
        let what = format!("measures {}", names.join(", "));
        steps.push(Step { lasts: Some(baseline.length), ..plain(Duration::ZERO, Act::Baseline, what) });
    }
    let probes: Vec<&str> = steady.probes.iter().map(|probe| probe.name.as_str()).collect();
    let what = format!("{} must hold without a break, or nothing is broken", probes.join(" and "));
    steps.push(Step { lasts: Some(steady.before_hold), ..plain(parts.warm_up(), Act::Steady, what) });
    steps.extend(faults(parts, start));
    let end = start + parts.injection();
    let verify = "reads every subject back and compares it with what was there before";
    steps.push(plain(end, Act::Verify, verify));
    let what = format!("{} must hold again for {}", probes.join(" and "), show(steady.after_hold));
    steps.push(Step { lasts: Some(steady.after_within), ..plain(end, Act::SteadyAgain, what) });
    let end = parts.length();
    if parts.load.is_some() {
        steps.push(plain(end, Act::CallsEnd, "makes no new calls; those that stand are ended"));
    }
    let what = match parts.verdict.len() {
        1 => "holds what was measured against one demand".to_owned(),
        demands => format!("holds what was measured against {demands} demands"),
    };
    steps.push(plain(end, Act::Judge, what));
    steps
}

fn plain(at: Duration, act: Act, what: impl Into<String>) -> Step {
    Step { at, act, fault: None, subject: None, touches: Vec::new(), what: what.into(), lasts: None, undo: None }
}

fn calls_begin(parts: &Parts, calls: &Calls) -> Step {
    let what = format!("calls {} by `{}` at {}, each for {}", calls.to, calls.via, calls.rate, show(calls.hold));
    Step {
        subject: Some(calls.via.clone()),
        touches: touched_by_calls(parts, calls).iter().map(Resource::to_string).collect(),
        lasts: Some(parts.length()),
        undo: Some("calls that stand are ended, and no new ones are made".to_owned()),
        ..plain(Duration::ZERO, Act::CallsBegin, what)
    }
}

/// Faults and their ends by time. At one time what ends comes first, in reverse, so that what follows finds everything
/// as it was.
fn faults(parts: &Parts, start: Duration) -> Vec<Step> {
    let order = |index: usize| index as i64;
    let apply = |(index, fault): (usize, &Fault)| ((fault.at, 1, order(index)), apply(parts, fault, start));
    let undo = |(index, fault): (usize, &Fault)| ((fault.end(), 0, -order(index)), undo(fault, start));
    let mut steps: Vec<_> = parts.faults.iter().enumerate().map(apply).collect();
    steps.extend(parts.faults.iter().enumerate().map(undo));
    steps.sort_by_key(|(order, _)| *order);
    steps.into_iter().map(|(_, step)| step).collect()
}

fn apply(parts: &Parts, fault: &Fault, start: Duration) -> Step {
    let touches = match parts.subjects.get(&fault.on) {
        Some(subject) => touched_by(parts, fault, subject).iter().map(Resource::to_string).collect(),
        None => Vec::new(),
    };
    Step {
        fault: Some(fault.name.clone()),
        subject: Some(fault.on.clone()),
        touches,
        lasts: Some(fault.length),
        undo: Some(undone(fault)),
        ..plain(start + fault.at, Act::Apply, format!("{}{}: {}", fault.verb.name, told(&fault.with), fault.verb.does))
    }
}

fn undo(fault: &Fault, start: Duration) -> Step {
    Step {
        fault: Some(fault.name.clone()),
        subject: Some(fault.on.clone()),
        ..plain(start + fault.end(), Act::Undo, undone(fault))
    }
}

fn undone(fault: &Fault) -> String {
    match fault.lease {
        Some(lease) => format!("{}; by itself {} after nobody asks for more", fault.verb.undo, show(lease)),
        None => fault.verb.undo.to_owned(),
    }
}

/// Settings in one line: ` (code 503, methods INVITE)`.
fn told(with: &With) -> String {
    let one = |(key, value): (&&str, &Value)| match value {
        Value::Number(number) => format!("{key} {number}"),
        Value::Time(time) => format!("{key} {}", show(*time)),
        Value::Share(share) => format!("{key} {share}"),
        Value::Words(words) => format!("{key} {}", words.join(" ")),
        Value::Text(text) => format!("{key} \"{}\"", text.trim()),
    };
    let all: Vec<String> = with.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// What calls of the drill touch.
pub(super) fn touched_by_calls<'a>(parts: &'a Parts, calls: &'a Calls) -> Vec<Resource<'a>> {
    let trunk = parts.subjects.get(&calls.via).map(|subject| Resource::Trunk(&subject.reference));
    let from = calls.from.as_deref().map(Resource::From);
    trunk.into_iter().chain([Resource::To(&calls.to)]).chain(from).collect()
}

/// What a fault touches.
pub(super) fn touched_by<'a>(parts: &'a Parts, fault: &Fault, subject: &'a Subject) -> Vec<Resource<'a>> {
    let mut touched: Vec<Resource<'a>> = touched_subject(subject).into_iter().collect();
    // Where traffic is led to is touched as well as where it comes from.
    let named = fault.named().filter_map(|(_, name)| parts.subjects.get(name));
    touched.extend(named.filter_map(touched_subject));
    if let Plane::Control(operation) = fault.verb.plane {
        touched.push(Resource::Api { operation, object: &subject.reference });
    }
    touched
}

/// What a subject is in a scope. Emergency groups are reached by operations alone; our own processes, and people, who can
/// say no, are nothing that a guard has to keep from us.
pub(super) fn touched_subject(subject: &Subject) -> Option<Resource<'_>> {
    let name = subject.reference.as_str();
    match subject.kind {
        Kind::SipTrunk => Some(Resource::Trunk(name)),
        Kind::Queue => Some(Resource::Queue(name)),
        Kind::Flow => Some(Resource::Flow(name)),
        Kind::Upstream | Kind::Oauth | Kind::Dns => Some(Resource::Host(name)),
        Kind::Campaign => Some(Resource::Campaign(name)),
        Kind::EmergencyGroup | Kind::Process | Kind::Person => None,
    }
}
