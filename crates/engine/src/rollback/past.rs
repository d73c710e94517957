//! The minutes of a flow that are behind it: what is normal is learned from them.
//!
//! A past begins with the first caller. What was before tells nothing of the flow: it was not there yet, or not in use.

use std::collections::VecDeque;

use base::{Count, Minute, Minutes, Stretch};

/// The longest past: 28 days.
pub(super) const PAST_MAX: Minutes = Minutes::days(28);

/// Minutes in a row, the oldest first; those of which nothing is known are missing.
#[derive(Clone, Debug)]
pub(super) struct Past {
    from: Minute,
    counts: VecDeque<Packed>,
    length: usize,
    /// What all minutes come to: it is asked for often, and there are many.
    sum: Sum,
}

/// What minutes come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Minutes before the first caller ...
    idle: usize,
    /// ... and how many of them are known.
    idle_known: u32,
    known: u32,
    bad: u64,
    total: u64,
}

impl Sum {
    fn add(&mut self, packed: Packed) {
        let (bad, total) = packed.count().pair();
        self.known += u32::from(packed.count().is_known());
        (self.bad, self.total) = (self.bad + u64::from(bad), self.total + u64::from(total));
    }

    fn take(&mut self, packed: Packed) {
        let (bad, total) = packed.count().pair();
        self.known -= u32::from(packed.count().is_known());
        (self.bad, self.total) = (self.bad - u64::from(bad), self.total - u64::from(total));
    }
}

/// A count in eight bytes: a flow has forty thousand of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed {
    bad: u32,
    total: u32,
}

impl Packed {
    const MISSING: Self = Self { bad: 1, total: 0 };

    /// Whether there was no caller, as far as anybody knows.
    const fn is_idle(self) -> bool {
        self.total == 0
    }

    const fn of(count: Count) -> Self {
        match count {
            Count::Observed { bad, total } => Self { bad, total },
            Count::Empty => Self { bad: 0, total: 0 },
            Count::Missing => Self::MISSING,
        }
    }

    const fn count(self) -> Count {
        match self {
            Self { bad: 0, total: 0 } => Count::Empty,
            Self { total: 0, .. } => Count::Missing,
            Self { bad, total } => Count::Observed { bad, total },
        }
    }
}

impl Past {
    /// One that begins with a minute and knows nothing yet; it keeps the latest `length` minutes, [`PAST_MAX`] at most.
    pub(super) fn new(from: Minute, length: Minutes) -> Self {
        Self { from, counts: VecDeque::new(), length: length.min(PAST_MAX).get() as usize, sum: Sum::default() }
    }

    /// The first minute, and the first after the last.
    pub(super) fn stretch(&self) -> Stretch {
        Stretch { from: self.from, until: Minute::new(self.from.get() + self.counts.len() as i64) }
    }

    pub(super) fn get(&self, minute: Minute) -> Count {
        let place = usize::try_from(minute.get() - self.from.get()).ok();
        place.and_then(|place| self.counts.get(place)).map_or(Count::Missing, |packed| packed.count())
    }

    /// A minute, before, after or among those that are known. One that is too old is not kept.
    pub(super) fn put(&mut self, minute: Minute, count: Count) {
        let Stretch { until, .. } = self.stretch();
        let ahead = minute.get() - until.get();
        if self.length as i64 <= ahead {
            // Nothing that was known is recent enough.
            (self.from, self.counts, self.sum) = (minute, VecDeque::new(), Sum::default());
        } else if 0 <= ahead {
            self.counts.extend(std::iter::repeat_n(Packed::MISSING, ahead as usize));
            self.busy_from(self.sum.idle);
        }
        if self.counts.is_empty() {
            self.from = minute;
        }
        let place = minute.get() - self.from.get();
        if place < 0 {
            if (self.length as i64) < self.counts.len() as i64 - place {
                return;
            }
            for _ in place..0 {
                self.counts.push_front(Packed::MISSING);
                self.sum.idle += 1;
            }
            self.from = minute;
        }
        let place = place.max(0) as usize;
        self.set(place, Packed::of(count));
        while self.length < self.counts.len() {
            self.forget_first();
        }
    }

