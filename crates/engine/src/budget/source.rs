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

impl From<::genesys::Error> for SourceError {
    /// What waiting does not mend is told with what to do about it.
    fn from(error: ::genesys::Error) -> Self {
        let is_for_people =
            matches!(error, ::genesys::Error::Login { .. }) || matches!(error.status(), Some(401 | 403 | 404));
        let why = if is_for_people { format!("{error}; {}", fragment(&error.hint())) } else { error.to_string() };
        let retry_after = match error {
            ::genesys::Error::OutOfBudget(wait) => Some(wait),
            ::genesys::Error::Api(error) => error.retry_after,
            _ => None,
        };
        Self { why, retry_after }
    }
}

/// A sentence as a part of another.
fn fragment(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl SourceError {
    /// Something happened; it is asked again at a pace that slows down.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use ::genesys::Error;
    use ::genesys::error::ApiError;

    use super::*;

    #[test]
    fn what_only_people_can_mend_says_how() {
        let refused = |status, body: &[u8]| Error::Api(Box::new(ApiError::read("GET", "/x", status, body)));
        let missing = br#"{"message": "Missing [analytics:flowAggregate:view]", "code": "missing.any.permissions"}"#;
        let login = |status| Error::Login { status, message: "invalid_client".to_owned() };
        let table = [
            (refused(403, missing), "; give a role of the OAuth client: analytics:flowAggregate:view"),
            (refused(401, b""), "; check that the OAuth client is active and of this region"),
            (login(Some(400)), "; check the client's id and secret, and that the client is of this region"),
            (login(None), "; check the region and the way to its login host"),
            // It is asked again anyway.
            (refused(503, b"busy"), "was answered with 503: busy"),
            (Error::OutOfBudget(Duration::from_secs(3)), "is used up for another 3 s"),
        ];
        for (error, end) in table {
            let why = SourceError::from(error).why;
            assert!(why.ends_with(end), "{why}");
        }
        let wait = Some(Duration::from_secs(3));
        assert_eq!(SourceError::from(Error::OutOfBudget(Duration::from_secs(3))).retry_after, wait);
    }
}
