//! `steadyline shim`: the command `genesys` of the guides, for pipelines that call it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use api::Exit;
use clap::{Args, Subcommand};
use miette::Report;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, output};

/// What is written.
const SCRIPT: &str = include_str!("genesys.sh");
/// The line by which a script of ours is known, whatever version has written it.
const MARK: &str = "# Written by `steadyline shim install`.";
/// Its name.
const NAME: &str = "genesys";
/// Everybody may run it.
const MODE: u32 = 0o755;

/// Lets pipelines that call `genesys` run as they are.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline shim install --dir /usr/local/bin")]
pub(crate) enum Shim {
    Install(Install),
}

/// Writes a small script named `genesys` that calls steadyline for the verbs of the guides.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline shim install --dir ./bin && export PATH=\"$PWD/bin:$PATH\"")]
pub(crate) struct Install {
    /// Where to write it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Write over a file of this name that is somebody else's.
    #[arg(long)]
    force: bool,
}

/// Runs one of them.
pub(crate) fn run(shim: &Shim, global: &Global) -> Ended {
    match shim {
        Shim::Install(install) => installed(install, global),
    }
}

fn installed(args: &Install, global: &Global) -> Ended {
    let path = args.dir.join(NAME);
    fs::create_dir_all(&args.dir).map_err(|error| unwritable(&path, error))?;
    let is_foreign = match fs::read(&path) {
        Ok(bytes) => !String::from_utf8_lossy(&bytes).lines().any(|line| line == MARK),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(unwritable(&path, error)),
    };
    if is_foreign && !args.force {
        let message = format!("{} is there, and it is not ours", path.display());
        let hint = "name another folder with `--dir`, or write over it with `--force`";
        return Err(Failure::new(Exit::Usage, message, hint).into());
    }
    write(&path, &args.dir).map_err(|error| unwritable(&path, error))?;
    match global.format {
        Format::Json => output::json(&json!({ "written": path.display().to_string() })),
        Format::Text => output::line(format_args!("wrote {}", path.display())),
    }
    Ok(Exit::Done)
}

/// Written beside it and put in its place, so that nobody runs half of it.
fn write(path: &Path, dir: &Path) -> std::io::Result<()> {
    let beside = NamedTempFile::new_in(dir)?;
    // A temporary file is its owner's alone: its content goes into one that everybody may run.
    let name = beside.into_temp_path();
    fs::remove_file(&name)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&name)?;
    file.write_all(SCRIPT.as_bytes())?;
    file.sync_all()?;
    drop(file);
    name.persist(path).map_err(|error| error.error)
}

fn unwritable(path: &Path, error: std::io::Error) -> Report {
    let message = format!("{} cannot be written", path.display());
    Failure::new(Exit::Usage, message, "name a folder that can be written with `--dir`").because(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_known_as_ours() {
        assert!(SCRIPT.starts_with("#!/bin/sh\n") && SCRIPT.lines().any(|line| line == MARK));
    }
}
