//! `config show`: the configuration that applies, in the form of the file.
//!
//! What is shown can be read again and means the same: every default is written out, secrets and schemas are shown
//! as they were written.

use std::time::Duration;

use api::Exit;
use base::Ppm;
use config::{
    BaseUrl, Channel, Check, ClientCredentials, Config, Degrade, KeyPart, Lint, Place, Platform, PlatformClient, Probe,
    Receiver, Route, Upstream,
};
use degrade::circuit::{Policy, Prober};
use degrade::limit::Priority;
use flow::lint::Settings;
use miette::IntoDiagnostic as _;
use serde_json::{Map, Value, json};

use super::written::Written;
use super::{budget, review, rollback};
use crate::settings::{Format, Global, Source};
use crate::{Ended, diagnostics, output};

/// Shows it.
pub(super) fn run(global: &Global) -> Ended {
    let Source { name, text } = global.source()?;
    let config = config::load(&name, &text, &config::Process).map_err(|problems| diagnostics::invalid(*problems))?;
    let shown = effective(&config, &Written::read(&text));
    match global.format {
        Format::Json => output::json(&shown),
        Format::Text => {
            let yaml = serde_saphyr::to_string(&shown).into_diagnostic()?;
            output::line(format_args!("# {name}, with every default written out\n{}", yaml.trim_end()));
        }
    }
    Ok(Exit::Done)
}

/// The whole configuration, key by key.
pub(super) fn effective(config: &Config, written: &Written) -> Value {
    let mut listen = json!({ "console": config.listen.console, "gateway": config.listen.gateway });
    if let Some(tls) = &config.listen.gateway_tls {
        listen["gatewayTls"] = json!({ "certificate": tls.certificate, "key": tls.key });
    }
    put(&mut listen, "workers", config.listen.workers);
    let mut shown = json!({
        "listen": listen,
        "store": { "path": config.store.path },
        "alerts": named(&config.alerts, |receiver| (&receiver.name, alert(receiver, written))),
        "degrade": degrade(&config.degrade, written),
        "budget": budget::shown(&config.budget, written),
        "rollback": rollback::shown(&config.rollback),
        "access": budget::access(config, written),
        "lint": lint(&config.lint),
    });
    put(
        &mut shown,
        "platform",
        config.platform.as_ref().map(|configured| platform(configured, &["platform"], written)),
    );
    if let Ok(target) = config.review.target(None) {
        shown["platform"]["isProduction"] = target.is_production.into();
    }
    shown["review"] = review::shown(&config.review, written);
    shown
}

/// An organisation, as it stands under these keys.
pub(super) fn platform(platform: &Platform, section: &[&str], written: &Written) -> Value {
    let Platform { place, client, backup, requests_per_minute, reserved_percent, licences, health_hosts } = platform;
    let shown_client = |key: &str, client: &PlatformClient| json!({ "id": client.id, "secret": written.secret(&[section, &[key, "secret"]].concat()) });
    let mut shown = json!({
        "client": shown_client("client", client),
        "requestsPerMinute": requests_per_minute,
        "reservedPercent": reserved_percent,
        "licences": licences,
        "healthHosts": health_hosts,
    });
    match place {
        Place::Region(region) => shown["region"] = region.clone().into(),
        Place::Gateway { url, login_prefix, api_prefix } => {
            shown["gateway"] = json!({ "url": url, "loginPrefix": login_prefix, "apiPrefix": api_prefix });
        }
    }
    put(&mut shown, "backup", backup.as_ref().map(|backup| shown_client("backup", backup)));
    shown
}

fn lint(lint: &Lint) -> Value {
    let Lint { call_limit, path_limit, attempts_max, poll_limit, prompt_length, rules } = lint;
    let default = Settings::default();
    let rules: Map<String, Value> = rules.iter().map(|(rule, weight)| (rule.clone(), json!(weight.word()))).collect();
    json!({
        "callLimit": span(call_limit.unwrap_or(default.call_limit)),
        "pathLimit": span(path_limit.unwrap_or(default.path_limit)),
        "attemptsMax": attempts_max.map_or(default.attempts_max, i64::from),
        "pollLimit": span(poll_limit.unwrap_or(default.poll_limit)),
        "promptLength": span(prompt_length.unwrap_or(default.prompt_length)),
        "rules": rules,
    })
}

