//! Flows, their versions and their lock.

use base::Now;
use serde_json::{Value, json};

use super::Need::{All, Any};
use super::{Answer, ApiError, Call, Table, home, iso, matches, reference};
use crate::world::{Broken, Change, FlowError, Operation, Service, StoredFlow, Version, VersionKind};

const VIEW: super::Need = Any(&["architect:flow:view"]);
const EDIT: super::Need = Any(&["architect:flow:edit"]);

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("GET", "/api/v2/flows", VIEW, list),
        ("POST", "/api/v2/flows", All(&["architect:flow:add"]), create),
        ("GET", "/api/v2/flows/lookup", VIEW, lookup),
        ("GET", "/api/v2/flows/divisionviews", VIEW, division_views),
        ("GET", "/api/v2/flows/{flowId}", VIEW, show),
        ("PUT", "/api/v2/flows/{flowId}", EDIT, rename),
        ("GET", "/api/v2/flows/{flowId}/versions", VIEW, versions),
        ("POST", "/api/v2/flows/{flowId}/versions", EDIT, save),
        ("GET", "/api/v2/flows/{flowId}/versions/{versionId}", VIEW, version),
        ("GET", "/api/v2/flows/{flowId}/versions/{versionId}/configuration", VIEW, configuration),
        ("GET", "/api/v2/flows/{flowId}/versions/{versionId}/health", VIEW, health),
        ("GET", "/api/v2/flows/{flowId}/latestconfiguration", VIEW, latest_configuration),
        ("POST", "/api/v2/flows/actions/publish", Any(&["architect:flow:publish", "architect:flow:unlock"]), publish),
        ("POST", "/api/v2/flows/actions/checkout", EDIT, checkout),
        ("POST", "/api/v2/flows/actions/checkin", Any(&["architect:flow:edit", "architect:flow:unlock"]), checkin),
        ("POST", "/api/v2/flows/actions/revert", EDIT, revert),
        ("POST", "/api/v2/flows/actions/unlock", All(&["architect:flow:unlock"]), unlock),
        ("POST", "/api/v2/flows/actions/deactivate", All(&["architect:flow:publish"]), deactivate),
        ("POST", "/api/v2/flows/{flowId}/history", VIEW, ask_history),
        ("GET", "/api/v2/flows/{flowId}/history/{historyId}", VIEW, history),
    ],
};

