use base::{Mono, Ppm};
use jiff::Timestamp;

use super::*;
use crate::approvals::{Relief, Role, Wish};
use crate::gate::What;
use crate::ladder::{Mode, Rung, WhenUnknown};
use crate::{Budgeting, Minutes, Objective, Rarity, Stretch, Window};

const START: i64 = 29_000_000;

fn policy() -> Policy {
    let (target, window) = (Ppm::percent(99), Window::Rolling(Minutes::hours(12)));
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
    let rung =
        |mode, enter, leave| Rung { mode, enter_below: Remaining::percent(enter), leave_at: Remaining::percent(leave) };
    let ladder = ladder::Policy {
        rungs: vec![rung(Mode::Trim, 80, 90), rung(Mode::AgentOnly, 30, 40)],
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

struct Run {
    policy: Policy,
    book: Book,
    minute: i64,
    effects: Vec<(i64, Effect)>,
}

impl Run {
    fn new() -> Self {
        let policy = policy();
        Self { book: Book::open(&policy, Kept::default()), policy, minute: 0, effects: Vec::new() }
    }

    fn now(&self) -> Now {
        Now { mono: Mono::default(), wall: Timestamp::from_second((START + self.minute) * 60).unwrap() }
    }

    fn step(&mut self, event: Event) {
        let now = self.now();
        let effects = self.book.take(&self.policy, event, now);
        self.effects.extend(effects.into_iter().map(|effect| (self.minute, effect)));
    }

    fn minutes(&mut self, how_many: i64, bad: u64, total: u64) {
        for _ in 0..how_many {
            let (minute, count) = (Minute::new(START + self.minute), Count::bad(bad, total).unwrap());
            self.step(Event::Counted { objective: 0, minute, count });
            self.minute += 1;
            self.step(Event::Ticked);
        }
    }

    fn gate(&self) -> Answer {
        self.book.gate(&self.policy, &[], self.now())
    }

    fn act(&mut self, name: &str, role: Role, act: Act) {
        self.step(Event::Acted(Person { name: name.into(), role }, act));
    }

    fn agree(&mut self, id: &str, wish: Wish) {
        self.act("ann", Role::Operator, Act::Ask { id: id.into(), wish, reason: "as agreed".into() });
        self.act("ben", Role::Approver, Act::Approve(id.into()));
    }

    fn modes(&self) -> Vec<Mode> {
        let to = |effect: &Effect| match effect {
            Effect::Ladder(_, ladder::Effect::Changed { to, .. }) => Some(*to),
            Effect::Ledger(..) | Effect::Approvals(_) | Effect::Refused(_) => None,
        };
        self.effects.iter().filter_map(|(_, effect)| to(effect)).collect()
    }
}

fn maintenance(from: i64, until: i64, relief: Relief) -> Wish {
    let stretch = Stretch { from: Minute::new(START + from), until: Minute::new(START + until) };
    Wish::Maintenance { objectives: vec!["crm".into()], stretch, zone: "UTC".into(), relief }
}

#[test]
fn the_gate_is_open_while_enough_is_left_and_shut_while_it_burns() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    assert_eq!(run.gate().is_allowed, Some(true));
    run.minutes(30, 40, 100);
    let answer = run.gate();
    assert_eq!(answer.is_allowed, Some(false));
    assert!(answer.reasons.iter().any(|reason| matches!(reason.what, What::Burning { .. })), "{answer:?}");
}

#[test]
fn asking_again_changes_nothing_until_the_budget_is_back_and_that_is_when_it_was_said() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    run.minutes(30, 60, 100);
    run.minutes(60, 0, 100);
    let first = run.gate();
    assert_eq!(first.is_allowed, Some(false));
    assert!(first.reasons.iter().all(|reason| matches!(reason.what, What::Spent { .. })), "{first:?}");
    while Minute::of(run.now().wall) < first.recheck - Minutes::new(1) {
        run.minutes(1, 0, 100);
        assert_eq!(run.gate().is_allowed, Some(false), "minute {}", run.minute);
        assert_eq!(run.gate().recheck, first.recheck);
    }
    run.minutes(2, 0, 100);
    assert_eq!(run.gate().is_allowed, Some(true));
}

