//! Conversations in full.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{aggregate, filtered, not_ready};
use crate::platform::{Answer, ApiError, Call, HOME, Reply, iso};
use crate::world::{CallRecord, Left, Stage};

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
    let called =
        call.world.calls().find(|record| record.conversation_id == id).map(|record| conversation(call, record));
    let left = || call.world.leaks.iter().find(|left| left.id == id).map(|it| left_open(call, it, it.ended_at));
    called.or_else(left).map(Reply::from).ok_or_else(|| ApiError::not_found("The conversation"))
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
    let (mut media, mut is_open_wanted) = (Vec::new(), false);
    for filter in ["segmentFilters", "conversationFilters"].iter().flat_map(|name| query[name].as_array()).flatten() {
        filtered(filter, "mediaType", &mut media);
        is_open_wanted |= wants_open(filter);
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
    if !media.is_empty() && !media.contains(&"voice") {
        return Ok(Vec::new());
    }
    let calls = call.world.calls().filter(|_| !is_open_wanted).filter(is_wanted);
    // That one has ended is not known before it has been ingested.
    let known_end = |left: &Left| left.ended_at.filter(|ended| *ended < known(call));
    let is_wanted = |left: &&Left| {
        (left.began_at < until && known_end(left).is_none_or(|ended| ended >= from && !is_open_wanted))
            && (flows.is_empty() && queues.is_empty())
            && (ids.is_empty() || ids.contains(&left.id.as_str()))
            && (anis.is_empty() || anis.iter().any(|ani| ani.trim_start_matches("tel:") == left.ani))
    };
    let left = call.world.leaks.iter().filter(is_wanted);
    let mut found: Vec<Found<'_>> = calls.map(Found::Called).chain(left.map(Found::Left)).collect();
    found.sort_by_key(|found| match found {
        Found::Called(record) => record.started_at,
        Found::Left(left) => left.began_at,
    });
    if query["order"] == "desc" {
        found.reverse();
    }
    let written = found.into_iter().map(|found| match found {
        Found::Called(record) => conversation(call, record),
        Found::Left(left) => left_open(call, left, known_end(left)),
    });
    Ok(written.collect())
}

enum Found<'a> {
    Called(&'a CallRecord),
    Left(&'a Left),
}

/// Whether only conversations without an end are asked for.
fn wants_open(filter: &Value) -> bool {
    let is_so = |predicate: &Value| predicate["dimension"] == "conversationEnd" && predicate["operator"] == "notExists";
    let list = |name: &str| filter[name].as_array().into_iter().flatten();
    list("predicates").any(is_so) || list("clauses").any(wants_open)
}

/// One that an integration has left open: nobody but the integration is in it.
fn left_open(call: &Call<'_>, left: &Left, ended: Option<Timestamp>) -> Value {
    let mut segment = json!({"segmentStart": iso(left.began_at), "segmentType": "interact", "conference": false});
    if let Some(ended) = ended {
        segment["segmentEnd"] = iso(ended).into();
        segment["disconnectType"] = "system".into();
    }
    let session = json!({"ani": format!("tel:{}", left.ani), "dnis": format!("tel:{}", left.dnis), "direction": "inbound",
        "mediaType": "voice", "sessionId": left.id, "segments": [segment]});
    let name = call.world.actions.integrations().next().map_or("Integration", |integration| integration.name.as_str());
    let participant = json!({"participantId": left.id, "purpose": "external", "participantName": name,
        "sessions": [session]});
    let mut body = json!({"conversationId": left.id, "conversationStart": iso(left.began_at),
        "originatingDirection": "inbound", "divisionIds": [HOME], "participants": [participant]});
    if let Some(ended) = ended {
        body["conversationEnd"] = iso(ended).into();
    }
    body
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
