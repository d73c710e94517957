//! Flows that are to be watched and that the platform does not have: their releases would go out unseen.

use base::Minute;
use jiff::Timestamp;

use super::super::past::Past;
use super::flow::Guarded;
use super::state::{Out, State};
use super::words;
use crate::incident::{self, Subject};

/// So many searches in a row may miss a flow that was never found ...
const SEARCHES_MAX: u32 = 2;
/// ... and so many looks one that was, before somebody is told.
const LOOKS_MAX: u32 = 5;

impl State {
    /// Tells of flows that have been missing for a while, and of those that are there again.
    pub(super) fn tell_missing(&mut self, now: Timestamp) -> Out {
        let mut out = Out::default();
        for flow in &mut self.flows {
            let is_missed = match flow.misses {
                0 if flow.found.is_some() => false,
                misses if flow.misses_max() <= misses => true,
                _ => continue,
            };
            if flow.is_missed.replace(is_missed) != Some(is_missed) {
                out.incidents.push(flow.missing(is_missed));
            }
            // What is known of it is kept under its id before it is let go.
            if is_missed
                && !flow.is_unsaved
                && let Some(lost) = flow.found.take()
            {
                // It may have been made again, under the same name and another id: from now on it is searched for.
                let known = std::mem::take(&mut flow.known);
                flow.past = Past::new(Minute::of(now), self.policy.history);
                self.kept.push((lost.id, known));
            }
        }
        out
    }

    /// What an earlier run has told of flows that are no longer to be watched is over.
    pub(super) fn no_longer_missing(&self, open: &[Subject]) -> Vec<incident::Event> {
        let is_over = |subject: &&Subject| match subject {
            Subject::Missing(name) => !self.flows.iter().any(|flow| flow.name == **name),
            _ => false,
        };
        let over = |subject: &Subject| incident::Event::Over {
            subject: subject.clone(),
            what: "it is no longer to be watched".to_owned(),
        };
        open.iter().filter(is_over).map(over).collect()
    }
}

impl Guarded {
    const fn misses_max(&self) -> u32 {
        if self.found.is_some() { LOOKS_MAX } else { SEARCHES_MAX }
    }

    fn missing(&self, is_missed: bool) -> incident::Event {
        let subject = Subject::Missing(self.name.as_str().into());
        if is_missed {
            incident::Event::Trouble { subject, what: words::missing(&self.name, self.trouble.as_deref()) }
        } else {
            incident::Event::Over { subject, what: format!("the platform has {}", self.name) }
        }
    }
}
