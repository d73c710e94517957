//! Deployments to production, which two people agree on.

use jiff::Timestamp;
use serde_json::json;

use crate::organisation::{FLOW, Organisation, token};
use crate::setup::{Ended, post};

/// An objective whose counts are pushed.
const OBJECTIVE: &str = r#"{
  "id": "crm", "name": "CRM", "description": "answers", "sloTarget": 99.5, "timeWindow": "PT720H",
  "metric": {"resourceType": "API", "filterExpression": "api.success_rate > 0"},
  "burnRateAlerts": [{"level": "CRITICAL", "burnRateThreshold": 14.4, "duration": "PT5M"}]
}"#;

/// An organisation whose folder holds another Main IVR than callers get.
fn organisation() -> Organisation {
    let organisation = Organisation::new();
    organisation.write("flows/main.yaml", &FLOW.replace("Thank you for calling.", "Welcome."));
    organisation
}

/// `deployment VERB --target production` in somebody's name.
fn deployment(organisation: &Organisation, url: &str, who: &str, args: &[&str]) -> Ended {
    let token = token(who);
    let target = if args[0] == "list" { &[][..] } else { &["--target", "production"] };
    organisation.run(&[&["deployment"], args, target, &["--server", url, "--token", &token]].concat())
}

#[test]
fn what_goes_to_production_is_asked_for_by_one_and_approved_by_another() {
    let organisation = organisation();
    let (_server, url) = organisation.controller(&json!({}));
    let run = |who: &str, args: &[&str]| deployment(&organisation, &url, who, args);
    let refused = run("pipeline", &["push"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{}", refused.whole());
    assert!(refused.said().contains("nobody has approved this content for production"), "{}", refused.stderr);
    assert!(refused.said().contains("steadyline deployment approve --target production"), "{}", refused.stderr);
    // A pipeline asks, as often as it likes, and never approves.
    for _ in 0..2 {
        let asked = run("pipeline", &["approve", "--push"]);
        assert_eq!(asked.code, 4, "{}", asked.whole());
        assert!(asked.stdout.contains("d-1 (Main IVR, asked for by pipeline) waits"), "{}", asked.stdout);
        assert_eq!(run("ann", &["push"]).code, 4);
    }
    assert_eq!(run("ann", &["approve"]).code, 4, "an operator does not approve");
    let approved = run("ben", &["approve"]);
    assert_eq!(approved.code, 0, "{}", approved.whole());
    assert!(approved.stdout.contains("is approved by ben for production"), "{}", approved.stdout);
    assert_eq!(organisation.seen().live.unwrap().id, "1.0", "an approval deploys nothing by itself");
    let pushed = run("pipeline", &["approve", "--push"]);
    assert_eq!(pushed.code, 0, "{}", pushed.whole());
    assert_eq!(organisation.seen().live.unwrap().id, "2.0");
    let list = run("ann", &["list", "--format", "json"]).json();
    let one = &list["deployments"][0];
    assert_eq!(
        (&one["state"], &one["askedBy"], &one["approvedBy"]),
        (&"approved".into(), &"pipeline".into(), &"ben".into())
    );
    assert!(run("ann", &["list"]).stdout.contains("d-1  approved  production  Main IVR"));
}

#[test]
fn nobody_approves_what_they_asked_for_and_nobody_is_nobody() {
    let organisation = organisation();
    let (_server, url) = organisation.controller(&json!({}));
    let run = |who: &str, args: &[&str]| deployment(&organisation, &url, who, args);
    for who in ["stranger", ""] {
        let nobody = run(who, &["approve"]);
        assert_eq!((nobody.code, nobody.said().contains("nobody knows who asks")), (2, true), "{}", nobody.whole());
    }
    assert_eq!(run("ben", &["approve", "--reason", "a new greeting"]).code, 4);
    let own = run("ben", &["approve"]);
    assert_eq!(own.code, 4, "{}", own.whole());
    assert!(own.stderr.contains("nobody approves what they asked for"), "{}", own.stderr);
    assert_eq!(run("eve", &["approve", "--format", "json"]).json()["approvedBy"], "eve");
    // It is this content that was approved, and no other.
    organisation.write("flows/main.yaml", &FLOW.replace("Thank you for calling.", "Hello."));
    assert_eq!(run("eve", &["push"]).code, 4);
    assert_eq!(organisation.seen().live.unwrap().id, "1.0");
}

#[test]
fn what_was_agreed_on_is_known_after_a_restart() {
    let organisation = organisation();
    let (server, url) = organisation.controller(&json!({}));
    assert_eq!(deployment(&organisation, &url, "ann", &["approve"]).code, 4);
    server.signal("TERM");
    assert_eq!(server.end().0.code(), Some(0));
    let away = deployment(&organisation, &url, "ben", &["approve"]);
    assert_eq!((away.code, away.stdout.as_str()), (3, ""), "{}", away.whole());
    let (_server, url) = organisation.controller(&json!({}));
    assert_eq!(deployment(&organisation, &url, "ben", &["approve"]).code, 0);
    assert_eq!(deployment(&organisation, &url, "ann", &["push"]).code, 0);
}

#[test]
fn a_gate_that_nobody_knows_of_keeps_what_was_approved() {
    let organisation = organisation();
    organisation.write("slos.yaml", include_str!("../../../../examples/slos/crm-lookup.yaml"));
    let flows = json!({ "main-ivr": { "objectives": ["crm-lookup"] } });
    let budget = json!({ "objectives": ["slos.yaml"], "flows": flows });
    let upstreams = json!({ "upstreams": { "crm": { "url": "http://127.0.0.1:1" } } });
    let (_server, url) = organisation.controller(&json!({ "budget": budget, "degrade": upstreams }));
    assert_eq!(deployment(&organisation, &url, "ann", &["approve"]).code, 4);
    assert_eq!(deployment(&organisation, &url, "ben", &["approve"]).code, 0);
    let kept = deployment(&organisation, &url, "ann", &["push"]);
    assert_eq!(kept.code, 3, "{}", kept.whole());
    assert!(kept.said().contains("the gate of main-ivr is open"), "{}", kept.stderr);
    assert_eq!(organisation.seen().live.unwrap().id, "1.0");
}

#[test]
fn a_shut_gate_keeps_what_was_approved() {
    let organisation = organisation();
    organisation.write("slo.json", OBJECTIVE);
    let (server, url) = organisation.controller(&json!({}));
    let create = ["budget", "create", "-f", "slo.json", "--server", &url, "--token", &token("ann")];
    assert_eq!(organisation.run(&create).code, 0);
    server.signal("TERM");
    assert_eq!(server.end().0.code(), Some(0));
    let budget = json!({ "flows": { "main-ivr": { "objectives": ["crm"] } } });
    let (_server, url) = organisation.controller(&json!({ "budget": budget }));
    // Half of the last hour's answers were bad, where one in two hundred may be.
    let minute = |ago: i64| {
        let at = Timestamp::from_second((organisation.twin.now().as_second() / 60 - ago) * 60).unwrap();
        json!({ "at": at.to_string(), "total": 1_000, "bad": 500 })
    };
    let minutes: Vec<_> = (1..=60).rev().map(minute).collect();
    let counts = json!({ "minutes": minutes }).to_string();
    assert_eq!(post(&format!("{url}/api/v1/budget/crm/counts"), &token("pipeline"), &counts), 200);
    assert_eq!(deployment(&organisation, &url, "ann", &["approve"]).code, 4);
    assert_eq!(deployment(&organisation, &url, "ben", &["approve"]).code, 0);
    let kept = deployment(&organisation, &url, "ann", &["push"]);
    assert_eq!(kept.code, 1, "{}", kept.whole());
    assert!(kept.said().contains("the gate is shut for main-ivr"), "{}", kept.stderr);
    assert_eq!(organisation.seen().live.unwrap().id, "1.0");
}

#[test]
fn only_production_needs_it() {
    let organisation = organisation();
    let ended = organisation.run(&["deployment", "approve", "--target", "sandbox"]);
    assert_eq!((ended.code, ended.said().contains("sandbox is no production")), (2, true), "{}", ended.whole());
}

#[test]
fn a_version_goes_to_callers_of_production_once_two_have_agreed_on_it() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    let (_server, url) = organisation.controller(&json!({}));
    let as_who = |who: &str, args: &[&str]| {
        let token = token(who);
        organisation.run(&[args, &["--target", "production", "--server", &url, "--token", &token]].concat())
    };
    let publish = |who: &str| as_who(who, &["flow", "publish", "Main IVR"]);
    let approve = |who: &str, version: &str| {
        as_who(who, &["deployment", "approve", "--flow-id", "Main IVR", "--version", version])
    };
    let live = || organisation.seen().live.unwrap().id;
    let refused = publish("pipeline");
    assert_eq!((refused.code, refused.stdout.as_str(), live().as_str()), (4, "", "1.0"), "{}", refused.whole());
    let way = format!("deployment approve --target production --flow-id {} --version 2.0", organisation.flow);
    assert!(refused.said().contains(&way), "{}", refused.said());
    let asked = approve("pipeline", "2.0");
    assert_eq!((asked.code, asked.said().contains(&way)), (4, true), "{}", asked.whole());
    assert_eq!(publish("ann").code, 4, "what waits is not approved");
    assert_eq!(approve("ben", "2.0").code, 0);
    // Another version is another content.
    organisation.save(&FLOW.replace("Thank you for calling.", "Hello."));
    let newer = publish("pipeline");
    assert_eq!((newer.code, live().as_str()), (4, "1.0"), "{}", newer.whole());
    let published = as_who("pipeline", &["flow", "publish", "Main IVR", "--version", "2.0"]);
    assert_eq!((published.code, live().as_str()), (0, "2.0"), "{}", published.whole());
    assert_eq!(organisation.seen().holder, None);
    // A sandbox has nobody to ask, and so no server that must be there.
    assert_eq!(organisation.run(&["flow", "publish", "Main IVR", "--target", "sandbox"]).code, 0);
    assert_eq!(live(), "3.0");
    let files = as_who("ann", &["deployment", "approve", "flows/", "--flow-id", "Main IVR"]);
    assert_eq!(files.code, 2, "{}", files.whole());
}
