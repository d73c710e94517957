//! Connections to the CRM: each request counted, routed, and answered as the mode says.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::http::{Connection, Request, form_value};
use super::{Mode, State, control};
use crate::world::tier_of;

/// The most connections at one time; the next one is closed at once.
const CONNECTIONS_MAX: usize = 2_000;

/// In how many pieces a slow body comes.
const SLOW_PIECES: u32 = 10;

/// An endless body ends after all, once this much was sent.
const ENDLESS_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a token looks like; one is as good as another.
const TOKEN: &str = "crm-token";

/// How long a token holds, in seconds.
const TOKEN_SECONDS: u32 = 300;

/// Accepts connections until its task is aborted; they go with it.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: let some connections end first.
            connections.join_next().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() < CONNECTIONS_MAX {
            connections.spawn(converse(stream, Arc::clone(&state)));
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    // Small answers must not wait for each other; a system that cannot do this still answers.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request().await {
        let keeps_alive = request.keeps_alive;
        if !answer(&mut connection, &request, &state).await || !keeps_alive {
            return;
        }
    }
}

/// Answers one request; false when the connection is over.
async fn answer(connection: &mut Connection, request: &Request, state: &State) -> bool {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/crm/lookup") => {
            state.lookups.fetch_add(1, Ordering::Relaxed);
            let (status, body) = lookup(request, state);
            behave(connection, state, &state.mode, status, &body).await
        }
        ("GET", "/health") => {
            state.health.fetch_add(1, Ordering::Relaxed);
            behave(connection, state, &state.mode, "200 OK", r#"{"status":"ok"}"#).await
        }
        ("POST", "/oauth/token") => {
            state.tokens.fetch_add(1, Ordering::Relaxed);
            let (status, body) = token(request, state);
            behave(connection, state, &state.token_mode, status, &body).await
        }
        ("GET", "/crm-control") => connection.answer("200 OK", "", &control::show(state)).await,
        ("POST", "/crm-control") => match control::switch(state, &request.body) {
            Ok(()) => connection.answer("200 OK", "", &control::show(state)).await,
            Err(message) => {
                let body = json!({"error": message}).to_string();
                connection.answer("400 Bad Request", "", &body).await
            }
        },
        _ => connection.answer("404 Not Found", "", r#"{"error":"not found"}"#).await,
    }
}

/// Sends the answer that was meant, or breaks it as the mode says.
async fn behave(
    connection: &mut Connection,
    state: &State,
    mode: &watch::Sender<Mode>,
    status: &str,
    body: &str,
) -> bool {
    let mut changes = mode.subscribe();
    let now = *changes.borrow_and_update();
    match now {
        Mode::Healthy(latency) => {
            state.clock.sleep(latency).await;
            connection.answer(status, "", body).await
        }
        Mode::Hang => {
            // Whatever comes next, this request has been lost.
            let _ = changes.wait_for(|mode| *mode != Mode::Hang).await;
            false
        }
        Mode::Unavailable(retry_after) => {
            let seconds = retry_after.map(|after| format!("retry-after: {}\r\n", after.as_secs()));
            let body = r#"{"error":"unavailable"}"#;
            connection.answer("503 Service Unavailable", &seconds.unwrap_or_default(), body).await
        }
        Mode::Slow(over) => trickle(connection, state, over, status, body).await,
        Mode::Garbage => connection.answer("200 OK", "", "<html><body>Scheduled maintenance</body></html>").await,
        Mode::Reset => {
            // Without lingering, closing sends a reset instead of an orderly end.
            let _ = connection.stream.set_zero_linger();
            false
        }
        Mode::WrongLength => {
            let promised = body.len() + 100;
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {promised}\r\n\r\n{body}"
            );
            connection.write(answer.as_bytes()).await;
            false
        }
        Mode::Endless => endless(connection, &mut changes).await,
    }
}

async fn trickle(connection: &mut Connection, state: &State, over: Duration, status: &str, body: &str) -> bool {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    if !connection.write(head.as_bytes()).await {
        return false;
    }
    for piece in body.as_bytes().chunks(length.div_ceil(SLOW_PIECES as usize).max(1)) {
        state.clock.sleep(over / SLOW_PIECES).await;
        if !connection.write(piece).await {
            return false;
        }
    }
    true
}

/// Sends a text that never closes its quote, until the other side has had enough.
async fn endless(connection: &mut Connection, changes: &mut watch::Receiver<Mode>) -> bool {
    const PIECE: usize = 8 * 1024;
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let piece = format!("{PIECE:x}\r\n{}\r\n", "a".repeat(PIECE));
    let mut sent = 0;
    let mut is_open = connection.write(head).await;
    while is_open && sent < ENDLESS_BYTES_MAX && !changes.has_changed().unwrap_or(true) {
        is_open = connection.write(piece.as_bytes()).await;
        sent += PIECE;
    }
    false
}

fn lookup(request: &Request, state: &State) -> (&'static str, String) {
    let is_allowed = state.client.is_none() || request.authorization.as_deref() == Some(&format!("Bearer {TOKEN}"));
    if !is_allowed {
        return ("401 Unauthorized", json!({"error": "invalid_token"}).to_string());
    }
    match form_value(&request.query, "ani") {
        Some(ani) => ("200 OK", customer(&ani)),
        None => ("400 Bad Request", json!({"error": "the parameter ani is missing"}).to_string()),
    }
}

/// The customer with this number: always the same one.
fn customer(ani: &str) -> String {
    const NAMES: [&str; 8] = ["Ada", "Barbara", "Edsger", "Grace", "Hedy", "Katherine", "Margaret", "Radia"];
    let digits: String = ani.chars().filter(char::is_ascii_digit).collect();
    let account = &digits[digits.len().saturating_sub(6)..];
    let name = NAMES[digits.bytes().map(usize::from).sum::<usize>() % NAMES.len()];
    json!({
        "customerId": format!("C-{account}"),
        "customerName": format!("{name} {account}"),
        "accountTier": tier_of(ani).as_str(),
        "phone": ani,
    })
    .to_string()
}

/// A token for a client that shows its credentials in the header or in the form.
fn token(request: &Request, state: &State) -> (&'static str, String) {
    let form = String::from_utf8_lossy(&request.body);
    let given = basic(request.authorization.as_deref())
        .or_else(|| Some((form_value(&form, "client_id")?, form_value(&form, "client_secret")?)));
    let is_grant = form_value(&form, "grant_type").as_deref() == Some("client_credentials");
    if !is_grant {
        return ("400 Bad Request", json!({"error": "unsupported_grant_type"}).to_string());
    }
    if state.client.is_some() && given != state.client {
        return ("401 Unauthorized", json!({"error": "invalid_client"}).to_string());
    }
    let body = json!({"access_token": TOKEN, "token_type": "bearer", "expires_in": TOKEN_SECONDS});
    ("200 OK", body.to_string())
}

fn basic(authorization: Option<&str>) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization?.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
