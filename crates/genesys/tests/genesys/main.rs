//! The client against the twin, over HTTP; where the twin cannot count, against a server that does.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod resources;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router};
use clock::Clock;
use genesys::budget::{Policy, Purpose};
use genesys::flows::{self, Published};
use genesys::{Client, Connection, Credential, Error, Hosts, integrations, queues, tokens};
use secrecy::SecretString;
use twin::{DEFAULT_CLIENT, Fault, FaultKind, FaultTarget, Options, Organisation, Twin, TwinHandle};

const ACTION: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");
const FLOW: &str = include_str!("../../../../examples/flows/main-ivr.yaml");

fn credential(id: &str, secret: &str) -> Credential {
    Credential { id: id.to_owned(), secret: SecretString::from(secret) }
}

/// A twin with one flow, and a client with these credentials.
async fn twin_and_client(secret: &str, backup: Option<Credential>, policy: Policy) -> (TwinHandle, Client, String) {
    founded(Organisation::default(), secret, backup, policy).await
}

async fn founded(
    organisation: Organisation,
    secret: &str,
    backup: Option<Credential>,
    policy: Policy,
) -> (TwinHandle, Client, String) {
    let clock = Clock::scaled(50);
    let twin = Twin::start(Options { organisation, ..Options::new(clock.clone()) }).await.unwrap();
    let flow = twin.load_flow(FLOW).unwrap().id;
    let hosts = Hosts::behind(&twin.base_url(), "", "");
    let connection = Connection { hosts, credential: credential(DEFAULT_CLIENT.0, secret), backup, policy };
    (twin, Client::new(connection, clock, 7).unwrap(), flow)
}

/// A twin whose flow has its Data Action, which nobody answers.
async fn ready() -> (TwinHandle, Client, String) {
    let (twin, client, flow) = bare().await;
    twin.load_action("CRM", ACTION, &[("baseUrl", "http://127.0.0.1:9")]).unwrap();
    (twin, client, flow)
}

/// A twin whose flow refers to a Data Action that is not there.
async fn bare() -> (TwinHandle, Client, String) {
    twin_and_client(DEFAULT_CLIENT.1, None, Policy::default()).await
}

#[tokio::test]
async fn a_version_is_published_and_proved() {
    let (twin, client, flow) = ready().await;
    assert_eq!(tokens::me(&client).await.unwrap().organization.name, "Twin");
    twin.load_flow(FLOW).unwrap();
    let versions = flows::versions(&client, &flow).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>().len(), 2);
    assert_eq!(flows::version(&client, &flow, "1.0").await.unwrap().id, "1.0");
    let patience = Duration::from_secs(60);
    let published = flows::publish(&client, &flow, "1.0", Purpose::Rollback, patience).await.unwrap();
    assert_eq!(published, Published::Live);
    let listed = flows::list(&client, Some("Main*")).await.unwrap();
    assert_eq!((listed.len(), listed[0].published_version.as_ref().unwrap().id.as_str()), (1, "1.0"));
}

#[tokio::test]
async fn a_publish_that_does_nothing_is_not_taken_for_one() {
    let (_twin, client, flow) = ready().await;
    let published = flows::publish(&client, &flow, "99.0", Purpose::Ordinary, Duration::from_secs(60)).await;
    assert_eq!(published.unwrap(), Published::NotLive { instead: Some("1.0".to_owned()) });
    let missing = flows::version(&client, &flow, "99.0").await.unwrap_err();
    assert_eq!(missing.status(), Some(404));
    assert!(missing.hint().starts_with("Check the id"), "{}", missing.hint());
}

#[tokio::test]
async fn a_publish_is_begun_and_its_operation_is_seen() {
    let (twin, client, flow) = ready().await;
    twin.load_flow(FLOW).unwrap();
    twin.settings(|settings| settings.publish_state_ms = 600_000);
    let begun = flows::begin_publish(&client, &flow, "1.0").await.unwrap().unwrap();
    let seen = flows::one(&client, &flow).await.unwrap();
    assert_eq!(seen.current_operation.map(|running| (running.id, running.complete)), Some((begun.id, false)));
    assert_eq!(seen.published_version.unwrap().id, "2.0");
    let twice = flows::begin_publish(&client, &flow, "1.0").await.unwrap_err();
    assert_eq!(twice.status(), Some(409));
}

