//! Every fault: Data Actions fail each alone, all together, and in every combination.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::live::Live;
use super::{Fault, KEY_TIME, STEPS_MAX, WAYS_MAX, limit, rank, reply};
use crate::chart::{Chart, StepId};
use crate::lint::walk::MARK;
use crate::run::{Answer, Outcome, OutcomeKind, Run, Step};

/// The most states that one exploration keeps apart.
const STATES_MAX: usize = 60_000;

/// One line of the table "when X fails".
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What fails, and how; empty when nothing does.
    pub failing: Vec<(StepId, Fault)>,
    /// Where callers end then: each end once, the worst first, with the longest silence on a way to it.
    pub ends: Vec<Reached>,
}

/// An end that was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The end, of the way with the longest silence.
    pub outcome: Outcome,
    /// What failed on that way.
    pub failing: Vec<(StepId, Fault)>,
}

/// What [`every_fault`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Nothing fails; then each Data Action alone, both ways; then all together.
    pub rows: Vec<Row>,
    /// Every end that some combination of failures leads to.
    pub combined: Vec<Reached>,
    /// How many states were told apart.
    pub states: usize,
    /// True when there were more than [`STATES_MAX`] states or [`STEPS_MAX`] steps.
    pub is_cut_short: bool,
}

/// How a Data Action of an exploration behaves.
type Behaviour<'a> = dyn Fn(StepId) -> Vec<Fault> + 'a;

/// Makes Data Actions fail: each alone, all together, and in every combination.
pub fn every_fault(chart: &Arc<Chart>, limits: &BTreeMap<String, Duration>) -> Table {
    const DOWN: Fault = Fault::Status(503);
    let asks: Vec<StepId> = chart.asks().map(|(id, _, _)| id).collect();
    let mut is_cut_short = false;
    let mut explore = |behaviour: &Behaviour<'_>| {
        let explored = Explorer::new(chart, limits, behaviour).explore();
        is_cut_short |= explored.is_cut_short;
        explored
    };
    let mut rows = vec![Row { failing: Vec::new(), ends: explore(&|_| vec![Fault::Ok]).ends }];
    for &failing in &asks {
        for fault in [DOWN, Fault::Timeout] {
            let ends = explore(&|id| vec![if id == failing { fault.clone() } else { Fault::Ok }]).ends;
            rows.push(Row { failing: vec![(failing, fault)], ends });
        }
    }
    if asks.len() > 1 {
        for fault in [DOWN, Fault::Timeout] {
            let ends = explore(&|_| vec![fault.clone()]).ends;
            rows.push(Row { failing: asks.iter().map(|&id| (id, fault.clone())).collect(), ends });
        }
    }
    let combined = explore(&|_| vec![Fault::Ok, DOWN, Fault::Timeout]);
    Table { rows, combined: combined.ends, states: combined.states, is_cut_short }
}

struct Explored {
    ends: Vec<Reached>,
    states: usize,
    is_cut_short: bool,
}

struct Explorer<'a> {
    chart: &'a Arc<Chart>,
    limits: &'a BTreeMap<String, Duration>,
    behaviour: &'a Behaviour<'a>,
    live: Live<'a>,
    /// States that were met, each with the longest time and silence so far.
    seen: HashMap<u64, (Duration, Duration)>,
    /// The ends by what makes them different.
    ends: BTreeMap<(u8, String), Reached>,
}

impl<'a> Explorer<'a> {
    fn new(chart: &'a Arc<Chart>, limits: &'a BTreeMap<String, Duration>, behaviour: &'a Behaviour<'a>) -> Self {
        Self { chart, limits, behaviour, live: Live::new(chart), seen: HashMap::new(), ends: BTreeMap::new() }
    }

