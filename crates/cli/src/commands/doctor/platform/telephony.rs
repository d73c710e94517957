//! Trunks, edges, call routes and numbers.

use std::collections::BTreeSet;

use genesys::telephony::Verdict;
use genesys::{flows, numbers, routes, telephony};

use super::super::check::Check;
use super::{Asked, all, judge, new, some};

pub(super) async fn check(client: Asked<'_>, checks: &mut Vec<Check>) {
    trunks(client, checks).await;
    if let Some(edges) = judge("edges", telephony::edges(client).await, checks) {
        let is_fit = |edge: &&telephony::Edge| {
            edge.online_status.as_deref() != Some("ONLINE") || edge.status_code.as_deref() == Some("OUT_OF_SERVICE")
        };
        let wrong: Vec<String> = edges.iter().filter(is_fit).map(|edge| edge.name.clone()).collect();
        checks.push(all("edges", edges.len(), &wrong, "offline or out of service", "see the edge's own status page"));
    }
    outbound(client, checks).await;
    call_routes(client, checks).await;
    emergencies(client, checks).await;
    links(client, checks).await;
}

async fn trunks(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(trunks) = judge("trunks", telephony::trunks(client).await, checks) else { return };
    let named = |verdict: Verdict| -> Vec<String> {
        trunks.iter().filter(|trunk| trunk.verdict() == verdict).map(|trunk| trunk.name.clone()).collect()
    };
    let (out, off, unknown) = (named(Verdict::OutOfService), named(Verdict::Maintenance), named(Verdict::Unknown));
    let check = new("trunks");
    checks.push(if !out.is_empty() {
        check.bad(format!("out of service: {}", some(&out)), "see the carrier's status, and what its proxy answers")
    } else if !off.is_empty() {
        check.advice(format!("switched off: {}", some(&off)), "switch them on when the maintenance is over")
    } else if !unknown.is_empty() {
        check.unknown(format!("not known: {}", some(&unknown)), "see the trunk's status page")
    } else {
        check.good(format!("{} in service", trunks.len()))
    });
    let fit = named(Verdict::InService).len();
    let check = new("second trunk");
    checks.push(if fit >= 2 {
        check.good(format!("{fit} can carry calls"))
    } else {
        check.advice(format!("{fit} can carry calls"), "add a second carrier on another path")
    });
}

async fn outbound(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(routes) = judge("outbound routes", telephony::outbound_routes(client).await, checks) else { return };
    let alone: Vec<String> = routes
        .iter()
        .filter(|route| route.enabled != Some(true) || route.external_trunk_bases.len() < 2)
        .map(|route| route.name.clone())
        .collect();
    let check = new("outbound routes");
    checks.push(if alone.is_empty() {
        check.good(format!("{}", routes.len()))
    } else {
        check.advice(format!("without a second trunk, or off: {}", some(&alone)), "give them two trunks in sequence")
    });
}

/// Call routes whose flow is gone or not published leave callers with nothing.
async fn call_routes(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(ivrs) = judge("call routes", routes::ivrs(client).await, checks) else { return };
    let Some(flows) = judge("call routes", flows::list(client, None).await, checks) else { return };
    let live: BTreeSet<&str> =
        flows.iter().filter(|flow| flow.published_version.is_some()).map(|flow| flow.id.as_str()).collect();
    let wrong: Vec<String> = ivrs
        .iter()
        .filter(|ivr| {
            let named = [&ivr.open_hours_flow, &ivr.closed_hours_flow, &ivr.holiday_hours_flow];
            let dead = named.into_iter().flatten().any(|flow| !live.contains(flow.id.as_str()));
            ivr.open_hours_flow.is_none() || dead
        })
        .map(|ivr| ivr.name.clone())
        .collect();
    let fix = "lead them to a published flow";
    checks.push(all("call routes", ivrs.len(), &wrong, "lead to nothing that callers can get", fix));
    let silent: Vec<String> = ivrs.iter().filter(|ivr| ivr.dnis.is_empty()).map(|ivr| ivr.name.clone()).collect();
    let check = new("numbers");
    checks.push(if silent.is_empty() {
        check.good("every call route has one")
    } else {
        check.advice(format!("none leads to: {}", some(&silent)), "give the call route a number, or remove it")
    });
}

async fn emergencies(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(groups) = judge("emergency groups", routes::emergency_groups(client).await, checks) else { return };
    let on: Vec<String> = groups.iter().filter(|group| group.enabled).map(|group| group.name.clone()).collect();
    let check = new("emergency groups");
    checks.push(if on.is_empty() {
        check.good("none is on")
    } else {
        check.bad(format!("on now: {}", some(&on)), "switch it off when the emergency is over")
    });
}

/// What leads to another region, where there is such a thing.
async fn links(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(links) = judge("linked organisation", numbers::links(client).await, checks) else { return };
    let check = new("linked organisation");
    let approved = links.iter().filter(|link| link.status.as_deref() == Some("Approved")).count();
    checks.push(match (links.len(), approved) {
        (0, _) => check.advice("there is none", "numbers cannot be led to another region; link a second organisation"),
        (_, 0) => check.bad("its link is not approved", "approve the link in the other organisation"),
        _ => check.good(format!("{approved} approved")),
    });
    let routed = match numbers::routing(client).await {
        Err(genesys::Error::Api(error)) if error.status == 403 && error.missing_permissions.is_empty() => {
            let fix = "ask Genesys for number routing, or let the carrier switch regions";
            checks.push(new("number routing").advice("the organisation does not have it", fix));
            return;
        }
        routed => routed,
    };
    let Some(routed) = judge("number routing", routed, checks) else { return };
    let away: Vec<String> = routed
        .iter()
        .filter(|number| number.status.as_deref() != Some("Normal"))
        .map(|number| number.number_id.clone())
        .collect();
    let fix = "reset the routing when the other region is no longer needed";
    checks.push(all("number routing", routed.len(), &away, "led elsewhere", fix));
}
