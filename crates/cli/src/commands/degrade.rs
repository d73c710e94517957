//! `steadyline degrade`: what callers get at this moment.

use api::{CircuitEntry, CircuitList, CircuitPhase, Exit, GatewaySnapshot, RouteView, Snapshot};
use clap::Subcommand;
use jiff::Timestamp;
use miette::{IntoDiagnostic as _, Report};

use crate::client::Server;
use crate::settings::{Format, Global};
use crate::{Ended, block_on, output};

/// Shows what callers get at this moment.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline degrade status --server http://127.0.0.1:7700")]
pub(crate) enum Degrade {
    /// What every route has served, circuits that are not closed, slots.
    #[command(after_help = "Example:\n  steadyline degrade status --format json")]
    Status {
        #[command(flatten)]
        server: Server,
    },
    /// Every circuit, and why it stands where it stands.
    #[command(after_help = "Example:\n  steadyline degrade circuits")]
    Circuits {
        #[command(flatten)]
        server: Server,
    },
}

/// Asks and shows.
pub(crate) fn run(degrade: &Degrade, global: &Global) -> Ended {
    match degrade {
        Degrade::Status { server } => block_on(status(server, global)),
        Degrade::Circuits { server } => block_on(circuits(server, global)),
    }
}

async fn status(server: &Server, global: &Global) -> Ended {
    let Snapshot { gateway, .. } = server.get("/api/v1/snapshot").await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&gateway).into_diagnostic()?);
        return Ok(known(gateway.at));
    }
    if gateway.at.is_none() {
        return nothing_known();
    }
    let GatewaySnapshot { routes, slots, upstreams, .. } = &gateway;
    let rows: Vec<_> = routes.iter().map(route_row).collect();
    output::table(&["ROUTE", "UPSTREAM", "LIVE", "KEPT", "FALLBACK", "SHED", "ERROR", "DEAD AIR"], &rows);
    output::line(format_args!("\nslots   {} held, peak {}, of {}", slots.held, slots.peak, slots.budget));
    let circuits = upstreams.iter().flat_map(|upstream| &upstream.circuits);
    let degraded: Vec<_> = circuits.filter(|circuit| circuit.phase != CircuitPhase::Closed).collect();
    if degraded.is_empty() {
        output::line("circuits all closed");
    }
    for circuit in degraded {
        let cause = circuit.cause.as_deref().unwrap_or("the cause is not known");
        output::line(format_args!("circuit {} is {}: {cause}", circuit.name, phase(circuit.phase)));
    }
    Ok(Exit::Done)
}

async fn circuits(server: &Server, global: &Global) -> Ended {
    let list: CircuitList = server.get("/api/v1/circuits").await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&list).into_diagnostic()?);
        return Ok(known(list.at));
    }
    if list.at.is_none() {
        return nothing_known();
    }
    let rows: Vec<_> = list.circuits.iter().map(circuit_row).collect();
    output::table(&["CIRCUIT", "UPSTREAM", "PHASE", "SINCE", "OPENED", "PROBES", "FAILING", "P99", "CAUSE"], &rows);
    Ok(Exit::Done)
}

/// Without a gateway's report nothing can be said, and nothing is what is said.
fn known(at: Option<Timestamp>) -> Exit {
    if at.is_some() { Exit::Done } else { Exit::Unknown }
}

fn nothing_known() -> Result<Exit, Report> {
    output::line("no gateway has reported yet");
    Ok(Exit::Unknown)
}

fn route_row(route: &RouteView) -> Vec<String> {
    let RouteView { name, upstream, ok, cached, fallback, shed, error, dead_air_seconds, .. } = route;
    let mut row = vec![name.clone(), upstream.clone()];
    row.extend([ok, cached, fallback, shed, error].map(u64::to_string));
    row.push(format!("{dead_air_seconds:.1} s"));
    row
}

fn circuit_row(entry: &CircuitEntry) -> Vec<String> {
    let CircuitEntry { upstream, circuit } = entry;
    vec![
        circuit.name.clone(),
        upstream.clone(),
        phase(circuit.phase).to_owned(),
        circuit.since.map_or_else(|| "the start".to_owned(), |since| format!("{since:.0}")),
        circuit.opened_total.to_string(),
        circuit.probes_total.to_string(),
        circuit.failure_percent.map_or_else(unknown, |percent| format!("{percent:.1} %")),
        circuit.latency_ms_p99.map_or_else(unknown, |latency| format!("{latency:.0} ms")),
        circuit.cause.clone().unwrap_or_else(unknown),
    ]
}

/// What is not known is not a number.
fn unknown() -> String {
    "–".to_owned()
}

fn phase(phase: CircuitPhase) -> &'static str {
    match phase {
        CircuitPhase::Closed => "closed",
        CircuitPhase::Open => "open",
        CircuitPhase::HalfOpen => "half open",
    }
}
