//! What is known of the place and the moment in which a drill is to run. What is not known stands here as nothing, and
//! refuses.

use std::collections::{BTreeMap, BTreeSet};

use base::Ppm;
use jiff::Timestamp;

use crate::experiment::{Environment, Experiment};
use crate::guard::Deny;
use crate::subject::{Kind, Ties};

/// Something that was found in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// What it hangs on. A tie without names, or one that is missing, is not known.
    pub ties: Ties,
    /// Customers' share of what goes through it; `None` when nobody knows.
    pub live_traffic: Option<Ppm>,
}

/// The place and the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Where.
    pub environment: Environment,
    /// When the run would begin.
    pub at: Timestamp,
    /// What stands against drills, and whether it is so; what is missing is not known.
    pub standing: BTreeMap<Deny, bool>,
    /// Whether something that an earlier drill has broken could not be verified as undone.
    pub is_dirty: Option<bool>,
    /// Whether somebody has stopped all drills.
    pub is_stopped: Option<bool>,
    /// Who has agreed to this revision of the file.
    pub approved_by: Option<BTreeSet<String>>,
    /// Everything that was found, by kind and name.
    pub things: BTreeMap<(Kind, String), Thing>,
}

impl Situation {
    /// The situation in a lab, which is built for the run: its stand-ins hang on what the file says, nobody's calls go
    /// through them, and nothing that happens elsewhere stands against breaking them.
    pub fn lab(experiment: &Experiment, at: Timestamp) -> Self {
        let built = |subject: &crate::Subject| {
            let thing = Thing { ties: subject.ties.clone(), live_traffic: Some(Ppm::ZERO) };
            ((subject.kind, subject.reference.clone()), thing)
        };
        Self {
            environment: Environment::Lab,
            at,
            standing: Deny::ALL.into_iter().map(|deny| (deny, false)).collect(),
            is_dirty: Some(false),
            is_stopped: Some(false),
            approved_by: Some(BTreeSet::new()),
            things: experiment.parts().subjects.values().map(built).collect(),
        }
    }

    /// A place and a moment of which nothing is known yet.
    pub fn unknown(environment: Environment, at: Timestamp) -> Self {
        Self {
            environment,
            at,
            standing: BTreeMap::new(),
            is_dirty: None,
            is_stopped: None,
            approved_by: None,
            things: BTreeMap::new(),
        }
    }
}
