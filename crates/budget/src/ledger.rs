//! The book of one objective: what was counted, what of it counts, and which alerts hold.
//!
//! - Minutes come in any order, late ones and corrected ones too. Every sum is right at once; the evidence takes each
//!   minute a single time, when it is settled or, if it comes later, when it comes.
//! - Maintenance deletes nothing: excluded minutes stay in the raw budget and are left out of the adjusted one.
//! - A reset gives the budget back by forgiving the bad events before it. It hides no trouble: burn rates of alerts
//!   do not know of it.
//! - What is missing is neither good nor bad. With too much of it there is no verdict, and an alert stays as it was.

mod status;

use base::{EFFECTS_MAX, Effects, Now, Ppm};

use crate::{
    BLOCK, Block, Budgeting, Burn, BurnRule, Count, Counts, Evidence, Minute, Minutes, NotKept, Objective, RULES_MAX,
    Rarity, Remaining, Series, Stretch, Window,
};

pub use status::{AlertStatus, Status};

/// The most stretches that are excluded at a time.
pub const EXCLUSIONS_MAX: usize = 1_000;

/// The most minutes that one tick settles; after a longer sleep the older ones are left out of the evidence.
const SETTLED_MAX: u32 = 1_440;

// All alerts may change in one tick, the budget be spent and its source fall silent.
const _: () = assert!(RULES_MAX + 2 <= EFFECTS_MAX);

/// How an objective is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// What was promised.
    pub objective: Objective,
    /// How long after its end a minute is judged: as late as its source usually is.
    pub settle: Minutes,
    /// So many missing minutes in a row, and nobody sees anything any more.
    pub blind_after: Minutes,
    /// With a larger share of missing minutes than this there is no verdict over a window.
    pub missing_max: Ppm,
    /// When there is evidence enough to tell somebody.
    pub rarity: Rarity,
}

impl Terms {
    /// Everything before this is judged at `now`: minutes that are settled, and of slices those that are whole.
    pub fn end(&self, now: Now) -> Minute {
        let settled = Minute::of(now.wall) - self.settle;
        match self.objective.budgeting {
            Budgeting::Occurrences => settled,
            Budgeting::Timeslices { length, .. } => slice_of(settled, length),
        }
    }
}

/// The book of one objective.
#[derive(Clone, Debug)]
pub struct Ledger {
    events: Series,
    /// The slices, each as one event in its first minute; for objectives that count time.
    slices: Option<Series>,
    /// In order, without overlap.
    excluded: Vec<Stretch>,
    forgiven_before: Option<Minute>,
    first: Option<Minute>,
    last_known: Option<Minute>,
    /// Minutes before this are settled.
    settled: Option<Minute>,
    evidence: Evidence,
    firing: [bool; RULES_MAX],
    /// What was left at the last tick.
    left: Option<Remaining>,
    is_spent: bool,
    is_blind: bool,
    /// The period of the calendar that was last looked up.
    period: Option<Stretch>,
}

/// What happens to a ledger.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A minute was counted, or counted again.
    Counted {
        /// Which minute.
        minute: Minute,
        /// What was counted.
        count: Count,
    },
    /// Time has passed.
    Ticked,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An alert began, or ended.
    Alert {
        /// Which of the objective's rules.
        rule: usize,
        /// Whether it holds now.
        is_firing: bool,
    },
    /// The budget is spent, or no longer.
    Spent(bool),
    /// Nothing is seen any more, or again.
    Blind(bool),
    /// A minute was not taken.
    Refused(Minute, NotKept),
}

/// What is known about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Firing,
    /// It does not.
    Quiet,
    /// Too much is missing.
    Unknown,
}

impl Ledger {
    /// An empty one.
    pub fn new(objective: &Objective) -> Self {
        let horizon = objective.window.longest() + Minutes::days(1);
        let slices = matches!(objective.budgeting, Budgeting::Timeslices { .. }).then(|| Series::new(horizon));
        Self {
            events: Series::new(horizon),
            slices,
            excluded: Vec::new(),
            forgiven_before: None,
            first: None,
            last_known: None,
            settled: None,
            evidence: Evidence::default(),
            firing: [false; RULES_MAX],
            left: None,
            is_spent: false,
            is_blind: false,
            period: None,
        }
    }

