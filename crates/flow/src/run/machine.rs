//! The machine: a stack of visits to tasks and menus, each a stack of positions in lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::timeline::Timeline;
use super::variables::{self, Cells, View};
use super::{ACTIONS_MAX, ACTIONS_MAX_IN_ERROR, Answer, Ask, Destination, EndReason, FlowError, Inputs, Outcome};
use super::{OutcomeKind, Playback, Reply, Settings, Step};
use crate::graph::{ActionId, ActionKind, CallData, Case, Entry, ErrorHandling, Flow, Input, Kind, ListId, MenuId};
use crate::graph::{TaskId, Transfer};
use crate::problem::Place;
use crate::value::{Audio, Sound, Value};

/// What the platform says before it drops a call because of an error in its flow.
const ERROR_SENTENCE: &str = "We are sorry, an error occurred. Please try your call again.";

/// One caller's way through a flow.
#[derive(Clone, Debug)]
pub struct Run {
    flow: Arc<Flow>,
    settings: Settings,
    system: Inputs,
    cells: Cells,
    visits: Vec<Visit>,
    participant_data: BTreeMap<String, String>,
    timeline: Timeline,
    actions: u32,
    at: Option<Place>,
    error: Option<FlowError>,
    is_out_of_actions: bool,
    heard: bool,
    pending: Pending,
}

/// What the last step was about.
#[derive(Clone, Debug)]
enum Pending {
    Nothing,
    Playing { is_audible: bool, then: Then },
    Asking(ActionId),
    Choosing(MenuId),
    Transferring { destination: Destination, origin: Origin },
    Ended(Outcome),
}

/// What follows a playback.
#[derive(Clone, Debug)]
enum Then {
    Advance,
    Enter(Entry),
    Choose(MenuId),
    Transfer(ActionId),
    HandleError,
}

/// Who asked for a transfer.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Action(ActionId),
    ErrorHandling,
}

/// One stay in a task or menu.
#[derive(Clone, Debug)]
struct Visit {
    place: Entry,
    /// The call that a task returns to.
    caller: Option<ActionId>,
    cells: Cells,
    frames: Vec<Frame>,
    repeats: u32,
}

/// A position in a list.
#[derive(Clone, Debug)]
struct Frame {
    list: ListId,
    next: usize,
    rounds: Option<Rounds>,
}

/// A loop's position: which round of how many.
#[derive(Clone, Debug)]
struct Rounds {
    index: Option<String>,
    round: i64,
    count: i64,
}

/// A step to take, or on to the next action; an error is an error of the flow.
type Move = Result<Option<Step>, String>;

impl Run {
    /// Starts `flow` for one caller.
    pub fn start(flow: Arc<Flow>, inputs: Inputs, settings: Settings) -> (Self, Step) {
        let mut run = Self {
            settings,
            system: variables::system(inputs),
            cells: Cells::new(),
            visits: Vec::new(),
            participant_data: BTreeMap::new(),
            timeline: Timeline::default(),
            actions: 0,
            at: None,
            error: None,
            is_out_of_actions: false,
            heard: false,
            pending: Pending::Nothing,
            flow,
        };
        let first = run.begin();
        let step = run.follow(first);
        (run, step)
    }

    /// Goes on with the answer to the last step.
    ///
    /// An answer to a question that was not asked is an error of the flow, so that a mistaken shell
    /// cannot keep a caller for ever. After the end every answer gives the same end again.
    pub fn resume(&mut self, answer: Answer) -> Step {
        let moved = match (std::mem::replace(&mut self.pending, Pending::Nothing), answer) {
            (Pending::Ended(outcome), _) => {
                self.pending = Pending::Ended(outcome.clone());
                return Step::End(outcome);
            }
            (Pending::Playing { is_audible, then }, Answer::Played(length)) => {
                self.played(is_audible, length);
                self.after_playing(then)
            }
            (Pending::Asking(id), Answer::Data { reply, waited }) => self.answered(id, reply, waited),
            (Pending::Choosing(menu), Answer::Key { key, waited }) => {
                self.timeline.sound(waited);
                self.chosen(menu, key)
            }
            (Pending::Transferring { destination, .. }, Answer::Transferred) => {
                Ok(Some(self.end(OutcomeKind::Queue(destination), EndReason::Action)))
            }
            (Pending::Transferring { origin, .. }, Answer::TransferFailed) => self.transfer_failed(origin),
            (_, answer) => Err(format!("use the answer {answer:?}: it was not asked for")),
        };
        self.follow(moved)
    }

