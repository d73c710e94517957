//! The Genesys Cloud Platform API, typed: what Steadyline uses of it, by resource.
//!
//! - [`Hosts`] knows the regions, and the gateway prefix that the official SDKs have.
//! - [`Client`] sends requests: one token for all callers, renewed ahead of its end; one budget of requests for each
//!   OAuth client, from what the platform itself says, with a share that only rollbacks may use; retries where a
//!   retry can do no harm.
//! - Resources ([`flows`], [`queues`], [`integrations`], [`tokens`]) are functions over a client, with the platform's own names.
//!
//! What is decided is pure and has no clock: when a token is renewed ([`token`]), whether a request may go out now
//! ([`budget`]), what follows an answer ([`attempt`]). Unknown fields and enum values never break an answer.

pub mod attempt;
pub mod budget;
pub mod error;
pub mod flows;
pub mod integrations;
pub mod page;
pub mod queues;
pub mod token;
pub mod tokens;

mod client;
mod region;

pub use client::{Client, Connection, Credential};
pub use error::Error;
pub use region::{Hosts, REGIONS, Region, UnknownRegion};
