//! The minutes of one objective, so that any stretch of them is summed with two reads.
//!
//! A **chunk** holds 256 minutes. It knows the sums of everything before it; within it, every sixteenth minute knows
//! the sums since the chunk began. What lies before a minute is therefore three numbers and at most fifteen more. A
//! minute that comes late or is corrected changes the sums after it: those of its chunk, and one per later chunk.
//!
//! Thirty days take 157 kB while no minute has more than 255 bad or 65,535 events; a chunk with such a minute takes
//! eleven times its room.

mod block;
mod chunk;

use chunk::{Chunk, GROUP, LENGTH, Minutes16, Sums};

use crate::{Count, Counts, Minute, Minutes};

pub use block::{BLOCK, Bits, Block};

/// Counts by the minute over a horizon.
#[derive(Clone, Debug)]
pub struct Series {
    /// The most chunks that are kept.
    chunks_max: usize,
    /// Where the first chunk begins, in chunks since 1970.
    first: i64,
    chunks: Vec<Kept>,
    /// The last minute that was ever set.
    newest: Option<Minute>,
    held: [Option<Held>; 2],
}

/// A chunk, and what lies before it.
#[derive(Clone, Debug)]
struct Kept {
    before: Sums,
    chunk: Chunk,
}

/// Sixteen minutes in a row at hand: whoever asks for the same ones of thousands of series every minute would
/// otherwise wait for the memory each time.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The first of them.
    first: i64,
    /// What lies before it.
    before: Sums,
    minutes: Minutes16,
}

/// Why a minute was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It is older than the horizon.
    TooOld,
    /// It has not begun yet.
    Future,
}

impl Series {
    /// Nothing known yet; remembers at least the `horizon` before the newest minute.
    pub fn new(horizon: Minutes) -> Self {
        // One chunk more on either side: the horizon begins and ends inside one.
        let chunks_max = horizon.get() as usize / LENGTH + 2;
        Self { chunks_max, first: 0, chunks: Vec::new(), newest: None, held: [None; 2] }
    }

    /// Puts a minute in, instead of what was known of it; tells what that was.
    ///
    /// # Errors
    ///
    /// When it lies before the horizon: nothing changes.
    pub fn set(&mut self, minute: Minute, count: Count) -> Result<Count, NotKept> {
        let (number, place) = split(minute);
        if self.chunks.is_empty() {
            self.first = number;
        }
        self.reach_back(number)?;
        self.reach_forward(number);
        let index = usize::try_from(number - self.first).map_err(|_| NotKept::TooOld)?;
        let Some(kept) = self.chunks.get_mut(index) else { return Err(NotKept::TooOld) };
        let earlier = kept.chunk.get(place);
        if earlier != count {
            kept.chunk.set(place, count);
            self.sum_after(index, Sums::of(count), Sums::of(earlier));
            self.hold_again(minute, Sums::of(count), Sums::of(earlier));
        }
        self.newest = self.newest.max(Some(minute));
        Ok(earlier)
    }

    /// Puts a whole block in, instead of what was known of its minutes: the quick way to load what was kept.
    ///
    /// # Errors
    ///
    /// When it lies before the horizon: nothing changes.
    pub fn set_block(&mut self, number: i64, block: &Block) -> Result<(), NotKept> {
        if self.chunks.is_empty() {
            self.first = number;
        }
        self.reach_back(number)?;
        self.reach_forward(number);
        let index = usize::try_from(number - self.first).map_err(|_| NotKept::TooOld)?;
        let Some(kept) = self.chunks.get_mut(index) else { return Err(NotKept::TooOld) };
        let earlier = kept.chunk.sums();
        kept.chunk = Chunk::of(block);
        let sums = kept.chunk.sums();
        self.sum_after(index, sums, earlier);
        self.let_go();
        let last = block.last_known().map(|place| Minute::new(number * BLOCK as i64 + place as i64));
        self.newest = self.newest.max(last);
        Ok(())
    }

    /// The minutes of a block.
    pub fn block(&self, number: i64) -> Block {
        let first = number * BLOCK as i64;
        Block::of(&std::array::from_fn(|place| self.get(Minute::new(first + place as i64))))
    }

