//! What is stored: plain rows, without meaning beyond their names.
//!
//! Instants are kept to the millisecond. Fields that end in JSON text belong to the engine, which
//! puts a format version into each of them; the store neither reads nor changes them.

use jiff::Timestamp;

/// How bad an incident is for callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Callers are lost or will be soon.
    Critical,
    /// Callers are served with less.
    Error,
    /// Worth a look in the morning.
    Warning,
    /// For the record.
    Info,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentState {
    /// Nobody has taken it yet.
    Open,
    /// Somebody has.
    Acknowledged,
    /// Over.
    Resolved,
}

/// One incident, without its timeline and letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Unique; in the order of time.
    pub id: String,
    /// What it is about; at most one live incident has the same.
    pub key: String,
    /// The key that receivers use to recognise the incident.
    pub dedup_key: String,
    /// One sentence.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: IncidentState,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended; present exactly when it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// The rest of what the engine must know to go on after a restart; JSON.
    pub detail: String,
}

/// One line of an incident's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineLine {
    /// Which incident.
    pub incident_id: String,
    /// Position in the story, from 1.
    pub n: u32,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: String,
}

/// What a letter tells its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something is wrong.
    Trigger,
    /// Somebody has taken it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// To be sent, or to be sent again.
    Pending,
    /// The receiver confirmed it.
    Delivered,
    /// Given up.
    Failed,
}

/// One message to one receiver, in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Unique, and the same in every attempt: receivers may drop repetitions by it.
    pub id: String,
    /// Order in which letters were written, unique, from 1.
    pub seq: u64,
    /// The incident it is about.
    pub incident_id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// What it says.
    pub action: Action,
    /// The incident's key at the receiver.
    pub dedup_key: String,
    /// The content, fixed when the letter was written; JSON.
    pub body: String,
    /// Where it stands.
    pub state: LetterState,
    /// Finished attempts.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// Not to be tried before.
    pub due_at: Timestamp,
    /// When it arrived; present exactly when it is delivered.
    pub delivered_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// One event that the engine handled, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Position, from 1. A missing number is an entry that was lost before it could be written.
    pub seq: u64,
    /// When it was handled.
    pub at: Timestamp,
    /// Version of the two JSON formats.
    pub version: u32,
    /// What happened; JSON.
    pub event: String,
    /// What was decided; JSON.
    pub effects: String,
}

/// An incident with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRecord {
    /// The incident.
    pub incident: Incident,
    /// Its story, in order.
    pub timeline: Vec<TimelineLine>,
    /// The letters about it, in the order in which they were written.
    pub letters: Vec<Letter>,
}

/// Something that the engine keeps in its latest form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What kind of thing.
    pub kind: String,
    /// Which one of its kind.
    pub id: String,
    /// When it became so.
    pub at: Timestamp,
    /// What it is; JSON.
    pub body: String,
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Unique; an entry that is written again under the same id is kept once.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, in a word.
    pub what: String,
    /// The rest; JSON.
    pub body: String,
}

/// An audit entry and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Position, from 1.
    pub seq: u64,
    /// The entry.
    pub entry: AuditEntry,
}

/// Minutes that came together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Position, from 1.
    pub seq: u64,
    /// Which minutes of what; JSON.
    pub body: String,
}

/// A block of minutes of one objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedBlock {
    /// Whose.
    pub objective: String,
    /// Which block.
    pub block: i64,
    /// The minutes, in the engine's form.
    pub body: Vec<u8>,
}

/// Blocks of one objective in a row, in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountedRun {
    /// Each block, and where its minutes end in `bodies`; they begin where those of the one before it end.
    ends: Vec<(i64, usize)>,
    bodies: Vec<u8>,
}

impl CountedRun {
    /// Blocks with these lengths, whose minutes follow each other; `None` when that cannot be.
    pub(crate) fn new(blocks: impl IntoIterator<Item = (i64, usize)>, bodies: Vec<u8>) -> Option<Self> {
        let (mut ends, mut end) = (Vec::new(), 0usize);
        for (block, length) in blocks {
            end = end.checked_add(length)?;
            ends.push((block, end));
        }
        (end == bodies.len()).then_some(Self { ends, bodies })
    }

    /// How many blocks there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of the last block.
    pub fn last(&self) -> Option<i64> {
        self.ends.last().map(|(block, _)| *block)
    }

    /// Each block and its minutes, in the engine's form.
    pub fn blocks(&self) -> impl Iterator<Item = (i64, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        self.ends.iter().zip(starts).map(|((block, end), start)| (*block, &self.bodies[start..*end]))
    }
}

/// Counted minutes that are put into their blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The blocks, as they are now.
    pub blocks: Vec<CountedBlock>,
    /// Everything that was counted up to this position is in them.
    pub up_to: u64,
}

/// The right to do something alone, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What for.
    pub name: String,
    /// Who has it; unique to a process and its start.
    pub holder: String,
    /// Grows whenever it is taken anew and never goes back: what was begun under a smaller one is not written any more.
    pub fence: u64,
    /// Until when, unless it is prolonged.
    pub until: Timestamp,
}

/// What one transaction writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Incidents as they are now.
    pub incidents: Vec<Incident>,
    /// New lines of their stories.
    pub timeline: Vec<TimelineLine>,
    /// Letters as they are now.
    pub letters: Vec<Letter>,
    /// New journal entries, in order.
    pub journal: Vec<JournalEntry>,
    /// Documents as they are now.
    pub documents: Vec<Document>,
    /// New audit entries, in order.
    pub audit: Vec<AuditEntry>,
    /// Minutes that were counted.
    pub counted: Vec<Counted>,
    /// Counted minutes that become blocks; after those of this change were added.
    pub fold: Option<Fold>,
    /// Nothing is written unless this lease, by its name and fence, is the latest of its name.
    pub under: Option<(String, u64)>,
}

impl Change {
    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The words for a closed set of values, in the database and nowhere else.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every value with its word.
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
    }
}

impl Word for Severity {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Critical, "critical"), (Self::Error, "error"), (Self::Warning, "warning"), (Self::Info, "info")];
}

impl Word for IncidentState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Open, "open"), (Self::Acknowledged, "acknowledged"), (Self::Resolved, "resolved")];
}

impl Word for Action {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Trigger, "trigger"), (Self::Acknowledge, "acknowledge"), (Self::Resolve, "resolve")];
}

impl Word for LetterState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Pending, "pending"), (Self::Delivered, "delivered"), (Self::Failed, "failed")];
}