    /// The flow that is executed.
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    fn begin(&mut self) -> Move {
        let flow = Arc::clone(&self.flow);
        for variable in &flow.variables {
            let value = self.value(&variable.initial)?;
            variables::declare(&mut self.cells, variable, value)?;
        }
        match flow.greeting.as_ref().map(|greeting| self.audio(greeting)).transpose()?.flatten() {
            Some(audio) => Ok(Some(self.play(audio, Then::Enter(flow.start)))),
            None => self.enter(flow.start),
        }
    }

    /// Carries a move on until there is a step for the shell.
    fn follow(&mut self, moved: Move) -> Step {
        let mut moved = moved;
        loop {
            moved = match moved {
                Ok(Some(step)) => return step,
                Ok(None) => self.advance(),
                Err(message) => match self.fail(message) {
                    Ok(Some(step)) => return step,
                    handled => handled,
                },
            };
        }
    }

    /// One action, or the end of a list.
    fn advance(&mut self) -> Move {
        let Some(visit) = self.visits.last_mut() else {
            return Err("go on: no task is being visited".to_owned());
        };
        let Some(frame) = visit.frames.last_mut() else { return self.end_of_visit("default") };
        match self.flow.list(frame.list).get(frame.next) {
            Some(&id) => {
                frame.next += 1;
                self.perform(id)
            }
            None => self.end_of_list(),
        }
    }

