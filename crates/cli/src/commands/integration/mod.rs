//! `steadyline integration`: what flows ask, before callers wait for it.

mod asked;
mod check;
mod measured;

use clap::Subcommand;

use crate::Ended;
use crate::settings::Global;

/// Knows whether what flows ask answers, and how fast.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline integration check --integration-id crm-integration")]
pub(crate) enum Integration {
    Check(check::Check),
}

/// Runs one of them.
pub(crate) fn run(integration: &Integration, global: &Global) -> Ended {
    match integration {
        Integration::Check(check) => check::run(check, global),
    }
}
