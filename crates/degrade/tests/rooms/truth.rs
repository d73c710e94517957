//! The breaker tells the truth whatever came before.

use std::time::Duration;

use base::Mono;
use degrade::breaker::{Admission, Breaker, Failed};
use degrade::circuit::{Event, Policy};
use degrade::{Fault, Phase};
use proptest::prelude::*;

use crate::traffic::policy;

const MS: Duration = Duration::from_millis(1);

fn fail(breaker: &Breaker, fault: Fault, now: Mono) {
    let generation = breaker.generation();
    let _effects = breaker.bad(0, Failed { generation, fault, retry_after: None }, now);
}

#[test]
fn it_opens_within_ten_failures_after_any_history() {
    for good in [0, 10, 1_000, 100_000] {
        let breaker = Breaker::new(policy(), 1);
        let now = Mono::from_millis(5_000);
        for _ in 0..good {
            breaker.good(0, breaker.generation(), 5 * MS, now);
        }
        let failures = (1..=10).find(|_| {
            fail(&breaker, Fault::Server, now);
            breaker.phase() == Phase::Open
        });
        assert_eq!(failures, Some(5), "after {good} good answers");
    }
}

#[test]
fn a_brown_out_of_four_in_five_opens_it_within_a_second() {
    let breaker = Breaker::new(policy(), 1);
    let opened = (0..100_u64).find(|call| {
        let now = Mono::from_millis(10_000 + call * 20);
        if call % 5 == 0 {
            breaker.good(0, breaker.generation(), 5 * MS, now);
        } else {
            fail(&breaker, Fault::Server, now);
        }
        breaker.phase() == Phase::Open
    });
    assert!(opened.is_some_and(|call| call * 20 < 1_000), "{opened:?}");
}

#[test]
fn a_thousand_callers_who_give_up_open_it() {
    let breaker = Breaker::new(policy(), 1);
    for _ in 0..100 {
        breaker.good(0, 0, 10 * MS, Mono::from_millis(1_000));
    }
    assert!(!breaker.is_abandonment_evidence(20 * MS, Mono::from_millis(2_000)), "a quick hang-up is no evidence");
    assert!(breaker.is_abandonment_evidence(100 * MS, Mono::from_millis(2_000)));
    for call in 0..1_000 {
        fail(&breaker, Fault::Abandoned, Mono::from_millis(2_000 + call));
    }
    assert_eq!(breaker.phase(), Phase::Open);
}

#[test]
fn failures_of_an_outage_that_is_over_are_no_evidence() {
    let breaker = Breaker::new(policy(), 1);
    let now = Mono::from_millis(5_000);
    for _ in 0..100 {
        fail(&breaker, Fault::Server, now);
    }
    let later = Mono::from_millis(6_500);
    let _probe = breaker.step(Event::Woke { generation: breaker.generation() }, later);
    let _first = breaker.step(Event::ProbeGood { generation: breaker.generation() }, later);
    let _second = breaker.step(Event::ProbeGood { generation: breaker.generation() }, later);
    assert_eq!(breaker.phase(), Phase::Closed);
    let after = Mono::from_millis(8_000);
    fail(&breaker, Fault::Server, after);
    assert_eq!((breaker.phase(), breaker.evidence(after).bad), (Phase::Closed, 1));
}

#[test]
fn after_closing_callers_come_back_by_and_by() {
    let breaker = Breaker::new(policy(), 1);
    let at = |ms: u64| Mono::from_millis(5_000 + ms);
    for _ in 0..5 {
        fail(&breaker, Fault::Server, at(0));
    }
    let _probe = breaker.step(Event::Woke { generation: breaker.generation() }, at(2_000));
    let _first = breaker.step(Event::ProbeGood { generation: breaker.generation() }, at(2_000));
    let _second = breaker.step(Event::ProbeGood { generation: breaker.generation() }, at(2_000));
    let admitted =
        |ms| (0..1_000).filter(|ticket| matches!(breaker.admit(at(ms), *ticket), Admission::Pass { .. })).count();
    assert_eq!(admitted(2_000), 100);
    assert_eq!(admitted(2_500), 550);
    assert_eq!(admitted(3_000), 1_000);
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Good,
    Bad,
}

proptest! {
    /// Whatever the order, the window counts every failure of the last ten seconds: no success erases one.
    #[test]
    fn successes_never_erase_bucketed_failures(calls in prop::collection::vec((prop_oneof![Just(Call::Good), Just(Call::Bad)], 0_u64..400), 1..200)) {
        let never = Policy { failures_in_a_row: u32::MAX, calls_min: u32::MAX, ..policy() };
        let breaker = Breaker::new(never, 1);
        let (mut now, mut failures) = (Mono::from_millis(20_000), Vec::new());
        for (call, wait) in calls {
            now = now + Duration::from_millis(wait);
            match call {
                Call::Good => breaker.good(0, 0, 5 * MS, now),
                Call::Bad => {
                    fail(&breaker, Fault::Server, now);
                    failures.push(now);
                }
            }
            let second = now.since_start().as_secs();
            let recent = failures.iter().filter(|at| second - at.since_start().as_secs() < degrade::WINDOW_S).count();
            prop_assert_eq!(breaker.evidence(now).bad, recent as u64);
        }
    }
}
