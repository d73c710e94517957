//! What the outside is asked for and what it says: data, transfers, audio.

use std::sync::Arc;
use std::time::Duration;

use super::{Move, Origin, Pending, Run, Then};
use crate::graph::{ActionId, ActionKind, CallData, Input, Kind, Transfer};
use crate::run::{Ask, Destination, Playback, Reply, Step};
use crate::value::{Audio, Sound, Value};

impl Run {
    pub(super) fn set_participant_data(&mut self, attributes: &[(Input, Input)]) -> Move {
        for (name, value) in attributes {
            let name = self.attribute_name(name)?;
            match self.value(value)?.to_text() {
                Some(text) => self.participant_data.insert(name, text),
                None => self.participant_data.remove(&name),
            };
        }
        Ok(None)
    }

    pub(super) fn get_participant_data(&mut self, attributes: &[(Input, String)]) -> Move {
        for (name, variable) in attributes {
            let name = self.attribute_name(name)?;
            let value = self.participant_data.get(&name).map_or(Value::NotSet, |text| Value::String(text.clone()));
            self.assign(variable, Kind::String, value)?;
        }
        Ok(None)
    }

    pub(super) fn attribute_name(&self, name: &Input) -> Result<String, String> {
        self.value(name)?.to_text().ok_or_else(|| "name participant data by a value that is not set".to_owned())
    }

    pub(super) fn call_data(&mut self, id: ActionId, call: &CallData) -> Move {
        let mut inputs = serde_json::Map::new();
        for (name, input) in &call.inputs {
            let value = self.value(input)?;
            if !matches!(value, Value::NotSet | Value::Unknown) {
                inputs.insert(name.clone(), value.to_json());
            }
        }
        let timeout = match self.value(&call.timeout)? {
            Value::Duration(timeout) => Some(timeout),
            Value::NotSet | Value::Unknown => None,
            other => return Err(format!("wait for a {}", other.kind())),
        };
        self.pending = Pending::Asking(id);
        let (category, action) = (call.category.clone(), call.action.clone());
        Ok(Some(Step::CallData(Ask { category, action, inputs, timeout })))
    }

    pub(super) fn answered(&mut self, id: ActionId, reply: Reply, waited: Duration) -> Move {
        let flow = Arc::clone(&self.flow);
        let ActionKind::CallData(call) = &flow.action(id).kind else {
            return Err("use an answer for an action that asks nothing".to_owned());
        };
        match call.has_processing_prompt {
            true => self.timeline.covered_wait(waited, self.settings.processing_prompt),
            false => self.timeline.silence(waited),
        }
        match reply {
            Reply::Success(outputs) => {
                for (output, variable) in &call.success_outputs {
                    let value = Value::from_json(output_named(&outputs, output));
                    self.assign(variable, Kind::Other, value)?;
                }
                self.open(call.success)
            }
            Reply::Failure(details) => {
                self.heard = false;
                for (detail, variable) in &call.failure_outputs {
                    let value = details.get(detail).map_or(Value::NotSet, |text| detail_value(text));
                    self.assign(variable, Kind::Other, value)?;
                }
                self.open(call.failure)
            }
            Reply::Timeout => {
                self.heard = false;
                self.open(call.timeout_path)
            }
        }
    }

    pub(super) fn transfer(&mut self, id: ActionId, transfer: &Transfer) -> Move {
        let queue = match self.value(&transfer.queue)? {
            Value::Queue(name) | Value::String(name) => name,
            Value::Unknown => "unknown".to_owned(),
            other => return Err(format!("transfer to a {}", other.kind())),
        };
        let priority = match self.value(&transfer.priority)? {
            Value::Integer(priority) => priority,
            _ => 0,
        };
        Ok(Some(self.ask_transfer(Destination { queue, priority }, Origin::Action(id))))
    }

    pub(super) fn ask_transfer(&mut self, destination: Destination, origin: Origin) -> Step {
        self.pending = Pending::Transferring { destination: destination.clone(), origin };
        Step::Transfer(destination)
    }

    pub(super) fn transfer_failed(&mut self, origin: Origin) -> Move {
        self.heard = false;
        let Origin::Action(id) = origin else {
            return Err("hand the caller to the queue of the error handling".to_owned());
        };
        let flow = Arc::clone(&self.flow);
        let ActionKind::TransferToAcd(transfer) = &flow.action(id).kind else { return Ok(None) };
        self.open(transfer.failure)?;
        match self.audio(&transfer.failure_audio)? {
            Some(audio) => Ok(Some(self.play(audio, Then::Advance))),
            None => Ok(None),
        }
    }

    pub(super) fn play(&mut self, audio: Audio, then: Then) -> Step {
        let duration = audio.duration();
        self.pending = Pending::Playing { is_audible: audio.is_audible(), then };
        Step::Play(Playback { audio, duration })
    }

    pub(super) fn played(&mut self, is_audible: bool, length: Duration) {
        if is_audible {
            self.heard = true;
            self.timeline.sound(length);
        } else {
            self.timeline.silence(length);
        }
    }

    pub(super) fn after_playing(&mut self, then: Then) -> Move {
        let flow = Arc::clone(&self.flow);
        match then {
            Then::Advance => Ok(None),
            Then::Enter(entry) => self.enter(entry),
            Then::Choose(menu) => Ok(Some(self.choose(menu))),
            Then::Transfer(id) => match &flow.action(id).kind {
                ActionKind::TransferToAcd(transfer) => self.transfer(id, transfer),
                _ => Ok(None),
            },
            Then::HandleError => self.handle_error(),
        }
    }

    /// What an audio input plays; nothing when it is not set or empty.
    pub(super) fn audio(&self, input: &Input) -> Result<Option<Audio>, String> {
        let audio = match self.value(input)? {
            Value::NotSet => return Ok(None),
            Value::Audio(audio) => audio,
            Value::String(text) => Audio::speech(text),
            Value::Unknown => Audio(vec![Sound::Prompt("unknown".to_owned())]),
            other => return Err(format!("play a {}", other.kind())),
        };
        Ok((!audio.duration().is_zero()).then_some(audio))
    }
}

/// An output by name; a dot in the name leads into an object when there is no such output.
fn output_named<'a>(outputs: &'a serde_json::Map<String, serde_json::Value>, name: &str) -> &'a serde_json::Value {
    const NONE: &serde_json::Value = &serde_json::Value::Null;
    if let Some(value) = outputs.get(name) {
        return value;
    }
    let mut parts = name.split('.');
    let first = parts.next().and_then(|part| outputs.get(part));
    parts.fold(first, |value, part| value.and_then(|value| value.get(part))).unwrap_or(NONE)
}

/// A detail of a failure: a status is a number, everything else is text.
fn detail_value(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer)
}
