//! Releases of the past: replayed from a file, explained, and what is said when that cannot be done.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::setup::run;

/// A history of 600 minutes, and 30 minutes after a publish at 08:00.
fn minutes(flow: &str, after: impl Fn(i64) -> Option<(u32, u32)>, text: &mut String) {
    let publish: i64 = "2026-11-20T08:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second() / 60;
    for place in -600..30 {
        let seen = if place < 0 { Some((50, u32::from(place % 2 == 0))) } else { after(place) };
        let Some((total, errors)) = seen else { continue };
        let at = jiff::Timestamp::from_second((publish + place) * 60).unwrap();
        writeln!(text, "{at},{flow},{total},{errors},250,3").unwrap();
    }
}

fn file() -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    let mut text = "minute,flow,total,errors,sibling_total,sibling_errors\n".to_owned();
    minutes("good", |_| Some((50, 0)), &mut text);
    minutes("bad", |_| Some((50, 7)), &mut text);
    minutes("bad later", |minute| Some((50, if minute < 15 { 0 } else { 20 })), &mut text);
    minutes("unseen", |_| None, &mut text);
    let path = dir.path().join("minutes.csv");
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (dir, path)
}

#[test]
fn releases_are_judged_one_by_one_and_explained() {
    let (_dir, file) = file();
    for policy in ["evidence", "guide", "both"] {
        let args = ["rollback", "backtest", "--csv", &file, "--history-minutes", "600", "--policy", policy, "--arm"];
        let ended = run(&args);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        insta::assert_snapshot!(format!("rollback_backtest_{policy}"), ended.stdout);
    }
}

#[test]
fn programs_get_the_same_as_json() {
    let (_dir, file) = file();
    let args = ["rollback", "backtest", "--csv", &file, "--history-minutes", "600", "--format", "json"];
    let told: Value = serde_json::from_str(&run(&args).stdout).unwrap();
    let flows = told["flows"].as_array().unwrap();
    let decided: Vec<_> = flows
        .iter()
        .map(|flow| (flow["flow"].as_str().unwrap(), flow["decision"].as_str().unwrap(), flow["minute"].as_u64()))
        .collect();
    let expected = [
        ("good", "none", None),
        ("bad", "rollback", Some(3)),
        ("bad later", "rollback", Some(19)),
        ("unseen", "blind", None),
    ];
    assert_eq!(decided, expected);
    assert!(flows.iter().all(|flow| flow["policy"] == "evidence" && flow["evidence"].is_f64()), "{told}");
}

#[test]
fn a_file_that_cannot_be_used_is_told_line_by_line() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("minutes.csv");
    fs::write(&path, "minute,flow,total,errors\n1,main,5,9\n2,,5,1\n").unwrap();
    let ended = run(&["rollback", "backtest", "--csv", &path.display().to_string()]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("minutes.csv:2: more were bad"), "{}", ended.stderr);
    assert!(ended.stderr.contains("minutes.csv:3: it names no flow"), "{}", ended.stderr);
    let ended = run(&["rollback", "backtest", "--csv", "nowhere.csv", "--alpha", "2"]);
    assert!(ended.stderr.contains("a chance is at least 1e-9 and below 1"), "{}", ended.stderr);
}
