//! May calls pass? One circuit, decided one event at a time.
//!
//! *Closed* lets calls through. It opens on any of: so many hard failures in a row; too large a share of
//! failed or slow calls in the sliding window, once the window holds enough calls; or a **stall**, judged
//! from the calls that are still in flight ([`crate::stall`]). *Open* answers callers without asking the
//! upstream. It never waits for callers to find out: probes of our own run while it is open, and the first
//! good one makes it *half open*. There, enough good probes in a row close it and any bad one opens it again.
//! Where an upstream has no probe, callers are let through instead, a bounded number at a time, after a
//! recovery time that grows with every failed attempt.
//!
//! Every change counts the generation up. What a call of an older generation reports is history: it is
//! neither evidence for nor against the circuit as it stands now.
//!
//! Chance and time belong to the shell: the circuit asks for "100 ms, jittered by a fifth" and is told when
//! that time is over.

use std::time::Duration;

use base::{Effects, Mono, Ppm, Ratio};

use crate::probe::{self, Pace};
use crate::record::{Cause, Counts, Fault, Phase};
use crate::stall::{Silence, StallPolicy, StallVerdict};

/// When one circuit opens, and how it finds its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Opens after so many hard failures in a row.
    pub failures_in_a_row: u32,
    /// Opens after so many refused connections in a row: nobody is there, more tries prove nothing.
    pub refusals_in_a_row: u32,
    /// Opens when this share of the window's calls failed.
    pub failure_share: Ppm,
    /// A good answer that took at least this long counts as slow; `None` never does.
    pub slow_after: Option<Duration>,
    /// Opens when this share of the window's calls was slow.
    pub slow_share: Ppm,
    /// The shares are judged only over at least so many calls.
    pub calls_min: u32,
    /// When silence of the calls in flight opens it; `None` switches that verdict off.
    pub stall: Option<StallPolicy>,
    /// How it recovers.
    pub recovery: Recovery,
}

/// The way back from open to closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Who finds out whether the upstream is back.
    pub by: Prober,
    /// Good answers in a row that close the circuit.
    pub successes: u32,
    /// Probes, or callers used as such, in flight at most.
    pub probes_in_flight_max: u32,
    /// After closing, the share of calls let through grows from a tenth to all over this time.
    pub ramp: Duration,
}

/// Who asks an upstream whether it is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prober {
    /// Requests of our own, while no caller has to wait for them.
    Own(Pace),
    /// Callers, after this time; it doubles with every failed attempt up to the maximum.
    Callers {
        /// Wait after the first opening.
        wait: Duration,
        /// Wait at most.
        wait_max: Duration,
    },
}

impl Default for Policy {
    /// The guide's numbers (5 failures, 30 s, 2 successes) and the trade's usual window.
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            refusals_in_a_row: 2,
            failure_share: Ppm::percent(50),
            slow_after: None,
            slow_share: Ppm::percent(80),
            calls_min: 20,
            stall: Some(StallPolicy::default()),
            recovery: Recovery::default(),
        }
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            by: Prober::Callers { wait: Duration::from_secs(30), wait_max: Duration::from_secs(300) },
            successes: 2,
            probes_in_flight_max: 2,
            ramp: Duration::from_secs(1),
        }
    }
}

/// One circuit. Build it with [`Circuit::default`], move it with [`step`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    state: State,
    generation: u32,
    probes_in_flight: u32,
    /// Probes that run to confirm a suspected stall; any good one clears the suspicion.
    confirming: u32,
    /// Failed probes in a row while closed, when no caller was there to notice.
    idle_failures: u32,
    /// A wake-up of this generation is on its way; there is never more than one.
    wake_pending: bool,
    /// The upstream asked to be left alone until then.
    not_before: Mono,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// `ramp_from` is set while the share of admitted calls still grows.
    Closed { ramp_from: Option<Mono> },
    /// `attempts` counts failed ways back since it opened from closed.
    Open { since: Mono, attempts: u32 },
    /// `good` probes so far; `since` and `attempts` are kept for the case that it opens again.
    HalfOpen { good: u32, since: Mono, attempts: u32 },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { ramp_from: None }
    }
}

