//! What the outside is asked for and what it says: data, entries, transfers, audio.

use std::sync::Arc;
use std::time::Duration;

use super::{About, Move, Origin, Pending, Run, Then};
use crate::chart::{Ask as Asked, Class, StepId, Transfer};
use crate::input::{Input, Kind};
use crate::run::{Ask, Destination, Playback, Reply, Step};
use crate::value::{Audio, Sound, Value};

impl Run {
    pub(super) fn set_participant_data(&mut self, attributes: &[(Input, Input)]) -> Result<(), String> {
        for (name, value) in attributes {
            let name = self.attribute_name(name)?;
            match self.value(value)? {
                Value::Unknown => self.participant_data.insert(name, "(not known)".to_owned()),
                value => match value.to_text() {
                    Some(text) => self.participant_data.insert(name, text),
                    None => self.participant_data.remove(&name),
                },
            };
        }
        Ok(())
    }

    pub(super) fn get_participant_data(&mut self, attributes: &[(Input, String)]) -> Result<(), String> {
        for (name, variable) in attributes {
            let name = self.attribute_name(name)?;
            let value = match self.participant_data.get(&name) {
                Some(text) => Value::String(text.clone()),
                None if self.settings.knows_participant_data => Value::NotSet,
                None => Value::Unknown,
            };
            self.assign(variable, Kind::String, value)?;
        }
        Ok(())
    }

    fn attribute_name(&self, name: &Input) -> Result<String, String> {
        match self.value(name)? {
            Value::Unknown => Ok("(not known)".to_owned()),
            value => value.to_text().ok_or_else(|| "name participant data by a value that is not set".to_owned()),
        }
    }

    pub(super) fn call_data(&mut self, id: StepId, ask: &Asked) -> Move {
        let mut inputs = serde_json::Map::new();
        for (name, input) in &ask.inputs {
            let value = self.value(input)?;
            if !matches!(value, Value::NotSet | Value::Unknown) {
                inputs.insert(name.clone(), value.to_json());
            }
        }
        let timeout = match self.value(&ask.limit)? {
            Value::Duration(timeout) => Some(timeout),
            Value::NotSet | Value::Unknown => None,
            other => return Err(format!("wait for a {}", other.kind())),
        };
        self.pending = Pending::Asking(id);
        let (category, action) = (ask.category.clone(), ask.action.clone());
        Ok(Some(Step::CallData(Ask { step: id, category, action, inputs, timeout })))
    }

    pub(super) fn answered(&mut self, id: StepId, reply: Reply, waited: Duration) -> Move {
        let chart = Arc::clone(&self.chart);
        let Class::Ask(ask) = &chart.step(id).class else {
            return Err("use an answer for an action that asks nothing".to_owned());
        };
        if let Some(event) = self.events.as_mut().and_then(|events| events.last_mut()) {
            event.waited = waited;
        }
        match ask.has_processing_prompt {
            true => self.timeline.covered_wait(waited, self.settings.processing_prompt),
            false => self.timeline.silence(waited),
        }
        match reply {
            Reply::Success(outputs) => {
                for (output, variable) in &ask.success_outputs {
                    let value = Value::from_json(output_named(&outputs, output));
                    self.assign(variable, Kind::Other, value)?;
                }
                self.take(id, "success")
            }
            Reply::Unknown => {
                for (_, variable) in &ask.success_outputs {
                    self.assign(variable, Kind::Other, Value::Unknown)?;
                }
                self.take(id, "success")
            }
            Reply::Failure(details) => {
                self.heard = false;
                for (detail, variable) in &ask.failure_outputs {
                    let value = details.get(detail).map_or(Value::NotSet, |text| detail_value(text));
                    self.assign(variable, Kind::Other, value)?;
                }
                self.take(id, "failure")
            }
            Reply::Timeout => {
                self.heard = false;
                self.take(id, "timeout")
            }
        }
    }

