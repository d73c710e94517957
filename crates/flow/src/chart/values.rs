//! Values in the file: scalars, durations in parts, things with a name.

use std::time::Duration;

use crate::input::Kind;
use crate::value::Value;
use crate::yaml::{Node, NodeKind};

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
pub(super) fn literal(node: &Node) -> Value {
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

pub(super) fn prompt_name(node: &Node) -> String {
    node.text().or_else(|| node.get("name").and_then(Node::text)).unwrap_or_default().to_owned()
}

/// True for an input that is written and not `noValue`.
pub(super) fn names_something(node: &Node) -> bool {
    node.entries().iter().any(|entry| entry.key != "noValue") && !node.get("noValue").is_some_and(Node::is_true)
}
