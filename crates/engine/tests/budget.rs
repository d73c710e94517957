//! Running budgets against sources and a store that misbehave, on virtual time.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base::Ppm;
use budget::approvals::{Act, Person, Refusal, Relief, Role, Wish};
use budget::book::{FlowTerms, Policy};
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{Budgeting, Count, Minute, Minutes, Objective, Rarity, Remaining, Stretch, Terms, Window, gate, ladder};
use clock::Clock;
use engine::budget::source::{Reading, Readings};
use engine::budget::{ActError, Budgets, Setup, Source, SourceError};
use engine::rollback::guard::Hold;
use engine::{Engine, Handle, wiring};
use store::{Fault, Simulated, Store as _};

/// A source of 100 calls a minute, of which as many are bad as the test says; or none, with a wish.
#[derive(Default)]
struct Script {
    bad: Mutex<u64>,
    trouble: Mutex<Option<SourceError>>,
    troubles: Mutex<Vec<(usize, String)>>,
    asked: Mutex<Vec<(i64, i64)>>,
    corrects: Mutex<u32>,
}

#[async_trait]
impl Source for Script {
    fn kind(&self) -> &'static str {
        "script"
    }

    fn objectives(&self) -> Vec<usize> {
        vec![0]
    }

    fn corrects(&self) -> u32 {
        *self.corrects.lock().unwrap()
    }

    async fn read(&self, from: Minute, until: Minute) -> Result<Readings, SourceError> {
        self.asked.lock().unwrap().push((from.get(), until.get()));
        if let Some(trouble) = self.trouble.lock().unwrap().clone() {
            return Err(trouble);
        }
        let count = Count::bad(*self.bad.lock().unwrap(), 100).unwrap();
        let reading = |minute| Reading { objective: 0, minute: Minute::new(minute), count };
        let counts: Vec<_> = (from.get()..until.get()).map(reading).collect();
        Ok(Readings { counts, troubles: self.troubles.lock().unwrap().clone() })
    }
}

