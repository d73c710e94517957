//! From rows to records, and from SQLite's failures to ours.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqliteRow;

use super::MIGRATIONS;
use crate::record::Word;
use crate::{
    AuditEntry, AuditRecord, Counted, CountedBlock, CountedRun, Document, Incident, JournalEntry, Letter, StoreError,
    TimelineLine,
};

pub(super) fn incident(row: &SqliteRow) -> Result<Incident, StoreError> {
    Ok(Incident {
        id: row.try_get("id")?,
        key: row.try_get("key")?,
        dedup_key: row.try_get("dedup_key")?,
        title: row.try_get("title")?,
        severity: word(row, "severity")?,
        state: word(row, "state")?,
        opened_at: instant(row, "opened_ms")?,
        resolved_at: instant_maybe(row, "resolved_ms")?,
        acknowledged_by: row.try_get("acknowledged_by")?,
        detail: row.try_get("detail")?,
    })
}

pub(super) fn line(row: &SqliteRow) -> Result<TimelineLine, StoreError> {
    Ok(TimelineLine {
        incident_id: row.try_get("incident_id")?,
        n: row.try_get("n")?,
        at: instant(row, "at_ms")?,
        what: row.try_get("what")?,
    })
}

pub(super) fn letter(row: &SqliteRow) -> Result<Letter, StoreError> {
    Ok(Letter {
        id: row.try_get("id")?,
        seq: unsigned(row, "seq")?,
        incident_id: row.try_get("incident_id")?,
        receiver: row.try_get("receiver")?,
        action: word(row, "action")?,
        dedup_key: row.try_get("dedup_key")?,
        body: row.try_get("body")?,
        state: word(row, "state")?,
        attempts: row.try_get("attempts")?,
        created_at: instant(row, "created_ms")?,
        due_at: instant(row, "due_ms")?,
        delivered_at: instant_maybe(row, "delivered_ms")?,
        last_error: row.try_get("last_error")?,
    })
}

pub(super) fn document(row: &SqliteRow) -> Result<Document, StoreError> {
    Ok(Document {
        kind: row.try_get("kind")?,
        id: row.try_get("id")?,
        at: instant(row, "at_ms")?,
        body: row.try_get("body")?,
    })
}

pub(super) fn audited(row: &SqliteRow) -> Result<AuditRecord, StoreError> {
    let entry = AuditEntry {
        id: row.try_get("id")?,
        at: instant(row, "at_ms")?,
        who: row.try_get("who")?,
        what: row.try_get("what")?,
        body: row.try_get("body")?,
    };
    Ok(AuditRecord { seq: unsigned(row, "seq")?, entry })
}

pub(super) fn counted(row: &SqliteRow) -> Result<Counted, StoreError> {
    Ok(Counted { seq: unsigned(row, "seq")?, body: row.try_get("body")? })
}

pub(super) fn block(row: &SqliteRow) -> Result<CountedBlock, StoreError> {
    Ok(CountedBlock { objective: row.try_get("objective")?, block: row.try_get("block")?, body: row.try_get("body")? })
}

pub(super) fn run(row: &SqliteRow) -> Result<CountedRun, StoreError> {
    let (blocks, lengths): (&str, &str) = (row.try_get("blocks")?, row.try_get("lengths")?);
    let (blocks, lengths) = (numbers::<i64>(blocks)?, numbers::<usize>(lengths)?);
    let run = CountedRun::new(blocks.into_iter().zip(lengths), row.try_get("bodies")?);
    run.ok_or_else(|| StoreError::Corrupt("blocks are not as long as they say".to_owned()))
}

fn numbers<T: std::str::FromStr>(list: &str) -> Result<Vec<T>, StoreError> {
    let number = |text: &str| text.parse().map_err(|_| StoreError::Corrupt(format!("{text:?} is no number")));
    list.split(',').filter(|text| !text.is_empty()).map(number).collect()
}

pub(super) fn entry(row: &SqliteRow) -> Result<JournalEntry, StoreError> {
    Ok(JournalEntry {
        seq: unsigned(row, "seq")?,
        at: instant(row, "at_ms")?,
        version: row.try_get("version")?,
        event: row.try_get("event")?,
        effects: row.try_get("effects")?,
    })
}

pub(super) fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("{column} is {number}")))
}

fn instant(row: &SqliteRow, column: &str) -> Result<Timestamp, StoreError> {
    timestamp(row.try_get(column)?)
}

fn instant_maybe(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    row.try_get::<Option<i64>, _>(column)?.map(timestamp).transpose()
}

fn timestamp(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt(format!("no instant has {ms} ms")))
}

fn word<T: Word>(row: &SqliteRow, column: &str) -> Result<T, StoreError> {
    let word: String = row.try_get(column)?;
    T::parse(&word).ok_or_else(|| StoreError::Corrupt(format!("{column} is {word:?}")))
}

/// What a failed migration means for the person who started the program.
pub(super) fn migration(error: MigrateError) -> StoreError {
    let known = MIGRATIONS.len() as i64;
    match error {
        MigrateError::VersionMissing(found) => StoreError::TooNew { found, known },
        MigrateError::VersionMismatch(step) => {
            StoreError::Corrupt(format!("schema step {step} is not the one that this program knows"))
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Other(other.into()),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Locked,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::Corrupt(error.to_string())
            }
            sqlx::Error::Database(db) => {
                // The low byte of an extended result code is the plain one.
                let code = db.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
                match code {
                    Some(5 | 6) => Self::Locked,
                    Some(13) => Self::Full,
                    Some(11 | 26) => Self::Corrupt(db.message().to_owned()),
                    Some(19) => Self::Refused(db.message().to_owned()),
                    _ => Self::Other(error.into()),
                }
            }
            _ => Self::Other(error.into()),
        }
    }
}
