//! Values as a flow's author gives them: written out, computed, or left out.

use crate::expr::Expr;
use crate::problem::Place;
use crate::value::Value;

/// A place for a value in an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Where it is written; the owner's place when it is left out.
    pub at: Place,
    /// What it is.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Left out, or `noValue: true`.
    NotSet,
    /// Written out.
    Literal(Value),
    /// Computed.
    Expression(Expr),
}

/// What a variable may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A span of time.
    Duration,
    /// A queue.
    Queue,
    /// Anything else; values are kept as they come.
    Other,
}

impl Input {
    /// An input that was left out.
    pub(crate) const fn not_set(at: Place) -> Self {
        Self { at, source: Source::NotSet }
    }

    /// True when a value or an expression is written.
    pub fn is_set(&self) -> bool {
        self.source != Source::NotSet
    }
}

impl Kind {
    /// Makes `value` fit a variable of this kind.
    ///
    /// # Errors
    /// When it cannot; a fragment that fits after "failed to".
    pub fn fit(self, value: Value) -> Result<Value, String> {
        let fitted = match (self, value) {
            (_, value @ (Value::NotSet | Value::Unknown)) | (Self::Other, value) => value,
            (Self::String, value) => Value::String(value.to_text().unwrap_or_default()),
            (Self::Decimal, Value::Integer(number)) => Value::Decimal(number as f64),
            (Self::Queue, Value::String(name)) => Value::Queue(name),
            (Self::Integer, value @ Value::Integer(_))
            | (Self::Decimal, value @ Value::Decimal(_))
            | (Self::Boolean, value @ Value::Boolean(_))
            | (Self::Duration, value @ Value::Duration(_))
            | (Self::Queue, value @ Value::Queue(_)) => value,
            (kind, value) => return Err(format!("store a {} in a variable for a {kind:?}", value.kind())),
        };
        Ok(fitted)
    }
}
