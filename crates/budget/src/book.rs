//! All objectives, the flows that obey them, and what people agreed on: the one engine that runs live, in a backtest and
//! in a simulation.

use std::collections::BTreeMap;

use base::Now;

use crate::approvals::{self, Act, Approvals, Person, Refusal};
use crate::gate::{self, Answer, Fact};
use crate::ladder::{self, Ladder};
use crate::ledger::{self, Ledger, Status, Terms};
use crate::{Count, Minute, Remaining, Stretch};

/// What a book is held to. Ids of objectives and flows are unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The objectives.
    pub objectives: Vec<Terms>,
    /// The flows that obey them.
    pub flows: Vec<FlowTerms>,
    /// The gate.
    pub gate: gate::Policy,
}

/// How a flow obeys its budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTerms {
    /// Its id in the platform, or its name.
    pub id: String,
    /// The places of its objectives in [`Policy::objectives`].
    pub objectives: Vec<usize>,
    /// When it does without what.
    pub ladder: ladder::Policy,
}

/// Everything that is kept.
#[derive(Clone, Debug)]
pub struct Book {
    ledgers: Vec<Ledger>,
    ladders: Vec<Ladder>,
    approvals: Approvals,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A source counted a minute of an objective.
    Counted {
        /// Its place in the policy.
        objective: usize,
        /// Which minute.
        minute: Minute,
        /// What was counted.
        count: Count,
    },
    /// Somebody asked for something, or decided.
    Acted(Person, Act),
    /// Time has passed.
    Ticked,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Of an objective, by its place.
    Ledger(usize, ledger::Effect),
    /// Of a flow, by its place.
    Ladder(usize, ladder::Effect),
    /// Of what people agreed on.
    Approvals(approvals::Effect),
    /// What somebody did is not done.
    Refused(Refusal),
}

/// What was kept of an earlier run.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Where flows stood, by their ids.
    pub ladders: BTreeMap<String, Ladder>,
    /// What was asked for and agreed on.
    pub approvals: Approvals,
}

impl Book {
    /// What one event means for the book.
    ///
    /// It changes the book in its place, which is large; otherwise it is a step like any other: the same book, policy,
    /// event and moment give the same book and effects. All objectives may fail in the same minute, so there may be as
    /// many effects as they have alerts and flows have modes; each ledger's and each ladder's own are few.
    #[must_use = "a decision without its effects did not happen"]
    pub fn take(&mut self, policy: &Policy, event: Event, now: Now) -> Vec<Effect> {
        match event {
            Event::Counted { objective, minute, count } => {
                self.ledger(policy, objective, ledger::Event::Counted { minute, count }, now)
            }
            Event::Acted(who, act) => self.act(policy, &who, act, now),
            Event::Ticked => self.tick(policy, now),
        }
    }

    /// A book without any counts yet, that goes on where an earlier run stood.
    pub fn open(policy: &Policy, kept: Kept) -> Self {
        let ladder = |flow: &FlowTerms| kept.ladders.get(&flow.id).copied().unwrap_or_default();
        let mut book = Self {
            ledgers: policy.objectives.iter().map(|terms| Ledger::new(&terms.objective)).collect(),
            ladders: policy.flows.iter().map(ladder).collect(),
            approvals: kept.approvals,
        };
        book.exclude(policy);
        book.forgive(policy);
        book
    }

    /// One more objective, at the end; the policy gets the same terms at its end.
    pub fn add(&mut self, terms: &Terms) {
        let mut ledger = Ledger::new(&terms.objective);
        ledger.exclude(self.approvals.excluded(&terms.objective.id));
        ledger.forgive(self.approvals.reset_of(&terms.objective.id));
        self.ledgers.push(ledger);
    }

    /// The ledger of an objective.
    pub fn ledger_of(&self, objective: usize) -> Option<&Ledger> {
        self.ledgers.get(objective)
    }

    /// The ledger of an objective, to load what was counted before.
    pub fn ledger_mut(&mut self, objective: usize) -> Option<&mut Ledger> {
        self.ledgers.get_mut(objective)
    }

    /// Where a flow stands.
    pub fn ladder_of(&self, flow: usize) -> Option<Ladder> {
        self.ladders.get(flow).copied()
    }

    /// What people agreed on.
    pub const fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// The gate's answer for these objectives; for all when none is named.
    pub fn gate(&self, policy: &Policy, asked: &[String], now: Now) -> Answer {
        let minute = Minute::of(now.wall);
        let is_asked = |id: &String| asked.is_empty() || asked.contains(id);
        let found: Vec<_> = policy
            .objectives
            .iter()
            .zip(&self.ledgers)
            .filter(|(terms, _)| is_asked(&terms.objective.id))
            .map(|(terms, ledger)| (terms, ledger, ledger.status(terms, now)))
            .collect();
        let facts: Vec<_> =
            found.iter().map(|(terms, ledger, status)| self.fact(policy, terms, ledger, status, minute)).collect();
        let is_known = |id: &&String| policy.objectives.iter().any(|terms| terms.objective.id == **id);
        let missing: Vec<_> = asked.iter().filter(|id| !is_known(id)).cloned().collect();
        gate::decide(&policy.gate, &facts, &missing, now)
    }

