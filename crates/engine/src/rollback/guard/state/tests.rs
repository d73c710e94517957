use std::collections::BTreeMap;

use base::Stretch;
use rollback::act::{Locked, Outcome};
use rollback::release::{self, Stage};

use super::super::super::organisation::{Flow, Left, Publish, Told};
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
        let more = state.published(&changed, publishes, None, at(now));
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

fn watched(state: &State) -> Vec<&str> {
    state.releases.iter().map(|held| held.release.facts.version.as_str()).collect()
}

fn night() -> Flow {
    flow("night", "11.0", -9_000)
}

fn publish(version: &str, minute: i64, is_ours: bool) -> Publish {
    Publish { version: version.to_owned(), at: at(minute), by: None, is_ours }
}

fn over(out: &Out) -> Vec<String> {
    let key = |event: &incident::Event| match event {
        incident::Event::Over { subject, .. } => Some(subject.key()),
        _ => None,
    };
    out.incidents.iter().filter_map(key).collect()
}

/// What became of going back from `main` in minute 4.
fn ended(cause: &str, outcome: Outcome) -> Ended {
    Ended { cause: cause.to_owned(), flow: "main".to_owned(), outcome, has_published: true, at: at(4) }
}

/// A release of `main` that was gone back from in minute 4.
fn proving() -> State {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    let out = minute(&mut state, 4, |_| vec![("main", "12.0", 20), ("night", "11.0", NORMAL)]);
    let id = out.begin[0].id.clone();
    state.begun(&id, at(4));
    state.acted(&ended(&id, Outcome::Live("11.0".to_owned())), at(4));
    state
}

#[test]
fn a_publish_that_has_no_date_is_one_release() {
    let mut state = state();
    let undated = Flow { since: None, ..flow("main", "12.0", 0) };
    for now in 1..5 {
        look(&mut state, &[undated.clone(), night()], &[publish("12.0", 0, false)], now);
    }
    assert_eq!(watched(&state), ["12.0"]);
    assert_eq!(state.releases[0].release.facts.at, at(0));
}

#[test]
fn a_version_that_is_published_again_is_watched_from_then_on_whatever_its_first_date() {
    let mut state = state();
    look(&mut state, &[flow("main", "10.0", -20_000), night()], &[], 7);
    assert_eq!(state.releases[0].release.facts.at, at(7), "it was not live before the last look");
    look(&mut state, &[flow("main", "9.0", -30_000), night()], &[publish("9.0", 8, false)], 9);
    assert_eq!(state.releases[1].release.facts.at, at(8));
}

#[test]
fn what_was_published_too_long_ago_to_be_told_of_is_not_watched() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 10), night()], &[], 3 * 1_440);
    assert_eq!(watched(&state), [""; 0]);
    assert_eq!(state.flows[0].known.published, Some(("12.0".to_owned(), at(10))));
}

#[test]
fn our_own_publish_under_a_new_id_is_the_rollback_and_a_later_one_is_a_release() {
    let mut state = proving();
    look(&mut state, &[flow("main", "14.0", 4), night()], &[publish("14.0", 4, true)], 5);
    assert_eq!((watched(&state), stage(&state, "12.0")), (vec!["12.0"], Stage::Proving));
    look(&mut state, &[flow("main", "15.0", 9), night()], &[publish("15.0", 9, true)], 9);
    assert_eq!(watched(&state), ["12.0", "15.0"], "whoever published it");
}

#[test]
fn a_flow_that_is_found_late_learns_its_past_all_the_same() {
    let mut state = State::new(policy(&["main", "night"]), at(0));
    let all = |_| vec![("main", "11.0", NORMAL), ("night", "11.0", NORMAL)];
    look(&mut state, &[flow("main", "11.0", -9_000)], &[], 0);
    minute(&mut state, 0, all);
    let read = |state: &mut State| {
        for _ in 0..10 {
            let Some(wanted) = state.unread(Minutes::days(1)) else { return };
            state.read(&told(wanted, all), wanted, &NO_MAINTENANCE);
        }
    };
    read(&mut state);
    minute(&mut state, 30, all);
    look(&mut state, &[flow("main", "11.0", -9_000), night()], &[], 30);
    minute(&mut state, 31, all);
    read(&mut state);
    assert_eq!((state.flows[0].past.known(), state.flows[1].past.known()), (2_880, 2_880));
    assert_eq!(state.unread(Minutes::days(1)), None);
}

