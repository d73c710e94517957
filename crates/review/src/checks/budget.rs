//! Is there reliability left to spend?

use crate::catalogue::Check;
use crate::facts::Facts;
use crate::finding::{Judged, Weight};
use crate::plan::Plan;
use crate::words::count;

pub(crate) struct Budget;

impl Check for Budget {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        if plan.objectives.is_empty() {
            return Judged::skipped("the plan names no objectives");
        }
        let mut judged = Judged::default();
        let gates = match &facts.gates {
            Ok(gates) => gates,
            Err(gap) => {
                judged.gap("gate", gap);
                return judged;
            }
        };
        for gate in gates {
            let reasons = gate.reasons.join("; ");
            match gate.is_allowed {
                Some(true) => {}
                Some(false) => judged.blocks(
                    &gate.of,
                    format!("The gate is shut: {reasons}."),
                    "Launch when there is budget again; `steadyline budget show` says when that will be.",
                ),
                None => {
                    let what = format!("Nobody knows whether the gate is open: {reasons}.");
                    judged.add(
                        Weight::Unknown,
                        &gate.of,
                        what,
                        "See why its counts are missing: `steadyline budget show`.",
                    );
                }
            }
        }
        judged.summary = format!("{} asked", count(gates.len(), "gate"));
        judged
    }
}
