//! Must we go back?
//!
//! After a publish a flow is watched, minute by minute, against its own past. This room learns what is normal, weighs
//! what it sees, and says when a release is bad for certain, good for certain, or not to be judged; it neither asks the
//! platform nor publishes anything.
//!
//! - Nothing is decided on what is not known: a missing minute changes no odds, and too many of them make a watch blind.
//! - What the odds promise is a bound on the chance that a healthy release is ever taken for a bad one, however often one
//!   looks, see [`evidence`].

pub mod act;
pub mod baseline;
pub mod evidence;
pub mod guide;
pub mod interval;
mod mode;
pub mod once;
pub mod recovery;
pub mod release;
pub mod replay;
mod siblings;
pub mod watch;
pub mod words;

pub use baseline::Baseline;
pub use mode::Mode;
pub use watch::{Observation, Policy, Rule, Terms, Watch};
