//! What was promised: a share of good events over a window, and when somebody is to be told.

use std::fmt;

use base::Ppm;

use crate::{Minutes, Period};

/// The shortest window of an objective: a shorter one forgets an outage before anybody has seen it.
pub const WINDOW_MIN: Minutes = Minutes::new(5);

/// The longest window of an objective: two years.
pub const WINDOW_MAX: Minutes = Minutes::days(732);

/// The most alert rules of one objective.
pub const RULES_MAX: usize = 16;

/// A service level objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Its id, unique among objectives: `crm-lookup`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The service that it belongs to.
    pub service: String,
    /// The share of events that must be good; the rest is the error budget.
    pub target: Ppm,
    /// Over which time.
    pub window: Window,
    /// What is counted.
    pub budgeting: Budgeting,
    /// When somebody is told.
    pub alerts: Vec<BurnRule>,
}

/// The time over which an objective is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// The last so many minutes, at every minute.
    Rolling(Minutes),
    /// From the beginning of a period of the calendar; the budget is whole again when the next one begins.
    Calendar(Period),
}

/// What the budget is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budgeting {
    /// Events: each bad one costs the same.
    Occurrences,
    /// Slices of time: each slice in which too few events were good costs the same, however many there were.
    Timeslices {
        /// How long a slice is; slices begin at multiples of this since 1970.
        length: Minutes,
        /// The share of good events that makes a slice good.
        target: Ppm,
    },
}

/// One rule of a multi-window, multi-burn-rate alert: it holds while the burn rate is reached over both windows.
///
/// Source: Google, *The Site Reliability Workbook*, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnRule {
    /// Who is told.
    pub severity: Severity,
    /// The window that makes the alert certain.
    pub long: Minutes,
    /// The window that ends the alert soon after the trouble.
    pub short: Minutes,
    /// The burn rate, in thousandths: 14,400 is 14.4.
    pub burn_milli: u32,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody in the next days.
    Ticket,
    /// Somebody at once.
    Page,
}

/// Why an objective cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It has no id, or one with other characters than letters, digits, `.`, `_` and `-`, or more than 120 of them.
    Id,
    /// The target is zero: everything is good enough.
    TargetZero,
    /// The target is everything: there is no budget, and every burn rate would be infinite.
    TargetWhole,
    /// The window is shorter than [`WINDOW_MIN`] or longer than [`WINDOW_MAX`].
    Window,
    /// A slice is empty, longer than a day, no divisor of a day, or does not fit into the window.
    Slice,
    /// A slice's target is zero.
    SliceTarget,
    /// More than [`RULES_MAX`] rules.
    TooManyRules,
    /// The rule at this place has windows that are empty, the wrong way round, or longer than the objective's.
    RuleWindows(usize),
    /// The rule at this place has no burn rate.
    RuleBurn(usize),
    /// The rule at this place can never hold: at this target, even with nothing but bad events the burn rate is at
    /// most this many thousandths.
    RuleNeverHolds(usize, u64),
}

impl Objective {
    /// The share of events that may be bad.
    pub fn allowed(&self) -> Ppm {
        Ppm::new(Ppm::ONE.get() - self.target.get()).unwrap_or(Ppm::ZERO)
    }

    /// The alerts that are right unless somebody knows better: two that page, one that does not.
    ///
    /// 2 % of a 30-day budget in an hour, 5 % in six hours, 10 % in three days (same source as [`BurnRule`]). Those
    /// that can never hold at this target, or do not fit into this window, are left out.
    pub fn standard_alerts(target: Ppm, window: &Window) -> Vec<BurnRule> {
        let rule = |severity, long, short, burn_milli| BurnRule { severity, long, short, burn_milli };
        let rules = [
            rule(Severity::Page, Minutes::hours(1), Minutes::new(5), 14_400),
            rule(Severity::Page, Minutes::hours(6), Minutes::new(30), 6_000),
            rule(Severity::Ticket, Minutes::days(3), Minutes::hours(6), 1_000),
        ];
        let highest = highest_burn_milli(target);
        rules
            .into_iter()
            .filter(|rule| u64::from(rule.burn_milli) < highest && rule.long <= window.shortest())
            .collect()
    }

    /// Everything that is wrong with it; nothing when it can be used.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if !is_id(&self.id) {
            flaws.push(Flaw::Id);
        }
        match self.target {
            Ppm::ZERO => flaws.push(Flaw::TargetZero),
            Ppm::ONE => flaws.push(Flaw::TargetWhole),
            _ => {}
        }
        let (shortest, longest) = (self.window.shortest(), self.window.longest());
        if shortest < WINDOW_MIN || WINDOW_MAX < longest {
            flaws.push(Flaw::Window);
        }
        flaws.extend(self.budgeting.flaws(shortest));
        if self.alerts.len() > RULES_MAX {
            flaws.push(Flaw::TooManyRules);
        }
        for (place, rule) in self.alerts.iter().enumerate() {
            flaws.extend(self.rule_flaw(place, rule));
        }
        flaws
    }

    fn rule_flaw(&self, place: usize, rule: &BurnRule) -> Option<Flaw> {
        let is_ordered = Minutes::new(0) < rule.short && rule.short <= rule.long && rule.long <= self.window.longest();
        if !is_ordered {
            return Some(Flaw::RuleWindows(place));
        }
        if rule.burn_milli == 0 {
            return Some(Flaw::RuleBurn(place));
        }
        let highest = highest_burn_milli(self.target);
        (highest < u64::from(rule.burn_milli)).then_some(Flaw::RuleNeverHolds(place, highest))
    }
}

