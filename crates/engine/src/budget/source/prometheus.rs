//! Expressions of a Prometheus, or of whatever speaks its HTTP API, as a source.
//!
//! Each expression is asked for once a minute with `query_range`, however many objectives share it, and after a pause of
//! up to six hours in one request. What a minute's samples mean is decided in [`counting`].
//!
//! - A minute whose samples cannot be believed is missing, and told; so are all minutes of an objective whose expression
//!   fails. The other objectives get their counts; one that failed is asked for again from where it was last told.
//! - A server that answers 429 or 503 is left alone with all expressions.
//! - Prometheus answers with the last sample of up to five minutes ago unless it knows that the series has ended. So
//!   where samples arrive late by remote write, a minute may look quiet at first; it is corrected afterwards.

mod ask;
mod counting;

use std::collections::BTreeMap;

use async_trait::async_trait;
use budget::{Count, Minute, Minutes, Untrue};
use futures_util::{StreamExt as _, stream};
use openslo::{Indicator, Ratio, Threshold};
use secrecy::SecretString;

use super::arrears::Arrears;
use super::{Reading, Readings, SetupError, Source, SourceError};
use ask::{Failure, Question, Server};
use counting::Series;

/// Samples by remote write are usually there within a minute; a scrape that was under way belongs to the minute too.
const CORRECTED_MINUTES: u32 = 2;
/// Expressions that are asked for at the same time.
const QUERIES_AT_ONCE: usize = 8;

/// One Prometheus as a source.
pub struct PrometheusCounts {
    server: Server,
    objectives: Vec<(usize, Indicator)>,
    arrears: Arrears,
}

/// What the server said to each expression.
type Answers = BTreeMap<String, Result<Vec<Series>, String>>;

impl PrometheusCounts {
    /// A source over the Prometheus at a base URL without `/api/v1`, asked with a bearer token where there is one: for
    /// objectives by their places in the policy.
    ///
    /// # Errors
    /// When the address is none, an indicator asks somebody else, or HTTP cannot be set up.
    pub fn new(
        url: &str,
        token: Option<SecretString>,
        objectives: Vec<(usize, Indicator)>,
    ) -> Result<Self, SetupError> {
        let url = url.trim_end_matches('/');
        for (objective, indicator) in &objectives {
            for (_, query) in queries_of(indicator) {
                match &query.source {
                    openslo::Source::Prometheus(asked) if asked.url.trim_end_matches('/') == url => {}
                    other => return Err(SetupError::Foreign { objective: *objective, word: other.word() }),
                }
            }
        }
        Ok(Self { server: Server::new(url, token)?, objectives, arrears: Arrears::default() })
    }

    async fn ask(&self, questions: Vec<Question>) -> Result<Answers, SourceError> {
        let ask = |question: Question| {
            let server = self.server.clone();
            async move { (server.ask(&question).await, question.promql) }
        };
        let mut asking = stream::iter(questions.into_iter().map(ask)).buffer_unordered(QUERIES_AT_ONCE);
        let mut answers = BTreeMap::new();
        while let Some((answer, promql)) = asking.next().await {
            let answer = match answer {
                Ok(series) => Ok(series),
                Err(Failure::Query(why)) => Err(why),
                Err(Failure::Server(wish)) => return Err(wish),
            };
            answers.insert(promql, answer);
        }
        Ok(answers)
    }
}

#[async_trait]
impl Source for PrometheusCounts {
    fn kind(&self) -> &'static str {
        "prometheus"
    }

    fn objectives(&self) -> Vec<usize> {
        self.objectives.iter().map(|(objective, _)| *objective).collect()
    }

    fn corrects(&self) -> u32 {
        CORRECTED_MINUTES
    }

    async fn read(&self, from: Minute, until: Minute) -> Result<Readings, SourceError> {
        let first = |objective: usize| self.arrears.first(objective, from, until);
        let asked: Vec<_> =
            self.objectives.iter().map(|(objective, indicator)| (*objective, indicator, first(*objective))).collect();
        let answers = self.ask(questions(&asked, until)).await?;
        let failed: Vec<_> = asked.iter().map(|(_, indicator, _)| failure(indicator, &answers)).collect();
        if let Some(Some(why)) = failed.first()
            && failed.iter().all(Option::is_some)
        {
            return Err(SourceError::new(why.clone()));
        }
        let mut readings = Readings::default();
        for ((objective, indicator, first), failed) in asked.into_iter().zip(failed) {
            self.arrears.note(objective, first, failed.is_none());
            let trouble = match failed {
                Some(why) => Some(why),
                None => count(objective, indicator, &answers, first..until, &mut readings.counts),
            };
            readings.troubles.extend(trouble.map(|why| (objective, why)));
        }
        Ok(readings)
    }
}

