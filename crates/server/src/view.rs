//! What the console says: from snapshots to sentences, pure.
//!
//! The one place that decides what is known. A gateway that has not been heard for [`SILENT_AFTER`] is
//! silent: its numbers are no longer shown, its phases are shown as the last that were known, and the
//! headline says so.

pub(crate) mod budget;
mod headline;
mod incidents;
pub(crate) mod reviews;
pub(crate) mod rollbacks;

use api::{CircuitPhase, CircuitView, GatewaySnapshot, RollbackList, RouteView, SlotsView, Snapshot, UpstreamView};
use jiff::{SignedDuration, Timestamp};

use crate::chart::Chart;
use crate::history::History;
use crate::words;

pub(crate) use headline::Headline;
pub(crate) use incidents::IncidentCard;

/// A gateway that has not been heard for this long is silent.
pub(crate) const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// Everything that is looked at.
pub(crate) struct Sources<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) history: &'a History,
    /// None while no organisation is watched.
    pub(crate) releases: Option<&'a RollbackList>,
}

/// The first page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Overview {
    pub(crate) as_of: String,
    pub(crate) headline: Headline,
    pub(crate) chart: Chart,
    pub(crate) figures: Vec<Figure>,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) circuits: Vec<CircuitCard>,
    pub(crate) slots: Vec<SlotsRow>,
    pub(crate) live: Vec<IncidentCard>,
    pub(crate) resolved: Vec<IncidentCard>,
    pub(crate) store: StoreLine,
    pub(crate) receivers: Vec<ReceiverRow>,
}

/// A text, or the fact that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Known(String),
    Unknown,
}

