//! A tree to a value.

use std::time::Duration;

use super::functions;
use super::{Binary, Expr, Literal, Unary};
use crate::value::{TEXT_MAX, Value};

/// What a variable holds at this moment.
pub trait Scope {
    /// The value of `scope.name`; [`Value::NotSet`] for a variable without a value, and
    /// [`Value::Unknown`] for one that this run cannot know.
    fn variable(&self, scope: &str, name: &str) -> Value;

    /// What time it is; [`Value::Unknown`] where that cannot be known.
    fn now(&self) -> Value {
        Value::Unknown
    }
}

/// A value, or why there is none. An error of an expression is an error of the flow.
pub type Evaluation = Result<Value, String>;

/// Computes the value of `expr`.
///
/// # Errors
/// A sentence fragment that fits after "failed to": an operand that is not set or of the wrong
/// kind, an index outside its collection, a division by zero, a number too large.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> Evaluation {
    match expr {
        Expr::Literal(literal) => Ok(value_of(literal)),
        Expr::Variable { scope: of, name } => Ok(scope.variable(of, name)),
        Expr::Member(object, member) => self::member(&evaluate(object, scope)?, member),
        Expr::Index(list, index) => at_index(&evaluate(list, scope)?, &evaluate(index, scope)?),
        Expr::Unary(operator, operand) => unary(*operator, evaluate(operand, scope)?),
        Expr::Binary(Binary::And, left, right) => logic(left, right, scope, false),
        Expr::Binary(Binary::Or, left, right) => logic(left, right, scope, true),
        Expr::Binary(operator, left, right) => binary(*operator, &evaluate(left, scope)?, &evaluate(right, scope)?),
        Expr::Call(name, arguments) if name.eq_ignore_ascii_case("if") => choice(arguments, scope),
        Expr::Call(name, arguments)
            if arguments.is_empty()
                && ["getcurrentdatetimeutc", "getcurrentdatetime"].contains(&name.to_ascii_lowercase().as_str()) =>
        {
            Ok(scope.now())
        }
        Expr::Call(name, arguments) => {
            let values: Result<Vec<Value>, String> = arguments.iter().map(|each| evaluate(each, scope)).collect();
            functions::call(name, &values?)
        }
    }
}

fn value_of(literal: &Literal) -> Value {
    match literal {
        Literal::NotSet => Value::NotSet,
        Literal::Boolean(value) => Value::Boolean(*value),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Decimal(number) => Value::Decimal(*number),
        Literal::String(text) => Value::String(text.clone()),
    }
}

fn member(object: &Value, member: &str) -> Evaluation {
    match object {
        Value::Unknown => Ok(Value::Unknown),
        Value::NotSet => Err(format!("read `.{member}` of a value that is not set")),
        Value::Object(members) => {
            let found = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(member));
            Ok(found.map_or(Value::NotSet, |(_, value)| value.clone()))
        }
        Value::Phone(number) if member.eq_ignore_ascii_case("e164") => Ok(Value::String(number.clone())),
        Value::Queue(name) if member.eq_ignore_ascii_case("name") => Ok(Value::String(name.clone())),
        // Ids and the rest belong to the organisation, which a flow alone does not know.
        Value::Queue(_) | Value::Phone(_) | Value::Audio(_) => Ok(Value::Unknown),
        other => Err(format!("read `.{member}` of a {}", other.kind())),
    }
}

