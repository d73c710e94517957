//! Trunks, edges, sites and routes.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::change::{Object, change};
use crate::client::{Client, segment};
use crate::error::Error;
use crate::page;
use crate::tokens::Named;

const EDGES: &str = "/api/v2/telephony/providers/edges";

/// A trunk as the platform sees it: several truths at once, of which [`Trunk::verdict`] makes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trunk {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `active`, `inactive` or `deleted`.
    pub state: Option<String>,
    /// `EXTERNAL`, `PHONE` or `EDGE`.
    pub trunk_type: Option<String>,
    /// What its base says: switched on.
    pub in_service: Option<bool>,
    /// Whether its edge is in service.
    pub enabled: Option<bool>,
    /// Whether it is connected.
    pub connected_status: Option<Connected>,
    /// What its carriers answer to `OPTIONS`.
    pub options_status: Vec<Answers>,
    /// What its registrars answer to `REGISTER`.
    pub registers_status: Vec<Registers>,
    /// `ENABLED`, `DISABLED` or `NOT_SUPPORTED`.
    pub options_enabled_status: Option<String>,
    /// `ENABLED`, `DISABLED` or `NOT_SUPPORTED`.
    pub registers_enabled_status: Option<String>,
    /// Its base settings.
    pub trunk_base: Option<Named>,
}

/// Whether a trunk is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Connected {
    /// True when it is.
    pub connected: Option<bool>,
    /// Since when.
    pub connected_state_time: Option<Timestamp>,
}

/// What a carrier answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Answers {
    /// The carrier's proxy.
    pub proxy_address: Option<String>,
    /// True when it answers.
    pub option_state: Option<bool>,
}

/// What a registrar answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Registers {
    /// The registrar's proxy.
    pub proxy_address: Option<String>,
    /// True when it answers.
    pub register_state: Option<bool>,
}

/// What a trunk's truths come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Calls can come over it.
    InService,
    /// It was switched off on purpose.
    Maintenance,
    /// It should carry calls and cannot.
    OutOfService,
    /// The platform does not say enough.
    Unknown,
}

impl Trunk {
    /// Whether calls can come over it. What was switched off on purpose is in maintenance; what one of the checks that
    /// are switched on finds wanting is out of service; without a word on connection nothing is known.
    pub fn verdict(&self) -> Verdict {
        if self.in_service == Some(false) || self.state.as_deref() == Some("inactive") {
            return Verdict::Maintenance;
        }
        let is_checked = |status: &Option<String>| status.as_deref() == Some("ENABLED");
        let options_fail = is_checked(&self.options_enabled_status)
            && self.options_status.iter().any(|answer| answer.option_state == Some(false));
        let registers_fail = is_checked(&self.registers_enabled_status)
            && self.registers_status.iter().any(|answer| answer.register_state == Some(false));
        let connected = self.connected_status.as_ref().and_then(|status| status.connected);
        match (self.in_service, self.enabled, connected) {
            (_, Some(false), _) | (_, _, Some(false)) => Verdict::OutOfService,
            _ if options_fail || registers_fail => Verdict::OutOfService,
            (Some(true), Some(true), Some(true)) => Verdict::InService,
            _ => Verdict::Unknown,
        }
    }
}

/// External trunks: `GET /api/v2/telephony/providers/edges/trunks`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn trunks(client: &Client) -> Result<Vec<Trunk>, Error> {
    page::all(client, &format!("{EDGES}/trunks"), &[("trunkType", "EXTERNAL".to_owned())]).await
}

/// `GET /api/v2/telephony/providers/edges/trunks/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn trunk(client: &Client, id: &str) -> Result<Trunk, Error> {
    client.get(&format!("{EDGES}/trunks/{}", segment(id)), &[]).await
}

/// Calls on a trunk now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Metrics {
    /// The trunk.
    pub trunk: Option<Named>,
    /// Its calls.
    pub calls: Option<Calls>,
}

/// Calls on a trunk now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Calls {
    /// That came in.
    pub inbound_call_count: u64,
    /// That went out.
    pub outbound_call_count: u64,
}