fn alert(receiver: &Receiver, written: &Written) -> Value {
    let name = receiver.name.as_str();
    match &receiver.channel {
        Channel::PagerDuty { base, .. } => json!({ "pagerDuty": {
            "url": base.to_string(),
            "routingKey": written.secret(&["alerts", name, "pagerDuty", "routingKey"]),
        } }),
        Channel::Webhook { url, .. } => json!({ "webhook": {
            "url": url.to_string(),
            "secrets": written.secret(&["alerts", name, "webhook", "secrets"]),
        } }),
    }
}

fn degrade(degrade: &Degrade, written: &Written) -> Value {
    let Degrade { slots, upstreams, routes } = degrade;
    json!({
        "slots": slots,
        "upstreams": named(upstreams, |upstream| (&upstream.name, self::upstream(upstream, written))),
        "routes": named(routes, |route| (&route.name, self::route(route, &upstreams[route.upstream].name, written))),
    })
}

fn upstream(upstream: &Upstream, written: &Written) -> Value {
    let Upstream { name, base, authorities, connect_timeout, breaker, probe, limit, slots, auth } = upstream;
    let section = ["degrade", "upstreams", name];
    let mut shown = json!({
        "connectTimeout": span(*connect_timeout),
        "breaker": self::breaker(breaker),
        "limit": { "min": limit.min, "max": limit.max, "start": limit.start },
        "slots": slots,
    });
    place(&mut shown, base, &written.at(&section));
    put(&mut shown, "authorities", authorities.as_ref());
    if let Some(probe) = probe {
        shown["probe"] = self::probe(probe, &breaker.recovery.by);
    }
    if let Some(auth) = auth {
        shown["auth"] = self::auth(auth, &section, written);
    }
    shown
}

/// The address, by regions where they are named.
fn place(shown: &mut Value, base: &BaseUrl, written: &Value) {
    if written["regions"].is_null() {
        shown["url"] = base.to_string().into();
    } else {
        shown["regions"] = written["regions"].clone();
        shown["region"] = written["region"].clone();
    }
}

fn breaker(policy: &Policy) -> Value {
    let mut shown = json!({
        "failures": policy.failures_in_a_row,
        "refusals": policy.refusals_in_a_row,
        "failureRate": share(policy.failure_share),
        "slowRate": share(policy.slow_share),
        "minimumCalls": policy.calls_min,
        "successes": policy.recovery.successes,
        "probesInFlight": policy.recovery.probes_in_flight_max,
        "ramp": span(policy.recovery.ramp),
    });
    put(&mut shown, "slowCall", policy.slow_after.map(span));
    if let Prober::Callers { wait, wait_max } = &policy.recovery.by {
        shown["recovery"] = span(*wait).into();
        shown["recoveryMax"] = span(*wait_max).into();
    }
    shown["stall"] = match &policy.stall {
        None => json!({ "enabled": false }),
        Some(stall) => json!({
            "enabled": true,
            "after": span(stall.floor),
            "timesP99": stall.times_p99,
            "overdue": stall.overdue_min,
            "confirmWithin": span(stall.confirm_within),
        }),
    };
    shown
}

fn probe(probe: &Probe, by: &Prober) -> Value {
    let mut shown = json!({
        "method": probe.method,
        "path": probe.path,
        "timeout": span(probe.timeout),
        "authenticated": probe.is_authenticated,
    });
    let body = probe.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
    put(&mut shown, "body", body);
    if let Prober::Own(pace) = by {
        put(&mut shown, "idle", pace.idle.map(span));
        shown["fast"] = span(pace.fast).into();
        shown["gentle"] = span(pace.gentle).into();
        shown["slowest"] = span(pace.slowest).into();
        shown["fastFor"] = span(pace.fast_for).into();
    }
    shown
}

fn auth(auth: &ClientCredentials, section: &[&str; 3], written: &Written) -> Value {
    let [degrade, upstreams, name] = *section;
    let mut shown = json!({
        "tokenUrl": auth.token_url.to_string(),
        "clientId": auth.primary.id,
        "clientSecret": written.secret(&[degrade, upstreams, name, "auth", "clientSecret"]),
        "wait": span(auth.wait),
        "waiting": auth.waiting_max,
    });
    put(&mut shown, "scope", auth.scope.as_deref());
    if let Some(backup) = &auth.backup {
        let secret = written.secret(&[degrade, upstreams, name, "auth", "backup", "clientSecret"]);
        shown["backup"] = json!({ "clientId": backup.id, "clientSecret": secret });
    }
    shown
}

