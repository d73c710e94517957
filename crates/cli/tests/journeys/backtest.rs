//! Backtests: an outage replayed from a file and from the store, two policies compared, and what is said when it cannot
//! be done.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use crate::setup::{Running, run_in};

const OBJECTIVE: &str = "apiVersion: openslo/v1
kind: SLO
metadata: { name: crm-lookup }
spec:
  service: crm
  indicator:
    metadata: { name: crm-lookup-answers }
    spec:
      ratioMetric:
        bad: { metricSource: { type: push, spec: {} } }
        total: { metricSource: { type: push, spec: {} } }
  timeWindow: [{ duration: 1d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ targetPercent: 99 }]
";

/// The token of somebody, long enough to be one.
fn token(who: &str) -> String {
    format!("a-token-of-thirty-two-characters-{who}")
}

/// A configuration whose flow goes to TRIM below so many percent.
fn config(trim_below: u8) -> String {
    format!(
        "budget:
  objectives: [crm.yaml]
  flows:
    main-ivr:
      objectives: [crm-lookup]
      modes: {{ trim: {{ below: {trim_below}%, until: {}% }}, agentOnly: {{ below: 30%, until: 40% }} }}
access:
  people:
    pipeline: {{ role: ci, token: {{ env: PIPELINE_TOKEN }} }}
",
        trim_below + 10
    )
}

/// A day with an outage of twenty minutes and a gap of ten.
fn counts() -> String {
    let mut text = "minute,objective,bad,total\n".to_owned();
    for place in (0..1_440).filter(|place| !(900..910).contains(place)) {
        let bad = if (600..620).contains(&place) { 40 } else { 0 };
        writeln!(text, "2026-11-20T{:02}:{:02}:00Z,crm-lookup,{bad},50", place / 60, place % 60).unwrap();
    }
    text
}

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let files = [
        ("crm.yaml", OBJECTIVE),
        ("steadyline.yaml", &config(80)),
        ("later.yaml", &config(50)),
        ("day.csv", &counts()),
    ];
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn backtest(dir: &Path, args: &[&str]) -> crate::setup::Ended {
    run_in(dir, &[&["budget", "backtest"], args].concat(), "")
}

#[test]
fn an_outage_of_a_file_is_told_minute_by_minute() {
    let dir = folder();
    let ended = backtest(dir.path(), &["--counts", "day.csv"]);
    insta::assert_snapshot!("backtest_outage", ended.whole());
    let json = backtest(dir.path(), &["--counts", "day.csv", "--format", "json"]).json();
    assert_eq!(json["objectives"][0]["pages"], 1);
    assert_eq!(json["flows"][0]["modeMinutes"]["TRIM"], 9);
    assert_eq!(json["happenings"].as_array().unwrap().len(), 13);
    // What comes from stdin and goes out again is the same.
    let written = run_in(dir.path(), &["budget", "backtest", "--counts", "-", "--write-counts", "-"], &counts());
    assert_eq!(written.stdout, counts());
}

