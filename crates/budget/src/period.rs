//! Periods of the calendar: months of Berlin, quarters of New York, weeks of UTC.
//!
//! A period begins at a local time of a zone and again every so many days, weeks, months or years. Where clocks are set
//! forward over such a time, the period begins as much later as the clocks skip; where they are set back, it begins the
//! first time that the clock shows it.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use crate::{Minute, Minutes};

/// The most periods between the first one and now.
const PERIODS_MAX: i64 = 1_000_000;

/// A period that repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// When the first one began, on the clocks of `zone`; whole minutes.
    pub first: DateTime,
    /// Whose clocks.
    pub zone: TimeZone,
    /// How long each is.
    pub unit: Unit,
    /// How many of the unit make one period.
    pub count: u32,
}

/// What a period is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days of the calendar: 23 to 25 hours where clocks change.
    Day,
    /// Seven days.
    Week,
    /// Months: a period that begins on the 31st begins on the last day of shorter months.
    Month,
    /// Three months.
    Quarter,
    /// Years.
    Year,
}

/// Why a period cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodFlaw {
    /// It has no length.
    Empty,
    /// It begins with seconds.
    Seconds,
    /// Clocks show its first beginning twice.
    Ambiguous,
    /// Clocks skip its first beginning.
    Skipped,
}

impl Period {
    /// What is wrong with it, if anything is.
    pub fn flaw(&self) -> Option<PeriodFlaw> {
        if self.count == 0 {
            return Some(PeriodFlaw::Empty);
        }
        if self.first.second() != 0 || self.first.subsec_nanosecond() != 0 {
            return Some(PeriodFlaw::Seconds);
        }
        match self.zone.to_ambiguous_timestamp(self.first).offset() {
            AmbiguousOffset::Unambiguous { .. } => None,
            AmbiguousOffset::Fold { .. } => Some(PeriodFlaw::Ambiguous),
            AmbiguousOffset::Gap { .. } => Some(PeriodFlaw::Skipped),
        }
    }

    /// The period in which `now` lies: its first minute, and the first one after it. `None` before the first period
    /// and at the ends of time.
    pub fn around(&self, now: Minute) -> Option<(Minute, Minute)> {
        let mut nth = self.guess(now)?;
        // The guess is off by the lengths of months and the changes of clocks, never by more than a few.
        while now < self.begins(nth)? {
            nth = nth.checked_sub(1).filter(|nth| 0 <= *nth)?;
        }
        while self.begins(nth + 1)? <= now {
            nth += 1;
        }
        Some((self.begins(nth)?, self.begins(nth + 1)?))
    }

    /// How long it is when it is shortest.
    pub fn shortest(&self) -> Minutes {
        let days = match self.unit {
            Unit::Day => 1,
            Unit::Week => 7,
            Unit::Month => 28,
            Unit::Quarter => 89,
            Unit::Year => 365,
        };
        // Clocks that are set forward take an hour away, in one zone two.
        Minutes::new(days_in_minutes(days, self.count).saturating_sub(120))
    }

    /// How long it is when it is longest.
    pub fn longest(&self) -> Minutes {
        let days = match self.unit {
            Unit::Day => 1,
            Unit::Week => 7,
            Unit::Month => 31,
            Unit::Quarter => 92,
            Unit::Year => 366,
        };
        Minutes::new(days_in_minutes(days, self.count).saturating_add(120))
    }

    /// When the `nth` period begins, the first being 0.
    fn begins(&self, nth: i64) -> Option<Minute> {
        let units = nth.checked_mul(i64::from(self.count)).filter(|units| *units < PERIODS_MAX)?;
        let span = match self.unit {
            Unit::Day => Span::new().try_days(units),
            Unit::Week => Span::new().try_weeks(units),
            Unit::Month => Span::new().try_months(units),
            Unit::Quarter => Span::new().try_months(units.checked_mul(3)?),
            Unit::Year => Span::new().try_years(units),
        };
        let local = self.first.checked_add(span.ok()?).ok()?;
        let instant = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Minute::of(whole_minute(instant)))
    }

    /// Which period `now` lies in, roughly.
    fn guess(&self, now: Minute) -> Option<i64> {
        let first = self.begins(0)?;
        if now < first {
            return None;
        }
        let since = i64::from(now.since(first).get());
        Some(since / i64::from(self.longest().get().max(1)))
    }
}

/// Offsets of former centuries have seconds; a period begins with the first whole minute.
fn whole_minute(instant: Timestamp) -> Timestamp {
    let over = instant.as_second().rem_euclid(60);
    if over == 0 { instant } else { instant.checked_add(SignedDuration::from_secs(60 - over)).unwrap_or(instant) }
}

