//! The CRM's ways to fail, seen by a plain HTTP client.

use std::time::Duration;

use clock::Clock;
use serde_json::json;
use twin::{Crm, CrmHandle, CrmOptions, Mode, Requests};

use crate::setup::read;

async fn crm() -> (CrmHandle, reqwest::Client, String) {
    let crm = Crm::start(CrmOptions::new(Clock::scaled(100))).await.unwrap();
    let url = format!("{}/crm/lookup?ani=%2B13175550019", crm.base_url());
    (crm, reqwest::Client::builder().no_proxy().build().unwrap(), url)
}

#[tokio::test]
async fn a_healthy_crm_knows_its_customers_and_counts_its_requests() {
    let (crm, http, url) = crm().await;
    let (status, customer) = read(http.get(&url)).await;
    assert_eq!((status, customer["accountTier"].as_str()), (200, Some("platinum")));
    assert_eq!(read(http.get(&url)).await.1, customer);
    assert_eq!(read(http.get(format!("{}/health", crm.base_url()))).await.1["status"], "ok");
    assert_eq!(read(http.get(format!("{}/nowhere", crm.base_url()))).await.0, 404);
    assert_eq!(crm.requests(), Requests { lookups: 2, health: 1, tokens: 0 });
    crm.shutdown().await;
}

#[tokio::test]
async fn an_unavailable_crm_says_when_to_come_back() {
    let (crm, http, url) = crm().await;
    crm.set_mode(Mode::Unavailable(Some(Duration::from_secs(7))));
    let response = http.get(&url).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "7"));
}

#[tokio::test]
async fn a_hanging_crm_drops_what_it_held_when_it_recovers() {
    let (crm, http, url) = crm().await;
    crm.set_mode(Mode::Hang);
    let held = tokio::spawn(http.get(&url).send());
    while crm.requests().lookups == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!held.is_finished());
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    assert!(held.await.unwrap().is_err());
    assert_eq!(read(http.get(&url)).await.0, 200);
}

#[tokio::test]
async fn broken_answers_are_broken_for_the_client() {
    let (crm, http, url) = crm().await;
    crm.set_mode(Mode::Reset);
    assert!(http.get(&url).send().await.is_err());
    crm.set_mode(Mode::WrongLength);
    assert!(http.get(&url).send().await.unwrap().bytes().await.is_err());
    crm.set_mode(Mode::Garbage);
    assert!(http.get(&url).send().await.unwrap().text().await.unwrap().starts_with("<html>"));
    crm.set_mode(Mode::Slow(Duration::from_secs(1)));
    assert_eq!(read(http.get(&url)).await.1["accountTier"], "platinum");
    crm.set_mode(Mode::Endless);
    let mut endless = http.get(&url).send().await.unwrap();
    let mut read = 0;
    while read < 1_000_000 {
        read += endless.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn modes_are_switched_over_http_and_control_is_never_broken() {
    let (crm, http, _) = crm().await;
    let control = format!("{}/crm-control", crm.base_url());
    let order = json!({"mode": "hang", "tokens": {"mode": "unavailable", "retryAfterSeconds": 3}});
    let (status, shown) = read(http.post(&control).json(&order)).await;
    assert_eq!((status, &shown["mode"], &shown["tokens"]["retryAfterSeconds"]), (200, &json!("hang"), &json!(3)));
    assert_eq!(crm.mode(), Mode::Hang);
    assert_eq!(read(http.post(&control).json(&json!({"mode": "sleepy"}))).await.0, 400);
    let (_, shown) = read(http.post(&control).json(&json!({"mode": "healthy", "latencyMs": 5}))).await;
    assert_eq!(shown["latencyMs"], 5);
    assert_eq!(crm.mode(), Mode::Healthy(Duration::from_millis(5)));
}

#[tokio::test]
async fn a_crm_with_a_client_wants_a_token() {
    let client = Some(("gateway".to_owned(), "s3cret".to_owned()));
    let crm = Crm::start(CrmOptions { client, ..CrmOptions::new(Clock::scaled(100)) }).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let lookup = format!("{}/crm/lookup?ani=1", crm.base_url());
    assert_eq!(read(http.get(&lookup)).await.0, 401);
    let token = |secret| {
        let request = http.post(format!("{}/oauth/token", crm.base_url()));
        request.basic_auth("gateway", Some(secret)).form(&[("grant_type", "client_credentials")])
    };
    assert_eq!(read(token("wrong")).await.0, 401);
    let (_, answer) = read(token("s3cret")).await;
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(read(http.get(&lookup).bearer_auth(token)).await.0, 200);
}
