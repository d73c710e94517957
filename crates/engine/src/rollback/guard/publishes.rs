//! What the guard learns of publishes, and how a release begins to be watched.

use base::Minute;
use jiff::Timestamp;
use rollback::release;
use rollback::release::{End, Event, Facts, Release, Stage};

use super::super::organisation::{Flow, Publish};
use super::flow::{Found, Guarded};
use super::held::Held;
use super::state::{CATCH_UP_MAX, Out, State};
use super::{RELEASES_MAX, words};
use crate::incident::{self, Subject};

/// So often in a row nobody may be able to say which versions callers get before somebody is told.
const SILENCES_MAX: u32 = 5;

/// Releases of all flows go unseen.
fn all_unseen() -> Subject {
    Subject::Unseen("all".into())
}

impl State {
    /// Nobody could say which versions callers get. Once in a while is no trouble; a release would go out unseen.
    pub(super) fn not_looked(&mut self, why: String) -> Out {
        let silences = self.silences.unwrap_or_default().saturating_add(1);
        self.silences = Some(silences);
        let mut out = Out::default();
        if silences == SILENCES_MAX {
            let what = format!("it is not known which versions callers get: {why}");
            out.incidents.push(incident::Event::Trouble { subject: all_unseen(), what });
        }
        self.trouble = Some(why);
        out
    }

    /// Somebody could. It ends the incident of an earlier run, too.
    pub(super) fn looked(&mut self) -> Out {
        let mut out = Out::default();
        if self.silences != Some(0) {
            let what = "it is known again which versions callers get".to_owned();
            out.incidents.push(incident::Event::Over { subject: all_unseen(), what });
        }
        self.silences = Some(0);
        out
    }

