//! A flow as a chart: every action, and where control can go from it.
//!
//! A chart is what a lint needs and an execution does not: it takes every type of flow, keeps actions that it does not
//! know, keeps references that lead nowhere, and has for every action the one that follows when nothing else is said.
//! That is how the platform itself stores a flow: what looks nested in Archy is, when it runs, a list of actions that
//! name their successors. An output without actions therefore leads to what follows its owner, and so does the end of
//! an output's last action.

mod archy;
mod export;
mod template;
mod values;

use std::time::Duration;

use crate::expr::Expr;
use crate::input::{Input, Kind, Source};
use crate::problem::{Place, Problem, Problems};
use crate::value::Value;

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

/// What type of flow it is; by the file's one top-level key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// A caller comes in, goes out, waits in a queue, or gives a secret.
    Call(CallKind),
    /// A chat or a message.
    Digital(String),
    /// An e-mail.
    Email,
    /// A bot, by voice or in text.
    Bot(String),
    /// Nobody is on the line.
    Workflow(String),
    /// A part that other flows call.
    CommonModule,
    /// A type that this reader does not know.
    Other(String),
}

/// What kind of call a call flow handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `inboundCall`
    Inbound,
    /// `outboundCall`
    Outbound,
    /// `inqueueCall`
    InQueue,
    /// `secureCall`
    Secure,
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

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it is written.
    pub at: Place,
    /// Its keyword, as Archy has it: `callData`, `decision`, `menuTransferToAcd`.
    pub keyword: String,
    /// The author's name for it.
    pub name: Option<String>,
    /// The number that Architect shows beside it; only exports have it.
    pub tracking: Option<u32>,
    /// The sequence that holds it.
    pub sequence: SequenceId,
    /// The action in whose output it is, and the index of that output.
    pub owner: Option<(StepId, usize)>,
    /// What follows when no output says otherwise.
    pub next: Next,
    /// Its outputs, as written.
    pub outputs: Vec<Output>,
    /// What it does.
    pub class: Class,
    /// Variables that it assigns, other than by [`Class::Assign`].
    pub writes: Vec<String>,
    /// Every expression in it, outside of its outputs.
    pub expressions: Vec<(Place, Expr)>,
    /// Every literal text in it, outside of its outputs.
    pub literals: Vec<(Place, String)>,
}

/// What follows an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another action.
    Step(StepId),
    /// The loop whose body has ended, for its next round.
    Again(StepId),
    /// The end of the sequence.
    End,
}

/// One output of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its name: `success`, `failure`, `timeout`, `yes`, `no`, `found`, `notFound`, `default`, `case 1`…
    pub name: String,
    /// Where it is written.
    pub at: Place,
    /// Its first action; none when it has no actions or is disabled.
    pub first: Option<StepId>,
    /// False when it was switched off.
    pub is_enabled: bool,
    /// True when actions are written in it, even when it is switched off.
    pub has_actions: bool,
    /// The condition or value of a case.
    pub case: Option<Input>,
}

/// What an action does, as far as it matters for where the caller ends up.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// Assigns variables.
    Assign(Vec<Statement>),
    /// Branches; what a decision asks, or what a switch compares.
    Branch(Input),
    /// Plays or writes something to the other side.
    Say(Input),
    /// Writes participant data: names and values.
    Attributes(Vec<(Input, Input)>),
    /// Reads participant data: name, and the variable it goes to.
    ReadAttributes(Vec<(Input, String)>),
    /// Asks another system.
    Ask(Box<Ask>),
    /// Reads a data table; the key.
    Lookup {
        /// The table's name.
        table: String,
        /// What is looked up.
        key: Input,
        /// Which column goes to which variable.
        found: Vec<(String, String)>,
    },
    /// Finds a queue, a user, a schedule: local, but may not find it.
    Find,
    /// Asks the other side for an entry.
    Collect {
        /// What is said.
        says: Input,
        /// The fewest and the most digits, where it is digits that are asked for.
        digits: Option<(u32, u32)>,
        /// The variable that holds the entry.
        into: Option<String>,
    },
    /// Runs a task and comes back; the task's variables that are set on entry.
    CallTask(Reference, Vec<(String, Input)>),
    /// Ends a called task by this output.
    EndTask(String),
    /// Goes elsewhere and does not come back.
    Jump(Reference),
    /// Repeats an output.
    Loop {
        /// The variable that counts from 0.
        index: Option<String>,
        /// How often.
        count: Input,
    },
    /// Goes on with the next round of the innermost loop.
    LoopNext(Option<StepId>),
    /// Leaves the innermost loop.
    LoopExit(Option<StepId>),
    /// Hands the other side over.
    Transfer(Transfer),
    /// Creates a callback.
    Callback,
    /// Cuts the other side off.
    Disconnect,
    /// Ends the flow where nobody is cut off; the keyword says how.
    End,
    /// Waits for this long.
    Wait(Input),
    /// Calls something that is not in this file; its name.
    CallOther(String),
    /// Tells somebody outside: a notification, a conversation attribute.
    Record,
    /// A choice of a menu that holds a list of actions.
    Choice,
    /// Anything else that is known and changes nothing about the way.
    Known,
    /// An action that this reader does not know. Its outputs are kept, and it does not end anything.
    Opaque,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// To what.
    pub to: TransferTo,
    /// The queue, number or flow.
    pub target: Input,
    /// How important the interaction is.
    pub priority: Input,
    /// What plays before.
    pub pre_audio: Input,
    /// What plays when it fails.
    pub failure_audio: Input,
}

