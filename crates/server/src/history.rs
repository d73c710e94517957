//! How many calls ended how, in the last minutes.
//!
//! Gateways count from their start; the history keeps differences, in slots of [`SLOT_S`] seconds. A
//! slot in which nobody looked is unknown and stays so: a count that spans more than one slot belongs
//! to no slot in particular.

use std::collections::BTreeMap;

use api::GatewaySnapshot;
use jiff::Timestamp;

/// Seconds in one slot.
pub(crate) const SLOT_S: i64 = 20;
/// Slots in view: ten minutes.
pub(crate) const SLOTS: i64 = 30;

/// Calls by how they ended: ok, cached, fallback, shed, error.
pub(crate) type Counts = [u64; 5];

/// The last minutes.
#[derive(Debug, Default)]
pub(crate) struct History {
    slots: BTreeMap<i64, Counts>,
    last: Option<(Timestamp, Counts)>,
}

impl History {
    /// Adds what has happened since the last look.
    pub(crate) fn observe(&mut self, snapshot: &GatewaySnapshot, now: Timestamp) {
        let Some(at) = snapshot.at else { return };
        let totals = totals(snapshot);
        let last = self.last.replace((at, totals));
        self.slots.retain(|slot, _| *slot > slot_of(now) - SLOTS);
        let Some((last_at, before)) = last else { return };
        let is_one_look = slot_of(at) - slot_of(last_at) <= 1 && last_at < at;
        if !is_one_look {
            return;
        }
        // Totals that went down come from a gateway that has started again: it counts from zero.
        let has_restarted = totals.iter().zip(before).any(|(now, before)| *now < before);
        let slot = self.slots.entry(slot_of(at)).or_default();
        for n in 0..slot.len() {
            slot[n] += if has_restarted { totals[n] } else { totals[n] - before[n] };
        }
    }

    /// The slots in view, oldest first; `None` where nothing is known.
    pub(crate) fn slots(&self, now: Timestamp) -> Vec<Option<Counts>> {
        let last = slot_of(now);
        (last - SLOTS + 1..=last).map(|slot| self.slots.get(&slot).copied()).collect()
    }

    /// The sum over the latest minute; `None` when nothing of it is known.
    pub(crate) fn last_minute(&self, now: Timestamp) -> Option<Counts> {
        let last = slot_of(now);
        let known: Vec<_> = self.slots.range(last - 60 / SLOT_S + 1..=last).map(|(_, counts)| *counts).collect();
        (!known.is_empty())
            .then(|| known.iter().fold(Counts::default(), |sum, counts| std::array::from_fn(|n| sum[n] + counts[n])))
    }
}

fn slot_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SLOT_S)
}

fn totals(snapshot: &GatewaySnapshot) -> Counts {
    let mut totals = Counts::default();
    for route in &snapshot.routes {
        let counts = [route.ok, route.cached, route.fallback, route.shed, route.error];
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    totals
}

#[cfg(test)]
mod tests {
    use api::RouteView;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn snapshot(second: i64, ok: u64, error: u64) -> GatewaySnapshot {
        let route = RouteView {
            name: "lookup".into(),
            upstream: "crm".into(),
            ok,
            cached: 0,
            fallback: 0,
            shed: 0,
            error,
            trimmed: 0,
            dead_air_seconds: 0.0,
            dead_air_seconds_degraded: 0.0,
        };
        GatewaySnapshot { at: Some(at(second)), routes: vec![route], ..GatewaySnapshot::default() }
    }

    fn history(looks: &[(i64, u64, u64)]) -> History {
        let mut history = History::default();
        for (second, ok, error) in looks {
            history.observe(&snapshot(*second, *ok, *error), at(*second));
        }
        history
    }

    #[test]
    fn differences_are_kept_not_totals() {
        let history = history(&[(0, 1_000, 0), (5, 1_010, 1), (10, 1_030, 1)]);
        assert_eq!(history.last_minute(at(10)), Some([30, 0, 0, 0, 1]));
    }

    #[test]
    fn a_first_look_says_nothing() {
        assert_eq!(history(&[(0, 1_000, 0)]).last_minute(at(0)), None);
    }

    #[test]
    fn a_gap_is_unknown_and_not_a_spike() {
        let history = history(&[(0, 0, 0), (5, 10, 0), (300, 5_000, 0), (305, 5_001, 0)]);
        let known: Vec<_> = history.slots(at(305)).into_iter().flatten().collect();
        assert_eq!(known, [[10, 0, 0, 0, 0], [1, 0, 0, 0, 0]]);
    }

    #[test]
    fn a_gateway_that_starts_again_counts_from_zero() {
        let history = history(&[(0, 500, 5), (5, 3, 0)]);
        assert_eq!(history.last_minute(at(5)), Some([3, 0, 0, 0, 0]));
    }

    #[test]
    fn old_slots_are_forgotten() {
        let mut history = history(&[(0, 0, 0), (5, 10, 0)]);
        history.observe(&snapshot(5_000, 10, 0), at(5_000));
        assert!(history.slots(at(5_000)).iter().all(Option::is_none));
        assert_eq!(history.slots.len(), 0);
    }
}
