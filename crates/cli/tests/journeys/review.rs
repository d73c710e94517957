//! A launch is reviewed, in every way that the command has.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::organisation::Organisation;
use crate::setup::{Ended, run, run_in};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/review").canonicalize().unwrap()
}

/// Reviews the plan of the examples, as README does, in a folder of its own.
fn example(dir: &Path, further: &[&str]) -> Ended {
    let (plan, config) = (examples().join("main-ivr.yaml"), examples().join("steadyline.yaml"));
    let mut args = vec!["review", plan.to_str().unwrap(), "--config", config.to_str().unwrap()];
    args.extend(further);
    run_in(dir, &args, "")
}

fn verdicts(told: &Value) -> Vec<(String, String)> {
    let word = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    told["checks"].as_array().unwrap().iter().map(|check| (word(check, "id"), word(check, "verdict"))).collect()
}

#[test]
fn the_example_passes_in_every_form_and_its_evidence_is_judged_again() {
    let dir = TempDir::new().unwrap();
    const KINDS: [&str; 8] = ["text", "json", "junit", "sarif", "markdown", "html", "github", "evidence"];
    let reports: Vec<String> = KINDS.iter().map(|kind| format!("--report={kind}={kind}")).collect();
    let told = example(dir.path(), &reports.iter().map(String::as_str).collect::<Vec<_>>());
    insta::assert_snapshot!("review_passes", told.whole());
    let file = |kind: &str| std::fs::read_to_string(dir.path().join(kind)).unwrap();
    assert_eq!(file("text"), told.stdout);
    assert!(file("junit").contains(r#"tests="12" failures="0" errors="0""#));
    assert!(file("html").contains("<!doctype html>") && file("html").len() < 1_000_000);
    assert!(!file("html").contains("<script") && !file("html").contains("http"), "it needs nothing else");
    assert!(file("markdown").starts_with("## A new greeting for Main IVR: PASS"));
    let sarif: Value = serde_json::from_str(&file("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 12);
    let first: Value = serde_json::from_str(&file("json")).unwrap();
    assert_eq!(first["verdict"], "pass");
    let again = run_in(dir.path(), &["review", "verify", "evidence", "--format", "json"], "");
    assert_eq!((again.code, again.json()), (0, first));
}

#[test]
fn what_keeps_a_launch_back_is_told_with_what_to_do() {
    let dir = TempDir::new().unwrap();
    let examples = examples();
    let scenario = std::fs::read_to_string(examples.join("organisation.yaml")).unwrap();
    let scenario = scenario.replace("../flows", examples.join("../flows").to_str().unwrap());
    let locked = format!("{scenario}timeline: [{{ at: 0s, do: {{ lock: {{ flow: Main IVR, holder: Mary }} }} }}]\n");
    std::fs::write(dir.path().join("organisation.yaml"), locked).unwrap();
    let plan = std::fs::read_to_string(examples.join("main-ivr.yaml")).unwrap();
    let plan = plan.replace("samples: 20, pace: 50ms", "samples: 3, pace: 1ms");
    std::fs::write(dir.path().join("plan.yaml"), plan.replace("objective: crm-lookup", "objective: nothing")).unwrap();
    let told = run_in(dir.path(), &["review", "plan.yaml", "--report", "github=annotations"], "");
    insta::assert_snapshot!("review_blocks", told.whole());
    let annotations = std::fs::read_to_string(dir.path().join("annotations")).unwrap();
    assert!(
        annotations
            .starts_with("::error file=plan.yaml,line=1,col=1,title=flow-lock::Main IVR: user-Mary has it locked")
    );
    let json = run_in(dir.path(), &["review", "plan.yaml", "--format", "json"], "");
    assert_eq!(json.code, 1);
    let expected = ("flow-lock".to_owned(), "blocked".to_owned());
    assert!(verdicts(&json.json()).contains(&expected), "{}", json.stdout);
}

#[test]
fn what_would_be_done_is_listed_and_not_done() {
    let dir = TempDir::new().unwrap();
    let told = example(dir.path(), &["--dry-run"]);
    insta::assert_snapshot!("review_dry_run", told.whole());
    let json = example(dir.path(), &["--dry-run", "--format", "json"]).json();
    assert_eq!((&json["changed"], &json["asked"]), (&json!([]), &json!(["twin"])));
}

#[test]
fn a_plan_that_ends_calls_says_so_before_it_does() {
    let organisation = Organisation::new();
    organisation.configure(&json!({}));
    let plan = |sessions: &str| {
        let plan =
            format!("name: a\nflows: [{{ name: Main IVR }}]\nload: {{ callsPerMinute: 5 }}\nsessions: {sessions}\n");
        organisation.write("plan.yaml", &plan);
    };
    let changed = |target: &str| {
        let told = organisation.run(&["review", "plan.yaml", "--target", target, "--dry-run", "--format", "json"]);
        told.json()["changed"].clone()
    };
    plan("{ window: 10m, longest: 90m, end: true }");
    let ends = |target: &str| json!([format!("{target}: calls that have been open for longer than 90 min are ended")]);
    assert_eq!((changed("sandbox"), changed("production")), (ends("sandbox"), ends("production")));
    let refused = organisation.run(&["review", "plan.yaml", "--target", "production"]);
    let why = "a review carries out Data Actions there, and this plan ends calls that were left open";
    assert_eq!((refused.code, refused.said().contains(why)), (2, true), "{}", refused.whole());
    plan("{ window: 10m }");
    assert_eq!(changed("sandbox"), json!([]));
}

#[test]
fn a_plan_that_cannot_be_meant_is_refused_with_its_place() {
    let dir = TempDir::new().unwrap();
    let check = |plan: &str| {
        std::fs::write(dir.path().join("plan.yaml"), plan).unwrap();
        run_in(dir.path(), &["review", "plan.yaml"], "")
    };
    let load = "load: { callsPerMinute: 5 }\n";
    insta::assert_snapshot!(
        "review_of_no_plan",
        [
            check(&format!("name: a\nflows: []\n{load}")),
            check(&format!("name: a\nflow: [x]\n{load}")),
            check(
                "name: a\nflows: [{ name: x }]\nload: { callsPerMinute: 0 }\nskip: { latencies: no, parity: \"\" }\n"
            ),
            check(&format!("name: a\nflows: [{{ name: x, file: nowhere.yaml }}]\n{load}")),
            run_in(dir.path(), &["review", "nowhere.yaml"], ""),
            run_in(dir.path(), &["review", "verify", "plan.yaml"], ""),
            run(&["review"]),
        ]
        .map(|ended| ended.whole())
        .join("\n")
    );
    assert_eq!(check(&format!("name: a\nflows: []\n{load}")).code, 2);
}

#[test]
fn a_target_is_reviewed_production_is_not_touched_and_an_unreachable_one_is_unknown() {
    let organisation = Organisation::new();
    organisation.configure(&json!({}));
    let first = organisation.run(&["review", "init", "--target", "sandbox"]);
    assert_eq!(first.code, 0, "{}", first.whole());
    assert!(first.stdout.contains("name: \"Main IVR\""), "{}", first.stdout);
    organisation.write("plan.yaml", &first.stdout);
    let told = organisation.run(&["review", "plan.yaml", "--target", "sandbox", "--format", "json"]);
    let verdicts = verdicts(&told.json());
    assert_eq!(verdicts[0], ("flow-validity".to_owned(), "pass".to_owned()), "{}", told.stdout);
    let production = organisation.run(&["review", "plan.yaml", "--target", "production"]);
    assert_eq!(production.code, 2, "{}", production.whole());
    assert!(production.said().contains("callers are in `production`"), "{}", production.whole());
    let nowhere = organisation.run(&["review", "plan.yaml", "--target", "sandbocks"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.said().contains("did you mean `sandbox`?"), "{}", nowhere.whole());
}

#[test]
fn a_login_that_may_only_look_writes_a_first_plan_and_one_that_may_not_is_told_what_is_missing() {
    let organisation = Organisation::new();
    let look = ["architect:flow:view", "architect:dependencyTracking:view", "integrations:integration:view"];
    organisation.allow(&[&look[..], &["integrations:action:view"]].concat());
    let first = organisation.run(&["review", "init", "--target", "sandbox"]);
    assert_eq!(first.code, 0, "{}", first.whole());
    for line in ["  - name: \"Main IVR\"", "  - name: \"CRM\"", "    action: \"CRM Lookup\""] {
        assert!(first.stdout.lines().any(|it| it == line), "{line}: {}", first.stdout);
    }
    organisation.allow(&look);
    let refused = organisation.run(&["review", "init", "--target", "sandbox"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.whole());
    assert!(refused.said().contains("integrations:action:view"), "{}", refused.whole());
}
