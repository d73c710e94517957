//! What happens now, without an interval.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::filtered;
use crate::platform::{Answer, ApiError, Call, iso};
use crate::world::Queue;

/// A metric with its qualifier and count.
type Datum = (&'static str, Option<&'static str>, u64);

/// Metrics that are not served are left out of the answer, as empty groups are on the platform.
pub(crate) fn queues(call: &mut Call<'_>) -> Answer {
    let (asked, wanted) = (metrics(call), named(call, "queueId")?);
    let details: Vec<&str> =
        call.body["detailMetrics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut results = Vec::new();
    for queue in call.world.queues.iter().filter(|queue| wanted.iter().any(|id| **id == *queue.id)) {
        let mut calls =
            data(&asked, &[("oWaiting", None, queue.waiting() as u64), ("oInteracting", None, u64::from(queue.busy))]);
        if let (true, Some(longest)) = (details.contains(&"oWaiting"), queue.longest_wait(call.now.mono)) {
            let since = call.now.wall - jiff::SignedDuration::try_from(longest).unwrap_or_default();
            let first = json!({"observationDate": iso(since), "queueId": *queue.id});
            calls
                .iter_mut()
                .filter(|datum| datum["metric"] == "oWaiting")
                .for_each(|datum| datum["observations"] = json!([first]));
        }
        push(&mut results, json!({"queueId": *queue.id, "mediaType": "voice"}), calls);
        push(&mut results, json!({"queueId": *queue.id}), data(&asked, &agents_of(queue)));
    }
    Ok(json!({"systemToOrganizationMappings": {}, "results": results}).into())
}

fn agents_of(queue: &Queue) -> [Datum; 7] {
    let (all, busy) = (u64::from(queue.agents), u64::from(queue.busy));
    [
        ("oOnQueueUsers", Some("IDLE"), all.saturating_sub(busy)),
        ("oOnQueueUsers", Some("INTERACTING"), busy),
        ("oOffQueueUsers", None, 0),
        ("oActiveUsers", None, all),
        ("oMemberUsers", None, all),
        ("oUserRoutingStatuses", Some("IDLE"), all.saturating_sub(busy)),
        ("oUserRoutingStatuses", Some("INTERACTING"), busy),
    ]
}

pub(crate) fn flows(call: &mut Call<'_>) -> Answer {
    let wanted = named(call, "flowId")?;
    let counted = in_flows(call);
    let results: Vec<Value> = counted
        .iter()
        .filter(|((id, _), _)| wanted.contains(&id.as_str()))
        .map(|((id, _), count)| {
            let datum = json!({"metric": "oFlow", "stats": {"count": count}});
            json!({"group": {"flowId": id, "mediaType": "voice"}, "data": [datum]})
        })
        .collect();
    Ok(json!({"results": results}).into())
}

pub(crate) fn flow_activity(call: &mut Call<'_>) -> Answer {
    let by: Vec<&str> = call.body["groupBy"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for ((id, _), count) in in_flows(call) {
        *groups.entry(if by.contains(&"flowId") { id } else { String::new() }).or_default() += count;
    }
    let results: Vec<Value> = groups
        .into_iter()
        .map(|(id, count)| {
            let group = if id.is_empty() { json!({}) } else { json!({"flowId": id}) };
            json!({"group": group, "data": [{"metric": "oFlow", "count": count}], "truncated": false})
        })
        .collect();
    Ok(json!({"results": results, "entityIdDimension": "conversationId"}).into())
}

fn in_flows(call: &Call<'_>) -> BTreeMap<(String, String), u64> {
    let mut counted = BTreeMap::new();
    for flow in call.world.in_flows() {
        *counted.entry((flow.id.clone(), flow.version.clone())).or_default() += 1;
    }
    counted
}

pub(crate) fn conversations(call: &mut Call<'_>) -> Answer {
    by_queue(call, "conversationId", |queue| {
        json!([
            {"metric": "oWaiting", "count": queue.waiting()},
            {"metric": "oInteracting", "count": queue.busy},
        ])
    })
}

pub(crate) fn routing(call: &mut Call<'_>) -> Answer {
    by_queue(call, "userId", |queue| {
        json!([
            {"metric": "oUserRoutingStatuses", "qualifier": "IDLE", "count": queue.agents.saturating_sub(queue.busy)},
            {"metric": "oUserRoutingStatuses", "qualifier": "INTERACTING", "count": queue.busy},
        ])
    })
}

/// A group for each queue that the filter names, or for all.
fn by_queue(call: &Call<'_>, entity: &str, data: impl Fn(&Queue) -> Value) -> Answer {
    let mut wanted = Vec::new();
    filtered(&call.body["filter"], "queueId", &mut wanted);
    let queues = call.world.queues.iter();
    let results: Vec<Value> = queues
        .filter(|queue| wanted.is_empty() || wanted.iter().any(|id| **id == *queue.id))
        .map(|queue| json!({"group": {"queueId": *queue.id}, "data": data(queue), "truncated": false}))
        .collect();
    Ok(json!({"results": results, "entityIdDimension": entity}).into())
}

pub(crate) fn agents(call: &mut Call<'_>) -> Answer {
    let (mut idle, mut busy) = (0, 0);
    for queue in call.world.queues.iter() {
        busy += queue.busy;
        idle += queue.agents.saturating_sub(queue.busy);
    }
    let body = json!({
        "segmentCounts": [{"segmentType": "INTERACT", "count": busy}],
        "presenceCounts": [{"systemPresence": "ON_QUEUE", "count": idle + busy}],
        "routingStatusCounts": [{"routingStatus": "IDLE", "count": idle}, {"routingStatus": "INTERACTING", "count": busy}],
        "isOutOfOfficeCounts": [{"isOutOfOffice": false, "count": idle + busy}],
        "adherenceStateCounts": [], "scheduledActivityCategoryCounts": [], "actualActivityCategoryCounts": [],
    });
    Ok(body.into())
}

/// This organisation knows its agents by number only.
pub(crate) fn users(call: &mut Call<'_>) -> Answer {
    named(call, "userId")?;
    Ok(json!({"results": []}).into())
}

fn metrics(call: &Call<'_>) -> Vec<String> {
    call.body["metrics"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What the filter names, which must be something.
fn named<'c>(call: &'c Call<'_>, dimension: &str) -> Result<Vec<&'c str>, ApiError> {
    let mut found = Vec::new();
    filtered(&call.body["filter"], dimension, &mut found);
    let missing = || ApiError::bad_request(format!("The filter must name at least one {dimension}."));
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

fn data(asked: &[String], counted: &[Datum]) -> Vec<Value> {
    let wanted = counted.iter().filter(|(metric, _, _)| asked.is_empty() || asked.iter().any(|asked| asked == metric));
    wanted
        .map(|(metric, qualifier, count)| {
            let mut datum = json!({"metric": metric, "stats": {"count": count}});
            if let Some(qualifier) = qualifier {
                datum["qualifier"] = (*qualifier).into();
            }
            datum
        })
        .collect()
}

fn push(results: &mut Vec<Value>, group: Value, data: Vec<Value>) {
    if !data.is_empty() {
        results.push(json!({"group": group, "data": data}));
    }
}