    /// The block in which a minute lies.
    pub fn block_of(minute: Minute) -> i64 {
        split(minute).0
    }

    /// What is known of a minute.
    pub fn get(&self, minute: Minute) -> Count {
        let (number, place) = split(minute);
        let index = usize::try_from(number - self.first).ok();
        index.and_then(|index| self.chunks.get(index)).map_or(Count::Missing, |kept| kept.chunk.get(place))
    }

    /// Has these minutes, and what lies before each, at hand until something changes.
    pub fn hold(&mut self, minutes: [Minute; 2]) {
        for (at, minute) in minutes.into_iter().enumerate() {
            let is_held = self.held[at].is_some_and(|held| held.has(minute));
            if !is_held {
                self.held[at] = self.held_around(minute);
            }
        }
    }

    /// What is known of a minute, and quicker for one that is held.
    pub fn get_at_hand(&self, minute: Minute) -> Count {
        let place = |held: &Held| Some((held.minutes, held.place_of(minute).filter(|place| *place < GROUP)?));
        let found = self.held.iter().flatten().find_map(place);
        found.map_or_else(|| self.get(minute), |(minutes, place)| minutes.get(place))
    }

    /// The sums from one minute up to, but without, another, and quicker for those that are held.
    pub fn between_at_hand(&self, from: Minute, until: Minute) -> Counts {
        if until <= from {
            return Counts::default();
        }
        self.before_at_hand(from).up_to(self.before_at_hand(until), until.since(from))
    }

    /// The last minute that was ever put in.
    pub const fn newest(&self) -> Option<Minute> {
        self.newest
    }

    /// The oldest minute that can still be put in; `None` while there is none.
    pub fn oldest(&self) -> Option<Minute> {
        (!self.chunks.is_empty()).then(|| Minute::new(self.first * LENGTH as i64))
    }

    /// The sums from one minute up to, but without, another. What lies outside the horizon is missing.
    pub fn between(&self, from: Minute, until: Minute) -> Counts {
        if until <= from {
            return Counts::default();
        }
        self.before(from).up_to(self.before(until), until.since(from))
    }

    /// The sums of several lengths of time that end together, whose end is looked up once.
    pub fn windows<const N: usize>(&self, lengths: [Minutes; N], end: Minute) -> [Counts; N] {
        let until = self.before_narrow(end);
        let mut windows = [Counts::default(); N];
        for (counts, length) in windows.iter_mut().zip(&lengths) {
            *counts = self.before_narrow(end - *length).up_to(until, *length);
        }
        windows
    }

    /// The sums of everything that was ever put in, what has been forgotten since included.
    pub fn ever(&self) -> (u64, u64) {
        let sums = self.sums();
        (sums.bad, sums.total)
    }

