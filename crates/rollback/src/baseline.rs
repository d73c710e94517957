//! What is normal for a flow: its share of errors, how far that may be from the truth, and how much it varies.
//!
//! Learned from minutes of the past (28 days by default). Two things are estimated beside the share `p`:
//!
//! - **How much the share varies** by itself, as the squared coefficient of variation `c2` of the hazard. From blocks of
//!   `B` minutes with `E` errors where `MU = n p` were to be expected,
//!
//!   ```text
//!   c2(B) = (sum (E - MU)^2 - sum E) / S2,   S2 = sum MU^2,   se(B) = sqrt((2 S2 + sum MU) / S2^2 + 8 c2(B)^2 / blocks)
//!   ```
//!
//!   by moments: what the variance of the counts has beyond that of a Poisson law. A hazard that stays high for a while
//!   varies little from minute to minute and much from hour to hour; so the variation is the largest of
//!   `B (max(c2(B), 0) + 2 se(B))`, longer blocks only where they show it beyond doubt (batch means).
//! - **An upper bound `U` of the share** that is too low in one of so many histories: the quantile of a gamma law whose
//!   shape is the number of errors, widened by what the hazard varies (`phi`); without variation that is Garwood's
//!   interval for a Poisson mean.

use base::Count;
use statrs::distribution::{ContinuousCDF, Gamma};

/// Lengths of the blocks in which variation is looked for, in minutes; the first always counts.
const BLOCKS: [usize; 4] = [1, 5, 15, 60];

/// As much as the margin of the variation may be when there are too few errors to measure it: a share of errors whose
/// standard deviation is twice its mean. Without this a flow that never failed could not be judged at all.
const MARGIN_MAX: f64 = 4.0;

/// What is normal for a flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// Minutes of which something was known.
    pub minutes: u32,
    /// Conversations in them.
    pub total: u64,
    /// Those that failed.
    pub errors: u64,
    /// The share of errors.
    pub share: f64,
    /// What the true share is at most.
    pub upper: f64,
    /// The squared coefficient of variation of the hazard.
    pub variation: f64,
    /// The share of errors of its siblings, all of them together.
    pub siblings: Option<f64>,
}

impl Baseline {
    /// Learns from the past, oldest minute first; `None` when nothing happened in it, or nothing is known.
    ///
    /// The bound is too low with a chance of `alpha` at most.
    pub fn learn(history: &[Count], siblings: Option<f64>, alpha: f64) -> Option<Self> {
        let known = history.iter().filter(|count| count.is_known());
        let (mut minutes, mut total, mut errors) = (0u32, 0u64, 0u64);
        for (bad, all) in known.map(|count| count.pair()) {
            minutes += 1;
            total += u64::from(all);
            errors += u64::from(bad);
        }
        if total == 0 {
            return None;
        }
        let share = errors as f64 / total as f64;
        let variation = variation(history, share);
        let upper = upper(history, share, variation, alpha);
        Some(Self { minutes, total, errors, share, upper, variation, siblings })
    }

    /// What would have been learned from so many minutes with as many conversations each, and this variation.
    pub fn of_totals(minutes: u32, total: u64, errors: u64, variation: f64, siblings: Option<f64>, alpha: f64) -> Self {
        let share = errors as f64 / total.max(1) as f64;
        let expected = total as f64 * share;
        let phi = 1.0 + variation * expected / f64::from(minutes.max(1));
        let upper = bound(expected, total as f64, phi, alpha);
        Self { minutes, total, errors, share, upper, variation, siblings }
    }

    /// Conversations a minute.
    pub fn volume(&self) -> f64 {
        self.total as f64 / f64::from(self.minutes.max(1))
    }
}

/// The share of errors of many minutes; `None` when nothing happened in them.
pub fn share_of(history: impl IntoIterator<Item = Count>) -> Option<f64> {
    let (bad, all) = history
        .into_iter()
        .map(Count::pair)
        .fold((0u64, 0u64), |(bad, all), (more_bad, more)| (bad + u64::from(more_bad), all + u64::from(more)));
    (all > 0).then(|| bad as f64 / all as f64)
}

fn variation(history: &[Count], share: f64) -> f64 {
    let spread = |length: usize| (length, Spread::of(history, share, length));
    let (first, rest) = (Spread::of(history, share, BLOCKS[0]), BLOCKS[1..].iter().copied().map(spread));
    let of_minutes = first.variation.max(0.0) + (2.0 * first.error).min(MARGIN_MAX);
    rest.filter(|(_, spread)| 2.0 * spread.error < spread.variation)
        .map(|(length, spread)| length as f64 * (spread.variation + 2.0 * spread.error))
        .fold(of_minutes, f64::max)
}

/// The variation between blocks of one length.
struct Spread {
    /// Its squared coefficient, as estimated; below zero by chance.
    variation: f64,
    /// The standard error of that; infinite when there is nothing to estimate it from.
    error: f64,
}

impl Spread {
    fn of(history: &[Count], share: f64, length: usize) -> Self {
        let (mut blocks, mut excess, mut expected, mut squares) = (0.0, 0.0, 0.0, 0.0);
        for block in history.chunks(length) {
            let (bad, all) = block
                .iter()
                .map(|count| count.pair())
                .fold((0.0, 0.0), |(bad, all), (more_bad, more)| (bad + f64::from(more_bad), all + f64::from(more)));
            let mean = all * share;
            if mean > 0.0 {
                blocks += 1.0;
                excess += (bad - mean) * (bad - mean) - bad;
                expected += mean;
                squares += mean * mean;
            }
        }
        if squares <= 0.0 {
            return Self { variation: 0.0, error: f64::INFINITY };
        }
        let variation: f64 = excess / squares;
        let of_counts = (2.0 * squares + expected) / (squares * squares);
        Self { variation, error: (of_counts + 8.0 * variation * variation / blocks).sqrt() }
    }
}

fn upper(history: &[Count], share: f64, variation: f64, alpha: f64) -> f64 {
    let (mut all, mut expected, mut squares) = (0.0, 0.0, 0.0);
    for (_, total) in history.iter().map(|count| count.pair()) {
        let mean = f64::from(total) * share;
        all += f64::from(total);
        expected += mean;
        squares += mean * mean;
    }
    let phi = if expected > 0.0 { 1.0 + variation * squares / expected } else { 1.0 };
    bound(expected, all, phi, alpha)
}

/// The share that is too low in `alpha` of the histories with so many conversations, of which so many are expected to
/// fail, with a variance that is `phi` times that of a Poisson law.
fn bound(expected: f64, all: f64, phi: f64, alpha: f64) -> f64 {
    // Shape and rate are above zero, and so there is such a law.
    Gamma::new(expected / phi + 1.0, all / phi).map_or(1.0, |law| law.inverse_cdf(1.0 - alpha)).min(1.0)
}

#[cfg(test)]
mod tests;
