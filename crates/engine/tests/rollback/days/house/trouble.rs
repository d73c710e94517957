//! What befalls an organisation and its controllers.

use std::time::Duration;

use base::{Minute, Minutes, Stretch};
use rollback::act::Lock;
use store::Fault;

use super::{FLOWS, House};
use crate::centre::traffic::Ill;
use crate::centre::{Moods, minutes};

impl House {
    /// Somebody publishes a version that is bad from the first caller on; which one, unless the flow lets nobody.
    pub(super) fn publish_ill(&mut self, flow: &str, share: f64) -> Option<String> {
        self.versions += 1;
        let version = format!("{}.0", self.versions);
        self.make_ill(flow, &version, Some(share));
        self.centre.somebody_publishes(flow, &version);
        self.note(format!("somebody publishes {version} of {flow}; live: {}", self.centre.live(flow)));
        (self.centre.live(flow) == version).then_some(version)
    }

    /// Somebody publishes a version that is as good as any.
    pub(super) fn publish_good(&mut self, flow: &str) {
        self.versions += 1;
        let version = format!("{}.0", self.versions);
        self.centre.somebody_publishes(flow, &version);
        self.note(format!("somebody publishes {version} of {flow}; live: {}", self.centre.live(flow)));
    }

    /// Somebody publishes something new, or something old again.
    pub(super) fn publish(&mut self, share: Option<f64>) {
        let flow = FLOWS[self.rng.usize(..FLOWS.len())];
        self.versions += 1;
        let mut version = format!("{}.0", self.versions);
        if share.is_none() && self.rng.u8(..5) == 0 {
            let state = self.centre.state();
            let history = &state.flows[flow].history;
            version.clone_from(&history[self.rng.usize(..history.len())].0);
        } else {
            self.make_ill(flow, &version, share);
        }
        self.centre.somebody_publishes(flow, &version);
        self.note(format!("somebody publishes {version} of {flow}; live: {}", self.centre.live(flow)));
    }

    fn make_ill(&mut self, flow: &str, version: &str, share: Option<f64>) {
        let normal = self.variation.habits[flow].share;
        let drawn = [normal, normal, normal, 3.0 * normal, 0.2, 0.6, 1.0][self.rng.usize(..7)];
        let is_late = share.is_none() && self.rng.u8(..4) == 0;
        let after = if is_late { minutes(self.rng.u32(1..40)) } else { Duration::ZERO };
        let share = share.unwrap_or(drawn);
        if normal < share {
            self.note(format!("{version} of {flow} is bad: {share} after {after:?}"));
            let mut state = self.centre.state();
            let ills = &mut state.traffic.as_mut().unwrap().ills;
            ills.insert((flow.to_owned(), version.to_owned()), Ill { share, after });
        }
    }

    /// Something goes wrong.
    pub(super) async fn disturb(&mut self) {
        let place = self.rng.usize(..self.controllers.len());
        let flow = FLOWS[self.rng.usize(..FLOWS.len())];
        match self.rng.u8(..19) {
            0..=3 => self.publish(None),
            4 => {
                self.note(format!("controller {place} crashes"));
                self.crash(place);
            }
            5 => {
                self.note(format!("controller {place} crashes and starts again"));
                self.crash(place);
                self.start(place).await;
            }
            6 => self.start_all().await,
            7 => {
                let fault = [Fault::Locked, Fault::Full, Fault::Unsure, Fault::Broken][self.rng.usize(..4)];
                let writes = self.rng.u32(1..30);
                self.note(format!("{writes} writes fail: {fault:?}"));
                self.store.fail_writes(writes, fault);
            }
            8 => {
                let fault = if self.rng.bool() {
                    Fault::Hang
                } else {
                    Fault::Late(Duration::from_secs(120).mul_f64(self.rng.f64()))
                };
                self.note(format!("a write fails: {fault:?}"));
                self.store.fail_writes(1, fault);
            }
            9 => {
                self.note("the store is well".to_owned());
                self.store.heal();
            }
            10 | 11 => self.trouble_analytics(),
            12 => {
                let percent = [0, 5, 20][self.rng.usize(..3)];
                self.note(format!("{percent} % of requests meet trouble"));
                self.centre.state().moods.percent = percent;
            }
            13 => self.trouble_flow(flow),
            14 => self.approve().await,
            15 => self.cut_the_power().await,
            16 => self.maintain(flow),
            17 if self.rng.u8(..4) == 0 => {
                self.shock();
            }
            _ => self.run(flow).await,
        }
    }

