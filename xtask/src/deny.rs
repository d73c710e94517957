//! Licences, bans and sources of all dependencies.

use crate::shell::{self, Error};

/// Runs `cargo deny` over everything; installs it first where it is missing.
pub(crate) fn run() -> Result<(), Error> {
    if shell::output(shell::command("cargo", &["deny", "--version"])).is_err() {
        eprintln!("missing: cargo-deny; installing it");
        shell::run(shell::command("cargo", &["install", "--locked", "cargo-deny"]))?;
    }
    shell::run(shell::command("cargo", &["deny", "check", "licenses", "bans", "sources"]))
}
