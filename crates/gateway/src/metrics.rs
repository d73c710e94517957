//! What the gateway tells: a snapshot for people, Prometheus text for machines. Both are read from the same
//! counters, off the path of calls.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use api::{CircuitPhase, CircuitView, GatewaySnapshot, Outcome, RouteView, SlotsView, UpstreamView};
use base::Now;
use degrade::{Phase, slots};

use crate::keeper::Counts;
use crate::meter::{DURATION_BOUNDS_S, OUTCOMES, Totals};
use crate::plan::{CircuitShared, Plan, UpstreamShared};
use crate::reason::{Reason, outcome_word};

/// Everything at this instant.
pub(crate) fn snapshot(plan: &Plan, boot: u64, now: Now) -> GatewaySnapshot {
    let upstreams: Vec<_> = (0..plan.upstreams.len()).map(|index| upstream(plan, index, now)).collect();
    let peak = upstreams.iter().map(|upstream| upstream.slots.peak).sum();
    GatewaySnapshot {
        at: Some(now.wall),
        boot,
        routes: plan
            .routes
            .iter()
            .map(|route| route_view(plan, &route.config.name, &route.totals(), route.config.upstream))
            .collect(),
        slots: SlotsView { held: plan.slots_held(), peak, budget: plan.slots },
        upstreams,
    }
}

/// One upstream at this instant.
pub(crate) fn upstream(plan: &Plan, index: usize, now: Now) -> UpstreamView {
    let upstream = &plan.upstreams[index];
    let circuits = plan.circuits.iter().filter(|circuit| circuit.upstream == index);
    UpstreamView {
        name: upstream.config.name.to_string(),
        base_url: upstream.config.base.to_string(),
        circuits: circuits.map(|circuit| circuit_view(circuit, now)).collect(),
        slots: slots_view(upstream),
        limit: upstream.limit.load(Ordering::Relaxed),
    }
}

fn slots_view(upstream: &UpstreamShared) -> SlotsView {
    SlotsView {
        held: upstream.in_flight.load(Ordering::Relaxed),
        peak: upstream.peak.load(Ordering::Relaxed),
        budget: upstream.config.slots,
    }
}

fn circuit_view(circuit: &CircuitShared, now: Now) -> CircuitView {
    let last = circuit.last.lock().expect("nobody panics while holding the last transition").clone();
    let evidence = circuit.breaker.evidence(now.mono);
    let calls = evidence.good + evidence.bad;
    CircuitView {
        name: circuit.name.to_string(),
        phase: match circuit.breaker.phase() {
            Phase::Closed => CircuitPhase::Closed,
            Phase::Open => CircuitPhase::Open,
            Phase::HalfOpen => CircuitPhase::HalfOpen,
        },
        since: last.as_ref().map(|last| last.at.wall),
        cause: last.map(|last| last.cause.to_string()),
        opened_total: circuit.opened.load(Ordering::Relaxed),
        probes_total: circuit.probes.load(Ordering::Relaxed),
        failure_percent: (calls > 0).then(|| evidence.bad as f64 * 100.0 / calls as f64),
        latency_ms_p99: circuit.breaker.learned(now.mono).map(|learned| learned.p99.as_secs_f64() * 1e3),
    }
}

fn route_view(plan: &Plan, name: &str, totals: &Totals, upstream: usize) -> RouteView {
    let waited: f64 = OUTCOMES.into_iter().map(|outcome| totals.waited_s(outcome)).sum();
    RouteView {
        name: name.to_owned(),
        upstream: plan.upstreams[upstream].config.name.to_string(),
        ok: totals.of(Outcome::Ok),
        cached: totals.of(Outcome::Cached),
        fallback: totals.of(Outcome::Fallback),
        shed: totals.of(Outcome::Shed),
        error: totals.of(Outcome::Error),
        trimmed: totals.reasons[Reason::Trimmed.index()],
        dead_air_seconds: waited,
        dead_air_seconds_degraded: waited - totals.waited_s(Outcome::Ok),
    }
}

