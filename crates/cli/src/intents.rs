//! What this machine is about to lock in an organisation, kept in a small file before it is done.
//!
//! A run that is killed cannot give its lock back, and the platform's locks never end. So each lock has a file in the
//! state folder, written before the lock is taken and removed after it was given back. While the run lives it holds the
//! file's own lock, which the operating system drops with the process: a file that can be locked is left from a run that
//! is over.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use api::Exit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::settings::{Global, env};

/// The folder for state beside the configuration.
const FOLDER: &str = ".steadyline";
/// The folder for locks in it.
const LOCKS: &str = "locks";
/// How often a file is opened anew that another run has just removed.
const OPENS_MAX: u32 = 10;
/// The most files that are looked at; more is no folder of ours.
const FILES_MAX: usize = 10_000;

/// A lock that is about to be taken, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intent {
    /// The target's name.
    pub(crate) target: String,
    /// The flow's id.
    pub(crate) flow: String,
    /// Its name.
    pub(crate) name: String,
    /// What it is locked for.
    pub(crate) purpose: Purpose,
    /// Since when.
    pub(crate) at: Timestamp,
}

/// What a flow is locked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Purpose {
    /// Somebody said so, and gives it back themselves.
    Keep,
    /// A publish, which gives it back when it ends.
    Publish,
}

/// Where intents are kept.
#[derive(Clone, Debug)]
pub(crate) struct Intents {
    folder: PathBuf,
}

/// An intent that is kept, for as long as this run lives.
#[derive(Debug)]
pub(crate) struct Kept {
    file: File,
    path: PathBuf,
    /// What an earlier run has left here.
    pub(crate) left: Option<Intent>,
}

/// What was found in the folder.
#[derive(Debug)]
pub(crate) enum Found {
    /// A run that lives works on it.
    Running(PathBuf),
    /// Left from a run that is over.
    Left(Intent, Kept),
    /// No intent can be read in it.
    Unreadable(PathBuf),
}

impl Intents {
    /// The folder that the environment names, or the one beside the configuration.
    pub(crate) fn of(global: &Global) -> Self {
        let named = std::env::var_os(env::STATE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let beside = || {
            let file = global.config_file();
            let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
            folder.join(FOLDER)
        };
        Self { folder: named.unwrap_or_else(beside).join(LOCKS) }
    }

    /// Keeps an intent before it is carried out.
    ///
    /// # Errors
    /// Held while another run of this machine works on the same flow; a usage error when the folder cannot be written.
    pub(crate) fn keep(&self, intent: &Intent) -> Result<Kept, Failure> {
        fs::create_dir_all(&self.folder).map_err(|error| self.unwritable(error))?;
        let path = self.folder.join(format!("{}.{}.json", plain(&intent.target), plain(&intent.flow)));
        let mut kept = self.take(&path)?.ok_or_else(|| {
            let message = format!("another run on this machine works on {} in {}", intent.name, intent.target);
            Failure::new(Exit::Held, message, "wait until it has ended, and try again")
        })?;
        kept.write(intent).map_err(|error| self.unwritable(error))?;
        Ok(kept)
    }

    /// Everything that is kept, in the order of the files' names.
    pub(crate) fn all(&self) -> Result<Vec<Found>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.unwritable(error)),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().take(FILES_MAX).map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            let Some(mut kept) = self.take(&path)? else {
                found.push(Found::Running(path));
                continue;
            };
            found.push(match kept.left.take() {
                Some(intent) => Found::Left(intent, kept),
                None => Found::Unreadable(path),
            });
        }
        Ok(found)
    }

    /// Opens a file and takes its lock; `None` while another run has it.
    fn take(&self, path: &Path) -> Result<Option<Kept>, Failure> {
        for _ in 0..OPENS_MAX {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
            let mut file = opened.map_err(|error| self.unwritable(error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(self.unwritable(error)),
            }
            // Another run may have removed the file after it was opened here: this one is nobody's then.
            let is_there = fs::metadata(path).ok().zip(file.metadata().ok());
            if !is_there.is_some_and(|(named, opened)| named.ino() == opened.ino() && named.dev() == opened.dev()) {
                continue;
            }
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let left = read.ok().and_then(|_| serde_json::from_str(&text).ok());
            return Ok(Some(Kept { file, path: path.to_owned(), left }));
        }
        Ok(None)
    }

    fn unwritable(&self, error: std::io::Error) -> Failure {
        let message = format!("the state folder {} cannot be used", self.folder.display());
        let hint = format!("name a folder that can be written in {}", env::STATE);
        Failure::new(Exit::Usage, message, hint).because(error)
    }
}

impl Kept {
    /// The intent has been undone or has come to its end: nothing is left to do.
    pub(crate) fn done(self) {
        // A file that stays is looked at by `flow recover`, which finds nothing to give back.
        let _removed = fs::remove_file(&self.path);
    }

    /// Written, and on the disk.
    fn write(&mut self, intent: &Intent) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(serde_json::to_string(intent)?.as_bytes())?;
        self.file.sync_all()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

/// A name that is one file's on every system.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn intent(purpose: Purpose) -> Intent {
        let (target, flow, name) = ("sandbox".into(), "f-1".into(), "Main IVR".into());
        Intent { target, flow, name, purpose, at: Timestamp::UNIX_EPOCH }
    }

    fn intents() -> (TempDir, Intents) {
        let folder = TempDir::new().unwrap();
        let intents = Intents { folder: folder.path().join(LOCKS) };
        (folder, intents)
    }

    #[test]
    fn an_intent_is_held_while_its_run_lives_and_found_after_it() {
        let (_folder, intents) = intents();
        let kept = intents.keep(&intent(Purpose::Publish)).unwrap();
        assert_eq!(intents.keep(&intent(Purpose::Publish)).unwrap_err().exit(), Exit::Held);
        assert!(matches!(intents.all().unwrap()[..], [Found::Running(_)]));
        drop(kept);
        let found = intents.all().unwrap().remove(0);
        let Found::Left(left, kept) = found else { panic!("{found:?}") };
        assert_eq!(left, intent(Purpose::Publish));
        kept.done();
        assert!(intents.all().unwrap().is_empty());
    }

    #[test]
    fn what_an_earlier_run_has_left_is_given_to_the_next() {
        let (_folder, intents) = intents();
        drop(intents.keep(&intent(Purpose::Keep)).unwrap());
        let next = intents.keep(&intent(Purpose::Publish)).unwrap();
        assert_eq!(next.left, Some(intent(Purpose::Keep)));
        next.done();
        assert_eq!(intents.keep(&intent(Purpose::Publish)).unwrap().left, None);
    }

    #[test]
    fn two_targets_have_two_files_and_names_cannot_lead_elsewhere() {
        let (folder, intents) = intents();
        let _one = intents.keep(&intent(Purpose::Publish)).unwrap();
        let _other = intents.keep(&Intent { target: "../../etc".into(), ..intent(Purpose::Publish) }).unwrap();
        let names: Vec<_> = fs::read_dir(folder.path().join(LOCKS)).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
