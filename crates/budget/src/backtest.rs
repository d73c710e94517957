//! What would have happened? Counts of the past go through the book again, minute by minute.
//!
//! A replay is the live loop without its sources: whatever came during a minute is taken, then the minute ticks. It
//! decides nothing itself, so that it cannot decide anything else than what runs live. Two things are beside the book:
//! what a minute is reckoned to ([`tally`]), and where two replays differ ([`compare`]).
//!
//! What came before the first minute is loaded as at a start: it counts, but nothing follows from it.

mod acts;
mod compare;
mod tally;

use std::iter::Peekable;

use base::{Mono, Now};
use jiff::Timestamp;

use crate::book::{self, Book, Effect, Event, Kept, Policy};
use crate::gate::{self, Reason};
use crate::ledger;
use crate::{Minute, Minutes, Stretch, WINDOW_MAX};

pub use acts::{acts, merge};
pub use compare::{Difference, Measure, compare};
use tally::Tally;
pub use tally::{Episode, FlowTotals, GateTotals, ObjectiveTotals, Subject};

/// The longest stretch that is replayed: the longest window and a year.
pub const MINUTES_MAX: Minutes = Minutes::new(WINDOW_MAX.get() + Minutes::days(366).get());

/// The most happenings that are kept one by one; the totals know of all.
pub const HAPPENINGS_MAX: usize = 100_000;

/// Something of the past, and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// When it came. A source tells of a minute when it is over, so for a count that is the beginning of the next one, or
    /// of a later one. What people do is done at any second, and the minute after it is the first that goes by it.
    pub at: Timestamp,
    /// What came.
    pub event: Event,
}

/// Something that would have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The minute at whose beginning it would have; what follows from what people do, in the middle of it.
    pub at: Minute,
    /// What.
    pub what: What,
}

/// What would have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The book had an effect.
    Effect(Effect),
    /// The gate said something else than before.
    Gate {
        /// To a flow, by its place; to everybody when there is none.
        flow: Option<usize>,
        /// Whether it was open; `None` when nobody knew.
        is_allowed: Option<bool>,
        /// Why.
        reasons: Vec<Reason>,
    },
}

/// All that would have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// From the first minute to the last.
    pub stretch: Stretch,
    /// What happened, in order; [`HAPPENINGS_MAX`] at most.
    pub happenings: Vec<Happening>,
    /// Happenings beyond those.
    pub left_out: u64,
    /// Counted minutes that the book did not take.
    pub refused: u64,
    /// Each objective, in the policy's order.
    pub objectives: Vec<ObjectiveTotals>,
    /// Each flow, in the policy's order.
    pub flows: Vec<FlowTotals>,
    /// The gate, for everything together.
    pub gate: GateTotals,
    /// What lasted, in the order in which it began.
    pub episodes: Vec<Episode>,
}

/// Why nothing is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// It ends before it begins.
    Empty,
    /// It is longer than [`MINUTES_MAX`].
    TooLong,
}

/// Sends the past through a new book of this policy, from one minute to another.
///
/// The past is in the order of its minutes; what is out of order is taken when it is reached. `minute` is told each
/// minute before it is played.
///
/// # Errors
///
/// When the stretch is empty or too long.
pub fn replay(
    policy: &Policy,
    past: impl IntoIterator<Item = Past>,
    stretch: Stretch,
    mut minute: impl FnMut(Minute),
) -> Result<Transcript, Unplayable> {
    if stretch.until <= stretch.from {
        return Err(Unplayable::Empty);
    }
    if MINUTES_MAX < stretch.length() {
        return Err(Unplayable::TooLong);
    }
    let mut past = past.into_iter().peekable();
    let mut player = Player::new(policy, stretch);
    player.load(&mut past);
    for at in (stretch.from.get()..=stretch.until.get()).map(Minute::new) {
        minute(at);
        while let Some(Past { at: came, event }) = past.next_if(|next| next.at <= at.start()) {
            player.take(event, came);
        }
        player.take(Event::Ticked, at.start());
        player.look(at);
    }
    Ok(player.finish())
}

/// A book that is played to, and what has become of it.
struct Player<'a> {
    policy: &'a Policy,
    book: Book,
    stretch: Stretch,
    /// What the gate last said to everybody, and to each flow.
    said: Vec<Option<Option<bool>>>,
    happenings: Vec<Happening>,
    left_out: u64,
    refused: u64,
    tally: Tally,
}

