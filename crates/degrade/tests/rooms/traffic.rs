//! Simulated traffic through one breaker: callers, an upstream, probes and timers on a virtual clock.
//!
//! The same loop that the gateway runs: admit, wait, look every ten milliseconds, report, and do what the circuit
//! asks for. One seed, one run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use base::{Effects, Mono};
use degrade::breaker::{Admission, Breaker, Failed, Silent};
use degrade::circuit::{Effect, Event, Patience, Policy, Prober, Recovery};
use degrade::probe::Pace;
use degrade::stall::LOOK_EVERY;
use degrade::{Cause, Fault, Phase};

pub(crate) const DEADLINE: Duration = Duration::from_secs(3);

/// How an upstream answers a call: after this time, or never.
pub(crate) type Answers = dyn Fn(&mut fastrand::Rng, Mono) -> Option<Duration>;
/// How long until the next call arrives, and how many arrive then.
pub(crate) type Arrivals = dyn Fn(&mut fastrand::Rng, Mono) -> (Duration, u32);

/// What one run came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) calls: u64,
    pub(crate) answered: u64,
    pub(crate) blocked: u64,
    pub(crate) released: u64,
    pub(crate) timed_out: u64,
    pub(crate) probes: u64,
    pub(crate) changes: Vec<(Mono, Phase, Cause)>,
    pub(crate) silence: Duration,
    pub(crate) in_flight_max: usize,
}

impl Outcome {
    pub(crate) fn opened(&self) -> usize {
        self.changes.iter().filter(|(_, to, _)| *to == Phase::Open).count()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Arrive(u32),
    Answer(u64),
    Look,
    Probe { generation: u32, started: Mono, is_good: bool },
    Woke(u32),
}

struct Run<'a> {
    breaker: Breaker,
    rng: fastrand::Rng,
    answers: &'a Answers,
    agenda: BinaryHeap<Reverse<(Mono, u64, Due)>>,
    sequence: u64,
    in_flight: BTreeMap<(Mono, u64), u32>,
    starts: BTreeMap<u64, Mono>,
    is_looking: bool,
    outcome: Outcome,
}

pub(crate) fn policy() -> Policy {
    let recovery = Recovery { by: Prober::Own(Pace::default()), ..Recovery::default() };
    Policy { recovery, ..Policy::default() }
}

/// Runs `length` of traffic.
pub(crate) fn run(seed: u64, length: Duration, arrivals: &Arrivals, answers: &Answers) -> Outcome {
    let mut run = Run {
        breaker: Breaker::new(policy(), 1),
        rng: fastrand::Rng::with_seed(seed),
        answers,
        agenda: BinaryHeap::new(),
        sequence: 0,
        in_flight: BTreeMap::new(),
        starts: BTreeMap::new(),
        is_looking: false,
        outcome: Outcome::default(),
    };
    let end = Mono::from_start(length);
    run.at(Mono::from_millis(1), Due::Arrive(1));
    while let Some(Reverse((now, _, due))) = run.agenda.pop() {
        if now > end {
            break;
        }
        if let Due::Arrive(_) = due {
            let (wait, count) = arrivals(&mut run.rng, now);
            run.at(now + wait, Due::Arrive(count));
        }
        run.happen(due, now);
    }
    run.outcome
}

