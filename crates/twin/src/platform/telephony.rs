//! Trunks, edges, sites, routes and numbers.

use serde_json::{Map, Value, json};

use super::Need::{All, Any, Nothing};
use super::kinds::{DID, DID_POOL, EDGE, EDGE_GROUP, OUTBOUND_ROUTE, SITE, TRUNK, TRUNK_BASE};
use super::{Answer, ApiError, Call, Reply, Table, iso};
use crate::world::{Service, Stage};

/// The one permission for nearly all of telephony; there is none that only reads.
const PLUGIN: super::Need = Any(&["telephony:plugin:all"]);
const PCAP: super::Need = All(&["telephony:pcap:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Telephony,
    operations: &[
        ("GET", "/api/v2/telephony/providers/edges/trunks", PLUGIN, trunks),
        ("GET", "/api/v2/telephony/providers/edges/trunks/{trunkId}", PLUGIN, |call| call.show(&TRUNK, "trunkId")),
        ("GET", "/api/v2/telephony/providers/edges/trunks/metrics", PLUGIN, trunks_metrics),
        ("GET", "/api/v2/telephony/providers/edges/trunks/{trunkId}/metrics", PLUGIN, trunk_metrics),
        ("GET", "/api/v2/telephony/providers/edges/trunkbasesettings", PLUGIN, |call| call.list(&TRUNK_BASE)),
        ("GET", "/api/v2/telephony/providers/edges/trunkbasesettings/{trunkBaseSettingsId}", PLUGIN, |call| {
            call.show(&TRUNK_BASE, "trunkBaseSettingsId")
        }),
        (
            "PUT",
            "/api/v2/telephony/providers/edges/trunkbasesettings/{trunkBaseSettingsId}",
            PLUGIN,
            replace_trunk_base,
        ),
        ("GET", "/api/v2/telephony/providers/edges", PLUGIN, |call| call.list(&EDGE)),
        ("GET", "/api/v2/telephony/providers/edges/{edgeId}", PLUGIN, |call| call.show(&EDGE, "edgeId")),
        ("GET", "/api/v2/telephony/providers/edges/metrics", PLUGIN, edges_metrics),
        ("GET", "/api/v2/telephony/providers/edges/{edgeId}/metrics", PLUGIN, edge_metrics),
        ("GET", "/api/v2/telephony/providers/edges/{edgeId}/trunks", PLUGIN, trunks_of_edge),
        ("POST", "/api/v2/telephony/providers/edges/{edgeId}/statuscode", PLUGIN, status_code),
        ("POST", "/api/v2/telephony/providers/edges/{edgeId}/diagnostic/ping", PLUGIN, ping),
        ("GET", "/api/v2/telephony/providers/edges/{edgeId}/diagnostic/ping", PLUGIN, pinged),
        ("GET", "/api/v2/telephony/providers/edges/edgegroups", PLUGIN, |call| call.list(&EDGE_GROUP)),
        ("GET", "/api/v2/telephony/providers/edges/sites", Nothing, |call| call.list(&SITE)),
        (
            "GET",
            "/api/v2/telephony/providers/edges/sites/{siteId}",
            Any(&["telephony:plugin:all", "telephony:sites:view"]),
            |call| call.show(&SITE, "siteId"),
        ),
        ("GET", "/api/v2/telephony/providers/edges/sites/{siteId}/outboundroutes", PLUGIN, routes_of_site),
        ("GET", "/api/v2/telephony/providers/edges/sites/{siteId}/outboundroutes/{outboundRouteId}", PLUGIN, route),
        (
            "PUT",
            "/api/v2/telephony/providers/edges/sites/{siteId}/outboundroutes/{outboundRouteId}",
            PLUGIN,
            replace_route,
        ),
        ("GET", "/api/v2/telephony/providers/edges/outboundroutes", PLUGIN, |call| call.list(&OUTBOUND_ROUTE)),
        ("GET", "/api/v2/telephony/providers/edges/didpools", PLUGIN, |call| call.list(&DID_POOL)),
        ("GET", "/api/v2/telephony/providers/edges/didpools/dids", PLUGIN, numbers),
        ("GET", "/api/v2/telephony/providers/edges/dids", PLUGIN, dids),
        ("GET", "/api/v2/telephony/calls/metrics", Any(&["telephony:callMetrics:view"]), call_metrics),
        ("GET", "/api/v2/telephony/mediaregions", Nothing, media_regions),
        ("GET", "/api/v2/telephony/siptraces", PCAP, sip_traces),
        ("GET", "/api/v2/telephony/sipmessages/conversations/{conversationId}", PCAP, sip_messages),
    ],
};

fn trunks(call: &mut Call<'_>) -> Answer {
    let is_wanted = |trunk: &Value| {
        call.asked("trunkType").is_none_or(|kind| trunk["trunkType"] == kind)
            && call.asked("edge.id").is_none_or(|id| trunk["edge"]["id"] == id)
            && call.asked("trunkBase.id").is_none_or(|id| trunk["trunkBase"]["id"] == id)
    };
    let listed = call.named(&TRUNK).into_iter().filter(is_wanted).collect();
    call.page(listed)
}

fn trunks_of_edge(call: &mut Call<'_>) -> Answer {
    let edge = call.document(&EDGE, call.at("edgeId"))?;
    let listed = call.named(&TRUNK).into_iter().filter(|trunk| trunk["edge"]["id"] == edge["id"]).collect();
    call.page(listed)
}

fn trunk_metrics(call: &mut Call<'_>) -> Answer {
    let trunk = call.document(&TRUNK, call.at("trunkId"))?;
    Ok(metrics_of(call, &trunk).into())
}

fn trunks_metrics(call: &mut Call<'_>) -> Answer {
    call.required("trunkIds")?;
    let ids = call.asked_all("trunkIds");
    let found: Vec<Value> =
        ids.iter().filter_map(|id| call.world.documents.get(&TRUNK, id)).map(|trunk| metrics_of(call, trunk)).collect();
    Ok(Value::Array(found).into())
}

/// Calls come in over the first trunk that is in service.
fn metrics_of(call: &Call<'_>, trunk: &Map<String, Value>) -> Value {
    let first = call.world.documents.all(&TRUNK).iter().find(|trunk| trunk.get("inService") == Some(&json!(true)));
    let carries = first.is_some_and(|first| first.get("id") == trunk.get("id"));
    let totals = call.world.totals();
    let calls = if carries { totals.in_flow + totals.waiting + totals.talking } else { 0 };
    json!({"eventTime": iso(call.now.wall), "trunk": {"id": trunk["id"], "name": trunk["name"]},
        "calls": {"inboundCallCount": calls, "outboundCallCount": 0}, "qos": {"mismatchCount": 0}})
}

/// Whether a trunk is in service is a setting of its base.
fn replace_trunk_base(call: &mut Call<'_>) -> Answer {
    let base = call.replace(&TRUNK_BASE, "trunkBaseSettingsId", "Telephony", "TrunkBase")?;
    let enabled = base["properties"]["trunk_enabled"]["value"]["instance"].as_bool().unwrap_or(true);
    let id = call.at("trunkBaseSettingsId").to_owned();
    call.world.set_trunks_in_service(&id, enabled, call.now);
    Ok(Value::Object(base).into())
}

fn edge_metrics(call: &mut Call<'_>) -> Answer {
    let edge = call.document(&EDGE, call.at("edgeId"))?;
    Ok(load_of(call, &edge).into())
}

fn edges_metrics(call: &mut Call<'_>) -> Answer {
    call.required("edgeIds")?;
    let ids = call.asked_all("edgeIds");
    let found: Vec<Value> =
        ids.iter().filter_map(|id| call.world.documents.get(&EDGE, id)).map(|edge| load_of(call, edge)).collect();
    Ok(Value::Array(found).into())
}

/// Load follows the calls.
fn load_of(call: &Call<'_>, edge: &Map<String, Value>) -> Value {
    let totals = call.world.totals();
    let calls = (totals.in_flow + totals.waiting + totals.talking) as f64;
    let busy = (5.0 + calls / f64::from(call.world.settings.call_capacity.max(1)) * 90.0).min(99.0);
    json!({
        "edge": {"id": edge["id"], "name": edge["name"]}, "eventTime": iso(call.now.wall),
        "upTimeMsec": call.now.mono.as_millis(),
        "processors": [{"cpuId": "0", "activeTimePct": busy, "idleTimePct": 100.0 - busy}],
        "memory": [{"type": "physical", "availableBytes": 6e9, "totalBytes": 8e9}],
        "disks": [{"partitionName": "/", "availableBytes": 5e10, "totalBytes": 1e11}],
        "networks": [{"ifname": "eth0", "sentBytesPerSec": 0, "receivedBytesPerSec": 0, "bandwidthBitsPerSec": 1e9, "utilizationPct": 0.0}],
    })
}

/// Takes an edge into or out of service; its trunks go with it.
fn status_code(call: &mut Call<'_>) -> Answer {
    let id = call.at("edgeId").to_owned();
    let in_service = call.object()?.get("inService").and_then(Value::as_bool);
    let in_service = in_service.ok_or_else(|| ApiError::invalid("The field inService is required."))?;
    let edge = call.world.documents.get_mut(&EDGE, &id).ok_or_else(|| ApiError::not_found("The edge"))?;
    edge.insert("statusCode".to_owned(), if in_service { "ACTIVE" } else { "OUT_OF_SERVICE" }.into());
    edge.insert("callDrainingState".to_owned(), if in_service { "NONE" } else { "NON_CONVERSATION_CALL_DRAIN" }.into());
    call.world.set_edge_in_service(&id, in_service, call.now);
    Ok(Reply::Json(202, json!(if in_service { "ACTIVE" } else { "OUT_OF_SERVICE" })))
}

fn ping(call: &mut Call<'_>) -> Answer {
    call.document(&EDGE, call.at("edgeId"))?;
    call.text("host")?;
    let id = call.at("edgeId").to_owned();
    call.world.jobs.begin("ping", &format!("ping-{id}"), call.body.clone(), call.now);
    Ok(json!({"id": format!("ping-{id}"), "selfUri": call.uri}).into())
}

fn pinged(call: &mut Call<'_>) -> Answer {
    let id = format!("ping-{}", call.at("edgeId"));
    let job = call.world.jobs.get("ping", &id).ok_or_else(|| ApiError::not_found("The diagnostic"))?;
    let state = std::time::Duration::from_millis(call.world.settings.job_state_ms);
    let mut body = json!({"commandCorrelationId": id});
    if job.stage(state, call.now) == Stage::Done {
        let host = job.asked["host"].as_str().unwrap_or_default();
        body["diagnostics"] = format!("4 packets transmitted to {host}, 4 received, 0% packet loss").into();
    }
    Ok(body.into())
}

fn routes_of_site(call: &mut Call<'_>) -> Answer {
    let site = call.document(&SITE, call.at("siteId"))?;
    let listed =
        call.named(&OUTBOUND_ROUTE).into_iter().filter(|route| route["site"]["id"] == site["id"]).map(without_site);
    let listed = listed.collect();
    call.page(listed)
}

fn without_site(mut route: Value) -> Value {
    if let Some(route) = route.as_object_mut() {
        route.retain(|field, _| !matches!(field.as_str(), "site" | "managed"));
    }
    route
}

fn route(call: &mut Call<'_>) -> Answer {
    let route = call.document(&OUTBOUND_ROUTE, call.at("outboundRouteId"))?;
    if route["site"]["id"] != call.at("siteId") {
        return Err(ApiError::not_found("The outbound route"));
    }
    Ok(without_site(Value::Object(route)).into())
}

fn replace_route(call: &mut Call<'_>) -> Answer {
    let known = call.document(&OUTBOUND_ROUTE, call.at("outboundRouteId"))?;
    if let Some(body) = call.body.as_object_mut() {
        for field in ["site", "managed"] {
            body.insert(field.to_owned(), known.get(field).cloned().unwrap_or_default());
        }
    }
    let route = call.replace(&OUTBOUND_ROUTE, "outboundRouteId", "Telephony", "OutboundRoute")?;
    Ok(without_site(Value::Object(route)).into())
}

/// Numbers with what they are assigned to.
fn numbers(call: &mut Call<'_>) -> Answer {
    let all = match call.required("type")? {
        "ASSIGNED_AND_UNASSIGNED" => true,
        "UNASSIGNED" => false,
        other => {
            return Err(ApiError::new(400, "invalid.query.param.value", format!("{other} is no type of numbers.")));
        }
    };
    let shown = call.world.documents.all(&DID).iter().filter_map(|did| {
        let number = did.get("phoneNumber")?.as_str()?;
        let is_assigned = did.get("owner").is_some();
        if (is_assigned && !all) || call.asked("numberMatch").is_some_and(|part| !number.contains(part)) {
            return None;
        }
        let mut shown = json!({"id": did["id"], "number": number, "assigned": is_assigned, "didPool": {"id": did["didPool"]["id"]},
            "selfUri": format!("/api/v2/telephony/providers/edges/didpools/dids/{number}")});
        if is_assigned {
            shown["owner"] = did["owner"].clone();
            shown["ownerType"] = did["ownerType"].clone();
        }
        Some(shown)
    });
    let shown = shown.collect();
    call.page(shown)
}

fn dids(call: &mut Call<'_>) -> Answer {
    let is_wanted = |did: &&Map<String, Value>| {
        call.asked("phoneNumber").is_none_or(|number| did.get("phoneNumber") == Some(&json!(number)))
    };
    let listed = call.world.documents.all(&DID).iter().filter(is_wanted).cloned().map(Value::Object).collect();
    call.page(listed)
}

fn call_metrics(call: &mut Call<'_>) -> Answer {
    let totals = call.world.totals();
    let calls = totals.in_flow + totals.waiting + totals.talking;
    let capacity = u64::from(call.world.settings.call_capacity.max(1));
    // What an integration has left open is a session without a caller.
    let sessions = calls * 2 + call.world.leaks.open() as u64;
    let usage = calls as f64 * 100.0 / capacity as f64;
    let intensity = match usage {
        0.0..50.0 => "Low",
        50.0..80.0 => "Medium",
        _ => "High",
    };
    let body = json!({
        "usage": usage, "autoScalingTriggerPercentage": 70.0, "cpuIntensity": intensity, "memoryIntensity": intensity,
        "concurrentCallCount": calls, "concurrentCallSessionCount": sessions, "maxCallCapacity": capacity,
        "maxCallSessionCapacity": capacity * 2, "autoScaleInProgress": if usage >= 70.0 { "Up" } else { "None" },
    });
    Ok(body.into())
}

fn media_regions(call: &mut Call<'_>) -> Answer {
    let region = &call.world.region;
    Ok(json!({"awsHomeRegion": region, "awsCoreRegions": [region], "awsSatelliteRegions": []}).into())
}

/// No call here is carried by SIP messages yet, so there are none to show.
fn sip_traces(call: &mut Call<'_>) -> Answer {
    call.required("dateStart")?;
    call.required("dateEnd")?;
    Ok(json!({"status": 200, "message": "ok", "data": [], "count": 0}).into())
}

fn sip_messages(call: &mut Call<'_>) -> Answer {
    let id = call.at("conversationId");
    call.world
        .calls()
        .find(|record| record.conversation_id == id)
        .ok_or_else(|| ApiError::not_found("The conversation"))?;
    Ok(json!({"id": id, "message": "", "selfUri": call.uri}).into())
}
