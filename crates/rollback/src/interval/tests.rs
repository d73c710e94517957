use super::*;

fn minute(bad: u32, total: u32) -> Count {
    Count::Observed { bad, total }
}

fn percent(minutes: &[Count], variation: f64) -> String {
    let interval = of(minutes, variation).unwrap();
    format!("{:.2} to {:.2}", interval.low * 100.0, interval.high * 100.0)
}

#[test]
fn an_interval_shrinks_with_what_is_seen() {
    let minutes = |bad, total, length| vec![minute(bad, total); length];
    let mut told = String::new();
    for (name, minutes, variation) in [
        ("one call", minutes(0, 1, 1), 0.0),
        ("none of 60", minutes(0, 1, 60), 0.0),
        ("1 % of 3,000", minutes(1, 100, 30), 0.0),
        ("1 % of 3,000, varying", minutes(1, 100, 30), 0.25),
        ("1 % of 60,000", minutes(10, 1_000, 60), 0.0),
        ("1 % of 60,000, varying", minutes(10, 1_000, 60), 0.25),
        ("all of 3,000", minutes(100, 100, 30), 0.0),
        ("20 %, with silence", [minutes(20, 100, 10), vec![Count::Missing; 10], vec![Count::Empty; 10]].concat(), 0.0),
    ] {
        told += &format!("{name}: {}\n", percent(&minutes, variation));
    }
    insta::assert_snapshot!(told);
    assert_eq!(of(&[], 0.0), None);
    assert_eq!(of(&[Count::Missing, Count::Empty], 0.0), None);
}

/// Whoever looks at every minute sees an interval without the truth in five of a hundred releases at most.
#[test]
fn the_truth_stays_within_however_often_one_looks() {
    let mut rng = fastrand::Rng::with_seed(1);
    for (share, total, variation) in [(0.01, 50, 0.0), (0.05, 20, 0.0), (0.02, 200, 0.25)] {
        let mut left = 0;
        for _ in 0..400 {
            let minutes: Vec<_> = (0..40)
                .map(|_| {
                    // Two hazards of equal chance with the squared coefficient of variation.
                    let hazard =
                        share * if rng.bool() { 1.0 + f64::sqrt(variation) } else { 1.0 - f64::sqrt(variation) };
                    minute((0..total).filter(|_| rng.f64() < hazard).count() as u32, total)
                })
                .collect();
            let is_within = |length: usize| of(&minutes[..length], variation).unwrap();
            let leaves = (1..=minutes.len()).step_by(4).map(is_within).any(|it| share < it.low || it.high < share);
            left += u32::from(leaves);
        }
        assert!(left <= 20, "{left} of 400 at {share}, {total} a minute, variation {variation}");
    }
}
