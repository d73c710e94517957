//! Answers, counted and measured: how many with which status, and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use super::asked::Answer;

/// One question and its answer.
pub(super) struct Sample {
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

/// How long answers took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) p50: Duration,
    pub(super) p95: Duration,
    pub(super) max: Duration,
}

impl Sample {
    /// A status, or a word for why there is none.
    pub(super) fn word(&self) -> String {
        match &self.answer {
            Answer::Status(status) => status.to_string(),
            Answer::TimedOut => "timeout".to_owned(),
            Answer::Unreached => "unreached".to_owned(),
            Answer::Unknown(_) => "unknown".to_owned(),
        }
    }

    /// What came back was what a flow can use; `None` when nobody knows.
    pub(super) fn is_good(&self) -> Option<bool> {
        match self.answer {
            Answer::Status(status) => Some((200..300).contains(&status)),
            Answer::TimedOut | Answer::Unreached => Some(false),
            Answer::Unknown(_) => None,
        }
    }
}

/// How often each was seen, as one line.
pub(super) fn counted(samples: &[Sample]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for sample in samples {
        *counts.entry(sample.word()).or_default() += 1;
    }
    counts.iter().map(|(word, count)| format!("{word} ×{count}")).collect::<Vec<_>>().join(", ")
}

/// Of the answers that came; none when none did.
pub(super) fn latency(samples: &[Sample]) -> Option<Latency> {
    let known = samples.iter().filter(|sample| sample.is_good().is_some());
    let mut took: Vec<Duration> = known.map(|sample| sample.took).collect();
    took.sort();
    let max = *took.last()?;
    let rank = |percent: usize| took[(took.len() * percent).div_ceil(100).saturating_sub(1)];
    Some(Latency { p50: rank(50), p95: rank(95), max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(answer: Answer, ms: u64) -> Sample {
        Sample { answer, took: Duration::from_millis(ms) }
    }

    #[test]
    fn a_rank_is_an_answer_that_came() {
        let samples: Vec<Sample> = (1..=20).map(|ms| sample(Answer::Status(200), ms)).collect();
        let latency = latency(&samples).unwrap();
        assert_eq!((latency.p50.as_millis(), latency.p95.as_millis(), latency.max.as_millis()), (10, 19, 20));
        let one = [sample(Answer::Status(503), 7)];
        let alone = super::latency(&one).unwrap();
        assert_eq!(alone.p50, alone.max);
        assert_eq!(super::latency(&[]), None);
    }

    #[test]
    fn what_nobody_knows_is_not_measured() {
        let lost = genesys::Error::OutOfBudget(Duration::ZERO);
        let samples =
            [sample(Answer::Unknown(lost), 60_000), sample(Answer::Status(200), 5), sample(Answer::TimedOut, 9)];
        assert_eq!(latency(&samples).unwrap().max.as_millis(), 9);
        assert_eq!(counted(&samples), "200 ×1, timeout ×1, unknown ×1");
    }
}
