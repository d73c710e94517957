//! A backtest decides what ran live, bit for bit: days of running budgets, and the same counts replayed.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base::Ppm;
use budget::approvals::{Act, Person, Relief, Request, Role, Wish};
use budget::backtest::{Past, Transcript, What, acts, merge, replay};
use budget::book::{Effect, Event, FlowTerms, Policy};
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{Budgeting, Count, Minute, Minutes, Objective, Rarity, Remaining, Stretch, Terms, Window, gate, ladder};
use clock::Clock;
use engine::Engine;
use engine::budget::source::{Reading, Readings};
use engine::budget::{Budgets, Setup, Source, SourceError, requests, stored, words};
use fastrand::Rng;
use store::Simulated;

const DAYS: u32 = 3;
const LENGTH: u32 = DAYS * 1_440;
/// Minutes at the end that are in no block yet.
const LOGGED: u32 = 100;

/// A source that tells what was scripted, when it was scripted.
struct Script {
    /// When, and what; the latest first.
    plan: Mutex<Vec<(Minute, Reading)>>,
    told: Mutex<Vec<Past>>,
}

#[async_trait]
impl Source for Script {
    fn kind(&self) -> &'static str {
        "script"
    }

    fn objectives(&self) -> Vec<usize> {
        vec![0, 1]
    }

    async fn read(&self, _from: Minute, until: Minute) -> Result<Readings, SourceError> {
        let (mut plan, mut counts) = (self.plan.lock().unwrap(), Vec::new());
        while let Some((_, reading)) = plan.pop_if(|(at, _)| *at <= until) {
            counts.push(reading);
            let Reading { objective, minute, count } = reading;
            self.told
                .lock()
                .unwrap()
                .push(Past { at: until.start(), event: Event::Counted { objective, minute, count } });
        }
        Ok(counts.into())
    }
}

/// Days with outages, gaps, and, from the minute `late_from` on, minutes that come late or are corrected.
fn plan(seed: u64, start: Minute, late_from: u32) -> Vec<(Minute, Reading)> {
    let (mut rng, mut plan) = (Rng::with_seed(seed), Vec::new());
    for objective in 0..2 {
        let (mut bad_until, mut gap_until, mut percent) = (0, 0, 0);
        for place in 0..LENGTH {
            if rng.u32(..400) == 0 {
                (bad_until, percent) = (place + rng.u32(5..60), rng.u64(5..=100));
            }
            if rng.u32(..500) == 0 {
                gap_until = place + rng.u32(1..30);
            }
            let minute = start + Minutes::new(place);
            let total = rng.u64(..80);
            let bad =
                if place < bad_until { total * percent / 100 } else { u64::from(total > 0 && rng.u32(..90) == 0) };
            let reading = |bad| Reading { objective, minute, count: Count::bad(bad, total).unwrap() };
            let is_late = late_from <= place && rng.u32(..5) == 0;
            let at = |after: u32| minute + Minutes::new(after);
            if place < gap_until {
                continue;
            }
            if is_late {
                plan.push((at(rng.u32(2..20)), reading(bad)));
            } else {
                plan.push((at(1), reading(bad)));
            }
            if is_late && bad > 0 {
                plan.push((at(25), reading(bad - 1)));
            }
        }
    }
    plan.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    plan
}

