//! The world around the engine, drawn from a seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use degrade::{Cause, Counts, Fault as CallFault, Phase, Transition};
use engine::{Engine, Handle, Policy, Receiver, Setup, journal};
use fastrand::Rng;
use store::{Fault, IncidentRecord, JournalEntry, LetterState, Simulated, Store};

use super::receiver::{MOODS, Mood, SimulatedReceiver};
use super::{Summary, TOLD_WITHIN, Violation};

const STEPS: u32 = 150;
const PAUSE_MS_MAX: u64 = 180_000;
const TRACE_MAX: usize = 60;
/// After the last fault: longer than any pause between two attempts, many times over.
const SETTLE: Duration = Duration::from_secs(3_600);
const STORE_FAULTS: [Fault; 5] = [Fault::Locked, Fault::Full, Fault::Broken, Fault::Unsure, Fault::Hang];

pub(super) struct World {
    rng: Rng,
    clock: Clock,
    store: Simulated,
    receivers: Vec<(Arc<str>, SimulatedReceiver)>,
    circuits: BTreeMap<Arc<str>, Phase>,
    /// Circuits whose incident an earlier run left open, and which have not been seen since.
    inherited: BTreeSet<Arc<str>>,
    /// Keys of the episodes that must be found in the end.
    episodes: BTreeSet<String>,
    engine: Handle,
    summary: Summary,
    trace: VecDeque<String>,
    may_have_lost: bool,
}

impl World {
    pub(super) async fn new(seed: u64, clock: Clock) -> Result<Self, Violation> {
        let mut rng = Rng::with_seed(seed);
        let store = Simulated::new();
        let count = rng.usize(1..=3);
        let receivers: Vec<(Arc<str>, _)> =
            (0..count).map(|n| (format!("receiver-{n}").into(), SimulatedReceiver::new(clock.clone()))).collect();
        let circuits = (0..rng.usize(1..=5)).map(|n| (format!("circuit-{n}").into(), Phase::Closed)).collect();
        let engine = start(&clock, &store, &receivers, seed).await.map_err(|what| violation(seed, what))?;
        Ok(Self {
            rng,
            clock,
            store,
            receivers,
            circuits,
            inherited: BTreeSet::new(),
            episodes: BTreeSet::new(),
            engine,
            summary: Summary { seed, ..Summary::default() },
            trace: VecDeque::new(),
            may_have_lost: false,
        })
    }

    pub(super) async fn live_through_it(&mut self) -> Result<(), Violation> {
        for _ in 0..STEPS {
            let pause = self.pause();
            self.clock.sleep(pause).await;
            match self.rng.u32(0..100) {
                0..60 => self.change_a_circuit(),
                60..72 => self.break_the_store(),
                72..80 => self.heal_the_store(),
                80..92 => self.change_a_mood(),
                92..97 => self.acknowledge().await,
                _ => self.crash().await?,
            }
            self.check_incidents().await?;
        }
        Ok(())
    }

    /// Often nothing for a moment, sometimes nothing for minutes.
    fn pause(&mut self) -> Duration {
        let most = if self.rng.bool() { 500 } else { PAUSE_MS_MAX };
        Duration::from_millis(self.rng.u64(0..most))
    }

    fn change_a_circuit(&mut self) {
        let names: Vec<_> = self.circuits.keys().cloned().collect();
        let circuit = names[self.rng.usize(0..names.len())].clone();
        let from = self.circuits[&circuit];
        let (to, cause) = match (from, self.rng.bool()) {
            (Phase::Closed, _) => (Phase::Open, Cause::ConsecutiveFailures { count: 5, last: CallFault::Timeout }),
            (Phase::Open, _) => (Phase::HalfOpen, Cause::RecoveryElapsed),
            (Phase::HalfOpen, true) => (Phase::Open, Cause::ProbeFailed(CallFault::Server)),
            (Phase::HalfOpen, false) => (Phase::Closed, Cause::Recovered { probes: 2 }),
        };
        let at = self.clock.now();
        if from == Phase::Closed && !self.inherited.remove(&circuit) {
            self.episodes.insert(format!("sdl:sim:circuit/{circuit}:{}", at.wall.as_millisecond()));
        }
        self.note(format!("{circuit} {from} to {to}"));
        self.summary.changes += 1;
        self.circuits.insert(circuit.clone(), to);
        self.engine.sender().circuit(Transition {
            upstream: "upstream".into(),
            circuit,
            generation: self.summary.changes,
            from,
            to,
            cause,
            counts: Counts { bad: 5, consecutive: 5, ..Counts::default() },
            at,
        });
    }

