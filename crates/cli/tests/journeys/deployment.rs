//! `deployment push`, against an organisation.

use crate::organisation::{FLOW, Organisation};

const PUSH: [&str; 4] = ["deployment", "push", "--target", "sandbox"];

#[test]
fn what_differs_is_shown_and_then_deployed_and_nothing_else() {
    let organisation = Organisation::new();
    organisation.write("flows/main.yaml", FLOW);
    let same = organisation.run(&PUSH);
    assert_eq!((same.code, same.stdout.as_str()), (0, "Main IVR (flows/main.yaml): unchanged\n"), "{}", same.whole());
    organisation.write("flows/main.yaml", &FLOW.replace("Thank you for calling.", "Welcome."));
    organisation.write("flows/night.yaml", &FLOW.replace("name: Main IVR", "name: Night"));
    let dry = organisation.run(&[&PUSH[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, organisation.seen().live.unwrap().id.as_str()), (0, "1.0"));
    assert!(dry.stdout.contains("Main IVR (flows/main.yaml): 1 lines new, 1 gone"), "{}", dry.stdout);
    assert!(
        dry.stdout.contains("\n  -    tts: Thank you") && dry.stdout.contains("\n  +    tts: Welcome."),
        "{}",
        dry.stdout
    );
    assert!(dry.stdout.contains("Night (flows/night.yaml): new"), "{}", dry.stdout);
    let pushed = organisation.run(&[&PUSH[..], &["--format", "json"]].concat());
    assert_eq!(pushed.code, 0, "{}", pushed.whole());
    let flows = &pushed.json()["flows"];
    assert_eq!((&flows[0]["version"], &flows[1]["version"]), (&"2.0".into(), &"1.0".into()), "{flows:#}");
    assert_eq!(organisation.seen().live.unwrap().id, "2.0");
    assert_eq!(organisation.run(&[&PUSH[..], &["flows/main.yaml"]].concat()).stdout, same.stdout);
}

#[test]
fn errors_of_the_lint_block_before_anything_is_asked() {
    let organisation = Organisation::new();
    organisation.write("flows/main.yaml", include_str!("../../../../examples/flows/main-ivr-bad-release.yaml"));
    organisation.write("secret", "wrong");
    let ended = organisation.run(&PUSH);
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert!(ended.stdout.contains("flows/main.yaml"), "{}", ended.stdout);
    let told = organisation.run(&[&PUSH[..], &["--format", "json"]].concat());
    assert!(told.json()["lint"]["summary"]["errors"].as_u64().unwrap() > 0);
    assert_eq!(organisation.seen().live.unwrap().id, "1.0");
}

#[test]
fn a_foreign_lock_on_any_flow_stops_all_of_them() {
    let organisation = Organisation::new();
    organisation.write("flows/a.yaml", &FLOW.replace("name: Main IVR", "name: Another"));
    organisation.write("flows/main.yaml", &FLOW.replace("Thank you for calling.", "Welcome."));
    organisation.lock("mary");
    let ended = organisation.run(&PUSH);
    assert_eq!((ended.code, ended.stdout.as_str()), (4, ""), "{}", ended.whole());
    assert!(ended.said().contains("is locked by user-mary"), "{}", ended.stderr);
    assert_eq!(organisation.run(&["flow", "versions", "Another"]).code, 2, "nothing was deployed");
}

#[test]
fn templates_are_filled_and_what_cannot_be_deployed_is_told() {
    let organisation = Organisation::new();
    organisation.write("flows/main.yaml", &FLOW.replace("division: Home", "division: \"{{division}}\""));
    let missing = organisation.run(&PUSH);
    assert_eq!(missing.code, 2, "{}", missing.whole());
    assert!(missing.said().contains("the template parameter `division` has no value"), "{}", missing.stderr);
    let filled = organisation.run(&[&PUSH[..], &["--set", "division=Home"]].concat());
    assert_eq!(filled.code, 0, "{}", filled.whole());
    assert_eq!(organisation.run(&[&PUSH[..], &["nowhere"]].concat()).code, 2);
    organisation.write("twice/a.yaml", FLOW);
    organisation.write("twice/b.yaml", FLOW);
    let twice = organisation.run(&[&PUSH[..], &["twice"]].concat());
    assert_eq!((twice.code, twice.said().contains("hold the same flow, Main IVR")), (2, true), "{}", twice.whole());
    assert_eq!(organisation.run(&["deployment", "push"]).code, 2, "where to?");
}

#[test]
fn production_is_not_pushed_to_without_a_server_that_knows_of_an_approval() {
    let organisation = Organisation::new();
    organisation.write("flows/main.yaml", &FLOW.replace("Thank you for calling.", "Welcome."));
    // Port 1 is nobody's.
    let push = ["deployment", "push", "--target", "production", "--server", "http://127.0.0.1:1"];
    let ended = organisation.run(&push);
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{}", ended.whole());
    assert_eq!(organisation.seen().live.unwrap().id, "1.0");
    assert_eq!(organisation.run(&[&push[..], &["--dry-run"]].concat()).code, 0);
}
