//! Aggregates and details: what happened in an interval.
//!
//! A bucket that is missing from an answer is a zero only because there was an answer; without one nothing is known.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Minute, Minutes};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::error::Error;
use crate::{job, page};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Conversations: `nOffered`, `nError`, `tAnswered`, `oServiceLevel`…
    Conversations,
    /// Flows: `nFlow`, `tFlow`, by `flowId`, `flowVersion`, `exitReason`…
    Flows,
    /// Workflows that were launched: `nFlowExecutions`.
    FlowExecutions,
    /// Data Actions: `tTotalExecution`, by `actionId`, `responseStatus`, `errorType`…
    Actions,
    /// Limits that were nearly or really hit: `oRateLimitRecorded`.
    RateLimits,
}

/// From when until before when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is not in it.
    pub until: Timestamp,
}

/// A question for aggregates.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// When.
    pub interval: Interval,
    /// The length of a bucket, such as `PT5M`; without it one bucket is the whole interval.
    pub granularity: Option<String>,
    /// By what.
    pub group_by: Vec<String>,
    /// What.
    pub metrics: Vec<String>,
    /// Only where each of these dimensions has one of its values.
    pub only: Vec<(String, Vec<String>)>,
    /// Counts of timers within a range: the timer, a name, and from and until before how many milliseconds.
    pub ranges: Vec<(String, String, Option<u64>, Option<u64>)>,
}

/// A group of an answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Group {
    /// Its dimensions.
    #[serde(default)]
    pub group: BTreeMap<String, String>,
    /// Its buckets; those in which nothing happened are left out.
    #[serde(default)]
    pub data: Vec<Bucket>,
}

/// A bucket of a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bucket {
    /// When, as the platform writes it: `start/end`.
    #[serde(default)]
    pub interval: String,
    /// Its metrics.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Its counts within ranges.
    #[serde(default)]
    pub views: Vec<View>,
}

/// A metric of a bucket.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Metric {
    /// Its name.
    pub metric: String,
    /// What it is about, where it is about one of several.
    pub qualifier: Option<String>,
    /// Its numbers.
    #[serde(default)]
    pub stats: Stats,
}

/// A count within a range.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct View {
    /// The name that it was asked for by.
    pub name: String,
    /// Its numbers.
    #[serde(default)]
    pub stats: Stats,
}

/// Numbers; times are in milliseconds. What the platform leaves out is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// How many.
    pub count: Option<f64>,
    /// Their sum.
    pub sum: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Of a ratio: its value.
    pub ratio: Option<f64>,
    /// Of a ratio: what is counted.
    pub numerator: Option<f64>,
    /// Of a ratio: of how many.
    pub denominator: Option<f64>,
}

impl Family {
    fn path(self) -> &'static str {
        match self {
            Self::Conversations => "/api/v2/analytics/conversations/aggregates",
            Self::Flows => "/api/v2/analytics/flows/aggregates",
            Self::FlowExecutions => "/api/v2/analytics/flowexecutions/aggregates",
            Self::Actions => "/api/v2/analytics/actions/aggregates",
            Self::RateLimits => "/api/v2/analytics/ratelimits/aggregates",
        }
    }
}

impl Interval {
    /// As the platform writes it.
    pub fn text(&self) -> String {
        format!("{:.3}/{:.3}", self.from, self.until)
    }
}

impl Query {
    /// A question for one bucket of these metrics, not grouped.
    pub fn new(interval: Interval, metrics: &[&str]) -> Self {
        let metrics = metrics.iter().map(|metric| (*metric).to_owned()).collect();
        Self { interval, granularity: None, group_by: Vec::new(), metrics, only: Vec::new(), ranges: Vec::new() }
    }

    /// Grouped by these dimensions.
    #[must_use]
    pub fn by(mut self, dimensions: &[&str]) -> Self {
        self.group_by = dimensions.iter().map(|dimension| (*dimension).to_owned()).collect();
        self
    }

    /// Only where this dimension has this value.
    #[must_use]
    pub fn only(mut self, dimension: &str, value: &str) -> Self {
        self.only.push((dimension.to_owned(), vec![value.to_owned()]));
        self
    }

    /// In buckets of this length, such as `PT5M`.
    #[must_use]
    pub fn each(mut self, granularity: &str) -> Self {
        self.granularity = Some(granularity.to_owned());
        self
    }

    fn body(&self) -> Value {
        let clause = |(dimension, values): &(String, Vec<String>)| {
            let predicate = |value: &String| json!({"type": "dimension", "dimension": dimension, "operator": "matches", "value": value});
            json!({"type": "or", "predicates": values.iter().map(predicate).collect::<Vec<_>>()})
        };
        let mut body = json!({"interval": self.interval.text(), "metrics": self.metrics});
        let mut set = |name: &str, value: Value| body[name] = value;
        if let Some(granularity) = &self.granularity {
            set("granularity", granularity.clone().into());
        }
        if !self.group_by.is_empty() {
            set("groupBy", json!(self.group_by));
        }
        if !self.only.is_empty() {
            set("filter", json!({"type": "and", "clauses": self.only.iter().map(clause).collect::<Vec<_>>()}));
        }
        if !self.ranges.is_empty() {
            let view = |(target, name, gte, lt): &(String, String, Option<u64>, Option<u64>)| {
                let mut range = json!({});
                gte.map(|gte| range["gte"] = gte.into());
                lt.map(|lt| range["lt"] = lt.into());
                json!({"target": target, "name": name, "function": "rangeBound", "range": range})
            };
            set("views", self.ranges.iter().map(view).collect());
        }
        body
    }
}

