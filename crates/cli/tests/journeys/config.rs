//! The configuration: read, refused, shown, explained.

use serde_json::json;
use tempfile::TempDir;

use crate::setup::{filters, run, run_in};

const GOOD: &str = "
degrade:
  upstreams:
    crm: { url: http://127.0.0.1:8080, probe: { path: /canary } }
  routes:
    lookup: { path: /crm/lookup, upstream: crm, fallback: { tier: standard } }
";

/// Checks `text` as steadyline.yaml in the working directory.
fn check(text: &str, args: &[&str]) -> crate::setup::Ended {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("steadyline.yaml"), text).unwrap();
    run_in(dir.path(), &[&["config", "check"], args].concat(), "")
}

#[test]
fn every_mistake_is_shown_with_its_place_and_what_to_write_instead() {
    let _filters = filters();
    let mistakes = [
        ("unknown_key", GOOD.replace("fallback:", "fallbck:")),
        ("bad_url", GOOD.replace("http://127.0.0.1:8080", "crm.example.com/api")),
        (
            "fallback_breaks_schema",
            GOOD.replace("{ tier: standard }", "{ tier: 3 }, schema: { properties: { tier: { type: string } } }"),
        ),
        ("duplicate_route", format!("{GOOD}    other: {{ path: /crm/lookup, upstream: crm }}\n")),
        ("deadline_too_long", GOOD.replace("upstream: crm,", "upstream: crm, deadline: 61s,")),
        ("unknown_upstream", GOOD.replace("upstream: crm,", "upstream: crn,")),
        (
            "missing_secret",
            format!("{GOOD}alerts:\n  on-call: {{ pagerDuty: {{ routingKey: {{ env: NOT_SET }} }} }}\n"),
        ),
    ];
    for (name, text) in mistakes {
        let ended = check(&text, &[]);
        assert_eq!(ended.code, 2, "{name}");
        insta::assert_snapshot!(format!("config_{name}"), ended.whole());
    }
}

#[test]
fn programs_get_the_same_problems() {
    let ended = check(&GOOD.replace("upstream: crm,", "upstream: crn,"), &["--format", "json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (2, ""));
    let told = ended.json();
    assert_eq!(told["valid"], false);
    assert_eq!(
        told["problems"],
        json!([{ "line": 6, "column": 44, "message": "there is no upstream `crn`", "hint": "did you mean `crm`?" }])
    );
}

#[test]
fn a_good_file_is_good_wherever_it_comes_from() {
    assert_eq!(
        check(GOOD, &[]).stdout,
        "steadyline.yaml is valid; upstreams: 1, routes: 1, receivers: 0, objectives: 0\n"
    );
    let dir = TempDir::new().unwrap();
    let ended = run_in(dir.path(), &["config", "check", "--config", "-"], GOOD);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (0, "stdin is valid; upstreams: 1, routes: 1, receivers: 0, objectives: 0\n")
    );
    let ended = run(&["config", "check", "--format", "json"]);
    assert_eq!((ended.code, &ended.json()["file"]), (0, &json!("the embedded default")));
    let ended = run(&["config", "check", "--config", "nowhere.yaml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("steadyline init"), "{}", ended.stderr);
}

#[test]
fn what_applies_is_shown_and_can_be_read_again() {
    let dir = TempDir::new().unwrap();
    let shown = run_in(dir.path(), &["config", "show", "--config", "-"], GOOD);
    insta::assert_snapshot!("config_show", shown.whole());
    let again = run_in(dir.path(), &["config", "show", "--config", "-", "--format", "json"], &shown.stdout);
    let direct = run_in(dir.path(), &["config", "show", "--config", "-", "--format", "json"], GOOD);
    assert_eq!(again.json(), direct.json());
}

#[test]
fn keys_are_explained() {
    insta::assert_snapshot!("config_explain_key", run(&["config", "explain", "degrade.routes.deadline"]).whole());
    insta::assert_snapshot!(
        "config_explain_section",
        run(&["config", "explain", "degrade.routes.lookup.cache"]).whole()
    );
    insta::assert_snapshot!("config_explain_unknown", run(&["config", "explain", "degrade.routes.deadlin"]).whole());
    let ended = run(&["config", "explain", "listen.console", "--format", "json"]);
    assert_eq!(ended.json()["key"], "listen.console");
}

#[test]
fn the_schema_is_json() {
    let ended = run(&["config", "schema"]);
    assert_eq!(ended.code, 0);
    assert!(ended.json()["properties"]["degrade"].is_object());
}
