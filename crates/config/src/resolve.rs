//! From what was written to what was meant: defaults, names, secrets, and every check that needs more than one key.

mod budget;
mod review;
mod rollback;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use degrade::circuit::{Policy, Prober, Recovery};
use degrade::ladder::LadderPolicy;
use degrade::limit::{LimitPolicy, Priority};
use degrade::probe::Pace;
use degrade::retry::RetryPolicy;
use degrade::stall::StallPolicy;
use secrecy::SecretString;
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

use crate::problem::{Problem, suggest};
use crate::raw::{self, Span};
use crate::resolved::{
    BaseUrl, Channel, Check, ClientCredentials, Config, Credential, Degrade, KeyPart, Listen, Place, Platform,
    PlatformClient, Probe, Receiver, Route, ServerTls, Store, Upstream,
};

/// The platform gives a Data Action at most this long.
pub const DEADLINE_MAX: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const STALE_FOR: Duration = Duration::from_secs(24 * 3_600);
const TOKEN_WAIT: Duration = Duration::from_secs(1);
const TOKEN_WAITING_MAX: u32 = 100;
const REQUEST_BYTES_MAX: usize = 64 * 1024;
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;
/// Paths that the gateway answers itself.
const RESERVED: [&str; 2] = ["/steadyline/", "/decide/"];
/// Requests a minute to the platform, whose advice is to be modest.
const PLATFORM_REQUESTS: u32 = 60;
/// The share of what the platform allows that is kept back for rollbacks.
const PLATFORM_RESERVED_PERCENT: u8 = 20;
const REASON_MEMBER: &str = "degradedReason";
const PAGERDUTY: &str = "https://events.pagerduty.com";

/// Where secrets come from: the environment and files, or a test's own table.
pub trait Secrets {
    /// The value of an environment variable.
    fn env(&self, name: &str) -> Option<String>;
    /// The content of a file.
    fn file(&self, path: &Path) -> std::io::Result<String>;
}

/// The process's environment and file system.
#[derive(Clone, Copy, Debug)]
pub struct Process;

impl Secrets for Process {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

pub(crate) struct Resolver<'a> {
    pub(crate) source: &'a str,
    pub(crate) secrets: &'a dyn Secrets,
    pub(crate) problems: Vec<Problem>,
}

