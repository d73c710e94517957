//! How a run ends: by an action, by an error of the flow, or out of actions.

use std::sync::Arc;

use super::{Move, Origin, Pending, Run, Then};
use crate::chart::{Handling, TransferTo};
use crate::input::Source;
use crate::run::{
    ACTIONS_MAX, ACTIONS_MAX_IN_ERROR, Destination, EndReason, FlowError, Outcome, OutcomeKind, Performed, Step,
};
use crate::value::{Audio, Value};

/// What the platform says before it drops a call because of an error in its flow.
const ERROR_SENTENCE: &str = "We are sorry, something went wrong with this call.";

impl Run {
    /// Takes an error of the flow to the error handling; a second one ends the call.
    pub(super) fn fail(&mut self, message: String) -> Move {
        self.heard = false;
        self.note(Performed::Error(message.clone()));
        if let Some(first) = self.error.clone() {
            return Ok(Some(self.end_by_error(first)));
        }
        self.error = Some(FlowError { at: self.at, message });
        let chart = Arc::clone(&self.chart);
        let audio = match (&chart.on_error.audio.source, chart.kind.has_caller()) {
            (Source::NotSet, true) if !chart.on_error.says_nothing => Some(Audio::speech(ERROR_SENTENCE)),
            _ => self.audio(&chart.on_error.audio)?,
        };
        match audio {
            Some(audio) => Ok(Some(self.play(audio, Then::HandleError))),
            None => self.handle_error(),
        }
    }

    pub(super) fn handle_error(&mut self) -> Move {
        let chart = Arc::clone(&self.chart);
        match &chart.on_error.handling {
            Handling::Default | Handling::End(_) => match self.error.clone() {
                Some(error) => Ok(Some(self.end_by_error(error))),
                None => Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::Action))),
            },
            Handling::Jump(reference) => match reference.target {
                Some(target) => self.enter(target),
                None => Err(format!("find `{}`", reference.text)),
            },
            Handling::Queue(queue) => match self.value(queue)? {
                Value::Queue(target) | Value::String(target) => {
                    let destination = Destination { to: TransferTo::Queue, target, priority: 0 };
                    Ok(Some(self.ask_transfer(destination, Origin::ErrorHandling)))
                }
                other => Err(format!("transfer to a {}", other.kind())),
            },
        }
    }

    fn end_by_error(&mut self, error: FlowError) -> Step {
        let kind = match () {
            () if self.is_out_of_actions => OutcomeKind::Loop,
            () if self.chart.kind.has_customer() => OutcomeKind::Disconnect,
            () => OutcomeKind::Ended,
        };
        self.end(kind, EndReason::Error(error))
    }

    pub(super) fn end(&mut self, kind: OutcomeKind, reason: EndReason) -> Step {
        let is_drop = matches!(kind, OutcomeKind::Disconnect | OutcomeKind::Loop);
        let outcome = Outcome {
            is_silent: !self.heard && is_drop,
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
