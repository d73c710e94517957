//! What is wrong with a file, where, and what to do about it.
//!
//! Reading a file reports everything it found at once, so that an author does not fix one line,
//! run again and learn of the next.

use std::fmt;

/// The most problems one file reports; a file with more is not a flow.
pub const PROBLEMS_MAX: usize = 200;

/// A place in a file; both numbers count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The text is not YAML (or JSON).
    Syntax,
    /// The file's one top-level key is not a type of flow.
    FlowType,
    /// Something that must be there is not.
    Missing,
    /// Something is there, but of the wrong shape: a list where a map belongs, two keys for one.
    Shape,
    /// A value cannot be what it says: a timeout that is no duration, a digit that is no key.
    Value,
    /// An expression does not read as one.
    Expression,
    /// A task or menu is named that does not exist.
    Reference,
    /// A template uses what cannot be understood.
    Template,
    /// Two things have one name.
    Duplicate,
    /// The file is longer or deeper than any flow may be.
    TooLarge,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Place,
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong, as a fragment that fits after "failed to".
    pub message: String,
    /// What to do about it, as a sentence.
    pub hint: String,
}

/// Everything that is wrong with a file, in the order of the file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `None` when there is nothing to report.
    pub(crate) fn from_list(mut list: Vec<Problem>) -> Option<Self> {
        list.sort_by_key(|problem| problem.at);
        list.dedup();
        list.truncate(PROBLEMS_MAX);
        (!list.is_empty()).then_some(Self(list))
    }

    /// The problems in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{problem}\n  hint: {}", problem.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
impl std::error::Error for Problems {}

/// Where the reader of a file collects what it finds.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Problem>);

impl Findings {
    /// Notes one problem.
    pub(crate) fn note(&mut self, at: Place, kind: ProblemKind, message: impl Into<String>, hint: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(Problem { at, kind, message: message.into(), hint: hint.into() });
        }
    }

    /// `value` when nothing was noted, else everything that was.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        match (Problems::from_list(self.0), value) {
            (None, Some(value)) => Ok(value),
            (Some(problems), _) => Err(problems),
            (None, None) => unreachable!("a reader that gives up says why"),
        }
    }
}
