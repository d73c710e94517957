//! Who the client is.

use reqwest::Method;
use serde::Deserialize;

use crate::budget::Purpose;
use crate::client::{Client, Request};
use crate::error::Error;

/// Something with an id and a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name; empty when the platform leaves it out.
    #[serde(default)]
    pub name: String,
}

/// What a token says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The organisation that it is good for.
    pub organization: Named,
    /// The OAuth client that it was issued to.
    #[serde(rename = "OAuthClient")]
    pub oauth_client: Option<Named>,
}

/// `GET /api/v2/tokens/me`
///
/// # Errors
/// See [`Error`].
pub async fn me(client: &Client) -> Result<Me, Error> {
    client.get("/api/v2/tokens/me", &[]).await
}

/// Gives the token back, when nothing more is to be asked: `DELETE /api/v2/tokens/me`.
///
/// # Errors
/// See [`Error`].
pub async fn revoke(client: &Client) -> Result<(), Error> {
    let (method, purpose) = (Method::DELETE, Purpose::Ordinary);
    let request = Request { method, path: "/api/v2/tokens/me", query: &[], body: None, purpose, reads: false };
    client.send(request).await.map(|_| ())
}
