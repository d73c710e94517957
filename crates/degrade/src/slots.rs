//! How many concurrent executions does an upstream hold?
//!
//! The platform bounds concurrent Data Action executions for the whole organisation, so a slow upstream starves
//! every other. By Little's law the slots it holds are its rate times its latency.

use std::time::Duration;

/// Slots that calls at this rate with this mean latency hold, rounded up.
pub fn needed(calls: u64, over: Duration, mean_latency: Duration) -> u64 {
    let over_us = over.as_micros().max(1);
    let busy_us = u128::from(calls) * mean_latency.as_micros();
    u64::try_from(busy_us.div_ceil(over_us)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_rate_times_latency() {
        let second = Duration::from_secs(1);
        assert_eq!(needed(50, second, Duration::from_secs(3)), 150);
        assert_eq!(needed(50, second, Duration::from_millis(5)), 1);
        assert_eq!(needed(0, second, second), 0);
    }
}
