//! Leases and their fences.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row as _, Sqlite as Driver, SqlitePool, Transaction};

use super::signed;
use crate::{Lease, StoreError};

/// One statement, so that it is taken or not whatever others do.
const TAKE: &str = "INSERT INTO lease (name, holder, fence, until_ms) VALUES (?1, ?2, 1, ?3 + ?4) \
    ON CONFLICT (name) DO UPDATE SET \
      fence = fence + (holder <> ?2 OR until_ms <= ?3), holder = ?2, until_ms = ?3 + ?4 \
    WHERE holder = ?2 OR until_ms <= ?3 OR ?3 + ?4 < until_ms \
    RETURNING fence";

pub(super) async fn take(
    writer: &SqlitePool,
    name: &str,
    holder: &str,
    length: Duration,
    now: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    let (now, length) = (now.as_millisecond(), i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4));
    let row = sqlx::query(TAKE).bind(name).bind(holder).bind(now).bind(length).fetch_optional(writer).await?;
    let Some(row) = row else { return Ok(None) };
    let fence: i64 = row.try_get("fence")?;
    let until = Timestamp::from_millisecond(now + length).unwrap_or(Timestamp::MAX);
    Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence: fence.unsigned_abs(), until }))
}

pub(super) async fn give_back(writer: &SqlitePool, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE lease SET until_ms = min(until_ms, ?) WHERE name = ? AND fence = ?")
        .bind(now.as_millisecond())
        .bind(&lease.name)
        .bind(signed(lease.fence)?)
        .execute(writer)
        .await?;
    Ok(())
}

/// Refuses what is written under a lease that somebody has taken since.
pub(super) async fn check(tx: &mut Transaction<'_, Driver>, under: Option<&(String, u64)>) -> Result<(), StoreError> {
    let Some((name, fence)) = under else { return Ok(()) };
    let row = sqlx::query("SELECT 1 FROM lease WHERE name = ? AND fence = ?")
        .bind(name)
        .bind(signed(*fence)?)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|_| ()).ok_or_else(|| StoreError::Fenced(name.clone()))
}