impl Resolver<'_> {
    pub(crate) fn config(&mut self, file: raw::File) -> Config {
        let raw::Listen { console, gateway, gateway_tls, workers } = file.listen;
        let degrade = self.degrade(file.degrade);
        let has_platform = file.platform.is_some();
        let is_production = file.platform.as_ref().and_then(|platform| platform.value.is_production);
        let platform = file.platform.and_then(|platform| self.platform(platform));
        let review = self.review(file.review, platform.clone().map(|platform| (platform, is_production)));
        Config {
            budget: self.budget(file.budget, &degrade),
            rollback: self.rollback(file.rollback, has_platform),
            people: self.people(file.access),
            listen: Listen {
                console,
                gateway,
                gateway_tls: gateway_tls.map(|tls| ServerTls { certificate: tls.certificate, key: tls.key }),
                workers: workers.map(usize::from),
            },
            store: Store { path: file.store.path },
            alerts: file.alerts.0.into_iter().filter_map(|(name, receiver)| self.receiver(name, receiver)).collect(),
            degrade,
            lint: crate::Lint {
                call_limit: file.lint.call_limit.map(|span| span.0),
                path_limit: file.lint.path_limit.map(|span| span.0),
                attempts_max: file.lint.attempts_max,
                poll_limit: file.lint.poll_limit.map(|span| span.0),
                prompt_length: file.lint.prompt_length.map(|span| span.0),
                rules: file.lint.rules,
            },
            platform,
            review,
        }
    }

    fn platform(&mut self, platform: Spanned<raw::Platform>) -> Option<Platform> {
        let Spanned { value: platform, referenced: at, .. } = platform;
        let place = match (platform.region, platform.gateway) {
            (Some(region), None) => Some(Place::Region(region)),
            (None, Some(gateway)) => self.url(&gateway.url).map(|_| Place::Gateway {
                url: gateway.url.value.trim_end_matches('/').to_owned(),
                login_prefix: gateway.login_prefix,
                api_prefix: gateway.api_prefix,
            }),
            _ => {
                let hint = "write `region: eu-central-1`, or `gateway: { url: http://127.0.0.1:7710 }`";
                self.wrong(at, "the platform needs exactly one place", hint);
                None
            }
        };
        let mut client = |client: raw::PlatformClient| {
            let secret = self.secret(client.secret, at)?;
            Some(PlatformClient { id: client.id, secret })
        };
        let (first, backup) = (client(platform.client), platform.backup.map(&mut client));
        let requests_per_minute = platform.requests_per_minute.unwrap_or(PLATFORM_REQUESTS);
        let reserved_percent = platform.reserved_percent.unwrap_or(PLATFORM_RESERVED_PERCENT);
        if requests_per_minute == 0 || reserved_percent > 90 {
            let message = "the platform's budget leaves nothing to ask with";
            self.wrong(at, message, "give `requestsPerMinute` at least 1, and `reservedPercent` at most 90");
        }
        let (licences, health_hosts) = (platform.licences, platform.health_hosts);
        let backup = match backup {
            Some(backup) => Some(backup?),
            None => None,
        };
        Some(Platform {
            place: place?,
            client: first?,
            backup,
            requests_per_minute,
            reserved_percent,
            licences,
            health_hosts,
        })
    }

    fn wrong(&mut self, at: Location, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::at(self.source, at, message, hint));
    }

    fn receiver(&mut self, name: String, receiver: Spanned<raw::Receiver>) -> Option<Receiver> {
        let channel = match (receiver.value.pager_duty, receiver.value.webhook) {
            (Some(pager_duty), None) => {
                let base = match &pager_duty.url {
                    Some(url) => self.url(url),
                    None => parse_url(PAGERDUTY).ok(),
                };
                Channel::PagerDuty {
                    base: base?,
                    routing_key: self.secret(pager_duty.routing_key, receiver.referenced)?,
                }
            }
            (None, Some(webhook)) => self.webhook(webhook)?,
            _ => {
                let message = format!("receiver `{name}` needs exactly one channel");
                self.wrong(receiver.referenced, message, "give it either `pagerDuty` or `webhook`");
                return None;
            }
        };
        Some(Receiver { name, channel })
    }

    fn webhook(&mut self, webhook: raw::Webhook) -> Option<Channel> {
        let at = webhook.secrets.referenced;
        if webhook.secrets.value.is_empty() {
            self.wrong(at, "a webhook without a secret cannot be verified", "add `secrets: [{ env: NAME }]`");
        }
        let secrets = webhook.secrets.value.into_iter().map(|secret| self.secret(secret, at)).collect::<Option<_>>();
        Some(Channel::Webhook { url: self.url(&webhook.url)?, secrets: secrets? })
    }

    fn secret(&mut self, secret: raw::Secret, at: Location) -> Option<SecretString> {
        let value = match (secret.env, secret.file) {
            (Some(env), None) => match self.secrets.env(&env.value) {
                Some(value) => value,
                None => {
                    let message = format!("environment variable `{}` is not set", env.value);
                    self.wrong(env.referenced, message, "set it, or name another one");
                    return None;
                }
            },
            (None, Some(file)) => match self.secrets.file(&file.value) {
                Ok(value) => value,
                Err(error) => {
                    let message = format!("secret file `{}` cannot be read: {error}", file.value.display());
                    self.wrong(file.referenced, message, "check the path and who may read it");
                    return None;
                }
            },
            _ => {
                self.wrong(at, "a secret needs exactly one source", "write `{ env: NAME }` or `{ file: PATH }`");
                return None;
            }
        };
        let value = value.trim();
        if value.is_empty() {
            self.wrong(at, "a secret is empty", "fill the variable or the file that it comes from");
            return None;
        }
        Some(value.to_owned().into())
    }

    fn url(&mut self, url: &Spanned<String>) -> Option<BaseUrl> {
        match parse_url(&url.value) {
            Ok(base) => Some(base),
            Err(why) => {
                let message = format!("`{}` is not a usable URL: {why}", url.value);
                self.wrong(url.referenced, message, "write `https://host` or `http://host:port/path`");
                None
            }
        }
    }

    fn degrade(&mut self, degrade: raw::Degrade) -> Degrade {
        let slots = degrade.slots;
        let names: Vec<String> = degrade.upstreams.0.iter().map(|(name, _)| name.clone()).collect();
        let upstreams: Vec<_> =
            degrade.upstreams.0.into_iter().map(|(name, upstream)| self.upstream(&name, upstream, slots)).collect();
        let mut routes: Vec<(Route, Location)> = Vec::new();
        for (name, route) in degrade.routes.0 {
            let at = route.value.path.referenced;
            if let Some(route) = self.route(&name, route.value, &names) {
                self.check_alone(&route, at, &routes);
                routes.push((route, at));
            }
        }
        Degrade {
            slots,
            // With a problem the configuration is refused, and a missing upstream is one.
            upstreams: upstreams.into_iter().flatten().collect(),
            routes: routes.into_iter().map(|(route, _)| route).collect(),
        }
    }

    /// Two routes for one path and method would hide each other.
    fn check_alone(&mut self, route: &Route, at: Location, before: &[(Route, Location)]) {
        let overlaps = |other: &Route| {
            other.path == route.path
                && (other.method.is_none() || route.method.is_none() || other.method == route.method)
        };
        if let Some((other, place)) = before.iter().find(|(other, _)| overlaps(other)) {
            let message = format!("route `{}` has the path and method of route `{}`", route.name, other.name);
            let hint = format!("change its path or method, or remove one (the other is in line {})", place.line());
            self.wrong(at, message, hint);
        }
    }

    fn upstream(&mut self, name: &str, upstream: Spanned<raw::Upstream>, slots: u32) -> Option<Upstream> {
        let Spanned { value: upstream, referenced: at, .. } = upstream;
        let base = self.base_url(name, at, &upstream);
        let slots = upstream.slots.unwrap_or(slots);
        let probe = upstream.probe.and_then(|probe| self.probe(probe, upstream.auth.is_some()));
        let breaker = self.breaker(at, upstream.breaker, probe.as_ref().map(|(_, pace)| pace.clone()));
        let limit = self.limit(upstream.limit, slots);
        let auth = match upstream.auth {
            None => None,
            Some(auth) => Some(self.auth(auth, at)?),
        };
        Some(Upstream {
            name: name.into(),
            base: base?,
            authorities: upstream.authorities,
            connect_timeout: upstream.connect_timeout.map_or(CONNECT_TIMEOUT, |span| span.0),
            breaker,
            probe: probe.map(|(probe, _)| probe),
            limit,
            slots,
            auth,
        })
    }

    fn base_url(&mut self, name: &str, at: Location, upstream: &raw::Upstream) -> Option<BaseUrl> {
        match (&upstream.url, &upstream.region) {
            (Some(url), None) => self.url(url),
            (None, Some(region)) => {
                let regions = &upstream.regions.0;
                let Some((_, url)) = regions.iter().find(|(known, _)| *known == region.value) else {
                    let hint = suggest(&region.value, regions.iter().map(|(known, _)| known.as_str()), "regions");
                    self.wrong(region.referenced, format!("upstream `{name}` has no region `{}`", region.value), hint);
                    return None;
                };
                self.url(url)
            }
            _ => {
                let message = format!("upstream `{name}` needs exactly one base URL");
                self.wrong(at, message, "write `url`, or `regions` and the active `region`");
                None
            }
        }
    }

    fn probe(&mut self, probe: Spanned<raw::Probe>, has_auth: bool) -> Option<(Probe, Pace)> {
        let raw::Probe { method, path, body, timeout, authenticated, idle, fast, gentle, slowest, fast_for } =
            probe.value;
        if !path.value.starts_with('/') {
            self.wrong(
                path.referenced,
                format!("probe path `{}` does not start with `/`", path.value),
                "write it from the base URL on",
            );
            return None;
        }
        let usual = Pace::default();
        let or = |span: Option<Span>, default: Duration| span.map_or(default, |span| span.0);
        let pace = Pace {
            fast: or(fast, usual.fast),
            gentle: or(gentle, usual.gentle),
            slowest: or(slowest, usual.slowest),
            fast_for: or(fast_for, usual.fast_for),
            brisk: usual.brisk,
            idle: idle.map(|span| span.0).or(usual.idle),
        };
        if pace.fast < Duration::from_millis(10) {
            self.wrong(probe.referenced, "probes more often than every 10 ms are an attack", "raise `fast`");
        }
        let probe = Probe {
            method: method.unwrap_or_else(|| if body.is_some() { "POST".into() } else { "GET".into() }),
            path: path.value,
            body: body.map(|body| body.to_string()),
            timeout: or(timeout, DEADLINE),
            is_authenticated: authenticated.unwrap_or(has_auth),
        };
        Some((probe, pace))
    }

    fn breaker(&mut self, at: Location, raw: raw::Breaker, pace: Option<Pace>) -> Policy {
        let usual = Policy::default();
        let by_callers = pace.is_none();
        let wait = raw.recovery.map_or(Duration::from_secs(30), |span| span.0);
        let wait_max = raw.recovery_max.map_or(Duration::from_secs(300), |span| span.0).max(wait);
        let policy = Policy {
            failures_in_a_row: raw.failures.unwrap_or(usual.failures_in_a_row),
            refusals_in_a_row: raw.refusals.unwrap_or(usual.refusals_in_a_row),
            failure_share: raw.failure_rate.map_or(usual.failure_share, |share| share.0),
            slow_after: raw.slow_call.map(|span| span.0),
            slow_share: raw.slow_rate.map_or(usual.slow_share, |share| share.0),
            calls_min: raw.minimum_calls.unwrap_or(usual.calls_min),
            stall: stall(&raw.stall),
            recovery: Recovery {
                by: pace.map_or(Prober::Callers { wait, wait_max }, Prober::Own),
                successes: raw.successes.unwrap_or(usual.recovery.successes),
                probes_in_flight_max: raw.probes_in_flight.unwrap_or(if by_callers { 1 } else { 2 }),
                ramp: raw.ramp.map_or(usual.recovery.ramp, |span| span.0),
            },
        };
        let counts = [
            policy.failures_in_a_row,
            policy.refusals_in_a_row,
            policy.recovery.successes,
            policy.recovery.probes_in_flight_max,
            policy.calls_min,
        ];
        if counts.contains(&0) {
            self.wrong(at, "a breaker threshold is 0", "every threshold is at least 1");
        }
        policy
    }

    fn limit(&mut self, raw: Option<Spanned<raw::Limit>>, slots: u32) -> LimitPolicy {
        let (limit, at) = match raw {
            None => (raw::Limit::default(), None),
            Some(limit) => (limit.value, Some(limit.referenced)),
        };
        let max = limit.max.unwrap_or(slots.max(1));
        let policy = LimitPolicy { min: limit.min.unwrap_or(2).min(max), max, start: limit.start.unwrap_or(max) };
        if let Some(at) = at
            && (policy.min == 0 || policy.start < policy.min || policy.max < policy.start)
        {
            self.wrong(at, "a limit needs 1 <= min <= start <= max", "put the three in this order");
        }
        policy
    }

    fn auth(&mut self, auth: raw::Auth, at: Location) -> Option<ClientCredentials> {
        let backup = match auth.backup {
            None => None,
            Some(backup) => Some(Credential { id: backup.client_id, secret: self.secret(backup.client_secret, at)? }),
        };
        Some(ClientCredentials {
            token_url: self.url(&auth.token_url)?,
            primary: Credential { id: auth.client_id, secret: self.secret(auth.client_secret, at)? },
            backup,
            scope: auth.scope,
            wait: auth.wait.map_or(TOKEN_WAIT, |span| span.0),
            waiting_max: auth.waiting.unwrap_or(TOKEN_WAITING_MAX),
        })
    }

    fn route(&mut self, name: &str, route: raw::Route, upstreams: &[String]) -> Option<Route> {
        let method = self.method(route.method.as_ref());
        self.path(&route.path);
        let upstream = self.upstream_index(&route.upstream, upstreams);
        let deadline = self.deadline(route.deadline.as_ref());
        let schema = route.schema.as_ref().and_then(|schema| self.schema(schema));
        let reason_member = match route.reason_member {
            Some(member) if member.is_empty() => None,
            Some(member) => Some(member),
            None => Some(REASON_MEMBER.to_owned()),
        };
        if let (Some(fallback), Some(schema)) = (&route.fallback, &schema) {
            self.fallback(fallback, schema, reason_member.as_deref());
        }
        let (cache_key, fresh_for, stale_for) = self.cache(route.cache);
        let check = match route.check {
            None => Check::Json,
            Some(check) => self.check(&check, schema.is_some()),
        };
        let is_idempotent = route.idempotent.unwrap_or(!matches!(method.as_deref(), None | Some("POST" | "PATCH")));
        let upstream = upstream?;
        Some(Route {
            name: name.into(),
            circuit: route.circuit.map_or_else(|| Arc::from(upstreams[upstream].as_str()), Arc::from),
            method,
            path: route.path.value,
            upstream,
            target: route.target.map(|target| target.value),
            deadline,
            retry: retry(&route.retry),
            is_idempotent,
            priority: match route.priority {
                raw::Priority::Routing => Priority::Routing,
                raw::Priority::Enrichment => Priority::Enrichment,
            },
            ladder: LadderPolicy { fresh_for, stale_for, has_fallback: route.fallback.is_some() },
            cache_key,
            fallback: route.fallback.map(|fallback| fallback.value),
            reason_member,
            check,
            schema,
            contract: route.schema.map(|schema| schema.value),
            request_bytes_max: route.request_bytes_max.unwrap_or(REQUEST_BYTES_MAX),
            response_bytes_max: route.response_bytes_max.unwrap_or(RESPONSE_BYTES_MAX),
        })
    }

    fn method(&mut self, method: Option<&Spanned<String>>) -> Option<String> {
        const KNOWN: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        let method = method?;
        let upper = method.value.to_ascii_uppercase();
        if !KNOWN.contains(&upper.as_str()) {
            let hint = suggest(&upper, KNOWN.into_iter(), "methods");
            self.wrong(method.referenced, format!("`{}` is not a method that Data Actions use", method.value), hint);
        }
        Some(upper)
    }

    fn path(&mut self, path: &Spanned<String>) {
        let reserved = RESERVED.into_iter().find(|reserved| path.value.starts_with(reserved));
        let problem = if let Some(reserved) = reserved {
            Some(format!("paths below `{reserved}` are the gateway's own"))
        } else if path.value.starts_with('/') {
            matchit::Router::new().insert(path.value.as_str(), ()).err().map(|error| error.to_string())
        } else {
            Some("it does not start with `/`".to_owned())
        };
        if let Some(why) = problem {
            let message = format!("`{}` is not a path pattern: {why}", path.value);
            self.wrong(path.referenced, message, "write `/crm/{id}`, or `/crm/{*rest}` for all below");
        }
    }

    fn upstream_index(&mut self, upstream: &Spanned<String>, known: &[String]) -> Option<usize> {
        let index = known.iter().position(|name| *name == upstream.value);
        if index.is_none() {
            let hint = suggest(&upstream.value, known.iter().map(String::as_str), "upstreams");
            self.wrong(upstream.referenced, format!("there is no upstream `{}`", upstream.value), hint);
        }
        index
    }

    fn deadline(&mut self, deadline: Option<&Spanned<Span>>) -> Duration {
        let Some(deadline) = deadline else { return DEADLINE };
        let Span(value) = deadline.value;
        if value > DEADLINE_MAX {
            let message = format!("a deadline of {} s is longer than the platform waits", value.as_secs());
            self.wrong(deadline.referenced, message, "at most 60s; 3s is what callers bear");
        }
        if value.is_zero() {
            self.wrong(
                deadline.referenced,
                "a deadline of nothing leaves no time for an answer",
                "3s is what callers bear",
            );
        }
        value
    }

    fn schema(&mut self, schema: &Spanned<Value>) -> Option<Arc<jsonschema::Validator>> {
        match jsonschema::validator_for(&schema.value) {
            Ok(validator) => Some(Arc::new(validator)),
            Err(error) => {
                let message = format!("this is not a JSON schema: {error}");
                self.wrong(schema.referenced, message, "copy the Data Action's output contract (successSchema)");
                None
            }
        }
    }

    /// The fallback, as it will be sent, must satisfy the contract; so must a kept answer's marks.
    fn fallback(
        &mut self,
        fallback: &Spanned<Map<String, Value>>,
        schema: &jsonschema::Validator,
        reason: Option<&str>,
    ) {
        let mut body = fallback.value.clone();
        if let Some(error) = schema.iter_errors(&Value::Object(body.clone())).next() {
            let message = format!("the fallback breaks its schema at `{}`: {error}", pointer(&error));
            self.wrong(fallback.referenced, message, "change the fallback until the Data Action would accept it");
            return;
        }
        let Some(reason) = reason else { return };
        body.insert(reason.to_owned(), "timeout".into());
        if let Some(error) = schema.iter_errors(&Value::Object(body)).next() {
            let message = format!("the schema does not allow the member `{reason}`: {error}");
            let hint = format!("add `{reason}` to the schema, or set `reasonMember: \"\"` to send none");
            self.wrong(fallback.referenced, message, hint);
        }
    }

    fn cache(&mut self, cache: Option<Spanned<raw::Cache>>) -> (Vec<KeyPart>, Option<Duration>, Option<Duration>) {
        let Some(cache) = cache else { return (Vec::new(), None, None) };
        if cache.value.key.is_empty() {
            let hint = "name what identifies an answer, such as `query.ani`";
            self.wrong(cache.referenced, "a cache without a key would give everybody the same answer", hint);
        }
        let key = cache.value.key.iter().filter_map(|part| self.key_part(part)).collect();
        let stale = cache.value.stale.map_or(STALE_FOR, |span| span.0);
        (key, cache.value.fresh.map(|span| span.0).filter(|fresh| !fresh.is_zero()), Some(stale))
    }

    fn key_part(&mut self, part: &Spanned<String>) -> Option<KeyPart> {
        let parsed = match part.value.split_once(['.', ':']) {
            Some(("query", name)) if !name.is_empty() => Some(KeyPart::Query(name.to_owned())),
            Some(("path", name)) if !name.is_empty() => Some(KeyPart::Path(name.to_owned())),
            Some(("header", name)) if !name.is_empty() => Some(KeyPart::Header(name.to_ascii_lowercase())),
            Some(("body", pointer)) if pointer.starts_with('/') => Some(KeyPart::Body(pointer.to_owned())),
            _ => None,
        };
        if parsed.is_none() {
            let message = format!("`{}` does not say what identifies an answer", part.value);
            self.wrong(part.referenced, message, "write `query.NAME`, `path.NAME`, `header.NAME` or `body:/pointer`");
        }
        parsed
    }

    fn check(&mut self, check: &Spanned<raw::Check>, has_schema: bool) -> Check {
        match check.value {
            raw::Check::None => Check::None,
            raw::Check::Json => Check::Json,
            raw::Check::Schema => {
                if !has_schema {
                    self.wrong(
                        check.referenced,
                        "there is no schema to check against",
                        "add `schema`, or check `json`",
                    );
                }
                Check::Schema
            }
        }
    }
}

