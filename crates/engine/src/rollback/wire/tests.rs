use super::*;

fn version(id: &str) -> Version {
    Version { id: id.into(), configuration: Some(format!("c{id}")) }
}

fn current(step: Step) -> Current {
    let plan = Plan {
        flow: "main".into(),
        bad: "12.0".into(),
        to: Some("11.0".into()),
        good: vec!["11.0".into()],
        known_bad: vec!["9.0".into()],
        locked: Locked::Unlock,
    };
    let act = Act {
        step,
        aims: vec![version("11.0")],
        ruled_out: vec!["10.0".into()],
        old_failure: Some("op-7".into()),
        publishes: 2,
        troubles: 3,
        polls: 4,
        waited: Duration::from_millis(5_500),
        is_late: true,
        is_in_doubt: true,
        disturbed: 3,
        ..Act::new(plan)
    };
    Current {
        cause: "r-1".into(),
        act,
        begun: Timestamp::UNIX_EPOCH,
        ended: Some(Timestamp::MIN.max(Timestamp::UNIX_EPOCH)),
    }
}

#[test]
fn every_step_and_every_end_is_read_back_as_it_was() {
    let outcomes = [
        Outcome::Live("11.0".into()),
        Outcome::Overtaken(None),
        Outcome::Overtaken(Some("13.0".into())),
        Outcome::NoTarget,
        Outcome::Locked("ann".into()),
        Outcome::Gone,
        Outcome::Refused("no".into()),
        Outcome::GivenUp,
    ];
    let mut steps = vec![
        Step::Look,
        Step::Unlock,
        Step::Choose,
        Step::Check(version("11.0")),
        Step::Lock(version("11.0")),
        Step::Confirm(version("11.0")),
        Step::Publish(version("11.0")),
        Step::Await { version: version("11.0"), is_taken: true },
    ];
    for outcome in outcomes {
        steps.extend([Step::Release(outcome.clone()), Step::Ended(outcome)]);
    }
    for step in steps {
        let kept = current(step);
        assert_eq!(from_json(&to_json(&kept)), Ok(kept));
    }
}

/// What version 1 wrote must always be read.
#[test]
fn a_sample_of_version_1_is_read() {
    let sample = r#"{"version":1,"begun":"2026-11-21T08:00:00Z","ended":null,
        "plan":{"flow":"main","bad":"12.0","good":["11.0"],"knownBad":[],"unlocks":false},
        "step":{"at":"await","of":{"id":"11.0","configuration":null},"isTaken":true},
        "aims":[{"id":"11.0","configuration":null}],"ruledOut":[],"oldFailure":null,
        "publishes":1,"troubles":0,"polls":2,"waitedMs":2000,"isLate":false}"#;
    let current = from_json(sample).unwrap();
    assert_eq!((current.act.plan.bad.as_str(), &current.act.plan.to), ("12.0", &None), "the wish came later");
    let wished = sample.replace(r#""good""#, r#""to":"10.0","good""#);
    assert_eq!(from_json(&wished).unwrap().act.plan.to.as_deref(), Some("10.0"));
    assert!(matches!(current.act.step, Step::Await { is_taken: true, .. }));
    assert!(from_json(&sample.replace("\"version\":1", "\"version\":2")).is_err());
}
