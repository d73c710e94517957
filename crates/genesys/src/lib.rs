//! The Genesys Cloud Platform API, typed: what Steadyline uses of it, by resource.
//!
//! - [`Hosts`] knows the regions, and the gateway prefix that the official SDKs have.
//! - [`Client`] sends requests: one token for all callers, renewed ahead of its end; one budget of requests for each
//!   OAuth client, from what the platform itself says, with a share that only rollbacks may use; retries where a
//!   retry can do no harm.
//! - Resources ([`flows`], [`analytics`], [`integrations`], [`telephony`]…) are functions over a client, with the
//!   platform's own names. Seven styles of lists stand behind three functions of [`page`], ten shapes of jobs behind one
//!   loop, and whatever others may change too is read, changed and written back whole ([`change`]).
//! - [`Transport`] is the way there and back: sockets, or the same process.
//! - [`listen`](notifications::listen) hears what the platform tells, and says when to ask instead.
//!
//! What is decided is pure and has no clock: when a token is renewed ([`token`]), whether a request may go out now
//! ([`budget`]), what follows an answer ([`attempt`]). Unknown fields and enum values never break an answer.

pub mod analytics;
pub mod attempt;
pub mod audits;
pub mod budget;
pub mod change;
pub mod conversations;
pub mod datatables;
pub mod dependencies;
pub mod error;
pub mod flow_jobs;
pub mod flows;
pub mod instances;
pub mod integrations;
pub mod listener;
pub mod notifications;
pub mod numbers;
pub mod organisation;
pub mod page;
pub mod queues;
pub mod roles;
pub mod routes;
pub mod telephony;
pub mod token;
pub mod tokens;

mod client;
mod job;
mod region;
mod transport;

pub use client::{Client, Connection, Credential};
pub use error::Error;
pub use region::{Hosts, REGIONS, Region, UnknownRegion};
pub use transport::Transport;
