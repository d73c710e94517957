//! What machines get: API, health, metrics, headers.

use crate::house::{House, gateway};
use ::api::{CircuitPhase, Problem};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use degrade::Phase;
use serde_json::{Value, json};
use store::Fault;

async fn json(house: &House, path: &str) -> Value {
    let (status, body) = house.get(path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path).body(Body::from(body.to_owned())).unwrap()
}

async fn problem(house: &House, request: Request<Body>) -> Problem {
    let response = house.answer(request).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_is_the_whole_picture() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    house.reports(gateway(3, CircuitPhase::Open, 0));
    let snapshot = json(&house, "/api/v1/snapshot").await;
    assert_eq!(snapshot["at"], "2026-11-21T08:00:01Z");
    assert_eq!(snapshot["gateway"]["upstreams"][1]["circuits"][0]["phase"], "open");
    assert_eq!(snapshot["incidents"][0]["key"], "circuit/crm");
    assert_eq!(snapshot["incidents"][0]["letters"][0]["state"], "delivered");
    assert_eq!(snapshot["store"]["working"], true);
    assert_eq!(snapshot["receivers"][0]["delivered"], 1);
}

#[tokio::test(start_paused = true)]
async fn circuits_come_with_their_upstream_and_unknown_is_absent() {
    let house = House::new().await;
    assert_eq!(json(&house, "/api/v1/circuits").await, json!({ "at": null, "circuits": [] }));
    house.reports(gateway(3, CircuitPhase::HalfOpen, 0));
    let circuits = json(&house, "/api/v1/circuits").await;
    assert_eq!(circuits["circuits"][1]["upstream"], "crm");
    assert_eq!(circuits["circuits"][1]["phase"], "half_open");
    assert_eq!(circuits["circuits"][0]["since"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_taken_once_and_over_the_api() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let id = json(&house, "/api/v1/incidents").await["incidents"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/incidents/{id}/ack");
    let (status, body) = house.send(post(&path, r#"{"who":" Ada "}"#)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["acknowledgedBy"], "Ada");

    house.change("crm", Phase::HalfOpen, Phase::Closed);
    house.seconds(1).await;
    assert_eq!(problem(&house, post(&path, r#"{"who":"Ada"}"#)).await.status, 409);
    assert_eq!(problem(&house, post("/api/v1/incidents/none/ack", r#"{"who":"Ada"}"#)).await.status, 404);
    let long = format!(r#"{{"who":"{}"}}"#, "a".repeat(81));
    for bad in ["", "{}", r#"{"who":""}"#, r#"{"who":"a\nb"}"#, r#"{"who":"Ada","x":1}"#, &long] {
        assert_eq!(problem(&house, post(&path, bad)).await.status, 400, "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_takes_an_incident_with_the_form() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let id = json(&house, "/api/v1/incidents").await["incidents"][0]["id"].as_str().unwrap().to_owned();
    let request = |origin: &str| {
        Request::post(format!("/incidents/{id}/ack"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", "localhost:7700")
            .header("origin", origin)
            .body(Body::from("who=Ada+Lovelace"))
            .unwrap()
    };
    assert_eq!(problem(&house, request("https://evil.example")).await.status, 403);
    let response = house.answer(request("http://localhost:7700")).await;
    assert_eq!(
        (response.status(), &response.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/incidents".parse().unwrap())
    );
    let (_, html) = house.get("/incidents").await;
    assert!(html.contains("taken by Ada Lovelace"));
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_while_engine_and_store_work() {
    let house = House::new().await;
    assert_eq!(house.get("/healthz").await, (StatusCode::OK, "ok\n".into()));
    assert_eq!(json(&house, "/readyz").await, json!({ "ready": true, "reasons": [] }));

    house.store.fail_writes(u32::MAX, Fault::Full);
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let (status, body) = house.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("the disk is full"), "{body}");
    house.store.heal();
    house.seconds(30).await;
    assert_eq!(house.get("/readyz").await.0, StatusCode::OK);

    house.reviews.abort();
    house.seconds(1).await;
    let (status, body) = house.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("no longer going on: reviews of the night. The log says why"), "{body}");

    house.engine.kill();
    house.seconds(1).await;
    let (status, body) = house.get("/readyz").await;
    assert_eq!((status, body.contains("the engine has stopped")), (StatusCode::SERVICE_UNAVAILABLE, true));
    assert_eq!(house.get("/healthz").await.0, StatusCode::OK, "alive, and not ready");
}

#[tokio::test(start_paused = true)]
async fn one_scrape_has_the_controllers_and_the_gateways_numbers() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let (_, text) = house.get("/metrics").await;
    assert!(text.contains("steadyline_incidents_live 1\n"), "{text}");
    assert!(text.contains("steadyline_letters_delivered_total{receiver=\"pagerduty\"} 1\n"), "{text}");
    assert!(text.contains("gateway_calls_total 7\n"), "{text}");
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test(start_paused = true)]
async fn every_answer_carries_the_headers_that_protect_it() {
    let house = House::new().await;
    for path in ["/", "/incidents", "/nowhere", "/api/v1/snapshot", "/events"] {
        let response = house.answer(Request::get(path).body(Body::empty()).unwrap()).await;
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}");
        }
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
}

#[tokio::test(start_paused = true)]
async fn assets_are_found_under_their_hash_and_kept_for_ever() {
    let house = House::new().await;
    let (_, html) = house.get("/").await;
    let paths: Vec<_> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(paths.len(), 3);
    for path in paths {
        let response = house.answer(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    }
    let gone = Request::get("/assets/console-0.css").body(Body::empty()).unwrap();
    assert_eq!(problem(&house, gone).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_not_read() {
    let house = House::new().await;
    let (status, _) = house.send(post("/api/v1/incidents/x/ack", &"x".repeat(20_000))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn the_document_describes_problems_and_incidents() {
    let house = House::new().await;
    let document = json(&house, "/openapi.json").await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in ["Problem", "IncidentView", "GatewaySnapshot", "Readiness", "CircuitEntry"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_nobody_is_watched_the_guide_api_says_so_and_its_gate_stays_closed() {
    let house = House::new().await;
    let response = house.answer(Request::get("/api/v2/architect/flows/f/versions").body(Body::empty()).unwrap()).await;
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "30"));
    let (status, body) = house.get("/api/v2/observability/slos/crm/burnRate?startTime=now-30d&endTime=now").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status.as_u16(), &body["dataAvailable"]), (404, &Value::Bool(false)));
    assert!(body["burnRate"].as_u64().unwrap() > 1_000);
    assert!(body["contextId"].is_null() && body["details"].is_array() && body["code"] == "not.found");
}
