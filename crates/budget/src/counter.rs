//! Counters that only grow, until whoever counts starts again.

use crate::{Count, Minute, Minutes};

/// The longest gap between two looks over which events are spread.
const GAP_MAX: Minutes = Minutes::hours(1);

/// One look at cumulative counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Names the run of whoever counts; another run begins at zero.
    pub boot: u64,
    /// Everything before this minute is counted.
    pub until: Minute,
    /// Bad events so far.
    pub bad: u64,
    /// All events so far.
    pub total: u64,
}

/// The last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(Option<Look>);

impl Counter {
    /// The minutes since the last look. Nothing is known of them after a first look, a restart, a step back, a gap that
    /// is too long, or when more bad events came than events.
    ///
    /// Over a gap of several minutes the events are spread evenly: each sum over the whole gap is exact.
    pub fn take(&mut self, look: Look) -> Vec<(Minute, Count)> {
        let Some(last) = self.0 else {
            self.0 = Some(look);
            return Vec::new();
        };
        let gap = look.until.since(last.until);
        if look.until <= last.until {
            // A clock that was set back: what was counted stays with the minutes that are still to come.
            return Vec::new();
        }
        self.0 = Some(look);
        let is_forward = last.boot == look.boot && last.bad <= look.bad && last.total <= look.total;
        let (bad, total) = (look.bad.saturating_sub(last.bad), look.total.saturating_sub(last.total));
        if !is_forward || total < bad || GAP_MAX < gap {
            return Vec::new();
        }
        let minutes = u64::from(gap.get());
        let share = |all: u64, nth: u64| {
            // The nth of equal parts that add up to all.
            let upto = |nth: u64| u128::from(all) * u128::from(nth) / u128::from(minutes);
            u64::try_from(upto(nth + 1) - upto(nth)).unwrap_or(u64::MAX)
        };
        let minute = |nth: u64| {
            let (bad, good) = (share(bad, nth), share(total - bad, nth));
            let count = Count::bad(bad, bad + good).unwrap_or(Count::Missing);
            (last.until + Minutes::new(u32::try_from(nth).unwrap_or(u32::MAX)), count)
        };
        (0..minutes).map(minute).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(boot: u64, until: i64, bad: u64, total: u64) -> Look {
        Look { boot, until: Minute::new(until), bad, total }
    }

    fn totals(minutes: &[(Minute, Count)]) -> (u32, u32) {
        minutes.iter().fold((0, 0), |(bad, total), (_, count)| (bad + count.pair().0, total + count.pair().1))
    }

    #[test]
    fn differences_are_minutes_and_a_first_look_knows_nothing() {
        let mut counter = Counter::default();
        assert_eq!(counter.take(look(1, 10, 5, 100)), []);
        assert_eq!(counter.take(look(1, 11, 6, 150)), [(Minute::new(10), Count::Observed { bad: 1, total: 50 })]);
        assert_eq!(counter.take(look(1, 12, 6, 150)), [(Minute::new(11), Count::Empty)]);
    }

    #[test]
    fn a_gap_is_spread_and_adds_up() {
        for (bad, total) in [(0, 0), (1, 7), (7, 7), (3, 1_000), (999, 1_000)] {
            let mut counter = Counter::default();
            counter.take(look(1, 10, 0, 0));
            let minutes = counter.take(look(1, 17, bad, total));
            assert_eq!(minutes.len(), 7);
            assert_eq!(totals(&minutes), (bad as u32, total as u32));
        }
    }

    #[test]
    fn restarts_steps_back_long_gaps_and_lies_are_missing() {
        let cases =
            [look(2, 11, 6, 150), look(1, 11, 4, 150), look(1, 11, 6, 99), look(1, 11, 80, 110), look(1, 90, 6, 150)];
        for second in cases {
            let mut counter = Counter::default();
            counter.take(look(1, 10, 5, 100));
            assert_eq!(counter.take(second), [], "{second:?}");
            let next = Look { until: second.until + Minutes::new(1), total: second.total + 9, ..second };
            assert_eq!(totals(&counter.take(next)), (0, 9), "it goes on from there: {second:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_counts_nothing_twice() {
        let mut counter = Counter::default();
        counter.take(look(1, 100, 0, 100));
        assert_eq!(counter.take(look(1, 40, 0, 150)), []);
        assert_eq!(totals(&counter.take(look(1, 101, 0, 200))), (0, 100));
    }
}
