//! As few questions as there can be, for all that objectives count.
//!
//! An execution of a Data Action has one status, and a flow one way to end, so groups of these families add up to their
//! totals: one question is enough for a family. A conversation may be in several queues, and groups by queue would
//! count it several times; so conversations are asked for by those dimensions alone that a condition names.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use budget::Minute;
use genesys::analytics::{Family, Interval, Query};
use openslo::genesys::Genesys;

/// The most values of a dimension that a question is narrowed to; beyond that all are asked for.
const VALUES_MAX: usize = 50;

/// What can be asked for together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Flows,
    Actions,
    Conversations(Vec<&'static str>),
}

/// A question for buckets of a minute.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) family: Family,
    /// The first minute that somebody wants.
    pub(super) first: Minute,
    dimensions: BTreeSet<&'static str>,
    metrics: BTreeSet<&'static str>,
    limits_ms: BTreeSet<u32>,
    /// The values that are wanted of a dimension, where everybody names some.
    only: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Key {
    pub(super) fn of(wanted: &Genesys) -> Self {
        match wanted {
            Genesys::Flows(_) => Self::Flows,
            Genesys::Actions(_) => Self::Actions,
            Genesys::Conversations(_) => Self::Conversations(ids(wanted).into_keys().collect()),
        }
    }
}

/// Adds what is wanted, from a minute on, to the questions.
pub(super) fn add(questions: &mut BTreeMap<Key, Question>, wanted: &Genesys, first: Minute) {
    let family = match wanted {
        Genesys::Flows(_) => Family::Flows,
        Genesys::Actions(_) => Family::Actions,
        Genesys::Conversations(_) => Family::Conversations,
    };
    let question = questions.entry(Key::of(wanted)).or_insert_with(|| Question {
        family,
        first,
        dimensions: BTreeSet::new(),
        metrics: BTreeSet::new(),
        limits_ms: BTreeSet::new(),
        only: ids(wanted).into_keys().map(|dimension| (dimension, BTreeSet::new())).collect(),
    });
    question.first = question.first.min(first);
    question.metrics.insert(wanted.metric());
    question.dimensions.extend(ids(wanted).into_keys());
    match wanted {
        Genesys::Flows(flows) if !flows.exit_reasons.is_empty() => {
            question.dimensions.insert(EXIT_REASON);
        }
        Genesys::Actions(actions) => {
            question.dimensions.extend((!actions.response_statuses.is_empty()).then_some(RESPONSE_STATUS));
            question.dimensions.extend((!actions.error_types.is_empty()).then_some(ERROR_TYPE));
            question.limits_ms.extend(actions.within_ms);
        }
        Genesys::Flows(_) | Genesys::Conversations(_) => {}
    }
    question.narrow(wanted);
}

impl Question {
    /// Stays narrowed to those dimensions for which everybody so far has named a value.
    fn narrow(&mut self, wanted: &Genesys) {
        let ids = ids(wanted);
        self.only.retain(|dimension, values| {
            values.extend(ids.get(dimension).map(|value| (*value).to_owned()));
            ids.contains_key(dimension) && values.len() <= VALUES_MAX
        });
    }

    /// As the platform is asked, for some of the minutes.
    pub(super) fn query(&self, minutes: &Range<Minute>) -> Query {
        let interval = Interval { from: minutes.start.start(), until: minutes.end.start() };
        let metrics: Vec<_> = self.metrics.iter().copied().collect();
        let dimensions: Vec<_> = self.dimensions.iter().copied().collect();
        let only = self.only.iter();
        let within = |limit: &u32| (EXECUTION.to_owned(), view(*limit), None, Some(u64::from(*limit)));
        let mut query = Query::new(interval, &metrics).by(&dimensions).each("PT1M");
        query.only =
            only.map(|(dimension, values)| ((*dimension).to_owned(), values.iter().cloned().collect())).collect();
        query.ranges = self.limits_ms.iter().map(within).collect();
        query
    }
}

