//! 256 minutes in a row.

use std::ops::Add;

use crate::{Count, Counts, Minutes};

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
    total: [[u16; GROUP]; GROUPS],
    bad: [[u8; GROUP]; GROUPS],
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
    #[inline(always)]
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
        Self { groups: [group; GROUPS], total: [[0; GROUP]; GROUPS], bad: [[0; GROUP]; GROUPS] }
    }

    fn get(&self, place: usize) -> Count {
        let (group, at) = (place / GROUP, place % GROUP);
        if self.groups[group].known >> at & 1 == 0 {
            return Count::Missing;
        }
        match self.total[group][at] {
            0 => Count::Empty,
            total => Count::Observed { bad: u32::from(self.bad[group][at]), total: u32::from(total) },
        }
    }

    /// Whoever calls has seen that all fit.
    fn of(minutes: &[Count; LENGTH]) -> Self {
        let mut narrow = Self::blank();
        for (place, count) in minutes.iter().enumerate() {
            let (bad, total) = count.pair();
            let (group, at) = (place / GROUP, place % GROUP);
            (narrow.bad[group][at], narrow.total[group][at]) = (bad as u8, total as u16);
            narrow.groups[group].known |= u16::from(count.is_known()) << at;
        }
        narrow.sum_from(0);
        narrow
    }

    fn set(&mut self, place: usize, count: Count) {
        let (bad, total) = count.pair();
        let (group, at) = (place / GROUP, place % GROUP);
        // Whoever calls has seen that both fit.
        (self.bad[group][at], self.total[group][at]) = (bad as u8, total as u16);
        let known = &mut self.groups[group].known;
        *known = *known & !(1 << at) | u16::from(count.is_known()) << at;
        self.sum_from(group);
    }

    /// Sums again what comes after a group.
    fn sum_from(&mut self, group: usize) {
        for at in group + 1..GROUPS {
            let total: u32 = self.total[at - 1].iter().map(|total| u32::from(*total)).sum();
            let bad: u16 = self.bad[at - 1].iter().map(|bad| u16::from(*bad)).sum();
            let (before, known) = (self.groups[at - 1], known_before(&self.groups, at));
            let this = &mut self.groups[at];
            this.total = ((before.total & TOTAL) + total) | (known << TOTAL_BITS);
            this.bad = before.bad + bad;
        }
    }

    // Sums that are handed over in memory cost more than adding up.
    #[inline(always)]
    fn before(&self, place: usize) -> Sums {
        let (at, rest) = (place / GROUP, place % GROUP);
        let group = self.groups[at];
        // Whole groups of sixteen with a mask, so that they are added side by side.
        let (bads, totals) = (self.bad[at].iter().zip(&EARLIER[rest]), self.total[at].iter().zip(&EARLIER_WIDE[rest]));
        let bad: u32 = bads.map(|(bad, mask)| u32::from(bad & mask)).sum();
        let total: u32 = totals.map(|(total, mask)| u32::from(total & mask)).sum();
        let known = (group.known & !(u16::MAX << rest)).count_ones();
        Sums {
            bad: u64::from(u32::from(group.bad) + bad),
            total: u64::from((group.total & TOTAL) + total),
            known: u64::from((group.total >> TOTAL_BITS) + known),
        }
    }
}

/// For each place in a group, all bits of the places before it; for minutes of 8 bits and of 16.
const EARLIER: [[u8; GROUP]; GROUP] = {
    let (mut masks, mut place) = ([[0; GROUP]; GROUP], 0);
    while place < LENGTH {
        masks[place / GROUP][place % GROUP] = if place % GROUP < place / GROUP { u8::MAX } else { 0 };
        place += 1;
    }
    masks
};
const EARLIER_WIDE: [[u16; GROUP]; GROUP] = {
    let (mut masks, mut place) = ([[0; GROUP]; GROUP], 0);
    while place < LENGTH {
        masks[place / GROUP][place % GROUP] = EARLIER[place / GROUP][place % GROUP] as u16 * 0x101;
        place += 1;
    }
    masks
};

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

    #[inline(never)]
    fn before(&self, place: usize) -> Sums {
        let start = place - place % GROUP;
        self.minutes[start..place].iter().fold(self.groups[place / GROUP], |sums, count| sums + Sums::of(*count))
    }
}

impl Sums {
    /// What lies between these sums, of everything before a minute, and those before one that is so much later.
    pub(super) fn up_to(self, later: Self, length: Minutes) -> Counts {
        let known = Minutes::new((later.known - self.known) as u32);
        Counts { bad: later.bad - self.bad, total: later.total - self.total, known, missing: length - known }
    }

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
