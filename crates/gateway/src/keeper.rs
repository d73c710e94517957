//! The gateway's own errands, on a thread of their own: probes, wake-ups, tokens, limits, records.
//!
//! Workers post what a circuit asked for and go on serving. A post that finds the mailbox full is counted and
//! made good by the sweep: an open circuit without a wake-up on its way gets one within a second.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Effects, Mono, Now, Ppm};
use bytes::Bytes;
use clock::Clock;
use config::Probe;
use degrade::circuit::{Effect, Event, Patience, Prober};
use degrade::limit::{self, Second};
use degrade::{Fault, Phase, Transition, retry_after};
use http::{Request, header};
use http_body_util::Full;
use tokio::sync::mpsc;

use crate::call::fault_of;
use crate::plan::{CircuitShared, Plan, UpstreamShared};

/// Posts that may wait for the keeper.
const MAILBOX_MAX: usize = 4_096;
/// How often limits are moved and nothing is found forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Answers to probes are small.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Weight of one second in the usual latency: a minute to follow a lasting change.
const USUAL_WEIGHT: f64 = 1.0 / 60.0;

/// What the keeper is asked.
pub(crate) enum Command {
    /// A circuit asked for something.
    Effect { circuit: Arc<CircuitShared>, effect: Effect, at: Mono },
    /// Keep this plan from now on.
    Plan(Arc<Plan>),
}

/// Where posts for the keeper go.
#[derive(Clone)]
pub(crate) struct Mailbox {
    posts: mpsc::Sender<Command>,
    pub(crate) counts: Arc<Counts>,
}

/// What is counted beside the calls.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Posts that found the mailbox full.
    pub(crate) posts_lost: AtomicU64,
    /// Records of transitions that nobody took.
    pub(crate) records_lost: AtomicU64,
    /// Requests that were refused before they were calls.
    pub(crate) malformed: AtomicU64,
}

impl Mailbox {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (posts, received) = mpsc::channel(MAILBOX_MAX);
        (Self { posts, counts: Arc::default() }, received)
    }

    /// False when the mailbox was full, and the post is lost.
    pub(crate) fn post(&self, command: Command) -> bool {
        let is_posted = self.posts.try_send(command).is_ok();
        if !is_posted {
            self.counts.posts_lost.fetch_add(1, Ordering::Relaxed);
        }
        is_posted
    }

    /// Counts a refused request; the first of each thousand is logged.
    pub(crate) fn count_malformed(&self, why: &str) {
        let before = self.counts.malformed.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(1_000) {
            tracing::warn!(why, refused_before = before, "a request was refused");
        }
    }
}

/// Runs the errands.
pub(crate) struct Keeper {
    clock: Clock,
    mailbox: Mailbox,
    records: mpsc::Sender<Transition>,
    rng: RefCell<fastrand::Rng>,
    plan: RefCell<Arc<Plan>>,
    /// Wake-ups on their way, by circuit name.
    wakes: RefCell<HashMap<Arc<str>, u32>>,
    /// What was last seen, by upstream name or circuit name.
    seconds: RefCell<HashMap<Arc<str>, Seen>>,
    idle_checked: RefCell<HashMap<Arc<str>, Mono>>,
    renewals: RefCell<Vec<tokio::task::JoinHandle<()>>>,
}

/// Running totals of an upstream, as of the last sweep.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    good: u64,
    good_us: u64,
    overloaded: u64,
    usual_us: f64,
}

impl Keeper {
    pub(crate) fn new(
        clock: Clock,
        mailbox: Mailbox,
        records: mpsc::Sender<Transition>,
        plan: Arc<Plan>,
        seed: u64,
    ) -> Rc<Self> {
        Rc::new(Self {
            clock,
            mailbox,
            records,
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            plan: RefCell::new(plan),
            wakes: RefCell::default(),
            seconds: RefCell::default(),
            idle_checked: RefCell::default(),
            renewals: RefCell::default(),
        })
    }

    /// Runs until every worker is gone and the gateway has let go of its mailbox.
    pub(crate) async fn run(
        self: Rc<Self>,
        mut posts: mpsc::Receiver<Command>,
        stop: tokio::sync::oneshot::Receiver<()>,
    ) {
        let mut stop = std::pin::pin!(stop);
        self.start_renewals();
        tokio::task::spawn_local(Rc::clone(&self).sweep_for_ever());
        loop {
            tokio::select! {
                biased;
                _ = &mut stop => return,
                post = posts.recv() => match post {
                    Some(Command::Effect { circuit, effect, at }) => self.perform(&circuit, effect, at),
                    Some(Command::Plan(plan)) => {
                        self.plan.replace(plan);
                        self.start_renewals();
                    }
                    None => return,
                },
            }
        }
    }

    async fn sweep_for_ever(self: Rc<Self>) {
        loop {
            self.sweep();
            self.clock.sleep(SWEEP_EVERY).await;
        }
    }

