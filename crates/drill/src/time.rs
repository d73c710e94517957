//! Lengths of time and rates as an experiment writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use crate::unfit::Unfit;

/// The longest length that may be written. Longer ones are no drill.
pub const LENGTH_MAX: Duration = Duration::from_hours(24 * 31);

/// Reads `250ms`, `30s`, `5m`, `2h`, `1d`, or ISO 8601 such as `PT30S`, in whole milliseconds.
///
/// # Errors
/// It is no length of time, is finer than a millisecond, or longer than [`LENGTH_MAX`].
pub fn length(text: &str) -> Result<Duration, Unfit> {
    let wrong = || {
        let fix = "write a whole number and one of ms, s, m, h, d, such as `30s`, or ISO 8601 such as `PT30S`";
        Unfit::new(format!("`{text}` is no length of time"), fix)
    };
    let length = short(text).or_else(|| iso(text)).ok_or_else(wrong)?;
    if LENGTH_MAX < length {
        return Err(Unfit::new(format!("`{text}` is longer than any drill"), "write at most `31d`"));
    }
    if !length.subsec_nanos().is_multiple_of(1_000_000) {
        return Err(Unfit::new(format!("`{text}` is finer than a millisecond"), "write whole milliseconds"));
    }
    Ok(length)
}

fn short(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// The parser of jiff knows friendlier forms too; those are not agreed on.
fn iso(text: &str) -> Option<Duration> {
    let span: SignedDuration = text.strip_prefix('P').and_then(|_| text.parse().ok())?;
    Duration::try_from(span).ok()
}

/// Writes a length so that [`length`] reads the same: in the largest unit that leaves nothing over.
pub fn show(length: Duration) -> String {
    let millis = length.as_millis();
    let units: [(u128, &str); 3] = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match units.iter().find(|(size, _)| millis > 0 && millis.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{}{unit}", millis / size),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

/// How often something is done: `2/s`, `30/m`, `100/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

/// No drill does anything more often, in times a second.
pub const RATE_MAX: u32 = 10_000;

impl Default for Rate {
    /// Once a second.
    fn default() -> Self {
        Self { count: 1, per: Duration::from_secs(1) }
    }
}

impl Rate {
    /// How often within `length`, rounded up.
    pub fn within(self, length: Duration) -> u64 {
        let times = (u128::from(self.count) * length.as_millis()).div_ceil(self.per.as_millis());
        u64::try_from(times).unwrap_or(u64::MAX)
    }

    /// True when it is not more often than `count` times a second.
    pub fn is_at_most_each_second(self, count: u32) -> bool {
        u128::from(self.count) * 1_000 <= u128::from(count) * self.per.as_millis()
    }
}

impl FromStr for Rate {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wrong = || {
            let fix = format!("write a whole number and `/s`, `/m` or `/h`, such as `2/s`, up to {RATE_MAX}/s");
            Unfit::new(format!("`{text}` is no rate"), fix)
        };
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let per = match unit {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return Err(wrong()),
        };
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let count: u32 = count.parse().ok().filter(|count| is_number && 0 < *count).ok_or_else(wrong)?;
        let rate = Self { count, per };
        if rate.is_at_most_each_second(RATE_MAX) { Ok(rate) } else { Err(wrong()) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_print_as_something_that_reads_the_same() {
        for text in ["0s", "1ms", "1500ms", "30s", "90s", "5m", "2h", "24h", "744h"] {
            assert_eq!(length(text).map(show).as_deref(), Ok(text));
        }
        assert_eq!(length("PT1M30S").map(show).as_deref(), Ok("90s"));
        assert_eq!(length("31d").map(show).as_deref(), Ok("744h"));
        for wrong in [
            "",
            "30",
            "s",
            "-30s",
            "1.5s",
            "30 s",
            "32d",
            "PT0.0001S",
            "-PT5S",
            "P1M",
            "30S",
            "1h30m",
            "99999999999999999999s",
        ] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_are_counted_exactly() {
        let rate = |text: &str| text.parse::<Rate>();
        assert_eq!(rate("2/s").map(|it| it.within(Duration::from_secs(300))), Ok(600));
        assert_eq!(rate("1/m").map(|it| it.within(Duration::from_secs(61))), Ok(2));
        assert!(rate("5/s").unwrap().is_at_most_each_second(5) && !rate("301/m").unwrap().is_at_most_each_second(5));
        for wrong in ["", "2", "0/s", "2/d", "+2/s", "-1/s", "1.5/s", "2 /s", "10001/s", "/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        for text in ["2/s", "30/m", "7/h"] {
            assert_eq!(rate(text).unwrap().to_string(), text);
        }
    }
}
