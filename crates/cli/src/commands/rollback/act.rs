//! Going back because somebody says so.

use std::time::Duration;

use api::{Exit, LastRollback, ReleaseView, RollbackBegun, RollbackList, RollbackWish};
use clock::Clock;
use miette::{IntoDiagnostic as _, Report};
use serde_json::json;

use super::{PATH, shown};
use crate::client::{Server, segment};
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, output};

/// How often the server is asked whether it is over.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Forty minutes: a rollback gives up after half an hour of pauses.
const ASKED_MAX: usize = 2_400;
/// A server that restarts is waited for through so many questions in a row.
const UNANSWERED_MAX: usize = 60;

pub(super) async fn run(server: &Server, wish: &RollbackWish, is_waiting: bool, global: &Global) -> Ended {
    let begun: RollbackBegun = server.post(PATH, wish).await?;
    let is_text = global.format == Format::Text;
    if is_text {
        output::line(&begun.begun);
    }
    if !is_waiting {
        if is_text {
            output::line("  `steadyline rollback status` shows how it goes");
        } else {
            output::json(&serde_json::to_value(&begun).into_diagnostic()?);
        }
        return Ok(Exit::Done);
    }
    let last = ended(server, &begun.id).await?;
    if is_text {
        output::line(format_args!("{}: {}", last.flow, last.what));
    } else {
        output::json(&json!({ "id": begun.id, "begun": begun.begun, "ended": last }));
    }
    Ok(if last.is_done { Exit::Done } else { Exit::Blocked })
}

/// Waits until it is over.
async fn ended(server: &Server, id: &str) -> Result<LastRollback, Report> {
    let (clock, mut unanswered) = (Clock::real(), 0);
    for _ in 0..ASKED_MAX {
        match server.get::<RollbackList>(PATH).await {
            Ok(list) => {
                unanswered = 0;
                if let Some(last) = list.last.filter(|last| last.id == id) {
                    return Ok(last);
                }
            }
            Err(report) if UNANSWERED_MAX <= unanswered => return Err(report),
            Err(_) => unanswered += 1,
        }
        clock.sleep(ASK_EVERY).await;
    }
    let hint = "`steadyline rollback status` tells whether it still goes on; the audit tells what became of it";
    Err(Failure::new(Exit::Unknown, "it is not known what became of going back", hint).into())
}

pub(super) async fn approve(server: &Server, id: &str, global: &Global) -> Ended {
    let path = format!("{PATH}/{}/approve", segment(id)?);
    let release: ReleaseView = server.post(&path, &()).await?;
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&release).into_diagnostic()?),
        Format::Text => {
            output::line(shown::told(&release).title);
            output::line(format_args!("  `steadyline rollback explain {}` shows how it goes", release.id));
        }
    }
    Ok(Exit::Done)
}
