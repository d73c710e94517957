//! What does watching cost? `cargo bench -p rollback`
//!
//! A room has no store and no network, so these are the costs of deciding alone. The guide's rule runs beside the evidence
//! in each round, and the median of the rounds counts.
//!
//! - *a flow-minute*: one step of a watch, of flows of 2 to 1,000 conversations a minute.
//! - *a flow-year*: 8,760 watches of an hour, one after the other.
//! - *a tick*: one minute of 1,000 watches.
//! - *arming*: every minute of four weeks taken for a release.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use base::Count;
use rollback::evidence::Onset;
use rollback::replay;
use rollback::watch::{self, Observation, Policy, Rule, Terms, Watch};

/// Odd, so that one round is in the middle.
const ROUNDS: usize = 11;
const YEAR: usize = 525_600;
const MONTH: usize = 40_320;
const FLOWS: usize = 1_000;

fn main() {
    // `cargo test` runs benchmarks, too; there it has nothing to tell.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    println!("| case | rule | median | slowest round |");
    println!("|---|---|--:|--:|");
    for volume in [2, 50, 1_000] {
        flow(volume);
    }
    fleet();
    println!("\nThe evidence of a flow takes {} bytes, its watch {}.", size_of::<Onset>(), size_of::<Watch>());
}

/// One flow, by both rules.
fn flow(volume: u64) {
    let year = minutes(volume, YEAR);
    let history = &year[..MONTH];
    for (rule, name) in [(Rule::Evidence, "evidence"), (Rule::Guide, "guide")] {
        let terms = replay::learn(&Policy { rule, ..Policy::default() }, history);
        let took = rounds(|| {
            for hour in year.chunks(60) {
                black_box(watched(&terms, hour));
            }
        });
        let [median, slowest] = took.map(|took| took.as_secs_f64() * 1e9 / YEAR as f64);
        println!("| a flow-minute, {volume} conversations | {name} | {median:.0} ns | {slowest:.0} ns |");
        row("a flow-year", name, took);
        if rule == Rule::Evidence {
            row("arming", name, rounds(|| _ = black_box(replay::arm(&terms, history))));
        }
    }
}

/// One minute of many flows.
fn fleet() {
    let history = minutes(50, MONTH);
    let terms = replay::learn(&Policy::default(), &history);
    let mut watches = vec![Watch::default(); FLOWS];
    let mut at = history.iter().cycle();
    let took = rounds(|| {
        for watch in &mut watches {
            let _told = black_box(watch.take(&terms, *at.next().unwrap(), false));
        }
    });
    row("a tick of 1,000", "evidence", took);
}

fn watched(terms: &Terms, minutes: &[Observation]) -> Watch {
    watch::again(&Watch::default(), terms, minutes.iter().map(|seen| (*seen, false))).0
}

fn minutes(volume: u64, how_many: usize) -> Vec<Observation> {
    let mut rng = fastrand::Rng::with_seed(volume);
    let minute = |_| {
        let total = rng.u64(volume / 2..=volume * 3 / 2);
        let bad = (0..total).filter(|_| rng.f64() < 0.01).count() as u64;
        let siblings = Count::Observed { bad: 5, total: 500 };
        Observation { count: Count::bad(bad, total).unwrap(), siblings }
    };
    (0..how_many).map(minute).collect()
}

/// The median and the slowest of some rounds.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn rounds(mut work: impl FnMut()) -> [Duration; 2] {
    let mut took: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    took.sort_unstable();
    [took[ROUNDS / 2], took[ROUNDS - 1]]
}

fn row(case: &str, rule: &str, [median, slowest]: [Duration; 2]) {
    println!("| {case} | {rule} | {median:.1?} | {slowest:.1?} |");
}
