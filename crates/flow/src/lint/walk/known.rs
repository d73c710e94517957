//! What is known of variables on a walk, and what a flow starts with.

use std::collections::BTreeMap;

use super::Fault;
use crate::chart::{Chart, Class, Statement, Step, StepId};
use crate::expr::{self, Expr, Scope};
use crate::input::{Input, Source};
use crate::value::Value;

/// What a variable is known to hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constant {
    /// Nothing.
    NotSet,
    /// Something that cannot be known any more.
    Lost,
    /// Yes or no.
    Boolean(bool),
    /// A small whole number.
    Integer(i64),
    /// A short text.
    Text(String),
}

/// What is known of variables, by their names in lower case.
pub type Known = BTreeMap<String, Constant>;

/// Numbers further from zero are no counters, and are not followed.
const INTEGER_MAX: i64 = 100;

/// Longer texts are not followed.
const TEXT_BYTES_MAX: usize = 40;

impl Constant {
    /// The constant that a value is, when it is one that is worth following.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::NotSet => Some(Self::NotSet),
            Value::Boolean(value) => Some(Self::Boolean(*value)),
            Value::Integer(number) if number.abs() <= INTEGER_MAX => Some(Self::Integer(*number)),
            Value::String(text) if text.len() <= TEXT_BYTES_MAX => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::NotSet => Value::NotSet,
            Self::Lost => Value::Unknown,
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::String(text.clone()),
        }
    }
}

struct Lookup<'a>(&'a Known);

impl Scope for Lookup<'_> {
    fn variable(&self, scope: &str, name: &str) -> Value {
        let name = format!("{scope}.{name}").to_ascii_lowercase();
        self.0.get(&name).map_or(Value::Unknown, Constant::value)
    }
}

/// What an input is worth, as far as that is known.
pub(super) fn worth(input: &Input, known: &Known) -> Value {
    match &input.source {
        Source::NotSet => Value::NotSet,
        Source::Literal(value) => value.clone(),
        Source::Expression(expr) => expr::evaluate(expr, &Lookup(known)).unwrap_or(Value::Unknown),
    }
}

/// True when an action may change what is known. Only variables that were known at the start are followed: any other
/// would make states differ that come to the same.
pub(super) fn teaches(step: &Step, known: &Known) -> bool {
    let is_followed = |name: &str| known.contains_key(&name.to_ascii_lowercase());
    match &step.class {
        Class::Assign(statements) => statements.iter().any(|statement| is_followed(&statement.variable)),
        Class::Ask(ask) => ask.failure_outputs.iter().any(|(_, variable)| is_followed(variable)),
        _ => step.writes.iter().any(|variable| is_followed(variable)),
    }
}

/// What an action tells of variables. A Data Action that fails leaves its success variables as they are.
pub(super) fn learn(step: &Step, fault: Option<Fault>, known: &mut Known) {
    let mut put = |name: &str, constant: Constant| {
        if let Some(cell) = known.get_mut(&name.to_ascii_lowercase()) {
            *cell = constant;
        }
    };
    match &step.class {
        Class::Assign(_) => {}
        Class::Ask(ask) if fault.is_some() => {
            ask.failure_outputs.iter().for_each(|(_, variable)| put(variable, Constant::Lost));
        }
        _ => step.writes.iter().for_each(|variable| put(variable, Constant::Lost)),
    }
    if let Class::Assign(statements) = &step.class {
        for Statement { variable, value, .. } in statements {
            let constant = Constant::of(&worth(value, known)).unwrap_or(Constant::Lost);
            if let Some(cell) = known.get_mut(&variable.to_ascii_lowercase()) {
                *cell = constant;
            }
        }
    }
}

/// What variables hold when only Data Actions and look-ups that succeed would change them: initial values that are
/// written out, of variables that everything else leaves alone or only counts up.
pub fn initial(chart: &Chart) -> Known {
    let declared = chart.variables.iter().chain(chart.sequences.iter().flat_map(|sequence| &sequence.variables));
    let mut known = Known::new();
    for variable in declared.filter(|variable| !variable.is_input) {
        if let Source::Literal(value) = &variable.initial.source
            && let Some(constant) = Constant::of(value)
        {
            known.insert(variable.name.to_ascii_lowercase(), constant);
        }
    }
    for (id, step) in chart.numbered() {
        match &step.class {
            Class::Assign(statements) => {
                for Statement { variable: name, value: input, .. } in statements {
                    let name = name.to_ascii_lowercase();
                    let is_kept = in_success(chart, id)
                        || counts(&name, input)
                        || Constant::of(&worth(input, &Known::new())).as_ref() == known.get(&name);
                    if !is_kept {
                        known.remove(&name);
                    }
                }
            }
            Class::Ask(ask) => {
                for (_, variable) in &ask.failure_outputs {
                    known.remove(&variable.to_ascii_lowercase());
                }
            }
            Class::Lookup { .. } => {}
            _ if in_success(chart, id) => {}
            _ => {
                for variable in &step.writes {
                    known.remove(&variable.to_ascii_lowercase());
                }
            }
        }
    }
    known
}

/// True for an action that only runs after a Data Action or a look-up has succeeded.
fn in_success(chart: &Chart, id: StepId) -> bool {
    let mut owner = chart.step(id).owner;
    while let Some((step, output)) = owner {
        let step = chart.step(step);
        let name = step.outputs.get(output).map_or("", |output| output.name.as_str());
        match step.class {
            Class::Ask(_) if name == "success" => return true,
            Class::Lookup { .. } if name == "found" => return true,
            _ => owner = step.owner,
        }
    }
    false
}

/// True for `x = x + 1` and the like.
fn counts(name: &str, input: &Input) -> bool {
    let Source::Expression(Expr::Binary(_, left, right)) = &input.source else { return false };
    [left, right].iter().any(|side| match &***side {
        Expr::Variable { scope, name: of } => format!("{scope}.{of}").eq_ignore_ascii_case(name),
        _ => false,
    })
}
