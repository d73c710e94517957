//! 256 minutes in a row.

use std::ops::Add;

use crate::Count;

/// How many minutes a chunk holds.
pub(super) const LENGTH: usize = 256;

/// How many minutes lie between two that know the sums before them.
const GROUP: usize = 16;

const GROUPS: usize = LENGTH / GROUP;

/// Sums of minutes in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) bad: u64,
    pub(super) total: u64,
    /// How many of the minutes are known.
    pub(super) known: u64,
}

/// 256 minutes.
#[derive(Clone, Debug)]
pub(super) enum Chunk {
    /// Nothing is known of any.
    Blank,
    /// Each has at most 255 bad events and 65,535 in all.
    Narrow(Box<Narrow>),
    /// Some have more.
    Wide(Box<Wide>),
}

/// Three bytes a minute, eight a group.
#[derive(Clone, Debug)]
pub(super) struct Narrow {
    groups: [Group; GROUPS],
    total: [u16; LENGTH],
    bad: [u8; LENGTH],
}

/// What lies before a group in its chunk, and which of its minutes are known.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// All events: at most 240 minutes of 65,535, which leaves eight bits.
    total: u32,
    /// Bad events: at most 240 minutes of 255.
    bad: u16,
    /// One bit a minute.
    known: u16,
}

/// Minutes as they are.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    minutes: [Count; LENGTH],
    groups: [Sums; GROUPS],
}

impl Chunk {
    pub(super) const fn blank() -> Self {
        Self::Blank
    }

    /// A chunk of these minutes.
    pub(super) fn of(minutes: &[Count; LENGTH]) -> Self {
        let is_narrow = |count: &Count| {
            let (bad, total) = count.pair();
            u8::try_from(bad).is_ok() && u16::try_from(total).is_ok()
        };
        if !minutes.iter().any(|count| count.is_known()) {
            Self::Blank
        } else if minutes.iter().all(is_narrow) {
            Self::Narrow(Box::new(Narrow::of(minutes)))
        } else {
            Self::Wide(Box::new(Wide::of(|place| minutes[place])))
        }
    }

    pub(super) fn get(&self, place: usize) -> Count {
        match self {
            Self::Blank => Count::Missing,
            Self::Narrow(narrow) => narrow.get(place),
            Self::Wide(wide) => wide.minutes[place],
        }
    }

    pub(super) fn set(&mut self, place: usize, count: Count) {
        let (bad, total) = count.pair();
        let is_narrow = u8::try_from(bad).is_ok() && u16::try_from(total).is_ok();
        match self {
            Self::Narrow(narrow) if is_narrow => narrow.set(place, count),
            Self::Wide(wide) => wide.set(place, count),
            Self::Blank if is_narrow => {
                let mut narrow = Box::new(Narrow::blank());
                narrow.set(place, count);
                *self = Self::Narrow(narrow);
            }
            Self::Blank | Self::Narrow(_) => {
                let mut wide = Box::new(Wide::of(|place| self.get(place)));
                wide.set(place, count);
                *self = Self::Wide(wide);
            }
        }
    }

    /// The sums of the minutes before a place.
    pub(super) fn before(&self, place: usize) -> Sums {
        match self {
            Self::Blank => Sums::default(),
            Self::Narrow(narrow) => narrow.before(place),
            Self::Wide(wide) => wide.before(place),
        }
    }

    /// The sums of all its minutes.
    pub(super) fn sums(&self) -> Sums {
        let last = LENGTH - 1;
        self.before(last) + Sums::of(self.get(last))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Blank => 0,
            Self::Narrow(_) => size_of::<Narrow>(),
            Self::Wide(_) => size_of::<Wide>(),
        }
    }
}

impl Narrow {
    const fn blank() -> Self {
        let group = Group { total: 0, bad: 0, known: 0 };
        Self { groups: [group; GROUPS], total: [0; LENGTH], bad: [0; LENGTH] }
    }

