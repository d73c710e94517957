//! How often does the guard wrong a release, and how soon does it find a bad one? Beside the guide's rule and others, on
//! the same minutes.
//!
//! Everything is drawn from one seed. The small size runs with the tests, within fixed tolerances; the full one is what
//! the figures in `benches/README.md` come from.

mod cells;
mod rules;
mod table;
mod traffic;
mod year;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng as _;

use cells::{Cell, Change};
use traffic::Flow;

/// Measures the guard beside other rules, on simulated releases.
///
/// Example: cargo xtask guard-bench --releases 20000 --csv guard.csv --svg guard.svg
#[derive(Debug, Parser)]
#[command(name = "cargo xtask guard-bench")]
struct Cli {
    /// Releases of each kind.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    releases: u32,
    /// All kinds of the grid, and not only those of the tables.
    #[arg(long)]
    grid: bool,
    /// What everything is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The chance that a healthy release is ever gone back from.
    #[arg(long, default_value_t = 1e-4)]
    alpha: f64,
    /// Write every figure to this file, too.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw false rollbacks by volume into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let kinds = if cli.grid { grid() } else { tables() };
    let years = [0.3, 0.7];
    println!("{} kinds of releases, {} of each, seed {}, alpha {}\n", kinds.len(), cli.releases, cli.seed, cli.alpha);
    let played = side_by_side(&kinds, |cell, rng| cell.play(cli.releases, cli.alpha, rng), cli.seed);
    let lived = side_by_side(&years, |cv, rng| year::play(cli.releases * 10, *cv, cli.alpha, rng), cli.seed ^ 0x5eed);
    let cells: Vec<_> = kinds.into_iter().zip(played).collect();
    let years: Vec<_> = years.into_iter().zip(lived).collect();
    table::cells(&cells);
    table::years(&years);
    let files = [(cli.csv, table::csv(&cells, &years)), (cli.svg, table::svg(&cells))];
    for (file, text) in files.into_iter().filter_map(|(file, text)| file.map(|file| (file, text))) {
        if let Err(error) = fs::write(&file, text) {
            eprintln!("{} cannot be written: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The kinds of the tables: healthy ones, and what each rule is to find.
fn tables() -> Vec<Cell> {
    let volumes = [2.0, 10.0, 50.0, 200.0, 1_000.0, 10_000.0];
    let mut kinds = Vec::new();
    for share in [0.01, 0.03] {
        for cv in [0.0, 0.5] {
            for volume in volumes {
                let flow = Flow { volume, share, cv, memory: 0.0 };
                kinds.push(Cell { flow, change: Change::None, onset: 0 });
            }
        }
    }
    for cv in [0.0, 0.5] {
        for volume in volumes {
            let flow = Flow { volume, share: 0.01, cv, memory: 0.0 };
            for change in changes() {
                kinds.push(Cell { flow, change, onset: 0 });
            }
            kinds.push(Cell { flow, change: Change::To(0.2), onset: 30 });
        }
    }
    for memory in [5.0, 15.0, 60.0] {
        for volume in [50.0, 1_000.0] {
            let flow = Flow { volume, share: 0.02, cv: 0.3, memory };
            kinds.push(Cell { flow, change: Change::None, onset: 0 });
            kinds.push(Cell { flow, change: Change::Times(5.0), onset: 0 });
        }
    }
    kinds
}

fn changes() -> [Change; 6] {
    [Change::Times(2.0), Change::Times(3.0), Change::Times(5.0), Change::Plus(0.05), Change::To(0.2), Change::To(0.98)]
}

/// Every kind there is.
fn grid() -> Vec<Cell> {
    let mut kinds = Vec::new();
    for volume in [2.0, 10.0, 50.0, 200.0, 1_000.0, 10_000.0] {
        for share in [0.002, 0.01, 0.03, 0.05] {
            for cv in [0.0, 0.3, 0.5, 1.0] {
                for memory in [0.0, 5.0, 15.0, 60.0] {
                    let flow = Flow { volume, share, cv, memory };
                    kinds.push(Cell { flow, change: Change::None, onset: 0 });
                    for onset in [0, 30] {
                        kinds.extend(changes().map(|change| Cell { flow, change, onset }));
                    }
                }
            }
        }
    }
    kinds
}

/// Plays everything on all processors; each draws from a stream of its own, so that the order changes nothing.
fn side_by_side<K: Sync, F: Send>(kinds: &[K], play: impl Fn(&K, &mut Pcg64) -> F + Sync, seed: u64) -> Vec<F> {
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let rng = |place: usize| Pcg64::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(place as u64));
    let mut found: Vec<(usize, F)> = thread::scope(|scope| {
        let worker = |worker: usize| {
            let play = &play;
            scope.spawn(move || {
                let own = (worker..kinds.len()).step_by(workers);
                own.map(|place| (place, play(&kinds[place], &mut rng(place)))).collect::<Vec<_>>()
            })
        };
        let working: Vec<_> = (0..workers).map(worker).collect();
        working.into_iter().flat_map(|worker| worker.join().expect("a worker only counts")).collect()
    });
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, found)| found).collect()
}

#[cfg(test)]
mod tests;
