//! An episode: an organisation, its controllers, and what befalls them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Add;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base::Minutes;
use clock::Clock;
use engine::courier::{Courier, Letter, Receipt};
use engine::delivery::DeliveryError;
use engine::rollback::guard::{self, Neighbours, Policy, Watched};
use engine::rollback::{Guard, LOCKOUT, Rollbacks};
use engine::{Engine, Handle, Receiver};
use fastrand::Rng;
use jiff::Timestamp;
use rollback::Mode;
use rollback::act::{Lock, Locked};
use store::{Action, Change, Document, Fault, Simulated, Store as _};

use super::promises::{self, Carried, Evidence, Expected};
use crate::centre::traffic::{Before, Habit, Ill, Traffic};
use crate::centre::{Centre, Moods, minutes};

pub(super) const FLOWS: [&str; 3] = ["billing", "main", "night"];
/// What is normal is learned from so much.
const HISTORY: Minutes = Minutes::hours(12);
/// So often one looks at what is kept.
const LOOK: Duration = Duration::from_secs(2);
/// The clock of a single controller is wrong by so much at most, and by another time when it starts again. Two of them share
/// one: a lease is for those who do.
const LEAP_MAX: Duration = Duration::from_secs(300);
/// The longest pause between two events.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// After trouble is over a bad release may be live for so long.
const CURED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// The longest proof, and as much again for what went before it: then everything is settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(5 * 3_600);
/// From this share of errors on a release is bad beyond doubt.
pub(super) const OUTAGE: f64 = 0.5;

/// A kind of organisation, with the past of its flows and what was learned from it.
pub(super) struct Variation {
    habits: BTreeMap<String, Habit>,
    before: Arc<Before>,
    flows: Vec<Document>,
}

fn began() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

impl Variation {
    /// Watches a calm organisation until its flows are armed.
    pub(super) async fn new(place: usize) -> Self {
        let callers = [200.0, 60.0, 20.0, 8.0, 120.0, 35.0][place];
        let share = [0.01, 0.03, 0.005, 0.01, 0.002, 0.02][place];
        let habit = |(place, id): (usize, &&str)| {
            ((*id).to_owned(), Habit { callers: callers / (1.0 + place as f64 / 4.0), share })
        };
        let habits: BTreeMap<_, _> = FLOWS.iter().enumerate().map(habit).collect();
        let before = Arc::new(Before::new(place as u64, &habits, began(), HISTORY + Minutes::hours(1)));
        let variation = Self { habits, before, flows: Vec::new() };
        let mut house = House::new(place as u64, Arc::new(variation)).await;
        house.calm();
        house.start_all().await;
        house.pass(minutes(FLOWS.len() as u32 + 2)).await;
        let list = house.leader().list();
        let is_armed =
            |id: &str| list.flows.iter().any(|it| it.id == id && it.armed.as_ref().is_some_and(|a| a.is_armed));
        assert!(is_armed("main") && is_armed("night"), "{list:?}");
        let flows = house.store.documents("release-flow", None).await.unwrap();
        let House { variation, .. } = house;
        Self { habits: variation.habits.clone(), before: variation.before.clone(), flows }
    }
}

/// What episodes came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Played {
    pub(super) broken: u64,
    pub(super) releases: u64,
    pub(super) good: u64,
    pub(super) good_gone_back: u64,
    pub(super) rollbacks: u64,
    pub(super) live: u64,
    pub(super) recovered: u64,
    pub(super) crashes: u64,
    pub(super) takeovers: u64,
    pub(super) cured: u64,
}

impl Add for Played {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            broken: self.broken + more.broken,
            releases: self.releases + more.releases,
            good: self.good + more.good,
            good_gone_back: self.good_gone_back + more.good_gone_back,
            rollbacks: self.rollbacks + more.rollbacks,
            live: self.live + more.live,
            recovered: self.recovered + more.recovered,
            crashes: self.crashes + more.crashes,
            takeovers: self.takeovers + more.takeovers,
            cured: self.cured + more.cured,
        }
    }
}

