//! Who the client is, and what it may do.

use reqwest::Method;
use serde::Deserialize;

use crate::client::{Client, Request};
use crate::error::Error;

/// Something with an id and a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Its id.
    #[serde(default)]
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

/// What a client may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions(Vec<(String, String, String)>);

/// `GET /api/v2/tokens/me`
///
/// # Errors
/// See [`Error`].
pub async fn me(client: &Client) -> Result<Me, Error> {
    client.get("/api/v2/tokens/me", &[]).await
}

/// Whether the token is good: `HEAD /api/v2/tokens/me`
///
/// # Errors
/// See [`Error`].
pub async fn check(client: &Client) -> Result<(), Error> {
    let (method, purpose) = (Method::HEAD, client.purpose());
    let request = Request { method, path: "/api/v2/tokens/me", query: &[], body: None, purpose, reads: true };
    client.send(request).await.map(|_| ())
}

/// What the client's roles allow: `GET /api/v2/authorization/subjects/me`
///
/// # Errors
/// See [`Error`].
pub async fn permissions(client: &Client) -> Result<Permissions, Error> {
    #[derive(Deserialize)]
    struct Subject {
        #[serde(default)]
        grants: Vec<Grant>,
    }
    #[derive(Deserialize)]
    struct Grant {
        role: Option<Role>,
    }
    #[derive(Deserialize)]
    struct Role {
        #[serde(default)]
        policies: Vec<Policy>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        #[serde(default)]
        domain: String,
        #[serde(default)]
        entity_name: String,
        #[serde(default)]
        actions: Vec<String>,
    }
    let subject: Subject = client.get("/api/v2/authorization/subjects/me", &[]).await?;
    let policies = subject.grants.into_iter().filter_map(|grant| grant.role).flat_map(|role| role.policies);
    let all = policies.flat_map(|Policy { domain, entity_name, actions }| {
        actions.into_iter().map(move |action| (domain.clone(), entity_name.clone(), action))
    });
    Ok(Permissions(all.collect()))
}

impl Permissions {
    /// Whether a permission such as `architect:flow:publish` is among them.
    pub fn allow(&self, permission: &str) -> bool {
        let fits = |held: &str, wanted: &str| held == "*" || held.eq_ignore_ascii_case(wanted);
        let mut parts = permission.split(':');
        let (Some(domain), Some(entity), Some(action)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        self.0.iter().any(|held| fits(&held.0, domain) && fits(&held.1, entity) && fits(&held.2, action))
    }
}

/// Gives the token back, when nothing more is to be asked: `DELETE /api/v2/tokens/me`.
///
/// # Errors
/// See [`Error`].
pub async fn revoke(client: &Client) -> Result<(), Error> {
    client.order(Method::DELETE, "/api/v2/tokens/me", None).await
}
