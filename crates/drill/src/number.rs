//! Numbers that a drill may dial or show, and those that nobody may ever dial for a test.
//!
//! A drill dials full international numbers and nothing else: a plus sign and 8 to 15 digits. That leaves out every short
//! code, and with them every emergency number as people dial it, whatever stands before it: `911`, `9,911`, `*88911`,
//! `tel:112`, `sip:999@example`. What is left are full numbers that a switch could shorten to an emergency number, such
//! as `+1911`; they are looked for in every way in which a country code can be taken off.

use std::fmt;
use std::str::FromStr;

use crate::unfit::Unfit;

/// The longest text that is looked at, in bytes.
pub const NUMBER_BYTES_MAX: usize = 200;
/// Digits of a full number, with its country code (E.164; the shortest in use have eight).
const DIGITS_MIN: usize = 8;
const DIGITS_MAX: usize = 15;
/// Digits of every number of the North American plan.
const NANP_DIGITS: usize = 11;
/// A pattern names so many digits at least: fewer are no test range but half a country.
pub const PATTERN_DIGITS_MIN: usize = 7;
/// A text with so many digits at most is told apart from full numbers, to say why it is refused.
const SHORT_DIGITS_MAX: usize = 9;

/// Emergency numbers and those for people in need, of all plans in common use.
///
/// Source: ITU-T E.161.1 (112 and 911 for new plans), 3GPP TS 22.101 §10.1 (000, 08, 110, 112, 118, 119, 911, 999 are
/// known to telephones without a card), and the national plans of about a hundred countries.
const CODES: [&str; 69] = [
    "000", "08", "100", "101", "102", "103", "104", "105", "106", "107", "108", "110", "111", "112", "113", "114",
    "115", "116", "117", "118", "119", "120", "122", "123", "125", "128", "129", "130", "131", "132", "133", "140",
    "144", "150", "155", "158", "160", "166", "170", "180", "190", "191", "192", "193", "194", "195", "196", "197",
    "198", "199", "911", "933", "988", "990", "991", "992", "993", "994", "995", "997", "998", "999", "1122", "10111",
    "10177", "061", "062", "15", "17",
];

/// What a plan's own switches take for an emergency as soon as the first digits have come: country code and codes.
const PLANS: [(&str, &[&str]); 18] = [
    ("1", &["911", "933", "988"]),
    ("7", &["101", "102", "103", "104", "112"]),
    ("27", &["10111", "10177", "112"]),
    ("31", &["112"]),
    ("32", &["100", "101", "112"]),
    ("33", &["112", "114", "115", "119"]),
    ("34", &["061", "062", "112"]),
    ("39", &["112", "113", "115", "118"]),
    ("41", &["112", "117", "118", "144"]),
    ("43", &["112", "122", "133", "144"]),
    ("44", &["112", "999"]),
    ("46", &["112"]),
    ("47", &["110", "112", "113"]),
    ("49", &["110", "112"]),
    ("61", &["000", "106", "112"]),
    ("64", &["111"]),
    ("81", &["110", "118", "119"]),
    ("91", &["100", "101", "102", "108", "112"]),
];

/// A full international number, which is none for emergencies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

/// Why a text is no number that a drill may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoNumber {
    /// It leads to people who save lives, or may.
    Emergency,
    /// It is no full international number.
    NotFull,
}

impl NoNumber {
    /// What is wrong, as a lowercase fragment.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Emergency => "it is an emergency number, or may become one on its way",
            Self::NotFull => "it is no full international number",
        }
    }
}

impl Number {
    /// A plus sign and its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl FromStr for Number {
    type Err = NoNumber;

