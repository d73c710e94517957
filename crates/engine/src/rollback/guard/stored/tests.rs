use rollback::act::Outcome;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_248_000 + minute * 60).unwrap()
}

fn seen(bad: u32) -> Seen {
    let count = |bad| Count::Observed { bad, total: 200 };
    Seen {
        of: Observation { count: count(bad), siblings: Count::Missing },
        others: Count::Empty,
        is_maintained: bad == 3,
    }
}

/// A release with minutes of every kind, that stands somewhere.
fn held(stage: Stage, left: Option<Why>) -> Held {
    let facts = Facts {
        flow: "f-1".into(),
        name: "Main IVR".into(),
        version: "12.0".into(),
        before: Some("11.0".into()),
        by: Some("release-pipeline".into()),
        at: at(0),
    };
    let baseline = Baseline::of_totals(40_320, 8_064_000, 80_641, 0.1, Some(1.0 / 3.0), 5e-5);
    let terms = Terms::new(Policy { alpha: 0.05 / 521.0, ..Policy::default() }, Some(baseline));
    let is_back = matches!(stage, Stage::Proving | Stage::Ended(End::Recovered | End::NotHelped | End::Unseen));
    let proof = is_back.then(|| Proof {
        target: "11.0".into(),
        since: 4,
        null: Null { share: 0.1 + 0.2, variation: 1.0 / 7.0 },
        recovery: Recovery::default(),
    });
    let missing = Seen { of: Observation::MISSING, ..seen(0) };
    let minutes = vec![seen(20), seen(3), missing, seen(21), seen(2), seen(1)];
    Held {
        id: "20261121-0800-main-ivr-12.0".into(),
        release: Release::again(facts, terms, minutes, Course { stage, proof, left }),
        mode: Mode::Approve,
        siblings: vec![("f-2".into(), "3.0".into())],
        story: vec![(at(1), "it was published".into())],
        is_unsaved: false,
        is_learning: true,
        told: vec![Subject::Suspect("f-1".into())],
    }
}

fn whys() -> Vec<Why> {
    vec![
        Why::Mode(Mode::Recommend),
        Why::NotArmed,
        Why::Refused(Refusal::Open("f-2".into())),
        Why::Refused(Refusal::LockedOut { until: at(9) }),
        Why::NotDone(Outcome::NoTarget),
    ]
}

#[test]
fn a_release_is_read_back_as_it_was_wherever_it_stands() {
    let ends = [
        End::Certified,
        End::Unproven,
        End::Recovered,
        End::NotHelped,
        End::Unseen,
        End::Overtaken(None),
        End::Overtaken(Some("13.0".into())),
        End::Left,
        End::Gone,
    ];
    let by = [By::Watch, By::Person("Ann".into())];
    let mut stages = vec![Stage::Watched, Stage::Proving];
    stages.extend(whys().into_iter().map(Stage::Asked));
    stages.extend(by.iter().flat_map(|by| [Stage::Wanted(by.clone()), Stage::Acting(by.clone())]));
    stages.extend(ends.map(Stage::Ended));
    for stage in stages {
        for left in whys().into_iter().map(Some).chain([None]) {
            let held = held(stage.clone(), left);
            let json = release_to_json(&held);
            let (back, is_same) = release_from_json(&json).unwrap();
            assert_eq!(back.release, held.release);
            assert!(is_same && release_to_json(&back) == json, "{json}");
        }
    }
}

#[test]
fn numbers_are_read_back_bit_for_bit_and_other_numbers_are_found() {
    for number in [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1e300, 4.180848294050462, f64::MIN_POSITIVE] {
        let json = serde_json::to_string(&Exact(number)).unwrap();
        assert_eq!(serde_json::from_str::<Exact>(&json).unwrap().0.to_bits(), number.to_bits());
    }
    let json = release_to_json(&held(Stage::Proving, None));
    let upper = held(Stage::Proving, None).release.terms.baseline().unwrap().upper;
    let changed = json.replace(&format!("{upper:?}"), &format!("{:?}", upper * 1.000_001));
    assert!(changed != json && !release_from_json(&changed).unwrap().1);
}

#[test]
fn a_release_and_a_flow_of_version_1_still_load() {
    let (held, is_same) = release_from_json(include_str!("../../../../samples/release-1.json")).unwrap();
    assert_eq!((held.release.facts.version.as_str(), held.release.seen().len()), ("12.0", 6));
    assert!(is_same, "the same numbers come out");
    let known = flow_from_json(include_str!("../../../../samples/release-flow-1.json")).unwrap();
    assert_eq!(known.good, ["11.0"]);
    assert_eq!(flow_from_json(&flow_to_json(&known)).unwrap(), known);
    let later = include_str!("../../../../samples/release-1.json").replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(release_from_json(&later).is_err());
}

#[test]
fn what_is_kept_is_written_as_the_samples_are() {
    let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
    let json = release_to_json(&held(Stage::Proving, Some(Why::NotArmed)));
    assert_eq!(value(&json), value(include_str!("../../../../samples/release-1.json")));
}
