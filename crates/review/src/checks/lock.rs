//! Does nobody else work on the flows?

use crate::catalogue::Check;
use crate::facts::Facts;
use crate::finding::Judged;
use crate::plan::Plan;
use crate::words::{count, time};

pub(crate) struct Lock;

impl Check for Lock {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        let flows = match &facts.flows {
            Ok(flows) => flows,
            Err(gap) => {
                judged.gap(&facts.target, gap);
                return judged;
            }
        };
        for flow in flows {
            let holder = match &flow.lock {
                Ok(None) => continue,
                Ok(Some(holder)) => holder,
                Err(gap) => {
                    judged.gap(&flow.name, gap);
                    continue;
                }
            };
            let since = holder.since.map_or_else(String::new, |since| format!(" for {}", time(since)));
            let is_stale = holder.since.is_some_and(|since| plan.limits.stale_lock <= since);
            match (holder.is_ours, is_stale) {
                (true, _) => judged.blocks(
                    &flow.name,
                    format!("It is locked by this pipeline's own client{since}: an earlier run has not given it back."),
                    "Give it back with `steadyline flow unlock`, unless a run is still going on.",
                ),
                (false, true) => judged.blocks(
                    &flow.name,
                    format!("{} has it locked{since}; the lock looks forgotten.", holder.name),
                    format!("Ask {}, then take it away with `steadyline flow unlock --force`.", holder.name),
                ),
                (false, false) => judged.blocks(
                    &flow.name,
                    format!("{} has it locked{since}: a publish would fail, or overwrite their work.", holder.name),
                    format!("Ask {} to check it in.", holder.name),
                ),
            }
        }
        judged.summary = format!("{} looked at", count(flows.len(), "flow"));
        judged
    }
}
