//! Ours beside its peers; see benches/README.md.

use clap::Args;

use crate::shell::{self, Error};
use crate::tools;

/// Measures the gateway beside nginx and HAProxy, which are installed where they are missing.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Install nothing: a missing program is an error.
    #[arg(long)]
    no_install: bool,
    /// Passed on: cases and options; `-- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds the binary as it is released, and measures it.
pub(crate) fn run(bench: &Bench) -> Result<(), Error> {
    tools::ensure(&tools::FOR_BENCHES, !bench.no_install)?;
    let binary = shell::built(&["--release", "--bin", "steadyline"])?;
    let mut command =
        shell::command("cargo", &["run", "--release", "--locked", "--quiet", "-p", "benches", "--bin", "peers", "--"]);
    command.args(&bench.args).env("STEADYLINE", binary);
    shell::run(command)
}

/// Measures the guard beside other rules, on simulated releases.
#[derive(Debug, Args)]
pub(crate) struct GuardBench {
    /// Passed on: sizes, seed and files; `-- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds it as it is released, and measures.
pub(crate) fn guard(bench: &GuardBench) -> Result<(), Error> {
    let mut command =
        shell::command("cargo", &["run", "--release", "--locked", "--quiet", "-p", "benches", "--bin", "guard", "--"]);
    command.args(&bench.args);
    shell::run(command)
}
