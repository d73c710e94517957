//! Integrations and their Data Actions.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::change::Object;
use crate::client::{Client, Request, segment};
use crate::error::Error;
use crate::page;

/// An integration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it should be: `ENABLED`, `DISABLED`…
    pub intended_state: Option<String>,
    /// What it is.
    pub reported_state: Option<Reported>,
}

/// What an integration reports of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reported {
    /// `ACTIVE`, `INACTIVE`, `ERROR`…
    pub code: Option<String>,
}

/// A Data Action.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// Its id.
    pub id: String,
    /// Its name; flows call it by this.
    pub name: String,
    /// The integration that it belongs to.
    pub integration_id: Option<String>,
    /// The category under which flows find it.
    pub category: Option<String>,
    /// Counts its changes; needed to change it.
    pub version: Option<u64>,
    /// Request, response and time limit, as the platform has them.
    pub config: Option<Value>,
    /// What goes in and what comes out, as JSON schemas.
    pub contract: Option<Value>,
}

impl Action {
    /// Its own time limit; without one the platform waits for a minute.
    pub fn timeout(&self) -> Option<Duration> {
        self.config.as_ref()?.get("timeoutSeconds")?.as_u64().map(Duration::from_secs)
    }

    /// True when it asks its upstream with `GET`, which is meant to change nothing there.
    pub fn only_reads(&self) -> bool {
        let method = self.config.as_ref().and_then(|config| config["request"]["requestType"].as_str());
        method.is_some_and(|method| method.eq_ignore_ascii_case("GET"))
    }

    /// The JSON schema of its inputs.
    pub fn input_schema(&self) -> Option<&Value> {
        let input = self.contract.as_ref()?.get("input")?;
        input.get("inputSchema").or_else(|| input.get("schema"))
    }
}

/// How a test of a Data Action went; the platform answers 200 also when it went badly.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    /// True when it worked.
    #[serde(default)]
    pub success: bool,
    /// Its steps, up to the one that failed.
    #[serde(default)]
    pub operations: Vec<Operation>,
    /// Why it failed.
    pub error: Option<Value>,
    /// What a flow would have got.
    pub final_result: Option<Value>,
}

impl Tested {
    /// The status that was answered with, as far as the platform tells; `None` when nobody was reached.
    pub fn status(&self) -> Option<u16> {
        if self.success {
            return Some(200);
        }
        let error = self.error.as_ref()?;
        let status = error["status"].as_u64()?;
        let code = error["code"].as_str().unwrap_or_default();
        // The platform says 502 and 504 for what never answered, and 400 for what it could not even send.
        let is_answer = !code.contains("timeout") && !matches!(status, 400 | 408 | 504);
        let nobody = error["message"]
            .as_str()
            .is_some_and(|message| message.contains("nobody answers") || message.contains("connection"));
        u16::try_from(status).ok().filter(|_| is_answer && !nobody)
    }
}

/// How an address answered that was asked from the platform's network.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// How the test went.
    pub tested: Tested,
    /// How long the test took, without what was done to prepare it.
    pub took: Duration,
}

/// A step of a test.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Operation {
    /// What it does.
    #[serde(default)]
    pub name: String,
    /// True when it worked.
    #[serde(default)]
    pub success: bool,
}

/// `GET /api/v2/integrations`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn list(client: &Client) -> Result<Vec<Integration>, Error> {
    page::all(client, "/api/v2/integrations", &[]).await
}

/// `GET /api/v2/integrations/actions`, all pages; by name when one is given.
///
/// # Errors
/// See [`Error`].
pub async fn actions(client: &Client, name: Option<&str>) -> Result<Vec<Action>, Error> {
    let mut query = vec![("includeConfig", "true".to_owned())];
    query.extend(name.map(|name| ("name", name.to_owned())));
    page::all(client, "/api/v2/integrations/actions", &query).await
}

/// `GET /api/v2/integrations/actions/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn action(client: &Client, id: &str) -> Result<Action, Error> {
    client.get(&path(id), &[]).await
}

/// Runs a Data Action as a flow would: `POST /api/v2/integrations/actions/{id}/execute`.
///
/// # Errors
/// See [`Error`]; 408 and 504 mean that the action itself ran out of time.
pub async fn execute(client: &Client, id: &str, inputs: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    post(client, &format!("{}/execute", path(id)), inputs).await
}

/// The same, with how long it took, without any wait of our own before it was asked.
///
/// # Errors
/// As [`execute`].
pub async fn execute_timed(
    client: &Client,
    id: &str,
    inputs: &Map<String, Value>,
) -> (Result<Map<String, Value>, Error>, Duration) {
    let (url, body) = (format!("{}/execute", path(id)), Value::Object(inputs.clone()));
    let (method, purpose) = (Method::POST, client.purpose());
    let request = Request { method, path: &url, query: &[], body: Some(&body), purpose, reads: false };
    let (answer, took) = client.send_timed(request).await;
    let read = |body: Vec<u8>| {
        let unreadable = |error: serde_json::Error| Error::Unreadable {
            method: "POST".to_owned(),
            path: url.clone(),
            message: error.to_string(),
        };
        serde_json::from_slice(&body).map_err(unreadable)
    };
    (answer.and_then(read), took)
}

