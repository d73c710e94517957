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
    budgets(app, &mut registry);
    releases(app, &mut registry);
    reviews(app, &mut registry);
    let mut text = String::new();
    // Writing to a string does not fail.
    encode(&mut text, &registry).unwrap_or_default();
    text
}

/// Error budgets. What is not known has no line: a number would be read as one.
fn budgets(app: &App, registry: &mut Registry) {
    let Some(budgets) = &app.budgets else { return };
    let views = budgets.list();
    let events = Family::<Labels, Counter<u64, AtomicU64>>::default();
    let bad_events = Family::<Labels, Counter<u64, AtomicU64>>::default();
    let remaining = Family::<Labels, Ratio>::default();
    let burn_rate = Family::<Labels, Ratio>::default();
    let age = Family::<Labels, Gauge>::default();
    let firing = Family::<Labels, Gauge>::default();
    for objective in &views.objectives {
        let labels = vec![("slo", objective.id.clone())];
        events.get_or_create(&labels).inc_by(objective.events_ever);
        bad_events.get_or_create(&labels).inc_by(objective.bad_events_ever);
        if let Some(percent) = objective.remaining_percent {
            remaining.get_or_create(&labels).set(percent / 100.0);
        }
        if let Some(rate) = objective.burn_rate {
            burn_rate.get_or_create(&labels).set(rate);
        }
        if let Some(minutes) = objective.age_minutes {
            age.get_or_create(&labels).set(i64::from(minutes) * 60);
        }
        for alert in objective.alerts.iter().filter(|alert| alert.state != "unknown") {
            let (severity, window) = (alert.severity.clone(), alert.long_window.clone());
            let labels = vec![("slo", objective.id.clone()), ("severity", severity), ("window", window)];
            firing.get_or_create(&labels).set(i64::from(alert.state == "firing"));
        }
    }
    let mode = Family::<Labels, Gauge>::default();
    for flow in &views.flows {
        for word in MODES {
            let labels = vec![("flow", flow.flow.clone()), ("mode", word.to_owned())];
            mode.get_or_create(&labels).set(i64::from(flow.mode == word));
        }
    }
    registry.register("slo_events", "Events that were counted", events);
    registry.register("slo_bad_events", "Bad events among them", bad_events);
    registry.register("slo_error_budget_remaining_ratio", "Part of the error budget that is left", remaining);
    registry.register("slo_burn_rate", "Burn rate over the objective's window", burn_rate);
    registry.register("slo_data_age_seconds", "Age of the last known minute", age);
    registry.register("slo_alert_firing", "1 while the alert holds", firing);
    registry.register("flow_mode", "1 for the mode that the flow is in", mode);
}

/// Releases that are watched, gone back from, or proved; and whether anything may be gone back from at all.
fn releases(app: &App, registry: &mut Registry) {
    let Some(releases) = &app.releases else { return };
    let list = releases.list();
    let odds = Family::<Labels, Ratio>::default();
    let standing = Family::<Labels, Gauge>::default();
    for release in list.releases.iter().filter(|release| release.is_open) {
        let labels = vec![("flow", release.name.clone()), ("version", release.version.clone())];
        if let Some(known) = release.odds {
            odds.get_or_create(&labels).set(known);
        }
        let labels = [labels, vec![("state", release.state.clone())]].concat();
        standing.get_or_create(&labels).set(1);
    }
    let armed = Family::<Labels, Gauge>::default();
    for flow in &list.flows {
        if let Some(is_armed) = flow.armed.as_ref().map(|armed| armed.is_armed) {
            armed.get_or_create(&vec![("flow", flow.name.clone())]).set(i64::from(is_armed));
        }
    }
    registry.register("release_odds", "Odds against a healthy release", odds);
    registry.register("release_state", "1 for the state that an open release is in", standing);
    registry.register("rollback_armed", "1 when the flow may be gone back automatically", armed);
    let is_known = list.trouble.is_none();
    gauge(registry, "rollback_callers_counted", "1 while it is known what becomes of callers", i64::from(is_known));
    gauge(registry, "rollback_leader", "1 when this controller may go back", i64::from(list.is_leader));
    gauge(registry, "rollback_open", "1 while a flow is being gone back", i64::from(list.open.is_some()));
    let is_locked = list.locked_until.is_some();
    gauge(registry, "rollback_locked", "1 while nothing is gone back automatically", i64::from(is_locked));
}

/// Reviews. A plan that was not reviewed yet has no verdict.
fn reviews(app: &App, registry: &mut Registry) {
    let Some(reviews) = &app.reviews else { return };
    let list = reviews.list();
    let verdict = Family::<Labels, Gauge>::default();
    let age = Family::<Labels, Gauge>::default();
    let overdue = Family::<Labels, Gauge>::default();
    let now = app.now().wall;
    for plan in &list.plans {
        let labels = vec![("plan", plan.plan.clone()), ("target", plan.target.clone())];
        if let Some(last) = plan.reviews.last() {
            for word in VERDICTS {
                let labels = [labels.clone(), vec![("verdict", word.to_owned())]].concat();
                verdict.get_or_create(&labels).set(i64::from(last.verdict == word));
            }
            age.get_or_create(&labels).set(now.duration_since(last.at).as_secs().max(0));
        }
        if let Some(schedule) = &plan.schedule {
            overdue.get_or_create(&labels).set(now.duration_since(schedule.next).as_secs().max(0));
        }
    }
    registry.register("review_verdict", "1 for the verdict of the last review", verdict);
    registry.register("review_age_seconds", "Age of the last review", age);
    registry.register("review_overdue_seconds", "How long a review has been due", overdue);
    gauge(registry, "review_leader", "1 when this controller reviews", i64::from(list.is_leader));
}

/// All verdicts of a review.
const VERDICTS: [&str; 3] = ["pass", "unknown", "blocked"];

/// All modes of a flow.
const MODES: [&str; 4] = ["NORMAL", "TRIM", "AGENT_ONLY", "OVERFLOW"];

type Ratio = Gauge<f64, AtomicU64>;

type Labels = Vec<(&'static str, String)>;

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
