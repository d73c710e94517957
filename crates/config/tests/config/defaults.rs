//! What stands in no file.

use std::time::Duration;

use degrade::circuit::Prober;

use crate::load;

#[test]
fn the_embedded_default_and_the_empty_file_mean_the_same() {
    let (default, empty) = (load(config::DEFAULT).unwrap(), load("").unwrap());
    assert_eq!(default.listen, empty.listen);
    assert_eq!(default.store, empty.store);
    assert_eq!((default.degrade.slots, empty.degrade.slots), (50, 50));
    assert_eq!(default.listen.console.port(), 7700);
    assert_eq!(default.listen.gateway.port(), 7701);
}

#[test]
fn a_breaker_without_a_word_has_the_guides_numbers() {
    let config = load("degrade: { upstreams: { crm: { url: 'http://crm' } } }").unwrap();
    let breaker = &config.degrade.upstreams[0].breaker;
    assert_eq!((breaker.failures_in_a_row, breaker.recovery.successes), (5, 2));
    let Prober::Callers { wait, .. } = breaker.recovery.by else { panic!("without a probe, callers find out") };
    assert_eq!(wait, Duration::from_secs(30));
}

#[test]
fn a_route_without_a_word_is_careful() {
    let source = "degrade: { upstreams: { crm: { url: 'http://crm' } }, routes: { a: { path: /a, upstream: crm }, b: { path: /b, method: get, upstream: crm } } }";
    let config = load(source).unwrap();
    let [any, get] = &config.degrade.routes[..] else { panic!("two routes") };
    assert_eq!(any.deadline, Duration::from_secs(3));
    assert_eq!((any.is_idempotent, get.is_idempotent), (false, true));
    assert_eq!(any.retry.retries_max, 1);
    assert_eq!(get.method.as_deref(), Some("GET"));
}

#[test]
fn the_active_region_gives_the_base_url() {
    let source =
        "degrade: { upstreams: { crm: { regions: { a: 'https://a.example/x/', b: 'http://b:8080' }, region: a } } }";
    let base = &load(source).unwrap().degrade.upstreams[0].base;
    assert_eq!(base.to_string(), "https://a.example/x");
    assert_eq!((base.port, base.is_tls), (443, true));
}

#[test]
fn secrets_never_show() {
    let source = "alerts: { pager: { pagerDuty: { routingKey: { env: KEY } } } }";
    let shown = format!("{:?}", load(source).unwrap());
    assert!(!shown.contains("secret\""), "{shown}");
}

#[test]
fn the_checked_in_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/steadyline.schema.json");
    let now = format!("{:#}\n", config::schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == now, "docs/steadyline.schema.json is old: run the tests with UPDATE_DOCS=1");
}
