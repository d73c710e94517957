//! Is a dependency well? The flag that others obey: a dialler pauses a campaign while the system it needs is down,
//! a flow skips an optional look-up. Answered from memory, like everything here.

use api::CircuitPhase;
use base::Now;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::answer::problem;
use crate::body::Body;
use crate::metrics;
use crate::plan::Plan;

/// Paths below this are the gateway's own; no route may use them.
pub(crate) const PREFIX: &str = "/steadyline/dependencies/";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flag<'a> {
    dependency: &'a str,
    /// All of its circuits are closed.
    available: bool,
    /// The circuits that are not closed.
    open_circuits: Vec<String>,
    at: String,
}

/// The flag of one upstream.
pub(crate) fn answer(plan: &Plan, name: &str, now: Now) -> Response<Body> {
    let Some(index) = plan.upstreams.iter().position(|upstream| *upstream.config.name == *name) else {
        let known: Vec<_> = plan.upstreams.iter().map(|upstream| &*upstream.config.name).collect();
        let detail = format!("there is no upstream `{name}`");
        return problem(StatusCode::NOT_FOUND, "No such dependency", &detail, &format!("known: {}", known.join(", ")));
    };
    let circuits = metrics::upstream(plan, index, now).circuits;
    let is_open = |circuit: &api::CircuitView| circuit.phase != CircuitPhase::Closed;
    let open_circuits: Vec<_> = circuits.into_iter().filter(is_open).map(|circuit| circuit.name).collect();
    let flag = Flag { dependency: name, available: open_circuits.is_empty(), open_circuits, at: now.wall.to_string() };
    let body = serde_json::to_vec(&flag).expect("a flag is plain strings and a truth value");
    let mut response = Response::new(Body::full(Bytes::from(body)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
