//! Queues and what happens in them now.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};

use super::paging::{Page, PageQuery, page};
use super::{ApiError, Twin};
use crate::world::Queue;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueueBody {
    id: String,
    name: String,
    member_count: u32,
    joined_member_count: u32,
    self_uri: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct QueuesQuery {
    name: Option<String>,
}

pub(super) async fn list(
    State(shared): Twin,
    Query(query): Query<QueuesQuery>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<QueueBody>>, ApiError> {
    let world = shared.world();
    let is_wanted = |queue: &&Queue| query.name.as_deref().is_none_or(|name| queue.name.eq_ignore_ascii_case(name));
    let queues = world.queues.iter().filter(is_wanted).map(queue_body).collect();
    Ok(Json(page(queues, paging, "/api/v2/routing/queues")?))
}

pub(super) async fn one(State(shared): Twin, Path(id): Path<String>) -> Result<Json<QueueBody>, ApiError> {
    let world = shared.world();
    let queue = world.queues.iter().find(|queue| queue.id == id);
    queue.map(|queue| Json(queue_body(queue))).ok_or_else(|| ApiError::not_found("The queue"))
}

fn queue_body(queue: &Queue) -> QueueBody {
    QueueBody {
        id: queue.id.clone(),
        name: queue.name.clone(),
        member_count: queue.agents,
        joined_member_count: queue.agents,
        self_uri: format!("/api/v2/routing/queues/{}", queue.id),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ObservationQuery {
    filter: Filter,
    #[serde(default)]
    metrics: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(default)]
    predicates: Vec<Predicate>,
    #[serde(default)]
    clauses: Vec<Filter>,
}

#[derive(Debug, Deserialize)]
struct Predicate {
    dimension: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observations {
    system_to_organization_mappings: serde_json::Map<String, serde_json::Value>,
    results: Vec<Observed>,
}

#[derive(Debug, Serialize)]
struct Observed {
    group: Group,
    data: Vec<Datum>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    queue_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Datum {
    metric: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    qualifier: Option<&'static str>,
    stats: Stats,
}

#[derive(Debug, Serialize)]
struct Stats {
    count: u64,
}

/// Metrics that are not served are left out of the answer, as empty groups are on the platform.
pub(super) async fn observations(
    State(shared): Twin,
    Json(query): Json<ObservationQuery>,
) -> Result<Json<Observations>, ApiError> {
    let mut wanted = Vec::new();
    queue_ids(&query.filter, &mut wanted);
    if wanted.is_empty() {
        return Err(ApiError::bad_request("The filter must name at least one queueId."));
    }
    let asks = |metric: &str| query.metrics.is_empty() || query.metrics.iter().any(|asked| asked == metric);
    let world = shared.world();
    let mut results = Vec::new();
    for queue in world.queues.iter().filter(|queue| wanted.contains(&queue.id.as_str())) {
        let calls = [("oWaiting", queue.waiting() as u64), ("oInteracting", u64::from(queue.busy))];
        push(&mut results, queue, Some("voice"), data(&asks, calls.map(|(metric, count)| (metric, None, count))));
        let idle = u64::from(queue.agents.saturating_sub(queue.busy));
        let agents = [
            ("oOnQueueUsers", Some("IDLE"), idle),
            ("oOnQueueUsers", Some("INTERACTING"), u64::from(queue.busy)),
            ("oMemberUsers", None, u64::from(queue.agents)),
        ];
        push(&mut results, queue, None, data(&asks, agents));
    }
    Ok(Json(Observations { system_to_organization_mappings: serde_json::Map::new(), results }))
}

/// The queues that a filter names, itself or in its clauses, which do not nest further.
fn queue_ids<'a>(filter: &'a Filter, found: &mut Vec<&'a str>) {
    let predicates = filter.predicates.iter().chain(filter.clauses.iter().flat_map(|clause| &clause.predicates));
    let of_queues = predicates.filter(|predicate| predicate.dimension.as_deref() == Some("queueId"));
    found.extend(of_queues.filter_map(|predicate| predicate.value.as_deref()));
}

fn data<const N: usize>(
    asks: &impl Fn(&str) -> bool,
    counted: [(&'static str, Option<&'static str>, u64); N],
) -> Vec<Datum> {
    let wanted = counted.into_iter().filter(|(metric, _, _)| asks(metric));
    wanted.map(|(metric, qualifier, count)| Datum { metric, qualifier, stats: Stats { count } }).collect()
}

fn push(results: &mut Vec<Observed>, queue: &Queue, media_type: Option<&'static str>, data: Vec<Datum>) {
    if !data.is_empty() {
        results.push(Observed { group: Group { queue_id: queue.id.clone(), media_type }, data });
    }
}
