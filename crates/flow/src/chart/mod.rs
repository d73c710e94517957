//! A flow as a chart: every action, and where control can go from it.
//!
//! A chart is what a lint needs and an execution does not: it takes every type of flow, keeps actions that it does not
//! know, keeps references that lead nowhere, and has for every action the one that follows when nothing else is said.
//! That is how the platform itself stores a flow: what looks nested in Archy is, when it runs, a list of actions that
//! name their successors. An output without actions therefore leads to what follows its owner, and so does the end of
//! an output's last action.

mod archy;
mod export;
mod heard;
mod kind;
mod set;
mod step;
mod template;
mod values;

use std::time::Duration;

use crate::input::{Input, Kind, Source};
use crate::problem::{Place, Problem, Problems};

pub use heard::{Heard, heard};
pub use kind::{CallKind, FlowKind};
pub use set::StepSet;
pub use step::{Ask, Class, Next, Output, Step, Transfer, TransferTo};
pub use template::Substitutions;

/// A flow, as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What type of flow it is.
    pub kind: FlowKind,
    /// Its name; empty when it has none.
    pub name: String,
    /// Where its first line is.
    pub at: Place,
    /// Where its settings begin.
    pub body_at: Place,
    /// Where it begins.
    pub start: Start,
    /// The reference that says so, where there is one.
    pub start_reference: Option<Reference>,
    /// What plays before anything else.
    pub greeting: Option<Input>,
    /// Its tasks, menus, states and bots, in the order of the file; the start-up list of an in-queue flow or common
    /// module is the first.
    pub sequences: Vec<Sequence>,
    /// Its actions; an action comes before those of its outputs.
    pub steps: Vec<Step>,
    /// Variables of the flow.
    pub variables: Vec<Declared>,
    /// What happens after an error of the flow.
    pub on_error: OnError,
    /// How menus behave.
    pub menu_settings: MenuSettings,
    /// What is wrong with it, without making it unreadable: expressions that do not parse, keys that occur twice.
    pub problems: Vec<Problem>,
    /// Template parameters that were not given a value, with the place of the first use.
    pub unsubstituted: Vec<(String, Place)>,
}

/// How menus wait for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuSettings {
    /// How long the caller may think.
    pub selection_timeout: Duration,
    /// How often a menu is said again before it gives up.
    pub repeats: u32,
}

/// A reference to a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is written.
    pub at: Place,
    /// As it is written.
    pub text: String,
    /// Where it leads; none when it leads nowhere.
    pub target: Option<SequenceId>,
}

/// A choice of a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The key: a digit, `*` or `#`; none when it is chosen by voice only.
    pub key: Option<char>,
    /// What it does.
    pub step: StepId,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The variable with its scope.
    pub variable: String,
    /// What it may hold.
    pub kind: Kind,
    /// What it gets.
    pub value: Input,
}

/// Where a flow begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// In this sequence.
    At(SequenceId),
    /// Nowhere: the reference leads to nothing.
    Nowhere,
}

/// The number of a sequence in its chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId(pub(crate) usize);

/// The number of an action in its chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub(crate) usize);

impl StepId {
    /// No action: something that the caller does.
    pub(crate) const NONE: Self = Self(usize::MAX);

    /// True when this is an action of a chart.
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
}

/// A named list of actions, or the choices of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// What it is.
    pub kind: SequenceKind,
    /// Where it is written.
    pub at: Place,
    /// Its name.
    pub name: String,
    /// The name that references use.
    pub ref_id: String,
    /// Its first action; none when it is empty, and none for a menu.
    pub first: Option<StepId>,
    /// The choices of a menu, in order.
    pub choices: Vec<Choice>,
    /// What a menu says.
    pub audio: Input,
    /// Its own variables.
    pub variables: Vec<Declared>,
}

/// What a sequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceKind {
    /// What an in-queue flow or a common module begins with.
    StartUp,
    /// A reusable task.
    Task,
    /// A menu.
    Menu,
    /// A state.
    State,
    /// A bot's dialogue.
    Bot,
}

/// A declared variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its name with its scope.
    pub name: String,
    /// Where it is declared.
    pub at: Place,
    /// What it may hold.
    pub kind: Kind,
    /// What it holds first.
    pub initial: Input,
    /// True when whoever starts the flow gives it a value.
    pub is_input: bool,
}

