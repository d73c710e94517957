//! A year as it is: good releases, bad ones, incidents of the platform and short blips of one flow, by day and by night.

use base::Count;
use rand_pcg::Pcg64;
use rollback::Baseline;
use rollback::watch::Observation;

use super::cells::{self, WATCH};
use super::rules::{self, Named};
use super::traffic::{self, Flow, Minutes, binomial, day, log_uniform, poisson, uniform};

/// Minutes that the past consists of.
const PAST: u32 = 40_320;
/// Conversations of the siblings beside those of the flow.
const SIBLINGS: f64 = 5.0;
/// By how much more fails at 3 AM, of which nobody tells the guard.
const NIGHT: f64 = 0.25;

/// What a release meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Good,
    /// The release is bad from a minute on.
    Bad {
        share: f64,
        onset: u32,
    },
    /// Every flow fails so many times as often, for a while.
    Incident {
        times: f64,
        from: u32,
        until: u32,
    },
    /// This flow does.
    Blip {
        times: f64,
        from: u32,
        until: u32,
    },
}

/// What a rule made of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) rule: Named,
    pub(crate) releases: u32,
    /// Good releases that it went back from.
    pub(crate) wrong: u32,
    /// Those of them that met neither an incident nor a blip.
    pub(crate) wrong_quiet: u32,
    pub(crate) bad: u32,
    /// Bad releases that it went back from, by the minutes it took, sorted.
    pub(crate) after: Vec<u32>,
}

/// So many releases.
pub(crate) fn play(releases: u32, cv: f64, alpha: f64, rng: &mut Pcg64) -> Vec<Found> {
    let found = |rule: &Named| Found { rule: *rule, releases, wrong: 0, wrong_quiet: 0, bad: 0, after: Vec::new() };
    let mut all: Vec<_> = rules::ALL.iter().map(found).collect();
    for _ in 0..releases {
        let flow =
            Flow { volume: log_uniform(2.0, 1_000.0, rng), share: log_uniform(0.003, 0.03, rng), cv, memory: 0.0 };
        let terms = cells::both(Some(learned(flow, alpha, rng)), alpha);
        let fate = Fate::draw(flow.share, rng);
        let minutes = fate.minutes(flow, uniform(0.0, 1_440.0, rng), rng);
        for found in &mut all {
            let fired = cells::fired(found.rule, &terms, &minutes);
            match (fate, fired) {
                (Fate::Bad { onset, .. }, Some(minute)) if onset < minute => {
                    found.bad += 1;
                    found.after.push(minute - onset);
                }
                (Fate::Bad { .. }, None) => found.bad += 1,
                (Fate::Bad { .. }, Some(_)) => {
                    found.bad += 1;
                    found.wrong += 1;
                }
                (Fate::Good, Some(_)) => {
                    found.wrong += 1;
                    found.wrong_quiet += 1;
                }
                (Fate::Incident { .. } | Fate::Blip { .. }, Some(_)) => found.wrong += 1,
                (Fate::Good | Fate::Incident { .. } | Fate::Blip { .. }, None) => {}
            }
        }
    }
    all.iter_mut().for_each(|found| found.after.sort_unstable());
    all
}

/// What four weeks teach: drawn from their totals, the variation taken for somewhat more than it is.
fn learned(flow: Flow, alpha: f64, rng: &mut Pcg64) -> Baseline {
    let busy = (0..24).map(|hour| day(f64::from(hour) * 60.0)).sum::<f64>() / 24.0;
    let total = (flow.volume * busy * f64::from(PAST)) as u64;
    let of_siblings = (total as f64 * SIBLINGS) as u64;
    let errors = binomial(total, flow.share, rng);
    let siblings = binomial(of_siblings, flow.share, rng) as f64 / of_siblings.max(1) as f64;
    let variation = (1.2 * flow.cv + 0.02).powi(2);
    Baseline::of_totals(PAST, total, errors, variation, Some(siblings), alpha / 2.0)
}

impl Fate {
    fn draw(share: f64, rng: &mut Pcg64) -> Self {
        let chance = uniform(0.0, 1.0, rng);
        let from = uniform(0.0, f64::from(WATCH) - 10.0, rng) as u32;
        match chance {
            chance if chance < 0.9 => Self::Good,
            chance if chance < 0.95 => {
                let bad = [3.0 * share, 5.0 * share, share + 0.05, 0.25, 0.95];
                let which = uniform(0.0, bad.len() as f64, rng) as usize;
                let onset = if uniform(0.0, 1.0, rng) < 0.3 { from.min(30) } else { 0 };
                Self::Bad { share: bad[which.min(bad.len() - 1)], onset }
            }
            chance if chance < 0.975 => {
                let length = uniform(8.0, 30.0, rng) as u32;
                Self::Incident { times: uniform(4.0, 20.0, rng), from, until: from + length }
            }
            _ => Self::Blip { times: 8.0, from, until: from + uniform(1.0, 4.0, rng) as u32 },
        }
    }

    fn minutes(self, flow: Flow, start: f64, rng: &mut Pcg64) -> Vec<Observation> {
        let mut own = Minutes::new(flow, rng);
        let minute = |at: u32| {
            let of_day = (start + f64::from(at)) % 1_440.0;
            let busy = traffic::day(of_day);
            // Worst when it is quietest.
            let night = 1.0 + NIGHT * (1.0 - busy);
            let normal = flow.share * night;
            let during = |from: u32, until: u32| from <= at && at < until;
            let (share, siblings) = match self {
                Self::Bad { share, onset } if onset <= at => (share, normal),
                Self::Incident { times, from, until } if during(from, until) => (normal * times, normal * times),
                Self::Blip { times, from, until } if during(from, until) => (normal * times, normal),
                Self::Good | Self::Bad { .. } | Self::Incident { .. } | Self::Blip { .. } => (normal, normal),
            };
            let count = own.next(busy, share.min(0.98), rng);
            let total = poisson(flow.volume * busy * SIBLINGS, rng);
            let bad = binomial(total, siblings.min(0.98), rng);
            Observation { count, siblings: Count::bad(bad, total).unwrap_or(Count::Missing) }
        };
        (0..WATCH).map(minute).collect()
    }
}

impl Found {
    /// Good releases that it went back from, in 520.
    pub(crate) fn wrong_per_year(&self) -> f64 {
        f64::from(self.wrong) * 520.0 / f64::from(self.releases)
    }

    /// The share of its rollbacks that wronged a release.
    pub(crate) fn wrong_share(&self) -> f64 {
        let all = f64::from(self.wrong) + self.after.len() as f64;
        if all > 0.0 { f64::from(self.wrong) / all } else { 0.0 }
    }

    /// The share of bad releases that it went back from.
    pub(crate) fn caught(&self) -> f64 {
        self.after.len() as f64 / f64::from(self.bad.max(1))
    }

    /// The minutes it took for half of the bad releases; `None` when it caught fewer.
    pub(crate) fn median(&self) -> Option<u32> {
        self.after.get(self.bad as usize / 2).copied()
    }
}
