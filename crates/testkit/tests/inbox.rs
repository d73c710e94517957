//! The couriers against the inbox, over real sockets on this machine.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use degrade::{Cause, Counts, Fault, Phase, Transition};
use engine::courier::{Courier, Letter, PagerDuty, Webhook, WebhookSecret};
use engine::delivery::DeliveryError;
use engine::{Action, Engine, Page, Policy, Receiver, Setup};
use secrecy::SecretString;
use store::{Sqlite, Store};
use testkit::inbox::{AlertState, Behaviour, Door, Inbox};

/// 32 bytes of the letter `s`, and of the letter `t`.
const SECRET: &str = "whsec_c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=";
const OTHER_SECRET: &str = "whsec_dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHQ=";

async fn inbox(clock: &Clock) -> Inbox {
    Inbox::open(clock.clone(), SocketAddr::from(([127, 0, 0, 1], 0)), &[SECRET]).await.unwrap()
}

fn pagerduty(inbox: &Inbox) -> PagerDuty {
    PagerDuty::new(&inbox.url(), SecretString::from("R0UTE")).unwrap()
}

fn webhook(inbox: &Inbox, secrets: &[&str]) -> Webhook {
    let secrets = secrets.iter().map(|secret| WebhookSecret::parse(secret).unwrap()).collect();
    Webhook::new(&inbox.webhook_url(), secrets).unwrap()
}

fn letter(clock: &Clock, action: Action) -> Letter {
    Letter {
        id: format!("i1.{action:?}.test"),
        incident_id: "i1".into(),
        dedup_key: "sdl:acme:circuit/crm:1".into(),
        action,
        page: Page::from_json(include_str!("../../engine/samples/page-1.json")).unwrap(),
        sent_at: clock.now().wall,
    }
}

#[tokio::test]
async fn pagerduty_letters_arrive_and_move_the_alert() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let courier = pagerduty(&inbox);
    let receipt = courier.deliver(&letter(&clock, Action::Trigger)).await.unwrap();
    assert_eq!(receipt.reference.as_deref(), Some("sdl:acme:circuit/crm:1"));
    courier.deliver(&letter(&clock, Action::Trigger)).await.unwrap();
    courier.deliver(&letter(&clock, Action::Acknowledge)).await.unwrap();
    assert_eq!(inbox.alerts()[0].state, AlertState::Acknowledged);
    courier.deliver(&letter(&clock, Action::Resolve)).await.unwrap();
    let alert = inbox.alerts().remove(0);
    assert_eq!((alert.state, alert.opened, alert.letters), (AlertState::Resolved, 1, 4));
    let received = inbox.received();
    assert_eq!(received.iter().map(|it| it.is_repeat).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!(received[0].body["payload"]["custom_details"]["failure_count"], 5);
}

#[tokio::test]
async fn webhooks_arrive_when_any_secret_is_the_right_one() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let letter = letter(&clock, Action::Trigger);
    webhook(&inbox, &[SECRET]).deliver(&letter).await.unwrap();
    webhook(&inbox, &[OTHER_SECRET, SECRET]).deliver(&letter).await.unwrap();
    let refused = webhook(&inbox, &[OTHER_SECRET]).deliver(&letter).await.unwrap_err();
    assert_eq!(refused, DeliveryError::Status { status: 401, retry_after: None });
    let received = inbox.received();
    assert_eq!(
        received.iter().map(|it| (it.door, it.is_repeat)).collect::<Vec<_>>(),
        [(Door::Webhook, false), (Door::Webhook, true)]
    );
    assert_eq!(received[0].action, "steadyline.incident.opened");
    assert_eq!(received[0].dedup_key, "sdl:acme:circuit/crm:1");
}

#[tokio::test]
async fn an_old_webhook_is_refused() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let mut old = letter(&clock, Action::Trigger);
    old.sent_at -= jiff::SignedDuration::from_secs(301);
    assert!(webhook(&inbox, &[SECRET]).deliver(&old).await.unwrap_err().is_final());
}