#[test]
fn a_name_that_several_flows_have_is_none_of_them() {
    let mut state = State::new(policy(&["Flow main"]), at(0));
    let same = |id: &str| Flow { name: "Flow main".to_owned(), ..flow(id, "11.0", 0) };
    look(&mut state, &[same("one"), same("other")], &[], 1);
    assert!(state.flows[0].found.is_none() && state.flows[0].trouble.is_some());
}

#[test]
fn a_release_of_a_flow_that_is_no_longer_watched_ends_and_is_asked_for_no_more() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    minute(&mut state, 2, |_| vec![("main", "12.0", 20), ("night", "11.0", NORMAL)]);
    let held = state.releases.remove(0);
    assert!(!held.told.is_empty(), "it is suspect");

    let mut state = State::new(policy(&["night"]), at(9_000));
    state.releases.push(held);
    assert_eq!(state.wanted(Minute::of(at(9_000))).length(), Minutes::new(16), "nobody can tell of it");
    assert_eq!(state.abandon(false, at(9_000)).incidents.len(), 0, "it may be found yet");
    state.found(&[night()], true);
    let out = state.abandon(true, at(9_000));
    assert_eq!((over(&out), out.audit.len()), (vec!["suspect/main".to_owned()], 1));
    assert!(state.releases[0].release.is_over() && state.releases[0].is_unsaved);
    assert_eq!(state.abandon(true, at(9_001)).audit.len(), 0, "once");
}

#[test]
fn an_incident_of_an_earlier_run_ends_with_the_first_look() {
    let mut state = State::new(policy(&["main"]), at(0));
    assert_eq!(over(&state.looked()), ["unseen/all"]);
    assert_eq!(over(&state.looked()), [""; 0]);
}

#[test]
fn a_release_of_which_people_were_told_is_not_forgotten() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    let policy = state.release_policy(0);
    let held = &mut state.releases[0];
    held.release = release::step(held.release.clone(), &policy, Event::Dropped).0;
    held.told.push(Subject::Stuck("main".into()));
    for n in 0..2 * RELEASES_MAX as i64 {
        look(&mut state, &[flow("main", "12.0", 0), flow("night", &format!("{}.0", 13 + n), 1 + n)], &[], 2 + n);
        state.unsaved(at(0));
    }
    assert_eq!(state.releases[0].release.facts.version, "12.0");
    assert_eq!(state.releases.len(), RELEASES_MAX);
}

#[test]
fn an_answer_without_anybody_does_not_undo_what_is_known() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    minute(&mut state, 10, |_| vec![("main", "12.0", NORMAL), ("night", "11.0", NORMAL)]);
    minute(&mut state, 11, |_| Vec::new());
    let known = state.releases[0].release.seen().iter().filter(|seen| seen.of.count.is_known()).count();
    assert_eq!((known, state.flows[0].past.get(Minute::of(at(5))).is_known()), (10, true));
}

#[test]
fn a_version_that_was_bad_when_it_was_last_seen_is_bad() {
    let mut state = state();
    state.flows[0].mode = Mode::Approve;
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    minute(&mut state, 5, |_| vec![("main", "12.0", 20), ("night", "11.0", NORMAL)]);
    state.not_counted("analytics do not answer".to_owned(), at(15));
    look(&mut state, &[flow("main", "13.0", 16), night()], &[], 16);
    assert_eq!(state.flows[0].known.bad, ["12.0"]);
}

#[test]
fn what_was_kept_holds_releases_up_before_the_platform_has_told_anything() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", 0), night()], &[], 1);
    minute(&mut state, 2, |_| vec![("main", "12.0", 20), ("night", "11.0", NORMAL)]);
    let held = state.holds();
    assert_eq!(held[0].flow, ["main", "Flow main", "main"]);
    let mut again = State::new(policy(&["main", "night"]), at(3));
    again.releases = state.releases;
    again.remembered("night".to_owned(), Known { not_helped: Some("it did not help".to_owned()), ..Known::default() });
    let flows: Vec<_> = again.holds().into_iter().map(|hold| hold.flow).collect();
    assert_eq!(flows, [vec!["Flow main".to_owned(), "main".to_owned()], vec!["night".to_owned()]]);
}

