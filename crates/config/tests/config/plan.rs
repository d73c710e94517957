//! Plans of reviews, as they are meant and as they can be wrong.

use std::path::Path;
use std::time::Duration;

use ::review::Sessions;
use config::load_plan;

const HOUR: Duration = Duration::from_secs(3_600);

fn read(line: &str) -> Result<config::Launch, String> {
    let text = format!("name: Launch\nflows: [{{ name: Main IVR }}]\nload: {{ callsPerMinute: 1 }}\n{line}\n");
    load_plan(Path::new("launch.yaml"), &text).map_err(|invalid| invalid.to_string())
}

#[test]
fn sessions_are_watched_for_a_time_or_in_detail() {
    let sessions = |line: &str| read(line).unwrap().plan.sessions;
    assert_eq!(sessions(""), None);
    let plain = Sessions { window: 24 * HOUR, longest: 4 * HOUR, ends: false };
    assert_eq!(sessions("sessions: 24h"), Some(plain));
    assert_eq!(sessions("sessions: { window: 24h }"), Some(plain));
    let all = Sessions { window: HOUR / 6, longest: 2 * HOUR, ends: true };
    assert_eq!(sessions("sessions: { window: 10m, longest: 2h, end: true }"), Some(all));
}

#[test]
fn what_sessions_cannot_be_is_told_with_its_place() {
    let told = |line: &str| read(line).unwrap_err();
    let lines = [
        "sessions: soon",
        "sessions: [24h]",
        "sessions: { longest: 4h }",
        "sessions: { window: 10m, ends: true }",
        "sessions: { window: 10m, longest: 5m }",
        "sessions: { window: 10m, longest: 8d }",
    ];
    insta::assert_snapshot!(lines.map(|line| format!("{line}\n  {}\n", told(line))).concat());
}

#[test]
fn editors_know_both_forms() {
    let schema = config::plan_schema().to_string();
    assert!(
        schema.contains("SessionsMap") && schema.contains("A call that is open for longer was left open."),
        "{schema}"
    );
}
