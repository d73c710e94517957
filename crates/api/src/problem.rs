//! Problem details (RFC 9457): how every HTTP error of Steadyline looks.

use serde::{Deserialize, Serialize};

/// An error answer, served as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// The kind of what is refused because somebody else has it; later it may be done.
    pub const HELD: &str = "urn:steadyline:problem:held";
    /// The kind of what is refused for a while after the last of its kind.
    pub const LOCKED_OUT: &str = "urn:steadyline:problem:locked-out";
}
