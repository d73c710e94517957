//! What was meant: every default filled in, every name resolved, every promise checked.
//!
//! A value of these types is valid; the only way to get one from a file is [`crate::load`].

mod budget;
mod review;
mod rollback;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use degrade::circuit;
use degrade::ladder::LadderPolicy;
use degrade::limit::{LimitPolicy, Priority};
use degrade::retry::RetryPolicy;
use secrecy::SecretString;

pub use budget::{Budget, BudgetFlow, FlowTable, Person};
pub use review::{
    Health, KEEP, KEEP_MAX, NIGHTLY_MAX, NightlyPlan, PLATFORM_TARGET, Review, SAMPLES, SAMPLES_MAX, SLA, Target,
    UnknownTarget,
};
pub use rollback::{Rollback, RollbackFlow};

/// A whole, checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the servers listen.
    pub listen: Listen,
    /// The gateway's upstreams and routes.
    pub degrade: Degrade,
    /// Objectives, the flows that obey them, and the gate.
    pub budget: Budget,
    /// When a release is gone back from.
    pub rollback: Rollback,
    /// Who may do what.
    pub people: Vec<Person>,
    /// Who is told about incidents.
    pub alerts: Vec<Receiver>,
    /// Where durable state lives.
    pub store: Store,
    /// What `flow lint` holds flows to.
    pub lint: Lint,
    /// The organisation that is watched.
    pub platform: Option<Platform>,
    /// Where releases go, and how what they need is asked for its health.
    pub review: Review,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Where it is.
    pub place: Place,
    /// The OAuth client.
    pub client: PlatformClient,
    /// Another one, for when the first is refused.
    pub backup: Option<PlatformClient>,
    /// Ordinary requests a minute.
    pub requests_per_minute: u32,
    /// What is kept back for rollbacks, in per cent.
    pub reserved_percent: u8,
    /// Licences that were bought, by id.
    pub licences: std::collections::BTreeMap<String, u64>,
    /// Hosts that may be asked for their health.
    pub health_hosts: Vec<String>,
}

/// Where an organisation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a region, by name or domain; whether there is one, the client of the platform knows.
    Region(String),
    /// Behind one address.
    Gateway {
        /// The address, without a slash at its end.
        url: String,
        /// The path before `/oauth/token`.
        login_prefix: String,
        /// The path before `/api/v2`.
        api_prefix: String,
    },
}

/// An OAuth client of the platform.
#[derive(Clone, Debug)]
pub struct PlatformClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// What `flow lint` holds flows to; what is `None` is left to the lint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lint {
    /// The longest that one Data Action may take.
    pub call_limit: Option<Duration>,
    /// The longest that all Data Actions on one way may take.
    pub path_limit: Option<Duration>,
    /// The most attempts of one Data Action.
    pub attempts_max: Option<u16>,
    /// The longest that a poll loop may go on.
    pub poll_limit: Option<Duration>,
    /// How long a processing prompt plays.
    pub prompt_length: Option<Duration>,
    /// What findings weigh, by rule.
    pub rules: std::collections::BTreeMap<String, crate::raw::Weight>,
}

/// Listening addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Console, HTTP API, metrics and health.
    pub console: SocketAddr,
    /// Data Actions.
    pub gateway: SocketAddr,
    /// TLS for the gateway; plain HTTP without.
    pub gateway_tls: Option<ServerTls>,
    /// Gateway workers; one for each processor when `None`.
    pub workers: Option<usize>,
}

/// A certificate chain and its key, both PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Durable state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The SQLite database file.
    pub path: PathBuf,
}

/// Upstreams and routes.
#[derive(Clone, Debug, Default)]
pub struct Degrade {
    /// Concurrent Data Action executions of the whole organisation.
    pub slots: u32,
    /// In the order of the file.
    pub upstreams: Vec<Upstream>,
    /// In the order of the file.
    pub routes: Vec<Route>,
}

/// One system behind the gateway.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Unique name.
    pub name: Arc<str>,
    /// The base URL of the active region.
    pub base: BaseUrl,
    /// PEM file with the authorities to trust instead of the public ones.
    pub authorities: Option<PathBuf>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// When its circuits open and close.
    pub breaker: circuit::Policy,
    /// The request that tells whether it is well.
    pub probe: Option<Probe>,
    /// Bounds of the adaptive concurrency limit.
    pub limit: LimitPolicy,
    /// Slots that calls to it may hold at most.
    pub slots: u32,
    /// Client credentials, when it wants a token.
    pub auth: Option<ClientCredentials>,
}

