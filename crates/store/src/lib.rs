//! What must survive a crash: incidents, the letters about them, the journal, counted minutes, and what people agreed on.
//!
//! One trait, [`Store`], and two implementations that pass the same suite: [`Sqlite`] for real use
//! and [`Simulated`] for tests, which fails on request. Rules that both keep:
//!
//! - [`Store::commit`] is one transaction: an incident, its letters and the journal entry that
//!   explains them are all there or all missing.
//! - A commit may be repeated. After an answer that did not arrive, the caller sends the same change
//!   again, and nothing happens twice.
//! - The journal only grows. The same sequence number with other content is refused.
//! - At most one live incident per key.
//! - A change that is made under a lease is written only while nobody else has taken it.
//! - Every list has a named page size.
//!
//! The engine is the only caller that writes; an open SQLite store holds a lock so that a second
//! process cannot. For that reason letters need no claims: what one engine reads as pending, nobody
//! else is sending.

mod error;
mod record;
mod simulated;
mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use error::StoreError;
pub use record::{
    Action, AuditEntry, AuditRecord, Change, Counted, CountedBlock, CountedRun, Document, Fold, Incident,
    IncidentRecord, IncidentState, JournalEntry, Lease, Letter, LetterState, Severity, TimelineLine,
};
pub use simulated::{Fault, Simulated};
pub use sqlite::Sqlite;

/// The most incidents one call returns.
pub const INCIDENTS_PAGE: usize = 100;
/// The most letters one call returns.
pub const LETTERS_PAGE: usize = 200;
/// The most journal entries one call returns.
pub const JOURNAL_PAGE: usize = 500;
/// The most documents one call returns.
pub const DOCUMENTS_PAGE: usize = 500;
/// The most audit entries one call returns.
pub const AUDIT_PAGE: usize = 200;
/// The most entries of counted minutes one call returns.
pub const COUNTED_PAGE: usize = 64;
/// The most blocks of minutes one call returns.
pub const BLOCKS_PAGE: usize = 1_024;

/// Durable state of one controller.
///
/// Every method may fail with any [`StoreError`]; the error says what to do about it. A failed
/// [`commit`](Store::commit) or [`check`](Store::check) has changed nothing, or has changed
/// everything and lost the answer; repeating it is right in both cases.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes everything in `change`, in one transaction.
    ///
    /// Incidents and letters replace the row with the same id; timeline lines and journal entries
    /// that are already there stay as they are.
    async fn commit(&self, change: &Change) -> Result<(), StoreError>;

    /// Proves that writing works, by writing.
    async fn check(&self, at: Timestamp) -> Result<(), StoreError>;

    /// Live incidents in the order of their ids, after the id `after`; at most [`INCIDENTS_PAGE`].
    async fn live_incidents(&self, after: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError>;

    /// Resolved incidents, latest id first, before the id `before`; at most [`INCIDENTS_PAGE`].
    async fn resolved_incidents(&self, before: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError>;

    /// One incident with its timeline and letters; `None` when there is none of that id.
    async fn incident(&self, id: &str) -> Result<Option<IncidentRecord>, StoreError>;

    /// Letters still to be delivered to `receiver`, in the order in which they were written, with a
    /// sequence number above `after`; at most [`LETTERS_PAGE`].
    async fn pending_letters(&self, receiver: &str, after: u64) -> Result<Vec<Letter>, StoreError>;

    /// The receivers that have pending letters, in the order of their names; at most [`LETTERS_PAGE`].
    async fn pending_receivers(&self) -> Result<Vec<String>, StoreError>;

    /// The highest sequence number of any letter; zero when there is none.
    async fn letters_head(&self) -> Result<u64, StoreError>;

    /// Journal entries above `after`, in order; at most [`JOURNAL_PAGE`].
    async fn journal(&self, after: u64) -> Result<Vec<JournalEntry>, StoreError>;

    /// The highest sequence number in the journal; zero when it is empty.
    async fn journal_head(&self) -> Result<u64, StoreError>;

    /// Documents of a kind in the order of their ids, after the id `after`; at most [`DOCUMENTS_PAGE`].
    async fn documents(&self, kind: &str, after: Option<&str>) -> Result<Vec<Document>, StoreError>;

    /// Audit entries below `before`, the latest first; at most [`AUDIT_PAGE`].
    async fn audit(&self, before: Option<u64>) -> Result<Vec<AuditRecord>, StoreError>;

    /// What was counted after the position `after` and is in no block yet, in order; at most [`COUNTED_PAGE`].
    async fn counted(&self, after: u64) -> Result<Vec<Counted>, StoreError>;

    /// Blocks of an objective from the block `from` on, in order; at most [`BLOCKS_PAGE`].
    async fn counted_blocks(&self, objective: &str, from: i64) -> Result<Vec<CountedBlock>, StoreError>;

    /// The same blocks in one piece, for whoever reads those of many objectives; at most [`BLOCKS_PAGE`].
    async fn counted_run(&self, objective: &str, from: i64) -> Result<CountedRun, StoreError>;

    /// Takes a lease for so long, or prolongs one's own; `None` while somebody else has it.
    ///
    /// The fence grows when it changes hands, and when it had run out. `now` is the time of whoever asks; a store that
    /// several machines share goes by its own. A lease that lasts longer than one that is taken now was taken by a clock
    /// that has been set back since, and is not waited for.
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError>;

    /// Gives a lease back before its time. One that somebody else has taken since stays theirs.
    async fn give_back_lease(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError>;
}
