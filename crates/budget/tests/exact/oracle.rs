//! The truth, as slowly and plainly as one can write it down: a list of minutes, flags for those that are excluded, and
//! fractions that are never rounded before the end. Shares no arithmetic with what it judges.

use std::cmp::Ordering;

use budget::{Budgeting, Count, Minute, Period, Stretch, Unit};

/// A number as a fraction; the denominator is above zero. What does not fit into 128 bits is a panic, not a result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fraction {
    over: i128,
    under: i128,
}

impl Fraction {
    pub(crate) fn new(over: i128, under: i128) -> Self {
        assert!(0 < under, "{over}/{under} is no fraction");
        Self { over, under }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self::new(multiplied(self.over, other.over), multiplied(self.under, other.under))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        let (one, two) = (multiplied(self.over, other.under), multiplied(other.over, self.under));
        Self::new(one.checked_sub(two).unwrap(), multiplied(self.under, other.under))
    }

    /// The largest whole number that is not above it.
    pub(crate) fn floor(self) -> i128 {
        let towards_zero = self.over / self.under;
        if self.over % self.under < 0 { towards_zero - 1 } else { towards_zero }
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        multiplied(self.over, other.under).cmp(&multiplied(other.over, self.under))
    }
}

fn multiplied(one: i128, other: i128) -> i128 {
    one.checked_mul(other).unwrap()
}

/// Sums of a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) bad: i128,
    pub(crate) total: i128,
    pub(crate) known: i128,
    pub(crate) missing: i128,
}

impl Sums {
    const MISSING: Self = Self { bad: 0, total: 0, known: 0, missing: 1 };
    const EMPTY: Self = Self { bad: 0, total: 0, known: 1, missing: 0 };

    fn of(count: Count) -> Self {
        match count {
            Count::Observed { bad, total } => Self { bad: bad.into(), total: total.into(), ..Self::EMPTY },
            Count::Empty => Self::EMPTY,
            Count::Missing => Self::MISSING,
        }
    }

    fn add(&mut self, other: Self) {
        self.bad += other.bad;
        self.total += other.total;
        self.known += other.known;
        self.missing += other.missing;
    }

    /// Whether at most so many millionths of the minutes are missing; never of no minutes.
    pub(crate) fn is_known_enough(self, missing_max_ppm: u32) -> bool {
        let minutes = self.known + self.missing;
        let most = Fraction::new(i128::from(missing_max_ppm), 1_000_000);
        0 < minutes && Fraction::new(self.missing, minutes).compare(most).is_le()
    }

    /// The share of bad events over the share that may be bad, against a rate; `None` without events.
    pub(crate) fn compare_burn(self, allowed_ppm: u32, milli: u32) -> Option<Ordering> {
        let rate = Fraction::new(i128::from(milli), 1_000).times(Fraction::new(i128::from(allowed_ppm), 1_000_000));
        (0 < self.total).then(|| Fraction::new(self.bad, self.total).compare(rate))
    }

    /// Millionths of the budget of a window of `whole` minutes that are left after `bad` events were spent in `part` of
    /// it, if the rest of it is as busy.
    pub(crate) fn left_ppm(self, bad: i128, allowed_ppm: u32, part: i128, whole: i128) -> Option<i128> {
        if self.known == 0 || part == 0 {
            return None;
        }
        let events = Fraction::new(self.total, 1).times(Fraction::new(whole, part));
        let budget = events.times(Fraction::new(i128::from(allowed_ppm), 1_000_000));
        if budget.over == 0 {
            return Some(1_000_000);
        }
        let spent = Fraction::new(multiplied(bad, budget.under), budget.over);
        Some(Fraction::new(1, 1).minus(spent).times(Fraction::new(1_000_000, 1)).floor())
    }
}

/// Every minute of a stretch, one by one.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) all: Stretch,
    events: Vec<Sums>,
    /// What the objective is judged by: the events, or slices as one event in their first minute.
    judged: Vec<Sums>,
    is_excluded: Vec<bool>,
    pub(crate) forgiven_before: Option<Minute>,
    /// The first minute of which anything was ever known.
    pub(crate) first: Option<Minute>,
}

