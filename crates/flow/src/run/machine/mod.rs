//! The machine: a stack of visits to tasks and menus, each a stack of positions in lists.
//!
//! This file has what a run is and how it goes from step to step; where control goes is in `visits`,
//! what is asked and played in `outside`, how a run ends in `ends`.

mod ends;
mod outside;
mod visits;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::timeline::Timeline;
use super::variables::{self, Cells, View};
use super::{Answer, Destination, EndReason, FlowError, Inputs, Outcome, OutcomeKind, Settings, Step};
use crate::graph::{ActionId, ActionKind, Case, Entry, Flow, Input, Kind, ListId, MenuId};
use crate::problem::Place;
use crate::value::Value;

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
