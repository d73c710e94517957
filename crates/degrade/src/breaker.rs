//! One circuit shared by all workers, so cheap that a call does not notice it.
//!
//! The decision itself is [`crate::circuit::step`]; this is its shell between threads. A call asks one atomic
//! word whether it may pass. A good answer touches only counters of its own worker (and one shared word when
//! failures came before). The lock around the circuit is taken only by failures, by the regular look at the
//! calls in flight, and by probes. No state is ever held in two places that could disagree: the word is written
//! under the lock, by whoever changed the circuit.
//!
//! Results carry the generation under which their call was admitted. One of an older generation is dropped
//! before it is counted.

use std::time::Duration;

use base::{Effects, Mono};

use crate::circuit::{self, Circuit, Effect, Event, Evidence, Policy};
use crate::latency::{Latencies, quantile};
use crate::record::{Cause, Fault, Phase};
use crate::stall::{Learned, Silence};
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering};
use crate::window::Window;

/// Generations are counted modulo this plus one.
pub const GENERATION_MASK: u32 = (1 << 30) - 1;

/// A circuit and the evidence of all workers.
#[derive(Debug)]
pub struct Breaker {
    /// Phase (2 bits), generation (30 bits), start of the ramp in ms (32 bits, wrapping).
    word: AtomicU64,
    circuit: Mutex<Circuit>,
    policy: Policy,
    in_a_row: AtomicU32,
    refused_in_a_row: AtomicU32,
    /// Evidence of earlier seconds belongs to an outage that is over.
    evidence_from_s: AtomicU64,
    learned: LearnedCache,
    shards: Box<[Shard]>,
}

/// What is known of good answers, so that the look every ten milliseconds need not sum histograms.
#[derive(Debug, Default)]
struct LearnedCache {
    /// When it was last summed, in ms; 0 before the first time.
    at_ms: AtomicU64,
    p99_us: AtomicU64,
    samples: AtomicU64,
    /// The slowest answer among the probes that closed the circuit last: an upstream that came back slower must
    /// not be judged by how quick it was.
    probed_us: AtomicU64,
    /// Answers recorded when that was; it counts until enough newer ones are known.
    probed_at: AtomicU64,
}

/// How old a sum over the histograms may be.
const LEARNED_FOR: Duration = Duration::from_millis(100);
/// So many answers after closing, the histograms know an upstream that came back slower.
const PROBED_FOR_ANSWERS: u64 = 200;

/// What one worker has seen. Aligned so that workers do not share a cache line.
#[repr(align(128))]
#[derive(Debug, Default)]
pub struct Shard {
    window: Window,
    latencies: Latencies,
    /// When something last came back, in µs since the start.
    last_back_us: AtomicU64,
    /// Calls in flight that started after anything last came back.
    silent: AtomicU32,
    /// Those of them that are overdue.
    overdue: AtomicU32,
    /// When the oldest of those started, in µs since the start.
    silent_since_us: AtomicU64,
}

/// May this call pass?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes; report the result with this generation.
    Pass {
        /// The present generation.
        generation: u32,
    },
    /// No: the circuit is open.
    Open,
    /// No: it has just closed, and the share of admitted calls still grows.
    Ramping,
    /// Perhaps, as a probe: ask with [`Breaker::ask`].
    HalfOpen {
        /// The present generation.
        generation: u32,
    },
}

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
const RAMPING: u64 = 3;

impl Breaker {
    /// A closed circuit for so many workers.
    pub fn new(policy: Policy, workers: usize) -> Self {
        Self {
            word: AtomicU64::new(CLOSED),
            circuit: Mutex::new(Circuit::default()),
            policy,
            in_a_row: AtomicU32::new(0),
            refused_in_a_row: AtomicU32::new(0),
            evidence_from_s: AtomicU64::new(0),
            learned: LearnedCache::default(),
            shards: (0..workers.max(1)).map(|_| Shard::default()).collect(),
        }
    }

