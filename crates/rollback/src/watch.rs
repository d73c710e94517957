//! The watch after a publish: one step a minute, until the release is known to be bad, or its time is over.
//!
//! ```text
//! WATCHING -> SUSPECT -> CONFIRMED      the odds rise: a page, then the wish to go back
//!     ^----------'----------'           they have been low for a while (hysteresis)
//! BLIND                                 nothing was seen for too long: neither good nor bad
//! SHADOW                                maintenance: what would have been done is only told
//! CERTIFIED | UNPROVEN                  the time is over, and the release was proved good, or was not
//! ```
//!
//! CONFIRMED asks for all of it: the odds of the [`evidence`](crate::evidence), an effect that lasts (the pooled rates of
//! five minutes and of two), errors enough to be worth it, and so many bad minutes. By the guide's rule alone it asks for
//! that instead; by both, for both.

use base::{Count, Effects, Minutes, Ratio};

use crate::baseline::Baseline;
use crate::evidence::{self, Below, Null, Onset};
use crate::guide;
use crate::siblings::Siblings;

/// The pooled rate of so many minutes must be above what is tolerated ...
const LASTING: usize = 5;
/// ... and of so many of them, so that it still is.
const LATEST: usize = 2;
/// With fewer conversations the latest minutes say nothing.
const LATEST_VOLUME: u64 = 5;
/// So many errors ...
const ERRORS: usize = 3;
/// ... within so many minutes are the least that is worth going back for.
const ERRORS_WITHIN: u32 = 30;
/// What is tolerated is never above this share, whatever befalls the siblings.
const TOLERATED_MAX: f64 = 0.9;
/// A suspect release is watched for at most so many times as long.
const LENGTHENED: u32 = 2;
/// The most minutes that are known of a release: a week of maintenance, twice the longest watch, and the longest proof.
pub const MINUTES_MAX: u32 = 8 * 1_440;

/// What a watch is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Whose word counts.
    pub rule: Rule,
    /// The guide's rule.
    pub guide: guide::Policy,
    /// The chance that a healthy release is ever taken for a bad one; half of it is the baseline's, half the odds'.
    pub alpha: f64,
    /// Tolerated is this many times the upper bound of the normal share of errors ...
    pub ratio: f64,
    /// ... and at least this much more than it.
    pub margin: f64,
    /// How many minutes must be bad; a single one counts for no more than its part of them.
    pub bad_minutes: u16,
    /// How long a release is watched.
    pub length: Minutes,
    /// How long when there are fewer than [`Policy::quiet_below`] conversations a minute.
    pub length_quiet: Minutes,
    /// Conversations a minute.
    pub quiet_below: f64,
    /// After so many minutes in a row of which nothing is known, the watch is blind.
    pub blind_after: u16,
    /// From these odds on a release is suspect.
    pub suspect: f64,
    /// Below these odds ...
    pub calm: f64,
    /// ... for so many minutes it no longer is.
    pub calm_minutes: u16,
    /// A release is proved good when its share of errors is below so many times the normal one ...
    pub good_ratio: f64,
    /// ... by these odds.
    pub good_odds: f64,
}

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The guide's.
    Guide,
    /// The evidence's.
    Evidence,
    /// Both must agree.
    Both,
}

/// One minute of a flow, and of its siblings together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its conversations, and those that failed.
    pub count: Count,
    /// Those of its siblings.
    pub siblings: Count,
}

impl Observation {
    /// Nobody could tell.
    pub const MISSING: Self = Self { count: Count::Missing, siblings: Count::Missing };
}

/// A policy and a baseline, worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    policy: Policy,
    baseline: Option<Baseline>,
    tolerated: f64,
    needed: f64,
    cap: f64,
    length: u32,
}

/// Where a watch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is known against the release.
    Watching,
    /// Something is.
    Suspect,
    /// It is bad.
    Confirmed,
    /// Nothing has been seen for too long.
    Blind,
    /// Maintenance: nothing follows from what is seen.
    Shadow,
    /// The time is over, and it was proved good.
    Certified,
    /// The time is over, and it was not.
    Unproven,
}

/// What is held of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Watching,
    Suspect,
    Confirmed,
}

