//! The `steadyline` command: one file per command, exit codes as the contract has them.

mod budgets;
mod client;
mod commands;
mod console;
mod controller;
mod csv;
mod diagnostics;
mod failure;
mod intents;
mod locks;
mod objectives;
mod output;
mod platform;
mod releases;
mod reviews;
mod settings;
mod shared_gateway;
mod signals;
mod target;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use api::Exit;
use clap::{Parser, Subcommand};
use miette::IntoDiagnostic as _;

/// Keeps callers served on Genesys Cloud while CRMs, carriers, regions and new releases fail.
#[derive(Debug, Parser)]
#[command(name = "steadyline", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Example:\n  steadyline demo --speed 2")]
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
    Twin(commands::twin::Twin),
    Init(commands::init::Init),
    Doctor(commands::doctor::Doctor),
    #[command(subcommand)]
    Config(commands::config::Config),
    #[command(subcommand)]
    Degrade(commands::degrade::Degrade),
    #[command(subcommand)]
    Budget(commands::budget::Budget),
    Gate(commands::gate::Gate),
    #[command(subcommand)]
    Maintenance(commands::maintenance::Maintenance),
    #[command(subcommand)]
    Rollback(commands::rollback::Rollback),
    Review(commands::review::Review),
    #[command(subcommand)]
    Drill(commands::drill::Drill),
    #[command(subcommand)]
    Flow(commands::flow::Flow),
    #[command(subcommand)]
    Integration(commands::integration::Integration),
    #[command(subcommand)]
    Deployment(commands::deployment::Deployment),
    #[command(subcommand)]
    Shim(commands::shim::Shim),
    #[command(subcommand)]
    Incidents(commands::incidents::Incidents),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
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
            Self::Twin(twin) => commands::twin::run(twin, global),
            Self::Init(init) => commands::init::run(init, global),
            Self::Doctor(_) => commands::doctor::run(global),
            Self::Config(config) => commands::config::run(config, global),
            Self::Degrade(degrade) => commands::degrade::run(degrade, global),
            Self::Budget(budget) => commands::budget::run(budget, global),
            Self::Gate(gate) => commands::gate::run(gate, global),
            Self::Maintenance(maintenance) => commands::maintenance::run(maintenance, global),
            Self::Rollback(rollback) => commands::rollback::run(rollback, global),
            Self::Review(review) => commands::review::run(review, global),
            Self::Drill(drill) => commands::drill::run(drill, global),
            Self::Flow(flow) => commands::flow::run(flow, global),
            Self::Integration(integration) => commands::integration::run(integration, global),
            Self::Deployment(deployment) => commands::deployment::run(deployment, global),
            Self::Shim(shim) => commands::shim::run(shim, global),
            Self::Incidents(incidents) => commands::incidents::run(incidents, global),
            Self::Completions(completions) => commands::completions::run(completions),
            Self::Man(man) => commands::man::run(man, global),
        }
    }

    /// What is logged unless somebody asks for more: servers tell what they do, the other commands have an output.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Twin(_) => "info",
            Self::Demo(_)
            | Self::Init(_)
            | Self::Doctor(_)
            | Self::Config(_)
            | Self::Degrade(_)
            | Self::Budget(_)
            | Self::Gate(_)
            | Self::Maintenance(_)
            | Self::Rollback(_)
            | Self::Review(_)
            | Self::Drill(_)
            | Self::Flow(_)
            | Self::Integration(_)
            | Self::Deployment(_)
            | Self::Shim(_)
            | Self::Incidents(_)
            | Self::Completions(_)
            | Self::Man(_) => "error",
        }
    }
}

/// How a command ends: with an exit code, or with a report for the person who called it.
type Ended = Result<Exit, miette::Report>;

/// Runs a command's future to its end on this thread.
fn block_on(future: impl Future<Output = Ended>) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
    runtime.block_on(future)
}