    /// Reads `+1 (555) 010-0100`, `tel:+15550100100` and `sip:+15550100100@example.com`.
    fn from_str(text: &str) -> Result<Self, NoNumber> {
        let dialled = dialled(text)?;
        let digits = dialled.strip_prefix('+').unwrap_or_default();
        let is_full = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
            && (!digits.starts_with('1') || digits.len() == NANP_DIGITS);
        if is_short_emergency(&dialled) || is_long_emergency(digits) {
            Err(NoNumber::Emergency)
        } else if is_full {
            Ok(Self(dialled))
        } else {
            Err(NoNumber::NotFull)
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What would be dialled for a text: without scheme, host and parameters, and without what is only there to be looked at.
fn dialled(text: &str) -> Result<String, NoNumber> {
    if NUMBER_BYTES_MAX < text.len() {
        return Err(NoNumber::NotFull);
    }
    let text = unescaped(text.trim()).to_ascii_lowercase();
    if text.contains("urn:service:sos") {
        return Err(NoNumber::Emergency);
    }
    // `"Name" <sip:...>`, of which there may be one.
    let inside = text.split_once('<').map_or(text.as_str(), |(_, inside)| inside);
    let schemes = ["sips:", "sip:", "tel:", "callto:"];
    let address = schemes.iter().find_map(|scheme| inside.strip_prefix(scheme));
    // A number alone has no parameters, and digits that are sent once somebody has answered are digits, too.
    let end = address.and_then(|address| address.find(['@', ';', '?', '>']));
    let number = address.unwrap_or(inside);
    let (number, rest) = number.split_at(end.unwrap_or(number.len()));
    if ["<", "postd", "isub"].iter().any(|word| rest.contains(word)) {
        return Err(NoNumber::NotFull);
    }
    Ok(number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | ',' | '~')).collect())
}

/// `%31` is `1`, also where it was written so to hide it.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A few digits with an emergency number at their end: before it may stand what gets a line, a trunk or a country.
fn is_short_emergency(dialled: &str) -> bool {
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    digits.len() <= SHORT_DIGITS_MAX && !is_full_length(dialled) && CODES.iter().any(|code| digits.ends_with(code))
}

fn is_full_length(dialled: &str) -> bool {
    dialled.strip_prefix('+').is_some_and(|digits| DIGITS_MIN <= digits.len())
}

/// A number with a country code that becomes an emergency number when the code is taken off, with what is dialled before
/// a number of the same country; or one whose first digits are enough for a switch of that country.
fn is_long_emergency(digits: &str) -> bool {
    let without = |length: usize| digits.get(length..).unwrap_or_default();
    // Zeros and nines get a line, or are dialled before a number of the same country.
    let is_access = |before: &str| before.bytes().all(|byte| matches!(byte, b'0' | b'9'));
    let is_code = |rest: &str| CODES.iter().any(|code| rest.strip_suffix(code).is_some_and(is_access));
    let begins = PLANS.iter().any(|(country, codes)| {
        let rest = digits.strip_prefix(country).unwrap_or_default();
        codes.iter().any(|code| rest.starts_with(code))
    });
    begins || (1..=3).any(|length| !without(length).is_empty() && is_code(without(length)))
}

/// Numbers that begin with the same digits: `+1555010*`; or one number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    digits: String,
    is_prefix: bool,
}

impl Pattern {
    /// True when the number is one of these.
    pub fn contains(&self, number: &Number) -> bool {
        if self.is_prefix { number.digits().starts_with(&self.digits) } else { number.digits() == self.digits }
    }
}

