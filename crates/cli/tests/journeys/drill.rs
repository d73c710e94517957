//! Experiments are judged: sound or not, allowed or not.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::setup::{Ended, run_in};

/// Monday morning.
const MONDAY: &str = "2026-11-23T10:00:00Z";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drills").canonicalize().unwrap()
}

/// Checks in the folder of the examples, so that names are the same everywhere.
fn check(args: &[&str]) -> Ended {
    run_in(&examples(), &[&["drill", "check"], args].concat(), "")
}

fn example(name: &str) -> String {
    std::fs::read_to_string(examples().join(name)).unwrap()
}

#[test]
fn every_example_may_run_at_any_time() {
    let ended = check(&["."]);
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert!(ended.stdout.ends_with("7 experiments: 7 may run, 0 refused, 0 wrong\n"), "{}", ended.stdout);
    let quiet = check(&[".", "--quiet"]);
    assert_eq!(quiet.stdout.lines().count(), 7, "{}", quiet.stdout);
}

#[test]
fn a_plan_is_shown_with_every_step_and_its_undo() {
    let text = check(&["trunk-503.yaml"]);
    insta::assert_snapshot!("drill_plan", text.whole());
    let json = check(&["trunk-503.yaml", "--format", "json"]);
    insta::assert_snapshot!("drill_plan_json", json.whole());
    assert_eq!(json.json()["experiments"][0]["verdict"], "allowed");
}

#[test]
fn what_is_not_known_of_an_organisation_refuses_until_it_is_said() {
    let args = ["staging", "--at", MONDAY];
    let refused = check(&args);
    assert_eq!(refused.code, 5, "{}", refused.whole());
    insta::assert_snapshot!("drill_refused", refused.whole());
    let json = check(&[&args[..], &["--format", "json"]].concat()).json();
    assert_eq!(
        (&json["summary"]["refused"], &json["experiments"][0]["reasons"][0]["cause"]),
        (&1.into(), &"unknown".into())
    );
    let said = check(&["staging", "--situation", "staging/situation.yaml", "--at", MONDAY]);
    assert_eq!(said.code, 0, "{}", said.whole());
    let late = check(&["staging", "--situation", "staging/situation.yaml", "--at", "2026-11-28T10:00:00Z", "--quiet"]);
    assert_eq!(late.code, 5);
    assert!(late.stdout.contains("window-shut: guard.windows: "), "{}", late.stdout);
}

#[test]
fn a_guard_refuses_whatever_else_is_right() {
    let dir = TempDir::new().unwrap();
    let shared = example("trunk-503.yaml").replace("gateway: sbc-2", "gateway: sbc-1");
    std::fs::write(dir.path().join("shared.yaml"), shared).unwrap();
    let more =
        example("trunk-503.yaml").replace("max_calls: 1000", "max_calls: 989").replace("+15550199041", "+15550200041");
    std::fs::write(dir.path().join("more.yaml"), more).unwrap();
    let ended = run_in(dir.path(), &["drill", "check", ".", "--quiet"], "");
    assert_eq!(ended.code, 5, "{}", ended.whole());
    insta::assert_snapshot!("drill_guard", ended.whole());
}

#[test]
fn a_file_that_is_wrong_is_told_whole_and_keeps_no_other_from_being_judged() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("good.yaml"), example("quiet-hours.yaml")).unwrap();
    let bad = example("trunk-503.yaml").replace("+15550199041", "911").replace("do: sip.respond", "do: sip.answer");
    std::fs::write(dir.path().join("bad.yaml"), &bad).unwrap();
    let ended = run_in(dir.path(), &["drill", "check", "bad.yaml", "good.yaml", "--quiet"], "");
    assert_eq!(ended.code, 2, "{}", ended.whole());
    insta::assert_snapshot!("drill_wrong", ended.whole());
    let json = run_in(dir.path(), &["drill", "check", "-", "--format", "json"], &bad);
    assert_eq!((json.code, json.stderr.as_str()), (2, ""));
    insta::assert_snapshot!("drill_wrong_json", json.stdout);
}

#[test]
fn what_holds_no_experiment_is_a_wrong_call() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("other.yaml"), "degrade: {}\n").unwrap();
    let run = |args: &[&str]| run_in(dir.path(), &[&["drill", "check"], args].concat(), "");
    for (args, said) in [
        (&["."][..], "there is no experiment in these folders"),
        (&["nowhere.yaml"], "nowhere.yaml cannot be read"),
        (&["other.yaml", "--at", "soon"], "`soon` is no instant"),
        (&["other.yaml"], "there is no key `degrade` here"),
        (&["other.yaml", "--situation", "other.yaml"], "there is no key `degrade` here"),
    ] {
        let ended = run(args);
        assert_eq!(ended.code, 2, "{}", ended.whole());
        assert!(ended.said().contains(said), "{}", ended.whole());
    }
    std::fs::write(dir.path().join("huge.yaml"), vec![b'#'; 1 << 20]).unwrap();
    assert!(run(&["huge.yaml"]).said().contains("the file is longer than 262144 bytes"));
}

#[test]
fn the_schema_is_the_one_in_the_docs() {
    let ended = run_in(&examples(), &["drill", "schema"], "");
    let kept = std::fs::read_to_string(examples().join("../../docs/experiment.schema.json")).unwrap();
    assert_eq!((ended.code, ended.stdout), (0, kept));
}
