//! What every room shares: instants, minutes and what was counted in them, exact ratios, bounded effects.
//!
//! Nothing here reads a clock, allocates without a bound or knows a file format. Time is a value
//! ([`Now`]) that the shell passes in, so that one decision runs the same live, replayed and simulated.

mod counts;
mod effects;
mod minute;
mod ratio;
mod time;

pub use counts::{Count, Counts, Untrue};
pub use effects::{EFFECTS_MAX, Effects};
pub use minute::{Minute, Minutes, Stretch};
pub use ratio::{Ppm, Ratio};
pub use time::{Mono, Now};
