//! One release, from its publish to its end.
//!
//! ```text
//! WATCHED ─▶ ASKED ──(a person says so)──▶ WANTED ─▶ ACTING ─▶ PROVING ─▶ RECOVERED | NOT_HELPED | UNSEEN
//!    │          ▲───(locked out, held)────────┘│        │
//!    │──(automatic, armed)─────────────────────┘        └──(not live)──▶ ASKED
//!    └──(its time is over)─▶ CERTIFIED | UNPROVEN        anywhere ──(somebody publishes)──▶ OVERTAKEN
//! ```
//!
//! - It is gone back from by itself once at most. What is refused, or does not come out, is for people; so is a release
//!   that was gone back from and is no better.
//! - Its minutes are kept with it. All that follows from them can be made again from them, bit for bit: [`Release::again`].
//! - A minute that turns out to have been another is put right, and everything after it is weighed anew.

use base::{Count, Effects, Minute};
use jiff::Timestamp;

use crate::act;
use crate::evidence::Null;
use crate::interval::{self, Interval};
use crate::mode::Mode;
use crate::once::Refusal;
use crate::recovery::{self, Recovery};
use crate::watch::{self, Finding, MINUTES_MAX, Observation, Terms, Watch};

/// Going back has helped when the share of errors is below so many times the normal one ...
const HELPED_RATIO: f64 = 5.0;
/// ... where nothing is known of how much it varies, by this ...
const VARIATION: f64 = 0.25;
/// ... and by this at most where it was told from fewer errors than [`ERRORS_ENOUGH`]: the share of errors of one defect
/// does not vary by more than itself.
const VARIATION_MAX: f64 = 1.0;
/// So many errors tell how much their share varies.
const ERRORS_ENOUGH: u64 = 100;

/// What a release is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How far it may be gone back from without people.
    pub mode: Mode,
    /// Whether the flow's own past has had no false alarm.
    pub is_armed: bool,
    /// When going back has helped.
    pub recovery: recovery::Policy,
}

/// A release.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// What is known of its publish.
    pub facts: Facts,
    /// What it is weighed against.
    pub terms: Terms,
    /// Its minutes, from the one in which it was published.
    seen: Vec<Seen>,
    watch: Watch,
    course: Course,
}

/// What has become of a release, apart from what its minutes say.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Where it stands.
    pub stage: Stage,
    /// The proof that going back has helped; `None` before it was gone back.
    pub proof: Option<Proof>,
    /// Why it is no longer gone back from by itself.
    pub left: Option<Why>,
}

/// What is known of a publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The flow's id.
    pub flow: String,
    /// The flow's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The version that callers got before.
    pub before: Option<String>,
    /// Who published it.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One minute after a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Conversations of the version, and of sibling flows.
    pub of: Observation,
    /// Conversations of the flow's other versions.
    pub others: Count,
    /// Whether it lies in maintenance.
    pub is_maintained: bool,
}

impl Seen {
    /// Nobody could tell.
    pub const MISSING: Self = Self { of: Observation::MISSING, others: Count::Missing, is_maintained: false };
}

/// Where a release stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It is watched.
    Watched,
    /// It is bad, and people must see to it.
    Asked(Why),
    /// It is to be gone back from.
    Wanted(By),
    /// It is being gone back from.
    Acting(By),
    /// Callers get another version; whether that helps is being proved.
    Proving,
    /// It is over.
    Ended(End),
}

/// Why people must see to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The flow is not gone back automatically.
    Mode(Mode),
    /// It would be, but its own past has not been asked, or has had a false alarm.
    NotArmed,
    /// It is not the time.
    Refused(Refusal),
    /// It was tried, and came to nothing.
    NotDone(act::Outcome),
}

/// Who wants it to be gone back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The watch.
    Watch,
    /// Somebody.
    Person(String),
}

/// The proof that going back has helped.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The version that callers get instead.
    pub target: String,
    /// The first minute of it, counted from the publish like those of the watch.
    pub since: u32,
    /// The share of errors that is to be disproved.
    pub null: Null,
    /// How far it has come.
    pub recovery: Recovery,
}

/// How a release ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was proved good.
    Certified,
    /// Its time was over, and it was neither proved good nor bad.
    Unproven,
    /// It was gone back from, and the errors became fewer.
    Recovered,
    /// It was gone back from, and they did not.
    NotHelped,
    /// It was gone back from, and too little was seen to say.
    Unseen,
    /// Somebody published another version.
    Overtaken(Option<String>),
    /// It was bad, and its time went by without anybody seeing to it.
    Left,
    /// The flow is gone.
    Gone,
    /// The flow is no longer watched.
    Dropped,
}

