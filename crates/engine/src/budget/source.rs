//! Where counts come from.

mod arrears;
mod gateway;
mod genesys;
mod pace;
mod prometheus;

use std::time::Duration;

use async_trait::async_trait;
use budget::{Count, Minute};

pub use gateway::{GatewayCounts, RouteCounts};
pub use genesys::GenesysCounts;
pub(crate) use pace::Pace;
pub use prometheus::PrometheusCounts;

/// One count that a source answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The place of the objective in the policy.
    pub objective: usize,
    /// Which minute.
    pub minute: Minute,
    /// What was counted.
    pub count: Count,
}

/// What a source answers with. A trouble of one objective does not keep it from counting the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// What was counted.
    pub counts: Vec<Reading>,
    /// What was not counted, or not believed: the place of the objective and why, as a lowercase fragment.
    pub troubles: Vec<(usize, String)>,
}

/// Somebody who is asked for counts once a minute.
#[async_trait]
pub trait Source: Send + Sync {
    /// In a word: `gateway`, `genesys`, `prometheus`.
    fn kind(&self) -> &'static str;

    /// The objectives that it counts for, by their places in the policy.
    fn objectives(&self) -> Vec<usize>;

    /// How many minutes before the last one it corrects afterwards, and is therefore asked for again.
    fn corrects(&self) -> u32 {
        0
    }

    /// What it knows of the minutes from one up to, but without, another. Minutes that it leaves out are missing.
    ///
    /// # Errors
    /// When it can count none of its objectives: it is asked again for the same minutes.
    async fn read(&self, from: Minute, until: Minute) -> Result<Readings, SourceError>;
}

/// Why a source does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SourceError {
    /// What happened: a lowercase fragment.
    pub why: String,
    /// Not to be asked again before.
    pub retry_after: Option<Duration>,
}

/// Why a source cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An objective's indicator asks somebody else.
    #[error("count objective {objective}: its indicator asks another source, of type {word}")]
    Foreign {
        /// The objective's place in the policy.
        objective: usize,
        /// The type of the source that it asks.
        word: &'static str,
    },
    /// A number that must stay on one side of a value is asked of a Prometheus.
    #[error("count objective {objective}: only a Prometheus has the number of a threshold")]
    Threshold {
        /// The objective's place in the policy.
        objective: usize,
    },
    /// The address is none.
    #[error("use {0:?} as the address of a Prometheus: it must begin with http:// or https://")]
    Url(String),
    /// The TLS side could not be set up.
    #[error("set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl From<Vec<Reading>> for Readings {
    fn from(counts: Vec<Reading>) -> Self {
        Self { counts, troubles: Vec::new() }
    }
}

impl SourceError {
    /// Something happened; it is asked again at a pace that slows down.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after: None }
    }
}
