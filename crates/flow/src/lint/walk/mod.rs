//! Where the other side ends up after a Data Action has failed.
//!
//! From the action that failed, every way is walked that a run could take: both sides of every condition, every key of
//! an entry, every case. Data Actions further along fail in the same way. A way ends with a terminal; ways that come
//! to the same place in the same state are one. What is remembered on the way is what a judgement needs: what was
//! heard since the failure, whether the interaction was marked, whether somebody was told.
//!
//! A walk may also know what some variables hold; then it takes only the side of a condition that they allow.

mod known;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::chart::{CallKind, Reference, SequenceId, StepSet};
use crate::chart::{
    Chart, Class, FlowKind, Handling, Heard, Next, SequenceKind, Start, Step, StepId, TransferTo, heard,
};
use crate::input::{Input, Source};
use crate::problem::Place;
use crate::value::Value;

pub use known::{Constant, Known, initial};
use known::{learn, teaches, worth};

/// States that one walk visits at most; a walk that needs more says that it did not see everything.
pub const STATES_MAX: usize = 20_000;

/// Calls of tasks within tasks that are followed; deeper ones are passed over.
const STACK_MAX: usize = 24;

/// The attribute that tells agents that a Data Action failed.
pub const MARK: &str = "dataActionFailed";

/// How a Data Action fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It says so at once.
    Failure,
    /// It says nothing in time.
    Timeout,
}

/// Where a way ends; from the best for the other side to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// In a queue, or still in it.
    Queue,
    /// With a callback that was arranged.
    Callback,
    /// In a mailbox.
    Voicemail,
    /// With a person.
    Person,
    /// At a phone number.
    Number,
    /// In another flow.
    Flow,
    /// At a menu.
    Menu,
    /// Back in whatever called this flow.
    Return,
    /// Nobody is on the line: the workflow ends.
    Workflow,
    /// Cut off.
    Disconnect,
    /// In the flow's error handling, which cuts off.
    Error,
    /// Nowhere: the flow goes round.
    Loop,
}

/// One end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terminal {
    /// What it is.
    pub end: End,
    /// The action that ends it; none at the end of a list.
    pub step: Option<StepId>,
    /// Where that is.
    pub at: Place,
    /// What was heard between the failure and this end.
    pub heard: Heard,
    /// The interaction carries [`MARK`].
    pub is_marked: bool,
    /// Somebody was told: a notification, a conversation attribute, participant data.
    pub is_recorded: bool,
}

/// Everything that one walk has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Where they end, each once.
    pub terminals: BTreeSet<Terminal>,
    /// Data Actions that are called again or further on the way.
    pub asked: StepSet,
    /// Every action on the way.
    pub passed: StepSet,
    /// True when there was more to see than [`STATES_MAX`] states.
    pub is_cut_short: bool,
}

impl Ways {
    /// The worst end; none when every way goes round.
    pub fn worst(&self) -> Option<&Terminal> {
        self.terminals.iter().max_by_key(|terminal| (terminal.end.rank(terminal.heard), terminal.at))
    }
}

impl End {
    /// How bad it is; being cut off is worse when nothing was said.
    pub fn rank(self, heard: Heard) -> u8 {
        match (self, heard) {
            (Self::Queue, _) => 0,
            (Self::Callback | Self::Voicemail | Self::Person, _) => 1,
            (Self::Number | Self::Flow | Self::Return, _) => 2,
            (Self::Menu, _) => 3,
            (Self::Disconnect, Heard::Word | Heard::Sentence) => 4,
            (Self::Workflow, _) => 5,
            (Self::Error, _) => 6,
            (Self::Disconnect, Heard::Nothing) => 7,
            (Self::Loop, _) => 8,
        }
    }

