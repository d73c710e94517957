//! The gateway beside nginx and HAProxy, and budgets beside a Prometheus, in one run on one machine: read ratios, not
//! absolute numbers.
//!
//! Gateways run on the first processor, one at a time; the upstream and the callers on the second. Everything is on
//! loopback, bounded in calls and in time, and every process is ended by its own number.

mod callers;
mod cases;
mod decide;
mod load;
mod peer;
mod process;
mod prometheus;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::peer::Peer;

/// Measures the gateway and budgets beside peers that Debian packages.
///
/// Example: cargo xtask bench healthy hang --rounds 5
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Cli {
    /// What happens to the upstream; everything when none is named.
    cases: Vec<Case>,
    /// Which gateways; all when none is named.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// How often each figure is taken; medians are shown.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// How long each load runs, in seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    secs: u64,
    /// Connections of the healthy load and of those who ask for decisions.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Calls a second while the upstream hangs.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    rate: u32,
    /// How long the upstream hangs, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=120))]
    freeze: u64,
    /// The steadyline binary.
    #[arg(long, env = "STEADYLINE")]
    steadyline: PathBuf,
}

/// What happens to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Case {
    /// It answers at once.
    Healthy,
    /// Its process is gone; connections are refused.
    Dead,
    /// Its process is frozen: connections are accepted, nothing is answered.
    Hang,
    /// Nothing; flows ask what to do without.
    Decide,
    /// Nothing; an objective is evaluated beside a Prometheus.
    Prometheus,
}

/// What is measured, and how much of it.
pub(crate) struct Plan {
    pub(crate) peers: Vec<Peer>,
    pub(crate) rounds: u32,
    pub(crate) load_time: Duration,
    pub(crate) connections: u32,
    pub(crate) rate: u32,
    pub(crate) freeze: Duration,
    pub(crate) steadyline: PathBuf,
}

/// Why a figure could not be taken, in words.
pub(crate) type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Error> {
    let plan = Plan {
        peers: if cli.peers.is_empty() { Peer::value_variants().to_vec() } else { cli.peers },
        rounds: cli.rounds,
        load_time: Duration::from_secs(cli.secs),
        connections: cli.connections,
        rate: cli.rate,
        freeze: Duration::from_secs(cli.freeze),
        steadyline: cli.steadyline,
    };
    let cases = if cli.cases.is_empty() { Case::value_variants().to_vec() } else { cli.cases };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for case in cases {
        let table = match case {
            Case::Healthy => cases::healthy(&plan)?.to_string(),
            Case::Dead => runtime.block_on(cases::dead(&plan))?.to_string(),
            Case::Hang => runtime.block_on(cases::hang(&plan))?.to_string(),
            Case::Decide => runtime.block_on(decide::run(&plan))?,
            Case::Prometheus => runtime.block_on(prometheus::run())?,
        };
        println!("{table}");
    }
    Ok(())
}
