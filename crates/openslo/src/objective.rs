//! Flaws of an objective as problems, each at the place where it was written.

use budget::{Flaw, Objective};

use crate::alerts::Condition;
use crate::problem::Found;
use crate::tree::Node;

/// Where the parts of an objective were written.
pub(crate) struct Places<'n> {
    pub(crate) id: &'n Node,
    pub(crate) target: &'n Node,
    pub(crate) window: &'n Node,
    pub(crate) slice: &'n Node,
    pub(crate) slice_target: &'n Node,
    pub(crate) alerts: &'n Node,
}

/// Notes what is wrong with an objective; true when nothing is.
pub(crate) fn check(objective: &Objective, places: &Places<'_>, rules: &[Condition], found: &mut Found) -> bool {
    let flaws = objective.flaws();
    for flaw in &flaws {
        let (node, hint) = match flaw {
            Flaw::Id => (places.id, "write `crm-lookup`"),
            Flaw::TargetZero | Flaw::TargetWhole => (places.target, "99.5 % is where many begin"),
            Flaw::Window => (places.window, "30 days are what most promise"),
            Flaw::Slice => (places.slice, "write `5m`"),
            Flaw::SliceTarget => (places.slice_target, "write `0.95`"),
            Flaw::TooManyRules => (places.alerts, "two that page and one that does not are enough"),
            Flaw::RuleWindows(place) | Flaw::RuleBurn(place) | Flaw::RuleNeverHolds(place, _) => {
                let hint = "change this rule, or leave all rules out: then those that are standard and fit hold";
                let message = format!("for `{}`, {flaw}", objective.id);
                match rules.get(*place) {
                    Some(rule) => found.wrong_at(rule.at, &rule.path, message, hint),
                    None => found.wrong(places.alerts, message, hint),
                }
                continue;
            }
        };
        found.wrong(node, flaw.to_string(), hint);
    }
    flaws.is_empty()
}
