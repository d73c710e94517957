//! Error budgets from the command line: the gate, maintenance by two people, objectives from and for others.

use std::path::Path;

use tempfile::TempDir;

use crate::setup::{Ended, Running, run, run_in};

const PEOPLE: [(&str, &str); 5] =
    [("vic", "viewer"), ("pipeline", "ci"), ("ann", "operator"), ("ben", "approver"), ("eve", "approver")];

const OBJECTIVE: &str = r#"{
  "id": "crm", "name": "CRM", "description": "answers", "sloTarget": 99.5, "timeWindow": "PT720H",
  "metric": {"resourceType": "API", "filterExpression": "api.success_rate > 0"},
  "burnRateAlerts": [{"level": "CRITICAL", "burnRateThreshold": 14.4, "duration": "PT5M"}]
}"#;

fn token(who: &str) -> String {
    format!("token-of-{who}-0123456789")
}

/// A controller whose people prove themselves with tokens from files.
fn house(dir: &Path) -> (Running, String) {
    let mut config = "access:\n  people:\n".to_owned();
    for (name, role) in PEOPLE {
        std::fs::write(dir.join(name), token(name)).unwrap();
        config.push_str(&format!("    {name}: {{ role: {role}, token: {{ file: {name} }} }}\n"));
    }
    std::fs::write(dir.join("steadyline.yaml"), config).unwrap();
    std::fs::write(dir.join("slo.json"), OBJECTIVE).unwrap();
    let mut server = Running::start_in(dir, &["serve", "--role", "controller", "--listen", "127.0.0.1:0"]);
    let url = server.url("console");
    (server, url)
}

/// A command in somebody's name; nobody's when there is no name.
fn as_somebody(dir: &Path, url: &str, who: Option<&str>, args: &[&str]) -> Ended {
    let token = who.map(token);
    let mut all = args.to_vec();
    all.extend(["--server", url]);
    if let Some(token) = &token {
        all.extend(["--token", token.as_str()]);
    }
    run_in(dir, &all, "")
}

#[test]
fn there_is_no_way_round_the_second_person_on_the_command_line() {
    let dir = TempDir::new().unwrap();
    let (_server, url) = house(dir.path());
    let run = |who: Option<&str>, args: &[&str]| as_somebody(dir.path(), &url, who, args);
    assert_eq!(run(Some("ann"), &["budget", "create", "-f", "slo.json"]).code, 0);
    let ask = |who: Option<&str>| run(who, &["budget", "reset", "crm", "--reason", "not ours", "--format", "json"]);
    let id = |asked: &Ended| asked.json()["id"].as_str().unwrap().to_owned();
    for who in PEOPLE.map(|(name, _)| Some(name)).into_iter().chain([None, Some("stranger")]) {
        let may_ask = matches!(who, Some("ann" | "ben" | "eve"));
        let asked = ask(who);
        assert_eq!(asked.code, if may_ask { 0 } else { 2 }, "{who:?} asks: {}", asked.whole());
        if may_ask {
            let own = run(who, &["maintenance", "approve", &id(&asked)]);
            assert_eq!(own.code, 2, "{who:?} approves their own: {}", own.whole());
        }
        let other = if who == Some("ann") { "eve" } else { "ann" };
        let others = id(&ask(Some(other)));
        let approved = run(who, &["maintenance", "approve", &others]);
        let may_approve = matches!(who, Some("ben" | "eve"));
        assert_eq!(approved.code, if may_approve { 0 } else { 2 }, "{who:?} approves: {}", approved.whole());
    }
    let list = run(None, &["maintenance", "list"]);
    assert!(list.stdout.contains("approved") && list.stdout.contains("waiting"), "{}", list.whole());
}

