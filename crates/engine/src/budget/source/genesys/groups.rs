//! From the groups of an answer to the events of an objective.

use std::collections::BTreeMap;

use budget::{Minute, Minutes, Untrue};
use genesys::analytics::{Bucket, Group};
use openslo::genesys::{Actions, Genesys};

use super::questions::{ERROR_TYPE, EXIT_REASON, RESPONSE_STATUS, ids, view};

/// The dimensions of a group, and its buckets.
type Minutely = (BTreeMap<String, String>, Vec<(Minute, Bucket)>);

/// An answer, by the minute.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Minutely>,
    known_until: Minute,
}

impl Groups {
    /// Reads an answer about the minutes before `until`.
    ///
    /// # Errors
    /// When its buckets are not minutes.
    pub(super) fn read(found: &[Group], until: Minute, told_after: Minutes) -> Result<Self, String> {
        let mut groups = Vec::with_capacity(found.len());
        let mut newest = None;
        for Group { group, data } in found {
            let mut buckets = Vec::with_capacity(data.len());
            for bucket in data {
                let minute = bucket
                    .minute()
                    .ok_or_else(|| format!("it answers with the bucket `{}`, which is no minute", bucket.interval))?;
                newest = newest.max(Some(minute));
                buckets.push((minute, bucket.clone()));
            }
            groups.push((group.clone(), buckets));
        }
        // The last minute in which something was seen may not be over for the platform; those before it are.
        let known_until = newest.map_or(until - told_after, |newest| newest.max(until - told_after));
        Ok(Self { groups, known_until })
    }

    /// What is known of the minutes before this one is complete, as far as anybody can tell.
    pub(super) const fn known_until(&self) -> Minute {
        self.known_until
    }

    /// The events of each minute that has any.
    pub(super) fn of(&self, wanted: &Genesys) -> BTreeMap<Minute, Result<u64, Untrue>> {
        let mut events = BTreeMap::new();
        for (_, buckets) in self.groups.iter().filter(|(group, _)| is_of(group, wanted)) {
            for (minute, bucket) in buckets {
                let sum = events.entry(*minute).or_insert(Ok(0));
                *sum = (*sum).and_then(|sum: u64| Ok(sum.saturating_add(of_bucket(bucket, wanted)?)));
            }
        }
        events
    }
}

fn is_of(group: &BTreeMap<String, String>, wanted: &Genesys) -> bool {
    let value = |dimension: &str| group.get(dimension).map(String::as_str);
    let is_named = ids(wanted).into_iter().all(|(dimension, named)| value(dimension) == Some(named));
    let one_of = |dimension: &str, mut words: Box<dyn Iterator<Item = &str> + '_>| {
        value(dimension).is_some_and(|value| words.any(|word| word.eq_ignore_ascii_case(value)))
    };
    is_named
        && match wanted {
            Genesys::Flows(flows) => {
                let words = flows.exit_reasons.iter().map(|reason| reason.word());
                flows.exit_reasons.is_empty() || one_of(EXIT_REASON, Box::new(words))
            }
            Genesys::Actions(Actions { response_statuses, error_types, .. }) => {
                let status = value(RESPONSE_STATUS).and_then(|status| status.parse().ok());
                let is_status = |status: u16| response_statuses.iter().any(|meant| meant.matches(status));
                let words = error_types.iter().map(String::as_str);
                (response_statuses.is_empty() || status.is_some_and(is_status))
                    && (error_types.is_empty() || one_of(ERROR_TYPE, Box::new(words)))
            }
            Genesys::Conversations(_) => true,
        }
}

/// The events of a bucket. One without the metric, or the view, has none; one that has it without a count is not
/// believed.
fn of_bucket(bucket: &Bucket, wanted: &Genesys) -> Result<u64, Untrue> {
    let stats = match wanted {
        Genesys::Actions(Actions { within_ms: Some(limit), .. }) => {
            let name = view(*limit);
            bucket.views.iter().filter(|view| view.name == name).map(|view| view.stats).collect::<Vec<_>>()
        }
        Genesys::Flows(_) | Genesys::Actions(_) | Genesys::Conversations(_) => {
            let name = wanted.metric();
            bucket.metrics.iter().filter(|metric| metric.metric == name).map(|metric| metric.stats).collect()
        }
    };
    let mut sum = 0;
    for stats in stats {
        let count = stats.count.filter(|count| count.is_finite() && 0.0 <= *count).ok_or(Untrue::NoCount)?;
        sum += count.round() as u64;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(interval: &str, stats: &str) -> Vec<Group> {
        let metric = format!(r#"{{"metric": "tTotalExecution", "stats": {stats}}}"#);
        let data = format!(r#"[{{"interval": "{interval}", "metrics": [{metric}]}}]"#);
        serde_json::from_str(&format!(r#"[{{"group": {{"responseStatus": "503"}}, "data": {data}}}]"#)).unwrap()
    }

    fn of(answer: &[Group]) -> Result<BTreeMap<Minute, Result<u64, Untrue>>, String> {
        let groups = Groups::read(answer, Minute::new(9), Minutes::new(3))?;
        Ok(groups.of(&Genesys::Actions(Actions::default())))
    }

    const MINUTE: &str = "1970-01-01T00:04:00.000Z/1970-01-01T00:05:00.000Z";

    #[test]
    fn a_bucket_is_a_minute_or_the_answer_is_not_believed() {
        assert_eq!(of(&answer(MINUTE, r#"{"count": 3}"#)), Ok([(Minute::new(4), Ok(3))].into()));
        for odd in ["", "1970-01-01T00:04:00Z/1970-01-01T00:09:00Z", "1970-01-01T00:04:30Z/1970-01-01T00:05:30Z"] {
            assert!(of(&answer(odd, r#"{"count": 3}"#)).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_metric_without_a_count_is_not_zero() {
        for odd in ["{}", r#"{"count": -1}"#] {
            assert_eq!(of(&answer(MINUTE, odd)), Ok([(Minute::new(4), Err(Untrue::NoCount))].into()), "{odd}");
        }
    }

    #[test]
    fn a_minute_is_complete_once_something_later_was_seen_or_when_it_is_old() {
        let known_until = |answer: &[Group], until| {
            Groups::read(answer, Minute::new(until), Minutes::new(3)).unwrap().known_until().get()
        };
        let seen = answer(MINUTE, r#"{"count": 3}"#);
        assert_eq!([5, 6, 9].map(|until| known_until(&seen, until)), [4, 4, 6]);
        assert_eq!(known_until(&[], 9), 6);
    }
}
