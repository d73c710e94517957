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
//! `POST /oauth/token`, the operations of `/api/v2` that are listed in `docs/reference/platform-operations.md`, and
//! WebSockets under `/channels/{id}`: with the platform's error bodies, permissions, paging, jobs, version conflicts and
//! rate limits. The official SDKs are its judges. The OAuth client `twin-client` with the secret `twin-secret` always
//! exists and may do everything.
//!
//! # Control face
//!
//! Under `/twin`, without a token, for demos and tests:
//!
//! | request | does |
//! |---|---|
//! | `GET /twin/calls?limit=100` | totals, who is in a flow, and the last calls, newest first |
//! | `POST /twin/callers {"ratePerSecond": 5, "number": "+18005550100"}` | lets callers come in |
//! | `DELETE /twin/callers` | lets no more come in |
//! | `PUT /twin/agents {"queue": "VIP", "agents": 3}` | puts so many agents on a queue |
//! | `GET`, `POST`, `DELETE /twin/faults` | what is broken and for how much longer; breaks it; mends it |
//! | `PUT /twin/trunks/{id} {"connected": false}` | breaks the carrier behind a trunk |
//! | `PUT /twin/flows/{id}/lock {"holder": "mary"}` | lets somebody take a flow |
//! | `DELETE /twin/sockets`, `POST /twin/sockets/closing` | ends every WebSocket; announces that they will end |
//! | `GET`, `PATCH /twin/settings` | what differs between organisations, see [`Settings`] |
//! | `GET /twin/operations` | the operations of the platform that are served |
//! | `GET`, `PUT /twin/state` | the organisation and all that goes on in it as a file; goes on from a file |
//! | `GET /twin/log` | how much has happened, and a hash over it |
//! | `GET /twin/clock` | the twin's time and how fast it runs |
//! | `POST /twin/reset` | forgets calls, totals, faults and who is in the queues |
//!
//! A fault has a target (`dataActions`, `tokens`, `sockets`, `platform`, `region`, or a service such as `analytics`), a
//! kind (`latency` and `slowBody` with `latencyMs`, `failure` with `status`, `throttle`, `reset`) and a `ttlMs`.
//!
//! # Time
//!
//! Everything that will happen is an entry of an agenda; nothing in the organisation waits. Live, a driver sleeps until
//! the next entry; a test or a simulation jumps to it. The same seed and the same requests give the same history, whose
//! hash is told.
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

mod crm;
mod driver;
mod execute;
mod face;
mod handle;
mod platform;
pub mod scenario;
mod seen;
mod shared;
mod world;

pub use crm::{Crm, CrmHandle, CrmOptions, Mode, Requests};
pub use handle::{LoadedFlow, Options, RateError, StartError, Twin, TwinHandle};
pub use seen::{FlowSeen, PublishSeen, VersionSeen};
pub use world::{
    AskOutcome, AskRecord, CALL_RECORDS_MAX, CALLERS_MAX, CallRecord, DEFAULT_CLIENT, Ended, Fault, FaultKind,
    FaultTarget, Message, Organisation, QueueOptions, RATE_MAX, Service, Settings, Simulated, Tier, Totals,
    VersionConflict, tier_of,
};
