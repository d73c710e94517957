//! What can be read off the stage at one instant.

use std::time::Duration;

use api::CircuitPhase;
use jiff::Timestamp;
use twin::{CallRecord, Tier, Totals};

use super::stage::Stage;

/// One look at twin and gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// Callers, as the twin counts them.
    pub(super) callers: Totals,
    /// Look-ups answered by the CRM.
    pub(super) live: u64,
    /// Look-ups answered with a kept answer.
    pub(super) kept: u64,
    /// Look-ups answered with the typed fallback.
    pub(super) fallback: u64,
    /// Look-ups that got neither.
    pub(super) unanswered: u64,
    /// Look-ups that were skipped while the budget was low.
    pub(super) trimmed: u64,
    /// Look-ups that a flow can do without, and that were asked all the same.
    pub(super) enriched: u64,
    /// Silence that all callers together heard while waiting for a look-up.
    pub(super) dead_air_s: f64,
    /// Data Action slots in use.
    pub(super) slots_held: u32,
    /// The most that were in use at once.
    pub(super) slots_peak: u32,
    /// All there are.
    pub(super) slots: u32,
    /// Probes sent.
    pub(super) probes: u64,
    /// The circuit lets calls through.
    pub(super) is_closed: bool,
}

impl Reading {
    /// Looks.
    pub(super) fn of(stage: &Stage) -> Self {
        let snapshot = stage.gateway.snapshot();
        let mut reading = Self {
            callers: stage.twin.totals(),
            slots_held: snapshot.slots.held,
            slots_peak: snapshot.slots.peak,
            slots: snapshot.slots.budget,
            ..Self::default()
        };
        for route in &snapshot.routes {
            reading.live += route.ok;
            reading.kept += route.cached;
            reading.fallback += route.fallback;
            reading.unanswered += route.shed + route.error;
            reading.trimmed += route.trimmed;
            if route.name == "crm-lookup" {
                reading.enriched += route.ok + route.cached + route.fallback + route.shed + route.error;
            }
            reading.dead_air_s += route.dead_air_seconds;
        }
        for circuit in snapshot.upstreams.iter().flat_map(|upstream| &upstream.circuits) {
            reading.probes += circuit.probes_total;
            reading.is_closed = circuit.phase == CircuitPhase::Closed;
        }
        reading
    }

    /// Look-ups of callers so far, however they ended.
    pub(super) fn look_ups(&self) -> u64 {
        self.live + self.kept + self.fallback + self.unanswered
    }
}

/// What finished calls tell about a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// The longest silence that one caller heard.
    pub(super) silence_longest: Duration,
    /// Important customers whose look-up failed.
    pub(super) vips: u64,
    /// Those of them who reached the VIP queue all the same.
    pub(super) vips_kept: u64,
}

impl Calls {
    /// Of the calls that ended since `from`.
    pub(super) fn since(calls: &[CallRecord], from: Timestamp) -> Self {
        let mut told = Self::default();
        for call in calls.iter().filter(|call| from <= call.ended_at) {
            told.silence_longest = told.silence_longest.max(call.dead_air_longest);
            let has_failed = call.participant_data.get("dataActionFailed").is_some_and(|mark| mark == "true");
            if has_failed && call.tier != Tier::Standard {
                told.vips += 1;
                told.vips_kept += u64::from(call.queue.as_deref() == Some("VIP"));
            }
        }
        told
    }
}
