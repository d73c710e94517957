//! What can be measured in a drill. A name that is not here is a mistake in the file, and not a silent nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::amount::Amount;
use crate::subject::{Kind, Subject};
use crate::unfit::Unfit;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 100;

/// A name of a metric as it is written: words with points between them. Whether there is one is another question,
/// which [`resolve`] answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) const fn is_of_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.')
}

impl FromStr for Name {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(is_of_name);
        if text.len() <= NAME_BYTES_MAX && text.split('.').all(is_word) {
            return Ok(Self(text.to_owned()));
        }
        let fix =
            "write small letters, digits, `_` and `-`, with points between the words, such as `calls.answer_ratio`";
        Err(Unfit::new(format!("`{}` is no name of a metric", shortened(text)), fix))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that fits into a message.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many samples become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// All that is good, or bad, of all that was counted.
    Share,
    /// A level: the newest sample speaks.
    Level,
    /// How many there were: samples add up.
    Count,
    /// The smallest value that so many per cent of the values do not exceed; 100 is the largest value.
    Percentile(u32),
    /// All values, of which a comparison takes a percentile.
    Values,
}

/// When a metric has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// While the drill runs.
    Live,
    /// When it has run: only a verdict may ask for it.
    Afterwards,
}

/// Whose metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the whole drill: its name begins with one of [`RESERVED`].
    Drill,
    /// Of a subject of this kind: its name begins with the subject's.
    Subject(Kind),
}

/// A metric that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; without the subject's.
    pub name: &'static str,
    /// Whose it is.
    pub whose: Whose,
    /// How samples become one number.
    pub measure: Measure,
    /// When it has a value.
    pub when: When,
    /// Its unit: `1` for shares, else `ms`, `s`, or what is counted.
    pub unit: &'static str,
    /// What it tells.
    pub about: &'static str,
}

/// First words that are no subjects.
pub const RESERVED: [&str; 8] = ["calls", "api", "rto_s", "rpo_s", "markers", "restore", "page", "fault"];

const fn live(name: &'static str, measure: Measure, unit: &'static str, about: &'static str) -> Entry {
    Entry { name, whose: Whose::Drill, measure, when: When::Live, unit, about }
}

const fn result(name: &'static str, unit: &'static str, about: &'static str) -> Entry {
    Entry { name, whose: Whose::Drill, measure: Measure::Level, when: When::Afterwards, unit, about }
}

const fn of(kind: Kind, name: &'static str, measure: Measure, unit: &'static str, about: &'static str) -> Entry {
    Entry { name, whose: Whose::Subject(kind), measure, when: When::Live, unit, about }
}

/// Everything that can be asked for.
pub static METRICS: [Entry; 43] = [
    live("calls.answer_ratio", Measure::Share, "1", "calls that were answered, of all that ended"),
    live("calls.failed_ratio", Measure::Share, "1", "calls that failed, of all that ended"),
    live("calls.pdd_ms", Measure::Values, "ms", "from the INVITE to the first sound of ringing"),
    live("calls.setup_ms", Measure::Values, "ms", "from the INVITE to the answer"),
    live("calls.audio_ratio", Measure::Share, "1", "calls whose sound came through, of all that were answered"),
    live("calls.live", Measure::Level, "calls", "calls of the drill that stand now"),
    live("calls.duplicates", Measure::Count, "calls", "calls that arrived twice"),
    live("calls.endless_ring", Measure::Count, "calls", "calls that rang until the caller gave up"),
    live("calls.wrong_queue", Measure::Count, "calls", "calls that came to another queue than they should"),
    live("calls.dead_air_s", Measure::Values, "s", "silence that one caller heard"),
    live("api.headroom_ratio", Measure::Level, "1", "requests to the platform that are still allowed this minute"),
    result("calls.lost_in_window", "calls", "calls lost while failing over was tolerated"),
    result("calls.slow_failover", "calls", "calls that failed after that, and before the latest moment"),
    result("calls.lost_after_window", "calls", "calls lost when it should have been over"),
    result("calls.dropped", "calls", "calls that stood when the fault began, and broke"),
    result("calls.survived", "calls", "calls that stood when the fault began, and went on"),
    result("rto_s.lower", "s", "time to recover, at least"),
    result("rto_s.upper", "s", "time to recover, at most"),
    result("rpo_s", "s", "age of what was lost"),
    result("markers.lost", "markers", "acknowledged markers that the backup does not have"),
    result("restore.seconds", "s", "until every fault was verified as undone"),
    result("page.delay_s", "s", "from the fault to the page"),
    result("fault.detected_s", "s", "from the fault to its detection"),
    of(Kind::SipTrunk, "invites", Measure::Count, "calls", "calls that were offered to it"),
    of(Kind::SipTrunk, "retransmits", Measure::Count, "messages", "messages that were sent again"),
    of(Kind::SipTrunk, "route_changes", Measure::Count, "changes", "how often calls left it or came back to it"),
    of(Kind::SipTrunk, "up", Measure::Level, "1", "1 while its own probes find it alive"),
    of(Kind::Queue, "asa_s", Measure::Values, "s", "how long callers waited for an agent"),
    of(Kind::Queue, "service_level", Measure::Share, "1", "callers that an agent took in time"),
    of(Kind::Queue, "live_customers", Measure::Level, "callers", "callers in it that are no part of the drill"),
    of(Kind::Queue, "waiting", Measure::Level, "callers", "callers in it"),
    of(Kind::Queue, "agents", Measure::Level, "agents", "agents that take calls of it"),
    of(Kind::Flow, "fallback_ratio", Measure::Share, "1", "callers for whom the flow went without an answer"),
    of(Kind::Flow, "callers", Measure::Level, "callers", "callers in it"),
    of(Kind::Upstream, "requests", Measure::Count, "requests", "requests that reached it"),
    of(Kind::Upstream, "error_ratio", Measure::Share, "1", "answers with an error"),
    of(Kind::Upstream, "latency_ms", Measure::Values, "ms", "how long its answers take"),
    of(Kind::Upstream, "attempts", Measure::Values, "requests", "requests for one caller"),
    of(Kind::Upstream, "retry_peak", Measure::Level, "1", "retries at their peak, by their mean"),
    of(Kind::Upstream, "circuit_open", Measure::Level, "1", "1 while its circuit is open"),
    of(Kind::Oauth, "requests", Measure::Count, "requests", "tokens that were asked for"),
    of(Kind::Oauth, "refused", Measure::Count, "requests", "tokens that were not given"),
    of(Kind::Campaign, "dialled", Measure::Count, "calls", "calls that it began"),
];

