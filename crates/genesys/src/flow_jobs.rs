//! Jobs of Architect: validate (in preview), export, deploy by upload.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::error::Error;
use crate::job;

/// How often an export is begun again that failed as one does that was asked for too often.
const EXPORTS_MAX: u32 = 3;

/// What a job of Architect says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `Registered`, `Started`, `Success` or `Failure`.
    pub status: Option<String>,
    /// What was found.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Of an export: where the file is.
    pub download_url: Option<String>,
    /// Of a deployment: the flow.
    pub flow: Option<FlowId>,
}

/// The id of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FlowId {
    /// The id.
    pub id: String,
}

/// A message of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// `Error`, `Warning` or `Unknown`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// What it says.
    #[serde(default)]
    pub text: String,
}

/// What a validation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// The job is over.
    Judged {
        /// True when nothing is wrong.
        valid: bool,
        /// What is wrong, and what may be.
        messages: Vec<Message>,
    },
    /// The organisation does not have the operation, which is in preview.
    Unavailable,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
}

impl Report {
    fn is_over(&self) -> bool {
        job::stage(self.status.as_deref()) != job::Stage::Running
    }

    fn succeeded(&self) -> bool {
        job::stage(self.status.as_deref()) == job::Stage::Done
    }

    fn words(&self) -> String {
        let texts: Vec<&str> = self.messages.iter().map(|message| message.text.as_str()).collect();
        if texts.is_empty() { "the platform gave no reason".to_owned() } else { texts.join("; ") }
    }
}

/// Validates a version of a flow: `POST /api/v2/flows/validate/jobs`, then `GET /api/v2/flows/validate/jobs/{id}`.
///
/// # Errors
/// See [`Error`]. An organisation without the operation is no error.
pub async fn validate(
    client: &Client,
    flow: &str,
    version: Option<&str>,
    patience: Duration,
) -> Result<Validation, Error> {
    let path = "/api/v2/flows/validate/jobs";
    let begun: Result<Begun, Error> = client.query(path, &json!({"flows": [named(flow, version)]})).await;
    let begun = match begun {
        Ok(begun) => begun,
        // Missing permissions are told; that the operation itself is not there is known by other answers.
        Err(Error::Api(error)) if matches!(error.status, 403 | 404) && error.missing_permissions.is_empty() => {
            return Ok(Validation::Unavailable);
        }
        Err(error) => return Err(error),
    };
    let report = report(client, path, &begun.id, patience).await?;
    let has_error = report.messages.iter().any(|message| message.kind == "Error");
    Ok(Validation::Judged { valid: report.succeeded() && !has_error, messages: report.messages })
}

/// The YAML of a version: `POST /api/v2/flows/export/jobs`, then `GET /api/v2/flows/export/jobs/{id}` and the file. A
/// failure that means "asked too often" is tried again.
///
/// # Errors
/// See [`Error`].
pub async fn export(client: &Client, flow: &str, version: Option<&str>, patience: Duration) -> Result<String, Error> {
    let path = "/api/v2/flows/export/jobs";
    let mut wanted = named(flow, version);
    wanted["exportType"] = "Yaml".into();
    let mut tries = 1;
    loop {
        let begun: Begun = client.query(path, &json!({"flows": [wanted]})).await?;
        let report = report(client, path, &begun.id, patience).await?;
        match &report.download_url {
            Some(url) if report.succeeded() => return client.download(url).await,
            _ if tries < EXPORTS_MAX && report.words().to_ascii_lowercase().contains("could not find the flow") => {
                tries += 1;
                client.clock().sleep(Duration::from_secs(2)).await;
            }
            _ => return Err(Error::JobFailed { path: format!("{path}/{}", begun.id), message: report.words() }),
        }
    }
}

/// Deploys YAML as a new published version: `POST /api/v2/flows/jobs`, the file to the address that it gives, then
/// `GET /api/v2/flows/jobs/{id}`. Gives the flow's id, when the platform says it.
///
/// # Errors
/// See [`Error`].
pub async fn deploy(client: &Client, yaml: String, patience: Duration) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Upload {
        id: String,
        presigned_url: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    }
    let path = "/api/v2/flows/jobs";
    let upload: Upload = client.change(Method::POST, path, &[], Some(&json!({}))).await?;
    client.upload(&upload.presigned_url, &upload.headers, yaml).await?;
    let report = report(client, path, &upload.id, patience).await?;
    if !report.succeeded() {
        return Err(Error::JobFailed { path: format!("{path}/{}", upload.id), message: report.words() });
    }
    Ok(report.flow.map(|flow| flow.id))
}

async fn report(client: &Client, path: &str, id: &str, patience: Duration) -> Result<Report, Error> {
    let path = format!("{path}/{}", segment(id));
    let query = [("expand", "messages".to_owned())];
    let judge = |report: &Report| if report.is_over() { job::Stage::Done } else { job::Stage::Running };
    job::wait(client, &path, &query, patience, judge).await
}

fn named(flow: &str, version: Option<&str>) -> Value {
    match version {
        Some(version) => json!({"flow": {"id": flow, "version": version}}),
        None => json!({"flow": {"id": flow}}),
    }
}
