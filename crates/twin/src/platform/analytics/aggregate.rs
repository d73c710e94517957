//! Aggregates: facts in an interval, filtered, put into buckets and groups, and added up.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Now;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Map, Value, json};

use super::facts::{Family, Measure, dimension, measure};
use crate::platform::{ApiError, iso};
use crate::world::{Entry, Settings, World};

/// A query that makes sense.
pub(super) struct Query {
    from: Timestamp,
    until: Timestamp,
    bucket: SignedDuration,
    group_by: Vec<String>,
    metrics: Vec<String>,
    filter: Value,
    views: Vec<View>,
}

/// A count of those within a range.
struct View {
    target: String,
    name: String,
    gte: f64,
    lt: f64,
}

/// What has been added up.
#[derive(Clone, Copy, Debug, Default)]
struct Stats {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    good: u64,
    kind: Option<Measure>,
}

/// Sums of a bucket: of its metrics, then of its views.
type Bucket = (Vec<Stats>, Vec<Stats>);

impl Query {
    pub(super) fn read(body: &Value, settings: &Settings) -> Result<Self, ApiError> {
        let (from, until) = interval(body)?;
        let length = until.duration_since(from);
        let days = i64::from(settings.interval_days_max);
        if length > SignedDuration::from_hours(24 * days) {
            return Err(ApiError::bad_request(format!("The interval is longer than {days} days.")));
        }
        let bucket = granularity(body, length)?;
        if length.as_millis() / bucket.as_millis().max(1) > i128::from(settings.buckets_max) {
            return Err(ApiError::bad_request("The granularity is too fine for the interval."));
        }
        let texts = |name: &str| -> Vec<String> {
            body[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let metrics = texts("metrics");
        if metrics.is_empty() {
            return Err(ApiError::invalid("The field metrics must name at least one metric."));
        }
        let view = |view: &Value| View {
            target: view["target"].as_str().unwrap_or_default().to_owned(),
            name: view["name"].as_str().unwrap_or_default().to_owned(),
            gte: view["range"]["gte"].as_f64().unwrap_or(f64::NEG_INFINITY),
            lt: view["range"]["lt"].as_f64().unwrap_or(f64::INFINITY),
        };
        let views = body["views"].as_array().into_iter().flatten().map(view).collect();
        Ok(Self { from, until, bucket, group_by: texts("groupBy"), metrics, filter: body["filter"].clone(), views })
    }
}

/// The interval of a query: `start/end`, the end excluded.
pub(super) fn interval(body: &Value) -> Result<(Timestamp, Timestamp), ApiError> {
    let wrong = || {
        let message =
            "The field interval must be two instants in ISO 8601 with a slash between them, the later one last.";
        ApiError::new(400, "invalid.date", message)
    };
    let text = body["interval"].as_str().ok_or_else(wrong)?;
    let (from, until) = text.split_once('/').ok_or_else(wrong)?;
    let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| wrong());
    let (from, until) = (instant(from)?, instant(until)?);
    if from < until { Ok((from, until)) } else { Err(wrong()) }
}

fn granularity(body: &Value, whole: SignedDuration) -> Result<SignedDuration, ApiError> {
    let Some(text) = body["granularity"].as_str() else { return Ok(whole) };
    let wrong = || ApiError::invalid("The field granularity must be a period such as PT15M, PT1H or P1D.");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let days = i64::from(span.get_days()) + 7 * i64::from(span.get_weeks());
    let seconds = span.get_seconds() + 60 * span.get_minutes() + 3_600 * i64::from(span.get_hours()) + 86_400 * days;
    let is_plain = span.get_months() == 0 && span.get_years() == 0 && seconds > 0;
    if is_plain { Ok(SignedDuration::from_secs(seconds)) } else { Err(wrong()) }
}

/// The groups of a query, with buckets that hold something, as they were known at `now`.
pub(super) fn run(world: &World, now: Now, family: Family, query: &Query) -> Vec<Value> {
    let lag = SignedDuration::try_from(Duration::from_millis(world.settings.ingestion_lag_ms)).unwrap_or_default();
    // The end of the interval is excluded, and so is what has not been ingested yet.
    run_until(world, now.wall.checked_sub(lag).unwrap_or(Timestamp::MIN), family, query)
}

/// What is told of a flow, as it happens, for the period that `now` lies in.
pub(crate) fn of_flow(world: &World, flow: &str, now: Now) -> Option<Value> {
    let bucket = SignedDuration::from_mins(i64::from(world.settings.aggregate_minutes.max(1)));
    let second = now.wall.as_second();
    let from = Timestamp::from_second(second - second.rem_euclid(bucket.as_secs())).ok()?;
    let until = from.checked_add(bucket).ok()?;
    let query = Query {
        from,
        until,
        bucket,
        group_by: vec!["flowId".to_owned()],
        metrics: ["nFlow", "tFlow", "tFlowDisconnect", "tFlowExit"].map(str::to_owned).into(),
        filter: json!({"type": "and", "predicates": [{"dimension": "flowId", "value": flow}]}),
        views: Vec::new(),
    };
    run_until(world, until, Family::Flows, &query).pop()
}

fn run_until(world: &World, known: Timestamp, family: Family, query: &Query) -> Vec<Value> {
    let until = query.until.min(known);
    let mut groups: BTreeMap<Vec<Option<String>>, BTreeMap<i64, Bucket>> = BTreeMap::new();
    for entry in world.log.between(query.from, until) {
        let measured: Vec<Option<Measure>> =
            query.metrics.iter().map(|metric| measure(entry, family, metric)).collect();
        if measured.iter().all(Option::is_none) || !passes(entry, &query.filter) {
            continue;
        }
        let key = query.group_by.iter().map(|name| dimension(entry, name).map(|value| value.into_owned())).collect();
        let place = entry.at.duration_since(query.from).as_millis() / query.bucket.as_millis().max(1);
        let buckets = groups.entry(key).or_default();
        let empty = || (vec![Stats::default(); query.metrics.len()], vec![Stats::default(); query.views.len()]);
        let (metrics, views) = buckets.entry(i64::try_from(place).unwrap_or(i64::MAX)).or_insert_with(empty);
        for (stats, measured) in metrics.iter_mut().zip(&measured) {
            stats.add(*measured);
        }
        for (stats, view) in views.iter_mut().zip(&query.views) {
            if let Some(Measure::Timer(ms)) = measure(entry, family, &view.target) {
                stats.kind = Some(Measure::Count);
                stats.count += u64::from(ms >= view.gte && ms < view.lt);
            }
        }
    }
    groups.into_iter().map(|(key, buckets)| group(query, key, buckets)).collect()
}

fn group(query: &Query, key: Vec<Option<String>>, buckets: BTreeMap<i64, Bucket>) -> Value {
    let named = query.group_by.iter().zip(key).filter_map(|(name, value)| Some((name.clone(), Value::from(value?))));
    let mut group: Map<String, Value> = named.collect();
    group.entry("mediaType").or_insert_with(|| "voice".into());
    let data: Vec<Value> = buckets.into_iter().map(|(place, bucket)| datum(query, place, &bucket)).collect();
    json!({"group": group, "data": data})
}

fn datum(query: &Query, place: i64, (metrics, views): &Bucket) -> Value {
    let begins = query.from + query.bucket * i32::try_from(place).unwrap_or(i32::MAX);
    let ends = (begins + query.bucket).min(query.until);
    let told = query.metrics.iter().zip(metrics).filter(|(_, stats)| stats.kind.is_some());
    let told: Vec<Value> = told.map(|(metric, stats)| json!({"metric": metric, "stats": stats.body()})).collect();
    let mut datum = json!({"interval": format!("{}/{}", iso(begins), iso(ends)), "metrics": told});
    if !views.is_empty() {
        let told = query.views.iter().zip(views).filter(|(_, stats)| stats.kind.is_some());
        datum["views"] = told.map(|(view, stats)| json!({"name": view.name, "stats": stats.body()})).collect();
    }
    datum
}

impl Stats {
    fn add(&mut self, measured: Option<Measure>) {
        let Some(measured) = measured else { return };
        if let Measure::Timer(ms) = measured {
            self.min = if self.count == 0 { ms } else { self.min.min(ms) };
            self.max = self.max.max(ms);
            self.sum += ms;
        }
        if measured == Measure::Ratio(true) {
            self.good += 1;
        }
        self.count += 1;
        self.kind = Some(measured);
    }