    /// What it is called, with its article.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Queue => "a queue",
            Self::Callback => "a callback",
            Self::Voicemail => "voicemail",
            Self::Person => "a person",
            Self::Number => "a phone number",
            Self::Flow => "another flow",
            Self::Menu => "a menu",
            Self::Return => "the flow that called this one",
            Self::Workflow => "the end of the workflow",
            Self::Disconnect => "a disconnect",
            Self::Error => "error handling",
            Self::Loop => "no end",
        }
    }

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Callback => "callback",
            Self::Voicemail => "voicemail",
            Self::Person => "person",
            Self::Number => "number",
            Self::Flow => "flow",
            Self::Menu => "menu",
            Self::Return => "return",
            Self::Workflow => "endWorkflow",
            Self::Disconnect => "disconnect",
            Self::Error => "error",
            Self::Loop => "loop",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    at: Position,
    stack: Vec<StepId>,
    known: Option<Arc<Known>>,
    heard: Heard,
    is_marked: bool,
    is_recorded: bool,
    has_callback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Position {
    Step(StepId),
    /// Behind the last action of this sequence.
    EndOf(SequenceId),
}

/// Walks every way from the failure of the Data Action `from`.
pub fn after_failure(chart: &Chart, from: StepId, fault: Fault) -> Ways {
    after(chart, from, fault.output(), Some(fault), None)
}

/// Walks the ways from the failure of the Data Action `from` that `known` variables allow.
pub fn after_failure_knowing(chart: &Chart, from: StepId, fault: Fault, known: &Known) -> Ways {
    after(chart, from, fault.output(), Some(fault), Some(Arc::new(known.clone())))
}

/// Walks every way from one output of an action; Data Actions on the way work or fail as they like.
pub fn after_output(chart: &Chart, from: StepId, output: &str) -> Ways {
    after(chart, from, output, None, None)
}

fn after(chart: &Chart, from: StepId, output: &str, fault: Option<Fault>, known: Option<Arc<Known>>) -> Ways {
    let step = chart.step(from);
    let start = match step.output(output).and_then(|output| output.first) {
        Some(first) => Position::Step(first),
        None => position(step, step.next),
    };
    walk(chart, start, fault, known)
}

/// Walks every way from the beginning of the flow, with Data Actions that work or fail as they like.
pub fn from_start(chart: &Chart) -> Ways {
    match chart.start {
        Start::At(id) => match entry(chart, id) {
            Some(start) => walk(chart, start, None, None),
            None => {
                let ways = chart
                    .sequence(id)
                    .choices
                    .iter()
                    .map(|choice| walk(chart, Position::Step(choice.step), None, None));
                ways.fold(Ways::default(), |mut all, ways| {
                    all.terminals.extend(ways.terminals);
                    all.asked.extend(ways.asked.iter());
                    all.passed.extend(ways.passed.iter());
                    all
                })
            }
        },
        Start::Nowhere => Ways::default(),
    }
}

fn walk(chart: &Chart, start: Position, fault: Option<Fault>, known: Option<Arc<Known>>) -> Ways {
    let mut ways = Ways::default();
    let first = State {
        at: start,
        stack: Vec::new(),
        known,
        heard: Heard::Nothing,
        is_marked: false,
        is_recorded: false,
        has_callback: false,
    };
    let mut seen = Seen { plain: vec![0; chart.steps.len() + chart.sequences.len()], ..Seen::default() };
    seen.insert(chart, &first);
    let mut open = vec![first];
    let mut next = Vec::new();
    while let Some(state) = open.pop() {
        match state.at {
            Position::Step(id) => perform(chart, id, &state, fault, &mut ways, &mut next),
            Position::EndOf(id) => leave(chart, id, "default", &state, &mut ways, &mut next),
        }
        for state in next.drain(..) {
            if seen.count >= STATES_MAX {
                ways.is_cut_short = true;
                return ways;
            }
            if seen.insert(chart, &state) {
                open.push(state);
            }
        }
    }
    ways
}

/// States that were visited. Most have no task to return to and know no variable; those are a bit each.
#[derive(Default)]
struct Seen {
    plain: Vec<u32>,
    others: BTreeSet<State>,
    count: usize,
}

