//! A stand-in for Genesys Cloud that runs real flows, with a CRM and callers to break.
//!
//! A [`Twin`] is one organisation: flows with versions and a lock, queues with agents, integrations
//! with Data Actions, OAuth clients, and callers who come in at a rate. Every caller runs the
//! published flow in the interpreter of the `flow` crate; its Data Actions make real HTTP requests.
//! A [`Crm`] is what those requests ask in the end, and it can be broken in many ways.
//!
//! The wire types are this crate's own. If they were shared with a client, a misspelt field would
//! pass on both sides.
//!
//! # Platform face
//!
//! `POST /oauth/token` and, with a bearer token, the part of `/api/v2` that has to do with flows,
//! queues, integrations and Data Actions, with the platform's error bodies, paging and rate-limit
//! headers. The OAuth client `twin-client` with the secret `twin-secret` always exists.
//!
//! # Control face
//!
//! Under `/twin`, without a token, for demos and tests:
//!
//! | request | does |
//! |---|---|
//! | `GET /twin/calls?limit=100` | totals, and the last calls, newest first |
//! | `POST /twin/callers {"ratePerSecond": 5}` | lets callers come in |
//! | `DELETE /twin/callers` | lets no more come in |
//! | `GET /twin/faults` | what is broken, and for how much longer |
//! | `POST /twin/faults {"target": "dataActions", "kind": "failure", "status": 503, "ttlMs": 5000}` | breaks it (`tokens` is the other target, `latency` with `latencyMs` the other kind) |
//! | `GET /twin/clock` | the twin's time and how fast it runs |
//! | `POST /twin/reset` | forgets calls, totals, faults and who is in the queues |
//!
//! # Example
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = clock::Clock::scaled(10);
//! let crm = twin::Crm::start(twin::CrmOptions::new(clock.clone())).await?;
//! let twin = twin::Twin::start(twin::Options::new(clock)).await?;
//! twin.load_flow(&std::fs::read_to_string("examples/flows/main-ivr.yaml")?)?;
//! let action = std::fs::read_to_string("examples/flows/crm-lookup.custom.json")?;
//! twin.load_action("CRM", &action, &[("baseUrl", &crm.base_url())])?;
//! twin.start_callers(5.0)?;
//! twin.totals_when(|totals| totals.queued >= 100).await;
//! crm.set_mode(twin::Mode::Hang);
//! # Ok(())
//! # }
//! ```

mod callers;
mod crm;
mod execute;
mod face;
mod handle;
mod shared;
mod world;

pub use callers::{CALLERS_MAX, RATE_MAX};
pub use crm::{Crm, CrmHandle, CrmOptions, Mode, Requests};
pub use handle::{LoadedFlow, Options, RateError, StartError, Twin, TwinHandle};
pub use world::{
    AskOutcome, AskRecord, CALL_RECORDS_MAX, CallRecord, DEFAULT_CLIENT, Ended, Fault, FaultKind, FaultTarget,
    QueueOptions, Tier, Totals, tier_of,
};
