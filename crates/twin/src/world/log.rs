//! What happened in the organisation, in order: what its analytics are computed from, and what two runs are compared by.
//!
//! The hash over it is a chain: each fact is hashed together with the hash before it. So 32 bytes are all that a history
//! of any length leaves behind, and a saved organisation goes on with the hash that it had.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The most facts that are kept; the oldest go first. A day of 50 calls a minute comes to fewer.
pub(crate) const FACTS_MAX: usize = 500_000;

/// The log of an organisation.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(super) entries: VecDeque<Entry>,
    pub(super) count: u64,
    /// SHA-256 of the hash before and the last fact's line; zeros before the first.
    pub(super) chain: [u8; 32],
    pub(super) line: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) conversation: Arc<str>,
    pub(crate) fact: Fact,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A call came in and entered a flow.
    Entered(Arc<FlowRef>),
    /// It left the flow.
    Left { flow: Arc<FlowRef>, exit: &'static str, lasted: Duration, queue: Option<Arc<str>> },
    /// A Data Action was executed.
    Ran { action: Arc<ActionRef>, status: u16, error: Option<Cow<'static, str>>, took: Duration },
    /// A queue was given a call.
    Offered(Arc<str>),
    /// An agent answered it.
    Answered { queue: Arc<str>, waited: Duration },
    /// The caller hung up before.
    Abandoned { queue: Arc<str>, waited: Duration },
    /// They talked.
    Talked { queue: Arc<str>, length: Duration },
    /// A flow was launched rather than called.
    Launched(Arc<FlowRef>),
    /// A client came near its limit, or over it.
    Limited { client: Arc<str>, max: u32 },
}

/// A version of a flow, as analytics name it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlowRef {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
}

/// A Data Action, as analytics name it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActionRef {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) integration_id: String,
    pub(crate) category: String,
}

impl Log {
    pub(crate) fn add(&mut self, at: Timestamp, conversation: &Arc<str>, fact: Fact) {
        self.count += 1;
        self.line.clear();
        // Writing to a text cannot fail.
        let _ = writeln!(self.line, "{} {conversation} {fact:?}", at.as_millisecond());
        self.chain = Sha256::new().chain_update(self.chain).chain_update(self.line.as_bytes()).finalize().into();
        if self.entries.len() >= FACTS_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at, conversation: Arc::clone(conversation), fact });
    }

    /// What happened from `from` until before `until`, oldest first.
    pub(crate) fn between(&self, from: Timestamp, until: Timestamp) -> impl DoubleEndedIterator<Item = &Entry> {
        let first = self.entries.partition_point(|entry| entry.at < from);
        let last = self.entries.partition_point(|entry| entry.at < until);
        self.entries.range(first..last.max(first))
    }

    /// How many facts there were, kept or not.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The chain's hash over every fact so far, in hexadecimal: the same for the same history.
    pub(crate) fn hash(&self) -> String {
        self.chain.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
