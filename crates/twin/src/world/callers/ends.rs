//! Where callers end: in a queue and with an agent, with somebody else, or cut off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::Now;
use flow::{EndReason, Outcome, OutcomeKind};

use super::{Due, Live};
use crate::world::log::Fact;
use crate::world::queues::{Entered, Talk};
use crate::world::{CallRecord, Ended, World};

impl World {
    /// A flow hands a caller to a queue; false when the queue takes nobody.
    pub(super) fn transfer(&mut self, caller: u64, queue: &str, priority: i64, now: Now) -> bool {
        let Some(live) = self.live.get_mut(&caller) else { return false };
        let Some(place) = self.queues.place(queue) else { return false };
        let conversation_id = Arc::clone(&live.conversation_id);
        live.queue = Some(place);
        let entered = self.queues.enter(place, &conversation_id, priority, now.mono, &mut self.agents);
        if entered == Entered::Refused {
            live.queue = None;
            return false;
        }
        let queue = self.queue_id(place);
        self.log.add(now.wall, &conversation_id, Fact::Offered(queue));
        match entered {
            Entered::Answered(talk) => self.talk(talk, now),
            Entered::Waiting(Some(patience)) => {
                self.agenda.add(now.mono + patience, Due::HangsUp(place, conversation_id));
            }
            Entered::Waiting(None) | Entered::Refused => {}
        }
        self.tell_of_queue(place, now);
        true
    }

    /// An agent has answered.
    pub(in crate::world) fn talk(&mut self, talk: Talk, now: Now) {
        let Talk { queue: place, conversation_id, waited, length } = talk;
        self.calls.answered(&conversation_id, waited);
        let queue = self.queue_id(place);
        self.log.add(now.wall, &conversation_id, Fact::Answered { queue, waited });
        self.agenda.add(now.mono + length, Due::TalkEnds(place, conversation_id, length));
        self.tell_of_queue(place, now);
    }

    pub(super) fn queue_id(&self, place: usize) -> Arc<str> {
        self.queues.at(place).map_or_else(|| "".into(), |queue| Arc::clone(&queue.id))
    }

    /// A caller's flow is over.
    pub(super) fn finish(&mut self, live: Live, outcome: Outcome, now: Now) {
        let exit = exit_reason(&outcome);
        let queue = live.queue.map(|place| self.queue_id(place));
        let lasted = now.mono.since(live.at.mono);
        let flow = Arc::clone(&live.flow);
        self.log.add(now.wall, &live.conversation_id, Fact::Left { flow: Arc::clone(&flow), exit, lasted, queue });
        self.tell_of_flow(&flow, &live.conversation_id, ("tFlow", lasted), Some(exit), now);
        let is_error = matches!(outcome.reason, EndReason::Error(_));
        let (ended, queue) = match outcome.kind {
            OutcomeKind::Queue(destination) => (Ended::Queue, Some(destination.target)),
            OutcomeKind::Handed(_) | OutcomeKind::Callback | OutcomeKind::Ended => (Ended::HandedOver, None),
            OutcomeKind::Disconnect => (Ended::Disconnect, None),
            OutcomeKind::Loop => (Ended::Loop, None),
        };
        self.calls.finish(CallRecord {
            conversation_id: live.conversation_id.to_string(),
            ani: live.ani,
            number: live.number,
            tier: live.tier,
            exit,
            is_error,
            flow_id: live.flow.id.clone(),
            flow: live.flow.name.clone(),
            version: live.flow.version.clone(),
            started_at: live.at.wall,
            ended_at: now.wall,
            ended,
            queue,
            participant_data: outcome.participant_data,
            data_actions: live.asks,
            dead_air: outcome.dead_air,
            dead_air_longest: outcome.dead_air_longest,
            answered_after: None,
        });
    }

    /// Ends a conversation wherever it is; false when there is none.
    pub(crate) fn disconnect(&mut self, conversation_id: &str, now: Now) -> bool {
        let found =
            self.live.iter().find(|(_, live)| *live.conversation_id == *conversation_id).map(|(caller, _)| *caller);
        if let Some(live) = found.and_then(|caller| self.live.remove(&caller)) {
            let cut_off = Outcome {
                kind: OutcomeKind::Ended,
                reason: EndReason::Action,
                participant_data: BTreeMap::new(),
                is_silent: false,
                elapsed: now.mono.since(live.at.mono),
                dead_air: Duration::ZERO,
                dead_air_longest: Duration::ZERO,
                actions: 0,
            };
            self.finish(live, cut_off, now);
            return true;
        }
        for place in 0..self.queues.iter().count() {
            if let Some(waited) = self.queues.leave(place, conversation_id, now.mono) {
                self.calls.abandoned();
                let queue = self.queue_id(place);
                self.log.add(now.wall, &conversation_id.into(), Fact::Abandoned { queue, waited });
                return true;
            }
        }
        self.end_leak(conversation_id, now)
    }

    /// Writes participant data of a call that is over; false when there is none.
    pub(crate) fn write_participant_data(&mut self, conversation_id: &str, data: BTreeMap<String, String>) -> bool {
        self.calls.write_participant_data(conversation_id, data)
            || self.live.values().any(|live| *live.conversation_id == *conversation_id)
    }
}

const ERROR_DISCONNECT: &str = "FLOW_ERROR_DISCONNECT";
const DISCONNECT: &str = "FLOW_DISCONNECT";
const ERROR_EXIT: &str = "FLOW_ERROR_EXIT";
const TRANSFER: &str = "TRANSFER";
const EXIT: &str = "FLOW_EXIT";

/// Why a call left its flow, as the platform's analytics name it.
fn exit_reason(outcome: &Outcome) -> &'static str {
    let is_error = matches!(outcome.reason, EndReason::Error(_));
    match outcome.kind {
        OutcomeKind::Loop => ERROR_DISCONNECT,
        OutcomeKind::Disconnect if is_error => ERROR_DISCONNECT,
        OutcomeKind::Disconnect | OutcomeKind::Callback => DISCONNECT,
        _ if is_error => ERROR_EXIT,
        OutcomeKind::Queue(_) | OutcomeKind::Handed(_) => TRANSFER,
        OutcomeKind::Ended => EXIT,
    }
}

/// The exit reason that is written so; `None` when there is no such reason.
pub(in crate::world) fn exit_named(written: &str) -> Option<&'static str> {
    [ERROR_DISCONNECT, DISCONNECT, ERROR_EXIT, TRANSFER, EXIT].into_iter().find(|reason| *reason == written)
}
