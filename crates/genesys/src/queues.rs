//! Queues, and what happens in them now.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::change::Object;
use crate::client::{Client, Request, segment};
use crate::error::Error;
use crate::page;
use crate::tokens::Named;

/// The most queues of one query; the platform takes no more predicates than this.
const QUEUES_MAX: usize = 100;

/// `GET /api/v2/routing/queues`, all pages; `name` may hold `*`.
///
/// # Errors
/// See [`Error`].
pub async fn list(client: &Client, name: Option<&str>) -> Result<Vec<Named>, Error> {
    let query: Vec<(&str, String)> = name.map(|name| ("name", name.to_owned())).into_iter().collect();
    page::all(client, "/api/v2/routing/queues", &query).await
}

/// `GET /api/v2/routing/queues/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn one(client: &Client, id: &str) -> Result<Named, Error> {
    client.get(&format!("/api/v2/routing/queues/{}", segment(id)), &[]).await
}

/// How long the next caller will wait, as the platform expects; `None` when it does not know:
/// `GET /api/v2/routing/queues/{id}/estimatedwaittime`
///
/// # Errors
/// See [`Error`].
pub async fn estimated_wait(client: &Client, id: &str) -> Result<Option<Duration>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        results: Vec<Prediction>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Prediction {
        estimated_wait_time_seconds: Option<u64>,
    }
    let path = format!("/api/v2/routing/queues/{}/estimatedwaittime", segment(id));
    let answer: Answer = client.get(&path, &[]).await?;
    let longest = answer.results.iter().filter_map(|result| result.estimated_wait_time_seconds).max();
    Ok(longest.map(Duration::from_secs))
}

/// Changes a queue, which is written back whole: `PUT /api/v2/routing/queues/{id}`. `change` says false when nothing is
/// to be written.
///
/// # Errors
/// See [`Error`].
pub async fn change(client: &Client, id: &str, change: impl Fn(&mut Object) -> bool) -> Result<Object, Error> {
    crate::change::change(client, &format!("/api/v2/routing/queues/{}", segment(id)), change).await
}

/// What happens in a queue now. What the platform does not say is not known, and never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Interactions that wait, over all media.
    pub waiting: Option<u64>,
    /// Interactions that somebody has.
    pub interacting: Option<u64>,
    /// Agents on queue with nothing to do.
    pub idle_agents: Option<u64>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    group: BTreeMap<String, String>,
    #[serde(default)]
    data: Vec<Datum>,
}

#[derive(Deserialize)]
struct Datum {
    metric: String,
    qualifier: Option<String>,
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Stats {
    count: Option<f64>,
}

/// `POST /api/v2/analytics/queues/observations/query`, in as many queries as the number of queues needs.
///
/// # Errors
/// See [`Error`].
pub async fn observe(client: &Client, ids: &[String]) -> Result<BTreeMap<String, Observed>, Error> {
    let mut observed: BTreeMap<String, Observed> = BTreeMap::new();
    for ids in ids.chunks(QUEUES_MAX) {
        let predicate =
            |id: &String| json!({ "type": "dimension", "dimension": "queueId", "operator": "matches", "value": id });
        let predicates: Vec<_> = ids.iter().map(predicate).collect();
        let body = json!({
            "filter": { "type": "or", "predicates": predicates },
            "metrics": ["oWaiting", "oInteracting", "oOnQueueUsers"],
        });
        let path = "/api/v2/analytics/queues/observations/query";
        let (method, purpose) = (Method::POST, client.purpose());
        let request = Request { method, path, query: &[], body: Some(&body), purpose, reads: true };
        let answer: Answer = client.read(request).await?;
        for Group { group, data } in answer.results {
            let Some(id) = group.get("queueId") else { continue };
            let queue = observed.entry(id.clone()).or_default();
            data.iter().for_each(|datum| queue.add(datum));
        }
    }
    Ok(observed)
}

impl Observed {
    fn add(&mut self, datum: &Datum) {
        let Some(count) = datum.stats.as_ref().and_then(|stats| stats.count).filter(|count| *count >= 0.0) else {
            return;
        };
        let cell = match (datum.metric.as_str(), datum.qualifier.as_deref()) {
            ("oWaiting", _) => &mut self.waiting,
            ("oInteracting", _) => &mut self.interacting,
            ("oOnQueueUsers", Some("IDLE")) => &mut self.idle_agents,
            _ => return,
        };
        // Each medium has a group of its own.
        *cell = Some(cell.unwrap_or(0) + count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_add_up_and_what_is_not_said_is_not_known() {
        let datum = |metric: &str, qualifier: Option<&str>, count: Option<f64>| Datum {
            metric: metric.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            stats: Some(Stats { count }),
        };
        let mut observed = Observed::default();
        observed.add(&datum("oWaiting", None, Some(2.0)));
        observed.add(&datum("oWaiting", None, Some(3.0)));
        observed.add(&datum("oOnQueueUsers", Some("OFF_QUEUE"), Some(9.0)));
        observed.add(&datum("oInteracting", None, None));
        assert_eq!(observed, Observed { waiting: Some(5), interacting: None, idle_agents: None });
    }
}
