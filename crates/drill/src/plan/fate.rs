//! Do things that must not fall together have something in common?
//!
//! Two trunks through one gateway are one trunk. A drill of their redundancy would pass today and prove nothing, so it is
//! refused before anything is broken.

use std::collections::BTreeSet;

use super::{Cause, Reason};
use crate::experiment::{Environment, Parts};
use crate::guard::Independence;
use crate::situation::Situation;
use crate::subject::{Subject, Tie};

pub(super) fn reasons(parts: &Parts, situation: &Situation) -> Vec<Reason> {
    let mut reasons: Vec<Reason> =
        parts.subjects.iter().flat_map(|(name, subject)| differs(name, subject, situation)).collect();
    for group in &parts.guard.independent {
        for tie in &group.differ_in {
            reasons.extend(unknown(parts, situation, group, *tie));
            reasons.extend(common(parts, situation, group, *tie));
        }
    }
    reasons
}

/// What a subject leads through; `None` when nobody knows.
fn found<'a>(subject: &Subject, situation: &'a Situation, tie: Tie) -> Option<&'a BTreeSet<String>> {
    let thing = situation.things.get(&(subject.kind, subject.reference.clone()))?;
    thing.ties.get(&tie).filter(|names| !names.is_empty())
}

/// A file that says other things than the environment is not about this environment.
fn differs(name: &str, subject: &Subject, situation: &Situation) -> Vec<Reason> {
    let differs =
        |tie: &Tie, written: &BTreeSet<String>| found(subject, situation, *tie).is_some_and(|found| found != written);
    let reason = |(tie, written): (&Tie, &BTreeSet<String>)| {
        let found = found(subject, situation, *tie).map(names).unwrap_or_default();
        Reason {
            cause: Cause::Elsewhere,
            about: name.to_owned(),
            what: format!("the file says {} {}, and {found} was found", tie.word(), names(written)),
            fix: "correct the file, or find out who has changed the environment".to_owned(),
        }
    };
    subject.ties.iter().filter(|(tie, written)| differs(tie, written)).map(reason).collect()
}

fn unknown(parts: &Parts, situation: &Situation, group: &Independence, tie: Tie) -> Vec<Reason> {
    let subjects = group.of.iter().filter_map(|name| Some((name, parts.subjects.get(name)?)));
    let is_unknown = |subject: &Subject| found(subject, situation, tie).is_none();
    let fix = match situation.environment {
        Environment::Lab => format!("say `{}` under `depends_on` of the subject: a lab is built like it", tie.word()),
        Environment::Staging | Environment::Production => {
            format!("find out its {}, and name it in the situation", tie.word())
        }
    };
    let reason = |name: &String| Reason {
        cause: Cause::Unknown,
        about: name.clone(),
        what: format!("nobody knows its {}", tie.word()),
        fix: fix.clone(),
    };
    subjects.filter(|(_, subject)| is_unknown(subject)).map(|(name, _)| reason(name)).collect()
}

fn common(parts: &Parts, situation: &Situation, group: &Independence, tie: Tie) -> Vec<Reason> {
    let known: Vec<(&String, &BTreeSet<String>)> =
        group.of.iter().filter_map(|name| Some((name, found(parts.subjects.get(name)?, situation, tie)?))).collect();
    let mut reasons = Vec::new();
    for (index, (one, ones)) in known.iter().enumerate() {
        for (other, others) in known[index + 1..].iter().filter(|(other, _)| other != one) {
            let shared: BTreeSet<String> = ones.intersection(others).cloned().collect();
            if !shared.is_empty() {
                reasons.push(Reason {
                    cause: Cause::CommonFate,
                    about: format!("{one} and {other}"),
                    what: format!("both lead through {} {}: they fall together", tie.word(), names(&shared)),
                    fix: format!("give one of them another {}, or do not count on the two", tie.word()),
                });
            }
        }
    }
    reasons
}

fn names(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
