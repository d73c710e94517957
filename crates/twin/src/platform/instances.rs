//! Executions of flows after the fact: which ended in an error, and with which Data Action it began.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Need::{All, Any};
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::{AskOutcome, CallRecord, Ended, Service, Stage};

const VIEW: super::Need = Any(&["architect:flowInstance:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("GET", "/api/v2/flows/instances/querycapabilities", Any(&["architect:flowInstance:search"]), capabilities),
        ("POST", "/api/v2/flows/instances/query", All(&["architect:flowInstance:search"]), query),
        ("GET", "/api/v2/flows/instances/settings/executiondata", VIEW, settings),
        ("POST", "/api/v2/flows/instances/jobs", VIEW, prepare),
        ("GET", "/api/v2/flows/instances/jobs/{jobId}", VIEW, prepared),
        ("GET", "/api/v2/flows/instances/{instanceId}", VIEW, instance),
    ],
};

/// Hits of one search.
const HITS_MAX: usize = 200;

/// What can be searched for, with its type and the comparisons that make sense.
const CRITERIA: [(&str, &str, &[&str]); 8] = [
    ("FlowStartDateTime", "datetime", &["gte", "lte", "gt", "lt", "eq"]),
    ("FlowEndDateTime", "datetime", &["gte", "lte", "gt", "lt", "eq"]),
    ("ConversationId", "string", &["eq"]),
    ("FlowId", "string", &["eq"]),
    ("FlowType", "string", &["eq"]),
    ("FlowErrorReason", "string", &["eq", "is_null", "not_null"]),
    ("FlowWarningReason", "string", &["eq", "is_null", "not_null"]),
    ("FlowActionOutputPathName", "string", &["eq"]),
];

fn capabilities(_: &mut Call<'_>) -> Answer {
    let criteria: Vec<Value> = CRITERIA
        .iter()
        .map(|(key, kind, operators)| {
            json!({"criteriaKey": key, "criteriaGroups": ["Flow"], "description": key, "operators": operators, "dataType": kind})
        })
        .collect();
    let body = json!({"criteria": criteria, "flowTypes": ["INBOUNDCALL"], "actionTypes": ["CallDataAction"],
        "errorCodes": ["FLOW_ERROR_DISCONNECT"], "warningCodes": ["DATA_ACTION_FAILURE", "DATA_ACTION_TIMEOUT"]});
    Ok(body.into())
}

fn settings(call: &mut Call<'_>) -> Answer {
    let enabled = call.world.settings.execution_history;
    Ok(json!({"id": "executiondata", "enabled": enabled, "selfUri": call.uri}).into())
}

fn query(call: &mut Call<'_>) -> Answer {
    let queries = call.object()?.get("query").and_then(Value::as_array).cloned();
    let queries = queries.ok_or_else(|| ApiError::invalid("The field query is required."))?;
    if !call.world.settings.execution_history {
        return Ok(json!({"entities": []}).into());
    }
    let mut hits = Vec::new();
    for record in call.world.calls().rev() {
        if satisfies(record, &queries)? {
            hits.push(hit(record));
            if hits.len() >= HITS_MAX {
                break;
            }
        }
    }
    call.page(hits)
}

/// Whether one of the queries holds: in each, all of `and` and one of `or`.
fn satisfies(record: &CallRecord, queries: &[Value]) -> Result<bool, ApiError> {
    for query in queries {
        let all = query["and"].as_array().into_iter().flatten();
        let mut holds = true;
        for criterion in all {
            holds &= meets(record, criterion)?;
        }
        let mut any = query["or"].as_array().map(Vec::is_empty).unwrap_or(true);
        for criterion in query["or"].as_array().into_iter().flatten() {
            any |= meets(record, criterion)?;
        }
        if holds && any {
            return Ok(true);
        }
    }
    Ok(queries.is_empty())
}

