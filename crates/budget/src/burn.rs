//! How fast the budget goes, what is left of it, and when it will be gone.
//!
//! The burn rate is the share of bad events over the share that may be bad: at 1 the budget lasts exactly its window.
//! What is left is one minus what is spent over what was allowed; below zero more was spent than there was. Both are
//! exact: counts compared by multiplying crosswise. `1 / burn rate` is neither of the two.

use std::cmp::Ordering;
use std::fmt;

use base::Ppm;

use crate::{Counts, Minutes};

/// A burn rate, as the counts that it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burn {
    /// Over which events.
    pub counts: Counts,
    /// The share of them that may be bad; never nothing.
    pub allowed: Ppm,
}

/// What is left of a budget, in millionths of it; below zero when more was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Remaining(i64);

/// When a budget will be gone, if things go on as they lately did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhaustion {
    /// It is gone.
    Spent,
    /// Too little is known of late.
    Unknown,
    /// In so many minutes; `None` is "not within the window".
    In {
        /// At the burn rate that was seen.
        expected: Option<Minutes>,
        /// At the highest burn rate that fits what was seen, with 90 % confidence on both sides together.
        earliest: Option<Minutes>,
        /// At the lowest.
        latest: Option<Minutes>,
    },
}

/// The 95th percentile of the normal distribution: 90 % between both ends.
const Z_90: f64 = 1.644_853_626_951_472_6;

impl Burn {
    /// Whether it is above, at or below so many thousandths; `None` without any event.
    pub fn compare(self, milli: u32) -> Option<Ordering> {
        if self.counts.total == 0 {
            return None;
        }
        // bad / total against milli / 1000 x allowed / 1e6.
        let bad = u128::from(self.counts.bad) * 1_000_000_000;
        let threshold = u128::from(self.counts.total) * u128::from(milli) * u128::from(self.allowed.get());
        Some(bad.cmp(&threshold))
    }

    /// Whether it is at least so many thousandths. Without any event it is not.
    pub fn reaches(self, milli: u32) -> bool {
        self.compare(milli).is_some_and(Ordering::is_ge)
    }

    /// As a number, to be shown; `None` without any event.
    pub fn rate(self) -> Option<f64> {
        let allowed = f64::from(self.allowed.get()) / 1e6;
        (self.counts.total > 0).then(|| self.counts.bad as f64 / self.counts.total as f64 / allowed)
    }
}

impl Remaining {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000);

    /// So many millionths.
    pub const fn new(ppm: i64) -> Self {
        Self(ppm)
    }

    /// So many percent.
    pub const fn percent(percent: i64) -> Self {
        Self(percent * 10_000)
    }

    /// In millionths of the budget, rounded down.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// What is left of the budget of a `whole` window when `part` of it has been measured, and the rest of it is as
    /// busy; `None` when nothing is known.
    ///
    /// A month's budget is that of a month on its first day, too: measured against the few events so far, the first bad
    /// one would overdraw it many times. Without events nothing was spent.
    pub fn of(counts: Counts, allowed: Ppm, part: Minutes, whole: Minutes) -> Option<Self> {
        if counts.known == Minutes::new(0) || part == Minutes::new(0) {
            return None;
        }
        // bad / (total x whole / part x allowed), without dividing before the end.
        let budget = i128::from(counts.total) * i128::from(allowed.get()) * i128::from(whole.get());
        // Mostly nothing was spent, and dividing such numbers is slow.
        if budget == 0 || counts.bad == 0 {
            return Some(Self::WHOLE);
        }
        let left = (budget - i128::from(counts.bad) * 1_000_000 * i128::from(part.get())) * 1_000_000;
        let towards_zero = left / budget;
        let ppm = towards_zero - i128::from(left < towards_zero * budget);
        Some(Self(i64::try_from(ppm).unwrap_or(i64::MIN)))
    }

    /// Whether nothing is left.
    pub const fn is_spent(self) -> bool {
        self.0 <= 0
    }

    /// Whole percents from 0 to 100, for those who can hold nothing else: rounded down.
    pub fn clamped_percent(self) -> u8 {
        u8::try_from((self.0 / 10_000).clamp(0, 100)).unwrap_or(100)
    }

    /// The part from 0 to 1, in millionths.
    pub fn health(self) -> Ppm {
        Ppm::new(u32::try_from(self.0.clamp(0, 1_000_000)).unwrap_or(0)).unwrap_or(Ppm::ONE)
    }
}

