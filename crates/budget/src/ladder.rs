//! What a flow does without while its budget is low: NORMAL, TRIM, AGENT_ONLY, OVERFLOW.
//!
//! Down the ladder goes as fast as the budget falls; up it goes a rung at a time, only above a higher mark than the one
//! that led down, and only after a dwell. After a step up the next one down waits for the dwell too, so that a budget
//! that swings around a mark moves the flow at most once in a dwell.

use base::{Effects, Now};

use crate::{Minute, Minutes, Remaining};

/// What a flow does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Everything.
    #[default]
    Normal,
    /// Everything but what is merely nice: lookups that enrich are skipped.
    Trim,
    /// Callers go to agents, or to what is known by heart; no lookups that can be done without.
    AgentOnly,
    /// Callers are sent elsewhere.
    Overflow,
}

/// When a mode begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Which mode.
    pub mode: Mode,
    /// It begins below this.
    pub enter_below: Remaining,
    /// It ends at this, which is more.
    pub leave_at: Remaining,
}

/// What a flow does while nobody knows how much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnknown {
    /// It goes on as it was.
    Hold,
    /// After the patience of the policy, this.
    Fall(Mode),
}

/// How a flow climbs and descends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From the mildest to the hardest, with marks that do not rise.
    pub rungs: Vec<Rung>,
    /// How long a mode lasts at least before a milder one.
    pub dwell: Minutes,
    /// What to do while nothing is known.
    pub unknown: WhenUnknown,
    /// How long nothing must be known before that.
    pub patience: Minutes,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// What it does.
    pub mode: Mode,
    /// Since when; `None` until it first changed.
    pub since: Option<Minute>,
    /// The last step was to a milder mode.
    pub was_eased: bool,
    /// Since when nothing is known.
    pub unknown_since: Option<Minute>,
}

/// What is known of a flow's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// What is left of its budgets.
    Left {
        /// Of the smallest that is known; `None` when none is.
        smallest: Option<Remaining>,
        /// All of them are known. Otherwise the smallest may be smaller: enough to go down, not to go up.
        is_all: bool,
    },
    /// Approved maintenance is on: the flow is to run as always.
    Maintained,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The mode changed.
    Changed {
        /// From this.
        from: Mode,
        /// To that.
        to: Mode,
        /// Why.
        why: Why,
    },
}

/// Why a mode changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Less is left than the mark.
    Below {
        /// So much.
        left: Remaining,
        /// The mark.
        mark: Remaining,
    },
    /// As much is left again, and the dwell is over.
    Recovered {
        /// So much.
        left: Remaining,
        /// The mark.
        mark: Remaining,
    },
    /// Nothing has been known for longer than the policy waits.
    Unknown,
    /// Approved maintenance began.
    Maintenance,
}

/// Why a ladder cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The rungs are not in order, or one comes twice, or one is NORMAL.
    Order,
    /// A harder mode begins above a milder one.
    Marks,
    /// A mode ends at or below where it begins.
    Gap(Mode),
}

/// What one event means for a ladder.
pub fn step(mut ladder: Ladder, policy: &Policy, event: Event, now: Now) -> (Ladder, Effects<Effect>) {
    let minute = Minute::of(now.wall);
    ladder.unknown_since = match event {
        Event::Left { is_all: false, .. } => Some(ladder.unknown_since.map_or(minute, |since| since.min(minute))),
        Event::Left { is_all: true, .. } | Event::Maintained => None,
    };
    let Some((to, why)) = ladder.next(policy, event, minute) else { return (ladder, Effects::none()) };
    let from = ladder.mode;
    let ladder = Ladder { mode: to, since: Some(minute), was_eased: to < from, ..ladder };
    (ladder, Effects::one(Effect::Changed { from, to, why }))
}

