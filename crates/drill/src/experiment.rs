//! An experiment: what is believed, what is broken to see whether it is true, and what must not happen meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::expr::{Comparison, Condition};
use crate::guard::Guard;
use crate::metric::Name;
use crate::mistakes::{self, Mistake};
use crate::subject::Subject;
use crate::time::Rate;
use crate::verbs::{Form, Value, Verb, With};

/// Lists of an experiment are no longer than this, each.
pub const ITEMS_MAX: usize = 200;
/// A run with everything in it takes no longer.
pub const RUN_MAX: Duration = Duration::from_hours(48);

/// Where it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Stand-ins that are built for the run; nobody's calls go through them.
    #[default]
    Lab,
    /// An organisation without customers.
    Staging,
    /// An organisation with customers.
    Production,
}

impl Environment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lab, Self::Staging, Self::Production];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Who, what, why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its id.
    pub id: String,
    /// What it is about, in a line.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// What it comes from: sections of guides, incidents.
    pub guide: Vec<String>,
    /// All that is left to chance comes from this.
    pub seed: u64,
}

/// How new calls come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrivals {
    /// At their rate, whatever becomes of those before: as callers do.
    #[default]
    Open,
    /// At their rate at most, and none while as many stand as may.
    Closed,
}

impl Arrivals {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What is listened for in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audio {
    /// A tone of 1,004 Hz.
    Tone1004,
    /// Any sound.
    Any,
    /// No sound.
    Silence,
}

impl Audio {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tone1004, Self::Any, Self::Silence];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tone1004 => "tone-1004",
            Self::Any => "any",
            Self::Silence => "silence",
        }
    }
}

/// How a good call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The final answer to its INVITE.
    pub final_code: Option<u16>,
    /// What is heard.
    pub audio: Option<Audio>,
}

/// Calls of the drill itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The trunk that they come in by, as a subject.
    pub via: String,
    /// Where they go, as it would be dialled.
    pub to: String,
    /// The number that they show; one that the guard allows when nothing is said.
    pub from: Option<String>,
    /// How often.
    pub rate: Rate,
    /// How long each is held.
    pub hold: Duration,
    /// How they come.
    pub model: Arrivals,
    /// How a good one ends.
    pub expect: Expected,
}

/// Something that must be so in a steady state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// What it looks at.
    pub metric: Name,
    /// Over how long.
    pub window: Duration,
    /// With fewer samples it is not so.
    pub min_samples: u32,
    /// What must be so.
    pub is: Comparison,
}

/// What is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SteadyState {
    /// All of it must be so.
    pub probes: Vec<Probe>,
    /// Without a break for so long before anything is broken; otherwise nothing is.
    pub before_hold: Duration,
    /// And again so long after every undo was verified,
    pub after_within: Duration,
    /// without a break for so long.
    pub after_hold: Duration,
}

/// What is measured first, to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Metrics.
    pub capture: Vec<Name>,
    /// For how long.
    pub length: Duration,
}

/// Something that is broken on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// The subject.
    pub on: String,
    /// What is done to it.
    pub verb: &'static Verb,
    /// How.
    pub with: With,
    /// When, from the moment at which the first may begin.
    pub at: Duration,
    /// For how long.
    pub length: Duration,
    /// It ends by itself when nobody has asked for more for so long. Only of faults that can.
    pub lease: Option<Duration>,
}

impl Fault {
    /// Subjects that its settings name, each with the setting.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = self.verb.with.iter().filter(|setting| setting.form == Form::Subject);
        named.filter_map(|setting| match self.with.get(setting.key) {
            Some(Value::Text(name)) => Some((setting.key, name.as_str())),
            _ => None,
        })
    }

    /// When it ends, from the moment at which the first may begin.
    pub fn end(&self) -> Duration {
        self.at + self.length
    }
}

/// How failing over is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailoverWindow {
    /// The fault from whose effect on time counts.
    pub fault: String,
    /// Losses within this are expected.
    pub tolerate: Duration,
    /// From here on every loss fails the drill.
    pub max: Duration,
    /// So many calls may fail within.
    pub failed_calls: Option<u32>,
    /// So many may ring for ever.
    pub endless_ring: Option<u32>,
}

/// When everything is undone at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abort {
    /// What is so.
    pub when: Condition,
    /// For how long; nothing means at the first sample.
    pub held: Duration,
    /// Not before this, from the moment at which the first fault may begin.
    pub not_before: Duration,
}