/// Prometheus text format 0.0.4, without an end marker, so that other families can follow.
pub(crate) fn prometheus(plan: &Plan, counts: &Counts, now: Now) -> String {
    let mut text = Text(String::with_capacity(16 * 1024));
    let routes: Vec<_> = plan.routes.iter().map(|route| (&*route.config.name, route.totals())).collect();
    text.family(
        "steadyline_dead_air_seconds_total",
        "counter",
        "Caller-seconds spent waiting for an answer, by how the call ended.",
    );
    for (route, totals) in &routes {
        for outcome in OUTCOMES {
            text.line(
                "steadyline_dead_air_seconds_total",
                &[("route", route), ("outcome", outcome_word(outcome))],
                totals.waited_s(outcome),
            );
        }
    }
    text.family("steadyline_calls_total", "counter", "Calls by how they ended.");
    for (route, totals) in &routes {
        for outcome in OUTCOMES {
            text.line(
                "steadyline_calls_total",
                &[("route", route), ("outcome", outcome_word(outcome))],
                totals.of(outcome) as f64,
            );
        }
    }
    text.family("steadyline_calls_by_reason_total", "counter", "Calls by why they ended so.");
    for (route, totals) in &routes {
        for reason in Reason::ALL.into_iter().filter(|reason| totals.reasons[reason.index()] > 0) {
            text.line(
                "steadyline_calls_by_reason_total",
                &[("route", route), ("reason", reason.word())],
                totals.reasons[reason.index()] as f64,
            );
        }
    }
    text.family("steadyline_retries_total", "counter", "Tries beyond the first.");
    for (route, totals) in &routes {
        text.line("steadyline_retries_total", &[("route", route)], totals.retries as f64);
    }
    text.family("steadyline_call_duration_seconds", "histogram", "Time from a call's arrival to its answer.");
    for (route, totals) in &routes {
        durations(&mut text, route, totals);
    }
    circuits(&mut text, plan, now);
    upstreams(&mut text, plan);
    let single = |text: &mut Text, name, help, value: u64| {
        text.family(name, "counter", help);
        text.line(name, &[], value as f64);
    };
    single(
        &mut text,
        "steadyline_requests_refused_total",
        "Requests refused as malformed, ambiguous or too slow.",
        counts.malformed.load(Ordering::Relaxed),
    );
    single(
        &mut text,
        "steadyline_records_lost_total",
        "Circuit records that nobody took.",
        counts.records_lost.load(Ordering::Relaxed),
    );
    single(
        &mut text,
        "steadyline_posts_lost_total",
        "Errands that found the keeper's mailbox full.",
        counts.posts_lost.load(Ordering::Relaxed),
    );
    text.0
}

fn durations(text: &mut Text, route: &str, totals: &Totals) {
    let mut below = 0;
    for (bound, count) in DURATION_BOUNDS_S.iter().zip(totals.durations) {
        below += count;
        text.line(
            "steadyline_call_duration_seconds_bucket",
            &[("route", route), ("le", &bound.to_string())],
            below as f64,
        );
    }
    let all: u64 = totals.durations.iter().sum();
    text.line("steadyline_call_duration_seconds_bucket", &[("route", route), ("le", "+Inf")], all as f64);
    let seconds: f64 = OUTCOMES.into_iter().map(|outcome| totals.waited_s(outcome)).sum();
    text.line("steadyline_call_duration_seconds_sum", &[("route", route)], seconds);
    text.line("steadyline_call_duration_seconds_count", &[("route", route)], all as f64);
}

