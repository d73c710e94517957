//! What a watch needs to know of an organisation: which versions callers get, since when, and what became of the callers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use base::{Minute, Minutes, Stretch};
use genesys::analytics::{self, Family, Group, Interval, Query};
use genesys::{Client, Error, flows};
use jiff::Timestamp;

use crate::budget::SourceError;

/// So long after its end a minute in which nothing happened is told, when nothing later was seen either.
const TOLD_AFTER: Minutes = Minutes::new(3);
/// An interval that is longer than this is halved when the platform refuses it.
const PART_MAX: Minutes = Minutes::hours(1);
/// How long the platform may take to gather what was done to a flow.
const HISTORY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a question waits for its budget, or for what the platform asks; beyond that it is asked later.
const PATIENCE: Duration = Duration::from_secs(5);

/// An organisation, as far as releases are concerned.
#[async_trait]
pub trait Organisation: Send + Sync {
    /// The flows with these ids; all there are when none is named.
    ///
    /// # Errors
    /// When nobody can say now.
    async fn flows(&self, ids: &[String]) -> Result<Vec<Flow>, SourceError>;

    /// What was published of a flow, the latest first.
    ///
    /// # Errors
    /// When nobody can say now.
    async fn publishes(&self, flow: &str) -> Result<Vec<Publish>, SourceError>;

    /// What became of the callers of these flows in some minutes.
    ///
    /// # Errors
    /// When nobody can say now.
    async fn counts(&self, flows: &[String], minutes: Stretch) -> Result<Told, SourceError>;

    /// Tells, for as long as somebody listens, when there may be something new about these flows.
    async fn listen(&self, flows: Vec<String>, heard: tokio::sync::mpsc::Sender<()>);
}

/// A flow as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version that callers get.
    pub version: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The version.
    pub version: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Option<String>,
    /// Whether that was we.
    pub is_ours: bool,
}

/// What became of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is known of the minutes before this one is complete, as far as anybody can tell.
    pub until: Minute,
    /// The callers who left a flow in a minute, by minute, flow and version.
    pub counts: BTreeMap<(Minute, String), Vec<Left>>,
}

/// Callers who left a version of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The version.
    pub version: String,
    /// Those whom an error threw out.
    pub errors: u64,
    /// All.
    pub all: u64,
}

/// An organisation of the platform.
pub struct GenesysOrganisation {
    client: Client,
}

impl GenesysOrganisation {
    /// One that is asked through a client, whose id tells our own publishes from those of others.
    pub fn new(client: &Client) -> Self {
        Self { client: client.with_patience(PATIENCE) }
    }
}

#[async_trait]
impl Organisation for GenesysOrganisation {
    async fn flows(&self, ids: &[String]) -> Result<Vec<Flow>, SourceError> {
        let found =
            if ids.is_empty() { flows::list(&self.client, None).await } else { flows::lookup(&self.client, ids).await };
        let flow = |flow: flows::Flow| {
            let since = flow.published_version.as_ref().and_then(|version| version.date_published);
            let version = flow.published_version.map(|version| version.id);
            Flow { id: flow.id, name: flow.name, version, since }
        };
        let found = found.map_err(|error| silence(&error))?;
        Ok(found.into_iter().filter(|flow| !flow.deleted).map(flow).collect())
    }

    async fn publishes(&self, flow: &str) -> Result<Vec<Publish>, SourceError> {
        let found = flows::history(&self.client, flow, &["publish"], HISTORY_PATIENCE).await;
        let own = self.client.acts_as();
        let publish = |entry: flows::HistoryEntry| {
            let is_ours = entry.client.as_ref().is_some_and(|client| own.as_ref() == Some(&client.id));
            let by = entry.user.or(entry.client).map(|named| if named.name.is_empty() { named.id } else { named.name });
            Some(Publish { version: entry.version?, at: entry.timestamp?, by, is_ours })
        };
        Ok(found.map_err(|error| silence(&error))?.into_iter().filter_map(publish).collect())
    }

