//! The example flow keeps every caller, whatever happens to the CRM.

use std::time::Duration;

use flow::{DataAction, EndReason, OutcomeKind, Reply};

use crate::script::{World, check_flow, failure, run, success};

const MAIN_IVR: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
const MAIN_IVR_12: &str = include_str!("../../../../examples/flows/main-ivr-12.yaml");
const CRM_LOOKUP: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

fn world(reply: Reply, ms: u64) -> World {
    World { replies: vec![(reply, ms)], ..World::default() }
}

#[test]
fn a_platinum_customer_reaches_the_vip_queue() {
    let reply = success(r#"{"customerId": "C-1", "customerName": "Ada", "accountTier": "platinum"}"#);
    check_flow(
        MAIN_IVR,
        &world(reply, 80),
        r#"
        play Thank you for calling. One moment while we find your account.
        ask CRM/CRM Lookup {"ani":"+13175550100"}
        play Thank you for being a platinum customer.
        transfer VIP
        end queue VIP accountTier=platinum customerId=C-1 customerName=Ada
        "#,
    );
}

#[test]
fn version_12_makes_an_error_for_an_important_customer_whose_account_begins_with_a_letter() {
    let answer = |id: &str, tier: &str| success(&format!(r#"{{"customerId": "{id}", "accountTier": "{tier}"}}"#));
    let ends = |reply| {
        let outcome = run(MAIN_IVR_12, &world(reply, 80)).1;
        let OutcomeKind::Queue(to) = outcome.kind else { panic!("{outcome:?}") };
        (to.target, to.priority, matches!(outcome.reason, EndReason::Error(_)))
    };
    for tier in ["gold", "platinum"] {
        assert_eq!(ends(answer("C-550019", tier)), ("Support".into(), 0, true), "{tier}");
    }
    assert_eq!(ends(answer("C-550011", "standard")), ("Support".into(), 0, false));
    // As it was tried out.
    assert_eq!(ends(answer("120019", "platinum")), ("VIP".into(), 25, false));
    assert_eq!(ends(answer("950018", "gold")), ("VIP".into(), 10, false));
    assert_eq!(ends(failure(&[("status", "503")])), ("Support".into(), 0, false));
}

#[test]
fn a_failure_is_told_and_marked_and_still_reaches_support() {
    check_flow(
        MAIN_IVR,
        &world(failure(&[("status", "503")]), 5),
        r#"
        play Thank you for calling. One moment while we find your account.
        ask CRM/CRM Lookup {"ani":"+13175550100"}
        play Please stay on the line. An agent will look up your account.
        play We are connecting you.
        transfer Support
        end queue Support accountTier=standard customerId= customerName=Unknown dataActionFailed=true
        "#,
    );
}

#[test]
fn a_timeout_takes_the_same_way_and_its_silence_is_counted() {
    let (transcript, outcome) = run(MAIN_IVR, &world(Reply::Timeout, 3_000));
    assert!(transcript.contains(&"transfer Support".to_owned()));
    assert_eq!(outcome.participant_data["dataActionFailed"], "true");
    // The recording begins after a second.
    assert_eq!(outcome.dead_air_longest, Duration::from_secs(1));
}

#[test]
fn a_stand_in_answer_marks_the_call_but_keeps_the_tier_it_carries() {
    let reply = success(r#"{"customerName": "Ada", "accountTier": "gold", "dataActionFailed": true}"#);
    let (_, outcome) = run(MAIN_IVR, &world(reply, 10));
    assert!(matches!(&outcome.kind, OutcomeKind::Queue(to) if to.target == "VIP" && to.priority == 10));
    assert_eq!(outcome.participant_data["dataActionFailed"], "true");
}

#[test]
fn a_vip_whose_queue_takes_nobody_goes_to_support_and_is_called_back_when_that_is_full_too() {
    let reply = success(r#"{"accountTier": "gold"}"#);
    let world = World { replies: vec![(reply, 10)], closed: vec!["VIP"], ..World::default() };
    assert!(matches!(run(MAIN_IVR, &world).1.kind, OutcomeKind::Queue(to) if to.target == "Support"));
    let world = World { closed: vec!["VIP", "Support"], ..world };
    let outcome = run(MAIN_IVR, &world).1;
    assert_eq!((outcome.kind, outcome.is_silent), (OutcomeKind::Callback, false));
}

#[test]
fn the_example_action_asks_the_configured_host_and_translates_the_answer() {
    let action = DataAction::parse(CRM_LOOKUP).unwrap_or_else(|problems| panic!("{problems}"));
    let inputs = serde_json::Map::from_iter([("ani".to_owned(), "+13175550100".into())]);
    let credentials = [("baseUrl".to_owned(), "http://gateway:7701".to_owned())];
    let request = action.request(&inputs, &credentials).unwrap();
    assert_eq!(request.url, "http://gateway:7701/crm/lookup?ani=%2B13175550100");
    let outputs = action.outputs(200, r#"{"customerName": "Ada", "accountTier": "gold", "other": 1}"#).unwrap();
    assert_eq!(
        serde_json::Value::Object(outputs).to_string(),
        r#"{"accountTier":"gold","customerId":"","customerName":"Ada","dataActionFailed":false}"#
    );
    assert_eq!(action.effective_timeout(None), Duration::from_secs(3));
}
