//! Budgets live: sources in, the book's decisions, modes and pages out.
//!
//! Once a minute every source is read, the book takes a step, and what follows is told: alerts become incidents, modes
//! go to whoever obeys them, minutes and documents to the store. The book itself is pure; a backtest runs the same one.
//!
//! - A source that does not answer is asked again no sooner than it wishes, and never more than once a minute. What it
//!   has not told is missing; nothing is made up. What it cannot tell of one objective keeps none of the others waiting.
//! - What people agree on counts once it is kept. While the store does not work, nothing is approved.
//! - Counts do not wait for the store. The entries that it has not taken are bounded ([`COUNTED_WAITING_MAX`]); the minutes
//!   of one that is dropped are written with their blocks. Lines of the audit are bounded, too ([`AUDIT_WAITING_MAX`]):
//!   one that is dropped is told as a lost record.

mod counts;
mod handle;
mod happened;
mod keeping;
mod run;
pub mod source;
mod state;
mod stored;
pub mod table;
mod touched;
mod views;
mod wire;
mod wish;
pub mod words;

use std::sync::Arc;

use budget::book::Policy;
use clock::Clock;
use store::{Store, StoreError};

pub use handle::{ActError, Budgets, DefineError, PUSHED_MAX, Steps, defined};
pub use happened::{HAPPENED_MAX, Happened};
pub use source::{Source, SourceError};
pub use state::Hold;
pub use stored::{STORED_MAX, StoredCount, StoredError, requests, stored};

use crate::Sender;

/// Entries of counted minutes that may wait for the store: eight hours of them.
pub const COUNTED_WAITING_MAX: usize = 480;
/// Lines of the audit that may wait for the store: a year of them.
pub const AUDIT_WAITING_MAX: usize = 10_000;
/// Entries of counted minutes that are kept one by one before they are folded into blocks.
const FOLD_AFTER: u64 = 256;
/// Gate decisions that are remembered, so that asking again gets the same one.
const DECISIONS_MAX: usize = 1_000;

/// What budgets are started with.
pub struct Setup {
    /// The objectives, the flows that obey them, and the gate.
    pub policy: Policy,
    /// The kind of source of each objective, in the policy's order.
    pub kinds: Vec<String>,
    /// Routes of the gateway that each flow does without from TRIM on, in the policy's order.
    pub enrichment: Vec<Vec<String>>,
    /// Who is asked once a minute.
    pub sources: Vec<Arc<dyn Source>>,
    /// Where things are kept.
    pub store: Arc<dyn Store>,
    /// Who makes incidents of alerts.
    pub incidents: Sender,
    /// The time.
    pub clock: Clock,
}

/// Why budgets do not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was kept cannot be read.
    #[error("load budgets from the store")]
    Store(#[from] StoreError),
    /// What was kept is not understood.
    #[error("load {what} from the store: {why}")]
    Format {
        /// Which thing.
        what: String,
        /// Why.
        why: String,
    },
}
