//! The stored forms of counted minutes: what came in one go as JSON, a block as bytes.
//!
//! A block of version 2 is columns, which are read many minutes at a time, in as few bytes as its largest numbers need:
//! a byte that says 2; its shape, the bytes of a total in the lowest three bits (0, 1, 2 or 4), those of a number of bad
//! events in the next three, and whether every minute is known; one bit a minute that says which are, unless all are;
//! the totals; and, if any is bad, how many minutes have bad events (two bytes), and of each of them its place and how
//! many. Numbers begin with their lowest byte.
//!
//! Version 1 is still read. It has, minute by minute, either a run of missing ones (`0`, how many), an empty one (`1`),
//! or an observed one (its total plus 1, its bad ones), all as unsigned LEB128.

use std::borrow::Cow;

use budget::{BLOCK, Bits, Block, Count, Minute, Minutes};
use serde::{Deserialize, Serialize};

/// The version of what came in one go.
const VERSION: u8 = 1;
/// The version of blocks.
const VERSION_OF_BLOCKS: u8 = 2;

/// What came in one go.
#[derive(Debug, Serialize, Deserialize)]
struct BatchWire<'a> {
    version: u8,
    #[serde(borrow)]
    counts: Vec<CountWire<'a>>,
    /// How many minutes after the beginning of its minute each count came; absent when all came in the next minute, and
    /// in what was written before it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<u32>,
}

/// Objective, minute since 1970, bad and total; neither when the minute became missing again.
#[derive(Debug, Serialize, Deserialize)]
struct CountWire<'a>(#[serde(borrow)] Cow<'a, str>, i64, Option<(u32, u32)>);

/// One count of one objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) objective: Cow<'a, str>,
    pub(super) minute: Minute,
    pub(super) count: Count,
    /// When it came.
    pub(super) at: Minute,
}

/// A count comes when its minute is over, unless it is known to have come at another time.
pub(super) const AFTER: Minutes = Minutes::new(1);

pub(super) fn batch_to_json(entries: &[Entry<'_>]) -> String {
    let count = |count: Count| count.is_known().then(|| count.pair());
    let counts = entries
        .iter()
        .map(|entry| CountWire(Cow::Borrowed(entry.objective.as_ref()), entry.minute.get(), count(entry.count)));
    let mut after: Vec<_> = entries.iter().map(|entry| entry.at.since(entry.minute).get()).collect();
    if after.iter().all(|after| *after == AFTER.get()) {
        after.clear();
    }
    let wire = BatchWire { version: VERSION, counts: counts.collect(), after };
    serde_json::to_string(&wire).expect("numbers and strings are always JSON")
}

pub(super) fn batch_from_json(json: &str) -> Result<Vec<Entry<'_>>, String> {
    let wire: BatchWire<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let entry = |(CountWire(objective, minute, pair), after)| {
        let (minute, at) = (Minute::new(minute), Minute::new(minute) + after);
        let count = pair.map_or(Ok(Count::Missing), |(bad, total)| Count::bad(bad.into(), total.into()));
        count.map(|count| Entry { objective, minute, count, at }).map_err(|untrue| untrue.to_string())
    };
    let after = wire.after.into_iter().map(Minutes::new).chain(std::iter::repeat(AFTER));
    wire.counts.into_iter().zip(after).map(entry).collect()
}

pub(super) fn block_to_bytes(block: &Block) -> Vec<u8> {
    let (totals, width) = (block.total(), width_of(block.total()));
    let bads = block.bad().iter().zip(0u8..=u8::MAX).filter(|(bad, _)| **bad > 0);
    let bad_width = width_of(block.bad());
    let is_whole = block.known().iter().all(|known| *known == u64::MAX);
    let mut bytes = vec![VERSION_OF_BLOCKS, width | bad_width << 3 | u8::from(is_whole) << 6];
    if !is_whole {
        bytes.extend(block.known().iter().flat_map(|known| known.to_le_bytes()));
    }
    let width = usize::from(width);
    bytes.extend(totals.iter().flat_map(|total| total.to_le_bytes().into_iter().take(width)));
    if bad_width > 0 {
        bytes.extend((bads.clone().count() as u16).to_le_bytes());
    }
    for (bad, place) in bads {
        bytes.push(place);
        bytes.extend(&bad.to_le_bytes()[..usize::from(bad_width)]);
    }
    bytes
}

/// How many bytes the largest of these numbers takes.
fn width_of(numbers: &[u32; BLOCK]) -> u8 {
    match numbers.iter().fold(0, |bits, number| bits | number) {
        0 => 0,
        0x1..0x100 => 1,
        0x100..0x1_0000 => 2,
        _ => 4,
    }
}

pub(super) fn block_from_bytes(bytes: &[u8]) -> Result<Block, &'static str> {
    match bytes {
        [1, minutes @ ..] => block_by_minutes(minutes),
        [VERSION_OF_BLOCKS, shape, columns @ ..] => block_by_columns(*shape, columns),
        _ => Err("its version is not known"),
    }
}

