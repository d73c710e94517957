//! Going back, step by step: one publish at most that changes anything, and every end is known or handed over.
//!
//! ```text
//! LOOK ─▶ CHOOSE ─▶ CHECK ─▶ LOCK ─▶ CONFIRM ─▶ PUBLISH ─▶ AWAIT ─▶ RELEASE ─▶ ended
//!   ▲        what was published before, without deleted dependencies  │
//!   '───────────── the platform did not do it: the next one ──────────'
//! ```
//!
//! The shell keeps each state in the store before it does what follows from it; a state that is about to publish is the
//! **intent**. Whoever finds a state there goes on with [`Event::Resumed`], which looks first: what was done is seen by what
//! is live, never by what was answered.
//!
//! - It acts only while the bad version is the published one, and looks again, with the flow's lock in its hand, right
//!   before it publishes. When somebody else has published in the meantime there is nothing left to do.
//! - An answer of 200 proves nothing, and one that never came refutes nothing. The flow is read until the operation is
//!   over; then what is published counts.
//! - A request that was lost may still arrive. Until it cannot any more the lock is kept, so that it meets nobody's work.
//! - A platform that is busy or away is asked again, as late as it wishes. Time is counted by the pauses that were asked
//!   for, so that no clock that leaps ends or prolongs anything.

use std::time::Duration;

use base::Effects;

mod question;
mod target;

pub use question::{Answer, Flow, Lock, Operation, Question, Trouble};
use target::choose;
pub use target::{Locked, Plan, Published, Version};

/// The most versions that one tries to go back to.
pub const TARGETS_MAX: usize = 3;
/// How often an operation that runs is looked at.
const POLL: Duration = Duration::from_secs(1);
/// So often it is looked at whether a publish has begun before it is taken for one that did nothing.
const GRACE: u16 = 5;
/// So often one operation is looked at before people are needed.
const POLLS_MAX: u16 = 120;
/// The first pause after trouble; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of our own.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// The longest pause that is granted to the platform.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);
/// After so much waiting people are told, while it goes on.
const LATE: Duration = Duration::from_secs(150);
/// After so much waiting it is given up.
const WAITED_MAX: Duration = Duration::from_secs(1_800);
/// So often a publish is begun; more than there are versions, because some never arrive.
const PUBLISHES_MAX: u8 = 8;
/// A request whose answer never came may still arrive, for so long: the lock is kept until then. While it is ours nobody
/// else can publish, and what arrives late does nothing that was not wanted.
const ARRIVES: Duration = Duration::from_secs(20);
/// So often that wait begins anew when another controller goes on.
const DISTURBED_MAX: u8 = 10;
/// So often the lock is given back before it is left to people: over about two minutes.
pub const RELEASES_MAX: u8 = 12;
/// Giving the lock back may wait for so much longer than [`WAITED_MAX`]: whoever is to help needs the flow unlocked.
const RELEASE_WAITED_MAX: Duration = Duration::from_secs(300);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It begins, or goes on after a crash or in other hands.
    Resumed,
    /// A pause is over.
    Woke,
    /// The platform has answered.
    Answered(Answer),
    /// It has not, or not as it should.
    Failed(Trouble),
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Ask the platform; the state is to be kept before.
    Ask(Question),
    /// Wake up after a pause.
    Pause(Duration),
    /// It takes long: tell people. It goes on.
    Late,
    /// It is over.
    Ended(Outcome),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Callers get this version.
    Live(String),
    /// Somebody else has published this version in the meantime; nothing was left to do.
    Overtaken(Option<String>),
    /// There is no version to go back to.
    NoTarget,
    /// Somebody has the flow locked.
    Locked(String),
    /// The platform has no such flow any more.
    Gone,
    /// The platform does not let us.
    Refused(String),
    /// The platform did not do it in all that time.
    GivenUp,
}

/// Where it stands: what is asked, or was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// How the flow is.
    Look,
    /// To take the lock away from somebody else.
    Unlock,
    /// What was published before.
    Choose,
    /// What a version uses that is deleted.
    Check(Version),
    /// To take the lock.
    Lock(Version),
    /// Whether the bad version is still live, with the lock in hand.
    Confirm(Version),
    /// To publish a version: the intent.
    Publish(Version),
    /// What has become of it.
    Await {
        /// Which version.
        version: Version,
        /// Whether the platform has taken it on; else nobody knows whether it was ever asked.
        is_taken: bool,
    },
    /// To give the lock back, whatever came of it.
    Release(Outcome),
    /// Nothing any more.
    Ended(Outcome),
}

