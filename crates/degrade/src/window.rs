//! Ten buckets of a second: what one worker's calls came to, lately.
//!
//! One worker writes, anybody reads. A good answer never erases a failure; only time does.

use base::Mono;

use crate::circuit::Evidence;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Seconds that the window covers, the present one included.
pub const WINDOW_S: u64 = 10;

/// A sliding window of counts.
#[derive(Debug)]
pub(crate) struct Window([Bucket; WINDOW_S as usize]);

#[derive(Debug)]
struct Bucket {
    second: AtomicU64,
    good: AtomicU32,
    bad: AtomicU32,
    slow: AtomicU32,
}

impl Default for Window {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Bucket {
            second: AtomicU64::new(u64::MAX),
            good: AtomicU32::new(0),
            bad: AtomicU32::new(0),
            slow: AtomicU32::new(0),
        }))
    }
}

impl Window {
    #[inline]
    pub(crate) fn good(&self, now: Mono, is_slow: bool) {
        let bucket = self.bucket(now);
        add_one(&bucket.good);
        if is_slow {
            add_one(&bucket.slow);
        }
    }

    pub(crate) fn bad(&self, now: Mono) {
        add_one(&self.bucket(now).bad);
    }

    pub(crate) fn add_to(&self, evidence: &mut Evidence, now: Mono, from_s: u64) {
        let now_s = now.since_start().as_secs();
        for bucket in &self.0 {
            let second = bucket.second.load(Ordering::Acquire);
            if second >= from_s && second <= now_s && now_s - second < WINDOW_S {
                evidence.good += u64::from(bucket.good.load(Ordering::Relaxed));
                evidence.bad += u64::from(bucket.bad.load(Ordering::Relaxed));
                evidence.slow += u64::from(bucket.slow.load(Ordering::Relaxed));
            }
        }
    }

    #[inline]
    fn bucket(&self, now: Mono) -> &Bucket {
        let second = now.since_start().as_secs();
        let bucket = &self.0[(second % WINDOW_S) as usize];
        if bucket.second.load(Ordering::Relaxed) != second {
            bucket.good.store(0, Ordering::Relaxed);
            bucket.bad.store(0, Ordering::Relaxed);
            bucket.slow.store(0, Ordering::Relaxed);
            bucket.second.store(second, Ordering::Release);
        }
        bucket
    }
}

#[inline]
fn add_one(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
}