#[tokio::test]
async fn a_version_that_comes_back_under_a_new_id_holds_what_it_held() {
    let (twin, client, flow) = ready().await;
    twin.load_flow(FLOW).unwrap();
    twin.settings(|settings| settings.publish_assigns_new_id = true);
    let published = flows::publish(&client, &flow, "1.0", Purpose::Rollback, Duration::from_secs(60)).await.unwrap();
    assert_eq!(published, Published::NotLive { instead: Some("3.0".to_owned()) });
    let live = flows::one(&client, &flow).await.unwrap().published_version.unwrap();
    let first = flows::version(&client, &flow, "1.0").await.unwrap();
    assert_eq!((live.configuration_version, live.id.as_str()), (first.configuration_version, "3.0"));
}

#[tokio::test]
async fn a_flow_that_is_deleted_is_not_found() {
    let (twin, client, flow) = ready().await;
    assert!(twin.delete_flow(&flow, "ann"));
    assert_eq!(flows::one(&client, &flow).await.unwrap_err().status(), Some(404));
    assert_eq!(flows::begin_publish(&client, &flow, "1.0").await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn whoever_goes_back_may_use_what_is_kept_back_for_it() {
    let policy = Policy { ordinary_max: 1, reserved_percent: 20 };
    let (_twin, client, flow) = twin_and_client(DEFAULT_CLIENT.1, None, policy).await;
    let ordinary = client.with_patience(Duration::ZERO);
    assert_eq!(ordinary.acts_as(), None, "nobody yet");
    flows::one(&ordinary, &flow).await.unwrap();
    assert!(matches!(flows::one(&ordinary, &flow).await, Err(Error::OutOfBudget(_))));
    let urgent = ordinary.with_purpose(Purpose::Rollback);
    flows::one(&urgent, &flow).await.unwrap();
    flows::versions(&urgent, &flow).await.unwrap();
    flows::checkout(&urgent, &flow).await.unwrap();
    flows::revert(&urgent, &flow).await.unwrap();
    assert_eq!(urgent.acts_as().as_deref(), Some(DEFAULT_CLIENT.0));
}

#[tokio::test]
async fn queues_are_observed_and_one_that_is_not_there_is_not_known() {
    let (_twin, client, _) = ready().await;
    let queues = queues::list(&client, None).await.unwrap();
    let support = queues.iter().find(|queue| queue.name == "Support").unwrap();
    assert_eq!(queues::one(&client, &support.id).await.unwrap(), *support);
    let observed = queues::observe(&client, &[support.id.clone(), "gone".to_owned()]).await.unwrap();
    assert_eq!(observed.len(), 1);
    assert_eq!((observed[&support.id].waiting, observed[&support.id].idle_agents.is_some()), (Some(0), true));
}

#[tokio::test]
async fn a_data_action_is_found_run_and_tested() {
    let (twin, client, _) = ready().await;
    let crm = twin::Crm::start(twin::CrmOptions::new(Clock::scaled(50))).await.unwrap();
    twin.load_action("CRM", ACTION, &[("baseUrl", &crm.base_url())]).unwrap();
    let found = integrations::actions(&client, Some("CRM Lookup")).await.unwrap();
    assert_eq!((found.len(), found[0].category.as_deref()), (1, Some("CRM")));
    assert!(found[0].timeout().is_some());
    assert_eq!(integrations::list(&client).await.unwrap()[0].name, "CRM");
    let inputs = serde_json::Map::from_iter([("ani".to_owned(), "+13175550100".into())]);
    let outputs = integrations::execute(&client, &found[0].id, &inputs).await.unwrap();
    assert!(outputs.contains_key("customerName"), "{outputs:?}");
    crm.set_mode(twin::Mode::Unavailable(None));
    assert!(!integrations::test(&client, &found[0].id, &inputs).await.unwrap().success);
    let error = integrations::execute(&client, &found[0].id, &inputs).await.unwrap_err();
    assert!(error.status().is_some_and(|status| status >= 400), "{error}");
}

#[tokio::test]
async fn a_lock_is_taken_and_given_back() {
    let (_twin, client, flow) = ready().await;
    let locked = flows::checkout(&client, &flow).await.unwrap();
    assert!(locked.locked_client.is_some());
    flows::checkin(&client, &flow).await.unwrap();
    assert_eq!(flows::one(&client, &flow).await.unwrap().locked_client, None);
}

#[tokio::test]
async fn a_token_that_is_rejected_is_renewed_without_the_caller_noticing() {
    let (_twin, client, _) = ready().await;
    tokens::revoke(&client).await.unwrap();
    assert!(tokens::me(&client).await.is_ok());
}

#[tokio::test]
async fn a_login_host_that_is_down_stops_nobody_who_has_a_token() {
    let (twin, client, _) = ready().await;
    tokens::me(&client).await.unwrap();
    twin.inject(Fault { target: FaultTarget::Tokens, kind: FaultKind::Failure(503), ttl: Duration::from_secs(3_000) });
    assert!(tokens::me(&client).await.is_ok());
    tokens::revoke(&client).await.unwrap();
    let error = tokens::me(&client).await.unwrap_err();
    assert!(matches!(error, Error::Login { status: Some(503), .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_secret_says_what_to_do_and_the_backup_steps_in() {
    let (_twin, client, _) = twin_and_client("wrong", None, Policy::default()).await;
    let error = tokens::me(&client).await.unwrap_err();
    assert!(error.hint().starts_with("Check the client's id and secret"), "{error}");
    assert!(!format!("{client:?} {error:?} {:?}", credential("id", "hidden")).contains("hidden"));
    let backup = Some(credential(DEFAULT_CLIENT.0, DEFAULT_CLIENT.1));
    let (_twin, client, _) = twin_and_client("wrong", backup, Policy::default()).await;
    assert!(tokens::me(&client).await.is_ok());
    assert_eq!(client.acts_as().as_deref(), Some(DEFAULT_CLIENT.0));
}

#[tokio::test]
async fn the_limit_of_the_platform_is_kept_by_waiting() {
    let policy = Policy { ordinary_max: 10_000, reserved_percent: 20 };
    let (_twin, client, _) = twin_and_client(DEFAULT_CLIENT.1, None, policy).await;
    for _ in 0..320 {
        tokens::me(&client).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_has_no_patience_is_told_instead() {
    let policy = Policy { ordinary_max: 1, reserved_percent: 20 };
    let (_twin, client, _) = twin_and_client(DEFAULT_CLIENT.1, None, policy).await;
    let impatient = client.with_patience(Duration::ZERO);
    tokens::me(&impatient).await.unwrap();
    let error = tokens::me(&impatient).await.unwrap_err();
    assert!(matches!(error, Error::OutOfBudget(wait) if wait <= Duration::from_secs(60)), "{error}");
    tokens::me(&client).await.unwrap();
}

#[tokio::test]
async fn one_token_is_asked_for_however_many_wait() {
    let issued = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&issued);
    let token = move || async move {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Json(serde_json::json!({ "access_token": number.to_string(), "token_type": "bearer", "expires_in": 86_400 }))
    };
    let me = || async { Json(serde_json::json!({ "organization": { "id": "o" }, "new": { "field": 1 } })) };
    let app = Router::new().route("/oauth/token", post(token)).route("/api/v2/tokens/me", get(me));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hosts = Hosts::behind(&format!("http://{}", listener.local_addr().unwrap()), "", "");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let connection = Connection { hosts, credential: credential("a", "b"), backup: None, policy: Policy::default() };
    let client = Client::new(connection, Clock::real(), 7).unwrap();
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { tokens::me(&client).await })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().is_ok());
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    server.abort();
}
