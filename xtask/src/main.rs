//! The project's own chores. `cargo xtask test` is the one command that passes the tests on a fresh machine.

mod bench;
mod corpus;
mod deny;
mod graph;
mod sdk;
mod shell;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install what the tests need, then run every check and every test.
    Test(test::Test),
    /// Measure the gateway beside its peers.
    Bench(bench::Bench),
    /// Measure the guard beside other rules, on simulated releases.
    GuardBench(bench::GuardBench),
    /// Read flows that others have published, and compare where callers end up.
    Corpus(corpus::Corpus),
    /// Let the platform's official SDKs judge the twin.
    Sdk(sdk::Sdk),
    /// Licences, bans and sources of all dependencies; for releases.
    Deny,
    /// Print the crate graph as ARCHITECTURE.md must show it.
    Graph,
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Test(chore) => test::run(&chore),
        Chore::Bench(chore) => bench::run(&chore),
        Chore::GuardBench(chore) => bench::guard(&chore),
        Chore::Corpus(chore) => corpus::run(&chore),
        Chore::Sdk(chore) => sdk::run(&chore),
        Chore::Deny => deny::run(),
        Chore::Graph => graph::current().map(|graph| print!("{graph}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
