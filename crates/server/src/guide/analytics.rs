//! Counts of conversations, and what happens in queues now.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use genesys::analytics::{Family, Group, Interval, Query, aggregate};
use genesys::{Client, queues, telephony};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::asked::Asked;
use super::{Guide, GuideError, guide};
use crate::app::App;

/// The shortest bucket that the platform is asked for, in seconds.
const GRANULARITY_MIN: u64 = 60;

/// The longest window of a query, in seconds.
const WINDOW_MAX: u64 = 31 * 86_400;

/// `GET /api/v2/analytics/measures/conversations`
pub(crate) async fn measures(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let asked = Asked::read(&body, query.as_deref())?;
    let interval = interval(&asked)?;
    let entity = asked.get("entity");
    let (kind, id) = (entity["type"].as_str().unwrap_or("org"), entity["id"].as_str().unwrap_or("all"));
    let (errors, total, seconds) = match kind {
        "flow" => of_flow(&guide.client, interval, id).await?,
        "org" | "organization" => of_conversations(&guide.client, interval, None).await?,
        "queue" => of_conversations(&guide.client, interval, Some(id)).await?,
        other => {
            let message = format!("There is no entity type {other}: ask for org, queue or flow.");
            return Err(GuideError::bad_request(message));
        }
    };
    let rate = (total > 0.0).then(|| errors / total);
    Ok(Json(json!({"data": [{"values": {
        "conversation.errors.total": errors, "conversation.duration.total": seconds, "conversation.count": total,
        "error_rate": rate,
    }}]})))
}

/// Errors, conversations, and how many seconds they lasted.
type Counted = (f64, f64, f64);

async fn of_conversations(client: &Client, interval: Interval, queue: Option<&str>) -> Result<Counted, GuideError> {
    let mut query = Query::new(interval, &["nConversations", "nOffered", "nError", "tHandle"]);
    if let Some(queue) = queue {
        query = query.only("queueId", queue);
    }
    let groups = aggregate(client, Family::Conversations, &query).await?;
    // A queue is offered conversations; only the organisation begins them.
    let count = if queue.is_some() { "nOffered" } else { "nConversations" };
    Ok((total(&groups, "nError"), total(&groups, count), milliseconds(&groups, "tHandle") / 1_000.0))
}

async fn of_flow(client: &Client, interval: Interval, flow: &str) -> Result<Counted, GuideError> {
    let entered = Query::new(interval, &["nFlow"]).only("flowId", flow);
    let left = Query::new(interval, &["tFlow"]).by(&["exitReason"]).only("flowId", flow);
    let (entered, left) =
        (aggregate(client, Family::Flows, &entered).await?, aggregate(client, Family::Flows, &left).await?);
    let is_error = |group: &&Group| {
        group.group.get("exitReason").is_some_and(|reason| reason.to_ascii_uppercase().starts_with("FLOW_ERROR"))
    };
    let errors: f64 = left.iter().filter(is_error).filter_map(|group| group.total("tFlow").count).sum();
    Ok((errors, total(&entered, "nFlow"), milliseconds(&left, "tFlow") / 1_000.0))
}

fn total(groups: &[Group], metric: &str) -> f64 {
    groups.iter().filter_map(|group| group.total(metric).count).sum()
}

fn milliseconds(groups: &[Group], metric: &str) -> f64 {
    groups.iter().filter_map(|group| group.total(metric).sum).sum()
}

/// The interval of the guides, in milliseconds since 1970.
fn interval(asked: &Asked) -> Result<Interval, GuideError> {
    let wrong = || {
        GuideError::bad_request(
            "`interval` must hold `start` and `end`, in milliseconds since 1970, the later one last.",
        )
    };
    let instant = |name: &str| {
        let ms = asked.get("interval")[name].as_i64().or_else(|| asked.get(name).as_i64()).ok_or_else(wrong)?;
        Timestamp::from_millisecond(ms).map_err(|_| wrong())
    };
    let (from, until) = (instant("start")?, instant("end")?);
    if from < until { Ok(Interval { from, until }) } else { Err(wrong()) }
}

