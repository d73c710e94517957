//! What a gateway says about itself: circuits, routes, slots.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How one call through the gateway ended; the word in the `x-steadyline-outcome` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The upstream answered in time.
    Ok,
    /// A kept answer was served.
    Cached,
    /// The route's typed fallback was served.
    Fallback,
    /// Turned away before the upstream was asked, to protect more important calls.
    Shed,
    /// No answer and no fallback: the caller got an error.
    Error,
}

/// Where a circuit stands. Closed lets calls through, open blocks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CircuitPhase {
    /// Calls pass.
    Closed,
    /// Calls are answered without asking the upstream.
    Open,
    /// Probes decide whether calls may pass again.
    HalfOpen,
}

/// Everything a gateway knows at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySnapshot {
    /// When it was taken; absent when no gateway has reported yet.
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
    /// Names this run of the gateway: its counters begin at zero with it.
    pub boot: u64,
    /// One entry per upstream, in the order of the configuration.
    pub upstreams: Vec<UpstreamView>,
    /// One entry per route, in the order of the configuration.
    pub routes: Vec<RouteView>,
    /// Concurrent Data Action executions of the whole organisation.
    pub slots: SlotsView,
}

/// One upstream and its circuits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamView {
    /// Name in the configuration.
    pub name: String,
    /// Base URL in use.
    pub base_url: String,
    /// Its circuits; one, unless routes declare operation classes of their own.
    pub circuits: Vec<CircuitView>,
    /// Slots held by calls to this upstream.
    pub slots: SlotsView,
    /// Concurrency limit that applies now.
    pub limit: u32,
}

/// One circuit breaker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitView {
    /// Name, unique in the gateway.
    pub name: String,
    /// Where it stands.
    pub phase: CircuitPhase,
    /// Since when; absent while it has never changed.
    #[schema(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Why it last changed, in words.
    pub cause: Option<String>,
    /// How often it has opened since the gateway started.
    pub opened_total: u64,
    /// Probes sent since the gateway started.
    pub probes_total: u64,
    /// Share of failed calls in the sliding window, in percent; absent without calls.
    pub failure_percent: Option<f64>,
    /// Learned 99th percentile of good answers in milliseconds; absent until learned.
    pub latency_ms_p99: Option<f64>,
}

/// What one route has served since the gateway started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// Name in the configuration.
    pub name: String,
    /// The upstream it goes to.
    pub upstream: String,
    /// Calls answered by the upstream.
    pub ok: u64,
    /// Calls answered from the cache.
    pub cached: u64,
    /// Calls answered with the typed fallback.
    pub fallback: u64,
    /// Calls turned away.
    pub shed: u64,
    /// Calls that got an error.
    pub error: u64,
    /// Calls that were answered without asking, because their flow does without while its error budget is low; counted
    /// here alone.
    pub trimmed: u64,
    /// Caller-seconds of silence: time that callers waited for this route's answers.
    pub dead_air_seconds: f64,
    /// The part of it spent on calls that got no live answer.
    pub dead_air_seconds_degraded: f64,
}

/// Concurrent executions against their budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotsView {
    /// Held now.
    pub held: u32,
    /// Most held at once since the gateway started.
    pub peak: u32,
    /// The most that may be held.
    pub budget: u32,
}
