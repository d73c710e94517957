//! When is a review due?

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// So many dates are looked at: the one before, because a night that lost an hour may move a time past midnight, the
/// present one, and the next two, because a zone that changes sides of the date line leaves one out.
const DATES: usize = 4;

/// The first instant after `after` at which clocks in `zone` show `at`.
///
/// Where clocks skip this time in a night, it is so much later as they skip; where they show it twice, the first counts and
/// the second does not. No date has more than one.
pub(super) fn next(at: Time, zone: &TimeZone, after: Timestamp) -> Timestamp {
    let today = zone.to_datetime(after).date();
    let first = today.yesterday().unwrap_or(today);
    let instants = first.series(jiff::Span::new().days(1)).take(DATES).filter_map(|date| {
        let shown = zone.to_ambiguous_zoned(date.to_datetime(at));
        Some(shown.compatible().ok()?.timestamp())
    });
    // After the last date of the calendar nothing is due.
    instants.filter(|instant| after < *instant).min().unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, at: &str, nights: &[(&str, &str)]) {
        let zone = TimeZone::get(zone).unwrap();
        for (after, expected) in nights {
            let found = next(at.parse().unwrap(), &zone, after.parse().unwrap());
            assert_eq!(found, expected.parse().unwrap(), "after {after}");
        }
    }

    #[test]
    fn an_ordinary_night() {
        check(
            "UTC",
            "02:30",
            &[
                ("2026-11-21T00:00:00Z", "2026-11-21T02:30:00Z"),
                ("2026-11-21T02:29:59Z", "2026-11-21T02:30:00Z"),
                ("2026-11-21T02:30:00Z", "2026-11-22T02:30:00Z"),
                ("2026-12-31T12:00:00Z", "2027-01-01T02:30:00Z"),
            ],
        );
    }

    #[test]
    fn another_zone_has_another_date() {
        check(
            "Australia/Sydney",
            "01:00",
            &[("2026-11-21T12:00:00Z", "2026-11-21T14:00:00Z"), ("2026-11-21T14:00:00Z", "2026-11-22T14:00:00Z")],
        );
        check("America/Los_Angeles", "23:30", &[("2026-11-21T06:00:00Z", "2026-11-21T07:30:00Z")]);
    }

    /// In Berlin clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
    #[test]
    fn a_time_that_is_skipped_comes_later_and_one_that_is_shown_twice_counts_once() {
        check(
            "Europe/Berlin",
            "02:30",
            &[
                ("2026-03-28T00:00:00Z", "2026-03-28T01:30:00Z"),
                ("2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"),
                ("2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
                ("2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"),
                ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
                ("2026-10-25T01:00:00Z", "2026-10-26T01:30:00Z"),
            ],
        );
    }

    /// In Nuuk clocks went from 22:00 to 23:00 on 25 March 2023; in Apia there was no 30 December 2011.
    #[test]
    fn odd_nights() {
        check("America/Nuuk", "22:30", &[("2023-03-26T00:50:00Z", "2023-03-26T01:30:00Z")]);
        check(
            "Pacific/Apia",
            "12:00",
            &[
                ("2011-12-29T21:59:59Z", "2011-12-29T22:00:00Z"),
                ("2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"),
                ("2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"),
            ],
        );
    }

    #[test]
    fn a_year_of_nights_has_one_review_each() {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"] {
            let zone = TimeZone::get(name).unwrap();
            let (mut instant, mut dates) = ("2026-01-01T12:00:00Z".parse().unwrap(), Vec::new());
            for _ in 0..365 {
                instant = next("02:30".parse().unwrap(), &zone, instant);
                dates.push(zone.to_datetime(instant).date());
            }
            let each: Vec<_> = dates[0].series(jiff::Span::new().days(1)).take(365).collect();
            assert_eq!(dates, each, "{name}");
        }
    }
}
