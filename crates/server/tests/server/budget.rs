//! Budgets over HTTP: what is answered, what is not known, and who may do what.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PEOPLE};

async fn json(house: &House, path: &str) -> (StatusCode, Value) {
    let (status, body) = house.get(path).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn post(path: &str, who: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(who) = who {
        request = request.header("authorization", format!("Bearer {}", token(who)));
    }
    request.body(Body::from(body.to_string())).unwrap()
}

fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Request::post(path).header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
}

fn token(who: &str) -> &'static str {
    PEOPLE.iter().find(|(name, ..)| *name == who).map_or("nobody-knows-this-token", |(.., token)| token)
}

fn wish(kind: &str) -> Value {
    match kind {
        "reset" => json!({"kind": "reset", "objectives": ["crm-lookup"], "reason": "not ours"}),
        _ => json!({
            "kind": "maintenance", "objectives": ["crm-lookup"], "start": "2026-11-21T09:00:00Z",
            "end": "2026-11-21T10:00:00Z", "reason": "release",
        }),
    }
}

/// Asks in a name; the request's id.
async fn asked(house: &House, who: &str, kind: &str) -> String {
    let (status, body) = house.send(post("/api/v1/maintenance", Some(who), &wish(kind))).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_no_number_and_opens_nothing() {
    let house = House::new().await;
    let (_, list) = json(&house, "/api/v1/budget").await;
    let crm = &list["objectives"][0];
    assert_eq!((&crm["errorBudgetRemaining"], &crm["dataAvailable"]), (&Value::Null, &json!(false)));
    let (_, gate) = json(&house, "/api/v1/gate").await;
    assert_eq!(gate["allowed"], Value::Null);
    let (status, burn) = json(&house, "/api/v2/observability/slos/crm-lookup/burnRate").await;
    assert_eq!((status, &burn["burnRate"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(1_000_000)));
    let (status, burn) = json(&house, "/api/v2/observability/slos/none/burnRate").await;
    assert_eq!((status, &burn["burnRate"]), (StatusCode::NOT_FOUND, &json!(1_000_000)));
    let (_, metrics) = house.get("/metrics").await;
    assert!(!metrics.contains("slo_error_budget_remaining_ratio{"), "a number would be read as one");
}

#[tokio::test(start_paused = true)]
async fn burn_rates_are_numbers_over_any_stretch() {
    let house = House::new().await;
    house.counted("crm-lookup", 600, |ago| if ago <= 60 { 1 } else { 0 });
    house.seconds(61).await;
    let (status, burn) =
        json(&house, "/api/v2/observability/slos/crm-lookup/burnRate?startTime=now-30d&endTime=now").await;
    assert_eq!((status, &burn["dataAvailable"]), (StatusCode::OK, &json!(true)));
    // 60 of 30,000 were bad, and 0.5 % may be.
    assert_eq!(burn["burnRate"], json!(0.4));
    let (_, burn) = json(&house, "/api/v1/budget/crm-lookup/burn?start=now-31m&end=now-1m").await;
    assert_eq!((&burn["burnRate"], &burn["counts"]["bad"]), (&json!(4.0), &json!(30)));
    let (status, _) = json(&house, "/api/v1/budget/crm-lookup/burn?start=yesterday").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, burn) = json(&house, "/api/v2/observability/slos/crm-lookup/burnRate?startTime=soon").await;
    assert_eq!((status, &burn["burnRate"]), (StatusCode::BAD_REQUEST, &json!(1_000_000)));
}

#[tokio::test(start_paused = true)]
async fn the_guides_payload_defines_an_objective_once_and_by_those_who_may() {
    let house = House::new().await;
    let payload = json!({
        "id": "crm-integration-slo", "name": "CRM", "description": "99.5 %",
        "metric": {"resourceType": "API", "filterExpression": "api.success_rate > 0"},
        "sloTarget": 99.5, "timeWindow": "PT720H",
        "burnRateAlerts": [{"level": "CRITICAL", "burnRateThreshold": 14.6, "duration": "PT5M"}],
    });
    let path = "/api/v2/observability/slos";
    for (who, expected) in
        [(None, 401), (Some("vic"), 403), (Some("pipeline"), 403), (Some("ann"), 201), (Some("ben"), 409)]
    {
        let (status, body) = house.send(post(path, who, &payload)).await;
        assert_eq!(status.as_u16(), expected, "{who:?}: {body}");
    }
    let (status, found) = json(&house, "/api/v2/observability/slos/crm-integration-slo").await;
    assert_eq!((status, &found["sloTarget"], &found["timeWindow"]), (StatusCode::OK, &json!(99.5), &json!("PT720H")));
    let mut wrong = payload.clone();
    (wrong["id"], wrong["sloTarget"]) = (json!("other"), json!(100));
    let (status, body) = house.send(post(path, Some("ann"), &wrong)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("100"), "{body}");
    let minute = json!({"minutes": [{"at": "2026-11-21T07:59:00Z", "total": 50, "bad": 1}]});
    let (status, body) = house.send(post("/api/v1/budget/crm-integration-slo/counts", Some("pipeline"), &minute)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test(start_paused = true)]
async fn counts_are_taken_from_those_who_may() {
    let house = House::new().await;
    let minute = json!({"minutes": [{"at": "2026-11-21T07:59:00Z", "total": 50, "bad": 1}]});
    let path = "/api/v1/budget/crm-lookup/counts";
    for (who, expected) in
        [(None, 401), (Some("vic"), 403), (Some("pipeline"), 200), (Some("ann"), 200), (Some("ben"), 200)]
    {
        let (status, body) = house.send(post(path, who, &minute)).await;
        assert_eq!(status.as_u16(), expected, "{who:?}: {body}");
    }
    let lies = json!({"minutes": [{"at": "2026-11-21T07:58:00Z", "total": 5, "bad": 6}]});
    let (_, body) = house.send(post(path, Some("pipeline"), &lies)).await;
    assert!(body.contains("more bad events than events"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_way_round_the_second_person_over_the_api_and_the_console() {
    let house = House::new().await;
    let everybody = PEOPLE.iter().map(|(name, ..)| Some(*name)).chain([None, Some("a stranger")]);
    for who in everybody {
        for kind in ["maintenance", "reset"] {
            // Who may ask?
            let request = post("/api/v1/maintenance", who, &wish(kind));
            let may_ask = matches!(who, Some("ann" | "ben" | "eve"));
            let (status, _) = house.send(request).await;
            assert_eq!(status == StatusCode::OK, may_ask, "{who:?} asks for a {kind}: {status}");
            // Who may approve what somebody else asked for?
            let others = asked(&house, if who == Some("ann") { "eve" } else { "ann" }, kind).await;
            let may_approve = matches!(who, Some("ben" | "eve"));
            let fields = [("token", who.map_or("", token))];
            let (status, _) = house.send(form(&format!("/maintenance/{others}/approve"), &fields)).await;
            assert_eq!(status == StatusCode::SEE_OTHER, may_approve, "{who:?} approves in the console: {status}");
            let path = format!("/api/v1/maintenance/{others}/approve");
            let (status, _) = house.send(post(&path, who, &Value::Null)).await;
            let expected = match who {
                Some("ben" | "eve") => StatusCode::CONFLICT,
                Some("vic" | "pipeline" | "ann") => StatusCode::FORBIDDEN,
                _ => StatusCode::UNAUTHORIZED,
            };
            assert_eq!(status, expected, "{who:?} approves over the API");
            // Who may approve their own?
            if let Some(me @ ("ann" | "ben" | "eve")) = who {
                let own = asked(&house, me, kind).await;
                let (status, _) =
                    house.send(post(&format!("/api/v1/maintenance/{own}/approve"), who, &Value::Null)).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{me} approves their own over the API");
                let (status, _) = house.send(form(&format!("/maintenance/{own}/approve"), &fields)).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{me} approves their own in the console");
            }
        }
    }
    let (_, list) = json(&house, "/api/v1/maintenance").await;
    for request in list["requests"].as_array().unwrap() {
        if request["state"] == "approved" {
            assert_ne!(request["askedBy"], request["decidedBy"]);
            assert!(matches!(request["decidedBy"].as_str(), Some("ben" | "eve")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_refused_is_told_what_to_do_instead() {
    let house = House::new().await;
    let own = asked(&house, "ben", "reset").await;
    let path = |id: &str, act: &str| format!("/api/v1/maintenance/{id}/{act}");
    let (status, _) = house.send(post(&path(&own, "approve"), Some("eve"), &Value::Null)).await;
    assert_eq!(status, StatusCode::OK);
    let waiting = asked(&house, "ben", "reset").await;
    let refusals = [
        ("/api/v1/maintenance".to_owned(), "vic", 403, "an operator or an approver"),
        (path(&waiting, "approve"), "ann", 403, "takes an approver"),
        (path(&waiting, "reject"), "ben", 403, "Another approver"),
        (path(&waiting, "revoke"), "vic", 403, "an operator or an approver"),
        (path("none", "approve"), "ben", 404, "`steadyline maintenance list`"),
        (path(&own, "approve"), "eve", 409, "`steadyline maintenance list`"),
    ];
    for (path, who, expected, part) in refusals {
        let (status, body) = house.send(post(&path, Some(who), &wish("reset"))).await;
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status.as_u16(), expected, "{who} at {path}: {body}");
        assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains(part)), "{who} at {path}: {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_and_agreed_on_is_shown_with_both_zones_and_in_the_audit() {
    let house = House::new().await;
    let fields = [
        ("token", token("ann")),
        ("kind", "maintenance"),
        ("objective", "crm-lookup"),
        ("start", "2026-11-21T22:00"),
        ("end", "2026-11-21T23:30"),
        ("zone", "Europe/Berlin"),
        ("gate", "on"),
        ("reason", "Release <7>"),
    ];
    let (status, body) = house.send(form("/maintenance", &fields)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    let (_, page) = house.get("/maintenance").await;
    assert!(
        page.contains("21:00:00 UTC to 22:30:00 UTC (2026-11-21 22:00 to 2026-11-21 23:30 Europe/Berlin)"),
        "{page}"
    );
    assert!(page.contains("Release &#60;7&#62;") && page.contains("for gate"), "{page}");
    let mut twice = fields;
    twice[3] = ("start", "2026-10-25T02:30");
    let (status, page) = house.send(form("/maintenance", &twice)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("show 2026-10-25T02:30 twice"), "{page}");
    let (_, audit) = json(&house, "/api/v1/audit").await;
    assert_eq!((&audit["entries"][0]["who"], &audit["entries"][0]["what"]), (&json!("ann"), &json!("request")));
    let (status, page) = house.get("/audit").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<td>ann</td><td>request</td>"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn the_pages_say_what_is_known() {
    let house = House::new().await;
    house.counted("crm-lookup", 2_000, |ago| if ago <= 15 { 45 } else { 0 });
    house.seconds(61).await;
    let (_, page) = house.get("/budget").await;
    for expected in ["CRM &#60;look-up&#62;", "burning, pages", "not known", "Burn rate of", "AGENT_ONLY"] {
        assert!(page.contains(expected), "{expected} is missing: {page}");
    }
    let (_, page) = house.get("/gates").await;
    assert!(page.contains("No release may go out.") && page.contains("it burns at"), "{page}");
}
