//! The `steadyline` command: one file per command, exit codes as the contract has them.

mod commands;
mod console;
mod controller;
mod diagnostics;
mod failure;
mod output;
mod settings;
mod shared_gateway;

use std::panic::{AssertUnwindSafe, catch_unwind};
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
    Demo(commands::demo::Demo),
    Serve(commands::serve::Serve),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    settings::start_logging(&cli.global, cli.command.log_level());
    // A panic has been reported on stderr by then; it gets the exit code of a defect.
    let ended = catch_unwind(AssertUnwindSafe(|| cli.command.run(&cli.global))).unwrap_or(Ok(Exit::Defect));
    ExitCode::from(ended.unwrap_or_else(|report| diagnostics::show(&report)).code())
}

impl Command {
    fn run(&self, global: &settings::Global) -> Ended {
        match self {
            Self::Demo(demo) => commands::demo::run(demo, global),
            Self::Serve(serve) => commands::serve::run(serve, global),
        }
    }

    /// What is logged unless somebody asks for more: servers tell what they do, the other commands have an output.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            Self::Demo(_) => "error",
        }
    }
}

/// How a command ends: with an exit code, or with a report for the person who called it.
type Ended = Result<Exit, miette::Report>;
