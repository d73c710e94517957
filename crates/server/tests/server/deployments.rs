//! Going back as the guide asks for it: through the guard, with the platform behind it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use clock::Clock;
use engine::rollback::guard::WishError;
use genesys::budget::Policy;
use genesys::{Client, Connection, Credential, Hosts};
use secrecy::SecretString;
use serde_json::{Value, json};
use server::Guide;
use twin::{DEFAULT_CLIENT, Options, Twin, TwinHandle};

use crate::house::watched::list;
use crate::house::{House, PEOPLE};

const FLOW: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
const ACTION: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

/// A house in front of a twin whose one flow has two versions, the second of which callers get.
async fn house() -> (House, TwinHandle, String) {
    let twin = Twin::start(Options::new(Clock::scaled(50))).await.unwrap();
    twin.load_action("CRM", ACTION, &[("baseUrl", "http://127.0.0.1:9")]).unwrap();
    let flow = twin.load_flow(FLOW).unwrap().id;
    twin.load_flow(FLOW).unwrap();
    let credential = Credential { id: DEFAULT_CLIENT.0.into(), secret: SecretString::from(DEFAULT_CLIENT.1) };
    let hosts = Hosts::behind(&twin.base_url(), "", "");
    let connection = Connection { hosts, credential, backup: None, policy: Policy::default() };
    let guide = |clock: Clock| {
        let client = Client::new(connection, clock.clone(), 7).unwrap();
        Guide::new(client, BTreeMap::new(), Vec::new(), clock)
    };
    let house = House::guided(guide).await;
    let mut watched = list(Vec::new());
    watched.flows[0].id.clone_from(&flow);
    watched.flows[0].published = Some("2.0".into());
    watched.locked_until = Some("2030-01-01T00:00:00Z".parse().unwrap());
    house.releases.tells(watched);
    (house, twin, flow)
}

/// What the guide sends, in somebody's name.
async fn patch(house: &House, flow: &str, version: &str, who: &str) -> (StatusCode, Value) {
    let token = PEOPLE.iter().find(|(name, ..)| *name == who).map_or("TOKEN", |(.., token)| token);
    let body = json!({
        "version": {"id": "previous_stable_version_id", "description": "Automated rollback"}, "status": "active",
    });
    let request = Request::patch(format!("/api/v2/architect/deployments/{flow}/versions/{version}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_string()));
    let (status, body) = house.send(request.unwrap()).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_watched_flow_is_gone_back_by_the_guard_and_the_answer_waits_for_it() {
    let (house, _twin, flow) = house().await;
    let (status, told) = patch(&house, &flow, "1.0", "ann").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let expected = json!({
        "flowId": flow, "version": {"id": "1.0", "description": "Automated rollback"}, "status": "active",
        "previousVersion": {"id": "2.0"}, "operationId": null,
    });
    assert_eq!(told, expected);
    assert_eq!(house.releases.asked(), [format!("ann wants {flow} at 1.0: Automated rollback")]);
}

#[tokio::test]
async fn what_callers_get_already_is_not_gone_back_to() {
    let (house, _twin, flow) = house().await;
    let (status, told) = patch(&house, &flow, "2.0", "ben").await;
    assert_eq!((status, &told["status"]), (StatusCode::OK, &json!("active")));
    assert_eq!(house.releases.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_watched_flow_is_gone_back_only_by_those_who_may() {
    let (house, _twin, flow) = house().await;
    for (who, expected) in [("a stranger", 401), ("vic", 403), ("pipeline", 403)] {
        let (status, told) = patch(&house, &flow, "1.0", who).await;
        assert_eq!(status.as_u16(), expected, "{who}: {told}");
    }
    assert_eq!(house.releases.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn however_a_flow_is_written_it_is_the_watched_one() {
    let (house, _twin, flow) = house().await;
    assert_eq!(patch(&house, &flow.to_uppercase(), "1.0", "a stranger").await.0, 401);
    // Before the platform has told anything, the guard knows it by what the configuration calls it.
    let mut unfound = list(Vec::new());
    (unfound.flows[0].id, unfound.flows[0].name) = (String::new(), flow.clone());
    house.releases.tells(unfound);
    assert_eq!(patch(&house, &flow, "1.0", "a stranger").await.0, 401);
}

#[tokio::test]
async fn refusals_come_in_the_platforms_form() {
    let (house, _twin, flow) = house().await;
    let (status, told) = patch(&house, &flow, "99.0", "ann").await;
    assert_eq!((status, &told["status"]), (StatusCode::NOT_FOUND, &json!(404)), "{told}");
    for (refusal, expected) in [
        (WishError::NoSuch("gone".into()), 404),
        (WishError::Wrong("no".into()), 400),
        (WishError::Held("mary has the flow".into()), 409),
        (WishError::LockedOut("too soon".into()), 423),
        (WishError::Away("no answer".into()), 503),
    ] {
        house.releases.refuses(refusal.clone());
        let (status, told) = patch(&house, &flow, "1.0", "ann").await;
        assert_eq!((status.as_u16(), told["message"].as_str().unwrap()), (expected, format!("{refusal}.").as_str()));
        assert!(told["details"].is_array() && told["contextId"].is_null(), "{told}");
    }
}

#[tokio::test]
async fn a_flow_that_nobody_watches_is_published_as_before() {
    let (house, _twin, flow) = house().await;
    house.releases.tells(list(Vec::new()));
    let (status, told) = patch(&house, &flow, "1.0", "a stranger").await;
    assert_eq!((status, &told["status"]), (StatusCode::OK, &json!("active")), "{told}");
    assert_eq!(house.releases.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn versions_come_in_pages_with_a_status_the_newest_first() {
    let (house, _twin, flow) = house().await;
    let page = async |query: &str| {
        let (status, body) = house.get(&format!("/api/v2/architect/flows/{flow}/versions{query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let page: Value = serde_json::from_str(&body).unwrap();
        let entities = page["entities"].as_array().unwrap().clone();
        let told: Vec<_> = entities
            .iter()
            .map(|version| format!("{} {}", version["id"].as_str().unwrap(), version["status"].as_str().unwrap()))
            .collect();
        (told, page)
    };
    assert_eq!(page("").await.0, ["2.0 active", "1.0 published"]);
    assert_eq!(page("?status=active").await.0, ["2.0 active"]);
    let (told, second) = page("?pageSize=1&pageNumber=2").await;
    assert_eq!(told, ["1.0 published"]);
    assert_eq!((&second["total"], &second["pageCount"], &second["pageSize"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(page("?pageSize=1&pageNumber=3").await.0, Vec::<String>::new());
}
