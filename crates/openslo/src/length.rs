//! Lengths of time as they are written: `30d` in OpenSLO, `PT720H` in the guide.

use budget::{Minutes, Unit};
use jiff::Span;

use crate::problem::Found;
use crate::tree::Node;

/// A length in OpenSLO's shorthand: a number and one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// `m` and `h`: always as long.
    Fixed(Minutes),
    /// `d` and `w`: 24 hours each on a rolling window, days of the calendar otherwise. `M`, `Q` and `Y`: only those of
    /// a calendar.
    Dates { count: u32, unit: Unit },
}

impl Length {
    /// Its length when it rolls; nothing where that depends on the month.
    pub(crate) fn rolling(self) -> Option<Minutes> {
        match self {
            Self::Fixed(length) => Some(length),
            Self::Dates { count, unit: Unit::Day } => days(count),
            Self::Dates { count, unit: Unit::Week } => days(count.checked_mul(7)?),
            Self::Dates { unit: Unit::Month | Unit::Quarter | Unit::Year, .. } => None,
        }
    }
}

fn days(count: u32) -> Option<Minutes> {
    count.checked_mul(1_440).map(Minutes::new)
}

/// Reads the shorthand.
pub(crate) fn shorthand(text: &str) -> Option<Length> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u32 = number.parse().ok().filter(|count| 0 < *count)?;
    let dates = |unit| Some(Length::Dates { count, unit });
    match unit {
        'm' => Some(Length::Fixed(Minutes::new(count))),
        'h' => count.checked_mul(60).map(|minutes| Length::Fixed(Minutes::new(minutes))),
        'd' => dates(Unit::Day),
        'w' => dates(Unit::Week),
        'M' => dates(Unit::Month),
        'Q' => dates(Unit::Quarter),
        'Y' => dates(Unit::Year),
        _ => None,
    }
}

/// The letter of a unit of the calendar.
pub(crate) const fn letter(unit: Unit) -> char {
    match unit {
        Unit::Day => 'd',
        Unit::Week => 'w',
        Unit::Month => 'M',
        Unit::Quarter => 'Q',
        Unit::Year => 'Y',
    }
}

/// Reads a length of ISO 8601 in whole minutes; days have 24 hours. Months and years have no length.
pub(crate) fn iso(text: &str) -> Option<Minutes> {
    // The parser also reads `30 days`, which is not what is agreed on.
    let span: Span = text.strip_prefix('P').and_then(|_| text.parse().ok())?;
    if span.is_negative() || span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let seconds = [
        i64::from(span.get_weeks()).checked_mul(7 * 86_400)?,
        i64::from(span.get_days()).checked_mul(86_400)?,
        i64::from(span.get_hours()).checked_mul(3_600)?,
        span.get_minutes().checked_mul(60)?,
        span.get_seconds(),
    ];
    let is_finer = span.get_milliseconds() != 0 || span.get_microseconds() != 0 || span.get_nanoseconds() != 0;
    let total = seconds.iter().try_fold(0i64, |total, part| total.checked_add(*part))?;
    if is_finer || total % 60 != 0 {
        return None;
    }
    u32::try_from(total / 60).ok().map(Minutes::new)
}

/// As the guide writes it: `PT720H`, `PT90M`.
pub(crate) fn iso_text(length: Minutes) -> String {
    if length.get() != 0 && length.is_multiple_of(Minutes::hours(1)) {
        format!("PT{}H", length.get() / 60)
    } else {
        format!("PT{}M", length.get())
    }
}

/// Reads one period of a calendar in ISO 8601: a number and one unit. Three months are a quarter.
pub(crate) fn period_of(text: &str) -> Option<Length> {
    let number = text.strip_prefix('P')?;
    let unit = number.chars().last()?;
    let number = number.strip_suffix(unit)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u32 = number.parse().ok().filter(|count| 0 < *count)?;
    let (count, unit) = match unit {
        'D' => (count, Unit::Day),
        'W' => (count, Unit::Week),
        'M' if count.is_multiple_of(3) => (count / 3, Unit::Quarter),
        'M' => (count, Unit::Month),
        'Y' => (count, Unit::Year),
        _ => return None,
    };
    Some(Length::Dates { count, unit })
}

