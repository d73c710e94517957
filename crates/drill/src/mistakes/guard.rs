//! Guards that guard nothing.

use std::collections::BTreeSet;

use super::{Told, subject};
use crate::experiment::{Environment, Parts};

/// The fewest people that agree on a drill in production.
pub const PRODUCTION_APPROVALS_MIN: u32 = 2;

pub(super) fn check(parts: &Parts, told: &mut Told) {
    let guard = &parts.guard;
    for (index, group) in guard.independent.iter().enumerate() {
        let at = format!("/guard/independent/{index}");
        for (place, name) in group.of.iter().enumerate() {
            subject(parts, &format!("{at}/of/{place}"), name, told);
        }
        if group.of.iter().collect::<BTreeSet<_>>().len() < 2 {
            told.relying(
                &[&format!("{at}/of")],
                format!("{at}/of"),
                "one thing alone is always independent",
                "name two subjects at least",
            );
        }
        if group.differ_in.is_empty() {
            told.relying(
                &[&format!("{at}/differ_in")],
                format!("{at}/differ_in"),
                "nothing to differ in",
                "name what they must not have in common, such as `carrier`",
            );
        }
    }
    let approvals = |environment: Environment| guard.approvals.get(environment.word());
    if approvals(Environment::Production).is_some_and(|count| *count < PRODUCTION_APPROVALS_MIN) {
        let what = format!("in production {PRODUCTION_APPROVALS_MIN} people agree at least");
        told.add("/guard/approvals/production", what, format!("write {PRODUCTION_APPROVALS_MIN} or more"));
    }
    if parts.environment == Environment::Production && guard.windows.allow.is_empty() {
        let fix = "say when people are there to see it: `allow: [\"Mon-Thu 09:00-16:00Z\"]`";
        told.relying(&["/environment"], "/guard/windows/allow", "a drill in production at any time", fix);
    }
    if parts.environment == Environment::Production && guard.windows.deny_when != crate::Deny::ALL.into() {
        let fix = "leave `deny_when` out, or name maintenance, open-incident and budget-exhausted";
        told.relying(&["/environment"], "/guard/windows/deny_when", "in production each of them forbids a drill", fix);
    }
}
