//! Expressions: what stands under `exp:`.
//!
//! Three steps in three files: text becomes a tree ([`parse`]), a tree becomes text ([`print`]), a
//! tree becomes a value ([`evaluate`]). Precedence, tightest first: member and index; unary `-`,
//! `!`, `~`; `^`; `*`, `/`, `%`; `+`, `-`; comparisons; equality; `&`; `|`; `and`; `or`; `? :`. Function
//! names and the words `and`, `or`, `true`, `NOT_SET` are read in any case.
//!
//! Rules of evaluation: an operand that is not set is an error, except with `==`, `!=` and the
//! functions made to ask for it; what cannot be known makes the result unknown, never an error.

mod evaluate;
mod functions;
mod lex;
mod parse;
mod print;

pub use evaluate::{Evaluation, Scope, evaluate};
pub use parse::{NODES_MAX, ParseError, parse};

/// An expression as a tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A value written out.
    Literal(Literal),
    /// A variable such as `Flow.customerName`: its scope and its name, as written.
    Variable {
        /// `Flow`, `Task`, `Call`, and so on.
        scope: String,
        /// The name within the scope.
        name: String,
    },
    /// `object.member`.
    Member(Box<Expr>, String),
    /// `collection[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// An operator before its operand.
    Unary(Unary, Box<Expr>),
    /// An operator between its operands.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// A function, as written, with its arguments.
    Call(String, Vec<Expr>),
}

/// A value written out in an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `NOT_SET`.
    NotSet,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number; never negative (the sign is an operator).
    Integer(i64),
    /// A number with a fraction; never negative, always finite.
    Decimal(f64),
    /// Text in double quotes.
    String(String),
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-`
    Minus,
    /// `!`
    Not,
    /// `~`, on whole numbers.
    Complement,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `^`
    Power,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`: numbers, durations, and text after text.
    Add,
    /// `-`
    Subtract,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `&`, on whole numbers.
    BitAnd,
    /// `|`, on whole numbers.
    BitOr,
    /// `and`
    And,
    /// `or`
    Or,
}

impl Binary {
    /// How tightly it binds; higher binds tighter.
    fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::BitOr => 3,
            Self::BitAnd => 4,
            Self::Equal | Self::NotEqual => 5,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 6,
            Self::Add | Self::Subtract => 7,
            Self::Multiply | Self::Divide | Self::Remainder => 8,
            Self::Power => 9,
        }
    }

    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Power => "^",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

impl Unary {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Not => "!",
            Self::Complement => "~",
        }
    }
}
