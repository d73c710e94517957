//! Events in, decisions, effects out.
//!
//! A gateway reports every change of a circuit; the engine decides what is an incident
//! ([`incident`]), keeps it together with the letters about it and the [`journal`] in one transaction
//! of the store, and sees to it that the letters arrive ([`delivery`], [`queue`], [`courier`]).
//!
//! Rules that the engine keeps:
//!
//! - Nothing waits for it. A [`Sender`] never blocks; what does not fit is counted, and the loss is an
//!   incident of its own.
//! - Nothing stops a page. While the store does not work, decisions stay in a bounded buffer and
//!   their letters go out all the same; what was buffered is written when the store is back.
//! - One task owns all state. The store and each receiver have a task of their own that may hang
//!   without holding up anything else.
//! - A letter arrives at least once, under the same id and key, and a resolve only after its trigger.

mod background;
mod board;
pub mod budget;
mod convert;
pub mod courier;
pub mod delivery;
pub mod deployments;
mod documents;
mod handle;
pub mod incident;
pub mod journal;
mod keeper;
mod page;
pub mod queue;
pub mod review;
pub mod rollback;
mod run;
mod unsaved;
pub mod wiring;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use store::{Store, StoreError};

pub use board::Views;
pub use convert::incident_view;
pub use handle::{AcknowledgeError, Handle, Sender};
pub use page::Page;
pub use run::Engine;
pub use store::{Action, Severity};

/// Events that may wait to be handled.
pub const EVENTS_WAITING_MAX: usize = 4_096;

/// Somebody who is told.
#[derive(Clone)]
pub struct Receiver {
    /// Name in the configuration; letters are kept under it.
    pub name: Arc<str>,
    /// How letters get there.
    pub courier: Arc<dyn courier::Courier>,
}

/// What the engine is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What is an incident.
    pub incidents: incident::Policy,
    /// When to try again and when to give up.
    pub delivery: delivery::Policy,
    /// A store that fails for this long is an incident. Shorter trouble only delays writing.
    pub store_trouble_after: Duration,
    /// A receiver that has not taken a letter for this long is an incident.
    pub receiver_trouble_after: Duration,
}

impl Policy {
    /// What is right for `org`, unless somebody knows better.
    pub fn standard(org: &str) -> Self {
        Self {
            incidents: incident::Policy { org: org.to_owned(), circuit_severity: Severity::Error },
            delivery: delivery::Policy::default(),
            store_trouble_after: Duration::from_secs(10),
            receiver_trouble_after: Duration::from_secs(120),
        }
    }
}

/// What an engine is made of.
pub struct Setup {
    /// Where to keep things.
    pub store: Arc<dyn Store>,
    /// Whom to tell. Names must differ.
    pub receivers: Vec<Receiver>,
    /// The time.
    pub clock: Clock,
    /// The rules.
    pub policy: Policy,
    /// Seed of the jitter between attempts.
    pub seed: u64,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was kept cannot be read.
    #[error("load incidents and letters from the store")]
    Store(#[from] StoreError),
    /// What was kept is not understood.
    #[error("load incident {id} from the store")]
    Format {
        /// Which incident.
        id: String,
        /// Why.
        #[source]
        source: journal::FormatError,
    },
    /// Two receivers have the same name.
    #[error("tell two receivers of the same name {0}")]
    Receivers(Arc<str>),
}
