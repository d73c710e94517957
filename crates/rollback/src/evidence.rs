//! How much speaks against "this is the normal share of errors"? Odds that may be looked at every minute.
//!
//! For a ratio `r` to the share `b` that is tolerated, a minute with `e` errors among `n` conversations multiplies the odds
//! by
//!
//! ```text
//! ln L = e (ln r + g) + g / c2,   g = ln(1 + D) - ln(1 + r D),   D = n b c2
//! ```
//!
//! the likelihood ratio of two negative binomial laws with means `r n b` and `n b` and the common shape `1 / c2`. `L` is
//! `z^e` over its own mean with `z = r (1 + D) / (1 + r D)`; that is convex in `e`, and for `r > 1` it grows with `e`. So
//! for every law that such a negative binomial dominates in increasing convex order its mean is at most 1: a Poisson or
//! binomial law with any mean up to `n b`, and mixtures of those whose hazard varies by no more than `c2`.
//!
//! When trouble began is not known. Each minute gets a part `pi` of one bet, all parts together at most one:
//!
//! ```text
//! M <- L (M + pi),   S <- S + pi,   E = mean of M over the ratios + 1 - S
//! ```
//!
//! `E` starts at 1, is never negative, and its mean never grows while the release is healthy; so it ever reaches `1 / a`
//! with a chance of `a` at most (Ville's inequality). That holds for any way of looking and stopping.
//!
//! The functions of [`libm`] give the same bits on every machine: a decision can be recomputed anywhere.

use base::Count;

/// The ratios to what is tolerated that are tried against a healthy release.
pub const WORSE: Ratios<7> = Ratios {
    ratios: [1.25, 1.75, 2.5, 4.0, 8.0, 20.0, 60.0],
    logarithms: [
        0.22314355131420976,
        0.5596157879354227,
        0.9162907318741551,
        1.3862943611198906,
        2.0794415416798357,
        2.995732273553991,
        4.0943445622221,
    ],
};

/// The ratios to a share of errors that are tried to prove that it is not reached.
pub const BETTER: Ratios<6> = Ratios {
    ratios: [0.05, 0.1, 0.2, 0.35, 0.5, 0.7],
    logarithms: [
        -2.995732273553991,
        -2.3025850929940455,
        -1.6094379124341003,
        -1.0498221244986778,
        -std::f64::consts::LN_2,
        -0.35667494393873245,
    ],
};

/// Ratios to a share of errors, and their natural logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratios<const K: usize> {
    /// The ratios, ascending.
    pub ratios: [f64; K],
    /// Their logarithms: half of the work of a minute if each had to take them.
    pub logarithms: [f64; K],
}

/// Odds beyond which more say nothing.
const ODDS_MAX: f64 = 1e12;

/// The smallest chance of a false rollback that can be asked for: less would need odds near [`ODDS_MAX`], and nothing would
/// ever be gone back from.
pub const ALPHA_MIN: f64 = 1e-9;

/// Below this a variation is none: the limit is the likelihood ratio of two Poisson laws.
const VARIATION_MIN: f64 = 1e-9;

/// What one minute of a flow is weighed against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Null {
    /// The share of errors.
    pub share: f64,
    /// The squared coefficient of variation of the hazard.
    pub variation: f64,
}

/// Odds that something began to be wrong at some minute, one for each ratio of [`WORSE`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Onset {
    odds: [f64; WORSE.ratios.len()],
    spent: f64,
}

/// Odds that a share of errors has not been reached since a minute, one for each ratio of [`BETTER`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Below {
    odds: [f64; BETTER.ratios.len()],
}

impl Null {
    /// The logarithms by which a minute multiplies the odds of these ratios.
    ///
    /// A minute without conversations, or of which nothing is known, says nothing: zeros.
    pub fn weigh<const K: usize>(self, minute: Count, of: &Ratios<K>) -> [f64; K] {
        let Count::Observed { bad, total } = minute else { return [0.0; K] };
        let (errors, mean) = (f64::from(bad), f64::from(total) * self.share);
        if self.variation < VARIATION_MIN {
            return std::array::from_fn(|at| errors * of.logarithms[at] - (of.ratios[at] - 1.0) * mean);
        }
        let spread = mean * self.variation;
        let (at_null, shape) = (libm::log1p(spread), self.variation.recip());
        std::array::from_fn(|at| {
            let g = at_null - libm::log1p(of.ratios[at] * spread);
            errors * of.logarithms[at] + g * (errors + shape)
        })
    }
}

impl Onset {
    /// After one more minute, which gets `part` of the bet and multiplies no odds by more than `cap` (a logarithm).
    ///
    /// Ratios of which `null.share` leaves no room below one are no hypotheses in this minute.
    #[must_use]
    pub fn after(mut self, minute: Count, null: Null, part: f64, cap: f64) -> Self {
        let weights = null.weigh(minute, &WORSE);
        for ((odds, weight), ratio) in self.odds.iter_mut().zip(weights).zip(WORSE.ratios) {
            let weight = if ratio * null.share < 1.0 { weight.min(cap) } else { 0.0 };
            *odds = (libm::exp(weight) * (*odds + part)).min(ODDS_MAX);
        }
        self.spent += part;
        self
    }

    /// The odds against a healthy release.
    ///
    /// Of ratios that are no hypotheses for `share` there is nothing to average.
    pub fn odds(&self, share: f64) -> f64 {
        let tried = hypotheses(share);
        if tried == 0 {
            return 1.0 - self.spent;
        }
        // The ratios ascend, so those that are hypotheses come first.
        self.odds[..tried].iter().sum::<f64>() / tried as f64 + 1.0 - self.spent
    }
}

/// How many of [`WORSE`] are hypotheses beside a share of errors: those that leave it below one.
pub fn hypotheses(share: f64) -> usize {
    WORSE.ratios.iter().take_while(|ratio| **ratio * share < 1.0).count()
}

impl Default for Below {
    fn default() -> Self {
        Self { odds: [1.0; BETTER.ratios.len()] }
    }
}

impl Below {
    /// After one more minute, weighed against "the share is at least this".
    #[must_use]
    pub fn after(mut self, minute: Count, null: Null) -> Self {
        for (odds, weight) in self.odds.iter_mut().zip(null.weigh(minute, &BETTER)) {
            *odds = (*odds * libm::exp(weight)).min(ODDS_MAX);
        }
        self
    }

    /// The odds that the share is not reached.
    pub fn odds(&self) -> f64 {
        self.odds.iter().sum::<f64>() / BETTER.ratios.len() as f64
    }
}

#[cfg(test)]
mod tests;
