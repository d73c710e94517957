use super::*;
use crate::words;

fn seen(bad: u64, total: u64) -> Observation {
    let siblings = Count::Observed { bad: 5, total: 500 };
    Observation { count: Count::bad(bad, total).unwrap(), siblings }
}

/// Four weeks at 50 conversations a minute, of which every second minute has one that fails.
fn calm() -> Vec<Observation> {
    (0..40_320).map(|minute| seen(minute % 2, 50)).collect()
}

fn policy(rule: watch::Rule) -> Policy {
    Policy { rule, ..Policy::default() }
}

#[test]
fn decisions_are_told_in_words_with_every_number() {
    let (good, bad) = (vec![seen(0, 50); 60], vec![seen(6, 50); 60]);
    let mut late = vec![seen(0, 50); 20];
    late.extend([seen(8, 50); 10]);
    let cases =
        [("a good one", good), ("a bad one", bad), ("late", late), ("in the dark", vec![Observation::MISSING; 60])];
    let mut told = String::new();
    for rule in [watch::Rule::Evidence, watch::Rule::Guide, watch::Rule::Both] {
        let terms = learn(&policy(rule), &calm());
        for (name, minutes) in &cases {
            let judged = judge(&terms, minutes.iter().copied());
            let text = words::judged(&judged, |minute| format!("minute {minute}"));
            told.push_str(&format!("{rule:?}, {name}: {:?}\n  {text}\n", judged.decision));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn without_a_past_nothing_can_be_said() {
    let terms = learn(&policy(watch::Rule::Evidence), &[]);
    assert_eq!(judge(&terms, vec![seen(50, 50); 60]).decision, Decision::Blind);
}

#[test]
fn a_calm_past_arms_a_flow_and_an_incident_in_it_does_not() {
    let mut past: Vec<_> = calm().into_iter().take(5_000).collect();
    let terms = learn(&policy(watch::Rule::Evidence), &past);
    assert_eq!(arm(&terms, &past), Armed { tried: 5_000, fired: 0, first: None });
    // Against what was normal before, as it is when a new month begins.
    past[3_000..3_010].fill(seen(20, 50));
    let armed = arm(&terms, &past);
    assert!(armed.fired > 0);
    assert!((2_940..=3_000).contains(&armed.first.unwrap()), "{armed:?}");
}

#[test]
fn a_watch_that_ended_in_the_dark_is_no_good_release() {
    let terms = learn(&policy(watch::Rule::Evidence), &calm());
    let length = terms.length().get() as usize;
    for gap in [10, length, 3 * length] {
        let judged = judge(&terms, vec![Observation::MISSING; gap]);
        assert_eq!(judged.decision, Decision::Blind, "{gap}");
    }
    let seen_first = [vec![seen(0, 50); length], vec![Observation::MISSING; 3 * length]].concat();
    assert_eq!(judge(&terms, seen_first).decision, Decision::None, "its time was seen to the end");
}

#[test]
fn odds_of_any_size_are_said() {
    for alpha in [1e-4, 1e-9, 1e-30, 1e-300] {
        let terms = learn(&Policy { alpha, ..policy(watch::Rule::Evidence) }, &calm());
        let judged = judge(&terms, vec![seen(9, 50); 30]);
        assert!(crate::words::judged(&judged, |minute| minute.to_string()).contains(" : 1"), "{alpha}");
    }
}