    fn start_renewals(self: &Rc<Self>) {
        for old in self.renewals.borrow_mut().drain(..) {
            old.abort();
        }
        for upstream in &self.plan.borrow().upstreams {
            if upstream.token.is_some() {
                let (upstream, clock) = (Arc::clone(upstream), self.clock.clone());
                let mut rng = self.rng.borrow_mut().fork();
                let renewal = tokio::task::spawn_local(async move {
                    if let Some(source) = &upstream.token {
                        source.cell.keep_renewed(&source.connector, &clock, &mut rng).await;
                    }
                });
                self.renewals.borrow_mut().push(renewal);
            }
        }
    }

    fn apply(self: &Rc<Self>, circuit: &Arc<CircuitShared>, effects: Effects<Effect>, at: Mono) {
        for effect in effects {
            self.perform(circuit, effect, at);
        }
    }

    fn perform(self: &Rc<Self>, circuit: &Arc<CircuitShared>, effect: Effect, at: Mono) {
        match effect {
            Effect::Changed { from, to, cause, counts } => {
                let elapsed = self.clock.mono().since(at);
                let now = self.clock.now();
                let wall = jiff::SignedDuration::try_from(elapsed).ok().and_then(|age| now.wall.checked_sub(age).ok());
                let at = Now { mono: at, wall: wall.unwrap_or(now.wall) };
                self.record(
                    circuit,
                    Transition {
                        upstream: Arc::clone(&circuit.upstream_name),
                        circuit: Arc::clone(&circuit.name),
                        generation: circuit.breaker.generation(),
                        from,
                        to,
                        cause,
                        counts,
                        at,
                    },
                );
            }
            Effect::Probe { patience, generation } => {
                tokio::task::spawn_local(Rc::clone(self).probe(Arc::clone(circuit), patience, generation));
            }
            Effect::WakeAfter { delay, jitter, generation } => {
                let delay = self.jittered(delay, jitter);
                tokio::task::spawn_local(Rc::clone(self).wake(Arc::clone(circuit), delay, generation));
            }
            // Workers see it by the generation, at their next look.
            Effect::ReleaseWaiting | Effect::Admit => {}
        }
    }