impl Seen {
    /// Adds a state; false when it was there.
    fn insert(&mut self, chart: &Chart, state: &State) -> bool {
        let is_new = if state.stack.is_empty() && state.known.is_none() {
            let at = match state.at {
                Position::Step(id) => id.0,
                Position::EndOf(id) => chart.steps.len() + id.0,
            };
            let flags = [state.is_marked, state.is_recorded, state.has_callback];
            let bit = flags.iter().fold(state.heard as u32, |bits, flag| bits * 2 + u32::from(*flag));
            let is_new = self.plain[at] & (1 << bit) == 0;
            self.plain[at] |= 1 << bit;
            is_new
        } else {
            self.others.insert(state.clone())
        };
        self.count += usize::from(is_new);
        is_new
    }
}

/// One action: what it changes, and every place that it can lead to.
fn perform(chart: &Chart, id: StepId, before: &State, fault: Option<Fault>, ways: &mut Ways, next: &mut Vec<State>) {
    let step = chart.step(id);
    ways.passed.insert(id);
    let mut state = before.clone();
    match &step.class {
        Class::Say(_) | Class::Collect { .. } => state.heard = state.heard.max(step.heard()),
        Class::Attributes(pairs) => {
            state.is_marked |= pairs.iter().any(|(name, _)| is_mark(name));
            state.is_recorded = true;
        }
        Class::Record => state.is_recorded = true,
        Class::Callback => state.has_callback = true,
        Class::Ask(_) => {
            ways.asked.insert(id);
        }
        _ => {}
    }
    if let Some(known) = &mut state.known {
        if teaches(step, known) {
            learn(step, fault, Arc::make_mut(known));
        }
        if let Some(to) = chosen(step, known) {
            next.push(state.to(to));
            return;
        }
    }
    match &step.class {
        Class::Ask(_) => {
            if let Some(fault) = fault {
                let first = step.output(fault.output()).and_then(|output| output.first);
                next.push(state.to(first.map_or(position(step, step.next), Position::Step)));
                return;
            }
            every_output(step, &state, next);
        }
        Class::CallTask(Reference { target: Some(target), .. }, _) if state.stack.len() < STACK_MAX => {
            if let Some(at) = entry(chart, *target) {
                state.stack.push(id);
                next.push(state.to(at));
            }
        }
        Class::EndTask(path) => leave(chart, step.sequence, path, &state, ways, next),
        Class::Jump(Reference { target: Some(target), .. }) => {
            state.stack.clear();
            match entry(chart, *target) {
                Some(at) => next.push(state.to(at)),
                None => end(ways, End::Menu, Some((id, step)), &state),
            }
        }
        Class::LoopNext(Some(target)) => next.push(state.to(Position::Step(*target))),
        Class::LoopExit(Some(target)) => {
            let owner = chart.step(*target);
            next.push(state.to(position(owner, owner.next)));
        }
        Class::Transfer(transfer) => {
            let kind = match transfer.to {
                TransferTo::Queue | TransferTo::QueueFromMenu => End::Queue,
                TransferTo::Person => End::Person,
                TransferTo::Number => End::Number,
                TransferTo::Flow | TransferTo::SecureFlow => End::Flow,
                TransferTo::Voicemail => End::Voicemail,
            };
            end(ways, kind, Some((id, step)), &state);
        }
        Class::Disconnect if state.has_callback => end(ways, End::Callback, Some((id, step)), &state),
        Class::Disconnect => end(ways, End::Disconnect, Some((id, step)), &state),
        Class::End => end(ways, End::Workflow, Some((id, step)), &state),
        _ => every_output(step, &state, next),
    }
}

/// The one place that a condition leads to, when it is known.
fn chosen(step: &Step, known: &Known) -> Option<Position> {
    let Class::Branch(asked) = &step.class else { return None };
    let to = |output: Option<&crate::chart::Output>| {
        output.and_then(|output| output.first).map_or(position(step, step.next), Position::Step)
    };
    if step.keyword == "decision" {
        return match worth(asked, known) {
            Value::Boolean(true) => Some(to(step.output("yes"))),
            Value::Boolean(false) => Some(to(step.output("no"))),
            _ => None,
        };
    }
    let compared = match &asked.source {
        Source::NotSet => Value::Boolean(true),
        _ => worth(asked, known),
    };
    for output in step.outputs.iter().filter(|output| output.case.is_some()) {
        match (output.case.as_ref().map(|case| worth(case, known)), &compared) {
            (None | Some(Value::Unknown), _) | (_, Value::Unknown) => return None,
            (Some(value), compared) if value == *compared => return Some(to(Some(output))),
            _ => {}
        }
    }
    Some(to(step.output("default")))
}