    fn fact<'a>(
        &'a self,
        policy: &Policy,
        terms: &'a Terms,
        ledger: &Ledger,
        status: &'a Status,
        now: Minute,
    ) -> Fact<'a> {
        let id = terms.objective.id.as_str();
        let from = policy.gate.window.map_or(status.measured_from, |window| status.end - window);
        let burn = ledger.burn_since_reset(terms, Stretch { from, until: status.end });
        let recovers = ledger.recovers(terms, policy.gate.floor, status);
        let maintenance = self.approvals.on(id, now, |relief| relief.gate).map(|request| request.id.as_str());
        Fact { id, status, burn, recovers, maintenance }
    }

    /// What is left of the smallest known budget of a flow, and whether all of its budgets are known.
    pub fn left(&self, policy: &Policy, flow: usize, now: Now) -> (Option<Remaining>, bool) {
        let objectives = policy.flows.get(flow).map(|flow| flow.objectives.as_slice()).unwrap_or_default();
        smallest(objectives.iter().map(|objective| {
            let terms = policy.objectives.get(*objective)?;
            let ledger = self.ledgers.get(*objective)?;
            // What nobody sees any more is not known, however much was seen before.
            if ledger.is_blind_at(terms, now) { None } else { ledger.remaining(terms, terms.end(now)) }
        }))
    }

    fn ledger(&mut self, policy: &Policy, place: usize, event: ledger::Event, now: Now) -> Vec<Effect> {
        let Some((ledger, terms)) = self.ledgers.get_mut(place).zip(policy.objectives.get(place)) else {
            return Vec::new();
        };
        ledger.take(terms, event, now).into_iter().map(|effect| Effect::Ledger(place, effect)).collect()
    }

    fn act(&mut self, policy: &Policy, who: &Person, act: Act, now: Now) -> Vec<Effect> {
        let approvals = std::mem::take(&mut self.approvals);
        match approvals::step(approvals, who, act, now) {
            Ok((approvals, found)) => {
                self.approvals = approvals;
                self.exclude(policy);
                self.forgive(policy);
                found.into_iter().map(Effect::Approvals).collect()
            }
            Err((approvals, refusal)) => {
                self.approvals = approvals;
                vec![Effect::Refused(refusal)]
            }
        }
    }

    fn tick(&mut self, policy: &Policy, now: Now) -> Vec<Effect> {
        let mut effects: Vec<_> = self.approvals.expire(now).into_iter().map(Effect::Approvals).collect();
        let mut lefts = Vec::with_capacity(self.ledgers.len());
        for (place, (ledger, terms)) in self.ledgers.iter_mut().zip(&policy.objectives).enumerate() {
            let found = ledger.take(terms, ledger::Event::Ticked, now);
            effects.extend(found.into_iter().map(|effect| Effect::Ledger(place, effect)));
            lefts.push(ledger.left().filter(|_| !ledger.is_blind()));
        }
        let minute = Minute::of(now.wall);
        for (place, flow) in policy.flows.iter().enumerate() {
            // Maintenance of one of its objectives says nothing about the others.
            let is_maintained = !flow.objectives.is_empty()
                && flow
                    .objectives
                    .iter()
                    .filter_map(|objective| policy.objectives.get(*objective))
                    .all(|terms| self.approvals.on(&terms.objective.id, minute, |relief| relief.degrade).is_some());
            let event = if is_maintained {
                ladder::Event::Maintained
            } else {
                // All ledgers have just taken the same tick.
                let left = |objective: &usize| lefts.get(*objective).copied().flatten();
                let (smallest, is_all) = smallest(flow.objectives.iter().map(left));
                ladder::Event::Left { smallest, is_all }
            };
            let Some(ladder) = self.ladders.get_mut(place) else { continue };
            let (next, found) = ladder::step(*ladder, &flow.ladder, event, now);
            *ladder = next;
            effects.extend(found.into_iter().map(|effect| Effect::Ladder(place, effect)));
        }
        effects
    }

    /// Tells each ledger what is left out of its budget.
    fn exclude(&mut self, policy: &Policy) {
        for (ledger, terms) in self.ledgers.iter_mut().zip(&policy.objectives) {
            ledger.exclude(self.approvals.excluded(&terms.objective.id));
        }
    }

    /// Tells each ledger what is forgiven.
    fn forgive(&mut self, policy: &Policy) {
        for (ledger, terms) in self.ledgers.iter_mut().zip(&policy.objectives) {
            ledger.forgive(self.approvals.reset_of(&terms.objective.id));
        }
    }
}

/// The smallest that is known, and whether all are; of none that is not so.
fn smallest(all: impl ExactSizeIterator<Item = Option<Remaining>>) -> (Option<Remaining>, bool) {
    let is_any = all.len() > 0;
    let (smallest, is_all) = all.fold((None, is_any), |(smallest, is_all): (Option<Remaining>, bool), left| {
        (smallest.into_iter().chain(left).min(), is_all && left.is_some())
    });
    (smallest, is_all)
}

#[cfg(test)]
mod tests;
