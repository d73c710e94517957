//! Analytics, computed from what really happened.

mod aggregate;
mod details;
mod facts;
mod observations;

use serde_json::{Value, json};

use super::Need::Any;
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::{Service, Stage};
pub(crate) use aggregate::of_flow;
use facts::Family;

const CONVERSATIONS: super::Need = Any(&["analytics:conversationAggregate:view"]);
const DETAILS: super::Need = Any(&["analytics:conversationDetail:view"]);
const FLOWS: super::Need = Any(&["analytics:flowAggregate:view"]);
const ACTIONS: super::Need = Any(&["integrations:action:view", "bridge:actions:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Analytics,
    operations: &[
        ("POST", "/api/v2/analytics/conversations/aggregates/query", CONVERSATIONS, |call| {
            query(call, Family::Conversations)
        }),
        ("POST", "/api/v2/analytics/conversations/aggregates/jobs", CONVERSATIONS, |call| begin(call, "conversations")),
        ("GET", "/api/v2/analytics/conversations/aggregates/jobs/{jobId}", CONVERSATIONS, |call| {
            state(call, "conversations")
        }),
        ("GET", "/api/v2/analytics/conversations/aggregates/jobs/{jobId}/results", CONVERSATIONS, |call| {
            results(call, "conversations", Family::Conversations)
        }),
        ("POST", "/api/v2/analytics/flows/aggregates/query", FLOWS, |call| query(call, Family::Flows)),
        ("POST", "/api/v2/analytics/flows/aggregates/jobs", FLOWS, |call| begin(call, "flows")),
        ("GET", "/api/v2/analytics/flows/aggregates/jobs/{jobId}", FLOWS, |call| state(call, "flows")),
        ("GET", "/api/v2/analytics/flows/aggregates/jobs/{jobId}/results", FLOWS, |call| {
            results(call, "flows", Family::Flows)
        }),
        ("POST", "/api/v2/analytics/actions/aggregates/query", ACTIONS, |call| query(call, Family::Actions)),
        ("POST", "/api/v2/analytics/actions/aggregates/jobs", ACTIONS, |call| begin(call, "actions")),
        ("GET", "/api/v2/analytics/actions/aggregates/jobs/{jobId}", ACTIONS, |call| state(call, "actions")),
        ("GET", "/api/v2/analytics/actions/aggregates/jobs/{jobId}/results", ACTIONS, |call| {
            results(call, "actions", Family::Actions)
        }),
        (
            "POST",
            "/api/v2/analytics/flowexecutions/aggregates/query",
            Any(&["analytics:flowExecutionAggregate:view"]),
            |call| query(call, Family::Executions),
        ),
        (
            "POST",
            "/api/v2/analytics/ratelimits/aggregates/query",
            Any(&["analytics:rateLimitAggregate:view"]),
            |call| query(call, Family::RateLimits),
        ),
        ("POST", "/api/v2/analytics/conversations/details/query", DETAILS, details::query),
        ("GET", "/api/v2/analytics/conversations/{conversationId}/details", DETAILS, details::one),
        ("POST", "/api/v2/analytics/conversations/details/jobs", DETAILS, |call| begin(call, "details")),
        ("GET", "/api/v2/analytics/conversations/details/jobs/availability", DETAILS, details::availability),
        ("GET", "/api/v2/analytics/conversations/details/jobs/{jobId}", DETAILS, |call| state(call, "details")),
        ("GET", "/api/v2/analytics/conversations/details/jobs/{jobId}/results", DETAILS, details::results),
        (
            "POST",
            "/api/v2/analytics/conversations/activity/query",
            Any(&["analytics:conversationAggregate:view"]),
            observations::conversations,
        ),
        (
            "POST",
            "/api/v2/analytics/flows/observations/query",
            Any(&["analytics:flowObservation:view"]),
            observations::flows,
        ),
        (
            "POST",
            "/api/v2/analytics/flows/activity/query",
            Any(&["analytics:flowObservation:view"]),
            observations::flow_activity,
        ),
        (
            "POST",
            "/api/v2/analytics/queues/observations/query",
            Any(&["analytics:queueObservation:view"]),
            observations::queues,
        ),
        (
            "POST",
            "/api/v2/analytics/routing/activity/query",
            Any(&["analytics:queueObservation:view"]),
            observations::routing,
        ),
        ("POST", "/api/v2/analytics/agents/status/counts", Any(&["analytics:agentState:view"]), observations::agents),
        (
            "POST",
            "/api/v2/analytics/users/observations/query",
            Any(&["analytics:userObservation:view"]),
            observations::users,
        ),
    ],
};

/// The interval of a query: `start/end`, the end excluded.
pub(super) fn interval_of(body: &Value) -> Result<(jiff::Timestamp, jiff::Timestamp), ApiError> {
    aggregate::interval(body)
}

/// Groups in one part of the results of a job.
const RESULTS_PART: u64 = 100;

fn query(call: &mut Call<'_>, family: Family) -> Answer {
    let query = aggregate::Query::read(&call.body, &call.world.settings)?;
    Ok(json!({"results": aggregate::run(call.world, call.now, family, &query)}).into())
}

fn begin(call: &mut Call<'_>, kind: &'static str) -> Answer {
    if kind == "details" {
        details::interval(call)?;
    } else {
        aggregate::Query::read(&call.body, &call.world.settings)?;
    }
    Ok(super::Reply::Json(202, json!({"jobId": call.begin(kind)})))
}

fn state(call: &mut Call<'_>, kind: &'static str) -> Answer {
    let (job, stage) = call.job(kind, "jobId")?;
    let state = match stage {
        Stage::Registered => "QUEUED",
        Stage::Running => "PENDING",
        Stage::Done => "FULFILLED",
    };
    let submitted = job.began.wall;
    let mut body = json!({"state": state, "submissionDate": iso(submitted)});
    if stage == Stage::Done {
        body["completionDate"] = iso(call.now.wall).into();
    }
    Ok(body.into())
}

fn results(call: &mut Call<'_>, kind: &'static str, family: Family) -> Answer {
    let (job, stage) = call.job(kind, "jobId")?;
    if stage != Stage::Done {
        return Err(not_ready());
    }
    let query = aggregate::Query::read(&job.asked, &call.world.settings)?;
    // As of when the job ran, so that the parts of its results fit together.
    let all = aggregate::run(call.world, job.began, family, &query);
    let (part, cursor) = call.part(&all, RESULTS_PART)?;
    let mut body = json!({"results": part});
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.into();
    }
    Ok(body.into())
}

fn not_ready() -> ApiError {
    ApiError::new(404, "not.found", "The results of the job are not ready.")
}

/// The values that a filter asks of a dimension, in itself or in its clauses.
fn filtered<'a>(filter: &'a Value, dimension: &str, found: &mut Vec<&'a str>) {
    for predicate in filter["predicates"].as_array().into_iter().flatten() {
        if predicate["dimension"] == dimension {
            found.extend(predicate["value"].as_str());
        }
    }
    for clause in filter["clauses"].as_array().into_iter().flatten() {
        filtered(clause, dimension, found);
    }
}
