use super::*;

fn seen(bad: u32, total: u32) -> Count {
    if total == 0 { Count::Empty } else { Count::Observed { bad, total } }
}

/// A law of errors in a minute: the ratio of the chance of one error more to the chance of `e`, which is all of it.
#[derive(Clone, Copy, Debug)]
enum Law {
    Poisson { mean: f64 },
    Binomial { n: u32, p: f64 },
    NegativeBinomial { mean: f64, shape: f64 },
    BetaBinomial { n: u32, alpha: f64, beta: f64 },
}

impl Law {
    /// `P(e + 1) / P(e)`.
    fn next(self, e: f64) -> f64 {
        match self {
            Self::Poisson { mean } => mean / (e + 1.0),
            Self::Binomial { n, p } => (f64::from(n) - e) / (e + 1.0) * p / (1.0 - p),
            Self::NegativeBinomial { mean, shape } => (shape + e) / (e + 1.0) * mean / (mean + shape),
            Self::BetaBinomial { n, alpha, beta } => {
                let n = f64::from(n);
                (n - e) / (e + 1.0) * (alpha + e) / (beta + n - e - 1.0)
            }
        }
    }

    fn mean(self) -> f64 {
        match self {
            Self::Poisson { mean } | Self::NegativeBinomial { mean, .. } => mean,
            Self::Binomial { n, p } => f64::from(n) * p,
            Self::BetaBinomial { n, alpha, beta } => f64::from(n) * alpha / (alpha + beta),
        }
    }

    fn max(self) -> u32 {
        match self {
            Self::Poisson { .. } | Self::NegativeBinomial { .. } => u32::MAX,
            Self::Binomial { n, .. } | Self::BetaBinomial { n, .. } => n,
        }
    }

    /// The mean of what a minute multiplies the odds by, given its logarithm, summed over every number of errors that
    /// matters: outwards from the mean and in logarithms, so that nothing underflows that does not vanish beside it.
    fn mean_of(self, factor: impl Fn(u32) -> f64) -> f64 {
        let start = (self.mean() as u32).min(self.max());
        let (mut all, mut weighted) = (1.0, factor(start).exp());
        // Whether neither sum is changed any more.
        let mut add = |weight: f64, e: u32| {
            let (part, weighted_part) = (weight.exp(), (weight + factor(e)).exp());
            (all, weighted) = (all + part, weighted + weighted_part);
            part < all * 1e-17 && weighted_part < weighted * 1e-17
        };
        let mut weight = 0.0;
        for e in start..self.max().min(start + TERMS_MAX) {
            weight += self.next(f64::from(e)).ln();
            if add(weight, e + 1) {
                break;
            }
        }
        weight = 0.0;
        for e in (0..start).rev() {
            weight -= self.next(f64::from(e)).ln();
            if add(weight, e) {
                break;
            }
        }
        weighted / all
    }
}

/// More errors in a minute than these are not summed; the cases are such that they do not matter.
const TERMS_MAX: u32 = 40_000;
/// How slowly the tail of a law may fall, as the mean times the variation: the sum has about forty times as many terms.
const TAIL_MAX: f64 = 100.0;

fn log_uniform(rng: &mut fastrand::Rng, from: f64, to: f64) -> f64 {
    (from.ln() + rng.f64() * (to / from).ln()).exp()
}

fn one<const K: usize>(of: &Ratios<K>, rng: &mut fastrand::Rng) -> Ratios<1> {
    let at = rng.usize(..K);
    Ratios { ratios: [of.ratios[at]], logarithms: [of.logarithms[at]] }
}

#[test]
fn the_logarithms_are_those_of_the_ratios_and_the_ratios_ascend() {
    fn check<const K: usize>(of: &Ratios<K>) {
        assert_eq!(of.ratios.map(libm::log), of.logarithms);
        assert!(of.ratios.is_sorted());
    }
    check(&WORSE);
    check(&BETTER);
}

