//! Numbers, spans and instants as people read them. A number and its unit stay on one line.

use jiff::Timestamp;

/// A count with thin spaces between thousands, which no reader takes for a decimal point.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (n, digit) in digits.chars().enumerate() {
        let is_group_start = n > 0 && (digits.len() - n).is_multiple_of(3);
        if is_group_start {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 caller`, `2 callers`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Time since `at`: `8 s`, `4 min`, `3 h 5 min`, `2 d 3 h`. Zero when `at` is yet to come.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    span(now.duration_since(at).as_secs().max(0).unsigned_abs())
}

/// Whole seconds as people say them.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}\u{a0}s"),
        60..3_600 => format!("{}\u{a0}min {}\u{a0}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}\u{a0}h {}\u{a0}min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}\u{a0}d {}\u{a0}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The time of day in UTC, and the date when it is another one.
pub(crate) fn instant(at: Timestamp, now: Timestamp) -> String {
    let is_today = at.strftime("%F").to_string() == now.strftime("%F").to_string();
    at.strftime(if is_today { "%T UTC" } else { "%F %T UTC" }).to_string()
}

/// A share in percent, with as many digits as it is worth.
pub(crate) fn percent(share: f64) -> String {
    if share > 0.0 && share < 10.0 { format!("{share:.1}\u{a0}%") } else { format!("{share:.0}\u{a0}%") }
}

/// A rate with four digits at most, however small or large it is: `0.05`, `1`, `1e-300`.
pub fn rate(rate: f64) -> String {
    let rounded = format!("{rate:.3e}").parse().unwrap_or(rate);
    let is_long = rounded != 0.0 && !(1e-4..1e7).contains(&rounded);
    if is_long { format!("{rounded:e}") } else { rounded.to_string() }
}

/// Names as a sentence has them: `a`, `a and b`, `a, b and c`, `a, b and 3 more`.
pub(crate) fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_short_however_small() {
        let said = [0.0, 0.05, 1.0, 0.1 + 0.2, 1e-300, 5e-324, 1e300].map(rate);
        assert_eq!(said, ["0", "0.05", "1", "0.3", "1e-300", "5e-324", "1e300"]);
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(12_345_678)],
            ["0", "999", "1\u{202f}000", "12\u{202f}345\u{202f}678"]
        );
        assert_eq!([counted(1, "call", "calls"), counted(0, "call", "calls")], ["1 call", "0 calls"]);
    }

    #[test]
    fn spans_and_shares_read_naturally() {
        let spans = [7, 252, 11_100, 183_600].map(|seconds| span(seconds).replace('\u{a0}', " "));
        assert_eq!(spans, ["7 s", "4 min 12 s", "3 h 5 min", "2 d 3 h"]);
        let shares = [0.0, 0.26, 9.94, 100.0].map(|share| percent(share).replace('\u{a0}', " "));
        assert_eq!(shares, ["0 %", "0.3 %", "9.9 %", "100 %"]);
    }

    #[test]
    fn a_line_never_ends_between_a_number_and_its_unit() {
        assert_eq!([span(57), span(252)], ["57\u{a0}s", "4\u{a0}min 12\u{a0}s"]);
    }

    #[test]
    fn lists_of_names_stay_short() {
        assert_eq!(names(&["a", "b", "c"]), "a, b and c");
        assert_eq!(names(&["a", "b", "c", "d"]), "a, b and 2 more");
    }

    #[test]
    fn another_day_is_named() {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        assert_eq!(instant("2026-11-21T07:59:03Z".parse().unwrap(), now), "07:59:03 UTC");
        assert_eq!(instant("2026-11-20T07:59:03Z".parse().unwrap(), now), "2026-11-20 07:59:03 UTC");
    }
}