    async fn counts(&self, flows: &[String], minutes: Stretch) -> Result<Told, SourceError> {
        let (mut left, mut found) = (vec![minutes], Vec::new());
        while let Some(part) = left.pop() {
            match analytics::aggregate(&self.client, Family::Flows, &query(flows, part)).await {
                Ok(groups) => found.extend(groups),
                Err(error) if error.status() == Some(400) && PART_MAX < part.length() => {
                    let middle = part.from + Minutes::new(part.length().get() / 2);
                    left.extend([
                        Stretch { from: part.from, until: middle },
                        Stretch { from: middle, until: part.until },
                    ]);
                }
                Err(error) => return Err(silence(&error)),
            }
        }
        told(&found, minutes)
    }

    async fn listen(&self, flows: Vec<String>, heard: tokio::sync::mpsc::Sender<()>) {
        let topics = flows.iter().map(|flow| format!("v2.flows.{flow}")).collect();
        let (sender, mut news) = tokio::sync::mpsc::channel(NEWS_MAX);
        let telling = async {
            while news.recv().await.is_some() {
                // One that is not taken yet says as much as two.
                if let Err(tokio::sync::mpsc::error::TrySendError::Closed(())) = heard.try_send(()) {
                    return;
                }
            }
        };
        tokio::select! {
            () = genesys::notifications::listen(self.client.clone(), topics, sender) => {}
            () = telling => {}
        }
    }
}

/// News that may wait.
const NEWS_MAX: usize = 64;

/// Callers count in the minute in which they leave, in numerator and denominator: of those who entered in a minute it is
/// not known yet how they fared.
fn query(flows: &[String], minutes: Stretch) -> Query {
    let interval = Interval { from: minutes.from.start(), until: minutes.until.start() };
    let mut query = Query::new(interval, &[METRIC]).by(&["flowId", "flowVersion", "exitReason"]).each("PT1M");
    query.only.push(("flowId".to_owned(), flows.to_vec()));
    query
}

/// The timer of callers in a flow; it is counted when they leave.
const METRIC: &str = "tFlow";
/// How they leave when an error throws them out.
const ERRORS: [&str; 2] = ["FLOW_ERROR_DISCONNECT", "FLOW_ERROR_EXIT"];

fn told(groups: &[Group], minutes: Stretch) -> Result<Told, SourceError> {
    let mut newest = None;
    let mut counts: BTreeMap<(Minute, String), Vec<Left>> = BTreeMap::new();
    for Group { group, data } in groups {
        let value = |dimension: &str| group.get(dimension).map(String::as_str);
        let (Some(flow), version) = (value("flowId"), value("flowVersion").unwrap_or_default()) else { continue };
        let is_error =
            value("exitReason").is_some_and(|exit| ERRORS.iter().any(|word| word.eq_ignore_ascii_case(exit)));
        for bucket in data {
            let minute = bucket.minute().ok_or_else(|| {
                SourceError::new(format!("it answers with the bucket `{}`, which is no minute", bucket.interval))
            })?;
            let of_metric = bucket.metrics.iter().filter(|metric| metric.metric == METRIC);
            let mut all = 0;
            for metric in of_metric {
                let count = metric.stats.count.filter(|count| count.is_finite() && 0.0 <= *count);
                all +=
                    count.ok_or_else(|| SourceError::new("it answers with something that is no count"))?.round() as u64;
            }
            newest = newest.max(Some(minute));
            let versions = counts.entry((minute, flow.to_owned())).or_default();
            let place = versions.iter().position(|left| left.version == version).unwrap_or_else(|| {
                versions.push(Left { version: version.to_owned(), ..Left::default() });
                versions.len() - 1
            });
            versions[place].all += all;
            versions[place].errors += if is_error { all } else { 0 };
        }
    }
    let old = minutes.until - TOLD_AFTER;
    let until = newest.map_or(old, |newest: Minute| newest.max(old)).max(minutes.from).min(minutes.until);
    Ok(Told { until, counts })
}

fn silence(error: &Error) -> SourceError {
    let retry_after = match error {
        Error::OutOfBudget(wait) => Some(*wait),
        Error::Api(error) => error.retry_after,
        _ => None,
    };
    SourceError { why: error.to_string(), retry_after }
}
