//! What happened, in an order that can be gone through again.
//!
//! Every event that was handled stands in the journal with everything that was decided. [`replay`]
//! runs the events through the same decisions and compares: a journal that does not lead to the same
//! states and effects shows a decision that depended on something it was not told.
//!
//! Sentences are part of what is compared: whoever changes one changes what was decided, and raises
//! [`VERSION`] once a release has written the old one.
//!
//! A [`Record::Checkpoint`] holds the policy and the whole state. One is written at every start, and
//! one in place of entries that had to be given up while the store was out of reach.

mod wire;

use store::JournalEntry;

use crate::delivery::{self, Attempt, Verdict};
use crate::incident::{self, Effect, Event, Incidents};

pub(crate) use wire::{detail_of, incident_of};

/// Version of the stored form of an entry.
pub const VERSION: u32 = 1;

/// One thing that was handled.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// From here on with this policy and this state.
    Checkpoint {
        /// Policy of the incident decision.
        incidents: incident::Policy,
        /// Policy of the delivery decision.
        delivery: delivery::Policy,
        /// What was live.
        state: Incidents,
    },
    /// An event of the incident room.
    Incident {
        /// What happened.
        event: Event,
        /// What was decided.
        effects: Vec<Effect>,
    },
    /// A finished attempt to deliver a letter.
    Delivery {
        /// The letter's id.
        letter: String,
        /// The attempt.
        attempt: Attempt,
        /// What was decided.
        verdict: Verdict,
    },
}

/// Why something stored cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Written by a later program.
    #[error("read a stored record of version {0}: this program is older")]
    Version(u32),
    /// Not what it should be.
    #[error("read a stored record")]
    Json(#[from] serde_json::Error),
    /// Well-formed, and without meaning.
    #[error("read a stored record: {0}")]
    Meaning(String),
}

/// Why a journal does not lead where it says.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An entry cannot be read.
    #[error("read journal entry {seq}")]
    Format {
        /// Which entry.
        seq: u64,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// An entry before any checkpoint.
    #[error("replay journal entry {seq}: no checkpoint before it")]
    NoCheckpoint {
        /// Which entry.
        seq: u64,
    },
    /// The same event leads elsewhere.
    #[error("replay journal entry {seq}: recorded {recorded}, decided now {decided}")]
    Diverged {
        /// Which entry.
        seq: u64,
        /// What the journal says.
        recorded: String,
        /// What the decision says now.
        decided: String,
    },
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// What is live at the end.
    pub state: Incidents,
    /// Entries gone through.
    pub entries: u64,
    /// Entries that are missing because they were lost before they could be written.
    pub lost: u64,
}

/// The stored form of a record: event and effects, both JSON of [`VERSION`].
pub fn encode(record: &Record) -> (String, String) {
    wire::encode(record)
}

/// Reads a stored record.
///
/// # Errors
/// When it is of a later version or not what it should be.
pub fn decode(entry: &JournalEntry) -> Result<Record, FormatError> {
    if entry.version != VERSION {
        return Err(FormatError::Version(entry.version));
    }
    wire::decode(&entry.event, &entry.effects)
}

/// Goes through a journal again, from its first entry.
///
/// # Errors
/// At the first entry that cannot be read or that leads elsewhere.
pub fn replay<'a>(entries: impl IntoIterator<Item = &'a JournalEntry>) -> Result<Replayed, ReplayError> {
    let mut replayed = Replayed::default();
    let mut policies = None;
    let mut last = 0;
    for entry in entries {
        let seq = entry.seq;
        let record = decode(entry).map_err(|source| ReplayError::Format { seq, source })?;
        let missing = seq.saturating_sub(last + 1);
        match record {
            Record::Checkpoint { incidents, delivery, state } => {
                let is_continued = policies.is_some() && missing == 0;
                if is_continued {
                    same(seq, &state.live, &replayed.state.live)?;
                }
                replayed.state = state;
                policies = Some((incidents, delivery));
            }
            Record::Incident { event, effects } => {
                let Some((policy, _)) = policies.as_ref().filter(|_| missing == 0) else {
                    return Err(ReplayError::NoCheckpoint { seq });
                };
                let now = base::Now { mono: base::Mono::ZERO, wall: entry.at };
                let (state, decided) = incident::step(std::mem::take(&mut replayed.state), policy, event, now);
                same(seq, &effects, &decided.into_iter().collect::<Vec<_>>())?;
                replayed.state = state;
            }
            Record::Delivery { attempt, verdict, .. } => {
                let Some((_, policy)) = policies.as_ref().filter(|_| missing == 0) else {
                    return Err(ReplayError::NoCheckpoint { seq });
                };
                same(seq, &verdict, &delivery::decide(policy, &attempt))?;
            }
        }
        replayed.entries += 1;
        replayed.lost += missing;
        last = seq;
    }
    Ok(replayed)
}

fn same<T: PartialEq + std::fmt::Debug>(seq: u64, recorded: &T, decided: &T) -> Result<(), ReplayError> {
    if recorded == decided {
        return Ok(());
    }
    Err(ReplayError::Diverged { seq, recorded: format!("{recorded:?}"), decided: format!("{decided:?}") })
}
