//! What the guard knows, and what follows from what it learns. No waiting: the loop asks, tells and keeps.

use std::sync::Arc;

use base::{Count, Minute, Minutes, Stretch};
use jiff::Timestamp;
use rollback::act::{Outcome, Plan};
use rollback::once::Refusal;
use rollback::release::{End, Event, Facts, Release, Seen, Stage};
use rollback::{Mode, Observation, release};
use store::{AuditEntry, Document};

use super::super::organisation::{Flow, Publish, Told};
use super::super::past::Past;
use super::flow::{Found, Guarded, Known};
use super::held::Held;
use super::seen::View;
use super::{Hold, Policy, RELEASES_MAX, stored, words};
use crate::incident::{self, Subject};

/// How far back the first look of a minute goes when it was not looked for long.
pub(super) const CATCH_UP_MAX: Minutes = Minutes::days(1);
/// Lines of the audit that wait for a store that does not work; the oldest are given up.
const AUDIT_WAITING_MAX: usize = 200;
/// Minutes that are asked for again: callers of whom the platform learns late.
const CORRECTED: Minutes = Minutes::new(15);
/// So often in a row nobody may be able to say which versions callers get before somebody is told.
const SILENCES_MAX: u32 = 5;
/// When over so many minutes ...
const TALKATIVE_MINUTES: usize = 30;
/// ... so many callers were counted, a minute without any is not believed.
const TALKATIVE: u64 = 150;

/// What the guard knows.
pub(super) struct State {
    pub(super) policy: Policy,
    pub(super) flows: Vec<Guarded>,
    /// In the order of their publishes.
    pub(super) releases: Vec<Held>,
    /// Minutes before this were told.
    pub(super) told: Option<Minute>,
    /// Why conversations are not being counted.
    pub(super) trouble: Option<String>,
    /// How often in a row nobody could say which versions callers get; `None` before anybody was asked.
    silences: Option<u32>,
    /// What was kept of flows that were not found yet, by their ids.
    kept: Vec<(String, Known)>,
    /// What was kept was taken up, and nothing was counted since.
    is_taken_up: bool,
    /// The past before this minute was read while nobody was told of any caller, now or then.
    hollow: Option<Minute>,
    /// Callers of the last minutes, of all flows together, where they are known.
    volumes: Vec<u64>,
    /// The fence of the lease under which this is the latest that was kept; `None` while somebody else may have the lease.
    pub(super) fence: Option<u64>,
    /// Lines of the audit that could not be written yet.
    audit: Vec<AuditEntry>,
    /// When whoever watches last did anything.
    pub(super) as_of: Option<Timestamp>,
}

/// What is to be done about what was learned.
#[derive(Default)]
pub(super) struct Out {
    pub(super) incidents: Vec<incident::Event>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) begin: Vec<Begin>,
}

/// A rollback that is to begin.
pub(super) struct Begin {
    pub(super) id: String,
    pub(super) plan: Plan,
    pub(super) why: String,
}

/// Releases of all flows go unseen.
fn all_unseen() -> Subject {
    Subject::Unseen("all".into())
}

impl State {
    pub(super) fn new(policy: Policy, now: Timestamp) -> Self {
        let minute = Minute::of(now);
        let guarded = |watched: &super::Watched| Guarded {
            name: watched.name.clone(),
            mode: watched.mode,
            siblings: watched.siblings.clone(),
            found: None,
            known: Known::default(),
            past: Past::new(minute, policy.history),
            unread: Some(minute),
            trouble: None,
            is_unsaved: false,
        };
        let flows = policy.flows.iter().map(guarded).collect();
        Self {
            policy,
            flows,
            releases: Vec::new(),
            told: None,
            trouble: None,
            silences: None,
            kept: Vec::new(),
            is_taken_up: true,
            hollow: None,
            volumes: Vec::new(),
            fence: None,
            audit: Vec::new(),
            as_of: None,
        }
    }

