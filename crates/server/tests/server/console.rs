//! The console in three states, as HTML, and live.

use crate::house::{House, gateway};
use ::api::CircuitPhase;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use degrade::Phase;
use http_body_util::BodyExt;

fn page(html: &str) -> String {
    // Hashes in the names of assets change with every edit of theirs.
    let mut text = String::new();
    for line in html.lines().filter(|line| !line.trim().is_empty()) {
        let is_asset = line.contains("/assets/");
        text.push_str(if is_asset { "[asset]" } else { line });
        text.push('\n');
    }
    spaced(&text)
}

/// With ordinary spaces between numbers and units.
fn spaced(html: &str) -> String {
    html.replace('\u{a0}', " ")
}

#[tokio::test(start_paused = true)]
async fn the_page_when_all_is_well() {
    let house = House::new().await;
    house.lives(|second| gateway(second, CircuitPhase::Closed, 0)).await;
    let (status, html) = house.get("/").await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_snapshot!(page(&html));
}

#[tokio::test(start_paused = true)]
async fn the_page_in_an_outage() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.lives(|second| gateway(second, CircuitPhase::Open, second)).await;
    let (_, html) = house.get("/").await;
    insta::assert_snapshot!(page(&html));
}

#[tokio::test(start_paused = true)]
async fn the_page_when_nothing_is_known() {
    let house = House::new().await;
    let (_, html) = house.get("/").await;
    insta::assert_snapshot!(page(&html));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_falls_silent_takes_its_numbers_along() {
    let house = House::new().await;
    house.lives(|second| gateway(second, CircuitPhase::Closed, 0)).await;
    house.seconds(42).await;
    let (_, html) = house.get("/").await;
    let html = spaced(&html);
    assert!(html.contains("The gateway has been silent for 42 s"), "{html}");
    assert!(html.contains("unknown; closed 42 s ago"));
    assert!(!html.contains("184 ms"), "an old measurement is not shown as a present one");
}

#[tokio::test(start_paused = true)]
async fn the_incidents_page_tells_the_story() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.seconds(30).await;
    house.change("crm", Phase::HalfOpen, Phase::Closed);
    house.change("identity", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let (_, html) = house.get("/incidents").await;
    assert!(html.contains("Circuit identity is open"));
    assert!(html.contains("lasted 30 s"));
    assert!(html.contains("trigger to pagerduty: arrived"));
    assert_eq!(html.matches("Take it").count(), 1, "what is over cannot be taken");
}

#[tokio::test(start_paused = true)]
async fn what_others_wrote_is_escaped() {
    let house = House::new().await;
    house.change("<script>alert(1)</script>", Phase::Closed, Phase::Open);
    house.seconds(1).await;
    let (_, html) = house.get("/").await;
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("Acme &#60;Support&#62;"));
}

#[tokio::test(start_paused = true)]
async fn nothing_inline_is_needed() {
    let house = House::new().await;
    house.change("crm", Phase::Closed, Phase::Open);
    house.lives(|second| gateway(second, CircuitPhase::Open, second)).await;
    let (_, html) = house.get("/").await;
    for forbidden in [" style=", "<style", "onclick=", "onload=", "javascript:", "http-equiv"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert_eq!(html.matches("<script").count(), 1);
}

/// The next event of a stream, as text.
async fn next_event(body: &mut Body) -> serde_json::Value {
    let mut text = String::new();
    while !text.contains("\n\n") {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
    serde_json::from_str(data).unwrap()
}

fn ids(update: &serde_json::Value) -> Vec<&str> {
    update["fragments"].as_array().unwrap().iter().map(|fragment| fragment["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_everything_first_and_then_what_changed() {
    let house = House::new().await;
    house.reports(gateway(1, CircuitPhase::Closed, 0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listener, house.app.clone(), async {
        stopped.await.ok();
    }));
    let response = house.answer(Request::get("/events").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let first = next_event(&mut body).await;
    assert_eq!(ids(&first).len(), 15);
    let (_, html) = house.get("/").await;
    let circuits = first["fragments"].as_array().unwrap().iter().find(|fragment| fragment["id"] == "circuits").unwrap();
    assert!(html.contains(circuits["html"].as_str().unwrap()), "the same HTML as the page");

    house.change("crm", Phase::Closed, Phase::Open);
    loop {
        let update = next_event(&mut body).await;
        assert!(update["revision"].as_u64() > first["revision"].as_u64());
        if ids(&update).contains(&"incidents") {
            assert!(!ids(&update).contains(&"circuits"), "the gateway has not said anything new");
            break;
        }
    }
    stop.send(()).unwrap();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
    serving.await.unwrap().unwrap();
}