fn route(route: &Route, upstream: &str, written: &Written) -> Value {
    let mut shown = json!({
        "path": route.path,
        "upstream": upstream,
        "circuit": &*route.circuit,
        "deadline": span(route.deadline),
        "retry": {
            "max": route.retry.retries_max,
            "budget": share(route.retry.budget_share),
            "floorPerSecond": route.retry.budget_floor_per_s,
            "backoff": span(route.retry.backoff),
            "backoffMax": span(route.retry.backoff_max),
        },
        "idempotent": route.is_idempotent,
        "priority": match route.priority {
            Priority::Routing => "routing",
            Priority::Enrichment => "enrichment",
        },
        "reasonMember": route.reason_member.as_deref().unwrap_or_default(),
        "check": match route.check {
            Check::None => "none",
            Check::Json => "json",
            Check::Schema => "schema",
        },
        "requestBytesMax": route.request_bytes_max,
        "responseBytesMax": route.response_bytes_max,
    });
    put(&mut shown, "method", route.method.as_deref());
    put(&mut shown, "target", route.target.as_deref());
    put(&mut shown, "fallback", route.fallback.clone());
    if let Some(stale) = route.ladder.stale_for {
        let key: Vec<_> = route.cache_key.iter().map(key_part).collect();
        shown["cache"] = json!({ "key": key, "stale": span(stale) });
        put(&mut shown["cache"], "fresh", route.ladder.fresh_for.map(span));
    }
    if route.schema.is_some() {
        shown["schema"] = written.at(&["degrade", "routes", &route.name, "schema"]);
    }
    shown
}

fn key_part(part: &KeyPart) -> String {
    match part {
        KeyPart::Query(name) => format!("query.{name}"),
        KeyPart::Path(name) => format!("path.{name}"),
        KeyPart::Header(name) => format!("header.{name}"),
        KeyPart::Body(pointer) => format!("body:{pointer}"),
    }
}

fn named<'a, T>(list: &'a [T], show: impl Fn(&'a T) -> (&'a str, Value)) -> Value {
    let pairs = list.iter().map(show).map(|(name, shown)| (name.to_owned(), shown));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// What is not set is not shown.
pub(super) fn put(shown: &mut Value, key: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        shown[key] = json!(value);
    }
}

pub(super) fn span(time: Duration) -> String {
    match (time.subsec_nanos(), time.subsec_nanos() % 1_000_000) {
        (0, _) => format!("{}s", time.as_secs()),
        (_, 0) => format!("{}ms", time.as_millis()),
        _ => format!("{}ns", time.as_nanos()),
    }
}

