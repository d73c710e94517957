//! The platform's own alert rules, which are kept and never fire, and triggers on events.

use serde_json::{Value, json};

use super::Need::{All, Any};
use super::kinds::{RULE, TRIGGER};
use super::{Answer, ApiError, Call, Table};
use crate::world::Service;

pub(super) static TABLE: Table = Table {
    service: Service::Alerting,
    operations: &[
        ("POST", "/api/v2/alerting/rules", Any(&["alerting:rule:add"]), create),
        ("POST", "/api/v2/alerting/rules/query", Any(&["alerting:rule:view"]), rules),
        ("POST", "/api/v2/alerting/alerts/query", Any(&["alerting:alert:view"]), alerts),
        ("GET", "/api/v2/processautomation/triggers", All(&["processautomation:trigger:view"]), |call| {
            let all = call.named(&TRIGGER);
            call.cursor(all, 200)
        }),
        ("POST", "/api/v2/processautomation/triggers", All(&["processautomation:trigger:add"]), trigger),
    ],
};

/// What a rule can be about.
const TYPES: [&str; 5] =
    ["ConversationMetrics", "UserPresence", "WorkforceManagement", "OperationalConsole", "Anomaly"];

fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("name")?;
    let mut rule = call.object()?.clone();
    let kind = rule.get("type").and_then(Value::as_str);
    if !kind.is_some_and(|kind| TYPES.contains(&kind)) {
        return Err(ApiError::invalid(format!("The field type must be one of {}.", TYPES.join(", "))));
    }
    rule.remove("id");
    rule.insert("inAlarm".to_owned(), false.into());
    let id = call.id();
    let added = call.world.documents.add(&RULE, &id, Value::Object(rule)).cloned();
    let added = added.map_err(|error| call.refused(&RULE, error))?;
    call.audit(crate::world::Change {
        service: "Alerting",
        entity_type: "Rule",
        action: "Create",
        id: &id,
        name: &name,
    });
    Ok(Value::Object(added).into())
}

fn rules(call: &mut Call<'_>) -> Answer {
    let all = call.world.documents.all(&RULE).iter().cloned().map(Value::Object).collect();
    call.page(all)
}

fn alerts(call: &mut Call<'_>) -> Answer {
    call.page(Vec::new())
}

fn trigger(call: &mut Call<'_>) -> Answer {
    call.text("topicName")?;
    if call.object()?.get("target").is_none_or(|target| target["id"].as_str().is_none()) {
        return Err(ApiError::invalid("The field target must name a workflow by its id."));
    }
    let (name, id) = (call.text("name")?, call.id());
    let trigger = Value::Object(call.object()?.clone());
    let added = call.world.documents.add(&TRIGGER, &id, trigger).cloned();
    let added = added.map_err(|error| call.refused(&TRIGGER, error))?;
    call.audit(crate::world::Change {
        service: "ProcessAutomation",
        entity_type: "Trigger",
        action: "Create",
        id: &id,
        name: &name,
    });
    Ok(json!(added).into())
}