/// Each expression once, for all minutes that somebody wants of it.
fn questions(asked: &[(usize, &Indicator, Minute)], until: Minute) -> Vec<Question> {
    let mut firsts: BTreeMap<&str, Minute> = BTreeMap::new();
    for (_, indicator, from) in asked {
        let is_counter = matches!(indicator, Indicator::Ratio(Ratio { counter: true, .. }));
        // A difference needs the value at the minute's beginning too.
        let first = if is_counter { *from } else { *from + Minutes::new(1) };
        for (_, query) in queries_of(indicator) {
            firsts.entry(promql(query)).and_modify(|known| *known = first.min(*known)).or_insert(first);
        }
    }
    let question = |(promql, first): (&str, Minute)| Question { promql: promql.to_owned(), first, last: until };
    firsts.into_iter().map(question).collect()
}

/// Why an indicator cannot be counted at all.
fn failure(indicator: &Indicator, answers: &Answers) -> Option<String> {
    queries_of(indicator).into_iter().find_map(|(name, query)| {
        let why = answers.get(promql(query))?.as_ref().err()?;
        Some(format!("{name}: {why}"))
    })
}

/// Counts an objective's minutes; the first trouble on the way.
fn count(
    objective: usize,
    indicator: &Indicator,
    answers: &Answers,
    minutes: std::ops::Range<Minute>,
    counts: &mut Vec<Reading>,
) -> Option<String> {
    let found = |query| answers.get(promql(query)).and_then(|answer| answer.as_deref().ok()).unwrap_or_default();
    let (main, words) = match indicator {
        Indicator::Ratio(ratio) => (found(&ratio.total), "total: it finds no series"),
        Indicator::Threshold(threshold) => (found(&threshold.metric), "thresholdMetric: it finds no series"),
    };
    let mut trouble = main.is_empty().then(|| words.to_owned());
    for minute in (minutes.start.get()..minutes.end.get()).map(Minute::new) {
        let count = match indicator {
            Indicator::Ratio(ratio) => ratio_of(ratio, main, found(&ratio.part), minute),
            Indicator::Threshold(Threshold { op, value, .. }) => {
                counting::threshold(counting::number(main, minute), |number| op.holds(number, *value))
            }
        };
        match count {
            Ok(Some(count)) => counts.push(Reading { objective, minute, count }),
            Ok(None) => {}
            Err(untrue) => {
                trouble.get_or_insert_with(|| format!("{untrue}, first at {minute}"));
            }
        }
    }
    trouble
}

fn ratio_of(ratio: &Ratio, total: &[Series], part: &[Series], minute: Minute) -> Result<Option<Count>, Untrue> {
    if ratio.counter {
        let total = counting::of_total_counters(total, minute);
        counting::ratio(ratio.numerator, total, || counting::of_part_counters(part, minute))
    } else {
        let total = counting::of_last_minute(total, minute);
        // The first event makes the series of the part.
        let part = || counting::of_last_minute(part, minute).map(|sum| sum.or(Some(0.0)));
        counting::ratio(ratio.numerator, total, part)
    }
}

/// The queries of an indicator, as its file names them.
fn queries_of(indicator: &Indicator) -> Vec<(&'static str, &openslo::Query)> {
    match indicator {
        Indicator::Ratio(ratio) => vec![("total", &ratio.total), (ratio.numerator.word(), &ratio.part)],
        Indicator::Threshold(threshold) => vec![("thresholdMetric", &threshold.metric)],
    }
}

/// The expression of a query, which is one: the source was set up with no other.
fn promql(query: &openslo::Query) -> &str {
    match &query.source {
        openslo::Source::Prometheus(asked) => &asked.query,
        openslo::Source::Gateway(_) | openslo::Source::Genesys(_) | openslo::Source::Push => "",
    }
}