impl<'a> Player<'a> {
    fn new(policy: &'a Policy, stretch: Stretch) -> Self {
        Self {
            policy,
            book: Book::open(policy, Kept::default()),
            stretch,
            said: vec![None; policy.flows.len() + 1],
            happenings: Vec::new(),
            left_out: 0,
            refused: 0,
            tally: Tally::new(policy),
        }
    }

    /// Takes in what came before the first minute.
    fn load(&mut self, past: &mut Peekable<impl Iterator<Item = Past>>) {
        while let Some(Past { at, event }) = past.next_if(|next| next.at < self.stretch.from.start()) {
            match event {
                Event::Counted { objective, minute, count } => {
                    let terms = self.policy.objectives.get(objective);
                    if let Some((ledger, terms)) = self.book.ledger_mut(objective).zip(terms) {
                        ledger.restore(terms, minute, count, minute);
                    }
                }
                // What people did before counts, too; it was told then.
                Event::Acted(..) => drop(self.book.take(self.policy, event, now(at))),
                Event::Ticked => {}
            }
        }
    }

    fn take(&mut self, event: Event, came: Timestamp) {
        let (at, is_act) = (Minute::of(came), matches!(event, Event::Acted(..)));
        let mut effects = self.book.take(self.policy, event, now(came));
        if is_act {
            // Whoever agrees on something does not wait for the minute's end, here as live.
            effects.extend(self.book.take(self.policy, Event::Ticked, now(came)));
        }
        for effect in effects {
            if let Effect::Ledger(_, ledger::Effect::Refused(..)) = effect {
                self.refused += 1;
                continue;
            }
            self.tally.effect(self.policy, &effect, at);
            self.keep(Happening { at, what: What::Effect(effect) });
        }
    }

    /// Asks the gate once for everything: what it says to a flow follows from the same reasons.
    fn look(&mut self, at: Minute) {
        let policy = self.policy;
        let answer = self.book.gate(policy, &[], now(at.start()));
        self.hear(None, answer.is_allowed, at, || answer.reasons.clone());
        for (place, flow) in policy.flows.iter().enumerate() {
            let obeyed = |reason: &&Reason| obeys(policy, flow, &reason.objective);
            let is_allowed = gate::allowed(answer.reasons.iter().filter(obeyed));
            self.hear(Some(place), is_allowed, at, || answer.reasons.iter().filter(obeyed).cloned().collect());
        }
        let is_within = at < self.stretch.until;
        self.tally.minute(policy, &self.book, at, is_within);
    }

    fn hear(&mut self, flow: Option<usize>, is_allowed: Option<bool>, at: Minute, reasons: impl Fn() -> Vec<Reason>) {
        let is_within = at < self.stretch.until;
        self.tally.gate(self.policy, flow, is_allowed, at, is_within);
        let last = &mut self.said[flow.map_or(0, |place| place + 1)];
        if last.replace(is_allowed) != Some(is_allowed) {
            self.keep(Happening { at, what: What::Gate { flow, is_allowed, reasons: reasons() } });
        }
    }

    fn keep(&mut self, happening: Happening) {
        if self.happenings.len() < HAPPENINGS_MAX {
            self.happenings.push(happening);
        } else {
            self.left_out += 1;
        }
    }

    fn finish(self) -> Transcript {
        let Self { stretch, happenings, left_out, refused, tally, .. } = self;
        let (objectives, flows, gate, episodes) = tally.finish();
        Transcript { stretch, happenings, left_out, refused, objectives, flows, gate, episodes }
    }
}

/// Whether the gate looks at an objective when it is asked for a flow. For one that obeys none it looks at all, as it
/// does for everybody who names none.
fn obeys(policy: &Policy, flow: &book::FlowTerms, objective: &str) -> bool {
    let is_it = |place: &usize| policy.objectives.get(*place).is_some_and(|terms| terms.objective.id == objective);
    flow.objectives.is_empty() || flow.objectives.iter().any(is_it)
}

/// The moment of something: nothing that the book decides depends on the time since a start.
fn now(wall: Timestamp) -> Now {
    Now { mono: Mono::default(), wall }
}

#[cfg(test)]
mod tests;
