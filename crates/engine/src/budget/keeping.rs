//! What an earlier run left in the store.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base::Now;
use budget::book::{Book, Policy};
use budget::{BLOCK, Block, Count, Ledger, Minute, Minutes, Series, Terms};
use futures_util::{StreamExt as _, stream};
use store::{BLOCKS_PAGE, COUNTED_PAGE, Counted, CountedBlock, CountedRun, Store};

use super::state::{self, State};
use super::touched::Touched;
use super::{StartError, counts};
use crate::documents;

/// How much more than the window is loaded: as much as a ledger keeps.
const MARGIN: Minutes = Minutes::days(2);
/// Ledgers that are filled by one task.
const FILLED_AT_ONCE: usize = 16;
/// Tasks that read and fill at a time: one more than the store has readers, so that none of them waits.
const PARTS_MAX: usize = 5;

/// The book as it stood, with all that is known of the minutes before `now`.
pub(super) async fn load(
    policy: Policy,
    kinds: &[String],
    enrichment: Vec<Vec<String>>,
    store: &dyn Store,
    now: Now,
) -> Result<State, StartError> {
    let requests = documents::all(store, state::REQUEST).await?;
    let ladders = documents::all(store, state::LADDER).await?;
    let mut book = Book::open(&policy, state::kept(requests, ladders)?);
    let ids = policy.objectives.iter().map(|terms| terms.objective.id.clone());
    let places = Arc::new(ids.zip(0..).collect());
    let log = load_log(&places, store, Minute::of(now.wall)).await?;
    let policy = Arc::new(policy);
    load_ledgers(&mut book, &policy, log.counted, store, now).await?;
    let policy = Arc::try_unwrap(policy).unwrap_or_else(|shared| (*shared).clone());
    let mut state = State::new(policy, book, kinds, enrichment);
    state.unfolded = log.touched;
    state.folded_seq = log.first_seq.map_or(0, |first| first.saturating_sub(1));
    state.counted_seq = log.last_seq;
    state.strays = fold(log.strays, store).await?;
    for subject in documents::open_subjects(store).await? {
        state.inherit(&subject);
    }
    Ok(state)
}

/// Every ledger with what is known of its minutes, read and filled side by side.
async fn load_ledgers(
    book: &mut Book,
    policy: &Arc<Policy>,
    mut counted: Vec<Vec<(Minute, Count)>>,
    store: &dyn Store,
    now: Now,
) -> Result<(), StartError> {
    counted.resize(policy.objectives.len(), Vec::new());
    let mut places = (0..policy.objectives.len()).zip(counted).filter_map(|(place, counted)| {
        let terms = policy.objectives.get(place)?;
        let ledger = std::mem::replace(book.ledger_mut(place)?, Ledger::new(&terms.objective));
        Some(Filling { place, ledger, runs: Vec::new(), counted })
    });
    let parts = std::iter::from_fn(|| {
        let part: Vec<_> = places.by_ref().take(FILLED_AT_ONCE).collect();
        (!part.is_empty()).then_some(part)
    });
    let parts: Vec<_> = parts.collect();
    let filled =
        stream::iter(parts).map(|part| fill_part(part, policy.clone(), store, now)).buffer_unordered(PARTS_MAX);
    let mut filled = std::pin::pin!(filled);
    while let Some(part) = filled.next().await {
        for Filling { place, ledger, .. } in part? {
            if let Some(kept) = book.ledger_mut(place) {
                *kept = ledger;
            }
        }
    }
    Ok(())
}

/// A ledger, and what it is filled with.
struct Filling {
    place: usize,
    ledger: Ledger,
    runs: Vec<CountedRun>,
    /// Minutes that are in no block yet, in the order in which they came.
    counted: Vec<(Minute, Count)>,
}