fn policy() -> Policy {
    let (target, window) = (Ppm::percent(99), Window::Rolling(Minutes::hours(12)));
    let objective = Objective {
        id: "crm".into(),
        name: "CRM lookup".into(),
        description: String::new(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window,
        budgeting: Budgeting::Occurrences,
    };
    let terms = |objective| Terms {
        objective,
        settle: Minutes::new(0),
        blind_after: Minutes::new(3),
        missing_max: Ppm::percent(20),
        rarity: Rarity::default(),
    };
    let pushed = Objective { id: "pushed".into(), ..objective.clone() };
    let rung =
        |mode, enter, leave| Rung { mode, enter_below: Remaining::percent(enter), leave_at: Remaining::percent(leave) };
    let ladder = ladder::Policy {
        rungs: vec![rung(Mode::Trim, 80, 90), rung(Mode::AgentOnly, 30, 40)],
        dwell: Minutes::new(30),
        unknown: WhenUnknown::Hold,
        patience: Minutes::new(10),
    };
    Policy {
        objectives: vec![terms(objective), terms(pushed)],
        flows: vec![FlowTerms { id: "main".into(), objectives: vec![0], ladder }],
        gate: gate::Policy { floor: Remaining::new(0), window: None, age_max: Minutes::new(5) },
    }
}

struct House {
    clock: Clock,
    store: Simulated,
    script: Arc<Script>,
    engine: Handle,
    budgets: Budgets,
}

impl House {
    async fn new() -> Self {
        let clock = Clock::starting_at("2026-11-21T08:00:30Z".parse().unwrap(), 1);
        Self::over(Simulated::new(), clock).await
    }

    async fn over(store: Simulated, clock: Clock) -> Self {
        Self::with(policy(), store, clock).await
    }

    async fn with(policy: Policy, store: Simulated, clock: Clock) -> Self {
        let engine = Engine::start(engine::Setup {
            store: Arc::new(store.clone()),
            receivers: Vec::new(),
            clock: clock.clone(),
            policy: engine::Policy::standard("acme"),
            seed: 1,
        });
        let engine = engine.await.unwrap();
        let script = Arc::new(Script::default());
        let setup = Setup {
            policy,
            kinds: vec!["script".into(), "push".into()],
            enrichment: vec![vec!["crm-lookup".into()]],
            sources: vec![script.clone()],
            store: Arc::new(store.clone()),
            incidents: engine.sender(),
            clock: clock.clone(),
        };
        let budgets = Budgets::start(setup).await.unwrap();
        Self { clock, store, script, engine, budgets }
    }

    async fn minutes(&self, how_many: u64, bad: u64) {
        *self.script.bad.lock().unwrap() = bad;
        self.clock.sleep(Duration::from_secs(60 * how_many)).await;
    }

    async fn restart(self) -> Self {
        let (store, clock) = self.stop().await;
        Self::over(store, clock).await
    }

    /// What is left when everything has stopped.
    async fn stop(self) -> (Simulated, Clock) {
        self.budgets.shutdown().await;
        self.engine.shutdown().await;
        (self.store, self.clock)
    }

    fn crm(&self) -> api::ObjectiveView {
        self.budgets.list().objectives[0].clone()
    }

    fn mode(&self) -> String {
        self.budgets.list().flows[0].mode.clone()
    }

    async fn open_incidents(&self) -> Vec<String> {
        assert!(self.engine.ping().await);
        let views = self.engine.views().borrow().clone();
        let open = views.incidents.iter().filter(|incident| incident.state != api::IncidentState::Resolved);
        let mut keys: Vec<_> = open.map(|incident| incident.key.clone()).collect();
        keys.sort();
        keys
    }

    async fn act(&self, name: &str, role: Role, act: Act) -> Result<api::RequestView, ActError> {
        self.budgets.act(Person { name: name.into(), role }, act).await
    }
}

fn ask(id: &str, wish: Wish) -> Act {
    Act::Ask { id: id.into(), wish, reason: "agreed".into() }
}

#[tokio::test(start_paused = true)]
async fn an_outage_becomes_an_incident_a_mode_and_a_shut_gate_and_all_of_it_ends() {
    let house = House::new().await;
    house.minutes(300, 0).await;
    assert_eq!((house.crm().standing.as_str(), house.mode().as_str()), ("good", "NORMAL"));
    assert_eq!(house.budgets.gate(&[], &["main".into()]).allowed, Some(true));
    house.minutes(20, 90).await;
    assert_eq!((house.crm().standing.as_str(), house.mode().as_str()), ("paging", "AGENT_ONLY"));
    assert_eq!(house.open_incidents().await, ["burn/crm", "mode/main", "spent/crm"]);
    let gate = house.budgets.gate(&["crm".into()], &[]);
    assert_eq!((gate.allowed, gate.slos[0].error_budget_remaining), (Some(false), Some(0)));
    // Asking again is the same decision.
    house.minutes(1, 90).await;
    assert_eq!(house.budgets.gate(&["crm".into()], &[]).decision_id, gate.decision_id);
    house.minutes(60 * 24, 0).await;
    assert_eq!((house.crm().standing.as_str(), house.mode().as_str()), ("good", "NORMAL"));
    assert_eq!(house.open_incidents().await, Vec::<String>::new());
    let reopened = house.budgets.gate(&["crm".into()], &[]);
    assert_eq!(reopened.allowed, Some(true));
    assert_ne!(reopened.decision_id, gate.decision_id);
    let audit = house.budgets.audit(None).await.unwrap();
    let exceeded = audit.iter().find(|entry| entry.what == "budget_exceeded").unwrap();
    assert_eq!(exceeded.body["flowId"], "main");
    assert!(audit.iter().any(|entry| entry.body["action"] == "DEGRADE_TO_AGENT_ONLY"));
    assert!(audit.iter().any(|entry| entry.body["action"] == "RESTORE_NORMAL"));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_everything_stands_as_it_stood() {
    let house = House::new().await;
    // Long enough for minutes in blocks and minutes that are in none yet.
    house.minutes(400, 1).await;
    house.minutes(20, 60).await;
    let (before, mode) = (house.crm(), house.mode());
    assert_eq!(mode, "AGENT_ONLY");
    assert!(!house.store.counted_blocks("crm", 0).await.unwrap().is_empty());
    let house = house.restart().await;
    let after = house.crm();
    assert_eq!((after.raw, after.remaining_percent), (before.raw, before.remaining_percent));
    assert_eq!(house.mode(), mode);
    house.minutes(2, 0).await;
    assert_eq!(house.crm().standing, "paging", "the evidence is counted again");
}

#[tokio::test(start_paused = true)]
async fn what_was_over_while_steadyline_stood_still_is_ended_once_that_is_known() {
    let house = House::new().await;
    house.minutes(300, 0).await;
    house.minutes(20, 90).await;
    assert_eq!(house.open_incidents().await, ["burn/crm", "mode/main", "spent/crm"]);
    // A day and a half later all of the outage has left the window, and only six hours can be counted afterwards.
    let (store, clock) = house.stop().await;
    clock.sleep(Duration::from_secs(36 * 3_600)).await;
    let house = House::over(store, clock).await;
    let open = house.open_incidents().await;
    assert!(open.contains(&"spent/crm".to_owned()), "too little is known yet: {open:?}");
    house.minutes(12 * 60, 0).await;
    assert_eq!(house.open_incidents().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn incidents_of_what_is_no_longer_defined_are_over() {
    let house = House::new().await;
    house.minutes(300, 0).await;
    house.minutes(20, 90).await;
    assert_eq!(house.open_incidents().await, ["burn/crm", "mode/main", "spent/crm"]);
    let (store, clock) = house.stop().await;
    let mut without = policy();
    without.objectives.remove(0);
    without.flows.clear();
    let house = House::with(without, store, clock).await;
    house.minutes(1, 0).await;
    assert_eq!(house.open_incidents().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_for_a_day_loses_no_minute() {
    let house = House::new().await;
    house.minutes(10, 0).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.minutes(24 * 60, 0).await;
    house.store.heal();
    house.minutes(5, 0).await;
    let before = house.crm();
    let house = house.restart().await;
    assert_eq!(house.crm().raw, before.raw);
    assert_eq!(house.open_incidents().await, Vec::<String>::new(), "nothing was lost");
}

#[tokio::test(start_paused = true)]
async fn minutes_of_an_objective_that_is_gone_for_a_while_are_there_when_it_comes_back() {
    let house = House::new().await;
    house.minutes(100, 1).await;
    let counted = house.crm().raw.total;
    let (store, clock) = house.stop().await;
    // Without it for as long as it takes to fold, while another goes on.
    let mut without = policy();
    without.objectives[0].objective.id = "other".into();
    without.flows.clear();
    let house = House::with(without, store, clock).await;
    house.minutes(300, 0).await;
    let house = house.restart().await;
    assert_eq!(house.crm().raw.total, counted);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_left_alone_and_what_it_did_not_tell_is_missing_until_it_does() {
    let house = House::new().await;
    house.minutes(60, 0).await;
    let wish = SourceError { why: "answer 429".into(), retry_after: Some(Duration::from_secs(240)) };
    *house.script.trouble.lock().unwrap() = Some(wish);
    house.script.asked.lock().unwrap().clear();
    house.minutes(4, 0).await;
    assert_eq!(house.script.asked.lock().unwrap().len(), 1, "asked once, then left alone as it wished");
    let crm = house.crm();
    assert_eq!((crm.standing.as_str(), crm.data_available), ("blind", false));
    assert_eq!(crm.source.trouble.as_deref(), Some("answer 429"));
    assert_eq!(house.open_incidents().await, ["blind/crm"]);
    *house.script.trouble.lock().unwrap() = None;
    house.minutes(8, 0).await;
    let crm = house.crm();
    assert_eq!((crm.standing.as_str(), crm.raw.missing_minutes), ("good", 0));
    assert_eq!(house.open_incidents().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_a_source_tells_again_as_it_was_is_not_kept_again() {
    let house = House::new().await;
    *house.script.corrects.lock().unwrap() = 15;
    house.minutes(30, 1).await;
    let batches = house.store.counted(0).await.unwrap();
    let kept = |batch: &store::Counted| {
        let batch: serde_json::Value = serde_json::from_str(&batch.body).unwrap();
        batch["counts"].as_array().unwrap().len()
    };
    assert_eq!(batches.iter().map(kept).sum::<usize>(), 30 + 16);
}

#[tokio::test(start_paused = true)]
async fn a_trouble_of_one_objective_is_told_beside_what_was_counted() {
    let house = House::new().await;
    *house.script.troubles.lock().unwrap() = vec![(0, "one minute is not believed".into()), (7, "of nobody".into())];
    house.minutes(60, 0).await;
    let crm = house.crm();
    assert_eq!(crm.source.trouble.as_deref(), Some("one minute is not believed"));
    assert_eq!((crm.standing.as_str(), crm.raw.missing_minutes), ("good", 0));
    house.script.troubles.lock().unwrap().clear();
    house.minutes(1, 0).await;
    assert_eq!(house.crm().source.trouble, None);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_budgets_go_on_and_nothing_is_approved() {
    let house = House::new().await;
    house.minutes(100, 0).await;
    let asked = house.act("ann", Role::Operator, ask("r", Wish::Reset { objective: "crm".into() })).await.unwrap();
    assert_eq!(asked.state, "waiting");
    house.minutes(30, 90).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    let refused = house.act("ben", Role::Approver, Act::Approve("r".into())).await;
    assert!(matches!(refused, Err(ActError::NotKept(_))), "{refused:?}");
    house.minutes(5, 0).await;
    assert_eq!(house.budgets.requests()[0].state, "waiting");
    assert_eq!(house.crm().raw.total, 13_600);
    house.store.heal();
    house.minutes(5, 0).await;
    house.act("ben", Role::Approver, Act::Approve("r".into())).await.unwrap();
    assert_eq!(house.crm().remaining_percent, Some(100.0));
    let house = house.restart().await;
    assert_eq!(house.crm().raw.total, 14_100, "what was counted meanwhile is kept");
    assert_eq!(house.budgets.requests()[0].state, "approved");
    assert_eq!(house.crm().forgiven, 2_700);
}

#[tokio::test(start_paused = true)]
async fn nobody_approves_what_they_asked_for_and_every_step_is_in_the_audit() {
    let house = House::new().await;
    house.minutes(10, 0).await;
    let from = house.budgets.now();
    let stretch = Stretch { from, until: from + Minutes::new(30) };
    let relief = Relief { budget: true, gate: true, degrade: true, rollback: true };
    let wish = Wish::Maintenance { objectives: vec!["crm".into()], stretch, zone: "UTC".into(), relief };
    house.act("ann", Role::Approver, ask("m", wish)).await.unwrap();
    let own = house.act("Ann ", Role::Approver, Act::Approve("m".into())).await;
    assert!(matches!(own, Err(ActError::Refused(Refusal::Own))));
    assert!(!house.budgets.requests()[0].is_on);
    house.act("ben", Role::Approver, Act::Approve("m".into())).await.unwrap();
    assert!(house.budgets.requests()[0].is_on);
    house.minutes(20, 90).await;
    assert_eq!((house.crm().adjusted.bad, house.crm().raw.bad), (0, 1_800));
    assert_eq!(house.mode(), "NORMAL");
    house.act("ann", Role::Operator, Act::Revoke("m".into())).await.unwrap();
    let audit = house.budgets.audit(None).await.unwrap();
    let did: Vec<_> = audit.iter().rev().map(|entry| (entry.who.as_str(), entry.what.as_str())).collect();
    assert_eq!(did, [("ann", "request"), ("ben", "approve"), ("ann", "revoke")]);
    // What is ended early stays approved for what has passed.
    assert_eq!((audit[0].body["state"].as_str(), house.crm().adjusted.bad), (Some("approved"), 0));
}

#[tokio::test(start_paused = true)]
async fn pushed_counts_are_taken_or_refused_one_by_one() {
    let house = House::new().await;
    house.minutes(10, 0).await;
    let minute = |ago: u32, total, good, bad| api::PushedMinute {
        at: (house.budgets.now() - Minutes::new(ago)).start(),
        total,
        good,
        bad,
    };
    let ahead =
        api::PushedMinute { at: (house.budgets.now() + Minutes::new(5)).start(), ..minute(0, 1, Some(1), None) };
    let minutes = [
        minute(3, 10, Some(9), None),
        minute(2, 10, None, Some(1)),
        minute(1, 10, Some(11), None),
        minute(1, 10, Some(5), Some(6)),
        minute(1, 10, None, None),
        ahead,
    ];
    let answer = house.budgets.push("pushed", &minutes).unwrap();
    assert_eq!((answer.taken, answer.refused.len()), (2, 4), "{:?}", answer.refused);
    assert_eq!(house.budgets.push("crm", &minutes), None, "it has a source of its own");
    assert_eq!(house.budgets.push("nothing", &minutes), None);
    house.minutes(1, 0).await;
    let pushed = house.budgets.list().objectives[1].clone();
    assert_eq!((pushed.raw.bad, pushed.raw.total), (2, 20));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_held_shuts_the_gate_and_maintenance_keeps_releases() {
    let house = House::new().await;
    house.minutes(30, 0).await;
    let neighbours = wiring::beside(&house.budgets);
    let flow = |name: &str| house.budgets.gate(&[], &[name.to_owned()]);
    assert_eq!(flow("main").allowed, Some(true));
    let hold = Hold { flow: vec!["main".into(), "f-1".into()], why: "version 12.0 is suspect".into() };
    (neighbours.hold)(vec![hold]);
    for name in ["main", "f-1"] {
        let answer = flow(name);
        assert_eq!((answer.allowed, answer.reasons[0].as_str()), (Some(false), "version 12.0 is suspect"));
    }
    assert_eq!(house.budgets.gate(&[], &[]).allowed, Some(false), "everything is meant");
    assert_eq!(house.budgets.gate(&["crm".into()], &[]).allowed, Some(true), "its objective alone is well");
    (neighbours.hold)(Vec::new());
    assert_eq!(flow("main").allowed, Some(true));

    let from = house.budgets.now();
    let stretch = Stretch { from, until: from + Minutes::new(30) };
    let relief = Relief { budget: false, gate: false, degrade: false, rollback: true };
    let is_maintained = |name: &str| (neighbours.is_maintained)(name, "f-1", from + Minutes::new(1));
    for (id, objectives, expected) in [("m", vec!["crm".to_owned()], [true, false]), ("n", vec![], [true, true])] {
        let wish = Wish::Maintenance { objectives, stretch, zone: "UTC".into(), relief };
        house.act("ann", Role::Operator, ask(id, wish)).await.unwrap();
        house.act("ben", Role::Approver, Act::Approve(id.into())).await.unwrap();
        assert_eq!([is_maintained("main"), is_maintained("night")], expected, "one without objectives goes with all");
    }
}