/// What calls have shown lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Good answers in the window.
    pub good: u64,
    /// Failures in the window.
    pub bad: u64,
    /// Slow answers in the window; they are among the good.
    pub slow: u64,
    /// Hard failures since the last good answer.
    pub in_a_row: u32,
    /// Refused connections since the last answer of any kind.
    pub refused_in_a_row: u32,
    /// Calls in flight.
    pub waiting: u32,
}

/// What can happen to a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call failed; the evidence includes it.
    CallFailed {
        /// The generation under which the call was admitted.
        generation: u32,
        /// What was wrong.
        fault: Fault,
        /// How long the upstream asked to be left alone.
        retry_after: Option<Duration>,
        /// All recent calls.
        evidence: Evidence,
    },
    /// The regular look at the calls in flight, every [`crate::stall::LOOK_EVERY`].
    Looked {
        /// All recent calls.
        evidence: Evidence,
        /// Set when nothing has come back since the oldest waiting call started.
        silence: Option<Silence>,
    },
    /// The delay of [`Effect::WakeAfter`] is over.
    Woke {
        /// The generation that asked for it.
        generation: u32,
    },
    /// No call has come for long, so a probe looks after the upstream.
    IdleCheckDue,
    /// A caller asks to pass while the circuit is half open.
    CallerAsks,
    /// A probe came back good, or a caller that was used as one.
    ProbeGood {
        /// The generation under which it was sent.
        generation: u32,
    },
    /// A probe failed, or a caller that was used as one.
    ProbeBad {
        /// The generation under which it was sent.
        generation: u32,
        /// What was wrong.
        fault: Fault,
        /// How long the upstream asked to be left alone.
        retry_after: Option<Duration>,
        /// The calls in flight, as for [`Event::Looked`].
        silence: Option<Silence>,
    },
    /// A probe, or a caller used as one, ended without saying anything about the upstream.
    ProbeLost,
}

/// What the shell must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The circuit changed: publish, record, page.
    Changed {
        /// Before.
        from: Phase,
        /// After.
        to: Phase,
        /// Why.
        cause: Cause,
        /// On what evidence.
        counts: Counts,
    },
    /// Answer every waiting caller from the next rung of its ladder, now, and close the connections.
    ReleaseWaiting,
    /// Send a probe on a fresh connection.
    Probe {
        /// Give up after this.
        patience: Patience,
        /// Report the result with this.
        generation: u32,
    },
    /// Send [`Event::Woke`] after `delay`, moved by up to `jitter` of it either way.
    WakeAfter {
        /// How long.
        delay: Duration,
        /// Spread, so that many gateways do not probe in step.
        jitter: Ppm,
        /// Send it with this.
        generation: u32,
    },
    /// Let the caller that asked pass, as a probe.
    Admit,
}

/// How long a probe waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as a caller would: finds an upstream that is slow but alive.
    Deadline,
    /// So long: finds a quick upstream quickly.
    Brisk(Duration),
}

impl Circuit {
    /// Where it stands.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    /// Counts up with every change.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Probes, or callers used as such, that have not reported yet.
    pub fn probes_in_flight(&self) -> u32 {
        self.probes_in_flight
    }

    /// When it closed, while the share of admitted calls still grows.
    pub fn ramp_from(&self) -> Option<Mono> {
        match self.state {
            State::Closed { ramp_from } => ramp_from,
            State::Open { .. } | State::HalfOpen { .. } => None,
        }
    }
}