/// What happens to a release.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A minute has passed; in order, and each once.
    Minute(Seen),
    /// Minutes turned out to have been others, by their places from 0.
    Corrected(Vec<(usize, Seen)>),
    /// Somebody says that it is to be gone back from.
    Approved(String),
    /// Going back has begun.
    Begun,
    /// It has not, and is not to be tried again.
    Refused(Refusal),
    /// Going back came to this, at an instant.
    Acted(act::Outcome, Timestamp),
    /// Callers get another version, and not by our doing.
    Published(Option<String>),
    /// The flow is no longer watched.
    Dropped,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It is suspect.
    Suspected(Finding),
    /// It no longer is.
    Calmed,
    /// It is bad for certain.
    Confirmed(Finding),
    /// It would be, but there is maintenance.
    Suppressed(Finding),
    /// Nothing is seen any more, or again.
    Blind(bool),
    /// It was proved good, and is watched on.
    Proved,
    /// People must see to it.
    Ask(Why),
    /// Go back.
    GoBack(By),
    /// Callers get this version instead.
    WentBack(String),
    /// It is over.
    Ended(End),
}

impl Default for Course {
    fn default() -> Self {
        Self { stage: Stage::Watched, proof: None, left: None }
    }
}

impl Release {
    /// One that was just published.
    pub fn new(facts: Facts, terms: Terms) -> Self {
        Self { facts, terms, seen: Vec::new(), watch: Watch::default(), course: Course::default() }
    }

    /// One as it was kept. What follows from its minutes is made again from them.
    pub fn again(facts: Facts, terms: Terms, seen: Vec<Seen>, course: Course) -> Self {
        let mut release = Self { facts, terms, seen, watch: Watch::default(), course };
        release.weigh_again();
        release
    }

    /// What has become of it.
    pub const fn course(&self) -> &Course {
        &self.course
    }

    /// Where it stands.
    pub const fn stage(&self) -> &Stage {
        &self.course.stage
    }

    /// What the watch makes of it.
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Its minutes so far.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// The proof that going back has helped, as far as it has come; `None` before it was gone back.
    pub const fn proof(&self) -> Option<&Proof> {
        self.course.proof.as_ref()
    }

    /// What was found.
    pub fn finding(&self) -> Finding {
        self.watch.finding(&self.terms)
    }

    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.course.stage, Stage::Ended(_))
    }

    /// The next minute that it wants to know of.
    pub fn next(&self) -> Minute {
        Minute::new(Minute::of(self.facts.at).get() + self.seen.len() as i64)
    }

    /// Between which shares its errors truly lie, by the minutes before it was gone back from; `None` without
    /// conversations, and of a flow of whose past nothing is known.
    pub fn interval(&self) -> Option<Interval> {
        let baseline = self.terms.baseline()?;
        let judged = self.proof().map_or(usize::MAX, |proof| proof.since as usize);
        let counts: Vec<_> = self.seen.iter().take(judged).map(|seen| seen.of.count).collect();
        interval::of(&counts, baseline.variation)
    }

    /// The odds after each minute: those against it, and once it was gone back those that this has helped.
    pub fn curve(&self) -> Vec<f64> {
        let (mut watch, mut recovery) = (Watch::default(), Recovery::default());
        let mut point = |(place, seen): (usize, &Seen)| match &self.course.proof {
            Some(proof) if proof.since as usize <= place => {
                recovery = recovery.after(seen.others, proof.null);
                recovery.odds()
            }
            _ => {
                watch = watch::step(watch, &self.terms, seen.of, seen.is_maintained).0;
                watch.odds(&self.terms)
            }
        };
        self.seen.iter().enumerate().map(&mut point).collect()
    }

    /// The minutes that are the watch's: those before it was gone back.
    fn watched(&self) -> Vec<(Observation, bool)> {
        let end = self.course.proof.as_ref().map_or(usize::MAX, |proof| proof.since as usize);
        self.seen.iter().take(end).map(|seen| (seen.of, seen.is_maintained)).collect()
    }

    fn weigh_again(&mut self) {
        self.watch = watch::again(&Watch::default(), &self.terms, self.watched()).0;
        self.proved_again();
    }

    /// The proof over all minutes since it was gone back.
    fn proved_again(&mut self) {
        let Some(proof) = &mut self.course.proof else { return };
        let since = self.seen.iter().skip(proof.since as usize);
        proof.recovery = since.fold(Recovery::default(), |recovery, seen| recovery.after(seen.others, proof.null));
    }
}

