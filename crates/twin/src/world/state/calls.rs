//! Finished calls and totals in a file.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::callers::{SavedAsk, load_ask, save_ask};
use super::moment::{Loading, ns, wall};
use super::{StateError, at, at_most};
use crate::world::callers::exit_named;
use crate::world::calls::Calls;
use crate::world::{CALL_RECORDS_MAX, CallRecord, Ended, Totals, tier_of};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedCalls {
    totals: SavedTotals,
    records: Vec<SavedCall>,
}

/// Who waits and who talks is counted in the queues, who is in the flow by heads.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedTotals {
    #[serde(deserialize_with = "super::count")]
    offered: u64,
    #[serde(deserialize_with = "super::count")]
    queued: u64,
    #[serde(deserialize_with = "super::count")]
    handed_over: u64,
    #[serde(deserialize_with = "super::count")]
    answered: u64,
    #[serde(deserialize_with = "super::count")]
    abandoned: u64,
    #[serde(deserialize_with = "super::count")]
    lost: u64,
    #[serde(deserialize_with = "super::count")]
    data_action_failed: u64,
    #[serde(deserialize_with = "super::count")]
    data_actions_ok: u64,
    #[serde(deserialize_with = "super::count")]
    data_actions_failed: u64,
    #[serde(deserialize_with = "super::count")]
    data_actions_timed_out: u64,
    #[serde(deserialize_with = "super::count")]
    redirected: u64,
    #[serde(deserialize_with = "super::count")]
    not_placed: u64,
}

/// A finished call; instants and lengths in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedCall {
    conversation: String,
    ani: String,
    number: String,
    exit: String,
    is_error: bool,
    flow_id: String,
    flow: String,
    version: String,
    started: i64,
    ended_at: i64,
    ended: SavedEnded,
    queue: Option<String>,
    participant_data: BTreeMap<String, String>,
    data_actions: Vec<SavedAsk>,
    dead_air: u64,
    dead_air_longest: u64,
    answered_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SavedEnded {
    Queue,
    HandedOver,
    Disconnect,
    Loop,
}

pub(super) fn save(calls: &Calls) -> SavedCalls {
    let totals = calls.totals;
    let totals = SavedTotals {
        offered: totals.offered,
        queued: totals.queued,
        handed_over: totals.handed_over,
        answered: totals.answered,
        abandoned: totals.abandoned,
        lost: totals.lost,
        data_action_failed: totals.data_action_failed,
        data_actions_ok: totals.asks_ok,
        data_actions_failed: totals.asks_failed,
        data_actions_timed_out: totals.asks_timed_out,
        redirected: totals.redirected,
        not_placed: totals.not_placed,
    };
    SavedCalls { totals, records: calls.records.iter().map(save_call).collect() }
}

/// Finished calls, and totals of which `in_flow` callers are in a flow now.
pub(super) fn load(saved: SavedCalls, in_flow: u64, loading: &Loading) -> Result<Calls, StateError> {
    at_most(CALL_RECORDS_MAX, saved.records.len(), "life.calls.records")?;
    let totals = saved.totals;
    let totals = Totals {
        offered: totals.offered,
        in_flow,
        queued: totals.queued,
        handed_over: totals.handed_over,
        waiting: 0,
        answered: totals.answered,
        abandoned: totals.abandoned,
        talking: 0,
        lost: totals.lost,
        data_action_failed: totals.data_action_failed,
        asks_ok: totals.data_actions_ok,
        asks_failed: totals.data_actions_failed,
        asks_timed_out: totals.data_actions_timed_out,
        redirected: totals.redirected,
        not_placed: totals.not_placed,
    };
    let mut records = VecDeque::with_capacity(saved.records.len());
    for (place, call) in saved.records.into_iter().enumerate() {
        records.push_back(load_call(call, &at("life.calls.records", place), loading)?);
    }
    Ok(Calls { records, totals, ..Calls::default() })
}

fn save_call(call: &CallRecord) -> SavedCall {
    let ended = match call.ended {
        Ended::Queue => SavedEnded::Queue,
        Ended::HandedOver => SavedEnded::HandedOver,
        Ended::Disconnect => SavedEnded::Disconnect,
        Ended::Loop => SavedEnded::Loop,
    };
    SavedCall {
        conversation: call.conversation_id.clone(),
        ani: call.ani.clone(),
        number: call.number.clone(),
        exit: call.exit.to_owned(),
        is_error: call.is_error,
        flow_id: call.flow_id.clone(),
        flow: call.flow.clone(),
        version: call.version.clone(),
        started: wall(call.started_at),
        ended_at: wall(call.ended_at),
        ended,
        queue: call.queue.clone(),
        participant_data: call.participant_data.clone(),
        data_actions: call.data_actions.iter().map(save_ask).collect(),
        dead_air: ns(call.dead_air),
        dead_air_longest: ns(call.dead_air_longest),
        answered_after: call.answered_after.map(ns),
    }
}

fn load_call(saved: SavedCall, place: &str, loading: &Loading) -> Result<CallRecord, StateError> {
    let ended = match saved.ended {
        SavedEnded::Queue => Ended::Queue,
        SavedEnded::HandedOver => Ended::HandedOver,
        SavedEnded::Disconnect => Ended::Disconnect,
        SavedEnded::Loop => Ended::Loop,
    };
    let no_exit = || StateError::wrong(place, format!("`{}` is no reason to leave a flow", saved.exit));
    Ok(CallRecord {
        tier: tier_of(&saved.ani),
        exit: exit_named(&saved.exit).ok_or_else(no_exit)?,
        started_at: loading.wall(place, saved.started)?,
        ended_at: loading.wall(place, saved.ended_at)?,
        conversation_id: saved.conversation,
        ani: saved.ani,
        number: saved.number,
        is_error: saved.is_error,
        flow_id: saved.flow_id,
        flow: saved.flow,
        version: saved.version,
        ended,
        queue: saved.queue,
        participant_data: saved.participant_data,
        data_actions: saved.data_actions.into_iter().map(load_ask).collect(),
        dead_air: Duration::from_nanos(saved.dead_air),
        dead_air_longest: Duration::from_nanos(saved.dead_air_longest),
        answered_after: saved.answered_after.map(Duration::from_nanos),
    })
}
