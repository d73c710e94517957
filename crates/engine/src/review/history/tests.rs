use review::{CHECKS, Weight};

use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_763_712_000 + day * 86_400).unwrap()
}

/// A review of a plan at a target that came to a verdict on a day.
pub(in crate::review) fn run(plan: &str, target: &str, verdict: Verdict, day: i64) -> Run {
    let finding = Finding {
        weight: Weight::Blocks,
        about: "Main IVR".into(),
        what: "Mary has it locked.".into(),
        fix: "Ask Mary.".into(),
        at: Some((3, 7)),
    };
    let check = |id: &str, verdict: Verdict| Checked {
        id: id.into(),
        verdict,
        summary: "one flow".into(),
        findings: vec![finding.clone()],
        more: 2,
    };
    Run {
        number: 0,
        slot: 0,
        keep: 3,
        plan: plan.into(),
        file: format!("{plan}.yaml"),
        target: target.into(),
        organisation: Some("Acme".into()),
        owner: Some("architects".into()),
        at: at(day),
        by: None,
        verdict,
        trouble: None,
        checks: vec![check("flow-lock", verdict), check("quota", Verdict::Pass)],
        evidence: Left::Kept,
    }
}

fn history(runs: impl IntoIterator<Item = Run>) -> History {
    runs.into_iter().fold(History::default(), |history, run| history.with(run).0)
}

fn days(history: &History, plan: &str) -> Vec<i64> {
    history.of(plan, "sandbox").map(|run| at(0).duration_until(run.at).as_hours() / 24).collect()
}

#[test]
fn of_each_plan_at_each_target_so_many_are_kept() {
    let of = |plan| (0..5).map(move |day| run(plan, "sandbox", Verdict::Pass, day));
    let all = history(of("a").chain(of("b")).chain([run("a", "production", Verdict::Pass, 9)]));
    assert_eq!((days(&all, "a"), days(&all, "b")), (vec![2, 3, 4], vec![2, 3, 4]));
    assert_eq!(all.of("a", "production").count(), 1);
}

#[test]
fn slots_are_written_again_and_numbers_only_grow() {
    let mut all = History::default();
    for day in 0..50 {
        let (next, kept) = all.with(run("a", "sandbox", Verdict::Pass, day));
        assert!(kept.slot < 3, "{}", kept.slot);
        assert_eq!(kept.number, u64::try_from(day).unwrap() + 1);
        all = next;
    }
}

#[test]
fn all_plans_together_take_no_more_than_there_is_room_for() {
    let runs = (0..RUNS_MAX + 10).map(|n| run(&format!("plan {n}"), "sandbox", Verdict::Pass, 0));
    let all = History::restored(runs.enumerate().map(|(n, run)| Run {
        number: n as u64,
        slot: u32::try_from(n).unwrap(),
        ..run
    }));
    let (all, _) = all.with(run("one more", "sandbox", Verdict::Pass, 1));
    assert!(all.0.len() <= RUNS_MAX, "{}", all.0.len());
    assert!(all.0.iter().any(|run| run.plan == "one more"));
}

#[test]
fn what_was_kept_is_the_same_when_it_is_read_whatever_its_order() {
    let all = history((0..9).map(|day| run(if day % 2 == 0 { "a" } else { "b" }, "sandbox", Verdict::Unknown, day)));
    let kept: Vec<String> = all.0.iter().rev().map(|run| wire::to_json(run)).collect();
    let read = History::restored(kept.iter().map(|json| wire::from_json(json).unwrap()));
    assert_eq!(read, all);
}

