//! `steadyline maintenance`: asked for by one person, approved by another.

use api::{Exit, RequestList, RequestView, Wish};
use base::Minute;
use clap::{Subcommand, ValueEnum};
use clock::Clock;
use jiff::Timestamp;
use miette::IntoDiagnostic as _;

use crate::client::{Server, segment};
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, block_on, output};

/// Asks for maintenance, approves what others asked for, and lists it.
///
/// Whoever asks, approves or revokes says who they are with `--token` or STEADYLINE_TOKEN.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline maintenance list")]
pub(crate) enum Maintenance {
    /// Asks for maintenance; it counts when a second person has approved it.
    #[command(after_help = "Examples:\n  steadyline maintenance request --slo crm-lookup --start 2026-11-21T22:00 \
        --end 2026-11-22T02:00 --zone Europe/Berlin --reason 'CRM release 7'\n  steadyline maintenance request \
        --start now --end now+2h --reason 'the network is moved'")]
    Request {
        /// An objective that it is about; may be repeated. All of them unless one is named.
        #[arg(long, value_name = "ID")]
        slo: Vec<String>,
        /// When it begins: an instant, what the clocks of the zone show, or `now`, `now+2h`, `now-30m`.
        #[arg(long, value_name = "TIME")]
        start: String,
        /// When it ends, written in the same ways.
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
            let now = Clock::real().now().wall;
            let wish = Wish {
                kind: "maintenance".to_owned(),
                objectives: slo.clone(),
                start: Some(moment(start, now)?),
                end: Some(moment(end, now)?),
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

/// A time as the server reads it. It knows nothing of `now`, which would be another minute when it is asked again.
fn moment(text: &str, now: Timestamp) -> Result<String, Failure> {
    let text = text.trim();
    let Some(distance) = text.strip_prefix("now") else { return Ok(text.to_owned()) };
    let forward = distance.strip_prefix('+').filter(|ahead| !ahead.starts_with(['+', '-']));
    let at = match forward {
        // As far ahead as the same distance lies back.
        Some(ahead) => server::instant(&format!("now-{ahead}"), now)
            .and_then(|back| now.checked_add(now.duration_since(back)).map_err(|error| error.to_string())),
        None => server::instant(text, now),
    };
    let at = at.map_err(|_| {
        let hint = "write `now`, `now+2h`, `now-30m`, 2026-11-21T22:00:00Z, or 2026-11-21T22:00 and a zone";
        Failure::new(Exit::Usage, format!("`{text}` is no time"), hint)
    })?;
    Ok(Minute::of(at).start().to_string())
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
            output::line(standing(request));
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

/// What became of it, in a sentence.
fn standing(request: &RequestView) -> String {
    let RequestView { id, state, is_retroactive, ended_by, .. } = request;
    if let Some(who) = ended_by {
        return format!("{id} was ended by {who}");
    }
    match (is_retroactive, state.as_str()) {
        (true, "waiting") => format!("{id} is waiting, and began before it was asked for"),
        // What is approved late began before that, whenever it was asked for.
        (true, "approved") => format!("{id} is approved, and began before that"),
        _ => format!("{id} is {state}"),
    }
}

fn row(request: &RequestView) -> Vec<String> {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
    let about = if request.objectives.is_empty() { "everything".to_owned() } else { request.objectives.join(", ") };
    let relieves = if request.kind == "reset" { "what was spent".to_owned() } else { request.relieves.join(", ") };
    let state = match &request.ended_by {
        Some(who) => format!("ended by {who}"),
        None if request.is_on => format!("{}, on", request.state),
        None => request.state.clone(),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(state: &str, is_retroactive: bool, ended_by: Option<&str>) -> RequestView {
        let at = Timestamp::UNIX_EPOCH;
        RequestView {
            id: "m-1".into(),
            kind: "maintenance".into(),
            objectives: Vec::new(),
            start: Some(at),
            end: Some(at),
            zone: None,
            relieves: vec!["gate".into()],
            reason: "release".into(),
            asked_by: "ann".into(),
            asked_at: at,
            expires_at: at,
            is_retroactive,
            state: state.into(),
            decided_by: Some("ben".into()),
            decided_at: Some(at),
            ended_by: ended_by.map(str::to_owned),
            ended_at: ended_by.map(|_| at),
            is_on: state == "approved" && ended_by.is_none(),
        }
    }

    #[test]
    fn now_is_the_minute_that_it_is_and_counts_both_ways() {
        let now: Timestamp = "2026-11-21T08:00:42Z".parse().unwrap();
        let said = |text: &str| moment(text, now).ok();
        assert_eq!(said("now").as_deref(), Some("2026-11-21T08:00:00Z"));
        assert_eq!(said("now+2h").as_deref(), Some("2026-11-21T10:00:00Z"));
        assert_eq!(said("now-30m").as_deref(), Some("2026-11-21T07:30:00Z"));
        // The server reads these, and says what is wrong with them.
        assert_eq!(said(" 2026-11-21T22:00").as_deref(), Some("2026-11-21T22:00"));
        assert_eq!(said("soon").as_deref(), Some("soon"));
        for wrong in ["now+", "now-", "now+2", "now2h", "now+-2h", "now+99999999999w", "nowadays"] {
            assert!(said(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_somebody_ended_is_not_told_as_approved() {
        let said = |state, is_retroactive, ended_by| {
            let request = request(state, is_retroactive, ended_by);
            (standing(&request), row(&request).swap_remove(1))
        };
        let table = [
            (said("approved", true, Some("ann")), "m-1 was ended by ann", "ended by ann"),
            (said("approved", true, None), "m-1 is approved, and began before that", "approved, on"),
            (said("waiting", true, None), "m-1 is waiting, and began before it was asked for", "waiting"),
            (said("revoked", true, None), "m-1 is revoked", "revoked"),
            (said("rejected", false, None), "m-1 is rejected", "rejected"),
        ];
        for ((sentence, state), sentence_expected, state_expected) in table {
            assert_eq!((sentence.as_str(), state.as_str()), (sentence_expected, state_expected));
        }
    }
}
