//! Upstreams that break: every way counts as a failure, and every caller is served.

use std::time::Duration;

use degrade::{Cause, Fault, Phase};

use crate::support::{Act, GOOD, Puppet, Rig, yaml};

const PROBE: &str = "probe: { path: /probe }";

/// How every kind of break looks to the caller.
async fn check_break(act: Act, reason: &str) {
    let crm = Puppet::start(act.clone()).await;
    let rig = Rig::start(&yaml(crm.address, "", "retry: { max: 0 }\n      deadline: 500ms"));
    let got = rig.get("/lookup").await;
    assert_eq!((got.status, got.outcome()), (200, format!("fallback;reason={reason}").as_str()), "{act:?}");
    assert_eq!(got.json()["dataActionFailed"], true);
    assert_eq!(got.json()["degradedReason"], reason);
    let route = &rig.gateway.snapshot().routes[0];
    assert_eq!((route.fallback, route.ok), (1, 0), "{act:?}");
}

#[tokio::test]
async fn errors_and_silence_are_covered() {
    check_break(Act::Answer(503, "", "{}"), "server_error").await;
    check_break(Act::Answer(429, "", "{}"), "throttled").await;
    check_break(Act::Hang, "timeout").await;
    check_break(Act::Close, "reset").await;
}

#[tokio::test]
async fn garbage_is_covered() {
    check_break(Act::Raw("220 smtp.example ESMTP\r\n\r\n"), "garbage").await;
    check_break(Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n{}"), "garbage").await;
    check_break(Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":"), "reset").await;
    check_break(Act::Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"), "garbage").await;
    check_break(Act::Answer(200, "", "<html>We are updating</html>"), "garbage").await;
    check_break(Act::Endless, "garbage").await;
}

#[tokio::test]
async fn an_answer_that_breaks_the_contract_is_garbage_where_it_is_checked() {
    let crm = Puppet::start(Act::Answer(200, "", r#"{"customerName":7}"#)).await;
    let more = "check: schema\n      schema: { type: object, properties: { customerName: { type: string } } }";
    let rig = Rig::start(&yaml(crm.address, "", more));
    assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=garbage");
}

#[tokio::test]
async fn nobody_there_opens_it_after_two_connections_and_a_probe_closes_it_without_callers() {
    let crm = Puppet::start(GOOD).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = dead.local_addr().unwrap();
    drop(dead);
    let mut rig = Rig::start(&yaml(address, PROBE, "retry: { max: 0 }"));
    let opened = loop {
        rig.get("/lookup").await;
        if let Ok(record) = rig.records.try_recv() {
            break record;
        }
    };
    assert_eq!(opened.to, Phase::Open);
    assert!(matches!(opened.cause, Cause::ConsecutiveFailures { last: Fault::Refused, .. }), "{}", opened.cause);
    assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=circuit_open");
    let before = rig.gateway.snapshot().routes[0].fallback;
    // From here on nobody calls: the probe alone finds the upstream back.
    let listener = std::net::TcpListener::bind(address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let back = tokio::net::TcpListener::from_std(listener).unwrap();
    let target = crm.address;
    tokio::spawn(async move {
        while let Ok((mut here, _)) = back.accept().await {
            let mut there = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut here, &mut there).await });
        }
    });
    assert_eq!(rig.record().await.to, Phase::HalfOpen);
    let closed = rig.record().await;
    assert_eq!((closed.to, closed.cause), (Phase::Closed, Cause::Recovered { probes: 2 }));
    assert_eq!(rig.gateway.snapshot().routes[0].fallback, before);
}

#[tokio::test]
async fn a_hang_releases_every_waiting_caller_at_once() {
    let crm = Puppet::start(GOOD).await;
    let mut rig = Rig::start(&yaml(crm.address, PROBE, "deadline: 10s"));
    for _ in 0..30 {
        assert_eq!(rig.get("/lookup").await.outcome(), "ok");
    }
    // The real operation hangs, and so does the probe, which is the real operation too.
    crm.act(Act::Hang);
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let address = rig.gateway.address();
            tokio::spawn(async move { one_get(address).await })
        })
        .collect();
    let opened = rig.record().await;
    assert!(matches!(opened.cause, Cause::Stalled { waiting: 3..=6, .. }), "{}", opened.cause);
    for caller in callers {
        let got = caller.await.unwrap();
        assert!(got.contains("fallback;reason=stalled") || got.contains("circuit_open"), "{got}");
    }
    assert_eq!(rig.gateway.snapshot().slots.held, 0);
    crm.act(GOOD);
    assert_eq!(rig.record().await.to, Phase::HalfOpen);
    assert_eq!(rig.record().await.to, Phase::Closed);
}

async fn one_get(address: std::net::SocketAddr) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /lookup HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn one_silent_caller_is_released_once_probes_are_silent_too() {
    let crm = Puppet::start(GOOD).await;
    let mut rig = Rig::start(&yaml(crm.address, PROBE, "deadline: 10s"));
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    crm.act(Act::Hang);
    let got = rig.get("/lookup").await;
    // "stalled" and not "timeout": the caller did not have to wait for the deadline.
    assert_eq!(got.outcome(), "fallback;reason=stalled");
    assert!(matches!(rig.record().await.cause, Cause::StallConfirmed { .. }));
}

#[tokio::test]
async fn one_slow_query_is_awaited_while_probes_answer() {
    let crm = Puppet::start(GOOD).await;
    let mut rig = Rig::start(&yaml(crm.address, PROBE, "deadline: 1s"));
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    crm.act_at("/lookup", Act::Hang);
    let got = rig.get("/lookup").await;
    assert_eq!(got.outcome(), "fallback;reason=timeout");
    assert!(got.after >= Duration::from_secs(1));
    assert!(rig.records.try_recv().is_err(), "a single slow query is no outage");
}

#[tokio::test]
async fn a_failed_get_is_tried_again_and_a_post_is_not() {
    let crm = Puppet::start(Act::Answer(503, "", "{}")).await;
    let yaml = format!(
        r#"
degrade:
  upstreams:
    crm: {{ url: "http://{}", breaker: {{ failures: 99 }} }}
  routes:
    lookup: {{ path: /crm, upstream: crm, method: GET, retry: {{ max: 1, budget: 100%, floorPerSecond: 1000 }} }}
    create: {{ path: /crm, upstream: crm, method: POST, retry: {{ max: 1, budget: 100%, floorPerSecond: 1000 }} }}
"#,
        crm.address
    );
    let rig = Rig::start(&yaml);
    // The budget starts empty and is filled by the floor alone: half a retry per worker and millisecond.
    rig.until("the budget holds a retry", || rig.clock.mono().as_millis() >= 10).await;
    rig.get("/crm").await;
    assert_eq!(crm.heads().len(), 2);
    rig.send("POST /crm HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").await;
    assert_eq!(crm.heads().len(), 3);
}

#[tokio::test]
async fn a_wish_to_be_left_alone_stops_retries_and_probes() {
    let crm = Puppet::start(Act::Answer(503, "Retry-After: 60\r\n", "{}")).await;
    let rig = Rig::start(&yaml(crm.address, PROBE, "retry: { max: 1, budget: 100%, floorPerSecond: 1000 }"));
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    rig.until("the circuit opens", || rig.gateway.snapshot().upstreams[0].circuits[0].opened_total == 1).await;
    let asked = crm.heads().len();
    assert!(asked <= 5, "{asked}");
    for _ in 0..20 {
        assert_eq!(rig.get("/lookup").await.outcome(), "fallback;reason=circuit_open");
    }
    assert_eq!(crm.heads().len(), asked);
}
