//! Stretches of a week in which a drill may run: `Mon-Thu 09:00-16:00Z`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::unfit::Unfit;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MINUTES_OF_DAY: u16 = 1_440;

/// The same minutes of some days of each week, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// The first day, from Monday at 0.
    first: usize,
    /// The last day; before the first where the stretch goes over Sunday.
    last: usize,
    /// Minutes of the day: the first that belongs to it, and the first that no longer does.
    from: u16,
    until: u16,
}

impl Weekly {
    /// True when the minute in which `at` lies belongs to it.
    pub fn contains(self, at: Timestamp) -> bool {
        let there = TimeZone::UTC.to_datetime(at);
        let day = usize::try_from(there.weekday().since(Weekday::Monday)).unwrap_or_default();
        let minute = there.hour().unsigned_abs() as u16 * 60 + there.minute().unsigned_abs() as u16;
        let is_day = if self.first <= self.last {
            self.first <= day && day <= self.last
        } else {
            self.first <= day || day <= self.last
        };
        is_day && self.from <= minute && minute < self.until
    }
}

/// True when every minute from `from` on, for `length`, belongs to one of these.
pub fn is_open_throughout(windows: &[Weekly], from: Timestamp, length: Duration) -> bool {
    let minutes = i64::try_from(length.as_secs().div_ceil(60)).unwrap_or(i64::MAX).min(MINUTES_MAX);
    let start = from.as_second().div_euclid(60);
    (start..=start.saturating_add(minutes)).all(|minute| {
        let at = Timestamp::from_second(minute.saturating_mul(60));
        at.is_ok_and(|at| windows.iter().any(|window| window.contains(at)))
    })
}

/// After a week everything comes again.
const MINUTES_MAX: i64 = 7 * MINUTES_OF_DAY as i64;

impl FromStr for Weekly {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wrong = || {
            let fix =
                "write days and minutes in UTC, such as `Mon-Thu 09:00-16:00Z`; one that goes over midnight is two";
            Unfit::new(format!("`{text}` is no stretch of a week"), fix)
        };
        let (days, times) = text.split_once(' ').ok_or_else(wrong)?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let day = |name: &str| DAYS.iter().position(|day| *day == name).ok_or_else(wrong);
        let (from, until) = times.strip_suffix('Z').and_then(|times| times.split_once('-')).ok_or_else(wrong)?;
        let (from, until) = (minute(from).ok_or_else(wrong)?, minute(until).ok_or_else(wrong)?);
        let window = Self { first: day(first)?, last: day(last)?, from, until };
        if from < until { Ok(window) } else { Err(wrong()) }
    }
}

/// `09:30` as a minute of the day; `24:00` is its end.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, max: u16| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|number| is_number && *number <= max)
    };
    let total = number(hour, 24)? * 60 + number(minute, 59)?;
    (total <= MINUTES_OF_DAY).then_some(total)
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, from, until } = self;
        let day = |index: &usize| DAYS.get(*index).copied().unwrap_or_default();
        f.write_str(day(first))?;
        if first != last {
            write!(f, "-{}", day(last))?;
        }
        write!(f, " {:02}:{:02}-{:02}:{:02}Z", from / 60, from % 60, until / 60, until % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_stretch_ends_before_its_last_minute_begins() {
        let window: Weekly = "Mon-Thu 09:00-16:00Z".parse().unwrap();
        // 23 November 2026 is a Monday.
        let table = [
            ("2026-11-23T08:59:59Z", false),
            ("2026-11-23T09:00:00Z", true),
            ("2026-11-26T15:59:59Z", true),
            ("2026-11-26T16:00:00Z", false),
            ("2026-11-27T10:00:00Z", false),
        ];
        for (instant, expected) in table {
            assert_eq!(window.contains(at(instant)), expected, "{instant}");
        }
        let weekend: Weekly = "Sat-Mon 00:00-24:00Z".parse().unwrap();
        assert!(weekend.contains(at("2026-11-22T23:59:00Z")) && weekend.contains(at("2026-11-23T00:00:00Z")));
        assert!(!weekend.contains(at("2026-11-24T00:00:00Z")));
    }

    #[test]
    fn the_whole_run_must_lie_inside_and_may_go_from_one_stretch_into_the_next() {
        let windows: Vec<Weekly> =
            ["Mon 22:00-24:00Z", "Tue 00:00-02:00Z"].iter().map(|text| text.parse().unwrap()).collect();
        let hours = |hours| Duration::from_hours(hours);
        assert!(is_open_throughout(&windows, at("2026-11-23T23:00:00Z"), hours(2)));
        assert!(!is_open_throughout(&windows, at("2026-11-23T23:00:00Z"), hours(4)));
        assert!(!is_open_throughout(&[], at("2026-11-23T23:00:00Z"), Duration::ZERO));
    }

    #[test]
    fn what_is_no_stretch_is_refused() {
        for text in ["Mon 00:00-24:00Z", "Fri-Tue 09:30-10:00Z"] {
            assert_eq!(text.parse::<Weekly>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "Mon",
            "Mon 09:00-16:00",
            "Mon 16:00-09:00Z",
            "Mon 09:00-09:00Z",
            "Mon 9:00-16:00Z",
            "mon 09:00-16:00Z",
            "Mon-Fri-Sun 09:00-16:00Z",
            "Mon 09:00-24:01Z",
            "Mon 09:60-16:00Z",
            "Mon  09:00-16:00Z",
            "Mon +9:00-16:00Z",
        ] {
            assert!(wrong.parse::<Weekly>().is_err(), "{wrong}");
        }
    }
}