impl Group {
    /// The numbers of a metric, added up over all buckets; zero when there is none, as an answer leaves out what did not
    /// happen.
    pub fn total(&self, metric: &str) -> Stats {
        let found = self.data.iter().flat_map(|bucket| &bucket.metrics).filter(|known| known.metric == metric);
        found.fold(Stats { count: Some(0.0), sum: Some(0.0), ..Stats::default() }, |total, metric| {
            total.plus(&metric.stats)
        })
    }

    /// How many were within a range, over all buckets.
    pub fn within(&self, name: &str) -> f64 {
        let found = self.data.iter().flat_map(|bucket| &bucket.views).filter(|view| view.name == name);
        found.filter_map(|view| view.stats.count).sum()
    }
}

impl Bucket {
    /// The minute that it is; `None` when it is something else.
    pub fn minute(&self) -> Option<Minute> {
        let (from, until) = self.interval.split_once('/')?;
        let (from, until): (Timestamp, Timestamp) = (from.parse().ok()?, until.parse().ok()?);
        let minute = Minute::of(from);
        let is_minute = minute.start() == from && (minute + Minutes::new(1)).start() == until;
        is_minute.then_some(minute)
    }
}

impl Stats {
    fn plus(self, other: &Self) -> Self {
        let add = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        let pick = |one: Option<f64>, other: Option<f64>, pick: fn(f64, f64) -> f64| match (one, other) {
            (Some(one), Some(other)) => Some(pick(one, other)),
            (one, other) => one.or(other),
        };
        let (numerator, denominator) = (add(self.numerator, other.numerator), add(self.denominator, other.denominator));
        let ratio = numerator.zip(denominator).filter(|(_, of)| *of > 0.0).map(|(count, of)| count / of);
        Self {
            count: add(self.count, other.count),
            sum: add(self.sum, other.sum),
            min: pick(self.min, other.min, f64::min),
            max: pick(self.max, other.max, f64::max),
            ratio,
            numerator,
            denominator,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default = "Vec::new")]
    results: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    job_id: String,
}

#[derive(Deserialize)]
struct State {
    state: Option<String>,
}

/// Aggregates at once: `POST /api/v2/analytics/conversations/aggregates/query`,
/// `POST /api/v2/analytics/flows/aggregates/query`, `POST /api/v2/analytics/flowexecutions/aggregates/query`,
/// `POST /api/v2/analytics/actions/aggregates/query` or `POST /api/v2/analytics/ratelimits/aggregates/query`.
///
/// # Errors
/// See [`Error`]; 400 may mean that the interval is too long for the granularity: ask for parts of it.
pub async fn aggregate(client: &Client, family: Family, query: &Query) -> Result<Vec<Group>, Error> {
    let answer: Answer = client.query(&format!("{}/query", family.path()), &query.body()).await?;
    Ok(answer.results)
}

/// Aggregates of a long interval, as a job: `POST /api/v2/analytics/conversations/aggregates/jobs`,
/// `POST /api/v2/analytics/flows/aggregates/jobs` or `POST /api/v2/analytics/actions/aggregates/jobs`, then
/// `GET /api/v2/analytics/conversations/aggregates/jobs/{id}` and
/// `GET /api/v2/analytics/conversations/aggregates/jobs/{id}/results`,
/// `GET /api/v2/analytics/flows/aggregates/jobs/{id}` and `GET /api/v2/analytics/flows/aggregates/jobs/{id}/results`, or
/// `GET /api/v2/analytics/actions/aggregates/jobs/{id}` and `GET /api/v2/analytics/actions/aggregates/jobs/{id}/results`.
///
/// # Errors
/// See [`Error`]; other families have no jobs.
pub async fn aggregate_job(
    client: &Client,
    family: Family,
    query: &Query,
    patience: Duration,
) -> Result<Vec<Group>, Error> {
    run(client, &format!("{}/jobs", family.path()), &query.body(), patience, "results").await
}

async fn run<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    body: &Value,
    patience: Duration,
    field: &str,
) -> Result<Vec<T>, Error> {
    let Begun { job_id } = client.query(path, body).await?;
    let path = format!("{path}/{}", segment(&job_id));
    job::wait(client, &path, &[], patience, |state: &State| job::stage(state.state.as_deref())).await?;
    page::parts(client, &format!("{path}/results"), field).await
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    pub conversation_id: String,
    /// When it began.
    pub conversation_start: Option<Timestamp>,
    /// When it ended; absent while it lasts.
    pub conversation_end: Option<Timestamp>,
    /// Who took part, as the platform has it.
    #[serde(default)]
    pub participants: Vec<Value>,
}