#[test]
fn what_is_not_known_opens_no_gate() {
    let mut run = Run::new();
    assert_eq!(run.gate().is_allowed, None, "nothing was ever measured");
    run.minutes(600, 0, 100);
    run.minute += 10;
    run.step(Event::Ticked);
    let answer = run.gate();
    assert_eq!(answer.is_allowed, None);
    assert!(answer.reasons.iter().any(|reason| matches!(reason.what, What::Stale { .. })), "{answer:?}");
    let asked = ["crm".to_owned(), "typo".to_owned()];
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    let answer = run.book.gate(&run.policy, &asked, run.now());
    assert_eq!(answer.is_allowed, None);
    run.policy.objectives.clear();
    assert_eq!(run.gate().is_allowed, None, "no objective is no permission");
}

#[test]
fn only_agreed_maintenance_opens_a_shut_gate_and_the_answer_says_so() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    run.minutes(30, 60, 100);
    let gate = Relief { budget: false, gate: true, degrade: false, rollback: false };
    let wish = maintenance(run.minute, run.minute + 10, gate);
    run.act("ann", Role::Operator, Act::Ask { id: "m".into(), wish, reason: "fix".into() });
    run.act("ann", Role::Operator, Act::Approve("m".into()));
    assert_eq!(run.gate().is_allowed, Some(false));
    run.act("ben", Role::Approver, Act::Approve("m".into()));
    let answer = run.gate();
    assert_eq!(answer.is_allowed, Some(true));
    assert!(answer.reasons.iter().all(|reason| reason.overridden_by.as_deref() == Some("m")), "{answer:?}");
    run.minutes(11, 0, 100);
    assert_eq!(run.gate().is_allowed, Some(false), "it is over");
}

#[test]
fn a_reset_gives_the_budget_back_but_opens_no_gate_while_it_burns() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    run.minutes(30, 60, 100);
    run.agree("r", Wish::Reset { objective: "crm".into() });
    let answer = run.gate();
    assert_eq!(answer.is_allowed, Some(false));
    assert!(answer.reasons.iter().all(|reason| matches!(reason.what, What::Burning { .. })), "{answer:?}");
    run.minutes(60, 0, 100);
    assert_eq!(run.gate().is_allowed, Some(true));
}

#[test]
fn after_a_reset_a_new_burn_shuts_the_gate_as_any_other() {
    for window in [None, Some(Minutes::new(60))] {
        let mut run = Run::new();
        run.policy.gate.window = window;
        // Measured for two hours of twelve: what burns above one has not spent the window's budget by far.
        run.minutes(90, 0, 100);
        run.minutes(30, 10, 100);
        run.agree("r", Wish::Reset { objective: "crm".into() });
        run.minutes(10, 0, 100);
        assert_eq!(run.gate().is_allowed, Some(true), "what was forgiven no longer burns");
        run.minutes(60, 4, 100);
        let answer = run.gate();
        assert_eq!(answer.is_allowed, Some(false), "{window:?}");
        let is_above_one = |reason: &gate::Reason| matches!(reason.what, What::BurningAboveOne { .. });
        assert!(answer.reasons.iter().all(is_above_one), "{answer:?}");
    }
}

#[test]
fn a_flow_goes_down_with_its_budget_and_back_with_dwell() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    run.minutes(9, 60, 100);
    run.minutes(900, 0, 100);
    assert_eq!(run.modes(), [Mode::Trim, Mode::AgentOnly, Mode::Trim, Mode::Normal]);
}