    fn break_the_store(&mut self) {
        let fault = STORE_FAULTS[self.rng.usize(0..STORE_FAULTS.len())];
        let writes = if self.rng.bool() { self.rng.u32(1..5) } else { u32::MAX };
        self.note(format!("the store: {fault:?} for {writes} writes"));
        self.summary.store_faults += 1;
        self.store.fail_writes(writes, fault);
    }

    fn heal_the_store(&mut self) {
        self.note("the store is healed".into());
        self.store.heal();
    }

    fn change_a_mood(&mut self) {
        // With a sole receiver or more, the first one always works: it is the witness for being told in time.
        if self.receivers.len() == 1 {
            return;
        }
        let which = self.rng.usize(1..self.receivers.len());
        let mood = MOODS[self.rng.usize(0..MOODS.len())];
        self.note(format!("receiver-{which} is {mood:?}"));
        self.receivers[which].1.set(mood);
    }

    async fn acknowledge(&mut self) {
        let live: Vec<_> = self.live_ids();
        if let Some(id) = live.get(self.rng.usize(0..live.len().max(1))) {
            self.note(format!("somebody takes {id}"));
            // It may have ended this moment; then there is nothing to take.
            self.engine.acknowledge(id, "somebody").await.ok();
        }
    }

    /// The process dies and starts again: circuits begin closed, and what was not written is gone.
    async fn crash(&mut self) -> Result<(), Violation> {
        let views = self.engine.views().borrow().clone();
        let is_all_written = views.store.working && views.store.unsaved == 0;
        self.note(format!("crash, with everything written: {is_all_written}"));
        self.may_have_lost |= !is_all_written;
        self.summary.crashes += 1;
        self.engine.kill();
        // A process that comes back finds the store as good as it is; one that hangs would not start.
        self.store.heal();
        let seed = self.rng.u64(..);
        let started = start(&self.clock, &self.store, &self.receivers, seed).await;
        self.engine = started.map_err(|what| self.violation(what))?;
        for phase in self.circuits.values_mut() {
            *phase = Phase::Closed;
        }
        let live = self.live_circuits();
        self.inherited =
            self.circuits.keys().filter(|name| live.contains(&format!("circuit/{name}"))).cloned().collect();
        Ok(())
    }

    /// Every circuit that is not closed has exactly one live incident.
    async fn check_incidents(&mut self) -> Result<(), Violation> {
        // The first answer says that all events are handled, the second that the result is shown.
        let is_alive = self.engine.ping().await && self.engine.ping().await;
        if !is_alive {
            return Err(self.violation("the engine has stopped".into()));
        }
        let shown = self.live_circuits();
        let open = self.circuits.iter().filter(|(_, phase)| **phase != Phase::Closed).map(|(name, _)| name);
        let expected: Vec<_> = open.chain(&self.inherited).map(|name| format!("circuit/{name}")).collect();
        let is_one_each = shown.len() == expected.len() && expected.iter().all(|key| shown.contains(key));
        if !is_one_each {
            return Err(self.violation(format!("not closed are {expected:?}, live incidents are {shown:?}")));
        }
        Ok(())
    }

    /// Ends all faults, lets everything settle, and checks what must be true then.
    pub(super) async fn end_well(mut self) -> Result<Summary, Violation> {
        self.note("all faults end".into());
        self.store.heal();
        for (_, receiver) in &self.receivers {
            receiver.set(Mood::Well);
        }
        for circuit in std::mem::take(&mut self.inherited) {
            self.engine.sender().circuit_well(circuit);
        }
        self.clock.sleep(SETTLE).await;
        self.check_incidents().await?;
        let records = self.records().await?;
        self.check_letters(&records)?;
        self.check_episodes(&records)?;
        for n in 0..self.receivers.len() {
            self.check_receiver(n, &records)?;
        }
        self.check_journal().await?;
        self.engine.shutdown().await;
        self.summary.incidents = u32::try_from(records.len()).unwrap_or(u32::MAX);
        self.summary.arrived = self.receivers.iter().map(|(_, receiver)| receiver.arrived()).sum();
        self.summary.lasted = self.clock.mono().since_start();
        Ok(self.summary)
    }

    fn check_letters(&self, records: &[IncidentRecord]) -> Result<(), Violation> {
        let views = self.engine.views().borrow().clone();
        if !views.store.working || views.store.unsaved > 0 {
            return Err(self.violation(format!("in the end the store is {:?}", views.store)));
        }
        for letter in records.iter().flat_map(|record| &record.letters) {
            if letter.state != LetterState::Delivered {
                return Err(self.violation(format!("in the end letter {} is {:?}", letter.id, letter.state)));
            }
        }
        match records.iter().find(|record| record.incident.key == "records") {
            Some(lost) => Err(self.violation(lost.incident.title.clone())),
            None => Ok(()),
        }
    }

