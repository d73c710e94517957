//! Linked organisations, and which of them a number leads to.

use serde_json::{Map, Value, json};

use super::Need::All;
use super::kinds::{LINK, NUMBER};
use super::{Answer, ApiError, Call, Reply, Table};
use crate::world::Service;

const VIEW: super::Need = All(&["telephony:organizationLink:view"]);
const SEE: super::Need = All(&["telephony:numberRouting:view"]);
const EDIT: super::Need = All(&["telephony:numberRouting:edit"]);

pub(super) static TABLE: Table = Table {
    service: Service::Telephony,
    operations: &[
        ("GET", "/api/v2/telephony/organization/link", VIEW, links),
        ("POST", "/api/v2/telephony/organization/link", All(&["telephony:organizationLink:add"]), link),
        (
            "PATCH",
            "/api/v2/telephony/organization/link/approve/{requestingOrganizationId}",
            All(&["telephony:organizationLink:edit"]),
            approve,
        ),
        ("GET", "/api/v2/telephony/organization/link/regions", VIEW, regions),
        ("GET", "/api/v2/telephony/numbers/routing", SEE, numbers),
        ("POST", "/api/v2/telephony/numbers/routing", EDIT, route),
        ("POST", "/api/v2/telephony/numbers/routing/all", EDIT, route_all),
        ("POST", "/api/v2/telephony/numbers/routing/reset", EDIT, reset),
    ],
};

/// Regions that may be linked.
const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];

fn links(call: &mut Call<'_>) -> Answer {
    let shown: Vec<Value> = call.world.documents.all(&LINK).iter().map(|link| plain(link, true)).collect();
    Ok(Value::Array(shown).into())
}

fn plain(link: &Map<String, Value>, with_name: bool) -> Value {
    let mut link = link.clone();
    link.retain(|name, _| !matches!(name.as_str(), "id" | "selfUri") && (with_name || name != "targetName"));
    Value::Object(link)
}

fn link(call: &mut Call<'_>) -> Answer {
    let (target, region) = (call.text("targetOrganizationId")?, call.text("targetRegion")?);
    let link = json!({"sourceOrganizationId": call.world.organisation_id, "targetOrganizationId": target,
        "sourceRegion": call.world.region, "targetRegion": region, "targetName": target, "status": "Pending"});
    let added = call.world.documents.add(&LINK, &target, link).cloned();
    let added = added.map_err(|error| call.refused(&LINK, error))?;
    Ok(plain(&added, false).into())
}

fn approve(call: &mut Call<'_>) -> Answer {
    let id = call.at("requestingOrganizationId").to_owned();
    let approval = call.object()?.get("approval").and_then(Value::as_bool);
    let approval = approval.ok_or_else(|| ApiError::invalid("The field approval is required."))?;
    let link = call.world.documents.get_mut(&LINK, &id).ok_or_else(|| ApiError::not_found("The link"))?;
    link.insert("status".to_owned(), if approval { "Approved" } else { "Rejected" }.into());
    call.done()
}

fn regions(_: &mut Call<'_>) -> Answer {
    Ok(REGIONS.iter().map(|name| json!({"regionName": name})).collect::<Value>().into())
}

fn numbers(call: &mut Call<'_>) -> Answer {
    is_there(call)?;
    let filters = [
        ("status", "status"),
        ("numberId", "numberId"),
        ("activeRoutingOrganizationId", "activeOrganizationId"),
        ("ownerOrganizationId", "ownerOrganizationId"),
    ];
    let is_wanted = |number: &&Map<String, Value>| {
        filters
            .iter()
            .all(|(asked, field)| call.asked(asked).is_none_or(|value| number.get(*field) == Some(&json!(value))))
    };
    let shown = call.world.documents.all(&NUMBER).iter().filter(is_wanted).map(|number| {
        let mut number = number.clone();
        number.retain(|name, _| !matches!(name.as_str(), "id" | "selfUri"));
        Value::Object(number)
    });
    let shown = shown.collect();
    call.cursor(shown, 200)
}

fn is_there(call: &Call<'_>) -> Result<(), ApiError> {
    if call.world.settings.number_routing {
        return Ok(());
    }
    Err(ApiError::new(403, "not.authorized", "Number routing is not available to this organization."))
}

/// Begins to route numbers elsewhere; they stay pending for a while.
fn route(call: &mut Call<'_>) -> Answer {
    is_there(call)?;
    let wanted = call.body.as_array().cloned();
    let wanted = wanted.ok_or_else(|| ApiError::bad_request("The request needs a body that is a JSON array."))?;
    let ids: Vec<(String, String)> = wanted
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().map(str::to_owned);
            text("numberId")
                .zip(text("organizationId"))
                .ok_or_else(|| ApiError::invalid("Each needs numberId and organizationId."))
        })
        .collect::<Result<_, _>>()?;
    for (number, organisation) in &ids {
        linked(call, organisation)?;
        call.world.documents.get(&NUMBER, number).ok_or_else(|| ApiError::not_found("The number"))?;
    }
    for (number, organisation) in &ids {
        call.world.route_number(number, organisation, call.now);
    }
    Ok(Reply::Empty(202))
}

fn route_all(call: &mut Call<'_>) -> Answer {
    is_there(call)?;
    let (source, target) = (call.text("sourceOrganizationId")?, call.text("switchOrganizationId")?);
    linked(call, &target)?;
    let active = |number: &&Map<String, Value>| number.get("activeOrganizationId") == Some(&json!(source));
    let ids = ids(call.world.documents.all(&NUMBER).iter().filter(active));
    for number in ids {
        call.world.route_number(&number, &target, call.now);
    }
    Ok(Reply::Empty(202))
}

/// Gives every number of an organisation back to it.
fn reset(call: &mut Call<'_>) -> Answer {
    is_there(call)?;
    let owner = call.text("resetOrganizationId")?;
    let owned = |number: &&Map<String, Value>| number.get("ownerOrganizationId") == Some(&json!(owner));
    let ids = ids(call.world.documents.all(&NUMBER).iter().filter(owned));
    for number in ids {
        call.world.route_number(&number, &owner, call.now);
    }
    Ok(Reply::Empty(202))
}

fn ids<'a>(numbers: impl Iterator<Item = &'a Map<String, Value>>) -> Vec<String> {
    numbers.filter_map(|number| number.get("id")?.as_str().map(str::to_owned)).collect()
}

/// An organisation that numbers may be routed to: this one, or one whose link is approved.
fn linked(call: &Call<'_>, organisation: &str) -> Result<(), ApiError> {
    let link = call.world.documents.get(&LINK, organisation);
    let is_approved = link.is_some_and(|link| link.get("status") == Some(&json!("Approved")));
    if organisation == call.world.organisation_id || is_approved {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("The organization {organisation} is not linked.")))
}
