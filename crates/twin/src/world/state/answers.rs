//! What a flow is told, in a file: words of the twin's own, so that a change in the interpreter cannot change the form.

use std::collections::BTreeMap;
use std::time::Duration;

use flow::{Answer, Reply};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::moment::ns;
use crate::world::{Execution, Failure};

/// What came of a step; lengths in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum SavedAnswer {
    Played(u64),
    Data { reply: SavedReply, waited: u64 },
    Key { key: Option<char>, waited: u64 },
    Entered { digits: Option<String>, waited: u64 },
    EnteredSomething { waited: u64 },
    Took(String),
    Waited,
    Transferred,
    TransferFailed,
}

/// What another system said to a flow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum SavedReply {
    Success(Map<String, Value>),
    Unknown,
    Failure(BTreeMap<String, String>),
    Timeout,
}

/// What came of an execution of a Data Action.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum SavedExecution {
    Done(Map<String, Value>),
    Failed { status: u16, code: String, message: String, correlation_id: String },
    TimedOut(u64),
}

impl From<&Answer> for SavedAnswer {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Played(length) => Self::Played(ns(*length)),
            Answer::Data { reply, waited } => Self::Data { reply: reply.into(), waited: ns(*waited) },
            Answer::Key { key, waited } => Self::Key { key: *key, waited: ns(*waited) },
            Answer::Entered { digits, waited } => Self::Entered { digits: digits.clone(), waited: ns(*waited) },
            Answer::EnteredSomething { waited } => Self::EnteredSomething { waited: ns(*waited) },
            Answer::Took(output) => Self::Took(output.clone()),
            Answer::Waited => Self::Waited,
            Answer::Transferred => Self::Transferred,
            Answer::TransferFailed => Self::TransferFailed,
        }
    }
}

impl From<SavedAnswer> for Answer {
    fn from(saved: SavedAnswer) -> Self {
        let length = Duration::from_nanos;
        match saved {
            SavedAnswer::Played(played) => Self::Played(length(played)),
            SavedAnswer::Data { reply, waited } => Self::Data { reply: reply.into(), waited: length(waited) },
            SavedAnswer::Key { key, waited } => Self::Key { key, waited: length(waited) },
            SavedAnswer::Entered { digits, waited } => Self::Entered { digits, waited: length(waited) },
            SavedAnswer::EnteredSomething { waited } => Self::EnteredSomething { waited: length(waited) },
            SavedAnswer::Took(output) => Self::Took(output),
            SavedAnswer::Waited => Self::Waited,
            SavedAnswer::Transferred => Self::Transferred,
            SavedAnswer::TransferFailed => Self::TransferFailed,
        }
    }
}

impl From<&Reply> for SavedReply {
    fn from(reply: &Reply) -> Self {
        match reply {
            Reply::Success(outputs) => Self::Success(outputs.clone()),
            Reply::Unknown => Self::Unknown,
            Reply::Failure(details) => Self::Failure(details.clone()),
            Reply::Timeout => Self::Timeout,
        }
    }
}

impl From<SavedReply> for Reply {
    fn from(saved: SavedReply) -> Self {
        match saved {
            SavedReply::Success(outputs) => Self::Success(outputs),
            SavedReply::Unknown => Self::Unknown,
            SavedReply::Failure(details) => Self::Failure(details),
            SavedReply::Timeout => Self::Timeout,
        }
    }
}

impl From<&Execution> for SavedExecution {
    fn from(execution: &Execution) -> Self {
        match execution {
            Execution::Done(outputs) => Self::Done(outputs.clone()),
            Execution::Failed(failure) => {
                let Failure { status, code, message, correlation_id } = failure.clone();
                Self::Failed { status, code: code.into_owned(), message, correlation_id }
            }
            Execution::TimedOut(after) => Self::TimedOut(ns(*after)),
        }
    }
}

impl From<SavedExecution> for Execution {
    fn from(saved: SavedExecution) -> Self {
        match saved {
            SavedExecution::Done(outputs) => Self::Done(outputs),
            SavedExecution::Failed { status, code, message, correlation_id } => {
                Self::Failed(Failure { status, code: code.into(), message, correlation_id })
            }
            SavedExecution::TimedOut(after) => Self::TimedOut(Duration::from_nanos(after)),
        }
    }
}