/// What a transfer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferTo {
    /// A queue.
    Queue,
    /// A queue, from a menu: without a failure output.
    QueueFromMenu,
    /// A person or a group.
    Person,
    /// A phone number.
    Number,
    /// Another flow.
    Flow,
    /// A secure flow.
    SecureFlow,
    /// A mailbox.
    Voicemail,
}

/// A Data Action that a flow calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The integration's category.
    pub category: String,
    /// The action's name.
    pub action: String,
    /// What it is given.
    pub inputs: Vec<(String, Input)>,
    /// Which output goes to which variable.
    pub success_outputs: Vec<(String, String)>,
    /// Which detail of a failure goes to which variable.
    pub failure_outputs: Vec<(String, String)>,
    /// The flow's own time limit, where it is written out.
    pub timeout: Option<Duration>,
    /// The flow's own time limit as it is written.
    pub limit: Input,
    /// True when a recording covers the wait.
    pub has_processing_prompt: bool,
}

impl Ask {
    /// True when a time limit is written that only a run could know.
    pub fn has_computed_timeout(&self) -> bool {
        matches!(self.limit.source, Source::Expression(_))
    }
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
        archy::read(text, substitutions)
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

    /// Where a step is, in words: sequence, owners and outputs, the step.
    pub fn path(&self, id: StepId) -> String {
        let mut parts = vec![self.step(id).label()];
        let mut owner = self.step(id).owner;
        while let Some((step, output)) = owner {
            parts.push(self.step(step).outputs.get(output).map_or_else(String::new, |output| output.name.clone()));
            parts.push(self.step(step).label());
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

impl Step {
    /// The keyword, the name in quotes and the number, as far as there are any.
    pub fn label(&self) -> String {
        let mut label = self.keyword.clone();
        if let Some(name) = &self.name {
            label.push_str(&format!(" \"{name}\""));
        }
        if let Some(number) = self.tracking {
            label.push_str(&format!(" #{number}"));
        }
        label
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// True when control can go on behind this action: it has no outputs, or one that it may take has no actions.
    pub fn goes_on(&self) -> bool {
        let expected: &[&str] = match &self.class {
            Class::Ask(_) => &["success", "failure", "timeout"],
            Class::Branch(_) if self.keyword == "decision" => &["yes", "no"],
            Class::Branch(_) => &["default"],
            Class::Lookup { .. } => &["found", "notFound", "failure"],
            Class::Transfer(_) => &["failure"],
            Class::Disconnect | Class::End | Class::EndTask(_) | Class::Jump(_) => return false,
            Class::LoopNext(_) | Class::LoopExit(_) => return false,
            // A loop ends, a task returns, and of the others it is not known which outputs they have.
            _ => return true,
        };
        let is_missing = |name: &&str| self.output(name).is_none();
        expected.iter().any(is_missing) || self.outputs.iter().any(|output| output.first.is_none())
    }

    /// True when the output of this name leads to an action of its own.
    pub fn handles(&self, name: &str) -> bool {
        self.output(name).is_some_and(|output| output.first.is_some())
    }
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

impl FlowKind {
    /// The type that a top-level key names.
    pub fn of(key: &str) -> Self {
        match key {
            "inboundCall" => Self::Call(CallKind::Inbound),
            "outboundCall" => Self::Call(CallKind::Outbound),
            "inqueueCall" => Self::Call(CallKind::InQueue),
            "secureCall" => Self::Call(CallKind::Secure),
            "inboundChat" | "inboundShortMessage" => Self::Digital(key.to_owned()),
            "inboundEmail" => Self::Email,
            "botFlow" | "digitalBot" | "voiceSurvey" => Self::Bot(key.to_owned()),
            "workflow" | "workitem" | "surveyInvite" => Self::Workflow(key.to_owned()),
            "commonModule" => Self::CommonModule,
            _ => Self::Other(key.to_owned()),
        }
    }

    /// The file's top-level key.
    pub fn key(&self) -> &str {
        match self {
            Self::Call(CallKind::Inbound) => "inboundCall",
            Self::Call(CallKind::Outbound) => "outboundCall",
            Self::Call(CallKind::InQueue) => "inqueueCall",
            Self::Call(CallKind::Secure) => "secureCall",
            Self::Email => "inboundEmail",
            Self::CommonModule => "commonModule",
            Self::Digital(key) | Self::Bot(key) | Self::Workflow(key) | Self::Other(key) => key,
        }
    }

    /// Somebody listens, and silence is heard.
    pub const fn has_caller(&self) -> bool {
        matches!(self, Self::Call(_))
    }

    /// Somebody waits for an answer, by voice or in text.
    pub const fn has_customer(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Digital(_) | Self::Email)
    }
}

/// How much is heard when something is played or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heard {
    /// Nothing at all.
    Nothing,
    /// Something, but fewer than three words.
    Word,
    /// A sentence, a recording, or what only a run could know.
    Sentence,
}

/// Words that make a sentence.
const SENTENCE_WORDS: usize = 3;

/// How much of an input is heard.
pub fn heard(input: &Input) -> Heard {
    match &input.source {
        Source::NotSet => Heard::Nothing,
        Source::Literal(value) => match value {
            Value::Audio(audio) if !audio.is_audible() => Heard::Nothing,
            Value::Audio(audio) => audio.0.iter().map(heard_of_sound).max().unwrap_or(Heard::Nothing),
            value => value.to_text().map_or(Heard::Nothing, |text| heard_of_text(&text)),
        },
        Source::Expression(expr) => heard_of(expr),
    }
}

fn heard_of_sound(sound: &crate::value::Sound) -> Heard {
    match sound {
        crate::value::Sound::Speech(text) => heard_of_text(text),
        crate::value::Sound::Prompt(_) => Heard::Sentence,
        crate::value::Sound::Blank(_) => Heard::Nothing,
    }
}

fn heard_of_text(text: &str) -> Heard {
    match text.split_whitespace().count() {
        0 => Heard::Nothing,
        words if words < SENTENCE_WORDS => Heard::Word,
        _ => Heard::Sentence,
    }
}

fn heard_of(expr: &Expr) -> Heard {
    use crate::expr::Literal;
    match expr {
        Expr::Literal(Literal::String(text)) => heard_of_text(text),
        Expr::Literal(_) => Heard::Nothing,
        Expr::Call(name, _) if name.eq_ignore_ascii_case("ToAudioBlank") => Heard::Nothing,
        // The second argument is an option, no sound.
        Expr::Call(name, arguments) if name.eq_ignore_ascii_case("AudioPlaybackOptions") => {
            arguments.first().map_or(Heard::Nothing, heard_of)
        }
        Expr::Call(name, arguments) if is_put_together(name) => {
            let parts: Vec<Heard> = arguments.iter().map(heard_of).collect();
            let said = parts.iter().filter(|part| **part != Heard::Nothing).count();
            // Several short parts make a sentence between them.
            if said >= SENTENCE_WORDS { Heard::Sentence } else { parts.into_iter().max().unwrap_or(Heard::Nothing) }
        }
        _ => Heard::Sentence,
    }
}

fn is_put_together(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "append",
        "makelist",
        "toaudiotts",
        "tocommunication",
        "makecommunication",
        "toaudio",
        "trim",
        "tostring",
        "todisplaystring",
    ];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}
