//! Evidence of a review, as it is kept: whoever has it can judge again.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Invalid, load_plan};
use jiff::Timestamp;
use review::{Facts, Review, review};
use serde::{Deserialize, Serialize};

mod wire;

/// The form in which evidence is written. Form 2 adds calls that were left open.
pub const VERSION: u32 = 2;

/// The first form, which is still read.
const VERSION_FIRST: u32 = 1;

/// The longest file of evidence that is read: the texts of five hundred long flows.
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a review was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The name of the plan's file.
    pub file: String,
    /// The plan as it was written.
    pub plan: String,
    /// When the facts were learned.
    pub at: Timestamp,
    /// The facts.
    pub facts: Facts,
}

/// Why evidence cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is none.
    #[error("it is no evidence of a review: {0}")]
    Text(String),
    /// It is written in a form that came later.
    #[error("it is written in form {0}, and {VERSION} is the last that is known here")]
    Version(u32),
    /// The plan in it cannot be read.
    #[error("the plan in it cannot be read")]
    Plan(#[from] Box<Invalid>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    version: u32,
    file: String,
    plan: String,
    at: Timestamp,
    facts: wire::Facts,
}

#[derive(Deserialize)]
struct Form {
    version: u32,
}

impl Evidence {
    /// Judges it, again if it was judged before.
    ///
    /// # Errors
    /// The plan cannot be read.
    pub fn judge(&self) -> Result<Review, Unreadable> {
        let launch = load_plan(Path::new(&self.file), &self.plan)?;
        Ok(review(&launch.plan, &self.facts))
    }

    /// As it is written.
    pub fn to_json(&self) -> String {
        let Self { file, plan, at, facts } = self.clone();
        let written = Written { version: VERSION, file, plan, at, facts: facts.into() };
        serde_json::to_string_pretty(&written).expect("text, numbers and lists can be written")
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// It is no evidence, or of a later form.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        if BYTES_MAX < text.len() {
            return Err(Unreadable::Text(format!("it is longer than {BYTES_MAX} bytes")));
        }
        let wrong = |error: serde_json::Error| Unreadable::Text(error.to_string());
        let Form { version } = serde_json::from_str(text).map_err(wrong)?;
        if !(VERSION_FIRST..=VERSION).contains(&version) {
            return Err(Unreadable::Version(version));
        }
        let Written { file, plan, at, facts, .. } = serde_json::from_str(text).map_err(wrong)?;
        Ok(Self { file, plan, at, facts: facts.into() })
    }
}

/// Texts by name, as maps of both sides have them.
type Texts = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
