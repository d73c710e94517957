//! The course of an episode: trouble, calm, and what must hold in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use store::Store as _;

use super::ending::FOUND_WITHIN;
use super::{FLOWS, House, Played};
use crate::centre::minutes;
use crate::days::promises::detection::found_within;
use crate::days::promises::{self, Evidence, Expected};
use base::Minute;

/// The longest pause between two events.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// The longest proof, and as much again for what went before it: then everything is settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(5 * 3_600);

impl House {
    pub(crate) async fn play(mut self) -> Played {
        self.centre.state().moods.percent = [0, 2, 10][self.rng.usize(..3)];
        self.centre.state().moods.hangs = Duration::from_secs(self.rng.u64(1..60));
        self.pass(minutes(2)).await;
        for _ in 0..self.rng.u32(10..40) {
            self.disturb().await;
            let pause = PAUSE_MAX.mul_f64(self.rng.f64());
            self.pass(pause).await;
        }
        self.calm();
        self.note("trouble is over".to_owned());
        self.start_all().await;
        // The lease of one that crashed or stood still has run out by then, and all was looked at.
        self.pass(minutes(5)).await;
        self.end_the_day().await;
        let expected = self.expected(FOUND_WITHIN);
        self.cured_within(&expected, FOUND_WITHIN).await;
        self.settle().await;
        self.check().await
    }

    /// Bad releases that are live and must be gone back from within a time.
    pub(super) fn expected(&self, within: Duration) -> Vec<Expected> {
        let releases = self.leader().list().releases;
        let now = self.clock.now().wall;
        let state = self.centre.state();
        let traffic = state.traffic.as_ref().unwrap();
        let bad = FLOWS.iter().filter_map(|flow| {
            let (version, since, is_ours) = state.flows[*flow].history.last().unwrap();
            // What we have gone back to and is no better is for people.
            if *is_ours {
                return None;
            }
            let age = Duration::try_from(now.duration_since(*since)).ok()?;
            let promised = found_within(&traffic.habits[*flow], traffic.share(flow, version, age));
            let is_bad = promised.is_some_and(|promised| promised <= within);
            is_bad.then(|| Expected { flow: (*flow).to_owned(), version: version.clone(), since: *since })
        });
        let bad: Vec<_> = bad.collect();
        // A past of half a day that a bad version is a part of, and siblings that fail as well, hide what is to be found.
        let is_hidden = |flow: &str, version: &str| {
            traffic.ills.contains_key(&(flow.to_owned(), version.to_owned()))
                && !promises::is_found(flow, version, &releases)
        };
        // So does a shock.
        let is_calm = traffic.shocks.iter().all(|shock| shock.minutes.until <= shock.minutes.from);
        let is_clear = |bad: &Expected| {
            let (_, earlier) = state.flows[&bad.flow].history.split_last().unwrap();
            let others = FLOWS.iter().filter(|flow| **flow != bad.flow);
            let mut live = others.map(|flow| (*flow, &state.flows[*flow].history.last().unwrap().0));
            !earlier.iter().any(|(version, ..)| is_hidden(&bad.flow, version))
                && !live
                    .any(|(flow, version)| !self.maintenance.contain(flow, Minute::of(now)) && is_hidden(flow, version))
        };
        bad.into_iter()
            .filter(|bad| is_calm && is_clear(bad) && promises::may_be_cured(bad, within, &releases))
            .collect()
    }

    /// Waits until bad releases are gone back from, or as long as that may take.
    pub(super) async fn cured_within(&mut self, expected: &[Expected], time: Duration) {
        let until = self.clock.mono() + time;
        while expected.iter().any(|bad| self.is_live(bad)) && self.clock.mono() < until {
            self.pass(minutes(1)).await;
        }
        let releases = self.leader().list().releases;
        for bad in expected {
            let is_live = self.is_live(bad);
            self.must("S10", promises::is_cured_or_in_hands(bad, is_live, &releases));
            self.played.cured += u64::from(!is_live);
        }
    }

    fn is_live(&self, bad: &Expected) -> bool {
        let live = self.centre.state().flows[&bad.flow].history.last().map(|it| (it.0.clone(), it.1));
        live == Some((bad.version.clone(), bad.since))
    }

