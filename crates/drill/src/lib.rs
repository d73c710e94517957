//! Does failover work?

mod amount;
mod expr;
mod guard;
mod metric;
mod number;
mod scope;
mod subject;
pub mod time;
mod unfit;
mod week;

pub use amount::{Amount, WHOLE_MAX};
pub use expr::{Answer, Comparison, Condition, EXPRESSION_BYTES_MAX, Look, Op, Sample, Seen, Why};
pub use guard::{Deny, Guard, HostPort, Independence, Limits, Operation, Things, Windows};
pub use metric::{Entry, METRICS, Measure, Metric, NAME_BYTES_MAX, Name, RESERVED, When, Whose, resolve};
pub use number::{NUMBER_BYTES_MAX, NoNumber, Number, PATTERN_DIGITS_MIN, Pattern};
pub use scope::{OutOfScope, Resource, Scope};
pub use subject::{Kind, Subject, Tie, Ties};
pub use time::{LENGTH_MAX, RATE_MAX, Rate};
pub use unfit::Unfit;
pub use week::{Weekly, is_open_throughout};
