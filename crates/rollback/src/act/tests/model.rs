//! Every interleaving there is: three controllers, two flows, a lease, one store, one platform.
//!
//! The acts are the real ones. Around them is what the shell promises, and its simulation checks: a state is kept before
//! what follows from it is done, a write under an old lease is refused, and a request that changes something goes out only
//! while the lease is held for longer than the request can take. So a controller that lost the lease does nothing any
//! more, and is as good as one that never had it.
//!
//! Everything else happens in any order: each controller crashes once and stands still past its lease once; answers and
//! requests are lost, and a lost request may still arrive until the lock is given back; a person publishes where the
//! platform lets them.

use std::collections::HashSet;

use super::*;
use crate::act::{self, Act};

const CONTROLLERS: u8 = 3;
const FLOWS: usize = 2;
const LOSSES: u8 = 2;
/// More would mean that something in the states grows.
const STATES_MAX: usize = 2_000_000;

/// The world at one moment.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    /// The version that somebody wants; the same at every moment.
    to: Option<&'static str>,
    lease: Lease,
    /// What the store has of the rollback that is open: the flow, and the act as it was kept.
    open: Option<(usize, Act)>,
    is_locked_out: bool,
    begun: u8,
    live: [&'static str; FLOWS],
    locks: [Lock; FLOWS],
    /// How often what callers get was changed by us.
    changes: u8,
    is_overtaken: bool,
    /// A request to publish whose answer nobody waits for any more.
    late: Option<usize>,
    crashes: u8,
    pauses: u8,
    losses: u8,
}

/// Who holds the lease, and what it will do next.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Lease {
    Free,
    /// Its holder crashed; it runs out by itself.
    Orphaned,
    Held(Option<act::Effect>),
}

impl World {
    fn new(to: Option<&'static str>) -> Self {
        Self {
            to,
            lease: Lease::Free,
            open: None,
            is_locked_out: false,
            begun: 0,
            live: ["12.0"; FLOWS],
            locks: [Lock::Free, Lock::Free],
            changes: 0,
            is_overtaken: false,
            late: None,
            crashes: 0,
            pauses: 0,
            losses: 0,
        }
    }

    /// Everything that may happen next.
    fn next(&self) -> Vec<Self> {
        let mut worlds = Vec::new();
        match &self.lease {
            Lease::Free => worlds.push(self.clone().taken()),
            Lease::Orphaned => worlds.push(Self { lease: Lease::Free, ..self.clone() }),
            Lease::Held(effect) => {
                if self.crashes < CONTROLLERS {
                    worlds.push(Self { lease: Lease::Orphaned, crashes: self.crashes + 1, ..self.clone() });
                }
                if self.pauses < CONTROLLERS {
                    worlds.push(Self { lease: Lease::Free, pauses: self.pauses + 1, ..self.clone() });
                }
                match (&self.open, effect) {
                    (Some((flow, act)), Some(effect)) => self.carry_out(*flow, act, effect, &mut worlds),
                    _ => worlds.extend((0..FLOWS).filter_map(|flow| self.begin(flow))),
                }
            }
        }
        if !self.is_overtaken && self.locks[0] == Lock::Free {
            let mut world = Self { is_overtaken: true, ..self.clone() };
            world.live[0] = "13.0";
            worlds.push(world);
        }
        if let Some(flow) = self.late {
            let mut world = Self { late: None, ..self.clone() };
            world.publish(flow);
            worlds.push(world);
        }
        worlds
    }

    /// A controller takes the lease, and goes on with what is open.
    fn taken(mut self) -> Self {
        self.lease = Lease::Held(None);
        match self.open.clone() {
            Some((flow, act)) => self.stepped(flow, act, Event::Resumed),
            None => self,
        }
    }

    fn begin(&self, flow: usize) -> Option<Self> {
        let may = self.open.is_none() && !self.is_locked_out && self.live[flow] == "12.0";
        let plan = Plan { to: self.to.map(str::to_owned), ..plan() };
        may.then(|| Self { begun: self.begun + 1, ..self.clone() }.stepped(flow, Act::new(plan), Event::Resumed))
    }

