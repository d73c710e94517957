//! Every check and every test, in the order in which they fail fastest.

use clap::Args;

use crate::shell::{self, Error};
use crate::{corpus, sdk, tools};

/// Runs every check and every test.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Install nothing: a missing program is an error.
    #[arg(long)]
    no_install: bool,
}

/// Runs them all; the first that fails ends the run.
pub(crate) fn run(test: &Test) -> Result<(), Error> {
    tools::ensure(&tools::FOR_TESTS, !test.no_install)?;
    tools::ensure_packages(tools::BROWSER_TESTS, !test.no_install)?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    // The journeys run the real binary: it is built once, before they ask for it.
    cargo(&["build", "--locked", "--bin", "steadyline"])?;
    cargo(&["test", "--workspace", "--locked"])?;
    corpus()?;
    sdk::run(&sdk::Sdk { write: false, no_install: test.no_install })?;
    python("tests/api", "test_contract", !test.no_install)?;
    guides(!test.no_install)?;
    browser()?;
    loom()
}

/// Flows that others have published, where there are any: they are no part of the project.
fn corpus() -> Result<(), Error> {
    let folder = shell::root().join("../shared/flows");
    if !folder.exists() {
        eprintln!("▸ no corpus of flows at {}: `cargo xtask corpus DIR` reads one", folder.display());
        return Ok(());
    }
    corpus::run(&corpus::Corpus::in_folder(folder))
}

/// Snippets of guides that others have written, where there are any: they are no part of the project.
fn guides(may_install: bool) -> Result<(), Error> {
    let folder = shell::root().join("../shared/guides");
    if !folder.exists() {
        eprintln!("▸ no guides at {}", folder.display());
        return Ok(());
    }
    python("tests/guides", "test_guides", may_install)
}

/// A suite in Python against the real binary.
fn python(folder: &str, module: &str, may_install: bool) -> Result<(), Error> {
    let python = tools::ensure_python(may_install)?;
    let binary = shell::built(&["-p", "cli", "--bin", "steadyline"])?;
    let mut command = shell::command(&python.to_string_lossy(), &["-m", "unittest", "-q", module]);
    command.current_dir(shell::root().join(folder)).env("STEADYLINE", binary);
    shell::run(command)
}

fn cargo(args: &[&str]) -> Result<(), Error> {
    shell::run(shell::command("cargo", args))
}

/// The console in a real browser, over a preview with made-up data.
fn browser() -> Result<(), Error> {
    let preview = shell::built(&["-p", "server", "--example", "preview"])?;
    let mut command = shell::command("npm", &["test", "--silent"]);
    command.current_dir(shell::root().join(tools::BROWSER_TESTS)).env("STEADYLINE_PREVIEW", preview);
    shell::run(command)
}

/// Every interleaving of calls, probes and timer around one breaker. Loom's atomics replace the real ones in the
/// whole build, so it has a target folder of its own; release, because it explores millions of steps.
fn loom() -> Result<(), Error> {
    let args = ["test", "--locked", "--release", "-p", "degrade", "--test", "loom", "--target-dir", "target/loom"];
    let mut command = shell::command("cargo", &args);
    command.env("RUSTFLAGS", "--cfg loom").env("LOOM_MAX_PREEMPTIONS", "3");
    shell::run(command)
}
