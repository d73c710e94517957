//! Whether a flow is sound.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings, Severity};
use genesys::flow_jobs::{self, Message, Validation};
use genesys::{Error, flows};
use serde_json::{Value, json};

use super::asked::Asked;
use super::{GuideError, guide};
use crate::app::App;

/// How long the platform may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// `POST /api/v2/flow/{flowId}/validate`
pub(crate) async fn validate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let client = &guide(&app)?.client;
    let asked = Asked::read(&body, query.as_deref())?;
    let flow = flows::one(client, &id).await?;
    let version = asked.text("version").map(str::to_owned).or_else(|| flow.published_version.map(|version| version.id));
    let judged = flow_jobs::validate(client, &id, version.as_deref(), PATIENCE).await?;
    let (valid, messages, source) = match judged {
        Validation::Judged { valid, messages } => (valid, messages, "platform"),
        Validation::Unavailable => {
            let (valid, messages) = by_lint(client, &id, version.as_deref()).await?;
            (valid, messages, "lint")
        }
    };
    let (errors, others): (Vec<&Message>, Vec<&Message>) = messages.iter().partition(|message| message.kind == "Error");
    let errors: Vec<&str> = errors.iter().map(|message| message.text.as_str()).collect();
    let warning = |message: &&Message| json!({"message": message.text, "severity": "warning"});
    let warnings: Vec<Value> = others.iter().map(warning).collect();
    Ok(Json(json!({"valid": valid, "errors": errors, "warnings": warnings, "version": version, "source": source})))
}

/// Judges by our own lint, and says so: a platform that does not validate is no reason to call a flow sound.
async fn by_lint(client: &genesys::Client, id: &str, version: Option<&str>) -> Result<(bool, Vec<Message>), Error> {
    let text = flow_jobs::export(client, id, version, PATIENCE).await?;
    let message = |kind: &str, text: String| Message { kind: kind.to_owned(), text };
    let note = "The platform does not validate flows here; this is the verdict of Steadyline's lint alone.".to_owned();
    let mut messages = vec![message("Warning", note)];
    match Chart::read(&text, &Substitutions::default()) {
        Ok(chart) => {
            for finding in lint::flow(&chart, &Settings::default(), &Library::default()) {
                let kind = if finding.severity >= Severity::High { "Error" } else { "Warning" };
                messages.push(message(kind, format!("{}: {} {}", finding.rule.id, finding.message, finding.fix)));
            }
        }
        Err(problems) => messages.push(message("Error", problems.to_string())),
    }
    Ok((messages.iter().all(|message| message.kind != "Error"), messages))
}
