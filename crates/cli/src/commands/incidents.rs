//! `steadyline incidents`: what is wrong, and who has taken it.

use api::{Acknowledgement, Exit, IncidentList, IncidentState, IncidentView, LetterState, Severity};
use clap::Subcommand;
use miette::IntoDiagnostic as _;

use crate::client::{Server, segment};
use crate::settings::{Format, Global, env};
use crate::{Ended, block_on, output};

/// Lists incidents and takes them.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline incidents list")]
pub(crate) enum Incidents {
    /// Live incidents, the latest first, and then those that are over.
    #[command(after_help = "Example:\n  steadyline incidents list --format json")]
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Takes an incident, so that others know that somebody is on it.
    #[command(after_help = "Example:\n  steadyline incidents ack 20261121-081530-000042 --who Ada")]
    Ack {
        /// The incident's id, from `incidents list`.
        id: String,
        /// Who takes it.
        #[arg(long, value_name = "NAME", env = env::USER, hide_env_values = true)]
        who: String,
        #[command(flatten)]
        server: Server,
    },
}

/// Asks and shows.
pub(crate) fn run(incidents: &Incidents, global: &Global) -> Ended {
    match incidents {
        Incidents::List { server } => block_on(list(server, global)),
        Incidents::Ack { id, who, server } => block_on(acknowledge(server, id, who, global)),
    }
}

async fn list(server: &Server, global: &Global) -> Ended {
    let list: IncidentList = server.get("/api/v1/incidents").await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&list).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    if list.incidents.is_empty() {
        output::line("no incidents");
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = list.incidents.iter().map(row).collect();
    output::table(&["ID", "STATE", "SEVERITY", "SINCE", "PAGES", "TITLE"], &rows);
    Ok(Exit::Done)
}

async fn acknowledge(server: &Server, id: &str, who: &str, global: &Global) -> Ended {
    let body = Acknowledgement { who: who.to_owned() };
    let incident: IncidentView = server.post(&format!("/api/v1/incidents/{}/ack", segment(id)?), &body).await?;
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&incident).into_diagnostic()?),
        Format::Text => {
            let who = incident.acknowledged_by.as_deref().unwrap_or(who);
            output::line(format_args!("{} is {who}'s: {}", incident.id, incident.title));
        }
    }
    Ok(Exit::Done)
}

fn row(incident: &IncidentView) -> Vec<String> {
    let delivered = incident.letters.iter().filter(|letter| letter.state == LetterState::Delivered).count();
    let state = match (incident.state, &incident.acknowledged_by) {
        (IncidentState::Open, _) => "open".to_owned(),
        (IncidentState::Acknowledged, Some(who)) => format!("taken by {who}"),
        (IncidentState::Acknowledged, None) => "taken".to_owned(),
        (IncidentState::Resolved, _) => "resolved".to_owned(),
    };
    let severity = match incident.severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    vec![
        incident.id.clone(),
        state,
        severity.to_owned(),
        format!("{:.0}", incident.opened_at),
        format!("{delivered}/{}", incident.letters.len()),
        incident.title.clone(),
    ]
}
