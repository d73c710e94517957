//! What happens once trouble is over: one thing of which it is known beforehand what must come of it.

use std::time::Duration;

use base::{Minute, Minutes, Stretch};
use store::Store as _;

use super::maintenance::Window;
use super::{FLOWS, House};
use crate::centre::minutes;
use crate::centre::shock::Shock;
use crate::days::promises;

/// A bad release is found within so long while nothing is in the way.
pub(super) const FOUND_WITHIN: Duration = minutes(15);
/// And this for one that fails for some.
const LEAK_FOUND_WITHIN: Duration = minutes(45);

impl House {
    pub(super) async fn end_the_day(&mut self) {
        match self.rng.u8(..5) {
            0 => self.pass(minutes(2)).await,
            1 => self.end_with_an_outage().await,
            2 => self.end_with_maintenance().await,
            3 => self.end_with_a_shock().await,
            _ => self.end_with_a_leak().await,
        }
    }

    async fn end_with_an_outage(&mut self) {
        let share = self.outage();
        self.publish(Some(share));
        if self.rng.bool() {
            self.lock_all();
        }
        self.pass(minutes(2)).await;
    }

    /// A bad version goes out in a flow's maintenance, maybe beside another one that nothing protects.
    async fn end_with_maintenance(&mut self) {
        let (maintained, other) = if self.rng.bool() { ("main", "night") } else { ("night", "main") };
        let from = Minute::of(self.clock.now().wall);
        let length = Minutes::new(self.rng.u32(20..35));
        self.plan_maintenance(maintained, Stretch { from, until: from + length });
        let share = self.outage();
        let version = self.publish_ill(maintained, share);
        if self.rng.bool() {
            let share = self.outage();
            self.publish_ill(other, share);
        }
        self.pass(minutes(2)).await;
        let (shadowed, expected): (Vec<_>, Vec<_>) =
            self.expected(FOUND_WITHIN).into_iter().partition(|bad| self.maintenance.contain(&bad.flow, from));
        let until = self.clock.mono() + FOUND_WITHIN;
        self.cured_within(&expected, FOUND_WITHIN).await;
        self.pass(until.since(self.clock.mono())).await;
        let releases = self.leader().list().releases;
        let audit = self.audited().await;
        for bad in shadowed.iter().filter(|bad| version.as_ref() == Some(&bad.version)) {
            self.must("S11", promises::maintenance::what_would_be_done_is_told(bad, &releases, &audit));
            self.played.shadowed += 1;
        }
        self.note("maintenance is about to end".to_owned());
        self.pass(Duration::try_from((from + length).start().duration_since(self.clock.now().wall)).unwrap()).await;
        self.pass(minutes(2)).await;
    }

    /// Good versions go out, and soon afterwards callers of all flows fail.
    async fn end_with_a_shock(&mut self) {
        for flow in FLOWS {
            if self.rng.bool() {
                self.publish_good(flow);
            }
        }
        let before = minutes(self.rng.u32(1..20));
        self.pass(before).await;
        let shock = self.shock();
        self.pass(shock.length().duration() + minutes(5)).await;
    }

    /// A version goes out that fails for some.
    async fn end_with_a_leak(&mut self) {
        let flow = if self.rng.bool() { "main" } else { "night" };
        let normal = self.variation.habits[flow].share;
        let share = [0.2, 4.0 * normal, 10.0 * normal][self.rng.usize(..3)];
        let version = self.publish_ill(flow, share);
        self.pass(minutes(2)).await;
        let mut expected = self.expected(LEAK_FOUND_WITHIN);
        expected.retain(|bad| Some(&bad.version) == version.as_ref());
        self.played.leaks += expected.len() as u64;
        self.cured_within(&expected, LEAK_FOUND_WITHIN).await;
    }

    /// The platform is in trouble from the next minute on; for how long.
    pub(super) fn shock(&mut self) -> Stretch {
        let from = Minute::of(self.clock.now().wall) + Minutes::new(1);
        let shock_minutes = Stretch { from, until: from + Minutes::new(self.rng.u32(8..=30)) };
        let times = 4.0 + 16.0 * self.rng.f64();
        self.note(format!(
            "callers of all flows fail, {times:.1} times as often, until {}",
            shock_minutes.until.start()
        ));
        let mut state = self.centre.state();
        state.traffic.as_mut().unwrap().shocks.push(Shock { minutes: shock_minutes, times });
        shock_minutes
    }

    fn outage(&mut self) -> f64 {
        0.6 + 0.4 * self.rng.f64()
    }

    pub(super) fn plan_maintenance(&mut self, flow: &str, minutes: Stretch) {
        self.note(format!("{flow} is maintained from {} to {}", minutes.from.start(), minutes.until.start()));
        self.maintenance.plan(Window { flow: flow.to_owned(), minutes, known: self.clock.mono() });
    }

    /// The ids of what was audited of releases.
    async fn audited(&self) -> Vec<String> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = self.store.audit(before).await.unwrap();
            let Some(last) = page.last() else { return all };
            before = Some(last.seq);
            all.extend(page.into_iter().map(|record| record.entry.id));
        }
    }
}