    /// What one event means.
    ///
    /// It changes the ledger in its place: there are thousands, and each is large.
    pub fn take(&mut self, terms: &Terms, event: Event, now: Now) -> Effects<Effect> {
        match event {
            Event::Counted { minute, count } => self.count(terms, minute, count, now),
            Event::Ticked => self.tick(terms, now),
        }
    }

    /// Loads a block of minutes that were counted before; one from before the horizon is left out.
    pub fn load(&mut self, terms: &Terms, number: i64, block: &Block) {
        if self.events.set_block(number, block).is_err() {
            return;
        }
        let minute = |place: usize| Minute::new(number * BLOCK as i64 + place as i64);
        self.first = [self.first, block.first_known().map(minute)].into_iter().flatten().min();
        self.last_known = self.last_known.max(block.last_known().map(minute));
        if let Budgeting::Timeslices { length, target } = terms.objective.budgeting {
            let (mut from, end) = (slice_of(minute(0), length), minute(BLOCK));
            while from < end {
                self.slice(terms, from, length, target);
                from = from + length;
            }
        }
    }

    /// Puts a minute in that was counted before `now`. One that was to come then is of no use: its clock was wrong.
    pub fn restore(&mut self, terms: &Terms, minute: Minute, count: Count, now: Minute) {
        if minute <= now {
            // Nor is one from before the horizon.
            let _kept = self.put(terms, minute, count);
        }
    }

    /// Takes everything that is due at `now` into the evidence, which the next tick would otherwise do.
    pub fn catch_up(&mut self, terms: &Terms, now: Now) {
        self.settle(terms, terms.end(now));
    }

    /// Leaves these stretches, and no others, out of the adjusted budget.
    pub fn exclude(&mut self, mut stretches: Vec<Stretch>) {
        stretches.retain(|stretch| stretch.from < stretch.until);
        stretches.sort_by_key(|stretch| stretch.from);
        stretches.dedup_by(|next, kept| {
            let touches = next.from <= kept.until;
            if touches {
                kept.until = kept.until.max(next.until);
            }
            touches
        });
        stretches.truncate(EXCLUSIONS_MAX);
        self.excluded = stretches;
    }

    /// Forgives what was spent before a minute, and nothing else.
    pub const fn forgive(&mut self, before: Option<Minute>) {
        self.forgiven_before = before;
    }

    /// The events, as they were counted.
    pub const fn events(&self) -> &Series {
        &self.events
    }

    /// What was left of the adjusted budget at the last tick.
    pub const fn left(&self) -> Option<Remaining> {
        self.left
    }

    /// Whether nothing had been seen for too long at the last tick.
    pub const fn is_blind(&self) -> bool {
        self.is_blind
    }

    /// The last minute of which anything is known.
    pub const fn last_known(&self) -> Option<Minute> {
        self.last_known
    }

    /// How many bytes its minutes take.
    pub fn bytes(&self) -> usize {
        self.events.bytes() + self.slices.as_ref().map_or(0, Series::bytes)
    }

    /// What the objective is judged by: its events, or its slices.
    fn judged(&self) -> &Series {
        self.slices.as_ref().unwrap_or(&self.events)
    }

    /// All that was counted in a stretch.
    pub fn raw(&self, stretch: Stretch) -> Counts {
        self.judged().between_at_hand(stretch.from, stretch.until)
    }

    /// What was counted in a stretch outside maintenance.
    pub fn adjusted(&self, stretch: Stretch) -> Counts {
        let excluded = self.excluded.iter().filter_map(|excluded| excluded.overlap(stretch));
        excluded.fold(self.raw(stretch), |counts, part| counts - self.raw(part))
    }

    /// Bad events that a reset forgave.
    fn forgiven(&self, stretch: Stretch) -> u64 {
        let before = self.forgiven_before.map(|before| Stretch { until: stretch.until.min(before), ..stretch });
        before.map_or(0, |before| self.adjusted(before).bad)
    }

    /// What was counted in a stretch outside maintenance, without the bad events that a reset forgave.
    fn held_against(&self, stretch: Stretch) -> Counts {
        let counts = self.adjusted(stretch);
        Counts { bad: counts.bad.saturating_sub(self.forgiven(stretch)), ..counts }
    }