fn days_in_minutes(days: u32, count: u32) -> u32 {
    days.saturating_mul(1_440).saturating_mul(count)
}

impl std::fmt::Display for PeriodFlaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "a period must last at least one of its units",
            Self::Seconds => "a period begins with a whole minute",
            Self::Ambiguous => "the clocks of the zone show this time twice on that day; choose another hour",
            Self::Skipped => "the clocks of the zone skip this time on that day; choose another hour",
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn period(zone: &str, unit: Unit, hour: i8) -> Period {
        let first = date(2025, 1, 1).at(hour, 0, 0, 0);
        Period { first, zone: TimeZone::get(zone).unwrap(), unit, count: 1 }
    }

    fn around(period: &Period, now: &str) -> (String, String) {
        let (from, until) = period.around(Minute::of(now.parse().unwrap())).unwrap();
        (from.to_string(), until.to_string())
    }

    #[test]
    fn days_are_as_long_as_the_clocks_make_them_in_five_zones() {
        // Forward and back in Berlin and New York, half an hour on Lord Howe, the other way round in Santiago, never
        // in Kolkata.
        let cases = [
            ("Europe/Berlin", "2026-03-29T12:00:00Z", 23 * 60),
            ("Europe/Berlin", "2026-10-25T12:00:00Z", 25 * 60),
            ("America/New_York", "2026-03-08T18:00:00Z", 23 * 60),
            ("America/New_York", "2026-11-01T18:00:00Z", 25 * 60),
            ("Australia/Lord_Howe", "2026-04-04T18:00:00Z", 24 * 60 + 30),
            ("Australia/Lord_Howe", "2026-10-03T18:00:00Z", 24 * 60 - 30),
            ("America/Santiago", "2026-04-04T18:00:00Z", 25 * 60),
            ("America/Santiago", "2026-09-06T18:00:00Z", 23 * 60),
            ("Asia/Kolkata", "2026-03-29T12:00:00Z", 24 * 60),
        ];
        for (zone, now, expected) in cases {
            let (from, until) = period(zone, Unit::Day, 0).around(Minute::of(now.parse().unwrap())).unwrap();
            assert_eq!(until.since(from).get(), expected, "{zone} {now}");
        }
    }

    #[test]
    fn a_month_of_berlin_begins_at_its_midnight() {
        let months = period("Europe/Berlin", Unit::Month, 0);
        let expected = ("2026-02-28T23:00Z".to_owned(), "2026-03-31T22:00Z".to_owned());
        assert_eq!(around(&months, "2026-03-31T21:59:00Z"), expected);
        assert_eq!(around(&months, "2026-03-31T22:00:00Z").0, "2026-03-31T22:00Z");
    }

    #[test]
    fn a_beginning_that_clocks_skip_comes_later_and_one_that_they_show_twice_comes_first() {
        let days = Period { first: date(2026, 1, 1).at(2, 30, 0, 0), ..period("Europe/Berlin", Unit::Day, 0) };
        assert_eq!(around(&days, "2026-03-29T12:00:00Z").0, "2026-03-29T01:30Z");
        assert_eq!(around(&days, "2026-10-25T12:00:00Z").0, "2026-10-25T00:30Z");
    }

    #[test]
    fn what_no_clock_shows_once_is_no_first_beginning() {
        let at = |month, day| {
            Period { first: date(2026, month, day).at(2, 30, 0, 0), ..period("Europe/Berlin", Unit::Day, 0) }.flaw()
        };
        assert_eq!([at(3, 29), at(10, 25), at(5, 1)], [Some(PeriodFlaw::Skipped), Some(PeriodFlaw::Ambiguous), None]);
    }

    #[test]
    fn every_minute_of_four_years_lies_in_exactly_one_period() {
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
            let periods = period("America/New_York", unit, 0);
            let (mut now, end) = (
                Minute::of("2025-01-01T05:00:00Z".parse().unwrap()),
                Minute::of("2029-01-01T05:00:00Z".parse().unwrap()),
            );
            while now < end {
                let (from, until) = periods.around(now).unwrap();
                assert_eq!((from, periods.around(until - Minutes::new(1))), (now, Some((from, until))), "{unit:?}");
                let length = until.since(from);
                assert!(periods.shortest() <= length && length <= periods.longest(), "{unit:?} {now}");
                now = until;
            }
        }
    }

    #[test]
    fn nothing_lies_before_the_first_period() {
        assert_eq!(period("UTC", Unit::Month, 0).around(Minute::new(0)), None);
    }
}
