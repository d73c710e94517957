//! Numbers of an experiment, exactly: 0.99 is 990,000 millionths and not 0.98999.

use std::fmt;
use std::str::FromStr;

use crate::unfit::Unfit;

/// Digits behind the point.
const DIGITS: usize = 6;
/// Parts of one.
const ONE: i64 = 1_000_000;
/// The largest number that is written, on both sides of zero.
pub const WHOLE_MAX: i64 = 1_000_000_000_000;

/// A number in millionths. Its unit is that of the metric that it is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One, or the whole of a share.
    pub const ONE: Self = Self(ONE);

    /// So many whole ones; at most [`WHOLE_MAX`] on both sides of zero.
    pub const fn whole(number: i64) -> Self {
        let capped = if number > WHOLE_MAX {
            WHOLE_MAX
        } else if number < -WHOLE_MAX {
            -WHOLE_MAX
        } else {
            number
        };
        Self(capped * ONE)
    }

    /// So many millionths.
    pub const fn millionths(number: i64) -> Self {
        Self(number)
    }

    /// How many millionths.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = Unfit;

    /// Reads a decimal number with at most six digits behind the point.
    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wrong = || {
            Unfit::new(
                format!("`{text}` is no number"),
                "write a decimal number with at most six digits behind the point",
            )
        };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(rest) || DIGITS < rest.len() {
            return Err(wrong());
        }
        let whole: i64 = whole.parse().map_err(|_| wrong())?;
        let rest: i64 = format!("{rest:0<DIGITS$}").parse().map_err(|_| wrong())?;
        if WHOLE_MAX < whole {
            return Err(wrong());
        }
        Ok(Self(sign * (whole * ONE + rest)))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / ONE.unsigned_abs(), self.0.unsigned_abs() % ONE.unsigned_abs());
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let rest = format!("{rest:0DIGITS$}");
        write!(f, "{sign}{whole}.{}", rest.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_print_as_they_are_read() {
        for (text, millionths) in
            [("0.99", 990_000), ("-3", -3_000_000), ("0.000001", 1), ("400", 400_000_000), ("-0.5", -500_000)]
        {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.get(), amount.to_string().as_str()), (millionths, text));
        }
        for wrong in ["", "-", ".5", "5.", "1e3", "0.0000001", "+1", "1 000", "9999999999999", "--1", "٣"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }
}