pub(super) const FLOW_ID: &str = "flowId";
pub(super) const FLOW_VERSION: &str = "flowVersion";
pub(super) const EXIT_REASON: &str = "exitReason";
pub(super) const ACTION_ID: &str = "actionId";
pub(super) const INTEGRATION_ID: &str = "integrationId";
pub(super) const RESPONSE_STATUS: &str = "responseStatus";
pub(super) const ERROR_TYPE: &str = "errorType";
pub(super) const QUEUE_ID: &str = "queueId";
pub(super) const MEDIA_TYPE: &str = "mediaType";
pub(super) const DIRECTION: &str = "direction";
/// The timer of Data Actions.
const EXECUTION: &str = "tTotalExecution";

/// The name of a count of executions that took less than so many milliseconds.
pub(super) fn view(limit_ms: u32) -> String {
    format!("within {limit_ms} ms")
}

/// The dimensions that must have one value.
pub(super) fn ids(wanted: &Genesys) -> BTreeMap<&'static str, &str> {
    let named = match wanted {
        Genesys::Flows(flows) => vec![(FLOW_ID, &flows.flow), (FLOW_VERSION, &flows.version)],
        Genesys::Actions(actions) => vec![(ACTION_ID, &actions.action), (INTEGRATION_ID, &actions.integration)],
        Genesys::Conversations(conversations) => vec![
            (QUEUE_ID, &conversations.queue),
            (MEDIA_TYPE, &conversations.media),
            (DIRECTION, &conversations.direction),
        ],
    };
    named.into_iter().filter_map(|(dimension, value)| Some((dimension, value.as_deref()?))).collect()
}

#[cfg(test)]
mod tests {
    use openslo::genesys::{ConversationCount, Conversations, ExitReason, FlowCount, Flows};

    use super::*;

    fn flows(flow: Option<&str>, version: Option<&str>, exit_reasons: &[ExitReason]) -> Genesys {
        let (flow, version) = (flow.map(str::to_owned), version.map(str::to_owned));
        Genesys::Flows(Flows { flow, version, count: FlowCount::Ended, exit_reasons: exit_reasons.to_vec() })
    }

    fn conversations(queue: Option<&str>) -> Genesys {
        let queue = queue.map(str::to_owned);
        Genesys::Conversations(Conversations { queue, media: None, direction: None, count: ConversationCount::All })
    }

    fn questions(wanted: &[Genesys]) -> Vec<Query> {
        let mut questions = BTreeMap::new();
        for (minute, wanted) in wanted.iter().enumerate() {
            add(&mut questions, wanted, Minute::new(10 - minute as i64));
        }
        questions.into_values().map(|question| question.query(&(question.first..Minute::new(12)))).collect()
    }

    #[test]
    fn a_family_is_one_question_that_is_as_narrow_as_all_allow() {
        let only = |values: &[&str]| vec![(FLOW_ID.to_owned(), values.iter().map(ToString::to_string).collect())];
        let wanted = [flows(Some("a"), Some("1.0"), &[ExitReason::FlowErrorExit]), flows(Some("b"), None, &[])];
        let [query] = &questions(&wanted)[..] else { panic!("one question") };
        assert_eq!(query.only, only(&["a", "b"]));
        assert_eq!(query.group_by, [EXIT_REASON, FLOW_ID, FLOW_VERSION]);
        assert_eq!(query.interval.text(), "1970-01-01T00:09:00.000Z/1970-01-01T00:12:00.000Z");
        let [query] = &questions(&[flows(Some("a"), None, &[]), flows(None, None, &[])])[..] else { panic!() };
        assert_eq!((query.only.len(), query.group_by.len()), (0, 1));
        let many: Vec<_> = (0..=VALUES_MAX).map(|flow| flows(Some(&flow.to_string()), None, &[])).collect();
        assert_eq!(questions(&many)[0].only, []);
    }

    #[test]
    fn conversations_are_divided_only_as_a_condition_divides_them() {
        let found = questions(&[conversations(Some("a")), conversations(None), conversations(Some("b"))]);
        assert_eq!(found.iter().map(|query| query.group_by.len()).collect::<Vec<_>>(), [0, 1]);
    }
}
