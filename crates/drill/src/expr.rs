//! What probes and abort conditions say: a metric, a stretch of time, a comparison.
//!
//! ```text
//! calls.failed_ratio[10s] > 0.5
//! queue.live_customers > 0
//! ```
//!
//! A comparison has three answers. With too few samples, or when nothing has come for too long, nobody knows; whoever
//! asks decides what that means, and for a steady state it is never "yes".

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base::{Mono, Ratio};
use winnow::ascii::space0;
use winnow::combinator::{alt, delimited, eof, opt, preceded, terminated};
use winnow::error::ContextError;
use winnow::prelude::*;
use winnow::token::take_while;

use crate::amount::Amount;
use crate::metric::{Measure, Name, shortened};
use crate::time;
use crate::unfit::Unfit;

/// The longest expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 200;

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    #[default]
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Op {
    const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    const fn is_met(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
        }
    }
}

/// A sign and a number: `>= 0.99`. A number with `%` is a hundredth of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub op: Op,
    /// With what, in the unit of the metric.
    pub bound: Amount,
}

/// A metric that is compared: `calls.failed_ratio[10s] > 0.5`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The metric.
    pub metric: Name,
    /// Samples of how long are looked at; where nothing is said, the asker's window, or the newest one.
    pub window: Option<Duration>,
    /// What is asked of it.
    pub is: Comparison,
}

impl FromStr for Comparison {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let fix = "write a sign and a number, such as `>= 0.99`; signs are <, <=, >, >=, ==, !=";
        parse(text, comparison, "comparison", fix)
    }
}

impl FromStr for Condition {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let fix = "write a metric, a window where it needs one, a sign and a number: `calls.failed_ratio[10s] > 0.5`";
        parse(text, condition, "condition", fix)
    }
}

type Parsed<T> = winnow::Result<T, ContextError>;

fn parse<T>(text: &str, mut form: impl FnMut(&mut &str) -> Parsed<T>, what: &str, fix: &str) -> Result<T, Unfit> {
    if EXPRESSION_BYTES_MAX < text.len() {
        return Err(Unfit::new(format!("this {what} is longer than {EXPRESSION_BYTES_MAX} bytes"), fix));
    }
    let whole = delimited(space0, |input: &mut &str| form(input), (space0, eof));
    let parsed = { whole }.parse(text);
    parsed.map_err(|error| match text[error.offset()..].trim() {
        "" => Unfit::new(format!("`{}` is no {what}: it ends too early", shortened(text)), fix),
        rest => Unfit::new(format!("`{}` is no {what} from `{}` on", shortened(text), shortened(rest)), fix),
    })
}

fn condition(input: &mut &str) -> Parsed<Condition> {
    let metric = take_while(1.., crate::metric::is_of_name).try_map(Name::from_str).parse_next(input)?;
    let window = opt(delimited('[', take_while(1.., |c: char| c.is_ascii_alphanumeric()).try_map(time::length), ']'))
        .parse_next(input)?;
    let is = preceded(space0, comparison).parse_next(input)?;
    Ok(Condition { metric, window, is })
}

fn comparison(input: &mut &str) -> Parsed<Comparison> {
    let op = terminated(op, space0).parse_next(input)?;
    let digits = take_while(1.., |c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let bound = (digits, opt(preceded(space0, '%'))).try_map(amount).parse_next(input)?;
    Ok(Comparison { op, bound })
}

fn op(input: &mut &str) -> Parsed<Op> {
    alt((
        "<=".value(Op::AtMost),
        ">=".value(Op::AtLeast),
        "==".value(Op::Equal),
        "!=".value(Op::NotEqual),
        "<".value(Op::Less),
        ">".value(Op::More),
    ))
    .parse_next(input)
}

fn amount((digits, percent): (&str, Option<char>)) -> Result<Amount, Unfit> {
    let amount: Amount = digits.parse()?;
    match percent {
        None => Ok(amount),
        Some(_) if amount.get() % 100 == 0 => Ok(Amount::millionths(amount.get() / 100)),
        Some(_) => Err(Unfit::new("too fine", "write at most four digits behind the point of a per cent")),
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op.sign(), self.bound)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        if let Some(window) = self.window {
            write!(f, "[{}]", time::show(window))?;
        }
        write!(f, " {}", self.is)
    }
}

/// What was seen at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// So many of so many, for shares.
    Counts(Ratio),
    /// A value, for everything else.
    Value(Amount),
}

/// What was seen, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Mono,
    /// What.
    pub seen: Seen,
}