impl Exhaustion {
    /// When `remaining` of a budget for `window` will be gone, going by the `recent` events. `within` is the time that
    /// matters: until the end of a calendar period, or the rolling window itself.
    ///
    /// Time = what is left x window / burn rate. The ends of the interval are those of Wilson's score interval for the
    /// share of bad events (E. B. Wilson 1927, *Probable Inference, the Law of Succession, and Statistical Inference*).
    pub fn forecast(remaining: Option<Remaining>, recent: Burn, window: Minutes, within: Minutes) -> Self {
        let Some(remaining) = remaining else { return Self::Unknown };
        if remaining.is_spent() {
            return Self::Spent;
        }
        let Some(rate) = recent.rate() else { return Self::Unknown };
        let allowed = f64::from(recent.allowed.get()) / 1e6;
        let (low, high) = wilson(recent.counts.bad as f64, recent.counts.total as f64);
        let gone_in = |burn: f64| {
            let minutes = remaining.get() as f64 / 1e6 * f64::from(window.get()) / burn;
            (minutes <= f64::from(within.get())).then(|| Minutes::new(minutes.max(0.0) as u32))
        };
        Self::In { expected: gone_in(rate), earliest: gone_in(high / allowed), latest: gone_in(low / allowed) }
    }
}

/// The interval in which the true share lies with 90 % confidence.
fn wilson(bad: f64, total: f64) -> (f64, f64) {
    let share = bad / total;
    let z2 = Z_90 * Z_90;
    let center = share + z2 / (2.0 * total);
    let spread = Z_90 * (share * (1.0 - share) / total + z2 / (4.0 * total * total)).sqrt();
    let scale = 1.0 + z2 / total;
    // Rounding must not make a share of nothing, or of everything, of what cannot be one.
    (((center - spread) / scale).max(0.0), ((center + spread) / scale).min(1.0))
}

impl fmt::Display for Burn {
    /// With one digit after the point, rounded to the nearest: `14.4`; `unknown` without any event.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rate() {
            Some(rate) => write!(f, "{rate:.1}"),
            None => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Remaining {
    /// In percent with one digit, rounded down: `38.2 %`, `-12.0 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.div_euclid(1_000);
        let sign = if tenths < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(bad: u64, total: u64) -> Counts {
        Counts { bad, total, known: Minutes::new(60), missing: Minutes::new(0) }
    }

    fn burn(bad: u64, total: u64) -> Burn {
        Burn { counts: counts(bad, total), allowed: Ppm::new(5_000).unwrap() }
    }

    #[test]
    fn a_burn_rate_is_compared_exactly() {
        assert_eq!(burn(72, 1_000).compare(14_400), Some(Ordering::Equal));
        assert_eq!(burn(71, 1_000).compare(14_400), Some(Ordering::Less));
        assert_eq!(burn(0, 0).compare(0), None);
        assert!(!burn(0, 0).reaches(0));
        assert_eq!((burn(72, 1_000).to_string(), burn(0, 0).to_string()), ("14.4".into(), "unknown".into()));
    }

    #[test]
    fn what_is_left_goes_below_zero_and_is_clamped_only_for_display() {
        let hour = Minutes::hours(1);
        let left = |bad, total| Remaining::of(counts(bad, total), Ppm::new(5_000).unwrap(), hour, hour).unwrap();
        assert_eq!((left(31, 10_000).to_string(), left(31, 10_000).clamped_percent()), ("38.0 %".into(), 38));
        assert_eq!((left(75, 10_000).to_string(), left(75, 10_000).clamped_percent()), ("-50.0 %".into(), 0));
        assert_eq!((left(0, 0), left(0, 10)), (Remaining::WHOLE, Remaining::WHOLE));
        assert_eq!(Remaining::of(Counts::default(), Ppm::percent(1), hour, hour), None);
    }

    #[test]
    fn a_young_window_is_measured_against_what_is_to_come() {
        let allowed = Ppm::new(5_000).unwrap();
        // One bad call of ten in the first hour of 30 days that will have 7,200: 36 may be bad.
        let left = Remaining::of(counts(1, 10), allowed, Minutes::hours(1), Minutes::days(30)).unwrap();
        assert_eq!(left.to_string(), "97.2 %");
    }

    #[test]
    fn a_budget_that_burns_at_14_6_is_gone_after_two_days_not_one() {
        let forecast =
            Exhaustion::forecast(Some(Remaining::WHOLE), burn(73_000, 1_000_000), Minutes::days(30), Minutes::days(30));
        let Exhaustion::In { expected: Some(expected), earliest: Some(earliest), latest: Some(latest) } = forecast
        else {
            panic!("{forecast:?}")
        };
        assert_eq!(expected.get(), 2_958);
        assert!(earliest < expected && expected < latest);
    }

    #[test]
    fn of_few_events_the_forecast_is_wide_and_of_none_it_is_unknown() {
        let days = Minutes::days(30);
        let few = Exhaustion::forecast(Some(Remaining::WHOLE), burn(0, 20), days, days);
        let Exhaustion::In { expected: None, earliest: Some(earliest), latest: None } = few else { panic!("{few:?}") };
        assert!(earliest < Minutes::days(2), "{earliest}");
        assert_eq!(Exhaustion::forecast(Some(Remaining::WHOLE), burn(0, 0), days, days), Exhaustion::Unknown);
        assert_eq!(Exhaustion::forecast(Some(Remaining::new(0)), burn(1, 2), days, days), Exhaustion::Spent);
        assert_eq!(Exhaustion::forecast(None, burn(1, 2), days, days), Exhaustion::Unknown);
    }
}
