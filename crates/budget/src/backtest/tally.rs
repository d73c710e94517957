//! What a replay comes to: totals of each objective and flow, and everything that lasted.

use std::collections::BTreeMap;

use crate::book::{Book, Effect, Policy};
use crate::ladder::{self, Mode};
use crate::ledger;
use crate::{Minute, Minutes, Remaining, Severity};

/// An objective over a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectiveTotals {
    /// Its id.
    pub id: String,
    /// How often somebody would have been told at once.
    pub pages: u32,
    /// How often somebody would have been told in the next days.
    pub tickets: u32,
    /// The least that was left, and when first.
    pub worst: Option<(Remaining, Minute)>,
    /// How long nothing was left.
    pub spent: Minutes,
    /// How long too little was known to say what was left.
    pub unknown: Minutes,
}

/// A flow over a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowTotals {
    /// Its id.
    pub id: String,
    /// How often its mode changed.
    pub changes: u32,
    /// How long it was in each mode, in the order of [`Mode::ALL`].
    pub modes: [Minutes; Mode::ALL.len()],
    /// The gate for its releases.
    pub gate: GateTotals,
}

/// The gate over a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateTotals {
    /// How long it was open.
    pub open: Minutes,
    /// How long it was shut.
    pub shut: Minutes,
    /// How long nobody knew.
    pub unknown: Minutes,
}

/// What something that lasts is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Alerts of an objective told somebody.
    Alert(String, Severity),
    /// An objective had no budget left.
    Spent(String),
    /// Nobody saw how an objective stood.
    Blind(String),
    /// A flow was in another mode than NORMAL.
    Mode(String, Mode),
    /// The gate was shut for a flow; for everything when none is named.
    Shut(Option<String>),
    /// Nobody knew whether the gate was open.
    Unsure(Option<String>),
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What it is about.
    pub subject: Subject,
    /// Since when.
    pub from: Minute,
    /// Until when; `None` when the replay ended before it did.
    pub until: Option<Minute>,
}

/// What has come together so far.
pub(super) struct Tally {
    objectives: Vec<ObjectiveTotals>,
    flows: Vec<FlowTotals>,
    gate: GateTotals,
    episodes: Vec<Episode>,
    /// What lasts: its place among the episodes, and how many rules keep it up.
    lasting: BTreeMap<Subject, (usize, u32)>,
}

const MINUTE: Minutes = Minutes::new(1);

impl Tally {
    pub(super) fn new(policy: &Policy) -> Self {
        let objective = |id: &String| ObjectiveTotals { id: id.clone(), ..ObjectiveTotals::default() };
        let flow = |id: &String| FlowTotals { id: id.clone(), ..FlowTotals::default() };
        Self {
            objectives: policy.objectives.iter().map(|terms| objective(&terms.objective.id)).collect(),
            flows: policy.flows.iter().map(|terms| flow(&terms.id)).collect(),
            gate: GateTotals::default(),
            episodes: Vec::new(),
            lasting: BTreeMap::new(),
        }
    }

    pub(super) fn effect(&mut self, policy: &Policy, effect: &Effect, at: Minute) {
        match effect {
            Effect::Ledger(place, effect) => self.ledger(policy, *place, effect, at),
            Effect::Ladder(place, ladder::Effect::Changed { from, to, .. }) => {
                let Some(flow) = self.flows.get_mut(*place) else { return };
                flow.changes += 1;
                let id = flow.id.clone();
                self.end(&Subject::Mode(id.clone(), *from), at);
                if *to != Mode::Normal {
                    self.begin(Subject::Mode(id, *to), at);
                }
            }
            Effect::Approvals(_) | Effect::Refused(_) => {}
        }
    }

