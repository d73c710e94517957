//! Is it chance? What a burn rate alone cannot tell when there are few events.
//!
//! At a target of 99.5 % one bad event among ten burns at 20, and on a quiet line that happens every few hours without
//! any reason. An alert therefore also needs **evidence**: odds against "the share of bad events is at most what is
//! allowed". For each ratio `r` of a grid, a minute with `e` bad events among `n` multiplies the odds by
//!
//! ```text
//! L = (r q)^e q^(1 / c2),   q = (1 + D) / (1 + r D),   D = n b c2
//! ```
//!
//! the likelihood ratio of two negative binomial laws with means `r n b` and `n b` and the common shape `1 / c2`, where
//! `b` is the allowed share and `c2` the squared variation of the hazard from minute to minute. For every law that such
//! a negative binomial dominates in increasing convex order (Poisson, binomial, mixtures of smaller variation) its mean
//! is at most 1 while the share is allowed.
//!
//! When trouble began is not known, so every minute may have been its beginning: `M <- L (M + 1)`, the Shiryaev-Roberts
//! recursion. While all is well, the mean of `M` after `t` minutes is at most `t`; an alert at `M >= A` then comes, on
//! average, at most once in `A` minutes (Shin, Ramdas and Rinaldo, *E-detectors*, New England Journal of Statistics in
//! Data Science 2023). Minutes without events count for nothing, and missing ones neither.

use base::Ppm;

use crate::{Count, Severity};

/// The ratios to the allowed share that are tried.
const RATIOS: [f64; 8] = [1.25, 1.75, 2.5, 4.0, 8.0, 20.0, 60.0, 180.0];

/// Odds beyond which more say nothing: what makes an old outage be forgotten in an hour and not in a week.
const ODDS_MAX: f64 = 1e9;

/// What the evidence is measured by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rarity {
    /// How often a page may come while all is well: at most once in so many minutes with events.
    pub page: f64,
    /// The same for a ticket.
    pub ticket: f64,
    /// The squared coefficient of variation of the share of bad events from minute to minute.
    pub variation: f64,
}

/// The evidence of one objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    odds: [f64; RATIOS.len()],
}

impl Default for Rarity {
    /// A false page in ten years, a false ticket in a quarter, and a share of bad events that varies by half.
    fn default() -> Self {
        const DAY: f64 = 1_440.0;
        Self { page: 3_652.5 * DAY, ticket: 91.0 * DAY, variation: 0.25 }
    }
}

impl Rarity {
    /// The odds that suffice to tell somebody.
    pub const fn needed(&self, severity: Severity) -> f64 {
        match severity {
            Severity::Page => self.page,
            Severity::Ticket => self.ticket,
        }
    }
}

impl Default for Evidence {
    fn default() -> Self {
        Self { odds: [0.0; RATIOS.len()] }
    }
}

impl Evidence {
    /// After one more minute. A minute without events, or of which nothing is known, changes nothing.
    #[must_use]
    pub fn after(mut self, minute: Count, allowed: Ppm, variation: f64) -> Self {
        let Count::Observed { bad, total } = minute else { return self };
        let share = f64::from(allowed.get()) / 1e6;
        let spread = f64::from(total) * share * variation;
        let q = RATIOS.map(|ratio| (1.0 + spread) / (1.0 + ratio * spread));
        let of_bad = power(std::array::from_fn(|at| RATIOS[at] * q[at]), bad);
        let shape = 1.0 / variation;
        // The usual shape is a whole number, and multiplying is a tenth of the work of logarithms.
        let is_whole = f64::from(shape as u32) == shape || shape.fract() == 0.0;
        let of_all = if is_whole { power(q, shape as u32) } else { q.map(|q| q.powf(shape)) };
        for (at, odds) in self.odds.iter_mut().enumerate() {
            // A share of bad events of one or more is no hypothesis.
            let is_tried = RATIOS[at] * share < 1.0;
            let after = (of_bad[at] * of_all[at] * (*odds + 1.0)).min(ODDS_MAX);
            *odds = if is_tried { after } else { 0.0 };
        }
        self
    }