    fn set(&mut self, place: usize, packed: Packed) {
        let was = match self.counts.get_mut(place) {
            Some(known) => std::mem::replace(known, packed),
            None => {
                self.counts.push_back(packed);
                Packed::MISSING
            }
        };
        self.sum.take(was);
        self.sum.add(packed);
        if place < self.sum.idle && packed.is_idle() {
            self.sum.idle_known -= u32::from(was.count().is_known());
            self.sum.idle_known += u32::from(packed.count().is_known());
        } else if place < self.sum.idle {
            // The first caller is earlier than was known.
            let idle_known = self.counts.iter().take(place).filter(|packed| packed.count().is_known()).count();
            (self.sum.idle, self.sum.idle_known) = (place, idle_known as u32);
        } else {
            self.busy_from(self.sum.idle);
        }
    }

    fn forget_first(&mut self) {
        let Some(first) = self.counts.pop_front() else { return };
        self.from = self.from + Minutes::new(1);
        self.sum.take(first);
        if self.sum.idle == 0 {
            self.busy_from(0);
        } else {
            self.sum.idle -= 1;
            self.sum.idle_known -= u32::from(first.count().is_known());
        }
    }

    /// Finds the first caller, who is at this place or later.
    fn busy_from(&mut self, place: usize) {
        let later = self.counts.iter().skip(place).take_while(|packed| packed.is_idle());
        let (idle, known) =
            later.fold((0, 0), |(idle, known), packed| (idle + 1, known + u32::from(packed.count().is_known())));
        (self.sum.idle, self.sum.idle_known) = (place + idle, self.sum.idle_known + known);
    }

    /// From the minute of the first caller to the last minute.
    pub(super) fn lived(&self) -> Stretch {
        let Stretch { from, until } = self.stretch();
        Stretch { from: from + Minutes::new(self.sum.idle as u32), until }
    }

    /// The minutes since the first caller, up to, but without, one, the oldest first.
    pub(super) fn before(&self, minute: Minute) -> Vec<Count> {
        let Stretch { from, until } = self.lived();
        (from.get()..until.min(minute).get()).map(|minute| self.get(Minute::new(minute))).collect()
    }

    /// Minutes since the first caller of which something is known.
    pub(super) const fn known(&self) -> u32 {
        self.sum.known - self.sum.idle_known
    }

    /// The share of callers who failed; `None` without callers.
    pub(super) fn share(&self) -> Option<f64> {
        (0 < self.sum.total).then(|| self.sum.bad as f64 / self.sum.total as f64)
    }
}

/// The share of callers who failed of several flows together; `None` without callers.
pub(super) fn share_of<'a>(pasts: impl Iterator<Item = &'a Past>) -> Option<f64> {
    let sums = pasts.fold((0, 0), |(bad, total), past| (bad + past.sum.bad, total + past.sum.total));
    (0 < sums.1).then(|| sums.0 as f64 / sums.1 as f64)
}

