//! The guard: every publish of a watched flow is seen, weighed by the minute, and gone back from when it must be.
//!
//! What follows from what is seen is decided in the room ([`rollback::release`]); here it is told to people, kept, and
//! handed to whoever carries it out ([`Rollbacks`]).
//!
//! - Releases are found by asking, once a minute and whenever the platform says that a flow has changed; whoever published
//!   them. What was published while nobody looked is watched from the minute of its publish.
//! - A minute that nobody could tell of is unknown to every release, and says nothing against any. When it is told later,
//!   what follows from it is made again.
//! - Nothing begins before the release, with every number that speaks against it, is kept. While the store does not work
//!   people are told, and nothing is gone back from.
//! - Only the controller that has the lease watches; after a restart, or in other hands, it goes on with what was kept.

mod by_hand;
mod counting;
mod flow;
mod follows;
mod handle;
mod held;
mod learning;
mod missing;
mod publishes;
mod run;
mod seen;
mod state;
mod stored;
mod views;
mod words;

use std::sync::Arc;

use base::{Minute, Minutes};
use clock::Clock;
use rollback::Mode;
use rollback::act::Locked;
use rollback::recovery;
use store::Store;

pub use handle::{Guard, WishError};

use super::{Organisation, Rollbacks};
use crate::Sender;

/// The most releases that are remembered; the oldest that are over are forgotten here, and stay in the store.
pub const RELEASES_MAX: usize = 200;
/// The most lines of a release's story.
pub const STORY_MAX: usize = 100;
/// The most versions of a flow that are remembered as good, and as bad.
pub const VERSIONS_MAX: usize = 20;

/// What releases are held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// When a release is bad.
    pub watch: rollback::Policy,
    /// When going back has helped.
    pub recovery: recovery::Policy,
    /// False rollbacks that are put up with, a year; to be told.
    pub false_rollbacks_per_year: f64,
    /// Releases a year that they are spread over; to be told.
    pub releases_per_year: u32,
    /// What is normal is learned from so many minutes.
    pub history: Minutes,
    /// So many of them must be known before a flow may be gone back automatically.
    pub arm_after: Minutes,
    /// What to do when somebody has a flow locked.
    pub locked: Locked,
    /// The flows.
    pub flows: Vec<Watched>,
}

/// A flow whose releases are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its id or name.
    pub name: String,
    /// How far it may be gone back without people.
    pub mode: Mode,
    /// The flows that it is compared with, by their names here; all the others when none is named.
    pub siblings: Option<Vec<String>>,
}

/// Whether a minute of a flow, by its name here and its id, lies in maintenance.
pub type IsMaintained = Arc<dyn Fn(&str, &str, Minute) -> bool + Send + Sync>;

/// What other rooms know and are told.
#[derive(Clone)]
pub struct Neighbours {
    /// Whether a minute of a flow, by its name here and its id, lies in maintenance.
    pub is_maintained: IsMaintained,
    /// Takes what holds releases of flows up, all of it, whenever that changes: by the flow's name here and its id.
    pub hold: Arc<dyn Fn(Vec<Hold>) + Send + Sync>,
}

/// Why no release of a flow may go out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What the flow is called: by its name here, its name in the platform, its id.
    pub flow: Vec<String>,
    /// Why, as a sentence.
    pub why: String,
}

/// What a guard is made of.
pub struct Setup {
    /// What releases are held to.
    pub policy: Policy,
    /// Who knows of publishes and callers.
    pub organisation: Arc<dyn Organisation>,
    /// Who carries rollbacks out.
    pub rollbacks: Rollbacks,
    /// Where releases are kept.
    pub store: Arc<dyn Store>,
    /// Who makes incidents.
    pub incidents: Sender,
    /// The other rooms.
    pub neighbours: Neighbours,
    /// The time.
    pub clock: Clock,
}

/// Why a guard does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was kept cannot be read.
    #[error("load releases from the store")]
    Store(#[from] store::StoreError),
    /// What was kept is not understood.
    #[error("load release {id} from the store: {why}")]
    Format {
        /// Which.
        id: String,
        /// Why.
        why: String,
    },
}
