//! The minutes of a block, by columns: the form in which many are loaded at once.

use crate::{Count, Untrue};

/// How many minutes make a block, the unit in which a series is kept outside.
pub const BLOCK: usize = 256;

/// How many minutes share a word of the column that says which are known.
const WORD: usize = u64::BITS as usize;

/// A minute of each, one bit a minute, the earliest in the lowest bit of the first word.
pub type Bits = [u64; BLOCK / WORD];

/// 256 minutes in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Never more than the total of the same minute.
    bad: [u32; BLOCK],
    /// Nothing where nothing is known.
    total: [u32; BLOCK],
    known: Bits,
}

impl Block {
    /// Nothing is known of any minute.
    pub const BLANK: Self = Self { bad: [0; BLOCK], total: [0; BLOCK], known: [0; BLOCK / WORD] };

    /// The minutes of these columns: bad events, all events, and which minutes are known. A known minute without events
    /// is an empty one.
    ///
    /// # Errors
    ///
    /// When a minute has more bad events than events, or events although nothing is known of it.
    pub fn new(bad: [u32; BLOCK], total: [u32; BLOCK], known: Bits) -> Result<Self, Untrue> {
        // Both loops look at everything, so that minutes are compared side by side.
        let is_bad_above = bad.iter().zip(&total).fold(false, |found, (bad, total)| found | (total < bad));
        let unknown_events = known.iter().zip(total.as_chunks::<WORD>().0).fold(0, |found, (known, totals)| {
            let counted = totals.iter().rev().fold(0u64, |bits, total| bits << 1 | u64::from(*total != 0));
            found | counted & !known
        });
        if is_bad_above {
            Err(Untrue::BadAboveTotal)
        } else if unknown_events != 0 {
            Err(Untrue::NoCount)
        } else {
            Ok(Self { bad, total, known })
        }
    }

    /// These minutes.
    pub fn of(minutes: &[Count; BLOCK]) -> Self {
        let mut block = Self::BLANK;
        for (place, count) in minutes.iter().enumerate() {
            block.set(place, *count);
        }
        block
    }

    /// What is known of a minute, by its place.
    pub const fn get(&self, place: usize) -> Count {
        if self.known[place / WORD] >> (place % WORD) & 1 == 0 {
            return Count::Missing;
        }
        match self.total[place] {
            0 => Count::Empty,
            total => Count::Observed { bad: self.bad[place], total },
        }
    }

    /// Puts a minute in, instead of what was known of it.
    pub const fn set(&mut self, place: usize, count: Count) {
        (self.bad[place], self.total[place]) = count.pair();
        let bit = 1 << (place % WORD);
        let known = &mut self.known[place / WORD];
        *known = if count.is_known() { *known | bit } else { *known & !bit };
    }

    /// Forgets the minutes from a place on.
    pub fn forget_from(&mut self, place: usize) {
        for place in place..BLOCK {
            self.set(place, Count::Missing);
        }
    }

    /// All minutes, in order.
    pub fn minutes(&self) -> [Count; BLOCK] {
        std::array::from_fn(|place| self.get(place))
    }

    /// The place of the first known minute.
    pub fn first_known(&self) -> Option<usize> {
        let word = self.known.iter().position(|known| *known != 0)?;
        Some(word * WORD + self.known[word].trailing_zeros() as usize)
    }

    /// The place of the last known minute.
    pub fn last_known(&self) -> Option<usize> {
        let word = self.known.iter().rposition(|known| *known != 0)?;
        Some(word * WORD + WORD - 1 - self.known[word].leading_zeros() as usize)
    }

    /// Bad events by the minute.
    pub const fn bad(&self) -> &[u32; BLOCK] {
        &self.bad
    }

    /// All events by the minute.
    pub const fn total(&self) -> &[u32; BLOCK] {
        &self.total
    }

    /// Which minutes are known.
    pub const fn known(&self) -> &Bits {
        &self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_contradict_each_other_are_no_minutes() {
        let seen = Block::of(&[Count::Observed { bad: 2, total: 3 }; BLOCK]);
        assert_eq!(Block::new(*seen.bad(), *seen.total(), *seen.known()), Ok(seen.clone()));
        for place in [0, 63, 64, 255] {
            let (mut bad, mut known) = (*seen.bad(), *seen.known());
            bad[place] = 4;
            assert_eq!(Block::new(bad, *seen.total(), *seen.known()), Err(Untrue::BadAboveTotal));
            known[place / WORD] &= !(1 << (place % WORD));
            assert_eq!(Block::new(*seen.bad(), *seen.total(), known), Err(Untrue::NoCount));
        }
    }

    #[test]
    fn minutes_that_are_forgotten_are_missing() {
        let mut block = Block::of(&[Count::Observed { bad: 0, total: 1 }; BLOCK]);
        block.set(0, Count::Missing);
        block.forget_from(70);
        assert_eq!((block.first_known(), block.last_known()), (Some(1), Some(69)));
        assert_eq!((block.get(69).is_known(), block.get(70)), (true, Count::Missing));
        block.forget_from(0);
        assert_eq!((block.first_known(), block.last_known(), &block), (None, None, &Block::BLANK));
    }
}
