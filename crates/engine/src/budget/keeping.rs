//! What an earlier run left in the store.

use std::collections::BTreeMap;

use budget::book::{Book, Policy};
use budget::{BLOCK, Count, Minute, Minutes, Series};
use store::{BLOCKS_PAGE, COUNTED_PAGE, CountedBlock, DOCUMENTS_PAGE, Document, Store};

use super::state::{self, State};
use super::{StartError, counts};

/// How much more than the window is loaded: as much as a ledger keeps.
const MARGIN: Minutes = Minutes::days(2);

/// The book as it stood, with all that is known of the minutes before `now`.
pub(super) async fn load(
    policy: Policy,
    kinds: &[String],
    enrichment: Vec<Vec<String>>,
    store: &dyn Store,
    now: Minute,
) -> Result<State, StartError> {
    let requests = documents(store, state::REQUEST).await?;
    let ladders = documents(store, state::LADDER).await?;
    let book = Book::open(&policy, state::kept(requests, ladders)?);
    let mut state = State::new(policy, book, kinds, enrichment);
    load_blocks(&mut state, store, now).await?;
    load_counted(&mut state, store, now).await?;
    Ok(state)
}

pub(super) async fn documents(store: &dyn Store, kind: &str) -> Result<Vec<Document>, StartError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.documents(kind, after.as_deref()).await?;
        let is_last = page.len() < DOCUMENTS_PAGE;
        after = page.last().map(|document| document.id.clone());
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

async fn load_blocks(state: &mut State, store: &dyn Store, now: Minute) -> Result<(), StartError> {
    for place in 0..state.policy.objectives.len() {
        let terms = state.policy.objectives[place].clone();
        let id = terms.objective.id.as_str();
        let mut from = Series::block_of(now - terms.objective.window.longest() - MARGIN);
        loop {
            let page = store.counted_blocks(id, from).await?;
            let is_last = page.len() < BLOCKS_PAGE;
            from = page.last().map_or(from, |block| block.block + 1);
            // Blocks and minutes that are to come were counted by a clock that was wrong.
            for block in page.into_iter().filter(|block| block.block <= Series::block_of(now)) {
                let mut minutes = decoded(&block)?;
                let to_come = now.get() + 1 - block.block * BLOCK as i64;
                if let Some(to_come) = usize::try_from(to_come).ok().and_then(|place| minutes.get_mut(place..)) {
                    to_come.fill(Count::Missing);
                }
                if let Some(ledger) = state.book.ledger_mut(place) {
                    ledger.load(&terms, block.block, &minutes);
                }
            }
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// Minutes that are in no block yet, in the order in which they came.
async fn load_counted(state: &mut State, store: &dyn Store, now: Minute) -> Result<(), StartError> {
    let (mut after, mut strays) = (0, Strays::new());
    loop {
        let page = store.counted(after).await?;
        let is_last = page.len() < COUNTED_PAGE;
        state.folded_seq =
            if after == 0 { page.first().map_or(0, |first| first.seq.saturating_sub(1)) } else { state.folded_seq };
        for counted in page {
            let format = |why| StartError::Format { what: format!("counted minutes {}", counted.seq), why };
            for entry in counts::batch_from_json(&counted.body).map_err(format)? {
                if now < entry.minute {
                    continue;
                }
                let Some(place) = state.place_of(&entry.objective) else {
                    strays
                        .entry((entry.objective, Series::block_of(entry.minute)))
                        .or_default()
                        .push((entry.minute, entry.count));
                    continue;
                };
                state.unfolded.insert((place, Series::block_of(entry.minute)));
                let terms = &state.policy.objectives[place];
                if let Some(ledger) = state.book.ledger_mut(place) {
                    ledger.restore(terms, entry.minute, entry.count, now);
                }
            }
            after = counted.seq;
        }
        if is_last {
            state.counted_seq = after;
            state.strays = fold(strays, store).await?;
            return Ok(());
        }
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
            Some(kept) => decoded(&kept)?,
            None => [Count::Missing; BLOCK],
        };
        for (minute, count) in minutes {
            let place = usize::try_from(minute.get() - block * BLOCK as i64).ok();
            if let Some(kept) = place.and_then(|place| counts.get_mut(place)) {
                *kept = count;
            }
        }
        blocks.push(CountedBlock { objective, block, body: counts::block_to_bytes(&counts) });
    }
    Ok(blocks)
}

fn decoded(block: &CountedBlock) -> Result<[Count; BLOCK], StartError> {
    let what = || format!("block {} of {}", block.block, block.objective);
    counts::block_from_bytes(&block.body).map_err(|why| StartError::Format { what: what(), why: why.to_owned() })
}
