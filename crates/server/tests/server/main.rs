//! The server from outside, without sockets: what people see, and what machines get.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

mod api;
mod budget;
mod console;
mod deployments;
mod house;
mod reviews;
mod rollbacks;
