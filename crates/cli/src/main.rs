//! The `steadyline` command: one file per command, exit codes as the contract has them.

mod commands;
mod diagnostics;
mod settings;

use std::process::ExitCode;

use api::Exit;
use clap::{Parser, Subcommand};

/// Keeps callers served on Genesys Cloud while CRMs, carriers, regions and new releases fail.
#[derive(Debug, Parser)]
#[command(name = "steadyline", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: settings::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(commands::serve::Serve),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    settings::start_logging(&cli.global);
    let exit = match &cli.command {
        Command::Serve(serve) => commands::serve::run(serve, &cli.global),
    };
    ExitCode::from(exit.unwrap_or_else(|report| diagnostics::show(&report)).code())
}

/// How a command ends: with an exit code, or with a report for the person who called it.
type Ended = Result<Exit, miette::Report>;
