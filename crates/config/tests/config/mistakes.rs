//! Everything that can be wrong, where it is, and what is said to it.

use crate::load;

/// All problems of a file, as a person reads them.
pub(crate) fn said(source: &str) -> String {
    load(source).expect_err("this configuration is wrong").to_string()
}

#[test]
fn an_unknown_key_is_refused_with_the_key_that_was_meant() {
    insta::assert_snapshot!(said("degrade:\n  slots: 50\n  routs: {}\n"));
    insta::assert_snapshot!(said("degrade: { upstreams: { crm: { url: 'http://c', colour: red } } }"));
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    insta::assert_snapshot!(said("degrade:\n  slots: many\n"));
    insta::assert_snapshot!(said(
        "degrade:\n  upstreams:\n    crm:\n      url: http://c\n      connectTimeout: 5 bananas\n"
    ));
    insta::assert_snapshot!(said(
        "degrade:\n  upstreams:\n    crm:\n      url: http://c\n      breaker: { failureRate: 120% }\n"
    ));
}

#[test]
fn bad_urls_are_refused() {
    let one = |url| said(&format!("degrade:\n  upstreams:\n    crm:\n      url: {url}\n"));
    insta::assert_snapshot!(one("crm.example.com"));
    insta::assert_snapshot!(one("ftp://crm"));
    insta::assert_snapshot!(one("https://user:pw@crm"));
}

#[test]
fn a_fallback_that_breaks_its_contract_is_refused() {
    let source = "
degrade:
  upstreams: { crm: { url: 'http://crm' } }
  routes:
    lookup:
      path: /lookup
      upstream: crm
      schema: { type: object, required: [accountTier], properties: { accountTier: { enum: [standard, gold] } } }
      fallback: { accountTier: bronze }
";
    insta::assert_snapshot!(said(source));
    let closed =
        source.replace("type: object,", "type: object, additionalProperties: false,").replace("bronze", "gold");
    insta::assert_snapshot!(said(&closed));
}

#[test]
fn routes_that_hide_each_other_are_refused() {
    let source = "
degrade:
  upstreams: { crm: { url: 'http://crm' } }
  routes:
    first: { path: /lookup, method: GET, upstream: crm }
    second: { path: /lookup, upstream: crm }
    third: { path: /lookup, method: POST, upstream: crm }
";
    insta::assert_snapshot!(said(source));
    insta::assert_snapshot!(said(&source.replace("second", "first")));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let source = "
alerts:
  nobody: {}
  hook: { webhook: { url: 'https://h', secrets: [] } }
  pager: { pagerDuty: { routingKey: { env: NOT_SET } } }
degrade:
  upstreams:
    crm: { url: 'http://crm', probe: { path: health }, breaker: { failures: 0 }, limit: { min: 9, max: 5, start: 1 } }
    idp: { regions: { a: 'http://a' }, region: b }
  routes:
    a: { path: lookup, upstream: cmr, deadline: 61s, check: schema }
    b: { path: '/b/{', method: FETCH, upstream: crm, cache: { key: [ani] } }
    c: { path: /steadyline/x, upstream: crm, deadline: 0s, cache: { key: [] } }
";
    insta::assert_snapshot!(said(source));
}

#[test]
fn text_that_is_no_yaml_is_refused_with_its_place() {
    insta::assert_snapshot!(said("degrade:\n  slots: [1\n"));
    for garbage in ["\u{0}", "- - -", "a: b: c", "%", "&a *a", "{{{{{{", "\t- x"] {
        let problems = load(garbage).expect_err("garbage is no configuration").problems;
        assert!(!problems.is_empty(), "{garbage:?}");
    }
}

#[test]
fn a_platform_needs_one_place_and_a_budget() {
    let one = |place: &str| said(&format!("platform:\n  {place}\n  client: {{ id: c, secret: {{ env: SECRET }} }}\n"));
    insta::assert_snapshot!(one("requestsPerMinute: 60"));
    insta::assert_snapshot!(one("gateway: { url: nowhere }"));
    insta::assert_snapshot!(one("region: eu-central-1\n  requestsPerMinute: 0"));
}

#[test]
fn flows_gates_and_people_that_cannot_work_are_refused() {
    insta::assert_snapshot!(said(
        "
degrade:
  upstreams: { crm: { url: 'http://crm' } }
  routes:
    lookup: { path: /lookup, upstream: crm, fallback: {} }
    bare: { path: /bare, upstream: crm }
budget:
  blindAfter: 90s
  evidence: { variation: 7 }
  gate: { window: 0m }
  flows:
    empty: { objectives: [] }
    main:
      objectives: [crm]
      enrichment: [lokup, lookup, bare]
      needed: [lookup]
    swings:
      objectives: [crm]
      modes: { trim: { below: 80%, until: 80% } }
    upside-down:
      objectives: [crm]
      modes: { trim: { below: 20% }, agentOnly: { below: 50% } }
access:
  people:
    ann: { role: operator, token: { env: SHORT } }
    ben: { role: approver, token: { env: A_LONG_NAME_OF_A_TOKEN } }
    Ben: { role: operator, token: { env: A_LONG_NAME_OF_A_TOKEN } }
"
    ));
}

#[test]
fn a_flow_is_meant_as_it_is_written() {
    let config = load(
        "
degrade:
  upstreams: { crm: { url: 'http://crm' } }
  routes: { lookup: { path: /lookup, upstream: crm, fallback: {} } }
budget:
  objectives: [slos/]
  gate: { window: 3d, floor: 5% }
  flows:
    main:
      objectives: [crm]
      enrichment: [lookup]
      modes: { trim: { below: 60% }, overflow: { below: 0%, until: 25% } }
      dwell: 1h
      whenUnknown: agentOnly
      dataTable: { name: Steadyline }
",
    )
    .unwrap();
    insta::assert_debug_snapshot!(config.budget);
}