    fn check_episodes(&self, records: &[IncidentRecord]) -> Result<(), Violation> {
        let kept: Vec<_> = records.iter().map(|record| record.incident.dedup_key.clone()).collect();
        let distinct: BTreeSet<_> = kept.iter().cloned().collect();
        if distinct.len() != kept.len() {
            return Err(self.violation("two incidents have the same key".into()));
        }
        match self.episodes.difference(&distinct).next() {
            Some(lost) if !self.may_have_lost => Err(self.violation(format!("no incident for {lost}"))),
            _ => Ok(()),
        }
    }

    fn check_receiver(&self, n: usize, records: &[IncidentRecord]) -> Result<(), Violation> {
        let (name, receiver) = &self.receivers[n];
        if let Some(disorder) = receiver.disorder().first() {
            return Err(self.violation(format!("at {name}: {disorder}")));
        }
        let mut alerts = receiver.alerts();
        for record in records {
            let incident = &record.incident;
            let is_about_it = incident.key == format!("receiver/{name}");
            if is_about_it {
                continue;
            }
            let Some(alert) = alerts.remove(&incident.dedup_key) else {
                return Err(self.violation(format!("{name} never heard of {}", incident.dedup_key)));
            };
            // After a crash that lost what was written about it, an alert may have been told twice.
            let is_once = alert.opened == 1 || self.may_have_lost;
            let is_right = is_once && alert.is_over == incident.resolved_at.is_some();
            if !is_right {
                return Err(self.violation(format!("{name} has {alert:?} of {incident:?}")));
            }
            let told_after = alert.first_told_at.duration_since(alert.opened_at).unsigned_abs();
            let is_witness = n == 0;
            if is_witness && told_after > TOLD_WITHIN {
                return Err(self.violation(format!("{name} was told of {} after {told_after:?}", incident.id)));
            }
        }
        match alerts.into_keys().next() {
            Some(orphan) if !self.may_have_lost => Err(self.violation(format!("{name} has {orphan}, nobody else has"))),
            _ => Ok(()),
        }
    }

    async fn check_journal(&self) -> Result<(), Violation> {
        let mut journal: Vec<JournalEntry> = Vec::new();
        loop {
            let page = self.store.journal(journal.last().map_or(0, |entry| entry.seq)).await;
            let page = page.map_err(|error| self.violation(error.to_string()))?;
            if page.is_empty() {
                break;
            }
            journal.extend(page);
        }
        let replayed = journal::replay(&journal).map_err(|error| self.violation(error.to_string()))?;
        let replayed: BTreeSet<_> = replayed.state.live.into_values().map(|incident| incident.id).collect();
        let live: BTreeSet<_> = self.live_ids().into_iter().collect();
        if replayed == live {
            return Ok(());
        }
        Err(self.violation(format!("the journal leads to {replayed:?}, live are {live:?}")))
    }

    /// Everything that was kept.
    async fn records(&self) -> Result<Vec<IncidentRecord>, Violation> {
        let failed = |error: store::StoreError| self.violation(error.to_string());
        let mut records = self.store.live_incidents(None).await.map_err(failed)?;
        let mut before: Option<String> = None;
        loop {
            let page = self.store.resolved_incidents(before.as_deref()).await.map_err(failed)?;
            let Some(last) = page.last() else { return Ok(records) };
            before = Some(last.incident.id.clone());
            records.extend(page);
        }
    }

    fn live_ids(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        let live = views.incidents.iter().filter(|incident| incident.resolved_at.is_none());
        live.map(|incident| incident.id.clone()).collect()
    }

    fn live_circuits(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        let live = views.incidents.iter().filter(|incident| incident.resolved_at.is_none());
        live.map(|incident| incident.key.clone()).filter(|key| key.starts_with("circuit/")).collect()
    }

    fn note(&mut self, what: String) {
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(format!("{:>9} ms  {what}", self.clock.mono().as_millis()));
    }

    fn violation(&self, what: String) -> Violation {
        Violation { trace: self.trace.iter().cloned().collect(), ..violation(self.summary.seed, what) }
    }
}

fn violation(seed: u64, what: String) -> Violation {
    Violation { seed, what, trace: Vec::new() }
}

async fn start(
    clock: &Clock,
    store: &Simulated,
    receivers: &[(Arc<str>, SimulatedReceiver)],
    seed: u64,
) -> Result<Handle, String> {
    let receivers = receivers
        .iter()
        .map(|(name, receiver)| Receiver { name: name.clone(), courier: Arc::new(receiver.clone()) })
        .collect();
    let setup = Setup {
        store: Arc::new(store.clone()),
        receivers,
        clock: clock.clone(),
        policy: Policy::standard("sim"),
        seed,
    };
    Engine::start(setup).await.map_err(|error| format!("the engine does not start: {error}"))
}
