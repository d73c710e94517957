//! `steadyline review`: may this launch go ahead?

mod asked;
mod begin;
mod order;
mod progress;
mod run;
mod stage;
mod submit;
mod verify;
mod written;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::Server;
use crate::commands::flow::recover::{self, Recover};
use crate::settings::Global;
use crate::{Ended, block_on};
use written::Report;

/// Says whether a launch may go ahead: 0 it may, 1 it must not, 3 nobody could judge all of it.
///
/// A plan names flows, integrations, the load that is expected and what is put up with. Everything that it asks about is
/// learned from the target, and twelve checks judge it. What could not be learned never passes.
///
/// Nothing of the organisation is changed, unless the plan says that calls which were left open are ended (`end: true`
/// under `sessions`). Data Actions are carried out to see how fast they are.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  steadyline review examples/review/main-ivr.yaml --target twin
  steadyline review launch.yaml --target sandbox --report junit=review.xml --report html=review.html
  steadyline review launch.yaml --target sandbox --submit
  steadyline review launch.yaml --target sandbox --dry-run
  steadyline review init --target sandbox > launch.yaml
  steadyline review verify evidence.json"
)]
pub(crate) struct Review {
    #[command(subcommand)]
    command: Option<Command>,
    /// The plan; `review init` writes a first one.
    #[arg(value_name = "PLAN", required = true)]
    plan: Option<PathBuf>,
    /// The organisation, by its name under `review.targets`; `platform` for the section of that name; `twin` for a twin
    /// that is started for the review.
    #[arg(long, value_name = "NAME", default_value = stage::TWIN)]
    target: String,
    /// A report to write: text, json, junit, sarif, markdown, html, github, or evidence to judge again; `-` for
    /// stdout.
    #[arg(long, value_name = "KIND=FILE")]
    report: Vec<Report>,
    /// Say what would be asked, carried out and changed, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Review an organisation that callers are in; the Data Actions that the plan names are carried out there, and calls
    /// that were left open are ended if the plan says so.
    #[arg(long)]
    touch_production: bool,
    /// Hand the evidence in to the server, which judges it itself, keeps it, and tells the owner when the launch is kept
    /// back. A server that cannot be reached changes nothing about the verdict.
    #[arg(long)]
    submit: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(begin::Init),
    Verify(verify::Verify),
    Recover(Recover),
}

/// Runs it.
pub(crate) fn run(review: &Review, global: &Global) -> Ended {
    match &review.command {
        Some(Command::Init(init)) => block_on(begin::run(init, global)),
        Some(Command::Verify(verify)) => verify::run(verify, global),
        Some(Command::Recover(recover)) => recover::run(recover, global),
        None => block_on(run::run(review, global)),
    }
}