    /// The policy it was built with.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// May a call pass? `ticket` is any number that differs from call to call; it picks the calls that are
    /// admitted while the share still grows.
    #[inline]
    pub fn admit(&self, now: Mono, ticket: u32) -> Admission {
        let word = self.word.load(Ordering::Acquire);
        let generation = generation(word);
        match word >> 62 {
            CLOSED => Admission::Pass { generation },
            OPEN => Admission::Open,
            HALF_OPEN => Admission::HalfOpen { generation },
            _ramping => {
                let since = (now.as_millis() as u32).wrapping_sub(word as u32);
                if is_admitted(since, &self.policy, ticket) {
                    Admission::Pass { generation }
                } else {
                    Admission::Ramping
                }
            }
        }
    }

    /// True while results of `generation` still count.
    #[inline]
    pub fn is_current(&self, generation_of_call: u32) -> bool {
        generation(self.word.load(Ordering::Acquire)) == generation_of_call
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        match self.word.load(Ordering::Acquire) >> 62 {
            OPEN => Phase::Open,
            HALF_OPEN => Phase::HalfOpen,
            _closed_or_ramping => Phase::Closed,
        }
    }

    /// The present generation.
    pub fn generation(&self) -> u32 {
        generation(self.word.load(Ordering::Acquire))
    }

