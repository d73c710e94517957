//! 256 minutes in a row.

use crate::{BLOCK, Block, Count, Counts, Minutes};

/// How many minutes a chunk holds.
pub(super) const LENGTH: usize = BLOCK;

/// How many minutes lie between two that know the sums before them.
pub(super) const GROUP: usize = 16;

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
    heads: [Head; GROUPS],
    groups: [Group; GROUPS],
}

/// What lies before a group in its chunk, and which of its minutes are known.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// All events: at most 240 minutes of 65,535, which leaves eight bits.
    total: u32,
    /// Bad events: at most 240 minutes of 255.
    bad: u16,
    /// One bit a minute.
    known: u16,
}

/// Sixteen minutes as rows of bytes, which processors add up sixteen at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// The lower and the upper half of all events.
    total: [[u8; GROUP]; 2],
    bad: [u8; GROUP],
}

/// Sixteen minutes that are all narrow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Minutes16 {
    group: Group,
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
    pub(super) fn of(block: &Block) -> Self {
        let bits = |column: &[u32; BLOCK]| column.iter().fold(0, |bits, number| bits | number);
        if block.known().iter().all(|known| *known == 0) {
            Self::Blank
        } else if bits(block.bad()) <= u8::MAX.into() && bits(block.total()) <= u16::MAX.into() {
            Self::Narrow(Box::new(Narrow::of(block)))
        } else {
            Self::Wide(Box::new(Wide::of(|place| block.get(place))))
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
            Self::Narrow(narrow) => narrow.before(place),
            Self::Blank => Sums::default(),
            Self::Wide(wide) => wide.before(place),
        }
    }

    /// A group and what lies before it in the chunk; `None` of a wide one.
    pub(super) fn group(&self, at: usize) -> Option<(Sums, Minutes16)> {
        match self {
            Self::Blank => Some((Sums::default(), Minutes16::default())),
            Self::Narrow(narrow) => {
                let minutes = Minutes16 { group: narrow.groups[at], known: narrow.heads[at].known };
                Some((narrow.before(at * GROUP), minutes))
            }
            Self::Wide(_) => None,
        }
    }

    /// The sums of all its minutes.
    pub(super) fn sums(&self) -> Sums {
        let last = LENGTH - 1;
        self.before(last).and(Sums::of(self.get(last)))
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
    fn blank() -> Self {
        Self { heads: [Head::default(); GROUPS], groups: [Group::default(); GROUPS] }
    }

    fn get(&self, place: usize) -> Count {
        let at = place / GROUP;
        self.groups[at].get(self.heads[at].known, place % GROUP)
    }

    /// Whoever calls has seen that all fit.
    fn of(block: &Block) -> Self {
        let mut narrow = Self::blank();
        let columns = block.bad().as_chunks::<GROUP>().0.iter().zip(block.total().as_chunks::<GROUP>().0);
        let (mut bad_before, mut total_before, mut known_before) = (0, 0, 0);
        for (at, (bads, totals)) in columns.enumerate() {
            let total = [totals.map(|total| total as u8), totals.map(|total| (total >> 8) as u8)];
            narrow.groups[at] = Group { total, bad: bads.map(|bad| bad as u8) };
            let known = (block.known()[at / 4] >> (at % 4 * GROUP)) as u16;
            narrow.heads[at] = Head { total: total_before | known_before << TOTAL_BITS, bad: bad_before, known };
            // The last group's own are in no head, so whatever they come to does not matter.
            total_before += totals.iter().sum::<u32>();
            bad_before = bad_before.wrapping_add(bads.iter().sum::<u32>() as u16);
            known_before += known.count_ones();
        }
        narrow
    }

    /// Whoever calls has seen that it fits.
    fn set(&mut self, place: usize, count: Count) {
        let earlier = self.get(place);
        let ((bad, total), (bad_earlier, total_earlier)) = (count.pair(), earlier.pair());
        let (at, place) = (place / GROUP, place % GROUP);
        let group = &mut self.groups[at];
        group.bad[place] = bad as u8;
        (group.total[0][place], group.total[1][place]) = (total as u8, (total >> 8) as u8);
        let known = &mut self.heads[at].known;
        *known = *known & !(1 << place) | u16::from(count.is_known()) << place;
        // Both halves at once: neither ever holds more, or less, than it has room for.
        let more = (total | u32::from(count.is_known()) << TOTAL_BITS)
            .wrapping_sub(total_earlier | u32::from(earlier.is_known()) << TOTAL_BITS);
        for head in &mut self.heads[at + 1..] {
            head.total = head.total.wrapping_add(more);
            head.bad = head.bad.wrapping_add((bad as u16).wrapping_sub(bad_earlier as u16));
        }
    }

    // Sums that are handed over in memory cost more than adding up.
    #[inline(always)]
    pub(super) fn before(&self, place: usize) -> Sums {
        let (at, rest) = (place / GROUP, place % GROUP);
        let head = self.heads[at];
        let [bad, total, known] = self.groups[at].before(head.known, rest);
        Sums {
            bad: u64::from(u32::from(head.bad) + bad),
            total: u64::from((head.total & TOTAL) + total),
            known: u64::from((head.total >> TOTAL_BITS) + known),
        }
    }
}

