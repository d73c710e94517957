use proptest::prelude::*;

use super::*;

/// A plain list of minutes, as the truth.
fn slow(minutes: &[(i64, Count)], from: i64, until: i64) -> Counts {
    let mut known = std::collections::BTreeMap::new();
    known.extend(minutes.iter().copied().filter(|(at, _)| (from..until).contains(at)));
    let counts = known.values().fold((0, 0, 0), |(bad, total, seen), count| {
        let pair = count.pair();
        (bad + u64::from(pair.0), total + u64::from(pair.1), seen + u32::from(count.is_known()))
    });
    let length = u32::try_from(until - from).unwrap();
    Counts { bad: counts.0, total: counts.1, known: Minutes::new(counts.2), missing: Minutes::new(length - counts.2) }
}

fn count() -> impl Strategy<Value = Count> {
    prop_oneof![
        6 => (0..40u64, 0..400u64).prop_map(|(bad, good)| Count::bad(bad, bad + good).unwrap()),
        1 => (0..u64::from(u32::MAX)).prop_map(|total| Count::bad(total / 3, total).unwrap()),
        1 => Just(Count::Empty),
        1 => Just(Count::Missing),
    ]
}

proptest! {
    #[test]
    fn any_stretch_is_what_one_gets_by_adding_up(
        start in -100_000i64..30_000_000,
        minutes in prop::collection::vec((0i64..4_000, count()), 0..200),
        ends in prop::collection::vec((0i64..4_000, 0i64..4_000), 1..20),
    ) {
        let minutes: Vec<_> = minutes.into_iter().map(|(at, count)| (start + at, count)).collect();
        let mut series = Series::new(Minutes::new(8_000));
        for (at, count) in &minutes {
            series.set(Minute::new(*at), *count).unwrap();
        }
        for (one, other) in ends {
            let (from, until) = (start + one.min(other), start + one.max(other));
            prop_assert_eq!(series.between(Minute::new(from), Minute::new(until)), slow(&minutes, from, until));
        }
    }
}

proptest! {
    #[test]
    fn a_block_that_is_loaded_is_the_same_as_its_minutes_one_by_one(
        minutes in prop::collection::vec(count(), BLOCK),
        number in -3i64..3,
    ) {
        let minutes: [Count; BLOCK] = minutes.try_into().unwrap();
        let (mut loaded, mut fed) = (Series::new(Minutes::days(2)), Series::new(Minutes::days(2)));
        for series in [&mut loaded, &mut fed] {
            series.set(Minute::new(700), Count::Observed { bad: 1, total: 7 }).unwrap();
        }
        loaded.set_block(number, &Block::of(&minutes)).unwrap();
        for (place, count) in minutes.iter().enumerate() {
            fed.set(Minute::new(number * BLOCK as i64 + place as i64), *count).unwrap();
        }
        prop_assert_eq!(loaded.block(number).minutes(), minutes);
        for end in (-800..1_100).step_by(37) {
            let (from, until) = (Minute::new(-800), Minute::new(end));
            prop_assert_eq!(loaded.between(from, until), fed.between(from, until));
        }
    }
}

proptest! {
    #[test]
    fn what_is_held_says_the_same_as_what_is_not(
        steps in prop::collection::vec((-2_000i64..9_000, count(), -2_500i64..9_500, 0i64..2_000, any::<bool>()), 1..120),
        horizon in 1u32..6_000,
    ) {
        let mut series = Series::new(Minutes::new(horizon));
        for (at, count, end, length, is_block) in steps {
            if is_block {
                let _refused = series.set_block(at.div_euclid(256), &Block::of(&[count; BLOCK]));
            } else {
                let _refused = series.set(Minute::new(at), count);
            }
            // Around what changed, and anywhere.
            for end in [end, at, at + 1, at + 20] {
                let (from, end) = (Minute::new(end - length), Minute::new(end));
                for step in 0..3 {
                    let (from, end) = (from + Minutes::new(step), end + Minutes::new(step));
                    prop_assert_eq!(series.between_at_hand(from, end), series.between(from, end));
                    prop_assert_eq!(series.get_at_hand(end), series.get(end));
                    series.hold([from, end]);
                    prop_assert_eq!(series.between_at_hand(from, end), series.between(from, end));
                    prop_assert_eq!(series.get_at_hand(end), series.get(end));
                }
            }
        }
    }
}

#[test]
fn a_minute_in_which_nothing_happened_is_known_and_one_of_which_nothing_is_known_is_missing() {
    let mut series = Series::new(Minutes::days(1));
    series.set(Minute::new(0), Count::Observed { bad: 1, total: 4 }).unwrap();
    series.set(Minute::new(1), Count::Empty).unwrap();
    series.set(Minute::new(3), Count::Observed { bad: 0, total: 6 }).unwrap();
    let counts = series.between(Minute::new(0), Minute::new(5));
    assert_eq!(counts, Counts { bad: 1, total: 10, known: Minutes::new(3), missing: Minutes::new(2) });
}

#[test]
fn a_late_minute_and_a_corrected_one_are_in_every_later_sum() {
    let mut series = Series::new(Minutes::days(30));
    for at in 0..10_000 {
        series.set(Minute::new(at), Count::Observed { bad: 0, total: 10 }).unwrap();
    }
    assert_eq!(
        series.set(Minute::new(3), Count::Observed { bad: 9, total: 9 }),
        Ok(Count::Observed { bad: 0, total: 10 })
    );
    let counts = series.between(Minute::new(0), Minute::new(10_000));
    assert_eq!((counts.bad, counts.total), (9, 99_999));
    series.set(Minute::new(3), Count::Missing).unwrap();
    let counts = series.between(Minute::new(0), Minute::new(10_000));
    assert_eq!((counts.bad, counts.total, counts.missing), (0, 99_990, Minutes::new(1)));
}

#[test]
fn what_is_older_than_the_horizon_is_refused_and_forgotten() {
    let mut series = Series::new(Minutes::days(1));
    series.set(Minute::new(0), Count::Observed { bad: 1, total: 1 }).unwrap();
    series.set(Minute::new(3_000), Count::Observed { bad: 0, total: 2 }).unwrap();
    assert_eq!(series.set(Minute::new(10), Count::Empty), Err(NotKept::TooOld));
    let counts = series.between(Minute::new(0), Minute::new(3_001));
    assert_eq!((counts.bad, counts.total, counts.known), (0, 2, Minutes::new(1)));
}

#[test]
fn a_leap_of_years_keeps_nothing_and_is_no_work() {
    let mut series = Series::new(Minutes::days(30));
    series.set(Minute::new(0), Count::Observed { bad: 1, total: 1 }).unwrap();
    series.set(Minute::new(1 << 40), Count::Empty).unwrap();
    assert_eq!(series.between(Minute::new(0), Minute::new(10)).known, Minutes::new(0));
    assert_eq!(series.oldest(), Some(Minute::new(1 << 40)));
}

#[test]
fn thirty_days_take_less_than_175_kb() {
    let mut series = Series::new(Minutes::days(30));
    for at in 0..60_000 {
        series.set(Minute::new(at), Count::Observed { bad: 200, total: 60_000 }).unwrap();
    }
    assert!(series.bytes() <= 175_000, "{}", series.bytes());
}
