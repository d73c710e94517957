//! What does a breaker cost a call? `cargo bench -p degrade --bench breaker`
//!
//! Ours beside two that can be had from crates.io, in one run. Every round visits every subject once and the
//! median of the rounds counts, so that a noisy moment falls on all of them; that is why this keeps its own time
//! rather than leave it to a harness which finishes one subject before it begins the next. Only the ratios of
//! one run mean anything.
//!
//! - *good call*: may it pass, then a good answer; the circuit stays closed.
//! - *rejected*: the circuit is open.
//! - Our breaker is told the time, so a subject of its own shows what asking for it costs.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base::Mono;
use degrade::Fault;
use degrade::breaker::{Admission, Breaker, Failed};
use degrade::circuit::Policy;
use failsafe::{CircuitBreaker as _, backoff, failure_policy};
use recloser::Recloser;

/// Odd, so that one round is in the middle.
const ROUNDS: usize = 21;
/// Enough that threads which begin some microseconds apart still run side by side.
const CALLS_PER_ROUND: u32 = 500_000;
/// Between two calls: fifty thousand a second, so that windows move on while calls are counted.
const BETWEEN_CALLS: Duration = Duration::from_micros(20);
/// How long the upstream took.
const LATENCY: Duration = Duration::from_millis(80);
/// What a call may cost.
const GOAL_NS: f64 = 15.0;
/// Our subject, which the others are compared with.
const OURS: &str = "steadyline";

/// So many calls by one worker.
type Calls = Box<dyn Fn(usize, u32) + Sync>;

struct Subject {
    case: &'static str,
    name: &'static str,
    threads: usize,
    calls: Calls,
    rounds_ns: Vec<f64>,
}

fn main() {
    let mut subjects = subjects();
    for _ in 0..ROUNDS {
        for subject in &mut subjects {
            let ns = round(subject.threads, &subject.calls);
            subject.rounds_ns.push(ns);
        }
    }
    print(&subjects);
}

fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    let mut add = |case, name, threads, calls| {
        subjects.push(Subject { case, name, threads, calls, rounds_ns: Vec::new() });
    };
    for threads in [1, 2] {
        add("good call", OURS, threads, ours_good(threads));
        add("good call", "recloser", threads, recloser_good());
        add("good call", "failsafe", threads, failsafe_good());
    }
    add("rejected", OURS, 1, ours_open());
    add("rejected", "recloser", 1, recloser_open());
    add("rejected", "failsafe", 1, failsafe_open());
    add("clock", "one read", 1, clock());
    subjects
}

fn ours_good(workers: usize) -> Calls {
    let breaker = Breaker::new(Policy::default(), workers);
    Box::new(move |worker, calls| {
        let mut now = Mono::ZERO;
        for ticket in 0..calls {
            now = now + BETWEEN_CALLS;
            match breaker.admit(black_box(now), ticket) {
                Admission::Pass { generation } => breaker.good(worker, generation, black_box(LATENCY), now),
                refused => unreachable!("a closed circuit refuses nothing: {refused:?}"),
            }
        }
    })
}

fn ours_open() -> Calls {
    let breaker = Breaker::new(Policy::default(), 1);
    while let Admission::Pass { generation } = breaker.admit(Mono::ZERO, 0) {
        // The effects are for a shell, and there is none.
        let _ = breaker.bad(0, Failed { generation, fault: Fault::Server, retry_after: None }, Mono::ZERO);
    }
    Box::new(move |_, calls| {
        for ticket in 0..calls {
            assert_eq!(breaker.admit(black_box(Mono::ZERO), ticket), Admission::Open);
        }
    })
}

fn recloser_good() -> Calls {
    let recloser = Recloser::custom().build();
    Box::new(move |_, calls| {
        for _ in 0..calls {
            recloser.call(|| black_box(Ok::<(), ()>(()))).unwrap();
        }
    })
}

fn recloser_open() -> Calls {
    let recloser = Recloser::custom().open_wait(Duration::from_secs(3_600)).build();
    while !matches!(recloser.call(|| Err::<(), ()>(())), Err(recloser::Error::Rejected)) {}
    Box::new(move |_, calls| {
        for _ in 0..calls {
            recloser.call(|| black_box(Ok::<(), ()>(()))).unwrap_err();
        }
    })
}

/// Five failures in a row, as ours; then silence for an hour.
fn failsafe() -> impl failsafe::CircuitBreaker + Sync {
    let policy = failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(3_600)));
    failsafe::Config::new().failure_policy(policy).build()
}

fn failsafe_good() -> Calls {
    let breaker = failsafe();
    Box::new(move |_, calls| {
        for _ in 0..calls {
            breaker.call(|| black_box(Ok::<(), ()>(()))).unwrap();
        }
    })
}

fn failsafe_open() -> Calls {
    let breaker = failsafe();
    while !matches!(breaker.call(|| Err::<(), ()>(())), Err(failsafe::Error::Rejected)) {}
    Box::new(move |_, calls| {
        for _ in 0..calls {
            breaker.call(|| black_box(Ok::<(), ()>(()))).unwrap_err();
        }
    })
}

fn clock() -> Calls {
    Box::new(|_, calls| {
        for _ in 0..calls {
            black_box(read_clock());
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn read_clock() -> Instant {
    Instant::now()
}

/// Nanoseconds that a call took its thread, on average over all threads.
fn round(threads: usize, calls: &Calls) -> f64 {
    let arrived = AtomicUsize::new(0);
    let spent: Duration = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let arrived = &arrived;
                scope.spawn(move || {
                    // A thread that sleeps until the other is there would begin late.
                    arrived.fetch_add(1, Ordering::AcqRel);
                    while arrived.load(Ordering::Acquire) < threads {
                        std::hint::spin_loop();
                    }
                    let began = read_clock();
                    calls(worker, CALLS_PER_ROUND);
                    began.elapsed()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    spent.as_secs_f64() * 1e9 / f64::from(CALLS_PER_ROUND) / threads as f64
}

fn median(rounds_ns: &[f64]) -> f64 {
    let mut sorted = rounds_ns.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn print(subjects: &[Subject]) {
    println!("| case | threads | breaker | ns a call | fastest round | against ours |");
    println!("|---|--:|---|--:|--:|--:|");
    for subject in subjects {
        let ns = median(&subject.rounds_ns);
        let fastest = subject.rounds_ns.iter().copied().fold(f64::INFINITY, f64::min);
        let is_same_race = |other: &&Subject| other.case == subject.case && other.threads == subject.threads;
        let ours = subjects.iter().filter(is_same_race).find(|other| other.name == OURS);
        let ratio = ours.map_or_else(String::new, |ours| format!("{:.2}", ns / median(&ours.rounds_ns)));
        let Subject { case, threads, name, .. } = subject;
        println!("| {case} | {threads} | {name} | {ns:.1} | {fastest:.1} | {ratio} |");
    }
    let slowest = subjects.iter().filter(|subject| subject.name == OURS).map(|subject| median(&subject.rounds_ns));
    let slowest = slowest.fold(0.0, f64::max);
    println!("\nOurs takes {slowest:.1} ns at most; the goal is {GOAL_NS:.0} ns.");
}
