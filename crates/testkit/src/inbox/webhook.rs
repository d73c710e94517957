//! The door of Standard Webhooks.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Door, RECEIVED_MAX, Received, Shared};

/// A letter whose instant differs more than this from ours is refused, as old or as forged.
const TOLERANCE_S: i64 = 300;

/// The key in the written form of a secret.
pub(super) fn key(secret: &str) -> io::Result<Vec<u8>> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "a webhook secret is whsec_ followed by base64");
    let encoded = secret.strip_prefix("whsec_").ok_or_else(refused)?;
    STANDARD.decode(encoded).map_err(|_| refused())
}

/// `POST /webhook`.
pub(super) async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(answer) = shared.misbehave().await {
        return answer;
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let now = shared.clock.now().wall;
    let is_recent = timestamp.parse::<i64>().is_ok_and(|at| (now.as_second() - at).abs() <= TOLERANCE_S);
    if id.is_empty() || !is_recent {
        return (StatusCode::BAD_REQUEST, "webhook-id or webhook-timestamp is missing or off").into_response();
    }
    if !shared.webhook_keys.iter().any(|key| is_signed(key, id, timestamp, signature, &body)) {
        return (StatusCode::UNAUTHORIZED, "no valid signature").into_response();
    }
    let Ok(value) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "the body is no JSON").into_response();
    };
    let is_repeat = shared.is_known(id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    shared.keep(Received {
        at: now,
        door: Door::Webhook,
        action: text(&value["type"]),
        dedup_key: text(&value["data"]["dedupKey"]),
        summary: text(&value["data"]["summary"]),
        is_repeat,
        body: value,
    });
    StatusCode::NO_CONTENT.into_response()
}

/// True when one of the signatures is ours; compared in constant time.
fn is_signed(key: &[u8], id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> bool {
    let signatures = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let mut decoded = signatures.filter_map(|signature| STANDARD.decode(signature).ok());
    decoded.any(|signature| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    })
}

impl Shared {
    /// Remembers an id; true when it was known.
    fn is_known(&self, id: &str) -> bool {
        let mut kept = self.kept();
        if kept.webhook_ids.iter().any(|known| known == id) {
            return true;
        }
        if kept.webhook_ids.len() == RECEIVED_MAX {
            kept.webhook_ids.pop_front();
        }
        kept.webhook_ids.push_back(id.to_owned());
        false
    }
}