/// The burn rate when nothing is good, in thousandths; the highest number when there is no budget at all.
fn highest_burn_milli(target: Ppm) -> u64 {
    let allowed = u64::from(Ppm::ONE.get() - target.get());
    1_000_000_000u64.checked_div(allowed).unwrap_or(u64::MAX)
}

fn is_id(id: &str) -> bool {
    (1..=120).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl Window {
    /// How long it is when it is shortest.
    pub fn shortest(&self) -> Minutes {
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(period) => period.shortest(),
        }
    }

    /// How long it is when it is longest.
    pub fn longest(&self) -> Minutes {
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(period) => period.longest(),
        }
    }
}

impl Budgeting {
    fn flaws(self, window: Minutes) -> impl Iterator<Item = Flaw> {
        let (slice, share) = match self {
            Self::Occurrences => (None, None),
            Self::Timeslices { length, target } => {
                let fits = Minutes::new(0) < length && length <= window && Minutes::days(1).is_multiple_of(length);
                ((!fits).then_some(Flaw::Slice), (target == Ppm::ZERO).then_some(Flaw::SliceTarget))
            }
        };
        slice.into_iter().chain(share)
    }
}

impl Severity {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("the id must have 1 to 120 letters, digits, dots, underscores and dashes"),
            Self::TargetZero => f.write_str("a target of 0 % is met by anything"),
            Self::TargetWhole => f.write_str("a target of 100 % leaves no error budget: the first bad event breaks it"),
            Self::Window => {
                write!(f, "a window has at least {WINDOW_MIN} and at most {WINDOW_MAX}")
            }
            Self::Slice => f.write_str("a time slice must divide a day into whole parts and fit into the window"),
            Self::SliceTarget => f.write_str("a time slice with a target of 0 % is always good"),
            Self::TooManyRules => write!(f, "an objective has at most {RULES_MAX} alert rules"),
            Self::RuleWindows(place) => write!(
                f,
                "alert rule {}: the short window must not be empty nor longer than the long one, and the long one not \
                 longer than the objective's",
                place + 1
            ),
            Self::RuleBurn(place) => write!(f, "alert rule {}: a burn rate of 0 always holds", place + 1),
            Self::RuleNeverHolds(place, highest) => write!(
                f,
                "alert rule {} can never hold: when nothing is good, the burn rate at this target is {}",
                place + 1,
                Thousandths(*highest)
            ),
        }
    }
}

/// A number in thousandths, without zeros at its end.
struct Thousandths(u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, rest) => f.write_str(format!("{whole}.{rest:03}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objective() -> Objective {
        let (target, window) = (Ppm::new(995_000).unwrap(), Window::Rolling(Minutes::days(30)));
        Objective {
            id: "crm-lookup".to_owned(),
            name: "CRM lookup".to_owned(),
            description: String::new(),
            service: "crm".to_owned(),
            alerts: Objective::standard_alerts(target, &window),
            target,
            window,
            budgeting: Budgeting::Occurrences,
        }
    }

    #[test]
    fn what_is_standard_has_no_flaw() {
        assert_eq!((objective().alerts.len(), objective().flaws()), (3, vec![]));
    }

    #[test]
    fn targets_without_a_budget_and_targets_without_a_promise_are_refused() {
        for (target, flaw) in [(Ppm::ONE, Flaw::TargetWhole), (Ppm::ZERO, Flaw::TargetZero)] {
            assert_eq!(Objective { target, alerts: vec![], ..objective() }.flaws(), [flaw]);
        }
    }

    #[test]
    fn an_alert_that_can_never_hold_is_refused_and_none_such_is_standard() {
        // At 95 %, an hour of nothing but failures burns at 20; at 90 % at 10.
        let target = Ppm::percent(90);
        let flaws = Objective { target, ..objective() }.flaws();
        assert_eq!(flaws, [Flaw::RuleNeverHolds(0, 10_000)]);
        assert_eq!(
            flaws[0].to_string(),
            "alert rule 1 can never hold: when nothing is good, the burn rate at this target is 10"
        );
        let window = Window::Rolling(Minutes::days(30));
        assert_eq!(Objective::standard_alerts(target, &window).len(), 2);
    }

    #[test]
    fn windows_must_be_in_order_and_fit() {
        let rule =
            BurnRule { severity: Severity::Page, long: Minutes::new(5), short: Minutes::hours(1), burn_milli: 1 };
        assert_eq!(Objective { alerts: vec![rule], ..objective() }.flaws(), [Flaw::RuleWindows(0)]);
        let window = Window::Rolling(Minutes::new(4));
        assert_eq!(Objective { window, alerts: vec![], ..objective() }.flaws(), [Flaw::Window]);
    }

    #[test]
    fn slices_divide_a_day() {
        let slices = |length| Budgeting::Timeslices { length: Minutes::new(length), target: Ppm::percent(90) };
        for (length, expected) in [(1, vec![]), (5, vec![]), (7, vec![Flaw::Slice]), (0, vec![Flaw::Slice])] {
            assert_eq!(Objective { budgeting: slices(length), ..objective() }.flaws(), expected, "{length}");
        }
    }
}
