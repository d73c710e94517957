//! A local inbox: where pages arrive in a demo and in tests.
//!
//! `POST /v2/enqueue` behaves like PagerDuty's Events API v2, down to what it refuses and how it
//! treats keys it does not know; `POST /webhook` accepts Standard Webhooks with a valid signature.
//! The inbox can be told to misbehave, keeps the latest [`RECEIVED_MAX`] letters, and never calls out.

mod pagerduty;
mod webhook;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clock::Clock;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The most letters that are kept; older ones are forgotten.
pub const RECEIVED_MAX: usize = 1_000;
/// The largest letter that is taken, as at PagerDuty.
pub const BODY_BYTES_MAX: usize = 512 * 1024;
/// The most alerts that are kept.
const ALERTS_MAX: usize = 10_000;

/// A running inbox; it stops when it is dropped.
#[derive(Debug)]
pub struct Inbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// How the inbox treats the next letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// As a good receiver.
    #[default]
    Well,
    /// It answers with this status, and takes nothing.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds to name in `Retry-After`.
        retry_after_s: Option<u32>,
    },
    /// It never answers.
    Silent,
}

/// By which door a letter came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `POST /v2/enqueue`.
    PagerDuty,
    /// `POST /webhook`.
    Webhook,
}

/// One letter that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// How it came.
    pub door: Door,
    /// `trigger`, `acknowledge`, `resolve`, or the type of the event in a webhook.
    pub action: String,
    /// The incident's key.
    pub dedup_key: String,
    /// What it says.
    pub summary: String,
    /// True when a letter of the same id came before.
    pub is_repeat: bool,
    /// All of it.
    pub body: Value,
}

/// Where an alert stands at the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Somebody is being woken.
    Triggered,
    /// Somebody has taken it.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// What the receiver has made of all letters with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The key.
    pub dedup_key: String,
    /// Where it stands.
    pub state: AlertState,
    /// How often it was opened: a trigger after a resolve opens it anew.
    pub opened: u32,
    /// How many letters were merged into it.
    pub letters: u32,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    webhook_keys: Vec<Vec<u8>>,
    behaviour: watch::Sender<Behaviour>,
    taken: watch::Sender<u64>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    received: VecDeque<Received>,
    alerts: BTreeMap<String, Alert>,
    webhook_ids: VecDeque<String>,
}

impl Inbox {
    /// Opens an inbox at `listen` (port 0 takes a free one) that trusts webhooks signed with any of
    /// `webhook_secrets`.
    ///
    /// # Errors
    /// When the address cannot be listened on, or when a secret is not of the form `whsec_` and base64.
    pub async fn open(clock: Clock, listen: SocketAddr, webhook_secrets: &[&str]) -> io::Result<Self> {
        let webhook_keys = webhook_secrets.iter().map(|secret| webhook::key(secret)).collect::<io::Result<_>>()?;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            clock,
            webhook_keys,
            behaviour: watch::Sender::new(Behaviour::Well),
            taken: watch::Sender::new(0),
            kept: Mutex::default(),
        });
        let router = router(shared.clone());
        let server = tokio::spawn(async move {
            // It ends only with the task; an accept that fails is tried again inside.
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { address, shared, server })
    }

    /// Where it listens, as `http://127.0.0.1:PORT`; the base URL for PagerDuty.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where webhooks go.
    pub fn webhook_url(&self) -> String {
        format!("{}/webhook", self.url())
    }

    /// How the next letters are treated; letters that are being met with silence are let go.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    /// The letters that were taken, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.kept().received.iter().cloned().collect()
    }

    /// What became of them, in the order of their keys.
    pub fn alerts(&self) -> Vec<Alert> {
        self.shared.kept().alerts.values().cloned().collect()
    }

    /// How many letters were taken so far, and every change of that number.
    pub fn taken(&self) -> watch::Receiver<u64> {
        self.shared.taken.subscribe()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v2/enqueue", post(pagerduty::enqueue))
        .route("/webhook", post(webhook::take))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What is kept stays whole: every change is one push or one insert.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Misbehaves, if it was told to: the answer to give instead of a good one.
    async fn misbehave(&self) -> Option<Response> {
        let mut behaviour = self.behaviour.subscribe();
        let now = *behaviour.borrow_and_update();
        match now {
            Behaviour::Well => None,
            Behaviour::Status { status, retry_after_s } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = status.into_response();
                if let Some(seconds) = retry_after_s {
                    response.headers_mut().insert("retry-after", seconds.into());
                }
                Some(response)
            }
            Behaviour::Silent => {
                // Until somebody changes its mind, and then the connection has waited long enough.
                behaviour.changed().await.ok();
                Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
            }
        }
    }

    fn keep(&self, received: Received) {
        let mut kept = self.kept();
        if kept.received.len() == RECEIVED_MAX {
            kept.received.pop_front();
        }
        kept.received.push_back(received);
        drop(kept);
        self.taken.send_modify(|taken| *taken += 1);
    }
}