impl Minutes16 {
    pub(super) fn get(&self, place: usize) -> Count {
        self.group.get(self.known, place)
    }

    /// The sums of the minutes before a place, or of all.
    pub(super) fn before(&self, place: usize) -> Sums {
        let [bad, total, known] = self.group.before(self.known, place).map(u64::from);
        Sums { bad, total, known }
    }
}

impl Group {
    fn get(&self, known: u16, at: usize) -> Count {
        if known >> at & 1 == 0 {
            return Count::Missing;
        }
        match u32::from(self.total[0][at]) | u32::from(self.total[1][at]) << 8 {
            0 => Count::Empty,
            total => Count::Observed { bad: u32::from(self.bad[at]), total },
        }
    }

    /// Bad events, all events and known minutes before a place.
    #[inline(always)]
    fn before(&self, known: u16, rest: usize) -> [u32; 3] {
        // Whole rows with a mask: which minutes are asked for makes no difference to the time it takes.
        let sum =
            |row: &[u8; GROUP]| -> u32 { row.iter().zip(&EARLIER[rest]).map(|(n, mask)| u32::from(n & mask)).sum() };
        let (bad, total) = (sum(&self.bad), sum(&self.total[0]) + (sum(&self.total[1]) << 8));
        [bad, total, (u32::from(known) & ((1 << rest) - 1)).count_ones()]
    }
}

/// For each place in a group, and for its end, all bits of the places before it.
const EARLIER: [[u8; GROUP]; GROUP + 1] = {
    let (mut masks, mut place) = ([[0; GROUP]; GROUP + 1], 0);
    while place < GROUP * (GROUP + 1) {
        masks[place / GROUP][place % GROUP] = if place % GROUP < place / GROUP { u8::MAX } else { 0 };
        place += 1;
    }
    masks
};

/// The bits of [`Head::total`] that count events; those above them count known minutes before the group, 240 at most.
const TOTAL_BITS: u32 = 24;
const TOTAL: u32 = (1 << TOTAL_BITS) - 1;

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
            self.groups[at] = self.before(at * GROUP - 1).and(Sums::of(self.minutes[at * GROUP - 1]));
        }
    }

    #[inline(never)]
    fn before(&self, place: usize) -> Sums {
        let start = place - place % GROUP;
        self.minutes[start..place].iter().fold(self.groups[place / GROUP], |sums, count| sums.and(Sums::of(*count)))
    }
}

impl Sums {
    /// What lies between these sums, of everything before a minute, and those before one that is so much later.
    #[inline(always)]
    pub(super) fn up_to(self, later: Self, length: Minutes) -> Counts {
        let known = Minutes::new((later.known - self.known) as u32);
        Counts { bad: later.bad - self.bad, total: later.total - self.total, known, missing: length - known }
    }

    pub(super) fn of(count: Count) -> Self {
        let (bad, total) = count.pair();
        Self { bad: u64::from(bad), total: u64::from(total), known: u64::from(count.is_known()) }
    }

    #[inline(always)]
    pub(super) fn and(self, other: Self) -> Self {
        Self { bad: self.bad + other.bad, total: self.total + other.total, known: self.known + other.known }
    }

    /// The same with other sums in place of a part of it.
    pub(super) fn with(self, new: Self, instead_of: Self) -> Self {
        let Self { bad, total, known } = self.and(new);
        Self { bad: bad - instead_of.bad, total: total - instead_of.total, known: known - instead_of.known }
    }
}
