//! Rollbacks of somebody's own wish: no release tells of them, so their flow does.

use rollback::act::Outcome;

use super::super::carry::{Ended, Open};
use super::flow::Guarded;
use super::state::{Out, State};
use super::words;
use crate::incident::{self, Subject};

/// A rollback of somebody's own wish, as it is kept with its flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ByHand {
    /// Which wish.
    pub(super) cause: String,
    /// What people are told of it; nothing when it went well, or somebody has published since.
    pub(super) trouble: Option<String>,
}

impl State {
    /// It takes longer than it should.
    pub(super) fn late_by_hand(&mut self, open: &Open, out: &mut Out) {
        self.tell_by_hand(&open.flow, &open.cause, |name| Some(words::late_by_hand(name)), out);
    }

    /// It has ended. Whoever wished it may have gone; that it came to nothing is told.
    pub(super) fn ended_by_hand(&mut self, ended: &Ended, out: &mut Out) {
        let published = self.flow(&ended.flow).and_then(|flow| flow.known.published.as_ref());
        let is_overtaken = published.is_some_and(|(_, at)| ended.at < *at);
        let trouble = |name: &str| match &ended.outcome {
            // Somebody else's publish is what callers get now, and no trouble of this one's.
            _ if is_overtaken => None,
            Outcome::Live(_) | Outcome::Overtaken(_) => None,
            outcome => Some(words::not_done_by_hand(name, outcome)),
        };
        self.tell_by_hand(&ended.flow, &ended.cause, trouble, out);
    }

    fn tell_by_hand(&mut self, flow: &str, cause: &str, trouble: impl Fn(&str) -> Option<String>, out: &mut Out) {
        let Some(guarded) = self.flows.iter_mut().find(|guarded| guarded.is(flow)) else {
            tracing::warn!(flow, cause, "a flow that is not watched was to go back; the audit tells what became of it");
            return;
        };
        let name = guarded.found.as_ref().map_or(flow, |found| found.name.as_str());
        let by_hand = ByHand { cause: cause.to_owned(), trouble: trouble(name) };
        let known = guarded.known.by_hand.as_ref();
        // What was told, and is over because somebody has published, is not told again after a restart.
        let is_told = known.is_some_and(|known| *known == by_hand || (known.cause == cause && known.trouble.is_none()));
        if !is_told {
            let was_told = known.is_some_and(|known| known.trouble.is_some());
            let subject = Subject::Stuck(flow.into());
            match &by_hand.trouble {
                Some(what) => out.incidents.push(incident::Event::Trouble { subject, what: what.clone() }),
                None if was_told => guarded.over_by_hand("it has ended", out),
                None => {}
            }
            guarded.known.by_hand = Some(by_hand);
            guarded.is_unsaved = true;
        }
    }
}

impl Guarded {
    /// What people were told of it, if anything is still so.
    pub(super) fn by_hand(&self) -> Option<&String> {
        self.known.by_hand.as_ref()?.trouble.as_ref()
    }

    /// What people were told of it is over.
    pub(super) fn over_by_hand(&mut self, what: &str, out: &mut Out) {
        let Some(found) = &self.found else { return };
        if let Some(by_hand) = &mut self.known.by_hand
            && by_hand.trouble.take().is_some()
        {
            let subject = Subject::Stuck(found.id.as_str().into());
            out.incidents.push(incident::Event::Over { subject, what: what.to_owned() });
            self.is_unsaved = true;
        }
    }
}
