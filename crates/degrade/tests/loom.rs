//! Every interleaving of calls, probes and timer around one breaker, explored by loom.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release -p degrade --test loom`; `cargo xtask test` does.
#![cfg(loom)]

use std::time::Duration;

use base::Mono;
use degrade::breaker::{Admission, Breaker, Failed};
use degrade::circuit::{Effect, Event, Policy, Prober, Recovery};
use degrade::probe::Pace;
use degrade::{Fault, Phase};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

const NOW: Mono = Mono::from_millis(5_000);
/// After every pause that a failure at `NOW` demands.
const LATER: Mono = Mono::from_millis(60_000);

fn breaker(failures: u32, by: Prober) -> Arc<Breaker> {
    let recovery = Recovery { by, successes: 1, probes_in_flight_max: 1, ramp: Duration::ZERO };
    let policy = Policy { failures_in_a_row: failures, recovery, ..Policy::default() };
    Arc::new(Breaker::new(policy, 2))
}

fn callers() -> Prober {
    Prober::Callers { wait: Duration::from_secs(30), wait_max: Duration::from_secs(300) }
}

fn fail(breaker: &Breaker, worker: usize, generation: u32) -> usize {
    let failed = Failed { generation, fault: Fault::Server, retry_after: None };
    opened(breaker.bad(worker, failed, NOW).into_iter())
}

fn opened(effects: impl Iterator<Item = Effect>) -> usize {
    effects.filter(|effect| matches!(effect, Effect::Changed { to: Phase::Open, .. })).count()
}

#[test]
fn failures_on_two_workers_open_it_exactly_once() {
    loom::model(|| {
        let breaker = breaker(2, callers());
        let other = Arc::clone(&breaker);
        let thread = thread::spawn(move || fail(&other, 1, 0) + fail(&other, 1, 0));
        let here = fail(&breaker, 0, 0) + fail(&breaker, 0, 0);
        let opened = here + thread.join().unwrap();
        assert_eq!(opened, 1, "opened {opened} times");
        assert_eq!(breaker.phase(), Phase::Open);
        assert_eq!(breaker.generation(), 1);
    });
}

#[test]
fn a_straggler_never_reopens_what_a_probe_has_closed() {
    loom::model(|| {
        let breaker = breaker(1, Prober::Own(Pace::default()));
        fail(&breaker, 0, 0);
        let straggler = Arc::clone(&breaker);
        let thread = thread::spawn(move || fail(&straggler, 1, 0));
        let generation = breaker.generation();
        let _ = breaker.step(Event::Woke { generation }, LATER);
        let probed = breaker.step(Event::ProbeGood { generation }, LATER);
        let late = thread.join().unwrap();
        assert!(probed.iter().any(|effect| matches!(effect, Effect::Changed { to: Phase::Closed, .. })));
        assert_eq!(late, 0, "the late failure was of an older generation");
        assert_eq!(breaker.phase(), Phase::Closed);
    });
}

#[test]
fn at_most_one_of_two_callers_becomes_the_probe() {
    loom::model(|| {
        let breaker = breaker(1, callers());
        fail(&breaker, 0, 0);
        let _ = breaker.step(Event::Woke { generation: breaker.generation() }, LATER);
        assert_eq!(breaker.phase(), Phase::HalfOpen);
        let reached = Arc::new(AtomicU32::new(0));
        let call = |breaker: Arc<Breaker>, reached: Arc<AtomicU32>| {
            if let Admission::HalfOpen { .. } = breaker.admit(NOW, 0)
                && breaker.ask(NOW)
            {
                reached.fetch_add(1, Ordering::Relaxed);
            }
        };
        let (other, count) = (Arc::clone(&breaker), Arc::clone(&reached));
        let thread = thread::spawn(move || call(other, count));
        call(Arc::clone(&breaker), Arc::clone(&reached));
        thread.join().unwrap();
        assert_eq!(reached.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_timer_and_a_failing_call_leave_one_way_back() {
    loom::model(|| {
        let breaker = breaker(1, Prober::Own(Pace::default()));
        let other = Arc::clone(&breaker);
        let thread = thread::spawn(move || fail(&other, 1, 0));
        let looked = breaker.step(Event::IdleCheckDue, NOW);
        let idle = looked.iter().filter(|effect| matches!(effect, Effect::Probe { .. })).count();
        assert_eq!(thread.join().unwrap(), 1);
        let woken = breaker.step(Event::Woke { generation: breaker.generation() }, LATER);
        let probes = idle + woken.iter().filter(|effect| matches!(effect, Effect::Probe { .. })).count();
        // The idle check's probe, if it won, still holds the only place; else the wake-up's takes it.
        assert_eq!(probes, 1);
        assert_eq!(breaker.probes_in_flight(), 1);
    });
}

#[test]
fn a_good_answer_and_a_failure_never_lose_the_circuit() {
    loom::model(|| {
        let breaker = breaker(2, callers());
        let other = Arc::clone(&breaker);
        let thread = thread::spawn(move || other.good(1, 0, Duration::from_millis(5), NOW));
        let opened = fail(&breaker, 0, 0) + fail(&breaker, 0, 0);
        thread.join().unwrap();
        // The good answer came before, between or after the failures: both ends are right, if they agree.
        assert_eq!(breaker.phase() == Phase::Open, opened == 1);
        assert_eq!(u64::from(breaker.generation()), opened as u64);
    });
}