    fn explore(mut self) -> Explored {
        let (run, step) = Run::start_quietly(Arc::clone(self.chart));
        let mut open = vec![(run, step, Vec::new())];
        let mut steps = 0;
        let mut is_cut_short = false;
        while let Some((mut run, step, failing)) = open.pop() {
            steps += 1;
            if steps > STEPS_MAX || self.seen.len() > STATES_MAX {
                is_cut_short = true;
                break;
            }
            let answers = match step {
                Step::End(outcome) => {
                    self.reached(outcome, failing);
                    continue;
                }
                // One way on: no need to keep the state.
                Step::Play(playback) => {
                    let step = run.resume(Answer::Played(playback.duration));
                    open.push((run, step, failing));
                    continue;
                }
                step => self.answers(&step),
            };
            let (elapsed, dead_air) = run.times();
            let live = self.live.after(run.waiting());
            let state = run.state(&|name| live.is_none_or(|live| live.contains(name)));
            let seen = self.seen.entry(state).or_insert((Duration::ZERO, Duration::ZERO));
            let is_new = *seen == (Duration::ZERO, Duration::ZERO);
            if !is_new && dead_air <= seen.1 && elapsed <= seen.0 {
                continue;
            }
            *seen = (seen.0.max(elapsed).max(Duration::from_nanos(1)), seen.1.max(dead_air));
            for (answer, fault) in answers {
                let mut next = run.clone();
                let mut failing = failing.clone();
                failing.extend(fault.filter(|(_, fault)| *fault != Fault::Ok));
                let step = next.resume(answer);
                open.push((next, step, failing));
            }
        }
        let mut ends: Vec<Reached> = self.ends.into_values().collect();
        ends.sort_by_key(|reached| {
            (std::cmp::Reverse(rank(&reached.outcome)), std::cmp::Reverse(reached.outcome.dead_air))
        });
        Explored { ends, states: self.seen.len(), is_cut_short }
    }

    fn answers(&self, step: &Step) -> Vec<(Answer, Option<(StepId, Fault)>)> {
        match step {
            Step::End(_) => Vec::new(),
            Step::Play(playback) => vec![(Answer::Played(playback.duration), None)],
            Step::Wait(_) => vec![(Answer::Waited, None)],
            Step::CallData(ask) => {
                let limit = limit(ask, self.limits);
                let answer = |fault: Fault| {
                    let (reply, waited) = reply(&fault, limit);
                    (Answer::Data { reply, waited }, Some((ask.step, fault)))
                };
                (self.behaviour)(ask.step).into_iter().map(answer).collect()
            }
            Step::Transfer(_) => vec![(Answer::Transferred, None)],
            Step::Choose { keys, timeout } => {
                let keys: BTreeSet<char> = keys.iter().copied().take(WAYS_MAX).collect();
                let pressed = keys.into_iter().map(|key| (Answer::Key { key: Some(key), waited: KEY_TIME }, None));
                pressed.chain([(Answer::Key { key: None, waited: *timeout }, None)]).collect()
            }
            Step::Collect { .. } => vec![
                (Answer::EnteredSomething { waited: KEY_TIME }, None),
                (Answer::Entered { digits: None, waited: KEY_TIME }, None),
            ],
            Step::Branch(question) => {
                question.outputs.iter().take(WAYS_MAX).map(|output| (Answer::Took(output.clone()), None)).collect()
            }
        }
    }

    fn reached(&mut self, outcome: Outcome, failing: Vec<(StepId, Fault)>) {
        let marked = outcome.participant_data.contains_key(MARK);
        let place = match &outcome.kind {
            OutcomeKind::Queue(to) | OutcomeKind::Handed(to) => format!("{:?} {}", to.to, to.target),
            other => format!("{other:?}"),
        };
        let key = (rank(&outcome), format!("{place} {marked}"));
        let known = self.ends.get(&key);
        // Of two ways to one end the one with the longer silence is told, and of those the one with fewer failures.
        let is_worse = known.is_none_or(|known| {
            (outcome.dead_air, std::cmp::Reverse(failing.len()))
                > (known.outcome.dead_air, std::cmp::Reverse(known.failing.len()))
        });
        if is_worse {
            self.ends.insert(key, Reached { outcome, failing });
        }
    }
}
