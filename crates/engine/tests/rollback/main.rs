//! Going back, live: who carries it out, and who says that it must be.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

mod centre;
mod days;
mod episodes;
mod guard;
