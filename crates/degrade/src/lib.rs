//! What do callers get meanwhile?

mod record;

pub use record::{Cause, Counts, Fault, Phase, Transition};