/// `GET /api/v2/analytics/queries/{queryId}`: the name of the query is the asker's own.
pub(crate) async fn query(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let asked = Asked::read(&body, query.as_deref())?;
    let definitions = match asked.get("metricDefinitions") {
        Value::Array(definitions) if !definitions.is_empty() => definitions.clone(),
        Value::Null => vec![json!({"metricName": asked.required("metricName")?})],
        _ => return Err(GuideError::bad_request("`metricDefinitions` must name at least one metric.")),
    };
    let filters = match asked.get("filters") {
        Value::Null => json!({}),
        filters => filters.clone(),
    };
    let mut results = Vec::new();
    for definition in &definitions {
        results.push(match definition["metricName"].as_str() {
            Some("callDuration") => call_duration(guide, definition, &filters).await?,
            Some("agentCount") => agent_count(guide, &filters).await?,
            other => {
                let message = format!(
                    "There is no metric {}: ask for callDuration or agentCount. How far regions are apart the platform does not tell.",
                    other.unwrap_or("without a name")
                );
                return Err(GuideError::bad_request(message));
            }
        });
    }
    Ok(Json(json!({"queryId": id, "filters": filters, "results": results})))
}

async fn call_duration(guide: &Guide, definition: &Value, filters: &Value) -> Result<Value, GuideError> {
    let granularity = definition["granularity"].as_u64().unwrap_or(GRANULARITY_MIN).max(GRANULARITY_MIN);
    let window = definition["windowSize"].as_u64().unwrap_or(5 * GRANULARITY_MIN).clamp(granularity, WINDOW_MAX);
    let until = guide.clock.now().wall;
    let interval = Interval { from: until - Duration::from_secs(window), until };
    let mut query = Query::new(interval, &["tHandle"]).each(&format!("PT{granularity}S"));
    if let Some(queue) = filters["queueId"].as_str() {
        query = query.only("queueId", queue);
    }
    let groups = aggregate(&guide.client, Family::Conversations, &query).await?;
    let data: Vec<Value> = groups
        .iter()
        .flat_map(|group| &group.data)
        .filter_map(|bucket| {
            let stats = bucket.metrics.first()?.stats;
            let start = bucket.interval.split('/').next()?;
            let average = stats.sum.zip(stats.count).filter(|(_, count)| *count > 0.0).map(|(sum, count)| sum / count);
            Some(json!({"start": start, "sum": stats.sum, "avg": average}))
        })
        .collect();
    Ok(json!({"metricName": "callDuration", "granularity": granularity, "data": data}))
}

/// Agents on queue with nothing to do, in the region that is asked about; another region is another organisation, of
/// which nothing is known here.
async fn agent_count(guide: &Guide, filters: &Value) -> Result<Value, GuideError> {
    if let Some(wanted) = filters["regionId"].as_str() {
        let home = telephony::home_region(&guide.client).await?;
        if home.as_deref() != Some(wanted) {
            let message = format!("Nothing is known of the region {wanted}: watch its organisation as well.");
            return Err(GuideError::unknown(message));
        }
    }
    let ids: Vec<String> = match filters["queueId"].as_str() {
        Some(queue) => vec![queue.to_owned()],
        None => queues::list(&guide.client, None).await?.into_iter().map(|queue| queue.id).collect(),
    };
    let observed = queues::observe(&guide.client, &ids).await?;
    let known: Vec<u64> = observed.values().filter_map(|queue| queue.idle_agents).collect();
    if known.is_empty() {
        return Err(GuideError::unknown("The platform does not say how many agents there are."));
    }
    Ok(json!({"metricName": "agentCount", "value": known.iter().sum::<u64>()}))
}
