//! Which event is an incident?
//!
//! The room that decides it, pure like every room: [`step`] takes what is live, an event and the
//! moment, and says what is live then and what the shell must do. The rules:
//!
//! - A circuit that is not closed is an incident: degraded service is never normal. It opens with the
//!   change that left CLOSED, carries circuit, failure count, instant and cause, and pages once.
//! - OPEN and HALF_OPEN taking turns is the same incident going on: a line in its story, no page.
//! - CLOSED ends the incident and the page.
//! - Leaving CLOSED while the incident is still live means that its end was missed, in a crash. The
//!   incident goes on and its page is sent again under the same key: a receiver that still has it open
//!   merges the two, and one that was told of the end wakes somebody again.
//! - A change of a circuit that we know nothing about and that is not closed opens an incident too:
//!   its beginning was missed.
//! - A release that is suspect, that was gone back from, that nobody sees or that needs people is an incident each, so
//!   that each of them pages. One that was gone back from carries the alert that other systems wait for.
//! - A launch that a review keeps back is an incident for the owner of its plan, until a review lets it go.
//! - Trouble of our own (store, lost records, a receiver that takes no pages) is an incident of the
//!   same kind. Lost records cannot be found again; that incident ends when somebody acknowledges it.
//!
//! One live incident per [`Subject`]; its key at the receivers is `sdl:<org>:<subject>:<opened>`, so a
//! new episode has a new key.
//!
//! Stories are bounded: after [`TURNS_TOLD_MAX`] turns of a circuit only every doubling is told.

mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Effects, Now, Ppm};
use degrade::{Counts, Phase, Transition};
use jiff::Timestamp;
use store::{Action, IncidentState, Severity};

/// The most incidents that may be live. Beyond it, one incident says that there are too many.
pub const LIVE_MAX: usize = 1_000;
/// Turns between OPEN and HALF_OPEN that are all told.
pub const TURNS_TOLD_MAX: u32 = 32;
/// Acknowledgements that are told.
pub const ACKNOWLEDGEMENTS_TOLD_MAX: u32 = 16;

/// What an incident is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A circuit that is not closed.
    Circuit(Arc<str>),
    /// The store does not take what must be kept.
    Store,
    /// Something that should have been recorded is lost.
    Records,
    /// A receiver takes no letters.
    Receiver(Arc<str>),
    /// An objective burns its error budget at a rate that pages.
    Burn(Arc<str>),
    /// An objective burns its error budget at a rate for a ticket.
    SlowBurn(Arc<str>),
    /// An objective's error budget is spent.
    Spent(Arc<str>),
    /// Nothing is known of an objective any more.
    Blind(Arc<str>),
    /// A flow does without something.
    Mode(Arc<str>),
    /// The release of a flow is suspect.
    Suspect(Arc<str>),
    /// The release of a flow was gone back from, and whether that helps is being proved.
    WentBack(Arc<str>),
    /// The release of a flow needs people.
    Stuck(Arc<str>),
    /// Nothing is seen of the release of a flow.
    Unseen(Arc<str>),
    /// The platform does not have a flow whose releases are to be watched, by its name in the configuration.
    Missing(Arc<str>),
    /// A launch must not go ahead, or nobody can judge whether it may, by the name of its plan.
    Review(Arc<str>),
    /// So many incidents that new ones are no longer opened one by one.
    Crowd,
}

/// What the shell tells this room.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A circuit changed.
    Circuit(Transition),
    /// A circuit was seen closed and answering, by a gateway that has just started and therefore has
    /// no change to report.
    CircuitWell {
        /// The circuit's name.
        circuit: Arc<str>,
    },
    /// Trouble of our own, with an objective or with a flow began, or goes on with something new to say.
    Trouble {
        /// With what.
        subject: Subject,
        /// What happened, as a sentence without a full stop.
        what: String,
    },
    /// A flow was gone back.
    WentBack {
        /// Its id.
        flow: Arc<str>,
        /// What happened, as a sentence without a full stop.
        what: String,
        /// The alert.
        alert: Box<Alert>,
    },
    /// Such trouble is over.
    Over {
        /// With what.
        subject: Subject,
        /// How it ended, as a sentence without a full stop.
        what: String,
    },
    /// Somebody takes an incident.
    Acknowledged {
        /// Which one.
        id: String,
        /// Who.
        who: String,
    },
}

