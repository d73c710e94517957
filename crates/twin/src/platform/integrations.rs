//! Integrations and their Data Actions.

use flow::DataAction;
use serde_json::{Map, Value, json};

use super::Need::{Any, NoToken, Nothing};
use super::kinds::CREDENTIAL;
use super::{Answer, ApiError, Call, Order, Reply, Table, iso, matches};
use crate::world::{Change, Integration, Service, StoredAction};

pub(super) const VIEW: super::Need = Any(&["integrations:action:view", "bridge:actions:view"]);
pub(super) const EXECUTE: super::Need = Any(&["integrations:action:execute", "bridge:actions:execute"]);
const SEE: super::Need = Any(&["integrations:integration:view"]);
const EDIT: super::Need = Any(&["integrations:integration:edit"]);

pub(super) static TABLE: Table = Table {
    service: Service::Integrations,
    operations: &[
        ("GET", "/api/v2/integrations", SEE, list),
        ("GET", "/api/v2/integrations/{integrationId}", SEE, show),
        ("PATCH", "/api/v2/integrations/{integrationId}", EDIT, change),
        ("GET", "/api/v2/integrations/{integrationId}/config/current", SEE, configuration),
        ("PUT", "/api/v2/integrations/{integrationId}/config/current", EDIT, configure),
        ("GET", "/api/v2/integrations/types", Nothing, types),
        ("GET", "/api/v2/integrations/credentials/listing", SEE, |call| {
            let all = call.named(&CREDENTIAL);
            call.cursor(all, 200)
        }),
        ("GET", "/api/v2/integrations/actions", VIEW, actions),
        ("POST", "/api/v2/integrations/actions", Any(&["integrations:action:add"]), add),
        ("GET", "/api/v2/integrations/actions/{actionId}", VIEW, action),
        ("PATCH", "/api/v2/integrations/actions/{actionId}", Any(&["integrations:action:edit"]), edit),
        ("DELETE", "/api/v2/integrations/actions/{actionId}", Any(&["integrations:action:delete"]), remove),
        ("POST", "/api/v2/integrations/actions/{actionId}/test", EXECUTE, |call| execute(call, true)),
        ("POST", "/api/v2/integrations/actions/{actionId}/execute", EXECUTE, |call| execute(call, false)),
        ("GET", "/api/v2/integrations/actions/functions/runtimes", VIEW, runtimes),
        ("GET", "/api/v2/integrations/actions/{actionId}/function", VIEW, function),
        ("POST", "/api/v2/integrations/webhooks/{tokenId}/events", NoToken, webhook),
    ],
};

/// The types of integrations that hold Data Actions.
const TYPES: [(&str, &str); 5] = [
    ("custom-rest-actions", "Web Services Data Actions"),
    ("purecloud-data-actions", "Genesys Cloud Data Actions"),
    ("aws-lambda-data-actions", "AWS Lambda Data Actions"),
    ("function-data-actions", "Function Data Actions"),
    ("salesforce-datadip", "Salesforce Data Actions"),
];

/// Identifiers in one request for Data Actions.
const IDS_MAX: usize = 50;

fn list(call: &mut Call<'_>) -> Answer {
    let (ids, kinds) = (call.asked_all("ids"), call.asked_all("integrationType"));
    let is_wanted = |integration: &&Integration| {
        (ids.is_empty() || ids.contains(&integration.id.as_str()))
            && (kinds.is_empty() || kinds.contains(&integration.kind.as_str()))
            && call.asked("reportedState").is_none_or(|state| state == integration.state())
    };
    let listed = call.world.actions.integrations().filter(is_wanted).map(|one| body(call, one)).collect();
    call.page(listed)
}

fn show(call: &mut Call<'_>) -> Answer {
    Ok(body(call, find(call)?).into())
}

/// Enables or disables an integration; while it is disabled, all of its Data Actions fail.
fn change(call: &mut Call<'_>) -> Answer {
    let integration = find(call)?;
    let (id, name, before) = (integration.id.clone(), integration.name.clone(), integration.state());
    let intended = call.object()?.get("intendedState").and_then(Value::as_str).map(str::to_owned);
    let is_enabled = match intended.as_deref() {
        Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(other) => return Err(ApiError::invalid(format!("{other} is no state that can be intended."))),
        None => before == "ACTIVE",
    };
    call.world.actions.change(&id, |integration| integration.is_enabled = is_enabled);
    let action = if is_enabled { "Enable" } else { "Disable" };
    call.audit(Change { service: "Integrations", entity_type: "Integration", action, id: &id, name: &name });
    let after = if is_enabled { "ACTIVE" } else { "INACTIVE" };
    if before != after {
        call.world.records.event(
            call.now.wall,
            "integration-state-changed",
            (&id, &name),
            "integration.state",
            [before, after],
        );
    }
    show(call)
}