fn meets(record: &CallRecord, criterion: &Value) -> Result<bool, ApiError> {
    let key = criterion["key"].as_str().unwrap_or_default();
    let operator = criterion["operator"].as_str().unwrap_or("eq");
    let Some((_, kind, operators)) = CRITERIA.iter().find(|(known, _, _)| *known == key) else {
        return Err(ApiError::invalid(format!("The criterion {key} is not known.")));
    };
    if !operators.contains(&operator) {
        return Err(ApiError::invalid(format!("The criterion {key} cannot be compared by {operator}.")));
    }
    if *kind == "datetime" {
        let at = if key == "FlowStartDateTime" { record.started_at } else { record.ended_at };
        let wanted: Timestamp = criterion["value"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ApiError::new(400, "invalid.date", format!("The value of {key} is no date and time.")))?;
        return Ok(match operator {
            "gte" => at >= wanted,
            "lte" => at <= wanted,
            "gt" => at > wanted,
            "lt" => at < wanted,
            _ => at == wanted,
        });
    }
    let outputs: Vec<&str> = match key {
        "ConversationId" => vec![&record.conversation_id],
        "FlowId" => vec![&record.flow_id],
        "FlowType" => vec!["INBOUNDCALL"],
        "FlowErrorReason" => error_of(record).into_iter().collect(),
        "FlowWarningReason" => warning_of(record).into_iter().collect(),
        _ => record.data_actions.iter().map(|ask| output_of(ask.outcome)).collect(),
    };
    let wanted = criterion["value"].as_str().unwrap_or_default();
    Ok(match operator {
        "is_null" => outputs.is_empty(),
        "not_null" => !outputs.is_empty(),
        _ => outputs.iter().any(|output| output.eq_ignore_ascii_case(wanted)),
    })
}

fn output_of(outcome: AskOutcome) -> &'static str {
    match outcome {
        AskOutcome::Ok => "Success",
        AskOutcome::Failure => "Failure",
        AskOutcome::Timeout => "Timeout",
    }
}

fn error_of(record: &CallRecord) -> Option<&'static str> {
    (record.ended == Ended::Loop || record.is_error).then_some("FLOW_ERROR_DISCONNECT")
}

fn warning_of(record: &CallRecord) -> Option<&'static str> {
    record.data_actions.iter().find_map(|ask| match ask.outcome {
        AskOutcome::Ok => None,
        AskOutcome::Failure => Some("DATA_ACTION_FAILURE"),
        AskOutcome::Timeout => Some("DATA_ACTION_TIMEOUT"),
    })
}

fn hit(record: &CallRecord) -> Value {
    let mut hit = json!({
        "id": record.conversation_id, "flowId": record.flow_id, "flowVersion": record.version, "flowName": record.flow,
        "flowType": "INBOUNDCALL", "conversationId": record.conversation_id, "startDateTime": iso(record.started_at),
        "endDateTime": iso(record.ended_at), "selfUri": format!("/api/v2/flows/instances/{}", record.conversation_id),
    });
    if let Some(reason) = error_of(record) {
        hit["flowErrorReason"] = reason.into();
    }
    if let Some(reason) = warning_of(record) {
        hit["flowWarningReason"] = reason.into();
    }
    hit
}

fn instance(call: &mut Call<'_>) -> Answer {
    let id = call.at("instanceId");
    call.world
        .calls()
        .find(|record| record.conversation_id == id)
        .ok_or_else(|| ApiError::not_found("The instance"))?;
    let entity = json!({"id": id, "downloadUri": format!("{}/twin/instances/{id}", call.base), "failed": false, "statusCode": "200"});
    Ok(json!({"id": id, "entities": [entity], "jobState": "Success", "selfUri": call.uri}).into())
}

fn prepare(call: &mut Call<'_>) -> Answer {
    let id = call.begin("instances");
    Ok(json!({"id": id, "entities": [], "jobState": "Registered", "selfUri": format!("/api/v2/flows/instances/jobs/{id}")}).into())
}

fn prepared(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("instances", "jobId")?;
    let state = match stage {
        Stage::Registered => "Registered",
        Stage::Running => "Running",
        Stage::Done => "Success",
    };
    let ids: Vec<&str> = job.asked["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let entity = |id: &&str| {
        let is_known = call.world.calls().any(|record| record.conversation_id == **id);
        let status = if is_known { "200" } else { "404" };
        let mut entity = json!({"id": id, "failed": !is_known, "statusCode": status});
        if is_known {
            entity["downloadUri"] = format!("{}/twin/instances/{id}", call.base).into();
        }
        entity
    };
    let entities: Vec<Value> = if stage == Stage::Done { ids.iter().map(entity).collect() } else { Vec::new() };
    Ok(json!({"id": call.at("jobId"), "entities": entities, "jobState": state, "selfUri": call.uri}).into())
}
