//! What every room shares: instants, exact ratios, bounded effects.
//!
//! Nothing here reads a clock, allocates without a bound or knows a file format. Time is a value
//! ([`Now`]) that the shell passes in, so that one decision runs the same live, replayed and simulated.

mod effects;
mod ratio;
mod time;

pub use effects::{EFFECTS_MAX, Effects};
pub use ratio::{Ppm, Ratio};
pub use time::{Mono, Now};
