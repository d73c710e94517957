//! What was learned of an organisation.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that was learned, or why it was not.
pub type Known<T> = Result<T, Gap>;

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Why.
    pub why: String,
    /// What to do so that it can be known.
    pub fix: String,
}

impl Gap {
    /// Nobody has looked yet.
    pub fn unasked() -> Self {
        Self { why: "nobody has looked".to_owned(), fix: "run the review again".to_owned() }
    }
}

/// Everything that was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The target, by its name in the configuration.
    pub target: String,
    /// The organisation behind it.
    pub organisation: Known<String>,
    /// The flows of the plan, in its order.
    pub flows: Known<Vec<Flow>>,
    /// The integrations of the plan, in its order.
    pub integrations: Known<Vec<Integration>>,
    /// Every Data Action.
    pub actions: Known<Vec<Action>>,
    /// How fast each integration of the plan answers, seen from somewhere.
    pub probes: Vec<Probe>,
    /// How many of each licence are used, by its id.
    pub licences: Known<BTreeMap<String, u64>>,
    /// How many of each were bought, where the configuration of the target says it.
    pub bought: BTreeMap<String, u64>,
    /// Calls now.
    pub calls: Known<Calls>,
    /// Requests to the platform in the present minute.
    pub requests: Known<Requests>,
    /// How many Data Actions may run at the same time; `None` when the platform names no limit.
    pub actions_at_once: Known<Option<u64>>,
    /// Trunks to carriers.
    pub trunks: Known<Vec<Trunk>>,
    /// Ways out to carriers.
    pub outbound: Known<Vec<OutboundRoute>>,
    /// What the gate says to the objectives of the plan.
    pub gates: Known<Vec<Gate>>,
    /// Emergency groups.
    pub emergencies: Known<Vec<Emergency>>,
    /// The numbers of the plan.
    pub numbers: Known<Vec<Number>>,
    /// Whether the backup credential is let in; `None` where there is none.
    pub backup: Known<Option<bool>>,
    /// Objectives that exist.
    pub objectives: Known<Vec<Objective>>,
    /// Calls and sessions over a window, in order.
    pub sessions: Known<Vec<SessionSample>>,
    /// Calls that were left open; `None` where nobody has looked for them: the plan asks about no sessions, or what is here
    /// was learned before anybody looked.
    pub left: Known<Option<Left>>,
    /// What the two organisations are made of, where the plan names a second one.
    pub sides: Known<Option<Sides>>,
}

impl Facts {
    /// Of which nothing is known yet.
    pub fn unasked(target: &str) -> Self {
        Self::unknown(target, &Gap::unasked())
    }

    /// Of which nothing is known, for one and the same reason.
    pub fn unknown(target: &str, gap: &Gap) -> Self {
        let gap = || gap.clone();
        Self {
            target: target.to_owned(),
            organisation: Err(gap()),
            flows: Err(gap()),
            integrations: Err(gap()),
            actions: Err(gap()),
            probes: Vec::new(),
            licences: Err(gap()),
            bought: BTreeMap::new(),
            calls: Err(gap()),
            requests: Err(gap()),
            actions_at_once: Err(gap()),
            trunks: Err(gap()),
            outbound: Err(gap()),
            gates: Err(gap()),
            emergencies: Err(gap()),
            numbers: Err(gap()),
            backup: Err(gap()),
            objectives: Err(gap()),
            sessions: Err(gap()),
            left: Err(gap()),
            sides: Err(gap()),
        }
    }

    /// Time limits of Data Actions, by their names.
    pub(crate) fn limits(&self) -> BTreeMap<String, Duration> {
        let actions = self.actions.as_deref().unwrap_or_default();
        actions.iter().filter_map(|action| Some((action.name.clone(), action.timeout?))).collect()
    }
}

/// A flow of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its name, as the plan has it.
    pub name: String,
    /// Where its text comes from: a file, or a version of the organisation.
    pub source: String,
    /// Its Archy YAML.
    pub text: Known<String>,
    /// What the platform says to it.
    pub validation: Known<Validation>,
    /// What it uses and the organisation lacks, or has deleted.
    pub missing: Known<Vec<Dependency>>,
    /// Who has it locked.
    pub lock: Known<Option<Holder>>,
}

/// What the platform says to a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Whether it may be published; `None` where the platform does not validate.
    pub is_valid: Option<bool>,
    /// What it says.
    pub messages: Vec<Message>,
}

/// A message of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it is an error.
    pub is_error: bool,
    /// Its text.
    pub text: String,
}

/// Something that a flow uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What it is: `DATAACTION`, `ACDQUEUE`…
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Who has a flow locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Their name.
    pub name: String,
    /// Whether that is the reviewer's own client.
    pub is_ours: bool,
    /// How long they have had it, where the flow's history tells.
    pub since: Option<Duration>,
}

