//! The organisation: limits, licences, usage, OAuth clients.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::analytics::Interval;
use crate::client::{Client, segment};
use crate::error::Error;
use crate::tokens::Named;
use crate::{job, page};

/// A limit of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Limit {
    /// Its name within its namespace.
    pub key: String,
    /// What it is set to; `None` when the platform does not say.
    pub value: Option<i64>,
}

/// The limits of a namespace such as `platform.api`: `GET /api/v2/organizations/limits/namespaces/{namespace}`
///
/// # Errors
/// See [`Error`].
pub async fn limits(client: &Client, namespace: &str) -> Result<Vec<Limit>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Limit>,
    }
    let path = format!("/api/v2/organizations/limits/namespaces/{}", segment(namespace));
    Ok(client.get::<Answer>(&path, &[]).await?.entities)
}

/// How many users have each licence: `GET /api/v2/license/users`, all pages. How many were bought, the platform does not
/// tell.
///
/// # Errors
/// See [`Error`].
pub async fn licences(client: &Client) -> Result<BTreeMap<String, u64>, Error> {
    #[derive(Deserialize)]
    struct User {
        #[serde(default)]
        licenses: Vec<String>,
    }
    let mut counted = BTreeMap::new();
    for user in page::all::<User>(client, "/api/v2/license/users", &[]).await? {
        for licence in user.licenses {
            *counted.entry(licence).or_default() += 1;
        }
    }
    Ok(counted)
}

/// What licences there are: `GET /api/v2/license/definitions`
///
/// # Errors
/// See [`Error`].
pub async fn licence_definitions(client: &Client) -> Result<Vec<Named>, Error> {
    client.get("/api/v2/license/definitions", &[]).await
}

/// An OAuth client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthClient {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// `active`, `disabled` or `inactive`.
    pub state: Option<String>,
    /// How long its tokens hold.
    pub access_token_validity_seconds: Option<u64>,
    /// `CLIENT-CREDENTIALS`, …
    pub authorized_grant_type: Option<String>,
}

/// `GET /api/v2/oauth/clients/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn oauth_client(client: &Client, id: &str) -> Result<OauthClient, Error> {
    client.get(&format!("/api/v2/oauth/clients/{}", segment(id)), &[]).await
}

/// `GET /api/v2/oauth/clients`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn oauth_clients(client: &Client) -> Result<Vec<OauthClient>, Error> {
    page::all(client, "/api/v2/oauth/clients", &[]).await
}

/// Requests of a day, by client and operation. The platform tells them up to a day late: good for trends, useless for
/// what is left now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The day.
    pub date: Option<Date>,
    /// The method.
    pub http_method: Option<String>,
    /// The operation, with parameters in braces.
    pub template_uri: Option<String>,
    /// All requests.
    #[serde(default)]
    pub request_count: u64,
    /// Refused for their number; among those of 400.
    #[serde(default)]
    pub status429: u64,
    /// Failed on the platform's side.
    #[serde(default)]
    pub status500: u64,
    /// Who asked.
    pub oauth_client: Option<Named>,
}

/// Requests of the organisation: `POST /api/v2/usage/aggregates/query/jobs`, then
/// `GET /api/v2/usage/aggregates/query/jobs/{id}`; of one client:
/// `POST /api/v2/usage/client/{client}/aggregates/query/jobs`, then
/// `GET /api/v2/usage/client/{client}/aggregates/query/jobs/{id}`.
///
/// # Errors
/// See [`Error`].
pub async fn usage(
    client: &Client,
    interval: Interval,
    of: Option<&str>,
    patience: Duration,
) -> Result<Vec<Usage>, Error> {
    #[derive(Deserialize)]
    struct Begun {
        id: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct State {
        query_status: Option<String>,
    }
    let path = match of {
        Some(id) => format!("/api/v2/usage/client/{}/aggregates/query/jobs", segment(id)),
        None => "/api/v2/usage/aggregates/query/jobs".to_owned(),
    };
    let body = json!({"interval": interval.text(), "granularity": "Day"});
    let Begun { id } = client.query(&path, &body).await?;
    let path = format!("{path}/{}", segment(&id));
    job::wait(client, &path, &[], patience, |state: &State| job::stage(state.query_status.as_deref())).await?;
    page::following(client, &path, &[]).await
}

/// A campaign that dials.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `on`, `stopping`, `off`, `complete`, …
    pub campaign_status: Option<String>,
}

/// `GET /api/v2/outbound/campaigns`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn campaigns(client: &Client) -> Result<Vec<Campaign>, Error> {
    page::all(client, "/api/v2/outbound/campaigns", &[]).await
}

/// `GET /api/v2/outbound/campaigns/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn campaign(client: &Client, id: &str) -> Result<Campaign, Error> {
    client.get(&format!("/api/v2/outbound/campaigns/{}", segment(id)), &[]).await
}

/// Stops a campaign: calls that are under way end, no new ones begin. `POST /api/v2/outbound/campaigns/{id}/stop`
///
/// # Errors
/// See [`Error`].
pub async fn stop_campaign(client: &Client, id: &str) -> Result<(), Error> {
    client.order(Method::POST, &format!("/api/v2/outbound/campaigns/{}/stop", segment(id)), None).await
}

/// Starts a campaign: `POST /api/v2/outbound/campaigns/{id}/start`
///
/// # Errors
/// See [`Error`].
pub async fn start_campaign(client: &Client, id: &str) -> Result<(), Error> {
    client.order(Method::POST, &format!("/api/v2/outbound/campaigns/{}/start", segment(id)), None).await
}

/// Ends a conversation: `POST /api/v2/conversations/{id}/disconnect`
///
/// # Errors
/// See [`Error`].
pub async fn disconnect(client: &Client, conversation: &str) -> Result<(), Error> {
    client.order(Method::POST, &format!("/api/v2/conversations/{}/disconnect", segment(conversation)), None).await
}

/// Writes participant data: `PATCH /api/v2/conversations/{id}/participants/{participant}/attributes`
///
/// # Errors
/// See [`Error`].
pub async fn write_attributes(
    client: &Client,
    conversation: &str,
    participant: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let path =
        format!("/api/v2/conversations/{}/participants/{}/attributes", segment(conversation), segment(participant));
    client.order(Method::PATCH, &path, Some(&json!({"attributes": attributes}))).await
}