#[test]
fn two_policies_are_compared() {
    let dir = folder();
    let compare = ["--counts", "day.csv", "--compare", "steadyline.yaml", "later.yaml"];
    insta::assert_snapshot!("backtest_compare", backtest(dir.path(), &compare).whole());
    let json = backtest(dir.path(), &[&compare[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["differences"][0]["kind"], "moved");
    let same = backtest(dir.path(), &["--counts", "day.csv", "--compare", "later.yaml", "later.yaml"]);
    assert!(same.stdout.contains("they differ in nothing"), "{}", same.whole());
}

#[test]
fn what_cannot_be_replayed_is_said_with_a_remedy() {
    let dir = folder();
    let head = "minute,objective,bad,total\n";
    std::fs::write(dir.path().join("wrong.csv"), format!("{head}noon,crm-lookup,1,2\n2026-11-20T08:00:00Z,,1,2\n"))
        .unwrap();
    std::fs::write(dir.path().join("other.csv"), format!("{head}2026-11-20T08:00:00Z,billing,1,2\n")).unwrap();
    let wrong = [
        (&["--counts", "wrong.csv"][..], "wrong.csv:3: it names no objective"),
        (&["--counts", "other.csv"], "none of the objectives that were counted: billing"),
        (&["--counts", "day.csv", "--from", "soon"], "`soon` is no instant"),
        (&["--counts", "day.csv", "--from", "2026-11-22T00:00:00Z"], "the end does not come after the start"),
        (&[], "there is no store at steadyline.db"),
    ];
    for (args, part) in wrong {
        let ended = backtest(dir.path(), args);
        assert_eq!(ended.code, 2, "{}", ended.whole());
        assert!(ended.stderr.contains(part), "{}", ended.whole());
    }
}

#[test]
fn what_a_server_counted_is_replayed_once_it_has_let_go_of_its_store() {
    let dir = folder();
    let mut text = config(80).replace("{ env: PIPELINE_TOKEN }", "{ file: pipeline }");
    for (name, role) in [("ann", "operator"), ("ben", "approver")] {
        writeln!(text, "    {name}: {{ role: {role}, token: {{ file: {name} }} }}").unwrap();
    }
    std::fs::write(dir.path().join("steadyline.yaml"), text).unwrap();
    for name in ["pipeline", "ann", "ben"] {
        std::fs::write(dir.path().join(name), token(name)).unwrap();
    }
    let mut server =
        Running::start_in(dir.path(), &["serve", "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"]);
    let (_, console) = (server.url("gateway"), server.url("console"));
    let now_s = clock::Clock::real().now().wall.as_second();
    let minutes = (1..=120).rev().map(|ago| {
        let at = jiff::Timestamp::from_second((now_s / 60 - ago) * 60).unwrap();
        let bad = if (40..60).contains(&ago) { 45 } else { 0 };
        format!(r#"{{"at":"{at}","bad":{bad},"total":50}}"#)
    });
    let minutes = format!(r#"{{"minutes":[{}]}}"#, minutes.collect::<Vec<_>>().join(","));
    let answer = post("pipeline", &format!("{console}/api/v1/budget/crm-lookup/counts"), &minutes);
    assert!(answer.contains("\"taken\":120"), "{answer}");
    let wish = r#"{"kind":"reset","objectives":["crm-lookup"],"reason":"a drill"}"#;
    let asked = post("ann", &format!("{console}/api/v1/maintenance"), wish);
    let (_, id) = asked.split_once("\"id\":\"").unwrap();
    let (id, _) = id.split_once('"').unwrap();
    let approved = post("ben", &format!("{console}/api/v1/maintenance/{id}/approve"), "");
    assert!(approved.contains("\"state\":\"approved\""), "{approved}");
    let held = backtest(dir.path(), &[]);
    assert_eq!(held.code, 4, "{}", held.whole());
    assert!(held.stderr.contains("--counts FILE.csv"), "{}", held.stderr);
    server.signal("TERM");
    assert_eq!(server.end().0.code(), Some(0));
    let json = backtest(dir.path(), &["--format", "json"]).json();
    // All of it came in one minute, and so it would all have happened in that one, up to the reset.
    assert!(json["gate"]["shutMinutes"].as_u64().unwrap() <= 2, "{json}");
    let happened = json["happenings"].as_array().unwrap();
    let agreed: Vec<_> = happened.iter().filter(|happened| happened["request"] == id).collect();
    assert_eq!(agreed.len(), 2, "{json}");
    assert_eq!((&agreed[1]["what"], &agreed[1]["by"]), (&"approve".into(), &"ben".into()));
    let told = backtest(dir.path(), &[]).stdout;
    assert!(told.contains("reset approved by ben") && told.contains("a drill"), "{told}");
    // A file knows of no lateness, and of nothing that people agreed on.
    let csv = backtest(dir.path(), &["--write-counts", "stored.csv"]);
    assert_eq!(csv.code, 0, "{}", csv.whole());
    let json = backtest(dir.path(), &["--counts", "stored.csv", "--format", "json"]).json();
    assert!(json["gate"]["shutMinutes"].as_u64().unwrap() > 15, "{json}");
    assert_eq!(json["objectives"][0]["pages"], 1, "{json}");
}

fn post(who: &str, url: &str, body: &str) -> String {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(crate::setup::PATIENCE)).unwrap();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        token(who),
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
