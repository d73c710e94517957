//! Waiting for the platform's jobs: ten shapes of "not yet", one loop.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;

/// The first pause between two looks at a job; each is half as long again as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not over.
    Running,
    /// Over, and well.
    Done,
    /// Over, and not well.
    Failed(String),
}

/// Reads the state words of all families; one that nobody knows is not over yet.
pub(crate) fn stage(word: Option<&str>) -> Stage {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "success" | "succeeded" | "fulfilled" | "complete" | "completed" => Stage::Done,
        word @ ("failure" | "failed" | "cancelled" | "canceled" | "expired" | "error" | "terminated") => {
            Stage::Failed(word.to_owned())
        }
        _ => Stage::Running,
    }
}

/// Looks at `path` until `judge` says that the job is over, for at most `patience`.
pub(crate) async fn wait<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &[(&str, String)],
    patience: Duration,
    judge: impl Fn(&T) -> Stage,
) -> Result<T, Error> {
    let until = client.clock().mono() + patience;
    let mut pause = PAUSE_MIN;
    loop {
        let answer: T = client.get(path, query).await?;
        match judge(&answer) {
            Stage::Done => return Ok(answer),
            Stage::Failed(message) => return Err(Error::JobFailed { path: path.to_owned(), message }),
            Stage::Running => {}
        }
        let now = client.clock().mono();
        if now >= until {
            return Err(Error::JobUnfinished { path: path.to_owned(), after: patience });
        }
        client.clock().sleep(pause.min(until.since(now))).await;
        pause = (pause * 3 / 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_every_family_are_understood_and_new_ones_mean_not_yet() {
        for word in ["Success", "Succeeded", "FULFILLED", "Complete", "COMPLETED"] {
            assert_eq!(stage(Some(word)), Stage::Done, "{word}");
        }
        for word in ["Failure", "FAILED", "Cancelled", "EXPIRED"] {
            assert!(matches!(stage(Some(word)), Stage::Failed(_)), "{word}");
        }
        for word in ["Registered", "Started", "QUEUED", "PENDING", "Running", "WaitingForUpload", "Brand New", ""] {
            assert_eq!(stage(Some(word)), Stage::Running, "{word}");
        }
        assert_eq!(stage(None), Stage::Running);
    }
}