/// Going back from one release. Its parts are public to be kept; only [`step`] changes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Act {
    /// From what, and how.
    pub plan: Plan,
    /// Where it stands.
    pub step: Step,
    /// Versions that were asked to be published.
    pub aims: Vec<Version>,
    /// Versions that it cannot be, by their ids.
    pub ruled_out: Vec<String>,
    /// The operation that had failed before the last publish.
    pub old_failure: Option<String>,
    /// How often a publish was begun.
    pub publishes: u8,
    /// Troubles in a row.
    pub troubles: u8,
    /// How often an operation was looked at.
    pub polls: u16,
    /// The pauses so far, all together.
    pub waited: Duration,
    /// Whether people were told that it takes long.
    pub is_late: bool,
    /// Whether a request that changes something may still arrive.
    pub is_in_doubt: bool,
    /// How often the wait for that began anew.
    pub disturbed: u8,
}

impl Act {
    /// One that has not begun.
    pub const fn new(plan: Plan) -> Self {
        Self {
            plan,
            step: Step::Look,
            aims: Vec::new(),
            ruled_out: Vec::new(),
            old_failure: None,
            publishes: 0,
            troubles: 0,
            polls: 0,
            waited: Duration::ZERO,
            is_late: false,
            is_in_doubt: false,
            disturbed: 0,
        }
    }

    /// How it ended; `None` while it goes on.
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.step {
            Step::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The version that it is about to publish: an intent that must be kept before.
    pub fn intent(&self) -> Option<&str> {
        match &self.step {
            Step::Publish(version) => Some(&version.id),
            _ => None,
        }
    }

    fn question(&self) -> Option<Question> {
        Some(match &self.step {
            Step::Look | Step::Confirm(_) | Step::Await { .. } => Question::Flow,
            Step::Unlock => Question::Unlock,
            Step::Choose => Question::Versions,
            Step::Check(version) => Question::Dependencies(version.id.clone()),
            Step::Lock(_) => Question::Lock,
            Step::Publish(version) => Question::Publish(version.id.clone()),
            Step::Release(_) => Question::Release,
            Step::Ended(_) => return None,
        })
    }
}

/// What an event means for going back.
pub fn step(mut act: Act, event: Event) -> (Act, Effects<Effect>) {
    if act.outcome().is_some() {
        return (act, Effects::none());
    }
    match event {
        Event::Resumed => act.resume(),
        Event::Woke => act.woke(),
        Event::Failed(trouble) => act.failed(trouble),
        Event::Answered(answer) => {
            act.troubles = 0;
            act.answered(answer)
        }
    }
}

/// What a step comes to.
type Next = (Act, Effects<Effect>);

impl Act {
    /// Nothing is believed of what was before, but what was wanted. What was about to be sent may be on its way.
    fn resume(mut self) -> Next {
        if self.changes_something() {
            self.is_in_doubt = true;
        }
        match self.step {
            Step::Publish(ref version) => {
                let version = version.clone();
                self.ask(Step::Await { version, is_taken: false })
            }
            // Nobody knows how long ago it was asked: a lease that is given back, or taken again, takes no time.
            Step::Release(_) if self.is_in_doubt => {
                // Controllers that disturb each other for ever must not keep the lock for ever.
                self.is_in_doubt = self.disturbed < DISTURBED_MAX;
                self.disturbed += u8::from(self.is_in_doubt);
                self.release_soon()
            }
            Step::Release(_) | Step::Await { .. } => self.again(),
            _ => self.ask(Step::Look),
        }
    }

    /// The question of the step again. A publish is never simply repeated: one looks first.
    fn woke(mut self) -> Next {
        match self.step {
            Step::Release(_) if self.is_in_doubt => {
                self.is_in_doubt = false;
                self.again()
            }
            Step::Publish(ref version) => {
                let version = version.clone();
                self.ask(Step::Confirm(version))
            }
            _ => self.again(),
        }
    }

    fn again(self) -> Next {
        let question = self.question().map(Effect::Ask);
        (self, question.map_or_else(Effects::none, Effects::one))
    }