fn configuration(call: &mut Call<'_>) -> Answer {
    Ok(configured(find(call)?).into())
}

fn configure(call: &mut Call<'_>) -> Answer {
    let integration = find(call)?;
    let (id, name, version) = (integration.id.clone(), integration.name.clone(), integration.version);
    let change = call.object()?.clone();
    if change.get("version").and_then(Value::as_u64) != Some(version) {
        return Err(call.outdated(version));
    }
    call.world.actions.change(&id, |integration| {
        integration.version += 1;
        if let Some(name) = change.get("name").and_then(Value::as_str) {
            integration.name = name.to_owned();
        }
        integration.notes = change.get("notes").and_then(Value::as_str).map(str::to_owned);
        integration.properties = change.get("properties").cloned().unwrap_or_else(|| json!({}));
    });
    call.audit(Change {
        service: "Integrations",
        entity_type: "IntegrationConfiguration",
        action: "Update",
        id: &id,
        name: &name,
    });
    configuration(call)
}

fn configured(integration: &Integration) -> Value {
    let mut body = json!({
        "id": integration.id, "name": integration.name, "version": integration.version,
        "properties": integration.properties, "advanced": {}, "credentials": {},
        "selfUri": format!("/api/v2/integrations/{}/config/current", integration.id),
    });
    if let Some(notes) = &integration.notes {
        body["notes"] = notes.clone().into();
    }
    body
}

fn body(call: &Call<'_>, integration: &Integration) -> Value {
    let state = integration.state();
    let intended = if integration.is_enabled { "ENABLED" } else { "DISABLED" };
    let mut body = json!({
        "id": integration.id, "name": integration.name, "intendedState": intended,
        "integrationType": {"id": integration.kind, "selfUri": format!("/api/v2/integrations/types/{}", integration.kind)},
        "reportedState": {"code": state, "effective": state, "lastUpdated": iso(call.now.wall)},
        "selfUri": format!("/api/v2/integrations/{}", integration.id),
    });
    if call.asked_all("expand").iter().any(|part| part.starts_with("config")) {
        body["config"] = json!({"current": configured(integration)});
    }
    body
}

fn find<'c>(call: &'c Call<'_>) -> Result<&'c Integration, ApiError> {
    let found = call.world.actions.integrations().find(|one| one.id == call.at("integrationId"));
    found.ok_or_else(|| ApiError::not_found("The integration"))
}

fn types(call: &mut Call<'_>) -> Answer {
    let entity = |(id, name): &(&str, &str)| {
        json!({"id": id, "name": name, "description": name, "provider": "genesys", "category": "data-actions",
            "selfUri": format!("/api/v2/integrations/types/{id}")})
    };
    call.page(TYPES.iter().map(entity).collect())
}

fn actions(call: &mut Call<'_>) -> Answer {
    let ids = call.asked_all("ids");
    if ids.len() > IDS_MAX {
        return Err(ApiError::new(400, "invalid.query.param.value", format!("ids may name at most {IDS_MAX}.")));
    }
    let with_config = call.asked("includeConfig") == Some("true");
    let is_wanted = |stored: &&StoredAction| {
        (ids.is_empty() || ids.contains(&stored.id.as_str()))
            && call.asked("name").is_none_or(|name| matches(name, &stored.action.name))
            && call.asked("category").is_none_or(|category| category.eq_ignore_ascii_case(&stored.category))
    };
    let listed = call.world.actions.iter().filter(is_wanted).map(|stored| action_body(stored, with_config)).collect();
    call.page(listed)
}

fn action(call: &mut Call<'_>) -> Answer {
    Ok(action_body(stored(call)?, true).into())
}

fn add(call: &mut Call<'_>) -> Answer {
    let (name, category, integration) = (call.text("name")?, call.text("category")?, call.text("integrationId")?);
    let source = as_file(call.object()?, &name);
    let action = read(&source)?;
    let id = call.id();
    if !call.world.actions.add(&integration, &category, action, source, id.clone()) {
        return Err(ApiError::not_found("The integration"));
    }
    call.audit(Change { service: "Integrations", entity_type: "Action", action: "Create", id: &id, name: &name });
    let added = call.world.actions.by_id(&id).ok_or_else(|| ApiError::not_found("The action"))?;
    Ok(action_body(added, true).into())
}

