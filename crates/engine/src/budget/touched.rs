//! Which blocks have minutes that are in no stored block yet. Every count asks, so it costs next to nothing.

use std::collections::BTreeMap;

/// Blocks of objectives, by their places.
#[derive(Debug, Default)]
pub(super) struct Touched(BTreeMap<i64, Vec<bool>>);

impl Touched {
    /// Adds a block.
    pub(super) fn insert(&mut self, objective: usize, block: i64) {
        let places = self.0.entry(block).or_default();
        if places.len() <= objective {
            places.resize(objective + 1, false);
        }
        places[objective] = true;
    }

    /// Adds all of the other's, and leaves it none.
    pub(super) fn append(&mut self, other: &mut Self) {
        for (objective, block) in other.iter() {
            self.insert(objective, block);
        }
        other.clear();
    }

    /// All blocks with their objectives, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, i64)> {
        let of_block = |(block, places): (&i64, &Vec<bool>)| {
            let block = *block;
            let found = places.iter().enumerate().filter(|(_, is_in)| **is_in).map(move |(place, _)| (place, block));
            found.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_block)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_in_it_once_however_often_it_was_touched() {
        let (mut one, mut other) = (Touched::default(), Touched::default());
        for (objective, block) in [(3, 7), (0, 7), (3, 7), (1, -2)] {
            one.insert(objective, block);
        }
        other.insert(3, 7);
        other.insert(2, 9);
        one.append(&mut other);
        assert_eq!(one.iter().collect::<Vec<_>>(), [(1, -2), (0, 7), (3, 7), (2, 9)]);
        assert_eq!(other.iter().count(), 0);
    }
}
