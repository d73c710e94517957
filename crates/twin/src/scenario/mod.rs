//! Scenarios: organisations and what happens to them, written down.
//!
//! A scenario founds one organisation or two linked ones, puts flows, Data Actions, queues, clients and configuration
//! into them, lets callers come, and has a timeline of orders. The same file with the same seed gives the same history:
//! live, in scaled time, or at once.

mod build;
mod run;
mod written;

use std::path::{Path, PathBuf};

use flow::Problems;

pub use build::Built;
#[cfg(test)]
pub(crate) use run::play;
pub use run::{Report, Simulated as SimulatedOrganisation, simulate};
pub use written::{Order, Scenario};

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file is no scenario.
    #[error("{path}: {message}")]
    Written {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        message: String,
    },
    /// A file that it names cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A flow or a Data Action that it names is wrong.
    #[error("{path} cannot be used")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Problems,
    },
    /// It speaks of something that is not there.
    #[error("there is no {kind} named `{name}`")]
    Nowhere {
        /// Of what kind.
        kind: String,
        /// By what name.
        name: String,
    },
    /// It says something that cannot be.
    #[error("{0}")]
    Wrong(String),
    /// A Data Action would have to be asked outside, which takes real time.
    #[error("the Data Action `{0}` is not simulated: without `simulate` a day cannot pass at once")]
    NotSimulated(String),
}

impl Scenario {
    /// Reads a scenario; files that it names lie beside it.
    ///
    /// # Errors
    /// When the file cannot be read, or is no scenario.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = read(path)?;
        let mut scenario: Self = serde_saphyr::from_str(&text).map_err(|error| ScenarioError::Written {
            path: path.to_owned(),
            message: error.without_snippet().to_string(),
        })?;
        scenario.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        scenario.check()?;
        Ok(scenario)
    }
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