/// An integration of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Its name.
    pub name: String,
    /// Whether the organisation has it.
    pub exists: bool,
    /// What it reports: `ACTIVE`, `ERROR`…; `None` when it reports nothing.
    pub state: Option<String>,
}

/// A Data Action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// The name of its integration.
    pub integration: Option<String>,
    /// Its own time limit.
    pub timeout: Option<Duration>,
}

/// How fast something answers, seen from somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The integration.
    pub integration: String,
    /// From where: a target's name.
    pub vantage: String,
    /// Each try, in order.
    pub samples: Known<Vec<Sample>>,
    /// The way there, where it can be seen.
    pub path: Option<Path>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How long it took.
    pub took: Duration,
    /// Why it was no good answer; `None` when it was one.
    pub failed: Option<String>,
}

/// The way to an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The addresses that its name stands for, sorted.
    pub addresses: Vec<String>,
    /// The proxy in between.
    pub proxy: Option<String>,
    /// Whether it lets in the machine that has looked; the rest is known only then.
    pub answered: bool,
    /// Who vouches for its certificate; `None` where it has none.
    pub issuer: Option<String>,
    /// Where its root redirects to, in order: scheme, host and port.
    pub redirects: Vec<String>,
}

/// Calls of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Now.
    pub now: u64,
    /// At most.
    pub max: u64,
}

/// Requests of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Those so far, the review's own left out.
    pub used: u32,
    /// Those that the platform allows.
    pub allowed: u32,
}

/// A trunk to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Whether it can carry calls.
    pub state: TrunkState,
    /// The hosts of the carrier that it leads to, sorted.
    pub proxies: Vec<String>,
}

/// Whether a trunk can carry calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkState {
    /// It can.
    InService,
    /// Somebody has switched it off.
    Maintenance,
    /// It cannot.
    OutOfService,
    /// Nobody knows.
    Unknown,
}

/// A way out to carriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRoute {
    /// Its name.
    pub name: String,
    /// Whether it is used.
    pub is_enabled: bool,
    /// How many trunks it can choose from.
    pub trunks: usize,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// To which objective or flow.
    pub of: String,
    /// Whether a deploy may go ahead; `None` when nobody knows.
    pub is_allowed: Option<bool>,
    /// Why not, each a sentence.
    pub reasons: Vec<String>,
}

/// An emergency group.
#[derive(Clone, Debug, PartialEq)]
pub struct Emergency {
    /// Its name.
    pub name: String,
    /// Whether callers are led by it now.
    pub is_on: bool,
    /// How many call routes it leads.
    pub routes: usize,
    /// The flows that it leads to, with what they ask of others.
    pub flows: Vec<EmergencyFlow>,
}

/// A flow for emergencies.
#[derive(Clone, Debug, PartialEq)]
pub struct EmergencyFlow {
    /// Its name.
    pub name: String,
    /// Whether callers can get it.
    pub is_published: bool,
    /// Its Archy YAML.
    pub text: Known<String>,
}

/// A number of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// In E.164.
    pub number: String,
    /// Whether the organisation has it.
    pub exists: bool,
    /// Whether it leads somewhere.
    pub is_assigned: bool,
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// Its id.
    pub id: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Whether somebody is told when it is missed.
    pub has_alerts: bool,
}

/// Calls and sessions at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSample {
    /// Since the beginning of the window.
    pub at: Duration,
    /// Conversations that go on.
    pub calls: u64,
    /// Sessions that are open.
    pub sessions: u64,
}

/// Calls that were left open, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Those that were looked at, the oldest first.
    pub calls: Vec<LeftCall>,
    /// How many there were beside those.
    pub more: u64,
    /// How many are open in the end, read again from the platform.
    pub residue: Known<u64>,
    /// Calls and sessions after some were ended; `None` when none were, or nobody could tell.
    pub after: Option<SessionSample>,
}

/// A call that was left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftCall {
    /// The id of its conversation.
    pub id: String,
    /// When it began, as people read it.
    pub since: String,
    /// How long it had been open.
    pub open_for: Duration,
    /// Its medium, where the platform says it.
    pub medium: Option<String>,
    /// The queue that it was in last.
    pub queue: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a call that was left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nobody has tried to end it.
    Open,
    /// It was ended.
    Ended,
    /// It could not be ended, and why.
    Refused(String),
}

/// What two organisations are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// The name of the second one in the configuration.
    pub other: String,
    /// The things of the target.
    pub here: Vec<Item>,
    /// The things of the second one.
    pub there: Vec<Item>,
}

/// A thing of an organisation, as far as it is to be the same in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is: `flow`, `integration`, `queue`…
    pub kind: String,
    /// Its name: ids differ everywhere.
    pub name: String,
    /// What it is like, by names of settings.
    pub settings: BTreeMap<String, String>,
}
