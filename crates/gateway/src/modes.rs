//! What flows do without, as the controller last told: the decision route, and the lookups that are skipped.
//!
//! Both are answered from memory. What was told is believed for a time; after that a flow goes on as it was, or falls to
//! the mode that its policy names.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{FlowModes, FlowView};
use arc_swap::ArcSwap;
use base::Now;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::answer::problem;
use crate::body::Body;
use crate::headers::FLOW;
use crate::plan::Plan;

/// Paths below this are the gateway's own; no route may use them.
pub(crate) const PREFIX: &str = "/decide/";

/// Whether some flow does without a route now; the first look of every call, so it is a plain load.
#[derive(Debug, Default)]
pub(crate) struct Trim(AtomicBool);

impl Trim {
    #[inline]
    pub(crate) fn applies(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was told last.
#[derive(Debug, Default)]
pub(crate) struct Modes(ArcSwap<Table>);

#[derive(Debug, Default)]
struct Table {
    flows: HashMap<String, Flow>,
    /// For each route that is enrichment: the flows that declare it so.
    enrichment: HashMap<String, Vec<String>>,
    age_max: Duration,
    told_at: Option<jiff::Timestamp>,
}

#[derive(Debug)]
struct Flow {
    is_trimmed: bool,
    /// The answer while it is believed, and after that.
    fresh: Bytes,
    stale: Bytes,
}

/// The answer of the decision route: flat, as the output contract of a Data Action wants it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision<'a> {
    flow: &'a str,
    mode: &'a str,
    skip_enrichment: bool,
    agent_only: bool,
    overflow: bool,
    error_budget_remaining: Option<u8>,
    current_budget_health: Option<f64>,
    data_available: bool,
    updated_at: Option<String>,
}

impl Modes {
    /// Takes what is told instead of what was told before.
    pub(crate) fn replace(&self, modes: &FlowModes) {
        let updated_at = modes.at.map(|at| at.to_string());
        let mut table =
            Table { age_max: Duration::from_secs(modes.age_max_seconds), told_at: modes.at, ..Table::default() };
        for flow in &modes.flows {
            let fresh = decision(flow, &flow.mode, true, updated_at.clone());
            // Nobody knowing is no reason to go easier: the harder of the two.
            let unknown = flow.mode_when_unknown.as_deref().unwrap_or(&flow.mode);
            let stale_mode = if rank(unknown) < rank(&flow.mode) { flow.mode.as_str() } else { unknown };
            let stale = decision(flow, stale_mode, false, updated_at.clone());
            let is_trimmed = flow.mode != "NORMAL";
            table.flows.insert(flow.flow.clone(), Flow { is_trimmed, fresh, stale });
            for route in &flow.enrichment {
                table.enrichment.entry(route.clone()).or_default().push(flow.flow.clone());
            }
        }
        self.0.store(table.into());
    }

    /// Tells each route of a plan whether some flow does without it.
    pub(crate) fn apply(&self, plan: &Plan) {
        let table = self.0.load();
        for route in &plan.routes {
            let flows = table.enrichment.get(&*route.config.name).map(Vec::as_slice).unwrap_or_default();
            let applies = flows.iter().any(|flow| table.is_trimmed(flow));
            route.trim.0.store(applies, Ordering::Relaxed);
        }
    }

    /// Whether a call is answered without asking. A call that names its flow is judged by that flow; of one that does not,
    /// all flows that share the route must do without it.
    #[cold]
    pub(crate) fn is_trimmed(&self, route: &str, headers: &HeaderMap) -> bool {
        let table = self.0.load();
        let Some(flows) = table.enrichment.get(route) else { return false };
        match headers.get(FLOW).and_then(|name| name.to_str().ok()) {
            Some(name) => flows.iter().any(|flow| flow == name) && table.is_trimmed(name),
            None => flows.iter().all(|flow| table.is_trimmed(flow)),
        }
    }

    /// What a flow is to do.
    pub(crate) fn answer(&self, name: &str, now: Now) -> Response<Body> {
        let table = self.0.load();
        let Some(flow) = table.flows.get(name) else {
            let detail = format!("nobody has told how flow `{name}` stands");
            let mut known: Vec<_> = table.flows.keys().map(String::as_str).collect();
            known.sort_unstable();
            let hint = format!("declare it under budget.flows in the configuration; known: {}", known.join(", "));
            return problem(StatusCode::NOT_FOUND, "No such flow", &detail, &hint);
        };
        let age = table.told_at.and_then(|at| Duration::try_from(now.wall.duration_since(at)).ok());
        // What was told at an instant to come was told by a clock that is wrong.
        let is_fresh = age.is_some_and(|age| age <= table.age_max);
        let body = if is_fresh { &flow.fresh } else { &flow.stale };
        let mut response = Response::new(Body::full(body.clone()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Table {
    fn is_trimmed(&self, flow: &str) -> bool {
        self.flows.get(flow).is_some_and(|flow| flow.is_trimmed)
    }
}

/// How hard a mode is.
fn rank(mode: &str) -> usize {
    ["NORMAL", "TRIM", "AGENT_ONLY", "OVERFLOW"].iter().position(|known| *known == mode).unwrap_or_default()
}

fn decision(flow: &FlowView, mode: &str, is_fresh: bool, updated_at: Option<String>) -> Bytes {
    let decision = Decision {
        flow: &flow.flow,
        mode,
        skip_enrichment: mode != "NORMAL",
        agent_only: matches!(mode, "AGENT_ONLY" | "OVERFLOW"),
        overflow: mode == "OVERFLOW",
        error_budget_remaining: flow.error_budget_remaining,
        current_budget_health: flow.current_budget_health,
        data_available: is_fresh && flow.error_budget_remaining.is_some(),
        updated_at,
    };
    serde_json::to_vec(&decision).expect("a decision is plain strings and numbers").into()
}
