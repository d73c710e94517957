use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::baseline::Baseline;

/// A flow with 200 conversations a minute, of which 1 in 100 fails.
fn terms() -> Terms {
    let baseline = Baseline::of_totals(40_320, 8_064_000, 80_640, 0.02, Some(0.01), 5e-5);
    Terms::new(watch::Policy::default(), Some(baseline))
}

fn policy(mode: Mode, is_armed: bool) -> Policy {
    Policy { mode, is_armed, recovery: recovery::Policy::default() }
}

const AUTOMATIC: (Mode, bool) = (Mode::Automatic, true);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_040 + minute * 60).unwrap()
}

fn release() -> Release {
    let facts = Facts {
        flow: "f".into(),
        name: "Main".into(),
        version: "12.0".into(),
        before: Some("11.0".into()),
        by: None,
        at: at(0),
    };
    Release::new(facts, terms())
}

fn seen(bad: u32, others_bad: u32) -> Seen {
    let count = |bad| Count::Observed { bad, total: 200 };
    Seen { of: Observation { count: count(bad), siblings: count(2) }, others: count(others_bad), is_maintained: false }
}

fn good() -> Event {
    Event::Minute(seen(2, 0))
}

fn bad() -> Event {
    Event::Minute(seen(20, 2))
}

fn lockout() -> Refusal {
    Refusal::LockedOut { until: at(30) }
}

