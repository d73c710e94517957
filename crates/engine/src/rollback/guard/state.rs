//! What the guard knows, and what follows from what it learns. No waiting: the loop asks, tells and keeps.

use base::{Minute, Minutes};
use jiff::Timestamp;
use rollback::Mode;
use rollback::act::Plan;
use rollback::once::Refusal;
use rollback::release::{By, Event};
use store::{AuditEntry, Document};

use super::super::carry::{Ended, Open};
use super::super::past::Past;
use super::flow::{Guarded, Known};
use super::held::Held;
use super::{Hold, IsMaintained, Policy, RELEASES_MAX, stored, words};
use crate::incident::{self, Subject};

/// How far back the first look of a minute goes when it was not looked for long.
pub(super) const CATCH_UP_MAX: Minutes = Minutes::days(1);
/// Lines of the audit that wait for a store that does not work; the oldest are given up.
const AUDIT_WAITING_MAX: usize = 200;

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
    pub(super) silences: Option<u32>,
    /// What was kept of flows that were not found yet, by their ids.
    pub(super) kept: Vec<(String, Known)>,
    /// What was kept was taken up, and nothing was counted since.
    pub(super) is_taken_up: bool,
    /// The past before this minute was read while nobody was told of any caller, now or then.
    pub(super) hollow: Option<Minute>,
    /// Callers of the last minutes, of all flows together, where they are known.
    pub(super) volumes: Vec<u64>,
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
    pub(super) by: By,
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
            misses: 0,
            is_missed: None,
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

    /// The same, each after its name here.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        self.flows.iter().filter_map(|flow| Some((flow.name.clone(), flow.found.as_ref()?.id.clone()))).collect()
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

    /// Whether what follows from a rollback's end can: its flow was found, or is none of those that are watched.
    pub(super) fn may_happen(&self, ended: &Ended) -> bool {
        let is_watched = self.held(&ended.cause).is_some() || self.has_unfound();
        self.flow(&ended.flow).is_some() || !is_watched
    }

    /// The name of a flow, where it is known.
    pub(super) fn name_of(&self, id: &str) -> String {
        let found = self.flow(id).and_then(|flow| flow.found.as_ref());
        found.map_or_else(|| id.to_owned(), |found| found.name.clone())
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.releases.iter().position(|held| held.id == id)
    }

    /// The release of a flow that is watched, gone back from or proved.
    pub(super) fn open(&self, flow: &str) -> Option<&Held> {
        self.releases.iter().find(|held| !held.release.is_over() && held.release.facts.flow == flow)
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

    /// A rollback that the watch wants does not begin while people work on the flow; it is wanted still.
    pub(super) fn held_off(&mut self, id: &str, now: Timestamp) -> Out {
        let mut out = Out::default();
        if let Some(place) = self.place(id) {
            let held = &mut self.releases[place];
            let what = words::held_off(&held.release);
            if !held.story.iter().any(|(_, known)| *known == what) {
                held.tell(now, what);
                out.audit.push(held.audit("suppressed", now));
            }
        }
        out
    }

    /// Whether a flow is in maintenance.
    pub(super) fn is_maintained(&self, id: &str, minute: Minute, is_maintained: &IsMaintained) -> bool {
        self.flow(id).is_some_and(|flow| is_maintained(&flow.name, id, minute))
    }

    /// A rollback is not to begin.
    pub(super) fn refused(&mut self, id: &str, refusal: Refusal, now: Timestamp) -> Out {
        let mut out = Out::default();
        self.happened(id, Event::Refused(refusal), now, &mut out);
        out
    }

    /// A rollback has ended.
    pub(super) fn acted(&mut self, ended: &Ended, now: Timestamp) -> Out {
        let mut out = Out::default();
        if self.held(&ended.cause).is_some() {
            self.happened(&ended.cause, Event::Acted(ended.outcome.clone(), ended.at), now, &mut out);
        } else {
            self.ended_by_hand(ended, &mut out);
        }
        out
    }

    /// A rollback takes longer than it should.
    pub(super) fn late(&mut self, open: &Open, now: Timestamp) -> Out {
        let mut out = Out::default();
        let Some(place) = self.place(&open.cause) else {
            self.late_by_hand(open, &mut out);
            return out;
        };
        let held = &mut self.releases[place];
        let subject = Subject::Stuck(held.release.facts.flow.as_str().into());
        if !held.told.contains(&subject) {
            let what = words::late(&held.release.facts);
            held.tell(now, what.clone());
            held.trouble(subject, what, &mut out);
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
