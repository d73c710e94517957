//! Objectives that somebody defines, and budgets that are given back.

use std::path::Path;

use api::{Exit, RequestView, Wish};
use miette::{IntoDiagnostic as _, Report};
use openslo::Text;
use serde_json::Value;

use crate::client::Server;
use crate::failure::Failure;
use crate::settings::{Format, Global, Source, read};
use crate::{Ended, output};

pub(super) async fn create(server: &Server, file: &Path, global: &Global) -> Ended {
    let Source { name, text } = read(file)?;
    let documents = documents(&name, &text)?;
    let mut created = Vec::new();
    for document in &documents {
        let answer: Value = server.post("/api/v2/observability/slos", document).await?;
        if global.format == Format::Text {
            output::line(format_args!("{} is defined; push its counts", answer["id"].as_str().unwrap_or("it")));
        }
        created.push(answer);
    }
    if global.format == Format::Json {
        output::json(&Value::Array(created));
    }
    Ok(Exit::Done)
}

pub(super) async fn reset(server: &Server, id: &str, reason: &str, global: &Global) -> Ended {
    let wish = Wish {
        kind: "reset".to_owned(),
        objectives: vec![id.to_owned()],
        reason: reason.to_owned(),
        ..Wish::default()
    };
    let request: RequestView = server.post("/api/v1/maintenance", &wish).await?;
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&request).into_diagnostic()?),
        Format::Text => output::line(format_args!(
            "{} waits: a second person approves it with `steadyline maintenance approve {}` before {:.0}",
            request.id, request.id, request.expires_at
        )),
    }
    Ok(Exit::Done)
}

/// The definitions of a file in the guide's shape, whichever of the two it is written in.
fn documents(name: &str, text: &str) -> Result<Vec<Value>, Report> {
    let wrong = |invalid: Box<openslo::Invalid>| {
        let hint = "docs/objectives.md says what may stand there";
        Report::from(Failure::new(Exit::Usage, format!("{name} defines no objective:\n{invalid}"), hint))
    };
    let read = Text { file: name, text };
    if text.trim_start().starts_with('{') {
        return openslo::guide::read(&read).map(|definition| vec![openslo::guide::write(&definition)]).map_err(wrong);
    }
    let reading = openslo::read(&[read]).map_err(wrong)?;
    Ok(reading.definitions.iter().map(openslo::guide::write).collect())
}
