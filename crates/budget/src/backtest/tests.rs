use base::Ppm;
use proptest::prelude::*;

use super::*;
use crate::book::FlowTerms;
use crate::ladder::{self, Mode, Rung, WhenUnknown};
use crate::{Budgeting, Count, Objective, Rarity, Remaining, Severity, Terms, Window};

const START: i64 = 29_000_000;

fn policy(target: u32, trim_below: i64) -> Policy {
    let (target, window) = (Ppm::percent(target), Window::Rolling(Minutes::hours(12)));
    let objective = Objective {
        id: "crm".into(),
        name: "CRM".into(),
        description: String::new(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window,
        budgeting: Budgeting::Occurrences,
    };
    let terms = Terms {
        objective,
        settle: Minutes::new(1),
        blind_after: Minutes::new(3),
        missing_max: Ppm::percent(20),
        rarity: Rarity::default(),
    };
    let trim = Rung {
        mode: Mode::Trim,
        enter_below: Remaining::percent(trim_below),
        leave_at: Remaining::percent(trim_below + 10),
    };
    let ladder = ladder::Policy {
        rungs: vec![trim],
        dwell: Minutes::new(30),
        unknown: WhenUnknown::Hold,
        patience: Minutes::new(10),
    };
    Policy {
        objectives: vec![terms],
        flows: vec![FlowTerms { id: "main".into(), objectives: vec![0], ladder }],
        gate: gate::Policy { floor: Remaining::new(0), window: None, age_max: Minutes::new(5) },
    }
}

fn minute(place: i64) -> Minute {
    Minute::new(START + place)
}

fn counted(place: i64, bad: u64) -> Past {
    let event = Event::Counted { objective: 0, minute: minute(place), count: Count::bad(bad, 100).unwrap() };
    Past { at: minute(place + 1), event }
}

/// A day of 100 calls a minute, of which `bad` are bad from the 600th minute on for twenty.
fn day(bad: u64) -> impl Iterator<Item = Past> {
    (0..1_440).map(move |place| counted(place, if (600..620).contains(&place) { bad } else { 0 }))
}

fn whole_day() -> Stretch {
    Stretch { from: minute(0), until: minute(1_440) }
}

fn play(policy: &Policy, past: impl IntoIterator<Item = Past>) -> Transcript {
    replay(policy, past, whole_day(), |_| {}).unwrap()
}

#[test]
fn an_outage_is_told_with_its_minutes() {
    let told = play(&policy(99, 80), day(90));
    let lines = told.episodes.iter().map(|Episode { subject, from, until }| {
        let since = |minute: Minute| minute.get() - START;
        format!("{subject:?} {}..{}", since(*from), until.map_or("".to_owned(), |until| since(until).to_string()))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    let crm = &told.objectives[0];
    assert_eq!((crm.pages, crm.tickets, told.flows[0].changes), (1, 0, 2));
    assert!(crm.worst.unwrap().0 < Remaining::new(0));
    let main = &told.flows[0];
    assert_eq!(main.modes.iter().map(|minutes| minutes.get()).sum::<u32>(), 1_440);
    assert_eq!(main.gate.open + main.gate.shut + main.gate.unknown, Minutes::new(1_440));
    assert_eq!(main.gate, told.gate, "it obeys all there is");
}

#[test]
fn what_was_before_counts_and_is_not_told() {
    let stretch = Stretch { from: minute(630), until: minute(1_440) };
    let told = replay(&policy(99, 80), day(90), stretch, |_| {}).unwrap();
    assert!(told.objectives[0].spent > Minutes::new(0));
    assert_eq!(told.happenings[0].at, minute(630));
}

#[test]
fn a_stretch_must_have_a_length_and_may_not_be_endless() {
    let none = Stretch { from: minute(0), until: minute(0) };
    assert_eq!(replay(&policy(99, 80), [], none, |_| {}), Err(Unplayable::Empty));
    let long = Stretch { from: minute(0), until: minute(i64::from(MINUTES_MAX.get()) + 1) };
    assert_eq!(replay(&policy(99, 80), [], long, |_| {}), Err(Unplayable::TooLong));
}

#[test]
fn a_replay_compared_with_itself_differs_in_nothing() {
    let told = play(&policy(99, 80), day(90));
    assert_eq!(compare(&told, &told), []);
}

#[test]
fn a_harder_promise_fires_alone_and_a_lower_mark_moves_the_mode() {
    let (easy, hard) = (play(&policy(90, 80), day(60)), play(&policy(99, 80), day(60)));
    let differences = compare(&easy, &hard);
    let page = |difference: &Difference| match difference {
        Difference::OnlySecond(episode) => episode.subject == Subject::Alert("crm".into(), Severity::Page),
        _ => false,
    };
    assert!(differences.iter().any(page), "{differences:?}");
    let late = play(&policy(99, 40), day(30));
    let early = play(&policy(99, 80), day(30));
    let moved = |difference: &Difference| match difference {
        Difference::Moved { first, second } => {
            first.subject == Subject::Mode("main".into(), Mode::Trim) && first.from < second.from
        }
        _ => false,
    };
    assert!(compare(&early, &late).iter().any(moved));
    let minutes = compare(&early, &late).into_iter().filter(|difference| difference.from().is_none()).count();
    assert_eq!(minutes, 2, "NORMAL and TRIM");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_same_past_gives_the_same_transcript(minutes in proptest::collection::vec((0i64..1_440, 0u64..=100), 0..400)) {
        let past = || {
            let mut past: Vec<_> = minutes.iter().map(|(place, bad)| counted(*place, *bad)).collect();
            past.sort_by_key(|past| past.at);
            past
        };
        let policy = policy(99, 80);
        let told = play(&policy, past());
        prop_assert_eq!(&told, &play(&policy, past()));
        let of_gate = told.gate.open + told.gate.shut + told.gate.unknown;
        prop_assert_eq!(of_gate, Minutes::new(1_440));
        let changes = told.happenings.iter().filter(|happening| matches!(happening.what, What::Effect(Effect::Ladder(..))));
        prop_assert_eq!(changes.count(), told.flows[0].changes as usize);
    }
}