/// The minutes of several flows together; one is unknown when it is so of each of them.
///
/// A past is gone through from end to end before the next one: minute by minute, each would have to come from memory anew.
pub(super) fn sums_of<'a>(pasts: impl Iterator<Item = &'a Past>, minutes: Stretch) -> Vec<Count> {
    let mut sums = vec![None; minutes.length().get() as usize];
    for past in pasts {
        let ahead = past.from.get() - minutes.from.get();
        let (skipped, ahead) = (usize::try_from(-ahead).unwrap_or(0), usize::try_from(ahead).unwrap_or(0));
        for (sum, packed) in sums.iter_mut().skip(ahead).zip(past.counts.iter().skip(skipped)) {
            if packed.count().is_known() {
                let (bad, total) = sum.unwrap_or((0, 0));
                *sum = Some((bad + u64::from(packed.bad), total + u64::from(packed.total)));
            }
        }
    }
    let count =
        |sum: Option<(u64, u64)>| sum.and_then(|(bad, total)| Count::bad(bad, total).ok()).unwrap_or(Count::Missing);
    sums.into_iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn observed(bad: u32) -> Count {
        Count::Observed { bad, total: 50 }
    }

    #[test]
    fn a_past_grows_at_both_ends_and_keeps_the_latest() {
        let mut past = Past::new(Minute::new(100), Minutes::new(5));
        past.put(Minute::new(100), observed(1));
        past.put(Minute::new(102), observed(2));
        past.put(Minute::new(98), Count::Empty);
        assert_eq!(past.stretch(), Stretch { from: Minute::new(98), until: Minute::new(103) });
        let lived = [observed(1), Count::Missing, observed(2)];
        assert_eq!(past.before(Minute::new(200)), lived);
        past.put(Minute::new(97), observed(9));
        assert_eq!(past.get(Minute::new(97)), Count::Missing, "too old");
        past.put(Minute::new(104), observed(3));
        assert_eq!(past.stretch().from, Minute::new(100));
        assert_eq!((past.known(), past.lived().from), (3, Minute::new(100)));
        past.put(Minute::new(900), observed(4));
        assert_eq!(past.stretch(), Stretch { from: Minute::new(900), until: Minute::new(901) });
    }

    proptest! {
        #[test]
        fn what_all_minutes_come_to_is_kept(puts in prop::collection::vec((0i64..60, 0u32..4), 1..120)) {
            let mut past = Past::new(Minute::new(30), Minutes::new(20));
            for (minute, what) in puts {
                let count = match what {
                    0 => Count::Missing,
                    1 => Count::Empty,
                    bad => observed(bad),
                };
                past.put(Minute::new(minute), count);
                let Stretch { from, until } = past.stretch();
                let all: Vec<_> = (from.get()..until.get()).map(|minute| past.get(Minute::new(minute))).collect();
                let idle = all.iter().take_while(|count| count.pair() == (0, 0)).count();
                prop_assert_eq!(past.lived().from, from + Minutes::new(idle as u32));
                prop_assert_eq!(past.known() as usize, all[idle..].iter().filter(|count| count.is_known()).count());
                prop_assert_eq!(past.share(), rollback::baseline::share_of(all));
            }
        }

        #[test]
        fn several_pasts_together_are_their_sums(
            puts in prop::collection::vec((0usize..3, 0i64..60, 0u32..4), 1..120),
            (from, length) in (0i64..60, 0i64..30),
        ) {
            let mut pasts = [(); 3].map(|()| Past::new(Minute::new(30), Minutes::new(20)));
            for (past, minute, what) in puts {
                let counts = [Count::Missing, Count::Empty, observed(2), observed(3)];
                pasts[past].put(Minute::new(minute), counts[what as usize]);
            }
            let minutes = Stretch { from: Minute::new(from), until: Minute::new(from + length) };
            let sum = |minute| {
                let known = pasts.iter().map(|past| past.get(Minute::new(minute))).filter(|count| count.is_known());
                let add = |(bad, total), (more_bad, more): (u32, u32)| (bad + u64::from(more_bad), total + u64::from(more));
                known.map(Count::pair).fold(None, |sum, pair| Some(add(sum.unwrap_or((0, 0)), pair)))
            };
            let slowly: Vec<_> = (from..from + length)
                .map(|minute| sum(minute).map_or(Count::Missing, |(bad, total)| Count::bad(bad, total).unwrap()))
                .collect();
            prop_assert_eq!(sums_of(pasts.iter(), minutes), slowly);
            let all = pasts.iter().flat_map(|past| (0..60).map(|minute| past.get(Minute::new(minute))));
            prop_assert_eq!(share_of(pasts.iter()), rollback::baseline::share_of(all));
        }

        /// The latest minutes are as they were put last, whatever the order.
        #[test]
        fn it_is_what_was_put_last(puts in prop::collection::vec((0i64..60, 0u32..50), 1..80)) {
            let mut past = Past::new(Minute::new(30), Minutes::new(20));
            let mut kept = std::collections::BTreeMap::new();
            for (minute, bad) in puts {
                past.put(Minute::new(minute), observed(bad));
                let is_old = kept.keys().next_back().is_some_and(|last: &i64| minute <= last - 20);
                if !is_old {
                    kept.insert(minute, bad);
                }
                let last = *kept.keys().next_back().unwrap();
                kept.retain(|minute, _| last - 20 < *minute);
                for minute in 0..60 {
                    let expected = kept.get(&minute).map_or(Count::Missing, |bad| observed(*bad));
                    prop_assert_eq!(past.get(Minute::new(minute)), expected, "minute {}", minute);
                }
            }
        }
    }
}
