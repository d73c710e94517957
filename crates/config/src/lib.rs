//! Configuration in three steps, three types: what was written ([`raw`]), what was meant ([`resolved`]), and what
//! each room needs (the rooms' own policies, inside it).
//!
//! A file is read whole or refused whole, with every problem, its line and column, and what to write instead.

mod problem;
pub mod raw;
mod resolve;
pub mod resolved;

use std::path::Path;

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

fn syntax(source: &str, error: &serde_saphyr::Error) -> Problem {
    let text = error.without_snippet().to_string();
    let location = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
    let hint =
        unknown_key_hint(&text).unwrap_or_else(|| "see `steadyline config schema` for what may stand here".into());
    Problem::at(source, location, text.lines().next().unwrap_or("it cannot be read").to_owned(), hint)
}

/// Out of "unknown field `x`, expected one of `a`, `b`", the nearest known key.
fn unknown_key_hint(text: &str) -> Option<String> {
    if !text.contains("unknown field") {
        return None;
    }
    let mut words = text.split('`').skip(1).step_by(2);
    let unknown = words.next()?;
    let known: Vec<_> = words.collect();
    Some(match problem::nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known keys here: {}", known.join(", ")),
    })
}
