//! Outbound campaigns: they dial, and can be told to stop.

use serde_json::{Value, json};

use super::Need::{All, Any};
use super::kinds::CAMPAIGN;
use super::{Answer, ApiError, Call, Table};
use crate::world::{Change, Service};

pub(super) static TABLE: Table = Table {
    service: Service::Outbound,
    operations: &[
        ("GET", "/api/v2/outbound/campaigns", Any(&["outbound:campaign:view"]), |call| call.list(&CAMPAIGN)),
        ("GET", "/api/v2/outbound/campaigns/{campaignId}", Any(&["outbound:campaign:view"]), |call| {
            call.show(&CAMPAIGN, "campaignId")
        }),
        ("POST", "/api/v2/outbound/campaigns/{campaignId}/stop", All(&["outbound:campaign:stop"]), stop),
        ("POST", "/api/v2/outbound/campaigns/{campaignId}/start", All(&["outbound:campaign:start"]), start),
    ],
};

fn stop(call: &mut Call<'_>) -> Answer {
    switch(call, "stopping", "Stop")
}

fn start(call: &mut Call<'_>) -> Answer {
    switch(call, "on", "Start")
}

fn switch(call: &mut Call<'_>, status: &'static str, action: &'static str) -> Answer {
    let id = call.at("campaignId").to_owned();
    let campaign = call.document(&CAMPAIGN, &id)?;
    let is_on = campaign.get("campaignStatus") == Some(&json!("on"));
    if (status == "on") == is_on {
        return Err(ApiError::bad_request(format!("The campaign is {} already.", if is_on { "on" } else { "off" })));
    }
    let name = campaign.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    call.world.set_campaign(&id, status, call.now);
    call.audit(Change { service: "Outbound", entity_type: "Campaign", action, id: &id, name: &name });
    call.done()
}
