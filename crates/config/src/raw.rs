//! What was written: the file, key by key, with the place of every value that can be wrong.
//!
//! Unknown keys are errors. Every key has its sentence here; the JSON schema and `config explain` are made from
//! these same sentences.

mod budget;
mod review;
mod rollback;

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

pub use budget::{Access, Budget, DataTable, Evidence, Flow, Gate, Marks, Modes, Person, Role, WhenUnknown};
pub use review::{Integration, NightlyPlan, Review};
pub use rollback::{Guide, Locked, Mode, Rollback, RollbackFlow, Rule};

/// Steadyline's configuration.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct File {
    /// Where the servers listen.
    pub listen: Listen,
    /// Where durable state lives.
    pub store: Store,
    /// Who is told about incidents, by name.
    #[schemars(with = "std::collections::BTreeMap<String, Receiver>")]
    pub alerts: Ordered<Spanned<Receiver>>,
    /// What callers get while something behind the gateway is slow or broken.
    pub degrade: Degrade,
    /// Objectives, the flows that obey them, and the gate for releases.
    pub budget: Budget,
    /// When a release is gone back from, and how far that goes by itself.
    pub rollback: Rollback,
    /// Who may do what.
    pub access: Access,
    /// What `flow lint` holds flows to.
    pub lint: Lint,
    /// The Genesys Cloud organisation that is watched; without it Steadyline asks nothing of the platform.
    #[schemars(with = "Option<Platform>")]
    pub platform: Option<Spanned<Platform>>,
    /// Where releases go before and when callers get them, and how what they need is asked for its health.
    pub review: Review,
}

/// A Genesys Cloud organisation.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Platform {
    /// Its home region, by AWS name or domain: `eu-central-1`, `mypurecloud.de`.
    pub region: Option<String>,
    /// One address in front of its login and API hosts instead: a proxy, or a twin.
    pub gateway: Option<PlatformGateway>,
    /// The OAuth client, with the grant for client credentials.
    pub client: PlatformClient,
    /// Another one, from a store of its own, for when the first is refused.
    pub backup: Option<PlatformClient>,
    /// Requests a minute that Steadyline allows itself. Default 60.
    pub requests_per_minute: Option<u32>,
    /// Requests that are kept back for rollbacks, in per cent of what the platform allows. Default 20.
    pub reserved_percent: Option<u8>,
    /// How many of each licence were bought, by the licence's id; the platform does not tell.
    #[serde(default)]
    pub licences: std::collections::BTreeMap<String, u64>,
    /// Hosts that may be asked for their health on behalf of an integration; none unless named.
    #[serde(default)]
    pub health_hosts: Vec<String>,
    /// Whether callers are in it: a second person must approve what is deployed there. Default: true for the target
    /// `production`, and for the section `platform` when it has the same OAuth client in the same place.
    pub is_production: Option<bool>,
}

/// One address in front of the platform's hosts.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformGateway {
    /// The address.
    #[schemars(with = "String")]
    pub url: Spanned<String>,
    /// The path before `/oauth/token`.
    #[serde(default)]
    pub login_prefix: String,
    /// The path before `/api/v2`.
    #[serde(default)]
    pub api_prefix: String,
}

/// An OAuth client of the platform.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

/// What `flow lint` holds flows to.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lint {
    /// The longest that one Data Action may keep a caller waiting. Default 3s.
    pub call_limit: Option<Span>,
    /// The longest that all Data Actions on one way may take together. Default 6s.
    pub path_limit: Option<Span>,
    /// The most attempts of one Data Action, the first included. Default 2.
    pub attempts_max: Option<u16>,
    /// The longest that a poll loop may go on. Default 30m.
    pub poll_limit: Option<Span>,
    /// How long a processing prompt is taken to play. Default 60s.
    pub prompt_length: Option<Span>,
    /// What findings of a rule weigh, by the rule's name; `off` switches it off.
    pub rules: std::collections::BTreeMap<String, Weight>,
}

/// What a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The rule is switched off.
    Off,
    /// Good to know.
    Info,
    /// Better done otherwise.
    Low,
    /// A warning.
    Medium,
    /// An error.
    High,
    /// An error: callers are lost without a word.
    Critical,
}

