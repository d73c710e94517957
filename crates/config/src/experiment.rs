//! Experiments of drills: files of their own, each read whole or refused whole, with everything that is wrong with it.

mod forms;
mod found;
mod meant;
mod raw;
mod read;
mod situation;
mod tree;

use drill::{Experiment, Form, Situation, VERBS};
use jiff::Timestamp;
use schemars::Schema;
use serde_json::{Map, Value, json};

pub use found::PROBLEMS_MAX;
pub use tree::EXPERIMENT_BYTES_MAX;

use crate::problem::Invalid;
use found::Found;
use read::Read;
use tree::Node;

/// Reads an experiment from text; `file` is its name in messages.
///
/// # Errors
/// All problems that were found, [`PROBLEMS_MAX`] at most.
pub fn load_experiment(file: &str, source: &str) -> Result<Experiment, Box<Invalid>> {
    let mut found = Found::default();
    let experiment = tree::read(source, &mut found).and_then(|top| experiment(&top, &mut found));
    // Whoever makes nothing of the file has said why.
    match (found.into_invalid(file, source), experiment) {
        (None, Some(experiment)) => Ok(experiment),
        (invalid, _) => Err(invalid.unwrap_or_default()),
    }
}

fn experiment(top: &Node, found: &mut Found) -> Option<Experiment> {
    let raw = raw::File::read(top, found)?;
    let parts = meant::parts(raw, found);
    Experiment::new(parts).map_err(|mistakes| found.add_mistakes(top, mistakes)).ok()
}

/// Reads the situation that experiments are judged in, for a run that would begin at `at`.
///
/// # Errors
/// All problems that were found.
pub fn load_situation(file: &str, source: &str, at: Timestamp) -> Result<Situation, Box<Invalid>> {
    let mut found = Found::default();
    let top = tree::read(source, &mut found);
    let raw = top.and_then(|top| situation::File::read(&top, &mut found)).unwrap_or_default();
    match found.into_invalid(file, source) {
        None => Ok(situation::meant(raw, at)),
        Some(invalid) => Err(invalid),
    }
}

/// True when a text says of itself that it holds an experiment, so that it can be told from other files beside it.
pub fn holds_experiment(source: &str) -> bool {
    let mut found = Found::default();
    let top = tree::read(source, &mut found);
    // What cannot be read is told rather than left out.
    top.is_none_or(|top| match top.get("kind").map(|node| &node.kind) {
        Some(tree::Kind::Scalar(kind)) => kind == "Experiment",
        _ => top.get("faults").is_some(),
    })
}

/// The JSON schema of an experiment, for editors.
pub fn experiment_schema() -> Value {
    schemars::schema_for!(raw::File).to_value()
}

/// Which settings a fault has depends on its verb.
fn with_settings(schema: &mut Schema) {
    let known = |verb: &drill::Verb| {
        let settings: Map<String, Value> =
            verb.with.iter().map(|setting| (setting.key.to_owned(), form(setting))).collect();
        let needed: Vec<&str> = verb.with.iter().filter(|it| it.is_needed).map(|it| it.key).collect();
        let mut then = json!({ "properties": { "with": {
            "type": "object", "properties": settings, "additionalProperties": false, "required": needed,
        } } });
        if !needed.is_empty() {
            then["required"] = json!(["with"]);
        }
        json!({ "if": { "properties": { "do": { "const": verb.name } }, "required": ["do"] }, "then": then })
    };
    schema.insert("allOf".to_owned(), VERBS.iter().map(known).collect());
}

fn form(setting: &drill::Setting) -> Value {
    let mut schema = match setting.form {
        Form::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Time => json!({ "$ref": "#/$defs/Duration" }),
        Form::Share => json!({ "$ref": "#/$defs/Share" }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Words(words) => json!({ "type": "array", "items": { "enum": words }, "minItems": 1 }),
        Form::Text | Form::Subject => json!({ "type": "string" }),
    };
    schema["description"] = setting.about.into();
    schema
}
