//! A flow as a graph: tasks and menus own lists, lists hold actions, actions own lists.
//!
//! Lists and actions live in two arenas and refer to each other by number, so that a run can point
//! at "the third action of this list" without borrowing, and a walk over all actions is a loop.

use std::time::Duration;

use crate::expr::Expr;
use crate::problem::{Place, Problems};
use crate::value::Value;

/// An inbound call flow, read and resolved: every reference in it leads somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// What the caller hears first.
    pub greeting: Option<Input>,
    /// Variables of the whole flow.
    pub variables: Vec<Variable>,
    /// Where it begins.
    pub start: Entry,
    /// What happens after an error of the flow.
    pub error_handling: ErrorHandling,
    /// What plays before that; the platform's own sentence when absent.
    pub error_audio: Option<Input>,
    /// How menus behave.
    pub menu_settings: MenuSettings,
    pub(crate) tasks: Vec<Task>,
    pub(crate) menus: Vec<Menu>,
    pub(crate) actions: Vec<Action>,
    pub(crate) lists: Vec<Vec<ActionId>>,
}

/// The number of a task in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) usize);

/// The number of a menu in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MenuId(pub(crate) usize);

/// The number of an action in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub(crate) usize);

/// The number of a list of actions in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub(crate) usize);

impl ListId {
    /// The list without actions: what a missing, empty or disabled output leads to.
    pub const EMPTY: Self = Self(0);
}

/// Where control can go without coming back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A task.
    Task(TaskId),
    /// A menu.
    Menu(MenuId),
}

/// A named list of actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Where it is written.
    pub at: Place,
    /// Its name.
    pub name: String,
    /// The name that references use.
    pub ref_id: String,
    /// Its own variables, set anew each time it is entered.
    pub variables: Vec<Variable>,
    /// What it does.
    pub body: ListId,
}

/// Choices that a caller makes by a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// Where it is written.
    pub at: Place,
    /// Its name.
    pub name: String,
    /// The name that references use.
    pub ref_id: String,
    /// What the caller hears.
    pub audio: Input,
    /// The choices, in order.
    pub choices: Vec<Choice>,
}

/// One choice of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The key: a digit, `*` or `#`; none when it is chosen by voice only.
    pub key: Option<char>,
    /// What it does.
    pub body: ListId,
}

/// How menus wait for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuSettings {
    /// How long the caller may think.
    pub selection_timeout: Duration,
    /// How often a menu is said again before it gives up.
    pub repeats: u32,
}

/// A declared variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Name with scope, as written.
    pub name: String,
    /// What it may hold.
    pub kind: Kind,
    /// What it holds first.
    pub initial: Input,
}

/// What a variable may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A span of time.
    Duration,
    /// A queue.
    Queue,
    /// Anything else; values are kept as they come.
    Other,
}

/// A place for a value in an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Where it is written; the owner's place when it is left out.
    pub at: Place,
    /// What it is.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Left out, or `noValue: true`.
    NotSet,
    /// Written out.
    Literal(Value),
    /// Computed.
    Expression(Expr),
}

/// What follows an error of the flow.
#[derive(Clone, Debug, PartialEq)]
pub enum ErrorHandling {
    /// The call ends; the platform's default.
    Disconnect,
    /// The call goes to a queue.
    Queue(Input),
    /// The call goes on in a task or menu.
    Jump(Entry),
}

/// One step of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Where it is written.
    pub at: Place,
    /// The keyword that says what it is: `callData`, `decision`, …
    pub keyword: String,
    /// The name that the author gave it.
    pub name: Option<String>,
    /// What it does.
    pub kind: ActionKind,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// Assigns variables.
    UpdateData(Vec<Statement>),
    /// Branches on a condition.
    Decision {
        /// The question.
        condition: Input,
        /// When it holds.
        yes: ListId,
        /// When it does not.
        no: ListId,
    },
    /// Takes the first case whose condition holds.
    SwitchFirstTrue {
        /// Conditions, in order.
        cases: Vec<Case>,
        /// When none holds.
        default: ListId,
    },
    /// Takes the first case that equals a value.
    SwitchFirstMatch {
        /// The value.
        value: Input,
        /// What it is compared with, in order.
        cases: Vec<Case>,
        /// When none is equal.
        default: ListId,
    },
    /// Plays to the caller.
    PlayAudio(Input),
    /// Writes participant data: name and value.
    SetParticipantData(Vec<(Input, Input)>),
    /// Reads participant data: name, and the variable it goes to.
    GetParticipantData(Vec<(Input, String)>),
    /// Asks another system.
    CallData(Box<CallData>),
    /// Runs a task and comes back.
    CallTask {
        /// The task.
        task: TaskId,
        /// The task's variables that are set on entry.
        inputs: Vec<(String, Input)>,
        /// What follows each of the task's output paths.
        outputs: Vec<(String, ListId)>,
    },
    /// Ends a called task by an output path.
    EndTask {
        /// The path; `default` unless named.
        path: String,
    },
    /// Goes to a task or menu and does not come back.
    Jump(Entry),
    /// Repeats a list.
    Loop {
        /// The variable that counts from 0.
        index: Option<String>,
        /// How often.
        count: Input,
        /// What is repeated.
        body: ListId,
    },
    /// Goes on with the next round of the innermost loop.
    LoopNext,
    /// Leaves the innermost loop.
    LoopExit,
    /// Hands the caller to a queue.
    TransferToAcd(Box<Transfer>),
    /// Ends the call.
    Disconnect,
    /// An action that this reader does not know. A run passes over it.
    Opaque {
        /// Its outputs, so that nothing inside is lost to a walk over the flow.
        outputs: Vec<(String, ListId)>,
    },
}