    /// Waits for digits; for anything else that is asked for, the outputs are the answers.
    pub(super) fn collect(&mut self, id: StepId) -> Move {
        match &self.chart.step(id).class {
            Class::Collect { digits, .. } if self.chart.step(id).keyword == "collectInput" => {
                let digits = *digits;
                self.pending = Pending::Collecting(id);
                Ok(Some(Step::Collect { digits }))
            }
            _ => Ok(Some(self.ask(id, About::Other, &[]))),
        }
    }

    pub(super) fn entered(&mut self, id: StepId, digits: Option<String>) -> Move {
        let chart = Arc::clone(&self.chart);
        let Class::Collect { into, .. } = &chart.step(id).class else { return self.pass(id) };
        match (digits, into) {
            (None, _) => self.take(id, "failure"),
            (Some(digits), Some(variable)) => {
                self.assign(variable, Kind::Other, Value::String(digits))?;
                self.take(id, "success")
            }
            (Some(_), None) => self.take(id, "success"),
        }
    }

    /// Takes the output that the shell chose; what was found cannot be known here.
    pub(super) fn took(&mut self, id: StepId, output: &str) -> Move {
        let chart = Arc::clone(&self.chart);
        match &chart.step(id).class {
            Class::Lookup { found, .. } if output == "found" => {
                for (_, variable) in found {
                    self.assign(variable, Kind::Other, Value::Unknown)?;
                }
            }
            Class::Find | Class::Collect { .. } if !matches!(output, "notFound" | "failure") => {
                self.write_unknown(id)?;
            }
            _ => {}
        }
        self.take(id, output)
    }

    pub(super) fn transfer(&mut self, id: StepId, transfer: &Transfer) -> Move {
        let target = match self.value(&transfer.target)? {
            Value::Unknown => "(not known)".to_owned(),
            Value::NotSet => return Err("transfer to what is not set".to_owned()),
            value => value.to_text().ok_or_else(|| format!("transfer to a {}", value.kind()))?,
        };
        let priority = match self.value(&transfer.priority)? {
            Value::Integer(priority) => priority,
            _ => 0,
        };
        Ok(Some(self.ask_transfer(Destination { to: transfer.to, target, priority }, Origin::Step(id))))
    }

    pub(super) fn ask_transfer(&mut self, destination: Destination, origin: Origin) -> Step {
        self.pending = Pending::Transferring { destination: destination.clone(), origin };
        Step::Transfer(destination)
    }

    pub(super) fn transfer_failed(&mut self, origin: Origin) -> Move {
        self.heard = false;
        let Origin::Step(id) = origin else {
            return Err("hand the caller to the queue of the error handling".to_owned());
        };
        let chart = Arc::clone(&self.chart);
        let Class::Transfer(transfer) = &chart.step(id).class else { return self.pass(id) };
        match self.audio(&transfer.failure_audio)? {
            Some(audio) => Ok(Some(self.play(audio, Then::Take(id)))),
            None => self.take(id, "failure"),
        }
    }

    pub(super) fn play(&mut self, audio: Audio, then: Then) -> Step {
        let duration = audio.duration();
        if let Some(event) = self.events.as_mut().and_then(|events| events.last_mut()) {
            event.heard.push(audio.clone());
        }
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
        let chart = Arc::clone(&self.chart);
        match then {
            Then::Pass(id) => self.pass(id),
            Then::Take(id) => self.take(id, "failure"),
            Then::Collect(id) => self.collect(id),
            Then::Enter(id) => self.enter(id),
            Then::Choose(menu) => Ok(Some(self.choose(menu))),
            Then::Transfer(id) => match &chart.step(id).class {
                Class::Transfer(transfer) => self.transfer(id, transfer),
                _ => self.pass(id),
            },
            Then::HandleError => self.handle_error(),
        }
    }

    /// What an audio input plays; nothing when it is not set or empty.
    pub(super) fn audio(&self, input: &Input) -> Result<Option<Audio>, String> {
        let audio = match self.value(input)? {
            Value::NotSet => return Ok(None),
            Value::Audio(audio) => audio,
            Value::Unknown => Audio(vec![Sound::Prompt("unknown".to_owned())]),
            value => match value.to_text() {
                Some(text) => Audio::speech(text),
                None => return Err(format!("play a {}", value.kind())),
            },
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