/// A watch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watch {
    verdict: Verdict,
    /// Minutes since the publish.
    minute: u32,
    held: Held,
    /// What was held when the present maintenance began.
    before: Held,
    good: Below,
    row: guide::Row,
    siblings: Siblings,
    /// The last minutes: errors, conversations, and errors that would be tolerated.
    recent: [(u32, u32, f64); LASTING],
    /// The minutes of the last errors, the latest last.
    errors: [u32; ERRORS],
    /// Minutes in a row of which nothing is known.
    missing: u16,
    /// Minutes in a row with low odds.
    calm: u16,
    is_maintained: bool,
    /// Whether it was told what would have been done in this maintenance.
    has_told: bool,
    is_good: bool,
    is_over: bool,
}

/// What is held against the release, and how far the watch has come. Maintenance changes nothing of it for good.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    /// Minutes that were watched.
    place: u32,
    onset: Onset,
    trace: Trace,
}

/// What has spoken against the release since the odds were last even.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The first minute of it.
    pub since: u32,
    /// Errors and conversations.
    pub counted: Ratio,
    /// Minutes with more errors than are tolerated.
    pub bad_minutes: u16,
}

/// What a watch has found, with every number that it was decided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Minutes since the publish.
    pub minute: u32,
    /// The odds against a healthy release.
    pub odds: f64,
    /// What speaks against it.
    pub trace: Trace,
    /// How many times their normal share of errors the siblings have; `None` without siblings.
    pub siblings: Option<f64>,
    /// What is tolerated now.
    pub tolerated: f64,
    /// Errors and conversations of the guide's row, once it has tripped.
    pub row: Option<Ratio>,
}

/// What follows from a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// The release is suspect: tell somebody, and let no other out.
    Suspected(Finding),
    /// It no longer is.
    Calmed,
    /// It is bad: go back.
    Confirmed(Finding),
    /// It would have been, but there is maintenance.
    Suppressed(Finding),
    /// Nothing is seen any more, or again.
    Blind(bool),
    /// It was proved good; it is watched on.
    Proved,
    /// The time is over.
    Ended,
}

impl Default for Policy {
    /// The reference values: a false rollback in 10,000 healthy releases, three bad minutes, an hour.
    fn default() -> Self {
        Self {
            rule: Rule::Evidence,
            guide: guide::Policy::default(),
            alpha: 1e-4,
            ratio: 1.25,
            margin: 0.002,
            bad_minutes: 3,
            length: Minutes::hours(1),
            length_quiet: Minutes::hours(4),
            quiet_below: 10.0,
            blind_after: 5,
            suspect: 20.0,
            calm: 5.0,
            calm_minutes: 5,
            good_ratio: 3.0,
            good_odds: 100.0,
        }
    }
}

impl Policy {
    /// The part of [`Policy::alpha`] that the baseline may spend; the odds spend as much.
    pub fn alpha_baseline(&self) -> f64 {
        self.alpha / 2.0
    }
}

impl Terms {
    /// Works a policy out for a flow. Without a baseline only the guide's rule can speak.
    pub fn new(policy: Policy, baseline: Option<Baseline>) -> Self {
        let upper = baseline.map_or(1.0, |baseline| baseline.upper);
        let tolerated = (policy.ratio * upper).max(upper + policy.margin).min(TOLERATED_MAX);
        let needed = 2.0 / policy.alpha;
        // So many bad minutes at the cap, from the first minute on and in one of the ratios, are just enough.
        let share_of_bet = evidence::hypotheses(tolerated).max(1) as f64 / FIRST_PART;
        let cap = libm::log(needed * share_of_bet) / f64::from(policy.bad_minutes.max(1));
        let is_quiet = baseline.is_some_and(|baseline| baseline.volume() < policy.quiet_below);
        let length = if is_quiet { policy.length_quiet } else { policy.length };
        Self { policy, baseline, tolerated, needed, cap, length: length.get() }
    }

    /// What is normal, if anything is known of the past.
    pub const fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_ref()
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The share of errors that is tolerated while the siblings are well.
    pub const fn tolerated(&self) -> f64 {
        self.tolerated
    }