impl Weight {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where the servers listen.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Listen {
    /// Console, HTTP API, metrics and health. Default 127.0.0.1:7700.
    pub console: SocketAddr,
    /// Data Actions. Default 127.0.0.1:7701.
    pub gateway: SocketAddr,
    /// TLS for callers of the gateway; plain HTTP without.
    pub gateway_tls: Option<ServerTls>,
    /// Gateway workers. Default: one for each processor.
    pub workers: Option<u16>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            console: SocketAddr::from(([127, 0, 0, 1], 7700)),
            gateway: SocketAddr::from(([127, 0, 0, 1], 7701)),
            gateway_tls: None,
            workers: None,
        }
    }
}

/// A certificate and its key.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerTls {
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// Where durable state lives.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Store {
    /// The SQLite database file. Default `steadyline.db`.
    pub path: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self { path: PathBuf::from("steadyline.db") }
    }
}

/// Who is told about incidents. Exactly one of the channels.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receiver {
    /// PagerDuty Events API v2.
    pub pager_duty: Option<PagerDuty>,
    /// A webhook signed by Standard Webhooks.
    pub webhook: Option<Webhook>,
}

/// PagerDuty Events API v2.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PagerDuty {
    /// Integration key.
    pub routing_key: Secret,
    /// API base. Default `https://events.pagerduty.com`.
    #[schemars(with = "Option<String>")]
    pub url: Option<Spanned<String>>,
}

/// A webhook signed by Standard Webhooks.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Where to post.
    #[schemars(with = "String")]
    pub url: Spanned<String>,
    /// `whsec_` secrets, the newest first; several while they are exchanged.
    #[schemars(with = "Vec<Secret>")]
    pub secrets: Spanned<Vec<Secret>>,
}

/// Upstreams and routes.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Degrade {
    /// Concurrent Data Action executions of the whole organisation. Default 50.
    pub slots: u32,
    /// The systems behind the gateway, by name.
    #[schemars(with = "std::collections::BTreeMap<String, Upstream>")]
    pub upstreams: Ordered<Spanned<Upstream>>,
    /// The operations that Data Actions call, by name.
    #[schemars(with = "std::collections::BTreeMap<String, Route>")]
    pub routes: Ordered<Spanned<Route>>,
}

impl Default for Degrade {
    fn default() -> Self {
        Self { slots: 50, upstreams: Ordered::default(), routes: Ordered::default() }
    }
}

/// One system behind the gateway.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upstream {
    /// Base URL. Instead of it, `regions` and `region` may name one for each region.
    #[schemars(with = "Option<String>")]
    pub url: Option<Spanned<String>>,
    /// Base URLs by region.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub regions: Ordered<Spanned<String>>,
    /// The active region.
    #[schemars(with = "Option<String>")]
    pub region: Option<Spanned<String>>,
    /// PEM file with the authorities to trust instead of the public ones.
    pub authorities: Option<PathBuf>,
    /// How long a connection may take. Default 1s.
    pub connect_timeout: Option<Span>,
    /// When its circuits open and close.
    #[serde(default)]
    pub breaker: Breaker,
    /// The request that tells whether it is well. Without one, callers find out.
    #[schemars(with = "Option<Probe>")]
    pub probe: Option<Spanned<Probe>>,
    /// Bounds of the adaptive concurrency limit.
    #[serde(default)]
    #[schemars(with = "Limit")]
    pub limit: Option<Spanned<Limit>>,
    /// Slots that calls to it may hold at most. Default: all of the organisation's.
    pub slots: Option<u32>,
    /// OAuth 2.0 client credentials, when it wants a token.
    pub auth: Option<Auth>,
}

/// When circuits open and close.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Breaker {
    /// Opens after so many hard failures in a row. Default 5.
    pub failures: Option<u32>,
    /// Opens after so many refused connections in a row. Default 2.
    pub refusals: Option<u32>,
    /// Opens when this share of the last 10 s failed. Default 50%.
    pub failure_rate: Option<Percent>,
    /// An answer that takes this long is slow. Default: never.
    pub slow_call: Option<Span>,
    /// Opens when this share of the last 10 s was slow. Default 80%.
    pub slow_rate: Option<Percent>,
    /// Shares are judged over at least so many calls. Default 20.
    pub minimum_calls: Option<u32>,
    /// Good probes in a row that close it. Default 2.
    pub successes: Option<u32>,
    /// Probes in flight at most. Default 2 of our own, 1 where callers are used.
    pub probes_in_flight: Option<u32>,
    /// After closing, the share of calls let through grows from a tenth to all. Default 1s.
    pub ramp: Option<Span>,
    /// Without a probe: wait before callers are used as probes. Default 30s.
    pub recovery: Option<Span>,
    /// Without a probe: longest such wait, after doubling. Default 5m.
    pub recovery_max: Option<Span>,
    /// When silence of the calls in flight opens it.
    pub stall: Stall,
}