/// Which conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    /// When they were.
    pub interval: Interval,
    /// Only where each of these dimensions of a segment has this value, such as `ani` or `flowId`.
    pub only: Vec<(String, String)>,
}

impl Which {
    fn body(&self) -> Value {
        let filter = |(dimension, value): &(String, String)| {
            let predicate = json!({"type": "dimension", "dimension": dimension, "operator": "matches", "value": value});
            json!({"type": "and", "predicates": [predicate]})
        };
        let filters: Vec<Value> = self.only.iter().map(filter).collect();
        json!({"interval": self.interval.text(), "order": "asc", "orderBy": "conversationStart", "segmentFilters": filters})
    }
}

/// Conversations in a page or a few: `POST /api/v2/analytics/conversations/details/query`. Pages of live data move, so
/// each conversation is taken once; end the interval a minute ago.
///
/// # Errors
/// See [`Error`].
pub async fn conversations(client: &Client, which: &Which) -> Result<Vec<Conversation>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        conversations: Vec<Conversation>,
    }
    const PAGE: usize = 100;
    let path = "/api/v2/analytics/conversations/details/query";
    let mut found: BTreeMap<String, Conversation> = BTreeMap::new();
    for number in 1..=page::PAGES_MAX {
        let mut body = which.body();
        body["paging"] = json!({"pageSize": PAGE, "pageNumber": number});
        let Answer { conversations } = client.query(path, &body).await?;
        let is_last = conversations.len() < PAGE;
        found
            .extend(conversations.into_iter().map(|conversation| (conversation.conversation_id.clone(), conversation)));
        if is_last {
            return Ok(found.into_values().collect());
        }
    }
    Err(Error::Endless { path: path.to_owned(), pages: page::PAGES_MAX })
}

/// One conversation: `GET /api/v2/analytics/conversations/{id}/details`
///
/// # Errors
/// See [`Error`].
pub async fn conversation(client: &Client, id: &str) -> Result<Conversation, Error> {
    client.get(&format!("/api/v2/analytics/conversations/{}/details", segment(id)), &[]).await
}

/// Conversations in bulk: `POST /api/v2/analytics/conversations/details/jobs`, then
/// `GET /api/v2/analytics/conversations/details/jobs/{id}` and
/// `GET /api/v2/analytics/conversations/details/jobs/{id}/results`.
///
/// # Errors
/// See [`Error`].
pub async fn conversations_job(client: &Client, which: &Which, patience: Duration) -> Result<Vec<Conversation>, Error> {
    let path = "/api/v2/analytics/conversations/details/jobs";
    run(client, path, &which.body(), patience, "conversations").await
}

/// Until when bulk data is complete: `GET /api/v2/analytics/conversations/details/jobs/availability`
///
/// # Errors
/// See [`Error`].
pub async fn available_until(client: &Client) -> Result<Option<Timestamp>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        data_availability_date: Option<Timestamp>,
    }
    let path = "/api/v2/analytics/conversations/details/jobs/availability";
    Ok(client.get::<Answer>(path, &[]).await?.data_availability_date)
}

/// Interactions that are in flows now, by flow: `POST /api/v2/analytics/flows/observations/query`
///
/// # Errors
/// See [`Error`].
pub async fn in_flows(client: &Client, flows: &[String]) -> Result<BTreeMap<String, u64>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        results: Vec<Observed>,
    }
    #[derive(Deserialize)]
    struct Observed {
        #[serde(default)]
        group: BTreeMap<String, String>,
        #[serde(default)]
        data: Vec<Metric>,
    }
    let predicate =
        |id: &String| json!({"type": "dimension", "dimension": "flowId", "operator": "matches", "value": id});
    let filter = json!({"type": "or", "predicates": flows.iter().map(predicate).collect::<Vec<_>>()});
    let body = json!({"filter": filter, "metrics": ["oFlow"]});
    let answer: Answer = client.query("/api/v2/analytics/flows/observations/query", &body).await?;
    let mut found = BTreeMap::new();
    for Observed { group, data } in answer.results {
        let count: f64 = data.iter().filter_map(|metric| metric.stats.count).sum();
        if let Some(id) = group.get("flowId") {
            *found.entry(id.clone()).or_default() += count as u64;
        }
    }
    Ok(found)
}

/// Agents by routing status, such as `IDLE`: `POST /api/v2/analytics/agents/status/counts`
///
/// # Errors
/// See [`Error`].
pub async fn agents(client: &Client) -> Result<BTreeMap<String, u64>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        #[serde(default = "Vec::new")]
        routing_status_counts: Vec<Status>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        routing_status: String,
        #[serde(default)]
        count: u64,
    }
    let answer: Answer = client.query("/api/v2/analytics/agents/status/counts", &json!({})).await?;
    Ok(answer.routing_status_counts.into_iter().map(|status| (status.routing_status, status.count)).collect())
}