impl Ladder {
    fn next(&self, policy: &Policy, event: Event, now: Minute) -> Option<(Mode, Why)> {
        match event {
            Event::Maintained => (self.mode != Mode::Normal).then_some((Mode::Normal, Why::Maintenance)),
            Event::Left { smallest, is_all } => {
                let down = smallest.and_then(|left| self.down(policy, left, now));
                down.or_else(|| match smallest.filter(|_| is_all) {
                    Some(left) => self.up(policy, left, now),
                    None => self.unknown(policy, now),
                })
            }
        }
    }

    fn unknown(&self, policy: &Policy, now: Minute) -> Option<(Mode, Why)> {
        let WhenUnknown::Fall(mode) = policy.unknown else { return None };
        let is_due = self.unknown_since.is_some_and(|since| policy.patience <= now.since(since));
        (is_due && self.mode < mode).then_some((mode, Why::Unknown))
    }

    /// The hardest mode that begins now, if it is harder than the present one.
    fn down(&self, policy: &Policy, left: Remaining, now: Minute) -> Option<(Mode, Why)> {
        let rung = policy.rungs.iter().rev().find(|rung| left < rung.enter_below)?;
        let may_fall = !self.was_eased || self.has_dwelt(policy, now);
        (self.mode < rung.mode && may_fall).then_some((rung.mode, Why::Below { left, mark: rung.enter_below }))
    }

    /// The next milder mode, if the present one ends now.
    fn up(&self, policy: &Policy, left: Remaining, now: Minute) -> Option<(Mode, Why)> {
        let place = policy.rungs.iter().position(|rung| rung.mode == self.mode);
        let milder = match place {
            Some(0) | None => Mode::Normal,
            Some(place) => policy.rungs[place - 1].mode,
        };
        // A mode that the policy no longer has ends as soon as it may.
        let mark = place.map_or(left, |place| policy.rungs[place].leave_at);
        let may_ease = self.mode != Mode::Normal && mark <= left && self.has_dwelt(policy, now);
        may_ease.then_some((milder, Why::Recovered { left, mark }))
    }

    fn has_dwelt(&self, policy: &Policy, now: Minute) -> bool {
        self.since.is_none_or(|since| policy.dwell <= now.since(since))
    }
}

impl Policy {
    /// The first thing that is wrong with it.
    pub fn flaw(&self) -> Option<Flaw> {
        let pairs = self.rungs.windows(2);
        let is_ordered = pairs.clone().all(|pair| pair[0].mode < pair[1].mode);
        if !is_ordered || self.rungs.iter().any(|rung| rung.mode == Mode::Normal) {
            return Some(Flaw::Order);
        }
        if pairs.clone().any(|pair| pair[0].enter_below < pair[1].enter_below) {
            return Some(Flaw::Marks);
        }
        self.rungs.iter().find(|rung| rung.leave_at <= rung.enter_below).map(|rung| Flaw::Gap(rung.mode))
    }
}

