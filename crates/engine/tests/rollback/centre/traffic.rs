//! Callers as they come by chance: the same ones for the same seed, however often somebody asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Minute, Minutes};
use engine::rollback::Left;
use fastrand::Rng;
use jiff::Timestamp;

use super::Stored;
use super::shock::{self, Shock};

/// How many callers a flow has, and how many of them fail while nothing is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habit {
    /// Callers in a minute.
    pub(crate) callers: f64,
    /// The share of them whom an error throws out.
    pub(crate) share: f64,
}

/// What is wrong with a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ill {
    /// The share of callers whom an error throws out.
    pub(crate) share: f64,
    /// It begins so long after the version was published.
    pub(crate) after: Duration,
}

/// Minutes that are behind every episode: errors and callers of version 11 of each flow.
#[derive(Debug)]
pub(crate) struct Before {
    from: Minute,
    flows: BTreeMap<String, Vec<(u64, u64)>>,
}

impl Before {
    /// So many minutes before an instant.
    pub(crate) fn new(seed: u64, habits: &BTreeMap<String, Habit>, until: Timestamp, length: Minutes) -> Self {
        let mut rng = Rng::with_seed(seed);
        let minutes = |habit: &Habit| (0..length.get()).map(|_| draw(&mut rng, habit.callers, habit.share)).collect();
        let mut flows = BTreeMap::new();
        let mut minutes = minutes;
        for (id, habit) in habits {
            flows.insert(id.clone(), minutes(habit));
        }
        Self { from: Minute::of(until) - length, flows }
    }
}

/// Callers of all flows.
pub(crate) struct Traffic {
    pub(crate) seed: u64,
    pub(crate) habits: BTreeMap<String, Habit>,
    pub(crate) before: Arc<Before>,
    /// What is wrong with versions of flows.
    pub(crate) ills: BTreeMap<(String, String), Ill>,
    /// What is wrong with the platform.
    pub(crate) shocks: Vec<Shock>,
    /// Minutes that are over.
    known: BTreeMap<(Minute, String), Vec<Left>>,
}

impl Traffic {
    pub(crate) fn new(seed: u64, habits: BTreeMap<String, Habit>, before: Arc<Before>) -> Self {
        Self { seed, habits, before, ills: BTreeMap::new(), shocks: Vec::new(), known: BTreeMap::new() }
    }

    /// What fails of a version at an instant, so long after its publish.
    pub(crate) fn share(&self, flow: &str, version: &str, age: Duration) -> f64 {
        let ill = self.ills.get(&(flow.to_owned(), version.to_owned())).filter(|ill| ill.after <= age);
        ill.map_or(self.habits[flow].share, |ill| ill.share)
    }

    /// The callers who left a flow in a minute that is over.
    pub(super) fn left(&mut self, flow: &str, minute: Minute, stored: &Stored) -> Vec<Left> {
        if let Ok(place) = usize::try_from(minute.get() - self.before.from.get())
            && let Some((errors, all)) = self.before.flows[flow].get(place)
        {
            return vec![Left { version: "11.0".to_owned(), errors: *errors, all: *all }];
        }
        let key = (minute, flow.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let left = self.fresh(flow, minute, stored);
        self.known.insert(key, left.clone());
        left
    }

    /// Each version has the callers of its part of the minute.
    fn fresh(&self, flow: &str, minute: Minute, stored: &Stored) -> Vec<Left> {
        let (from, until) = (minute.start(), (minute + Minutes::new(1)).start());
        let place = self.habits.keys().position(|id| id == flow).unwrap_or_default() as u64;
        let mut rng = Rng::with_seed(mixed(self.seed, minute.get().unsigned_abs() * 8 + place));
        let mut all: Vec<Left> = Vec::new();
        for (place, (version, since, _)) in stored.history.iter().enumerate() {
            let end = stored.history.get(place + 1).map_or(until, |(_, at, _)| (*at).min(until));
            let begin = (*since).max(from);
            if end <= begin {
                continue;
            }
            let part = (end.as_millisecond() - begin.as_millisecond()) as f64 / 60_000.0;
            let age = Duration::try_from(begin.duration_since(*since)).unwrap_or_default();
            let Habit { callers, share: normal } = self.habits[flow];
            let share = shock::shocked(&self.shocks, minute, normal, self.share(flow, version, age));
            let (errors, callers) = draw(&mut rng, callers * part, share);
            match all.iter_mut().find(|left| left.version == *version) {
                Some(left) => (left.errors, left.all) = (left.errors + errors, left.all + callers),
                None if callers == 0 => {}
                None => all.push(Left { version: version.clone(), errors, all: callers }),
            }
        }
        all
    }
}

/// Some of these callers: of each the analytics know with this chance.
pub(super) fn thinned(rng: &mut Rng, left: &Left, chance: f64) -> Left {
    let mut some = |of: u64| (0..of).filter(|_| rng.f64() < chance).count() as u64;
    let errors = some(left.errors);
    Left { version: left.version.clone(), errors, all: errors + some(left.all - left.errors) }
}

/// Errors and callers of a minute: each caller comes, and fails, by chance and alone.
fn draw(rng: &mut Rng, callers: f64, share: f64) -> (u64, u64) {
    let (limit, mut product, mut all) = ((-callers).exp(), rng.f64(), 0);
    while limit < product && all < CALLERS_MAX {
        product *= rng.f64();
        all += 1;
    }
    let errors = (0..all).filter(|_| rng.f64() < share).count() as u64;
    (errors, all)
}

/// More callers than come in a minute.
const CALLERS_MAX: u64 = 2_000;

/// A seed of its own for each of many things.
fn mixed(seed: u64, of: u64) -> u64 {
    let mut mixed = seed ^ of.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}