/// What the shell must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Keep the incident as it is now.
    Keep(Incident),
    /// Add a line to an incident's story.
    Note {
        /// Which incident.
        incident: String,
        /// Position in the story, from 1.
        n: u32,
        /// When it happened.
        at: Timestamp,
        /// What happened.
        what: String,
    },
    /// Tell every receiver, except the one that the incident is about.
    Tell {
        /// Which incident; it was kept just before.
        incident: String,
        /// What to tell.
        action: Action,
    },
}

/// What this room is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Name of the organisation, part of every deduplication key.
    pub org: String,
    /// How bad an open circuit is.
    pub circuit_severity: Severity,
}

/// Everything that is live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents {
    /// Incidents opened so far, for ids.
    pub opened_total: u64,
    /// One incident per subject.
    pub live: BTreeMap<Subject, Incident>,
}

/// One incident, as much of it as decisions need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Unique, in the order of time, and short enough to type: `20261121-081530-000042`.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// Its key at the receivers.
    pub dedup_key: String,
    /// One sentence with numbers.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: IncidentState,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// The evidence at its beginning.
    pub facts: Facts,
    /// Turns of the circuit since it opened.
    pub turns: u32,
    /// Times it was acknowledged.
    pub acknowledgements: u32,
    /// Lines in its story.
    pub lines: u32,
}

/// What was known when an incident opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The upstream behind the circuit.
    pub upstream: Option<String>,
    /// Failed calls that led to it.
    pub failures: Option<u64>,
    /// Why, in words.
    pub cause: String,
    /// What a rollback tells other systems.
    pub alert: Option<Box<Alert>>,
}

/// What a rollback tells other systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The flow's id.
    pub flow: String,
    /// The share of conversations that failed.
    pub rate: Ppm,
    /// The share that was put up with.
    pub threshold: Ppm,
    /// When it was decided.
    pub at: Timestamp,
    /// The version that callers get now.
    pub version: String,
}

/// Decides what one event means.
pub fn step(mut state: Incidents, policy: &Policy, event: Event, now: Now) -> (Incidents, Effects<Effect>) {
    let at = to_millisecond(now.wall);
    let mut effects = Effects::none();
    match event {
        Event::Circuit(transition) => circuit(&mut state, policy, &transition, &mut effects),
        Event::CircuitWell { circuit } => {
            resolve(&mut state, &Subject::Circuit(circuit), at, "seen closed and answering", &mut effects);
        }
        Event::Trouble { subject, what } => trouble(&mut state, policy, (subject, what, None), at, &mut effects),
        Event::WentBack { flow, what, alert } => {
            trouble(&mut state, policy, (Subject::WentBack(flow), what, Some(alert)), at, &mut effects);
        }
        Event::Over { subject, what } => resolve(&mut state, &subject, at, &what, &mut effects),
        Event::Acknowledged { id, who } => acknowledge(&mut state, &id, who, at, &mut effects),
    }
    (state, effects)
}

/// Facts are kept to the millisecond, so that what is read back equals what was decided.
pub fn to_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn circuit(state: &mut Incidents, policy: &Policy, transition: &Transition, effects: &mut Effects<Effect>) {
    let subject = Subject::Circuit(transition.circuit.clone());
    let at = to_millisecond(transition.at.wall);
    let story = words::change(transition);
    match (state.live.get_mut(&subject), transition.to) {
        (None, Phase::Closed) => {}
        (None, Phase::Open | Phase::HalfOpen) => {
            let opening = Opening {
                subject,
                severity: policy.circuit_severity,
                title: words::circuit_title(transition),
                facts: facts(transition),
                story,
                at,
            };
            open(state, policy, opening, effects);
        }
        (Some(incident), Phase::Open | Phase::HalfOpen) => {
            incident.turns = incident.turns.saturating_add(1);
            if is_told(incident.turns) {
                note(incident, at, words::turn(&story, incident.turns), effects);
            }
            // Bounded like the story: a gateway that repeats itself wakes nobody for ever.
            let is_end_missed = transition.from == Phase::Closed && is_told(incident.turns);
            if is_end_missed {
                note(incident, at, "its end was missed; told again".into(), effects);
            }
            effects.push(Effect::Keep(incident.clone()));
            if is_end_missed {
                effects.push(Effect::Tell { incident: incident.id.clone(), action: Action::Trigger });
            }
        }
        (Some(_), Phase::Closed) => resolve(state, &subject, at, &story, effects),
    }
}

