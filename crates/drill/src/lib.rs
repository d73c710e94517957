//! Does failover work?
//!
//! An [`Experiment`] says what is believed, what is broken to see whether it is true, how far that may reach, and when it
//! is given up. This room reads none of it from a disk and breaks nothing: it judges experiments before anybody touches
//! anything.
//!
//! - [`Experiment::new`] takes [`Parts`] that fit together, or tells every [`Mistake`] in them. Whoever holds an experiment
//!   need not ask again whether its names lead somewhere or its times can be met.
//! - A [`Scope`] answers for each thing whether it may be touched. It is made of a [`Guard`] and of nothing else, and no
//!   guard can make it allow an emergency number.
//! - A [`Condition`] is judged over samples and has three answers; too few samples, or silence, is the third.
//! - [`plan()`] lists what would be done in a [`Situation`], how each of it is undone, and every reason against it. What is
//!   not known is a reason.

mod amount;
mod experiment;
mod expr;
mod guard;
mod metric;
mod mistakes;
mod number;
mod plan;
mod scope;
mod situation;
mod subject;
mod time;
mod unfit;
mod verbs;
mod week;

pub use amount::{Amount, WHOLE_MAX};
pub use experiment::{
    Abort, Arrivals, Audio, Baseline, Calls, Demand, Environment, Expected, Experiment, FailoverWindow, Fault,
    ITEMS_MAX, Measures, Metadata, OnNoData, Parts, Probe, RUN_MAX, Rpo, Rto, Severity, SteadyState, Store, Watch,
};
pub use expr::{Answer, Comparison, Condition, EXPRESSION_BYTES_MAX, Look, Op, Sample, Seen, Why};
pub use guard::{Deny, Guard, HostPort, Independence, Limits, Operation, Things, Windows};
pub use metric::{Entry, METRICS, Measure, Metric, NAME_BYTES_MAX, Name, RESERVED, When, Whose, resolve};
pub use mistakes::{ID_BYTES_MAX, LEASE_MAX, LEASE_MIN, Mistake, PRODUCTION_APPROVALS_MIN};
pub use number::{NUMBER_BYTES_MAX, NoNumber, Number, PATTERN_DIGITS_MIN, Pattern};
pub use plan::{Act, Blast, Cause, Outline, Plan, Reason, Refused, Step, Use, plan};
pub use scope::{OutOfScope, Resource, Scope};
pub use situation::{Situation, Thing};
pub use subject::{Kind, Subject, Tie, Ties};
pub use time::{LENGTH_MAX, RATE_MAX, Rate, length, show};
pub use unfit::Unfit;
pub use verbs::{Form, Plane, Setting, VERBS, Value, Verb, With, verb};
pub use week::{Weekly, is_open_throughout};
