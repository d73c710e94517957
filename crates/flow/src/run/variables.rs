//! What the variables of a run hold. Names are read in any case.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use jiff::Timestamp;

use super::Inputs;
use crate::chart::Declared;
use crate::expr::{Scope, evaluate};
use crate::input::{Input, Kind, Source};
use crate::value::Value;

/// The variables of one scope.
pub(super) type Cells = BTreeMap<String, Cell>;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    kind: Kind,
    value: Value,
}

/// Everything that an expression can see at one moment.
pub(super) struct View<'a> {
    pub(super) system: &'a Inputs,
    pub(super) flow: &'a Cells,
    pub(super) task: Option<&'a Cells>,
    /// What time it is in the flow, where that is known.
    pub(super) now: Option<Timestamp>,
}

impl Scope for View<'_> {
    fn variable(&self, scope: &str, name: &str) -> Value {
        let key = key_of(scope, name);
        let scope = scope.to_ascii_lowercase();
        let cell = match scope.as_str() {
            "task" => self.task.and_then(|cells| cells.get(&key)),
            "flow" | "state" | "common" | "slot" => self.flow.get(&key),
            // What the platform supplies; a variable that nobody gave cannot be known.
            _ => return self.system.get(&key).cloned().unwrap_or(Value::Unknown),
        };
        cell.map_or(Value::NotSet, |cell| cell.value.clone())
    }

    fn now(&self) -> Value {
        self.now.map_or(Value::Unknown, Value::DateTime)
    }
}

impl View<'_> {
    /// The value of an input.
    pub(super) fn value(&self, input: &Input) -> Result<Value, String> {
        match &input.source {
            Source::NotSet => Ok(Value::NotSet),
            Source::Literal(value) => Ok(value.clone()),
            Source::Expression(expr) => evaluate(expr, self),
        }
    }
}

/// System variables by the key that they are looked up with.
pub(super) fn system(inputs: Inputs) -> Inputs {
    inputs.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// Declares `variable` with its first value.
pub(super) fn declare(cells: &mut Cells, variable: &Declared, value: Value) -> Result<(), String> {
    let value = variable.kind.fit(value)?;
    cells.insert(variable.name.to_ascii_lowercase(), Cell { kind: variable.kind, value });
    Ok(())
}

/// Assigns `name`; `kind` holds when the variable was not declared.
pub(super) fn assign(cells: &mut Cells, name: &str, kind: Kind, value: Value) -> Result<(), String> {
    let cell = cells.entry(name.to_ascii_lowercase()).or_insert(Cell { kind, value: Value::NotSet });
    cell.value = cell.kind.fit(value).map_err(|message| format!("assign {name}: {message}"))?;
    Ok(())
}

/// True for a variable that lives as long as one visit to its task.
pub(super) fn is_of_task(name: &str) -> bool {
    name.get(..5).is_some_and(|scope| scope.eq_ignore_ascii_case("task."))
}

fn key_of(scope: &str, name: &str) -> String {
    format!("{scope}.{name}").to_ascii_lowercase()
}

/// Feeds what the variables hold that somebody may still read to a hash.
pub(super) fn hash(cells: &Cells, is_live: &dyn Fn(&str) -> bool, hasher: &mut impl Hasher) {
    for (name, cell) in cells.iter().filter(|(name, _)| is_live(name)) {
        name.hash(hasher);
        hash_value(&cell.value, hasher);
    }
}

fn hash_value(value: &Value, hasher: &mut impl Hasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::NotSet | Value::Unknown => {}
        Value::String(text) | Value::Queue(text) | Value::Phone(text) => text.hash(hasher),
        Value::Integer(number) => number.hash(hasher),
        Value::Decimal(number) => number.to_bits().hash(hasher),
        Value::Boolean(value) => value.hash(hasher),
        Value::Duration(time) => time.hash(hasher),
        Value::DateTime(moment) => moment.hash(hasher),
        Value::Audio(audio) => audio.hash(hasher),
        Value::List(items) => items.iter().for_each(|item| hash_value(item, hasher)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            name.hash(hasher);
            hash_value(member, hasher);
        }),
    }
}