fn list(call: &mut Call<'_>) -> Answer {
    let after = instant(call, "publishedAfter")?;
    let before = instant(call, "publishedBefore")?;
    let (kinds, deleted) = (call.asked_all("type"), call.asked("deleted") == Some("true"));
    let is_wanted = |flow: &&StoredFlow| {
        let published = flow.published().and_then(|version| version.published);
        let holder = flow.lock.as_ref().map(|client| client.id.as_str());
        call.asked("name").is_none_or(|pattern| matches(pattern, &flow.name))
            && call.asked("nameOrDescription").is_none_or(|pattern| {
                matches(pattern, &flow.name) || matches(pattern, flow.description.as_deref().unwrap_or_default())
            })
            && (kinds.is_empty() || kinds.iter().any(|kind| flow.kind.eq_ignore_ascii_case(kind)))
            && call.asked("id").is_none_or(|id| flow.id == id)
            && call.asked("lockedByClientId").is_none_or(|id| holder == Some(id))
            && call.asked("lockedBy").is_none()
            && after.is_none_or(|after| published.is_some_and(|at| at > after))
            && before.is_none_or(|before| published.is_some_and(|at| at < before))
            && call.asked("divisionId").is_none_or(|id| id == super::HOME)
            && deleted == flow.is_deleted
    };
    let mut flows: Vec<&StoredFlow> = call.world.flows.iter().filter(is_wanted).collect();
    if call.asked("sortBy") == Some("name") {
        flows.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let listed = flows.into_iter().map(|flow| flow_body(flow, call.now)).collect();
    call.page(listed)
}

fn lookup(call: &mut Call<'_>) -> Answer {
    let ids = call.asked_all("id");
    let listed = call.world.flows.iter().filter(|flow| ids.contains(&flow.id.as_str()));
    let listed = listed.map(|flow| flow_body(flow, call.now)).collect();
    call.page(listed)
}

fn division_views(call: &mut Call<'_>) -> Answer {
    let is_wanted = |flow: &&StoredFlow| call.asked("name").is_none_or(|pattern| matches(pattern, &flow.name));
    let view = |flow: &StoredFlow| {
        let mut view = json!({"id": flow.id, "name": flow.name, "type": flow.kind, "division": home(),
            "selfUri": format!("/api/v2/flows/divisionviews/{}", flow.id)});
        if let Some(version) = flow.published() {
            view["publishedVersion"] = version_body(&flow.id, version);
        }
        view
    };
    let views = call.world.flows.iter().filter(is_wanted).map(view).collect();
    call.page(views)
}

fn show(call: &mut Call<'_>) -> Answer {
    let id = call.at("flowId").to_owned();
    let is_gone = call.world.flows.by_id(&id).is_some_and(|flow| flow.is_deleted);
    if is_gone && call.asked("deleted") != Some("true") {
        return Err(not_found());
    }
    body_of(call, &id)
}

fn create(call: &mut Call<'_>) -> Answer {
    let (name, kind) = (call.text("name")?, call.text("type")?.to_ascii_uppercase());
    if call.world.flows.iter().any(|flow| flow.name == name && flow.kind == kind && !flow.is_deleted) {
        return Err(ApiError::conflict(format!("A flow named {name} of the type {kind} exists already.")));
    }
    let id = call.id();
    let description = call.object()?.get("description").and_then(Value::as_str).map(str::to_owned);
    call.world.flows.create(id.clone(), name.clone(), kind, description);
    audit(call, &id, "Create");
    body_of(call, &id)
}

fn rename(call: &mut Call<'_>) -> Answer {
    let (id, name) = (call.at("flowId").to_owned(), call.text("name")?);
    let description = call.object()?.get("description").and_then(Value::as_str).map(str::to_owned);
    let (client, now) = (call.client.clone(), call.now.mono);
    call.world.flows.rename(&id, &client, name, description, now).map_err(|error| refused(call, error))?;
    audit(call, &id, "Update");
    body_of(call, &id)
}

fn versions(call: &mut Call<'_>) -> Answer {
    let flow = find(call)?;
    let newest_first = flow.versions.iter().rev().map(|version| version_body(&flow.id, version)).collect();
    call.page(newest_first)
}

/// Saves a configuration as a new version; only Archy YAML of an inbound call, in the field `yaml`, can be run.
fn save(call: &mut Call<'_>) -> Answer {
    let (id, configuration) = (call.at("flowId").to_owned(), call.body.clone());
    let flow = match configuration.get("yaml").and_then(Value::as_str) {
        Some(yaml) => Some(flow::Flow::parse(yaml).map_err(|problems| ApiError::invalid(problems.to_string()))?),
        None => None,
    };
    let (client, now) = (call.client.clone(), call.now);
    let saved = call.world.flows.save(&id, &client, flow, configuration, now);
    let number = saved.map_err(|error| refused(call, error))?;
    audit(call, &id, "Save");
    let stored = call.world.flows.by_id(&id).ok_or_else(not_found)?;
    let version = stored.versions.iter().find(|version| version.number == number);
    Ok(version_body(&id, version.ok_or_else(|| ApiError::not_found("The flow version"))?).into())
}

fn version(call: &mut Call<'_>) -> Answer {
    let flow = find(call)?;
    Ok(version_body(&flow.id, version_of(call, flow)?).into())
}

fn configuration(call: &mut Call<'_>) -> Answer {
    Ok(Value::clone(&version_of(call, find(call)?)?.configuration).into())
}

fn latest_configuration(call: &mut Call<'_>) -> Answer {
    let latest = find(call)?.versions.last();
    let latest = latest.ok_or_else(|| ApiError::not_found("A version of the flow"))?;
    Ok(Value::clone(&latest.configuration).into())
}

/// Only bots have intents whose health can be told.
fn health(call: &mut Call<'_>) -> Answer {
    let flow = find(call)?;
    version_of(call, flow)?;
    if !flow.kind.ends_with("BOT") {
        return Err(ApiError::bad_request("The health of a version is known for bot flows only."));
    }
    let uri = call.uri.trim_end_matches("/health");
    let known = json!({"flowVersion": {"id": call.at("versionId"), "selfUri": uri}});
    Ok(json!({"flowVersionInfo": known, "languageInfo": {}, "intents": [], "selfUri": call.uri}).into())
}

fn publish(call: &mut Call<'_>) -> Answer {
    let (id, client) = (call.required("flow")?.to_owned(), call.client.clone());
    let (version, now, operation) = (call.asked("version").map(str::to_owned), call.now, call.id());
    let settings = call.world.settings.clone();
    let broken = broken(call, &id, version.as_deref());
    let published = call.world.flows.publish(&id, version.as_deref(), client, operation, (&settings, broken), now);
    let published = published.map_err(|error| refused(call, error))?;
    audit(call, &id, "Publish");
    call.world.await_flow(&id, now);
    Ok(operation_body(&published, call.now).into())
}

/// Why a version cannot be published: nobody can run it, or something that it uses is gone.
fn broken(call: &Call<'_>, id: &str, version: Option<&str>) -> Option<Broken> {
    let meant = call.world.flows.meant(id, version)?;
    let is_inbound = call.world.flows.by_id(id)?.kind == "INBOUNDCALL";
    let Some(flow) = &meant.flow else {
        let message = "The configuration of the flow cannot be read.".to_owned();
        return is_inbound.then_some(Broken { code: "architect.invalid.configuration".into(), message });
    };
    let missing = super::dependencies::missing(call.world, flow);
    let message = format!("The flow refers to {}, which does not exist.", missing.first()?);
    Some(Broken { code: "architect.dependency.deleted".into(), message })
}

fn checkout(call: &mut Call<'_>) -> Answer {
    let (id, client) = (call.required("flow")?.to_owned(), call.client.clone());
    let now = call.now;
    call.world.flows.checkout(&id, client, now).map_err(|error| refused(call, error))?;
    audit(call, &id, "Checkout");
    body_of(call, &id)
}

fn checkin(call: &mut Call<'_>) -> Answer {
    let (id, client, operation) = (call.required("flow")?.to_owned(), call.client.clone(), call.id());
    let now = call.now;
    let done = call.world.flows.checkin(&id, client, operation, now).map_err(|error| refused(call, error))?;
    audit(call, &id, "Checkin");
    Ok(operation_body(&done, call.now).into())
}

fn revert(call: &mut Call<'_>) -> Answer {
    let (id, client, now) = (call.required("flow")?.to_owned(), call.client.clone(), call.now);
    call.world.flows.revert(&id, &client, now).map_err(|error| refused(call, error))?;
    audit(call, &id, "Revert");
    body_of(call, &id)
}

fn unlock(call: &mut Call<'_>) -> Answer {
    let id = call.required("flow")?.to_owned();
    call.world.flows.unlock(&id).map_err(|error| refused(call, error))?;
    audit(call, &id, "Unlock");
    body_of(call, &id)
}

fn deactivate(call: &mut Call<'_>) -> Answer {
    let (id, client, now) = (call.required("flow")?.to_owned(), call.client.clone(), call.now);
    call.world.flows.deactivate(&id, &client, now).map_err(|error| refused(call, error))?;
    audit(call, &id, "Deactivate");
    body_of(call, &id)
}

fn ask_history(call: &mut Call<'_>) -> Answer {
    find(call)?;
    let id = call.begin("history");
    let body = json!({"id": id, "complete": false, "client": reference(&call.client), "actionName": "HISTORY",
        "actionStatus": "STARTED", "errorDetails": []});
    Ok(body.into())
}

fn history(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("history", "historyId")?;
    let is_done = stage == crate::world::Stage::Done;
    let flow = find(call)?;
    let actions = call.asked_all("action");
    let oldest_first = call.asked("sortOrder") == Some("asc");
    let wanted = flow.history.iter().filter(|entry| {
        is_done && (actions.is_empty() || actions.iter().any(|action| action.eq_ignore_ascii_case(&entry.action)))
    });
    let mut entries: Vec<Value> = wanted
        .map(|entry| {
            json!({"action": entry.action, "timestamp": iso(entry.at), "version": entry.version, "secure": false,
                "client": reference(&entry.client)})
        })
        .collect();
    if !oldest_first {
        entries.reverse();
    }
    let mut page = call.bare_page(entries)?;
    let status = if is_done { "SUCCESS" } else { "STARTED" };
    page.extend([
        ("id".to_owned(), call.at("historyId").into()),
        ("complete".to_owned(), is_done.into()),
        ("client".to_owned(), reference(&call.client)),
        ("actionName".to_owned(), "HISTORY".into()),
        ("actionStatus".to_owned(), status.into()),
        ("started".to_owned(), iso(job.began.wall).into()),
        ("errorDetails".to_owned(), json!([])),
    ]);
    Ok(Value::Object(page).into())
}

pub(super) fn find<'c>(call: &'c Call<'_>) -> Result<&'c StoredFlow, ApiError> {
    call.world.flows.by_id(call.at("flowId")).ok_or_else(not_found)
}

fn version_of<'f>(call: &Call<'_>, flow: &'f StoredFlow) -> Result<&'f Version, ApiError> {
    let found = flow.versions.iter().find(|known| known.id() == call.at("versionId"));
    found.ok_or_else(|| ApiError::not_found("The flow version"))
}

fn body_of(call: &Call<'_>, id: &str) -> Answer {
    let flow = call.world.flows.by_id(id).ok_or_else(not_found)?;
    Ok(flow_body(flow, call.now).into())
}

fn audit(call: &mut Call<'_>, id: &str, action: &'static str) {
    let name = call.world.flows.by_id(id).map(|flow| flow.name.clone()).unwrap_or_default();
    call.audit(Change { service: "Architect", entity_type: "Flow", action, id, name: &name });
    call.world.tell_of_changed_flow(id, call.now);
}

/// What a notification tells of a flow.
pub(crate) fn changed(flow: &StoredFlow, now: Now) -> Value {
    let whole = flow_body(flow, now);
    let mut body = json!({"id": flow.id, "name": flow.name, "deleted": flow.is_deleted});
    for version in ["checkedInVersion", "savedVersion", "publishedVersion"] {
        if let Some(id) = whole[version].get("id") {
            body[version] = json!({"id": id});
        }
    }
    if let Some(operation) = whole.get("currentOperation") {
        body["currentOperation"] = operation.clone();
    }
    body
}

fn instant(call: &Call<'_>, name: &str) -> Result<Option<jiff::Timestamp>, ApiError> {
    let wrong = || ApiError::new(400, "invalid.date", format!("{name} is no date and time."));
    call.asked(name).map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn not_found() -> ApiError {
    ApiError::not_found("The flow")
}

pub(super) fn refused(call: &Call<'_>, error: FlowError) -> ApiError {
    match error {
        FlowError::NotFound => not_found(),
        FlowError::NoVersion => ApiError::not_found("The flow version"),
        FlowError::Locked(owner) => {
            let message = format!("The flow is locked by client {}.", owner.name);
            ApiError::new(call.world.settings.locked_status, "conflict", message)
                .detail("flow.locked", (&owner.id, &owner.name))
        }
        FlowError::Busy => ApiError::conflict("An operation on the flow is still running."),
        FlowError::NotCheckedOut => ApiError::conflict("The flow is not checked out."),
    }
}

pub(crate) fn flow_body(flow: &StoredFlow, now: Now) -> Value {
    let mut body = json!({
        "id": flow.id, "name": flow.name, "type": flow.kind, "division": home(), "active": flow.published().is_some(),
        "system": false, "deleted": flow.is_deleted, "selfUri": format!("/api/v2/flows/{}", flow.id),
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    let last = |kinds: &[VersionKind]| {
        let found = flow.versions.iter().rev().find(|version| kinds.contains(&version.kind));
        found.map(|version| version_body(&flow.id, version))
    };
    set("description", flow.description.clone().map(Value::from));
    set("lockedClient", flow.lock.as_ref().map(reference));
    set("publishedVersion", flow.published().map(|version| version_body(&flow.id, version)));
    set("checkedInVersion", last(&[VersionKind::Publish, VersionKind::Checkin]));
    set("savedVersion", last(&[VersionKind::Publish, VersionKind::Checkin, VersionKind::Save]));
    set("currentOperation", flow.operation.as_ref().map(|operation| operation_body(operation, now)));
    body
}

fn version_body(flow_id: &str, version: &Version) -> Value {
    let id = version.id();
    let uri = format!("/api/v2/flows/{flow_id}/versions/{id}");
    let created = version.created.as_millisecond();
    let mut body = json!({
        "id": id, "name": id, "commitVersion": version.number.to_string(),
        "configurationVersion": format!("{}.0", version.origin),
        "type": version.kind.as_str(), "secure": false, "debug": false, "dateCreated": created,
        "configurationUri": format!("{uri}/configuration"), "selfUri": uri,
    });
    let checked = if version.kind == VersionKind::Save { "dateSaved" } else { "dateCheckedIn" };
    body[checked] = created.into();
    if let Some(at) = version.published {
        body["datePublished"] = iso(at).into();
    }
    if let Some(at) = version.published_end {
        body["datePublishedEnd"] = iso(at).into();
    }
    body
}

pub(crate) fn operation_body(operation: &Operation, now: Now) -> Value {
    let mut body = json!({
        "id": operation.id, "complete": operation.is_complete(now.mono), "client": reference(&operation.client),
        "actionName": operation.action, "actionStatus": operation.status(now.mono), "errorDetails": [],
    });
    if let (Some(failure), true) = (&operation.failure, operation.is_complete(now.mono)) {
        body["errorCode"] = failure.code.as_ref().into();
        body["errorMessage"] = failure.message.clone().into();
        body["errorMessageParams"] = json!({});
    }
    body
}
