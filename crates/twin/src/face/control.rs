//! The twin's own controls, under `/twin`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{NO_CONTENT, STATE_BYTES_MAX, Twin};
use crate::handle;
use crate::platform::{self, ApiError, iso};
use crate::world::{
    AskOutcome, CALL_RECORDS_MAX, CallRecord, Ended, Fault, FaultKind, FaultTarget, Saved, Service, Settings, TTL_MAX,
    Totals,
};

/// How many calls are shown unless more are asked for.
const CALLS_SHOWN: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct CallsQuery {
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct CallsBody {
    totals: TotalsBody,
    /// Conversations that are in a flow now, the oldest first.
    live: Vec<String>,
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
    abandoned: u64,
    talking: u64,
    lost: u64,
    data_action_failed: u64,
    data_actions_ok: u64,
    data_actions_failed: u64,
    data_actions_timed_out: u64,
    redirected: u64,
    not_placed: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallBody {
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
    let live = world.live().take(limit).map(str::to_owned).collect();
    Json(CallsBody { totals: totals_body(world.totals()), live, calls })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rate {
    rate_per_second: f64,
    number: Option<String>,
}

pub(super) async fn start_callers(State(shared): Twin, Json(rate): Json<Rate>) -> Result<StatusCode, ApiError> {
    let started = handle::start_callers(&shared, rate.number.as_deref(), rate.rate_per_second);
    started.map(|()| NO_CONTENT).map_err(|error| ApiError::bad_request(format!("failed to {error}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhichCallers {
    number: Option<String>,
}

/// Without a number, nobody comes any more.
pub(super) async fn stop_callers(State(shared): Twin, Query(which): Query<WhichCallers>) -> StatusCode {
    shared.world().stop_callers(which.number.as_deref());
    NO_CONTENT
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FaultBody {
    target: FaultTarget,
    kind: KindWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    ttl_ms: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum KindWord {
    Latency,
    Failure,
    Throttle,
    Reset,
    SlowBody,
}

pub(super) async fn faults(State(shared): Twin) -> Json<Vec<FaultBody>> {
    let now = shared.mono();
    Json(shared.world().faults.active(now).map(|(left, fault)| fault_body(left, fault)).collect())
}

pub(super) async fn inject(State(shared): Twin, Json(body): Json<FaultBody>) -> Result<StatusCode, ApiError> {
    let ttl = Duration::from_millis(body.ttl_ms);
    if ttl.is_zero() || ttl > TTL_MAX {
        return Err(ApiError::bad_request(format!("ttlMs must be from 1 to {}.", TTL_MAX.as_millis())));
    }
    let needs = |what: &str| ApiError::bad_request(format!("This kind of fault needs {what}."));
    let latency = body.latency_ms.map(Duration::from_millis);
    let kind = match (body.kind, body.status.unwrap_or(503)) {
        (KindWord::Latency, _) => FaultKind::Latency(latency.ok_or_else(|| needs("latencyMs"))?),
        (KindWord::SlowBody, _) => FaultKind::SlowBody(latency.ok_or_else(|| needs("latencyMs"))?),
        (KindWord::Throttle, _) => FaultKind::Throttle(latency.unwrap_or(Duration::from_secs(1))),
        (KindWord::Reset, _) => FaultKind::Reset,
        (KindWord::Failure, status @ 400..=599) => FaultKind::Failure(status),
        (KindWord::Failure, _) => return Err(ApiError::bad_request("The status must be from 400 to 599.")),
    };
    let is_injected = shared.inject(Fault { target: body.target, kind, ttl });
    if is_injected { Ok(NO_CONTENT) } else { Err(ApiError::conflict("Too many faults are active.")) }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichFaults {
    target: Option<FaultTarget>,
}

/// Without a target, everything is mended.
pub(super) async fn mend(State(shared): Twin, Query(which): Query<WhichFaults>) -> StatusCode {
    shared.world().faults.clear(which.target);
    NO_CONTENT
}

pub(super) async fn settings(State(shared): Twin) -> Json<Settings> {
    Json(shared.world().settings.clone())
}

/// Changes the settings that the body names; those that it does not name stay.
pub(super) async fn change_settings(
    State(shared): Twin,
    Json(change): Json<serde_json::Map<String, serde_json::Value>>,
) -> Result<Json<Settings>, ApiError> {
    let now = shared.now();
    let mut world = shared.world();
    world.change_settings(&change, now).map_err(ApiError::bad_request)?;
    let settings = world.settings.clone();
    drop(world);
    shared.changed.notify_one();
    Ok(Json(settings))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agents {
    queue: String,
    agents: u32,
}

pub(super) async fn agents(State(shared): Twin, Json(order): Json<Agents>) -> Result<StatusCode, ApiError> {
    let now = shared.now();
    let is_known = shared.world().set_agents(&order.queue, order.agents, now);
    shared.settle();
    if is_known { Ok(NO_CONTENT) } else { Err(ApiError::not_found("The queue")) }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrunkState {
    connected: bool,
}

pub(super) async fn trunk(
    State(shared): Twin,
    Path(id): Path<String>,
    Json(state): Json<TrunkState>,
) -> Result<StatusCode, ApiError> {
    let now = shared.now();
    let is_known = shared.world().set_trunk_connected(&id, state.connected, now);
    shared.settle();
    if is_known { Ok(NO_CONTENT) } else { Err(ApiError::not_found("The trunk")) }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holder {
    holder: String,
}

/// Lets a person take a flow, who will not give it back.
pub(super) async fn lock(
    State(shared): Twin,
    Path(id): Path<String>,
    Json(holder): Json<Holder>,
) -> Result<StatusCode, ApiError> {
    let now = shared.now();
    let is_known = shared.world().lock_flow(&id, &holder.holder, now);
    shared.settle();
    if is_known { Ok(NO_CONTENT) } else { Err(ApiError::not_found("The flow")) }
}

pub(super) async fn drop_sockets(State(shared): Twin) -> StatusCode {
    shared.drop_sockets();
    NO_CONTENT
}

pub(super) async fn announce_closing(State(shared): Twin) -> StatusCode {
    shared.announce_closing();
    NO_CONTENT
}

#[derive(Debug, Serialize)]
pub(super) struct LogBody {
    facts: u64,
    hash: String,
}

/// How much has happened, and a hash over all of it: the same for the same history.
pub(super) async fn log(State(shared): Twin) -> Json<LogBody> {
    let world = shared.world();
    Json(LogBody { facts: world.log.count(), hash: world.log.hash() })
}

#[derive(Debug, Serialize)]
pub(super) struct OperationBody {
    method: &'static str,
    path: &'static str,
    service: Service,
    preview: bool,
    permission: String,
}

/// The operations of the platform that are served, in the order of their paths.
pub(super) async fn operations() -> Json<Vec<OperationBody>> {
    let body = |operation: &platform::Operation| {
        let platform::Operation { method, path, service, is_preview, need, .. } = *operation;
        OperationBody { method, path, service, preview: is_preview, permission: need.to_string() }
    };
    let mut all: Vec<OperationBody> = platform::operations().iter().map(body).collect();
    all.sort_by_key(|operation| (operation.path, operation.method));
    Json(all)
}

/// The organisation as a file.
pub(super) async fn save(State(shared): Twin) -> Result<Response, ApiError> {
    // A busy day takes a while to write, and others must be answered meanwhile.
    let written = tokio::task::spawn_blocking(move || serde_json::to_string(&shared.save())).await;
    let text = written.ok().and_then(Result::ok).ok_or_else(|| ApiError::broken(500))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// Takes an organisation from a file, in place of the one that is here; or says what is wrong and changes nothing.
pub(super) async fn load(State(shared): Twin, body: Result<Bytes, BytesRejection>) -> Result<StatusCode, ApiError> {
    let body =
        body.map_err(|error| ApiError::new(error.status().as_u16(), "request.entity.too.large", too_long(&error)))?;
    let loaded = tokio::task::spawn_blocking(move || Saved::read(&body).and_then(|saved| shared.replace(saved))).await;
    let loaded = loaded.map_err(|_| ApiError::broken(500))?;
    loaded.map(|()| NO_CONTENT).map_err(|error| ApiError::bad_request(format!("failed to {error}")))
}

fn too_long(error: &BytesRejection) -> String {
    let max = STATE_BYTES_MAX / (1024 * 1024);
    format!("failed to read the state: {}; a state has at most {max} MiB", error.body_text())
}

/// Files that answers refer to, by addresses that are secrets themselves.
pub(super) async fn download(State(shared): Twin, Path(id): Path<String>) -> Result<String, ApiError> {
    platform::download(&shared.world(), &id).ok_or_else(|| ApiError::not_found("The file"))
}

pub(super) async fn upload(State(shared): Twin, Path(id): Path<String>, text: String) -> Result<StatusCode, ApiError> {
    let now = shared.now();
    let is_taken = platform::upload(&mut shared.world(), &id, &text, now);
    if is_taken { Ok(StatusCode::OK) } else { Err(ApiError::not_found("The upload")) }
}

pub(super) async fn table(State(shared): Twin, Path(id): Path<String>) -> Result<String, ApiError> {
    platform::as_csv(&shared.world(), &id).ok_or_else(|| ApiError::not_found("The file"))
}

pub(super) async fn instance(State(shared): Twin, Path(id): Path<String>) -> Result<Json<CallBody>, ApiError> {
    let world = shared.world();
    let found = world.calls().find(|call| call.conversation_id == id).map(call_body);
    found.map(Json).ok_or_else(|| ApiError::not_found("The file"))
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
        abandoned: totals.abandoned,
        talking: totals.talking,
        lost: totals.lost,
        data_action_failed: totals.data_action_failed,
        data_actions_ok: totals.asks_ok,
        data_actions_failed: totals.asks_failed,
        data_actions_timed_out: totals.asks_timed_out,
        redirected: totals.redirected,
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
    let (kind, latency, status) = match fault.kind {
        FaultKind::Latency(latency) => (KindWord::Latency, Some(latency), None),
        FaultKind::Failure(status) => (KindWord::Failure, None, Some(status)),
        FaultKind::Throttle(after) => (KindWord::Throttle, Some(after), None),
        FaultKind::Reset => (KindWord::Reset, None, None),
        FaultKind::SlowBody(over) => (KindWord::SlowBody, Some(over), None),
    };
    FaultBody { target: fault.target, kind, latency_ms: latency.map(ms), status, ttl_ms: ms(left) }
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
