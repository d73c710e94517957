//! Values in actions: literals, expressions, audio.

use super::super::{template, values};
use super::Reader;
use super::actions::prompt;
use crate::expr;
use crate::input::{Input, Kind, Source};
use crate::problem::{Place, ProblemKind};
use crate::value::{Audio, Value};
use crate::yaml::Node;

impl Reader {
    /// A literal in the shape of its variable: `lit: 5` is text in a string variable.
    pub(super) fn fitted(&mut self, input: Input, kind: Kind) -> Input {
        let Source::Literal(value) = input.source else { return input };
        // What a template parameter stands for will fit when it is there.
        if value.to_text().is_some_and(|text| text.contains(template::STAND_IN)) {
            return Input { at: input.at, source: Source::Literal(Value::Unknown) };
        }
        match kind.fit(bare(value, kind)) {
            Ok(value) => Input { at: input.at, source: Source::Literal(value) },
            Err(message) => {
                let hint = "Change the value, or the kind of the variable.";
                self.findings.note(input.at, ProblemKind::Value, message, hint);
                Input::not_set(input.at)
            }
        }
    }

    /// An input without which an action means nothing.
    pub(super) fn required(&mut self, node: &Node, key: &str, owner: &str) -> Input {
        if node.get(key).is_none() {
            self.missing(node.at, key, owner);
        }
        self.input(node, key)
    }

    pub(super) fn missing(&mut self, at: Place, key: &str, owner: &str) {
        self.findings.note(at, ProblemKind::Missing, format!("find `{key}` of {owner}"), format!("Add `{key}:` here."));
    }

    pub(super) fn input(&mut self, node: &Node, key: &str) -> Input {
        node.get(key).map_or(Input::not_set(node.at), |value| self.term(value))
    }

    /// A value, in whichever of its forms; not set when it has none of them.
    pub(super) fn term(&mut self, node: &Node) -> Input {
        for entry in node.entries() {
            let source = match entry.key.as_str() {
                "lit" => Source::Literal(values::literal(&entry.value)),
                "tts" | "text" => Source::Literal(Value::Audio(Audio::speech(entry.value.text().unwrap_or_default()))),
                "prompt" => Source::Literal(prompt(&values::prompt_name(&entry.value))),
                "exp" => self.expression(&entry.value),
                _ => continue,
            };
            return Input { at: entry.value.at, source };
        }
        Input::not_set(node.at)
    }

    pub(super) fn expression(&mut self, node: &Node) -> Source {
        let text = node.text().unwrap_or_default();
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
                Source::Literal(Value::Unknown)
            }
        }
    }
}

/// A number or truth value that is written in quotes, as hands do.
fn bare(value: Value, kind: Kind) -> Value {
    let Value::String(text) = &value else { return value };
    let read = match kind {
        Kind::Integer => text.trim().parse().ok().map(Value::Integer),
        Kind::Decimal => text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Decimal),
        Kind::Boolean => text.trim().to_ascii_lowercase().parse().ok().map(Value::Boolean),
        _ => None,
    };
    read.unwrap_or(value)
}