/// When silence of the calls in flight opens a circuit.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Stall {
    /// `false` switches this verdict off. Default true.
    pub enabled: Option<bool>,
    /// Silence shorter than this is never judged. Default 200ms.
    pub after: Option<Span>,
    /// Nor silence shorter than so many times the learned 99th percentile. Default 4.
    pub times_p99: Option<u32>,
    /// Believed at once with so many calls overdue; fewer need probes to confirm. Default 3.
    pub overdue: Option<u32>,
    /// How long the confirming probe may take, at least. Default 200ms.
    pub confirm_within: Option<Span>,
}

/// The request that tells whether an upstream is well: best the real operation, on a record kept for it.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// HTTP method. Default GET.
    pub method: Option<String>,
    /// Path and query below the base URL.
    #[schemars(with = "String")]
    pub path: Spanned<String>,
    /// JSON body.
    #[schemars(with = "Option<serde_json::Value>")]
    pub body: Option<serde_json::Value>,
    /// How long a caller would wait for it. Default 3s.
    pub timeout: Option<Span>,
    /// Send the upstream's token with it. Default: when it has one.
    pub authenticated: Option<bool>,
    /// While closed, after this time without a call. Default 60s.
    pub idle: Option<Span>,
    /// While open and unreachable. Default 80ms.
    pub fast: Option<Span>,
    /// While open and answering with errors; doubles. Default 1s.
    pub gentle: Option<Span>,
    /// Slowest pace. Default 5s.
    pub slowest: Option<Span>,
    /// How long the fast pace lasts. Default 60s.
    pub fast_for: Option<Span>,
}

/// Bounds of the adaptive concurrency limit.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limit {
    /// Never under this. Default 2.
    pub min: Option<u32>,
    /// Never over this. Default: the upstream's slots.
    pub max: Option<u32>,
    /// Where it starts. Default: the maximum.
    pub start: Option<u32>,
}

/// OAuth 2.0 client credentials.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// Token endpoint.
    #[schemars(with = "String")]
    pub token_url: Spanned<String>,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Secret,
    /// Used when the first credential is refused; keep it in another place.
    pub backup: Option<Credential>,
    /// `scope` parameter.
    pub scope: Option<String>,
    /// How long a call waits when there is no token. Default 1s.
    pub wait: Option<Span>,
    /// Calls that may wait at once. Default 100.
    pub waiting: Option<u32>,
}

/// A client id and its secret.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Secret,
}

/// Where a secret is found. Exactly one of the two; secrets never stand in this file.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// Name of an environment variable.
    #[schemars(with = "Option<String>")]
    pub env: Option<Spanned<String>>,
    /// Path of a file; white space around its content is cut.
    #[schemars(with = "Option<PathBuf>")]
    pub file: Option<Spanned<PathBuf>>,
}

/// One operation that Data Actions call.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// HTTP method. Default: any.
    #[schemars(with = "Option<String>")]
    pub method: Option<Spanned<String>>,
    /// Path pattern: `/crm/{id}`, or `/crm/{*rest}` for all below.
    #[schemars(with = "String")]
    pub path: Spanned<String>,
    /// Name of its upstream.
    #[schemars(with = "String")]
    pub upstream: Spanned<String>,
    /// A circuit of its own, shared by routes that name the same. Default: the upstream's.
    pub circuit: Option<String>,
    /// Path below the upstream's base URL; may use the pattern's `{names}`. Default: the caller's path.
    #[schemars(with = "Option<String>")]
    pub target: Option<Spanned<String>>,
    /// All the time a call has. Default 3s, at most 60s; never above the caller's own `timeout` header.
    #[schemars(with = "Option<Span>")]
    pub deadline: Option<Spanned<Span>>,
    /// When a failed call is tried again.
    #[serde(default)]
    pub retry: Retry,
    /// Repeating a call does no harm. Default: by method (not POST, not PATCH).
    pub idempotent: Option<bool>,
    /// `routing` decides where the caller goes; `enrichment` is turned away first. Default routing.
    #[serde(default)]
    pub priority: Priority,
    /// Answers kept for when there is no live one.
    #[schemars(with = "Option<Cache>")]
    pub cache: Option<Spanned<Cache>>,
    /// The body served when there is no live answer. It must satisfy `schema`.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub fallback: Option<Spanned<serde_json::Map<String, serde_json::Value>>>,
    /// Member that says why, in fallback and kept bodies; empty adds none. Default `degradedReason`.
    pub reason_member: Option<String>,
    /// The Data Action's output contract, a JSON schema.
    #[schemars(with = "Option<serde_json::Value>")]
    pub schema: Option<Spanned<serde_json::Value>>,
    /// How much of a live answer is checked: `none`, `json` or `schema`. Default `json`.
    #[schemars(with = "Option<Check>")]
    pub check: Option<Spanned<Check>>,
    /// Larger requests are refused. Default 65536.
    pub request_bytes_max: Option<usize>,
    /// Larger answers count as failures. Default 1048576.
    pub response_bytes_max: Option<usize>,
}

