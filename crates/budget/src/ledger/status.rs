//! Everything that one can say about an objective at one minute.

use base::Now;

use super::{Ledger, Terms, Verdict};
use crate::{Burn, BurnRule, Counts, Exhaustion, Minute, Minutes, Remaining, Stretch, Window};

/// What lately means for a forecast: long enough to be no blip, short enough to be now.
const RECENT: Minutes = Minutes::hours(6);

/// An objective at one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Everything before this minute is in it.
    pub end: Minute,
    /// The objective's window; its end lies ahead in a period of the calendar.
    pub window: Stretch,
    /// Since when there are measurements within the window.
    pub measured_from: Minute,
    /// All that was counted.
    pub raw: Counts,
    /// The same without maintenance.
    pub adjusted: Counts,
    /// Bad events that a reset forgave.
    pub forgiven: u64,
    /// What is left of the adjusted budget of the whole window, if the part of it that was not measured or is still to
    /// come is as busy; `None` when too much is missing.
    pub remaining: Option<Remaining>,
    /// The same of the raw budget, in which nothing is excluded nor forgiven.
    pub raw_remaining: Option<Remaining>,
    /// What is left measured against the events so far alone.
    pub to_date: Option<Remaining>,
    /// The burn rate over the whole window.
    pub burn: Burn,
    /// The burn rate of the last six hours, which the forecast goes by.
    pub recent: Burn,
    /// Each rule, in the objective's order.
    pub alerts: Vec<AlertStatus>,
    /// The odds against chance.
    pub odds: f64,
    /// When the budget will be gone.
    pub exhaustion: Exhaustion,
    /// The last minute of which anything is known.
    pub last_known: Option<Minute>,
    /// How old that is.
    pub age: Option<Minutes>,
    /// Nothing has been seen for too long.
    pub is_blind: bool,
}

/// One alert rule at one minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertStatus {
    /// The rule.
    pub rule: BurnRule,
    /// The burn rate over its long window.
    pub long: Burn,
    /// The burn rate over its short window.
    pub short: Burn,
    /// Whether it holds; an alert that cannot be judged stays as it was.
    pub is_firing: bool,
    /// What the counts alone say.
    pub verdict: Verdict,
}

impl Ledger {
    /// Everything that is to be said at `now`.
    pub fn status(&self, terms: &Terms, now: Now) -> Status {
        let end = terms.end(now);
        let window = self.window(terms, end);
        let measured = self.measured(window.from, end);
        let allowed = terms.objective.allowed();
        let (raw, adjusted, forgiven) = (self.raw(measured), self.adjusted(measured), self.forgiven(measured));
        let spent = self.held_against(measured);
        let (part, whole) = (measured.length(), window.length());
        let left = |counts: Counts, whole| {
            let is_known = counts.is_known_enough(terms.missing_max);
            is_known.then(|| Remaining::of(counts, allowed, part, whole)).flatten()
        };
        let remaining = left(spent, whole);
        let recent = Burn { counts: self.adjusted(self.measured(end - RECENT, end)), allowed };
        let within = match &terms.objective.window {
            Window::Rolling(length) => *length,
            Window::Calendar(_) => window.until.since(end),
        };
        let odds = self.evidence.odds(allowed);
        let rules = terms.objective.alerts.iter().enumerate();
        let alerts = rules.map(|(place, rule)| self.alert(terms, place, rule, end, odds)).collect();
        Status {
            end,
            window,
            measured_from: measured.from,
            raw,
            adjusted,
            forgiven,
            remaining,
            raw_remaining: left(raw, whole),
            to_date: left(spent, part),
            burn: Burn { counts: adjusted, allowed },
            recent,
            alerts,
            odds,
            exhaustion: Exhaustion::forecast(remaining, recent, whole, within),
            last_known: self.last_known,
            age: self.last_known.map(|last| end.since(last + Minutes::new(1))),
            is_blind: self.is_blind_at(terms, now),
        }
    }

    /// The burn rate between any two minutes, maintenance left out; `None` when too much is missing.
    pub fn burn(&self, terms: &Terms, stretch: Stretch) -> Option<Burn> {
        let counts = self.adjusted(self.measured(stretch.from, stretch.until));
        counts.is_known_enough(terms.missing_max).then_some(Burn { counts, allowed: terms.objective.allowed() })
    }

    /// The same without what a reset forgave: that no longer burns.
    pub(crate) fn burn_since_reset(&self, terms: &Terms, stretch: Stretch) -> Option<Burn> {
        let counts = self.held_against(self.measured(stretch.from, stretch.until));
        counts.is_known_enough(terms.missing_max).then_some(Burn { counts, allowed: terms.objective.allowed() })
    }

    /// When, at the earliest, more than `floor` of the budget is left: if nothing bad happens from now on, and as much
    /// as before in all. `None` when more is left already or nothing is known.
    pub fn recovers(&self, terms: &Terms, floor: Remaining, status: &Status) -> Option<Minute> {
        let is_short = status.remaining.is_some_and(|left| left <= floor);
        if !is_short {
            return None;
        }
        let (now, length) = match &terms.objective.window {
            // The beginning of a period gives the whole budget back.
            Window::Calendar(_) => return Some(status.window.until),
            Window::Rolling(length) => (status.end, *length),
        };
        let allowed = terms.objective.allowed();
        let measured = Stretch { from: status.measured_from, until: now };
        let all = self.adjusted(measured);
        let is_enough = |minutes: u32| {
            let (ahead, start) = (Minutes::new(minutes), now + Minutes::new(minutes) - length);
            let stretch = Stretch { from: start.max(measured.from).min(now), until: now };
            let counts = self.held_against(stretch);
            let to_come = u128::from(all.total) * u128::from(minutes) / u128::from(measured.length().get().max(1));
            let total = counts.total.saturating_add(u64::try_from(to_come).unwrap_or(u64::MAX));
            let counts = Counts { total, known: counts.known + ahead, ..counts };
            let part = stretch.length() + ahead;
            Remaining::of(counts, allowed, part, length).is_some_and(|left| floor < left)
        };
        // Old bad events leave and good ones come: once there is enough it stays enough.
        let (mut short, mut enough) = (0, length.get());
        while short + 1 < enough {
            let middle = short + (enough - short) / 2;
            if is_enough(middle) { enough = middle } else { short = middle }
        }
        Some(now + Minutes::new(enough) + terms.settle)
    }

    fn alert(&self, terms: &Terms, place: usize, rule: &BurnRule, end: Minute, odds: f64) -> AlertStatus {
        let (long, short, verdict) = self.judge(terms, rule, place, end, odds);
        let is_firing = self.firing.get(place).copied().unwrap_or(false);
        AlertStatus { rule: *rule, long, short, is_firing, verdict }
    }
}

impl Status {
    /// Whether an alert holds that tells somebody at once; `None` when none does and one cannot be judged.
    pub fn is_paging(&self) -> Option<bool> {
        let mut pages = self.alerts.iter().filter(|alert| alert.rule.severity == crate::Severity::Page);
        if pages.clone().any(|alert| alert.is_firing) {
            return Some(true);
        }
        pages.all(|alert| alert.verdict != Verdict::Unknown).then_some(false)
    }
}
