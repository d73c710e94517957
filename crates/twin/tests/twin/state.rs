//! A twin's whole state goes from one twin to another over HTTP.

use std::time::Duration;

use clock::Clock;
use serde_json::Value as Json;
use twin::{AskOutcome, Mode, Options, Twin, TwinHandle};

use crate::setup::{Client, twin_and_crm};

async fn put(client: &Client, twin: &TwinHandle, state: String) -> (u16, String) {
    let response = client.http.put(format!("{}/twin/state", twin.base_url())).body(state).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn state(client: &Client, twin: &TwinHandle) -> String {
    let response = client.http.get(format!("{}/twin/state", twin.base_url())).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    response.text().await.unwrap()
}

/// Conversations whose Data Action nobody has answered.
fn asking(state: &Json) -> Vec<String> {
    let live = state["life"]["live"].as_array().unwrap();
    let asking = live.iter().filter(|live| !live["asked"].is_null());
    asking.map(|live| live["conversation"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn another_twin_goes_on_with_callers_tokens_and_questions() {
    let (first, crm, _) = twin_and_crm(Clock::scaled(20)).await;
    crm.set_mode(Mode::Hang);
    let client = Client::of(&first).await;
    first.start_callers(10.0).unwrap();
    first.totals_when(|totals| totals.in_flow >= 75).await;
    let text = state(&client, &first).await;
    let saved: Json = serde_json::from_str(&text).unwrap();
    let asking = asking(&saved);
    assert!(asking.len() > 10, "{}", asking.len());

    crm.set_mode(Mode::Healthy(Duration::ZERO));
    // Younger than the organisation, and slow enough that no answer is late on a busy machine.
    let second = Twin::start(Options::new(Clock::scaled(10))).await.unwrap();
    assert_eq!(put(&client, &second, text).await, (204, String::new()));
    assert!(second.totals().offered >= saved["life"]["calls"]["totals"]["offered"].as_u64().unwrap());
    let me = client.http.get(format!("{}/api/v2/tokens/me", second.base_url())).bearer_auth(client.token());
    assert_eq!(me.send().await.unwrap().status().as_u16(), 200);
    let enough = second.totals().offered + 20;
    second.totals_when(|totals| totals.offered >= enough).await;
    second.stop_callers();
    second.totals_when(|totals| totals.in_flow == 0).await;
    let calls = second.calls();
    for conversation in asking {
        let call = calls.iter().find(|call| call.conversation_id == conversation).unwrap();
        assert_eq!(call.data_actions[0].outcome, AskOutcome::Ok, "{call:?}");
    }
    second.shutdown().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_loses_nothing() {
    let (twin, crm, _) = twin_and_crm(Clock::scaled(20)).await;
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    let client = Client::of(&twin).await;
    twin.start_callers(20.0).unwrap();
    twin.totals_when(|totals| totals.queued >= 5).await;
    let text = state(&client, &twin).await;
    let half = text[..text.len() / 2].to_owned();
    let nowhere = text.replace("\"client\":\"twin-client\"", "\"client\":\"nobody\"");
    let future = text.replacen("\"form\":2", "\"form\":3", 1);
    for (wrong, expected) in [
        (half, "EOF while parsing"),
        (nowhere, "life.tokens[0]: there is no client `nobody`"),
        (future, "the forms 1 to 2 can be read"),
    ] {
        let (status, told) = put(&client, &twin, wrong).await;
        assert_eq!(status, 400, "{told}");
        assert!(told.contains(expected), "{told}");
    }
    // The same callers, the same totals, the same token.
    let before = twin.totals().queued;
    twin.totals_when(|totals| totals.queued >= before + 5).await;
    assert_eq!(client.get("/api/v2/tokens/me").await.0, 200);
}

#[tokio::test]
async fn a_twin_that_goes_back_hears_nothing_of_what_it_asked_before() {
    let (twin, crm, _) = twin_and_crm(Clock::scaled(10)).await;
    crm.set_mode(Mode::Hang);
    let client = Client::of(&twin).await;
    // Well above what the wait asks for: at ten a second about as many are in the flow as it wants.
    twin.start_callers(14.0).unwrap();
    twin.totals_when(|totals| totals.in_flow >= 75).await;
    twin.stop_callers();
    let text = state(&client, &twin).await;
    let asking = asking(&serde_json::from_str(&text).unwrap());
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    assert_eq!(put(&client, &twin, text).await.0, 204);
    let totals = twin.totals_when(|totals| totals.in_flow == 0).await;
    assert_eq!(totals.offered, totals.queued + totals.lost);
    for conversation in asking {
        let calls = twin.calls();
        let mut mine = calls.iter().filter(|call| call.conversation_id == conversation);
        let (call, none) = (mine.next().unwrap(), mine.next());
        let outcomes: Vec<AskOutcome> = call.data_actions.iter().map(|ask| ask.outcome).collect();
        assert_eq!((outcomes.as_slice(), none), ([AskOutcome::Ok].as_slice(), None), "{call:?}");
    }
}

#[tokio::test]
async fn nobody_is_forgotten_by_a_twin_that_goes_back_again_and_again() {
    let (twin, crm, _) = twin_and_crm(Clock::scaled(20)).await;
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    let client = Client::of(&twin).await;
    twin.start_callers(20.0).unwrap();
    twin.totals_when(|totals| totals.in_flow >= 50).await;
    // Callers ask their questions all the time, also in the moment in which one organisation takes another's place.
    for _ in 0..40 {
        let text = state(&client, &twin).await;
        assert_eq!(put(&client, &twin, text).await.0, 204);
    }
    twin.stop_callers();
    let emptied = twin.totals_when(|totals| totals.in_flow == 0);
    let totals = Clock::real().timeout(Duration::from_secs(60), emptied).await.expect("every question is answered");
    assert_eq!(totals.offered, totals.queued + totals.lost);
}