fn circuits(text: &mut Text, plan: &Plan, now: Now) {
    let views: Vec<_> = plan.circuits.iter().map(|circuit| circuit_view(circuit, now)).collect();
    let upstream = |index: usize| &*plan.circuits[index].upstream_name;
    text.family("steadyline_circuit_open", "gauge", "1 while the circuit is open or half open.");
    for (index, view) in views.iter().enumerate() {
        let is_open = f64::from(u8::from(view.phase != CircuitPhase::Closed));
        text.line("steadyline_circuit_open", &[("upstream", upstream(index)), ("circuit", &view.name)], is_open);
    }
    text.family("steadyline_circuit_opened_total", "counter", "How often the circuit opened.");
    for (index, view) in views.iter().enumerate() {
        text.line(
            "steadyline_circuit_opened_total",
            &[("upstream", upstream(index)), ("circuit", &view.name)],
            view.opened_total as f64,
        );
    }
    text.family("steadyline_probes_total", "counter", "Probes sent.");
    for (index, view) in views.iter().enumerate() {
        text.line(
            "steadyline_probes_total",
            &[("upstream", upstream(index)), ("circuit", &view.name)],
            view.probes_total as f64,
        );
    }
    text.family(
        "steadyline_upstream_latency_seconds",
        "gauge",
        "Learned 99th percentile of good answers; absent until learned.",
    );
    for (index, view) in views.iter().enumerate() {
        if let Some(p99) = view.latency_ms_p99 {
            text.line(
                "steadyline_upstream_latency_seconds",
                &[("upstream", upstream(index)), ("circuit", &view.name), ("quantile", "0.99")],
                p99 / 1e3,
            );
        }
    }
}

fn upstreams(text: &mut Text, plan: &Plan) {
    text.family("steadyline_slots_held", "gauge", "Concurrent executions held by calls in flight.");
    for upstream in &plan.upstreams {
        text.line(
            "steadyline_slots_held",
            &[("upstream", &upstream.config.name)],
            f64::from(slots_view(upstream).held),
        );
    }
    text.family("steadyline_slots_peak", "gauge", "Most slots held at once since the start.");
    for upstream in &plan.upstreams {
        text.line(
            "steadyline_slots_peak",
            &[("upstream", &upstream.config.name)],
            f64::from(slots_view(upstream).peak),
        );
    }
    text.family(
        "steadyline_slots_budget",
        "gauge",
        "Slots that may be held; without a label, by the whole organisation.",
    );
    text.line("steadyline_slots_budget", &[], f64::from(plan.slots));
    for upstream in &plan.upstreams {
        text.line("steadyline_slots_budget", &[("upstream", &upstream.config.name)], f64::from(upstream.config.slots));
    }
    text.family(
        "steadyline_slots_needed",
        "gauge",
        "Slots that the last second's calls need: rate times mean latency.",
    );
    for upstream in &plan.upstreams {
        let needed = slots::needed(
            upstream.good_last_second.load(Ordering::Relaxed),
            std::time::Duration::from_secs(1),
            std::time::Duration::from_micros(upstream.mean_us_last_second.load(Ordering::Relaxed)),
        );
        text.line("steadyline_slots_needed", &[("upstream", &upstream.config.name)], needed as f64);
    }
    text.family("steadyline_concurrency_limit", "gauge", "Adaptive concurrency limit.");
    for upstream in &plan.upstreams {
        text.line(
            "steadyline_concurrency_limit",
            &[("upstream", &upstream.config.name)],
            f64::from(upstream.limit.load(Ordering::Relaxed)),
        );
    }
    text.family("steadyline_token_renewals_failed", "gauge", "Token renewals that failed since the last good one.");
    for upstream in &plan.upstreams {
        if let Some(source) = &upstream.token {
            text.line(
                "steadyline_token_renewals_failed",
                &[("upstream", &upstream.config.name)],
                source.cell.failures.load(Ordering::Relaxed) as f64,
            );
        }
    }
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("writing to a string cannot fail");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.0.push(if index == 0 { '{' } else { ',' });
            write!(self.0, "{label}=\"{}\"", escape(text)).expect("writing to a string cannot fail");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        writeln!(self.0, " {value}").expect("writing to a string cannot fail");
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