/// Runs a Data Action step by step and tells how each went: `POST /api/v2/integrations/actions/{id}/test`.
///
/// # Errors
/// See [`Error`].
pub async fn test(client: &Client, id: &str, inputs: &Map<String, Value>) -> Result<Tested, Error> {
    post(client, &format!("{}/test", path(id)), inputs).await
}

/// `GET /api/v2/integrations/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn one(client: &Client, id: &str) -> Result<Integration, Error> {
    client.get(&format!("/api/v2/integrations/{}", segment(id)), &[]).await
}

/// Enables or disables an integration; while it is disabled all of its actions fail: `PATCH /api/v2/integrations/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn switch(client: &Client, id: &str, enabled: bool) -> Result<Integration, Error> {
    let body = json!({"intendedState": if enabled { "ENABLED" } else { "DISABLED" }});
    client.change(Method::PATCH, &format!("/api/v2/integrations/{}", segment(id)), &[], Some(&body)).await
}

/// Its settings: `GET /api/v2/integrations/{id}/config/current`
///
/// # Errors
/// See [`Error`].
pub async fn configuration(client: &Client, id: &str) -> Result<Object, Error> {
    client.get(&format!("/api/v2/integrations/{}/config/current", segment(id)), &[]).await
}

/// Changes its settings: `PUT /api/v2/integrations/{id}/config/current`, anew when somebody else was faster. `change`
/// says false when nothing is to be written.
///
/// # Errors
/// See [`Error`].
pub async fn configure(client: &Client, id: &str, change: impl Fn(&mut Object) -> bool) -> Result<Object, Error> {
    let path = format!("/api/v2/integrations/{}/config/current", segment(id));
    crate::change::change(client, &path, change).await
}

/// Changes the time limit of an action, in whole seconds from 1 to 60: `PATCH /api/v2/integrations/actions/{id}`
///
/// # Errors
/// See [`Error`]; 409 when somebody else changed it meanwhile.
pub async fn set_timeout(client: &Client, id: &str, seconds: u32) -> Result<Action, Error> {
    let known = action(client, id).await?;
    let mut config = known.config.unwrap_or_default();
    config["timeoutSeconds"] = seconds.into();
    let body = json!({"version": known.version, "config": config});
    client.change(Method::PATCH, &path(id), &[], Some(&body)).await
}

/// Asks an address from the platform's own network, by a draft that nobody else sees and that is gone afterwards:
/// `POST /api/v2/integrations/actions/drafts`, `POST /api/v2/integrations/actions/{id}/draft/test` and
/// `DELETE /api/v2/integrations/actions/{id}/draft`.
///
/// # Errors
/// See [`Error`].
pub async fn probe(
    client: &Client,
    integration: &str,
    method: &str,
    url: &str,
    timeout: Duration,
) -> Result<Probed, Error> {
    let open = json!({"type": "object", "properties": {}, "additionalProperties": true});
    let seconds = timeout.as_secs().clamp(1, 60);
    let body = json!({
        "name": "Steadyline probe", "category": "Steadyline", "integrationId": integration, "secure": false,
        "config": {
            "timeoutSeconds": seconds,
            "request": {"requestUrlTemplate": url, "requestType": method, "headers": {}, "requestTemplate": "${input.rawRequest}"},
            "response": {"translationMap": {}, "translationMapDefaults": {}, "successTemplate": "{}"},
        },
        "contract": {"input": {"inputSchema": open}, "output": {"successSchema": open}},
    });
    let draft: Action = client.change(Method::POST, "/api/v2/integrations/actions/drafts", &[], Some(&body)).await?;
    let began = client.clock().mono();
    let tested: Result<Tested, Error> = post(client, &format!("{}/draft/test", path(&draft.id)), &Map::new()).await;
    let took = client.clock().mono().since(began);
    // A draft that stays behind is seen by nobody; what the test said matters more.
    let _ = client.order(Method::DELETE, &format!("{}/draft", path(&draft.id)), None).await;
    tested.map(|tested| Probed { tested, took })
}

async fn post<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    inputs: &Map<String, Value>,
) -> Result<T, Error> {
    let body = Value::Object(inputs.clone());
    let (method, purpose) = (Method::POST, client.purpose());
    // What the action does outside may have been done: it is not tried again.
    client.read(Request { method, path, query: &[], body: Some(&body), purpose, reads: false }).await
}

fn path(id: &str) -> String {
    format!("/api/v2/integrations/actions/{}", segment(id))
}
