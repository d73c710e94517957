use std::collections::BTreeMap;

use rollback::act::Locked;

use super::super::super::organisation::Left;
use super::super::Watched;
use super::*;

const NORMAL: u64 = 2;
const NO_MAINTENANCE: fn(&str, &str, Minute) -> bool = |_, _, _| false;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_763_712_000 + minute * 60).unwrap()
}

fn policy(flows: &[&str]) -> Policy {
    let watched = |name: &&str| Watched { name: (*name).to_owned(), mode: Mode::Automatic, siblings: None };
    Policy {
        watch: rollback::Policy::default(),
        recovery: rollback::recovery::Policy::default(),
        false_rollbacks_per_year: 0.05,
        releases_per_year: 520,
        history: Minutes::days(2),
        arm_after: Minutes::hours(1),
        locked: Locked::HandOver,
        flows: flows.iter().map(watched).collect(),
    }
}

fn flow(id: &str, version: &str, since: i64) -> Flow {
    Flow { id: id.to_owned(), name: format!("Flow {id}"), version: Some(version.to_owned()), since: Some(at(since)) }
}

/// 200 callers in each minute, of whom so many fail.
fn told(minutes: Stretch, of: impl Fn(i64) -> Vec<(&'static str, &'static str, u64)>) -> Told {
    let mut counts = BTreeMap::new();
    for minute in (minutes.from.get()..minutes.until.get()).map(Minute::new) {
        for (flow, version, errors) in of(minute.get() - Minute::of(at(0)).get()) {
            let left = Left { version: version.to_owned(), errors, all: 200 };
            counts.entry((minute, flow.to_owned())).or_insert_with(Vec::new).push(left);
        }
    }
    Told { until: minutes.until, counts }
}

fn stretch(from: i64, until: i64) -> Stretch {
    Stretch { from: Minute::of(at(from)), until: Minute::of(at(until)) }
}

/// What is asked for at a minute, and told.
fn minute(state: &mut State, now: i64, of: impl Fn(i64) -> Vec<(&'static str, &'static str, u64)>) -> Out {
    let wanted = state.wanted(Minute::of(at(now)));
    let told = told(Stretch { until: Minute::of(at(now)), ..wanted }, of);
    state.counted(&told, wanted, &NO_MAINTENANCE, at(now))
}

fn look(state: &mut State, flows: &[Flow], publishes: &[Publish], now: i64) -> Out {
    let mut out = Out::default();
    for changed in state.found(flows, true) {
        let more = state.published(&changed, publishes, at(now));
        out.incidents.extend(more.incidents);
        out.begin.extend(more.begin);
    }
    out
}

/// Two flows that have been well for a day, and are armed.
fn state() -> State {
    let mut state = State::new(policy(&["main", "night"]), at(0));
    look(&mut state, &[flow("main", "11.0", -9_000), flow("night", "11.0", -9_000)], &[], 0);
    let all = |_| vec![("main", "11.0", NORMAL), ("night", "11.0", NORMAL)];
    let past = stretch(-2_880, 0);
    state.read(&told(past, all), past, &NO_MAINTENANCE);
    minute(&mut state, 0, all);
    for id in ["main", "night"] {
        state.armed(id, rollback::replay::Armed { tried: 2_880, fired: 0, first: None }, at(0));
    }
    state
}

fn stage(state: &State, version: &str) -> Stage {
    let held = state.releases.iter().rev().find(|held| held.release.facts.version == version);
    held.expect("it is watched").release.stage().clone()
}

#[test]
fn what_is_bad_now_begins() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), flow("night", "11.0", -9_000)], &[], 1);
    let out = minute(&mut state, 5, |_| vec![("main", "12.0", 20), ("night", "11.0", NORMAL)]);
    assert_eq!(out.begin.len(), 1, "once");
}

#[test]
fn what_was_bad_while_nobody_looked_and_is_well_again_is_not_gone_back_from() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), flow("night", "11.0", -9_000)], &[], 45);
    let of = |minute| vec![("main", "12.0", if minute < 6 { 20 } else { NORMAL }), ("night", "11.0", NORMAL)];
    let out = minute(&mut state, 45, of);
    assert_eq!(out.begin.len(), 0, "{:?}", stage(&state, "12.0"));
}
