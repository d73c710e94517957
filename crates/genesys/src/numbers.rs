//! Linked organisations, and which of them a number leads to: the platform's own way to another region.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::page;

/// How often numbers are looked at while they move.
const POLL: Duration = Duration::from_secs(2);

/// A link between this organisation and another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The organisation that asked for it.
    pub source_organization_id: Option<String>,
    /// The other one.
    pub target_organization_id: Option<String>,
    /// Its region.
    pub target_region: Option<String>,
    /// `Pending`, `ApprovalPending`, `Approved` or `Rejected`.
    pub status: Option<String>,
}

/// Where a number leads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Number {
    /// The number.
    pub number_id: String,
    /// Whose it is.
    pub owner_organization_id: Option<String>,
    /// Who gets its calls.
    pub active_organization_id: Option<String>,
    /// Who will get them.
    pub pending_organization_id: Option<String>,
    /// `Normal`, `Redirected` or `Pending`.
    pub status: Option<String>,
}

/// `GET /api/v2/telephony/organization/link`
///
/// # Errors
/// See [`Error`].
pub async fn links(client: &Client) -> Result<Vec<Link>, Error> {
    client.get("/api/v2/telephony/organization/link", &[]).await
}

/// All numbers that can be routed: `GET /api/v2/telephony/numbers/routing`
///
/// # Errors
/// See [`Error`]; 403 when the organisation does not have it.
pub async fn routing(client: &Client) -> Result<Vec<Number>, Error> {
    page::following(client, "/api/v2/telephony/numbers/routing", &[("pageSize", "100".to_owned())]).await
}

/// Begins to lead numbers to a linked organisation: `POST /api/v2/telephony/numbers/routing`
///
/// # Errors
/// See [`Error`].
pub async fn route(client: &Client, numbers: &[String], organisation: &str, region: &str) -> Result<(), Error> {
    let one = |number: &String| json!({"organizationId": organisation, "numberId": number, "targetRegion": region});
    let body = numbers.iter().map(one).collect();
    client.order(Method::POST, "/api/v2/telephony/numbers/routing", Some(&body)).await
}

/// Begins to lead every number of an organisation to a linked one: `POST /api/v2/telephony/numbers/routing/all`
///
/// # Errors
/// See [`Error`].
pub async fn route_all(client: &Client, source: &str, target: &str, region: &str) -> Result<(), Error> {
    let body = json!({"sourceOrganizationId": source, "switchOrganizationId": target, "targetRegion": region});
    client.order(Method::POST, "/api/v2/telephony/numbers/routing/all", Some(&body)).await
}

/// Begins to give an organisation its numbers back: `POST /api/v2/telephony/numbers/routing/reset`
///
/// # Errors
/// See [`Error`].
pub async fn reset(client: &Client, organisation: &str) -> Result<(), Error> {
    let body = json!({"resetOrganizationId": organisation});
    client.order(Method::POST, "/api/v2/telephony/numbers/routing/reset", Some(&body)).await
}

/// Waits until no number is on its way any more, for at most `patience`, and gives all of them.
///
/// # Errors
/// See [`Error`]; [`Error::JobUnfinished`] when some still are.
pub async fn settled(client: &Client, patience: Duration) -> Result<Vec<Number>, Error> {
    let until = client.clock().mono() + patience;
    loop {
        let numbers = routing(client).await?;
        if numbers.iter().all(|number| number.status.as_deref() != Some("Pending")) {
            return Ok(numbers);
        }
        if client.clock().mono() >= until {
            let path = "/api/v2/telephony/numbers/routing".to_owned();
            return Err(Error::JobUnfinished { path, after: patience });
        }
        client.clock().sleep(POLL).await;
    }
}