impl Run<'_> {
    fn at(&mut self, when: Mono, due: Due) {
        self.sequence += 1;
        self.agenda.push(Reverse((when, self.sequence, due)));
    }

    fn happen(&mut self, due: Due, now: Mono) {
        match due {
            Due::Arrive(count) => (0..count).for_each(|_| self.arrive(now)),
            Due::Answer(call) => self.answer(call, now),
            Due::Look => self.look(now),
            Due::Woke(generation) => {
                let effects = self.breaker.step(Event::Woke { generation }, now);
                self.apply(effects, now);
            }
            Due::Probe { generation, started, is_good } => {
                let event = if is_good {
                    self.breaker.learn(0, now.since(started), now);
                    Event::ProbeGood { generation }
                } else {
                    let silence = self.breaker.silence(now);
                    Event::ProbeBad { generation, fault: Fault::Timeout, retry_after: None, silence }
                };
                let effects = self.breaker.step(event, now);
                self.apply(effects, now);
            }
        }
    }

    fn arrive(&mut self, now: Mono) {
        self.outcome.calls += 1;
        let Admission::Pass { generation } = self.breaker.admit(now, self.outcome.calls as u32) else {
            self.outcome.blocked += 1;
            return;
        };
        let call = self.outcome.calls;
        self.in_flight.insert((now, call), generation);
        self.starts.insert(call, now);
        self.outcome.in_flight_max = self.outcome.in_flight_max.max(self.in_flight.len());
        if let Some(latency) = (self.answers)(&mut self.rng, now) {
            self.at(now + latency, Due::Answer(call));
        }
        if !self.is_looking {
            self.is_looking = true;
            self.at(now + LOOK_EVERY, Due::Look);
        }
    }

    fn answer(&mut self, call: u64, now: Mono) {
        let Some(started) = self.starts.remove(&call) else { return };
        let Some(generation) = self.in_flight.remove(&(started, call)) else { return };
        self.outcome.answered += 1;
        self.breaker.good(0, generation, now.since(started), now);
    }

    fn look(&mut self, now: Mono) {
        let none = Silent { waiting: 0, overdue: 0, since: now };
        let usual = self.breaker.learned(now).map_or(Duration::MAX, |learned| learned.p99);
        let mut silent = none;
        for (started, _) in self.in_flight.range((self.breaker.last_back(), 0)..).map(|(key, _)| *key) {
            let since = if silent.waiting == 0 { started } else { silent.since };
            let overdue = silent.overdue + u32::from(now.since(started) > usual);
            silent = Silent { waiting: silent.waiting + 1, overdue, since };
        }
        self.breaker.publish_silence(0, silent);
        let effects = self.breaker.look(now);
        self.apply(effects, now);
        self.expire(now);
        self.is_looking = !self.in_flight.is_empty();
        if self.is_looking {
            self.at(now + LOOK_EVERY, Due::Look);
        } else {
            self.breaker.publish_silence(0, none);
        }
    }

    fn expire(&mut self, now: Mono) {
        while let Some((&(started, call), &generation)) = self.in_flight.first_key_value() {
            if now.since(started) < DEADLINE {
                break;
            }
            self.in_flight.remove(&(started, call));
            self.starts.remove(&call);
            self.outcome.timed_out += 1;
            self.outcome.silence += now.since(started);
            let failed = Failed { generation, fault: Fault::Timeout, retry_after: None };
            let effects = self.breaker.bad(0, failed, now);
            self.apply(effects, now);
        }
    }

    fn apply(&mut self, effects: Effects<Effect>, now: Mono) {
        for effect in effects {
            match effect {
                Effect::Changed { to, cause, .. } => self.outcome.changes.push((now, to, cause)),
                Effect::ReleaseWaiting => {
                    for ((started, call), _) in std::mem::take(&mut self.in_flight) {
                        self.starts.remove(&call);
                        self.outcome.released += 1;
                        self.outcome.silence += now.since(started);
                    }
                }
                Effect::Probe { patience, generation } => self.probe(patience, generation, now),
                Effect::WakeAfter { delay, generation, .. } => self.at(now + delay, Due::Woke(generation)),
                Effect::Admit => {}
            }
        }
    }

    fn probe(&mut self, patience: Patience, generation: u32, now: Mono) {
        self.outcome.probes += 1;
        let within = match patience {
            Patience::Deadline => DEADLINE,
            Patience::Brisk(brisk) => brisk,
        };
        let latency = (self.answers)(&mut self.rng, now).filter(|latency| *latency <= within);
        let due = Due::Probe { generation, started: now, is_good: latency.is_some() };
        self.at(now + latency.unwrap_or(within), due);
    }
}

/// A latency around `median`, skewed to the right as real ones are.
pub(crate) fn lognormal(rng: &mut fastrand::Rng, median: Duration, sigma: f64) -> Duration {
    // Twelve uniform draws are normal enough for a simulation.
    let normal: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
    median.mul_f64((normal * sigma).exp())
}

/// Time to the next arrival at this rate.
pub(crate) fn exponential(rng: &mut fastrand::Rng, per_second: f64) -> Duration {
    Duration::from_secs_f64(-(1.0 - rng.f64()).ln() / per_second)
}