/// How samples are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How they become one number.
    pub measure: Measure,
    /// Those of the last so long count.
    pub window: Duration,
    /// With fewer nobody knows. Of shares it is what was counted that must be so many, of everything else the samples.
    pub samples_min: u64,
    /// When the newest sample is older than this, nobody knows.
    pub silence_max: Duration,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so.
    Holds,
    /// It is not so.
    Fails,
    /// Nobody knows.
    Unknown(Why),
}

/// Why nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing has come for too long; `None` when nothing has ever come.
    Silence(Option<Duration>),
    /// Too few samples.
    TooFew {
        /// So many there are.
        have: u64,
        /// So many there must be.
        need: u64,
    },
}

impl Comparison {
    /// Compares what was seen until `now`. Samples of another form than the measure's, and later ones, are not looked at.
    pub fn judge(self, samples: &[Sample], look: &Look, now: Mono) -> Answer {
        let is_of_form = |sample: &&Sample| matches!(sample.seen, Seen::Counts(_)) == (look.measure == Measure::Share);
        let fits = || samples.iter().filter(is_of_form).filter(|sample| sample.at <= now);
        let newest = fits().map(|sample| now.since(sample.at)).min();
        if newest.is_none_or(|age| look.silence_max < age) {
            return Answer::Unknown(Why::Silence(newest));
        }
        let mut inside: Vec<&Sample> = fits().filter(|sample| now.since(sample.at) < look.window).collect();
        inside.sort_by_key(|sample| sample.at);
        let counts = || inside.iter().map(|sample| sample.seen.counts());
        let have = match look.measure {
            Measure::Share => counts().map(|counts| counts.whole).fold(0, u64::saturating_add),
            Measure::Level | Measure::Count | Measure::Percentile(_) | Measure::Values => inside.len() as u64,
        };
        let need = look.samples_min.max(1);
        if have < need {
            return Answer::Unknown(Why::TooFew { have, need });
        }
        let values = || inside.iter().map(|sample| sample.seen.value());
        let order = match look.measure {
            Measure::Share => share(counts(), self.bound),
            Measure::Level => values().next_back().unwrap_or_default().cmp(&self.bound),
            Measure::Count => sum(values()).cmp(&self.bound),
            Measure::Percentile(percent) => percentile(values(), percent).cmp(&self.bound),
            // The largest: a comparison that was resolved names a percentile.
            Measure::Values => percentile(values(), 100).cmp(&self.bound),
        };
        if self.op.is_met(order) { Answer::Holds } else { Answer::Fails }
    }
}

impl Seen {
    fn counts(self) -> Ratio {
        match self {
            Self::Counts(ratio) => ratio,
            Self::Value(_) => Ratio::default(),
        }
    }

    fn value(self) -> Amount {
        match self {
            Self::Counts(_) => Amount::ZERO,
            Self::Value(amount) => amount,
        }
    }
}

/// Exact: both sides are multiplied, nothing is divided.
fn share(counts: impl Iterator<Item = Ratio>, bound: Amount) -> Ordering {
    let (part, whole) = counts.fold((0u64, 0u64), |(part, whole), counts| {
        (part.saturating_add(counts.part), whole.saturating_add(counts.whole))
    });
    (i128::from(part) * i128::from(Amount::ONE.get())).cmp(&(i128::from(whole) * i128::from(bound.get())))
}

fn sum(values: impl Iterator<Item = Amount>) -> Amount {
    Amount::millionths(values.map(Amount::get).fold(0, i64::saturating_add))
}

