//! Numbers for Prometheus: the controller's own, and the gateway's in the same scrape.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use api::IncidentState;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::app::App;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const END: &str = "# EOF\n";

/// Everything that is measured, as OpenMetrics text.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "OpenMetrics text", body = str, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let own = own(&app);
    let gateway = app.gateways.metrics();
    let gateway = gateway.trim_end().trim_end_matches("# EOF").trim_end();
    let mut text = own.trim_end_matches(END).to_owned();
    if !gateway.is_empty() {
        text.push_str(gateway);
        text.push('\n');
    }
    text.push_str(END);
    ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}

/// The controller's own numbers. They are read from what is shown, so a scrape and the console agree.
fn own(app: &App) -> String {
    let views = app.engine.views().borrow().clone();
    let mut registry = Registry::with_prefix("steadyline");
    let live = views.incidents.iter().filter(|incident| incident.state != IncidentState::Resolved);
    let untaken = live.clone().filter(|incident| incident.state == IncidentState::Open).count();
    gauge(&mut registry, "incidents_live", "Incidents that are not over", live.count() as i64);
    gauge(&mut registry, "incidents_untaken", "Live incidents that nobody has taken", untaken as i64);
    gauge(&mut registry, "store_working", "1 while decisions are being kept", i64::from(views.store.working));
    gauge(&mut registry, "store_unsaved", "Records that wait in memory", views.store.unsaved as i64);
    let pending = Family::<Labels, Gauge>::default();
    let delivered = Family::<Labels, Counter<u64, AtomicU64>>::default();
    let failed = Family::<Labels, Counter<u64, AtomicU64>>::default();
    for receiver in &views.receivers {
        let labels = vec![("receiver", receiver.name.clone())];
        pending.get_or_create(&labels).set(receiver.pending as i64);
        delivered.get_or_create(&labels).inc_by(receiver.delivered);
        failed.get_or_create(&labels).inc_by(receiver.failed);
    }
    registry.register("letters_pending", "Letters that wait for a receiver", pending);
    registry.register("letters_delivered", "Letters that a receiver confirmed", delivered);
    registry.register("letters_failed", "Letters that were given up", failed);
    let mut text = String::new();
    // Writing to a string does not fail.
    encode(&mut text, &registry).unwrap_or_default();
    text
}

type Labels = Vec<(&'static str, String)>;

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
