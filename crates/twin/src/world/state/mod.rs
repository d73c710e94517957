//! An organisation as a file: everything that is in it, and everything that goes on.
//!
//! A file is a photograph of one moment. Whoever loads it, in another process and at another time, gets an organisation
//! that goes on as if nothing had happened: with the same callers in their flows and queues, the same agenda, jobs, tokens
//! and faults, the same chance, and the same history with its hash. Three things cannot be written: sockets must be
//! connected anew, what was asked of real systems is asked again, and requests to the twin that were under way are lost.
//!
//! Loading is all or nothing: what is wrong with a file is told with its place, and nothing has changed.
//!
//! Forms: 1 has what is configured; 2 adds `life`, a flow's operation and history, and an action's version.

mod access;
mod agenda;
mod answers;
mod callers;
mod calls;
mod configured;
mod facts;
mod leaks;
mod life;
mod moment;
mod queues;
mod records;

use std::time::Duration;

use base::Now;
use fastrand::Rng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use self::configured::{SavedAction, SavedClient, SavedIntegration, SavedQueue};
use self::life::Life;
pub(super) use self::moment::{Loading, SavedNow, Saving, ns, wall};
use super::documents::Documents;
use super::flows::SavedFlow;
use super::rows::Rows;
use super::{Question, Settings, World};

/// The form that is written.
const FORM: u32 = 2;

/// The form that has no `life`.
const FORM_WITHOUT_LIFE: u32 = 1;

/// Why a file gives no organisation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// It is not what a twin writes.
    #[error("read the state: {0}; only what `GET /twin/state` gave can be put back, unchanged or changed with care")]
    Unreadable(#[from] serde_json::Error),
    /// It comes from another version.
    #[error(
        "read the state: it has the form {0}, and the forms {FORM_WITHOUT_LIFE} to {FORM} can be read; load it with the \
         version of the twin that saved it"
    )]
    Form(u32),
    /// It says something that cannot be.
    #[error("load the state: {place}: {problem}; correct it there, or save the organisation again")]
    Wrong {
        /// Where, as a path into the file.
        place: String,
        /// What.
        problem: String,
    },
}

impl StateError {
    pub(super) fn wrong(place: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self::Wrong { place: place.into(), problem: problem.to_string() }
    }
}

/// An organisation that goes on, and what its callers ask of real systems.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) world: World,
    pub(crate) questions: Vec<Question>,
}

/// The one member that every form has.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// An organisation in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Saved {
    form: u32,
    organisation_id: String,
    name: String,
    region: String,
    number: String,
    vip_share: u32,
    settings: Settings,
    documents: Documents,
    rows: Rows,
    clients: Vec<SavedClient>,
    queues: Vec<SavedQueue>,
    flows: Vec<SavedFlow>,
    integrations: Vec<SavedIntegration>,
    actions: Vec<SavedAction>,
    /// Of form 1: the numbers that are called, and how often a second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    callers: Vec<(String, f64)>,
    chance: [u64; 5],
    /// From form 2 on: what goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life: Option<Life>,
}

impl Saved {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or one of another version.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, StateError> {
        // The form first, so that a file of the future is called that and not a mistake.
        let Form { form } = serde_json::from_slice(bytes)?;
        if !(FORM_WITHOUT_LIFE..=FORM).contains(&form) {
            return Err(StateError::Form(form));
        }
        let saved: Self = serde_json::from_slice(bytes)?;
        match (form, &saved.life) {
            (FORM_WITHOUT_LIFE, Some(_)) => Err(StateError::wrong("life", "a file of form 1 has none")),
            (FORM, None) => Err(StateError::wrong("life", "is missing")),
            _ => Ok(saved),
        }
    }

    /// How long the organisation had lived when it was saved: so old must monotonic time be when it is loaded.
    pub(crate) fn age(&self) -> Duration {
        self.life.as_ref().map_or(Duration::ZERO, Life::age)
    }
}

impl World {
    /// The organisation as it is now.
    pub(crate) fn save(&self, now: Now) -> Saved {
        let saving = Saving { now, began: self.began.mono };
        Saved {
            form: FORM,
            organisation_id: self.organisation_id.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            number: self.number.clone(),
            vip_share: self.vip_share.get(),
            settings: self.settings.clone(),
            documents: self.documents.clone(),
            rows: self.rows.clone(),
            clients: self.clients.iter().map(configured::save_client).collect(),
            queues: self.queues.iter().map(configured::save_queue).collect(),
            flows: self.flows.iter().map(|flow| flow.save(&saving)).collect(),
            integrations: self.actions.integrations().map(configured::save_integration).collect(),
            actions: self.actions.iter().map(configured::save_action).collect(),
            callers: Vec::new(),
            chance: [&self.ids, &self.conversations, &self.people, &self.agents, &self.upstreams].map(Rng::get_seed),
            life: Some(life::save(self, &saving)),
        }
    }

    /// An organisation from a file, which lives on from `now` as the given generation of its process. Monotonic time must be as old by then as the organisation
    /// is, see [`Saved::age`].
    ///
    /// # Errors
    /// When the file says something that cannot be.
    pub(crate) fn load(mut saved: Saved, generation: u64, now: Now) -> Result<Loaded, StateError> {
        let life = saved.life.take();
        let loading = match &life {
            Some(life) => life.loading(now)?,
            None => Loading::in_place(now),
        };
        let [ids, conversations, people, agents, upstreams] = saved.chance.map(Rng::with_seed);
        let mut world = configured::load(saved, &loading)?;
        world.generation = generation;
        (world.ids, world.conversations, world.people) = (ids, conversations, people);
        (world.agents, world.upstreams) = (agents, upstreams);
        let questions = match life {
            Some(life) => life::load(&mut world, life, &loading)?,
            None => Vec::new(),
        };
        world.await_leak(now);
        Ok(Loaded { world, questions })
    }
}

/// A number that grows by one each time: at most half of what there is room for, which nobody can have counted to.
pub(super) fn count<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    let number = u64::deserialize(deserializer)?;
    let has_room = number.checked_mul(2).is_some_and(|double| N::try_from(double).is_ok());
    N::try_from(number)
        .ok()
        .filter(|_| has_room)
        .ok_or_else(|| D::Error::custom(format!("nobody can have counted to {number}")))
}

/// A place in a list of the file.
pub(super) fn at(list: &str, place: usize) -> String {
    format!("{list}[{place}]")
}

/// What was never allowed to grow cannot have grown in a file.
pub(super) fn at_most(max: usize, length: usize, place: &str) -> Result<(), StateError> {
    if length <= max { Ok(()) } else { Err(StateError::wrong(place, format!("has {length} entries; {max} can be"))) }
}

#[cfg(test)]
mod tests;