/// One case of a switch.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The condition, or the value to compare with.
    pub value: Input,
    /// What it does.
    pub body: ListId,
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

/// A Data Action that the flow calls.
#[derive(Clone, Debug, PartialEq)]
pub struct CallData {
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
    /// The flow's own time limit; the action's applies when it is not set.
    pub timeout: Input,
    /// True when a recording covers the wait.
    pub has_processing_prompt: bool,
    /// After an answer.
    pub success: ListId,
    /// After a failure.
    pub failure: ListId,
    /// After silence.
    pub timeout_path: ListId,
}

/// A transfer to a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The queue.
    pub queue: Input,
    /// How important the call is; 0 unless set.
    pub priority: Input,
    /// What plays before.
    pub pre_audio: Input,
    /// What plays when it fails.
    pub failure_audio: Input,
    /// After a failure.
    pub failure: ListId,
}

impl Flow {
    /// Reads Archy YAML.
    ///
    /// # Errors
    /// Everything that is wrong with the text, each with its place and what to do.
    ///
    /// ```
    /// let yaml = "
    /// inboundCall:
    ///   name: Front door
    ///   startUpRef: ./tasks/task[main]
    ///   tasks:
    ///     - task:
    ///         name: Main
    ///         refId: main
    ///         actions:
    ///           - transferToAcd:
    ///               targetQueue: { lit: { name: Support } }
    /// ";
    /// assert_eq!(flow::Flow::parse(yaml).unwrap().name, "Front door");
    /// let problems = flow::Flow::parse("inboundCall: {}").unwrap_err();
    /// assert_eq!(problems.iter().count(), 2); // neither a name nor a place to begin
    /// ```
    pub fn parse(text: &str) -> Result<Self, Problems> {
        crate::archy::read(text)
    }

    /// The tasks in the order of the file.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter()
    }

    /// The menus in the order of the file.
    pub fn menus(&self) -> impl Iterator<Item = &Menu> {
        self.menus.iter()
    }

    /// Every action of the flow, an owner after what it owns.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter()
    }

    /// A task of this flow.
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.0]
    }

    /// A menu of this flow.
    pub fn menu(&self, id: MenuId) -> &Menu {
        &self.menus[id.0]
    }

    /// An action of this flow.
    pub fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.0]
    }

    /// The actions of a list of this flow.
    pub fn list(&self, id: ListId) -> &[ActionId] {
        &self.lists[id.0]
    }
}

impl Input {
    /// An input that was left out.
    pub(crate) const fn not_set(at: Place) -> Self {
        Self { at, source: Source::NotSet }
    }

    /// True when a value or an expression is written.
    pub fn is_set(&self) -> bool {
        self.source != Source::NotSet
    }
}

impl Kind {
    /// Makes `value` fit a variable of this kind.
    ///
    /// # Errors
    /// When it cannot; a fragment that fits after "failed to".
    pub fn fit(self, value: Value) -> Result<Value, String> {
        let fitted = match (self, value) {
            (_, value @ (Value::NotSet | Value::Unknown)) | (Self::Other, value) => value,
            (Self::String, value) => Value::String(value.to_text().unwrap_or_default()),
            (Self::Decimal, Value::Integer(number)) => Value::Decimal(number as f64),
            (Self::Queue, Value::String(name)) => Value::Queue(name),
            (Self::Integer, value @ Value::Integer(_))
            | (Self::Decimal, value @ Value::Decimal(_))
            | (Self::Boolean, value @ Value::Boolean(_))
            | (Self::Duration, value @ Value::Duration(_))
            | (Self::Queue, value @ Value::Queue(_)) => value,
            (kind, value) => return Err(format!("store a {} in a variable for a {kind:?}", value.kind())),
        };
        Ok(fitted)
    }
}