/// What follows from events, one line each that leads to something.
fn told(release: &mut Release, policy: &Policy, events: impl IntoIterator<Item = Event>) -> String {
    let mut text = String::new();
    for (n, event) in events.into_iter().enumerate() {
        let (next, effects) = step(release.clone(), policy, event);
        *release = next;
        let words: Vec<_> = effects.iter().map(word).collect();
        if !words.is_empty() {
            let _ = writeln!(text, "{}: {}", n + 1, words.join(", "));
        }
    }
    text
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Suspected(_) => "suspected".into(),
        Effect::Confirmed(_) => "confirmed".into(),
        Effect::Suppressed(_) => "suppressed".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn check(mode: (Mode, bool), events: impl IntoIterator<Item = Event>, expected: &str) -> Release {
    let mut release = release();
    let told = told(&mut release, &policy(mode.0, mode.1), events);
    assert_eq!(told.trim(), expected, "{release:?}");
    release
}

fn many(event: &Event, times: usize) -> Vec<Event> {
    vec![event.clone(); times]
}

fn all(parts: impl IntoIterator<Item = Vec<Event>>) -> Vec<Event> {
    parts.into_iter().flatten().collect()
}

fn live() -> Event {
    Event::Acted(act::Outcome::Live("11.0".into()), at(4))
}

#[test]
fn a_bad_release_is_gone_back_from_and_the_recovery_is_proved() {
    let events = all([many(&bad(), 3), vec![Event::Begun, live()], many(&bad(), 4)]);
    check(AUTOMATIC, events, "1: suspected\n3: confirmed, goback(watch)\n5: wentback(\"11.0\")\n9: ended(recovered)");
}

#[test]
fn a_release_that_is_no_better_after_going_back_is_for_people_and_never_gone_back_from_again() {
    let still = Event::Minute(seen(20, 20));
    let events = all([many(&bad(), 3), vec![Event::Begun, live()], many(&still, 40)]);
    let expected = "1: suspected\n3: confirmed, goback(watch)\n5: wentback(\"11.0\")\n22: ended(nothelped)";
    check(AUTOMATIC, events, expected);
}

#[test]
fn a_good_release_is_proved_good() {
    let release = check(AUTOMATIC, many(&good(), 100), "4: proved\n60: ended(certified)");
    assert_eq!(release.seen().len(), 60);
}

#[test]
fn without_leave_people_are_asked_and_one_of_them_may_say_so() {
    let seen = "1: suspected\n3: confirmed";
    check((Mode::Observe, true), many(&bad(), 5), seen);
    check((Mode::Recommend, true), many(&bad(), 5), &format!("{seen}, ask(mode(recommend))"));
    check((Mode::Approve, true), many(&bad(), 5), &format!("{seen}, ask(mode(approve))"));
    check((Mode::Automatic, false), many(&bad(), 5), &format!("{seen}, ask(notarmed)"));
    let events = all([many(&bad(), 3), vec![Event::Approved("Ann".into()), Event::Begun, live()]]);
    let told = format!("{seen}, ask(mode(approve))\n4: goback(person(\"ann\"))\n6: wentback(\"11.0\")");
    check((Mode::Approve, true), events, &told);
}

#[test]
fn what_is_refused_is_not_tried_again() {
    let events = all([many(&bad(), 3), vec![Event::Refused(lockout())], many(&bad(), 40)]);
    let release = check(
        AUTOMATIC,
        events,
        &format!(
            "1: suspected\n3: confirmed, goback(watch)\n4: ask(refused(lockedout {{ until: {} }}))",
            at(30).to_string().to_lowercase()
        ),
    );
    assert_eq!(release.stage(), &Stage::Asked(Why::Refused(lockout())));
}

#[test]
fn what_could_not_be_begun_is_wanted_still_unless_it_calms() {
    let mut release = release();
    let policy = policy(Mode::Automatic, true);
    let first = told(&mut release, &policy, many(&bad(), 5));
    assert_eq!(first, "1: suspected\n3: confirmed, goback(watch)\n4: goback(watch)\n5: goback(watch)\n");
    let rest = told(&mut release, &policy, many(&good(), 100));
    let calmed = rest.find("calmed").expect("the odds fall while all is well");
    assert!(!rest[calmed..].contains("goback"), "{rest}");
}

#[test]
fn what_came_to_nothing_is_for_people() {
    for outcome in [act::Outcome::NoTarget, act::Outcome::Locked("mary".into()), act::Outcome::GivenUp] {
        let events = all([many(&bad(), 3), vec![Event::Begun, Event::Acted(outcome.clone(), at(4))], many(&bad(), 9)]);
        let mut release = release();
        let told = told(&mut release, &policy(Mode::Automatic, true), events);
        assert!(told.contains("5: ask(notdone("), "{told}");
        assert_eq!(told.matches("goback").count(), 1, "{told}");
        assert_eq!(release.stage(), &Stage::Asked(Why::NotDone(outcome)));
    }
}

#[test]
fn somebody_else_who_publishes_ends_it() {
    let events = all([many(&bad(), 3), vec![Event::Published(Some("13.0".into()))], many(&bad(), 9)]);
    let expected = "1: suspected\n3: confirmed, goback(watch)\n4: ended(overtaken(some(\"13.0\")))";
    check(AUTOMATIC, events, expected);
}

#[test]
fn nothing_is_done_while_nothing_is_seen_and_what_was_missed_is_weighed_when_it_is_told() {
    let events = all([many(&good(), 2), many(&Event::Minute(Seen::MISSING), 8)]);
    let mut release = check(AUTOMATIC, events, "8: blind(true)");
    let late = Event::Corrected((2..10).map(|place| (place, seen(20, 2))).collect());
    let policy = policy(Mode::Automatic, true);
    assert_eq!(told(&mut release, &policy, [late]), "1: confirmed, goback(watch), blind(false)\n");
}

#[test]
fn maintenance_only_tells_what_would_have_been_done() {
    let maintained = Event::Minute(Seen { is_maintained: true, ..seen(20, 2) });
    check(AUTOMATIC, many(&maintained, 9), "3: suppressed");
}

#[test]
fn half_of_a_total_failure_is_no_recovery() {
    let (total, half) = (Event::Minute(seen(190, 2)), Event::Minute(seen(190, 90)));
    let events = all([many(&total, 3), vec![Event::Begun, live()], many(&half, 30)]);
    let mut release = release();
    let told = told(&mut release, &policy(Mode::Automatic, true), events);
    assert!(told.ends_with("ended(nothelped)\n"), "{told}");
}

#[test]
fn a_release_that_was_proved_good_and_then_went_bad_does_not_end_as_good() {
    let events = all([many(&good(), 30), many(&bad(), 90)]);
    let mut watched = release();
    let seen = told(&mut watched, &policy(Mode::Observe, true), events);
    assert!(seen.contains("proved") && seen.contains("confirmed"), "{seen}");
    assert_eq!(watched.stage(), &Stage::Ended(End::Left), "{seen}");
}

#[test]
fn what_was_wanted_is_not_begun_on_what_is_no_longer_so() {
    let wanted = || {
        let mut release = release();
        told(&mut release, &policy(Mode::Automatic, true), many(&bad(), 3));
        assert_eq!(release.stage(), &Stage::Wanted(By::Watch));
        release
    };
    let automatic = policy(Mode::Automatic, true);
    let maintained = Event::Minute(Seen { is_maintained: true, ..seen(20, 2) });
    let in_maintenance = told(&mut wanted(), &automatic, many(&maintained, 9));
    assert!(!in_maintenance.contains("goback"), "{in_maintenance}");
    let unseen = told(&mut wanted(), &automatic, many(&Event::Minute(Seen::MISSING), 20));
    assert!(!unseen.lines().skip(6).any(|line| line.contains("goback")), "{unseen}");
    let observed = told(&mut wanted(), &policy(Mode::Observe, true), many(&bad(), 9));
    assert!(!observed.contains("goback"), "{observed}");
    let unarmed = told(&mut wanted(), &policy(Mode::Automatic, false), many(&bad(), 9));
    assert_eq!(unarmed, "1: ask(notarmed)\n");
}

#[test]
fn what_turns_out_in_maintenance_to_have_been_bad_is_not_gone_back_from_during_it() {
    let maintained = Event::Minute(Seen { is_maintained: true, ..seen(2, 2) });
    let late = Event::Corrected((0..3).map(|place| (place, seen(20, 2))).collect());
    let events = all([many(&Event::Minute(Seen::MISSING), 3), vec![maintained.clone(), late], many(&maintained, 3)]);
    let mut release = release();
    let told = told(&mut release, &policy(Mode::Automatic, true), events);
    assert!(told.contains("confirmed") && !told.contains("goback"), "{told}");
}

fn any_event() -> impl Strategy<Value = Event> {
    let minute = (0u32..30, 0u32..30, any::<bool>())
        .prop_map(|(bad, others, is_maintained)| Event::Minute(Seen { is_maintained, ..seen(bad, others) }));
    prop_oneof![
        6 => Just(bad()),
        4 => Just(good()),
        2 => minute,
        2 => Just(Event::Minute(Seen::MISSING)),
        1 => (0usize..20, 0u32..30).prop_map(|(place, bad)| Event::Corrected(vec![(place, seen(bad, 1))])),
        1 => Just(Event::Approved("Ann".into())),
        3 => Just(Event::Begun),
        1 => Just(Event::Refused(lockout())),
        2 => Just(live()),
        1 => Just(Event::Acted(act::Outcome::NoTarget, at(9))),
        1 => Just(Event::Published(None)),
    ]
}

proptest! {
    /// Whatever happens: it is gone back from by itself once at most, never after people were asked, and what follows from
    /// its minutes can be made again from them, bit for bit.
    #[test]
    fn once_at_most_and_the_same_again(events in prop::collection::vec(any_event(), 1..120)) {
        let policy = policy(Mode::Automatic, true);
        let mut release = release();
        let (mut has_begun, mut was_refused) = (0, false);
        for event in events {
            let was = release.stage().clone();
            let (next, effects) = step(release, &policy, event.clone());
            has_begun += u32::from(was == Stage::Wanted(By::Watch) && event == Event::Begun);
            let goes_back = effects.iter().any(|effect| *effect == Effect::GoBack(By::Watch));
            prop_assert!(!goes_back || (has_begun == 0 && !was_refused), "{:?}", next.stage());
            was_refused |= next.course().left.is_some();
            prop_assert!(!matches!(was, Stage::Ended(_)) || effects.is_empty());
            let Release { facts, terms, seen, course, .. } = next.clone();
            prop_assert_eq!(&Release::again(facts, terms, seen, course), &next);
            release = next;
        }
    }
}