    /// Waits until every rollback has come to its end.
    async fn settle(&mut self) {
        const UNSETTLED: [&str; 3] = ["CONFIRMED", "ROLLING_BACK", "VERIFYING"];
        let until = self.clock.mono() + SETTLED_WITHIN;
        loop {
            self.pass(minutes(2)).await;
            let releases = self.leader().list().releases;
            let is_settled = !releases.iter().any(|it| it.is_open && UNSETTLED.contains(&it.state.as_str()));
            if is_settled || until < self.clock.mono() {
                return;
            }
        }
    }

    async fn check(mut self) -> Played {
        let leaders = self.controllers.iter().flatten().filter(|it| it.0.standing().is_leader).count();
        if leaders != 1 {
            self.broken("S1", &format!("{leaders} may act"));
        }
        let guard = self.leader().clone();
        let mut incidents = Vec::new();
        self.engine.ping().await;
        incidents.extend(self.store.live_incidents(None).await.unwrap());
        let mut resolved = self.store.resolved_incidents(None).await.unwrap();
        while let Some(last) = resolved.last().map(|it| it.incident.id.clone()) {
            incidents.append(&mut resolved);
            resolved = self.store.resolved_incidents(Some(&last)).await.unwrap();
        }
        let (taken, unlocked, flows) = {
            let state = self.centre.state();
            let traffic = state.traffic.as_ref().unwrap();
            let habits = traffic.habits.clone();
            let flows: BTreeMap<_, _> = state.flows.iter().map(|(id, it)| (id.clone(), it.history.clone())).collect();
            (state.taken.clone(), state.unlocked.clone(), (flows, habits, traffic.ills.clone(), traffic.shocks.clone()))
        };
        let (histories, habits, ills, shocks) = flows;
        let evidence = Evidence {
            carried: self.carried.clone(),
            approved: self.approved.clone(),
            taken,
            histories,
            habits,
            ills,
            releases: guard.list().releases,
            pages: self.desk.0.lock().unwrap().clone(),
            shocks,
            locked: self.locked,
            unlocked,
            windows: self.maintenance.all(),
            incidents: incidents.into_iter().map(|it| it.incident).collect(),
        };
        self.must("S1", promises::nothing_is_published_outside_of_a_rollback(&evidence));
        self.must("S3", promises::nothing_is_published_on_what_is_not_known(&evidence));
        self.must("S4", promises::nobody_is_overruled(&evidence));
        self.must("S6", promises::every_rollback_has_an_end(&evidence));
        self.must("S7", promises::every_incident_is_over_when_its_cause_is(&evidence));
        self.must("S7", promises::every_rollback_that_came_out_was_told(&evidence));
        self.must("S13", promises::locks::locks_are_taken_away_only_where_they_may_be(&evidence));
        self.played.unlocked = evidence.unlocked.len() as u64;
        self.must("S12", promises::shock::no_good_release_is_blamed_for_a_shock(&evidence));
        self.must("S11", promises::maintenance::nothing_is_begun_in_maintenance(&evidence));
        for release in &evidence.releases {
            let whole = guard.one(&release.id).await.expect("it is listed");
            if whole.is_reproduced != Some(true) {
                self.broken("S8", &format!("{}: {:?}", release.id, whole.is_reproduced));
            }
        }
        let blamed = promises::shock::blamed_for_a_shock(&evidence);
        let mut gone_back = promises::good_that_were_gone_back_from(&evidence);
        gone_back.retain(|cause| !blamed.contains(cause));
        self.played.blamed = blamed.len() as u64;
        if !gone_back.is_empty() {
            println!("seed {}: good, and gone back from: {gone_back:?}", self.seed);
        }
        self.played.good_gone_back = gone_back.len() as u64;
        self.played.good = promises::good(&evidence);
        self.played.releases = evidence.releases.len() as u64;
        self.played.rollbacks = evidence.carried.len() as u64;
        self.played.live = evidence.carried.iter().filter(|it| it.outcome.as_deref() == Some("live")).count() as u64;
        self.played.recovered = evidence.releases.iter().filter(|it| it.state == "RECOVERED").count() as u64;
        for (rollbacks, guard) in self.controllers.iter().flatten() {
            guard.abort();
            rollbacks.abort();
        }
        self.engine.kill();
        self.played
    }
}