    fn get(&self, place: usize) -> Count {
        if self.groups[place / GROUP].known >> (place % GROUP) & 1 == 0 {
            return Count::Missing;
        }
        match self.total[place] {
            0 => Count::Empty,
            total => Count::Observed { bad: u32::from(self.bad[place]), total: u32::from(total) },
        }
    }

    /// Whoever calls has seen that all fit.
    fn of(minutes: &[Count; LENGTH]) -> Self {
        let mut narrow = Self::blank();
        for (place, count) in minutes.iter().enumerate() {
            let (bad, total) = count.pair();
            (narrow.bad[place], narrow.total[place]) = (bad as u8, total as u16);
            narrow.groups[place / GROUP].known |= u16::from(count.is_known()) << (place % GROUP);
        }
        narrow.sum_from(0);
        narrow
    }

    fn set(&mut self, place: usize, count: Count) {
        let (bad, total) = count.pair();
        // Whoever calls has seen that both fit.
        (self.bad[place], self.total[place]) = (bad as u8, total as u16);
        let (group, bit) = (&mut self.groups[place / GROUP], 1 << (place % GROUP));
        if count.is_known() {
            group.known |= bit;
        } else {
            group.known &= !bit;
        }
        self.sum_from(place / GROUP);
    }

    /// Sums again what comes after a group.
    fn sum_from(&mut self, group: usize) {
        for at in group + 1..GROUPS {
            let (start, end) = ((at - 1) * GROUP, at * GROUP);
            let total: u32 = self.total[start..end].iter().map(|total| u32::from(*total)).sum();
            let bad: u16 = self.bad[start..end].iter().map(|bad| u16::from(*bad)).sum();
            let (before, known) = (self.groups[at - 1], known_before(&self.groups, at));
            let this = &mut self.groups[at];
            this.total = ((before.total & TOTAL) + total) | (known << TOTAL_BITS);
            this.bad = before.bad + bad;
        }
    }

    fn before(&self, place: usize) -> Sums {
        let (group, rest) = (self.groups[place / GROUP], place % GROUP);
        let start = place - rest;
        let (mut bad, mut total) = (0u16, 0u32);
        // Whole groups of sixteen with a mask, so that they are added side by side.
        for at in 0..GROUP {
            let is_before = u16::from(at < rest);
            bad += u16::from(self.bad[start + at]) * is_before;
            total += u32::from(self.total[start + at] * is_before);
        }
        let known = (group.known & !(u16::MAX << rest)).count_ones();
        Sums {
            bad: u64::from(group.bad + bad),
            total: u64::from((group.total & TOTAL) + total),
            known: u64::from((group.total >> TOTAL_BITS) + known),
        }
    }
}

/// The bits of [`Group::total`] that count events; those above them count known minutes before the group, 240 at most.
const TOTAL_BITS: u32 = 24;
const TOTAL: u32 = (1 << TOTAL_BITS) - 1;

fn known_before(groups: &[Group; GROUPS], group: usize) -> u32 {
    (groups[group - 1].total >> TOTAL_BITS) + groups[group - 1].known.count_ones()
}

impl Wide {
    fn of(minute: impl Fn(usize) -> Count) -> Self {
        let mut wide = Self { minutes: std::array::from_fn(minute), groups: [Sums::default(); GROUPS] };
        wide.sum_from(0);
        wide
    }

    fn set(&mut self, place: usize, count: Count) {
        self.minutes[place] = count;
        self.sum_from(place / GROUP);
    }

    fn sum_from(&mut self, group: usize) {
        for at in group + 1..GROUPS {
            self.groups[at] = self.before(at * GROUP - 1) + Sums::of(self.minutes[at * GROUP - 1]);
        }
    }

    fn before(&self, place: usize) -> Sums {
        let start = place - place % GROUP;
        self.minutes[start..place].iter().fold(self.groups[place / GROUP], |sums, count| sums + Sums::of(*count))
    }
}

impl Sums {
    fn of(count: Count) -> Self {
        let (bad, total) = count.pair();
        Self { bad: u64::from(bad), total: u64::from(total), known: u64::from(count.is_known()) }
    }
}

impl Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { bad: self.bad + other.bad, total: self.total + other.total, known: self.known + other.known }
    }
}
