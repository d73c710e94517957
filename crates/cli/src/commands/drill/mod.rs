//! `steadyline drill`: does failover work?

mod check;
mod files;
mod json;
mod text;

use api::Exit;
use clap::Subcommand;

use crate::settings::Global;
use crate::{Ended, output};

/// Experiments that show whether failover works, judged before anything is broken.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline drill check examples/drills/trunk-503.yaml")]
pub(crate) enum Drill {
    Check(check::Check),
    /// Prints the JSON schema of an experiment, for editors.
    #[command(after_help = "Example:\n  steadyline drill schema > experiment.schema.json")]
    Schema,
}

/// Does what was asked.
pub(crate) fn run(drill: &Drill, global: &Global) -> Ended {
    match drill {
        Drill::Check(check) => check::run(check, global),
        Drill::Schema => {
            output::json(&config::experiment_schema());
            Ok(Exit::Done)
        }
    }
}
