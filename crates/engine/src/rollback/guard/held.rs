//! A release in the guard's hands: its story, and what incidents were told of it.

use jiff::Timestamp;
use rollback::Mode;
use rollback::release::{End, Release, Stage, Why};
use store::{AuditEntry, Document};

use super::state::Out;
use super::{STORY_MAX, stored, words};
use crate::incident::{self, Alert, Subject};

/// A release, and what people are told of it.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) release: Release,
    pub(super) mode: Mode,
    /// The flows that it is compared with, and their versions then.
    pub(super) siblings: Vec<(String, String)>,
    pub(super) story: Vec<(Timestamp, String)>,
    pub(super) is_unsaved: bool,
    /// Not all of the past was read when it was published.
    pub(super) is_learning: bool,
    /// What it has told incidents about and not taken back.
    pub(super) told: Vec<Subject>,
}

impl Held {
    /// Whether something speaks against it.
    pub(super) fn is_against(&self) -> bool {
        match self.release.stage() {
            Stage::Watched | Stage::Ended(_) => self.release.watch().is_against(),
            Stage::Asked(_) | Stage::Wanted(_) | Stage::Acting(_) | Stage::Proving => true,
        }
    }

    /// Whether it is bad beyond doubt, or is being seen to.
    pub(super) fn is_bad(&self) -> bool {
        match self.release.stage() {
            Stage::Watched | Stage::Ended(_) => self.release.watch().is_confirmed(),
            Stage::Asked(_) | Stage::Wanted(_) | Stage::Acting(_) | Stage::Proving => true,
        }
    }

    /// What people are asked, as a sentence; `None` when they are not.
    pub(super) fn asked(&self) -> Option<String> {
        match self.release.stage() {
            Stage::Asked(why) => Some(words::asked(&self.release, why)),
            _ => None,
        }
    }

    /// Whether somebody published another one before it could be judged.
    pub(super) fn was_brief(&self) -> bool {
        let is_over = matches!(self.release.stage(), Stage::Ended(End::Overtaken(_)));
        is_over && self.release.watch().watched() < self.release.terms.length().get()
    }

    pub(super) fn version(&self) -> (String, String) {
        (self.release.facts.flow.clone(), self.release.facts.version.clone())
    }

    pub(super) fn tell(&mut self, at: Timestamp, what: String) {
        if self.story.len() < STORY_MAX {
            self.story.push((at, what));
            self.is_unsaved = true;
        }
    }

    pub(super) fn tell_once(&mut self, at: Timestamp, what: String) {
        if !self.story.iter().any(|(_, known)| *known == what) {
            self.tell(at, what);
        }
    }

    pub(super) fn trouble(&mut self, subject: Subject, what: String, out: &mut Out) {
        if !self.told.contains(&subject) {
            self.told.push(subject.clone());
        }
        out.incidents.push(incident::Event::Trouble { subject, what });
    }

    pub(super) fn resolve(&mut self, subject: &Subject, what: &str, out: &mut Out) {
        let before = self.told.len();
        self.told.retain(|told| told != subject);
        if self.told.len() < before {
            out.incidents.push(incident::Event::Over { subject: subject.clone(), what: what.to_owned() });
        }
    }

    /// All that was told of is over.
    pub(super) fn over(&mut self, what: &str, out: &mut Out) {
        for subject in std::mem::take(&mut self.told) {
            out.incidents.push(incident::Event::Over { subject, what: what.to_owned() });
        }
    }

    pub(super) fn alert(&self, target: &str, now: Timestamp) -> Alert {
        let facts = &self.release.facts;
        let (rate, threshold) = words::rates(&self.release);
        Alert {
            flow: facts.flow.clone(),
            rate,
            threshold,
            at: incident::to_millisecond(now),
            version: target.to_owned(),
        }
    }

    pub(super) fn audit(&self, what: &str, at: Timestamp) -> AuditEntry {
        AuditEntry {
            id: format!("release.{}.{what}.{}", self.id, at.as_millisecond()),
            at,
            who: "steadyline".to_owned(),
            what: format!("release_{what}"),
            body: stored::release_to_json(self),
        }
    }

    pub(super) fn document(&self, at: Timestamp) -> Document {
        Document { kind: stored::RELEASE.to_owned(), id: self.id.clone(), at, body: stored::release_to_json(self) }
    }
}

/// The word for where a release stands, apart from what the watch says.
pub(super) const fn stage_word(stage: &Stage) -> Option<&'static str> {
    Some(match stage {
        Stage::Watched => return None,
        Stage::Asked(Why::NotDone(_)) => "HANDED_OVER",
        Stage::Asked(_) => "ASKED",
        Stage::Wanted(_) => "CONFIRMED",
        Stage::Acting(_) => "ROLLING_BACK",
        Stage::Proving => "VERIFYING",
        Stage::Ended(end) => match end {
            End::Certified => "CERTIFIED",
            End::Unproven | End::Dropped => "UNPROVEN",
            End::Recovered => "RECOVERED",
            End::NotHelped => "NOT_HELPED",
            End::Unseen => "UNSEEN",
            End::Overtaken(_) | End::Gone => "OVERTAKEN",
            End::Left => "HANDED_OVER",
        },
    })
}
