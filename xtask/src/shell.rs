//! Running other programs: named before they run, an error when they fail.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Why a chore could not be done, in words.
pub(crate) type Error = String;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program run at the root of the workspace.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs a command, showing it and its output.
pub(crate) fn run(mut command: Command) -> Result<(), Error> {
    let shown = show(&command);
    eprintln!("▸ {shown}");
    let status = command.status().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed: {status}")) }
}

/// Runs a command and returns what it printed.
pub(crate) fn output(mut command: Command) -> Result<String, Error> {
    let shown = show(&command);
    let output = command.output().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Builds one program and asks Cargo where it is, so that any target folder will do.
pub(crate) fn built(what: &[&str]) -> Result<String, Error> {
    let args = [&["build", "--locked", "--message-format", "json"], what].concat();
    let mut cargo = command("cargo", &args);
    cargo.stderr(Stdio::inherit());
    let messages = output(cargo)?;
    let built = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = built.filter_map(|message| message["executable"].as_str().map(str::to_owned));
    programs.next().ok_or_else(|| format!("cargo built no program for `{}`", what.join(" ")))
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
