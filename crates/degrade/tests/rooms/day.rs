//! A day of traffic: slow is never taken for dead, and dead is found at once.

use std::f64::consts::TAU;
use std::time::Duration;

use base::Mono;
use degrade::{Cause, Phase};

use crate::traffic::{Outcome, exponential, lognormal, run};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MS: Duration = Duration::from_millis(1);

fn assert_never_opened(what: &str, outcome: &Outcome) {
    assert!(outcome.calls > 1_000, "{what}: only {} calls", outcome.calls);
    assert_eq!(outcome.opened(), 0, "{what}: {:?}", outcome.changes);
    assert_eq!(outcome.released + outcome.blocked, 0, "{what}");
}

#[test]
fn a_day_of_bursts_is_never_taken_for_a_hang() {
    let arrivals = |rng: &mut fastrand::Rng, _: Mono| {
        let burst = if rng.u8(0..10) == 0 { rng.u32(10..40) } else { 1 };
        (exponential(rng, 1.0), burst)
    };
    // A burst queues up inside the upstream.
    let answers = |rng: &mut fastrand::Rng, _: Mono| Some(lognormal(rng, 80 * MS, 0.5) + rng.u32(0..100) * MS);
    assert_never_opened("bursts", &run(1, DAY, &arrivals, &answers));
}

#[test]
fn a_day_of_rare_slow_queries_is_never_taken_for_a_hang() {
    let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 0.5), 1);
    let answers = |rng: &mut fastrand::Rng, _: Mono| {
        let is_slow = rng.u32(0..1_000) < 5;
        Some(if is_slow { rng.u32(1_000..2_500) * MS } else { lognormal(rng, 60 * MS, 0.3) })
    };
    assert_never_opened("rare slow queries", &run(2, DAY, &arrivals, &answers));
}

#[test]
fn a_day_of_two_kinds_of_queries_is_never_taken_for_a_hang() {
    let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 5.0), 1);
    let answers = |rng: &mut fastrand::Rng, _: Mono| {
        let is_slow = rng.u32(0..100) < 4;
        Some(if is_slow { rng.u32(1_500..2_500) * MS } else { lognormal(rng, 60 * MS, 0.3) })
    };
    assert_never_opened("two kinds", &run(3, DAY, &arrivals, &answers));
}

#[test]
fn a_day_with_a_slow_but_living_upstream_is_never_taken_for_a_hang() {
    let arrivals = |rng: &mut fastrand::Rng, now: Mono| {
        let hour = now.since_start().as_secs_f64() / 3_600.0;
        // Three calls a second at noon, one in twenty seconds at night.
        (exponential(rng, 1.525 - 1.475 * (TAU * hour / 24.0).cos()), 1)
    };
    let answers = |rng: &mut fastrand::Rng, now: Mono| {
        let hour = now.since_start().as_secs_f64() / 3_600.0;
        // Between 40 ms and 1 s and back, every six hours.
        let median = Duration::from_secs_f64(0.52 - 0.48 * (TAU * hour / 6.0).cos());
        Some(lognormal(rng, median, 0.2))
    };
    assert_never_opened("slow but alive", &run(4, DAY, &arrivals, &answers));
}

/// Healthy for a minute, then silent.
fn hang_after_a_minute(rng: &mut fastrand::Rng, now: Mono) -> Option<Duration> {
    (now < Mono::from_millis(60_000)).then(|| lognormal(rng, 20 * MS, 0.3))
}

#[test]
fn a_hang_under_load_is_found_within_a_quarter_of_a_second() {
    for seed in 0..20 {
        let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 50.0), 1);
        let outcome = run(seed, Duration::from_secs(70), &arrivals, &hang_after_a_minute);
        let (at, to, cause) = outcome.changes[0];
        assert_eq!(to, Phase::Open);
        assert!(matches!(cause, Cause::Stalled { .. }), "seed {seed}: {cause}");
        // The first call of the hang comes up to a tenth of a second into it.
        assert!(at < Mono::from_millis(60_350), "seed {seed}: {at:?}");
        assert!(outcome.in_flight_max <= 30, "seed {seed}: {} slots", outcome.in_flight_max);
        assert_eq!(outcome.timed_out, 0, "seed {seed}: nobody waits for the deadline");
    }
}

#[test]
fn a_hang_in_a_quiet_centre_is_found_by_probing() {
    for seed in 0..20 {
        let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 0.5), 1);
        let outcome = run(seed, Duration::from_secs(120), &arrivals, &hang_after_a_minute);
        let (_, to, cause) = outcome.changes[0];
        assert_eq!(to, Phase::Open);
        let is_stall = matches!(cause, Cause::StallConfirmed { .. } | Cause::Stalled { .. });
        assert!(is_stall, "seed {seed}: {cause}");
        assert_eq!(outcome.timed_out, 0, "seed {seed}");
        assert!(outcome.silence < Duration::from_secs(2), "seed {seed}: {:?}", outcome.silence);
    }
}

#[test]
fn a_sudden_slowness_opens_it_at_most_once_and_is_learned() {
    for seed in 0..20 {
        let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 50.0), 1);
        // From 20 ms to 1.2 s within one call: for a quarter of a second this cannot be told from a hang.
        let answers = |rng: &mut fastrand::Rng, now: Mono| {
            let median = if now < Mono::from_millis(60_000) { 20 * MS } else { 1_200 * MS };
            Some(lognormal(rng, median, 0.1))
        };
        let outcome = run(seed, Duration::from_secs(180), &arrivals, &answers);
        assert!(outcome.opened() <= 2, "seed {seed}: {:?}", outcome.changes);
        let last = outcome.changes.last().map(|(_, to, _)| *to);
        assert_eq!(last, Some(Phase::Closed), "seed {seed}: {:?}", outcome.changes);
    }
}

#[test]
fn when_the_upstream_is_back_so_are_its_callers() {
    for seed in 0..20 {
        let arrivals = |rng: &mut fastrand::Rng, _: Mono| (exponential(rng, 50.0), 1);
        let answers = |rng: &mut fastrand::Rng, now: Mono| {
            let is_hanging = (60_000..90_000).contains(&now.as_millis());
            (!is_hanging).then(|| lognormal(rng, 20 * MS, 0.3))
        };
        let outcome = run(seed, Duration::from_secs(120), &arrivals, &answers);
        let (at, to, _) = *outcome.changes.last().unwrap();
        assert_eq!(to, Phase::Closed);
        assert!(at < Mono::from_millis(90_600), "seed {seed}: {at:?}");
        assert_eq!(outcome.opened(), 1, "seed {seed}: {:?}", outcome.changes);
    }
}