    fn answered(self, answer: Answer) -> Next {
        match (self.step.clone(), answer) {
            (Step::Look, Answer::Flow(flow)) => self.looked(flow),
            (Step::Confirm(version), Answer::Flow(flow)) => self.confirmed(version, flow),
            (Step::Await { version, is_taken }, Answer::Flow(flow)) => self.awaited(version, is_taken, &flow),
            (Step::Unlock, Answer::Done) => self.ask(Step::Look),
            (Step::Choose, Answer::Versions(versions)) => self.chosen(&versions),
            (Step::Check(version), Answer::Dependencies(deleted)) if deleted.is_empty() => {
                self.ask(Step::Lock(version))
            }
            (Step::Check(version), Answer::Dependencies(_)) => self.rule_out(version),
            (Step::Lock(version), Answer::Done) => self.ask(Step::Confirm(version)),
            (Step::Publish(version), Answer::Done) => self.poll(Step::Await { version, is_taken: true }),
            (Step::Release(outcome), Answer::Done) => self.end(outcome),
            // An answer to something else: the question is asked again.
            _ => self.failed(Trouble::Busy(None)),
        }
    }

    fn looked(self, flow: Flow) -> Next {
        if let Some(over) = self.over(&flow) {
            return self.release(over, &flow.lock);
        }
        match (&flow.operation, flow.lock, self.plan.locked) {
            (Operation::Running, _, _) => self.poll(Step::Look),
            (_, Lock::Foreign(holder), Locked::HandOver) => self.end(Outcome::Locked(holder)),
            (_, Lock::Foreign(_), Locked::Unlock) => self.ask(Step::Unlock),
            (_, Lock::Free | Lock::Ours, _) => self.ask(Step::Choose),
        }
    }

    /// With the lock in hand, right before the publish.
    fn confirmed(mut self, version: Version, flow: Flow) -> Next {
        if self.over(&flow).is_some() || flow.lock != Lock::Ours || flow.operation == Operation::Running {
            return self.looked(flow);
        }
        if PUBLISHES_MAX <= self.publishes {
            return self.ask(Step::Release(Outcome::GivenUp));
        }
        if !self.aims.contains(&version) {
            self.aims.push(version.clone());
        }
        self.old_failure = match flow.operation {
            Operation::Failed { id, .. } => Some(id),
            Operation::None | Operation::Running => None,
        };
        (self.publishes, self.polls) = (self.publishes + 1, 0);
        self.ask(Step::Publish(version))
    }

    fn awaited(self, version: Version, is_taken: bool, flow: &Flow) -> Next {
        if flow.operation == Operation::Running {
            return self.poll(Step::Await { version, is_taken: true });
        }
        if let Some(over) = self.over(flow) {
            return self.release(over, &flow.lock);
        }
        let has_failed = match &flow.operation {
            Operation::Failed { id, .. } => self.old_failure.as_ref() != Some(id),
            Operation::None | Operation::Running => false,
        };
        match is_taken {
            _ if has_failed => self.rule_out(version),
            _ if self.polls < GRACE => self.poll(Step::Await { version, is_taken }),
            // It answered, and did nothing.
            true => self.rule_out(version),
            // It was never asked.
            false => self.ask(Step::Lock(version)),
        }
    }

    /// Whether there is nothing left to do: what is live is not the bad version.
    fn over(&self, flow: &Flow) -> Option<Outcome> {
        let live = flow.published.as_ref();
        if live.is_some_and(|live| live.id == self.plan.bad) {
            return None;
        }
        let is_aim = |aim: &&Version| live.is_some_and(|live| aim.is_same(live));
        Some(match self.aims.iter().find(is_aim) {
            Some(aim) => Outcome::Live(aim.id.clone()),
            None => Outcome::Overtaken(live.map(|live| live.id.clone())),
        })
    }

    fn chosen(self, versions: &[Published]) -> Next {
        let is_full = TARGETS_MAX <= self.ruled_out.len();
        match choose(&self.plan, &self.ruled_out, versions).filter(|_| !is_full) {
            Some(version) => self.ask(Step::Check(version)),
            // Whoever is to help needs the flow unlocked.
            None => self.ask(Step::Release(Outcome::NoTarget)),
        }
    }

    fn rule_out(mut self, version: Version) -> Next {
        self.ruled_out.push(version.id);
        self.polls = 0;
        self.ask(Step::Look)
    }