#[tokio::test]
async fn a_misbehaving_receiver_is_understood() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let courier = pagerduty(&inbox);
    let letter = letter(&clock, Action::Trigger);
    inbox.behave(Behaviour::Status { status: 429, retry_after_s: Some(7) });
    assert_eq!(
        courier.deliver(&letter).await.unwrap_err(),
        DeliveryError::Status { status: 429, retry_after: Some(Duration::from_secs(7)) }
    );
    inbox.behave(Behaviour::Status { status: 307, retry_after_s: None });
    assert!(!courier.deliver(&letter).await.unwrap_err().is_final());
    inbox.behave(Behaviour::Well);
    courier.deliver(&letter).await.unwrap();
    let url = inbox.url();
    drop(inbox);
    let gone = PagerDuty::new(&url, SecretString::from("R0UTE")).unwrap();
    assert!(matches!(gone.deliver(&letter).await, Err(DeliveryError::Unreachable(_))));
}

#[tokio::test]
async fn an_event_that_pagerduty_would_refuse_is_refused() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let client = reqwest::Client::new();
    let url = format!("{}/v2/enqueue", inbox.url());
    for bad in [
        "",
        "{}",
        r#"{"routing_key":"R","event_action":"page"}"#,
        r#"{"routing_key":"R","event_action":"resolve"}"#,
        r#"{"routing_key":"R","event_action":"trigger"}"#,
        r#"{"routing_key":"R","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"bad"}}"#,
        r#"{"routing_key":7,"event_action":"trigger"}"#,
    ] {
        let answer = client.post(&url).body(bad).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{bad}");
    }
    assert!(inbox.received().is_empty());
}

/// The whole way on real parts: a circuit opens, the incident is kept in SQLite, pages arrive at both
/// doors, the circuit closes, and the alert is resolved.
#[tokio::test]
async fn a_circuit_reaches_the_inbox_through_sqlite() {
    let clock = Clock::real();
    let inbox = inbox(&clock).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&dir.path().join("steadyline.db")).await.unwrap());
    let receivers = vec![
        Receiver { name: "pagerduty".into(), courier: Arc::new(pagerduty(&inbox)) },
        Receiver { name: "hook".into(), courier: Arc::new(webhook(&inbox, &[SECRET])) },
    ];
    let policy = Policy::standard("acme");
    let setup = Setup { store: store.clone(), receivers, clock: clock.clone(), policy, seed: 7 };
    let engine = Engine::start(setup).await.unwrap();
    let change = |from, to| Transition {
        upstream: "salesforce".into(),
        circuit: "crm".into(),
        generation: 1,
        from,
        to,
        cause: Cause::ConsecutiveFailures { count: 5, last: Fault::Timeout },
        counts: Counts { bad: 5, ..Counts::default() },
        at: clock.now(),
    };
    let mut taken = inbox.taken();
    engine.sender().circuit(change(Phase::Closed, Phase::Open));
    taken.wait_for(|taken| *taken == 2).await.unwrap();
    engine.sender().circuit(change(Phase::HalfOpen, Phase::Closed));
    taken.wait_for(|taken| *taken == 4).await.unwrap();
    let mut views = engine.views();
    let all_delivered = |views: &Arc<engine::Views>| {
        views.incidents[0].letters.iter().all(|letter| letter.state == api::LetterState::Delivered)
    };
    views.wait_for(all_delivered).await.unwrap();
    engine.shutdown().await;
    assert_eq!(inbox.alerts()[0].state, AlertState::Resolved);
    let record = store.resolved_incidents(None).await.unwrap().remove(0);
    assert_eq!(record.letters.iter().filter(|letter| letter.state == store::LetterState::Delivered).count(), 4);
    engine::journal::replay(&store.journal(0).await.unwrap()).unwrap();
}
