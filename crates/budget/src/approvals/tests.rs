use super::*;

const START: i64 = 29_000_000;

fn now(minute: i64) -> Now {
    let wall = Timestamp::from_second((START + minute) * 60).unwrap();
    Now { mono: base::Mono::default(), wall }
}

fn person(name: &str, role: Role) -> Person {
    Person { name: name.into(), role }
}

fn maintenance(from: i64, until: i64) -> Wish {
    Wish::Maintenance {
        objectives: vec!["crm".into()],
        stretch: Stretch { from: Minute::new(START + from), until: Minute::new(START + until) },
        zone: "Europe/Berlin".into(),
        relief: Relief { budget: true, gate: true, degrade: true, rollback: true },
    }
}

fn ask(id: &str, wish: Wish) -> Act {
    Act::Ask { id: id.into(), wish, reason: "carrier change".into() }
}

/// Acts one after the other; the refusals among them.
fn run(acts: impl IntoIterator<Item = (Person, Act, i64)>) -> (Approvals, Vec<Refusal>, Vec<Effect>) {
    let (mut approvals, mut refusals, mut all) = (Approvals::default(), Vec::new(), Vec::new());
    for (who, act, minute) in acts {
        match step(approvals, &who, act, now(minute)) {
            Ok((next, effects)) => {
                approvals = next;
                all.extend(effects);
            }
            Err((next, refusal)) => {
                approvals = next;
                refusals.push(refusal);
            }
        }
    }
    (approvals, refusals, all)
}

#[test]
fn maintenance_counts_when_a_second_person_has_approved_it_and_not_before() {
    let (ann, ben) = (person("ann", Role::Operator), person("ben", Role::Approver));
    let asked = [(ann.clone(), ask("1", maintenance(0, 60)), 0)];
    let (approvals, ..) = run(asked.clone());
    assert_eq!(approvals.excluded("crm"), []);
    let (approvals, refusals, _) = run(asked.into_iter().chain([(ben, Act::Approve("1".into()), 5)]));
    assert_eq!(refusals, []);
    assert_eq!(approvals.excluded("crm").len(), 1);
    assert_eq!(approvals.excluded("other"), []);
    assert!(approvals.on("crm", Minute::new(START + 59), |relief| relief.gate).is_some());
    assert!(approvals.on("crm", Minute::new(START + 60), |relief| relief.gate).is_none());
}

#[test]
fn no_role_has_a_way_round_the_second_person() {
    // Everybody tries everything with a request of their own and with one of an approver.
    for role in Role::ALL {
        let (me, other) = (person("me", role), person("other", Role::Approver));
        let own = [
            (me.clone(), ask("own", Wish::Reset { objective: "crm".into() }), 0),
            (me.clone(), Act::Approve("own".into()), 1),
            (person(" ME", Role::Approver), Act::Approve("own".into()), 2),
        ];
        let (approvals, ..) = run(own);
        assert_eq!(approvals.reset_of("crm"), None, "{role:?}");
        assert!(approvals.requests().iter().all(|request| request.state == State::Waiting), "{role:?}");
        let others =
            [(other, ask("other", Wish::Reset { objective: "crm".into() }), 0), (me, Act::Approve("other".into()), 1)];
        let (approvals, refusals, _) = run(others);
        assert_eq!(approvals.reset_of("crm").is_some(), role == Role::Approver, "{role:?}: {refusals:?}");
    }
}

#[test]
fn what_nobody_approves_in_a_day_is_void() {
    let (ann, ben) = (person("ann", Role::Operator), person("ben", Role::Approver));
    let acts = [(ann, ask("1", maintenance(2_000, 2_060)), 0), (ben, Act::Approve("1".into()), 1_440)];
    let (mut approvals, refusals, _) = run(acts);
    assert_eq!(refusals, [Refusal::Decided]);
    let effects = approvals.expire(now(1_440));
    assert_eq!(effects.len(), 1);
    assert_eq!(approvals.requests()[0].state, State::Expired);
}