    fn record(&self, circuit: &CircuitShared, transition: Transition) {
        let Transition { from, to, cause, .. } = &transition;
        tracing::warn!(circuit = &*circuit.name, upstream = &*circuit.upstream_name, %from, %to, %cause, "circuit changed");
        if *to == Phase::Open && *from == Phase::Closed {
            circuit.opened.fetch_add(1, Ordering::Relaxed);
        }
        *circuit.last.lock().expect("nobody panics while holding the last transition") = Some(transition.clone());
        if self.records.try_send(transition).is_err() {
            self.mailbox.counts.records_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn wake(self: Rc<Self>, circuit: Arc<CircuitShared>, delay: Duration, generation: u32) {
        *self.wakes.borrow_mut().entry(Arc::clone(&circuit.name)).or_default() += 1;
        self.clock.sleep(delay).await;
        if let Some(pending) = self.wakes.borrow_mut().get_mut(&circuit.name) {
            *pending -= 1;
        }
        let now = self.clock.mono();
        let effects = circuit.breaker.step(Event::Woke { generation }, now);
        self.apply(&circuit, effects, now);
    }

    async fn probe(self: Rc<Self>, circuit: Arc<CircuitShared>, patience: Patience, generation: u32) {
        // By its name: the plan may have changed since the circuit asked.
        let is_its = |upstream: &&Arc<UpstreamShared>| upstream.config.name == circuit.upstream_name;
        let upstream = self.plan.borrow().upstreams.iter().find(is_its).cloned();
        let Some((upstream, probe)) =
            upstream.and_then(|upstream| upstream.config.probe.clone().map(|probe| (upstream, probe)))
        else {
            return self.report(&circuit, Event::ProbeLost);
        };
        circuit.probes.fetch_add(1, Ordering::Relaxed);
        let within = match patience {
            Patience::Deadline => probe.timeout,
            Patience::Brisk(brisk) => brisk.min(probe.timeout),
        };
        let started = self.clock.mono();
        let asked = self.clock.timeout(within, self.ask(&upstream, &probe)).await;
        let (fault, retry_after) = match asked {
            Some(Ok(())) => {
                let now = self.clock.mono();
                circuit.breaker.learn(self.plan.borrow().workers, now.since(started), now);
                return self.report(&circuit, Event::ProbeGood { generation });
            }
            Some(Err(failed)) => failed,
            None => (Fault::Timeout, None),
        };
        let silence = circuit.breaker.silence(self.clock.mono());
        self.report(&circuit, Event::ProbeBad { generation, fault, retry_after, silence });
    }

    fn report(self: &Rc<Self>, circuit: &Arc<CircuitShared>, event: Event) {
        let now = self.clock.mono();
        let effects = circuit.breaker.step(event, now);
        self.apply(circuit, effects, now);
    }

    /// One probe, on a connection of its own.
    async fn ask(&self, upstream: &UpstreamShared, probe: &Probe) -> Result<(), (Fault, Option<Duration>)> {
        let path = format!("{}{}", upstream.config.base.prefix, probe.path);
        let mut request = Request::builder()
            .method(probe.method.as_str())
            .uri(path)
            .header(header::HOST, upstream.host.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "steadyline-probe");
        if probe.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut serial = None;
        if probe.is_authenticated
            && let Some(source) = &upstream.token
        {
            let token = source.cell.get(&self.clock, self.clock.mono(), probe.timeout).await;
            let token = token.ok_or((Fault::Unauthorized, None))?;
            request = request.header(header::AUTHORIZATION, token.header.clone());
            serial = Some(token.serial);
        }
        let body = probe.body.clone().map_or_else(Bytes::new, Bytes::from);
        let request = request.body(Full::new(body)).map_err(|_| (Fault::Garbage, None))?;
        let answer =
            upstream.connector.fetch(&self.clock, request, ANSWER_BYTES_MAX).await.map_err(|fault| (fault, None))?;
        if let (401, Some(serial), Some(source)) = (answer.status().as_u16(), serial, &upstream.token) {
            source.cell.reject(serial);
        }
        match fault_of(answer.status(), upstream.token.is_some()) {
            None => Ok(()),
            Some(fault) => {
                let wish = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                Err((fault, wish.and_then(|wish| retry_after::parse(wish, self.clock.now().wall))))
            }
        }
    }

    fn sweep(self: &Rc<Self>) {
        let plan = Arc::clone(&self.plan.borrow());
        for (index, upstream) in plan.upstreams.iter().enumerate() {
            self.move_limit(&plan, index, upstream);
        }
        let now = self.clock.mono();
        for circuit in &plan.circuits {
            self.wake_if_forgotten(circuit, now);
            self.check_if_idle(circuit, now);
        }
    }

    fn move_limit(&self, plan: &Plan, index: usize, upstream: &UpstreamShared) {
        let (mut good, mut good_us) = (0, 0);
        for route in plan.routes.iter().filter(|route| route.config.upstream == index) {
            let totals = route.totals();
            good += totals.of(api::Outcome::Ok);
            good_us += totals.waited_us[api::Outcome::Ok as usize];
        }
        let overloaded = upstream.overloaded.load(Ordering::Relaxed);
        let mut seconds = self.seconds.borrow_mut();
        let seen = seconds.entry(Arc::clone(&upstream.config.name)).or_default();
        let good_now = good.saturating_sub(seen.good);
        let mean_us = (good_now > 0).then(|| good_us.saturating_sub(seen.good_us) as f64 / good_now as f64);
        upstream.good_last_second.store(good_now, Ordering::Relaxed);
        upstream.mean_us_last_second.store(mean_us.unwrap_or_default() as u64, Ordering::Relaxed);
        let second = Second {
            good: good_now,
            overloaded: overloaded.saturating_sub(seen.overloaded),
            in_flight_max: upstream.peak_second.swap(upstream.in_flight.load(Ordering::Relaxed), Ordering::Relaxed),
            typical: mean_us.map(micros),
            usual: (seen.usual_us > 0.0).then(|| micros(seen.usual_us)),
        };
        let limit = upstream.limit.load(Ordering::Relaxed);
        upstream.limit.store(limit::next(limit, &upstream.config.limit, &second), Ordering::Relaxed);
        let usual_us = match mean_us {
            Some(mean) if seen.usual_us > 0.0 => seen.usual_us + (mean - seen.usual_us) * USUAL_WEIGHT,
            Some(mean) => mean,
            None => seen.usual_us,
        };
        *seen = Seen { good, good_us, overloaded, usual_us };
    }

    /// Every open circuit has a wake-up on its way or a probe under way; one that has neither gets one.
    fn wake_if_forgotten(self: &Rc<Self>, circuit: &Arc<CircuitShared>, now: Mono) {
        let is_waiting = self.wakes.borrow().get(&circuit.name).is_some_and(|pending| *pending > 0);
        let phase = circuit.breaker.phase();
        if phase != Phase::Closed && !is_waiting && circuit.breaker.probes_in_flight() == 0 {
            let generation = circuit.breaker.generation();
            let effects = circuit.breaker.step(Event::Woke { generation }, now);
            self.apply(circuit, effects, now);
        }
    }

    /// Probes an upstream that nobody has called for long, and once at the start, to learn how it answers.
    fn check_if_idle(self: &Rc<Self>, circuit: &Arc<CircuitShared>, now: Mono) {
        let Prober::Own(pace) = &circuit.breaker.policy().recovery.by else { return };
        let Some(idle) = pace.idle else { return };
        let mut checked = self.idle_checked.borrow_mut();
        let last = checked.get(&circuit.name).copied();
        let last_sign = circuit.breaker.last_back().max(last.unwrap_or_default());
        if last.is_none() || now.since(last_sign) >= idle {
            checked.insert(Arc::clone(&circuit.name), now);
            drop(checked);
            let effects = circuit.breaker.step(Event::IdleCheckDue, now);
            self.apply(circuit, effects, now);
        }
    }

    fn jittered(&self, delay: Duration, jitter: Ppm) -> Duration {
        let spread = f64::from(jitter.get()) / 1e6;
        delay.mul_f64(1.0 - spread + 2.0 * spread * self.rng.borrow_mut().f64())
    }
}

fn micros(us: f64) -> Duration {
    Duration::from_secs_f64(us / 1e6)
}
