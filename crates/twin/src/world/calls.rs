//! Where every caller ended: totals that never forget, and the last calls in full.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::Tier;

/// How many finished calls are kept in full; totals count all of them.
pub const CALL_RECORDS_MAX: usize = 5_000;

/// One caller's way through the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// The conversation.
    pub conversation_id: String,
    /// The caller's number.
    pub ani: String,
    /// What the customer really is, whatever the flow learned.
    pub tier: Tier,
    /// The number that was called.
    pub number: String,
    /// Why the call left its flow, as the platform's analytics name it.
    pub exit: &'static str,
    /// True when the flow made an error.
    pub is_error: bool,
    /// The flow's id.
    pub flow_id: String,
    /// The flow's name.
    pub flow: String,
    /// The flow's version, such as `3.0`.
    pub version: String,
    /// When the call came in.
    pub started_at: Timestamp,
    /// When the flow was over.
    pub ended_at: Timestamp,
    /// Where it ended.
    pub ended: Ended,
    /// The queue, when it ended in one.
    pub queue: Option<String>,
    /// What the flow wrote for the agent.
    pub participant_data: BTreeMap<String, String>,
    /// Every data action that it waited for.
    pub data_actions: Vec<AskRecord>,
    /// Time without any sound.
    pub dead_air: Duration,
    /// The longest stretch without any sound.
    pub dead_air_longest: Duration,
    /// How long the caller waited in the queue; absent while no agent has answered.
    pub answered_after: Option<Duration>,
}

/// Where a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In a queue.
    Queue,
    /// With somebody else: a number, another flow, a mailbox, a callback.
    HandedOver,
    /// Cut off.
    Disconnect,
    /// Cut off after going round in circles.
    Loop,
}

/// One data action of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskRecord {
    /// How it went.
    pub outcome: AskOutcome,
    /// How long the caller waited for it.
    pub waited: Duration,
}

/// How a data action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskOutcome {
    /// Outputs.
    Ok,
    /// An error.
    Failure,
    /// Nothing in time.
    Timeout,
}

/// What has been counted since the start or the last reset.
///
/// At every instant `offered = in_flow + queued + handed_over + lost`; once nobody is in the flow,
/// `queued = answered + waiting + abandoned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Callers who came in.
    pub offered: u64,
    /// Callers who are in the flow now.
    pub in_flow: u64,
    /// Callers who reached a queue.
    pub queued: u64,
    /// Ended with somebody else.
    pub handed_over: u64,
    /// Callers who wait in a queue now.
    pub waiting: u64,
    /// Callers who were answered by an agent.
    pub answered: u64,
    /// Callers who hung up while they waited in a queue.
    pub abandoned: u64,
    /// Callers who talk to an agent now.
    pub talking: u64,
    /// Callers who were cut off without reaching a queue.
    pub lost: u64,
    /// Calls that carry `dataActionFailed=true`.
    pub data_action_failed: u64,
    /// Data actions of callers that gave outputs.
    pub asks_ok: u64,
    /// Data actions of callers that failed.
    pub asks_failed: u64,
    /// Data actions of callers that got no answer in time.
    pub asks_timed_out: u64,
    /// Callers whose number leads to a linked organisation; they are not among the offered.
    pub redirected: u64,
    /// Callers whom the twin itself could not place: too many in the flow, or no flow.
    pub not_placed: u64,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) records: VecDeque<CallRecord>,
    /// Callers in the flow, and how long they waited if an agent already has them.
    pub(super) live: BTreeMap<String, Option<Duration>>,
    pub(super) totals: Totals,
}

impl Calls {
    pub(super) fn offer(&mut self, conversation_id: &str) {
        self.totals.offered += 1;
        self.totals.in_flow += 1;
        self.live.insert(conversation_id.to_owned(), None);
    }

    pub(super) fn not_placed(&mut self) {
        self.totals.not_placed += 1;
    }

    pub(super) fn redirected(&mut self) {
        self.totals.redirected += 1;
    }

    /// An agent has the caller; the flow may not have been told yet.
    pub(super) fn answered(&mut self, conversation_id: &str, waited: Duration) {
        if let Some(live) = self.live.get_mut(conversation_id) {
            *live = Some(waited);
            return;
        }
        self.totals.answered += 1;
        let record = self.records.iter_mut().rev().find(|record| record.conversation_id == conversation_id);
        if let Some(record) = record {
            record.answered_after = Some(waited);
        }
    }

    pub(super) fn abandoned(&mut self) {
        self.totals.abandoned += 1;
    }

    pub(super) fn finish(&mut self, mut record: CallRecord) {
        record.answered_after = self.live.remove(&record.conversation_id).flatten();
        self.count(&record);
        if self.records.len() >= CALL_RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Writes participant data of a finished call; false when there is none.
    pub(super) fn write_participant_data(&mut self, conversation_id: &str, data: BTreeMap<String, String>) -> bool {
        let record = self.records.iter_mut().rev().find(|record| record.conversation_id == conversation_id);
        record.map(|record| record.participant_data.extend(data)).is_some()
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &CallRecord> {
        self.records.iter()
    }

    fn count(&mut self, record: &CallRecord) {
        let totals = &mut self.totals;
        totals.in_flow -= 1;
        match record.ended {
            Ended::Queue => totals.queued += 1,
            Ended::HandedOver => totals.handed_over += 1,
            Ended::Disconnect | Ended::Loop => totals.lost += 1,
        }
        if record.answered_after.is_some() {
            totals.answered += 1;
        }
        if record.participant_data.get("dataActionFailed").is_some_and(|mark| mark == "true") {
            totals.data_action_failed += 1;
        }
        for ask in &record.data_actions {
            match ask.outcome {
                AskOutcome::Ok => totals.asks_ok += 1,
                AskOutcome::Failure => totals.asks_failed += 1,
                AskOutcome::Timeout => totals.asks_timed_out += 1,
            }
        }
    }
}
