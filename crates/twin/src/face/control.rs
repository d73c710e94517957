//! The twin's own controls, under `/twin`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::flows::iso;
use super::{ApiError, NO_CONTENT, Twin};
use crate::handle;
use crate::world::{AskOutcome, CALL_RECORDS_MAX, CallRecord, Ended, Fault, FaultKind, FaultTarget, TTL_MAX, Totals};

/// How many calls are shown unless more are asked for.
const CALLS_SHOWN: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct CallsQuery {
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct CallsBody {
    totals: TotalsBody,
    calls: Vec<CallBody>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalsBody {
    offered: u64,
    in_flow: u64,
    queued: u64,
    handed_over: u64,
    in_queue: u64,
    answered: u64,
    talking: u64,
    lost: u64,
    data_action_failed: u64,
    data_actions_ok: u64,
    data_actions_failed: u64,
    data_actions_timed_out: u64,
    not_placed: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallBody {
    conversation_id: String,
    ani: String,
    tier: &'static str,
    flow: String,
    version: String,
    started_at: String,
    ended_at: String,
    outcome: OutcomeBody,
    participant_data: BTreeMap<String, String>,
    data_actions: Vec<AskBody>,
    dead_air_ms: u64,
    dead_air_longest_ms: u64,
    answered_after_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct OutcomeBody {
    kind: &'static str,
    queue: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AskBody {
    outcome: &'static str,
    wait_ms: u64,
}

pub(super) async fn calls(State(shared): Twin, Query(query): Query<CallsQuery>) -> Json<CallsBody> {
    let limit = query.limit.unwrap_or(CALLS_SHOWN).min(CALL_RECORDS_MAX);
    let world = shared.world();
    let calls = world.calls().rev().take(limit).map(call_body).collect();
    Json(CallsBody { totals: totals_body(world.totals()), calls })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rate {
    rate_per_second: f64,
}

pub(super) async fn start_callers(State(shared): Twin, Json(rate): Json<Rate>) -> Result<StatusCode, ApiError> {
    let started = handle::start_callers(&shared, rate.rate_per_second);
    started.map(|()| NO_CONTENT).map_err(|error| ApiError::bad_request(format!("failed to {error}")))
}

pub(super) async fn stop_callers(State(shared): Twin) -> StatusCode {
    shared.rate.send_replace(0.0);
    NO_CONTENT
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FaultBody {
    target: TargetWord,
    kind: KindWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    ttl_ms: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum TargetWord {
    DataActions,
    Tokens,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum KindWord {
    Latency,
    Failure,
}

pub(super) async fn faults(State(shared): Twin) -> Json<Vec<FaultBody>> {
    let now = shared.clock.mono();
    Json(shared.world().faults.active(now).map(|(left, fault)| fault_body(left, fault)).collect())
}

pub(super) async fn inject(State(shared): Twin, Json(body): Json<FaultBody>) -> Result<StatusCode, ApiError> {
    let ttl = Duration::from_millis(body.ttl_ms);
    if ttl.is_zero() || ttl > TTL_MAX {
        return Err(ApiError::bad_request(format!("ttlMs must be from 1 to {}.", TTL_MAX.as_millis())));
    }
    let target = match body.target {
        TargetWord::DataActions => FaultTarget::DataActions,
        TargetWord::Tokens => FaultTarget::Tokens,
    };
    let kind = match (body.kind, body.latency_ms, body.status.unwrap_or(503)) {
        (KindWord::Latency, Some(ms), _) => FaultKind::Latency(Duration::from_millis(ms)),
        (KindWord::Latency, None, _) => return Err(ApiError::bad_request("A latency needs latencyMs.")),
        (KindWord::Failure, _, status @ 400..=599) => FaultKind::Failure(status),
        (KindWord::Failure, ..) => return Err(ApiError::bad_request("The status must be from 400 to 599.")),
    };
    let is_injected = shared.world().faults.inject(Fault { target, kind, ttl }, shared.clock.mono());
    if is_injected { Ok(NO_CONTENT) } else { Err(ApiError::conflict("Too many faults are active.")) }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClockBody {
    now: String,
    speed: u32,
    elapsed_ms: u64,
}

pub(super) async fn clock(State(shared): Twin) -> Json<ClockBody> {
    let now = shared.clock.now();
    Json(ClockBody { now: iso(now.wall), speed: shared.clock.speed(), elapsed_ms: now.mono.as_millis() })
}

pub(super) async fn reset(State(shared): Twin) -> StatusCode {
    shared.world().reset();
    shared.publish_totals();
    NO_CONTENT
}

fn totals_body(totals: Totals) -> TotalsBody {
    TotalsBody {
        offered: totals.offered,
        in_flow: totals.in_flow,
        queued: totals.queued,
        handed_over: totals.handed_over,
        in_queue: totals.waiting,
        answered: totals.answered,
        talking: totals.talking,
        lost: totals.lost,
        data_action_failed: totals.data_action_failed,
        data_actions_ok: totals.asks_ok,
        data_actions_failed: totals.asks_failed,
        data_actions_timed_out: totals.asks_timed_out,
        not_placed: totals.not_placed,
    }
}

fn call_body(call: &CallRecord) -> CallBody {
    let kind = match call.ended {
        Ended::Queue => "queue",
        Ended::HandedOver => "handedOver",
        Ended::Disconnect => "disconnect",
        Ended::Loop => "loop",
    };
    let asks = call.data_actions.iter().map(|ask| AskBody {
        outcome: match ask.outcome {
            AskOutcome::Ok => "ok",
            AskOutcome::Failure => "failure",
            AskOutcome::Timeout => "timeout",
        },
        wait_ms: ms(ask.waited),
    });
    CallBody {
        conversation_id: call.conversation_id.clone(),
        ani: call.ani.clone(),
        tier: call.tier.as_str(),
        flow: call.flow.clone(),
        version: call.version.clone(),
        started_at: iso(call.started_at),
        ended_at: iso(call.ended_at),
        outcome: OutcomeBody { kind, queue: call.queue.clone() },
        participant_data: call.participant_data.clone(),
        data_actions: asks.collect(),
        dead_air_ms: ms(call.dead_air),
        dead_air_longest_ms: ms(call.dead_air_longest),
        answered_after_ms: call.answered_after.map(ms),
    }
}

fn fault_body(left: Duration, fault: &Fault) -> FaultBody {
    let (kind, latency_ms, status) = match fault.kind {
        FaultKind::Latency(latency) => (KindWord::Latency, Some(ms(latency)), None),
        FaultKind::Failure(status) => (KindWord::Failure, None, Some(status)),
    };
    let target = match fault.target {
        FaultTarget::DataActions => TargetWord::DataActions,
        FaultTarget::Tokens => TargetWord::Tokens,
    };
    FaultBody { target, kind, latency_ms, status, ttl_ms: ms(left) }
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