/// Calls on several trunks now: `GET /api/v2/telephony/providers/edges/trunks/metrics`
///
/// # Errors
/// See [`Error`].
pub async fn trunk_metrics(client: &Client, trunks: &[String]) -> Result<Vec<Metrics>, Error> {
    client.get(&format!("{EDGES}/trunks/metrics"), &[("trunkIds", trunks.join(","))]).await
}

/// Settings of trunks.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrunkBase {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Counts its changes.
    pub version: Option<u64>,
    /// The settings, as the platform has them.
    pub properties: Option<Value>,
}

impl TrunkBase {
    /// Whether it is switched on; `None` when it does not say.
    pub fn is_enabled(&self) -> Option<bool> {
        self.properties.as_ref()?["trunk_enabled"]["value"]["instance"].as_bool()
    }
}

/// `GET /api/v2/telephony/providers/edges/trunkbasesettings`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn trunk_bases(client: &Client) -> Result<Vec<TrunkBase>, Error> {
    page::all(client, &format!("{EDGES}/trunkbasesettings"), &[]).await
}

/// `GET /api/v2/telephony/providers/edges/trunkbasesettings/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn trunk_base(client: &Client, id: &str) -> Result<TrunkBase, Error> {
    client.get(&format!("{EDGES}/trunkbasesettings/{}", segment(id)), &[]).await
}

/// Switches the trunks of a base on or off: `PUT /api/v2/telephony/providers/edges/trunkbasesettings/{id}`. Nothing is
/// written when they are as wanted.
///
/// # Errors
/// See [`Error`].
pub async fn switch_trunks(client: &Client, base: &str, enabled: bool) -> Result<TrunkBase, Error> {
    let path = format!("{EDGES}/trunkbasesettings/{}", segment(base));
    change(client, &path, |base: &mut Object| {
        let properties = base.entry("properties").or_insert_with(|| json!({}));
        let is_other = properties["trunk_enabled"]["value"]["instance"] != enabled;
        properties["trunk_enabled"]["value"]["instance"] = enabled.into();
        is_other
    })
    .await
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `ONLINE` or `OFFLINE`.
    pub online_status: Option<String>,
    /// `ACTIVE`, `OUT_OF_SERVICE`…
    pub status_code: Option<String>,
}

/// `GET /api/v2/telephony/providers/edges`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn edges(client: &Client) -> Result<Vec<Edge>, Error> {
    page::all(client, EDGES, &[]).await
}

/// `GET /api/v2/telephony/providers/edges/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn edge(client: &Client, id: &str) -> Result<Edge, Error> {
    client.get(&format!("{EDGES}/{}", segment(id)), &[]).await
}

/// Takes an edge into or out of service, once its calls have ended or this long has passed:
/// `POST /api/v2/telephony/providers/edges/{id}/statuscode`
///
/// # Errors
/// See [`Error`].
pub async fn switch_edge(client: &Client, id: &str, in_service: bool, drain_seconds: u32) -> Result<(), Error> {
    let body = json!({"inService": in_service, "callDrainingWaitTimeSeconds": drain_seconds});
    client.order(Method::POST, &format!("{EDGES}/{}/statuscode", segment(id)), Some(&body)).await
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Premises` or `Cloud`.
    pub media_model: Option<String>,
    /// Regions that carry its media.
    #[serde(default)]
    pub media_regions: Vec<String>,
}

/// `GET /api/v2/telephony/providers/edges/sites`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn sites(client: &Client) -> Result<Vec<Site>, Error> {
    page::all(client, &format!("{EDGES}/sites"), &[]).await
}

/// A route for outbound calls. Where it is sequential, the order of its trunks is the order of failover.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundRoute {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// True when it is used.
    pub enabled: Option<bool>,
    /// `SEQUENTIAL` or `RANDOM`.
    pub distribution: Option<String>,
    /// Its trunks.
    #[serde(default)]
    pub external_trunk_bases: Vec<Named>,
    /// Its site.
    pub site: Option<Named>,
}

/// `GET /api/v2/telephony/providers/edges/outboundroutes`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn outbound_routes(client: &Client) -> Result<Vec<OutboundRoute>, Error> {
    page::all(client, &format!("{EDGES}/outboundroutes"), &[]).await
}

/// Puts the trunks of a route into this order: `PUT /api/v2/telephony/providers/edges/sites/{site}/outboundroutes/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn order_trunks(client: &Client, site: &str, route: &str, bases: &[String]) -> Result<OutboundRoute, Error> {
    let path = format!("{EDGES}/sites/{}/outboundroutes/{}", segment(site), segment(route));
    change(client, &path, |route: &mut Object| {
        let wanted: Value = bases.iter().map(|id| json!({"id": id})).collect();
        let ids = |list: &Value| -> Vec<Value> {
            list.as_array().into_iter().flatten().map(|base| base["id"].clone()).collect()
        };
        let is_other = route.get("externalTrunkBases").map(ids) != Some(ids(&wanted));
        route.insert("externalTrunkBases".to_owned(), wanted);
        is_other
    })
    .await
}

/// A number and what it is assigned to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Did {
    /// The number in E.164.
    pub number: String,
    /// True when something owns it.
    #[serde(default)]
    pub assigned: bool,
    /// What owns it.
    pub owner: Option<Named>,
    /// `USER`, `PHONE`, `IVR_CONFIG` or `GROUP`.
    pub owner_type: Option<String>,
}

