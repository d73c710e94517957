//! What passes, what stays, what is kept.

use std::time::Duration;

use crate::support::{Act, GOOD, Puppet, Rig, header, yaml};

#[tokio::test]
async fn a_live_answer_passes_and_says_so() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    let got = rig.get("/lookup?ani=1").await;
    assert_eq!((got.status, got.outcome()), (200, "ok"));
    assert_eq!(got.json()["accountTier"], "platinum");
}

#[tokio::test]
async fn trace_context_passes_and_connection_headers_stay() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = format!(
        "GET /lookup HTTP/1.1\r\nHost: gw\r\ntraceparent: {trace}\r\ntracestate: a=1\r\nTE: trailers\r\n\
         Keep-Alive: timeout=9\r\nX-Private: 1\r\nConnection: close, X-Private\r\ntimeout: 2s\r\n\r\n"
    );
    assert_eq!(rig.send(&request).await.outcome(), "ok");
    let head = &crm.heads()[0];
    assert_eq!(header(head, "traceparent"), Some(trace));
    assert_eq!(header(head, "tracestate"), Some("a=1"));
    assert_eq!(header(head, "host"), Some(crm.address.to_string().as_str()));
    for stays in ["te", "keep-alive", "x-private", "connection"] {
        assert_eq!(header(head, stays), None, "{stays}");
    }
    let left = header(head, "timeout").and_then(|left| left.strip_suffix("ms")).and_then(|left| left.parse().ok());
    assert!(left.is_some_and(|left: u64| (1..=2_000).contains(&left)), "the upstream learns what time is left");
}

#[tokio::test]
async fn the_callers_own_patience_is_kept() {
    let crm = Puppet::start(Act::Hang).await;
    let rig = Rig::start(&yaml(crm.address, "", "deadline: 10s"));
    let got = rig.send("GET /lookup HTTP/1.1\r\nHost: gw\r\ntimeout: 150ms\r\nConnection: close\r\n\r\n").await;
    assert_eq!(got.outcome(), "fallback;reason=timeout");
    assert!(got.after < Duration::from_secs(10), "the route's own deadline was waited for: {:?}", got.after);
}

#[tokio::test]
async fn a_kept_answer_lets_a_vip_stay_a_vip() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", "cache: { key: [query.ani], stale: 1h }"));
    assert_eq!(rig.get("/lookup?ani=1").await.outcome(), "ok");
    crm.act(Act::Answer(503, "", "{}"));
    let vip = rig.get("/lookup?ani=1").await;
    assert_eq!((vip.status, vip.outcome()), (200, "cached;reason=server_error"));
    let body = vip.json();
    assert_eq!((&body["accountTier"], &body["dataActionFailed"]), (&"platinum".into(), &true.into()));
    assert_eq!(body["degradedReason"], "server_error");
    assert!(body["ageOfData"].is_u64() && header(&vip.head, "age").is_some());
    let stranger = rig.get("/lookup?ani=2").await;
    assert_eq!(
        (stranger.outcome(), stranger.json()["accountTier"].as_str()),
        ("fallback;reason=server_error", Some("standard"))
    );
}

#[tokio::test]
async fn a_fresh_answer_is_served_without_asking() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", "cache: { key: [query.ani], fresh: 1h }"));
    rig.get("/lookup?ani=1").await;
    let again = rig.get("/lookup?ani=1").await;
    assert_eq!((again.outcome(), crm.heads().len()), ("cached;reason=fresh", 1));
    assert_eq!(again.json()["dataActionFailed"], serde_json::Value::Null, "a fresh answer is no failure");
}

#[tokio::test]
async fn an_answer_that_is_a_refusal_of_the_caller_passes() {
    let crm = Puppet::start(Act::Answer(404, "", r#"{"error":"no such customer"}"#)).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    let got = rig.get("/lookup").await;
    assert_eq!((got.status, got.outcome()), (404, "ok"));
}

#[tokio::test]
async fn a_route_without_anything_to_fall_back_on_streams_and_passes_errors_on() {
    let crm = Puppet::start(Act::Answer(200, "X-Kind: report\r\n", "a,b\n1,2\n")).await;
    let yaml = format!(
        "degrade: {{ upstreams: {{ crm: {{ url: 'http://{}' }} }}, routes: {{ all: {{ path: '/{{*rest}}', upstream: crm, check: none }} }} }}",
        crm.address
    );
    let rig = Rig::start(&yaml);
    let got = rig.get("/report").await;
    assert_eq!((got.status, got.outcome(), got.body.as_str()), (200, "ok", "a,b\n1,2\n"));
    assert_eq!(header(&got.head, "x-kind"), Some("report"));
    crm.act(Act::Answer(503, "Retry-After: 7\r\n", "sorry"));
    let got = rig.get("/report").await;
    assert_eq!((got.status, got.outcome(), got.body.as_str()), (503, "error;reason=server_error", "sorry"));
}

#[tokio::test]
async fn a_head_request_is_answered_without_a_body() {
    let crm =
        Puppet::start(Act::Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n")).await;
    let rig = Rig::start(&yaml(crm.address, "", "").replace("method: GET", "method: HEAD"));
    let got = rig.send("HEAD /lookup HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n").await;
    assert_eq!((got.status, got.outcome()), (200, "ok"));
    assert_eq!(header(&got.head, "content-length"), Some("5"));
}

#[tokio::test]
async fn a_target_takes_names_out_of_the_path() {
    let crm = Puppet::start(GOOD).await;
    let yaml = format!(
        "degrade: {{ upstreams: {{ crm: {{ url: 'http://{}/api/' }} }}, routes: {{ one: {{ path: '/customers/{{id}}', target: '/v2/c/{{id}}?full=1', method: GET, upstream: crm }} }} }}",
        crm.address
    );
    let rig = Rig::start(&yaml);
    assert_eq!(rig.get("/customers/42?lang=en").await.status, 200);
    assert!(crm.heads()[0].starts_with("GET /api/v2/c/42?full=1&lang=en HTTP/1.1"), "{}", crm.heads()[0]);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_with_a_hint() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    let nowhere = rig.get("/nowhere").await;
    assert_eq!((nowhere.status, nowhere.json()["hint"].is_string()), (404, true));
    let post = rig.send("POST /lookup HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert_eq!(post.status, 405);
    assert!(crm.heads().is_empty());
}

#[tokio::test]
async fn enrichment_is_shed_before_routing() {
    let crm = Puppet::start(Act::Hang).await;
    let yaml = format!(
        r#"
degrade:
  upstreams:
    crm: {{ url: "http://{}", slots: 5 }}
  routes:
    route: {{ path: /route, method: GET, upstream: crm, deadline: 8s, fallback: {{ a: 1 }} }}
    enrich: {{ path: /enrich, method: GET, upstream: crm, priority: enrichment, fallback: {{ a: 2 }} }}
"#,
        crm.address
    );
    let rig = Rig::start(&yaml);
    let waiting = futures_for(4, || rig.get("/route"));
    let check = async {
        rig.until("four slots are held", || rig.gateway.snapshot().slots.held == 4).await;
        assert_eq!(rig.get("/enrich").await.outcome(), "shed;reason=limit");
        crm.act(GOOD);
        assert_eq!(rig.get("/route").await.outcome(), "ok", "the fifth place is for routing");
    };
    tokio::select! {
        () = check => {}
        _ = waiting => panic!("the waiting callers were answered early"),
    }
}

async fn futures_for<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    let mut all: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        all.retain_mut(|future| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