pub(super) fn share(share: Ppm) -> String {
    let (whole, rest) = (share.get() / 10_000, share.get() % 10_000);
    let digits = format!("{whole}.{rest:04}");
    format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use config::Secrets;

    use super::super::keys::{self, Key};
    use super::*;

    struct Known;

    impl Secrets for Known {
        fn env(&self, name: &str) -> Option<String> {
            Some(format!("k3pt-t0-itself-{name}-0123456789"))
        }

        fn file(&self, _path: &Path) -> std::io::Result<String> {
            Ok("k3pt-t0-itself".to_owned())
        }
    }

    const RICH: &str = r#"
listen: { console: "127.0.0.1:0", gatewayTls: { certificate: a.pem, key: b.pem }, workers: 2 }
alerts:
  on-call: { pagerDuty: { routingKey: { env: KEY } } }
  tickets: { webhook: { url: "https://hooks.example.com/x", secrets: [{ file: /run/secret }] } }
degrade:
  slots: 30
  upstreams:
    crm:
      regions: { eu: "https://eu.example.com", us: "https://us.example.com/v2" }
      region: us
      breaker: { failureRate: 12.5%, slowCall: 1500ms, stall: { enabled: false } }
      probe: { path: /canary, body: { ani: "1" }, idle: 30s }
      auth:
        tokenUrl: https://id.example.com/token
        clientId: us
        clientSecret: { env: SECRET }
        backup: { clientId: them, clientSecret: { file: /run/backup } }
        scope: read
    billing: { url: "http://127.0.0.1:9", authorities: ca.pem }
  routes:
    lookup:
      method: get
      path: /crm/{id}
      upstream: crm
      target: /customers/{id}
      deadline: 2500ms
      cache: { key: [path.id, "body:/ani", header.X-Org], fresh: 5s }
      fallback: { tier: standard }
      reasonMember: ""
      schema: { type: object, required: [tier] }
      check: schema
    notes: { path: "/notes/{*rest}", upstream: billing, circuit: slow, priority: enrichment, retry: { budget: 0.5% } }
budget:
  objectives: [slos/]
  gate: { window: 3d }
  flows:
    main:
      objectives: [crm]
      enrichment: [lookup]
      needed: [notes]
      modes: { trim: { below: 60% }, agentOnly: { below: 20%, until: 45% }, overflow: { below: 0% } }
      whenUnknown: trim
      dataTable: { name: Steadyline }
rollback:
  policy: both
  guide: { volume: 40 }
  watch: 90m
  flows:
    main: { mode: approve, siblings: [side] }
    side: {}
access: { people: { ann: { role: operator, token: { env: ANN } } } }
lint: { rules: { AU004: off } }
platform:
  gateway: { url: "http://127.0.0.1:7710/", apiPrefix: api }
  client: { id: c, secret: { env: SECRET } }
  backup: { id: b, secret: { file: /run/backup } }
  licences: { cloudCX3: 200 }
review:
  owner: ann
  targets:
    sandbox: { region: us-east-1, client: { id: s, secret: { env: SANDBOX } }, backup: { id: t, secret: { env: SPARE } } }
    live:
      gateway: { url: "http://127.0.0.1:7710/", loginPrefix: login }
      client: { id: l, secret: { env: LIVE } }
      isProduction: true
  integrations:
    crm: { action: Look up, inputs: { ani: "1" } }
    kb: { url: "https://kb/health", sla: 500ms, samples: 9 }
  plans:
    - { file: launch.yaml, target: sandbox, at: "02:30", zone: Europe/Berlin, keep: 30 }
    - { file: launch.yaml, target: live, at: "03:00", touchProduction: true }
"#;

    const BY_REGION: &str = "platform: { region: eu-central-1, client: { id: c, secret: { env: SECRET } } }";

    fn shown(text: &str) -> Value {
        let config = config::load("test", text, &Known).unwrap_or_else(|invalid| panic!("{invalid}\n{text}"));
        effective(&config, &Written::read(text))
    }

    #[test]
    fn what_is_shown_can_be_read_and_shows_the_same() {
        for text in [RICH, BY_REGION, config::DEFAULT, ""] {
            let once = shown(text);
            let again = shown(&serde_saphyr::to_string(&once).unwrap());
            assert_eq!(once, again);
        }
    }

    #[test]
    fn every_key_is_shown() {
        // An organisation is in one place only.
        let places = [shown(RICH), shown(BY_REGION)];
        // Of a secret the one source is shown that was written.
        let is_source = |key: &Key| matches!(key.path.last().map(String::as_str), Some("env" | "file"));
        for key in keys::all(&config::schema()).iter().filter(|key| !is_source(key)) {
            assert!(places.iter().any(|shown| stands(shown, &key.path)), "{}", key.dotted());
        }
    }

    /// True when something stands under `path`, by whatever chosen names.
    fn stands(shown: &Value, path: &[String]) -> bool {
        let Some((segment, rest)) = path.split_first() else { return !shown.is_null() };
        if let Some(list) = shown.as_array() {
            return list.iter().any(|shown| stands(shown, path));
        }
        let by_any_name = segment == keys::NAME;
        let Some(section) = shown.as_object() else { return false };
        section.iter().any(|(name, shown)| (by_any_name || name == segment) && stands(shown, rest))
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = shown(RICH);
        assert!(!shown.to_string().contains("k3pt"));
        assert_eq!(shown["degrade"]["upstreams"]["crm"]["auth"]["clientSecret"], json!({ "env": "SECRET" }));
    }

    #[test]
    fn shares_and_spans_are_written_as_people_write_them() {
        assert_eq!([share(Ppm::percent(50)), share(Ppm::new(1_000).unwrap())], ["50%", "0.1%"]);
        let spans = [Duration::from_secs(90), Duration::from_millis(80), Duration::from_nanos(1_500)];
        assert_eq!(spans.map(span), ["90s", "80ms", "1500ns"]);
    }
}