async fn fill_part(
    mut part: Vec<Filling>,
    policy: Arc<Policy>,
    store: &dyn Store,
    now: Now,
) -> Result<Vec<Filling>, StartError> {
    for filling in &mut part {
        let Some(terms) = policy.objectives.get(filling.place) else { continue };
        let mut from = Series::block_of(Minute::of(now.wall) - terms.objective.window.longest() - MARGIN);
        loop {
            let run = store.counted_run(&terms.objective.id, from).await?;
            let is_last = run.len() < BLOCKS_PAGE;
            from = run.last().map_or(from, |block| block + 1);
            filling.runs.push(run);
            if is_last {
                break;
            }
        }
    }
    let filled = tokio::task::spawn_blocking(move || {
        for filling in &mut part {
            if let Some(terms) = policy.objectives.get(filling.place) {
                fill(filling, terms, now)?;
            }
        }
        Ok(part)
    });
    match filled.await {
        Ok(filled) => filled,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

fn fill(filling: &mut Filling, terms: &Terms, now: Now) -> Result<(), StartError> {
    let minute = Minute::of(now.wall);
    for run in std::mem::take(&mut filling.runs) {
        // Blocks and minutes that are to come were counted by a clock that was wrong.
        for (number, body) in run.blocks().filter(|(number, _)| *number <= Series::block_of(minute)) {
            let mut block = decoded(&terms.objective.id, number, body)?;
            let to_come = minute.get() + 1 - number * BLOCK as i64;
            if let Some(to_come) = usize::try_from(to_come).ok().filter(|place| *place < BLOCK) {
                block.forget_from(to_come);
            }
            filling.ledger.load(terms, number, &block);
        }
    }
    for (counted, count) in std::mem::take(&mut filling.counted) {
        filling.ledger.restore(terms, counted, count, minute);
    }
    filling.ledger.catch_up(terms, now);
    Ok(())
}

/// What is in no block yet.
#[derive(Default)]
struct Log {
    /// By the places of the objectives, in the order in which they came.
    counted: Vec<Vec<(Minute, Count)>>,
    strays: Strays,
    touched: Touched,
    first_seq: Option<u64>,
    last_seq: u64,
}

/// Reads what is in no block yet.
async fn load_log(places: &Arc<HashMap<String, usize>>, store: &dyn Store, now: Minute) -> Result<Log, StartError> {
    let mut log = Log { counted: vec![Vec::new(); places.len()], ..Log::default() };
    loop {
        let page = store.counted(log.last_seq).await?;
        let is_last = page.len() < COUNTED_PAGE;
        log.first_seq = log.first_seq.or(page.first().map(|first| first.seq));
        log.last_seq = page.last().map_or(log.last_seq, |last| last.seq);
        // Understood side by side, and taken in the order in which they came.
        let understood = stream::iter(page).map(|counted| understand(counted, places.clone())).buffered(PARTS_MAX);
        let mut understood = std::pin::pin!(understood);
        while let Some(entries) = understood.next().await {
            for (objective, minute, count) in entries?.into_iter().filter(|(_, minute, _)| *minute <= now) {
                let block = Series::block_of(minute);
                match objective {
                    Ok(place) => {
                        log.touched.insert(place, block);
                        if let Some(counted) = log.counted.get_mut(place) {
                            counted.push((minute, count));
                        }
                    }
                    Err(stray) => log.strays.entry((stray, block)).or_default().push((minute, count)),
                }
            }
        }
        if is_last {
            return Ok(log);
        }
    }
}

/// Each count of one entry with the place of its objective, or its id when there is no such objective.
type Understood = Vec<(Result<usize, String>, Minute, Count)>;

async fn understand(counted: Counted, places: Arc<HashMap<String, usize>>) -> Result<Understood, StartError> {
    let understood = tokio::task::spawn_blocking(move || {
        let format = |why| StartError::Format { what: format!("counted minutes {}", counted.seq), why };
        let place = |id: Cow<'_, str>| places.get(id.as_ref()).copied().ok_or_else(|| id.into_owned());
        let entries = counts::batch_from_json(&counted.body).map_err(format)?;
        Ok(entries.into_iter().map(|entry| (place(entry.objective), entry.minute, entry.count)).collect())
    });
    match understood.await {
        Ok(understood) => understood,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

/// Minutes of objectives that are no longer defined, by their blocks: should one come back, so do its minutes.
type Strays = BTreeMap<(String, i64), Vec<(Minute, Count)>>;

/// The blocks of strays, with what is in them already.
async fn fold(strays: Strays, store: &dyn Store) -> Result<Vec<CountedBlock>, StartError> {
    let mut blocks = Vec::new();
    for ((objective, block), minutes) in strays {
        let kept = store.counted_blocks(&objective, block).await?.into_iter().find(|kept| kept.block == block);
        let mut counts = match kept {
            Some(kept) => decoded(&objective, block, &kept.body)?,
            None => Block::BLANK,
        };
        for (minute, count) in minutes {
            let place = usize::try_from(minute.get() - block * BLOCK as i64).ok();
            if let Some(place) = place.filter(|place| *place < BLOCK) {
                counts.set(place, count);
            }
        }
        blocks.push(CountedBlock { objective, block, body: counts::block_to_bytes(&counts) });
    }
    Ok(blocks)
}

fn decoded(objective: &str, number: i64, body: &[u8]) -> Result<Block, StartError> {
    let what = || format!("block {number} of {objective}");
    counts::block_from_bytes(body).map_err(|why| StartError::Format { what: what(), why: why.to_owned() })
}