/// An origin and a path prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    /// `https` rather than `http`.
    pub is_tls: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path prefix without a slash at its end; empty for none.
    pub prefix: String,
}

impl BaseUrl {
    /// What the `Host` header says.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default_port = if self.is_tls { 443 } else { 80 };
        if self.port == default_port { host } else { format!("{host}:{}", self.port) }
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

/// The request that tells whether an upstream is well: the real operation on a record kept for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query below the upstream's base URL.
    pub path: String,
    /// JSON body, if any.
    pub body: Option<String>,
    /// How long a caller would wait for this.
    pub timeout: Duration,
    /// Send the upstream's token with it.
    pub is_authenticated: bool,
}

/// OAuth 2.0 client credentials for an upstream.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// Token endpoint.
    pub token_url: BaseUrl,
    /// Used as long as it is accepted.
    pub primary: Credential,
    /// Used when the primary is refused.
    pub backup: Option<Credential>,
    /// `scope` parameter, if any.
    pub scope: Option<String>,
    /// How long a call waits for a token when there is none.
    pub wait: Duration,
    /// Calls that may wait for a token at once; more are answered from the ladder.
    pub waiting_max: u32,
}

/// A client id and its secret.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: SecretString,
}

/// One operation that Data Actions call.
#[derive(Clone, Debug)]
pub struct Route {
    /// Unique name.
    pub name: Arc<str>,
    /// HTTP method; any when `None`.
    pub method: Option<String>,
    /// Path pattern: `/crm/{id}`, `/crm/{*rest}`.
    pub path: String,
    /// Index of its upstream in [`Degrade::upstreams`].
    pub upstream: usize,
    /// Name of its circuit: the upstream's own, unless the route is an operation class of its own.
    pub circuit: Arc<str>,
    /// Path below the upstream's base URL, with the pattern's `{names}`; the caller's own path when `None`.
    pub target: Option<String>,
    /// All the time a call has, from its arrival.
    pub deadline: Duration,
    /// When a failed call is tried again.
    pub retry: RetryPolicy,
    /// Repeating a call does no harm.
    pub is_idempotent: bool,
    /// Which call is turned away first.
    pub priority: Priority,
    /// What is served when there is no live answer.
    pub ladder: LadderPolicy,
    /// What identifies a kept answer; empty when none is kept.
    pub cache_key: Vec<KeyPart>,
    /// The typed fallback body, checked against its schema.
    pub fallback: Option<serde_json::Map<String, serde_json::Value>>,
    /// Member that says why, in fallback and kept bodies; `None` adds none.
    pub reason_member: Option<String>,
    /// Checks live answers before they are passed on.
    pub check: Check,
    /// The output contract.
    pub schema: Option<Arc<jsonschema::Validator>>,
    /// The same as it was written, so that a reload can tell whether it changed.
    pub contract: Option<serde_json::Value>,
    /// Larger requests are refused.
    pub request_bytes_max: usize,
    /// Larger answers count as failures, where they must be buffered.
    pub response_bytes_max: usize,
}

/// What identifies a kept answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// A query parameter.
    Query(String),
    /// A part of the path, by the pattern's name.
    Path(String),
    /// A request header, lower case.
    Header(String),
    /// A JSON pointer into the request body.
    Body(String),
}

/// How much of a live answer is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Nothing but HTTP itself.
    None,
    /// The answer begins and ends as a JSON object or array.
    #[default]
    Json,
    /// The answer satisfies the route's schema.
    Schema,
}

/// Who is told about incidents.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Unique name.
    pub name: String,
    /// How.
    pub channel: Channel,
}

/// How a receiver is reached.
#[derive(Clone, Debug)]
pub enum Channel {
    /// PagerDuty Events API v2.
    PagerDuty {
        /// API base, `https://events.pagerduty.com` unless told otherwise.
        base: BaseUrl,
        /// Integration key.
        routing_key: SecretString,
    },
    /// A webhook signed by Standard Webhooks.
    Webhook {
        /// Where to post.
        url: BaseUrl,
        /// `whsec_` secrets, the newest first.
        secrets: Vec<SecretString>,
    },
}