    /// Every minute from one up to, but without, another, in order.
    pub fn minutes(&self, from: Minute, until: Minute) -> impl Iterator<Item = (Minute, Count)> + '_ {
        (from.get()..until.get()).map(Minute::new).map(|minute| (minute, self.get(minute)))
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|kept| kept.chunk.heap_bytes()).sum();
        size_of::<Self>() + self.chunks.capacity() * size_of::<Kept>() + chunks
    }

    /// The sums of everything before a minute.
    #[inline(always)]
    fn before(&self, minute: Minute) -> Sums {
        let (number, place) = split(minute);
        let Ok(index) = usize::try_from(number - self.first) else { return self.first_sums() };
        match self.chunks.get(index) {
            Some(kept) => kept.before.and(kept.chunk.before(place)),
            None => self.sums(),
        }
    }

    /// The same, in a form that is small enough to be repeated for many minutes in a row.
    #[inline(always)]
    fn before_narrow(&self, minute: Minute) -> Sums {
        let (number, place) = split(minute);
        // A number before the first becomes one that is far behind the last.
        match self.chunks.get(number.wrapping_sub(self.first) as usize) {
            Some(Kept { before, chunk: Chunk::Narrow(narrow) }) => before.and(narrow.before(place)),
            _ => self.before_any(minute),
        }
    }

    #[inline(never)]
    fn before_any(&self, minute: Minute) -> Sums {
        self.before(minute)
    }

    fn before_at_hand(&self, minute: Minute) -> Sums {
        let before = |held: &Held| Some(held.before.and(held.minutes.before(held.place_of(minute)?)));
        self.held.iter().flatten().find_map(before).unwrap_or_else(|| self.before(minute))
    }

    fn held_around(&self, minute: Minute) -> Option<Held> {
        let (number, place) = split(minute);
        let kept = self.chunks.get(usize::try_from(number - self.first).ok()?)?;
        let (before, minutes) = kept.chunk.group(place / GROUP)?;
        let first = minute.get() - (place % GROUP) as i64;
        Some(Held { first, before: kept.before.and(before), minutes })
    }

    /// Has what is held follow a minute that changed.
    fn hold_again(&mut self, minute: Minute, new: Sums, instead_of: Sums) {
        for at in 0..self.held.len() {
            let Some(held) = &mut self.held[at] else { continue };
            let is_before = minute.get() < held.first;
            if is_before {
                held.before = held.before.with(new, instead_of);
            } else if held.has(minute) {
                self.held[at] = self.held_around(minute);
            }
        }
    }

    /// Holds nothing any more.
    const fn let_go(&mut self) {
        self.held = [None; 2];
    }

    /// The sums of everything.
    #[inline(never)]
    fn sums(&self) -> Sums {
        self.chunks.last().map_or_else(Sums::default, |last| last.before.and(last.chunk.sums()))
    }

    fn first_sums(&self) -> Sums {
        self.chunks.first().map_or_else(Sums::default, |kept| kept.before)
    }

    /// Makes room for an older chunk, as far as the horizon allows.
    fn reach_back(&mut self, number: i64) -> Result<(), NotKept> {
        let Ok(older) = usize::try_from(self.first - number) else { return Ok(()) };
        if self.chunks_max < self.chunks.len() + older {
            return Err(NotKept::TooOld);
        }
        self.let_go();
        let before = self.first_sums();
        let blank = std::iter::repeat_with(|| Kept { before, chunk: Chunk::blank() });
        self.chunks.splice(..0, blank.take(older));
        self.first = number;
        Ok(())
    }

    /// Makes room for a newer chunk; the oldest ones go.
    fn reach_forward(&mut self, number: i64) {
        let newer = usize::try_from(number - self.first).unwrap_or(0);
        // After a leap longer than the horizon nothing of what was is kept.
        if self.chunks.len() + self.chunks_max <= newer {
            self.let_go();
            self.chunks.clear();
            self.first = number;
        }
        while self.chunks.len() <= usize::try_from(number - self.first).unwrap_or(0) {
            let before = self.sums();
            if self.chunks.len() < self.chunks_max {
                self.chunks.push(Kept { before, chunk: Chunk::blank() });
            } else {
                self.let_go();
                self.chunks.rotate_left(1);
                self.chunks[self.chunks_max - 1] = Kept { before, chunk: Chunk::blank() };
                self.first += 1;
            }
        }
    }

    /// Takes note in everything after the chunk at `index` that a part of it has other sums.
    fn sum_after(&mut self, index: usize, new: Sums, instead_of: Sums) {
        for kept in &mut self.chunks[index + 1..] {
            kept.before = kept.before.with(new, instead_of);
        }
    }
}

impl Held {
    fn has(&self, minute: Minute) -> bool {
        self.place_of(minute).is_some_and(|place| place < GROUP)
    }

    /// Where a minute is among them; the place after the last is the end.
    fn place_of(&self, minute: Minute) -> Option<usize> {
        usize::try_from(minute.get() - self.first).ok().filter(|place| *place <= GROUP)
    }
}

/// The chunk in which a minute lies, and its place there.
fn split(minute: Minute) -> (i64, usize) {
    // A shift rounds down before 1970, too, and takes a fraction of a division's time.
    (minute.get() >> LENGTH.trailing_zeros(), (minute.get() & (LENGTH as i64 - 1)) as usize)
}

#[cfg(test)]
mod tests;
