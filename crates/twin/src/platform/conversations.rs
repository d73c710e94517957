//! Conversations that are going on.

use serde_json::{Value, json};

use super::Need::{All, Any};
use super::{Answer, ApiError, Call, Reply, Table};
use crate::world::Service;

pub(super) static TABLE: Table = Table {
    service: Service::Conversations,
    operations: &[
        ("POST", "/api/v2/conversations/calls", Any(&["conversation:conference:add"]), place),
        (
            "POST",
            "/api/v2/conversations/{conversationId}/disconnect",
            All(&["conversation:communication:disconnect"]),
            disconnect,
        ),
        (
            "PATCH",
            "/api/v2/conversations/{conversationId}/participants/{participantId}/attributes",
            Any(&["conversation:participant:attributes"]),
            attributes,
        ),
    ],
};

/// A call needs a user with a station, which a client with its own credentials is not.
fn place(call: &mut Call<'_>) -> Answer {
    call.object()?;
    Err(ApiError::new(400, "bad.request", "This request requires a user context and a station."))
}

fn disconnect(call: &mut Call<'_>) -> Answer {
    let id = call.at("conversationId").to_owned();
    if call.world.refuses_disconnect() {
        return Err(ApiError::broken(503));
    }
    if !call.world.disconnect(&id, call.now) {
        return Err(ApiError::not_found("The conversation"));
    }
    Ok(Reply::Json(202, json!("")))
}

fn attributes(call: &mut Call<'_>) -> Answer {
    let id = call.at("conversationId").to_owned();
    let attributes = call.object()?.get("attributes").and_then(Value::as_object).cloned();
    let attributes = attributes.ok_or_else(|| ApiError::invalid("The field attributes is required."))?;
    let texts = attributes.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    if !call.world.write_participant_data(&id, texts.collect()) {
        return Err(ApiError::not_found("The conversation"));
    }
    Ok(Reply::Empty(202))
}
