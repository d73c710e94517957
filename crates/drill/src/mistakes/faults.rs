//! Faults that cannot be made, or not be undone.

use std::time::Duration;

use base::Ppm;

use super::{Told, subject, twice};
use crate::experiment::{Fault, Parts};
use crate::metric::list;
use crate::subject::Kind;
use crate::time::show;
use crate::verbs::{Form, Plane, Value};

/// The shortest lease: a busy machine must be able to renew it.
pub const LEASE_MIN: Duration = Duration::from_secs(1);
/// The longest lease: so long a fault outlives whoever made it.
pub const LEASE_MAX: Duration = Duration::from_secs(30);

pub(super) fn check(parts: &Parts, told: &mut Told) {
    if parts.faults.is_empty() {
        told.add("/faults", "an experiment that breaks nothing", "say what is broken; without it nothing is learned");
    }
    twice("/faults", parts.faults.iter().map(|fault| fault.name.as_str()), told);
    for (index, fault) in parts.faults.iter().enumerate() {
        let at = format!("/faults/{index}");
        if let Some(kind) = subject(parts, &format!("{at}/on"), &fault.on, told) {
            fits(&at, fault, kind, told);
        }
        settings(&at, fault, told);
        named(parts, &at, fault, told);
        times(&at, fault, told);
    }
    overlaps(parts, told);
    let limits = &parts.guard.limits;
    for (key, is_missing) in [("max_faults", limits.max_faults.is_none()), ("max_fault", limits.max_fault.is_none())] {
        if is_missing {
            let fix = format!(
                "write `{key}`: {}",
                if key == "max_faults" { "how many at most" } else { "how long one lasts at most" }
            );
            told.add(format!("/guard/limits/{key}"), format!("there are faults, and no `{key}`"), fix);
        }
    }
}

fn fits(at: &str, fault: &Fault, kind: Kind, told: &mut Told) {
    if !fault.verb.on.contains(&kind) {
        let what =
            format!("`{}` cannot be done to `{}`, which is of type `{}`", fault.verb.name, fault.on, kind.word());
        let fix = format!("it is for {}", list(fault.verb.on.iter().map(|kind| kind.word())));
        told.relying(&["/subjects"], format!("{at}/do"), what, fix);
    }
}

fn settings(at: &str, fault: &Fault, told: &mut Told) {
    let (verb, with) = (format!("{at}/do"), format!("{at}/with"));
    for setting in fault.verb.with {
        let at = format!("{with}/{}", setting.key);
        match fault.with.get(setting.key) {
            None if setting.is_needed => {
                let what = format!("`{}` needs `{}`", fault.verb.name, setting.key);
                told.relying(&[&verb], at, what, format!("write `{}`: {}", setting.key, setting.about));
            }
            Some(value) if !is_of(setting.form, value) => {
                let what = format!("`{}` cannot be this", setting.key);
                told.relying(&[&verb, &at], &at, what, form(setting.form));
            }
            None | Some(_) => {}
        }
    }
    for key in fault.with.keys().filter(|key| fault.verb.with.iter().all(|setting| setting.key != **key)) {
        let known = list(fault.verb.with.iter().map(|setting| setting.key));
        let fix = if known.is_empty() { "leave it out".to_owned() } else { format!("it knows {known}") };
        told.relying(&[&verb], format!("{with}/{key}"), format!("`{}` knows no `{key}`", fault.verb.name), fix);
    }
}

/// What may be written.
fn form(form: Form) -> String {
    match form {
        Form::Number(least, most) => format!("write a whole number from {least} to {most}"),
        Form::Time => "write more than nothing, such as `500ms`".to_owned(),
        Form::Share => "write more than nothing, such as `5%`".to_owned(),
        Form::Word(known) => format!("write one of {}", list(known.iter().copied())),
        Form::Words(known) => format!("write one or more of {}", list(known.iter().copied())),
        Form::Text => "write a line of text".to_owned(),
        Form::Subject => "name a subject".to_owned(),
    }
}

/// Settings name subjects, too, and nothing else.
fn named(parts: &Parts, at: &str, fault: &Fault, told: &mut Told) {
    for (key, name) in fault.named() {
        subject(parts, &format!("{at}/with/{key}"), name, told);
    }
}

/// Whether a value is one that the form allows.
fn is_of(form: Form, value: &Value) -> bool {
    match (form, value) {
        (Form::Number(least, most), Value::Number(number)) => least <= *number && *number <= most,
        (Form::Time, Value::Time(time)) => Duration::ZERO < *time,
        (Form::Share, Value::Share(share)) => Ppm::ZERO < *share,
        (Form::Word(known), Value::Words(words)) => words.len() == 1 && words.iter().all(|word| known.contains(word)),
        (Form::Words(known), Value::Words(words)) => !words.is_empty() && words.iter().all(|word| known.contains(word)),
        (Form::Text | Form::Subject, Value::Text(text)) => !text.trim().is_empty(),
        (
            Form::Number(..) | Form::Time | Form::Share | Form::Word(_) | Form::Words(_) | Form::Text | Form::Subject,
            _,
        ) => false,
    }
}

fn times(at: &str, fault: &Fault, told: &mut Told) {
    if fault.length.is_zero() {
        told.add(format!("{at}/for"), "a fault that lasts no time", "say how long, such as `90s`");
    }
    let relies_on = [format!("{at}/do"), format!("{at}/for")];
    let relies_on: Vec<&str> = relies_on.iter().map(String::as_str).collect();
    let mut wrong = |what: String, fix: &str| told.relying(&relies_on, format!("{at}/lease"), what, fix);
    match (fault.verb.plane, fault.lease) {
        (Plane::Data, None) => {
            let fix = "write how long it may outlive the drill, such as `5s`";
            wrong(format!("`{}` needs a lease", fault.verb.name), fix);
        }
        (Plane::Data, Some(_)) if fault.length.is_zero() => {}
        (Plane::Data, Some(lease)) if lease < LEASE_MIN || LEASE_MAX < lease || fault.length < lease => {
            let fix = format!("write {} to {}, and no more than the fault lasts", show(LEASE_MIN), show(LEASE_MAX));
            wrong(format!("a lease of {}", show(lease)), &fix);
        }
        (Plane::Control(_) | Plane::Human, Some(_)) => {
            let what = format!("`{}` cannot end by itself, and so has no lease", fault.verb.name);
            wrong(what, "leave it out; what was there before is kept and written back");
        }
        (Plane::Data, Some(_)) | (Plane::Control(_) | Plane::Human, None) => {}
    }
}

/// Two faults that change the same thing at the same time cannot be undone one by one.
fn overlaps(parts: &Parts, told: &mut Told) {
    for (index, fault) in parts.faults.iter().enumerate() {
        let is_same = |other: &&Fault| {
            other.on == fault.on && (other.verb.name == fault.verb.name || !is_data(other) || !is_data(fault))
        };
        let overlaps = |other: &&Fault| other.at < fault.end() && fault.at < other.end();
        if let Some(other) = parts.faults[..index].iter().filter(is_same).find(overlaps) {
            let what = format!("`{}` and `{}` change `{}` at the same time", other.name, fault.name, fault.on);
            told.relying(
                &["/faults"],
                format!("/faults/{index}"),
                what,
                "let one begin, with `at`, when the other has ended",
            );
        }
    }
}

fn is_data(fault: &Fault) -> bool {
    fault.verb.plane == Plane::Data
}
