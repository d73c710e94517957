//! A gateway that is reloaded, drained and watched.

use std::time::Duration;

use crate::support::{Act, GOOD, Puppet, Rig, degrade, yaml};

#[tokio::test]
async fn a_reload_keeps_what_did_not_change() {
    let (crm, other) = (Puppet::start(Act::Answer(503, "", "{}")).await, Puppet::start(GOOD).await);
    let rig = Rig::start(&yaml(crm.address, "", "retry: { max: 0 }"));
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=circuit_open");
    rig.gateway.reload(degrade(&yaml(crm.address, "", "retry: { max: 0 }\n      deadline: 2s"))).unwrap();
    assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=circuit_open", "the circuit is still open");
    assert_eq!(rig.gateway.snapshot().routes[0].fallback, 7, "and nothing is counted anew");
    rig.gateway.reload(degrade(&yaml(other.address, "", ""))).unwrap();
    let mut got = rig.get("/lookup").await;
    while got.outcome() != "ok" {
        got = rig.get("/lookup").await;
    }
    assert_eq!(got.json()["accountTier"], "platinum");
}

#[tokio::test]
async fn kept_answers_outlive_a_reload_only_while_they_answer_the_same_question() {
    let crm = Puppet::start(GOOD).await;
    let keeps = "cache: { key: [query.ani], stale: 1h }\n      retry: { max: 0 }";
    let rig = Rig::start(&yaml(crm.address, "", keeps));
    assert_eq!(rig.get("/lookup?ani=1").await.outcome(), "ok");
    crm.act(Act::Close);
    let reload = |more: &str| rig.gateway.reload(degrade(&yaml(crm.address, "", &format!("{keeps}\n      {more}"))));
    reload("deadline: 2s").unwrap();
    assert_eq!(rig.get("/lookup?ani=1").await.outcome(), "cached;reason=reset", "the deadline changes no answer");
    for more in ["target: /other", "schema: { required: [customerName] }"] {
        crm.act(GOOD);
        reload("deadline: 2s").unwrap();
        rig.get_until("/lookup?ani=1", "ok").await;
        crm.act(Act::Close);
        rig.get_until("/lookup?ani=1", "cached").await;
        reload(more).unwrap();
        rig.get_until("/lookup?ani=1", "fallback").await;
    }
}

#[tokio::test]
async fn draining_lets_calls_in_flight_finish() {
    let crm = Puppet::start(Act::Hang).await;
    let rig = Rig::start(&yaml(crm.address, "", "deadline: 700ms"));
    let address = rig.gateway.address();
    let call = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /lookup HTTP/1.1\r\nHost: gw\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    rig.until("the call is in flight", || rig.gateway.snapshot().slots.held == 1).await;
    rig.gateway.drain(Duration::from_secs(10)).await;
    let answer = call.await.unwrap();
    assert!(answer.contains("fallback;reason=timeout"), "{answer}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing new is accepted");
}

#[tokio::test]
async fn a_second_gateway_on_the_same_port_is_refused() {
    let crm = Puppet::start(GOOD).await;
    let config = yaml(crm.address, "", "");
    let rig = Rig::start(&config);
    let options = gateway::Options {
        listen: rig.gateway.address(),
        tls: None,
        workers: Some(1),
        clock: rig.clock.clone(),
        seed: 1,
    };
    let refused = gateway::start(degrade(&config), options).err().unwrap();
    assert!(matches!(refused, gateway::StartError::Listen { .. }), "{refused}");
}

#[tokio::test]
async fn dead_air_and_slots_are_counted() {
    let crm = Puppet::start(Act::Hang).await;
    let rig = Rig::start(&yaml(crm.address, "", "deadline: 300ms\n      retry: { max: 0 }"));
    rig.get("/lookup").await;
    let snapshot = rig.gateway.snapshot();
    let route = &snapshot.routes[0];
    assert!(route.dead_air_seconds_degraded >= 0.3, "{}", route.dead_air_seconds_degraded);
    assert_eq!((snapshot.slots.held, snapshot.slots.peak, snapshot.slots.budget), (0, 1, 50));
    let metrics = rig.gateway.metrics();
    let first = metrics.lines().find(|line| !line.starts_with('#')).unwrap();
    assert!(first.starts_with("steadyline_dead_air_seconds_total"), "{first}");
    assert!(metrics.contains(r#"steadyline_calls_by_reason_total{route="lookup",reason="timeout"} 1"#), "{metrics}");
}

#[tokio::test]
async fn others_can_ask_whether_a_dependency_is_well() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", "retry: { max: 0 }"));
    let flag = rig.get("/steadyline/dependencies/crm").await.json();
    assert_eq!((&flag["available"], &flag["openCircuits"]), (&true.into(), &serde_json::json!([])));
    crm.act(Act::Answer(503, "", "{}"));
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    let flag = rig.get("/steadyline/dependencies/crm").await.json();
    assert_eq!((&flag["available"], &flag["openCircuits"]), (&false.into(), &serde_json::json!(["crm"])));
    let unknown = rig.get("/steadyline/dependencies/crn").await;
    assert_eq!((unknown.status, unknown.json()["hint"].as_str()), (404, Some("known: crm")));
}