    /// What one goes back to when nothing is ruled out.
    fn target(&self) -> &'static str {
        self.to.unwrap_or("11.0")
    }

    /// Takes a step and keeps it.
    fn stepped(mut self, flow: usize, act: Act, event: Event) -> Self {
        // What has not arrived when the lock is given back after a while never will.
        let is_waited_out = act.is_in_doubt && event == Event::Woke;
        let (act, effects) = act::step(act, event);
        let effect = effects.into_iter().find(|effect| *effect != act::Effect::Late);
        if let Some(act::Effect::Ended(_)) | None = effect {
            (self.open, self.is_locked_out, self.lease) = (None, true, Lease::Held(None));
            return self;
        }
        self.late = self.late.filter(|_| !(is_waited_out && matches!(act.step, Step::Release(_))));
        (self.open, self.lease) = (Some((flow, act)), Lease::Held(effect));
        self
    }

    fn carry_out(&self, flow: usize, act: &Act, effect: &act::Effect, worlds: &mut Vec<Self>) {
        let question = match effect {
            act::Effect::Ask(question) => question,
            act::Effect::Pause(_) | act::Effect::Late | act::Effect::Ended(_) => {
                worlds.push(self.clone().stepped(flow, act.clone(), Event::Woke));
                return;
            }
        };
        let mut asked = self.clone();
        let answer = asked.platform(flow, question);
        worlds.push(asked.clone().stepped(flow, act.clone(), answer));
        if self.losses < LOSSES {
            let lost = || Event::Failed(Trouble::NoAnswer);
            // The answer is lost, or the request is, or it takes long.
            asked.losses += 1;
            worlds.push(asked.stepped(flow, act.clone(), lost()));
            let unasked = Self { losses: self.losses + 1, ..self.clone() };
            if matches!(question, Question::Publish(_)) {
                let mut late = unasked.clone().stepped(flow, act.clone(), lost());
                late.late = Some(flow);
                worlds.push(late);
            }
            worlds.push(unasked.stepped(flow, act.clone(), lost()));
        }
    }

    fn platform(&mut self, flow: usize, question: &Question) -> Event {
        Event::Answered(match question {
            Question::Flow => Answer::Flow(super::flow(self.live[flow], Operation::None, self.locks[flow].clone())),
            Question::Versions => Answer::Versions(versions()),
            Question::Dependencies(_) => Answer::Dependencies(Vec::new()),
            Question::Lock => {
                self.locks[flow] = Lock::Ours;
                Answer::Done
            }
            Question::Unlock | Question::Release => {
                self.locks[flow] = Lock::Free;
                Answer::Done
            }
            Question::Publish(id) => {
                let is_meant = self.to.map_or_else(|| ["11.0", "10.0"].contains(&id.as_str()), |to| id == to);
                assert!(is_meant, "{id}");
                let open = self.open.as_ref().and_then(|(_, act)| act.intent());
                assert_eq!(open, Some(id.as_str()), "an intent is kept before it is carried out");
                self.publish(flow);
                Answer::Done
            }
        })
    }

    fn publish(&mut self, flow: usize) {
        assert_ne!(self.live[flow], "13.0", "what a person published is never taken back");
        if self.live[flow] != self.target() {
            (self.live[flow], self.changes) = (self.target(), self.changes + 1);
        }
    }

    /// What holds at every moment.
    fn check(&self) {
        assert!(self.begun <= 1, "one rollback, and none in its lockout");
        assert!(self.changes <= 1, "what callers get is changed once");
    }

    /// Somebody began, and it ended.
    const fn is_over(&self) -> bool {
        self.is_locked_out && self.open.is_none()
    }
}

/// Walks through every interleaving.
fn explore(first: World) {
    let target = first.target();
    let mut seen = HashSet::from([first.clone()]);
    let mut waiting = vec![first];
    let (mut ends, mut lives) = (0u32, HashSet::new());
    while let Some(world) = waiting.pop() {
        world.check();
        let next = world.next();
        assert!(!next.is_empty() || world.is_over(), "it stands still");
        if world.is_over() {
            ends += 1;
            lives.insert(world.live);
        }
        for world in next {
            assert!(seen.len() < STATES_MAX, "the model does not end");
            if seen.insert(world.clone()) {
                waiting.push(world);
            }
        }
    }
    println!("{} states, {ends} of them ends", seen.len());
    let ways = [[target, "12.0"], ["12.0", target], ["13.0", target], ["13.0", "12.0"]];
    assert!(ways.iter().all(|way| lives.contains(way)), "{lives:?}");
}

#[test]
fn no_interleaving_publishes_twice_or_over_a_person_and_each_comes_to_an_end() {
    explore(World::new(None));
}

#[test]
fn nor_does_any_when_somebody_wants_one_certain_version_and_no_other_is_ever_published() {
    explore(World::new(Some("10.0")));
}