    fn count(&mut self, terms: &Terms, minute: Minute, count: Count, now: Now) -> Effects<Effect> {
        if Minute::of(now.wall) < minute {
            return Effects::one(Effect::Refused(minute, NotKept::Future));
        }
        match self.put(terms, minute, count) {
            Ok(()) => Effects::none(),
            Err(refused) => Effects::one(Effect::Refused(minute, refused)),
        }
    }

    fn put(&mut self, terms: &Terms, minute: Minute, count: Count) -> Result<(), NotKept> {
        let earlier = self.events.set(minute, count)?;
        if count.is_known() {
            self.first = Some(self.first.map_or(minute, |first| first.min(minute)));
            self.last_known = self.last_known.max(Some(minute));
        }
        let is_late = self.settled.is_some_and(|settled| minute < settled);
        match terms.objective.budgeting {
            // A minute that was taken for empty, because its events were not there yet, had no weight.
            Budgeting::Occurrences if is_late && !has_events(earlier) => self.weigh(terms, minute),
            Budgeting::Occurrences => {}
            Budgeting::Timeslices { length, target } => self.slice(terms, slice_of(minute, length), length, target),
        }
        Ok(())
    }

    /// Judges the slice that begins at `from` anew.
    fn slice(&mut self, terms: &Terms, from: Minute, length: Minutes, target: Ppm) {
        let counts = self.events.between(from, from + length);
        // Of a slice of which nothing is known there is no verdict, however much may be missing.
        let count = if counts.known == Minutes::new(0) || !counts.is_known_enough(terms.missing_max) {
            Count::Missing
        } else {
            let good = counts.total.saturating_sub(counts.bad);
            let is_bad = u128::from(good) * 1_000_000 < u128::from(counts.total) * u128::from(target.get());
            Count::Observed { bad: u32::from(is_bad), total: 1 }
        };
        let Some(slices) = &mut self.slices else { return };
        // The minutes of the slice after its first are known or missing as the slice is, and count for nothing.
        let rest = if count.is_known() { Count::Empty } else { Count::Missing };
        // Whatever the events' series took is within the horizon of the slices', too.
        let was_known = slices.set(from, count).is_ok_and(Count::is_known);
        for minute in 1..length.get() {
            let _kept = slices.set(from + Minutes::new(minute), rest);
        }
        let is_late = self.settled.is_some_and(|settled| from + length <= settled);
        if is_late && !was_known {
            self.weigh(terms, from);
        }
    }

    fn tick(&mut self, terms: &Terms, now: Now) -> Effects<Effect> {
        let end = terms.end(now);
        let window = self.window(terms, end);
        let from = self.measured(window.from, end).from;
        self.slices.as_mut().unwrap_or(&mut self.events).hold([from, end - Minutes::new(1)]);
        self.settle(terms, end);
        self.period = Some(window);
        let mut effects = Effects::none();
        let allowed = terms.objective.allowed();
        let odds = self.evidence.odds(allowed);
        // On a calm line no rule is looked at: without evidence none begins, whatever burns.
        let is_evident = terms.rarity.page.min(terms.rarity.ticket) <= odds;
        let is_calm = !is_evident && self.firing == [false; RULES_MAX];
        let rules = if is_calm { 0 } else { RULES_MAX };
        for (rule, burn) in terms.objective.alerts.iter().enumerate().take(rules) {
            let is_firing = self.holds(terms, burn, rule, end, odds);
            if is_firing != self.firing[rule] {
                self.firing[rule] = is_firing;
                effects.push(Effect::Alert { rule, is_firing });
            }
        }
        self.left = self.remaining(terms, end);
        if let Some(remaining) = self.left
            && remaining.is_spent() != self.is_spent
        {
            self.is_spent = remaining.is_spent();
            effects.push(Effect::Spent(self.is_spent));
        }
        let is_blind = self.is_blind_at(terms, now);
        if is_blind != self.is_blind {
            self.is_blind = is_blind;
            effects.push(Effect::Blind(is_blind));
        }
        effects
    }

    /// Takes the minutes that have become due into the evidence.
    fn settle(&mut self, terms: &Terms, end: Minute) {
        let from = self.settled.or(self.first).unwrap_or(end).max(end - Minutes::new(SETTLED_MAX));
        for minute in (from.get()..end.get()).map(Minute::new) {
            match terms.objective.budgeting {
                Budgeting::Occurrences => self.weigh(terms, minute),
                Budgeting::Timeslices { length, .. } => {
                    let from = slice_of(minute, length);
                    if minute + Minutes::new(1) == from + length {
                        self.weigh(terms, from);
                    }
                }
            }
        }
        self.settled = self.settled.max(Some(end));
    }

