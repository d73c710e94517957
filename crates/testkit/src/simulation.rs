//! Hours of trouble from a seed, and what must hold whatever happens.
//!
//! The engine runs as it does live, on virtual time, with a simulated store and simulated receivers.
//! A seed decides everything: when circuits open, turn and close, when the store fails and how, what
//! receivers answer, when the process crashes, who acknowledges what. Then all faults end, and the
//! rules are checked:
//!
//! - Every circuit that is not closed has exactly one live incident, at every moment.
//! - Every episode has exactly one incident and, at every receiver, exactly one alert, which stands
//!   where the incident stands.
//! - No resolve and no acknowledgement arrives before its trigger.
//! - A receiver that works is told within [`TOLD_WITHIN`], whatever the store and the others do.
//! - Nothing waits in the end, and nothing is lost. Only a crash while the store does not work can lose
//!   decisions that were not written; then an alert may be told twice, and none stands wrong for an
//!   incident that is kept.
//! - The journal leads to the same state.
//!
//! Run it on a paused Tokio runtime; otherwise the hours are real ones.

mod receiver;
mod world;

use std::fmt;
use std::time::Duration;

use clock::Clock;
use jiff::Timestamp;

/// How long an open circuit may stay untold at a receiver that works: the engine's patience with a
/// hanging store, and a little.
pub const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// What happened in one simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// Virtual time that passed.
    pub lasted: Duration,
    /// Changes of circuits.
    pub changes: u32,
    /// Incidents that were kept.
    pub incidents: u32,
    /// Letters that arrived, repetitions included.
    pub arrived: u32,
    /// Crashes of the process.
    pub crashes: u32,
    /// Faults of the store.
    pub store_faults: u32,
}

/// A rule that did not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed that shows it.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// The latest things that happened, oldest first.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.what)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl std::error::Error for Violation {}

/// Simulates some hours from `seed`.
///
/// # Errors
/// At the first rule that does not hold.
pub async fn simulate(seed: u64) -> Result<Summary, Violation> {
    // 2026-11-21, 08:00 UTC: any instant does, as long as it is the same in every run.
    let start = Timestamp::from_second(1_795_248_000).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut world = world::World::new(seed, Clock::starting_at(start, 1)).await?;
    world.live_through_it().await?;
    world.end_well().await
}