/// The nearest rank; nothing of nothing, which is never asked.
fn percentile(values: impl Iterator<Item = Amount>, percent: u32) -> Amount {
    let mut values: Vec<Amount> = values.collect();
    values.sort_unstable();
    let rank = (values.len() * percent as usize).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn look(measure: Measure, samples_min: u64) -> Look {
        Look { measure, window: 10 * SECOND, samples_min, silence_max: 5 * SECOND }
    }

    fn judged(text: &str, look: &Look, samples: &[(u64, Seen)], now: u64) -> Answer {
        let at = |s: u64| Mono::from_millis(s * 1_000);
        let samples: Vec<Sample> = samples.iter().map(|(s, seen)| Sample { at: at(*s), seen: *seen }).collect();
        text.parse::<Comparison>().unwrap().judge(&samples, look, at(now))
    }

    fn counts(part: u64, whole: u64) -> Seen {
        Seen::Counts(Ratio { part, whole })
    }

    fn value(number: i64) -> Seen {
        Seen::Value(Amount::whole(number))
    }

    #[test]
    fn a_condition_is_a_metric_a_window_and_a_comparison() {
        let condition: Condition = " calls.failed_ratio[10s]>50 % ".parse().unwrap();
        assert_eq!(condition.to_string(), "calls.failed_ratio[10s] > 0.5");
        assert_eq!("queue.live_customers > 0".parse::<Condition>().unwrap().window, None);
        assert_eq!("== -3".parse::<Comparison>().unwrap().to_string(), "== -3");
        let long = format!("{} > 0", "a".repeat(EXPRESSION_BYTES_MAX));
        let wrong = [
            "",
            "calls",
            "calls.x >",
            "calls.x > y",
            "calls.x => 1",
            "calls.x[10] > 1",
            "calls.x[10s > 1",
            "calls.x > 1 and y > 2",
            "Calls.x > 1",
            "calls..x > 1",
            "calls.x > 0.00001 %",
            "calls.x > 1e3",
            "> 1",
            &long,
        ];
        let told = wrong.map(|text| text.parse::<Condition>().unwrap_err().what).join("\n");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn shares_are_compared_by_what_was_counted() {
        let look = look(Measure::Share, 20);
        let samples = [(1, counts(0, 100)), (12, counts(9, 10)), (14, counts(10, 10))];
        // What was counted more than ten seconds ago is over.
        assert_eq!(judged(">= 0.95", &look, &samples, 15), Answer::Holds);
        assert_eq!(judged("> 0.95", &look, &samples, 15), Answer::Fails);
        assert_eq!(judged("> 0.95", &look, &samples, 20), Answer::Unknown(Why::Silence(Some(6 * SECOND))));
        assert_eq!(judged("> 0.95", &look, &samples, 13), Answer::Unknown(Why::TooFew { have: 10, need: 20 }));
        assert_eq!(judged("> 0.95", &look, &[], 13), Answer::Unknown(Why::Silence(None)));
    }

    #[test]
    fn no_calls_are_not_good_calls() {
        let look = look(Measure::Share, 0);
        assert_eq!(judged(">= 0", &look, &[(1, counts(0, 0))], 1), Answer::Unknown(Why::TooFew { have: 0, need: 1 }));
    }

    #[test]
    fn levels_are_the_newest_counts_add_up_and_percentiles_are_values_that_were_seen() {
        let samples: Vec<(u64, Seen)> = (1..=5).map(|s| (s, value(s as i64 * 10))).collect();
        let table = [
            (Measure::Level, "== 50"),
            (Measure::Count, "== 150"),
            (Measure::Percentile(50), "== 30"),
            (Measure::Percentile(95), "== 50"),
            (Measure::Percentile(100), "== 50"),
        ];
        for (measure, text) in table {
            assert_eq!(judged(text, &look(measure, 5), &samples, 5), Answer::Holds, "{measure:?}");
        }
        // What comes later than now was not seen yet.
        assert_eq!(judged("== 20", &look(Measure::Level, 1), &samples, 2), Answer::Holds);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_prints_as_the_same(text in "\\PC{0,80}") {
            if let Ok(condition) = text.parse::<Condition>() {
                prop_assert_eq!(condition.to_string().parse::<Condition>(), Ok(condition));
            }
            let _read = text.parse::<Comparison>();
        }

        #[test]
        fn conditions_print_as_they_are_read(
            metric in "[a-z][a-z0-9_-]{0,8}(\\.[a-z][a-z0-9_]{0,8}){0,3}",
            window in proptest::option::of(0u64..10_000_000),
            sign in "<|<=|>|>=|==|!=",
            millionths in -1_000_000_000_000i64..1_000_000_000_000,
        ) {
            let window = window.map_or(String::new(), |ms| format!("[{ms}ms]"));
            let text = format!("{metric}{window} {sign} {}", Amount::millionths(millionths));
            let condition: Condition = text.parse().unwrap();
            prop_assert_eq!(condition.is.bound, Amount::millionths(millionths));
            prop_assert_eq!(condition.to_string().parse::<Condition>(), Ok(condition));
        }

        #[test]
        fn a_comparison_and_its_opposite_never_agree_and_never_disagree_on_what_is_unknown(
            values in proptest::collection::vec((0u64..30, -5i64..5), 0..20),
            bound in -5i64..5,
            now in 0u64..30,
        ) {
            let samples: Vec<(u64, Seen)> = values.into_iter().map(|(at, number)| (at, value(number))).collect();
            for measure in [Measure::Level, Measure::Count, Measure::Percentile(90)] {
                let answer = |sign: &str| judged(&format!("{sign} {bound}"), &look(measure, 3), &samples, now);
                for (sign, opposite) in [("<", ">="), (">", "<="), ("==", "!=")] {
                    match answer(sign) {
                        Answer::Holds => prop_assert_eq!(answer(opposite), Answer::Fails),
                        Answer::Fails => prop_assert_eq!(answer(opposite), Answer::Holds),
                        unknown @ Answer::Unknown(_) => prop_assert_eq!(answer(opposite), unknown),
                    }
                }
            }
        }
    }
}