#[test]
fn who_published_is_not_asked_of_what_was_live_before_anybody_looked() {
    let state = State::new(policy(&["main"]), at(0));
    assert!(!state.is_release(&flow("main", "11.0", -9_000), at(0)));
    assert!(state.is_release(&flow("main", "11.0", -9), at(0)));
}

/// What incidents are told, and of which subjects they are over.
fn told_of(out: &Out) -> Vec<String> {
    let told = |event: &incident::Event| match event {
        incident::Event::Trouble { subject, what } => format!("{}: {what}", subject.key()),
        incident::Event::Over { subject, .. } => format!("{} is over", subject.key()),
        other => format!("{other:?}"),
    };
    out.incidents.iter().map(told).collect()
}

#[test]
fn what_somebody_wished_and_came_to_nothing_is_told_until_somebody_publishes() {
    let mut state = state();
    look(&mut state, &[flow("main", "12.0", -9_000), night()], &[], 1);
    let failed = ended("20251121-080400-ann", Outcome::Locked("bob".to_owned()));
    let what = "stuck/main: somebody wanted Flow main to go back, and it came to nothing: bob has the flow locked";
    let out = state.acted(&failed, at(5));
    assert_eq!(told_of(&out), [what]);
    assert_eq!(told_of(&state.acted(&failed, at(6))), [""; 0], "once");
    // Another process goes on with what was kept: it tells it again, in case nobody has kept the incident.
    let kept = state.flows[0].known.clone();
    let mut again = super::State::new(policy(&["main", "night"]), at(7));
    again.remembered("main".to_owned(), kept);
    look(&mut again, &[flow("main", "12.0", -9_000), night()], &[], 7);
    let taken_up = minute(&mut again, 8, |_| vec![("main", "12.0", NORMAL), ("night", "11.0", NORMAL)]);
    assert!(told_of(&taken_up).contains(&what.to_owned()), "{:?}", told_of(&taken_up));
    let published = look(&mut again, &[flow("main", "13.0", 9), night()], &[], 9);
    assert_eq!(told_of(&published), ["stuck/main is over"]);
    assert_eq!(told_of(&again.acted(&failed, at(10))), [""; 0], "it is over for good");
    for outcome in [Outcome::Live("11.0".to_owned()), Outcome::Overtaken(Some("14.0".to_owned()))] {
        assert_eq!(told_of(&again.acted(&ended("20251121-081100-ann", outcome), at(11))), [""; 0]);
    }
}

#[test]
fn flows_that_the_platform_does_not_have_are_told_of_and_those_that_come_back() {
    let mut state = State::new(policy(&["main", "night"]), at(0));
    let search = |state: &mut State, flows: &[Flow], is_all: bool| {
        state.found(flows, is_all);
        told_of(&state.tell_missing(at(0)))
    };
    let main = flow("main", "12.0", -9_000);
    // An earlier run may have told of it.
    assert_eq!(search(&mut state, std::slice::from_ref(&main), true), ["missing/main is over"]);
    for _ in 0..3 {
        assert_eq!(search(&mut state, std::slice::from_ref(&main), false), [""; 0], "only a search can miss it");
    }
    let missed = search(&mut state, std::slice::from_ref(&main), true);
    assert_eq!(
        missed,
        ["missing/night: releases of night are not watched: the platform has no flow of this id or name. Correct it \
          under `rollback` in the configuration"]
    );
    assert_eq!(search(&mut state, std::slice::from_ref(&main), true), [""; 0], "once");
    assert_eq!(search(&mut state, &[main.clone(), night()], true), ["missing/night is over"]);
    // One that is deleted while it is watched.
    let looks: Vec<_> = (0..9).flat_map(|_| search(&mut state, std::slice::from_ref(&main), false)).collect();
    assert_eq!(looks.len(), 1, "{looks:?}");
    assert!(looks[0].starts_with("missing/night: releases of night are not watched: the platform no longer has it"));
    // It is made again under the same name.
    let again = Flow { id: "night-2".to_owned(), name: "night".to_owned(), ..night() };
    assert_eq!(search(&mut state, &[main, again], true), ["missing/night is over"]);
    assert_eq!(state.ids(), ["main", "night-2"]);
    // Whoever corrects the configuration is not told of it any more.
    let open = ["missing/night", "missing/tyop", "unseen/tyop"].map(|key| Subject::parse(key).unwrap());
    let over = Out { incidents: state.no_longer_missing(&open), ..Out::default() };
    assert_eq!(told_of(&over), ["missing/tyop is over"]);
}