#[test]
fn maintenance_that_is_ended_early_stays_for_what_has_passed() {
    let (ann, ben) = (person("ann", Role::Operator), person("ben", Role::Approver));
    let acts = [
        (ann.clone(), ask("1", maintenance(0, 60)), 0),
        (ben.clone(), Act::Approve("1".into()), 0),
        (ann.clone(), Act::Revoke("1".into()), 20),
        (ann.clone(), ask("2", maintenance(100, 160)), 20),
        (ben, Act::Approve("2".into()), 20),
        (ann, Act::Revoke("2".into()), 30),
    ];
    let (approvals, refusals, _) = run(acts);
    assert_eq!(refusals, []);
    let twenty = Stretch { from: Minute::new(START), until: Minute::new(START + 20) };
    assert_eq!(approvals.excluded("crm"), [twenty]);
}

#[test]
fn a_reset_is_done_once_and_cannot_be_taken_back() {
    let (ann, ben) = (person("ann", Role::Operator), person("ben", Role::Approver));
    let acts = [
        (ann.clone(), ask("1", Wish::Reset { objective: "crm".into() }), 0),
        (ben.clone(), Act::Approve("1".into()), 1),
        (ben, Act::Approve("1".into()), 2),
        (ann, Act::Revoke("1".into()), 3),
    ];
    let (approvals, refusals, _) = run(acts);
    assert_eq!(refusals, [Refusal::Decided, Refusal::Decided]);
    assert_eq!(approvals.reset_of("crm"), Some(Minute::new(START + 1)));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let ann = || person("ann", Role::Operator);
    let refusal = |act| run([(ann(), act, 0)]).1.first().copied();
    let none = Relief { budget: false, gate: false, degrade: false, rollback: false };
    let relieved = |wish: Wish, relief| match wish {
        Wish::Maintenance { objectives, stretch, zone, .. } => Wish::Maintenance { objectives, stretch, zone, relief },
        Wish::Reset { .. } => wish,
    };
    assert_eq!(refusal(ask("1", maintenance(60, 60))), Some(Refusal::Length));
    assert_eq!(refusal(ask("1", maintenance(0, 7 * 1_440 + 1))), Some(Refusal::Length));
    assert_eq!(refusal(ask("1", maintenance(-31 * 1_440, -30 * 1_440))), Some(Refusal::Begin));
    assert_eq!(refusal(ask("1", maintenance(91 * 1_440, 91 * 1_440 + 5))), Some(Refusal::Begin));
    assert_eq!(refusal(ask("1", relieved(maintenance(0, 5), none))), Some(Refusal::NoRelief));
    let gate = Relief { gate: true, ..none };
    assert_eq!(refusal(ask("1", relieved(maintenance(-9, -5), gate))), Some(Refusal::Pointless));
    let blank = Act::Ask { id: "1".into(), wish: maintenance(0, 5), reason: "  ".into() };
    assert_eq!(refusal(blank), Some(Refusal::Reason));
    let (approvals, ..) = run([(ann(), ask("1", maintenance(-9, -5)), 0)]);
    assert!(approvals.requests()[0].is_retroactive);
}

#[test]
fn what_is_over_cannot_be_ended_and_what_was_ended_not_again() {
    let (ann, ben) = (person("ann", Role::Operator), person("ben", Role::Approver));
    let acts = [
        (ann.clone(), ask("1", maintenance(0, 60)), 0),
        (ben.clone(), Act::Approve("1".into()), 0),
        (ann.clone(), Act::Revoke("1".into()), 20),
        (ben.clone(), Act::Revoke("1".into()), 30),
        (ann.clone(), ask("2", maintenance(-9, -5)), 30),
        (ben, Act::Approve("2".into()), 30),
        (ann, Act::Revoke("2".into()), 30),
    ];
    let (approvals, refusals, _) = run(acts);
    assert_eq!(refusals, [Refusal::Decided, Refusal::Decided]);
    let ended = approvals.requests()[0].ended.as_ref();
    assert_eq!(ended.map(|ended| ended.by.as_str()), Some("ann"));
    assert_eq!(approvals.requests()[0].wish, maintenance(0, 60), "what was asked for stays as it was");
    assert_eq!(approvals.excluded("crm").len(), 2);
}
