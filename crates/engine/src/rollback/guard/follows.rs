//! What follows from what happens to a release: stories, incidents, audit, rollbacks.

use std::sync::Arc;

use jiff::Timestamp;
use rollback::Mode;
use rollback::act::Plan;
use rollback::release::{self, By, Effect, End, Event, Facts, Stage};

use super::held::Held;
use super::state::{Begin, Out, State};
use super::words;
use crate::incident::{self, Subject};

impl State {
    /// Takes a step with a release and says what follows.
    pub(super) fn happened(&mut self, id: &str, event: Event, now: Timestamp, out: &mut Out) {
        let Some(place) = self.place(id) else { return };
        let Some(flow) = self.flows.iter().position(|flow| flow.is(&self.releases[place].release.facts.flow)) else {
            return;
        };
        // Several minutes may be told at once: what was to begin after an earlier one begins only if the last one says so.
        out.begin.retain(|begin| begin.id != id);
        let policy = self.release_policy(flow);
        let held = &mut self.releases[place];
        let before = held.release.stage().clone();
        let (release, effects) = release::step(held.release.clone(), &policy, event);
        held.release = release;
        held.is_unsaved = true;
        held.mode = policy.mode;
        for effect in effects {
            self.follows(place, flow, &effect, now, out);
        }
        let held = &mut self.releases[place];
        if before != *held.release.stage()
            && let Stage::Acting(by) = held.release.stage().clone()
        {
            held.tell(now, words::begun(&held.release.facts, &by));
            out.audit.push(held.audit("begun", now));
        }
    }

    pub(super) fn follows(&mut self, place: usize, flow: usize, effect: &Effect, now: Timestamp, out: &mut Out) {
        let held = &mut self.releases[place];
        let facts = held.release.facts.clone();
        let key: Arc<str> = facts.flow.as_str().into();
        let is_silent = held.mode == Mode::Observe;
        match effect {
            Effect::Suspected(finding) => {
                let what = words::suspected(&held.release, finding);
                held.tell(now, what.clone());
                out.audit.push(held.audit("suspect", now));
                if !is_silent {
                    held.trouble(Subject::Suspect(key), what, out);
                }
            }
            Effect::Confirmed(finding) => {
                let what = words::confirmed(&held.release, finding);
                held.tell(now, what.clone());
                out.audit.push(held.audit("confirmed", now));
                if !is_silent {
                    held.trouble(Subject::Suspect(key), what, out);
                }
                self.flows[flow].never_mind(&self.releases[place].release);
            }
            Effect::Suppressed(finding) => {
                held.tell(now, words::suppressed(&held.release, finding));
                out.audit.push(held.audit("suppressed", now));
            }
            Effect::Calmed => {
                let what = words::calmed(&facts);
                held.tell(now, what.clone());
                held.over(&what, out);
                out.audit.push(held.audit("calmed", now));
            }
            Effect::Blind(true) => {
                let what = words::blind(&facts, self.trouble.as_deref());
                held.tell(now, what.clone());
                out.audit.push(held.audit("blind", now));
                if !is_silent {
                    held.trouble(Subject::Unseen(key), what, out);
                }
            }
            Effect::Blind(false) => {
                let what = words::sighted(&facts);
                held.tell(now, what.clone());
                held.resolve(&Subject::Unseen(key), &what, out);
            }
            Effect::Proved => held.tell(now, words::proved(&facts)),
            Effect::Ask(why) => {
                let what = words::asked(&held.release, why);
                held.tell(now, what.clone());
                out.audit.push(held.audit("asked", now));
                held.trouble(Subject::Stuck(key), what, out);
            }
            Effect::GoBack(by) => {
                let why = words::why(&held.release);
                let plan = self.plan(place, flow);
                let held = &mut self.releases[place];
                if let By::Person(who) = by {
                    held.tell_once(now, words::wanted(&facts, who));
                }
                out.begin.push(Begin { id: held.id.clone(), plan, why, by: by.clone() });
            }
            Effect::WentBack(target) => {
                let what = words::went_back(&held.release, target);
                held.tell(now, format!("went back: {what}"));
                out.audit.push(held.audit("went_back", now));
                let alert = held.alert(target, now);
                held.resolve(&Subject::Stuck(key.clone()), &what, out);
                held.told.push(Subject::WentBack(key.clone()));
                out.incidents.push(incident::Event::WentBack { flow: key, what, alert: Box::new(alert) });
                self.flows[flow].is_bad(&facts.version);
            }
            Effect::Ended(end) => self.ended(place, flow, end, now, out),
        }
    }

    fn ended(&mut self, place: usize, flow: usize, end: &End, now: Timestamp, out: &mut Out) {
        let held = &mut self.releases[place];
        let facts = held.release.facts.clone();
        let key: Arc<str> = facts.flow.as_str().into();
        let what = words::ended(&held.release, end);
        held.tell(now, what.clone());
        out.audit.push(held.audit("ended", now));
        let was_against = held.is_against();
        let guarded = &mut self.flows[flow];
        match end {
            End::Certified => guarded.is_good(&facts.version),
            End::NotHelped | End::Unseen => {
                held.over(&what, out);
                // A page of its own: what could be done by itself was done.
                held.trouble(Subject::Stuck(key), what.clone(), out);
                guarded.known.not_helped = Some(what);
                guarded.is_unsaved = true;
                return;
            }
            End::Left => {
                // Whoever was asked is still asked; nobody was while it was only wanted and could not begin.
                let stuck = Subject::Stuck(key);
                if held.mode != Mode::Observe && !held.told.contains(&stuck) {
                    held.trouble(stuck, what, out);
                }
                guarded.is_bad(&facts.version);
                return;
            }
            End::Overtaken(_) if was_against => guarded.is_bad(&facts.version),
            End::Overtaken(_) | End::Unproven | End::Recovered | End::Gone | End::Dropped => {}
        }
        held.over(&what, out);
    }

    /// How to go back from a release.
    fn plan(&self, place: usize, flow: usize) -> Plan {
        let facts = &self.releases[place].release.facts;
        let known = &self.flows[flow].known;
        let is_possible = |version: &&String| !known.bad.contains(version) && **version != facts.version;
        // What was live before, and what is normal was learned from, is good until somebody knows better.
        let good = known.good.iter().chain(self.stood(facts)).filter(is_possible).cloned().collect();
        Plan {
            flow: facts.flow.clone(),
            bad: facts.version.clone(),
            to: None,
            good,
            known_bad: known.bad.clone(),
            locked: self.policy.locked,
        }
    }

    /// The last version before a release that was live for long enough to be judged: one that another took the place of
    /// before that may be worse than what it is to save from.
    fn stood<'a>(&'a self, facts: &'a Facts) -> Option<&'a String> {
        let mut passed = Vec::new();
        let mut version = facts.before.as_ref()?;
        while let Some(held) = self.held_of(&facts.flow, version).filter(|held| held.was_brief()) {
            passed.push(version);
            version = held.release.facts.before.as_ref().filter(|before| !passed.contains(before))?;
        }
        Some(version)
    }

    /// The latest release of a version that is remembered.
    fn held_of(&self, flow: &str, version: &str) -> Option<&Held> {
        let is_it = |held: &&Held| held.release.facts.flow == flow && held.release.facts.version == version;
        self.releases.iter().rev().find(is_it)
    }
}
