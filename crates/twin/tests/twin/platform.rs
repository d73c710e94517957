//! The platform's face: tokens, errors, pages, flows, queues.

use std::time::Duration;

use clock::Clock;
use serde_json::{Value as Json, json};
use twin::{Fault, FaultKind, FaultTarget};

use crate::setup::{Client, read, twin_and_crm};

#[tokio::test]
async fn a_token_is_given_for_client_credentials_only() {
    let (twin, _crm, _) = twin_and_crm(Clock::real()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = |secret: &str, grant: &str| {
        let request = http.post(format!("{}/oauth/token", twin.base_url()));
        request.basic_auth("twin-client", Some(secret.to_owned())).form(&[("grant_type", grant.to_owned())])
    };
    let (status, answer) = read(token("twin-secret", "client_credentials")).await;
    assert_eq!((status, &answer["token_type"], &answer["expires_in"]), (200, &json!("bearer"), &json!(86_400)));
    let (status, answer) = read(token("wrong", "client_credentials")).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_client")));
    assert!(answer["error_description"].is_string() && answer["description"].is_string());
    assert_eq!(read(token("twin-secret", "password")).await.1["error"], "unsupported_grant_type");

    let ttl = Duration::from_secs(600);
    assert!(twin.inject(Fault { target: FaultTarget::Tokens, kind: FaultKind::Failure(503), ttl }));
    assert_eq!(read(token("twin-secret", "client_credentials")).await.0, 503);
}

#[tokio::test]
async fn a_request_needs_a_good_token_and_errors_have_the_platforms_body() {
    let (twin, _crm, _) = twin_and_crm(Clock::real()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = http.get(format!("{}/api/v2/flows", twin.base_url())).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 401);
    let correlation = response.headers()["ININ-Correlation-Id"].to_str().unwrap().to_owned();
    let error: Json = response.json().await.unwrap();
    assert_eq!(error["code"], "authentication.required");
    assert_eq!((&error["status"], &error["contextId"]), (&json!(401), &json!(correlation)));
    assert!(error["message"].is_string() && error["details"].is_array() && error["errors"].is_array());

    let request = http.get(format!("{}/api/v2/flows", twin.base_url())).bearer_auth("made-up");
    assert_eq!(read(request).await.1["code"], "bad.credentials");

    let client = Client::of(&twin).await;
    let (status, me) = client.get("/api/v2/tokens/me").await;
    assert_eq!((status, &me["OAuthClient"]["id"]), (200, &json!("twin-client")));
    assert_eq!(client.get("/api/v2/nowhere").await.1["code"], "not.found");
    assert_eq!(client.get("/api/v2/flows?pageSize=none").await.1["code"], "invalid.query.param.value");
    assert_eq!(client.post("/api/v2/tokens/me", &json!({})).await.0, 405);
}

#[tokio::test]
async fn the_three_hundred_and_first_request_of_a_minute_is_throttled() {
    let (twin, _crm, _) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let url = format!("{}/api/v2/tokens/me", twin.base_url());
    let (_, token) = (client.get("/api/v2/tokens/me").await, client.token());
    let send = || client.http.get(&url).bearer_auth(token).send();
    let second = send().await.unwrap();
    assert_eq!(second.headers()["inin-ratelimit-count"], "2");
    assert_eq!(second.headers()["inin-ratelimit-allowed"], "300");
    for _ in 2..300 {
        assert_eq!(send().await.unwrap().status().as_u16(), 200);
    }
    let response = send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let error: Json = response.json().await.unwrap();
    assert_eq!(error["code"], "too.many.requests.retry.after");
    assert_eq!(error["limit"]["value"], 300);
}

#[tokio::test]
async fn an_operation_may_have_a_lower_limit_than_others() {
    let (twin, _crm, _) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let set = async |operation: &str| {
        let change = json!({"operationsPerMinute": {operation: 2}});
        let request = client.http.patch(format!("{}/twin/settings", twin.base_url())).json(&change);
        read(request).await
    };
    let (status, told) = set("GET /api/v2/nowhere").await;
    assert_eq!(status, 400);
    assert!(told["message"].as_str().unwrap().contains("no operation `GET /api/v2/nowhere`"), "{told}");
    assert_eq!(set("GET /api/v2/flows/{flowId}").await.0, 200);
    for id in ["one", "another"] {
        assert_eq!(client.get(&format!("/api/v2/flows/{id}")).await.0, 404);
    }
    let (status, told) = client.get("/api/v2/flows/third").await;
    assert_eq!((status, &told["limit"]["value"]), (429, &json!(2)));
    assert_eq!(client.get("/api/v2/flows").await.0, 200);
}

#[tokio::test]
async fn flows_are_listed_in_pages_and_published_by_version() {
    let (twin, _crm, _) = twin_and_crm(Clock::scaled(100)).await;
    let client = Client::of(&twin).await;
    let flow = twin.load_flow(crate::setup::MAIN_IVR).unwrap();
    let (_, list) = client.get("/api/v2/flows?name=main*&type=inboundcall").await;
    assert_eq!((&list["total"], &list["pageNumber"], &list["pageSize"]), (&json!(1), &json!(1), &json!(25)));
    assert_eq!(list["entities"][0]["publishedVersion"]["id"], "2.0");

    let path = format!("/api/v2/flows/{}", flow.id);
    let (_, versions) = client.get(&format!("{path}/versions?pageSize=1")).await;
    assert_eq!((&versions["pageCount"], &versions["entities"][0]["id"]), (&json!(2), &json!("2.0")));
    assert!(versions["nextUri"].as_str().unwrap().ends_with("pageSize=1&pageNumber=2"));
    let (_, old) = client.get(&format!("{path}/versions/1.0")).await;
    assert!(old["dateCreated"].is_i64() && old["datePublishedEnd"].is_string());
    assert_eq!(client.get(&format!("{path}/versions/9.0")).await.0, 404);

    let publish = format!("/api/v2/flows/actions/publish?flow={}&version=1.0", flow.id);
    let (status, operation) = client.post(&publish, &json!({})).await;
    assert_eq!((status, &operation["actionName"]), (200, &json!("PUBLISH")));
    loop {
        let (_, body) = client.get(&path).await;
        if body["currentOperation"]["complete"] == true {
            assert_eq!(body["currentOperation"]["actionStatus"], "SUCCESS");
            assert_eq!(body["publishedVersion"]["id"], "1.0");
            break;
        }
    }
}

#[tokio::test]
async fn a_flow_is_checked_out_checked_in_and_unlocked() {
    let (twin, _crm, _) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let flow = twin.load_flow(crate::setup::MAIN_IVR).unwrap().id;
    let action = |name: &str| format!("/api/v2/flows/actions/{name}?flow={flow}");
    assert_eq!(client.post(&action("checkin"), &json!({})).await.1["code"], "conflict");
    let (_, locked) = client.post(&action("checkout"), &json!({})).await;
    assert_eq!(locked["lockedClient"]["id"], "twin-client");
    let (status, operation) = client.post(&action("checkin"), &json!({})).await;
    assert_eq!((status, &operation["actionName"]), (200, &json!("CHECKIN")));
    assert_eq!(client.post(&action("unlock"), &json!({})).await.0, 200);
    assert_eq!(client.post("/api/v2/flows/actions/unlock?flow=none", &json!({})).await.0, 404);
}

#[tokio::test]
async fn queues_are_listed_and_observed() {
    let (twin, _crm, action) = twin_and_crm(Clock::real()).await;
    let client = Client::of(&twin).await;
    let (_, queues) = client.get("/api/v2/routing/queues?name=VIP").await;
    let vip = queues["entities"][0]["id"].as_str().unwrap();
    let query = json!({
        "filter": {"type": "or", "predicates": [
            {"type": "dimension", "dimension": "queueId", "operator": "matches", "value": vip}]},
        "metrics": ["oWaiting", "oOnQueueUsers"]
    });
    let (status, observed) = client.post("/api/v2/analytics/queues/observations/query", &query).await;
    assert_eq!(status, 200);
    assert_eq!(
        observed["results"],
        json!([
            {"group": {"queueId": vip, "mediaType": "voice"}, "data": [{"metric": "oWaiting", "stats": {"count": 0}}]},
            {"group": {"queueId": vip}, "data": [
                {"metric": "oOnQueueUsers", "qualifier": "IDLE", "stats": {"count": 40}},
                {"metric": "oOnQueueUsers", "qualifier": "INTERACTING", "stats": {"count": 0}}]}
        ])
    );
    let (_, integrations) = client.get("/api/v2/integrations").await;
    assert_eq!(integrations["entities"][0]["name"], "CRM");
    let (_, stored) = client.get(&format!("/api/v2/integrations/actions/{action}")).await;
    assert_eq!((&stored["category"], &stored["config"]["timeoutSeconds"]), (&json!("CRM"), &json!(3)));
    assert_eq!(client.get("/api/v2/integrations/actions?name=crm%20lookup").await.1["total"], 1);
}