fn stall(raw: &raw::Stall) -> Option<StallPolicy> {
    let usual = StallPolicy::default();
    raw.enabled.unwrap_or(true).then(|| StallPolicy {
        floor: raw.after.map_or(usual.floor, |span| span.0),
        times_p99: raw.times_p99.unwrap_or(usual.times_p99),
        overdue_min: raw.overdue.unwrap_or(usual.overdue_min),
        samples_min: usual.samples_min,
        confirm_within: raw.confirm_within.map_or(usual.confirm_within, |span| span.0),
    })
}

fn retry(raw: &raw::Retry) -> RetryPolicy {
    let usual = RetryPolicy::default();
    RetryPolicy {
        retries_max: raw.max.unwrap_or(usual.retries_max),
        budget_share: raw.budget.map_or(usual.budget_share, |share| share.0),
        budget_floor_per_s: raw.floor_per_second.unwrap_or(usual.budget_floor_per_s),
        backoff: raw.backoff.map_or(usual.backoff, |span| span.0),
        backoff_max: raw.backoff_max.map_or(usual.backoff_max, |span| span.0),
    }
}

fn pointer(error: &jsonschema::ValidationError<'_>) -> String {
    let pointer = error.instance_path().to_string();
    if pointer.is_empty() { "/".to_owned() } else { pointer }
}

/// An origin and a path prefix out of a URL.
pub(crate) fn parse_url(url: &str) -> Result<BaseUrl, String> {
    let parsed = url::Url::parse(url).map_err(|error| error.to_string())?;
    let is_tls = match parsed.scheme() {
        "https" => true,
        "http" => false,
        other => return Err(format!("scheme `{other}` is neither http nor https")),
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("it carries credentials; use `auth`".to_owned());
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("it has a query or a fragment".to_owned());
    }
    let host = parsed.host_str().ok_or("it has no host")?.trim_matches(['[', ']']).to_owned();
    let port = parsed.port_or_known_default().ok_or("it has no port")?;
    Ok(BaseUrl { is_tls, host, port, prefix: parsed.path().trim_end_matches('/').to_owned() })
}
