//! What a watch needs to know of an organisation: which versions callers get, since when, and what became of the callers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use base::{Minute, Minutes, Stretch};
use genesys::analytics::{self, Family, Group, Interval, Query};
use genesys::{Client, flows, notifications};
use jiff::Timestamp;

use crate::budget::SourceError;
use crate::budget::source::GenesysCounts;

/// An interval that is longer than this is halved when the platform refuses it.
const HALVED_ABOVE: Minutes = Minutes::new(10);
/// One question asks for so many minutes of all flows together, so that its answer is not too long to be read ...
const FLOW_MINUTES_MAX: usize = 20_000;
/// ... and no more such questions are asked at a time: what is left is told later, the earliest minutes first.
const PARTS_MAX: u32 = 6;
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
        Ok(found?.into_iter().filter(|flow| !flow.deleted).map(flow).collect())
    }

    async fn publishes(&self, flow: &str) -> Result<Vec<Publish>, SourceError> {
        let found = flows::history(&self.client, flow, &["publish"], HISTORY_PATIENCE).await;
        let own = self.client.acts_as();
        let publish = |entry: flows::HistoryEntry| {
            let is_ours = entry.client.as_ref().is_some_and(|client| own.as_ref() == Some(&client.id));
            let by = entry.user.or(entry.client).map(|named| if named.name.is_empty() { named.id } else { named.name });
            Some(Publish { version: entry.version?, at: entry.timestamp?, by, is_ours })
        };
        Ok(found?.into_iter().filter_map(publish).collect())
    }

    async fn counts(&self, flows: &[String], minutes: Stretch) -> Result<Told, SourceError> {
        // The earliest is the last.
        let mut left = parts(flows.len(), minutes);
        left.reverse();
        let (mut until, mut found) = (minutes.from, Vec::new());
        while let Some(part) = left.pop() {
            match analytics::aggregate(&self.client, Family::Flows, &query(flows, part)).await {
                Ok(groups) => {
                    found.extend(groups);
                    until = part.until;
                }
                Err(error) if error.status() == Some(400) && HALVED_ABOVE < part.length() => {
                    let middle = part.from + Minutes::new(part.length().get() / 2);
                    left.extend([
                        Stretch { from: middle, until: part.until },
                        Stretch { from: part.from, until: middle },
                    ]);
                }
                Err(error) if until == minutes.from => return Err(error.into()),
                // What was told is worth something.
                Err(error) => {
                    tracing::info!(%error, "some minutes are told later");
                    break;
                }
            }
        }
        told(&found, minutes, until)
    }

    async fn listen(&self, flows: Vec<String>, heard: tokio::sync::mpsc::Sender<()>) {
        let topics = flows.iter().map(|flow| notifications::flow_topic(flow)).collect();
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
            () = notifications::listen(self.client.clone(), topics, sender) => {}
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
/// No flow has more callers in a minute.
const COUNT_MAX: f64 = u32::MAX as f64;
/// How they leave when an error throws them out.
const ERRORS: [&str; 2] = ["FLOW_ERROR_DISCONNECT", "FLOW_ERROR_EXIT"];

/// Minutes in parts that are asked for one by one, the earliest first.
fn parts(flows: usize, minutes: Stretch) -> Vec<Stretch> {
    let most = Minutes::new(u32::try_from(FLOW_MINUTES_MAX / flows.max(1)).unwrap_or(u32::MAX).clamp(1, DAY.get()));
    let froms = std::iter::successors(Some(minutes.from), |from| Some(*from + most));
    let froms = froms.take_while(|from| *from < minutes.until).take(PARTS_MAX as usize);
    froms.map(|from| Stretch { from, until: (from + most).min(minutes.until) }).collect()
}

/// The longest part.
const DAY: Minutes = Minutes::days(1);

/// What was told of the minutes that were asked for, before the one at which the answers end.
fn told(groups: &[Group], minutes: Stretch, end: Minute) -> Result<Told, SourceError> {
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
                let count = metric.stats.count.filter(|count| (0.0..=COUNT_MAX).contains(count));
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
    let old = minutes.until - GenesysCounts::TOLD_AFTER;
    let until = newest.map_or(old, |newest: Minute| newest.max(old)).max(minutes.from).min(end);
    Ok(Told { until, counts })
}

#[cfg(test)]
mod tests {
    use genesys::analytics::{Bucket, Metric, Stats};

    use super::*;

    fn group(count: f64) -> Group {
        let metric = Metric {
            metric: METRIC.to_owned(),
            qualifier: None,
            stats: Stats { count: Some(count), ..Stats::default() },
        };
        let interval = "2026-11-21T08:00:00Z/2026-11-21T08:01:00Z".to_owned();
        let group = [("flowId", "main"), ("flowVersion", "12.0")].map(|(name, it)| (name.to_owned(), it.to_owned()));
        let bucket = Bucket { interval, metrics: vec![metric], views: Vec::new() };
        Group { group: group.into(), data: vec![bucket] }
    }

    fn minutes(length: u32) -> Stretch {
        let from = Minute::of("2026-11-21T08:00:00Z".parse().unwrap());
        Stretch { from, until: from + Minutes::new(length) }
    }

    #[test]
    fn what_cannot_be_a_count_is_no_answer() {
        let asked = minutes(10);
        assert!(told(&[group(12.0)], asked, asked.until).is_ok());
        for count in [-1.0, f64::NAN, f64::INFINITY, 1e19] {
            assert!(told(&[group(count), group(count)], asked, asked.until).is_err(), "{count}");
        }
    }

    #[test]
    fn many_flows_are_asked_for_in_parts_and_what_was_not_asked_is_not_told() {
        assert_eq!(parts(3, minutes(1_441)).len(), 2);
        assert_eq!(parts(1_000, minutes(17)), [minutes(17)], "one question a minute");
        let long = parts(1_000, minutes(1_440));
        assert_eq!((long.len(), long[0], long[5].until), (6, minutes(20), minutes(120).until));
        assert_eq!(told(&[], minutes(1_440), long[5].until).unwrap().until, minutes(120).until);
        assert_eq!(parts(100_000, minutes(3)).len(), 3);
    }
}