fn trouble(
    state: &mut Incidents,
    policy: &Policy,
    (subject, what, alert): (Subject, String, Option<Box<Alert>>),
    at: Timestamp,
    effects: &mut Effects<Effect>,
) {
    if let Some(incident) = state.live.get_mut(&subject) {
        incident.turns = incident.turns.saturating_add(1);
        if is_told(incident.turns) {
            note(incident, at, what, effects);
        }
        effects.push(Effect::Keep(incident.clone()));
        return;
    }
    let opening = Opening {
        severity: words::trouble_severity(&subject),
        title: words::trouble_title(&subject, &what),
        facts: Facts { upstream: None, failures: None, cause: what.clone(), alert },
        story: what,
        subject,
        at,
    };
    open(state, policy, opening, effects);
}

struct Opening {
    subject: Subject,
    severity: Severity,
    title: String,
    facts: Facts,
    story: String,
    at: Timestamp,
}

fn open(state: &mut Incidents, policy: &Policy, opening: Opening, effects: &mut Effects<Effect>) {
    let is_crowded = state.live.len() >= LIVE_MAX && opening.subject != Subject::Crowd;
    if is_crowded {
        let what = format!("{} is not listed: {LIVE_MAX} incidents are live", opening.subject.key());
        return trouble(state, policy, (Subject::Crowd, what, None), opening.at, effects);
    }
    state.opened_total += 1;
    let mut incident = Incident {
        id: format!("{}-{:06}", opening.at.strftime("%Y%m%d-%H%M%S"), state.opened_total),
        dedup_key: dedup_key(&policy.org, &opening.subject, opening.at),
        title: opening.title,
        severity: opening.severity,
        state: IncidentState::Open,
        opened_at: opening.at,
        resolved_at: None,
        acknowledged_by: None,
        facts: opening.facts,
        turns: 0,
        acknowledgements: 0,
        lines: 0,
        subject: opening.subject,
    };
    note(&mut incident, opening.at, opening.story, effects);
    effects.push(Effect::Keep(incident.clone()));
    effects.push(Effect::Tell { incident: incident.id.clone(), action: Action::Trigger });
    state.live.insert(incident.subject.clone(), incident);
}

fn resolve(state: &mut Incidents, subject: &Subject, at: Timestamp, how: &str, effects: &mut Effects<Effect>) {
    let Some(mut incident) = state.live.remove(subject) else { return };
    incident.state = IncidentState::Resolved;
    // The wall clock of another machine may be behind; an incident never ends before it began.
    incident.resolved_at = Some(at.max(incident.opened_at));
    let ending = words::ending(how, &incident, at);
    note(&mut incident, at, ending, effects);
    effects.push(Effect::Keep(incident.clone()));
    effects.push(Effect::Tell { incident: incident.id, action: Action::Resolve });
    let has_room_again = state.live.len() < LIVE_MAX && state.live.contains_key(&Subject::Crowd);
    if has_room_again {
        resolve(state, &Subject::Crowd, at, "every incident is listed again", effects);
    }
}

