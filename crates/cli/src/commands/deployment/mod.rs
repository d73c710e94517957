//! `steadyline deployment`: files become flows of an organisation.

pub(crate) mod approvals;
mod approve;
mod content;
mod diff;
mod plan;
mod push;

use clap::Subcommand;

pub(crate) use content::Content;

use crate::Ended;
use crate::settings::Global;

/// Brings files with flows to an organisation.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline deployment push --target sandbox flows/")]
pub(crate) enum Deployment {
    Push(push::Push),
    Approve(approve::Approve),
    List(approve::List),
}

/// Runs one of them.
pub(crate) fn run(deployment: &Deployment, global: &Global) -> Ended {
    match deployment {
        Deployment::Push(push) => push::run(push, global),
        Deployment::Approve(approve) => approve::run(approve, global),
        Deployment::List(list) => approve::list(list, global),
    }
}