    fn failed(mut self, trouble: Trouble) -> Next {
        if self.changes_something() && trouble == Trouble::NoAnswer {
            self.is_in_doubt = true;
        }
        match (self.step.clone(), trouble) {
            (Step::Release(outcome), _) if RELEASES_MAX <= self.troubles + 1 => self.end(outcome),
            // What was asked for may have been done. What is live will tell.
            (Step::Publish(version), Trouble::NoAnswer | Trouble::Conflict) => {
                self.poll(Step::Await { version, is_taken: false })
            }
            (Step::Publish(version) | Step::Check(version), Trouble::Gone) => self.rule_out(version),
            // Of what a version uses nobody knows; whether it can be published will be seen.
            (Step::Check(version), Trouble::Refused(_)) => self.ask(Step::Lock(version)),
            (Step::Look | Step::Confirm(_) | Step::Await { .. } | Step::Choose, Trouble::Gone) => {
                self.end(Outcome::Gone)
            }
            // It is not ours.
            (Step::Release(outcome), Trouble::Refused(_) | Trouble::Gone | Trouble::Conflict) => self.end(outcome),
            (_, Trouble::Refused(why)) => self.ask(Step::Release(Outcome::Refused(why))),
            // Somebody was faster: look who, after a while.
            (Step::Lock(_) | Step::Unlock, Trouble::Conflict | Trouble::Gone) => {
                self.step = Step::Look;
                self.pause(None)
            }
            (_, Trouble::Busy(wish)) => self.pause(wish),
            (_, Trouble::NoAnswer | Trouble::Conflict | Trouble::Gone) => self.pause(None),
        }
    }

    fn ask(mut self, step: Step) -> Next {
        if matches!(step, Step::Release(_)) {
            // What went before does not count against it.
            self.troubles = 0;
            self.step = step;
            return self.release_soon();
        }
        self.step = step;
        self.again()
    }

    /// Gives the lock back when nothing can arrive any more.
    fn release_soon(self) -> Next {
        if self.is_in_doubt { self.wait(ARRIVES) } else { self.again() }
    }

    /// Whether the step has a question that changes something before the end.
    const fn changes_something(&self) -> bool {
        matches!(self.step, Step::Lock(_) | Step::Unlock | Step::Publish(_))
    }

    /// Looks again soon, but not for ever.
    fn poll(mut self, step: Step) -> Next {
        self.step = step;
        self.polls = self.polls.saturating_add(1);
        if POLLS_MAX < self.polls { self.give_up() } else { self.wait(POLL) }
    }

    fn pause(mut self, wish: Option<Duration>) -> Next {
        let own = PAUSE.saturating_mul(1 << self.troubles.min(8)).min(PAUSE_MAX);
        self.troubles = self.troubles.saturating_add(1);
        self.wait(wish.map_or(own, |wish| wish.clamp(own, RETRY_AFTER_MAX)))
    }

    fn wait(mut self, pause: Duration) -> Next {
        self.waited += pause;
        match self.step.clone() {
            Step::Release(outcome) if WAITED_MAX + RELEASE_WAITED_MAX < self.waited => {
                self.is_in_doubt = false;
                return self.end(outcome);
            }
            Step::Release(_) => {}
            _ if WAITED_MAX < self.waited => return self.give_up(),
            _ => {}
        }
        let mut effects = Effects::one(Effect::Pause(pause));
        if LATE < self.waited && !self.is_late {
            self.is_late = true;
            effects.push(Effect::Late);
        }
        (self, effects)
    }

    /// Hands over, with the lock given back if that can be.
    fn give_up(self) -> Next {
        self.ask(Step::Release(Outcome::GivenUp))
    }

    fn release(self, outcome: Outcome, lock: &Lock) -> Next {
        if *lock == Lock::Ours { self.ask(Step::Release(outcome)) } else { self.end(outcome) }
    }

    /// It is over, unless something may still arrive: then the lock may be ours later.
    fn end(mut self, outcome: Outcome) -> Next {
        if self.is_in_doubt {
            return self.ask(Step::Release(outcome));
        }
        self.step = Step::Ended(outcome.clone());
        (self, Effects::one(Effect::Ended(outcome)))
    }
}

#[cfg(test)]
mod tests;
