//! How long do good answers take? A histogram that one worker writes and anybody reads.
//!
//! Buckets are log-linear: eight to an octave, so a quantile is at most an eighth too high. Two halves take
//! turns; a half is forgotten only once the other holds enough newer answers, so that an upstream with three
//! calls an hour does not become unknown between them.

use std::time::Duration;

use base::Mono;

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Buckets of one half: 64 µs to over two minutes.
const BUCKETS: usize = 8 * 22;
/// log2 of the smallest latency that is told apart, in microseconds.
const LOWEST_OCTAVE: u32 = 6;
/// A half is closed once it is this old and holds [`HALF_SAMPLES_MIN`].
const HALF_AGE_MIN: Duration = Duration::from_secs(30);
/// A half is closed once it holds so many answers and is [`HALF_AGE_MIN`] old.
const HALF_SAMPLES_MIN: u64 = 500;

/// Latencies of good answers, written by one worker.
#[derive(Debug)]
pub struct Latencies {
    halves: [Half; 2],
    /// Which half is written.
    current: AtomicU32,
    began_ms: AtomicU64,
    /// Answers recorded since the start.
    recorded: AtomicU64,
}

#[derive(Debug)]
struct Half {
    buckets: Box<[AtomicU32]>,
    samples: AtomicU64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            halves: [Half::new(), Half::new()],
            current: AtomicU32::new(0),
            began_ms: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
        }
    }
}

impl Half {
    fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(), samples: AtomicU64::new(0) }
    }
}

impl Latencies {
    /// Counts one good answer. Only the owning worker may call this.
    pub fn record(&self, latency: Duration, now: Mono) {
        let mut current = self.current.load(Ordering::Relaxed) as usize & 1;
        let samples = self.halves[current].samples.load(Ordering::Relaxed);
        if samples >= HALF_SAMPLES_MIN
            && now.as_millis().saturating_sub(self.began_ms.load(Ordering::Relaxed)) >= HALF_AGE_MIN.as_millis() as u64
        {
            current ^= 1;
            self.start_half(current, now);
        }
        let half = &self.halves[current];
        add_one(&half.buckets[bucket(latency)]);
        let samples = half.samples.load(Ordering::Relaxed);
        half.samples.store(samples + 1, Ordering::Relaxed);
        self.recorded.store(self.recorded.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn start_half(&self, index: usize, now: Mono) {
        let half = &self.halves[index];
        for bucket in &half.buckets {
            bucket.store(0, Ordering::Relaxed);
        }
        half.samples.store(0, Ordering::Relaxed);
        self.began_ms.store(now.as_millis(), Ordering::Relaxed);
        self.current.store(index as u32, Ordering::Relaxed);
    }

    /// How many answers were recorded since the start.
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// How many answers are remembered.
    pub fn samples(&self) -> u64 {
        self.halves.iter().map(|half| half.samples.load(Ordering::Relaxed)).sum()
    }
}

/// The latency that `share` (in parts per thousand) of all answers in `shards` stayed under, and how many
/// answers that is judged from; `None` without any.
pub fn quantile<'a>(shards: impl Iterator<Item = &'a Latencies> + Clone, per_mille: u64) -> Option<(Duration, u64)> {
    let samples: u64 = shards.clone().map(Latencies::samples).sum();
    if samples == 0 {
        return None;
    }
    let rank = (samples * per_mille).div_ceil(1_000).max(1);
    let mut seen = 0;
    for index in 0..BUCKETS {
        for shard in shards.clone() {
            for half in &shard.halves {
                seen += u64::from(half.buckets[index].load(Ordering::Relaxed));
            }
        }
        if seen >= rank {
            return Some((upper_bound(index), samples));
        }
    }
    // A half was cleared between the two sums: the remembered answers are the newest ones only.
    Some((upper_bound(BUCKETS - 1), seen.max(1)))
}

fn add_one(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
}

fn bucket(latency: Duration) -> usize {
    // In 64 bits: `as_micros` would calculate in 128.
    let us = latency.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(latency.subsec_micros()));
    let us = us.max(1 << LOWEST_OCTAVE);
    let octave = us.ilog2();
    let eighth = (us >> (octave - 3)) & 7;
    (((octave - LOWEST_OCTAVE) as usize) * 8 + eighth as usize).min(BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> Duration {
    let (octave, eighth) = (bucket as u32 / 8 + LOWEST_OCTAVE, bucket as u64 % 8);
    Duration::from_micros(((8 + eighth + 1) << octave) >> 3)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn p99(latencies: &Latencies) -> Option<(u64, u64)> {
        quantile(std::iter::once(latencies), 990).map(|(p99, samples)| (p99.as_millis() as u64, samples))
    }

    #[test]
    fn without_answers_nothing_is_known() {
        assert_eq!(p99(&Latencies::default()), None);
    }

    #[test]
    fn a_quantile_is_at_most_an_eighth_too_high() {
        let latencies = Latencies::default();
        for ms in 1..=1_000 {
            latencies.record(Duration::from_millis(ms), Mono::ZERO);
        }
        let (p99, samples) = p99(&latencies).unwrap();
        assert_eq!(samples, 1_000);
        assert!((990..=1_114).contains(&p99), "{p99}");
    }

    #[test]
    fn every_latency_falls_under_its_upper_bound() {
        for us in [0, 1, 63, 64, 65, 100, 1_000, 65_535, 1 << 20, 100_000_000] {
            let latency = Duration::from_micros(us);
            assert!(upper_bound(bucket(latency)) >= latency, "{us}");
        }
    }

    #[test]
    fn an_upstream_with_few_calls_is_not_forgotten() {
        let latencies = Latencies::default();
        for hour in 0..5 {
            latencies.record(Duration::from_millis(40), Mono::from_millis(hour * 3_600_000));
        }
        assert_eq!(p99(&latencies).map(|(_, samples)| samples), Some(5));
    }

    #[test]
    fn old_answers_are_forgotten_once_there_are_enough_newer_ones() {
        let latencies = Latencies::default();
        for _ in 0..600 {
            latencies.record(Duration::from_secs(2), Mono::ZERO);
        }
        for minute in 1..4 {
            for _ in 0..600 {
                latencies.record(Duration::from_millis(10), Mono::from_millis(minute * 60_000));
            }
        }
        let (p99, _) = p99(&latencies).unwrap();
        assert!(p99 < 20, "{p99}");
    }
}