    /// The odds that are needed.
    pub const fn needed(&self) -> f64 {
        self.needed
    }

    /// How long a release is watched.
    pub const fn length(&self) -> Minutes {
        Minutes::new(self.length)
    }

    /// A release is good when its share of errors is below this.
    fn good_share(&self) -> f64 {
        let normal = self.baseline.map_or(1.0, |baseline| baseline.share);
        (self.policy.good_ratio * normal).max(self.tolerated)
    }

    /// The part of the bet that a minute of the watch gets.
    fn part(&self, place: u32) -> f64 {
        match place {
            1 => FIRST_PART,
            place if place <= self.length => (1.0 - FIRST_PART) / f64::from(self.length - 1),
            _ => 0.0,
        }
    }
}

/// The part of the bet that the first minute gets: most bad releases are bad at once.
const FIRST_PART: f64 = 0.5;

impl Default for Watch {
    fn default() -> Self {
        Self {
            verdict: Verdict::Watching,
            minute: 0,
            held: Held::default(),
            before: Held::default(),
            good: Below::default(),
            row: guide::Row::default(),
            siblings: Siblings::default(),
            recent: [(0, 0, 0.0); LASTING],
            errors: [0; ERRORS],
            missing: 0,
            calm: 0,
            is_maintained: false,
            has_told: false,
            is_good: false,
            is_over: false,
        }
    }
}

impl Default for Held {
    fn default() -> Self {
        Self { place: 0, onset: Onset::default(), trace: Trace { since: 1, ..Trace::default() } }
    }
}

/// One more minute of a watch, the minutes in order and each once; `is_maintained` when it lies in maintenance.
pub fn step(mut watch: Watch, terms: &Terms, seen: Observation, is_maintained: bool) -> (Watch, Effects<Effect>) {
    let effects = watch.take(terms, seen, is_maintained);
    (watch, effects)
}

impl Watch {
    /// [`step`] in its place, for whoever takes many of them: one more minute, and what follows from it.
    pub fn take(&mut self, terms: &Terms, seen: Observation, is_maintained: bool) -> Effects<Effect> {
        let mut effects = Effects::none();
        if self.is_over {
            return effects;
        }
        let (was, was_blind) = (self.verdict, self.is_blind(terms));
        self.begin(is_maintained);
        self.weigh(terms, seen);
        let is_blind = self.is_blind(terms);
        if was_blind != is_blind {
            effects.push(Effect::Blind(is_blind));
        }
        if seen.count.is_known() {
            let is_bad = self.is_bad(terms);
            if !is_maintained {
                self.verdict = self.judge(terms, is_bad);
            } else if is_bad && !self.has_told {
                self.has_told = true;
                effects.push(Effect::Suppressed(self.finding(terms)));
            }
        }
        if let Some(effect) = self.turned(was, terms) {
            effects.push(effect);
        }
        if !self.is_good && terms.policy.good_odds <= self.good.odds() {
            self.is_good = true;
            effects.push(Effect::Proved);
        }
        if self.has_ended(terms) {
            self.is_over = true;
            effects.push(Effect::Ended);
        }
        effects
    }

    /// What follows from what is held of the release now, after what was held of it before.
    fn turned(&self, was: Verdict, terms: &Terms) -> Option<Effect> {
        match (was, self.verdict) {
            (Verdict::Watching | Verdict::Suspect, Verdict::Confirmed) => Some(Effect::Confirmed(self.finding(terms))),
            (Verdict::Watching, Verdict::Suspect) => Some(Effect::Suspected(self.finding(terms))),
            (Verdict::Suspect | Verdict::Confirmed, Verdict::Watching) => Some(Effect::Calmed),
            (Verdict::Watching, Verdict::Watching)
            | (Verdict::Suspect | Verdict::Confirmed, Verdict::Suspect)
            | (Verdict::Confirmed, Verdict::Confirmed) => None,
        }
    }
}