/// All numbers: `GET /api/v2/telephony/providers/edges/didpools/dids`
///
/// # Errors
/// See [`Error`].
pub async fn dids(client: &Client) -> Result<Vec<Did>, Error> {
    page::all(client, &format!("{EDGES}/didpools/dids"), &[("type", "ASSIGNED_AND_UNASSIGNED".to_owned())]).await
}

/// Calls now, and for how many there is room.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capacity {
    /// How much is used, in percent.
    pub usage: Option<f64>,
    /// Calls now.
    pub concurrent_call_count: Option<u64>,
    /// Sessions now: one for each side of a call, and any that did not end.
    pub concurrent_call_session_count: Option<u64>,
    /// Calls for which there is room.
    pub max_call_capacity: Option<u64>,
    /// `Up`, `Down`, `None` or `Unknown`.
    pub auto_scale_in_progress: Option<String>,
}

/// `GET /api/v2/telephony/calls/metrics`
///
/// # Errors
/// See [`Error`].
pub async fn capacity(client: &Client) -> Result<Capacity, Error> {
    client.get("/api/v2/telephony/calls/metrics", &[]).await
}

/// The region that an organisation lives in: `GET /api/v2/telephony/mediaregions`
///
/// # Errors
/// See [`Error`].
pub async fn home_region(client: &Client) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Regions {
        aws_home_region: Option<String>,
    }
    Ok(client.get::<Regions>("/api/v2/telephony/mediaregions", &[]).await?.aws_home_region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Trunk {
        let connected = Connected { connected: Some(true), connected_state_time: None };
        let answers = Answers { proxy_address: None, option_state: Some(true) };
        Trunk {
            in_service: Some(true),
            enabled: Some(true),
            connected_status: Some(connected),
            options_status: vec![answers],
            options_enabled_status: Some("ENABLED".to_owned()),
            registers_enabled_status: Some("NOT_SUPPORTED".to_owned()),
            ..Trunk::default()
        }
    }

    #[test]
    fn a_trunk_is_in_service_only_when_all_its_truths_agree() {
        assert_eq!(good().verdict(), Verdict::InService);
        let mut off = good();
        off.in_service = Some(false);
        off.connected_status = None;
        assert_eq!(off.verdict(), Verdict::Maintenance);
        let mut edge_down = good();
        edge_down.enabled = Some(false);
        assert_eq!(edge_down.verdict(), Verdict::OutOfService);
        let mut silent = good();
        silent.options_status[0].option_state = Some(false);
        assert_eq!(silent.verdict(), Verdict::OutOfService);
        silent.options_enabled_status = Some("DISABLED".to_owned());
        assert_eq!(silent.verdict(), Verdict::InService);
        let mut mute = good();
        mute.connected_status = None;
        assert_eq!(mute.verdict(), Verdict::Unknown);
        assert_eq!(Trunk::default().verdict(), Verdict::Unknown);
    }
}