#[test]
fn agreed_maintenance_keeps_a_flow_as_always() {
    let mut run = Run::new();
    run.minutes(600, 0, 100);
    run.minutes(10, 60, 100);
    assert_eq!(run.modes().last(), Some(&Mode::AgentOnly));
    let wish =
        maintenance(run.minute, run.minute + 30, Relief { budget: false, gate: false, degrade: true, rollback: false });
    run.agree("m", wish);
    run.minutes(1, 60, 100);
    assert_eq!(run.modes().last(), Some(&Mode::Normal));
    run.minutes(40, 0, 100);
    assert_eq!(run.modes().last(), Some(&Mode::AgentOnly), "it is over, and the budget still gone");
}

#[test]
fn the_same_events_give_the_same_effects_and_the_same_answers() {
    let play = || {
        let mut run = Run::new();
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let bad = if rng.f64() < 0.1 { rng.u64(..50) } else { 0 };
            run.minutes(1, bad, 50);
        }
        (run.effects.clone(), format!("{:?}", run.gate()))
    };
    assert_eq!(play(), play());
}

#[test]
fn every_rule_that_an_objective_may_have_can_begin_in_the_same_minute() {
    let mut policy = policy();
    let rule = crate::BurnRule {
        severity: crate::Severity::Page,
        long: Minutes::new(10),
        short: Minutes::new(5),
        burn_milli: 2_000,
    };
    policy.objectives[0].objective.alerts = vec![rule; crate::RULES_MAX];
    let mut run = Run { book: Book::open(&policy, Kept::default()), policy, minute: 0, effects: Vec::new() };
    run.minutes(30, 0, 1);
    // One minute spends the budget, too.
    run.minutes(1, 10_000, 10_000);
    run.minutes(1, 0, 1);
    let begins = |(_, effect): &&(i64, Effect)| {
        matches!(effect, Effect::Ledger(0, ledger::Effect::Alert { is_firing: true, .. }))
    };
    assert_eq!(run.effects.iter().filter(begins).count(), crate::RULES_MAX);
    assert!(run.effects.iter().any(|(_, effect)| *effect == Effect::Ledger(0, ledger::Effect::Spent(true))));
}

#[test]
fn all_objectives_may_fail_in_the_same_minute() {
    let mut policy = policy();
    let terms = policy.objectives[0].clone();
    let named = |place: usize| Terms {
        objective: Objective { id: format!("crm-{place}"), ..terms.objective.clone() },
        ..terms.clone()
    };
    policy.objectives = (0..100).map(named).collect();
    let book = Book::open(&policy, Kept::default());
    let mut run = Run { policy, book, minute: 0, effects: Vec::new() };
    for minute in 0..100 {
        for objective in 0..100 {
            let count = Count::Observed { bad: if minute < 90 { 0 } else { 50 }, total: 50 };
            run.step(Event::Counted { objective, minute: Minute::new(START + minute), count });
        }
        run.minute += 1;
        run.step(Event::Ticked);
    }
    let alerts = |(_, effect): &&(i64, Effect)| matches!(effect, Effect::Ledger(_, ledger::Effect::Alert { .. }));
    assert!(100 <= run.effects.iter().filter(alerts).count());
}

#[test]
fn a_hundred_requests_may_expire_in_the_same_minute() {
    let mut run = Run::new();
    for place in 0..100 {
        let wish = maintenance(10, 20, Relief { budget: true, gate: true, degrade: true, rollback: true });
        run.act("ann", Role::Operator, Act::Ask { id: format!("m-{place}"), wish, reason: "as agreed".into() });
    }
    run.minute += 2 * 1_440;
    run.effects.clear();
    for _ in 0..100 {
        run.step(Event::Ticked);
    }
    let is_expired = |(_, effect): &&(i64, Effect)| {
        matches!(effect, Effect::Approvals(approvals::Effect::Done { deed: approvals::Deed::Expired, .. }))
    };
    assert_eq!(run.effects.iter().filter(is_expired).count(), 100);
}
