//! `flow validate` and `flow versions`, against an organisation.

use serde_json::json;

use crate::organisation::{FLOW, Organisation};
use crate::setup::run;

#[test]
fn a_sound_flow_is_valid_and_says_who_has_looked() {
    let organisation = Organisation::new();
    let ended = organisation.run(&["flow", "validate", "--flow-id", "Main IVR", "--target", "sandbox"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.whole());
    assert!(ended.stdout.starts_with("Main IVR 1.0 in sandbox: valid\n"), "{}", ended.stdout);
    let told = organisation.run(&["flow", "validate", &organisation.flow, "--format", "json"]).json();
    assert_eq!((&told["valid"], &told["target"], &told["version"]), (&true.into(), &"platform".into(), &"1.0".into()));
    let checks: Vec<_> =
        told["checks"].as_array().unwrap().iter().map(|check| (&check["id"], &check["verdict"])).collect();
    let pass = json!("pass");
    assert_eq!(checks, [(&json!("platform"), &pass), (&json!("lint"), &pass), (&json!("dependencies"), &pass)]);
}

#[test]
fn an_error_of_any_of_the_three_is_enough() {
    let organisation = Organisation::new();
    // Without a queue the platform and the index object; a disconnect in place of a way on is for the lint alone.
    organisation.save(&FLOW.replace("name: Support", "name: Gone"));
    let gone = organisation.run(&["flow", "validate", "Main IVR"]);
    assert_eq!(gone.code, 1, "{}", gone.whole());
    assert!(gone.stdout.contains("Main IVR 2.0 in platform: not valid"), "{}", gone.stdout);
    let bad = include_str!("../../../../examples/flows/main-ivr-bad-release.yaml");
    organisation.save(bad);
    let told = organisation.run(&["flow", "validate", "Main IVR", "--format", "json"]).json();
    assert_eq!(told["valid"], false);
    let lint = &told["checks"][1];
    assert_eq!((&lint["id"], &lint["verdict"]), (&json!("lint"), &json!("blocked")), "{told:#}");
    // What was valid before stays valid.
    assert_eq!(organisation.run(&["flow", "validate", "Main IVR", "--version", "1.0"]).code, 0);
}

#[test]
fn without_the_preview_the_lint_judges_alone_and_that_is_said() {
    let organisation = Organisation::new();
    organisation.settings(|settings| settings.preview = false);
    let ended = organisation.run(&["flow", "validate", "--flow-id", "Main IVR"]);
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert!(ended.stdout.contains("platform     absent") && ended.stdout.contains("lint alone"), "{}", ended.stdout);
    // Never silently true: without the export nobody has looked at it.
    organisation.settings(|settings| settings.export_refusals = 1_000);
    let ended = organisation.run(&["flow", "validate", "--flow-id", "Main IVR", "--format", "json"]);
    assert_eq!((ended.code, &ended.json()["valid"]), (3, &serde_json::Value::Null), "{}", ended.whole());
}

#[test]
fn a_flow_that_is_not_there_is_told_with_what_was_meant() {
    let organisation = Organisation::new();
    for args in [
        &["flow", "validate", "--flow-id", "main-ivr"][..],
        &["flow", "publish", "main-ivr"],
        &["flow", "lock", "main-ivr"],
    ] {
        let ended = organisation.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.whole());
        assert!(ended.stderr.contains("did you mean `Main IVR`?"), "{}", ended.stderr);
    }
}

#[test]
fn a_target_that_is_not_there_is_told_with_those_that_are() {
    let organisation = Organisation::new();
    let ended = organisation.run(&["flow", "validate", "Main IVR", "--target", "sandbx"]);
    assert_eq!(ended.code, 2);
    let said = ended.said();
    assert!(said.contains("there is no target `sandbx` in steadyline.yaml"), "{said}");
    assert!(said.contains("did you mean `sandbox`? known targets: platform, production, sandbox"), "{said}");
    assert!(run(&["flow", "versions", "x"]).stderr.contains("`review.targets`"));
}

#[test]
fn only_the_secret_of_the_target_that_is_asked_is_needed() {
    let organisation = Organisation::new();
    let secret = json!({ "env": "NOBODY_HAS_SET_THIS" });
    let mut production = organisation.target("twin-client");
    production["client"]["secret"] = secret;
    organisation
        .configure(&json!({ "targets": { "sandbox": organisation.target("twin-client"), "production": production } }));
    assert_eq!(organisation.run(&["flow", "validate", "Main IVR", "--target", "sandbox"]).code, 0);
    let ended = organisation.run(&["flow", "validate", "Main IVR", "--target", "production"]);
    assert_eq!(ended.code, 2);
    let said = ended.said();
    assert!(said.contains("the environment variable NOBODY_HAS_SET_THIS"), "{said}");
}

#[test]
fn missing_permissions_and_an_organisation_that_is_away_are_no_verdict() {
    let organisation = Organisation::new();
    let args = ["flow", "validate", "Main IVR", "--target", "sandbox"];
    organisation.allow(&["architect:flow:view"]);
    let ended = organisation.run(&args);
    assert_eq!(ended.code, 3, "{}", ended.whole());
    assert!(ended.stdout.contains("architect:jobValidate:create"), "{}", ended.stdout);
    organisation.allow(&["routing:queue:view"]);
    let ended = organisation.run(&args);
    assert_eq!(ended.code, 2, "{}", ended.whole());
    assert!(ended.stderr.contains("architect:flow:view"), "{}", ended.stderr);
    // Port 1 is nobody's.
    let mut away = organisation.target("twin-client");
    away["gateway"]["url"] = "http://127.0.0.1:1".into();
    organisation.configure(&json!({ "targets": { "sandbox": away } }));
    let ended = organisation.run(&args);
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{}", ended.whole());
}

#[test]
fn versions_say_what_callers_get_and_who_has_the_flow() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.lock("mary");
    let told = organisation.run(&["flow", "versions", "Main IVR", "--format", "json"]).json();
    let versions: Vec<_> =
        told["versions"].as_array().unwrap().iter().map(|one| (&one["id"], &one["status"])).collect();
    assert_eq!(versions, [(&json!("2.0"), &json!("draft")), (&json!("1.0"), &json!("active"))]);
    assert_eq!((&told["lockedBy"], &told["isLockedByUs"]), (&"user-mary".into(), &false.into()));
    let shown = organisation.run(&["flow", "versions", "Main IVR", "--limit", "1"]);
    assert!(
        shown.stdout.contains("2.0") && !shown.stdout.contains("1.0  ") && shown.stdout.contains("locked by user-mary"),
        "{}",
        shown.stdout
    );
    assert!(shown.stderr.contains("1 of 2 versions"), "{}", shown.stderr);
}
