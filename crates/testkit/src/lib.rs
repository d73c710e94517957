//! Rehearsal: what stands in for the world around the engine.
//!
//! - [`inbox`]: a receiver of pages in this process. It speaks PagerDuty's Events API v2 and verifies
//!   Standard Webhooks, with wire types and checks of its own: it shares no code with the couriers
//!   that it judges.
//! - [`simulation`]: hours of breakers, store faults, crashes and dead receivers in a fraction of a
//!   second, from a seed, with the rules that must hold whatever happens.

pub mod inbox;
pub mod simulation;