/// Decides what one event means for one circuit.
pub fn step(mut circuit: Circuit, policy: &Policy, event: Event, now: Mono) -> (Circuit, Effects<Effect>) {
    let mut effects = Effects::none();
    match event {
        Event::CallFailed { generation, fault, retry_after, evidence } => {
            let is_current = generation == circuit.generation && circuit.phase() == Phase::Closed;
            if is_current && let Some(cause) = failures(policy, &evidence, fault) {
                let pause = probe::after(policy, fault, retry_after);
                open(&mut circuit, cause, counts(&evidence), now, pause, &mut effects);
            }
        }
        Event::ProbeLost => circuit.probes_in_flight = circuit.probes_in_flight.saturating_sub(1),
        Event::Looked { evidence, silence } => {
            end_ramp(&mut circuit, policy, now);
            if circuit.phase() == Phase::Closed {
                looked(&mut circuit, policy, &evidence, silence, now, &mut effects);
            }
        }
        Event::Woke { generation } => {
            if generation == circuit.generation {
                circuit.wake_pending = false;
                woke(&mut circuit, policy, now, &mut effects);
            }
        }
        Event::IdleCheckDue => {
            if circuit.phase() == Phase::Closed && circuit.probes_in_flight == 0 {
                send_probe(&mut circuit, Patience::Deadline, &mut effects);
            }
        }
        Event::CallerAsks => {
            let by_callers = matches!(policy.recovery.by, Prober::Callers { .. });
            let has_room = circuit.probes_in_flight < policy.recovery.probes_in_flight_max;
            if circuit.phase() == Phase::HalfOpen && by_callers && has_room {
                circuit.probes_in_flight += 1;
                effects.push(Effect::Admit);
            }
        }
        Event::ProbeGood { generation } => {
            circuit.probes_in_flight = circuit.probes_in_flight.saturating_sub(1);
            circuit.confirming = 0;
            if generation == circuit.generation {
                probe_good(&mut circuit, policy, now, &mut effects);
            }
        }
        Event::ProbeBad { generation, fault, retry_after, silence } => {
            circuit.probes_in_flight = circuit.probes_in_flight.saturating_sub(1);
            let was_confirming = circuit.confirming > 0;
            circuit.confirming = circuit.confirming.saturating_sub(1);
            if generation == circuit.generation {
                let pause = probe::after(policy, fault, retry_after);
                match circuit.state {
                    State::Closed { .. } if was_confirming => {
                        confirmed(&mut circuit, silence, now, pause, &mut effects);
                    }
                    State::Closed { .. } => idle_probe_failed(&mut circuit, policy, fault, now, pause, &mut effects),
                    State::Open { since, attempts } => {
                        let attempts = attempts.saturating_add(1);
                        circuit.state = State::Open { since, attempts };
                        circuit.not_before = now + pause.at_least;
                        wake(&mut circuit, probe::delay(policy, now.since(since), attempts, pause), &mut effects);
                    }
                    State::HalfOpen { since, attempts, .. } => {
                        reopen(&mut circuit, policy, Reopen { since, attempts, fault, pause }, now, &mut effects);
                    }
                }
            }
        }
    }
    (circuit, effects)
}

/// The first rule that these failures break.
fn failures(policy: &Policy, evidence: &Evidence, last: Fault) -> Option<Cause> {
    let Evidence { good, bad, in_a_row, refused_in_a_row, .. } = *evidence;
    if refused_in_a_row >= policy.refusals_in_a_row {
        return Some(Cause::ConsecutiveFailures { count: refused_in_a_row, last: Fault::Refused });
    }
    if in_a_row >= policy.failures_in_a_row {
        return Some(Cause::ConsecutiveFailures { count: in_a_row, last });
    }
    let failed = Ratio { part: bad, whole: good + bad };
    let is_enough = failed.whole >= u64::from(policy.calls_min);
    (is_enough && failed.reaches(policy.failure_share)).then_some(Cause::FailureRate(failed))
}

