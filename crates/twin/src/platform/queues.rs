//! Queues.

use serde_json::{Value, json};

use super::Need::Any;
use super::{Answer, ApiError, Call, Table, home, matches};
use crate::world::{Change, Queue, Service};

const VIEW: super::Need = Any(&["routing:queue:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Routing,
    operations: &[
        ("GET", "/api/v2/routing/queues", VIEW, list),
        ("GET", "/api/v2/routing/queues/{queueId}", VIEW, show),
        ("PUT", "/api/v2/routing/queues/{queueId}", Any(&["routing:queue:edit"]), replace),
        ("GET", "/api/v2/routing/queues/{queueId}/estimatedwaittime", VIEW, estimate),
    ],
};

fn list(call: &mut Call<'_>) -> Answer {
    let ids = call.asked_all("id");
    let is_wanted = |queue: &&Queue| {
        call.asked("name").is_none_or(|pattern| matches(pattern, &queue.name))
            && (ids.is_empty() || ids.contains(&&*queue.id))
    };
    let listed = call.world.queues.iter().filter(is_wanted).map(body).collect();
    call.page(listed)
}

fn show(call: &mut Call<'_>) -> Answer {
    Ok(body(find(call)?).into())
}

fn find<'c>(call: &'c Call<'_>) -> Result<&'c Queue, ApiError> {
    call.world.queues.by_id(call.at("queueId")).ok_or_else(|| ApiError::not_found("The queue"))
}

/// The whole queue is replaced: what the body leaves out is gone.
fn replace(call: &mut Call<'_>) -> Answer {
    let (id, name) = (call.at("queueId").to_owned(), call.text("name")?);
    let mut settings = call.object()?.clone();
    settings.retain(|field, _| {
        !matches!(field.as_str(), "id" | "name" | "memberCount" | "joinedMemberCount" | "selfUri" | "division")
    });
    if call.world.queues.iter().any(|queue| queue.name == name && *queue.id != *id) {
        return Err(ApiError::conflict(format!("A queue named {name} exists already.")));
    }
    let queue = call.world.queues.by_id_mut(&id).ok_or_else(|| ApiError::not_found("The queue"))?;
    queue.name = name.clone();
    queue.settings = settings;
    call.audit(Change { service: "Routing", entity_type: "Queue", action: "Update", id: &id, name: &name });
    show(call)
}

fn body(queue: &Queue) -> Value {
    let mut body = Value::Object(queue.settings.clone());
    body["id"] = (*queue.id).into();
    body["name"] = queue.name.clone().into();
    body["division"] = home();
    body["memberCount"] = queue.agents.into();
    body["userMemberCount"] = queue.agents.into();
    body["joinedMemberCount"] = queue.agents.into();
    body["selfUri"] = format!("/api/v2/routing/queues/{}", queue.id).into();
    body
}

/// The time until the agents have worked off those who wait.
fn estimate(call: &mut Call<'_>) -> Answer {
    let queue = find(call)?;
    if queue.agents == 0 {
        return Ok(json!({"results": []}).into());
    }
    let waits = queue.waiting() as f64 * queue.mean_talk().as_secs_f64() / f64::from(queue.agents);
    let wait = if queue.busy < queue.agents { 0 } else { waits.ceil() as u64 };
    Ok(json!({"results": [{"intent": "ALL", "formula": "BEST", "estimatedWaitTimeSeconds": wait}]}).into())
}
