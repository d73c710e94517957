//! What the HTTP API answers that is more than one thing: lists, the whole picture, readiness.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CircuitView, GatewaySnapshot, IncidentView, ReceiverView, StoreView};

/// The whole picture at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// When it was put together.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What the gateway says about itself.
    pub gateway: GatewaySnapshot,
    /// Live incidents, latest first, and then the latest resolved ones.
    pub incidents: Vec<IncidentView>,
    /// How keeping things goes.
    pub store: StoreView,
    /// How telling people goes.
    pub receivers: Vec<ReceiverView>,
}

/// Incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentList {
    /// Live ones, latest first, and then the latest resolved ones.
    pub incidents: Vec<IncidentView>,
}

/// Circuits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitList {
    /// When they were looked at; absent when no gateway has reported yet.
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
    /// One entry per circuit, in the order of the configuration.
    pub circuits: Vec<CircuitEntry>,
}

/// A circuit and the upstream that it guards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitEntry {
    /// The upstream's name.
    pub upstream: String,
    /// The circuit.
    #[serde(flatten)]
    pub circuit: CircuitView,
}

/// Who takes an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acknowledgement {
    /// A name that colleagues recognise, of 1 to 80 characters.
    pub who: String,
}

/// Whether this process can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// True when it can.
    pub ready: bool,
    /// Why not; empty when it can.
    pub reasons: Vec<String>,
}
