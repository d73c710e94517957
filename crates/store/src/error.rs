//! How a store fails, and what to do then.

use std::error::Error;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another connection holds the write lock, or every connection is busy.
    #[error("get the write lock of the store in time")]
    Locked,
    /// Another process has this store open.
    #[error("open the store: another process has it open")]
    Held,
    /// No room on the disk.
    #[error("write to the store: the disk is full")]
    Full,
    /// What is stored is not what was written.
    #[error("read the store: {0}")]
    Corrupt(String),
    /// The store was written by a newer program.
    #[error("open the store: it has schema version {found}, this program knows up to {known}")]
    TooNew {
        /// Schema version in the file.
        found: i64,
        /// The latest one this program knows.
        known: i64,
    },
    /// Somebody else has taken the lease under which the change was made.
    #[error("commit under the lease `{0}`: somebody else has taken it")]
    Fenced(String),
    /// The change breaks a rule of the store: a defect of the caller.
    #[error("commit a change that breaks a rule of the store: {0}")]
    Refused(String),
    /// Anything else: the file is missing, the medium fails, permission is missing.
    #[error("use the store")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// What to do next, as a sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Locked => "Wait; if it lasts, find the program that holds the database file open.",
            Self::Held => "Stop the other Steadyline process, or give this one a store of its own.",
            Self::Full => "Free some space on the disk of the store; what is waiting in memory is then written.",
            Self::Corrupt(_) => "Keep a copy of the file for analysis and restore the latest backup.",
            Self::TooNew { .. } => "Start the version of Steadyline that wrote this store, or a newer one.",
            Self::Fenced(_) => "Nothing: whoever has the lease goes on with what was begun.",
            Self::Refused(_) => "Report this with the journal: it is a defect of Steadyline.",
            Self::Other(_) => "Check that the path of the store exists and may be written.",
        }
    }

    /// True when trying again later can help without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Locked)
    }
}