    /// The platform has told how flows are. Those with a version that is new here: their ids.
    pub(super) fn found(&mut self, flows: &[Flow], is_all: bool) -> Vec<Flow> {
        let mut changed = Vec::new();
        for guarded in &mut self.flows {
            let id = guarded.found.as_ref().map_or(&guarded.name, |found| &found.id);
            let mut of_name = flows.iter().filter(|flow| guarded.found.is_none() && flow.name == guarded.name).fuse();
            let only = of_name.next();
            let is_ambiguous = of_name.next().is_some();
            let Some(flow) = flows.iter().find(|flow| flow.id == *id).or(only.filter(|_| !is_ambiguous)) else {
                // Only a search sees all flows, and only a look asks for those that were found.
                let is_miss = guarded.found.is_none() == is_all;
                guarded.misses = guarded.misses.saturating_add(u32::from(is_miss));
                if is_ambiguous {
                    // Names are unique among flows of one type only.
                    guarded.trouble = Some("the platform has several flows of this name; write its id".to_owned());
                } else if guarded.found.is_none() && is_all {
                    guarded.trouble = Some("the platform has no flow of this id or name".to_owned());
                } else if guarded.found.is_some() && !is_all {
                    guarded.trouble = Some("the platform no longer has it".to_owned());
                }
                continue;
            };
            let found = Found { id: flow.id.clone(), name: flow.name.clone() };
            guarded.trouble = None;
            guarded.misses = 0;
            if guarded.found.is_none() && self.told.is_some() {
                // Its past was not asked for while it was not found.
                guarded.unread = self.told;
            }
            if let Some(place) = self.kept.iter().position(|(id, _)| *id == found.id) {
                guarded.known = self.kept.swap_remove(place).1;
            }
            guarded.found = Some(found);
            let is_known = match (&guarded.known.published, &flow.version) {
                (Some((known, at)), Some(version)) => known == version && flow.since.is_none_or(|since| since <= *at),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !is_known {
                changed.push(flow.clone());
            }
        }
        changed
    }

    /// Whether a flow that has another version than before has a release to be watched, as far as its date says.
    pub(super) fn is_release(&self, flow: &Flow, now: Timestamp) -> bool {
        let is_first = self.flow(&flow.id).is_none_or(|guarded| guarded.known.published.is_none());
        // Where something is known already, the date may be that of an earlier publish.
        !is_first || flow.since.is_none_or(|since| self.is_recent(true, since, now))
    }

    /// What was live before anybody looked is no release; of what was published longer ago nobody can tell any more.
    fn is_recent(&self, is_first: bool, since: Timestamp, now: Timestamp) -> bool {
        let longest = if is_first { self.policy.watch.length } else { CATCH_UP_MAX };
        Minute::of(now) - longest < Minute::of(since)
    }

    /// A flow has another version than before; `publishes` are its latest, the last one first, as far as anybody knows, and
    /// `begun` is the release that is being gone back from.
    pub(super) fn published(&mut self, flow: &Flow, publishes: &[Publish], begun: Option<&str>, now: Timestamp) -> Out {
        let mut out = Out::default();
        let Some(place) = self.flows.iter().position(|guarded| guarded.is(&flow.id)) else { return out };
        let known = self.flows[place].known.published.clone();
        let publish = publishes.iter().find(|publish| Some(&publish.version) == flow.version.as_ref());
        // A version may keep the date of its first publish when it is published again.
        let since = flow.since.max(publish.map(|publish| publish.at)).unwrap_or(now);
        let is_older =
            known.as_ref().is_some_and(|(version, at)| Some(version) != flow.version.as_ref() && since <= *at);
        let since = if is_older { now } else { since };
        let open = self.open(&flow.id).map(|held| held.id.clone());
        if let Some(id) = open {
            let held = self.held(&id).expect("it was found just now");
            match held.release.stage() {
                // Whoever goes back looks for itself, and will say.
                Stage::Acting(_) => return out,
                Stage::Wanted(_) if begun == Some(&id) || publish.is_none_or(|it| it.is_ours) => return out,
                Stage::Proving => {
                    let is_rollback = held.release.proof().is_some_and(|proof| {
                        let first = Minute::of(held.release.facts.at);
                        // The platform may have given it a new id. What we publish later is another release.
                        let is_then = |it: &Publish| it.is_ours && Minute::of(it.at).since(first).get() <= proof.since;
                        Some(&proof.target) == flow.version.as_ref() || publish.is_some_and(is_then)
                    });
                    if is_rollback {
                        self.flows[place].publish(flow, since, &mut out);
                        return out;
                    }
                    self.happened(&id, Event::Published(flow.version.clone()), now, &mut out);
                }
                // What is wanted and does not begin must not hide what somebody has done about it.
                Stage::Watched | Stage::Asked(_) | Stage::Wanted(_) | Stage::Ended(_) => {
                    self.happened(&id, Event::Published(flow.version.clone()), now, &mut out);
                }
            }
        }
        self.flows[place].publish(flow, since, &mut out);
        self.relieve(flow, now, &mut out);
        let Some(version) = flow.version.clone() else { return out };
        if !self.is_recent(known.is_none(), since, now) {
            return out;
        }
        let before = known.map(|(version, _)| version);
        let before = before.filter(|before| *before != version).or_else(|| {
            publishes
                .iter()
                .find(|publish| publish.at < since && publish.version != version)
                .map(|it| it.version.clone())
        });
        let facts = Facts {
            flow: flow.id.clone(),
            name: flow.name.clone(),
            version,
            before,
            by: publish.and_then(|publish| publish.by.clone()),
            at: since,
        };
        self.watch(place, facts, now, &mut out);
        out
    }

    /// What earlier releases of a flow have people asked for is over: somebody has published.
    fn relieve(&mut self, flow: &Flow, now: Timestamp, out: &mut Out) {
        let what = words::published(flow);
        for held in self.releases.iter_mut().filter(|held| held.release.facts.flow == flow.id && !held.told.is_empty())
        {
            held.over(&what, out);
            held.tell(now, what.clone());
        }
    }

    /// Releases of flows that are no longer watched are over, once it is known which flows there are: nobody would see
    /// their end, nor end their incidents.
    pub(super) fn abandon(&mut self, is_all: bool, now: Timestamp) -> Out {
        let mut out = Out::default();
        if !is_all && self.has_unfound() {
            return out;
        }
        let Self { flows, releases, policy, .. } = self;
        for held in releases.iter_mut().filter(|held| !held.release.is_over() || !held.told.is_empty()) {
            let facts = &held.release.facts;
            let may_be = |flow: &Guarded| match &flow.found {
                Some(found) => found.id == facts.flow,
                None => flow.name == facts.flow || flow.name == facts.name,
            };
            if flows.iter().any(may_be) {
                continue;
            }
            let policy = release::Policy { mode: held.mode, is_armed: false, recovery: policy.recovery };
            let what = words::ended(&held.release, &End::Dropped);
            held.release = release::step(held.release.clone(), &policy, Event::Dropped).0;
            held.is_unsaved = true;
            held.tell(now, what.clone());
            held.over(&what, &mut out);
            out.audit.push(held.audit("ended", now));
        }
        out
    }

    /// Begins to watch a release.
    fn watch(&mut self, place: usize, facts: Facts, now: Timestamp, out: &mut Out) {
        let siblings = self.siblings(place);
        let terms = self.terms(place, &siblings, Minute::of(facts.at));
        let id = self.new_id(&facts);
        let mode = self.flows[place].mode;
        let what = words::seen(&facts, &terms);
        let mut held = Held {
            id,
            release: Release::new(facts, terms),
            mode,
            siblings,
            story: Vec::new(),
            is_unsaved: true,
            is_learning: self.flows[place].unread.is_some(),
            told: Vec::new(),
        };
        held.tell(now, what);
        out.audit.push(held.audit("seen", now));
        self.releases.push(held);
        self.forget();
    }

    fn new_id(&self, facts: &Facts) -> String {
        let slug: String =
            facts.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let id = format!("{}-{}-{}", facts.at.strftime("%Y%m%d-%H%M"), slug, facts.version);
        let is_taken = |id: &str| self.held(id).is_some();
        if !is_taken(&id) {
            return id;
        }
        (2..=RELEASES_MAX + 2).map(|n| format!("{id}-{n}")).find(|id| !is_taken(id)).unwrap_or(id)
    }
}
