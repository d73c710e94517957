//! The section `review`, as `config show` shows it.

use config::{Health, NightlyPlan, PLATFORM_TARGET, Review};
use serde_json::{Map, Value, json};

use super::show::{platform, put, span};
use super::written::Written;

pub(super) fn shown(review: &Review, written: &Written) -> Value {
    let named = review.targets.iter().filter(|target| target.name != PLATFORM_TARGET);
    let targets: Map<String, Value> = named
        .map(|target| {
            let mut shown = platform(&target.platform, &["review", "targets", &target.name], written);
            shown["isProduction"] = target.is_production.into();
            (target.name.clone(), shown)
        })
        .collect();
    let integrations: Map<String, Value> =
        review.integrations.iter().map(|health| (health.name.clone(), self::health(health))).collect();
    let plans: Vec<Value> = review.plans.iter().map(plan).collect();
    let mut shown = json!({ "targets": targets, "integrations": integrations, "plans": plans });
    put(&mut shown, "owner", review.owner.as_deref());
    shown
}

fn plan(plan: &NightlyPlan) -> Value {
    let NightlyPlan { file, target, at, zone, keep, touch_production } = plan;
    let at = at.strftime("%H:%M").to_string();
    let mut shown =
        json!({ "file": file, "target": target, "at": at, "keep": keep, "touchProduction": touch_production });
    put(&mut shown, "zone", zone.iana_name());
    shown
}

fn health(health: &Health) -> Value {
    let Health { name: _, action, inputs, url, sla, samples } = health;
    let mut shown = json!({ "inputs": inputs, "sla": span(*sla), "samples": samples });
    put(&mut shown, "action", action.as_deref());
    put(&mut shown, "url", url.as_deref());
    shown
}