impl Declared {
    /// True when it holds something from the start.
    pub fn has_initial(&self) -> bool {
        self.is_input || !matches!(self.initial.source, Source::NotSet)
    }
}

/// What follows an error of the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct OnError {
    /// Where it is written; the flow's place when nothing is.
    pub at: Place,
    /// What is done.
    pub handling: Handling,
    /// What is played before.
    pub audio: Input,
    /// True when the author chose to play nothing before.
    pub says_nothing: bool,
}

/// What is done after an error of the flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Handling {
    /// Nothing is written: the platform says a sentence and disconnects.
    Default,
    /// The interaction ends; the keyword says how: `disconnect`, `exit`, `endWorkflow`.
    End(String),
    /// The caller goes to this queue.
    Queue(Input),
    /// Control goes to a task or menu.
    Jump(Reference),
}

impl Chart {
    /// Reads Archy YAML, with or without template parameters, or an export of Architect.
    ///
    /// # Errors
    /// When the text is no YAML, or no flow at all. What is wrong inside a flow is in [`Chart::problems`].
    ///
    /// ```
    /// use flow::chart::{Chart, Substitutions};
    /// let yaml = "workflow:\n  name: Nightly {{region}}\n  startUpRef: ./states/state[a]\n  states:\n    - state: { name: A, refId: a, actions: [ { endWorkflow: { name: End } } ] }\n";
    /// let chart = Chart::read(yaml, &Substitutions::default()).unwrap();
    /// assert_eq!(chart.steps[0].keyword, "endWorkflow");
    /// assert_eq!(chart.unsubstituted[0].0, "region");
    /// ```
    pub fn read(text: &str, substitutions: &Substitutions) -> Result<Self, Problems> {
        archy::read(text, Some(substitutions))
    }

    /// Reads a file that is no template: what looks like a parameter is text.
    pub(crate) fn read_plain(text: &str) -> Result<Self, Problems> {
        archy::read(text, None)
    }

    /// One of its actions.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0]
    }

    /// One of its sequences.
    pub fn sequence(&self, id: SequenceId) -> &Sequence {
        &self.sequences[id.0]
    }

    /// All actions with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepId(index), step))
    }

    /// The Data Actions that it calls.
    pub fn asks(&self) -> impl Iterator<Item = (StepId, &Step, &Ask)> {
        self.numbered().filter_map(|(id, step)| match &step.class {
            Class::Ask(ask) => Some((id, step, &**ask)),
            _ => None,
        })
    }

    /// The sequence to which a reference such as `./tasks/task[id]` leads.
    pub fn find(&self, reference: &str) -> Option<SequenceId> {
        find(&self.sequences, reference)
    }

    /// Where to find something: the action's line, or in an export, which has no lines, its number in Architect.
    pub fn place(&self, step: Option<StepId>, at: Place) -> String {
        match step.and_then(|id| self.step(id).tracking) {
            Some(number) => format!("#{number}"),
            None => format!("line {}", at.line),
        }
    }

    /// Where a step is, in words: sequence, owners and outputs, the step.
    pub fn path(&self, id: StepId) -> String {
        let mut parts = vec![self.step(id).numbered_label()];
        let mut owner = self.step(id).owner;
        while let Some((step, output)) = owner {
            parts.push(self.step(step).outputs.get(output).map_or_else(String::new, |output| output.name.clone()));
            parts.push(self.step(step).numbered_label());
            owner = self.step(step).owner;
        }
        let sequence = self.sequence(self.step(id).sequence);
        parts.push(format!("{} \"{}\"", sequence.kind.word(), sequence.name));
        parts.reverse();
        parts.join(" > ")
    }
}

fn find(sequences: &[Sequence], reference: &str) -> Option<SequenceId> {
    let (path, id) = reference.strip_suffix(']')?.split_once('[')?;
    let kind = path.rsplit('/').next()?;
    let is_it = |sequence: &Sequence| sequence.kind.word() == kind && sequence.ref_id == id;
    sequences.iter().position(is_it).map(SequenceId)
}

impl SequenceKind {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::StartUp => "start",
            Self::Task => "task",
            Self::Menu => "menu",
            Self::State => "state",
            Self::Bot => "bot",
        }
    }
}