impl FromStr for Pattern {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let fix = format!(
            "write a full number such as `+15550100100`, or a plus sign, at least {PATTERN_DIGITS_MIN} digits and a `*` at \
             the end, such as `+1555010*`"
        );
        let wrong =
            || Unfit::new(format!("`{}` is no pattern of numbers", crate::metric::shortened(text)), fix.clone());
        let emergency =
            || Unfit::new(format!("`{text}` reaches emergency numbers"), "name a range that is kept for tests");
        let (start, is_prefix) = text.strip_suffix('*').map_or((text, false), |start| (start, true));
        let digits = start.strip_prefix('+').unwrap_or_default();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if dialled(start).is_ok_and(|dialled| is_short_emergency(&dialled)) || is_long_emergency(digits) {
            return Err(emergency());
        }
        let is_full = || start.parse::<Number>().is_ok();
        if !is_number || digits.len() < PATTERN_DIGITS_MIN || DIGITS_MAX < digits.len() || !(is_prefix || is_full()) {
            return Err(wrong());
        }
        Ok(Self { digits: digits.to_owned(), is_prefix })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}{}", self.digits, if self.is_prefix { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NoNumber> {
        text.parse::<Number>().map(|number| number.to_string())
    }

    #[test]
    fn emergency_numbers_are_refused_in_whatever_they_are_wrapped() {
        let wrapped = [
            "911",
            "112",
            "999",
            "000",
            "110",
            "113",
            "118",
            "119",
            "08",
            "111",
            "*88911",
            "*99112",
            "**911",
            "#31#112",
            "tel:911",
            "tel:112;phone-context=+49",
            "sip:911@carrier.example",
            "sips:112@x",
            "sip:9911@pbx",
            "SIP:%39%31%31@x",
            "+1911",
            "+49112",
            "+44999",
            "+61000",
            "+390112",
            "0049112",
            "0111911",
            "9,911",
            "8 112",
            "0-112",
            "9.1.1",
            "(911)",
            "urn:service:sos",
            "urn:service:sos.police",
            "sip:urn:service:sos@x",
            "\"Ann\" <sip:911@x>",
            "<tel:112>",
            "+1 911",
            "+1-911-555-0100",
            "+49 110 12345",
            "+44 999 9999999",
            "+10000000911",
            "tel:+1911;ext=2",
            " 911 ",
            "+1911%20",
            "9999911",
            "+49000112",
        ];
        for text in wrapped {
            assert_eq!(read(text), Err(NoNumber::Emergency), "{text}");
        }
    }

    #[test]
    fn what_is_no_full_number_is_refused_too() {
        for text in [
            "",
            "+",
            "5550142",
            "15550199001",
            "+1555019900",
            "+155501990011",
            "+05550199001",
            "٩١١",
            "９１１",
            "nine one one",
            "sip:ann@example.com",
            "+1555019900a",
            "+15550199001x2",
            "++15550199001",
            "*88+15550199001",
            "+1555\u{200b}0199001",
            "+15550199001;911",
            "+15550199001,,911",
            "tel:+15550199001;postd=911",
            "sip:+15550199001;isub=911@x",
            "<sip:+15550199001@x> <sip:911@x>",
            "sip:+15550199001:911@x",
        ] {
            assert_eq!(read(text), Err(NoNumber::NotFull), "{text}");
        }
        assert_eq!(read(&"9".repeat(NUMBER_BYTES_MAX + 1)), Err(NoNumber::NotFull));
    }

    #[test]
    fn full_numbers_are_read_as_they_are_dialled() {
        let table = [
            ("+15550199001", "+15550199001"),
            ("+1 (555) 019-9001", "+15550199001"),
            ("tel:+1-555-019-9001", "+15550199001"),
            ("sip:+15550199001@carrier.example;user=phone", "+15550199001"),
            // 91 1 is Madrid, and what ends with a code is not yet one.
            ("+34911234567", "+34911234567"),
            ("+15550199911", "+15550199911"),
            ("+4930112112", "+4930112112"),
            ("+442079460999", "+442079460999"),
        ];
        for (text, number) in table {
            assert_eq!(read(text).as_deref(), Ok(number), "{text}");
        }
    }

    #[test]
    fn patterns_name_a_range_that_is_small_enough() {
        for text in ["+1555010*", "+15550199001", "+4930112112*"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
        let wrong = [
            "",
            "*",
            "+*",
            "+1*",
            "+155501*",
            "1555010*",
            "+1555*010",
            "+1555010**",
            "+1 555 010*",
            "911",
            "*88911",
            "+1911*",
            "+1911555*",
            "+49112*",
            "+155501001",
            "+0555010*",
            "+1555010١*",
        ];
        let told = wrong.map(|text| format!("{text:12} {}", text.parse::<Pattern>().unwrap_err().what)).join("\n");
        insta::assert_snapshot!(told);
    }
}
