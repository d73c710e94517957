//! WebSockets of notification channels.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Twin;
use super::serve::Reset;
use crate::platform::{ApiError, topic_permission};
use crate::shared::Shared;
use crate::world::{FaultTarget, TOPICS_MAX};

/// How often a socket shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long a socket stays open after it was said to close.
const CLOSING: Duration = Duration::from_secs(60);

/// Frames that wait for one socket; more are lost, as the platform promises no delivery.
const FRAMES_MAX: usize = 1_000;

/// What is sent to a socket.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// A notification.
    Text(String),
    /// Word that it will be closed, and its end a minute later.
    Closing,
}

/// A client connects to its channel; the address is the secret.
pub(super) async fn connect(State(shared): Twin, Path(id): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    let now = shared.now();
    let effect = shared.world().faults.on(FaultTarget::Sockets, now.mono);
    if effect.resets || effect.failure.is_some() {
        return Reset::response();
    }
    if shared.world().channels.get_mut(&id, now).is_none() {
        return ApiError::not_found("The channel").into_response();
    }
    upgrade.on_upgrade(move |socket| converse(shared, id, socket))
}

async fn converse(shared: Arc<Shared>, id: String, mut socket: WebSocket) {
    let (sender, mut frames) = mpsc::channel(FRAMES_MAX);
    // One socket for each channel: an older one ends.
    let mine = shared.connect(&id, sender);
    let mut closes = None;
    let mut beats = shared.mono() + HEARTBEAT;
    loop {
        let ends = async {
            match closes {
                Some(at) => shared.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let sent = tokio::select! {
            frame = frames.recv() => match frame {
                Some(Frame::Text(text)) => text,
                Some(Frame::Closing) => {
                    closes = Some(shared.mono() + CLOSING);
                    json!({"topicName": "v2.system.socket_closing", "eventBody": {"message": "WebSocket is closing."}}).to_string()
                }
                None => break,
            },
            () = shared.sleep_until(beats) => {
                beats = shared.mono() + HEARTBEAT;
                metadata("WebSocket Heartbeat")
            }
            () = ends => break,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match reply(&shared, &id, text.as_str()) {
                    Some(reply) => reply,
                    None => continue,
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
        };
        if socket.send(Message::Text(sent.into())).await.is_err() {
            break;
        }
    }
    shared.disconnect(&id, mine);
}

fn metadata(message: &str) -> String {
    json!({"topicName": "channel.metadata", "eventBody": {"message": message}}).to_string()
}

/// What a message from the client is answered.
fn reply(shared: &Shared, id: &str, text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    match message["message"].as_str()? {
        "ping" => Some(metadata("pong")),
        "subscribe" => {
            let (result, status) = subscribe(shared, id, &message["topics"]);
            let mut told = json!({"result": result, "status": status});
            if let Some(correlation_id) = message.get("correlationId") {
                told["correlationId"] = correlation_id.clone();
            }
            Some(told.to_string())
        }
        _ => None,
    }
}

fn subscribe(shared: &Shared, id: &str, topics: &Value) -> (&'static str, &'static str) {
    let topics: Vec<String> =
        topics.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let now = shared.now();
    let mut world = shared.world();
    let Some(client) = world.channels.get_mut(id, now).map(|channel| channel.client_id.clone()) else {
        return ("404", "channel not found");
    };
    let permitted = |topic: &String| {
        topic_permission(topic)
            .is_some_and(|permission| permission.is_empty() || world.clients.permits(&client, permission))
    };
    if topics.is_empty() || !topics.iter().all(permitted) {
        return ("400", "topics not permitted");
    }
    let Some(channel) = world.channels.get_mut(id, now) else { return ("404", "channel not found") };
    for topic in topics {
        if channel.topics.len() < TOPICS_MAX && !channel.topics.contains(&topic) {
            channel.topics.push(topic);
        }
    }
    ("200", "subscribed")
}