    /// People plan to maintain a flow, or all of them, now or soon.
    fn maintain(&mut self, flow: &str) {
        let from = Minute::of(self.clock.now().wall) + Minutes::new(self.rng.u32(..10));
        let until = from + Minutes::new(self.rng.u32(5..40));
        let is_meant = if self.rng.u8(..3) == 0 { FLOWS.to_vec() } else { vec![flow] };
        for flow in is_meant {
            self.plan_maintenance(flow, Stretch { from, until });
        }
    }

    fn trouble_analytics(&mut self) {
        let what = self.rng.u8(..6);
        let lag = self.rng.u32(1..10);
        self.note(format!("analytics: {what} ({lag})"));
        let mut state = self.centre.state();
        (state.is_silent, state.is_empty) = (what == 0, what == 1);
        let Moods { lag: of, is_lag_told, is_fickle, .. } = &mut state.moods;
        (*of, *is_lag_told, *is_fickle) = (if what == 2 || what == 3 { lag } else { 0 }, what == 3, what == 4);
    }

    fn trouble_flow(&mut self, flow: &str) {
        let what = self.rng.u8(..6);
        let place = self.rng.usize(..4);
        self.note(format!("{flow}: {what}"));
        let mut state = self.centre.state();
        let stored = state.flows.get_mut(flow).unwrap();
        let live = stored.history.last().unwrap().0.clone();
        let others: Vec<_> = stored.history.iter().map(|it| it.0.clone()).filter(|id| *id != live).collect();
        let version = others[place % others.len()].clone();
        match what {
            0 | 1 if stored.lock == Lock::Free => stored.lock = Lock::Foreign("Mary".to_owned()),
            2 | 3 if matches!(stored.lock, Lock::Foreign(_)) => stored.lock = Lock::Free,
            4 => drop(stored.deleted.insert(version)),
            5 => drop(stored.broken.insert(version)),
            _ => {}
        }
    }

    /// Mary goes on with all flows that nobody else works on.
    pub(super) fn lock_all(&mut self) {
        self.note("Mary locks all flows".to_owned());
        let mut state = self.centre.state();
        for stored in state.flows.values_mut().filter(|stored| stored.lock == Lock::Free) {
            stored.lock = Lock::Foreign("Mary".to_owned());
        }
    }

    /// Somebody says that what people were asked about is to be gone back from.
    async fn approve(&mut self) {
        let Some(place) = self.leading() else { return };
        let guard = self.controllers[place].as_ref().unwrap().1.clone();
        let asked = guard
            .list()
            .releases
            .into_iter()
            .find(|it| it.is_open && ["ASKED", "HANDED_OVER"].contains(&it.state.as_str()));
        let Some(asked) = asked else { return };
        self.approved.insert(asked.id.clone());
        let answer = self.clock.timeout(Duration::from_secs(30), guard.approve(&asked.id, "ann")).await;
        self.note(format!("ann approves {}: {:?}", asked.id, answer.map(|answer| answer.map(|it| it.state))));
    }

    /// Somebody goes back by hand.
    async fn run(&mut self, flow: &str) {
        let Some(place) = self.leading().filter(|_| self.rng.u8(..4) == 0) else { return };
        let guard = self.controllers[place].as_ref().unwrap().1.clone();
        let wish =
            api::RollbackWish { flow: flow.to_owned(), to: "11.0".to_owned(), reason: "it drops callers".to_owned() };
        let answer = self.clock.timeout(Duration::from_secs(30), guard.run(&wish, "ann")).await;
        self.note(format!("ann goes back to 11.0 of {flow}: {answer:?}"));
    }

    /// Everything is well again, but for releases.
    pub(super) fn calm(&mut self) {
        self.store.heal();
        let now = self.clock.now().wall;
        self.maintenance.end(Minute::of(now));
        let mut state = self.centre.state();
        (state.is_silent, state.is_empty) = (false, false);
        state.moods = Moods { is_working: true, ..Moods::default() };
        for shock in &mut state.traffic.as_mut().unwrap().shocks {
            // Minutes that are over have been told.
            shock.minutes.until = shock.minutes.until.min(Minute::of(now));
        }
        for stored in state.flows.values_mut() {
            if let Lock::Foreign(_) = stored.lock {
                stored.lock = Lock::Free;
            }
            if let Some((until, _)) = &mut stored.operation {
                *until = (*until).min(now + Duration::from_secs(5));
            }
        }
    }
}
