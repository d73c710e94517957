//! Callers in a file: those who are in a flow, and those who will come.
//!
//! Where a caller stands in a flow is not written. What the flow was told so far is, and a fresh run that is told the same
//! stands at the same place; nothing of it is done twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flow::{Answer, Flow, Step};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::SavedAnswer;
use super::facts::{SavedFlowRef, flow_of, flow_ref};
use super::moment::{Loading, SavedNow, Saving, ns};
use super::{StateError, at, at_most};
use crate::world::callers::{CALLERS_MAX, Due, Live, RATE_MAX, Stream, fits};
use crate::world::flows::read_flow;
use crate::world::{AskOutcome, AskRecord, Question, World, tier_of};

/// How a Data Action went, and how long the caller waited, in nanoseconds.
pub(super) type SavedAsk = (SavedAskOutcome, u64);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum SavedAskOutcome {
    Ok,
    Failure,
    Timeout,
}

/// A caller in a flow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedLive {
    caller: u64,
    conversation: String,
    ani: String,
    number: String,
    flow: SavedFlowRef,
    at: SavedNow,
    answers: Vec<SavedAnswer>,
    asks: Vec<SavedAsk>,
    /// The place of the queue that took the caller.
    queue: Option<usize>,
    /// Since when another system is being waited for.
    asked: Option<i64>,
    /// How long the caller waited, when an agent already has them.
    answered: Option<u64>,
}

/// A version that is gone from its flow and that callers are still in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedGone {
    flow: SavedFlowRef,
    configuration: Value,
}

/// Callers who come in on their own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedStream {
    rate: f64,
    number: String,
    series: u64,
}

pub(super) fn save(world: &World, saving: &Saving) -> (Vec<SavedLive>, Vec<SavedGone>) {
    let mut gone: BTreeMap<SavedFlowRef, Value> = BTreeMap::new();
    let live = world.live.iter().map(|(&caller, live)| {
        let flow = flow_ref(&live.flow);
        if !is_kept(world, live) {
            gone.entry(flow.clone()).or_insert_with(|| Value::clone(&live.configuration));
        }
        SavedLive {
            caller,
            conversation: live.conversation_id.to_string(),
            ani: live.ani.clone(),
            number: live.number.clone(),
            flow,
            at: saving.both(live.at),
            answers: live.answers.iter().map(SavedAnswer::from).collect(),
            asks: live.asks.iter().map(save_ask).collect(),
            queue: live.queue,
            asked: live.asked.map(|asked| saving.mono(asked)),
            answered: world.calls.live.get(&*live.conversation_id).copied().flatten().map(ns),
        }
    });
    let live = live.collect();
    (live, gone.into_iter().map(|(flow, configuration)| SavedGone { flow, configuration }).collect())
}

/// Whether the version that a caller is in can still be found in its flow.
fn is_kept(world: &World, live: &Live) -> bool {
    let stored = world.flows.by_id(&live.flow.id);
    let version = stored.and_then(|flow| flow.versions.iter().find(|version| version.id() == live.flow.version));
    version.is_some_and(|version| Arc::ptr_eq(&version.configuration, &live.configuration))
}

pub(super) fn save_streams(world: &World) -> Vec<SavedStream> {
    let stream =
        |Stream { rate, number, series }: &Stream| SavedStream { rate: *rate, number: number.clone(), series: *series };
    world.streams.iter().map(stream).collect()
}

/// Puts callers back into their flows. What they asked of real systems must be asked again.
pub(super) fn load(
    world: &mut World,
    saved: Vec<SavedLive>,
    gone: Vec<SavedGone>,
    loading: &Loading,
) -> Result<Vec<Question>, StateError> {
    at_most(CALLERS_MAX, saved.len(), "life.live")?;
    let mut versions = BTreeMap::new();
    for (place, SavedGone { flow, configuration }) in gone.into_iter().enumerate() {
        let read =
            read_flow(&configuration).map_err(|error| StateError::wrong(at("life.goneVersions", place), error))?;
        versions.insert(flow, (read, Arc::new(configuration)));
    }
    let awaited = Awaited::by_caller(world);
    let mut asks = Vec::new();
    for (place, saved) in saved.into_iter().enumerate() {
        let place = at("life.live", place);
        let (flow, configuration) = version_of(world, &versions, &saved.flow)
            .ok_or_else(|| StateError::wrong(&*place, format!("there is no version {:?} of a flow", saved.flow)))?;
        let (caller, answered) = (saved.caller, saved.answered.map(Duration::from_nanos));
        let (live, step) = caller_of(saved, &flow, configuration, (&place, loading))?;
        let question = match (step, live.asked, awaited.get(&caller)) {
            (Step::CallData(ask), Some(_), None) => Some(ask),
            (Step::CallData(_), Some(_), Some(Awaited::Replies)) => None,
            (step, None, Some(Awaited::Goes(answer))) if fits(&step, answer) => None,
            _ => return Err(StateError::wrong(place, "the agenda does not know what it waits for")),
        };
        world.calls.live.insert(live.conversation_id.to_string(), answered);
        if caller > world.next_caller || world.live.insert(caller, live).is_some() {
            return Err(StateError::wrong(place, format!("the number {caller} is not this caller's own")));
        }
        asks.extend(question.map(|ask| (caller, ask)));
    }
    let mut questions = Vec::new();
    for (caller, ask) in asks {
        world.ask_again(caller, ask, loading.now, &mut questions);
    }
    Ok(questions)
}

