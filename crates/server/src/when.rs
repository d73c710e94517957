//! Instants as people ask for them: `2026-11-21T08:00:00Z`, `now`, `now-30d`.

use budget::{Minute, Minutes, Stretch};
use jiff::{SignedDuration, Timestamp};

/// An instant, such as `2026-11-21T08:00:00Z`, `now` or `now-30d`.
///
/// # Errors
/// When it is none: a sentence.
pub fn instant(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no instant; write 2026-11-21T08:00:00Z, `now` or `now-30d`");
    match text.trim().strip_prefix("now") {
        None => text.trim().parse().map_err(|_| wrong()),
        Some("") => Ok(now),
        Some(back) => {
            // What is behind the one sign has none of its own.
            let back = back.strip_prefix('-').filter(|back| back.starts_with(|it: char| it.is_ascii_digit()));
            let back = back.and_then(length).ok_or_else(wrong)?;
            now.checked_sub(back).map_err(|_| wrong())
        }
    }
}

/// The minutes between two instants, the one in which the end lies left out. `start` is `length` before the end unless
/// it is given.
pub(crate) fn stretch(
    start: Option<&str>,
    end: Option<&str>,
    length: Minutes,
    now: Timestamp,
) -> Result<Stretch, String> {
    let until = Minute::of(end.map_or(Ok(now), |end| instant(end, now))?);
    let from = match start {
        None => until - length,
        Some(start) => Minute::of(instant(start, now)?),
    };
    if until <= from {
        return Err("the end must come after the start".to_owned());
    }
    Ok(Stretch { from, until })
}

/// `30d`, `6h`, `90m`, `1w`.
fn length(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let hours = match unit {
        "w" => 168,
        "d" => 24,
        "h" => 1,
        "m" => return number.parse().ok().and_then(SignedDuration::try_from_mins),
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(hours).and_then(SignedDuration::try_from_hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_absolute_or_count_back_from_now() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let said = |text: &str| instant(text, now).map(|at| at.to_string());
        assert_eq!(said("now"), Ok("2026-11-21T08:00:00Z".into()));
        assert_eq!(said("now-30d"), Ok("2026-10-22T08:00:00Z".into()));
        assert_eq!(said("now-90m"), Ok("2026-11-21T06:30:00Z".into()));
        assert_eq!(said("2026-11-21T09:00:00+01:00"), Ok("2026-11-21T08:00:00Z".into()));
        for wrong in [
            "",
            "now+1d",
            "now-",
            "now-d",
            "now-5ü",
            "now--2h",
            "now-+2h",
            "yesterday",
            "2026-11-21",
            "now-99999999999999999d",
        ] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
        assert!(stretch(Some("now"), Some("now-1h"), Minutes::new(1), now).is_err());
    }
}
