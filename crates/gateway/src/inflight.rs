//! The calls of one worker that wait for one circuit, oldest first.
//!
//! A slab threaded by a list, so that entering and leaving cost nothing and the regular look walks only what is
//! there. A call enters with the latest moment it may end and the generation it was admitted under; the look
//! ends it when that moment passes, or when its circuit has opened since.

use std::task::Waker;

use base::Mono;
use degrade::breaker::Silent;

/// Why a waiting call was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its time is over.
    Deadline,
    /// Its circuit opened.
    Released,
}

#[derive(Debug)]
struct Entry {
    started: Mono,
    deadline: Mono,
    generation: u32,
    verdict: Option<Verdict>,
    waker: Option<Waker>,
    older: usize,
    newer: usize,
}

const NONE: usize = usize::MAX;

/// Calls in flight.
#[derive(Debug)]
pub(crate) struct InFlight {
    entries: Vec<Entry>,
    free: Vec<usize>,
    oldest: usize,
    newest: usize,
    len: u32,
}

impl Default for InFlight {
    fn default() -> Self {
        Self { entries: Vec::new(), free: Vec::new(), oldest: NONE, newest: NONE, len: 0 }
    }
}

impl InFlight {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn enter(&mut self, started: Mono, deadline: Mono, generation: u32) -> usize {
        let entry =
            Entry { started, deadline, generation, verdict: None, waker: None, older: self.newest, newer: NONE };
        let key = if let Some(key) = self.free.pop() {
            self.entries[key] = entry;
            key
        } else {
            self.entries.push(entry);
            self.entries.len() - 1
        };
        match self.newest {
            NONE => self.oldest = key,
            newest => self.entries[newest].newer = key,
        }
        self.newest = key;
        self.len += 1;
        key
    }

    pub(crate) fn leave(&mut self, key: usize) {
        let (older, newer) = (self.entries[key].older, self.entries[key].newer);
        match older {
            NONE => self.oldest = newer,
            older => self.entries[older].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.entries[newer].older = older,
        }
        self.entries[key].waker = None;
        self.free.push(key);
        self.len -= 1;
    }

    pub(crate) fn verdict(&self, key: usize) -> Option<Verdict> {
        self.entries[key].verdict
    }

    pub(crate) fn wait(&mut self, key: usize, waker: &Waker) {
        let slot = &mut self.entries[key].waker;
        match slot {
            Some(known) if known.will_wake(waker) => {}
            _ => *slot = Some(waker.clone()),
        }
    }

    /// Ends every call whose time is over.
    pub(crate) fn expire(&mut self, now: Mono) {
        self.end(Verdict::Deadline, |entry| entry.deadline <= now);
    }

    /// Ends every call that was admitted under another generation than the present one.
    pub(crate) fn release(&mut self, generation: u32) {
        self.end(Verdict::Released, |entry| entry.generation != generation);
    }

    fn end(&mut self, verdict: Verdict, is_over: impl Fn(&Entry) -> bool) {
        let mut at = self.oldest;
        while at != NONE {
            let entry = &mut self.entries[at];
            if entry.verdict.is_none() && is_over(entry) {
                entry.verdict = Some(verdict);
                if let Some(waker) = entry.waker.take() {
                    waker.wake();
                }
            }
            at = entry.newer;
        }
    }

    /// The calls that started at or after `last_back`; those that started before `overdue_before` are overdue.
    pub(crate) fn silent_since(&self, last_back: Mono, overdue_before: Mono) -> Option<Silent> {
        let mut at = self.newest;
        let mut silent: Option<Silent> = None;
        while at != NONE {
            let entry = &self.entries[at];
            if entry.started < last_back {
                break;
            }
            let Silent { waiting, overdue, .. } =
                silent.unwrap_or(Silent { waiting: 0, overdue: 0, since: entry.started });
            let is_overdue = u32::from(entry.started < overdue_before);
            silent = Some(Silent { waiting: waiting + 1, overdue: overdue + is_overdue, since: entry.started });
            at = entry.older;
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono::from_millis(ms)
    }

    #[test]
    fn calls_leave_in_any_order() {
        let mut calls = InFlight::default();
        let keys: Vec<_> = (0..4).map(|i| calls.enter(at(i), at(100), 0)).collect();
        for key in [keys[1], keys[0], keys[3], keys[2]] {
            calls.leave(key);
        }
        assert_eq!((calls.len(), calls.oldest, calls.newest), (0, NONE, NONE));
        let again = calls.enter(at(9), at(100), 0);
        assert!(keys.contains(&again), "places are used again");
    }

    #[test]
    fn only_calls_since_the_last_answer_are_silent() {
        let mut calls = InFlight::default();
        for ms in [10, 20, 30] {
            calls.enter(at(ms), at(100), 0);
        }
        let silent = |last_back| calls.silent_since(at(last_back), at(25));
        assert_eq!(silent(0), Some(Silent { waiting: 3, overdue: 2, since: at(10) }));
        assert_eq!(silent(15), Some(Silent { waiting: 2, overdue: 1, since: at(20) }));
        assert_eq!(silent(31), None);
    }

    #[test]
    fn time_and_generation_end_calls_each_for_its_reason() {
        let mut calls = InFlight::default();
        let (old, late) = (calls.enter(at(0), at(50), 1), calls.enter(at(0), at(10), 2));
        calls.expire(at(10));
        calls.release(2);
        assert_eq!(calls.verdict(late), Some(Verdict::Deadline));
        assert_eq!(calls.verdict(old), Some(Verdict::Released));
    }
}