/// Every output that is switched on, and what follows where control can go on behind the action.
fn every_output(step: &Step, state: &State, next: &mut Vec<State>) {
    let firsts = step.outputs.iter().filter_map(|output| output.first);
    next.extend(firsts.map(|first| state.to(Position::Step(first))));
    if step.goes_on() {
        next.push(state.to(position(step, step.next)));
    }
}

/// The end of a list, or of a called task: back to the caller, or the end of it all.
fn leave(chart: &Chart, id: SequenceId, path: &str, state: &State, ways: &mut Ways, next: &mut Vec<State>) {
    let mut state = state.clone();
    if let Some(caller) = state.stack.pop() {
        next.push(state.to(behind(chart, caller, path)));
        return;
    }
    // The walk may have begun inside a called task: then every caller may be the one.
    let callers: Vec<StepId> = chart
        .numbered()
        .filter(|(_, step)| matches!(step.class, Class::CallTask(Reference { target: Some(target), .. }, _) if target == id))
        .map(|(caller, _)| caller)
        .collect();
    for caller in &callers {
        next.push(state.to(behind(chart, *caller, path)));
    }
    if callers.is_empty() {
        let sequence = chart.sequence(id);
        let kind = match (&chart.kind, sequence.kind) {
            // The menu is said again.
            (_, SequenceKind::Menu) => End::Menu,
            // The list begins again for as long as the caller waits.
            (FlowKind::Call(CallKind::InQueue), SequenceKind::StartUp) => End::Queue,
            (FlowKind::Workflow(_) | FlowKind::Bot(_), _) => End::Workflow,
            (FlowKind::CommonModule, _) => End::Return,
            _ if matches!(chart.on_error.handling, Handling::Queue(_)) => End::Queue,
            _ => {
                state.heard = state.heard.max(heard(&chart.on_error.audio));
                End::Error
            }
        };
        ways.terminals.insert(Terminal {
            end: kind,
            step: None,
            at: sequence.at,
            heard: state.heard,
            is_marked: state.is_marked,
            is_recorded: state.is_recorded,
        });
    }
}

/// Behind a called task that ended by `path`.
fn behind(chart: &Chart, caller: StepId, path: &str) -> Position {
    let step = chart.step(caller);
    let first = step.output(path).and_then(|output| output.first);
    first.map_or(position(step, step.next), Position::Step)
}

fn end(ways: &mut Ways, end: End, step: Option<(StepId, &Step)>, state: &State) {
    let at = step.map(|(_, step)| step.at).unwrap_or_default();
    ways.terminals.insert(Terminal {
        end,
        step: step.map(|(id, _)| id),
        at,
        heard: state.heard,
        is_marked: state.is_marked,
        is_recorded: state.is_recorded,
    });
}

/// Where a sequence begins; none for a menu, where the other side chooses.
fn entry(chart: &Chart, id: SequenceId) -> Option<Position> {
    let sequence = chart.sequence(id);
    match (sequence.kind, sequence.first) {
        (SequenceKind::Menu, _) => None,
        (_, Some(first)) => Some(Position::Step(first)),
        (_, None) => Some(Position::EndOf(id)),
    }
}

fn position(step: &Step, next: Next) -> Position {
    match next {
        Next::Step(id) | Next::Again(id) => Position::Step(id),
        Next::End => Position::EndOf(step.sequence),
    }
}

/// True for the name of the attribute that marks an interaction.
pub(crate) fn is_mark(name: &Input) -> bool {
    match &name.source {
        Source::Literal(value) => value.to_text().is_some_and(|text| text.eq_ignore_ascii_case(MARK)),
        _ => false,
    }
}

impl State {
    fn to(&self, at: Position) -> Self {
        Self { at, ..self.clone() }
    }
}

impl Fault {
    /// The output that it takes.
    pub const fn output(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Timeout => "timeout",
        }
    }
}
