//! `integration check`, against an organisation and its CRM.

use std::time::Duration;

use serde_json::json;
use twin::Mode;

use crate::organisation::Organisation;

const CHECK: [&str; 4] = ["integration", "check", "--integration-id", "CRM"];
const ASK: [&str; 4] = ["--action", "CRM Lookup", "--input", "ani=+15550100"];

#[test]
fn an_integration_that_answers_in_time_is_healthy() {
    let organisation = Organisation::new();
    let ended = organisation.run(&[&CHECK[..], &ASK].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.whole());
    assert!(
        ended.stdout.starts_with("CRM in platform: healthy\n") && ended.stdout.contains("200 ×5"),
        "{}",
        ended.stdout
    );
    let told = organisation.run(&[&CHECK[..], &ASK, &["--samples", "3", "--format", "json"]].concat()).json();
    assert_eq!((&told["healthy"], told["samples"].as_array().unwrap().len()), (&true.into(), 3));
    assert_eq!(
        (&told["state"], &told["slaMs"], &told["asked"]["action"]),
        (&"ACTIVE".into(), &4000.into(), &"CRM Lookup".into())
    );
    // From the platform's own network.
    let url = format!("{}/health", organisation.crm.base_url());
    let probed = organisation.run(&[&CHECK[..], &["--url", &url, "--samples", "2", "--format", "json"]].concat());
    assert_eq!((probed.code, &probed.json()["samples"][0]["answer"]), (0, &"200".into()), "{}", probed.whole());
}

#[test]
fn an_answer_that_is_right_and_late_blocks() {
    let organisation = Organisation::new();
    organisation.crm.set_mode(Mode::Healthy(Duration::from_millis(40)));
    let ended = organisation.run(&[&CHECK[..], &ASK, &["--samples", "2", "--sla", "5ms"]].concat());
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert!(ended.stdout.contains("200 ×2") && ended.stdout.contains("the SLA is 5 ms"), "{}", ended.stdout);
}

#[test]
fn an_upstream_that_fails_and_an_integration_that_is_off_block() {
    let organisation = Organisation::new();
    organisation.crm.set_mode(Mode::Unavailable(None));
    let failed = organisation.run(&[&CHECK[..], &ASK, &["--samples", "2"]].concat());
    assert_eq!(failed.code, 1, "{}", failed.whole());
    assert!(failed.stdout.contains("503 ×2"), "{}", failed.stdout);
    let url = "http://127.0.0.1:1/nobody";
    let away = organisation.run(&[&CHECK[..], &["--url", url, "--samples", "1"]].concat());
    assert_eq!(away.code, 1, "{}", away.whole());
    assert!(away.stdout.contains("unreached ×1"), "{}", away.stdout);
}

#[test]
fn how_it_is_asked_may_be_written_down_and_must_be_known() {
    let organisation = Organisation::new();
    let unknown = organisation.run(&CHECK);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (3, ""), "{}", unknown.whole());
    assert!(unknown.stderr.contains("review.integrations.CRM"), "{}", unknown.stderr);
    let health = json!({ "action": "CRM Lookup", "inputs": { "ani": "+15550100" }, "samples": 2, "sla": "3s" });
    organisation.configure(&json!({ "integrations": { "CRM": health } }));
    let told = organisation.run(&[&CHECK[..], &["--format", "json"]].concat());
    assert_eq!((told.code, &told.json()["slaMs"]), (0, &3000.into()), "{}", told.whole());
    // What is given with the command counts more.
    let given = organisation.run(&[&CHECK[..], &["--samples", "1", "--format", "json"]].concat()).json();
    assert_eq!(given["samples"].as_array().unwrap().len(), 1);
}

#[test]
fn wrong_names_are_told_with_what_was_meant() {
    let organisation = Organisation::new();
    let ended = organisation.run(&["integration", "check", "--integration-id", "crn"]);
    assert_eq!((ended.code, ended.stderr.contains("did you mean `CRM`?")), (2, true), "{}", ended.whole());
    let action = organisation.run(&[&CHECK[..], &["--action", "CRM Lookups"]].concat());
    assert_eq!((action.code, action.stderr.contains("did you mean `CRM Lookup`?")), (2, true), "{}", action.whole());
    let input = organisation.run(&[&CHECK[..], &["--action", "CRM Lookup"]].concat());
    assert_eq!((input.code, input.stderr.contains("needs the input `ani`")), (2, true), "{}", input.whole());
    assert_eq!(organisation.run(&[&CHECK[..], &["--samples", "51"]].concat()).code, 2);
    organisation.allow(&["integrations:integration:view", "integrations:action:view"]);
    let refused = organisation.run(&[&CHECK[..], &ASK, &["--target", "sandbox"]].concat());
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(refused.stderr.contains("integrations:action:execute"), "{}", refused.stderr);
}
