//! The machine: a stack of visits to tasks, menus and states, each with the place where it stands.
//!
//! This file has what a run is and how it goes from step to step; where control goes is in `visits`,
//! what is asked and played in `outside`, how a run ends in `ends`.

mod ends;
mod outside;
mod visits;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use super::timeline::Timeline;
use super::variables::{self, Cells, View};
use super::{
    About, Answer, Destination, EndReason, Event, FlowError, Inputs, Outcome, OutcomeKind, Performed, Question,
    Settings, Step,
};
use crate::chart::{Chart, Class, Output, SequenceId, Start, StepId, TransferTo};
use crate::flow::Flow;
use crate::input::{Input, Kind, Source};
use crate::problem::Place;
use crate::value::Value;

/// One caller's way through a flow.
#[derive(Clone, Debug)]
pub struct Run {
    chart: Arc<Chart>,
    settings: Settings,
    system: Arc<Inputs>,
    cells: Cells,
    visits: Vec<Visit>,
    participant_data: BTreeMap<String, String>,
    timeline: Timeline,
    actions: u32,
    at: Option<Place>,
    error: Option<FlowError>,
    is_out_of_actions: bool,
    heard: bool,
    has_callback: bool,
    pending: Pending,
    events: Option<Vec<Event>>,
}

/// What the last step was about.
#[derive(Clone, Debug, PartialEq)]
enum Pending {
    Nothing,
    Playing { is_audible: bool, then: Then },
    Asking(StepId),
    Choosing(SequenceId),
    Collecting(StepId),
    Branching(StepId),
    Waiting(StepId, Duration),
    Transferring { destination: Destination, origin: Origin },
    Ended(Outcome),
}

/// What follows a playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Pass(StepId),
    Take(StepId),
    Collect(StepId),
    Enter(SequenceId),
    Choose(SequenceId),
    Transfer(StepId),
    HandleError,
}

/// Who asked for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Step(StepId),
    ErrorHandling,
}

/// One stay in a task, menu or state.
#[derive(Clone, Debug, PartialEq)]
struct Visit {
    sequence: SequenceId,
    /// The call that a task returns to.
    caller: Option<StepId>,
    cells: Cells,
    loops: Vec<Rounds>,
    at: At,
    repeats: u32,
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Step(StepId),
    /// The next round of this loop.
    Again(StepId),
    /// Behind the last action.
    End,
}

/// A loop's position: which round of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Rounds {
    step: StepId,
    round: i64,
    count: i64,
}

/// A step to take, or on to the next action; an error is an error of the flow.
type Move = Result<Option<Step>, String>;

impl Run {
    /// Starts `flow` for one caller.
    pub fn start(flow: &Flow, inputs: Inputs, settings: Settings) -> (Self, Step) {
        Self::begin(Arc::clone(&flow.chart), inputs, settings, None)
    }

    /// Starts a chart as it is, keeping what it does; [`Run::events`] tells.
    pub fn trace(chart: Arc<Chart>, inputs: Inputs, settings: Settings) -> (Self, Step) {
        Self::begin(chart, inputs, settings, Some(Vec::new()))
    }

    /// Starts a chart as it is, of which nothing is known.
    pub fn start_quietly(chart: Arc<Chart>) -> (Self, Step) {
        Self::begin(chart, Inputs::new(), Settings { knows_participant_data: false, ..Settings::default() }, None)
    }

