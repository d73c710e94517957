//! What was meant by targets, and by how integrations are asked.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::Platform;
use crate::problem::nearest;

/// The name by which the section `platform` is a target.
pub const PLATFORM_TARGET: &str = "platform";

/// The longest that 95 of 100 answers of an integration may take, unless something else is said.
pub const SLA: Duration = Duration::from_secs(4);

/// How often an integration is asked for its health, unless something else is said.
pub const SAMPLES: u16 = 5;

/// The most questions of one health check.
pub const SAMPLES_MAX: u16 = 50;

/// How many reviews of a plan are kept, unless something else is said.
pub const KEEP: u32 = 90;

/// The most reviews of a plan that are kept.
pub const KEEP_MAX: u32 = 400;

/// The most plans that are reviewed at night.
pub const NIGHTLY_MAX: usize = 50;

/// Where releases go, and how what they need is asked for its health.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// Who is to be told when a release is held up.
    pub owner: Option<String>,
    /// All targets, the section `platform` first, then in the order of the file.
    pub targets: Vec<Target>,
    /// In the order of the file.
    pub integrations: Vec<Health>,
    /// What is reviewed every night, in the order of the file.
    pub plans: Vec<NightlyPlan>,
}

/// A plan that is reviewed every night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightlyPlan {
    /// The plan's file, from the folder of the configuration.
    pub file: String,
    /// The name of one of [`Review::targets`].
    pub target: String,
    /// The time of day ...
    pub at: Time,
    /// ... of clocks in this zone.
    pub zone: TimeZone,
    /// How many of its reviews are kept.
    pub keep: u32,
    /// Whether it may be reviewed where callers are.
    pub touch_production: bool,
}

/// An organisation that releases go to.
#[derive(Clone, Debug)]
pub struct Target {
    /// What commands call it.
    pub name: String,
    /// Where it is, and as whom it is asked.
    pub platform: Platform,
    /// True when callers are in it: what goes there is approved by a second person.
    pub is_production: bool,
}

/// How an integration is asked for its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The integration's id or name.
    pub name: String,
    /// The Data Action that is executed.
    pub action: Option<String>,
    /// What it is given.
    pub inputs: BTreeMap<String, String>,
    /// The address that is asked instead.
    pub url: Option<String>,
    /// The longest that 95 of 100 answers may take.
    pub sla: Duration,
    /// How often it is asked.
    pub samples: u16,
}

/// A name that no target has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no target `{name}`")]
pub struct UnknownTarget {
    name: String,
    known: Vec<String>,
}

impl Review {
    /// The target of this name; without a name, the section `platform`.
    ///
    /// # Errors
    /// When there is none of this name, and what may have been meant.
    ///
    /// ```
    /// let config = config::load("c.yaml", "", &config::Process).unwrap();
    /// let unknown = config.review.target(Some("sandbox")).unwrap_err();
    /// assert_eq!(unknown.to_string(), "there is no target `sandbox`");
    /// ```
    pub fn target(&self, name: Option<&str>) -> Result<&Target, UnknownTarget> {
        let name = name.unwrap_or(PLATFORM_TARGET);
        self.targets.iter().find(|target| target.name == name).ok_or_else(|| UnknownTarget {
            name: name.to_owned(),
            known: self.targets.iter().map(|target| target.name.clone()).collect(),
        })
    }
}

impl UnknownTarget {
    /// What to do about it.
    pub fn hint(&self) -> String {
        if self.known.is_empty() {
            return "name the organisation under `platform`, or others under `review.targets`".to_owned();
        }
        let known = format!("known targets: {}", self.known.join(", "));
        match nearest(&self.name, self.known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? {known}"),
            None if self.name == PLATFORM_TARGET => format!("choose one with `--target`; {known}"),
            None => known,
        }
    }
}
