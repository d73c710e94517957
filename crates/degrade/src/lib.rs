//! What do callers get meanwhile?
//!
//! Everything a caller's fate depends on while an upstream is slow or broken: whether a call may pass
//! ([`circuit`], shared between threads by [`breaker`]), whether calls in flight are waiting for nothing
//! ([`stall`]), whether a failed call may be tried again ([`retry`]), how many calls an upstream can take
//! ([`limit`]), and what is served instead of an answer ([`ladder`]).
//!
//! Rules of this room: no async, no I/O, no clock, no randomness. Time is an argument; chance is asked for as
//! "so long, jittered by so much" and drawn by the shell. [`breaker`] holds atomics and one lock, because many
//! threads share a circuit; the decision under that lock is the pure [`circuit::step`].

pub mod breaker;
pub mod circuit;
pub mod ladder;
pub mod latency;
pub mod limit;
pub mod probe;
mod record;
pub mod retry;
pub mod retry_after;
pub mod slots;
pub mod stall;
mod sync;
mod window;

pub use record::{Cause, Counts, Fault, Phase, Transition};
pub use window::WINDOW_S;