    fn body(&self) -> Value {
        match self.kind {
            Some(Measure::Timer(_)) => json!({"count": self.count, "sum": self.sum, "min": self.min, "max": self.max}),
            Some(Measure::Ratio(_)) => {
                let ratio = self.good as f64 / self.count.max(1) as f64;
                json!({"ratio": ratio, "numerator": self.good as f64, "denominator": self.count as f64})
            }
            _ => json!({"count": self.count}),
        }
    }
}

/// Whether a fact passes a filter: all of it for `and`, one part of it for `or`.
fn passes(entry: &Entry, filter: &Value) -> bool {
    let predicates = filter["predicates"].as_array().into_iter().flatten().map(|predicate| holds(entry, predicate));
    let clauses = filter["clauses"].as_array().into_iter().flatten().map(|clause| passes(entry, clause));
    let mut parts = predicates.chain(clauses).peekable();
    if parts.peek().is_none() {
        return true;
    }
    if filter["type"] == "or" { parts.any(|holds| holds) } else { parts.all(|holds| holds) }
}

fn holds(entry: &Entry, predicate: &Value) -> bool {
    let own = dimension(entry, predicate["dimension"].as_str().unwrap_or_default());
    match predicate["operator"].as_str().unwrap_or("matches") {
        "exists" => own.is_some(),
        "notExists" => own.is_none(),
        _ => own.as_deref() == predicate["value"].as_str(),
    }
}
