//! The store in one SQLite file.
//!
//! One connection writes, a few read; write-ahead logging lets them work side by side, and
//! `synchronous = FULL` means that a commit that was answered survives a power cut. A lock file next
//! to the database keeps a second process out, because the engine keeps the truth in memory and
//! would not notice another writer.

mod kept;
mod leases;
mod rows;

use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlSafeStr, Sqlite as Driver, Transaction};

use crate::record::Word;
use crate::{
    AUDIT_PAGE, AuditRecord, BLOCKS_PAGE, COUNTED_PAGE, Change, Counted, CountedBlock, CountedRun, DOCUMENTS_PAGE,
    Document, INCIDENTS_PAGE, Incident, IncidentRecord, JOURNAL_PAGE, JournalEntry, LETTERS_PAGE, Lease, Letter, Store,
    StoreError, TimelineLine,
};

/// The oldest SQLite that is trusted: older ones have a defect in resetting the write-ahead log.
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// Connections that read.
const READERS_MAX: u32 = 4;
/// How long SQLite itself waits for a lock before it says so.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The schema, one file per step. A released file is never edited: its checksum is in every store.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "incidents, letters, journal", include_str!("../migrations/0001_incidents_letters_journal.sql")),
    (2, "documents, audit, counts", include_str!("../migrations/0002_documents_audit_counts.sql")),
    (3, "leases", include_str!("../migrations/0003_leases.sql")),
];

/// A store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    path: PathBuf,
    /// Held for its lock, which ends with it.
    _lock: File,
}