fn edit(call: &mut Call<'_>) -> Answer {
    let known = stored(call)?;
    let (id, version) = (known.id.clone(), known.version);
    let change = call.object()?.clone();
    if change.get("version").and_then(Value::as_u64) != Some(u64::from(version)) {
        return Err(call.outdated(version.into()));
    }
    let mut source = Value::clone(&known.source);
    let category = change.get("category").and_then(Value::as_str).unwrap_or(&known.category).to_owned();
    for field in ["name", "config"] {
        if let Some(value) = change.get(field) {
            source[field] = value.clone();
        }
    }
    let action = read(&source)?;
    let name = action.name.clone();
    call.world.actions.edit(&id, category, action, source);
    call.audit(Change { service: "Integrations", entity_type: "Action", action: "Update", id: &id, name: &name });
    self::action(call)
}

fn remove(call: &mut Call<'_>) -> Answer {
    let known = stored(call)?;
    let (id, name) = (known.id.clone(), known.action.name.clone());
    call.world.actions.remove(&id);
    call.audit(Change { service: "Integrations", entity_type: "Action", action: "Delete", id: &id, name: &name });
    call.done()
}

fn execute(call: &mut Call<'_>, is_test: bool) -> Answer {
    let (action, inputs) = (stored(call)?.clone(), call.object()?.clone());
    Ok(Reply::Execute(Box::new(Order { action, inputs, is_test })))
}

fn runtimes(_: &mut Call<'_>) -> Answer {
    let runtime = json!({"name": "nodejs22.x", "description": "Node.js 22", "status": "Available"});
    Ok(json!([runtime]).into())
}

/// No action here is a function.
fn function(call: &mut Call<'_>) -> Answer {
    stored(call)?;
    Err(ApiError::not_found("The function of the action"))
}

/// An event from outside, told to whoever listens.
fn webhook(call: &mut Call<'_>) -> Answer {
    let (token, id) = (call.at("tokenId").to_owned(), call.id());
    let body = json!({"id": token, "invocationId": id, "payload": call.body});
    call.world.channels.tell(&format!("v2.integrations.inbound.webhook.{token}.invocation"), &body, &id);
    Ok(json!({"invocationId": id}).into())
}

pub(super) fn stored<'c>(call: &'c Call<'_>) -> Result<&'c StoredAction, ApiError> {
    call.world.actions.by_id(call.at("actionId")).ok_or_else(|| ApiError::not_found("The action"))
}

pub(super) fn action_body(stored: &StoredAction, with_config: bool) -> Value {
    let part = |name: &str| stored.source.get(name).cloned().unwrap_or_else(|| json!({}));
    let mut body = json!({
        "id": stored.id, "name": stored.action.name, "integrationId": stored.integration.id, "category": stored.category,
        "version": stored.version, "secure": part("secure").as_bool().unwrap_or(false),
        "selfUri": format!("/api/v2/integrations/actions/{}", stored.id),
    });
    if with_config {
        body["config"] = part("config");
        body["contract"] = part("contract");
    }
    body
}

/// The body of a request to create an action in the form of its file: the API wraps schemas once more.
pub(super) fn as_file(body: &Map<String, Value>, name: &str) -> Value {
    let contract = &body.get("contract").cloned().unwrap_or_default();
    let schema = |side: &str, field: &str, fallback: Value| {
        let found = contract[side].get(field).or_else(|| contract[side].get("schema"));
        found.cloned().unwrap_or(fallback)
    };
    let open = || json!({"type": "object", "properties": {}, "additionalProperties": true});
    json!({
        "name": name, "integrationType": "custom-rest-actions", "actionType": "custom",
        "config": body.get("config").cloned().unwrap_or_default(), "secure": body.get("secure") == Some(&json!(true)),
        "contract": {
            "input": {"inputSchema": schema("input", "inputSchema", open())},
            "output": {"successSchema": schema("output", "successSchema", open())},
        },
    })
}

pub(super) fn read(source: &Value) -> Result<DataAction, ApiError> {
    DataAction::parse(&source.to_string()).map_err(|problems| ApiError::invalid(problems.to_string()))
}