    /// A good answer. Lock-free; touches only this worker's counters unless failures came before.
    #[inline]
    pub fn good(&self, worker: usize, generation: u32, latency: Duration, now: Mono) {
        let shard = self.shard(worker);
        shard.back(now);
        shard.latencies.record(latency, now);
        if !self.is_current(generation) {
            return;
        }
        shard.window.good(now, self.policy.slow_after.is_some_and(|slow| latency >= slow));
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Release);
        }
        if self.refused_in_a_row.load(Ordering::Relaxed) != 0 {
            self.refused_in_a_row.store(0, Ordering::Release);
        }
    }

    /// A failed call. Takes the lock only when its generation is the present one.
    pub fn bad(&self, worker: usize, call: Failed, now: Mono) -> Effects<Effect> {
        let shard = self.shard(worker);
        if is_an_answer(call.fault) {
            shard.back(now);
        }
        if !self.is_current(call.generation) {
            return Effects::none();
        }
        shard.window.bad(now);
        self.in_a_row.fetch_add(1, Ordering::AcqRel);
        if call.fault == Fault::Refused {
            self.refused_in_a_row.fetch_add(1, Ordering::AcqRel);
        } else {
            self.refused_in_a_row.store(0, Ordering::Release);
        }
        let Failed { generation, fault, retry_after } = call;
        self.step(Event::CallFailed { generation, fault, retry_after, evidence: self.evidence(now) }, now)
    }

    /// Publishes what this worker's calls in flight look like, for [`Breaker::look`].
    pub fn publish_silence(&self, worker: usize, silent: Silent) {
        let shard = self.shard(worker);
        shard.silent_since_us.store(micros(silent.since), Ordering::Relaxed);
        shard.overdue.store(silent.overdue, Ordering::Relaxed);
        shard.silent.store(silent.waiting, Ordering::Release);
    }

    /// When anything last came back, to any worker.
    pub fn last_back(&self) -> Mono {
        let us = self.shards.iter().map(|shard| shard.last_back_us.load(Ordering::Acquire)).max().unwrap_or(0);
        Mono::from_start(Duration::from_micros(us))
    }

    /// The regular look at the calls in flight. Takes the lock only when there may be something to decide.
    pub fn look(&self, now: Mono) -> Effects<Effect> {
        let is_ramping = self.word.load(Ordering::Acquire) >> 62 == RAMPING;
        let floor = self.policy.stall.as_ref().map_or(Duration::MAX, |stall| stall.floor);
        let is_silent = self.silent().is_some_and(|silent| now.since(silent.since) >= floor);
        if is_ramping || is_silent || self.policy.slow_after.is_some() {
            self.step(Event::Looked { evidence: self.evidence(now), silence: self.silence(now) }, now)
        } else {
            Effects::none()
        }
    }

    /// A caller asks to pass as a probe; true when it may.
    pub fn ask(&self, now: Mono) -> bool {
        self.step(Event::CallerAsks, now).iter().any(|effect| *effect == Effect::Admit)
    }

    /// Any other event.
    pub fn step(&self, event: Event, now: Mono) -> Effects<Effect> {
        let mut circuit = self.circuit.lock().expect("no step panics while it holds the circuit");
        let (next, effects) = circuit::step(circuit.clone(), &self.policy, event, now);
        let is_closing = effects.iter().any(|effect| matches!(effect, Effect::Changed { to: Phase::Closed, .. }));
        if is_closing {
            self.in_a_row.store(0, Ordering::Release);
            self.refused_in_a_row.store(0, Ordering::Release);
            // The rest of this second may hold failures of the outage that is over.
            self.evidence_from_s.store(now.since_start().as_secs() + 1, Ordering::Release);
        }
        self.word.store(word(&next), Ordering::Release);
        *circuit = next;
        effects
    }

    /// Probes, or callers used as such, that have not reported yet.
    pub fn probes_in_flight(&self) -> u32 {
        self.circuit.lock().expect("no step panics while it holds the circuit").probes_in_flight()
    }

    /// Silence among the calls in flight of all workers; `None` when something came back meanwhile.
    pub fn silence(&self, now: Mono) -> Option<Silence> {
        let Silent { waiting, overdue, since } = self.silent()?;
        Some(Silence { waiting, overdue, oldest: now.since(since), learned: self.learned(now) })
    }

    /// Calls that started after anything last came back, and when the oldest of them did.
    fn silent(&self) -> Option<Silent> {
        let (mut waiting, mut overdue, mut since) = (0, 0, u64::MAX);
        for shard in &self.shards {
            let silent = shard.silent.load(Ordering::Acquire);
            if silent > 0 {
                waiting += silent;
                overdue += shard.overdue.load(Ordering::Relaxed);
                since = since.min(shard.silent_since_us.load(Ordering::Relaxed));
            }
        }
        let since = Mono::from_start(Duration::from_micros(since));
        (waiting > 0 && self.last_back() <= since).then_some(Silent { waiting, overdue, since })
    }

    /// What good answers have taught; `None` before the first. Summed at most ten times a second.
    pub fn learned(&self, now: Mono) -> Option<Learned> {
        let cache = &self.learned;
        let now_ms = now.as_millis().max(1);
        let at_ms = cache.at_ms.load(Ordering::Acquire);
        if at_ms == 0 || now_ms.saturating_sub(at_ms) >= LEARNED_FOR.as_millis() as u64 {
            let (p99, samples) = quantile(self.latencies(), 990)?;
            cache.p99_us.store(p99.as_micros() as u64, Ordering::Relaxed);
            cache.samples.store(samples, Ordering::Relaxed);
            cache.at_ms.store(now_ms, Ordering::Release);
        }
        let is_probe_newer = self.recorded() < cache.probed_at.load(Ordering::Relaxed) + PROBED_FOR_ANSWERS;
        let probed_us = if is_probe_newer { cache.probed_us.load(Ordering::Relaxed) } else { 0 };
        let p99_us = cache.p99_us.load(Ordering::Relaxed).max(probed_us);
        Some(Learned { p99: Duration::from_micros(p99_us), samples: cache.samples.load(Ordering::Relaxed) })
    }

    fn latencies(&self) -> impl Iterator<Item = &Latencies> + Clone {
        self.shards.iter().map(|shard| &shard.latencies)
    }

    fn recorded(&self) -> u64 {
        self.latencies().map(Latencies::recorded).sum()
    }

    /// The latency under which so many of a thousand good answers stayed; `None` before the first.
    pub fn latency(&self, per_mille: u64) -> Option<Duration> {
        quantile(self.latencies(), per_mille).map(|(latency, _)| latency)
    }

    /// What calls have shown lately, all workers together.
    pub fn evidence(&self, now: Mono) -> Evidence {
        let from_s = self.evidence_from_s.load(Ordering::Acquire);
        let mut evidence = Evidence {
            in_a_row: self.in_a_row.load(Ordering::Acquire),
            refused_in_a_row: self.refused_in_a_row.load(Ordering::Acquire),
            ..Evidence::default()
        };
        for shard in &self.shards {
            shard.window.add_to(&mut evidence, now, from_s);
            evidence.waiting += shard.silent.load(Ordering::Relaxed);
        }
        evidence
    }

    /// Learns from a probe's good answer; probes count into nothing else. Call it before the probe is reported.
    pub fn learn(&self, worker: usize, latency: Duration, now: Mono) {
        self.shard(worker).latencies.record(latency, now);
        let us = latency.as_micros() as u64;
        match self.phase() {
            Phase::Closed => {}
            // The first good probe of a recovery replaces what the last recovery taught.
            Phase::Open => self.learned.probed_us.store(us, Ordering::Relaxed),
            Phase::HalfOpen => {
                self.learned.probed_us.fetch_max(us, Ordering::Relaxed);
            }
        }
        self.learned.probed_at.store(self.recorded(), Ordering::Relaxed);
    }

    /// Is a caller's hanging up after `age` a sign that the upstream hangs?
    pub fn is_abandonment_evidence(&self, age: Duration, now: Mono) -> bool {
        let stall = self.policy.stall.clone().unwrap_or_default();
        match self.learned(now) {
            Some(learned) => age >= learned.p99.saturating_mul(stall.times_p99).max(ABANDONED_AGE_MIN),
            None => age >= stall.floor,
        }
    }

    fn shard(&self, worker: usize) -> &Shard {
        &self.shards[worker % self.shards.len()]
    }
}

