//! Files that hold experiments.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use api::Exit;
use config::EXPERIMENT_BYTES_MAX;
use miette::{IntoDiagnostic as _, Report};

use crate::failure::Failure;
use crate::settings;

/// No folder holds more files to look at.
const FILES_MAX: usize = 1_000;

/// Names and texts: of each file that was named, and of those in named folders that say that they hold an experiment.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Report> {
    let mut sources = Vec::new();
    for path in paths {
        if settings::is_stdin(path) {
            sources.push(("stdin".to_owned(), bounded(io::stdin()).into_diagnostic()?));
        } else if path.is_dir() {
            for path in inside(path)? {
                let text = text(&path)?;
                if config::holds_experiment(&text) {
                    sources.push((path.display().to_string(), text));
                }
            }
        } else {
            sources.push((path.display().to_string(), text(path)?));
        }
    }
    Ok(sources)
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, Report> {
    let refused = |message: String, hint: &str| Report::from(Failure::new(Exit::Usage, message, hint));
    let entries = fs::read_dir(folder).map_err(|error| {
        refused(format!("{} cannot be read: {error}", folder.display()), "check the path and its permissions")
    })?;
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_yaml).filter(|path| path.is_file()).collect();
    if FILES_MAX < files.len() {
        let message = format!("{} holds more than {FILES_MAX} files", folder.display());
        return Err(refused(message, "name the files, or put them into several folders"));
    }
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> Result<String, Report> {
    File::open(path).and_then(bounded).map_err(|error| {
        let message = format!("{} cannot be read", path.display());
        Failure::new(Exit::Usage, message, "check the path, and who may read it").because(error).into()
    })
}

/// One byte more than may be read is enough to see that there are too many.
fn bounded(source: impl io::Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(EXPERIMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
