//! Conversations and errors that might have been: minutes of a flow with a known truth.
//!
//! Conversations of a minute are Poisson; errors are binomial with a hazard that varies by a gamma law, or, with memory,
//! as a log-normal process that is correlated from minute to minute.

use base::Count;
use rand_distr::{Binomial, Distribution as _, Gamma, Normal, Poisson};
use rand_pcg::Pcg64;

/// How a flow behaves while nothing happens to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flow {
    /// Conversations a minute.
    pub(crate) volume: f64,
    /// The share of errors.
    pub(crate) share: f64,
    /// The coefficient of variation of the hazard.
    pub(crate) cv: f64,
    /// Minutes after which the hazard has forgotten most of what it was; 0 when every minute is by itself.
    pub(crate) memory: f64,
}

/// The minutes of a flow, one after the other.
pub(crate) struct Minutes {
    flow: Flow,
    /// The logarithm of the hazard, in units of its deviation.
    level: f64,
}

impl Minutes {
    pub(crate) fn new(flow: Flow, rng: &mut Pcg64) -> Self {
        let level = if flow.memory > 0.0 { normal(rng) } else { 0.0 };
        Self { flow, level }
    }

    /// The next minute, with so many times the conversations and this share of errors.
    pub(crate) fn next(&mut self, times: f64, share: f64, rng: &mut Pcg64) -> Count {
        let total = poisson(self.flow.volume * times, rng);
        let hazard = (share * self.hazard(rng)).min(1.0);
        let bad = if total == 0 { 0 } else { Binomial::new(total, hazard).map_or(0, |law| law.sample(rng)) };
        Count::bad(bad, total).unwrap_or(Count::Missing)
    }

    /// By how much the hazard is off its mean: 1 on average.
    fn hazard(&mut self, rng: &mut Pcg64) -> f64 {
        let Flow { cv, memory, .. } = self.flow;
        if cv <= 0.0 {
            return 1.0;
        }
        if memory <= 0.0 {
            return Gamma::new(1.0 / (cv * cv), cv * cv).map_or(1.0, |law| law.sample(rng));
        }
        let kept = (-1.0 / memory).exp();
        self.level = kept * self.level + (1.0 - kept * kept).sqrt() * normal(rng);
        let variance = (1.0 + cv * cv).ln();
        (variance.sqrt() * self.level - variance / 2.0).exp()
    }
}

pub(crate) fn poisson(mean: f64, rng: &mut Pcg64) -> u64 {
    if mean <= 0.0 { 0 } else { Poisson::new(mean).map_or(0, |law| law.sample(rng) as u64) }
}

pub(crate) fn binomial(n: u64, p: f64, rng: &mut Pcg64) -> u64 {
    Binomial::new(n, p.clamp(0.0, 1.0)).map_or(0, |law| law.sample(rng))
}

fn normal(rng: &mut Pcg64) -> f64 {
    Normal::new(0.0, 1.0).map_or(0.0, |law| law.sample(rng))
}

/// A uniform variable between two bounds.
pub(crate) fn uniform(from: f64, to: f64, rng: &mut Pcg64) -> f64 {
    let part: f64 = rand_distr::StandardUniform.sample(rng);
    from + (to - from) * part
}

/// A variable whose logarithm is uniform.
pub(crate) fn log_uniform(from: f64, to: f64, rng: &mut Pcg64) -> f64 {
    uniform(from.ln(), to.ln(), rng).exp()
}

/// How busy an hour of the day is, beside the busiest: twenty times as busy by day as at night.
pub(crate) fn day(minute: f64) -> f64 {
    let angle = (minute / 1_440.0 - 0.125) * std::f64::consts::TAU;
    // From 1/20 at 3 AM to 1 at 3 PM.
    let swing = (1.0 - angle.cos()) / 2.0;
    (20f64.ln() * (swing - 1.0)).exp()
}
