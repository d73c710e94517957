//! `steadyline config`: reading, showing and explaining the configuration.

mod budget;
mod check;
mod explain;
mod keys;
mod review;
mod rollback;
mod show;
mod written;

use api::Exit;
use clap::Subcommand;

use crate::settings::Global;
use crate::{Ended, output};

/// Reads, shows and explains the configuration.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline config check --config steadyline.yaml")]
pub(crate) enum Config {
    /// Reads the configuration and names everything that is wrong with it.
    #[command(after_help = "Example:\n  steadyline config check --config - < steadyline.yaml")]
    Check,
    /// Shows the configuration that applies, defaults filled in; secrets are only named.
    #[command(after_help = "Example:\n  steadyline config show --config examples/gateway.yaml")]
    Show,
    /// Prints the JSON schema of the file, for editors.
    #[command(after_help = "Example:\n  steadyline config schema > schema.json")]
    Schema,
    /// Tells what a key does.
    #[command(after_help = "Example:\n  steadyline config explain degrade.routes.deadline")]
    Explain {
        /// The key with its sections, such as `degrade.routes.deadline`; names of routes may be left out.
        key: String,
    },
}

/// Does what was asked.
pub(crate) fn run(config: &Config, global: &Global) -> Ended {
    match config {
        Config::Check => check::run(global),
        Config::Show => show::run(global),
        Config::Schema => {
            output::json(&::config::schema());
            Ok(Exit::Done)
        }
        Config::Explain { key } => explain::run(key, global),
    }
}