/// Version 2.
fn block_by_columns(shape: u8, bytes: &[u8]) -> Result<Block, &'static str> {
    const SHORT: &str = "it ends in a column";
    let (width, bad_width, is_whole) = (shape & 7, shape >> 3 & 7, shape >> 6 == 1);
    let is_width = |width| matches!(width, 0 | 1 | 2 | 4);
    if !is_width(width) || !is_width(bad_width) || shape >> 7 != 0 {
        return Err("its shape is not known");
    }
    let (mut known, mut rest) = ([u64::MAX; BLOCK / u64::BITS as usize], bytes);
    if !is_whole {
        let (column, after) = rest.split_at_checked(BLOCK / 8).ok_or(SHORT)?;
        for (known, bytes) in known.iter_mut().zip(column.as_chunks().0) {
            *known = u64::from_le_bytes(*bytes);
        }
        rest = after;
    }
    let (mut total, mut bad) = ([0; BLOCK], [0; BLOCK]);
    let (column, rest) = rest.split_at_checked(BLOCK * usize::from(width)).ok_or(SHORT)?;
    match width {
        0 => {}
        1 => total.iter_mut().zip(column).for_each(|(total, byte)| *total = u32::from(*byte)),
        2 => {
            let numbers = column.as_chunks().0.iter().map(|bytes| u32::from(u16::from_le_bytes(*bytes)));
            total.iter_mut().zip(numbers).for_each(|(total, number)| *total = number);
        }
        _ => {
            let numbers = column.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
            total.iter_mut().zip(numbers).for_each(|(total, number)| *total = number);
        }
    }
    let (many, rest) = match (bad_width, rest) {
        (0, rest) => (0, rest),
        (_, [low, high, rest @ ..]) => (usize::from(u16::from_le_bytes([*low, *high])), rest),
        (_, _) => return Err(SHORT),
    };
    let each = rest.chunks_exact(1 + usize::from(bad_width));
    if rest.len() != many * (1 + usize::from(bad_width)) {
        return Err("it has too few or too many minutes with bad events");
    }
    for minute in each {
        let (place, number) = (usize::from(minute[0]), &minute[1..]);
        bad[place] = number.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
    }
    Block::new(bad, total, known).map_err(|_| "a minute has more bad events than events, or events and is missing")
}

/// Version 1.
fn block_by_minutes(mut rest: &[u8]) -> Result<Block, &'static str> {
    let (mut bad, mut total) = ([0; BLOCK], [0; BLOCK]);
    let mut known = [0; BLOCK / u64::BITS as usize];
    let (mut place, mut known_from) = (0, 0);
    loop {
        // Most minutes are two small numbers.
        while let ([head @ 2..0x80, second @ ..0x80, after @ ..], Some(total), Some(bad)) =
            (rest, total.get_mut(place), bad.get_mut(place))
        {
            (*total, *bad) = (u32::from(*head) - 1, u32::from(*second));
            (place, rest) = (place + 1, after);
        }
        let Some(head) = take(&mut rest) else { break };
        if head == 0 {
            set_bits(&mut known, known_from, place);
            let run = take(&mut rest).ok_or("it ends in a run")?;
            place += usize::try_from(run).ok().filter(|run| *run <= BLOCK).ok_or("a run is too long")?;
            known_from = place;
            continue;
        }
        let second = if head == 1 { 0 } else { take(&mut rest).ok_or("it ends in a minute")? };
        let count = Count::bad(second, head - 1).map_err(|_| "a minute has more bad events than events")?;
        let (Some(bad), Some(total)) = (bad.get_mut(place), total.get_mut(place)) else {
            return Err("it has too many minutes");
        };
        (*bad, *total) = count.pair();
        place += 1;
    }
    if place != BLOCK {
        return Err("it has too few or too many minutes");
    }
    set_bits(&mut known, known_from, place);
    Block::new(bad, total, known).map_err(|_| "a minute has more bad events than events")
}

fn set_bits(words: &mut Bits, from: usize, until: usize) {
    for place in from..until.min(BLOCK) {
        words[place / u64::BITS as usize] |= 1 << (place % u64::BITS as usize);
    }
}

