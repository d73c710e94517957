//! What an objective is, and what its events are: the values that every format is read into and written from.

use budget::Objective;

use crate::genesys::Genesys;

/// An objective, and where its events are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What was promised.
    pub objective: Objective,
    /// What is counted.
    pub indicator: Indicator,
    /// Names of those who are told, besides the receivers that are always told; in order, each once.
    pub targets: Vec<String>,
    /// What a guide's JSON says that it measures. Kept as it was written, because it defines nothing.
    pub words: Option<Words>,
}

/// The `metric` of a guide's JSON: words that select nothing and divide nothing into good and bad.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// `resourceType`: `API`.
    pub resource_type: String,
    /// `filterExpression`: `api.success_rate > 0`.
    pub filter_expression: String,
}

/// What is counted, minute by minute.
#[derive(Clone, Debug, PartialEq)]
pub enum Indicator {
    /// Good or bad events among all events.
    Ratio(Ratio),
    /// A number that must stay on one side of a value. Every minute of which it is known is one event.
    Threshold(Threshold),
}

/// Good or bad events among all events. Both queries have the same source and are about the same things. Where a
/// `prometheus` source knows the total and has no value for the part, the part is 0: the first event makes the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// What `part` counts.
    pub numerator: Numerator,
    /// The good or the bad events.
    pub part: Query,
    /// All events.
    pub total: Query,
    /// The queries answer with counters that only grow, and not with the count of the last minute. Only a
    /// `prometheus` source has such counters. Best without `sum`: where one of many counters begins anew, their sum
    /// looks as if all did.
    pub counter: bool,
}

/// What the part of a ratio counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numerator {
    /// Good events.
    Good,
    /// Bad events.
    Bad,
}

/// A number that must stay on one side of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The number.
    pub metric: Query,
    /// A minute is good when `number op value` holds.
    pub op: Op,
    /// What it is compared with, in the unit of the number; never infinite and never NaN.
    pub value: f64,
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Below.
    Lt,
    /// At most.
    Lte,
    /// Above.
    Gt,
    /// At least.
    Gte,
}

/// A question for counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The name of the data source that it is asked of, where it was named.
    pub data_source: Option<String>,
    /// Who is asked for what.
    pub source: Source,
}

/// Who is asked for what.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The gateway's own traffic.
    Gateway(Gateway),
    /// Aggregates of the platform.
    Genesys(Genesys),
    /// A Prometheus, or what speaks its HTTP API.
    Prometheus(Prometheus),
    /// Counts that somebody pushes over HTTP, good or bad ones together with the total.
    Push,
}

/// The gateway's own traffic. A call is bad when no answer of the upstream reached the caller: its outcome is
/// `cached`, `fallback`, `shed` or `error` for another reason than an answer that was still fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Only calls to this upstream.
    pub upstream: Option<String>,
    /// Only calls of this route.
    pub route: Option<String>,
    /// Which of them.
    pub count: Tally,
}

/// Which events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// All.
    Total,
    /// The good ones.
    Good,
    /// The bad ones.
    Bad,
}

/// An expression of a Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prometheus {
    /// Base URL of its HTTP API, without `/api/v1`.
    pub url: String,
    /// PromQL that answers with one number, or with several to be added up.
    pub query: String,
}

impl Indicator {
    /// Counts that are pushed: what an objective has that names no other source.
    pub fn pushed() -> Self {
        let query = || Query { data_source: None, source: Source::Push };
        Self::Ratio(Ratio { numerator: Numerator::Bad, part: query(), total: query(), counter: false })
    }

    /// Who is asked; both queries of a ratio ask the same.
    pub fn source(&self) -> &Source {
        match self {
            Self::Ratio(ratio) => &ratio.total.source,
            Self::Threshold(threshold) => &threshold.metric.source,
        }
    }
}

impl Source {
    /// As `metricSource.type` has it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Gateway(_) => "gateway",
            Self::Genesys(_) => "genesys",
            Self::Prometheus(_) => "prometheus",
            Self::Push => "push",
        }
    }

    /// Whether both ask the same source about the same things, apart from which of them are counted.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gateway(one), Self::Gateway(other)) => {
                (&one.upstream, &one.route) == (&other.upstream, &other.route)
            }
            (Self::Genesys(one), Self::Genesys(other)) => one.is_about_the_same(other),
            (Self::Prometheus(one), Self::Prometheus(other)) => one.url == other.url,
            (Self::Push, Self::Push) => true,
            (Self::Gateway(_) | Self::Genesys(_) | Self::Prometheus(_) | Self::Push, _) => false,
        }
    }
}

impl Tally {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

impl Numerator {
    /// As OpenSLO has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

impl Op {
    pub(crate) const WORDS: [(&'static str, Self); 4] =
        [("lt", Self::Lt), ("lte", Self::Lte), ("gt", Self::Gt), ("gte", Self::Gte)];

    /// As OpenSLO has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
        }
    }

    /// Whether `number op value` holds; nothing holds of what is no number.
    pub fn holds(self, number: f64, value: f64) -> bool {
        match self {
            Self::Lt => number < value,
            Self::Lte => number <= value,
            Self::Gt => number > value,
            Self::Gte => number >= value,
        }
    }
}