/// The same release, seen anew: all of its minutes once more, after some of them turned out to be other than was told.
/// What follows is what a step from the one to the other would have told.
pub fn again(
    was: &Watch,
    terms: &Terms,
    minutes: impl IntoIterator<Item = (Observation, bool)>,
) -> (Watch, Effects<Effect>) {
    let mut watch = Watch::default();
    for (seen, is_maintained) in minutes {
        // What each minute would have told was told, or is by what is held in the end.
        let _told = watch.take(terms, seen, is_maintained);
    }
    let mut effects = watch.turned(was.verdict, terms).map_or_else(Effects::none, Effects::one);
    if was.is_blind(terms) != watch.is_blind(terms) {
        effects.push(Effect::Blind(watch.is_blind(terms)));
    }
    if !was.is_over && watch.is_over {
        effects.push(Effect::Ended);
    }
    (watch, effects)
}

impl Watch {
    /// Where it stands.
    pub const fn state(&self, terms: &Terms) -> State {
        match self.verdict {
            // One that was proved good and went bad later is not good.
            Verdict::Watching if self.is_over && self.is_good => State::Certified,
            _ if self.is_over => State::Unproven,
            _ if self.is_blind(terms) => State::Blind,
            _ if self.is_maintained => State::Shadow,
            Verdict::Watching => State::Watching,
            Verdict::Suspect => State::Suspect,
            Verdict::Confirmed => State::Confirmed,
        }
    }

    /// What it has found so far.
    pub fn finding(&self, terms: &Terms) -> Finding {
        let normal = terms.baseline.and_then(|baseline| baseline.siblings);
        Finding {
            minute: self.minute,
            odds: self.odds(terms),
            trace: self.held.trace,
            siblings: normal.map(|normal| self.siblings.ratio(Some(normal))),
            tolerated: self.null(terms).map_or(terms.tolerated, |null| null.share),
            row: self.row.is_tripped().then(|| self.row.counted()),
        }
    }

    /// Minutes since the publish.
    pub const fn minute(&self) -> u32 {
        self.minute
    }

    /// Minutes that the release was watched for: those since the publish without maintenance.
    pub const fn watched(&self) -> u32 {
        if self.is_maintained { self.before.place } else { self.held.place }
    }

    /// The odds against a healthy release.
    pub fn odds(&self, terms: &Terms) -> f64 {
        self.held.onset.odds(terms.tolerated)
    }

    /// Whether it was found to be bad and has not calmed since, whether or not it is seen now.
    pub const fn is_confirmed(&self) -> bool {
        matches!(self.verdict, Verdict::Confirmed)
    }

    /// Whether it was proved good and nothing was found against it since.
    pub const fn is_proved(&self) -> bool {
        self.is_good && !self.is_against()
    }

    /// Whether something was found against it that has not calmed since, whether or not it is seen now.
    pub const fn is_against(&self) -> bool {
        !matches!(self.verdict, Verdict::Watching)
    }

    /// Whether it is bad by what is seen now, and nothing forbids to say so.
    pub fn is_pressing(&self, terms: &Terms) -> bool {
        self.is_confirmed() && !self.is_maintained && !self.is_blind(terms) && self.is_bad(terms)
    }

    /// Whether the last minutes are missing; of a watch that is over, the last ones of it.
    pub const fn is_blind(&self, terms: &Terms) -> bool {
        terms.policy.blind_after < self.missing
    }

    /// What was seen in maintenance says nothing about the release when it is over. It could decide nothing either, so that
    /// nothing of the watch's time and of its bet is used up by it. What was held before is held again, but nothing follows
    /// from it until it is seen that the release is still bad: people may have mended what it failed by.
    fn begin(&mut self, is_maintained: bool) {
        if is_maintained && !self.is_maintained {
            self.before = self.held;
        }
        if self.is_maintained && !is_maintained {
            self.held = self.before;
            self.row = guide::Row::default();
            self.recent = [(0, 0, 0.0); LASTING];
            self.errors = [0; ERRORS];
            self.has_told = false;
        }
        self.is_maintained = is_maintained;
    }

    /// What the minute is weighed against; nothing when there is no past.
    fn null(&self, terms: &Terms) -> Option<Null> {
        let baseline = terms.baseline?;
        let allowance = self.siblings.allowance(baseline.siblings);
        Some(Null { share: (terms.tolerated * allowance).min(TOLERATED_MAX), variation: baseline.variation })
    }

