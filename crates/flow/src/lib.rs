//! Architect flows and Data Actions: read, typed, and executed step by step.
//!
//! - [`Flow::parse`] reads Archy YAML into a graph of tasks, menus and actions, with a place for
//!   everything, and reports every [`Problem`] at once.
//! - [`Run`] executes a flow for one caller. It never waits and never asks anyone: each [`Step`] says
//!   what the flow wants done, and [`Run::resume`] takes the answer. So the same code runs in the
//!   twin, in a lint and in a test.
//! - [`DataAction::parse`] reads a Data Action, builds its request and translates its response.
//!
//! No socket, no clock, no chance. Everything is bounded: file size, nesting, parts of an
//! expression, actions of a run, length of a text.

pub mod chart;
pub mod expr;
pub mod lint;
pub mod picture;
pub mod trace;

mod data_action;
mod flow;
mod input;
mod problem;
mod run;
mod value;
mod yaml;

pub use data_action::{ActionError, DataAction, Field, FieldKind, Request, TIMEOUT_MAX, TIMEOUT_MIN};
pub use flow::Flow;
pub use input::{Input, Kind, Source};
pub use problem::{PROBLEMS_MAX, Place, Problem, ProblemKind, Problems};
pub use run::{
    ACTIONS_MAX, ACTIONS_MAX_IN_ERROR, About, Answer, Ask, Destination, EndReason, Event, FlowError, Inputs, Outcome,
    OutcomeKind, Performed, Playback, Question, Reply, Run, Settings, Step,
};
pub use value::{Audio, Sound, TEXT_MAX, Value};
pub use yaml::FILE_BYTES_MAX;