/// What the agenda has for a caller.
enum Awaited {
    /// The flow goes on with this.
    Goes(Answer),
    /// A simulated system answers.
    Replies,
}

impl Awaited {
    fn by_caller(world: &World) -> BTreeMap<u64, Self> {
        let awaited = world.agenda.due.values().filter_map(|due| match due {
            Due::Goes(caller, answer) => Some((*caller, Self::Goes(answer.clone()))),
            Due::Replies(caller, _) => Some((*caller, Self::Replies)),
            _ => None,
        });
        awaited.collect()
    }
}

type Versions = BTreeMap<SavedFlowRef, (Option<Arc<Flow>>, Arc<Value>)>;

fn version_of(world: &World, gone: &Versions, named: &SavedFlowRef) -> Option<(Arc<Flow>, Arc<Value>)> {
    if let Some((flow, configuration)) = gone.get(named) {
        return Some((flow.clone()?, Arc::clone(configuration)));
    }
    let (id, _, version) = named;
    let version = world.flows.by_id(id)?.versions.iter().find(|known| known.id() == *version)?;
    Some((version.flow.clone()?, Arc::clone(&version.configuration)))
}

fn caller_of(
    saved: SavedLive,
    flow: &Flow,
    configuration: Arc<Value>,
    (place, loading): (&str, &Loading),
) -> Result<(Live, Step), StateError> {
    let told: Vec<_> = saved.answers.into_iter().map(Answer::from).collect();
    let (tier, conversation_id) = (tier_of(&saved.ani), Arc::from(saved.conversation));
    let (run, step) = Live::replay(flow, (&saved.ani, &saved.number, &conversation_id), &told)
        .ok_or_else(|| StateError::wrong(place, "the flow has not asked what it was told"))?;
    let live = Live {
        conversation_id,
        ani: saved.ani,
        number: saved.number,
        tier,
        flow: Arc::new(flow_of(saved.flow)),
        configuration,
        at: loading.both(place, saved.at)?,
        run,
        answers: told,
        asks: saved.asks.into_iter().map(load_ask).collect(),
        queue: saved.queue,
        asked: saved.asked.map(|asked| loading.mono(place, asked)).transpose()?,
    };
    Ok((live, step))
}

pub(super) fn load_streams(world: &mut World, saved: Vec<SavedStream>) -> Result<(), StateError> {
    for (place, SavedStream { rate, number, series }) in saved.into_iter().enumerate() {
        let place = at("life.streams", place);
        check_rate(rate, &place)?;
        if series > world.series {
            return Err(StateError::wrong(place, format!("the series {series} has not begun yet")));
        }
        world.streams.push(Stream { rate, number, series });
    }
    Ok(())
}

/// A rate that is none would let callers come for ever within one instant.
pub(super) fn check_rate(rate: f64, place: &str) -> Result<(), StateError> {
    let is_rate = rate > 0.0 && rate <= RATE_MAX;
    if is_rate {
        Ok(())
    } else {
        Err(StateError::wrong(place, format!("{rate} is no rate: more than 0, at most {RATE_MAX}")))
    }
}

pub(super) fn save_ask(ask: &AskRecord) -> SavedAsk {
    let outcome = match ask.outcome {
        AskOutcome::Ok => SavedAskOutcome::Ok,
        AskOutcome::Failure => SavedAskOutcome::Failure,
        AskOutcome::Timeout => SavedAskOutcome::Timeout,
    };
    (outcome, ns(ask.waited))
}

pub(super) fn load_ask((outcome, waited): SavedAsk) -> AskRecord {
    let outcome = match outcome {
        SavedAskOutcome::Ok => AskOutcome::Ok,
        SavedAskOutcome::Failure => AskOutcome::Failure,
        SavedAskOutcome::Timeout => AskOutcome::Timeout,
    };
    AskRecord { outcome, waited: Duration::from_nanos(waited) }
}
