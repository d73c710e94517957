//! What is asked of the platform, and what it answers.

use std::time::Duration;

use super::{Published, Version};

/// What is asked of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// How is the flow?
    Flow,
    /// What was published before?
    Versions,
    /// What does a version use that is deleted?
    Dependencies(String),
    /// Take the lock.
    Lock,
    /// Take it away from somebody else.
    Unlock,
    /// Publish a version.
    Publish(String),
    /// Give the lock back.
    Release,
}

/// What the platform answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The flow.
    Flow(Flow),
    /// What was published before.
    Versions(Vec<Published>),
    /// What a version uses that is deleted, by name; nothing when nobody knows.
    Dependencies(Vec<String>),
    /// What was asked for was taken on.
    Done,
}

/// Why there is no such answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The platform is busy or away, and it was not done; it may wish to be left alone for a while.
    Busy(Option<Duration>),
    /// Nobody knows whether it was done.
    NoAnswer,
    /// Somebody else has the flow locked, or an operation runs.
    Conflict,
    /// There is no such thing.
    Gone,
    /// It is not allowed, or makes no sense: asking again is of no use.
    Refused(String),
}

/// A flow as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The version that callers get.
    pub published: Option<Version>,
    /// The operation that ran last, or runs.
    pub operation: Operation,
    /// Who has it locked.
    pub lock: Lock,
}

/// An operation of the platform on a flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// None runs.
    None,
    /// It runs.
    Running,
    /// It is over, and failed.
    Failed {
        /// Its id.
        id: String,
        /// What the platform says about it.
        why: String,
    },
}

/// Who has a flow locked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Nobody.
    Free,
    /// We.
    Ours,
    /// Somebody else.
    Foreign(String),
}
