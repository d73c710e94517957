//! A flow carried out in virtual time, with faults: what a caller hears, how long nothing, and where they end.
//!
//! [`stories`] runs a flow with a script of faults. What the script does not say and nobody can know (a condition, an
//! entry, a key) is taken every way, and each way is a story of its own. [`every_fault`] makes Data Actions fail, each
//! alone and in every combination.

mod explore;
mod live;
mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::chart::{Chart, Class, StepId};
use crate::data_action::{TIMEOUT_MAX, TIMEOUT_MIN};
use crate::lint::walk::End;
use crate::run::{Answer, Ask, Event, Inputs, Outcome, OutcomeKind, Question, Reply, Run, Settings, Step};
use crate::value::Value;

pub use explore::{Reached, Row, Table, every_fault};
pub use script::{Fault, Script, Scripts, Target};

/// The most stories that one trace tells.
pub const STORIES_MAX: usize = 64;

/// The most ways that are tried for one question of the outside.
const WAYS_MAX: usize = 16;

/// The most steps of all runs of one exploration.
const STEPS_MAX: usize = 200_000;

/// How long a Data Action takes that answers at once.
pub const ANSWER_TIME: Duration = Duration::from_millis(100);

/// How long a caller takes for a key.
const KEY_TIME: Duration = Duration::from_secs(2);

/// What a trace knows beforehand.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// How Data Actions, transfers and look-ups behave.
    pub scripts: Scripts,
    /// What the caller types, in order; none where there is nothing.
    pub entries: Vec<String>,
    /// True when the caller types only what [`Scenario::entries`] holds: then nothing else is tried.
    pub types_only_entries: bool,
    /// Variables that are known: `Call.Ani`, or a variable of the flow that is an input.
    pub variables: BTreeMap<String, Value>,
    /// What time it is when the caller arrives; a condition over the time is taken both ways without it.
    pub now: Option<Timestamp>,
    /// Time limits of Data Actions by their own files.
    pub limits: BTreeMap<String, Duration>,
}

/// One way through a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// What was assumed: an action, and the way that was taken there.
    pub assumed: Vec<(StepId, String)>,
    /// What was done.
    pub events: Vec<Event>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Every story of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Stories {
    /// The worst end first.
    pub list: Vec<Story>,
    /// True when there were more than are told.
    pub is_cut_short: bool,
}

/// Carries out a flow with a script of faults.
pub fn stories(chart: &Arc<Chart>, scenario: &Scenario) -> Stories {
    let mut teller = Teller { chart, scenario, list: Vec::new(), steps: 0, is_cut_short: false };
    let settings = Settings { knows_participant_data: false, now: scenario.now, ..Settings::default() };
    let (run, step) = Run::trace(Arc::clone(chart), inputs(scenario), settings);
    teller.tell(Branch { run, step, counts: BTreeMap::new(), entries: 0, assumed: Vec::new() });
    let mut list = teller.list;
    list.sort_by_key(|story| (std::cmp::Reverse(rank(&story.outcome)), story.assumed.len()));
    Stories { list, is_cut_short: teller.is_cut_short }
}

fn inputs(scenario: &Scenario) -> Inputs {
    scenario.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How bad an end is: the rank of the walk's ends, and whether something was said.
pub fn rank(outcome: &Outcome) -> u8 {
    use crate::chart::{Heard, TransferTo};
    let heard = if outcome.is_silent { Heard::Nothing } else { Heard::Sentence };
    let end = match &outcome.kind {
        OutcomeKind::Queue(_) => End::Queue,
        OutcomeKind::Handed(to) => match to.to {
            TransferTo::Voicemail => End::Voicemail,
            TransferTo::Person => End::Person,
            TransferTo::Flow | TransferTo::SecureFlow => End::Flow,
            TransferTo::Number | TransferTo::Queue | TransferTo::QueueFromMenu => End::Number,
        },
        OutcomeKind::Callback => End::Callback,
        OutcomeKind::Ended => End::Workflow,
        OutcomeKind::Disconnect => End::Disconnect,
        OutcomeKind::Loop => End::Loop,
    };
    end.rank(heard)
}

/// A run on its way, with what was used up of the scenario.
#[derive(Clone)]
struct Branch {
    run: Run,
    step: Step,
    /// How often each thing was asked.
    counts: BTreeMap<String, usize>,
    entries: usize,
    assumed: Vec<(StepId, String)>,
}

struct Teller<'a> {
    chart: &'a Arc<Chart>,
    scenario: &'a Scenario,
    list: Vec<Story>,
    steps: usize,
    is_cut_short: bool,
}

