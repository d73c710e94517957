use base::Ppm;
use proptest::prelude::*;

use super::*;
use crate::approvals::{self, Act, Approvals, Decided, Person, Relief, Request, Role, Wish};
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
    Past { at: minute(place + 1).start(), event }
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

/// Who does what, to which of five requests, how many seconds after the one before.
fn deeds() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    prop::collection::vec((0u8..5, 0u8..5, 1i64..3_000), 0..40)
}

proptest! {
    #[test]
    fn what_people_did_is_told_by_what_became_of_it(deeds in deeds()) {
        let (ann, ben) = (
            Person { name: "ann".into(), role: Role::Operator },
            Person { name: "ben".into(), role: Role::Approver },
        );
        let mut live = Approvals::default();
        let mut at = minute(0).start();
        for (deed, id, later) in deeds {
            at += jiff::SignedDuration::from_secs(later);
            let (id, from) = (id.to_string(), Minute::of(at) + Minutes::new(u32::from(id) * 30));
            let relief = Relief { budget: true, gate: true, degrade: true, rollback: true };
            let stretch = Stretch { from, until: from + Minutes::new(45) };
            let wish = Wish::Maintenance { objectives: vec!["crm".into()], stretch, zone: "UTC".into(), relief };
            let reason = "as agreed".to_owned();
            let (who, act) = match deed {
                0 => (&ann, Act::Ask { id, wish, reason }),
                1 => (&ann, Act::Ask { id, wish: Wish::Reset { objective: "crm".into() }, reason }),
                2 => (&ben, Act::Approve(id)),
                3 => (&ben, Act::Reject(id)),
                _ => (&ann, Act::Revoke(id)),
            };
            live = match approvals::step(live, who, act, now(at)) {
                Ok((next, _)) | Err((next, _)) => next,
            };
        }
        let mut again = Approvals::default();
        for Past { at, event } in acts(live.requests()) {
            let Event::Acted(who, act) = event else { unreachable!("people do nothing else") };
            again = approvals::step(again, &who, act, now(at)).map_err(|(_, refusal)| refusal).unwrap().0;
        }
        prop_assert_eq!(again, live);
    }
}

#[test]
fn maintenance_and_resets_count_from_the_second_at_which_they_were_approved() {
    let policy = policy(99, 80);
    let outage = || day(90);
    let approved = |wish: Wish, asked: i64, approved: i64| {
        let at = |seconds| minute(0).start() + jiff::SignedDuration::from_secs(seconds);
        let decided = Decided { by: "ben".into(), at: at(approved) };
        vec![Request {
            id: "1".into(),
            wish,
            reason: "as agreed".into(),
            asked_by: "ann".into(),
            asked_at: at(asked),
            expires_at: at(asked + 86_400),
            is_retroactive: false,
            state: approvals::State::Approved(decided),
            ended: None,
        }]
    };
    let relief = Relief { budget: true, gate: true, degrade: true, rollback: true };
    let stretch = Stretch { from: minute(595), until: minute(625) };
    let maintenance = Wish::Maintenance { objectives: Vec::new(), stretch, zone: "UTC".into(), relief };
    let with = |requests: Vec<Request>| play(&policy, merge(outage(), acts(&requests).into_iter()));
    let lasted = |told: &Transcript, what: fn(&Subject) -> bool| {
        let since = |minute: Minute| minute.get() - START;
        let episode = told.episodes.iter().find(|episode| what(&episode.subject));
        episode.map(|Episode { from, until, .. }| (since(*from), until.map(since)))
    };
    let is_page: fn(&Subject) -> bool = |subject| matches!(subject, Subject::Alert(_, Severity::Page));
    let is_spent: fn(&Subject) -> bool = |subject| matches!(subject, Subject::Spent(_));
    let (none, early) = (play(&policy, outage()), with(approved(maintenance.clone(), 0, 60)));
    assert_eq!((none.objectives[0].pages, early.objectives[0].pages), (1, 0), "{:?}", early.episodes);
    // Twenty seconds into the 610th minute: until then it was an outage like any other.
    let late = with(approved(maintenance, 0, 610 * 60 + 20));
    assert_eq!((lasted(&none, is_spent), lasted(&late, is_spent)), (Some((609, Some(1_334))), Some((609, Some(610)))));
    // A reset forgives what was spent, and hides no burn.
    let reset = with(approved(Wish::Reset { objective: "crm".into() }, 0, 700 * 60 + 20));
    assert_eq!((lasted(&reset, is_page), lasted(&reset, is_spent)), (lasted(&none, is_page), Some((609, Some(700)))));
}

#[test]
fn what_nobody_decided_leaves_room_for_others() {
    let at = |seconds| minute(-3_000).start() + jiff::SignedDuration::from_secs(seconds);
    let request = |id: i64, state| Request {
        id: id.to_string(),
        wish: Wish::Reset { objective: "crm".into() },
        reason: "as agreed".into(),
        asked_by: "ann".into(),
        asked_at: at(id),
        expires_at: at(id + 86_400),
        is_retroactive: false,
        state,
        ended: None,
    };
    let decided = Decided { by: "ben".into(), at: at(80_000) };
    let mut requests: Vec<_> = (0..200).map(|id| request(id, approvals::State::Expired)).collect();
    requests.push(request(200, approvals::State::Approved(decided)));
    let mut again = Approvals::default();
    for Past { at, event } in acts(&requests) {
        let Event::Acted(who, act) = event else { unreachable!("people do nothing else") };
        again = approvals::step(again, &who, act, now(at)).map_err(|(_, refusal)| refusal).unwrap().0;
    }
    assert_eq!((again.requests().len(), again.reset_of("crm")), (1, Some(Minute::of(at(80_000)))));
}
