//! The CRM stand-in: answers who a caller is, and fails in every way that a CRM can.
//!
//! | request | answers |
//! |---|---|
//! | `GET /crm/lookup?ani=` | the customer, always the same for one number |
//! | `GET /health` | `{"status":"ok"}`, as healthy as the lookup is |
//! | `POST /oauth/token` | a token for client credentials; has a mode of its own |
//! | `GET /crm-control` | the modes and how many requests came |
//! | `POST /crm-control {"mode": "hang"}` | switches the mode (`"tokens": {"mode": ..}` that of the tokens) |
//!
//! Modes over HTTP: `healthy` and `slow` (`latencyMs`), `hang`, `unavailable` (`retryAfterSeconds`),
//! `garbage`, `reset`, `wrongLength`, `endless`. Control is never broken.
//!
//! HTTP is spoken by hand, because a well-behaved library refuses to send a wrong length.

mod control;
mod http;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clock::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::handle::StartError;

/// How a CRM is set up.
#[derive(Clone, Debug)]
pub struct CrmOptions {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Its time.
    pub clock: Clock,
    /// The client that may look customers up, by id and secret; anyone may when absent.
    pub client: Option<(String, String)>,
}

impl CrmOptions {
    /// On a free port of this machine, open to anyone.
    pub fn new(clock: Clock) -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), clock, client: None }
    }
}

/// How the CRM behaves. Durations run on its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers after this time.
    Healthy(Duration),
    /// Accepts and never answers. Requests that it holds are dropped when the mode changes.
    Hang,
    /// Answers 503, with `Retry-After` when it is known.
    Unavailable(Option<Duration>),
    /// Sends the head at once and the body in pieces over this time.
    Slow(Duration),
    /// Answers 200 with a body that is not JSON.
    Garbage,
    /// Resets the connection once the request is read.
    Reset,
    /// Promises more bytes than it sends, then closes.
    WrongLength,
    /// Sends a body that does not end.
    Endless,
}

/// How often the CRM was asked, whatever it answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Look-ups.
    pub lookups: u64,
    /// Health checks.
    pub health: u64,
    /// Tokens.
    pub tokens: u64,
}

/// The stand-in for a CRM.
#[derive(Debug)]
pub struct Crm;

/// A running CRM.
#[derive(Debug)]
pub struct CrmHandle {
    addr: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct State {
    clock: Clock,
    client: Option<(String, String)>,
    mode: watch::Sender<Mode>,
    token_mode: watch::Sender<Mode>,
    lookups: AtomicU64,
    health: AtomicU64,
    tokens: AtomicU64,
}

/// How fast a healthy CRM answers.
const HEALTHY: Mode = Mode::Healthy(Duration::from_millis(80));

impl Crm {
    /// Starts a CRM; it is healthy and answers in 80 ms.
    ///
    /// # Errors
    /// When it cannot listen at the address.
    pub async fn start(options: CrmOptions) -> Result<CrmHandle, StartError> {
        let address = options.listen;
        let listening = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listening)?;
        let addr = listener.local_addr().map_err(listening)?;
        let state = Arc::new(State {
            clock: options.clock,
            client: options.client,
            mode: watch::Sender::new(HEALTHY),
            token_mode: watch::Sender::new(HEALTHY),
            lookups: AtomicU64::new(0),
            health: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
        });
        let server = tokio::spawn(serve::accept(listener, Arc::clone(&state)));
        Ok(CrmHandle { addr, state, server })
    }
}

impl CrmHandle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as the start of a URL.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Switches how look-ups and health checks behave.
    pub fn set_mode(&self, mode: Mode) {
        self.state.mode.send_replace(mode);
    }

    /// Switches how the token endpoint behaves.
    pub fn set_token_mode(&self, mode: Mode) {
        self.state.token_mode.send_replace(mode);
    }

    /// How it behaves now.
    pub fn mode(&self) -> Mode {
        *self.state.mode.borrow()
    }

    /// How often it was asked.
    pub fn requests(&self) -> Requests {
        self.state.requests()
    }

    /// Stops listening and drops every connection.
    pub async fn shutdown(self) {
        self.server.abort();
        // The connections live in the server's task and go with it.
        let _ = self.server.await;
    }
}

impl State {
    fn requests(&self) -> Requests {
        Requests {
            lookups: self.lookups.load(Ordering::Relaxed),
            health: self.health.load(Ordering::Relaxed),
            tokens: self.tokens.load(Ordering::Relaxed),
        }
    }
}