fn acknowledge(state: &mut Incidents, id: &str, who: String, at: Timestamp, effects: &mut Effects<Effect>) {
    let Some(incident) = state.live.values_mut().find(|incident| incident.id == id) else { return };
    if incident.acknowledged_by.as_ref() == Some(&who) {
        return;
    }
    let is_first = incident.acknowledged_by.is_none();
    incident.acknowledgements = incident.acknowledgements.saturating_add(1);
    if incident.acknowledgements <= ACKNOWLEDGEMENTS_TOLD_MAX {
        note(incident, at, format!("acknowledged by {who}"), effects);
    }
    incident.acknowledged_by = Some(who);
    incident.state = IncidentState::Acknowledged;
    effects.push(Effect::Keep(incident.clone()));
    if is_first {
        effects.push(Effect::Tell { incident: id.to_owned(), action: Action::Acknowledge });
    }
    let ends_when_seen = incident.subject == Subject::Records;
    if ends_when_seen {
        resolve(state, &Subject::Records, at, "seen by a person", effects);
    }
}

fn note(incident: &mut Incident, at: Timestamp, what: String, effects: &mut Effects<Effect>) {
    incident.lines += 1;
    effects.push(Effect::Note { incident: incident.id.clone(), n: incident.lines, at, what });
}

/// The first turns are all told, then every doubling: a story stays readable and bounded.
fn is_told(turns: u32) -> bool {
    turns <= TURNS_TOLD_MAX || turns.is_power_of_two()
}

fn dedup_key(org: &str, subject: &Subject, opened_at: Timestamp) -> String {
    format!("sdl:{org}:{}:{}", subject.key(), opened_at.as_millisecond())
}

fn facts(transition: &Transition) -> Facts {
    Facts {
        upstream: Some(transition.upstream.to_string()),
        failures: Some(failures(&transition.counts)),
        cause: transition.cause.to_string(),
        alert: None,
    }
}

/// The larger of "in a row" and "in the window": either may be what opened the circuit.
fn failures(counts: &Counts) -> u64 {
    counts.bad.max(u64::from(counts.consecutive))
}

impl Subject {
    /// The subject as one word, as it stands in keys: `circuit/crm`, `store`.
    pub fn key(&self) -> String {
        match self {
            Self::Circuit(name) => format!("circuit/{name}"),
            Self::Store => "store".into(),
            Self::Records => "records".into(),
            Self::Receiver(name) => format!("receiver/{name}"),
            Self::Burn(id) => format!("burn/{id}"),
            Self::SlowBurn(id) => format!("slow-burn/{id}"),
            Self::Spent(id) => format!("spent/{id}"),
            Self::Blind(id) => format!("blind/{id}"),
            Self::Mode(flow) => format!("mode/{flow}"),
            Self::Suspect(flow) => format!("suspect/{flow}"),
            Self::WentBack(flow) => format!("went-back/{flow}"),
            Self::Stuck(flow) => format!("stuck/{flow}"),
            Self::Unseen(flow) => format!("unseen/{flow}"),
            Self::Missing(name) => format!("missing/{name}"),
            Self::Review(plan) => format!("review/{plan}"),
            Self::Crowd => "crowd".into(),
        }
    }

    /// The subject with this key; `None` when there is no such kind.
    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once('/') {
            Some(("circuit", name)) => Some(Self::Circuit(name.into())),
            Some(("receiver", name)) => Some(Self::Receiver(name.into())),
            Some(("burn", id)) => Some(Self::Burn(id.into())),
            Some(("slow-burn", id)) => Some(Self::SlowBurn(id.into())),
            Some(("spent", id)) => Some(Self::Spent(id.into())),
            Some(("blind", id)) => Some(Self::Blind(id.into())),
            Some(("mode", flow)) => Some(Self::Mode(flow.into())),
            Some(("suspect", flow)) => Some(Self::Suspect(flow.into())),
            Some(("went-back", flow)) => Some(Self::WentBack(flow.into())),
            Some(("stuck", flow)) => Some(Self::Stuck(flow.into())),
            Some(("unseen", flow)) => Some(Self::Unseen(flow.into())),
            Some(("missing", name)) => Some(Self::Missing(name.into())),
            Some(("review", plan)) => Some(Self::Review(plan.into())),
            Some(_) => None,
            None => match key {
                "store" => Some(Self::Store),
                "records" => Some(Self::Records),
                "crowd" => Some(Self::Crowd),
                _ => None,
            },
        }
    }
}
