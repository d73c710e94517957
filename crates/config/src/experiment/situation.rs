//! The situation that an experiment is judged in, as somebody wrote it down: for dry runs where nobody can be asked.

use std::collections::BTreeSet;

use drill::{Deny, Situation, Thing};
use jiff::Timestamp;
use schemars::JsonSchema;

use super::forms::{Situation as SituationKind, Version};
use super::found::Found;
use super::meant::ties;
use super::raw::DependsOn;
use super::read::{List, Read, Share, Word, record};
use super::tree::Node;

record! {
    /// What is known of the place that a drill is to run in. What is left out is not known, and refuses.
    File {
        /// The version of the form.
        "apiVersion" _version: Word<Version> = "write `apiVersion: steadyline/v1`",
        /// What the file is.
        "kind" _kind: Word<SituationKind> = "write `kind: Situation`",
        /// The place.
        "environment" environment: Word<drill::Environment> = "write staging or production",
        /// Whether there is maintenance.
        "maintenance" maintenance: bool,
        /// Whether an incident is open.
        "open_incident" open_incident: bool,
        /// Whether the error budget is spent.
        "budget_exhausted" budget_exhausted: bool,
        /// Whether an earlier drill has left something behind.
        "dirty" dirty: bool,
        /// Whether somebody has stopped all drills.
        "stopped" stopped: bool,
        /// Who has agreed to the experiment as it is.
        "approved_by" approved_by: List<String>,
        /// What was found.
        "things" things: List<FoundThing>,
    }
}

record! {
    /// Something that was found.
    FoundThing {
        /// Its type.
        "type" kind: Word<drill::Kind> = "write what it is, such as `sip-trunk`",
        /// What it is called.
        "ref" reference: String = "write what it is called",
        /// What it hangs on.
        "depends_on" depends_on: DependsOn,
        /// Customers' share of what goes through it.
        "live_traffic" live_traffic: Share,
    }
}

pub(super) fn meant(raw: File, at: Timestamp) -> Situation {
    let standing = [
        (Deny::Maintenance, raw.maintenance),
        (Deny::OpenIncident, raw.open_incident),
        (Deny::BudgetExhausted, raw.budget_exhausted),
    ];
    let thing = |it: FoundThing| {
        let found = Thing {
            ties: it.depends_on.map(ties).unwrap_or_default(),
            live_traffic: it.live_traffic.map(|share| share.0),
        };
        Some(((it.kind?.0, it.reference?), found))
    };
    Situation {
        environment: raw.environment.map(|environment| environment.0).unwrap_or_default(),
        at,
        standing: standing.into_iter().filter_map(|(deny, is_so)| Some((deny, is_so?))).collect(),
        is_dirty: raw.dirty,
        is_stopped: raw.stopped,
        approved_by: raw.approved_by.map(|people| people.into_read().collect::<BTreeSet<_>>()),
        things: raw.things.unwrap_or_default().into_read().filter_map(thing).collect(),
    }
}
