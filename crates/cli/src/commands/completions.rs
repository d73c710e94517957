//! `steadyline completions`: what a shell needs to complete commands.

use api::Exit;
use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::{Cli, Ended, output};

/// Writes the completion script of a shell to stdout.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline completions bash > /etc/bash_completion.d/steadyline")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes it.
pub(crate) fn run(completions: &Completions) -> Ended {
    let mut script = Vec::new();
    generate(completions.shell, &mut Cli::command(), "steadyline", &mut script);
    output::raw(&script);
    Ok(Exit::Done)
}
