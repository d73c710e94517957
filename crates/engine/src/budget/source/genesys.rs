//! Aggregates of the platform as a source.
//!
//! All objectives are answered by as few questions as there can be: one for flows, one for Data Actions, one for each
//! way in which conversations are divided. A question asks for groups by the minute; parts and totals are added up here.
//!
//! - The platform does not say until when its aggregates are complete, usually within a minute. A minute is therefore
//!   told once something later was seen, or after [`GenesysCounts::TOLD_AFTER`]; then one without a bucket is empty,
//!   because somebody looked. It is asked for again for a quarter of an hour, and corrected.
//! - A family that fails, such as for a missing permission, is told at its objectives and asked for again from where it
//!   was last told. When the budget of requests is used up, or the platform refuses for a limit, nobody is asked.
//! - A long interval that the platform refuses for so short buckets is asked for in parts.

mod groups;
mod questions;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use budget::{Count, Minute, Minutes, Untrue};
use futures_util::future;
use genesys::analytics::{self, Group};
use genesys::{Client, Error};
use openslo::{Indicator, Numerator};

use super::arrears::Arrears;
use super::{Reading, Readings, SetupError, Source, SourceError};
use groups::Groups;
use questions::{Key, Question};

/// Minutes before the last one that are asked for again: events that the platform learns of late.
const CORRECTED_MINUTES: u32 = 15;
/// How long a question waits for its budget, or for what the platform asks; beyond that the source is asked later.
const PATIENCE: Duration = Duration::from_secs(5);
/// A question that takes longer has no answer, so that others are still heard.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(25);
/// An interval that is longer than this is halved when the platform refuses it.
const PART_MAX: Minutes = Minutes::hours(1);

/// The platform's aggregates as a source.
pub struct GenesysCounts {
    client: Client,
    objectives: Vec<Asked>,
    arrears: Arrears,
}

/// What is counted of an objective.
struct Asked {
    objective: usize,
    numerator: Numerator,
    part: openslo::genesys::Genesys,
    total: openslo::genesys::Genesys,
}

/// What the platform said to each question.
type Answers = BTreeMap<Key, Result<Groups, String>>;

impl GenesysCounts {
    /// So long after its end a minute in which nothing happened is told, when nothing later was seen either.
    pub const TOLD_AFTER: Minutes = Minutes::new(3);

    /// A source over one organisation, for objectives by their places in the policy.
    ///
    /// # Errors
    /// When an indicator asks somebody else, or is a threshold.
    pub fn new(client: &Client, objectives: Vec<(usize, Indicator)>) -> Result<Self, SetupError> {
        let objectives: Result<_, _> = objectives.into_iter().map(asked).collect();
        Ok(Self { client: client.with_patience(PATIENCE), objectives: objectives?, arrears: Arrears::default() })
    }

    async fn ask(&self, questions: BTreeMap<Key, Question>, until: Minute) -> Result<Answers, SourceError> {
        let ask = |(key, question): (Key, Question)| async move {
            let answer = tokio::time::timeout(QUESTION_TIME_MAX, groups(&self.client, &question, until)).await;
            let silence = || Failure::Question(format!("nothing came within {} s", QUESTION_TIME_MAX.as_secs()));
            (key, answer.unwrap_or_else(|_| Err(silence())))
        };
        let mut answers = BTreeMap::new();
        for (key, answer) in future::join_all(questions.into_iter().map(ask)).await {
            let answer = match answer {
                Ok(found) => Groups::read(&found, until, Self::TOLD_AFTER),
                Err(Failure::Question(why)) => Err(why),
                Err(Failure::Limit(wish)) => return Err(wish),
            };
            answers.insert(key, answer);
        }
        Ok(answers)
    }
}