/// Percentiles by their names.
const PERCENTILES: [(&str, u32); 5] = [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)];

/// A metric that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What the catalogue says of it.
    pub entry: &'static Entry,
    /// How its samples become one number.
    pub measure: Measure,
}

impl Metric {
    /// True when its unit is that of a share: nothing below 0 is ever seen.
    pub fn is_share(&self) -> bool {
        self.measure == Measure::Share || self.entry.name == "api.headroom_ratio"
    }

    /// True when comparing with `bound` can come out both ways.
    pub fn can_reach(&self, bound: Amount) -> bool {
        Amount::ZERO <= bound && (!self.is_share() || bound <= Amount::ONE)
    }
}

/// Finds the metric behind a name.
///
/// # Errors
/// There is no such subject, it has no such metric, or a percentile is missing or does not fit.
pub fn resolve(name: &Name, subjects: &BTreeMap<String, Subject>) -> Result<Metric, Unfit> {
    let first = name.as_str().split('.').next().unwrap_or_default();
    let (whose, rest) = if RESERVED.contains(&first) {
        (Whose::Drill, name.as_str())
    } else if let Some(subject) = subjects.get(first) {
        (Whose::Subject(subject.kind), name.as_str().split_once('.').map_or("", |(_, rest)| rest))
    } else {
        let known = subjects.keys().map(String::as_str).chain(RESERVED);
        let fix = format!("a metric begins with a subject or with what belongs to the drill: {}", list(known));
        return Err(Unfit::new(format!("there is no subject `{first}` for `{name}`"), fix));
    };
    let of_them = || METRICS.iter().filter(move |entry| entry.whose == whose);
    if let Some(entry) = of_them().find(|entry| entry.name == rest) {
        return Ok(Metric { entry, measure: entry.measure });
    }
    let (values, suffix) = rest.rsplit_once('.').unwrap_or((rest, ""));
    let percentile = PERCENTILES.iter().find(|(word, _)| *word == suffix);
    match (of_them().find(|entry| entry.name == values), percentile) {
        (Some(entry), Some((_, percent))) if entry.measure == Measure::Values => {
            Ok(Metric { entry, measure: Measure::Percentile(*percent) })
        }
        (Some(entry), _) if entry.measure == Measure::Values => {
            let words = list(PERCENTILES.iter().map(|(word, _)| *word));
            Err(Unfit::new(format!("`{name}` names no percentile"), format!("end it with one of {words}")))
        }
        _ => {
            let prefix = if matches!(whose, Whose::Subject(_)) { format!("{first}.") } else { String::new() };
            let known: Vec<String> = of_them()
                .filter(|entry| !prefix.is_empty() || entry.name.split('.').next() == Some(first))
                .map(|entry| format!("{prefix}{}", entry.name))
                .collect();
            let fix = match known.is_empty() {
                true => format!("nothing is measured of `{first}`"),
                false => format!("there are {}", list(known.iter().map(String::as_str))),
            };
            Err(Unfit::new(format!("there is no metric `{name}`"), fix))
        }
    }
}

pub(crate) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects() -> BTreeMap<String, Subject> {
        let subject = |kind| Subject { kind, reference: "x".to_owned(), ties: BTreeMap::new() };
        BTreeMap::from([("queue".to_owned(), subject(Kind::Queue)), ("ann".to_owned(), subject(Kind::Person))])
    }

    fn resolved(text: &str) -> Result<Measure, String> {
        let name: Name = text.parse().map_err(|unfit: Unfit| unfit.what)?;
        resolve(&name, &subjects()).map(|metric| metric.measure).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn a_name_is_a_subjects_metric_or_one_of_the_drill() {
        assert_eq!(resolved("calls.answer_ratio"), Ok(Measure::Share));
        assert_eq!(resolved("calls.pdd_ms.p95"), Ok(Measure::Percentile(95)));
        assert_eq!(resolved("calls.pdd_ms"), Ok(Measure::Values));
        assert_eq!(resolved("queue.live_customers"), Ok(Measure::Level));
        insta::assert_snapshot!(
            [
                "queue.asa",
                "crm.requests",
                "calls.answered",
                "calls.pdd_ms.p97",
                "queue.waiting.p95",
                "ann.asa_s",
                "Calls",
                "a..b"
            ]
            .map(|text| format!("{text}: {:?}", resolved(text)))
            .join("\n")
        );
    }

    #[test]
    fn no_metric_stands_in_the_catalogue_twice_and_those_of_the_drill_begin_with_a_reserved_word() {
        for (index, entry) in METRICS.iter().enumerate() {
            assert!(METRICS[index + 1..].iter().all(|other| (other.name, other.whose) != (entry.name, entry.whose)));
            let first = entry.name.split('.').next().unwrap();
            assert_eq!(entry.whose == Whose::Drill, RESERVED.contains(&first), "{}", entry.name);
        }
    }
}
