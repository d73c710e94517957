//! Flows that do without: the decision route, and lookups that are not asked.

use api::{FlowModes, FlowView};

use crate::support::{GOOD, Puppet, Rig, yaml};

fn told(modes: &[(&str, &str)], age: i64) -> FlowModes {
    let at = clock::Clock::real().now().wall.checked_sub(jiff::SignedDuration::from_secs(age)).unwrap();
    let flow = |(flow, mode): &(&str, &str)| FlowView {
        flow: (*flow).into(),
        mode: (*mode).into(),
        since: None,
        objectives: vec!["crm".into()],
        error_budget_remaining: Some(38),
        current_budget_health: Some(0.381),
        enrichment: vec!["lookup".into()],
        mode_when_unknown: Some("TRIM".into()),
    };
    FlowModes { at: Some(at), age_max_seconds: 300, flows: modes.iter().map(flow).collect() }
}

#[tokio::test]
async fn a_flow_that_asks_is_told_from_memory() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    assert_eq!(rig.get("/decide/main").await.status, 404);
    rig.gateway.obey(&told(&[("main", "AGENT_ONLY")], 0));
    let got = rig.get("/decide/main").await;
    let mut body = got.json();
    assert!(body["updatedAt"].as_str().is_some_and(|at| at.ends_with('Z')));
    body["updatedAt"] = "".into();
    let expected = serde_json::json!({
        "flow": "main", "mode": "AGENT_ONLY", "skipEnrichment": true, "agentOnly": true, "overflow": false,
        "errorBudgetRemaining": 38, "currentBudgetHealth": 0.381, "dataAvailable": true, "updatedAt": "",
    });
    assert_eq!((got.status, body), (200, expected));
}

#[tokio::test]
async fn what_was_told_too_long_ago_is_no_longer_believed() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    rig.gateway.obey(&told(&[("main", "NORMAL")], 400));
    let body = rig.get("/decide/main").await.json();
    assert_eq!((&body["mode"], &body["dataAvailable"]), (&"TRIM".into(), &false.into()));
}

#[tokio::test]
async fn a_trimmed_lookup_is_answered_without_asking_and_counts_for_nothing() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    assert_eq!(rig.get("/lookup?ani=1").await.outcome(), "ok");
    rig.gateway.obey(&told(&[("main", "TRIM")], 0));
    let got = rig.get("/lookup?ani=1").await;
    assert_eq!((got.status, got.outcome()), (200, "fallback;reason=trimmed"));
    assert_eq!(crm.heads().len(), 1);
    rig.gateway.obey(&told(&[("main", "NORMAL")], 0));
    assert_eq!(rig.get("/lookup?ani=1").await.outcome(), "ok");
    let route = rig.gateway.snapshot().routes[0].clone();
    assert_eq!((route.ok, route.fallback, route.trimmed), (2, 0, 1));
}

#[tokio::test]
async fn flows_that_share_a_route_are_told_apart_by_their_name() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    rig.gateway.obey(&told(&[("main", "TRIM"), ("other", "NORMAL")], 0));
    assert_eq!(rig.get("/lookup").await.outcome(), "ok", "one of them needs it");
    let asked_by = |flow: &str| {
        format!("GET /lookup HTTP/1.1\r\nHost: gw\r\nX-Steadyline-Flow: {flow}\r\nConnection: close\r\n\r\n")
    };
    assert_eq!(rig.send(&asked_by("main")).await.outcome(), "fallback;reason=trimmed");
    assert_eq!(rig.send(&asked_by("other")).await.outcome(), "ok");
    assert_eq!(rig.send(&asked_by("stranger")).await.outcome(), "ok");
    rig.gateway.obey(&told(&[("main", "TRIM"), ("other", "AGENT_ONLY")], 0));
    assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=trimmed");
}
