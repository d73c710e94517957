//! Configuration in three steps, three types: what was written ([`raw`]), what was meant ([`resolved`]), and what
//! each room needs (the rooms' own policies, inside it).
//!
//! A file is read whole or refused whole, with every problem, its line and column, and what to write instead.

mod experiment;
pub mod plan;
mod problem;
pub mod raw;
mod resolve;
pub mod resolved;

use std::path::Path;

use serde_saphyr::Error;

pub use experiment::{
    EXPERIMENT_BYTES_MAX, PROBLEMS_MAX, experiment_schema, holds_experiment, load_experiment, load_situation,
};
pub use plan::{Launch, Question, load_plan, plan_schema};
pub use problem::{Invalid, Problem};
pub use resolve::{DEADLINE_MAX, Process, Secrets};
pub use resolved::*;

/// Reads a configuration from text; `file` is its name in messages.
///
/// # Errors
/// All problems that were found.
pub fn load(file: &str, source: &str, secrets: &dyn Secrets) -> Result<Config, Box<Invalid>> {
    let invalid = |problems| Box::new(Invalid { file: file.to_owned(), source_text: source.to_owned(), problems });
    let raw: raw::File = if source.trim().is_empty() {
        raw::File::default()
    } else {
        serde_saphyr::from_str(source).map_err(|error| invalid(vec![syntax(source, &error)]))?
    };
    let mut resolver = resolve::Resolver { source, secrets, problems: Vec::new() };
    let config = resolver.config(raw);
    let mut problems = resolver.problems;
    if problems.is_empty() {
        return Ok(config);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(invalid(problems))
}

/// Reads a configuration file.
///
/// # Errors
/// The file cannot be read, or all problems that were found in it.
pub fn load_file(path: &Path) -> Result<Config, Box<Invalid>> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(source) => load(&name, &source, &Process),
        Err(error) => {
            let message = format!("the file cannot be read: {error}");
            let hint = "check the path, or write a first one with `steadyline init`".to_owned();
            let problem = Problem { message, hint, line: 0, column: 0, span: 0..0 };
            Err(Box::new(Invalid { file: name, source_text: String::new(), problems: vec![problem] }))
        }
    }
}

/// The JSON schema of the file, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::File).to_value()
}

/// The default configuration: a commented file that works as it stands.
pub const DEFAULT: &str = include_str!("default.yaml");

/// What the reader of the text found, in our words.
fn syntax(source: &str, error: &Error) -> Problem {
    let error = error.without_snippet();
    let location = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
    let (message, hint) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            (format!("there is no key `{field}` here"), problem::suggest(field, expected.iter().copied(), "keys here"))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("`{variant}` may not stand here"), problem::suggest(variant, expected.iter().copied(), "words"))
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("`{key}` stands here twice"), "rename one of the two, or remove it".to_owned())
        }
        other => {
            let text = other.to_string();
            let first = text.lines().next().unwrap_or("it cannot be read");
            // The place is told apart from the message.
            let message = first.rsplit_once(" at line ").map_or(first, |(message, _)| message).to_owned();
            (plain(message), "see `steadyline config schema` for what may stand here".to_owned())
        }
    };
    Problem::at(source, location, message, hint)
}

/// A parser's word for a type, in everyday words.
fn plain(message: String) -> String {
    match message.strip_prefix("invalid ") {
        Some("u16" | "u32" | "u64" | "usize") => "this is not a whole number of 0 or more".to_owned(),
        Some("bool") => "this is neither `true` nor `false`".to_owned(),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> String {
        load("c.yaml", source, &Process).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_known_one() {
        assert_eq!(
            told("degrade:\n  slotz: 3\n"),
            "c.yaml:2:3: there is no key `slotz` here\n  hint: did you mean `slots`?"
        );
        assert_eq!(
            told("colour: red\n"),
            "c.yaml:1:1: there is no key `colour` here\n  hint: known keys here: listen, store, alerts, degrade, budget, rollback, access, lint, platform, review"
        );
    }

    #[test]
    fn an_unknown_word_is_named_with_the_nearest_known_one() {
        let told = told("degrade: { routes: { r: { path: /a, upstream: u, priority: rooting } } }");
        assert!(told.ends_with("`rooting` may not stand here\n  hint: did you mean `routing`?"), "{told}");
    }

    #[test]
    fn the_place_is_told_once() {
        assert!(!told("degrade: { slots: many }").contains("at line"));
    }
}
