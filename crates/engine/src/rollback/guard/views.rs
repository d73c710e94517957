//! Releases as others see them.

use api::{ArmedView, LastRollback, ReleaseMinute, ReleaseView, RollbackList, StoryLine, WatchedFlow};
use base::{Minute, Minutes};
use jiff::Timestamp;
use rollback::act::Outcome;
use rollback::watch;

use super::super::Standing;
use super::flow::Guarded;
use super::held::{Held, stage_word};
use super::state::State;
use super::{stored, words};

impl State {
    /// Everything, without the minutes of releases.
    pub(super) fn list(&self, standing: &Standing, locked_until: Option<Timestamp>) -> RollbackList {
        let open = standing.open.as_ref().map(|open| self.name_of(&open.flow));
        let last = standing.last.as_ref().map(|last| LastRollback {
            id: last.cause.clone(),
            flow: self.name_of(&last.flow),
            at: last.at,
            is_done: matches!(last.outcome, Outcome::Live(_)),
            what: words::outcome(&last.outcome),
        });
        let (mut open_ones, mut over): (Vec<_>, Vec<_>) =
            self.releases.iter().rev().map(Held::view).partition(|view| view.is_open);
        open_ones.append(&mut over);
        RollbackList {
            at: self.as_of,
            is_leader: standing.is_leader,
            open,
            last,
            locked_until,
            policy: stored::rule_word(self.policy.watch.rule).to_owned(),
            false_rollbacks_per_year: self.policy.false_rollbacks_per_year,
            releases_per_year: self.policy.releases_per_year,
            trouble: self.trouble.clone(),
            flows: self.flows.iter().map(|flow| flow.view(&self.policy)).collect(),
            releases: open_ones,
        }
    }
}

impl Guarded {
    fn view(&self, policy: &super::Policy) -> WatchedFlow {
        let (version, at) =
            self.known.published.clone().map_or((None, None), |(version, at)| (Some(version), Some(at)));
        WatchedFlow {
            id: self.found.as_ref().map_or_else(String::new, |found| found.id.clone()),
            name: self.found.as_ref().map_or_else(|| self.name.clone(), |found| found.name.clone()),
            mode: self.mode.word().to_owned(),
            published: version,
            published_at: at,
            history_minutes: self.past.known(),
            normal_percent: self.past.share().map(|share| share * 100.0),
            armed: self.known.armed.as_ref().map(|(armed, at, _)| ArmedView {
                at: Some(*at),
                is_armed: self.is_armed(policy),
                tried: armed.tried,
                fired: armed.fired,
            }),
            trouble: self.trouble.clone(),
        }
    }
}

impl Held {
    /// The release, without its minutes.
    pub(super) fn view(&self) -> ReleaseView {
        let release = &self.release;
        let (facts, terms) = (&release.facts, &release.terms);
        let baseline = terms.baseline();
        let judged = release.proof().map_or(usize::MAX, |proof| proof.since as usize);
        let counted = release.seen().iter().take(judged).map(|seen| seen.of.count.pair());
        let (errors, conversations) =
            counted.fold((0, 0), |(bad, all), (more_bad, more)| (bad + u64::from(more_bad), all + u64::from(more)));
        ReleaseView {
            id: self.id.clone(),
            flow: facts.flow.clone(),
            name: facts.name.clone(),
            version: facts.version.clone(),
            before: facts.before.clone(),
            published_by: facts.by.clone(),
            published_at: facts.at,
            state: self.state().to_owned(),
            is_open: !release.is_over(),
            mode: self.mode.word().to_owned(),
            minute: release.watch().watched(),
            length: terms.length().get(),
            // Without a past nothing is weighed: what the numbers begin at is no answer.
            odds: baseline.map(|_| release.watch().odds(terms)),
            odds_needed: terms.needed(),
            odds_suspect: terms.policy().suspect,
            normal_percent: baseline.map(|baseline| baseline.share * 100.0),
            normal_percent_max: baseline.map(|baseline| baseline.upper * 100.0),
            tolerated_percent: baseline.map(|_| terms.tolerated() * 100.0),
            share_percent_min: None,
            share_percent_max: None,
            conversations,
            errors,
            why: words::why(release),
            target: release.proof().map(|proof| proof.target.clone()),
            recovery_odds: release.proof().map(|proof| proof.recovery.odds()),
            story: self.story.iter().map(|(at, what)| StoryLine { at: *at, what: what.clone() }).collect(),
            minutes: Vec::new(),
            is_reproduced: None,
        }
    }

    /// The release with its minutes, and whether its odds come out again.
    pub(super) fn whole(&self, is_reproduced: Option<bool>) -> ReleaseView {
        let release = &self.release;
        let since = release.proof().map_or(usize::MAX, |proof| proof.since as usize);
        let first = Minute::of(release.facts.at);
        let is_weighed = release.terms.baseline().is_some();
        let minute = |(place, (seen, odds)): (usize, (&rollback::release::Seen, f64))| {
            let is_after_rollback = since <= place;
            let count = if is_after_rollback { seen.others } else { seen.of.count };
            let (bad, all) = count.pair();
            ReleaseMinute {
                at: (first + Minutes::new(u32::try_from(place).unwrap_or(u32::MAX))).start(),
                conversations: count.is_known().then_some(all),
                errors: count.is_known().then_some(bad),
                is_maintained: seen.is_maintained,
                odds: (is_weighed || is_after_rollback).then_some(odds),
                is_after_rollback,
            }
        };
        let minutes = release.seen().iter().zip(release.curve()).enumerate().map(minute).collect();
        let interval = release.interval();
        ReleaseView {
            share_percent_min: interval.map(|interval| interval.low * 100.0),
            share_percent_max: interval.map(|interval| interval.high * 100.0),
            minutes,
            is_reproduced,
            ..self.view()
        }
    }

    fn state(&self) -> &'static str {
        if let Some(word) = stage_word(self.release.stage()) {
            return word;
        }
        match self.release.watch().state(&self.release.terms) {
            watch::State::Watching | watch::State::Certified | watch::State::Unproven => "WATCHING",
            watch::State::Suspect => "SUSPECT",
            watch::State::Confirmed => "CONFIRMED",
            watch::State::Blind => "BLIND",
            watch::State::Shadow => "SHADOW",
        }
    }
}