fn looked(
    circuit: &mut Circuit,
    policy: &Policy,
    evidence: &Evidence,
    silence: Option<Silence>,
    now: Mono,
    effects: &mut Effects<Effect>,
) {
    let slow = Ratio { part: evidence.slow, whole: evidence.good + evidence.bad };
    if policy.slow_after.is_some()
        && slow.whole >= u64::from(policy.calls_min)
        && slow.part > 0
        && slow.reaches(policy.slow_share)
    {
        let pause = probe::after(policy, Fault::Server, None);
        return open(circuit, Cause::SlowRate(slow), counts(evidence), now, pause, effects);
    }
    let (Some(stall), Some(silence)) = (&policy.stall, silence) else {
        return;
    };
    match stall.judge(&silence) {
        StallVerdict::Alive => {}
        StallVerdict::Stalled => {
            let cause = Cause::Stalled { waiting: silence.waiting, oldest: silence.oldest };
            open(circuit, cause, counts(evidence), now, probe::after(policy, Fault::Timeout, None), effects);
        }
        // Without a probe there is nobody to confirm it: the callers' time-outs decide.
        StallVerdict::Suspect { confirm_within } => {
            let is_free = circuit.confirming == 0 && circuit.probes_in_flight == 0;
            if is_free && matches!(policy.recovery.by, Prober::Own(_)) {
                circuit.confirming = policy.recovery.probes_in_flight_max;
                for _ in 0..policy.recovery.probes_in_flight_max {
                    send_probe(circuit, Patience::Brisk(confirm_within), effects);
                }
            }
        }
    }
}

/// A confirming probe failed. It takes all of them, and callers who are still in silence: one slow query must
/// not be taken for a hang because a single probe met another.
fn confirmed(circuit: &mut Circuit, silence: Option<Silence>, now: Mono, pause: Pause, effects: &mut Effects<Effect>) {
    if circuit.confirming == 0
        && let Some(Silence { oldest, waiting, .. }) = silence
    {
        let counts = Counts { waiting, ..Counts::default() };
        open(circuit, Cause::StallConfirmed { oldest }, counts, now, pause, effects);
    }
}

/// Nobody called, and the upstream did not answer us either: look again soon, then believe it.
fn idle_probe_failed(
    circuit: &mut Circuit,
    policy: &Policy,
    fault: Fault,
    now: Mono,
    pause: Pause,
    effects: &mut Effects<Effect>,
) {
    circuit.idle_failures += 1;
    let enough = if fault == Fault::Refused { policy.refusals_in_a_row } else { policy.failures_in_a_row };
    if circuit.idle_failures >= enough {
        let cause = Cause::ConsecutiveFailures { count: circuit.idle_failures, last: fault };
        let counts = Counts { consecutive: circuit.idle_failures, ..Counts::default() };
        open(circuit, cause, counts, now, pause, effects);
    } else {
        wake(circuit, probe::IDLE_RECHECK, effects);
    }
}

fn woke(circuit: &mut Circuit, policy: &Policy, now: Mono, effects: &mut Effects<Effect>) {
    if circuit.phase() == Phase::Open && now < circuit.not_before {
        return wake(circuit, circuit.not_before.since(now), effects);
    }
    match (&circuit.state, &policy.recovery.by) {
        (State::Closed { .. }, _) => {
            if circuit.idle_failures > 0 && circuit.probes_in_flight == 0 {
                send_probe(circuit, Patience::Deadline, effects);
            }
        }
        (&State::Open { since, attempts }, Prober::Own(pace)) => {
            if circuit.probes_in_flight < policy.recovery.probes_in_flight_max {
                // The first one waits as long as a caller would; those beside it ask briskly.
                let patience =
                    if circuit.probes_in_flight == 0 { Patience::Deadline } else { Patience::Brisk(pace.brisk) };
                send_probe(circuit, patience, effects);
                if patience == Patience::Deadline && policy.recovery.probes_in_flight_max > 1 {
                    wake(circuit, probe::delay(policy, now.since(since), attempts, Pause::default()), effects);
                }
            }
        }
        (&State::Open { since, attempts }, Prober::Callers { .. }) => {
            change(
                circuit,
                State::HalfOpen { good: 0, since, attempts },
                Cause::RecoveryElapsed,
                Counts::default(),
                effects,
            );
        }
        (State::HalfOpen { .. }, _) => probe_again(circuit, policy, effects),
    }
}

