//! How many events does an answer of a Prometheus make of a minute?
//!
//! A sample at the end of a minute tells of that minute: either the events of the last minute, or counters, whose
//! difference to the sample at the minute's beginning is taken series by series. Integers stay exact, and nothing is
//! extrapolated.
//!
//! - A counter that goes back has begun anew, one that is gone took its last events along, and one that comes with a
//!   new target has a past that nobody knows: the minute is unknown. This is why a first look knows nothing.
//! - A counter that comes where its target (`job` and `instance`) was seen already began at zero: the first failure
//!   makes the series of failures.
//! - What is no count (NaN, an infinity, below zero) is unknown and told; it is neither 0 nor 100 %.

use std::collections::{BTreeMap, BTreeSet};

use budget::{Count, Minute, Minutes, Untrue};
use openslo::Numerator;

/// More of the part than of the total is taken for as many when it is no more than this: `increase` extrapolates, and
/// both are rounded.
const ROUNDING_MAX: u64 = 1;

/// A series of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    /// Its values at the beginnings of minutes.
    pub(super) values: BTreeMap<Minute, f64>,
}

/// What an answer says of a minute: a number, nothing, or something that cannot be.
pub(super) type Said = Result<Option<f64>, Untrue>;

impl Series {
    /// Its value at the beginning of a minute.
    fn at(&self, minute: Minute) -> Result<Option<f64>, Untrue> {
        match self.values.get(&minute) {
            Some(value) if value.is_finite() && 0.0 <= *value => Ok(Some(*value)),
            Some(_) => Err(Untrue::NoCount),
            None => Ok(None),
        }
    }

    fn target(&self) -> (Option<&String>, Option<&String>) {
        (self.labels.get("job"), self.labels.get("instance"))
    }
}

/// The events of a minute, of expressions that count those of the last minute.
pub(super) fn of_last_minute(series: &[Series], minute: Minute) -> Said {
    let mut sum = None;
    for one in series {
        if let Some(value) = one.at(end_of(minute))? {
            sum = Some(sum.unwrap_or(0.0) + value);
        }
    }
    Ok(sum)
}

/// The events of a minute, of counters for all events.
pub(super) fn of_total_counters(series: &[Series], minute: Minute) -> Said {
    let mut seen = BTreeSet::new();
    for one in series {
        if one.at(minute)?.is_some() {
            seen.insert(one.target());
        }
    }
    if seen.is_empty() { Ok(None) } else { growth(series, minute, |one| seen.contains(&one.target())) }
}

/// The events of a minute, of counters for a part of events whose total is known: without a series it is none.
pub(super) fn of_part_counters(series: &[Series], minute: Minute) -> Said {
    growth(series, minute, |_| true)
}

fn growth(series: &[Series], minute: Minute, began_at_zero: impl Fn(&Series) -> bool) -> Said {
    let mut sum = 0.0;
    for one in series {
        match (one.at(minute)?, one.at(end_of(minute))?) {
            (Some(first), Some(last)) if first <= last => sum += last - first,
            (None, Some(last)) if began_at_zero(one) => sum += last,
            (None, None) => {}
            (Some(_) | None, Some(_)) | (Some(_), None) => return Ok(None),
        }
    }
    Ok(Some(sum))
}

/// The count of a minute, from its total and its part; `None` when it is not known.
pub(super) fn ratio(numerator: Numerator, total: Said, part: impl FnOnce() -> Said) -> Result<Option<Count>, Untrue> {
    let Some(total) = total?.map(rounded) else { return Ok(None) };
    let Some(part) = part()?.map(rounded) else { return Ok(None) };
    let is_rounded = total < part && part - total <= ROUNDING_MAX;
    let part = if is_rounded { total } else { part };
    match numerator {
        Numerator::Good => Count::good(part, total).map(Some),
        Numerator::Bad => Count::bad(part, total).map(Some),
    }
}

/// The sum of what an answer says at the end of a minute, whatever it is; `None` when it says nothing.
pub(super) fn number(series: &[Series], minute: Minute) -> Option<f64> {
    let values: Vec<_> = series.iter().filter_map(|one| one.values.get(&end_of(minute))).collect();
    (!values.is_empty()).then(|| values.into_iter().sum())
}

/// A minute of a threshold is one event. One without a number is unknown: a share of nothing is NaN.
pub(super) fn threshold(number: Option<f64>, holds: impl Fn(f64) -> bool) -> Result<Option<Count>, Untrue> {
    match number.filter(|number| !number.is_nan()) {
        None => Ok(None),
        Some(number) if number.is_finite() => Count::bad(u64::from(!holds(number)), 1).map(Some),
        Some(_) => Err(Untrue::NoCount),
    }
}

fn end_of(minute: Minute) -> Minute {
    minute + Minutes::new(1)
}

