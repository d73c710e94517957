//! Reviews: what pipelines hand in, and what is shown of it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::house::reviewed::{Wrong, evidence, month};
use crate::house::{House, PEOPLE};

fn post(who: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/api/v1/reviews").header("content-type", "application/json");
    if let Some(who) = who {
        let token = PEOPLE.iter().find(|(name, ..)| *name == who).map_or("nobody-knows-this", |(.., token)| token);
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(body.into()).unwrap()
}

async fn sent(house: &House, request: Request<Body>) -> (StatusCode, Value) {
    let (status, body) = house.send(request).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn json(house: &House, path: &str) -> (StatusCode, Value) {
    sent(house, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn house() -> House {
    let house = House::watching().await;
    house.seconds(1).await;
    house
}

fn now(house: &House, wrong: Wrong) -> String {
    evidence("Order status", "sandbox", wrong, house.clock.now().wall).to_json()
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_in_is_judged_here_whatever_it_claims() {
    let house = house().await;
    let claimed = now(&house, Wrong::Much).replacen('{', r#"{ "verdict": "pass", "#, 1);
    let (status, kept) = sent(&house, post(Some("pipeline"), claimed)).await;
    assert_eq!((status, &kept["verdict"], &kept["by"]), (StatusCode::OK, &json!("blocked"), &json!("pipeline")));
    house.seconds(1).await;
    let (_, incidents) = json(&house, "/api/v1/incidents").await;
    let title = incidents["incidents"][0]["title"].as_str().unwrap();
    assert_eq!(
        title,
        "Review: Order status must not go ahead at sandbox: flow-lock and latency keep it back; its owner is architects; \
         /reviews/r-1 says more"
    );
    let later = evidence("Order status", "sandbox", Wrong::Nothing, house.clock.now().wall).to_json();
    sent(&house, post(Some("pipeline"), later)).await;
    house.seconds(1).await;
    let (_, incidents) = json(&house, "/api/v1/incidents").await;
    assert_eq!(incidents["incidents"][0]["state"], "resolved");
}

#[tokio::test(start_paused = true)]
async fn a_review_is_told_with_what_it_was_found_by() {
    let house = house().await;
    sent(&house, post(Some("ann"), now(&house, Wrong::Much))).await;
    let (status, one) = json(&house, "/api/v1/reviews/r-1").await;
    assert_eq!((status, &one["isReproduced"], &one["evidence"]), (StatusCode::OK, &json!(true), &json!("kept")));
    let latency = one["checks"].as_array().unwrap().iter().find(|check| check["id"] == "latency").unwrap();
    assert_eq!((&latency["verdict"], &latency["findings"][0]["weight"]), (&json!("blocked"), &json!("blocks")));
    assert!(!latency["exhibits"].as_array().unwrap().is_empty(), "{latency:#}");
    let (status, text) = house.get("/api/v1/reviews/r-1/evidence").await;
    assert_eq!(status, StatusCode::OK);
    let again = engine::review::Evidence::read(&text).unwrap().judge().unwrap();
    assert_eq!(again.verdict().word(), "blocked");
    for path in ["/api/v1/reviews/r-2", "/api/v1/reviews/r-2/evidence", "/api/v1/reviews/x"] {
        assert_eq!(json(&house, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_has_the_trend_and_the_next_night() {
    let house = house().await;
    month(&house, Wrong::Much).await;
    let (status, list) = json(&house, "/api/v1/reviews").await;
    assert_eq!((status, &list["isLeader"]), (StatusCode::OK, &json!(true)));
    let plans = list["plans"].as_array().unwrap();
    let verdicts: Vec<_> = plans.iter().map(|plan| (&plan["plan"], &plan["verdict"])).collect();
    assert_eq!(
        verdicts,
        [(&json!("Order status"), &json!("blocked")), (&json!("Billing in two languages"), &json!("unknown"))]
    );
    assert_eq!((&plans[0]["kept"], plans[0]["reviews"].as_array().unwrap().len()), (&json!(34), 30));
    let schedule = json!({"at": "02:30", "zone": "Europe/Berlin", "next": "2026-11-22T01:30:00Z"});
    assert_eq!((&plans[0]["schedule"], &plans[1]["schedule"]), (&schedule, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn only_those_who_may_hand_reviews_in() {
    for (who, expected) in [
        (Some("pipeline"), 200),
        (Some("ann"), 200),
        (Some("ben"), 200),
        (Some("vic"), 403),
        (Some("a stranger"), 401),
        (None, 401),
    ] {
        let house = house().await;
        let (status, body) = sent(&house, post(who, now(&house, Wrong::Nothing))).await;
        assert_eq!(status.as_u16(), expected, "{who:?}: {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_status_and_says_what_to_do() {
    let house = house().await;
    sent(&house, post(Some("ann"), now(&house, Wrong::Nothing))).await;
    let old = evidence("Order status", "sandbox", Wrong::Nothing, house.clock.now().wall - 1.hours()).to_json();
    let large = vec![b' '; engine::review::nightly::SUBMITTED_BYTES_MAX + 1];
    let bodies: [(Body, u16, &str); 5] = [
        ("{}".into(), 400, "body"),
        (vec![0xff, 0xfe].into(), 400, "body"),
        (r#"{"version": 99}"#.into(), 400, "body"),
        (old.into(), 422, "review"),
        (large.into(), 413, "too-large"),
    ];
    for (body, expected, kind) in bodies {
        let (status, problem) = sent(&house, post(Some("ann"), body)).await;
        assert_eq!((status.as_u16(), &problem["type"]), (expected, &json!(format!("urn:steadyline:problem:{kind}"))));
        assert!(problem["hint"].is_string() && problem["detail"].is_string(), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_may_be_larger_than_what_other_paths_take() {
    let house = house().await;
    let mut large = evidence("Order status", "sandbox", Wrong::Nothing, house.clock.now().wall);
    if let Ok(flows) = &mut large.facts.flows {
        flows[0].text = Ok("# a long flow\n".repeat(40_000));
    }
    let (status, kept) = sent(&house, post(Some("pipeline"), large.to_json())).await;
    assert_eq!((status, &kept["evidence"]), (StatusCode::OK, &json!("kept")), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn verdicts_are_measured() {
    let house = house().await;
    let (_, metrics) = house.get("/metrics").await;
    assert!(!metrics.contains("steadyline_review_verdict{"), "nothing was reviewed yet");
    sent(&house, post(Some("pipeline"), now(&house, Wrong::Away))).await;
    house.seconds(90).await;
    let (_, metrics) = house.get("/metrics").await;
    for line in [
        "steadyline_review_verdict{plan=\"Order status\",target=\"sandbox\",verdict=\"unknown\"} 1",
        "steadyline_review_verdict{plan=\"Order status\",target=\"sandbox\",verdict=\"pass\"} 0",
        "steadyline_review_age_seconds{plan=\"Order status\",target=\"sandbox\"} 90",
        "steadyline_review_overdue_seconds{plan=\"Order status\",target=\"sandbox\"} 0",
        "steadyline_review_leader 1",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} in {metrics}");
    }
}

/// A page without what is on every page.
async fn content(house: &House, path: &str) -> (StatusCode, String) {
    let (status, page) = house.get(path).await;
    let main = page.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap();
    (status, main.to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_page_says_how_to_begin() {
    let house = House::new().await;
    let (status, page) = content(&house, "/reviews").await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_snapshot!("no_reviews", page);
}

#[tokio::test(start_paused = true)]
async fn the_page_of_launches() {
    let house = house().await;
    month(&house, Wrong::Much).await;
    let (status, page) = content(&house, "/reviews").await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_snapshot!("reviews", page);
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_review() {
    let house = house().await;
    month(&house, Wrong::Much).await;
    let (status, page) = content(&house, "/reviews/r-34").await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_snapshot!("review", page);
    let (status, page) = content(&house, "/reviews/r-99").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("no such review") && page.contains("Order status"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn names_from_elsewhere_are_text() {
    let house = house().await;
    let named = evidence("\"<script>alert(1)</script>\"", "sandbox", Wrong::Much, house.clock.now().wall);
    sent(&house, post(Some("pipeline"), named.to_json())).await;
    // Its incident is opened by another task, which has its turn by then.
    house.seconds(1).await;
    for path in ["/reviews", "/reviews/r-1", "/incidents"] {
        let (status, page) = content(&house, path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("alert(1)") && !page.contains("<script>alert"), "{page}");
        assert!(!page.contains("style=") && !page.contains("<script"), "{path}");
    }
}
