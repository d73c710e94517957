//! The one place that reads a clock.
//!
//! Shells hold a [`Clock`] and ask it for the time and for sleeps; rooms get the answer as a
//! [`Now`]. One type serves three uses: real time, scaled time (a demo at ten times the speed), and
//! simulated time (on a paused Tokio runtime every sleep is virtual, so a simulated day takes
//! seconds and is the same in every run).

use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// How much faster than real time a clock may run.
pub const SPEED_MAX: u32 = 100;

/// A shared, cheap-to-clone source of time.
///
/// All durations that go in and come out are in the clock's own time: at speed 10 a sleep of ten
/// seconds takes one real second.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Origin>);

#[derive(Debug)]
struct Origin {
    began: Instant,
    began_wall: Timestamp,
    speed: u32,
}

impl Clock {
    /// Real time, starting now.
    pub fn real() -> Self {
        Self::scaled(1)
    }

    /// Time that runs `speed` times as fast, clamped to 1..=[`SPEED_MAX`].
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn scaled(speed: u32) -> Self {
        Self::starting_at(Timestamp::now(), speed)
    }

    /// Time that starts at `wall`, for simulations that must not depend on today's date.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn starting_at(wall: Timestamp, speed: u32) -> Self {
        Self(Arc::new(Origin { began: Instant::now(), began_wall: wall, speed: speed.clamp(1, SPEED_MAX) }))
    }

    /// How many times faster than real time this clock runs.
    pub fn speed(&self) -> u32 {
        self.0.speed
    }

    /// The monotonic half of the present moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn mono(&self) -> Mono {
        Mono::from_start(Instant::now().saturating_duration_since(self.0.began) * self.0.speed)
    }

    /// The present moment.
    ///
    /// Both halves advance together from the start, so a step of the machine's clock moves neither
    /// an age nor the order of stored facts.
    pub fn now(&self) -> Now {
        let mono = self.mono();
        let elapsed = SignedDuration::try_from(mono.since_start()).unwrap_or(SignedDuration::MAX);
        let wall = self.0.began_wall.checked_add(elapsed).unwrap_or(self.0.began_wall);
        Now { mono, wall }
    }

    /// The real time that `virtual_time` takes on this clock.
    pub fn to_real(&self, virtual_time: Duration) -> Duration {
        virtual_time / self.0.speed
    }

    /// Waits for `virtual_time` on this clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    pub async fn sleep(&self, virtual_time: Duration) {
        tokio::time::sleep(self.to_real(virtual_time)).await;
    }

    /// Waits until `at` on this clock; returns at once when it has passed.
    pub async fn sleep_until(&self, at: Mono) {
        self.sleep(at.since(self.mono())).await;
    }

    /// Waits for `future`, at most `virtual_time`; `None` when the time is over first.
    pub async fn timeout<F: Future>(&self, virtual_time: Duration, future: F) -> Option<F::Output> {
        tokio::time::timeout(self.to_real(virtual_time), future).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_runtime_makes_every_sleep_virtual() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1);
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now().wall.as_second(), 86_400);
    }

    #[tokio::test(start_paused = true)]
    async fn scaled_time_runs_faster_in_both_directions() {
        let (real, fast) = (Clock::real(), Clock::scaled(10));
        fast.sleep(Duration::from_secs(10)).await;
        assert_eq!(real.mono().as_millis(), 1_000);
        assert_eq!(fast.mono().as_millis(), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_is_counted_in_the_clocks_own_time() {
        let (real, fast) = (Clock::real(), Clock::scaled(10));
        assert_eq!(fast.timeout(Duration::from_secs(30), std::future::pending::<()>()).await, None);
        assert_eq!(real.mono().as_millis(), 3_000);
    }
}