    /// The odds, averaged over the ratios that are hypotheses: after `t` minutes of an objective that is met, `t` at
    /// most.
    pub fn odds(&self, allowed: Ppm) -> f64 {
        let share = f64::from(allowed.get()) / 1e6;
        let tried = RATIOS.iter().filter(|ratio| **ratio * share < 1.0).count();
        if tried == 0 { 0.0 } else { self.odds.iter().sum::<f64>() / tried as f64 }
    }
}

/// Each base to the same power, side by side.
fn power(mut bases: [f64; RATIOS.len()], mut exponent: u32) -> [f64; RATIOS.len()] {
    let mut powers = [1.0; RATIOS.len()];
    while exponent > 0 {
        if exponent & 1 == 1 {
            powers.iter_mut().zip(&bases).for_each(|(power, base)| *power *= base);
        }
        bases.iter_mut().for_each(|base| *base *= *base);
        exponent >>= 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Ppm = match Ppm::new(5_000) {
        Some(ppm) => ppm,
        None => Ppm::ONE,
    };

    /// How many of a million minutes the evidence of a line suffices to page, counting each outage of it once.
    fn pages(seed: u64, per_hour: f64, share: f64, minutes: u32) -> u32 {
        let (mut rng, rarity) = (fastrand::Rng::with_seed(seed), Rarity::default());
        let (mut evidence, mut pages, mut is_paged) = (Evidence::default(), 0, false);
        for _ in 0..minutes {
            let total = u64::from(rng.f64() < per_hour / 60.0);
            let bad = u64::from(rng.f64() < share).min(total);
            evidence = evidence.after(Count::bad(bad, total).unwrap(), ALLOWED, rarity.variation);
            let is_enough = rarity.page <= evidence.odds(ALLOWED);
            pages += u32::from(is_enough && !is_paged);
            is_paged = is_enough;
        }
        pages
    }

    #[test]
    fn a_quiet_line_at_half_its_budget_does_not_page_in_ten_years() {
        // Ten conversations an hour at 99.5 %: an alert of burn rates alone pages for every single failure.
        for seed in 0..4 {
            assert_eq!(pages(seed, 10.0, 0.0025, 5_259_600), 0, "seed {seed}");
        }
    }

    #[test]
    fn a_dead_line_is_evident_within_six_conversations() {
        let (mut evidence, rarity) = (Evidence::default(), Rarity::default());
        let needed = (1..).find(|_| {
            evidence = evidence.after(Count::Observed { bad: 1, total: 1 }, ALLOWED, rarity.variation);
            rarity.page <= evidence.odds(ALLOWED)
        });
        assert!(needed <= Some(6), "{needed:?}");
    }

    #[test]
    fn the_odds_of_one_minute_are_at_most_even_while_the_objective_is_met() {
        // The mean of L under the allowed share, summed over every outcome of a binomial minute.
        for total in [1u32, 5, 40, 300] {
            let share: f64 = 0.005;
            let mut mean = 0.0;
            let mut chance = (1.0 - share).powi(i32::try_from(total).unwrap());
            for bad in 0..=total {
                let after = Evidence::default().after(Count::Observed { bad, total }, ALLOWED, 0.25);
                mean += chance * after.odds(ALLOWED);
                chance *= f64::from(total - bad) / f64::from(bad + 1) * share / (1.0 - share);
            }
            assert!(mean <= 1.0 + 1e-9, "{total}: {mean}");
        }
    }

    #[test]
    fn minutes_without_events_and_missing_ones_change_nothing() {
        let evidence = Evidence::default().after(Count::Observed { bad: 3, total: 9 }, ALLOWED, 0.25);
        for minute in [Count::Empty, Count::Missing] {
            assert_eq!(evidence.after(minute, ALLOWED, 0.25), evidence);
        }
    }

    #[test]
    fn an_outage_is_forgotten_within_hours() {
        let mut evidence = Evidence::default();
        for _ in 0..60 {
            evidence = evidence.after(Count::Observed { bad: 50, total: 50 }, ALLOWED, 0.25);
        }
        assert!(1e8 < evidence.odds(ALLOWED));
        for _ in 0..360 {
            evidence = evidence.after(Count::Observed { bad: 0, total: 50 }, ALLOWED, 0.25);
        }
        assert!(evidence.odds(ALLOWED) < Rarity::default().ticket, "{}", evidence.odds(ALLOWED));
    }
}
