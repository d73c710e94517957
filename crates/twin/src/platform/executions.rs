//! Outcomes, milestones, and flows that are launched rather than called.

use serde_json::{Value, json};

use super::Need::{All, Any};
use super::kinds::{EXECUTION, MILESTONE, OUTCOME};
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::{Fact, FlowRef, Service};

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("GET", "/api/v2/flows/outcomes", Any(&["architect:flowOutcome:view"]), |call| call.list(&OUTCOME)),
        ("POST", "/api/v2/flows/outcomes", All(&["architect:flowOutcome:add"]), |call| {
            call.create(&OUTCOME, "Architect", "FlowOutcome")
        }),
        ("GET", "/api/v2/flows/milestones", Any(&["architect:flowMilestone:view"]), |call| call.list(&MILESTONE)),
        ("POST", "/api/v2/flows/executions", Any(&["architect:flow:launch"]), launch),
        ("GET", "/api/v2/flows/executions/{flowExecutionId}", Any(&["architect:flowExecution:view"]), show),
    ],
};

/// Only workflow flows can be launched; they are not executed here, and complete after a moment.
fn launch(call: &mut Call<'_>) -> Answer {
    let flow_id = call.text("flowId")?;
    let flow = call.world.flows.by_id(&flow_id).ok_or_else(|| ApiError::not_found("The flow"))?;
    if flow.kind != "WORKFLOW" {
        return Err(ApiError::bad_request("Only flows of the type WORKFLOW can be launched."));
    }
    let wanted = call.object()?.get("flowVersion").and_then(Value::as_str);
    let version = match wanted {
        Some(wanted) => flow.versions.iter().find(|version| version.id() == wanted),
        None => flow.published(),
    };
    let version = version.ok_or_else(|| ApiError::conflict("The flow has no such published version."))?.id();
    let named = FlowRef { id: flow_id.clone(), name: flow.name.clone(), version: version.clone() };
    let name = call.object()?.get("name").and_then(Value::as_str).unwrap_or(&named.name).to_owned();
    let id = call.id();
    let execution = json!({"name": name, "flowId": flow_id, "version": version, "launched": call.now.mono.as_millis(),
        "dateLaunched": iso(call.now.wall)});
    let added = call.world.documents.add(&EXECUTION, &id, execution).map(|_| ());
    added.map_err(|error| call.refused(&EXECUTION, error))?;
    call.world.log.add(call.now.wall, &super::nobody(), Fact::Launched(named.into()));
    let uri = format!("/api/v2/flows/{flow_id}/versions/{version}");
    let body = json!({"id": id, "name": name, "flowVersion": {"id": version, "selfUri": uri},
        "selfUri": format!("/api/v2/flows/executions/{id}")});
    Ok(body.into())
}

fn show(call: &mut Call<'_>) -> Answer {
    let execution = call.document(&EXECUTION, call.at("flowExecutionId"))?;
    let launched = execution["launched"].as_u64().unwrap_or(0);
    let is_done = call.now.mono.as_millis().saturating_sub(launched) >= 2 * call.world.settings.job_state_ms;
    let mut body = json!({
        "id": execution["id"], "name": execution["name"], "dateLaunched": execution["dateLaunched"],
        "status": if is_done { "COMPLETED" } else { "RUNNING" }, "flowVersion": {"id": execution["version"]},
        "selfUri": call.uri,
    });
    if is_done {
        body["dateCompleted"] = iso(call.now.wall).into();
        body["outputData"] = json!({});
    }
    Ok(body.into())
}
