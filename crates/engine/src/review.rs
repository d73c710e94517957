//! Reviews: learns of an organisation what a plan asks about, and keeps it so that anybody can judge it again.
//!
//! - Parts are learned side by side, each within a time of its own. What is not learned in time is a gap, and the rest of
//!   the review goes on.
//! - Nothing of the organisation is changed, unless the plan says that calls which were left open are ended. Data Actions
//!   are carried out to see how fast they are: those that the plan names, or in organisations that are not production the
//!   first of an integration.
//! - [`Evidence`] is the plan's text and the facts: [`Evidence::judge`] gives the same review again from them.

mod emergencies;
mod evidence;
mod flows;
mod history;
mod left;
mod limits;
pub mod nightly;
mod path;
mod probes;
mod sessions;
mod sides;
mod telephony;

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use config::Launch;
use genesys::{Client, Error};
use review::{Facts, Gap, Known};

pub use evidence::{Evidence, Unreadable, VERSION};
pub use nightly::Reviews;

/// The longest that a part may take, apart from those that are as long as the plan wants.
const PART_TIME_MAX: Duration = Duration::from_secs(180);
/// The longest that a job of the platform is waited for.
const JOB_TIME_MAX: Duration = Duration::from_secs(60);
/// So many flows are asked about at the same time.
const AT_ONCE: usize = 10;

/// An organisation that is asked.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The target's name.
    pub name: String,
    /// The way there.
    pub client: Client,
    /// Whether callers depend on it.
    pub is_production: bool,
}

/// What a review is made with.
pub struct Setup<'a> {
    /// The plan.
    pub launch: &'a Launch,
    /// The texts of flows that the plan names files for, by the flows' names.
    pub texts: std::collections::BTreeMap<String, String>,
    /// The organisation.
    pub target: Organisation,
    /// The one that it is compared with.
    pub other: Option<Organisation>,
    /// A client with the backup credential alone, where there is one.
    pub backup: Option<Client>,
    /// What gates say to the plan's objectives.
    pub gates: Known<Vec<review::Gate>>,
    /// Objectives that are defined.
    pub objectives: Known<Vec<review::Objective>>,
    /// The clock.
    pub clock: Clock,
    /// Is told how far it is.
    pub tell: Tell,
}

/// Is told how far a review is.
pub type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// How far a review is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// With which part.
    pub part: &'static str,
    /// Steps that are done, and all of them.
    pub done: (usize, usize),
    /// Why it came to nothing, once that is known.
    pub gap: Option<String>,
}

/// What is asked, and about what.
struct Asking<'a> {
    setup: &'a Setup<'a>,
    client: &'a Client,
}

/// Learns what the plan asks about.
pub async fn learn(setup: &Setup<'_>) -> Facts {
    let asking = Asking { setup, client: &setup.target.client };
    let organisation = asking.part("organisation", 1, asking.organisation()).await;
    if let Err(gap) = &organisation {
        // Whoever cannot get in learns nothing, for one and the same reason.
        return Facts::unknown(&setup.target.name, gap);
    }
    let mut facts = Facts { organisation, ..Facts::unasked(&setup.target.name) };
    // Before anything else is asked: what is used now is used by others.
    facts.requests = Ok(limits::requests(asking.client));
    // Each on the heap: together they would be more than the stack of a thread takes.
    let (
        flows,
        integrations,
        probes,
        (licences, calls, actions_at_once),
        (trunks, outbound),
        emergencies,
        sides,
        (sessions, left),
    ) = tokio::join!(
        asking.part("flows", setup.launch.plan.flows.len(), Box::pin(flows::learn(&asking))),
        asking.part("integrations", 1, Box::pin(probes::integrations(&asking))),
        Box::pin(probes::learn(&asking)),
        Box::pin(limits::learn(&asking)),
        Box::pin(telephony::learn(&asking)),
        Box::pin(emergencies::learn(&asking)),
        Box::pin(sides::learn(&asking)),
        Box::pin(sessions::learn(&asking)),
    );
    (facts.flows, facts.probes) = (flows, probes);
    (facts.integrations, facts.actions) = match integrations {
        Ok((integrations, actions)) => (Ok(integrations), Ok(actions)),
        Err(gap) => (Err(gap.clone()), Err(gap)),
    };
    (facts.licences, facts.calls, facts.actions_at_once) = (licences, calls, actions_at_once);
    (facts.trunks, facts.outbound, facts.sides) = (trunks, outbound, sides);
    (facts.sessions, facts.left) = (sessions, left);
    (facts.emergencies, facts.numbers, facts.backup) = emergencies;
    (facts.gates, facts.objectives) = (setup.gates.clone(), setup.objectives.clone());
    facts
}

impl Asking<'_> {
    async fn organisation(&self) -> Known<String> {
        let me = genesys::tokens::me(self.client).await.map_err(|error| gap(&error))?;
        Ok(me.organization.name)
    }

    /// A part within its time, with its beginning and end told.
    async fn part<T>(&self, part: &'static str, steps: usize, learned: impl Future<Output = Known<T>>) -> Known<T> {
        self.within(part, steps, PART_TIME_MAX, learned).await
    }

    async fn within<T>(
        &self,
        part: &'static str,
        steps: usize,
        time: Duration,
        learned: impl Future<Output = Known<T>>,
    ) -> Known<T> {
        self.tell(part, (0, steps), None);
        let late = || Gap {
            why: format!("it took longer than {} s to learn", time.as_secs()),
            fix: "see whether the platform is busy, and run the review again".to_owned(),
        };
        let learned = self.setup.clock.timeout(time, learned).await.unwrap_or_else(|| Err(late()));
        self.tell(part, (steps, steps), learned.as_ref().err().map(|gap| gap.why.clone()));
        learned
    }

    fn tell(&self, part: &'static str, done: (usize, usize), gap: Option<String>) {
        (self.setup.tell)(Progress { part, done, gap });
    }
}

/// What could not be asked.
fn gap(error: &Error) -> Gap {
    Gap { why: error.to_string(), fix: error.hint() }
}
