//! Drafts of Data Actions: tried out before anybody gets them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Need::Any;
use super::integrations::{EXECUTE, VIEW, action_body, as_file, read, stored};
use super::{Answer, ApiError, Call, Order, Reply, Table};
use crate::world::{Service, StoredAction};

pub(super) static TABLE: Table = Table {
    service: Service::Integrations,
    operations: &[
        ("POST", "/api/v2/integrations/actions/drafts", Any(&["integrations:action:add"]), create),
        ("POST", "/api/v2/integrations/actions/{actionId}/draft", Any(&["integrations:action:edit"]), of_action),
        ("PATCH", "/api/v2/integrations/actions/{actionId}/draft", Any(&["integrations:action:edit"]), change),
        ("GET", "/api/v2/integrations/actions/{actionId}/draft/validation", VIEW, validation),
        ("POST", "/api/v2/integrations/actions/{actionId}/draft/test", EXECUTE, test),
        ("POST", "/api/v2/integrations/actions/{actionId}/draft/publish", Any(&["integrations:action:edit"]), publish),
        ("DELETE", "/api/v2/integrations/actions/{actionId}/draft", Any(&["integrations:action:delete"]), drop_draft),
    ],
};

/// A draft of an action that does not exist yet.
fn create(call: &mut Call<'_>) -> Answer {
    let (name, category, integration) = (call.text("name")?, call.text("category")?, call.text("integrationId")?);
    let mut draft = as_file(call.object()?, &name);
    draft["category"] = category.into();
    draft["integrationId"] = integration.into();
    draft["version"] = json!(1);
    let id = call.id();
    call.world.actions.drafts.insert(id.clone(), draft.clone());
    Ok(body(&id, &draft).into())
}

fn of_action(call: &mut Call<'_>) -> Answer {
    let known = stored(call)?;
    let (id, mut draft) = (known.id.clone(), Value::clone(&known.source));
    draft["category"] = known.category.clone().into();
    draft["integrationId"] = known.integration.id.clone().into();
    draft["version"] = known.version.into();
    call.world.actions.drafts.insert(id.clone(), draft.clone());
    Ok(body(&id, &draft).into())
}

fn change(call: &mut Call<'_>) -> Answer {
    let (id, mut draft, change) = (call.at("actionId").to_owned(), find(call)?, call.object()?.clone());
    let version = draft["version"].as_u64().unwrap_or(0);
    if change.get("version").and_then(Value::as_u64) != Some(version) {
        return Err(call.outdated(version));
    }
    for field in ["name", "category", "config"] {
        if let Some(value) = change.get(field) {
            draft[field] = value.clone();
        }
    }
    draft["version"] = json!(version + 1);
    call.world.actions.drafts.insert(id.clone(), draft.clone());
    Ok(body(&id, &draft).into())
}

fn validation(call: &mut Call<'_>) -> Answer {
    let draft = find(call)?;
    let errors: Vec<Value> = match read(&draft) {
        Ok(_) => Vec::new(),
        Err(error) => vec![json!({"message": error.message, "code": "invalid.value", "status": 400})],
    };
    Ok(json!({"valid": errors.is_empty(), "errors": errors}).into())
}

fn test(call: &mut Call<'_>) -> Answer {
    let (id, draft, inputs) = (call.at("actionId").to_owned(), find(call)?, call.object()?.clone());
    let integration = call.world.actions.integration(draft["integrationId"].as_str().unwrap_or_default());
    let integration = integration.ok_or_else(|| ApiError::not_found("The integration"))?;
    let action = StoredAction {
        id,
        integration,
        category: draft["category"].as_str().unwrap_or_default().to_owned(),
        action: Arc::new(read(&draft)?),
        source: Arc::new(draft),
        version: 0,
        simulated: None,
    };
    Ok(Reply::Execute(Box::new(Order { action, inputs, is_test: true })))
}

fn publish(call: &mut Call<'_>) -> Answer {
    let (id, draft) = (call.at("actionId").to_owned(), find(call)?);
    let version = draft["version"].as_u64().unwrap_or(0);
    if call.object()?.get("version").and_then(Value::as_u64) != Some(version) {
        return Err(call.outdated(version));
    }
    let text = |name: &str| draft[name].as_str().unwrap_or_default().to_owned();
    let (category, integration, action) = (text("category"), text("integrationId"), read(&draft)?);
    let is_known = call.world.actions.edit(&id, category.clone(), action.clone(), draft.clone());
    if !is_known && !call.world.actions.add(&integration, &category, action, draft, id.clone()) {
        return Err(ApiError::not_found("The integration"));
    }
    call.world.actions.drafts.remove(&id);
    let published = call.world.actions.by_id(&id).ok_or_else(|| ApiError::not_found("The action"))?;
    Ok(action_body(published, true).into())
}

fn drop_draft(call: &mut Call<'_>) -> Answer {
    find(call)?;
    let id = call.at("actionId").to_owned();
    call.world.actions.drafts.remove(&id);
    call.done()
}

fn find(call: &Call<'_>) -> Result<Value, ApiError> {
    let draft = call.world.actions.drafts.get(call.at("actionId")).cloned();
    draft.ok_or_else(|| ApiError::not_found("The draft"))
}

fn body(id: &str, draft: &Value) -> Value {
    json!({"id": id, "name": draft["name"], "integrationId": draft["integrationId"], "category": draft["category"],
        "version": draft["version"], "secure": draft["secure"].as_bool().unwrap_or(false), "config": draft["config"],
        "contract": draft["contract"], "selfUri": format!("/api/v2/integrations/actions/{id}/draft")})
}
