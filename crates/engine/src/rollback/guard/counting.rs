//! What the guard learns of callers, minute by minute, now and of the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Minute, Minutes, Stretch};
use jiff::Timestamp;
use rollback::release::{Event, Seen};

use super::super::organisation::Told;
use super::flow::Guarded;
use super::held::Held;
use super::seen::{Siblings, View, maintained};
use super::state::{CATCH_UP_MAX, Out, State};
use crate::incident::{self, Subject};

/// Minutes that are asked for again: callers of whom the platform learns late.
const CORRECTED: Minutes = Minutes::new(15);
/// When over so many minutes ...
const TALKATIVE_MINUTES: usize = 30;
/// ... so many callers were counted, a minute without any is not believed.
const TALKATIVE: u64 = 150;

impl State {
    /// The minutes to ask for: from what some release waits for, or what may be corrected, up to the present one.
    pub(super) fn wanted(&self, now: Minute) -> Stretch {
        let corrected = self.told.map_or(now - CORRECTED, |told| told - CORRECTED);
        let open = self.releases.iter().filter(|held| !held.release.is_over());
        // Of a flow that was not found nobody can tell.
        let open = open.filter(|held| self.flow(&held.release.facts.flow).is_some()).map(|held| held.release.next());
        let from = open.chain([corrected]).min().unwrap_or(corrected).max(now - CATCH_UP_MAX);
        Stretch { from: from.min(now), until: now + Minutes::new(1) }
    }

    /// The platform has told what became of callers in some minutes.
    pub(super) fn counted(
        &mut self,
        told: &Told,
        asked: Stretch,
        is_maintained: &dyn Fn(&str, &str, Minute) -> bool,
        now: Timestamp,
    ) -> Out {
        let mut out = Out::default();
        let until = told.until.min(Minute::of(now));
        let minutes = Stretch { from: asked.from, until };
        let doubted = self.doubted(told, minutes);
        let suspect = self.suspect();
        let named = self.named();
        let tell = self.telling();
        let view = View::new(told, minutes, &doubted, &suspect, maintained(&named, minutes, is_maintained));
        self.remember(&view, minutes);
        let is_to_see = |held: &&Held| !held.release.is_over() && !self.waits_for_past(held);
        let ids: Vec<String> = self.releases.iter().filter(is_to_see).map(|held| held.id.clone()).collect();
        for id in ids {
            let Some(events) = self.held(&id).map(|held| self.events(held, &view, &tell, minutes)) else { continue };
            for event in events {
                self.happened(&id, event, now, &mut out);
            }
        }
        self.forget_the_bad();
        self.told = self.told.max(Some(until));
        self.trouble = None;
        self.read_again();
        if std::mem::take(&mut self.is_taken_up) {
            self.settle(&mut out);
        }
        out
    }

    /// Whether a release is to be weighed against a past that is still being read: until then its minutes would pass for
    /// nothing, and its time with them.
    fn waits_for_past(&self, held: &Held) -> bool {
        let is_read = self.flow(&held.release.facts.flow).is_none_or(|flow| flow.unread.is_none());
        held.is_learning && !is_read && held.release.terms.baseline().is_none()
    }

    /// Callers of releases that something speaks against were never normal, however many minutes were told at once.
    fn forget_the_bad(&mut self) {
        for held in self.releases.iter().filter(|held| !held.release.is_over() && held.is_against()) {
            if let Some(flow) = self.flows.iter_mut().find(|flow| flow.is(&held.release.facts.flow)) {
                flow.never_mind(&held.release);
            }
        }
    }

    /// What releases have told is told again: it was kept, and the incident may not have been. Incidents that no release
    /// knows of are over: whoever told of them crashed before it was kept.
    fn settle(&self, out: &mut Out) {
        let of_release = |held: &Held| {
            let what = held.story.last().map(|(_, what)| what.clone()).unwrap_or_default();
            held.told.iter().map(move |subject| (subject.clone(), what.clone())).collect::<Vec<_>>()
        };
        let by_hand = |flow: &Guarded| {
            let id = flow.found.as_ref()?.id.as_str();
            Some((Subject::Stuck(id.into()), flow.by_hand()?.clone()))
        };
        let told: BTreeMap<Subject, String> =
            self.releases.iter().flat_map(of_release).chain(self.flows.iter().filter_map(by_hand)).collect();
        for id in self.ids() {
            let id: Arc<str> = id.into();
            let kinds = [Subject::Suspect, Subject::WentBack, Subject::Stuck, Subject::Unseen];
            for subject in kinds.map(|kind| kind(id.clone())).into_iter().filter(|subject| !told.contains_key(subject))
            {
                let what = "no release of it is in such trouble any more".to_owned();
                out.incidents.push(incident::Event::Over { subject, what });
            }
        }
        let again = |(subject, what)| incident::Event::Trouble { subject, what };
        out.incidents.extend(told.into_iter().map(again));
    }

    /// A past without any caller that was read while there was none either is not believed once there are some.
    fn read_again(&mut self) {
        if self.volumes.iter().all(|all| *all == 0) {
            return;
        }
        let Some(end) = self.hollow.take() else { return };
        for flow in &mut self.flows {
            flow.unread = flow.unread.max(Some(end));
        }
        let open = self.releases.iter_mut().filter(|held| !held.release.is_over());
        for held in open.filter(|held| held.release.terms.baseline().is_none()) {
            (held.is_learning, held.is_unsaved) = (true, true);
        }
    }

