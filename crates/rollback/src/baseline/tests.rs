use super::*;

/// Errors of a binomial minute whose hazard has a gamma law of this variation, which stays for so many minutes.
fn history(seed: u64, volume: u32, share: f64, variation: f64, memory: usize, minutes: usize) -> Vec<Count> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut hazard = share;
    let minute = |place: usize| {
        if variation > 0.0 && place.is_multiple_of(memory) {
            hazard = share * gamma(&mut rng, variation);
        }
        let bad = (0..volume).filter(|_| rng.f64() < hazard).count();
        Count::bad(bad as u64, volume.into()).unwrap()
    };
    (0..minutes).map(minute).collect()
}

/// A gamma variable with mean 1: its quantile at a uniform one.
fn gamma(rng: &mut fastrand::Rng, variation: f64) -> f64 {
    let shape = variation.recip();
    Gamma::new(shape, shape).unwrap().inverse_cdf(rng.f64())
}

#[test]
fn without_a_past_there_is_no_baseline() {
    assert_eq!(Baseline::learn(&[], None, 5e-5), None);
    assert_eq!(Baseline::learn(&[Count::Missing, Count::Empty], None, 5e-5), None);
}

/// The reference values are those of `scipy.stats.gamma.ppf(1 - 5e-5, shape) / rate`.
#[test]
fn the_bound_is_the_quantile_of_a_gamma_law() {
    // One minute cannot vary, so only phi would widen it; without errors there is none.
    let never = Baseline::learn(&[Count::Observed { bad: 0, total: 10_000 }], None, 5e-5).unwrap();
    assert!((never.upper - 9.903_487_552_536_24e-4).abs() < 1e-12, "{never:?}");
    for (shape, rate, reference) in [
        (2.5, 4_000.0, 0.003_411_713_431_589_890_5),
        (807.0, 80_640.0, 0.011_436_817_561_621_076),
        (40_321.0, 2_016_000.0, 0.020_390_352_643_314_978),
    ] {
        let quantile = Gamma::new(shape, rate).unwrap().inverse_cdf(1.0 - 5e-5);
        assert!((quantile / reference - 1.0).abs() < 1e-9, "{shape}: {quantile}");
    }
}

#[test]
fn a_calm_past_has_a_bound_close_to_its_share_and_hardly_any_variation() {
    let baseline = Baseline::learn(&history(1, 50, 0.01, 0.0, 1, 20_160), None, 5e-5).unwrap();
    assert_eq!((baseline.minutes, baseline.total), (20_160, 1_008_000));
    assert!((0.0097..0.0103).contains(&baseline.share), "{baseline:?}");
    assert!((1.0..1.1).contains(&(baseline.upper / baseline.share)), "{baseline:?}");
    assert!(baseline.variation < 0.1, "{baseline:?}");
}

#[test]
fn what_varies_from_minute_to_minute_is_found_and_never_taken_for_less() {
    for (seed, variation) in [(2, 0.09), (3, 0.25), (4, 1.0)] {
        let baseline = Baseline::learn(&history(seed, 100, 0.02, variation, 1, 20_160), None, 5e-5).unwrap();
        // Too much is a release that is gone back from later; too little would be a good one that is.
        let found = baseline.variation / variation;
        assert!((1.0..3.0).contains(&found), "{variation}: {baseline:?}");
    }
}

#[test]
fn a_hazard_that_stays_for_a_while_varies_more_than_from_minute_to_minute() {
    let fleeting = Baseline::learn(&history(5, 100, 0.02, 0.25, 1, 20_160), None, 5e-5).unwrap();
    let lasting = Baseline::learn(&history(5, 100, 0.02, 0.25, 30, 20_160), None, 5e-5).unwrap();
    assert!(10.0 * fleeting.variation < lasting.variation, "{fleeting:?} {lasting:?}");
    assert!(fleeting.upper < lasting.upper);
}

#[test]
fn a_flow_that_hardly_ever_failed_can_still_be_judged() {
    let mut past = vec![Count::Observed { bad: 0, total: 50 }; 20_160];
    assert!(Baseline::learn(&past, None, 5e-5).unwrap().variation <= MARGIN_MAX);
    past[77] = Count::Observed { bad: 1, total: 50 };
    let baseline = Baseline::learn(&past, None, 5e-5).unwrap();
    assert!(baseline.variation <= MARGIN_MAX, "{baseline:?}");
    assert!(baseline.upper < 2e-5, "{baseline:?}");
}

#[test]
fn missing_minutes_are_not_normal_minutes() {
    let mut past = history(6, 100, 0.02, 0.25, 1, 10_000);
    let whole = Baseline::learn(&past, None, 5e-5).unwrap();
    past.splice(5_000..5_000, std::iter::repeat_n(Count::Missing, 3_000));
    let with_gap = Baseline::learn(&past, None, 5e-5).unwrap();
    assert_eq!((with_gap.share, with_gap.minutes, with_gap.total), (whole.share, whole.minutes, whole.total));
    assert!((with_gap.variation / whole.variation - 1.0).abs() < 0.05);
}

proptest::proptest! {
    #[test]
    fn every_past_gives_numbers_that_can_be_used(
        past in proptest::collection::vec((0u64..2_000, 0u64..=1_000_000), 1..200),
        alpha in 1e-9f64..0.5,
    ) {
        let minute = |(total, ppm): (u64, u64)| Count::bad(total * ppm / 1_000_000, total).unwrap();
        let past: Vec<_> = past.into_iter().map(minute).collect();
        if let Some(baseline) = Baseline::learn(&past, None, alpha) {
            proptest::prop_assert!((0.0..=1.0).contains(&baseline.share), "{baseline:?}");
            proptest::prop_assert!(baseline.share <= baseline.upper + 1e-12 && baseline.upper <= 1.0, "{baseline:?}");
            proptest::prop_assert!(baseline.variation.is_finite() && 0.0 <= baseline.variation, "{baseline:?}");
        }
    }
}