#[async_trait]
impl Source for GenesysCounts {
    fn kind(&self) -> &'static str {
        "genesys"
    }

    fn objectives(&self) -> Vec<usize> {
        self.objectives.iter().map(|asked| asked.objective).collect()
    }

    fn corrects(&self) -> u32 {
        CORRECTED_MINUTES
    }

    async fn read(&self, from: Minute, until: Minute) -> Result<Readings, SourceError> {
        let firsts: Vec<_> =
            self.objectives.iter().map(|asked| self.arrears.first(asked.objective, from, until)).collect();
        let mut questions = BTreeMap::new();
        for (asked, first) in self.objectives.iter().zip(&firsts) {
            questions::add(&mut questions, &asked.total, *first);
            questions::add(&mut questions, &asked.part, *first);
        }
        let answers = self.ask(questions, until).await?;
        if let Some(why) = answers.values().find_map(|answer| answer.as_ref().err())
            && answers.values().all(Result::is_err)
        {
            return Err(SourceError::new(why.clone()));
        }
        let mut readings = Readings::default();
        for (asked, first) in self.objectives.iter().zip(firsts) {
            let answer = answers.get(&Key::of(&asked.total)).zip(answers.get(&Key::of(&asked.part)));
            let trouble = match answer {
                Some((Ok(total), Ok(part))) => count(asked, total, part, first..until, &mut readings.counts),
                Some((Err(why), _) | (_, Err(why))) => {
                    self.arrears.note(asked.objective, first, false);
                    readings.troubles.push((asked.objective, why.clone()));
                    continue;
                }
                None => None,
            };
            self.arrears.note(asked.objective, first, true);
            readings.troubles.extend(trouble.map(|why| (asked.objective, why)));
        }
        Ok(readings)
    }
}

fn asked((objective, indicator): (usize, Indicator)) -> Result<Asked, SetupError> {
    let Indicator::Ratio(ratio) = indicator else { return Err(SetupError::Threshold { objective }) };
    match (ratio.part.source, ratio.total.source) {
        (openslo::Source::Genesys(part), openslo::Source::Genesys(total)) => {
            Ok(Asked { objective, numerator: ratio.numerator, part, total })
        }
        (openslo::Source::Genesys(_), other) | (other, _) => Err(SetupError::Foreign { objective, word: other.word() }),
    }
}

/// Why a question has no answer.
enum Failure {
    /// This one has none; others may.
    Question(String),
    /// Nothing is to be asked for a while.
    Limit(SourceError),
}

/// The groups of a question; in halves, and halves of them, when the platform refuses the whole.
async fn groups(client: &Client, question: &Question, until: Minute) -> Result<Vec<Group>, Failure> {
    let (mut left, mut found) = (vec![question.first..until], Vec::new());
    while let Some(part) = left.pop() {
        let query = question.query(&part);
        match analytics::aggregate(client, question.family, &query).await {
            Ok(groups) => found.extend(groups),
            Err(error) if error.status() == Some(400) && PART_MAX < part.end.since(part.start) => {
                let middle = part.start + Minutes::new(part.end.since(part.start).get() / 2);
                left.extend([part.start..middle, middle..part.end]);
            }
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(found)
}

fn failure(error: Error) -> Failure {
    let is_limit = error.status() == Some(429);
    let silence = SourceError::from(error);
    if is_limit || silence.retry_after.is_some() { Failure::Limit(silence) } else { Failure::Question(silence.why) }
}

/// Counts an objective's minutes; the first trouble on the way.
fn count(
    asked: &Asked,
    total: &Groups,
    part: &Groups,
    minutes: Range<Minute>,
    counts: &mut Vec<Reading>,
) -> Option<String> {
    let mut trouble = None;
    let known_until = total.known_until().min(part.known_until()).min(minutes.end);
    let (total, part) = (total.of(&asked.total), part.of(&asked.part));
    for minute in (minutes.start.get()..known_until.get()).map(Minute::new) {
        let at = |events: &BTreeMap<Minute, Result<u64, Untrue>>| events.get(&minute).copied().unwrap_or(Ok(0));
        let count = at(&total).and_then(|total| match asked.numerator {
            Numerator::Good => Count::good(at(&part)?, total),
            Numerator::Bad => Count::bad(at(&part)?, total),
        });
        match count {
            Ok(count) => counts.push(Reading { objective: asked.objective, minute, count }),
            Err(untrue) => {
                trouble.get_or_insert_with(|| format!("{untrue}, first at {minute}"));
            }
        }
    }
    trouble
}