    /// Nobody could tell.
    pub(super) fn not_counted(&mut self, why: String, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.trouble = Some(why);
        let until = Minute::of(now);
        let open = self.releases.iter().filter(|held| !held.release.is_over());
        let open: Vec<_> = open.map(|held| (held.id.clone(), until.since(held.release.next()).get())).collect();
        for (id, minutes) in open {
            // Those that are unknown stay in order; all of them are asked for again.
            for _ in 0..minutes.min(CATCH_UP_MAX.get()) {
                self.happened(&id, Event::Minute(Seen::MISSING), now, &mut out);
            }
        }
        out
    }

    /// What an older past was, of flows of which it was not known.
    pub(super) fn read(&mut self, told: &Told, asked: Stretch, is_maintained: &dyn Fn(&str, &str, Minute) -> bool) {
        let suspect = self.suspect();
        let named = self.named();
        let view = View::new(told, asked, &[], &suspect, maintained(&named, asked, is_maintained));
        for flow in &mut self.flows {
            flow.remember(&view, (asked.from.get()..asked.until.get()).rev().map(Minute::new));
        }
        let is_hollow = told.counts.values().flatten().all(|left| left.all == 0);
        if is_hollow && self.volumes.iter().all(|all| *all == 0) {
            self.hollow = self.hollow.max(Some(asked.until));
        }
        let history = self.policy.history;
        // Those that have read further back already, or are not found yet, have their own place.
        let is_asked = |flow: &&mut Guarded| {
            flow.found.is_some() && flow.unread.is_some_and(|unread| asked.from < unread && unread <= asked.until)
        };
        for flow in self.flows.iter_mut().filter(is_asked) {
            let is_over = asked.from <= flow.past.stretch().until - history;
            flow.unread = (!is_over).then_some(asked.from);
        }
    }

    /// The minutes of the past to ask for next; `None` when all of it was read.
    pub(super) fn unread(&self, most: Minutes) -> Option<Stretch> {
        let until = self.flows.iter().filter(|flow| flow.found.is_some()).filter_map(|flow| flow.unread).max()?;
        Some(Stretch { from: until - most, until })
    }

    /// Minutes without any caller anywhere, while a moment ago there were many: the platform has not told all.
    fn doubted(&mut self, told: &Told, minutes: Stretch) -> Vec<Minute> {
        let mut doubted = Vec::new();
        let new_from = self.told.unwrap_or(minutes.from).max(minutes.from);
        for minute in (minutes.from.get()..minutes.until.get()).map(Minute::new) {
            let all: u64 = told.of_minute(minute);
            let is_talkative = TALKATIVE <= self.volumes.iter().sum();
            if all == 0 && is_talkative {
                doubted.push(minute);
            } else if new_from <= minute {
                self.volumes.push(all);
                if TALKATIVE_MINUTES < self.volumes.len() {
                    self.volumes.remove(0);
                }
            }
        }
        doubted
    }

    /// Versions of flows that something speaks against.
    pub(super) fn suspect(&self) -> Vec<(String, String)> {
        self.releases.iter().filter(|held| held.is_against()).map(Held::version).collect()
    }

    /// Versions whose callers tell nothing of other flows, and those that tell although they are new.
    fn telling(&self) -> Siblings {
        let of = |is_meant: fn(&&Held) -> bool| self.releases.iter().filter(is_meant).map(Held::version).collect();
        Siblings { bad: of(|held| held.is_bad()), proved: of(|held| held.release.watch().is_proved()) }
    }

    fn remember(&mut self, view: &View<'_>, minutes: Stretch) {
        // What is not believed does not undo what is known.
        let all = (minutes.from.get()..minutes.until.get()).map(Minute::new);
        let believed = all.filter(|minute| !view.doubted.contains(minute));
        for flow in &mut self.flows {
            flow.remember(view, believed.clone());
        }
    }

    /// What a release learns from what was told: what turned out to be other, and what is new.
    fn events(&self, held: &Held, view: &View<'_>, tell: &Siblings, minutes: Stretch) -> Vec<Event> {
        let first = Minute::of(held.release.facts.at);
        let sight = view.sight(held, tell);
        let seen = |minute: Minute| sight.seen(minute);
        let next = held.release.next();
        let known = minutes.from.max(first)..next.min(minutes.until);
        let believed =
            (known.start.get()..known.end.get()).filter(|minute| !view.doubted.contains(&Minute::new(*minute)));
        let corrected = believed.filter_map(|minute| {
            let place = usize::try_from(minute - first.get()).ok()?;
            let seen = seen(Minute::new(minute));
            (held.release.seen().get(place) != Some(&seen)).then_some((place, seen))
        });
        let corrected: Vec<_> = corrected.collect();
        let new =
            (next.max(minutes.from).get()..minutes.until.get()).map(|minute| Event::Minute(seen(Minute::new(minute))));
        let correction = (!corrected.is_empty()).then_some(Event::Corrected(corrected));
        // Minutes before those that can be told at all are unknown.
        let gap = minutes.from.since(next).get().min(CATCH_UP_MAX.get());
        correction.into_iter().chain((0..gap).map(|_| Event::Minute(Seen::MISSING))).chain(new).collect()
    }
}
