//! The twin over real sockets on this machine.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod callers;
mod crm;
mod data_actions;
mod left;
mod platform;
mod setup;
mod state;
