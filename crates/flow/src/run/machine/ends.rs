//! How a run ends: by an action, by an error of the flow, or out of actions.

use std::sync::Arc;

use super::{Move, Origin, Pending, Run, Then};
use crate::graph::ErrorHandling;
use crate::run::{ACTIONS_MAX, ACTIONS_MAX_IN_ERROR, Destination, EndReason, FlowError, Outcome, OutcomeKind, Step};
use crate::value::{Audio, Value};

/// What the platform says before it drops a call because of an error in its flow.
const ERROR_SENTENCE: &str = "We are sorry, something went wrong with this call.";

impl Run {
    /// Takes an error of the flow to the error handling; a second one ends the call.
    pub(super) fn fail(&mut self, message: String) -> Move {
        self.heard = false;
        if let Some(first) = self.error.clone() {
            return Ok(Some(self.end_by_error(first)));
        }
        self.error = Some(FlowError { at: self.at, message });
        let flow = Arc::clone(&self.flow);
        let audio = match &flow.error_audio {
            Some(input) => self.audio(input)?,
            None => Some(Audio::speech(ERROR_SENTENCE)),
        };
        match audio {
            Some(audio) => Ok(Some(self.play(audio, Then::HandleError))),
            None => self.handle_error(),
        }
    }

    pub(super) fn handle_error(&mut self) -> Move {
        let flow = Arc::clone(&self.flow);
        match &flow.error_handling {
            ErrorHandling::Disconnect => match self.error.clone() {
                Some(error) => Ok(Some(self.end_by_error(error))),
                None => Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::Action))),
            },
            ErrorHandling::Jump(entry) => self.enter(*entry),
            ErrorHandling::Queue(queue) => match self.value(queue)? {
                Value::Queue(queue) | Value::String(queue) => {
                    Ok(Some(self.ask_transfer(Destination { queue, priority: 0 }, Origin::ErrorHandling)))
                }
                other => Err(format!("transfer to a {}", other.kind())),
            },
        }
    }

    pub(super) fn end_by_error(&mut self, error: FlowError) -> Step {
        let kind = if self.is_out_of_actions { OutcomeKind::Loop } else { OutcomeKind::Disconnect };
        self.end(kind, EndReason::Error(error))
    }

    pub(super) fn end(&mut self, kind: OutcomeKind, reason: EndReason) -> Step {
        let outcome = Outcome {
            is_silent: !self.heard && !matches!(kind, OutcomeKind::Queue(_)),
            kind,
            reason,
            participant_data: std::mem::take(&mut self.participant_data),
            elapsed: self.timeline.elapsed,
            dead_air: self.timeline.dead_air,
            dead_air_longest: self.timeline.dead_air_longest,
            actions: self.actions,
        };
        self.visits.clear();
        self.pending = Pending::Ended(outcome.clone());
        Step::End(outcome)
    }

    /// Pays for one action.
    pub(super) fn spend(&mut self) -> Result<(), String> {
        let allowed = if self.error.is_some() { ACTIONS_MAX + ACTIONS_MAX_IN_ERROR } else { ACTIONS_MAX };
        if self.actions >= allowed {
            self.is_out_of_actions = true;
            return Err(format!("perform more than {allowed} actions for one call"));
        }
        self.actions += 1;
        Ok(())
    }
}