fn policy() -> Policy {
    let (target, window) = (Ppm::percent(98), Window::Rolling(Minutes::hours(24)));
    let objective = |id: &str, budgeting| Objective {
        id: id.into(),
        name: id.into(),
        description: String::new(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window: window.clone(),
        budgeting,
    };
    let terms = |objective, settle| Terms {
        objective,
        settle: Minutes::new(settle),
        blind_after: Minutes::new(5),
        missing_max: Ppm::percent(20),
        rarity: Rarity::default(),
    };
    let slices = Budgeting::Timeslices { length: Minutes::new(5), target: Ppm::percent(90) };
    let rung =
        |mode, enter, leave| Rung { mode, enter_below: Remaining::percent(enter), leave_at: Remaining::percent(leave) };
    let ladder = |unknown| ladder::Policy {
        rungs: vec![rung(Mode::Trim, 70, 80), rung(Mode::AgentOnly, 20, 40)],
        dwell: Minutes::new(15),
        unknown,
        patience: Minutes::new(10),
    };
    let flow = |id: &str, objectives, unknown| FlowTerms { id: id.into(), objectives, ladder: ladder(unknown) };
    Policy {
        objectives: vec![terms(objective("calls", Budgeting::Occurrences), 0), terms(objective("slices", slices), 2)],
        flows: vec![
            flow("main", vec![0, 1], WhenUnknown::Hold),
            flow("side", vec![1], WhenUnknown::Fall(Mode::AgentOnly)),
        ],
        gate: gate::Policy {
            floor: Remaining::percent(10),
            window: Some(Minutes::hours(1)),
            age_max: Minutes::new(10),
        },
    }
}

/// What the gate said: when, to whom, what, and why.
type Said = (Minute, Option<String>, Option<bool>, Vec<String>);

/// What a live run did, and what is left of it.
struct Lived {
    effects: Vec<(Minute, Effect)>,
    said: Vec<Said>,
    told: Vec<Past>,
    store: Simulated,
    /// What people asked for, as it is stored.
    requests: Vec<Request>,
    stretch: Stretch,
}

async fn live(seed: u64, late_from: u32) -> Lived {
    let clock = Clock::starting_at("2026-11-21T08:00:30Z".parse().unwrap(), 1);
    let store = Simulated::new();
    let engine = Engine::start(engine::Setup {
        store: Arc::new(store.clone()),
        receivers: Vec::new(),
        clock: clock.clone(),
        policy: engine::Policy::standard("acme"),
        seed: 1,
    });
    let engine = engine.await.unwrap();
    let from = Minute::of(clock.now().wall);
    let script = Arc::new(Script { plan: Mutex::new(plan(seed, from, late_from)), told: Mutex::default() });
    let setup = Setup {
        policy: policy(),
        kinds: vec!["script".into(), "script".into()],
        enrichment: vec![Vec::new(), Vec::new()],
        sources: vec![script.clone()],
        store: Arc::new(store.clone()),
        incidents: engine.sender(),
        clock: clock.clone(),
    };
    let budgets = Budgets::start(setup).await.unwrap();
    // Past the look that a start takes.
    clock.sleep(Duration::from_secs(1)).await;
    let mut people = People { rng: Rng::with_seed(seed), asked: 0, agreed: 0 };
    let (mut said, mut last) = (Vec::new(), [None; 3]);
    for passed in 0..=LENGTH {
        for (last, flow) in last.iter_mut().zip([None, Some("main"), Some("side")]) {
            let flows: Vec<_> = flow.iter().map(|flow| (*flow).to_owned()).collect();
            let answer = budgets.peek(&[], &flows);
            if last.replace(answer.allowed) != Some(answer.allowed) {
                let at = from + Minutes::new(passed);
                said.push((at, flow.map(str::to_owned), answer.allowed, answer.reasons));
            }
        }
        if passed < LENGTH {
            // At any second of the minute, except that of its beginning: both are in it then.
            let mut left = Duration::from_secs(60);
            for _ in 0..2 {
                let waited = Duration::from_millis(people.rng.u64(1..14_000));
                clock.sleep(waited).await;
                people.act(&budgets, clock.now()).await;
                left -= waited;
            }
            clock.sleep(left).await;
        }
    }
    assert!(people.agreed > 5, "{}", people.agreed);
    let until = Minute::of(clock.now().wall);
    let happened = budgets.effects_since(0);
    budgets.shutdown().await;
    engine.shutdown().await;
    let effects = happened.into_iter().map(|happened| (happened.at, happened.effect));
    let effects = effects.filter(|(_, effect)| !matches!(effect, Effect::Approvals(_))).collect();
    let told = script.told.lock().unwrap().clone();
    let requests = requests(&store).await.unwrap();
    Lived { effects, said, told, store, requests, stretch: Stretch { from, until } }
}

/// People who ask for maintenance and resets, agree on some, and end some before their time.
struct People {
    rng: Rng,
    asked: u32,
    agreed: u32,
}

impl People {
    async fn act(&mut self, budgets: &Budgets, now: base::Now) {
        let (minute, last) = (Minute::of(now.wall), self.asked.to_string());
        let (who, act) = match self.rng.u32(..300) {
            0 | 1 => {
                self.asked += 1;
                let from = minute + Minutes::new(self.rng.u32(..240)) - Minutes::new(120);
                let stretch = Stretch { from, until: from + Minutes::new(self.rng.u32(1..240)) };
                let [budget, gate, degrade] = [(); 3].map(|()| self.rng.bool());
                let relief = Relief { budget, gate, degrade, rollback: true };
                let objectives = if self.rng.bool() { vec!["calls".into()] } else { Vec::new() };
                let maintenance = Wish::Maintenance { objectives, stretch, zone: "UTC".into(), relief };
                let reset = Wish::Reset { objective: "slices".into() };
                let wish = if self.rng.u8(..4) == 0 { reset } else { maintenance };
                (("ann", Role::Operator), Act::Ask { id: self.asked.to_string(), wish, reason: "as agreed".into() })
            }
            2..=8 => (("ben", Role::Approver), Act::Approve(last)),
            9 => (("ben", Role::Approver), Act::Reject(last)),
            10 | 11 => (("ann", Role::Operator), Act::Revoke(last)),
            _ => return,
        };
        let agrees = matches!(act, Act::Approve(_));
        let done = budgets.act(Person { name: who.0.into(), role: who.1 }, act).await;
        self.agreed += u32::from(agrees && done.is_ok());
    }
}

/// The backtest's part of the same facts.
fn facts(transcript: &Transcript) -> (Vec<(Minute, Effect)>, Vec<Said>) {
    let policy = policy();
    let (mut effects, mut said) = (Vec::new(), Vec::new());
    for happening in &transcript.happenings {
        match &happening.what {
            // What people did is told as it was; what follows from it is what is compared.
            What::Effect(Effect::Approvals(_)) => {}
            What::Effect(effect) => effects.push((happening.at, effect.clone())),
            What::Gate { flow, is_allowed, reasons } => {
                let flow = flow.map(|place| policy.flows[place].id.clone());
                said.push((happening.at, flow, *is_allowed, reasons.iter().map(words::reason).collect()));
            }
        }
    }
    (effects, said)
}

/// Days in which nothing of interest happens prove nothing.
fn assert_eventful(lived: &Lived) {
    use budget::ledger::Effect as Of;
    let has = |is_it: &dyn Fn(&Effect) -> bool| lived.effects.iter().any(|(_, effect)| is_it(effect));
    assert!(has(&|effect| matches!(effect, Effect::Ledger(_, Of::Alert { .. }))));
    assert!(has(&|effect| matches!(effect, Effect::Ledger(_, Of::Spent(_)))));
    assert!(has(&|effect| matches!(effect, Effect::Ledger(_, Of::Blind(_)))));
    assert!(has(&|effect| matches!(effect, Effect::Ladder(..))));
    assert!(lived.said.len() > 10, "{}", lived.said.len());
}

#[tokio::test(start_paused = true)]
async fn a_backtest_decides_bit_for_bit_what_ran_live_with_late_minutes_and_corrections() {
    for seed in 1..=2 {
        let lived = live(seed, 0).await;
        assert_eventful(&lived);
        let past = |told: Vec<Past>| merge(told.into_iter(), acts(&lived.requests).into_iter());
        let transcript = replay(&policy(), past(lived.told.clone()), lived.stretch, |_| {}).unwrap();
        let (effects, said) = facts(&transcript);
        assert_eq!(effects, lived.effects, "seed {seed}");
        assert_eq!(said, lived.said, "seed {seed}");
        // It is the order in which things came that makes it so.
        let in_time = |past: Past| match past.event {
            Event::Counted { minute, .. } => Past { at: (minute + Minutes::new(1)).start(), ..past },
            Event::Acted(..) | Event::Ticked => past,
        };
        let mut ideal: Vec<_> = lived.told.iter().cloned().map(in_time).collect();
        ideal.sort_by_key(|past| past.at);
        let transcript = replay(&policy(), past(ideal), lived.stretch, |_| {}).unwrap();
        assert_ne!(facts(&transcript), (effects, said), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backtest_over_what_is_stored_decides_the_same() {
    for seed in 1..=2 {
        let lived = live(seed, LENGTH - LOGGED).await;
        assert_eventful(&lived);
        let ids = ["calls".to_owned(), "slices".to_owned()];
        let Stretch { from, until } = lived.stretch;
        let counts = stored(&lived.store, &ids, from, until).await.unwrap();
        assert!(counts.iter().any(|stored| stored.at != stored.minute + Minutes::new(1)), "late minutes are known");
        let past = counts.into_iter().map(|stored| {
            let engine::budget::StoredCount { objective, minute, count, at } = stored;
            Past { at: at.start(), event: Event::Counted { objective, minute, count } }
        });
        let past = merge(past, acts(&lived.requests).into_iter());
        let transcript = replay(&policy(), past, lived.stretch, |_| {}).unwrap();
        let (effects, said) = facts(&transcript);
        assert_eq!(effects, lived.effects, "seed {seed}");
        assert_eq!(said, lived.said, "seed {seed}");
        // It is what people agreed on that makes it so.
        let raw = replay(&policy(), lived.told.clone(), lived.stretch, |_| {}).unwrap();
        assert_ne!(facts(&raw), (effects, said), "seed {seed}");
    }
}