/// What one pass over a stretch finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) raw: Sums,
    pub(crate) adjusted: Sums,
    /// Bad events that are neither excluded nor forgiven.
    pub(crate) spent: i128,
}

impl Truth {
    pub(crate) fn new(all: Stretch) -> Self {
        let length = all.length().get() as usize;
        let events = vec![Sums::MISSING; length];
        let judged = events.clone();
        Self { all, events, judged, is_excluded: vec![false; length], forgiven_before: None, first: None }
    }

    pub(crate) fn set(&mut self, minute: Minute, count: Count) {
        let place = self.place(minute);
        self.events[place] = Sums::of(count);
        if count.is_known() {
            self.first = Some(self.first.map_or(minute, |first| first.min(minute)));
        }
    }

    pub(crate) fn exclude(&mut self, stretches: &[Stretch]) {
        for (place, is_excluded) in self.is_excluded.iter_mut().enumerate() {
            let minute = self.all.from.get() + place as i64;
            *is_excluded = stretches.iter().any(|one| one.from.get() <= minute && minute < one.until.get());
        }
    }

    /// Judges everything anew.
    pub(crate) fn judge(&mut self, budgeting: Budgeting, missing_max_ppm: u32) {
        self.judged.clone_from(&self.events);
        let Budgeting::Timeslices { length, target } = budgeting else { return };
        let length = length.get() as usize;
        // The list begins and ends with a slice.
        for from in (0..self.events.len()).step_by(length) {
            let mut sums = Sums::default();
            self.events[from..from + length].iter().for_each(|count| sums.add(*count));
            let is_known = 0 < sums.known && sums.is_known_enough(missing_max_ppm);
            let goal = Fraction::new(i128::from(target.get()), 1_000_000).times(Fraction::new(sums.total, 1));
            let is_bad = Fraction::new(sums.total - sums.bad, 1).compare(goal).is_lt();
            let first = Sums { bad: is_bad.into(), total: 1, ..Sums::EMPTY };
            self.judged[from..from + length].fill(if is_known { Sums::EMPTY } else { Sums::MISSING });
            self.judged[from] = if is_known { first } else { Sums::MISSING };
        }
    }

    pub(crate) fn find(&self, from: Minute, until: Minute) -> Found {
        let mut found = Found::default();
        if until <= from {
            return found;
        }
        let forgiven = self.forgiven_before.map_or(0, |before| (before.get() - self.all.from.get()).max(0) as usize);
        for place in self.place(from)..self.place(until) {
            let count = self.judged[place];
            found.raw.add(count);
            if !self.is_excluded[place] {
                found.adjusted.add(count);
                found.spent += if place < forgiven { 0 } else { count.bad };
            }
        }
        found
    }

    /// The part of a stretch since measuring began.
    pub(crate) fn measured_from(&self, from: Minute, until: Minute) -> Minute {
        self.first.map_or(until, |first| first.max(from)).min(until)
    }

    fn place(&self, minute: Minute) -> usize {
        usize::try_from(minute.get() - self.all.from.get()).unwrap()
    }
}

/// The period around a minute by looking at the calendar on the wall, minute by minute; for periods that begin at
/// midnight, and weeks that begin with the first.
pub(crate) fn period(period: &Period, minute: Minute) -> Stretch {
    let page = |minute: i64| {
        let date = Minute::new(minute).start().to_zoned(period.zone.clone()).date();
        let days = date.since(period.first.date()).unwrap().get_days();
        match period.unit {
            Unit::Day => days,
            Unit::Week => days.div_euclid(7),
            Unit::Month | Unit::Quarter | Unit::Year => unreachable!("longer than the list of minutes"),
        }
    };
    let here = page(minute.get());
    // Quarters of an hour: no zone of the last hundred years changes its clocks at another minute.
    let mut from = minute.get().div_euclid(15) * 15;
    while page(from - 15) == here {
        from -= 15;
    }
    let mut until = minute.get().div_euclid(15) * 15 + 15;
    while page(until) == here {
        until += 15;
    }
    Stretch { from: Minute::new(from), until: Minute::new(until) }
}