pub(super) fn at_index(list: &Value, index: &Value) -> Evaluation {
    match (list, index) {
        (Value::NotSet, _) | (_, Value::NotSet) => Err("index with a value that is not set".to_owned()),
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
        (Value::List(items), Value::Integer(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| items.get(at).cloned())
            .ok_or_else(|| format!("take item {at} of a collection of {}", items.len())),
        (Value::List(_), other) => Err(format!("index a collection with a {}", other.kind())),
        (other, _) => Err(format!("index a {}", other.kind())),
    }
}

fn unary(operator: Unary, operand: Value) -> Evaluation {
    match (operator, operand) {
        (_, Value::Unknown) => Ok(Value::Unknown),
        (_, Value::NotSet) => Err(format!("apply `{}` to a value that is not set", operator.symbol())),
        (Unary::Not, Value::Boolean(value)) => Ok(Value::Boolean(!value)),
        (Unary::Minus, Value::Integer(number)) => whole(number.checked_neg()),
        (Unary::Minus, Value::Decimal(number)) => Ok(Value::Decimal(-number)),
        (Unary::Complement, Value::Integer(number)) => Ok(Value::Integer(!number)),
        (_, other) => Err(format!("apply `{}` to a {}", operator.symbol(), other.kind())),
    }
}

/// `and` and `or`: `decisive` is the left value that settles the result alone.
fn logic(left: &Expr, right: &Expr, scope: &dyn Scope, decisive: bool) -> Evaluation {
    let word = if decisive { "or" } else { "and" };
    let left = truth(evaluate(left, scope)?, word)?;
    if left == Some(decisive) {
        return Ok(Value::Boolean(decisive));
    }
    match (left, truth(evaluate(right, scope)?, word)?) {
        (_, Some(right)) if right == decisive => Ok(Value::Boolean(decisive)),
        (Some(_), Some(_)) => Ok(Value::Boolean(!decisive)),
        _ => Ok(Value::Unknown),
    }
}

fn truth(value: Value, word: &str) -> Result<Option<bool>, String> {
    match value {
        Value::Boolean(value) => Ok(Some(value)),
        Value::Unknown => Ok(None),
        Value::NotSet => Err(format!("apply `{word}` to a value that is not set")),
        other => Err(format!("apply `{word}` to a {}", other.kind())),
    }
}

fn choice(arguments: &[Expr], scope: &dyn Scope) -> Evaluation {
    let [condition, then, otherwise] = arguments else {
        return Err(format!("call If with {} arguments: it takes three", arguments.len()));
    };
    match truth(evaluate(condition, scope)?, "If")? {
        Some(true) => evaluate(then, scope),
        Some(false) => evaluate(otherwise, scope),
        None => Ok(Value::Unknown),
    }
}

fn binary(operator: Binary, left: &Value, right: &Value) -> Evaluation {
    if matches!(operator, Binary::Equal | Binary::NotEqual) {
        let equal = equality(left, right)?;
        return Ok(equal.map_or(Value::Unknown, |equal| Value::Boolean(equal == (operator == Binary::Equal))));
    }
    let symbol = operator.symbol();
    match (left, right) {
        (Value::NotSet, _) | (_, Value::NotSet) => Err(format!("apply `{symbol}` to a value that is not set")),
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
        (Value::Integer(a), Value::Integer(b)) => integers(operator, *a, *b),
        (Value::Duration(a), Value::Duration(b)) => durations(operator, *a, *b),
        (Value::DateTime(a), Value::DateTime(b)) => {
            ordering(operator, a.cmp(b)).ok_or_else(|| format!("apply `{symbol}` to moments"))
        }
        (Value::String(a), Value::String(b)) if operator == Binary::Add => text(format!("{a}{b}")),
        (Value::String(a), Value::String(b)) => {
            ordering(operator, a.cmp(b)).ok_or_else(|| format!("apply `{symbol}` to texts"))
        }
        _ => match (decimal(left), decimal(right)) {
            (Some(a), Some(b)) => decimals(operator, a, b),
            _ => Err(format!("apply `{symbol}` to a {} and a {}", left.kind(), right.kind())),
        },
    }
}

/// Whether two values are equal; `None` when that cannot be known.
pub(super) fn equality(left: &Value, right: &Value) -> Result<Option<bool>, String> {
    match (left, right) {
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(None),
        (Value::NotSet, other) | (other, Value::NotSet) => Ok(Some(*other == Value::NotSet)),
        (Value::Integer(_), Value::Decimal(_)) | (Value::Decimal(_), Value::Integer(_)) => {
            Ok(Some(decimal(left) == decimal(right)))
        }
        _ if left.kind() == right.kind() => Ok(Some(left == right)),
        _ => Err(format!("compare a {} with a {}", left.kind(), right.kind())),
    }
}

fn integers(operator: Binary, a: i64, b: i64) -> Evaluation {
    match operator {
        Binary::Add => whole(a.checked_add(b)),
        Binary::Subtract => whole(a.checked_sub(b)),
        Binary::Multiply => whole(a.checked_mul(b)),
        Binary::Remainder if b == 0 => Err("divide by zero".to_owned()),
        Binary::Remainder => whole(a.checked_rem(b)),
        Binary::BitAnd => Ok(Value::Integer(a & b)),
        Binary::BitOr => Ok(Value::Integer(a | b)),
        Binary::Power if b >= 0 => whole(u32::try_from(b).ok().and_then(|exponent| a.checked_pow(exponent))),
        Binary::Divide | Binary::Power => decimals(operator, a as f64, b as f64),
        _ => ordering(operator, a.cmp(&b)).ok_or_else(|| format!("apply `{}` to numbers", operator.symbol())),
    }
}

fn decimals(operator: Binary, a: f64, b: f64) -> Evaluation {
    let result = match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide | Binary::Remainder if b == 0.0 => return Err("divide by zero".to_owned()),
        Binary::Divide => a / b,
        Binary::Remainder => a % b,
        Binary::Power => a.powf(b),
        _ => {
            let compared = a.partial_cmp(&b).and_then(|order| ordering(operator, order));
            return compared.ok_or_else(|| format!("apply `{}` to numbers", operator.symbol()));
        }
    };
    if result.is_finite() { Ok(Value::Decimal(result)) } else { Err("compute a number that large".to_owned()) }
}

fn durations(operator: Binary, a: Duration, b: Duration) -> Evaluation {
    match operator {
        Binary::Add => a.checked_add(b).map(Value::Duration).ok_or_else(|| "add durations that long".to_owned()),
        Binary::Subtract => Ok(Value::Duration(a.saturating_sub(b))),
        _ => ordering(operator, a.cmp(&b)).ok_or_else(|| format!("apply `{}` to durations", operator.symbol())),
    }
}

fn ordering(operator: Binary, order: std::cmp::Ordering) -> Option<Value> {
    let holds = match operator {
        Binary::Less => order.is_lt(),
        Binary::LessOrEqual => order.is_le(),
        Binary::Greater => order.is_gt(),
        Binary::GreaterOrEqual => order.is_ge(),
        _ => return None,
    };
    Some(Value::Boolean(holds))
}

fn decimal(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

fn whole(result: Option<i64>) -> Evaluation {
    result.map(Value::Integer).ok_or_else(|| "compute a number that large".to_owned())
}

/// Text within the ceiling that keeps a loop of appends from eating the memory.
pub(super) fn text(text: String) -> Evaluation {
    if text.len() > TEXT_MAX {
        return Err(format!("build a text of more than {TEXT_MAX} bytes"));
    }
    Ok(Value::String(text))
}
