//! Short forms and words of experiments, by the names that the schema has for them.

use std::str::FromStr;

use drill::{Pattern, Unfit};

use super::read::{Form, Words};

macro_rules! forms {
    ($($type:ty, $name:literal, $about:literal;)*) => {
        $(impl Form for $type {
            const NAME: &'static str = $name;
            const ABOUT: &'static str = $about;
        })*
    };
}

forms! {
    drill::HostPort, "HostPort", "A host and its port: crm.example:443.";
    Pattern, "NumberPattern", "A full number, +15550100100, or at least 7 digits and a star: +1555010*.";
    drill::Rate, "Rate", "How often: 2/s, 30/m, 100/h.";
    drill::Weekly, "Weekly", "Days and minutes in UTC: Mon-Thu 09:00-16:00Z.";
    drill::Name, "MetricName", "A metric: calls.answer_ratio, calls.pdd_ms.p95, queue.waiting.";
    drill::Comparison, "Comparison", "A sign and a number: >= 0.99, < 5, == 0.";
    drill::Condition, "Condition", "A metric, a window and a comparison: calls.failed_ratio[10s] > 0.5.";
    Forbidden, "ForbiddenNumber", "A pattern of numbers, or `emergency`.";
    Event, "FaultEvent", "The moment at which a fault has its effect: fault.NAME.applied.";
    StoreName, "StoreName", "A subject and its store: primary.kv.";
}

macro_rules! words {
    ($($type:ty, $name:literal;)*) => {
        $(impl Words for $type {
            const NAME: &'static str = $name;

            fn all() -> Vec<(&'static str, Self)> {
                Self::ALL.into_iter().map(|value| (value.word(), value)).collect()
            }
        })*
    };
}

words! {
    drill::Environment, "Environment";
    drill::Kind, "SubjectType";
    drill::Tie, "Tie";
    drill::Deny, "Deny";
    drill::Arrivals, "Arrivals";
    drill::Audio, "Audio";
    drill::OnNoData, "OnNoData";
    drill::Severity, "Severity";
    Version, "ApiVersion";
    Experiment, "ExperimentKind";
    Situation, "SituationKind";
}

impl Words for &'static drill::Verb {
    const NAME: &'static str = "Verb";

    fn all() -> Vec<(&'static str, Self)> {
        drill::VERBS.iter().map(|verb| (verb.name, verb)).collect()
    }
}

macro_rules! only {
    ($($(#[$doc:meta])* $type:ident $word:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub(crate) struct $type;

            impl $type {
                const ALL: [Self; 1] = [Self];

                const fn word(self) -> &'static str {
                    $word
                }
            }
        )*
    };
}

only! {
    /// The one version that there is.
    Version "steadyline/v1";
    /// A file that holds an experiment.
    Experiment "Experiment";
    /// A file that holds a situation.
    Situation "Situation";
}

/// A pattern of numbers, or all emergency numbers.
#[derive(Debug)]
pub(crate) enum Forbidden {
    /// Forbidden already.
    Emergency,
    /// These.
    Numbers(Pattern),
}

impl FromStr for Forbidden {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        if text == "emergency" { Ok(Self::Emergency) } else { text.parse().map(Self::Numbers) }
    }
}

/// The moment at which a fault has its effect, by the fault's name.
#[derive(Debug, Default)]
pub(crate) struct Event(pub(crate) String);

impl FromStr for Event {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let name = text.strip_prefix("fault.").and_then(|rest| rest.strip_suffix(".applied"));
        name.filter(|name| !name.is_empty()).map(|name| Self(name.to_owned())).ok_or_else(|| Unfit {
            what: format!("`{text}` is no moment that time can count from"),
            fix: "write `fault.NAME.applied`".to_owned(),
        })
    }
}

/// A subject and its store.
#[derive(Debug, Default)]
pub(crate) struct StoreName(pub(crate) drill::Store);

impl FromStr for StoreName {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let parts = text.split_once('.').filter(|(subject, name)| !subject.is_empty() && !name.is_empty());
        let store = |(subject, name): (&str, &str)| drill::Store { subject: subject.to_owned(), name: name.to_owned() };
        parts.map(store).map(Self).ok_or_else(|| Unfit {
            what: format!("`{text}` names no store"),
            fix: "name a subject and its store, such as `primary.kv`".to_owned(),
        })
    }
}
