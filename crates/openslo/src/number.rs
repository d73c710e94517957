//! Decimal numbers, exactly: 99.95 % is 999,500 parts per million, never 999,499.99.

/// Why a text is not the number that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotExact {
    /// It is no number, below zero, or too large.
    NoNumber,
    /// It has more digits than are kept.
    TooFine,
}

/// The number in `text`, times ten to the power of `digits`.
pub(crate) fn exact(text: &str, digits: u32) -> Result<u64, NotExact> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{rest}");
    if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotExact::NoNumber);
    }
    let number: u64 = all.parse().map_err(|_| NotExact::NoNumber)?;
    let exponent: i64 = exponent.parse::<i32>().map_err(|_| NotExact::NoNumber)?.into();
    // `all` is short: it fits into 64 bits, apart from zeros before and after.
    let shift = i64::from(digits) + exponent - rest.len() as i64;
    if number == 0 {
        return Ok(0);
    }
    let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|power| 10u64.checked_pow(power));
    match power {
        Some(power) if 0 <= shift => number.checked_mul(power).ok_or(NotExact::NoNumber),
        Some(power) if number.is_multiple_of(power) => Ok(number / power),
        None if 0 <= shift => Err(NotExact::NoNumber),
        Some(_) | None => Err(NotExact::TooFine),
    }
}

/// A number of `digits` digits behind the point, without zeros at its end: 14,400 with three is `14.4`.
pub(crate) fn decimal(number: u64, digits: u32) -> String {
    let unit = 10u64.pow(digits);
    match (number / unit, number % unit) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => {
            let width = digits as usize;
            format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
        }
    }
}

/// A number as JSON has it; at these sizes no digit is lost.
pub(crate) fn json(number: u64, digits: u32) -> serde_json::Value {
    let unit = 10u64.pow(digits);
    if number.is_multiple_of(unit) { (number / unit).into() } else { (number as f64 / unit as f64).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let cases = [
            ("99.5", 4, Ok(995_000)),
            ("0.9995", 6, Ok(999_500)),
            ("0.99950000000", 6, Ok(999_500)),
            ("1e-4", 6, Ok(100)),
            ("1.44e1", 3, Ok(14_400)),
            ("14.4", 3, Ok(14_400)),
            ("0", 6, Ok(0)),
            ("99.99999", 4, Err(NotExact::TooFine)),
            ("1e-99", 4, Err(NotExact::TooFine)),
            ("-1", 4, Err(NotExact::NoNumber)),
            ("", 4, Err(NotExact::NoNumber)),
            (".5", 4, Err(NotExact::NoNumber)),
            ("1e999999", 4, Err(NotExact::NoNumber)),
            ("half", 4, Err(NotExact::NoNumber)),
            ("99999999999999999999", 0, Err(NotExact::NoNumber)),
        ];
        for (text, digits, expected) in cases {
            assert_eq!(exact(text, digits), expected, "{text}");
        }
    }

    #[test]
    fn a_share_goes_through_json_unchanged() {
        for ppm in (0..=1_000_000u64).step_by(37) {
            assert_eq!(exact(&json(ppm, 4).to_string(), 4), Ok(ppm));
            assert_eq!(exact(&decimal(ppm, 4), 4), Ok(ppm));
        }
    }
}