/// One period of a calendar in ISO 8601.
pub(crate) fn period_text(count: u32, unit: Unit) -> String {
    match unit {
        Unit::Day => format!("P{count}D"),
        Unit::Week => format!("P{count}W"),
        Unit::Month => format!("P{count}M"),
        Unit::Quarter => format!("P{}M", u64::from(count) * 3),
        Unit::Year => format!("P{count}Y"),
    }
}

/// The short window that belongs to a long one: a twelfth of it, rounded up to whole minutes.
///
/// Source: Google, *The Site Reliability Workbook*, chapter 5: "make the short window 1/12 the duration of the long
/// window".
pub(crate) fn short_of(long: Minutes) -> Minutes {
    Minutes::new(long.get().div_ceil(12))
}

impl Found {
    /// A length in the shorthand.
    pub(crate) fn length(&mut self, node: &Node) -> Option<Length> {
        let text = self.text(node)?;
        let length = shorthand(text);
        if length.is_none() {
            let message = format!("`{text}` is not a length of time");
            self.wrong(node, message, "write a whole number and one letter of m, h, d, w, M, Q, Y: `30d`");
        }
        length
    }

    /// A length in the shorthand that does not depend on the calendar.
    pub(crate) fn minutes(&mut self, node: &Node) -> Option<Minutes> {
        let length = self.length(node)?;
        let minutes = length.rolling();
        if minutes.is_none() {
            let hint = "write days instead, such as `30d`; months, quarters and years need a `calendar`";
            self.wrong(node, "months, quarters and years are not always as long", hint);
        }
        minutes
    }

    /// A length of ISO 8601 in whole minutes.
    pub(crate) fn iso(&mut self, node: &Node) -> Option<Minutes> {
        let text = self.text(node)?;
        let length = iso(text);
        if length.is_none() {
            let message = format!("`{text}` is not a length of whole minutes");
            self.wrong(node, message, "write ISO 8601 without months and years: `PT720H`, `P30D`, `PT5M`");
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorthand_is_a_number_and_a_letter() {
        let rolling = |text| shorthand(text).and_then(Length::rolling).map(Minutes::get);
        let cases = [
            ("30d", Some(43_200)),
            ("1w", Some(10_080)),
            ("12h", Some(720)),
            ("5m", Some(5)),
            ("1M", None),
            ("1Y", None),
        ];
        for (text, expected) in cases {
            assert_eq!(rolling(text), expected, "{text}");
        }
        for wrong in ["", "d", "30", "30 d", "-1d", "+1d", "0d", "1.5h", "30D", "9999999999d", "1ä"] {
            assert_eq!(shorthand(wrong), None, "{wrong}");
        }
        // Four thousand million minutes are more than are counted.
        assert_eq!(rolling("4000000000w"), None);
    }

    #[test]
    fn iso_lengths_are_whole_minutes_or_none() {
        let cases = [
            ("PT720H", Some(43_200)),
            ("P30D", Some(43_200)),
            ("P4W", Some(40_320)),
            ("PT5M", Some(5)),
            ("PT300S", Some(5)),
            ("PT0M", Some(0)),
            ("PT90S", None),
            ("PT0.5M", None),
            ("P1M", None),
            ("P1Y", None),
            ("-PT5M", None),
            ("30 days", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(iso(text).map(Minutes::get), expected, "{text}");
        }
        assert_eq!([iso_text(Minutes::days(30)), iso_text(Minutes::new(90))], ["PT720H", "PT90M"]);
    }

    #[test]
    fn the_short_window_is_a_twelfth() {
        let short = |long| short_of(Minutes::new(long)).get();
        assert_eq!([short(60), short(360), short(4_320), short(5), short(61)], [5, 30, 360, 1, 6]);
    }
}
