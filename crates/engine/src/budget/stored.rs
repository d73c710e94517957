//! The counts that an earlier run left in the store, as a past that can be replayed.
//!
//! What is in no block yet is told with the minute in which it came. A block has each minute as it was at last: when it
//! came, and what it was before it was corrected, is no longer known. It is told as if it had come in time.

use budget::approvals::Request;
use budget::{BLOCK, Count, Minute, Minutes, Series};
use store::{BLOCKS_PAGE, COUNTED_PAGE, Store, StoreError};

use super::{StartError, counts, state};
use crate::documents;

/// The most counts that are told.
pub const STORED_MAX: usize = 20_000_000;

/// A count of an objective, and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCount {
    /// The place of the objective among those that were asked for.
    pub objective: usize,
    /// Which minute.
    pub minute: Minute,
    /// What was counted.
    pub count: Count,
    /// The minute during which it came.
    pub at: Minute,
}

/// Why stored counts cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// They cannot be read or understood.
    #[error(transparent)]
    Load(#[from] StartError),
    /// There are too many.
    #[error("replay more than {STORED_MAX} counts")]
    TooMany,
}

/// Everything that is stored of these objectives from one minute up to, but without, another, in the order in which it
/// came.
///
/// # Errors
/// When the store cannot be read or understood, or there are more than [`STORED_MAX`] counts.
pub async fn stored(
    store: &dyn Store,
    objectives: &[String],
    from: Minute,
    until: Minute,
) -> Result<Vec<StoredCount>, StoredError> {
    let mut found = Vec::new();
    for (place, id) in objectives.iter().enumerate() {
        of_blocks(store, place, id, from, &mut found).await?;
    }
    of_log(store, objectives, &mut found).await?;
    found.retain(|stored| from <= stored.minute && stored.minute < until);
    // What came in the same minute stays in the order in which it came.
    found.sort_by_key(|stored| stored.at);
    Ok(found)
}

/// Everything that was asked for and decided, in the order in which it was asked for.
///
/// # Errors
/// When the store cannot be read or understood.
pub async fn requests(store: &dyn Store) -> Result<Vec<Request>, StartError> {
    state::requests(documents::all(store, state::REQUEST).await?)
}

async fn of_blocks(
    store: &dyn Store,
    objective: usize,
    id: &str,
    from: Minute,
    found: &mut Vec<StoredCount>,
) -> Result<(), StoredError> {
    let mut next = Series::block_of(from);
    loop {
        let run = store.counted_run(id, next).await.map_err(load)?;
        let is_last = run.len() < BLOCKS_PAGE;
        next = run.last().map_or(next, |block| block + 1);
        for (block, body) in run.blocks() {
            let what = || format!("block {block} of {id}");
            let minutes = counts::block_from_bytes(body)
                .map_err(|why| StartError::Format { what: what(), why: why.to_owned() })?
                .minutes();
            let first = Minute::new(block * BLOCK as i64);
            for (count, place) in minutes.into_iter().zip(0u32..).filter(|(count, _)| count.is_known()) {
                let minute = first + Minutes::new(place);
                found.push(StoredCount { objective, minute, count, at: minute + counts::AFTER });
            }
        }
        if STORED_MAX < found.len() {
            return Err(StoredError::TooMany);
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn of_log(store: &dyn Store, objectives: &[String], found: &mut Vec<StoredCount>) -> Result<(), StoredError> {
    let mut after = 0;
    loop {
        let page = store.counted(after).await.map_err(load)?;
        let is_last = page.len() < COUNTED_PAGE;
        for counted in page {
            after = counted.seq;
            let format = |why| StartError::Format { what: format!("counted minutes {}", counted.seq), why };
            for counts::Entry { objective, minute, count, at } in
                counts::batch_from_json(&counted.body).map_err(format)?
            {
                let Some(objective) = objectives.iter().position(|id| *id == *objective) else { continue };
                found.push(StoredCount { objective, minute, count, at });
            }
        }
        if STORED_MAX < found.len() {
            return Err(StoredError::TooMany);
        }
        if is_last {
            return Ok(());
        }
    }
}

fn load(error: StoreError) -> StoredError {
    StoredError::Load(error.into())
}
