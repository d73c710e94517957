//! A flow, executed for one caller, one step at a time.
//!
//! The rules, as far as the platform states them and otherwise by the safe reading:
//! - A list runs in order. An output's list that ends without a terminal action falls through to
//!   the action after its owner. A missing output is an empty list.
//! - A task that ends without a terminal action returns to its caller; without a caller that is an
//!   error of the flow. A workflow ends there; a caller in a queue goes on waiting.
//! - What only the outside can know (an entry, a table, a schedule, a condition over what nobody
//!   supplied) is asked of the shell, which may try every answer.
//! - An error of an expression is an error of the flow and goes to the flow's error handling; an
//!   error inside error handling ends the call in silence.
//! - A run has [`ACTIONS_MAX`] actions, and [`ACTIONS_MAX_IN_ERROR`] more once error handling began.
//! - A data action that fails leaves its success variables as they were.

mod machine;
mod timeline;
mod variables;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::chart::{SequenceId, StepId, TransferTo};
use crate::problem::Place;
use crate::value::{Audio, Value};

pub use machine::Run;

/// The most actions of one run before error handling starts.
pub const ACTIONS_MAX: u32 = 10_000;

/// How many more actions a run has once error handling began.
pub const ACTIONS_MAX_IN_ERROR: u32 = 1_000;

/// What is assumed where the platform says nothing, or where only the caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long the recording lasts that covers the wait for a data action.
    pub processing_prompt: Duration,
    /// True when all participant data is known: what nobody wrote is not set. Otherwise it cannot be known, because
    /// whoever had the call before may have written it.
    pub knows_participant_data: bool,
    /// What time it is when the flow begins, where that matters.
    pub now: Option<Timestamp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { processing_prompt: Duration::from_secs(60), knows_participant_data: true, now: None }
    }
}

/// What one caller brings: system variables such as `Call.Ani`, by their full name.
pub type Inputs = BTreeMap<String, Value>;

/// What the flow wants next. [`Run::resume`] takes the matching [`Answer`].
#[must_use = "a flow goes on only when its step is carried out and answered"]
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask another system; answer with [`Answer::Data`].
    CallData(Ask),
    /// Play to the caller; answer with [`Answer::Played`].
    Play(Playback),
    /// Wait for a key; answer with [`Answer::Key`].
    Choose {
        /// Keys that mean something here.
        keys: Vec<char>,
        /// How long to wait.
        timeout: Duration,
    },
    /// Collect digits; answer with [`Answer::Entered`] or [`Answer::EnteredSomething`].
    Collect {
        /// The fewest and the most digits, where the flow says.
        digits: Option<(u32, u32)>,
    },
    /// Take one of several ways, which only the outside can know; answer with [`Answer::Took`].
    Branch(Question),
    /// Let time pass; answer with [`Answer::Waited`].
    Wait(Duration),
    /// Hand the caller to a queue; answer with [`Answer::Transferred`] or [`Answer::TransferFailed`].
    Transfer(Destination),
    /// The flow is over for this caller.
    End(Outcome),
}

/// A question to another system.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The action that asks.
    pub step: StepId,
    /// The integration's category.
    pub category: String,
    /// The action's name.
    pub action: String,
    /// What it is given; inputs that are not set are left out.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// The flow's own time limit; when absent the action's applies, and then the platform's.
    pub timeout: Option<Duration>,
}

/// Something to play, and how long it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playback {
    /// What.
    pub audio: Audio,
    /// How long.
    pub duration: Duration,
}

/// What a caller is handed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// What it is.
    pub to: TransferTo,
    /// Its name or number.
    pub target: String,
    /// How important the call is.
    pub priority: i64,
}

/// A way that has to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The action that asks.
    pub step: StepId,
    /// What is asked.
    pub about: About,
    /// The outputs that it may take, by name; an output without actions falls through.
    pub outputs: Vec<String>,
}

/// What a [`Question`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A condition over something that nobody supplied.
    Condition,
    /// Whether something is there: an entry of a table, a queue, a contact.
    Presence,
    /// What the other side says, or what time it is.
    Other,
}

/// Something that a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: Performed,
    /// The output that was taken; none when control simply went on.
    pub output: Option<String>,
    /// Time in the flow when it began.
    pub at: Duration,
    /// What was played.
    pub heard: Vec<Audio>,
    /// How long another system kept the caller waiting.
    pub waited: Duration,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// The greeting played.
    Greeting,
    /// An action.
    Step(StepId),
    /// A menu was said.
    Menu(SequenceId),
    /// An error of the flow: what failed.
    Error(String),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was played, for so long (a caller may be cut short).
    Played(Duration),
    /// The other system answered, or did not.
    Data {
        /// What it said.
        reply: Reply,
        /// How long the caller waited.
        waited: Duration,
    },
    /// The caller pressed a key, or none in time.
    Key {
        /// Which.
        key: Option<char>,
        /// How long the caller took.
        waited: Duration,
    },
    /// Digits, or none in time.
    Entered {
        /// Which.
        digits: Option<String>,
        /// How long the caller took.
        waited: Duration,
    },
    /// Digits of which nothing is known.
    EnteredSomething {
        /// How long the caller took.
        waited: Duration,
    },
    /// The output of a [`Question`] that was taken; one that is not there falls through.
    Took(String),
    /// The time has passed.
    Waited,
    /// The queue took the caller.
    Transferred,
    /// The queue did not.
    TransferFailed,
}

/// What another system said.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Outputs by name.
    Success(serde_json::Map<String, serde_json::Value>),
    /// It answered, with what cannot be known here.
    Unknown,
    /// An error, with details by the names of `failureOutputs`: `status`, `errorCode`, `userMessage`…
    Failure(BTreeMap<String, String>),
    /// Nothing in time.
    Timeout,
}

/// Where a caller ended, and in what state.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Where.
    pub kind: OutcomeKind,
    /// Why.
    pub reason: EndReason,
    /// What the flow wrote for whoever gets the call next.
    pub participant_data: BTreeMap<String, String>,
    /// True when the call was dropped without a word after the last thing that went wrong.
    pub is_silent: bool,
    /// Time in the flow.
    pub elapsed: Duration,
    /// Time without any sound.
    pub dead_air: Duration,
    /// The longest stretch without any sound.
    pub dead_air_longest: Duration,
    /// Actions performed.
    pub actions: u32,
}

/// Where a caller ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// In a queue.
    Queue(Destination),
    /// With somebody else: a number, a flow, a mailbox.
    Handed(Destination),
    /// With a callback that was arranged.
    Callback,
    /// Nobody was on the line, or the flow that called this one goes on.
    Ended,
    /// Cut off.
    Disconnect,
    /// Cut off because the flow went round in circles.
    Loop,
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// An action said so.
    Action,
    /// A menu was repeated in vain.
    NoChoice,
    /// The flow made an error, and its error handling ended the run or handed the caller over.
    Error(FlowError),
}

/// An error of a flow while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowError {
    /// The action that made it; absent before the first action.
    pub at: Option<Place>,
    /// What went wrong, as a fragment that fits after "failed to".
    pub message: String,
}
