//! The gateway over real sockets: callers that misbehave, upstreams that break in every way, and everything between.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

mod callers;
mod modes;
mod outages;
mod running;
mod serving;
mod support;
mod tokens;
