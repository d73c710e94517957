//! `steadyline maintenance`: asked for by one person, approved by another.

use api::{Exit, RequestList, RequestView, Wish};
use clap::{Subcommand, ValueEnum};
use miette::IntoDiagnostic as _;

use crate::client::{Server, segment};
use crate::settings::{Format, Global};
use crate::{Ended, block_on, output};

/// Asks for maintenance, approves what others asked for, and lists it.
///
/// Whoever asks, approves or revokes says who they are with `--token` or STEADYLINE_TOKEN.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline maintenance list")]
pub(crate) enum Maintenance {
    /// Asks for maintenance; it counts when a second person has approved it.
    #[command(after_help = "Example:\n  steadyline maintenance request --slo crm-lookup --start 2026-11-21T22:00 \
        --end 2026-11-22T02:00 --zone Europe/Berlin --reason 'CRM release 7'")]
    Request {
        /// An objective that it is about; may be repeated. All of them unless one is named.
        #[arg(long, value_name = "ID")]
        slo: Vec<String>,
        /// When it begins: an instant, or what the clocks of the zone show.
        #[arg(long, value_name = "TIME")]
        start: String,
        /// When it ends.
        #[arg(long, value_name = "TIME")]
        end: String,
        /// An IANA time zone.
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        zone: String,
        /// What it counts for; may be repeated. All of it unless something is named.
        #[arg(long, value_enum, value_name = "WHAT")]
        relieve: Vec<Relieve>,
        /// Why.
        #[arg(long, value_name = "WORDS")]
        reason: String,
        #[command(flatten)]
        server: Server,
    },
    /// Approves what somebody else asked for, maintenance or a reset.
    #[command(after_help = "Example:\n  steadyline maintenance approve maintenance-20261121-213000-1")]
    Approve(Decide),
    /// Rejects what somebody else asked for.
    #[command(after_help = "Example:\n  steadyline maintenance reject maintenance-20261121-213000-1")]
    Reject(Decide),
    /// Takes back what waits, or ends maintenance now.
    #[command(after_help = "Example:\n  steadyline maintenance revoke maintenance-20261121-213000-1")]
    Revoke(Decide),
    /// Everything that was asked for, the latest first.
    #[command(after_help = "Example:\n  steadyline maintenance list")]
    List {
        #[command(flatten)]
        server: Server,
    },
}

/// Which request.
#[derive(Debug, clap::Args)]
pub(crate) struct Decide {
    /// Its id, from `maintenance list`.
    id: String,
    #[command(flatten)]
    server: Server,
}

/// What maintenance counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Relieve {
    /// Its minutes are left out of the adjusted budget.
    Budget,
    /// The gate opens.
    Gate,
    /// Flows run as always.
    Degrade,
    /// No release is gone back from.
    Rollback,
}

/// Asks and shows.
pub(crate) fn run(maintenance: &Maintenance, global: &Global) -> Ended {
    match maintenance {
        Maintenance::Request { slo, start, end, zone, relieve, reason, server } => {
            let word = |relieve: &Relieve| match relieve {
                Relieve::Budget => "budget".to_owned(),
                Relieve::Gate => "gate".to_owned(),
                Relieve::Degrade => "degrade".to_owned(),
                Relieve::Rollback => "rollback".to_owned(),
            };
            let wish = Wish {
                kind: "maintenance".to_owned(),
                objectives: slo.clone(),
                start: Some(start.clone()),
                end: Some(end.clone()),
                zone: Some(zone.clone()),
                relieves: (!relieve.is_empty()).then(|| relieve.iter().map(word).collect()),
                reason: reason.clone(),
            };
            block_on(request(server, &wish, global))
        }
        Maintenance::Approve(decide) => block_on(act(decide, "approve", global)),
        Maintenance::Reject(decide) => block_on(act(decide, "reject", global)),
        Maintenance::Revoke(decide) => block_on(act(decide, "revoke", global)),
        Maintenance::List { server } => block_on(list(server, global)),
    }
}

async fn request(server: &Server, wish: &Wish, global: &Global) -> Ended {
    let request: RequestView = server.post("/api/v1/maintenance", wish).await?;
    tell(&request, global)
}

async fn act(decide: &Decide, what: &str, global: &Global) -> Ended {
    let path = format!("/api/v1/maintenance/{}/{what}", segment(&decide.id)?);
    let request: RequestView = decide.server.post(&path, &()).await?;
    tell(&request, global)
}

async fn list(server: &Server, global: &Global) -> Ended {
    let list: RequestList = server.get("/api/v1/maintenance").await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&list).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    if list.requests.is_empty() {
        output::line("nothing was asked for");
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = list.requests.iter().map(row).collect();
    output::table(&["ID", "STATE", "ABOUT", "FROM", "UNTIL", "FOR", "ASKED BY", "DECIDED BY", "WHY"], &rows);
    Ok(Exit::Done)
}

fn tell(request: &RequestView, global: &Global) -> Ended {
    match global.format {
        Format::Json => output::json(&serde_json::to_value(request).into_diagnostic()?),
        Format::Text => {
            let flag = if request.is_retroactive { ", and began before it was asked for" } else { "" };
            output::line(format_args!("{} is {}{flag}", request.id, request.state));
            if request.state == "waiting" {
                output::line(format_args!(
                    "  a second person approves it with `steadyline maintenance approve {}` before {:.0}",
                    request.id, request.expires_at
                ));
            }
        }
    }
    Ok(Exit::Done)
}

fn row(request: &RequestView) -> Vec<String> {
    let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
    let about = if request.objectives.is_empty() { "everything".to_owned() } else { request.objectives.join(", ") };
    let relieves = if request.kind == "reset" { "what was spent".to_owned() } else { request.relieves.join(", ") };
    let state = if request.is_on { format!("{}, on", request.state) } else { request.state.clone() };
    vec![
        request.id.clone(),
        state,
        about,
        at(request.start),
        at(request.end),
        relieves,
        request.asked_by.clone(),
        request.decided_by.clone().unwrap_or_else(|| "-".to_owned()),
        request.reason.clone(),
    ]
}