/// The theorem of this module, counted: whatever the law of a minute, as long as its share and its variation are within
/// what is tolerated, the odds do not grow on average.
#[test]
fn in_a_hundred_thousand_cases_the_mean_factor_of_a_healthy_minute_is_at_most_one() {
    const CASES: u32 = 100_000;
    let (mut rng, mut largest) = (fastrand::Rng::with_seed(66), 0.0f64);
    let mut case = 0;
    while case < CASES {
        let n = log_uniform(&mut rng, 1.0, 2_000.0) as u32;
        let share = log_uniform(&mut rng, 0.002, 0.5);
        let variation = log_uniform(&mut rng, 0.05, 2.0).powi(2);
        let is_worse = rng.bool();
        let of = if is_worse { one(&WORSE, &mut rng) } else { one(&BETTER, &mut rng) };
        let ratio = of.ratios[0];
        let is_hypothesis = ratio * share < 1.0;
        let tail = ratio.max(1.0) * f64::from(n) * share * variation;
        if !is_hypothesis || TAIL_MAX < tail {
            continue;
        }
        // Below what is tolerated, or at the edge of it.
        let part = if rng.bool() { 1.0 } else { rng.f64().max(0.01) };
        let p = if is_worse { share * part } else { (share / part).min(0.99) };
        let (mean, shape) = (f64::from(n) * p, variation.recip() / if rng.bool() { 1.0 } else { rng.f64().max(0.05) });
        let law = match case % 4 {
            0 => Law::Poisson { mean },
            1 => Law::Binomial { n, p },
            2 => Law::NegativeBinomial { mean, shape: shape.max(variation.recip()) },
            _ => {
                let alpha = shape.max(variation.recip());
                Law::BetaBinomial { n, alpha, beta: alpha * (1.0 - p) / p }
            }
        };
        // A law without a bound may have more errors than conversations; the formula does not mind.
        let null = Null { share, variation };
        let factor = |bad: u32| {
            let minute = Count::Observed { bad, total: n };
            null.weigh(minute, &of)[0]
        };
        let mean = law.mean_of(factor);
        case += 1;
        assert!(mean <= 1.0 + 1e-12, "case {case}: {mean} with {law:?}, {null:?} and {ratio}");
        largest = largest.max(mean);
    }
    assert!(0.999_999 < largest, "no case came to its edge, so none of them shows anything: {largest}");
}

#[test]
fn no_minute_counts_for_more_than_the_cap_and_empty_and_missing_ones_for_nothing() {
    let (null, cap) = (Null { share: 0.014, variation: 0.3 }, 4.0);
    let terrible = Onset::default().after(seen(1_000, 1_000), null, 0.5, cap);
    assert!(terrible.odds(0.014) <= 0.5 * cap.exp() + 0.5 + 1e-9);
    for nothing in [Count::Empty, Count::Missing] {
        let after = terrible.after(nothing, null, 0.0, cap);
        assert_eq!(after.odds(0.014), terrible.odds(0.014));
    }
}

#[test]
fn before_anything_is_seen_the_odds_are_even_and_a_bet_on_nothing_is_not_lost() {
    let onset = Onset::default();
    assert_eq!(onset.odds(0.01), 1.0);
    let null = Null { share: 0.01, variation: 0.1 };
    let spent = (0..10).fold(onset, |onset, _| onset.after(Count::Empty, null, 0.1, 4.0));
    assert!((spent.odds(0.01) - 1.0).abs() < 1e-12);
}

#[test]
fn ratios_that_leave_no_share_below_one_are_no_hypotheses() {
    assert_eq!(hypotheses(0.01), 7);
    assert_eq!(hypotheses(0.02), 6);
    assert_eq!(hypotheses(0.9), 0);
    let null = Null { share: 0.9, variation: 0.1 };
    let onset = Onset::default().after(seen(100, 100), null, 0.5, 4.0);
    assert!(onset.odds(0.9) <= 1.0, "where 90 % is tolerated nothing speaks against anything");
}

#[test]
fn good_minutes_prove_that_a_share_is_not_reached_and_bad_ones_do_not() {
    let null = Null { share: 0.05, variation: 0.01 };
    let after = |bad| (0..10).fold(Below::default(), |below, _| below.after(seen(bad, 200), null)).odds();
    assert!(100.0 < after(2));
    assert!(after(10) < 1.0);
    assert!(after(40) < 1e-6);
}

#[test]
fn without_variation_it_is_the_ratio_of_two_poisson_laws_and_the_limit_is_smooth() {
    let minute = seen(7, 300);
    let poisson = Null { share: 0.01, variation: 0.0 }.weigh(minute, &WORSE);
    let nearly = Null { share: 0.01, variation: 1e-7 }.weigh(minute, &WORSE);
    for (at, (exact, near)) in poisson.into_iter().zip(nearly).enumerate() {
        assert!((exact - near).abs() < 1e-2 * exact.abs().max(1.0), "{at}: {exact} {near}");
    }
}