#[test]
fn maintenance_that_begins_now_is_approved_and_then_ended() {
    let dir = TempDir::new().unwrap();
    let (_server, url) = house(dir.path());
    let run = |who: &str, args: &[&str]| as_somebody(dir.path(), &url, Some(who), args);
    let ask =
        |start: &str| run("ann", &["maintenance", "request", "--start", start, "--end", "now+2h", "--reason", "x"]);
    assert_eq!(ask("now").code, 0, "{}", ask("now").whole());
    let asked = run(
        "ann",
        &["maintenance", "request", "--start", "now-5m", "--end", "now+2h", "--reason", "x", "--format", "json"],
    );
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        run("ben", &["maintenance", "approve", &id]).stdout,
        format!("{id} is approved, and began before that\n")
    );
    assert_eq!(run("ann", &["maintenance", "revoke", &id]).stdout, format!("{id} was ended by ann\n"));
    let list = run("ann", &["maintenance", "list"]).stdout;
    assert!(list.contains("ended by ann"), "{list}");
    let wrong = ask("now+");
    assert_eq!(wrong.code, 2, "{}", wrong.whole());
    assert!(wrong.stderr.contains("`now+` is no time") && wrong.stderr.contains("`now+2h`"), "{}", wrong.stderr);
}

#[test]
fn a_gate_that_knows_nothing_ends_with_3_and_says_null() {
    let dir = TempDir::new().unwrap();
    let (_server, url) = house(dir.path());
    let run = |args: &[&str]| as_somebody(dir.path(), &url, Some("ann"), args);
    let nothing = run(&["gate", "--format", "json"]);
    assert_eq!((nothing.code, &nothing.json()["allowed"]), (3, &serde_json::Value::Null));
    assert_eq!(run(&["budget", "create", "-f", "slo.json"]).code, 0);
    let unknown = run(&["gate", "--slo", "crm"]);
    assert_eq!(unknown.code, 3);
    assert!(unknown.stdout.contains("too little is known"), "{}", unknown.whole());
    let typo = run(&["gate", "--slo", "crn"]);
    assert_eq!(typo.code, 3);
    assert!(typo.stdout.contains("there is no such objective"), "{}", typo.whole());
    assert_eq!(run(&["budget", "burn", "crm"]).code, 3);
    let explained = run(&["budget", "explain", "crm"]);
    assert!(explained.stdout.contains("Too little is known"), "{}", explained.whole());
}

#[test]
fn a_gate_without_a_server_is_unknown_in_json_too() {
    let ended = run(&["gate", "--format", "json", "--server", "http://127.0.0.1:9"]);
    assert_eq!((ended.code, &ended.json()["allowed"]), (3, &serde_json::Value::Null));
    assert_eq!(run(&["gate", "--server", "http://127.0.0.1:9"]).code, 3);
}

#[test]
fn objectives_are_checked_with_the_configuration_and_exported() {
    let dir = TempDir::new().unwrap();
    let here = |args: &[&str]| run_in(dir.path(), args, "");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/slos");
    std::fs::create_dir(dir.path().join("slos")).unwrap();
    for name in ["crm-lookup.yaml", "prometheus.yaml"] {
        std::fs::copy(examples.join(name), dir.path().join("slos").join(name)).unwrap();
    }
    let config = "degrade: { upstreams: { crm: { url: 'http://crm' } } }\nbudget:\n  objectives: [slos]\n  flows:\n    main: { objectives: [crm-lookup] }\n";
    std::fs::write(dir.path().join("steadyline.yaml"), config).unwrap();
    let checked = here(&["config", "check"]);
    assert_eq!(checked.code, 0, "{}", checked.whole());
    let rules = here(&["budget", "export", "--prometheus"]);
    assert_eq!(rules.code, 0, "{}", rules.whole());
    assert!(rules.stdout.contains("steadyline_slo_bad_events_total"), "{}", rules.whole());
    std::fs::write(dir.path().join("steadyline.yaml"), config.replace("[crm-lookup]", "[crm-lokup]")).unwrap();
    let wrong = here(&["config", "check"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("steadyline.yaml:5:26") && wrong.stderr.contains("crm-lokup"), "{}", wrong.whole());
    let broken = std::fs::read_to_string(dir.path().join("slos/crm-lookup.yaml")).unwrap();
    std::fs::write(dir.path().join("slos/crm-lookup.yaml"), broken.replace("99.5", "100")).unwrap();
    let wrong = here(&["config", "check"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("crm-lookup.yaml:") && wrong.stderr.contains("100 %"), "{}", wrong.whole());
}
