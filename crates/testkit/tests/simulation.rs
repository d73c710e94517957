//! Many seeds of trouble. `SIMULATION_SEED=n` runs one of them again, `SIMULATION_SEEDS=n` runs more.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use testkit::simulation::{Summary, Violation, simulate};

const SEEDS: u64 = 200;

fn run(seed: u64) -> Result<Summary, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(simulate(seed))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

#[test]
fn whatever_happens_every_open_circuit_is_told_once_and_ended_once() {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(SEEDS),
    };
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Summary::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return;
            }
            let summary = run(seed).unwrap_or_else(|violation| panic!("{violation}"));
            let mut total = total.lock().unwrap();
            total.lasted += summary.lasted;
            total.changes += summary.changes;
            total.incidents += summary.incidents;
            total.arrived += summary.arrived;
            total.crashes += summary.crashes;
            total.store_faults += summary.store_faults;
        }
    };
    // Each seed has a runtime of its own; they run side by side.
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let total = total.into_inner().unwrap();
    println!("{total:?}");
    assert!(total.incidents > 0 && total.arrived > total.incidents);
}

#[test]
fn the_same_seed_is_the_same_story() {
    assert_eq!(run(11).unwrap(), run(11).unwrap());
}
