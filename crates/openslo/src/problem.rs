//! What is wrong with a text: where, why, and what to write instead. And what was understood but cannot be kept.

use std::fmt;

use crate::tree::{Node, Place};

/// The most problems that are told of one reading; more of them teach nobody anything.
pub const PROBLEMS_MAX: usize = 200;

/// A text and its name.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// Its name in messages.
    pub file: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// A JSON pointer to what is wrong, from the top of its document: `/spec/objectives/0/target`.
    pub path: String,
    /// Line, counted from 1; 0 when it concerns the file as a whole, and for JSON, which is told by its path.
    pub line: u32,
    /// Column, counted from 1 in characters.
    pub column: u32,
}

/// Texts that cannot be used, with all that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// In the order of the files; never empty, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
}

/// Something that was understood and has no equivalent here, or there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Name of the file; empty where there is none.
    pub file: String,
    /// A JSON pointer to it, from the top of its document.
    pub path: String,
    /// Line, counted from 1; 0 where there is none.
    pub line: u32,
    /// What is lost.
    pub what: String,
    /// What happens instead.
    pub instead: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, message, hint, path, line, column } = self;
        match line {
            0 if path.is_empty() => write!(f, "{file}: {message}\n  hint: {hint}"),
            0 => write!(f, "{file}: {path}: {message}\n  hint: {hint}"),
            _ => write!(f, "{file}:{line}:{column}: {message}\n  hint: {hint}"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, path, line, what, instead } = self;
        if *line != 0 {
            write!(f, "{file}:{line}: ")?;
        }
        write!(f, "{path}: {what}; {instead}")
    }
}

/// What is found while reading: problems and losses, until all is read.
#[derive(Debug, Default)]
pub(crate) struct Found {
    problems: Vec<(Place, Problem)>,
    losses: Vec<(Place, Loss)>,
}

impl Found {
    /// Something is wrong with this node.
    pub(crate) fn wrong(&mut self, node: &Node, message: impl Into<String>, hint: impl Into<String>) {
        self.wrong_at(node.at, &node.path, message, hint);
    }

    /// Something is wrong at this place.
    pub(crate) fn wrong_at(&mut self, at: Place, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        let (message, hint) = (message.into(), hint.into());
        // What several objectives share is wrong once.
        let is_told =
            |(known, problem): &(Place, Problem)| *known == at && problem.path == path && problem.message == message;
        let is_told = self.problems.iter().any(is_told);
        if self.problems.len() < PROBLEMS_MAX && !is_told {
            let problem =
                Problem { file: String::new(), message, hint, path: path.to_owned(), line: at.line, column: at.column };
            self.problems.push((at, problem));
        }
    }

    /// This node is understood, and has no equivalent.
    pub(crate) fn lost(&mut self, node: &Node, what: impl Into<String>, instead: impl Into<String>) {
        let loss = Loss {
            file: String::new(),
            path: node.path.clone(),
            line: node.at.line,
            what: what.into(),
            instead: instead.into(),
        };
        self.losses.push((node.at, loss));
    }

    /// What was read, unless something was wrong.
    pub(crate) fn finish<T>(mut self, texts: &[Text<'_>], read: T) -> Result<(T, Vec<Loss>), Box<Invalid>> {
        let name = |at: Place| texts.get(at.file).map_or(String::new(), |text| text.file.to_owned());
        if self.problems.is_empty() {
            self.losses.sort_by_key(|(at, _)| *at);
            let losses = self.losses.into_iter().map(|(at, loss)| Loss { file: name(at), ..loss }).collect();
            return Ok((read, losses));
        }
        self.problems.sort_by_key(|(at, _)| *at);
        let problems = self.problems.into_iter().map(|(at, problem)| Problem { file: name(at), ..problem }).collect();
        Err(Box::new(Invalid { problems }))
    }
}

/// "did you mean", or all that is known.
pub(crate) fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    let distance = |known: &&str| strsim::damerau_levenshtein(word, known);
    let nearest = known.clone().min_by_key(distance);
    match nearest.filter(|near| distance(near) <= near.len().max(word.len()) / 3 + 1) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known {what}: {}", known.collect::<Vec<_>>().join(", ")),
    }
}