    fn weigh(&mut self, terms: &Terms, seen: Observation) {
        self.minute += 1;
        self.held.place += 1;
        self.missing = if seen.count.is_known() { 0 } else { self.missing.saturating_add(1) };
        self.row = self.row.after(&terms.policy.guide, seen.count);
        self.siblings = self.siblings.after(seen.siblings);
        let Some(null) = self.null(terms) else { return };
        let (bad, total) = seen.count.pair();
        let held = &mut self.held;
        held.onset = held.onset.after(seen.count, null, terms.part(held.place), terms.cap);
        if !self.is_maintained && !self.is_good {
            self.good = self.good.after(seen.count, Null { share: terms.good_share(), ..null });
        }
        let tolerated = f64::from(total) * null.share;
        self.recent.rotate_left(1);
        self.recent[LASTING - 1] = (bad, total, tolerated);
        for _ in 0..bad.min(ERRORS as u32) {
            self.errors.rotate_left(1);
            self.errors[ERRORS - 1] = self.minute;
        }
        let odds = self.odds(terms);
        self.held.trace = if odds <= 1.0 {
            Trace { since: self.minute + 1, ..Trace::default() }
        } else {
            self.held.trace.after(bad, total, tolerated)
        };
        self.calm = if odds < terms.policy.calm { self.calm.saturating_add(1) } else { 0 };
    }

    fn judge(&self, terms: &Terms, is_bad: bool) -> Verdict {
        let is_calm = terms.policy.calm_minutes <= self.calm && !self.row.is_tripped();
        match self.verdict {
            Verdict::Confirmed if !is_calm => Verdict::Confirmed,
            _ if is_bad => Verdict::Confirmed,
            Verdict::Suspect if !is_calm => Verdict::Suspect,
            _ if terms.policy.suspect <= self.odds(terms) => Verdict::Suspect,
            Verdict::Watching | Verdict::Suspect | Verdict::Confirmed => Verdict::Watching,
        }
    }

    fn is_bad(&self, terms: &Terms) -> bool {
        match terms.policy.rule {
            Rule::Guide => self.row.is_tripped(),
            Rule::Evidence => self.is_evident(terms),
            Rule::Both => self.row.is_tripped() && self.is_evident(terms),
        }
    }

    fn is_evident(&self, terms: &Terms) -> bool {
        let oldest = self.errors[0];
        terms.needed <= self.odds(terms)
            && self.is_lasting()
            && oldest > 0
            && self.minute - oldest < ERRORS_WITHIN
            && terms.policy.bad_minutes <= self.held.trace.bad_minutes
    }

    /// Whether more fails than is tolerated, over the last minutes and over the latest of them.
    fn is_lasting(&self) -> bool {
        let is_above = |minutes: &[(u32, u32, f64)]| {
            let (bad, total, tolerated) = sum(minutes);
            (tolerated <= bad as f64, total)
        };
        let (is_latest_above, latest) = is_above(&self.recent[LASTING - LATEST..]);
        is_above(&self.recent).0 && (is_latest_above || latest < LATEST_VOLUME)
    }

    /// A suspect release, and one that nobody sees, is watched on for a while: that costs no more false alarms, since
    /// nothing of the bet is left.
    fn has_ended(&self, terms: &Terms) -> bool {
        let is_open = self.verdict != Verdict::Watching || self.is_blind(terms);
        let length = if is_open { terms.length * LENGTHENED } else { terms.length };
        (length <= self.held.place && !self.is_maintained) || MINUTES_MAX <= self.minute
    }
}

impl Trace {
    fn after(self, bad: u32, total: u32, tolerated: f64) -> Self {
        let counted = Ratio { part: self.counted.part + u64::from(bad), whole: self.counted.whole + u64::from(total) };
        let bad_minutes = self.bad_minutes + u16::from(tolerated < f64::from(bad));
        Self { counted, bad_minutes, ..self }
    }
}

fn sum(minutes: &[(u32, u32, f64)]) -> (u64, u64, f64) {
    minutes.iter().fold((0, 0, 0.0), |(bad, total, tolerated), minute| {
        (bad + u64::from(minute.0), total + u64::from(minute.1), tolerated + minute.2)
    })
}

#[cfg(test)]
mod tests;