pub(super) struct House {
    seed: u64,
    variation: Arc<Variation>,
    clock: Clock,
    centre: Arc<Centre>,
    store: Simulated,
    engine: Handle,
    desk: Arc<Desk>,
    rng: Rng,
    controllers: Vec<Option<(Rollbacks, Guard)>>,
    starts: u32,
    /// Releases that somebody wants to be gone back from.
    approved: BTreeSet<String>,
    carried: Vec<Carried>,
    diary: Vec<String>,
    last_leader: Option<usize>,
    played: Played,
    /// Versions so far.
    versions: u32,
}

impl House {
    pub(super) async fn new(seed: u64, variation: Arc<Variation>) -> Self {
        let clock = Clock::starting_at(began(), 1);
        let mut rng = Rng::with_seed(seed);
        let store = Simulated::new();
        store.commit(&Change { documents: variation.flows.clone(), ..Change::default() }).await.unwrap();
        let traffic = Traffic::new(seed, variation.habits.clone(), variation.before.clone());
        let centre = Centre::by_chance(clock.clone(), &FLOWS, traffic);
        let controllers = if rng.u8(..3) == 0 { vec![None] } else { vec![None, None] };
        let desk = Arc::<Desk>::default();
        let engine = engine(&store, &clock, &desk).await;
        let mut house = Self {
            seed,
            variation,
            clock,
            centre,
            store,
            engine,
            desk,
            rng,
            controllers,
            starts: 0,
            approved: BTreeSet::new(),
            carried: Vec::new(),
            diary: Vec::new(),
            last_leader: None,
            played: Played::default(),
            versions: 11,
        };
        house.start_all().await;
        house
    }

    async fn start(&mut self, place: usize) {
        self.starts += 1;
        let most = if self.controllers.len() == 1 { LEAP_MAX } else { Duration::ZERO };
        let skew = most.mul_f64(self.rng.f64());
        let now = self.clock.now().wall;
        let clock = Clock::starting_at(if self.rng.bool() { now + skew } else { now - skew }, 1);
        let rollbacks = Rollbacks::start(engine::rollback::Setup {
            holder: format!("controller-{place}-{}", self.starts),
            platform: self.centre.clone(),
            store: Arc::new(self.store.clone()),
            clock: clock.clone(),
            lockout: LOCKOUT,
        });
        let rollbacks = rollbacks.await;
        let guard = Guard::start(guard::Setup {
            policy: policy(),
            organisation: self.centre.clone(),
            rollbacks: rollbacks.clone(),
            store: Arc::new(self.store.clone()),
            incidents: self.engine.sender(),
            neighbours: Neighbours { is_maintained: Arc::new(|_, _, _| false), hold: Arc::new(|_| {}) },
            clock,
        });
        self.controllers[place] = Some((rollbacks, guard.await.unwrap()));
    }

    pub(super) async fn start_all(&mut self) {
        for place in 0..self.controllers.len() {
            if self.controllers[place].is_none() {
                self.start(place).await;
            }
        }
    }

    fn crash(&mut self, place: usize) {
        if let Some((rollbacks, guard)) = self.controllers[place].take() {
            self.played.crashes += 1;
            guard.abort();
            rollbacks.abort();
        }
    }

    /// Everything of ours ends at once, and starts again.
    async fn cut_the_power(&mut self) {
        self.note("everything crashes and starts again".to_owned());
        for place in 0..self.controllers.len() {
            self.crash(place);
        }
        self.engine.kill();
        // What was on its way to the store does not arrive, and what starts needs a store.
        self.store.heal();
        self.engine = engine(&self.store, &self.clock, &self.desk).await;
        self.start_all().await;
    }

    fn leading(&self) -> Option<usize> {
        let is_leader = |it: &Option<(Rollbacks, Guard)>| it.as_ref().is_some_and(|it| it.0.standing().is_leader);
        self.controllers.iter().position(is_leader)
    }

    pub(super) fn leader(&self) -> &Guard {
        let place = self.leading().expect("one may act");
        &self.controllers[place].as_ref().unwrap().1
    }

    fn note(&mut self, what: String) {
        let at = self.clock.now().wall.strftime("%H:%M:%S");
        self.diary.push(format!("{at} {what}"));
    }

