//! Would anybody notice?

use crate::catalogue::Check;
use crate::facts::Facts;
use crate::finding::Judged;
use crate::plan::Plan;
use crate::words::count;

pub(crate) struct Observability;

impl Check for Observability {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        if plan.integrations.is_empty() {
            return Judged::skipped("the plan names no integrations");
        }
        let mut judged = Judged::default();
        let objectives = match &facts.objectives {
            Ok(objectives) => objectives,
            Err(gap) => {
                judged.gap("objectives", gap);
                return judged;
            }
        };
        for it in &plan.integrations {
            let Some(id) = &it.objective else {
                let fix = "Define one under `budget`, and name it in the plan under `objective`.";
                judged.blocks(&it.name, "No objective says how well it must answer.", fix);
                continue;
            };
            let Some(objective) = objectives.iter().find(|objective| objective.id == *id) else {
                let what = format!("Its objective `{id}` is not defined.");
                judged.blocks(&it.name, what, "Define it under `budget`, or correct the plan.");
                continue;
            };
            if !objective.has_alerts {
                let what = format!("Nobody is told when its objective `{id}` is missed.");
                judged.blocks(&it.name, what, "Give the objective an alert policy.");
            }
            if it.owner.is_none() && objective.owner.is_none() {
                let fix = "Name the team that mends it, under `owner` in the plan.";
                judged.blocks(&it.name, "Nobody owns what is behind it.", fix);
            }
        }
        judged.summary = format!("{} looked at", count(plan.integrations.len(), "integration"));
        judged
    }
}