    fn begin(chart: Arc<Chart>, inputs: Inputs, settings: Settings, events: Option<Vec<Event>>) -> (Self, Step) {
        let mut run = Self {
            settings,
            system: Arc::new(variables::system(inputs)),
            cells: Cells::new(),
            visits: Vec::new(),
            participant_data: BTreeMap::new(),
            timeline: Timeline::default(),
            actions: 0,
            at: None,
            error: None,
            is_out_of_actions: false,
            heard: false,
            has_callback: false,
            pending: Pending::Nothing,
            events,
            chart,
        };
        let first = run.open();
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
            (Pending::Collecting(id), Answer::Entered { digits, waited }) => {
                self.timeline.sound(waited);
                self.entered(id, digits)
            }
            (Pending::Collecting(id), Answer::EnteredSomething { waited }) => {
                self.timeline.sound(waited);
                self.write_unknown(id).and_then(|()| self.take(id, "success"))
            }
            (Pending::Branching(id), Answer::Took(output)) => self.took(id, &output),
            (Pending::Waiting(id, time), Answer::Waited) => {
                self.timeline.silence(time);
                self.pass(id)
            }
            (Pending::Transferring { destination, origin }, Answer::Transferred) => {
                // Whoever is handed over by the error handling left the flow by its error.
                let reason = match (origin, self.error.clone()) {
                    (Origin::ErrorHandling, Some(error)) => EndReason::Error(error),
                    (Origin::ErrorHandling | Origin::Step(_), _) => EndReason::Action,
                };
                let kind = match destination.to {
                    TransferTo::Queue | TransferTo::QueueFromMenu => OutcomeKind::Queue(destination),
                    _ => OutcomeKind::Handed(destination),
                };
                Ok(Some(self.end(kind, reason)))
            }
            (Pending::Transferring { origin, .. }, Answer::TransferFailed) => self.transfer_failed(origin),
            (_, answer) => Err(format!("use the answer {answer:?}: it was not asked for")),
        };
        self.follow(moved)
    }

    /// The flow that is executed.
    pub fn chart(&self) -> &Arc<Chart> {
        &self.chart
    }

    /// What was done so far; nothing unless the run was started by [`Run::trace`].
    pub fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// A number that two runs share when they stand at the same place with the same values, so that they have the same
    /// future. How they got there, how long it took, and what variables hold that are not `live` any more is left out.
    pub(crate) fn state(&self, is_live: &dyn Fn(&str) -> bool) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.pending).hash(&mut hasher);
        for visit in &self.visits {
            (visit.sequence, visit.caller, visit.repeats, visit.at).hash(&mut hasher);
            visit.loops.hash(&mut hasher);
            variables::hash(&visit.cells, is_live, &mut hasher);
        }
        variables::hash(&self.cells, is_live, &mut hasher);
        self.participant_data.hash(&mut hasher);
        (self.error.is_some(), self.heard, self.has_callback, self.is_out_of_actions).hash(&mut hasher);
        hasher.finish()
    }

    /// The action that waits for an answer; none at a menu.
    pub(crate) fn waiting(&self) -> Option<StepId> {
        match &self.pending {
            Pending::Asking(id) | Pending::Collecting(id) | Pending::Branching(id) | Pending::Waiting(id, _) => {
                Some(*id)
            }
            _ => None,
        }
    }

    /// How long it has gone on, in all and without a sound.
    pub(crate) fn times(&self) -> (Duration, Duration) {
        (self.timeline.elapsed, self.timeline.dead_air)
    }

    fn open(&mut self) -> Move {
        let chart = Arc::clone(&self.chart);
        for variable in &chart.variables {
            let given = self.system.get(&variable.name.to_ascii_lowercase()).cloned();
            let value = match given {
                Some(value) => value,
                // Whoever starts the flow gives it a value, which is not known here.
                None if variable.is_input => Value::Unknown,
                None => self.value(&variable.initial)?,
            };
            variables::declare(&mut self.cells, variable, value)?;
        }
        let Start::At(start) = chart.start else { return Err("find where the flow begins".to_owned()) };
        match chart.greeting.as_ref().map(|greeting| self.audio(greeting)).transpose()?.flatten() {
            Some(audio) => {
                self.note(Performed::Greeting);
                Ok(Some(self.play(audio, Then::Enter(start))))
            }
            None => self.enter(start),
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

    /// One action, the next round of a loop, or the end of a visit.
    fn advance(&mut self) -> Move {
        match self.visits.last().map(|visit| visit.at) {
            None => Err("go on: no task is being visited".to_owned()),
            Some(At::Step(id)) => self.perform(id),
            Some(At::Again(id)) => self.next_round(id),
            Some(At::End) => self.end_of_visit("default"),
        }
    }

    fn perform(&mut self, id: StepId) -> Move {
        let chart = Arc::clone(&self.chart);
        let step = chart.step(id);
        self.at = Some(step.at);
        self.note(Performed::Step(id));
        self.spend()?;
        match &step.class {
            Class::Assign(statements) => {
                for statement in statements {
                    let value = self.value(&statement.value)?;
                    self.assign(&statement.variable, statement.kind, value)?;
                }
                self.pass(id)
            }
            Class::Branch(asked) if step.keyword == "decision" => match self.value(asked)? {
                Value::Boolean(true) => self.take(id, "yes"),
                Value::Boolean(false) => self.take(id, "no"),
                Value::Unknown => Ok(Some(self.ask(id, About::Condition, &["yes", "no"]))),
                other => Err(format!("decide on a {}", other.kind())),
            },
            Class::Branch(compared) => self.switch(id, compared, &step.outputs),
            Class::Say(audio) => match self.audio(audio)? {
                Some(audio) => Ok(Some(self.play(audio, Then::Pass(id)))),
                None => self.pass(id),
            },
            Class::Attributes(attributes) => {
                self.set_participant_data(attributes)?;
                self.pass(id)
            }
            Class::ReadAttributes(attributes) => {
                self.get_participant_data(attributes)?;
                self.pass(id)
            }
            Class::Ask(ask) => self.call_data(id, ask),
            Class::Lookup { key, .. } => match self.value(key)? {
                Value::NotSet => Err("look up a key that is not set".to_owned()),
                _ => Ok(Some(self.ask(id, About::Presence, &["found", "notFound", "failure"]))),
            },
            Class::Find if step.keyword.starts_with("evaluate") => Ok(Some(self.ask(id, About::Other, &[]))),
            Class::Find => Ok(Some(self.ask(id, About::Presence, &["found", "notFound"]))),
            Class::Collect { says, .. } => match self.audio(says)? {
                Some(audio) => Ok(Some(self.play(audio, Then::Collect(id)))),
                None => self.collect(id),
            },
            Class::CallTask(reference, inputs) => self.call_task(id, reference.target, inputs),
            Class::EndTask(path) => self.end_of_visit(path),
            Class::Jump(reference) => match reference.target {
                Some(target) => self.enter(target),
                None => Err(format!("find `{}`", reference.text)),
            },
            Class::Loop { count, .. } => self.open_loop(id, count),
            Class::LoopNext(target) => self.leave_to_loop(*target, false),
            Class::LoopExit(target) => self.leave_to_loop(*target, true),
            Class::Transfer(transfer) => match self.audio(&transfer.pre_audio)? {
                Some(audio) => Ok(Some(self.play(audio, Then::Transfer(id)))),
                None => self.transfer(id, transfer),
            },
            Class::Callback => {
                self.has_callback = true;
                self.pass(id)
            }
            Class::Disconnect if self.has_callback => Ok(Some(self.end(OutcomeKind::Callback, EndReason::Action))),
            Class::Disconnect => Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::Action))),
            Class::End => Ok(Some(self.end(OutcomeKind::Ended, EndReason::Action))),
            Class::Wait(time) => match self.value(time)? {
                Value::Duration(time) => {
                    self.pending = Pending::Waiting(id, time);
                    Ok(Some(Step::Wait(time)))
                }
                _ => self.pass(id),
            },
            Class::Choice => self.take(id, "task"),
            Class::Record | Class::Known => self.pass(id),
            Class::CallOther(_) | Class::Opaque => self.unknown(id),
        }
    }

    /// An action that is not known here: what it writes cannot be known, and any of its outputs may be taken.
    fn unknown(&mut self, id: StepId) -> Move {
        self.write_unknown(id)?;
        let chart = Arc::clone(&self.chart);
        if chart.step(id).outputs.iter().any(|output| output.first.is_some()) {
            return Ok(Some(self.ask(id, About::Other, &[])));
        }
        self.pass(id)
    }

    fn write_unknown(&mut self, id: StepId) -> Result<(), String> {
        let chart = Arc::clone(&self.chart);
        for variable in &chart.step(id).writes {
            self.assign(variable, Kind::Other, Value::Unknown)?;
        }
        Ok(())
    }

    /// The first case that holds, or that equals what is compared.
    fn switch(&mut self, id: StepId, compared: &Input, outputs: &[Output]) -> Move {
        let compared = match compared.source {
            Source::NotSet => Value::Boolean(true),
            _ => self.value(compared)?,
        };
        for output in outputs {
            let Some(case) = &output.case else { continue };
            match self.value(case)? {
                Value::Unknown => return Ok(Some(self.ask(id, About::Condition, &["default"]))),
                _ if compared == Value::Unknown => return Ok(Some(self.ask(id, About::Condition, &["default"]))),
                value if value == compared => return self.take(id, &output.name),
                _ => {}
            }
        }
        self.take(id, "default")
    }

    /// Asks the shell for one of the outputs that are there or `expected`.
    fn ask(&mut self, id: StepId, about: About, expected: &[&str]) -> Step {
        let mut outputs: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        for output in &self.chart.step(id).outputs {
            if output.is_enabled && !outputs.contains(&output.name) {
                outputs.push(output.name.clone());
            }
        }
        self.pending = Pending::Branching(id);
        Step::Branch(Question { step: id, about, outputs })
    }

    fn value(&self, input: &Input) -> Result<Value, String> {
        let task = self.visits.last().map(|visit| &visit.cells);
        let now = self.settings.now.and_then(|now| now.checked_add(self.timeline.elapsed).ok());
        View { system: &self.system, flow: &self.cells, task, now }.value(input)
    }

    fn assign(&mut self, name: &str, kind: Kind, value: Value) -> Result<(), String> {
        let cells = match self.visits.last_mut() {
            Some(visit) if variables::is_of_task(name) => &mut visit.cells,
            _ => &mut self.cells,
        };
        variables::assign(cells, name, kind, value)
    }

    fn note(&mut self, what: Performed) {
        let at = self.timeline.elapsed;
        if let Some(events) = &mut self.events {
            events.push(Event { what, output: None, at, heard: Vec::new(), waited: Duration::ZERO });
        }
    }
}
