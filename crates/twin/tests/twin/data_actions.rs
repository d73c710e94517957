//! Data Actions really ask, and really stop asking.

use std::time::Duration;

use clock::Clock;
use serde_json::json;
use twin::{Fault, FaultKind, FaultTarget, Mode};

use crate::setup::{Client, twin_and_crm};

const ANI: &str = "+13175550019";

#[tokio::test]
async fn an_execution_asks_the_configured_address() {
    let (twin, crm, action) = twin_and_crm(Clock::real()).await;
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    let client = Client::of(&twin).await;
    let path = format!("/api/v2/integrations/actions/{action}");
    let (status, outputs) = client.post(&format!("{path}/execute"), &json!({"ani": ANI})).await;
    assert_eq!(
        (status, &outputs["accountTier"], &outputs["dataActionFailed"]),
        (200, &json!("platinum"), &json!(false))
    );
    let (status, test) = client.post(&format!("{path}/test"), &json!({"ani": ANI})).await;
    assert_eq!((status, &test["success"], &test["finalResult"]), (200, &json!(true), &outputs));
    assert_eq!(crm.requests().lookups, 2);
    twin.shutdown().await;
}

#[tokio::test]
async fn silence_becomes_a_timeout_after_the_actions_limit() {
    let clock = Clock::scaled(20);
    let (twin, crm, action) = twin_and_crm(clock.clone()).await;
    crm.set_mode(Mode::Hang);
    let client = Client::of(&twin).await;
    let began = clock.mono();
    let path = format!("/api/v2/integrations/actions/{action}");
    let (status, error) = client.post(&format!("{path}/execute"), &json!({"ani": ANI})).await;
    assert_eq!((status, &error["code"]), (504, &json!("request.timeout")));
    assert!(clock.mono().since(began) >= Duration::from_secs(3));
    let (status, test) = client.post(&format!("{path}/test"), &json!({"ani": ANI})).await;
    assert_eq!((status, &test["success"], &test["error"]["status"]), (200, &json!(false), &json!(504)));
}

#[tokio::test]
async fn every_broken_answer_is_a_failure_not_a_timeout() {
    let (twin, crm, action) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let path = format!("/api/v2/integrations/actions/{action}/execute");
    for (mode, expected) in [
        (Mode::Unavailable(None), 503),
        (Mode::Garbage, 502),
        (Mode::Reset, 502),
        (Mode::WrongLength, 502),
        (Mode::Endless, 502),
    ] {
        crm.set_mode(mode);
        let (status, error) = client.post(&path, &json!({"ani": ANI})).await;
        assert_eq!((status, &error["code"]), (expected, &json!("bad.gateway")), "{mode:?}");
    }
    crm.shutdown().await;
    assert_eq!(client.post(&path, &json!({"ani": ANI})).await.0, 502);
    assert_eq!(client.post(&path, &json!({})).await.0, 400);
}

#[tokio::test]
async fn the_fifty_first_execution_fails_at_once_and_the_slots_come_back() {
    let (twin, crm, action) = twin_and_crm(Clock::real()).await;
    crm.set_mode(Mode::Hang);
    let client = std::sync::Arc::new(Client::of(&twin).await);
    let path = format!("/api/v2/integrations/actions/{action}/execute");
    let mut held = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, path) = (std::sync::Arc::clone(&client), path.clone());
        held.spawn(async move { client.post(&path, &json!({"ani": ANI})).await.0 });
    }
    while crm.requests().lookups < 50 {
        tokio::task::yield_now().await;
    }
    let (status, error) = client.post(&path, &json!({"ani": ANI})).await;
    assert_eq!((status, &error["code"]), (429, &json!("too.many.requests")));
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    while let Some(status) = held.join_next().await {
        assert!([502, 504].contains(&status.unwrap()));
    }
    assert_eq!(client.post(&path, &json!({"ani": ANI})).await.0, 200);
}

#[tokio::test]
async fn a_fault_breaks_actions_before_they_ask() {
    let (twin, crm, action) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let ttl = Duration::from_secs(600);
    assert!(twin.inject(Fault { target: FaultTarget::DataActions, kind: FaultKind::Failure(500), ttl }));
    let path = format!("/api/v2/integrations/actions/{action}/execute");
    assert_eq!(client.post(&path, &json!({"ani": ANI})).await.0, 500);
    assert_eq!(crm.requests().lookups, 0);
    let (_, faults) = client.get("/twin/faults").await;
    assert_eq!((&faults[0]["target"], &faults[0]["status"]), (&json!("dataActions"), &json!(500)));
}
