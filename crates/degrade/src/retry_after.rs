//! How long does the upstream ask to be left alone? `Retry-After` in both its forms (RFC 9110, 10.2.3).

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;

/// A longer wish is cut to this, so that one wrong header cannot switch an upstream off for a day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The wait that a header value asks for, at most [`RETRY_AFTER_MAX`]; `None` when it says nothing usable.
///
/// Accepts seconds and all three HTTP date forms. A date in the past asks for no wait.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a u64 holds is still "very long".
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let at = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_secs(u64::try_from(now.as_second()).ok()?);
    Some(at.saturating_sub(now).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(value: &str) -> Option<u64> {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        parse(value, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Fri, 20 Nov 2026 12:00:42 GMT"), Some(42));
        assert_eq!(seconds("Friday, 20-Nov-26 12:00:42 GMT"), Some(42));
        assert_eq!(seconds("Fri Nov 20 12:00:42 2026"), Some(42));
    }

    #[test]
    fn the_past_asks_for_no_wait_and_the_far_future_is_capped() {
        assert_eq!(seconds("Fri, 20 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(seconds("86400"), Some(300));
        assert_eq!(seconds("99999999999999999999999"), Some(300));
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["", "-1", "1.5", "soon", "7 s"] {
            assert_eq!(seconds(value), None, "{value}");
        }
    }
}