    fn broken(&self, promise: &str, how: &str) -> ! {
        if std::env::var("STEADYLINE_EPISODES").is_err() && std::env::var("STEADYLINE_SEED").is_ok() {
            println!("{}", self.diary.join("\n"));
            for (_, guard) in self.controllers.iter().flatten() {
                for release in guard.list().releases.iter().rev() {
                    println!(
                        "{} {} of {}: {} of {} failed in {} of {} minutes, odds {:.1}",
                        release.id,
                        release.state,
                        release.published_at,
                        release.errors,
                        release.conversations,
                        release.minute,
                        release.length,
                        release.odds
                    );
                    for line in &release.story {
                        println!("    {} {}", line.at.strftime("%H:%M:%S"), line.what);
                    }
                }
            }
        }
        panic!("STEADYLINE_SEED={}: {promise}: {how}", self.seed);
    }

    fn must(&self, promise: &str, held: Result<(), String>) {
        if let Err(how) = held {
            self.broken(promise, &how);
        }
    }

    /// Time passes, and one looks at what is kept.
    pub(super) async fn pass(&mut self, time: Duration) {
        let until = self.clock.mono() + time;
        while self.clock.mono() < until {
            self.clock.sleep(LOOK.min(until.since(self.clock.mono()))).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let leading = self.leading();
        if let Some(place) = leading
            && self.last_leader != leading
        {
            self.played.takeovers += u64::from(self.last_leader.is_some());
            self.last_leader = leading;
            self.note(format!("controller {place} leads"));
        }
        let documents = self.store.documents("rollback", None).await.unwrap();
        let Some(current) = documents.first() else { return };
        let (now, mono) = (self.clock.now().wall, self.clock.mono());
        let change = promises::carried(&mut self.carried, &current.body, now, mono);
        match change {
            Ok(None) => {}
            Ok(Some(what)) => {
                self.note(what);
                self.must("S2", promises::none_is_gone_back_from_twice(&self.carried, &self.approved));
                self.must("S5", promises::none_within_the_lockout(&self.carried, self.skew_max()));
            }
            Err(how) => self.broken("S1", &how),
        }
    }

    fn skew_max(&self) -> Duration {
        let most = if self.controllers.len() == 1 { LEAP_MAX * 2 } else { Duration::ZERO };
        most + LOOK * 2
    }

    /// Somebody publishes something new, or something old again.
    fn publish(&mut self, share: Option<f64>) {
        let flow = FLOWS[self.rng.usize(..FLOWS.len())];
        self.versions += 1;
        let mut version = format!("{}.0", self.versions);
        if share.is_none() && self.rng.u8(..5) == 0 {
            let state = self.centre.state();
            let history = &state.flows[flow].history;
            version.clone_from(&history[self.rng.usize(..history.len())].0);
        } else {
            self.make_ill(flow, &version, share);
        }
        self.centre.somebody_publishes(flow, &version);
        self.note(format!("somebody publishes {version} of {flow}; live: {}", self.centre.live(flow)));
    }

    fn make_ill(&mut self, flow: &str, version: &str, share: Option<f64>) {
        let normal = self.variation.habits[flow].share;
        let drawn = [normal, normal, normal, 3.0 * normal, 0.2, 0.6, 1.0][self.rng.usize(..7)];
        let is_late = share.is_none() && self.rng.u8(..4) == 0;
        let after = if is_late { minutes(self.rng.u32(1..40)) } else { Duration::ZERO };
        let share = share.unwrap_or(drawn);
        if normal < share {
            self.note(format!("{version} of {flow} is bad: {share} after {after:?}"));
            let mut state = self.centre.state();
            let ills = &mut state.traffic.as_mut().unwrap().ills;
            ills.insert((flow.to_owned(), version.to_owned()), Ill { share, after });
        }
    }

    /// Something goes wrong.
    async fn disturb(&mut self) {
        let place = self.rng.usize(..self.controllers.len());
        let flow = FLOWS[self.rng.usize(..FLOWS.len())];
        match self.rng.u8(..17) {
            0..=3 => self.publish(None),
            4 => {
                self.note(format!("controller {place} crashes"));
                self.crash(place);
            }
            5 => {
                self.note(format!("controller {place} crashes and starts again"));
                self.crash(place);
                self.start(place).await;
            }
            6 => self.start_all().await,
            7 => {
                let fault = [Fault::Locked, Fault::Full, Fault::Unsure, Fault::Broken][self.rng.usize(..4)];
                let writes = self.rng.u32(1..30);
                self.note(format!("{writes} writes fail: {fault:?}"));
                self.store.fail_writes(writes, fault);
            }
            8 => {
                let fault = if self.rng.bool() {
                    Fault::Hang
                } else {
                    Fault::Late(Duration::from_secs(120).mul_f64(self.rng.f64()))
                };
                self.note(format!("a write fails: {fault:?}"));
                self.store.fail_writes(1, fault);
            }
            9 => {
                self.note("the store is well".to_owned());
                self.store.heal();
            }
            10 | 11 => self.trouble_analytics(),
            12 => {
                let percent = [0, 5, 20][self.rng.usize(..3)];
                self.note(format!("{percent} % of requests meet trouble"));
                self.centre.state().moods.percent = percent;
            }
            13 => self.trouble_flow(flow),
            14 => self.approve().await,
            15 => self.cut_the_power().await,
            _ => self.run(flow).await,
        }
    }

    fn trouble_analytics(&mut self) {
        let what = self.rng.u8(..6);
        let lag = self.rng.u32(1..10);
        self.note(format!("analytics: {what} ({lag})"));
        let mut state = self.centre.state();
        (state.is_silent, state.is_empty) = (what == 0, what == 1);
        let Moods { lag: of, is_lag_told, is_fickle, .. } = &mut state.moods;
        (*of, *is_lag_told, *is_fickle) = (if what == 2 || what == 3 { lag } else { 0 }, what == 3, what == 4);
    }

    fn trouble_flow(&mut self, flow: &str) {
        let what = self.rng.u8(..6);
        let place = self.rng.usize(..4);
        self.note(format!("{flow}: {what}"));
        let mut state = self.centre.state();
        let stored = state.flows.get_mut(flow).unwrap();
        let live = stored.history.last().unwrap().0.clone();
        let others: Vec<_> = stored.history.iter().map(|it| it.0.clone()).filter(|id| *id != live).collect();
        let version = others[place % others.len()].clone();
        match what {
            0 | 1 if stored.lock == Lock::Free => stored.lock = Lock::Foreign("Mary".to_owned()),
            2 | 3 if matches!(stored.lock, Lock::Foreign(_)) => stored.lock = Lock::Free,
            4 => drop(stored.deleted.insert(version)),
            5 => drop(stored.broken.insert(version)),
            _ => {}
        }
    }

    /// Somebody says that what people were asked about is to be gone back from.
    async fn approve(&mut self) {
        let Some(place) = self.leading() else { return };
        let guard = self.controllers[place].as_ref().unwrap().1.clone();
        let asked = guard
            .list()
            .releases
            .into_iter()
            .find(|it| it.is_open && ["ASKED", "HANDED_OVER"].contains(&it.state.as_str()));
        let Some(asked) = asked else { return };
        self.approved.insert(asked.id.clone());
        let answer = self.clock.timeout(Duration::from_secs(30), guard.approve(&asked.id, "ann")).await;
        self.note(format!("ann approves {}: {:?}", asked.id, answer.map(|answer| answer.map(|it| it.state))));
    }

    /// Somebody goes back by hand.
    async fn run(&mut self, flow: &str) {
        let Some(place) = self.leading().filter(|_| self.rng.u8(..4) == 0) else { return };
        let guard = self.controllers[place].as_ref().unwrap().1.clone();
        let wish =
            api::RollbackWish { flow: flow.to_owned(), to: "11.0".to_owned(), reason: "it drops callers".to_owned() };
        let answer = self.clock.timeout(Duration::from_secs(30), guard.run(&wish, "ann")).await;
        self.note(format!("ann goes back to 11.0 of {flow}: {answer:?}"));
    }

    /// Everything is well again, but for releases.
    pub(super) fn calm(&mut self) {
        self.store.heal();
        let now = self.clock.now().wall;
        let mut state = self.centre.state();
        (state.is_silent, state.is_empty) = (false, false);
        state.moods = Moods { is_working: true, ..Moods::default() };
        for stored in state.flows.values_mut() {
            if let Lock::Foreign(_) = stored.lock {
                stored.lock = Lock::Free;
            }
            if let Some((until, _)) = &mut stored.operation {
                *until = (*until).min(now + Duration::from_secs(5));
            }
        }
    }

    pub(super) async fn play(mut self) -> Played {
        self.centre.state().moods.percent = [0, 2, 10][self.rng.usize(..3)];
        self.centre.state().moods.hangs = Duration::from_secs(self.rng.u64(1..60));
        self.pass(minutes(2)).await;
        for _ in 0..self.rng.u32(10..40) {
            self.disturb().await;
            let pause = PAUSE_MAX.mul_f64(self.rng.f64());
            self.pass(pause).await;
        }
        self.calm();
        self.note("trouble is over".to_owned());
        self.start_all().await;
        // The lease of one that crashed or stood still has run out by then, and all was looked at.
        self.pass(minutes(5)).await;
        if self.rng.bool() {
            let share = 0.6 + 0.4 * self.rng.f64();
            self.publish(Some(share));
            self.pass(minutes(2)).await;
        }
        let expected = self.expected();
        self.pass(CURED_WITHIN).await;
        self.cured(&expected);
        self.settle().await;
        self.check().await
    }

    /// Bad releases that are live and must be gone back from.
    fn expected(&self) -> Vec<Expected> {
        let releases = self.leader().list().releases;
        let now = self.clock.now().wall;
        let state = self.centre.state();
        let traffic = state.traffic.as_ref().unwrap();
        let bad = FLOWS.iter().filter_map(|flow| {
            let (version, since, is_ours) = state.flows[*flow].history.last().unwrap();
            // What we have gone back to and is no better is for people.
            if *is_ours {
                return None;
            }
            let age = Duration::try_from(now.duration_since(*since)).ok()?;
            let is_bad = OUTAGE <= traffic.share(flow, version, age) && 5.0 <= traffic.habits[*flow].callers;
            is_bad.then(|| Expected { flow: (*flow).to_owned(), version: version.clone(), since: *since })
        });
        let bad: Vec<_> = bad.collect();
        // A past of half a day that a bad version is a part of, and siblings that fail as well, hide what is to be found.
        let is_hidden = |flow: &str, version: &str| {
            traffic.ills.contains_key(&(flow.to_owned(), version.to_owned()))
                && !promises::is_found(flow, version, &releases)
        };
        let is_clear = |bad: &Expected| {
            let (_, earlier) = state.flows[&bad.flow].history.split_last().unwrap();
            let others = FLOWS.iter().filter(|flow| **flow != bad.flow);
            let mut live = others.map(|flow| (*flow, &state.flows[*flow].history.last().unwrap().0));
            !earlier.iter().any(|(version, ..)| is_hidden(&bad.flow, version))
                && !live.any(|(flow, version)| is_hidden(flow, version))
        };
        bad.into_iter().filter(|bad| is_clear(bad) && promises::may_be_cured(bad, &releases)).collect()
    }

    fn cured(&mut self, expected: &[Expected]) {
        let releases = self.leader().list().releases;
        for bad in expected {
            let live = self.centre.state().flows[&bad.flow].history.last().map(|it| (it.0.clone(), it.1));
            let is_live = live == Some((bad.version.clone(), bad.since));
            self.must("S10", promises::is_cured_or_in_hands(bad, is_live, &releases));
            self.played.cured += u64::from(!is_live);
        }
    }

    /// Waits until every rollback has come to its end.
    async fn settle(&mut self) {
        const UNSETTLED: [&str; 3] = ["CONFIRMED", "ROLLING_BACK", "VERIFYING"];
        let until = self.clock.mono() + SETTLED_WITHIN;
        loop {
            self.pass(minutes(2)).await;
            let releases = self.leader().list().releases;
            let is_settled = !releases.iter().any(|it| it.is_open && UNSETTLED.contains(&it.state.as_str()));
            if is_settled || until < self.clock.mono() {
                return;
            }
        }
    }

    async fn check(mut self) -> Played {
        let leaders = self.controllers.iter().flatten().filter(|it| it.0.standing().is_leader).count();
        if leaders != 1 {
            self.broken("S1", &format!("{leaders} may act"));
        }
        let guard = self.leader().clone();
        let mut incidents = Vec::new();
        self.engine.ping().await;
        incidents.extend(self.store.live_incidents(None).await.unwrap());
        let mut resolved = self.store.resolved_incidents(None).await.unwrap();
        while let Some(last) = resolved.last().map(|it| it.incident.id.clone()) {
            incidents.append(&mut resolved);
            resolved = self.store.resolved_incidents(Some(&last)).await.unwrap();
        }
        let (taken, flows) = {
            let state = self.centre.state();
            let traffic = state.traffic.as_ref().unwrap();
            let habits = traffic.habits.clone();
            let flows: BTreeMap<_, _> = state.flows.iter().map(|(id, it)| (id.clone(), it.history.clone())).collect();
            (state.taken.clone(), (flows, habits, traffic.ills.clone()))
        };
        let (histories, habits, ills) = flows;
        let evidence = Evidence {
            carried: self.carried.clone(),
            approved: self.approved.clone(),
            taken,
            histories,
            habits,
            ills,
            releases: guard.list().releases,
            pages: self.desk.0.lock().unwrap().clone(),
            incidents: incidents.into_iter().map(|it| it.incident).collect(),
        };
        self.must("S1", promises::nothing_is_published_outside_of_a_rollback(&evidence));
        self.must("S3", promises::nothing_is_published_on_what_is_not_known(&evidence));
        self.must("S4", promises::nobody_is_overruled(&evidence));
        self.must("S6", promises::every_rollback_has_an_end(&evidence));
        self.must("S7", promises::every_incident_is_over_when_its_cause_is(&evidence));
        self.must("S7", promises::every_rollback_that_came_out_was_told(&evidence));
        for release in &evidence.releases {
            let whole = guard.one(&release.id).await.expect("it is listed");
            if whole.is_reproduced != Some(true) {
                self.broken("S8", &format!("{}: {:?}", release.id, whole.is_reproduced));
            }
        }
        let gone_back = promises::good_that_were_gone_back_from(&evidence);
        if !gone_back.is_empty() {
            println!("seed {}: good, and gone back from: {gone_back:?}", self.seed);
        }
        self.played.good_gone_back = gone_back.len() as u64;
        self.played.good = promises::good(&evidence);
        self.played.releases = evidence.releases.len() as u64;
        self.played.rollbacks = evidence.carried.len() as u64;
        self.played.live = evidence.carried.iter().filter(|it| it.outcome.as_deref() == Some("live")).count() as u64;
        self.played.recovered = evidence.releases.iter().filter(|it| it.state == "RECOVERED").count() as u64;
        for (rollbacks, guard) in self.controllers.iter().flatten() {
            guard.abort();
            rollbacks.abort();
        }
        self.engine.kill();
        self.played
    }
}

/// Where pages arrive: the keys under which somebody was woken, and when.
#[derive(Default)]
pub(super) struct Desk(Mutex<Vec<(String, Timestamp)>>);

#[async_trait]
impl Courier for Desk {
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        if letter.action == Action::Trigger {
            let subject = letter.dedup_key.split(':').nth(2).unwrap_or_default();
            self.0.lock().unwrap().push((subject.to_owned(), letter.sent_at));
        }
        Ok(Receipt::default())
    }
}

async fn engine(store: &Simulated, clock: &Clock, desk: &Arc<Desk>) -> Handle {
    let engine = Engine::start(engine::Setup {
        store: Arc::new(store.clone()),
        receivers: vec![Receiver { name: "desk".into(), courier: desk.clone() }],
        clock: clock.clone(),
        policy: engine::Policy::standard("acme"),
        seed: 1,
    });
    engine.await.unwrap()
}

fn policy() -> Policy {
    let watched = |name: &str, mode| Watched { name: name.to_owned(), mode, siblings: None };
    Policy {
        watch: rollback::Policy::default(),
        recovery: rollback::recovery::Policy::default(),
        false_rollbacks_per_year: 0.052,
        releases_per_year: 520,
        history: HISTORY,
        arm_after: Minutes::hours(6),
        locked: Locked::HandOver,
        flows: vec![
            watched("main", Mode::Automatic),
            watched("night", Mode::Automatic),
            watched("billing", Mode::Approve),
        ],
    }
}