/// What an abort condition that nobody can judge means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNoData {
    /// Everything is undone.
    #[default]
    Abort,
    /// The drill goes on. Only in a lab.
    Continue,
}

impl OnNoData {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Abort, Self::Continue];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Continue => "continue",
        }
    }
}

/// How abort conditions are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How often.
    pub every: Duration,
    /// What it means that nobody knows.
    pub on_no_data: OnNoData,
    /// After so long without a sample nobody knows.
    pub no_data_after: Duration,
}

impl Default for Watch {
    fn default() -> Self {
        let (every, no_data_after) = (Duration::from_millis(100), Duration::from_secs(2));
        Self { every, on_no_data: OnNoData::Abort, no_data_after }
    }
}

/// How the time to recover is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rto {
    /// What is good.
    pub good: Condition,
    /// Over how long.
    pub window: Duration,
    /// It is recovered when it stays so for so long.
    pub hold: Duration,
    /// The fault from whose effect on time counts.
    pub fault: String,
}

/// How what was lost is measured: numbered markers are written here and looked for there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rpo {
    /// Where they are written: a subject and a store of it.
    pub write: Store,
    /// Where they are looked for.
    pub read: Store,
    /// How often one is written.
    pub every: Duration,
}

/// A store of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The subject.
    pub subject: String,
    /// Its store.
    pub name: String,
}

/// What is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// The time to recover.
    pub rto: Option<Rto>,
    /// What was lost.
    pub rpo: Option<Rpo>,
}

/// What it means that a verdict is not met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The drill has found a weakness.
    #[default]
    Fail,
    /// Somebody should look at it.
    Warn,
}

impl Severity {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Fail, Self::Warn];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        }
    }
}

/// What must have come out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Of what.
    pub metric: Name,
    /// What must be so.
    pub is: Comparison,
    /// What it means that it is not.
    pub severity: Severity,
}

/// The parts of an experiment as they were written, each of the right form; whether they fit together is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Who, what, why.
    pub metadata: Metadata,
    /// Where.
    pub environment: Environment,
    /// The only things that anything else may name.
    pub subjects: BTreeMap<String, Subject>,
    /// What may be touched, how much, when.
    pub guard: Guard,
    /// Calls of the drill itself.
    pub load: Option<Calls>,
    /// What is believed.
    pub steady_state: SteadyState,
    /// What is measured first.
    pub baseline: Option<Baseline>,
    /// What is broken.
    pub faults: Vec<Fault>,
    /// How failing over is judged.
    pub failover_window: Option<FailoverWindow>,
    /// When everything is undone at once.
    pub abort: Vec<Abort>,
    /// How those conditions are judged.
    pub watch: Watch,
    /// What is measured.
    pub measure: Measures,
    /// What must have come out.
    pub verdict: Vec<Demand>,
}

/// An experiment whose parts fit together. There is no other way to one than [`Experiment::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment(Parts);

impl Experiment {
    /// Takes parts that fit together.
    ///
    /// # Errors
    /// Everything about them that does not.
    pub fn new(parts: Parts) -> Result<Self, Vec<Mistake>> {
        let mistakes = mistakes::of(&parts);
        if mistakes.is_empty() { Ok(Self(parts)) } else { Err(mistakes) }
    }

    /// Its parts.
    pub fn parts(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// How long faults last, from the first that may begin to the last that ends.
    pub fn injection(&self) -> Duration {
        self.faults.iter().map(Fault::end).max().unwrap_or_default()
    }

    /// How long there is nothing that a steady state could be judged by: until the baseline is measured, and until the
    /// longest window of a probe has been filled.
    pub fn warm_up(&self) -> Duration {
        let baseline = self.baseline.as_ref().map_or(Duration::ZERO, |baseline| baseline.length);
        self.steady_state.probes.iter().map(|probe| probe.window).max().unwrap_or_default().max(baseline)
    }

    /// What is between the beginning of the run and the moment at which the first fault may begin.
    pub fn before(&self) -> Duration {
        self.warm_up() + self.steady_state.before_hold
    }

    /// The whole run, at most: warming up, steady state, faults, steady state again.
    pub fn length(&self) -> Duration {
        self.before() + self.injection() + self.steady_state.after_within
    }

    /// The fault of a name.
    pub fn fault(&self, name: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.name == name)
    }
}
