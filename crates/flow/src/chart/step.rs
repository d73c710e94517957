//! Actions: what they do, what can follow them.

use std::time::Duration;

use super::heard::{Heard, heard};
use super::{Reference, SequenceId, Statement, StepId};
use crate::expr::Expr;
use crate::input::{Input, Source};
use crate::problem::Place;

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
    /// What walks ask of it again and again.
    pub(crate) kept: Kept,
}

/// What follows from an action's other fields, found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    goes_on: bool,
    heard: Heard,
}

impl Default for Kept {
    fn default() -> Self {
        Self { goes_on: true, heard: Heard::Nothing }
    }
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

impl Step {
    /// The keyword, and the name in quotes where there is one.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} \"{name}\"", self.keyword),
            None => self.keyword.clone(),
        }
    }

    /// The same with the number that Architect shows, where there is one.
    pub fn numbered_label(&self) -> String {
        match self.tracking {
            Some(number) => format!("{} #{number}", self.label()),
            None => self.label(),
        }
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// True when control can go on behind this action: it has no outputs, or one that it may take has no actions.
    pub fn goes_on(&self) -> bool {
        self.kept.goes_on
    }

    /// How much is heard when it says something or asks for an entry.
    pub fn heard(&self) -> Heard {
        self.kept.heard
    }

    /// Finds what is kept; when everything else has been read.
    pub(super) fn keep(&mut self) {
        let heard = match &self.class {
            Class::Say(says) | Class::Collect { says, .. } => heard(says),
            _ => Heard::Nothing,
        };
        self.kept = Kept { goes_on: self.can_go_on(), heard };
    }

    fn can_go_on(&self) -> bool {
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