/// When a failed call is tried again.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retry {
    /// Tries after the first. Default 1.
    pub max: Option<u32>,
    /// The share of good answers that may be spent on retries. Default 10%.
    pub budget: Option<Percent>,
    /// Retries a second that are allowed whatever the share says. Default 1.
    pub floor_per_second: Option<u32>,
    /// The first pause is drawn between zero and this. Default 25ms.
    pub backoff: Option<Span>,
    /// Pause at most. Default 250ms.
    pub backoff_max: Option<Span>,
}

/// How important a call is to the caller's way.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Decides where the caller goes.
    #[default]
    Routing,
    /// Only adds to what the agent sees.
    Enrichment,
}

/// How much of a live answer is checked.
#[derive(Clone, Copy, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Nothing but HTTP itself.
    None,
    /// It begins and ends as JSON.
    Json,
    /// It satisfies the schema.
    Schema,
}

/// Answers kept for when there is no live one.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cache {
    /// What identifies an answer: `query.NAME`, `path.NAME`, `header.NAME`, `body:/json/pointer`.
    #[schemars(with = "Vec<String>")]
    pub key: Vec<Spanned<String>>,
    /// So long a kept answer is served without asking. Default: always ask.
    pub fresh: Option<Span>,
    /// So old a kept answer may be when there is no live one. Default 24h.
    pub stale: Option<Span>,
}

/// A duration: `30s`, `250ms`, `5m`, `30d`, or ISO 8601 such as `PT30S`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("`{text}` is not a duration; write `30s`, `250ms`, `5m` or `PT30S`"));
        let parsed = days(&text).map_or_else(|| text.parse(), Ok).map_err(|_| wrong())?;
        Duration::try_from(parsed).map(Self).map_err(|_| wrong())
    }
}

/// `30d`: days of 24 hours, which a duration of jiff does not know.
fn days(text: &str) -> Option<SignedDuration> {
    let days: i64 = text.trim().strip_suffix('d')?.trim_end().parse().ok()?;
    days.checked_mul(24).and_then(SignedDuration::try_from_hours)
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A duration: 30s, 250ms, 5m, 30d, or ISO 8601 such as PT30S.", "examples": ["30s", "250ms", "PT30S"] })
    }
}

/// A share: `50%`, `0.1%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub base::Ppm);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        percent(&text).map(Self).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a share between 0% and 100%; write `50%` or `0.5%`"))
        })
    }
}

/// Parts per million out of a decimal number with at most four digits behind the point.
pub(crate) fn percent(text: &str) -> Option<base::Ppm> {
    let number = text.trim().strip_suffix('%')?.trim();
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    if rest.len() > 4 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let rest: u32 = format!("{rest:0<4}").parse().ok()?;
    base::Ppm::new(whole.checked_mul(10_000)?.checked_add(rest)?)
}

impl JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,4})? ?%$", "description": "A share: 50%, 0.1%.", "examples": ["50%"] })
    }
}

/// A mapping in the order in which it was written.
#[derive(Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact() {
        assert_eq!(percent("50%"), Some(base::Ppm::percent(50)));
        assert_eq!(percent("0.1 %").map(base::Ppm::get), Some(1_000));
        assert_eq!(percent("99.9999%").map(base::Ppm::get), Some(999_999));
        for wrong in ["50", "101%", "-1%", "0.00001%", "%", "half%"] {
            assert_eq!(percent(wrong), None, "{wrong}");
        }
    }
}
