//! Values in the file: `lit`, `exp`, `noValue`, and the audio forms `tts` and `prompt`.

use std::time::Duration;

use super::Reader;
use crate::expr;
use crate::graph::{Input, Kind, Source, Variable};
use crate::problem::ProblemKind;
use crate::value::{Audio, Sound, Value};
use crate::yaml::{Node, NodeKind};

impl Reader {
    /// The input under `key`; not set when it is left out.
    pub(super) fn input_at(&mut self, node: &Node, key: &str) -> Input {
        node.get(key).map_or(Input::not_set(node.at), |value| self.input(value))
    }

    /// An input: a map with one of the keys that say where a value comes from.
    pub(super) fn input(&mut self, node: &Node) -> Input {
        for entry in node.entries() {
            let source = match entry.key.as_str() {
                "noValue" => Source::NotSet,
                "lit" => Source::Literal(literal(&entry.value)),
                "tts" => Source::Literal(Value::Audio(Audio::speech(entry.value.text().unwrap_or_default()))),
                "prompt" => Source::Literal(Value::Audio(Audio(vec![Sound::Prompt(prompt_name(&entry.value))]))),
                "exp" => self.expression(&entry.value),
                _ => continue,
            };
            return Input { at: entry.value.at, source };
        }
        if !node.is_null() {
            self.findings.note(
                node.at,
                ProblemKind::Shape,
                "find where a value comes from",
                "Write `lit:`, `exp:` or `noValue: true`; audio may also be `tts:` or `prompt:`.",
            );
        }
        Input::not_set(node.at)
    }

    fn expression(&mut self, node: &Node) -> Source {
        let Some(text) = node.text() else {
            self.findings.note(node.at, ProblemKind::Shape, "read an expression", "Write the expression as text.");
            return Source::NotSet;
        };
        match expr::parse(text) {
            Ok(expr) => Source::Expression(expr),
            Err(error) => {
                let character = text.get(..error.offset).map_or(0, |before| before.chars().count()) + 1;
                self.findings.note(
                    node.at,
                    ProblemKind::Expression,
                    format!("{} (character {character} of the expression)", error.message),
                    "Check quotes, commas and brackets around this character.",
                );
                Source::NotSet
            }
        }
    }

    /// The declared variables of a flow or task.
    pub(super) fn variables(&mut self, owner: &Node) -> Vec<Variable> {
        let mut variables = Vec::new();
        for item in owner.get("variables").map(Node::items).unwrap_or_default() {
            let Some(entry) = item.entries().first() else { continue };
            let Some(name) = self.required_text(&entry.value, "name", "a variable") else { continue };
            let kind = kind(entry.key.strip_suffix("Variable").unwrap_or(&entry.key));
            let initial = self.input_at(&entry.value, "initialValue");
            let initial = self.fitted(initial, kind);
            variables.push(Variable { name, kind, initial });
        }
        variables
    }

    /// A literal in the shape of its variable: `lit: 5` is text in a string variable.
    pub(super) fn fitted(&mut self, input: Input, kind: Kind) -> Input {
        let Source::Literal(value) = input.source else { return input };
        match kind.fit(value) {
            Ok(value) => Input { at: input.at, source: Source::Literal(value) },
            Err(message) => {
                let hint = "Change the value, or the kind of the variable.";
                self.findings.note(input.at, ProblemKind::Value, message, hint);
                Input::not_set(input.at)
            }
        }
    }
}

/// The kind that a keyword such as `string` or `boolean` names.
pub(super) fn kind(keyword: &str) -> Kind {
    match keyword {
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "boolean" => Kind::Boolean,
        "duration" => Kind::Duration,
        "queue" => Kind::Queue,
        _ => Kind::Other,
    }
}

/// A value written out: a scalar, a duration in parts, or something with a name.
pub(crate) fn literal(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, quoted: true } => Value::String(text.clone()),
        NodeKind::Scalar { text, quoted: false } => plain(text),
        NodeKind::List(items) => Value::List(items.iter().map(literal).collect()),
        NodeKind::Map(entries) => match node.get("name").and_then(Node::text) {
            Some(name) => Value::Queue(name.to_owned()),
            None => duration(node).unwrap_or_else(|| {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), literal(&entry.value))).collect())
            }),
        },
    }
}

/// A scalar without quotes, by the rules of YAML 1.2: `yes` is text.
fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Boolean(true),
        "false" | "False" | "FALSE" => return Value::Boolean(false),
        "" | "~" | "null" | "Null" | "NULL" => return Value::NotSet,
        _ => {}
    }
    if let Ok(number) = text.parse() {
        return Value::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.contains('.') => Value::Decimal(number),
        _ => Value::String(text.to_owned()),
    }
}

/// `{minutes: 1, seconds: 30}`.
fn duration(node: &Node) -> Option<Value> {
    let mut total = Duration::ZERO;
    for entry in node.entries() {
        let unit_ms: u64 = match entry.key.as_str() {
            "ms" => 1,
            "seconds" => 1_000,
            "minutes" => 60_000,
            "hours" => 3_600_000,
            "days" => 86_400_000,
            _ => return None,
        };
        let amount: u64 = entry.value.text()?.parse().ok()?;
        total = total.checked_add(Duration::from_millis(amount.checked_mul(unit_ms)?))?;
    }
    (!node.entries().is_empty()).then_some(Value::Duration(total))
}

fn prompt_name(node: &Node) -> String {
    node.text().or_else(|| node.get("name").and_then(Node::text)).unwrap_or_default().to_owned()
}

/// True for an input that is written and not `noValue`.
pub(crate) fn names_something(node: &Node) -> bool {
    node.entries().iter().any(|entry| entry.key != "noValue") && !node.get("noValue").is_some_and(Node::is_true)
}