impl Sqlite {
    /// Opens the store at `path`, creates it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another process has it open, [`StoreError::TooNew`] when a newer
    /// program wrote it, [`StoreError::Corrupt`] when it is damaged or no database at all.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        // With room for the largest page, reader and caller do not take turns row by row.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .row_buffer_size(BLOCKS_PAGE)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = pool(1).connect_with(options.clone()).await?;
        assert_version(&writer).await?;
        migrate(&writer).await?;
        let readers = pool(READERS_MAX).connect_with(options.read_only(true).create_if_missing(false)).await?;
        Ok(Self { writer, readers, path: path.to_owned(), _lock: lock })
    }

    /// Where the database file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of SQLite that is linked.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn version(&self) -> Result<String, StoreError> {
        version(&self.writer).await
    }

    /// Closes every connection, so that the write-ahead log is folded into the file.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn record(&self, incident: Incident) -> Result<IncidentRecord, StoreError> {
        let timeline = sqlx::query("SELECT * FROM timeline WHERE incident_id = ? ORDER BY n")
            .bind(&incident.id)
            .fetch_all(&self.readers)
            .await?;
        let letters = sqlx::query("SELECT * FROM letter WHERE incident_id = ? ORDER BY seq")
            .bind(&incident.id)
            .fetch_all(&self.readers)
            .await?;
        Ok(IncidentRecord {
            incident,
            timeline: timeline.iter().map(rows::line).collect::<Result<_, _>>()?,
            letters: letters.iter().map(rows::letter).collect::<Result<_, _>>()?,
        })
    }

    async fn records(&self, rows: Vec<sqlx::sqlite::SqliteRow>) -> Result<Vec<IncidentRecord>, StoreError> {
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            records.push(self.record(rows::incident(row)?).await?);
        }
        Ok(records)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, change: &Change) -> Result<(), StoreError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        leases::check(&mut tx, change.under.as_ref()).await?;
        // What ends goes before what begins, so that a key is free before it is taken again.
        for incident in change.incidents.iter().filter(|incident| incident.resolved_at.is_some()) {
            put_incident(&mut tx, incident).await?;
        }
        for incident in change.incidents.iter().filter(|incident| incident.resolved_at.is_none()) {
            put_incident(&mut tx, incident).await?;
        }
        for line in &change.timeline {
            put_line(&mut tx, line).await?;
        }
        for letter in &change.letters {
            put_letter(&mut tx, letter).await?;
        }
        for entry in &change.journal {
            append(&mut tx, entry).await?;
        }
        kept::put(&mut tx, change).await?;
        Ok(tx.commit().await?)
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        leases::take(&self.writer, name, holder, length, now).await
    }

    async fn give_back_lease(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        leases::give_back(&self.writer, lease, now).await
    }

    async fn check(&self, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO pulse (id, at_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms",
        )
        .bind(at.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn live_incidents(&self, after: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM incident WHERE state <> 'resolved' AND id > ? ORDER BY id LIMIT ?")
            .bind(after.unwrap_or(""))
            .bind(INCIDENTS_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        self.records(rows).await
    }

    async fn resolved_incidents(&self, before: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM incident WHERE state = 'resolved' AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2",
        )
        .bind(before)
        .bind(INCIDENTS_PAGE as i64)
        .fetch_all(&self.readers)
        .await?;
        self.records(rows).await
    }

    async fn incident(&self, id: &str) -> Result<Option<IncidentRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM incident WHERE id = ?").bind(id).fetch_optional(&self.readers).await?;
        match row {
            None => Ok(None),
            Some(row) => Ok(Some(self.record(rows::incident(&row)?).await?)),
        }
    }

    async fn pending_letters(&self, receiver: &str, after: u64) -> Result<Vec<Letter>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM letter WHERE state = 'pending' AND receiver = ? AND seq > ? ORDER BY seq LIMIT ?",
        )
        .bind(receiver)
        .bind(signed(after)?)
        .bind(LETTERS_PAGE as i64)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(rows::letter).collect()
    }

    async fn pending_receivers(&self) -> Result<Vec<String>, StoreError> {
        let rows =
            sqlx::query("SELECT DISTINCT receiver FROM letter WHERE state = 'pending' ORDER BY receiver LIMIT ?")
                .bind(LETTERS_PAGE as i64)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(|row| Ok(row.try_get("receiver")?)).collect()
    }

    async fn letters_head(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COALESCE(MAX(seq), 0) AS n FROM letter").fetch_one(&self.readers).await?;
        rows::unsigned(&row, "n")
    }

    async fn journal(&self, after: u64) -> Result<Vec<JournalEntry>, StoreError> {
        let rows = sqlx::query("SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(signed(after)?)
            .bind(JOURNAL_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(rows::entry).collect()
    }

    async fn journal_head(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COALESCE(MAX(seq), 0) AS n FROM journal").fetch_one(&self.readers).await?;
        rows::unsigned(&row, "n")
    }

    async fn documents(&self, kind: &str, after: Option<&str>) -> Result<Vec<Document>, StoreError> {
        let rows = sqlx::query("SELECT * FROM document WHERE kind = ? AND id > ? ORDER BY id LIMIT ?")
            .bind(kind)
            .bind(after.unwrap_or(""))
            .bind(DOCUMENTS_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(rows::document).collect()
    }

    async fn audit(&self, before: Option<u64>) -> Result<Vec<AuditRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?")
            // No entry has a higher number: whoever asks for those below it asks for all.
            .bind(before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX))
            .bind(AUDIT_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(rows::audited).collect()
    }

    async fn counted(&self, after: u64) -> Result<Vec<Counted>, StoreError> {
        let rows = sqlx::query("SELECT * FROM counted WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(signed(after)?)
            .bind(COUNTED_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(rows::counted).collect()
    }

    async fn counted_blocks(&self, objective: &str, from: i64) -> Result<Vec<CountedBlock>, StoreError> {
        let rows = sqlx::query("SELECT * FROM counted_block WHERE objective = ? AND block >= ? ORDER BY block LIMIT ?")
            .bind(objective)
            .bind(from)
            .bind(BLOCKS_PAGE as i64)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(rows::block).collect()
    }

    async fn counted_run(&self, objective: &str, from: i64) -> Result<CountedRun, StoreError> {
        // One row with everything in it: what a row costs on its way here is many times what a block takes to be read.
        let row = sqlx::query(
            "SELECT COALESCE(group_concat(block), '') AS blocks, COALESCE(group_concat(length(body)), '') AS lengths, \
             CAST(COALESCE(group_concat(body, ''), '') AS BLOB) AS bodies FROM \
             (SELECT block, body FROM counted_block WHERE objective = ? AND block >= ? ORDER BY block LIMIT ?)",
        )
        .bind(objective)
        .bind(from)
        .bind(BLOCKS_PAGE as i64)
        .fetch_one(&self.readers)
        .await?;
        rows::run(&row)
    }
}

/// Takes the lock that keeps other processes out.
fn lock(path: &Path) -> Result<File, StoreError> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent).map_err(|error| StoreError::Other(error.into()))?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(name);
    let file = file.map_err(|error| StoreError::Other(error.into()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Held),
        Err(TryLockError::Error(error)) => Err(StoreError::Other(error.into())),
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

async fn assert_version(pool: &SqlitePool) -> Result<(), StoreError> {
    let version = version(pool).await?;
    if parse_version(&version).is_none_or(|version| version < SQLITE_VERSION_MIN) {
        let (major, minor, patch) = SQLITE_VERSION_MIN;
        let why = format!("SQLite {version} is linked, {major}.{minor}.{patch} or newer is needed");
        return Err(StoreError::Other(why.into()));
    }
    Ok(())
}

async fn version(pool: &SqlitePool) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT sqlite_version() AS version").fetch_one(pool).await?;
    Ok(row.try_get("version")?)
}

fn parse_version(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
}

async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let steps = MIGRATIONS.iter().map(|(version, name, sql)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect()).run(pool).await.map_err(rows::migration)
}

async fn put_incident(tx: &mut Transaction<'_, Driver>, incident: &Incident) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident (id, key, dedup_key, title, severity, state, opened_ms, resolved_ms, acknowledged_by, detail) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, dedup_key = excluded.dedup_key, title = excluded.title, \
         severity = excluded.severity, state = excluded.state, opened_ms = excluded.opened_ms, \
         resolved_ms = excluded.resolved_ms, acknowledged_by = excluded.acknowledged_by, detail = excluded.detail",
    )
    .bind(&incident.id)
    .bind(&incident.key)
    .bind(&incident.dedup_key)
    .bind(&incident.title)
    .bind(incident.severity.word())
    .bind(incident.state.word())
    .bind(incident.opened_at.as_millisecond())
    .bind(incident.resolved_at.map(|at| at.as_millisecond()))
    .bind(&incident.acknowledged_by)
    .bind(&incident.detail)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_line(tx: &mut Transaction<'_, Driver>, line: &TimelineLine) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timeline (incident_id, n, at_ms, what) VALUES (?, ?, ?, ?) ON CONFLICT (incident_id, n) DO NOTHING",
    )
    .bind(&line.incident_id)
    .bind(line.n)
    .bind(line.at.as_millisecond())
    .bind(&line.what)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_letter(tx: &mut Transaction<'_, Driver>, letter: &Letter) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO letter (id, seq, incident_id, receiver, action, dedup_key, body, state, attempts, created_ms, \
         due_ms, delivered_ms, last_error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, due_ms = excluded.due_ms, \
         delivered_ms = excluded.delivered_ms, last_error = excluded.last_error",
    )
    .bind(&letter.id)
    .bind(signed(letter.seq)?)
    .bind(&letter.incident_id)
    .bind(&letter.receiver)
    .bind(letter.action.word())
    .bind(&letter.dedup_key)
    .bind(&letter.body)
    .bind(letter.state.word())
    .bind(letter.attempts)
    .bind(letter.created_at.as_millisecond())
    .bind(letter.due_at.as_millisecond())
    .bind(letter.delivered_at.map(|at| at.as_millisecond()))
    .bind(&letter.last_error)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds an entry, or finds that the same entry is there already.
async fn append(tx: &mut Transaction<'_, Driver>, entry: &JournalEntry) -> Result<(), StoreError> {
    let done = sqlx::query(
        "INSERT INTO journal (seq, at_ms, version, event, effects) VALUES (?, ?, ?, ?, ?) ON CONFLICT (seq) DO NOTHING",
    )
    .bind(signed(entry.seq)?)
    .bind(entry.at.as_millisecond())
    .bind(entry.version)
    .bind(&entry.event)
    .bind(&entry.effects)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let row = sqlx::query("SELECT * FROM journal WHERE seq = ?").bind(signed(entry.seq)?).fetch_one(&mut **tx).await?;
    if rows::entry(&row)? == *entry {
        return Ok(());
    }
    Err(StoreError::Refused(format!("journal entry {} differs", entry.seq)))
}

fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Refused(format!("sequence number {number} is too large")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse_version("3.51.3"), Some((3, 51, 3)));
        assert_eq!(parse_version("3.100"), Some((3, 100, 0)));
        assert!(parse_version("3.100") > parse_version("3.51.3"));
        assert_eq!(parse_version("new"), None);
    }
}
