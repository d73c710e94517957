use review::Verdict;

use super::*;

/// As the first version wrote it.
const SAMPLE: &str = include_str!("../../../samples/review-1.json");

#[test]
fn evidence_of_version_1_is_still_judged() {
    let evidence = Evidence::read(SAMPLE).unwrap();
    assert_eq!(evidence.judge().unwrap().verdict(), Verdict::Pass);
    assert_eq!(evidence.to_json(), SAMPLE.trim_end());
}

#[test]
fn what_is_no_evidence_is_refused() {
    let wrong = |text: &str| Evidence::read(text).unwrap_err().to_string();
    assert_eq!(wrong("{}"), "it is no evidence of a review: missing field `version` at line 1 column 2");
    assert_eq!(
        wrong(&SAMPLE.replacen("\"version\": 1", "\"version\": 2", 1)),
        "it is written in form 2, and 1 is the last that is known here"
    );
    assert!(wrong(&SAMPLE[..SAMPLE.len() / 2]).contains("EOF"));
    assert!(wrong(&SAMPLE.replacen("\"target\"", "\"verdict\"", 1)).contains("unknown field `verdict`"));
    let plan = Evidence::read(&SAMPLE.replacen("name: Main IVR", "flow: Main IVR", 1)).unwrap();
    assert_eq!(plan.judge().unwrap_err().to_string(), "the plan in it cannot be read");
}
