//! The rules that are compared: each says after a minute whether it would go back.

use base::Count;
use rollback::guide;
use rollback::watch::{self, Effect, Observation, Terms, Watch};
use statrs::distribution::{Binomial, DiscreteCDF as _};

/// Minutes of a watch that a rule without a spending of its own reckons with.
const WATCH: f64 = 60.0;

/// The rules, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Ours.
    Evidence,
    /// The guide's, as its code has it: above 5 % for three minutes in a row, whatever the volume.
    Seed,
    /// The same where a minute needs 20 conversations to count.
    SeedVolume,
    /// The guide's as this product has it.
    Guide,
    /// Above 5 % in three of five minutes.
    ThreeOfFive,
    /// Fisher's exact test against the past at every look, corrected for 60 of them.
    Fisher,
    /// A cumulative sum for three times the normal share, to a likelihood of 10,000.
    Cusum,
}

pub(crate) const ALL: [Named; 7] =
    [Named::Evidence, Named::Seed, Named::SeedVolume, Named::Guide, Named::ThreeOfFive, Named::Fisher, Named::Cusum];

/// One of them at work on one release.
pub(crate) enum Running<'a> {
    Watch(Box<Watch>, &'a Terms),
    Row(guide::Row, guide::Policy, u64),
    Of(u32),
    Fisher { bad: u64, total: u64, share: f64 },
    Cusum { sum: f64, share: f64 },
}

impl Named {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence (ours)",
            Self::Seed => "5 % for 3 min",
            Self::SeedVolume => "same, volume 20",
            Self::Guide => "guide (ours)",
            Self::ThreeOfFive => "3 of 5",
            Self::Fisher => "Fisher, Bonferroni",
            Self::Cusum => "CUSUM 3x",
        }
    }

    /// Begins with a release, given what the past says.
    pub(crate) fn start<'a>(self, terms: &'a Terms, guide_terms: &'a Terms) -> Running<'a> {
        let share = terms.baseline().map_or(0.0, |baseline| baseline.share);
        let seed = guide::Policy { volume: 0, ..guide::Policy::default() };
        match self {
            Self::Evidence => Running::Watch(Box::default(), terms),
            Self::Guide => Running::Watch(Box::default(), guide_terms),
            Self::Seed => Running::Row(guide::Row::default(), seed, 0),
            Self::SeedVolume => Running::Row(guide::Row::default(), seed, 20),
            Self::ThreeOfFive => Running::Of(0),
            Self::Fisher => Running::Fisher { bad: 0, total: 0, share },
            Self::Cusum => Running::Cusum { sum: 0.0, share },
        }
    }
}

impl Running<'_> {
    /// Whether it goes back after one more minute.
    pub(crate) fn fires(&mut self, seen: Observation) -> bool {
        let (bad, total) = seen.count.pair();
        match self {
            Self::Watch(watch, terms) => {
                let (next, effects) = watch::step(**watch, terms, seen, false);
                **watch = next;
                effects.into_iter().any(|effect| matches!(effect, Effect::Confirmed(_)))
            }
            Self::Row(row, policy, volume) => {
                // In the guide's code a minute without conversations has a rate of 0.
                let is_counted = total > 0 && *volume <= u64::from(total);
                let minute = if is_counted { seen.count } else { Count::Observed { bad: 0, total: 1 } };
                *row = row.after(policy, minute);
                row.is_tripped()
            }
            Self::Of(last) => {
                let is_above = total > 0 && 20 * u64::from(bad) > u64::from(total);
                *last = (*last << 1 | u32::from(is_above)) & 0b1_1111;
                last.count_ones() >= 3
            }
            Self::Fisher { bad: all_bad, total: all, share } => {
                *all_bad += u64::from(bad);
                *all += u64::from(total);
                // Beside a past of millions the exact test is a binomial one.
                *all_bad > 0 && Binomial::new(*share, *all).is_ok_and(|law| law.sf(*all_bad - 1) < 1e-4 / WATCH)
            }
            Self::Cusum { sum, share } => {
                let weight = f64::from(bad) * 3f64.ln() - 2.0 * f64::from(total) * *share;
                *sum = (*sum + weight).max(0.0);
                1e4f64.ln() <= *sum
            }
        }
    }
}