/// Decides what one event means for a release.
pub fn step(mut release: Release, policy: &Policy, event: Event) -> (Release, Effects<Effect>) {
    let mut effects = Effects::none();
    if release.is_over() {
        return (release, effects);
    }
    match event {
        Event::Minute(seen) => release.minute(policy, seen, &mut effects),
        Event::Corrected(minutes) => release.correct(policy, minutes, &mut effects),
        Event::Approved(who) => {
            if let Stage::Watched | Stage::Asked(_) = release.course.stage {
                release.want(By::Person(who), &mut effects);
            }
        }
        Event::Begun => {
            if let Stage::Wanted(by) = &release.course.stage {
                release.course.stage = Stage::Acting(by.clone());
            }
        }
        Event::Refused(refusal) => {
            if let Stage::Wanted(_) = release.course.stage {
                release.leave(Why::Refused(refusal), &mut effects);
            }
        }
        Event::Acted(outcome, at) => release.acted(policy, outcome, at, &mut effects),
        Event::Published(version) => release.end(End::Overtaken(version), &mut effects),
        Event::Dropped => release.end(End::Dropped, &mut effects),
    }
    (release, effects)
}

/// More was learned of the past: all minutes so far are weighed against that.
pub fn learn(mut release: Release, policy: &Policy, terms: Terms) -> (Release, Effects<Effect>) {
    let mut effects = Effects::none();
    if let Stage::Watched | Stage::Asked(_) = release.course.stage {
        release.terms = terms;
        let (watch, found) = watch::again(&release.watch, &release.terms, release.watched());
        release.watch = watch;
        release.found(policy, found, &mut effects);
    }
    (release, effects)
}

impl Release {
    fn minute(&mut self, policy: &Policy, seen: Seen, effects: &mut Effects<Effect>) {
        let place = self.seen.len();
        if MINUTES_MAX as usize <= place {
            return self.end(End::Left, effects);
        }
        self.seen.push(seen);
        if let Some(proof) = self.course.proof.as_mut().filter(|proof| proof.since as usize <= place) {
            proof.recovery = proof.recovery.after(seen.others, proof.null);
            return self.prove(policy, effects);
        }
        let (watch, found) = watch::step(self.watch, &self.terms, seen.of, seen.is_maintained);
        self.watch = watch;
        self.found(policy, found, effects);
        self.insist(policy, effects);
    }

    fn correct(&mut self, policy: &Policy, minutes: Vec<(usize, Seen)>, effects: &mut Effects<Effect>) {
        for (place, seen) in minutes {
            if let Some(known) = self.seen.get_mut(place) {
                *known = seen;
            }
        }
        let (watch, found) = watch::again(&self.watch, &self.terms, self.watched());
        self.watch = watch;
        self.found(policy, found, effects);
        self.proved_again();
        self.prove(policy, effects);
    }

    /// What the watch says, and what it leads to.
    fn found(&mut self, policy: &Policy, found: Effects<watch::Effect>, effects: &mut Effects<Effect>) {
        if let Stage::Acting(_) | Stage::Proving | Stage::Ended(_) = self.course.stage {
            // What comes late of the time before it was gone back is no news.
            return;
        }
        for effect in found {
            match effect {
                watch::Effect::Suspected(finding) => effects.push(Effect::Suspected(finding)),
                watch::Effect::Suppressed(finding) => effects.push(Effect::Suppressed(finding)),
                watch::Effect::Blind(is_blind) => effects.push(Effect::Blind(is_blind)),
                watch::Effect::Proved => effects.push(Effect::Proved),
                watch::Effect::Confirmed(finding) => {
                    effects.push(Effect::Confirmed(finding));
                    self.confirmed(policy, effects);
                }
                watch::Effect::Calmed => {
                    effects.push(Effect::Calmed);
                    if let Stage::Asked(_) | Stage::Wanted(By::Watch) = self.course.stage {
                        self.course.stage = Stage::Watched;
                    }
                }
                watch::Effect::Ended => self.over(effects),
            }
        }
    }

    fn confirmed(&mut self, policy: &Policy, effects: &mut Effects<Effect>) {
        let Stage::Watched = self.course.stage else { return };
        if let Some(why) = self.course.left.clone() {
            return self.ask(why, effects);
        }
        match policy.mode {
            Mode::Observe => {}
            Mode::Recommend | Mode::Approve => self.ask(Why::Mode(policy.mode), effects),
            Mode::Automatic if !policy.is_armed => self.ask(Why::NotArmed, effects),
            Mode::Automatic => {
                self.course.stage = Stage::Wanted(By::Watch);
                self.insist(policy, effects);
            }
        }
    }