/// To the nearest; what is too large for a count stays so.
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series with values at minutes 0, 1, 2…; those that are `None` it lacks.
    fn series(instance: &str, code: &str, values: &[Option<f64>]) -> Series {
        let labels = [("instance", instance), ("code", code)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let at = |(minute, value): (usize, &Option<f64>)| Some((Minute::new(minute as i64), (*value)?));
        Series { labels: labels.into(), values: values.iter().enumerate().filter_map(at).collect() }
    }

    fn minutes(series: &[Series], of: fn(&[Series], Minute) -> Said) -> Vec<Said> {
        (0..4).map(|minute| of(series, Minute::new(minute))).collect()
    }

    #[test]
    fn counters_are_subtracted_and_what_has_no_known_past_is_unknown() {
        let (n, v) = (None, Some);
        let whole = series("a", "200", &[v(5.0), v(7.0), v(7.0), v(9.0), v(12.0)]);
        let known = vec![Ok(v(2.0)), Ok(v(0.0)), Ok(v(2.0)), Ok(v(3.0))];
        assert_eq!(minutes(std::slice::from_ref(&whole), of_total_counters), known);
        let cases = [
            ("began anew", series("b", "200", &[v(9.0), v(9.0), v(1.0), v(1.0), v(1.0)]), 1),
            ("gone", series("b", "200", &[v(9.0), v(9.0), n, n, n]), 1),
            ("a new target", series("b", "200", &[n, n, v(800.0), v(800.0), v(800.0)]), 1),
        ];
        for (case, other, unknown) in cases {
            let mut expected = known.clone();
            expected[unknown] = Ok(None);
            assert_eq!(minutes(&[whole.clone(), other], of_total_counters), expected, "{case}");
        }
        let first_failure = series("a", "500", &[n, n, v(4.0), v(4.0), v(4.0)]);
        let expected = vec![Ok(v(2.0)), Ok(v(4.0)), Ok(v(2.0)), Ok(v(3.0))];
        assert_eq!(minutes(&[whole, first_failure.clone()], of_total_counters), expected);
        let part = vec![Ok(v(0.0)), Ok(v(4.0)), Ok(v(0.0)), Ok(v(0.0))];
        assert_eq!(minutes(&[first_failure], of_part_counters), part);
        assert_eq!(minutes(&[], of_total_counters), vec![Ok(None); 4]);
        assert_eq!(minutes(&[], of_part_counters), vec![Ok(v(0.0)); 4]);
    }

    #[test]
    fn what_is_no_count_is_told_and_not_counted() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            let odd = [series("a", "200", &[Some(1.0), Some(value), Some(3.0), Some(3.0), Some(3.0)])];
            let untrue = Err(Untrue::NoCount);
            assert_eq!(minutes(&odd, of_last_minute), [untrue, Ok(Some(3.0)), Ok(Some(3.0)), Ok(Some(3.0))]);
            assert_eq!(minutes(&odd, of_total_counters), [untrue, untrue, Ok(Some(0.0)), Ok(Some(0.0))]);
        }
    }

    #[test]
    fn a_part_above_its_total_is_rounding_or_a_lie() {
        let bad = |total, part| ratio(Numerator::Bad, Ok(total), || Ok(part));
        let observed = |bad, total| Ok(Some(Count::Observed { bad, total }));
        assert_eq!(bad(Some(9.6), Some(2.4)), observed(2, 10));
        assert_eq!(bad(Some(9.4), Some(9.6)), observed(9, 9));
        assert_eq!(bad(Some(9.0), Some(11.0)), Err(Untrue::BadAboveTotal));
        assert_eq!(bad(Some(1e12), Some(1.0)), Err(Untrue::TooMany));
        assert_eq!(bad(Some(0.0), Some(0.0)), Ok(Some(Count::Empty)));
        assert_eq!((bad(None, Some(1.0)), bad(Some(1.0), None)), (Ok(None), Ok(None)));
        assert_eq!(ratio(Numerator::Good, Ok(Some(9.0)), || Ok(Some(0.0))), observed(9, 9));
        assert_eq!(ratio(Numerator::Good, Ok(Some(9.0)), || Ok(Some(11.0))), Err(Untrue::GoodAboveTotal));
    }

    #[test]
    fn a_threshold_is_one_event_while_its_number_is_known() {
        let below = |number| threshold(number, |number| number < 0.5);
        assert_eq!(below(Some(0.4)), Ok(Some(Count::Observed { bad: 0, total: 1 })));
        assert_eq!(below(Some(0.5)), Ok(Some(Count::Observed { bad: 1, total: 1 })));
        assert_eq!((below(None), below(Some(f64::NAN))), (Ok(None), Ok(None)));
        assert_eq!(below(Some(f64::INFINITY)), Err(Untrue::NoCount));
    }
}