    fn ledger(&mut self, policy: &Policy, place: usize, effect: &ledger::Effect, at: Minute) {
        let Some(terms) = policy.objectives.get(place) else { return };
        let id = terms.objective.id.clone();
        match *effect {
            ledger::Effect::Alert { rule, is_firing } => {
                let Some(rule) = terms.objective.alerts.get(rule) else { return };
                let subject = Subject::Alert(id, rule.severity);
                if !is_firing {
                    self.end(&subject, at);
                } else if self.begin(subject, at) {
                    let totals = &mut self.objectives[place];
                    match rule.severity {
                        Severity::Page => totals.pages += 1,
                        Severity::Ticket => totals.tickets += 1,
                    }
                }
            }
            ledger::Effect::Spent(is_spent) => self.turn(Subject::Spent(id), is_spent, at),
            ledger::Effect::Blind(is_blind) => self.turn(Subject::Blind(id), is_blind, at),
            ledger::Effect::Refused(..) => {}
        }
    }

    /// What the gate says in a minute, which counts when it is `within` the replay.
    pub(super) fn gate(
        &mut self,
        policy: &Policy,
        flow: Option<usize>,
        is_allowed: Option<bool>,
        at: Minute,
        within: bool,
    ) {
        let totals = match flow {
            None => &mut self.gate,
            Some(place) => &mut self.flows[place].gate,
        };
        if within {
            let total = match is_allowed {
                Some(true) => &mut totals.open,
                Some(false) => &mut totals.shut,
                None => &mut totals.unknown,
            };
            *total = *total + MINUTE;
        }
        let id = flow.map(|place| policy.flows[place].id.clone());
        self.turn(Subject::Shut(id.clone()), is_allowed == Some(false), at);
        self.turn(Subject::Unsure(id), is_allowed.is_none(), at);
    }

    /// How everything stands in a minute, which counts when it is `within` the replay.
    pub(super) fn minute(&mut self, policy: &Policy, book: &Book, at: Minute, within: bool) {
        for (place, (totals, terms)) in self.objectives.iter_mut().zip(&policy.objectives).enumerate() {
            let left = book.ledger_of(place).and_then(|ledger| ledger.remaining(terms, at - terms.settle));
            let is_worse = |left: &Remaining| totals.worst.is_none_or(|(worst, _)| *left < worst);
            if let Some(left) = left.filter(is_worse) {
                totals.worst = Some((left, at));
            }
            match left {
                None if within => totals.unknown = totals.unknown + MINUTE,
                Some(left) if within && left.is_spent() => totals.spent = totals.spent + MINUTE,
                None | Some(_) => {}
            }
        }
        for (place, totals) in self.flows.iter_mut().enumerate().filter(|_| within) {
            let mode = book.ladder_of(place).unwrap_or_default().mode;
            let lasted = totals.modes.iter_mut().zip(Mode::ALL).find(|(_, known)| *known == mode);
            if let Some((minutes, _)) = lasted {
                *minutes = *minutes + MINUTE;
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<ObjectiveTotals>, Vec<FlowTotals>, GateTotals, Vec<Episode>) {
        (self.objectives, self.flows, self.gate, self.episodes)
    }

    /// Something is so, or is not.
    fn turn(&mut self, subject: Subject, is_so: bool, at: Minute) {
        match (is_so, self.lasting.contains_key(&subject)) {
            (true, false) => {
                self.begin(subject, at);
            }
            (false, true) => self.end(&subject, at),
            (true, true) | (false, false) => {}
        }
    }

    /// One more thing keeps it up; true when it was the first.
    fn begin(&mut self, subject: Subject, at: Minute) -> bool {
        if let Some((_, keepers)) = self.lasting.get_mut(&subject) {
            *keepers += 1;
            return false;
        }
        self.lasting.insert(subject.clone(), (self.episodes.len(), 1));
        self.episodes.push(Episode { subject, from: at, until: None });
        true
    }

    /// One thing less keeps it up.
    fn end(&mut self, subject: &Subject, at: Minute) {
        let Some((place, keepers)) = self.lasting.get_mut(subject) else { return };
        *keepers -= 1;
        if *keepers == 0 {
            self.episodes[*place].until = Some(at);
            self.lasting.remove(subject);
        }
    }
}
