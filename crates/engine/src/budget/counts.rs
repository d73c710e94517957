//! The stored forms of counted minutes: what came in one go as JSON, a block as bytes.
//!
//! A block is a version byte and, minute by minute, either a run of missing ones (`0`, how many), an empty one (`1`), or
//! an observed one (its total plus 1, its bad ones), all as unsigned LEB128.

use budget::{BLOCK, Count, Minute, Minutes};
use serde::{Deserialize, Serialize};

/// The version of both forms.
const VERSION: u8 = 1;

/// What came in one go.
#[derive(Debug, Serialize, Deserialize)]
struct BatchWire {
    version: u8,
    counts: Vec<CountWire>,
    /// How many minutes after the beginning of its minute each count came; absent when all came in the next minute, and
    /// in what was written before it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<u32>,
}

/// Objective, minute since 1970, bad and total; neither when the minute became missing again.
type CountWire = (String, i64, Option<(u32, u32)>);

/// One count of one objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) objective: String,
    pub(super) minute: Minute,
    pub(super) count: Count,
    /// When it came.
    pub(super) at: Minute,
}

/// A count comes when its minute is over, unless it is known to have come at another time.
pub(super) const AFTER: Minutes = Minutes::new(1);

pub(super) fn batch_to_json(entries: &[Entry]) -> String {
    let count = |count: Count| count.is_known().then(|| count.pair());
    let counts = entries.iter().map(|entry| (entry.objective.clone(), entry.minute.get(), count(entry.count)));
    let mut after: Vec<_> = entries.iter().map(|entry| entry.at.since(entry.minute).get()).collect();
    if after.iter().all(|after| *after == AFTER.get()) {
        after.clear();
    }
    let wire = BatchWire { version: VERSION, counts: counts.collect(), after };
    serde_json::to_string(&wire).expect("numbers and strings are always JSON")
}

pub(super) fn batch_from_json(json: &str) -> Result<Vec<Entry>, String> {
    let wire: BatchWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let entry = |((objective, minute, pair), after): (CountWire, Minutes)| {
        let (minute, at) = (Minute::new(minute), Minute::new(minute) + after);
        let count = pair.map_or(Ok(Count::Missing), |(bad, total)| Count::bad(bad.into(), total.into()));
        count.map(|count| Entry { objective, minute, count, at }).map_err(|untrue| untrue.to_string())
    };
    let after = wire.after.into_iter().map(Minutes::new).chain(std::iter::repeat(AFTER));
    wire.counts.into_iter().zip(after).map(entry).collect()
}

pub(super) fn block_to_bytes(minutes: &[Count; BLOCK]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    let mut missing = 0u64;
    for count in minutes {
        match *count {
            Count::Missing => missing += 1,
            Count::Empty => {
                put_missing(&mut bytes, &mut missing);
                put(&mut bytes, 1);
            }
            Count::Observed { bad, total } => {
                put_missing(&mut bytes, &mut missing);
                put(&mut bytes, u64::from(total) + 1);
                put(&mut bytes, u64::from(bad));
            }
        }
    }
    put_missing(&mut bytes, &mut missing);
    bytes
}

pub(super) fn block_from_bytes(bytes: &[u8]) -> Result<[Count; BLOCK], &'static str> {
    let (Some(&VERSION), mut rest) = (bytes.first(), bytes.get(1..).unwrap_or_default()) else {
        return Err("its version is not known");
    };
    let mut minutes = [Count::Missing; BLOCK];
    let mut place = 0;
    while let Some(head) = take(&mut rest) {
        let count = match head {
            0 => {
                place +=
                    usize::try_from(take(&mut rest).ok_or("it ends in a run")?).map_err(|_| "a run is too long")?;
                continue;
            }
            1 => Count::Empty,
            total => {
                let bad = take(&mut rest).ok_or("it ends in a minute")?;
                Count::bad(bad, total - 1).map_err(|_| "a minute has more bad events than events")?
            }
        };
        *minutes.get_mut(place).ok_or("it has too many minutes")? = count;
        place += 1;
    }
    if place == BLOCK { Ok(minutes) } else { Err("it has too few or too many minutes") }
}

fn put_missing(bytes: &mut Vec<u8>, missing: &mut u64) {
    if *missing > 0 {
        put(bytes, 0);
        put(bytes, *missing);
        *missing = 0;
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while 0x80 <= number {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
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

    #[test]
    fn a_block_is_read_back_as_it_was_written() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let minutes = std::array::from_fn(|_| match rng.u8(..4) {
                0 => Count::Missing,
                1 => Count::Empty,
                _ => {
                    let bits = rng.u32(1..32);
                    let total = rng.u64(1..1 << bits);
                    Count::bad(rng.u64(..=total), total).unwrap()
                }
            });
            assert_eq!(block_from_bytes(&block_to_bytes(&minutes)), Ok(minutes));
        }
        assert_eq!(block_to_bytes(&[Count::Missing; BLOCK]), [VERSION, 0, 128, 2]);
    }

    #[test]
    fn a_damaged_block_is_refused() {
        let whole = block_to_bytes(&[Count::Observed { bad: 1, total: 300 }; BLOCK]);
        for end in 0..whole.len() {
            assert!(block_from_bytes(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(block_from_bytes(&[2, 0, 128, 2]).is_err());
        assert!(block_from_bytes(&[VERSION, 0, 129, 2]).is_err());
        assert!(block_from_bytes(&[VERSION, 3, 9]).is_err());
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
