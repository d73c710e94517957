//! Conversations in full.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{aggregate, filtered, not_ready};
use crate::platform::{Answer, ApiError, Call, HOME, Reply, iso};
use crate::world::{CallRecord, Stage};

const PAGE_SIZE_MAX: u64 = 200;

/// Conversations in one part of the results of a job.
const RESULTS_PART: u64 = 100;

pub(super) fn interval(call: &Call<'_>) -> Result<(Timestamp, Timestamp), ApiError> {
    aggregate::interval(&call.body)
}

pub(crate) fn query(call: &mut Call<'_>) -> Answer {
    let found = find(call, &call.body)?;
    let paging = &call.body["paging"];
    let (size, number) = (paging["pageSize"].as_u64().unwrap_or(25), paging["pageNumber"].as_u64().unwrap_or(1));
    if size == 0 || size > PAGE_SIZE_MAX || number == 0 {
        return Err(ApiError::invalid(format!(
            "paging takes a pageSize from 1 to {PAGE_SIZE_MAX} and a pageNumber from 1."
        )));
    }
    let skipped = usize::try_from((number - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let total = found.len();
    let page: Vec<Value> = found.into_iter().skip(skipped).take(size as usize).collect();
    // The platform leaves the list out when there is nothing in it.
    let body =
        if page.is_empty() { json!({"totalHits": total}) } else { json!({"conversations": page, "totalHits": total}) };
    Ok(body.into())
}

pub(crate) fn one(call: &mut Call<'_>) -> Answer {
    let id = call.at("conversationId");
    let found = call.world.calls().find(|record| record.conversation_id == id);
    Ok(conversation(call, found.ok_or_else(|| ApiError::not_found("The conversation"))?).into())
}

pub(crate) fn availability(call: &mut Call<'_>) -> Answer {
    Ok(json!({"dataAvailabilityDate": iso(known(call))}).into())
}

pub(crate) fn results(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("details", "jobId")?;
    if stage != Stage::Done {
        return Err(not_ready());
    }
    let found = find(call, &job.asked)?;
    let (part, cursor) = call.part(&found, RESULTS_PART)?;
    let mut body = json!({"conversations": part, "dataAvailabilityDate": iso(known(call))});
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.into();
    }
    Ok(Reply::from(body))
}

/// Until when everything has been ingested.
fn known(call: &Call<'_>) -> Timestamp {
    let lag = Duration::from_millis(call.world.settings.ingestion_lag_ms);
    call.now.wall - SignedDuration::try_from(lag).unwrap_or_default()
}

fn find(call: &Call<'_>, query: &Value) -> Result<Vec<Value>, ApiError> {
    let (from, until) = aggregate::interval(query)?;
    let until = until.min(known(call));
    let (mut flows, mut queues, mut ids, mut anis) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for filter in ["segmentFilters", "conversationFilters"].iter().flat_map(|name| query[name].as_array()).flatten() {
        filtered(filter, "flowId", &mut flows);
        filtered(filter, "queueId", &mut queues);
        filtered(filter, "conversationId", &mut ids);
        filtered(filter, "ani", &mut anis);
    }
    let is_wanted = |record: &&CallRecord| {
        let queue = record.queue.as_deref().and_then(|name| call.world.queues.iter().find(|queue| queue.name == name));
        (record.started_at < until && record.ended_at >= from && record.ended_at < known(call))
            && (flows.is_empty() || flows.contains(&record.flow_id.as_str()))
            && (queues.is_empty() || queue.is_some_and(|queue| queues.iter().any(|id| **id == *queue.id)))
            && (ids.is_empty() || ids.contains(&record.conversation_id.as_str()))
            && (anis.is_empty() || anis.iter().any(|ani| ani.trim_start_matches("tel:") == record.ani))
    };
    let mut found: Vec<&CallRecord> = call.world.calls().filter(is_wanted).collect();
    found.sort_by_key(|record| record.started_at);
    if query["order"] == "desc" {
        found.reverse();
    }
    Ok(found.into_iter().map(|record| conversation(call, record)).collect())
}

fn conversation(call: &Call<'_>, record: &CallRecord) -> Value {
    let (began, ended) = (iso(record.started_at), iso(record.ended_at));
    let segment = |kind: &str, begins: &str, ends: &str| json!({"segmentStart": begins, "segmentEnd": ends, "segmentType": kind, "conference": false});
    let session = |segments: Vec<Value>| {
        json!({"ani": format!("tel:{}", record.ani), "dnis": format!("tel:{}", record.number), "direction": "inbound",
            "mediaType": "voice", "sessionId": record.conversation_id, "segments": segments})
    };
    let customer = json!({"participantId": record.conversation_id, "purpose": "customer",
        "sessions": [session(vec![segment("interact", &began, &ended)])]});
    let mut ivr = session(vec![segment("ivr", &began, &ended)]);
    ivr["flow"] = json!({"flowId": record.flow_id, "flowName": record.flow, "flowVersion": record.version,
        "flowType": "INBOUNDCALL", "exitReason": record.exit, "entryType": "dnis"});
    let mut participants = vec![
        customer,
        json!({"participantId": format!("{}-ivr", record.conversation_id), "purpose": "ivr",
        "participantName": record.flow, "sessions": [ivr]}),
    ];
    if let Some(queue) =
        record.queue.as_deref().and_then(|name| call.world.queues.iter().find(|queue| queue.name == name))
    {
        let waited = record.answered_after.unwrap_or_default();
        let answered = iso(record.ended_at + SignedDuration::try_from(waited).unwrap_or_default());
        let mut waiting = segment("interact", &ended, &answered);
        waiting["queueId"] = (*queue.id).into();
        participants.push(json!({"participantId": format!("{}-acd", record.conversation_id), "purpose": "acd",
            "participantName": queue.name, "sessions": [session(vec![waiting])]}));
    }
    json!({"conversationId": record.conversation_id, "conversationStart": began, "conversationEnd": ended,
        "originatingDirection": "inbound", "divisionIds": [HOME], "participants": participants})
}