impl Teller<'_> {
    fn tell(&mut self, first: Branch) {
        let mut open = vec![first];
        while let Some(branch) = open.pop() {
            if self.list.len() >= STORIES_MAX || self.steps >= STEPS_MAX {
                self.is_cut_short = true;
                return;
            }
            self.steps += 1;
            if let Step::End(outcome) = &branch.step {
                let (outcome, events) = (outcome.clone(), branch.run.events().to_vec());
                self.list.push(Story { assumed: branch.assumed, events, outcome });
                continue;
            }
            let mut next = self.next(branch);
            // The first way is told first.
            next.reverse();
            open.extend(next);
        }
    }

    fn next(&self, mut branch: Branch) -> Vec<Branch> {
        let answers: Vec<(Answer, Option<(StepId, String)>)> = match branch.step.clone() {
            Step::End(_) => Vec::new(),
            Step::Play(playback) => vec![(Answer::Played(playback.duration), None)],
            Step::Wait(_) => vec![(Answer::Waited, None)],
            Step::CallData(ask) => vec![(self.data(&mut branch, &ask), None)],
            Step::Transfer(to) => {
                let fault = self.fault(&mut branch, Target::Transfer, &to.target);
                vec![(if fault.is_some() { Answer::TransferFailed } else { Answer::Transferred }, None)]
            }
            Step::Choose { keys, timeout } => self.keys(&mut branch, &keys, timeout),
            Step::Collect { .. } => self.entries(&mut branch),
            Step::Branch(question) => self.ways(&mut branch, question),
        };
        let mut branches = Vec::with_capacity(answers.len());
        let count = answers.len();
        let mut branch = Some(branch);
        for (index, (answer, assumed)) in answers.into_iter().enumerate() {
            // The last way goes on with the run itself: most steps have one way, and a run with its story is large.
            let next = if index + 1 == count { branch.take() } else { branch.clone() };
            let Some(mut next) = next else { break };
            next.assumed.extend(assumed);
            next.step = next.run.resume(answer);
            branches.push(next);
        }
        branches
    }

    /// The next fault of whatever has this name.
    fn fault(&self, branch: &mut Branch, target: Target, name: &str) -> Option<Fault> {
        let script = self.scenario.scripts.of(target, name)?;
        let count = branch.counts.entry(format!("{target:?} {name}")).or_insert(0);
        let fault = script.at(*count);
        *count += 1;
        (fault != Fault::Ok).then_some(fault)
    }

    fn data(&self, branch: &mut Branch, ask: &Ask) -> Answer {
        let limit = limit(ask, &self.scenario.limits);
        let fault = self.fault(branch, Target::DataAction, &ask.action).unwrap_or(Fault::Ok);
        let (reply, waited) = reply(&fault, limit);
        Answer::Data { reply, waited }
    }

    fn keys(&self, branch: &mut Branch, keys: &[char], timeout: Duration) -> Vec<(Answer, Option<(StepId, String)>)> {
        if let Some(entry) = self.scenario.entries.get(branch.entries) {
            branch.entries += 1;
            let key = entry.chars().next();
            return vec![(Answer::Key { key, waited: KEY_TIME }, None)];
        }
        let nothing = (Answer::Key { key: None, waited: timeout }, None);
        if self.scenario.types_only_entries {
            return vec![nothing];
        }
        let ways = keys.iter().map(|&key| {
            (
                Answer::Key { key: Some(key), waited: KEY_TIME },
                Some((StepId::NONE, format!("the caller presses {key}"))),
            )
        });
        ways.take(WAYS_MAX)
            .chain([(nothing.0, Some((StepId::NONE, "the caller presses nothing".to_owned())))])
            .collect()
    }

    fn entries(&self, branch: &mut Branch) -> Vec<(Answer, Option<(StepId, String)>)> {
        if let Some(entry) = self.scenario.entries.get(branch.entries) {
            branch.entries += 1;
            return vec![(Answer::Entered { digits: Some(entry.clone()), waited: KEY_TIME }, None)];
        }
        let nothing = Answer::Entered { digits: None, waited: KEY_TIME };
        if self.scenario.types_only_entries {
            return vec![(nothing, None)];
        }
        vec![
            (
                Answer::EnteredSomething { waited: KEY_TIME },
                Some((StepId::NONE, "the caller enters something".to_owned())),
            ),
            (nothing, Some((StepId::NONE, "the caller enters nothing".to_owned()))),
        ]
    }

    fn ways(&self, branch: &mut Branch, question: Question) -> Vec<(Answer, Option<(StepId, String)>)> {
        let step = self.chart.step(question.step);
        if let Class::Lookup { table, .. } = &step.class
            && self.scenario.scripts.of(Target::DataTable, table).is_some()
        {
            let output = match self.fault(branch, Target::DataTable, table) {
                None => "found",
                Some(Fault::Missing) => "notFound",
                Some(_) => "failure",
            };
            return vec![(Answer::Took(output.to_owned()), None)];
        }
        let outputs = question.outputs.into_iter().take(WAYS_MAX);
        outputs.map(|output| (Answer::Took(output.clone()), Some((question.step, output)))).collect()
    }
}

/// How long the platform waits for a Data Action.
fn limit(ask: &Ask, limits: &BTreeMap<String, Duration>) -> Duration {
    let own = limits.get(&ask.action).copied();
    let of_flow = ask.timeout.filter(|timeout| *timeout != TIMEOUT_MAX || own.is_none());
    of_flow.or(own).unwrap_or(TIMEOUT_MAX).clamp(TIMEOUT_MIN, TIMEOUT_MAX)
}

/// What the flow is told, and after how long.
fn reply(fault: &Fault, limit: Duration) -> (Reply, Duration) {
    let failure = |status: u16, code: &str| {
        let details = [("status", status.to_string()), ("errorCode", code.to_owned())];
        Reply::Failure(details.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
    };
    match fault {
        Fault::Ok => (Reply::Unknown, ANSWER_TIME),
        Fault::Status(status) if (200..300).contains(status) => (Reply::Unknown, ANSWER_TIME),
        Fault::Status(status) => (failure(*status, "upstream.status"), ANSWER_TIME),
        Fault::Busy(_) => (failure(429, "too.many.requests"), ANSWER_TIME),
        Fault::Empty => (Reply::Success(serde_json::Map::new()), ANSWER_TIME),
        Fault::Timeout => (Reply::Timeout, limit),
        Fault::Reset => (failure(502, "connection.reset"), ANSWER_TIME),
        Fault::Malformed | Fault::Missing => (failure(200, "translation"), ANSWER_TIME),
        Fault::Slow(time) if *time >= limit => (Reply::Timeout, limit),
        Fault::Slow(time) => (Reply::Unknown, *time),
    }
}
