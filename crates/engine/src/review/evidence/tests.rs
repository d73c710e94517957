use review::Verdict;

use super::*;

/// As the first version wrote it.
const SAMPLE: &str = include_str!("../../../samples/review-1.json");

/// As the second version writes it.
const SAMPLE_2: &str = include_str!("../../../samples/review-2.json");

#[test]
fn evidence_of_version_1_is_still_judged() {
    let evidence = Evidence::read(SAMPLE).unwrap();
    assert_eq!(evidence.facts.left, Ok(None));
    assert_eq!(evidence.judge().unwrap().verdict(), Verdict::Pass);
    assert_eq!(evidence.to_json(), SAMPLE.trim_end().replacen("\"version\": 1", "\"version\": 2", 1));
}

#[test]
fn watched_sessions_of_version_1_are_judged_as_they_were() {
    let plan = SAMPLE.replacen("probes: {", "sessions: 10m\\nprobes: {", 1);
    let samples: Vec<_> = (0..11_u64).map(|at| format!(r#"{{"at":{at},"calls":1,"sessions":2}}"#)).collect();
    let watched = format!("\"sessions\": {{ \"known\": [{}] }}", samples.join(","));
    let text = plan.replacen("\"sessions\": {\n      \"known\": []\n    }", &watched, 1);
    let evidence = Evidence::read(&text).unwrap();
    assert_eq!(evidence.facts.sessions.as_ref().unwrap().len(), 11);
    assert_eq!(evidence.judge().unwrap().verdict(), Verdict::Pass);
}

#[test]
fn evidence_of_version_2_has_calls_that_were_left_open() {
    let evidence = Evidence::read(SAMPLE_2).unwrap();
    assert_eq!(evidence.to_json(), SAMPLE_2.trim_end());
    let review = evidence.judge().unwrap();
    let sessions = review.results.iter().find(|it| it.check.id == "sessions").unwrap();
    let said: Vec<&str> = sessions.judged.findings.iter().map(|finding| finding.what.as_str()).collect();
    let expected = "Still open: 4 of 5 calls that had been left open, the first since 2026-11-20T22:15:00Z: 503 service.unavailable.";
    assert_eq!((review.verdict(), said), (Verdict::Blocked, vec![expected]));
}

#[test]
fn what_is_no_evidence_is_refused() {
    let wrong = |text: &str| Evidence::read(text).unwrap_err().to_string();
    assert_eq!(wrong("{}"), "it is no evidence of a review: missing field `version` at line 1 column 2");
    assert_eq!(
        wrong(&SAMPLE.replacen("\"version\": 1", "\"version\": 3", 1)),
        "it is written in form 3, and 2 is the last that is known here"
    );
    assert!(wrong(&SAMPLE[..SAMPLE.len() / 2]).contains("EOF"));
    assert!(wrong(&SAMPLE.replacen("\"target\"", "\"verdict\"", 1)).contains("unknown field `verdict`"));
    let plan = Evidence::read(&SAMPLE.replacen("name: Main IVR", "flow: Main IVR", 1)).unwrap();
    assert_eq!(plan.judge().unwrap_err().to_string(), "the plan in it cannot be read");
}