/// The next number; `None` at the end, or where one is cut or too long.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same minutes as version 1 had them.
    fn version_1(minutes: &[Count; BLOCK]) -> Vec<u8> {
        let mut bytes = vec![1];
        for run in minutes.chunk_by(|one, other| !one.is_known() && !other.is_known()) {
            match run[0] {
                Count::Missing => [0, run.len() as u64].into_iter().for_each(|number| put(&mut bytes, number)),
                Count::Empty => put(&mut bytes, 1),
                Count::Observed { bad, total } => {
                    [u64::from(total) + 1, bad.into()].into_iter().for_each(|number| put(&mut bytes, number));
                }
            }
        }
        bytes
    }

    fn put(bytes: &mut Vec<u8>, mut number: u64) {
        while 0x80 <= number {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    #[test]
    fn a_block_is_read_back_as_it_was_written_in_both_versions() {
        let mut rng = fastrand::Rng::with_seed(1);
        for round in 0..600 {
            // Blocks of calm lines, busy ones and mixed ones; whole ones, and with holes.
            let (bits_max, kinds) = (rng.u32(2..33), rng.u8(2..5));
            let minutes: [Count; BLOCK] = std::array::from_fn(|_| match rng.u8(..kinds) {
                2.. if round % 3 == 0 => Count::Missing,
                1 => Count::Empty,
                _ => {
                    let bits = rng.u32(1..bits_max);
                    let total = rng.u64(1..1 << bits);
                    Count::bad(if rng.bool() { 0 } else { rng.u64(..=total) }, total).unwrap()
                }
            });
            let block = Block::of(&minutes);
            assert_eq!(block_from_bytes(&block_to_bytes(&block)).as_ref(), Ok(&block));
            assert_eq!(block_from_bytes(&version_1(&minutes)).as_ref(), Ok(&block));
            assert_eq!(block.minutes(), minutes);
        }
        assert_eq!(version_1(&[Count::Missing; BLOCK]), [1, 0, 128, 2]);
        assert_eq!(block_from_bytes(&[1, 0, 128, 2]), Ok(Block::BLANK));
    }

    #[test]
    fn a_block_that_version_0_1_wrote_still_loads() {
        let mut kept = vec![1, 0, 3, 1, 101, 2, 173, 2, 7];
        kept.extend([2, 0].repeat(249));
        kept.extend([0, 1]);
        let block = block_from_bytes(&kept).unwrap();
        let seen = |bad, total| Count::Observed { bad, total };
        assert_eq!(
            [2, 3, 4, 5, 6, 254, 255].map(|place| block.get(place)),
            [Count::Missing, Count::Empty, seen(2, 100), seen(7, 300), seen(0, 1), seen(0, 1), Count::Missing]
        );
        assert_eq!((block.first_known(), block.last_known()), (Some(3), Some(254)));
    }

    #[test]
    fn a_block_of_version_2_is_as_short_as_its_numbers() {
        assert_eq!(block_to_bytes(&Block::BLANK)[..2], [2, 0]);
        let mut minutes = [Count::Observed { bad: 0, total: 99 }; BLOCK];
        assert_eq!(block_to_bytes(&Block::of(&minutes)).len(), 2 + BLOCK);
        minutes[3] = Count::Observed { bad: 1, total: 99 };
        let bytes = block_to_bytes(&Block::of(&minutes));
        assert_eq!((&bytes[..4], &bytes[258..]), (&[2, 1 | 1 << 3 | 1 << 6, 99, 99][..], &[1, 0, 3, 1][..]));
        minutes[4] = Count::Observed { bad: 300, total: 300 };
        assert_eq!(block_to_bytes(&Block::of(&minutes)).len(), 2 + 2 * BLOCK + 2 + 2 * 3);
        minutes[5] = Count::Missing;
        assert_eq!(block_to_bytes(&Block::of(&minutes)).len(), 2 + 32 + 2 * BLOCK + 2 + 2 * 3);
    }

    #[test]
    fn a_damaged_block_is_refused() {
        let minutes = [Count::Observed { bad: 1, total: 300 }; BLOCK];
        let whole = version_1(&minutes);
        for end in 0..whole.len() {
            assert!(block_from_bytes(&whole[..end]).is_err(), "cut at {end}");
        }
        let mut whole = block_to_bytes(&Block::of(&minutes));
        for end in 0..whole.len() {
            assert!(block_from_bytes(&whole[..end]).is_err(), "cut at {end}");
        }
        for shape in [1 << 7, 3, 3 << 3, 7 << 3] {
            assert!(block_from_bytes(&[&[2, whole[1] | shape], &whole[2..]].concat()).is_err(), "{shape}");
        }
        // More bad events than events.
        (whole[2], whole[3]) = (0, 0);
        assert!(block_from_bytes(&whole).is_err());
        assert!(block_from_bytes(&[2, 0, 128, 2]).is_err());
        assert!(block_from_bytes(&[3, 0, 128, 2]).is_err());
        assert!(block_from_bytes(&[1, 0, 129, 2]).is_err());
        assert!(block_from_bytes(&[1, 3, 9]).is_err());
    }

    #[test]
    fn a_batch_is_read_back_as_it_was_written() {
        let entry = |minute, count, at| Entry {
            objective: "crm".into(),
            minute: Minute::new(minute),
            count,
            at: Minute::new(at),
        };
        let (seen, blank) = (Count::Observed { bad: 1, total: 2 }, Count::Missing);
        let entries = [entry(7, seen, 10), entry(8, Count::Empty, 10), entry(9, blank, 10)];
        assert_eq!(batch_from_json(&batch_to_json(&entries)).unwrap(), entries);
        let punctual = [entry(7, seen, 8), entry(8, Count::Empty, 9)];
        let json = batch_to_json(&punctual);
        assert_eq!(json, r#"{"version":1,"counts":[["crm",7,[1,2]],["crm",8,[0,0]]]}"#);
        assert_eq!(batch_from_json(&json).unwrap(), punctual);
    }
}