    fn perform(&mut self, id: ActionId) -> Move {
        let flow = Arc::clone(&self.flow);
        let action = flow.action(id);
        self.at = Some(action.at);
        self.spend()?;
        match &action.kind {
            ActionKind::UpdateData(statements) => {
                for statement in statements {
                    let value = self.value(&statement.value)?;
                    self.assign(&statement.variable, statement.kind, value)?;
                }
                Ok(None)
            }
            ActionKind::Decision { condition, yes, no } => {
                let branch = if self.holds(condition)? { *yes } else { *no };
                self.open(branch)
            }
            ActionKind::SwitchFirstTrue { cases, default } => {
                for case in cases {
                    if self.holds(&case.value)? {
                        return self.open(case.body);
                    }
                }
                self.open(*default)
            }
            ActionKind::SwitchFirstMatch { value, cases, default } => self.match_first(value, cases, *default),
            ActionKind::PlayAudio(input) => match self.audio(input)? {
                Some(audio) => Ok(Some(self.play(audio, Then::Advance))),
                None => Ok(None),
            },
            ActionKind::SetParticipantData(attributes) => self.set_participant_data(attributes),
            ActionKind::GetParticipantData(attributes) => self.get_participant_data(attributes),
            ActionKind::CallData(call) => self.call_data(id, call),
            ActionKind::CallTask { task, inputs, .. } => self.call_task(id, *task, inputs),
            ActionKind::EndTask { path } => self.end_of_visit(path),
            ActionKind::Jump(entry) => self.enter(*entry),
            ActionKind::Loop { index, count, body } => self.open_loop(index.clone(), count, *body),
            ActionKind::LoopNext => self.leave_to_loop(false),
            ActionKind::LoopExit => self.leave_to_loop(true),
            ActionKind::TransferToAcd(transfer) => match self.audio(&transfer.pre_audio)? {
                Some(audio) => Ok(Some(self.play(audio, Then::Transfer(id)))),
                None => self.transfer(id, transfer),
            },
            ActionKind::Disconnect => Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::Action))),
            ActionKind::Opaque { .. } => Ok(None),
        }
    }

    // Lists, loops and tasks.

    fn open(&mut self, list: ListId) -> Move {
        if let Some(visit) = self.visits.last_mut() {
            visit.frames.push(Frame { list, next: 0, rounds: None });
        }
        Ok(None)
    }

    fn end_of_list(&mut self) -> Move {
        let visit = self.visits.last_mut();
        let Some(frame) = visit.and_then(|visit| visit.frames.pop()) else { return Ok(None) };
        match frame.rounds {
            Some(rounds) => self.round(frame.list, Rounds { round: rounds.round.saturating_add(1), ..rounds }),
            None => Ok(None),
        }
    }

    fn open_loop(&mut self, index: Option<String>, count: &Input, body: ListId) -> Move {
        let count = match self.value(count)? {
            Value::Integer(count) => count,
            // Not set is no round at all; so is what cannot be known.
            Value::NotSet | Value::Unknown => 0,
            other => return Err(format!("loop a {} times", other.kind())),
        };
        self.round(body, Rounds { index, round: 0, count })
    }

    /// Starts one round, or leaves the loop after the last. A round costs an action even when its
    /// list is empty, so that no loop is free.
    fn round(&mut self, list: ListId, rounds: Rounds) -> Move {
        if rounds.round >= rounds.count {
            return Ok(None);
        }
        self.spend()?;
        if let Some(index) = &rounds.index {
            self.assign(index, Kind::Integer, Value::Integer(rounds.round))?;
        }
        if let Some(visit) = self.visits.last_mut() {
            visit.frames.push(Frame { list, next: 0, rounds: Some(rounds) });
        }
        Ok(None)
    }

    fn leave_to_loop(&mut self, exits: bool) -> Move {
        let frames = self.visits.last_mut().map(|visit| &mut visit.frames);
        let Some((frames, at)) = frames.and_then(|frames| {
            let at = frames.iter().rposition(|frame| frame.rounds.is_some())?;
            Some((frames, at))
        }) else {
            return Err("leave a loop outside of any loop".to_owned());
        };
        frames.truncate(at + 1);
        if exits {
            frames.pop();
            return Ok(None);
        }
        self.end_of_list()
    }

    fn call_task(&mut self, id: ActionId, task: TaskId, inputs: &[(String, Input)]) -> Move {
        let mut given = Vec::new();
        for (name, input) in inputs {
            given.push((name, self.value(input)?));
        }
        self.visit(Entry::Task(task), Some(id))?;
        for (name, value) in given {
            let name = if variables::is_of_task(name) { name.clone() } else { format!("Task.{name}") };
            self.assign(&name, Kind::Other, value)?;
        }
        Ok(None)
    }

    /// Goes to a task or menu for good: whatever waited for a return is forgotten.
    fn enter(&mut self, entry: Entry) -> Move {
        self.visits.clear();
        self.visit(entry, None)?;
        match entry {
            Entry::Task(_) => Ok(None),
            Entry::Menu(menu) => self.ask_menu(menu),
        }
    }

    fn visit(&mut self, place: Entry, caller: Option<ActionId>) -> Result<(), String> {
        let flow = Arc::clone(&self.flow);
        self.visits.push(Visit { place, caller, cells: Cells::new(), frames: Vec::new(), repeats: 0 });
        let Entry::Task(task) = place else { return Ok(()) };
        for variable in &flow.task(task).variables {
            let value = self.value(&variable.initial)?;
            if let Some(visit) = self.visits.last_mut() {
                variables::declare(&mut visit.cells, variable, value)?;
            }
        }
        self.open(flow.task(task).body).map(|_| ())
    }

    /// Leaves a task by `path`, or says a menu again.
    fn end_of_visit(&mut self, path: &str) -> Move {
        let Some(visit) = self.visits.pop() else { return Err("end a task: none is being visited".to_owned()) };
        if let Entry::Menu(menu) = visit.place {
            return self.repeat_menu(menu, visit);
        }
        let Some(caller) = visit.caller else {
            return Err("go on at the end of a task: nothing there transfers or ends the call".to_owned());
        };
        let flow = Arc::clone(&self.flow);
        let ActionKind::CallTask { outputs, .. } = &flow.action(caller).kind else { return Ok(None) };
        let output = outputs.iter().find(|(name, _)| name == path);
        self.open(output.map_or(ListId::EMPTY, |(_, list)| *list))
    }

    // Menus.

    fn ask_menu(&mut self, menu: MenuId) -> Move {
        let flow = Arc::clone(&self.flow);
        self.at = Some(flow.menu(menu).at);
        self.spend()?;
        match self.audio(&flow.menu(menu).audio)? {
            Some(audio) => Ok(Some(self.play(audio, Then::Choose(menu)))),
            None => Ok(Some(self.choose(menu))),
        }
    }

    fn choose(&mut self, menu: MenuId) -> Step {
        let keys = self.flow.menu(menu).choices.iter().filter_map(|choice| choice.key).collect();
        self.pending = Pending::Choosing(menu);
        Step::Choose { keys, timeout: self.flow.menu_settings.selection_timeout }
    }

    fn chosen(&mut self, menu: MenuId, key: Option<char>) -> Move {
        let choice = self.flow.menu(menu).choices.iter().find(|choice| key.is_some() && choice.key == key);
        // No choice leaves the visit without a list: the menu is said again.
        choice.map(|choice| choice.body).map_or(Ok(None), |body| self.open(body))
    }

    fn repeat_menu(&mut self, menu: MenuId, visit: Visit) -> Move {
        if visit.repeats >= self.flow.menu_settings.repeats {
            return Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::NoChoice)));
        }
        self.visits.push(Visit { repeats: visit.repeats + 1, ..visit });
        self.ask_menu(menu)
    }

    // Data.

    fn set_participant_data(&mut self, attributes: &[(Input, Input)]) -> Move {
        for (name, value) in attributes {
            let name = self.attribute_name(name)?;
            match self.value(value)?.to_text() {
                Some(text) => self.participant_data.insert(name, text),
                None => self.participant_data.remove(&name),
            };
        }
        Ok(None)
    }

    fn get_participant_data(&mut self, attributes: &[(Input, String)]) -> Move {
        for (name, variable) in attributes {
            let name = self.attribute_name(name)?;
            let value = self.participant_data.get(&name).map_or(Value::NotSet, |text| Value::String(text.clone()));
            self.assign(variable, Kind::String, value)?;
        }
        Ok(None)
    }

    fn attribute_name(&self, name: &Input) -> Result<String, String> {
        self.value(name)?.to_text().ok_or_else(|| "name participant data by a value that is not set".to_owned())
    }

    fn call_data(&mut self, id: ActionId, call: &CallData) -> Move {
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

    fn answered(&mut self, id: ActionId, reply: Reply, waited: std::time::Duration) -> Move {
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

    // Transfers.

    fn transfer(&mut self, id: ActionId, transfer: &Transfer) -> Move {
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

    fn ask_transfer(&mut self, destination: Destination, origin: Origin) -> Step {
        self.pending = Pending::Transferring { destination: destination.clone(), origin };
        Step::Transfer(destination)
    }

    fn transfer_failed(&mut self, origin: Origin) -> Move {
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

    // Audio.

    fn play(&mut self, audio: Audio, then: Then) -> Step {
        let duration = audio.duration();
        self.pending = Pending::Playing { is_audible: audio.is_audible(), then };
        Step::Play(Playback { audio, duration })
    }

    fn played(&mut self, is_audible: bool, length: std::time::Duration) {
        if is_audible {
            self.heard = true;
            self.timeline.sound(length);
        } else {
            self.timeline.silence(length);
        }
    }

    fn after_playing(&mut self, then: Then) -> Move {
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
    fn audio(&self, input: &Input) -> Result<Option<Audio>, String> {
        let audio = match self.value(input)? {
            Value::NotSet => return Ok(None),
            Value::Audio(audio) => audio,
            Value::String(text) => Audio::speech(text),
            Value::Unknown => Audio(vec![Sound::Prompt("unknown".to_owned())]),
            other => return Err(format!("play a {}", other.kind())),
        };
        Ok((!audio.duration().is_zero()).then_some(audio))
    }

    // Errors and ends.

    /// Takes an error of the flow to the error handling; a second one ends the call.
    fn fail(&mut self, message: String) -> Move {
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

    fn handle_error(&mut self) -> Move {
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

    fn end_by_error(&mut self, error: FlowError) -> Step {
        let kind = if self.is_out_of_actions { OutcomeKind::Loop } else { OutcomeKind::Disconnect };
        self.end(kind, EndReason::Error(error))
    }

    fn end(&mut self, kind: OutcomeKind, reason: EndReason) -> Step {
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
    fn spend(&mut self) -> Result<(), String> {
        let allowed = if self.error.is_some() { ACTIONS_MAX + ACTIONS_MAX_IN_ERROR } else { ACTIONS_MAX };
        if self.actions >= allowed {
            self.is_out_of_actions = true;
            return Err(format!("perform more than {allowed} actions for one call"));
        }
        self.actions += 1;
        Ok(())
    }

    // Values.

    fn holds(&self, condition: &Input) -> Result<bool, String> {
        match self.value(condition)? {
            Value::Boolean(holds) => Ok(holds),
            Value::Unknown => Ok(self.settings.unknown_condition),
            other => Err(format!("decide on a {}", other.kind())),
        }
    }

    fn match_first(&mut self, value: &Input, cases: &[Case], default: ListId) -> Move {
        let value = self.value(value)?;
        for case in cases {
            if self.value(&case.value)? == value {
                return self.open(case.body);
            }
        }
        self.open(default)
    }

    fn value(&self, input: &Input) -> Result<Value, String> {
        let task = self.visits.last().map(|visit| &visit.cells);
        View { system: &self.system, flow: &self.cells, task }.value(input)
    }

    fn assign(&mut self, name: &str, kind: Kind, value: Value) -> Result<(), String> {
        let cells = match self.visits.last_mut() {
            Some(visit) if variables::is_of_task(name) => &mut visit.cells,
            _ => &mut self.cells,
        };
        variables::assign(cells, name, kind, value)
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
