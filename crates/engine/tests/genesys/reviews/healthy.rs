//! Organisations with which nothing is wrong.

use fastrand::Rng;

use super::house::House;

/// One from a seed: how fast its CRM is, how much is going on, and how much of all this the plan asks about. Those of even
/// seeds are asked about everything.
pub(super) fn organisation(seed: u64) -> House {
    let mut rng = Rng::with_seed(seed);
    let shortest = rng.u32(20..300);
    let latency = format!("latency: [{shortest}ms, {}ms]", shortest + rng.u32(50..1_500));
    let house = House::new()
        .scenario("name: review", &format!("name: review\nseed: {}", seed + 1))
        .scenario("latency: [80ms, 400ms]", &latency)
        .scenario("    flows: [", &format!("    callers: [{{ perMinute: {} }}]\n    flows: [", rng.u32(1..20)))
        .plan("callsPerMinute: 20", &format!("callsPerMinute: {}", rng.u32(1..100)))
        .plan("samples: 20", &format!("samples: {}", rng.u32(5..60)));
    if seed.is_multiple_of(2) {
        return house;
    }
    // The medians of two vantage points are compared only where there are two.
    house
        .plan("compare: production\n", "")
        .plan("sessions: 1h\n", "")
        .plan("recovery: { groups: [Evacuation], numbers: [\"+18005550100\"] }\n", "")
}
