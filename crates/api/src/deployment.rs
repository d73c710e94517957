//! Deployments to production that two people agree on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentList {
    /// The latest first.
    pub deployments: Vec<DeploymentView>,
}

/// One deployment that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentView {
    /// Its id.
    pub id: String,
    /// The target's name.
    pub target: String,
    /// SHA-256 over all that is deployed, in hexadecimal.
    pub digest: String,
    /// The names of the flows.
    pub flows: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// When it is void, or the approval ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// `waiting`, `approved` or `expired`.
    pub state: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub approved_at: Option<Timestamp>,
}

/// Asks for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentWish {
    /// The target's name.
    pub target: String,
    /// SHA-256 over all that is deployed, in hexadecimal.
    pub digest: String,
    /// The names of the flows.
    pub flows: Vec<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}
