//! Sets of actions, a bit each: walks over a flow ask and fill them all the time.

use super::StepId;

/// A set of actions of one chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSet(Vec<u64>);

impl StepSet {
    /// Adds an action; false when it was there.
    pub fn insert(&mut self, id: StepId) -> bool {
        let (word, bit) = (id.0 / 64, 1_u64 << (id.0 % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// True when the action is there.
    pub fn contains(&self, id: StepId) -> bool {
        self.0.get(id.0 / 64).is_some_and(|word| word & (1 << (id.0 % 64)) != 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The actions in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = StepId> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors(Some(word).filter(|word| *word != 0), |word| {
                Some(word & (word - 1)).filter(|rest| *rest != 0)
            })
            .map(move |word| StepId(at * 64 + word.trailing_zeros() as usize))
        })
    }
}

impl Extend<StepId> for StepSet {
    fn extend<T: IntoIterator<Item = StepId>>(&mut self, ids: T) {
        for id in ids {
            self.insert(id);
        }
    }
}

impl FromIterator<StepId> for StepSet {
    fn from_iter<T: IntoIterator<Item = StepId>>(ids: T) -> Self {
        let mut set = Self::default();
        set.extend(ids);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_once_and_in_order() {
        let set: StepSet = [130, 0, 63, 64, 63].into_iter().map(StepId).collect();
        assert_eq!(set.iter().map(|id| id.0).collect::<Vec<_>>(), [0, 63, 64, 130]);
        assert_eq!(
            (set.len(), set.contains(StepId(64)), set.contains(StepId(65)), set.is_empty()),
            (4, true, false, false)
        );
        assert!(StepSet::default().is_empty());
    }
}