/// A caller that hangs up sooner than this says nothing about the upstream.
const ABANDONED_AGE_MIN: Duration = Duration::from_millis(50);

/// Calls of one worker that started after anything last came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent {
    /// How many.
    pub waiting: u32,
    /// How many of them have waited longer than 99 in 100 good answers take.
    pub overdue: u32,
    /// When the oldest started.
    pub since: Mono,
}

/// A failed call, as its worker reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The generation under which it was admitted.
    pub generation: u32,
    /// What was wrong.
    pub fault: Fault,
    /// How long the upstream asked to be left alone.
    pub retry_after: Option<Duration>,
}

impl Shard {
    #[inline]
    fn back(&self, now: Mono) {
        self.last_back_us.store(micros(now), Ordering::Release);
    }
}

/// True for faults that prove that somebody answered.
fn is_an_answer(fault: Fault) -> bool {
    match fault {
        Fault::Refused | Fault::Reset | Fault::Garbage | Fault::Server | Fault::Throttled | Fault::Unauthorized => true,
        Fault::Connect | Fault::Timeout | Fault::Abandoned => false,
    }
}

/// A tenth is admitted at first, all when the ramp is over.
fn is_admitted(since_ms: u32, policy: &Policy, ticket: u32) -> bool {
    let ramp_ms = policy.recovery.ramp.as_millis() as u32;
    if since_ms >= ramp_ms {
        return true;
    }
    let percent = 10 + 90 * u64::from(since_ms) / u64::from(ramp_ms.max(1));
    // 61 is prime to 100: successive tickets spread evenly over the percents.
    u64::from(ticket.wrapping_mul(61) % 100) < percent
}

fn word(circuit: &Circuit) -> u64 {
    let (phase, ramp) = match (circuit.phase(), circuit.ramp_from()) {
        (Phase::Closed, None) => (CLOSED, 0),
        (Phase::Closed, Some(from)) => (RAMPING, from.as_millis() as u32),
        (Phase::Open, _) => (OPEN, 0),
        (Phase::HalfOpen, _) => (HALF_OPEN, 0),
    };
    phase << 62 | u64::from(circuit.generation() & GENERATION_MASK) << 32 | u64::from(ramp)
}

fn generation(word: u64) -> u32 {
    (word >> 32) as u32 & GENERATION_MASK
}

/// In 64 bits: `as_micros` would calculate in 128.
fn micros(at: Mono) -> u64 {
    at.since_start().as_secs() * 1_000_000 + u64::from(at.since_start().subsec_micros())
}

/// The cause in an effect that changed the circuit, for logs and tests.
pub fn cause(effect: &Effect) -> Option<Cause> {
    match effect {
        Effect::Changed { cause, .. } => Some(*cause),
        Effect::ReleaseWaiting | Effect::Probe { .. } | Effect::WakeAfter { .. } | Effect::Admit => None,
    }
}