/// A large number with its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RouteRow {
    pub(crate) name: String,
    pub(crate) upstream: String,
    pub(crate) counts: Vec<Value>,
    pub(crate) dead_air: Value,
    pub(crate) dead_air_degraded: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CircuitCard {
    pub(crate) name: String,
    pub(crate) upstream: String,
    pub(crate) class: &'static str,
    pub(crate) phase: String,
    pub(crate) since: Value,
    pub(crate) cause: Option<String>,
    pub(crate) failures: Value,
    pub(crate) latency: Value,
    pub(crate) opened: Value,
    pub(crate) probes: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SlotsRow {
    pub(crate) name: String,
    pub(crate) held: Value,
    pub(crate) peak: Value,
    pub(crate) budget: u32,
    pub(crate) limit: Option<u32>,
    /// For the meter; absent when unknown.
    pub(crate) level: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoreLine {
    pub(crate) is_working: bool,
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReceiverRow {
    pub(crate) name: String,
    pub(crate) pending: String,
    pub(crate) delivered: String,
    pub(crate) failed: String,
    pub(crate) last: String,
    pub(crate) error: Option<String>,
}

impl Overview {
    pub(crate) fn new(sources: &Sources<'_>) -> Self {
        let Sources { snapshot, history, releases } = sources;
        let (now, gateway) = (snapshot.at, &snapshot.gateway);
        let known = Known::of(gateway, now);
        let cards = snapshot.incidents.iter().map(|incident| IncidentCard::new(incident, now));
        let (resolved, live) = cards.partition(|card: &IncidentCard| card.is_resolved);
        Self {
            as_of: words::instant(now, now),
            headline: Headline::new(snapshot, history, *releases, known),
            chart: Chart::new(&history.slots(now), now),
            figures: figures(gateway, known),
            routes: gateway.routes.iter().map(|route| route_row(route, known)).collect(),
            circuits: circuits(gateway, known, now),
            slots: slots(gateway, known),
            live,
            resolved,
            store: store_line(snapshot),
            receivers: snapshot.receivers.iter().map(|receiver| receiver_row(receiver, now)).collect(),
        }
    }
}

/// What is known of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has never been heard.
    Never,
    /// It was heard last at this instant, too long ago.
    Until(Timestamp),
    /// It is being heard.
    Now,
}

impl Known {
    pub(crate) fn of(gateway: &GatewaySnapshot, now: Timestamp) -> Self {
        match gateway.at {
            None => Self::Never,
            Some(at) if now.duration_since(at) > SILENT_AFTER => Self::Until(at),
            Some(_) => Self::Now,
        }
    }

    fn value(self, text: impl FnOnce() -> String) -> Value {
        if self == Self::Now { Value::Known(text()) } else { Value::Unknown }
    }
}

fn figures(gateway: &GatewaySnapshot, known: Known) -> Vec<Figure> {
    let sum = |count: fn(&RouteView) -> u64| known.value(|| words::count(gateway.routes.iter().map(count).sum()));
    let dead_air = gateway.routes.iter().map(|route| route.dead_air_seconds_degraded).sum();
    vec![
        Figure { class: "ok", name: "live answers", value: sum(|route| route.ok) },
        Figure { class: "cached", name: "kept answers", value: sum(|route| route.cached) },
        Figure { class: "fallback", name: "fallbacks", value: sum(|route| route.fallback) },
        Figure { class: "shed", name: "turned away", value: sum(|route| route.shed) },
        Figure { class: "error", name: "errors", value: sum(|route| route.error) },
        Figure { class: "air", name: "of dead air while degraded", value: known.value(|| seconds(dead_air)) },
    ]
}

fn route_row(route: &RouteView, known: Known) -> RouteRow {
    let counts = [route.ok, route.cached, route.fallback, route.shed, route.error];
    RouteRow {
        name: route.name.clone(),
        upstream: route.upstream.clone(),
        counts: counts.into_iter().map(|count| known.value(|| words::count(count))).collect(),
        dead_air: known.value(|| seconds(route.dead_air_seconds)),
        dead_air_degraded: known.value(|| seconds(route.dead_air_seconds_degraded)),
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.1}\u{a0}s") } else { format!("{}\u{a0}s", words::count(seconds as u64)) }
}

/// The circuits, those that are not closed first.
fn circuits(gateway: &GatewaySnapshot, known: Known, now: Timestamp) -> Vec<CircuitCard> {
    let mut circuits: Vec<(&UpstreamView, &CircuitView)> = gateway
        .upstreams
        .iter()
        .flat_map(|upstream| upstream.circuits.iter().map(move |circuit| (upstream, circuit)))
        .collect();
    circuits.sort_by_key(|(_, circuit)| match circuit.phase {
        CircuitPhase::Open => 0,
        CircuitPhase::HalfOpen => 1,
        CircuitPhase::Closed => 2,
    });
    circuits.into_iter().map(|(upstream, circuit)| circuit_card(upstream, circuit, known, now)).collect()
}

fn circuit_card(upstream: &UpstreamView, circuit: &CircuitView, known: Known, now: Timestamp) -> CircuitCard {
    let (class, word) = match circuit.phase {
        CircuitPhase::Closed => ("closed", "closed"),
        CircuitPhase::Open => ("open", "open"),
        CircuitPhase::HalfOpen => ("half", "half open"),
    };
    let (class, phase) = match known {
        Known::Now => (class, word.to_owned()),
        Known::Until(at) => ("unknown", format!("unknown; {word} {} ago", words::age(at, now))),
        Known::Never => ("unknown", "unknown".to_owned()),
    };
    let measured = |text: Option<String>| text.filter(|_| known == Known::Now).map_or(Value::Unknown, Value::Known);
    CircuitCard {
        name: circuit.name.clone(),
        upstream: upstream.name.clone(),
        class,
        phase,
        since: match circuit.since {
            None => known.value(|| "the start".to_owned()),
            Some(since) => known.value(|| format!("{} ({})", words::instant(since, now), words::age(since, now))),
        },
        cause: circuit.cause.clone(),
        failures: measured(circuit.failure_percent.map(words::percent)),
        latency: measured(circuit.latency_ms_p99.map(|ms| format!("{ms:.0}\u{a0}ms"))),
        opened: known.value(|| words::counted(circuit.opened_total, "time", "times")),
        probes: known.value(|| words::count(circuit.probes_total)),
    }
}

fn slots(gateway: &GatewaySnapshot, known: Known) -> Vec<SlotsRow> {
    if gateway.at.is_none() {
        return Vec::new();
    }
    let all = slots_row("all upstreams", gateway.slots, None, known);
    let each =
        gateway.upstreams.iter().map(|upstream| slots_row(&upstream.name, upstream.slots, Some(upstream.limit), known));
    std::iter::once(all).chain(each).collect()
}

fn slots_row(name: &str, slots: SlotsView, limit: Option<u32>, known: Known) -> SlotsRow {
    SlotsRow {
        name: name.to_owned(),
        held: known.value(|| words::count(slots.held.into())),
        peak: known.value(|| words::count(slots.peak.into())),
        budget: slots.budget,
        limit: limit.filter(|_| known == Known::Now),
        level: (known == Known::Now).then_some(slots.held.min(slots.budget)),
    }
}

fn store_line(snapshot: &Snapshot) -> StoreLine {
    let store = &snapshot.store;
    let Some(since) = store.failing_since else {
        return StoreLine { is_working: true, text: "Every decision is kept.".into() };
    };
    let waiting = words::counted(store.unsaved, "record waits", "records wait");
    let why = store.detail.as_deref().unwrap_or("the store does not answer");
    let hint = store.hint.as_deref().unwrap_or_default();
    let age = words::age(since, snapshot.at);
    StoreLine { is_working: false, text: format!("For {age} it has failed to {why}; {waiting} in memory. {hint}") }
}

fn receiver_row(receiver: &api::ReceiverView, now: Timestamp) -> ReceiverRow {
    ReceiverRow {
        name: receiver.name.clone(),
        pending: words::count(receiver.pending),
        delivered: words::count(receiver.delivered),
        failed: words::count(receiver.failed),
        last: receiver.last_delivered_at.map_or_else(|| "nothing yet".to_owned(), |at| words::instant(at, now)),
        error: receiver.last_error.clone(),
    }
}