#[test]
fn what_the_first_version_wrote_is_read() {
    let json = r#"{"version":1,"number":7,"slot":2,"keep":90,"plan":"Launch","file":"launch.yaml","target":"sandbox",
        "organisation":null,"owner":"architects","at":"2026-11-22T01:30:00Z","by":"pipeline","verdict":"blocked",
        "trouble":null,"checks":[{"id":"quota","verdict":"blocked","summary":"s","more":0,"findings":
        [{"weight":"blocks","about":"a","what":"w","fix":"","at":null}]}],"evidence":"too-large"}"#;
    let read = wire::from_json(json).unwrap();
    assert_eq!((read.id().as_str(), read.verdict, read.evidence), ("r-7", Verdict::Blocked, Left::TooLarge));
    assert_eq!(
        wire::from_json(&json.replace(r#""version":1"#, r#""version":2"#)),
        Err("version 2 is not known".into())
    );
}

#[test]
fn evidence_of_the_review_before_in_the_same_slot_is_not_taken_for_this_ones() {
    let json = wire::evidence_to_json(7, Some("{}".into()));
    assert_eq!(wire::evidence_from_json(&json, 7).as_deref(), Some("{}"));
    assert_eq!(wire::evidence_from_json(&json, 8), None);
    assert_eq!(wire::evidence_from_json(&wire::evidence_to_json(7, None), 7), None);
}

#[test]
fn a_launch_is_kept_back_while_its_last_review_anywhere_does_not_pass() {
    use Verdict::{Blocked, Pass, Unknown};
    let held = |runs: &[(&str, Verdict, i64)], now: i64, is_nightly: bool| -> Vec<String> {
        let all = history(runs.iter().map(|(target, verdict, day)| run("a", target, *verdict, *day)));
        let held = all.held(|_| is_nightly, at(now));
        held.values().flatten().map(|run| run.target.clone()).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(held(&[("sandbox", Blocked, 0)], 1, true), ["sandbox"]);
    assert_eq!(held(&[("sandbox", Unknown, 0)], 1, true), ["sandbox"]);
    assert_eq!(held(&[("sandbox", Blocked, 0), ("sandbox", Pass, 1)], 1, true), none);
    assert_eq!(held(&[("sandbox", Blocked, 0), ("production", Pass, 1)], 1, true), ["sandbox"]);
    assert_eq!(held(&[("sandbox", Blocked, 0)], 13, false), ["sandbox"]);
    assert_eq!(held(&[("sandbox", Blocked, 0)], 14, false), none, "nobody reviews it any more");
    assert_eq!(held(&[("sandbox", Blocked, 0)], 14, true), ["sandbox"], "it will be reviewed again");
}

#[test]
fn people_are_told_what_keeps_it_back_and_whose_it_is() {
    let with = |verdict, checks: &[(&str, Verdict)]| {
        let mut it = run("Order status", "sandbox", verdict, 0);
        let check =
            |(id, verdict): &(&str, Verdict)| Checked { id: (*id).into(), verdict: *verdict, ..it.checks[0].clone() };
        it.checks = checks.iter().map(check).collect();
        it.number = 17;
        it
    };
    let (blocked, unknown) = (Verdict::Blocked, Verdict::Unknown);
    assert_eq!(
        words::kept_back(&with(blocked, &[("flow-lock", blocked), ("quota", blocked), ("trunks", unknown)]), None),
        "Order status must not go ahead at sandbox: flow-lock and quota keep it back, and trunks could not be judged; \
         its owner is architects; /reviews/r-17 says more"
    );
    let nobodys = Run { owner: None, ..with(unknown, &[("trunks", unknown)]) };
    assert_eq!(
        words::kept_back(&nobodys, None),
        "nobody can say whether Order status may go ahead at sandbox: trunks could not be judged; nobody is named as its \
         owner; /reviews/r-17 says more"
    );
    assert!(words::kept_back(&nobodys, Some("launches@acme.example")).contains("its owner is launches@acme.example"));
    let untold = Run { trouble: Some("the plan cannot be read".into()), ..with(unknown, &[]) };
    assert!(words::kept_back(&untold, None).contains("at sandbox: the plan cannot be read; "));
    let passed = with(Verdict::Pass, &[("quota", Verdict::Pass)]);
    assert_eq!(words::let_go(&passed), "Order status may go ahead at sandbox: the review r-17 passes");
    assert_eq!(words::because(&passed), "one check passes");
}

#[test]
fn findings_that_weigh_most_are_kept_and_long_ones_are_cut() {
    let finding = |weight, n: usize| Finding {
        weight,
        about: n.to_string(),
        what: "ü".repeat(TEXT_CHARS_MAX * 2),
        fix: String::new(),
        at: None,
    };
    let mut findings: Vec<Finding> = (0..20).map(|n| finding(Weight::Warning, n)).collect();
    findings.push(finding(Weight::Blocks, 20));
    let judged = review::Judged { findings, ..review::Judged::default() };
    let kept = checked(&Review { results: vec![review::Result { check: &CHECKS[0], judged }] });
    assert_eq!((kept[0].findings.len(), kept[0].more, kept[0].findings[0].weight), (8, 13, Weight::Blocks));
    assert!(kept[0].findings.iter().all(|finding| finding.what.chars().count() == TEXT_CHARS_MAX));
}