fn probe_good(circuit: &mut Circuit, policy: &Policy, now: Mono, effects: &mut Effects<Effect>) {
    let good = match circuit.state {
        State::Closed { .. } => {
            circuit.idle_failures = 0;
            return;
        }
        State::Open { since, attempts } => {
            let half_open = State::HalfOpen { good: 1, since, attempts };
            change(circuit, half_open, Cause::ProbeAnswered, Counts::default(), effects);
            1
        }
        State::HalfOpen { good, since, attempts } => {
            circuit.state = State::HalfOpen { good: good + 1, since, attempts };
            good + 1
        }
    };
    if good >= policy.recovery.successes {
        let closed = State::Closed { ramp_from: Some(now) };
        change(circuit, closed, Cause::Recovered { probes: good }, Counts::default(), effects);
        circuit.idle_failures = 0;
    } else {
        probe_again(circuit, policy, effects);
    }
}

/// Half open with our own prober: the next probe goes out at once.
fn probe_again(circuit: &mut Circuit, policy: &Policy, effects: &mut Effects<Effect>) {
    let is_own = matches!(policy.recovery.by, Prober::Own(_));
    if is_own && circuit.probes_in_flight < policy.recovery.probes_in_flight_max {
        send_probe(circuit, Patience::Deadline, effects);
    } else if is_own {
        // An older probe still holds the place; it frees it within its patience.
        wake(circuit, probe::PLACE_RECHECK, effects);
    }
}

/// The pause after a failure before the upstream is asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pause {
    /// At least this long.
    pub(crate) at_least: Duration,
}

struct Reopen {
    since: Mono,
    attempts: u32,
    fault: Fault,
    pause: Pause,
}

fn open(circuit: &mut Circuit, cause: Cause, counts: Counts, now: Mono, pause: Pause, effects: &mut Effects<Effect>) {
    change(circuit, State::Open { since: now, attempts: 0 }, cause, counts, effects);
    circuit.idle_failures = 0;
    circuit.confirming = 0;
    effects.push(Effect::ReleaseWaiting);
    circuit.not_before = now + pause.at_least;
    wake(circuit, pause.at_least, effects);
}

fn reopen(circuit: &mut Circuit, policy: &Policy, again: Reopen, now: Mono, effects: &mut Effects<Effect>) {
    let attempts = again.attempts.saturating_add(1);
    let open = State::Open { since: again.since, attempts };
    change(circuit, open, Cause::ProbeFailed(again.fault), Counts::default(), effects);
    effects.push(Effect::ReleaseWaiting);
    circuit.not_before = now + again.pause.at_least;
    wake(circuit, probe::delay(policy, now.since(again.since), attempts, again.pause), effects);
}

fn send_probe(circuit: &mut Circuit, patience: Patience, effects: &mut Effects<Effect>) {
    circuit.probes_in_flight += 1;
    effects.push(Effect::Probe { patience, generation: circuit.generation });
}

/// Asks for a wake-up, unless one is on its way.
fn wake(circuit: &mut Circuit, delay: Duration, effects: &mut Effects<Effect>) {
    if !circuit.wake_pending {
        circuit.wake_pending = true;
        effects.push(Effect::WakeAfter { delay, jitter: probe::JITTER, generation: circuit.generation });
    }
}

fn change(circuit: &mut Circuit, to: State, cause: Cause, counts: Counts, effects: &mut Effects<Effect>) {
    let from = circuit.phase();
    circuit.state = to;
    circuit.wake_pending = false;
    circuit.generation = circuit.generation.wrapping_add(1) & crate::breaker::GENERATION_MASK;
    effects.push(Effect::Changed { from, to: circuit.phase(), cause, counts });
}

fn end_ramp(circuit: &mut Circuit, policy: &Policy, now: Mono) {
    if let State::Closed { ramp_from: Some(from) } = circuit.state
        && now.since(from) >= policy.recovery.ramp
    {
        circuit.state = State::Closed { ramp_from: None };
    }
}

fn counts(evidence: &Evidence) -> Counts {
    Counts {
        good: evidence.good,
        bad: evidence.bad,
        slow: evidence.slow,
        consecutive: evidence.in_a_row,
        waiting: evidence.waiting,
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
