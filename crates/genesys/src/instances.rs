//! Executions of flows after the fact: which ended in an error, and how a Data Action was left.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;

/// An execution that was found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The flow.
    pub flow_id: Option<String>,
    /// Its version.
    pub flow_version: Option<String>,
    /// The conversation.
    pub conversation_id: Option<String>,
    /// When it began.
    pub start_date_time: Option<Timestamp>,
    /// Why it ended in an error.
    pub flow_error_reason: Option<String>,
    /// What went wrong without ending it.
    pub flow_warning_reason: Option<String>,
}

/// One condition of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Such as `FlowId` or `FlowActionOutputPathName`.
    pub key: &'static str,
    /// Such as `eq`, `gte` or `not_null`.
    pub operator: &'static str,
    /// What it is compared with, where the operator compares.
    pub value: Option<String>,
}

/// What can be searched for, and the errors that the platform tells apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capabilities {
    /// Reasons of errors.
    pub error_codes: Vec<String>,
    /// Reasons of warnings.
    pub warning_codes: Vec<String>,
}

/// `GET /api/v2/flows/instances/querycapabilities`
///
/// # Errors
/// See [`Error`].
pub async fn capabilities(client: &Client) -> Result<Capabilities, Error> {
    client.get("/api/v2/flows/instances/querycapabilities", &[]).await
}

/// Executions for which all conditions hold, at most 200: `POST /api/v2/flows/instances/query`
///
/// # Errors
/// See [`Error`].
pub async fn find(client: &Client, all: &[Criterion]) -> Result<Vec<Instance>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Instance>,
    }
    let criterion = |criterion: &Criterion| {
        let mut body = json!({"key": criterion.key, "operator": criterion.operator});
        if let Some(value) = &criterion.value {
            body["value"] = value.clone().into();
        }
        body
    };
    let all: Vec<Value> = all.iter().map(criterion).collect();
    let answer: Answer = client.query("/api/v2/flows/instances/query", &json!({"query": [{"and": all}]})).await?;
    Ok(answer.entities)
}

/// Whether executions are kept at all: `GET /api/v2/flows/instances/settings/executiondata`
///
/// # Errors
/// See [`Error`].
pub async fn are_kept(client: &Client) -> Result<bool, Error> {
    #[derive(Deserialize)]
    struct Settings {
        #[serde(default)]
        enabled: bool,
    }
    Ok(client.get::<Settings>("/api/v2/flows/instances/settings/executiondata", &[]).await?.enabled)
}
