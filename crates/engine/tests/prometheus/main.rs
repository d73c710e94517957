//! Counts of a Prometheus: of a real one, and of a puppet that misbehaves.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

mod puppet;
mod real;

use std::collections::BTreeMap;

use budget::{Count, Minute};
use engine::budget::source::Readings;
use openslo::{Indicator, Numerator, Op, Prometheus, Query, Ratio, Source, Threshold};

fn query(url: &str, promql: &str) -> Query {
    let source = Source::Prometheus(Prometheus { url: url.to_owned(), query: promql.to_owned() });
    Query { data_source: None, source }
}

/// Bad events among all.
fn bad(url: &str, counter: bool, part: &str, total: &str) -> Indicator {
    let (part, total) = (query(url, part), query(url, total));
    Indicator::Ratio(Ratio { numerator: Numerator::Bad, part, total, counter })
}

fn below(url: &str, promql: &str, value: f64) -> Indicator {
    Indicator::Threshold(Threshold { metric: query(url, promql), op: Op::Lt, value })
}

/// The minutes of an objective that are known.
fn known(readings: &Readings, objective: usize) -> BTreeMap<Minute, Count> {
    let of_it = readings.counts.iter().filter(|reading| reading.objective == objective);
    of_it.map(|reading| (reading.minute, reading.count)).collect()
}