impl Mode {
    /// All, from the mildest to the hardest.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Trim, Self::AgentOnly, Self::Overflow];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Trim => "TRIM",
            Self::AgentOnly => "AGENT_ONLY",
            Self::Overflow => "OVERFLOW",
        }
    }

    /// The mode of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order => f.write_str("the modes must be TRIM, AGENT_ONLY and OVERFLOW in this order, each once"),
            Self::Marks => f.write_str("a harder mode must not begin above a milder one"),
            Self::Gap(mode) => write!(
                f,
                "{} must end above where it begins: a budget that swings around one mark would move the flow all the \
                 time",
                mode.word()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn policy() -> Policy {
        let rung = |mode, enter, leave| Rung {
            mode,
            enter_below: Remaining::percent(enter),
            leave_at: Remaining::percent(leave),
        };
        Policy {
            rungs: vec![rung(Mode::Trim, 80, 90), rung(Mode::AgentOnly, 30, 40), rung(Mode::Overflow, 0, 10)],
            dwell: Minutes::new(30),
            unknown: WhenUnknown::Hold,
            patience: Minutes::new(10),
        }
    }

    /// What a ladder does when its budget is read each minute.
    fn run(policy: &Policy, events: impl IntoIterator<Item = Event>) -> Vec<(i64, Mode)> {
        let (mut ladder, mut changes) = (Ladder::default(), Vec::new());
        for (minute, event) in events.into_iter().enumerate() {
            let minute = minute as i64;
            let now = Now { mono: base::Mono::default(), wall: Timestamp::from_second(minute * 60).unwrap() };
            let (next, effects) = step(ladder, policy, event, now);
            ladder = next;
            changes.extend(effects.into_iter().map(|Effect::Changed { to, .. }| (minute, to)));
        }
        changes
    }

    const UNKNOWN: Event = Event::Left { smallest: None, is_all: false };

    fn left(percent: i64) -> Event {
        Event::Left { smallest: Some(Remaining::percent(percent)), is_all: true }
    }

    #[test]
    fn a_falling_budget_goes_down_at_once_and_a_rising_one_a_rung_per_dwell() {
        let falls = [100, 79, 50, 29, -1].map(left);
        let rises = std::iter::repeat_n(left(100), 100);
        let changes = run(&policy(), falls.into_iter().chain(rises));
        let expected = [
            (1, Mode::Trim),
            (3, Mode::AgentOnly),
            (4, Mode::Overflow),
            (34, Mode::AgentOnly),
            (64, Mode::Trim),
            (94, Mode::Normal),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn a_sudden_loss_skips_rungs() {
        assert_eq!(run(&policy(), [100, -50].map(left)), [(1, Mode::Overflow)]);
    }

    #[test]
    fn a_budget_that_swings_for_a_day_moves_the_flow_at_most_once_in_a_dwell() {
        for period in [2, 7, 20, 45] {
            let swings = (0..1_440).map(|minute| left(if minute / period % 2 == 0 { 79 } else { 91 }));
            let changes = run(&policy(), swings);
            assert!(!changes.is_empty());
            for pair in changes.windows(2) {
                assert!(30 <= pair[1].0 - pair[0].0, "period {period}: {pair:?}");
            }
        }
    }

    #[test]
    fn while_nothing_is_known_the_flow_holds_or_falls_after_its_patience() {
        let events = || [left(50)].into_iter().chain(std::iter::repeat_n(UNKNOWN, 60));
        assert_eq!(run(&policy(), events()), [(0, Mode::Trim)]);
        let falling = Policy { unknown: WhenUnknown::Fall(Mode::AgentOnly), ..policy() };
        assert_eq!(run(&falling, events()), [(0, Mode::Trim), (11, Mode::AgentOnly)]);
    }

    #[test]
    fn one_budget_that_is_known_to_be_low_is_enough_to_go_down_and_not_to_go_up() {
        let partly = |percent| Event::Left { smallest: Some(Remaining::percent(percent)), is_all: false };
        let events = [left(100), partly(50)].into_iter().chain(std::iter::repeat_n(partly(100), 40));
        let changes = run(&policy(), events.chain([left(100)]));
        assert_eq!(changes, [(1, Mode::Trim), (42, Mode::Normal)]);
    }

    #[test]
    fn maintenance_ends_every_mode_at_once_and_what_is_bad_after_it_is_bad_again() {
        let events = [left(10), Event::Maintained, Event::Maintained].into_iter();
        let changes = run(&policy(), events.chain(std::iter::repeat_n(left(10), 40)));
        assert_eq!(changes, [(0, Mode::AgentOnly), (1, Mode::Normal), (31, Mode::AgentOnly)]);
    }

    #[test]
    fn ladders_that_would_swing_are_refused() {
        let with = |change: fn(&mut Vec<Rung>)| {
            let mut policy = policy();
            change(&mut policy.rungs);
            policy.flaw()
        };
        assert_eq!(policy().flaw(), None);
        assert_eq!(with(|rungs| rungs.swap(0, 1)), Some(Flaw::Order));
        assert_eq!(with(|rungs| rungs[2].enter_below = Remaining::percent(35)), Some(Flaw::Marks));
        assert_eq!(with(|rungs| rungs[0].leave_at = rungs[0].enter_below), Some(Flaw::Gap(Mode::Trim)));
    }
}