    fn weigh(&mut self, terms: &Terms, minute: Minute) {
        let is_excluded = self.excluded.iter().any(|stretch| stretch.contains(minute));
        if !is_excluded {
            let count = self.judged().get_at_hand(minute);
            self.evidence = self.evidence.after(count, terms.objective.allowed(), terms.rarity.variation);
        }
    }

    /// Whether an alert holds; one that cannot be judged stays as it was.
    fn holds(&self, terms: &Terms, rule: &BurnRule, place: usize, end: Minute, odds: f64) -> bool {
        let was_firing = self.firing[place];
        // Without evidence none begins, whatever burns: so on a calm line no window is looked at.
        if !was_firing && odds < terms.rarity.needed(rule.severity) {
            return false;
        }
        match self.judge(terms, rule, place, end, odds).2 {
            Verdict::Firing => true,
            Verdict::Quiet => false,
            Verdict::Unknown => was_firing,
        }
    }

    /// Both burn rates of a rule before `end`, and what they say.
    fn judge(&self, terms: &Terms, rule: &BurnRule, place: usize, end: Minute, odds: f64) -> (Burn, Burn, Verdict) {
        let allowed = terms.objective.allowed();
        let burn = |length| Burn { counts: self.adjusted(self.measured(end - length, end)), allowed };
        let (long, short) = (burn(rule.long), burn(rule.short));
        let is_known = |burn: Burn| burn.counts.is_known_enough(terms.missing_max);
        let was_firing = self.firing.get(place).copied().unwrap_or(false);
        let needed = terms.rarity.needed(rule.severity);
        let verdict = if !is_known(long) || !is_known(short) {
            Verdict::Unknown
        } else if !long.reaches(rule.burn_milli) {
            Verdict::Quiet
        } else if short.counts.total == 0 {
            // On a quiet line a short window without events neither begins an alert nor ends one.
            if was_firing { Verdict::Firing } else { Verdict::Quiet }
        } else if short.reaches(rule.burn_milli) && (was_firing || needed <= odds) {
            Verdict::Firing
        } else {
            Verdict::Quiet
        };
        (long, short, verdict)
    }

    /// The part of a stretch since measuring began.
    fn measured(&self, from: Minute, until: Minute) -> Stretch {
        Stretch { from: self.first.map_or(until, |first| from.max(first)).min(until), until }
    }

    /// The objective's window before `end`, and when it ends: a period of the calendar may still go on.
    fn window(&self, terms: &Terms, end: Minute) -> Stretch {
        match &terms.objective.window {
            Window::Rolling(length) => Stretch { from: end - *length, until: end },
            Window::Calendar(period) => {
                let last = end - Minutes::new(1);
                let known = self.period.filter(|known| known.contains(last));
                known
                    .or_else(|| period.around(last).map(|(from, until)| Stretch { from, until }))
                    .unwrap_or(Stretch { from: end, until: end })
            }
        }
    }

    /// What is left of the adjusted budget at a minute.
    pub fn remaining(&self, terms: &Terms, end: Minute) -> Option<Remaining> {
        let window = self.window(terms, end);
        let measured = self.measured(window.from, end);
        let counts = self.held_against(measured);
        if !counts.is_known_enough(terms.missing_max) {
            return None;
        }
        Remaining::of(counts, terms.objective.allowed(), measured.length(), window.length())
    }

    /// Whether nothing has been seen for too long.
    pub fn is_blind_at(&self, terms: &Terms, now: Now) -> bool {
        let end = Minute::of(now.wall) - terms.settle;
        self.last_known.is_some_and(|last| terms.blind_after <= end.since(last + Minutes::new(1)))
    }
}

const fn has_events(count: Count) -> bool {
    matches!(count, Count::Observed { .. })
}

/// The beginning of the slice in which a minute lies.
fn slice_of(minute: Minute, length: Minutes) -> Minute {
    Minute::new(minute.get() - minute.get().rem_euclid(i64::from(length.get().max(1))))
}

#[cfg(test)]
mod tests;
