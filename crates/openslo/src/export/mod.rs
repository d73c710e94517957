//! Objectives in the formats of other tools.

mod prometheus;

pub use prometheus::{BAD_EVENTS, EVENTS, Rules, prometheus};