    /// What was wanted and could not be begun is wanted still. What the watch wants is begun only on what it sees now, and
    /// only where it may: there may be maintenance since, nothing may be seen any more, or people may have thought better
    /// of it.
    fn insist(&mut self, policy: &Policy, effects: &mut Effects<Effect>) {
        let Stage::Wanted(by) = self.course.stage.clone() else { return };
        if effects.iter().any(|effect| matches!(effect, Effect::GoBack(_))) {
            return;
        }
        let may_by_itself = policy.mode == Mode::Automatic && policy.is_armed;
        match by {
            By::Watch if !may_by_itself => {
                self.course.stage = Stage::Watched;
                self.confirmed(policy, effects);
            }
            By::Watch if !self.watch.is_pressing(&self.terms) => {}
            By::Watch | By::Person(_) => effects.push(Effect::GoBack(by)),
        }
    }

    fn want(&mut self, by: By, effects: &mut Effects<Effect>) {
        self.course.stage = Stage::Wanted(by.clone());
        effects.push(Effect::GoBack(by));
    }

    fn ask(&mut self, why: Why, effects: &mut Effects<Effect>) {
        self.course.stage = Stage::Asked(why.clone());
        effects.push(Effect::Ask(why));
    }

    /// From here on it is for people.
    fn leave(&mut self, why: Why, effects: &mut Effects<Effect>) {
        self.course.left = Some(why.clone());
        self.ask(why, effects);
    }

    fn acted(&mut self, policy: &Policy, outcome: act::Outcome, at: Timestamp, effects: &mut Effects<Effect>) {
        let (Stage::Wanted(_) | Stage::Acting(_)) = self.course.stage else { return };
        match outcome {
            act::Outcome::Live(target) => {
                let since = Minute::of(at).since(Minute::of(self.facts.at)).get() + 1;
                let null = self.disproved();
                self.course.proof = Some(Proof { target: target.clone(), since, null, recovery: Recovery::default() });
                self.course.stage = Stage::Proving;
                self.weigh_again();
                effects.push(Effect::WentBack(target));
                self.prove(policy, effects);
            }
            act::Outcome::Overtaken(version) => self.end(End::Overtaken(version), effects),
            act::Outcome::Gone => self.end(End::Gone, effects),
            act::Outcome::NoTarget | act::Outcome::Locked(_) | act::Outcome::Refused(_) | act::Outcome::GivenUp => {
                self.leave(Why::NotDone(outcome), effects);
            }
        }
    }

    /// The share of errors that is disproved when going back has helped: half way between what is tolerated and what was
    /// seen, as ratios go, so that a total failure that becomes half of one is no recovery; and a few times the normal one
    /// at least, since less would take long to tell from it.
    fn disproved(&self) -> Null {
        let finding = self.finding();
        let counted = if finding.trace.counted.whole > 0 { Some(finding.trace.counted) } else { finding.row };
        let seen = counted.map_or(1.0, |counted| counted.part as f64 / counted.whole.max(1) as f64);
        match self.terms.baseline() {
            Some(baseline) => {
                let half_way = libm::sqrt(self.terms.tolerated() * seen);
                let share = (HELPED_RATIO * baseline.share).max(half_way).min(seen);
                let is_measured = ERRORS_ENOUGH <= baseline.errors;
                let variation = if is_measured { baseline.variation } else { baseline.variation.min(VARIATION_MAX) };
                Null { share, variation }
            }
            None => Null { share: seen, variation: VARIATION },
        }
    }

    fn prove(&mut self, policy: &Policy, effects: &mut Effects<Effect>) {
        let (Stage::Proving, Some(proof)) = (&self.course.stage, &self.course.proof) else { return };
        match proof.recovery.outcome(&policy.recovery) {
            None => {}
            Some(recovery::Outcome::Verified) => self.end(End::Recovered, effects),
            Some(recovery::Outcome::NotHelped) => self.end(End::NotHelped, effects),
            Some(recovery::Outcome::Unseen) => self.end(End::Unseen, effects),
        }
    }

    /// The time of the watch is over.
    fn over(&mut self, effects: &mut Effects<Effect>) {
        match self.course.stage {
            // Where it is only looked at.
            Stage::Watched if self.watch.is_confirmed() => self.end(End::Left, effects),
            Stage::Watched if self.watch.state(&self.terms) == watch::State::Certified => {
                self.end(End::Certified, effects);
            }
            Stage::Watched => self.end(End::Unproven, effects),
            Stage::Asked(_) => self.end(End::Left, effects),
            // It could not begin while it should have.
            Stage::Wanted(By::Watch) if !self.watch.is_pressing(&self.terms) => self.end(End::Left, effects),
            // It goes on.
            Stage::Wanted(_) | Stage::Acting(_) | Stage::Proving | Stage::Ended(_) => {}
        }
    }

    fn end(&mut self, end: End, effects: &mut Effects<Effect>) {
        self.course.stage = Stage::Ended(end.clone());
        effects.push(Effect::Ended(end));
    }
}

#[cfg(test)]
mod tests;