    /// The same with what was counted by another one, unless that is too old to be counted on from.
    pub(super) fn with_counts_of(mut self, other: Self, now: Minute) -> Self {
        if other.told.is_none_or(|told| told <= now - CATCH_UP_MAX) {
            return self;
        }
        for (flow, other) in self.flows.iter_mut().zip(other.flows) {
            (flow.found, flow.past, flow.unread) = (other.found, other.past, other.unread);
        }
        Self { told: other.told, volumes: other.volumes, as_of: other.as_of, ..self }
    }

    /// What was kept of a flow. One that is no longer watched keeps it in the store.
    pub(super) fn remembered(&mut self, id: String, known: Known) {
        self.kept.push((id, known));
    }

    /// The ids of all flows that were found.
    pub(super) fn ids(&self) -> Vec<String> {
        self.flows.iter().filter_map(|flow| Some(flow.found.as_ref()?.id.clone())).collect()
    }

    pub(super) fn has_unfound(&self) -> bool {
        self.flows.iter().any(|flow| flow.found.is_none())
    }

    pub(super) fn flow(&self, id: &str) -> Option<&Guarded> {
        self.flows.iter().find(|flow| flow.is(id))
    }

    pub(super) fn held(&self, id: &str) -> Option<&Held> {
        self.releases.iter().find(|held| held.id == id)
    }

    /// Whether what befalls a release can follow: its flow was found. What is no release's befalls none.
    pub(super) fn may_happen(&self, id: &str) -> bool {
        self.held(id).is_none_or(|held| self.flow(&held.release.facts.flow).is_some())
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.releases.iter().position(|held| held.id == id)
    }

    /// The release of a flow that is watched, gone back from or proved.
    pub(super) fn open(&self, flow: &str) -> Option<&Held> {
        self.releases.iter().find(|held| !held.release.is_over() && held.release.facts.flow == flow)
    }

    /// The minutes to ask for: from what some release waits for, or what may be corrected, up to the present one.
    pub(super) fn wanted(&self, now: Minute) -> Stretch {
        let corrected = self.told.map_or(now - CORRECTED, |told| told - CORRECTED);
        let open = self.releases.iter().filter(|held| !held.release.is_over());
        // Of a flow that was not found nobody can tell.
        let open = open.filter(|held| self.flow(&held.release.facts.flow).is_some()).map(|held| held.release.next());
        let from = open.chain([corrected]).min().unwrap_or(corrected).max(now - CATCH_UP_MAX);
        Stretch { from: from.min(now), until: now + Minutes::new(1) }
    }

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

