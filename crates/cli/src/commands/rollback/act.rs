//! Going back because somebody says so.

use api::{Exit, ReleaseView, RollbackBegun, RollbackWish};
use miette::IntoDiagnostic as _;

use super::shown;
use crate::client::{Server, segment};
use crate::settings::{Format, Global};
use crate::{Ended, output};

pub(super) async fn run(server: &Server, wish: &RollbackWish, global: &Global) -> Ended {
    let begun: RollbackBegun = server.post("/api/v1/rollbacks", wish).await?;
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&begun).into_diagnostic()?),
        Format::Text => {
            output::line(&begun.begun);
            output::line("  `steadyline rollback status` shows how it goes");
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn approve(server: &Server, id: &str, global: &Global) -> Ended {
    let path = format!("/api/v1/rollbacks/{}/approve", segment(id)?);
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
