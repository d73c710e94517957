//! Who changed what, and what went wrong inside the platform.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::analytics::Interval;
use crate::client::{Client, segment};
use crate::error::Error;
use crate::tokens::Named;
use crate::{job, page};

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// When.
    pub event_date: Option<Timestamp>,
    /// What was done: `Publish`, `Update`…
    pub action: Option<String>,
    /// To what.
    pub entity: Option<Named>,
    /// What that is: `Flow`, `Queue`…
    pub entity_type: Option<String>,
    /// The person, when it was one.
    pub user: Option<Named>,
    /// The OAuth client, when it was one.
    pub client: Option<Named>,
    /// `SUCCESS`, `FAILURE` or `WARNING`.
    pub status: Option<String>,
}

/// Changes in an interval: `POST /api/v2/audits/query`, then `GET /api/v2/audits/query/{id}` and
/// `GET /api/v2/audits/query/{id}/results`. `only` holds pairs such as `EntityId` and an id.
///
/// # Errors
/// See [`Error`].
pub async fn query(
    client: &Client,
    interval: Interval,
    service: &str,
    only: &[(&str, &str)],
    patience: Duration,
) -> Result<Vec<Audit>, Error> {
    #[derive(Deserialize)]
    struct State {
        id: Option<String>,
        state: Option<String>,
    }
    let filters: Vec<Value> =
        only.iter().map(|(property, value)| json!({"property": property, "value": value})).collect();
    let body = json!({"interval": interval.text(), "serviceName": service, "filters": filters});
    let begun: State = client.query("/api/v2/audits/query", &body).await?;
    let path = format!("/api/v2/audits/query/{}", segment(&begun.id.unwrap_or_default()));
    job::wait(client, &path, &[], patience, |state: &State| job::stage(state.state.as_deref())).await?;
    page::parts(client, &format!("{path}/results"), "entities").await
}

/// An event inside the platform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    pub event_definition: Option<Named>,
    /// To what.
    pub entity_id: Option<String>,
    /// Its name.
    pub entity_name: Option<String>,
    /// Why.
    pub error_code: Option<String>,
    /// What was before.
    pub previous_value: Option<String>,
    /// What is now.
    pub current_value: Option<String>,
    /// When.
    pub date_created: Option<Timestamp>,
}

/// Events in an interval, newest first, at most one page: `POST /api/v2/usage/events/query`
///
/// # Errors
/// See [`Error`].
pub async fn events(client: &Client, interval: Interval, definitions: &[&str]) -> Result<Vec<Event>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Event>,
    }
    let mut body = json!({"interval": interval.text(), "sortOrder": "DESC"});
    if !definitions.is_empty() {
        body["eventDefinitionIds"] = json!(definitions);
    }
    Ok(client.query::<Answer>("/api/v2/usage/events/query", &body).await?.entities)
}

/// What events there are: `GET /api/v2/usage/events/definitions`
///
/// # Errors
/// See [`Error`].
pub async fn event_definitions(client: &Client) -> Result<Vec<Named>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Named>,
    }
    Ok(client.get::<Answer>("/api/v2/usage/events/definitions", &[]).await?.entities)
}
