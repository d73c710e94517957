//! Releases of one kind, many times: how often is each rule wrong, and how soon is it right?

use base::{Count, Minutes as Length};
use rand_pcg::Pcg64;
use rollback::Baseline;
use rollback::watch::{Observation, Policy, Rule, Terms};

use super::rules::{self, Named};
use super::traffic::{Flow, Minutes};

/// Minutes that a release is watched in these tables, whatever its volume.
pub(crate) const WATCH: u32 = 60;
/// Minutes of a past.
const PAST: usize = 40_320;
/// Releases that share a past.
const PER_PAST: u32 = 1_000;

/// What becomes of the share of errors with the release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// It is so many times as large.
    Times(f64),
    /// It is this much more.
    Plus(f64),
    /// It is this.
    To(f64),
}

/// Releases of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) flow: Flow,
    pub(crate) change: Change,
    /// Minutes after the release at which it shows.
    pub(crate) onset: u32,
}

/// What a rule made of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) rule: Named,
    /// Releases.
    pub(crate) tried: u32,
    /// Minutes from the onset to the firing, sorted; those before the onset are in [`Found::early`].
    pub(crate) after: Vec<u32>,
    /// Firings before anything was wrong; all firings when nothing ever was.
    pub(crate) early: u32,
}

impl Change {
    pub(crate) fn of(self, share: f64) -> f64 {
        match self {
            Self::None => share,
            Self::Times(times) => (share * times).min(1.0),
            Self::Plus(more) => (share + more).min(1.0),
            Self::To(share) => share,
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::None => "good".to_owned(),
            Self::Times(times) => format!("{times}x"),
            Self::Plus(more) => format!("+{:.0}pp", more * 100.0),
            Self::To(share) => format!("{:.0} %", share * 100.0),
        }
    }
}

impl Cell {
    /// Plays so many releases of it against all rules.
    pub(crate) fn play(&self, releases: u32, alpha: f64, rng: &mut Pcg64) -> Vec<Found> {
        let found = |rule: &Named| Found { rule: *rule, tried: releases, after: Vec::new(), early: 0 };
        let mut all: Vec<_> = rules::ALL.iter().map(found).collect();
        let mut terms = self.learn(alpha, rng);
        for release in 0..releases {
            if release > 0 && release % PER_PAST == 0 {
                terms = self.learn(alpha, rng);
            }
            let minutes = self.release(rng);
            for found in &mut all {
                let fired = fired(found.rule, &terms, &minutes);
                match fired {
                    Some(minute) if self.change == Change::None || minute <= self.onset => found.early += 1,
                    Some(minute) => found.after.push(minute - self.onset),
                    None => {}
                }
            }
        }
        all.iter_mut().for_each(|found| found.after.sort_unstable());
        all
    }

    /// Four weeks without incidents, and what they teach.
    fn learn(&self, alpha: f64, rng: &mut Pcg64) -> (Terms, Terms) {
        let mut minutes = Minutes::new(self.flow, rng);
        let past: Vec<Count> = (0..PAST).map(|_| minutes.next(1.0, self.flow.share, rng)).collect();
        both(Baseline::learn(&past, None, alpha / 2.0), alpha)
    }

    fn release(&self, rng: &mut Pcg64) -> Vec<Observation> {
        let mut minutes = Minutes::new(self.flow, rng);
        let changed = self.change.of(self.flow.share);
        let minute = |at: u32| {
            let share = if at < self.onset { self.flow.share } else { changed };
            Observation { count: minutes.next(1.0, share, rng), siblings: Count::Missing }
        };
        (0..WATCH).map(minute).collect()
    }
}

/// What evidence and guide are held to, for the same past.
pub(crate) fn both(baseline: Option<Baseline>, alpha: f64) -> (Terms, Terms) {
    let length = Length::new(WATCH);
    let policy = |rule| Policy { rule, alpha, length, length_quiet: length, ..Policy::default() };
    (Terms::new(policy(Rule::Evidence), baseline), Terms::new(policy(Rule::Guide), baseline))
}

/// The minute after which a rule goes back, if it does.
pub(crate) fn fired(rule: Named, terms: &(Terms, Terms), minutes: &[Observation]) -> Option<u32> {
    let mut running = rule.start(&terms.0, &terms.1);
    let fired = minutes.iter().position(|seen| running.fires(*seen))?;
    u32::try_from(fired).ok().map(|fired| fired + 1)
}

impl Found {
    /// The share of releases that it went back from after the onset.
    pub(crate) fn share(&self) -> f64 {
        self.after.len() as f64 / f64::from(self.tried)
    }

    /// Firings without a reason in 520 releases.
    pub(crate) fn early_per_year(&self) -> f64 {
        f64::from(self.early) * 520.0 / f64::from(self.tried)
    }

    /// Minutes from the onset until this part of all releases was gone back from; `None` when it never was.
    pub(crate) fn quantile(&self, part: f64) -> Option<u32> {
        let place = (f64::from(self.tried) * part).ceil() as usize;
        self.after.get(place.saturating_sub(1)).copied()
    }
}
