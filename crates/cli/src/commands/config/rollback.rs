//! The section `rollback`, with every default written out.

use config::{Rollback, RollbackFlow};
use rollback::Rule;
use rollback::act::Locked;
use serde_json::{Map, Value, json};

use super::show::{share, span};

/// When a release is gone back from.
pub(super) fn shown(rollback: &Rollback) -> Value {
    let Rollback { policy, false_rollbacks_per_year, releases_per_year, history, arm_after, lockout, locked, flows } =
        rollback;
    json!({
        "policy": match policy.rule {
            Rule::Guide => "guide",
            Rule::Evidence => "evidence",
            Rule::Both => "both",
        },
        "falseRollbacksPerYear": false_rollbacks_per_year,
        "releasesPerYear": releases_per_year,
        "guide": {
            "trip": share(policy.guide.trip),
            "clear": share(policy.guide.clear),
            "minutes": policy.guide.minutes,
            "volume": policy.guide.volume,
        },
        "watch": policy.length.to_string(),
        "watchQuiet": policy.length_quiet.to_string(),
        "history": history.to_string(),
        "armAfter": arm_after.to_string(),
        "lockout": span(*lockout),
        "locked": match locked {
            Locked::HandOver => "handOver",
            Locked::Unlock => "unlock",
        },
        "flows": flows.iter().map(|flow| (flow.name.clone(), self::flow(flow))).collect::<Map<_, _>>(),
    })
}

fn flow(flow: &RollbackFlow) -> Value {
    let RollbackFlow { name: _, mode, siblings } = flow;
    let mut shown = json!({ "mode": mode.word() });
    if let Some(siblings) = siblings {
        shown["siblings"] = json!(siblings);
    }
    shown
}