    /// A flow has another version than before; `publishes` are its latest, the last one first, as far as anybody knows.
    pub(super) fn published(&mut self, flow: &Flow, publishes: &[Publish], now: Timestamp) -> Out {
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
                Stage::Wanted(_) | Stage::Acting(_) => return out,
                Stage::Proving => {
                    let is_rollback = held.release.proof().is_some_and(|proof| {
                        let first = Minute::of(held.release.facts.at);
                        // The platform may have given it a new id. What we publish later is another release.
                        let is_then = |it: &Publish| it.is_ours && Minute::of(it.at).since(first).get() <= proof.since;
                        Some(&proof.target) == flow.version.as_ref() || publish.is_some_and(is_then)
                    });
                    if is_rollback {
                        self.flows[place].publish(flow, since);
                        return out;
                    }
                    self.happened(&id, Event::Published(flow.version.clone()), now, &mut out);
                }
                Stage::Watched | Stage::Asked(_) | Stage::Ended(_) => {
                    self.happened(&id, Event::Published(flow.version.clone()), now, &mut out);
                }
            }
        }
        self.flows[place].publish(flow, since);
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
        let view = View::new(told, &doubted, &suspect, is_maintained);
        self.remember(&view, minutes);
        let is_to_see = |held: &&Held| !held.release.is_over() && !self.waits_for_past(held);
        let ids: Vec<String> = self.releases.iter().filter(is_to_see).map(|held| held.id.clone()).collect();
        for id in ids {
            let Some(events) = self.held(&id).map(|held| self.events(held, &view, minutes)) else { continue };
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
        for held in &self.releases {
            let Some((_, what)) = held.story.last() else { continue };
            let again = |subject: &Subject| incident::Event::Trouble { subject: subject.clone(), what: what.clone() };
            out.incidents.extend(held.told.iter().map(again));
        }
        for id in self.ids() {
            let id: Arc<str> = id.into();
            let kinds = [Subject::Suspect, Subject::WentBack, Subject::Stuck, Subject::Unseen];
            for subject in kinds.map(|kind| kind(id.clone())) {
                if !self.releases.iter().any(|held| held.told.contains(&subject)) {
                    let what = "no release of it is in such trouble any more".to_owned();
                    out.incidents.push(incident::Event::Over { subject, what });
                }
            }
        }
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
        const UNKNOWN: Seen = Seen {
            of: Observation { count: Count::Missing, siblings: Count::Missing },
            others: Count::Missing,
            is_maintained: false,
        };
        let mut out = Out::default();
        self.trouble = Some(why);
        let until = Minute::of(now);
        let open = self.releases.iter().filter(|held| !held.release.is_over());
        let open: Vec<_> = open.map(|held| (held.id.clone(), until.since(held.release.next()).get())).collect();
        for (id, minutes) in open {
            // Those that are unknown stay in order; all of them are asked for again.
            for _ in 0..minutes.min(CATCH_UP_MAX.get()) {
                self.happened(&id, Event::Minute(UNKNOWN), now, &mut out);
            }
        }
        out
    }

    /// What an older past was, of flows of which it was not known.
    pub(super) fn read(&mut self, told: &Told, asked: Stretch, is_maintained: &dyn Fn(&str, &str, Minute) -> bool) {
        let suspect = self.suspect();
        let view = View::new(told, &[], &suspect, is_maintained);
        for minute in (asked.from.get()..asked.until.get()).rev().map(Minute::new) {
            for flow in &mut self.flows {
                flow.remember(&view, minute);
            }
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

    fn remember(&mut self, view: &View<'_>, minutes: Stretch) {
        for minute in (minutes.from.get()..minutes.until.get()).map(Minute::new) {
            if view.doubted.contains(&minute) {
                // What is not believed does not undo what is known.
                continue;
            }
            for flow in &mut self.flows {
                flow.remember(view, minute);
            }
        }
    }

    /// What a release learns from what was told: what turned out to be other, and what is new.
    fn events(&self, held: &Held, view: &View<'_>, minutes: Stretch) -> Vec<Event> {
        let name = self.flow(&held.release.facts.flow).map_or("", |flow| flow.name.as_str());
        let first = Minute::of(held.release.facts.at);
        let seen = |minute: Minute| view.seen(held, name, minute);
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
        let unknown = Seen {
            of: Observation { count: Count::Missing, siblings: Count::Missing },
            others: Count::Missing,
            is_maintained: false,
        };
        correction.into_iter().chain((0..gap).map(|_| Event::Minute(unknown))).chain(new).collect()
    }

    /// Somebody wants a release to be gone back from.
    pub(super) fn approved(&mut self, id: &str, who: &str, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.happened(id, Event::Approved(who.to_owned()), now, &mut out);
        let audit = self.held(id).map(|held| AuditEntry { who: who.to_owned(), ..held.audit("approved", now) });
        out.audit.extend(audit);
        out
    }

    /// A rollback has begun.
    pub(super) fn begun(&mut self, id: &str, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.happened(id, Event::Begun, now, &mut out);
        out
    }

    /// A rollback is not to begin.
    pub(super) fn refused(&mut self, id: &str, refusal: Refusal, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.happened(id, Event::Refused(refusal), now, &mut out);
        out
    }

    /// A rollback has ended.
    pub(super) fn acted(&mut self, id: &str, outcome: Outcome, at: Timestamp, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.happened(id, Event::Acted(outcome, at), now, &mut out);
        out
    }

    /// A rollback takes longer than it should.
    pub(super) fn late(&mut self, id: &str, now: Timestamp) -> Out {
        let mut out = Out::default();
        if let Some(place) = self.place(id) {
            let held = &mut self.releases[place];
            let subject = Subject::Stuck(held.release.facts.flow.as_str().into());
            if !held.told.contains(&subject) {
                let what = words::late(&held.release.facts);
                held.tell(now, what.clone());
                held.trouble(subject, what, &mut out);
            }
        }
        out
    }

    /// What holds releases up.
    pub(super) fn holds(&self) -> Vec<Hold> {
        let mut holds = Vec::new();
        for flow in &self.flows {
            let Some(found) = &flow.found else { continue };
            let why = self.hold_of(&found.id).or_else(|| flow.known.not_helped.clone());
            let names = || vec![flow.name.clone(), found.name.clone(), found.id.clone()];
            holds.extend(why.map(|why| Hold { flow: names(), why }));
        }
        // What was kept holds releases up before the platform has told anything.
        let is_unfound = |held: &&Held| self.flow(&held.release.facts.flow).is_none() && !held.release.is_over();
        for facts in self.releases.iter().filter(is_unfound).map(|held| &held.release.facts) {
            let names = || vec![facts.name.clone(), facts.flow.clone()];
            holds.extend(self.hold_of(&facts.flow).map(|why| Hold { flow: names(), why }));
        }
        // Afterwards the rest is of flows that are no longer watched.
        let has_looked = self.silences == Some(0);
        for (id, known) in self.kept.iter().filter(|_| !has_looked) {
            let named = self.releases.iter().rev().find(|held| held.release.facts.flow == *id);
            let names = || named.map(|held| held.release.facts.name.clone()).into_iter().chain([id.clone()]).collect();
            holds.extend(known.not_helped.clone().map(|why| Hold { flow: names(), why }));
        }
        holds
    }

    fn hold_of(&self, id: &str) -> Option<String> {
        let open = self.open(id).filter(|held| held.is_against() && held.mode != Mode::Observe);
        open.map(|held| words::hold(&held.release))
    }

    /// The lines of the audit that are to be written.
    pub(super) fn audit(&mut self, new: Vec<AuditEntry>) -> Vec<AuditEntry> {
        let mut all = std::mem::take(&mut self.audit);
        all.extend(new);
        all
    }

    /// Everything that changed since it was written.
    pub(super) fn unsaved(&mut self, now: Timestamp) -> Vec<Document> {
        let mut documents = Vec::new();
        for held in self.releases.iter_mut().filter(|held| held.is_unsaved) {
            held.is_unsaved = false;
            documents.push(held.document(now));
        }
        for flow in self.flows.iter_mut().filter(|flow| flow.is_unsaved) {
            flow.is_unsaved = false;
            let id = flow.found.as_ref().map_or(&flow.name, |found| &found.id).clone();
            documents.push(Document {
                kind: stored::FLOW.to_owned(),
                id,
                at: now,
                body: stored::flow_to_json(&flow.known),
            });
        }
        documents
    }

    /// It could not be written.
    pub(super) fn not_saved(&mut self, documents: &[Document], audit: Vec<AuditEntry>) {
        self.audit.splice(0..0, audit);
        let given_up = self.audit.len().saturating_sub(AUDIT_WAITING_MAX);
        self.audit.drain(..given_up);
        for document in documents {
            for held in self.releases.iter_mut().filter(|held| held.id == document.id) {
                held.is_unsaved = true;
            }
            for flow in self.flows.iter_mut().filter(|flow| flow.is(&document.id)) {
                flow.is_unsaved = true;
            }
        }
    }

    /// The oldest releases that are over and of which nobody needs to know; they stay in the store.
    pub(super) fn forget(&mut self) {
        while RELEASES_MAX < self.releases.len() {
            let Some(oldest) = self
                .releases
                .iter()
                .position(|held| held.release.is_over() && !held.is_unsaved && held.told.is_empty())
            else {
                return;
            };
            self.releases.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests;
