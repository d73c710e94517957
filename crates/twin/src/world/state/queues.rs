//! Who is in the queues, in a file.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::moment::{Loading, Saving};
use super::{StateError, at, at_most};
use crate::world::queues::{Queue, Queues, WAITING_MAX, Waiting};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedLines {
    /// The number that was given last.
    #[serde(deserialize_with = "super::count")]
    sequence: u64,
    /// In the order of the queues.
    queues: Vec<SavedLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedLine {
    /// Agents who talk.
    busy: u32,
    waiting: Vec<SavedWaiting>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedWaiting {
    priority: i64,
    number: u64,
    conversation: String,
    since: i64,
}

pub(super) fn save(queues: &Queues, saving: &Saving) -> SavedLines {
    let line = |queue: &Queue| SavedLine {
        busy: queue.busy,
        waiting: queue
            .waiting
            .iter()
            .map(|(&(Reverse(priority), number), waiting)| SavedWaiting {
                priority,
                number,
                conversation: waiting.conversation_id.to_string(),
                since: saving.mono(waiting.since),
            })
            .collect(),
    };
    SavedLines { sequence: queues.sequence, queues: queues.list.iter().map(line).collect() }
}

pub(super) fn load(queues: &mut Queues, saved: SavedLines, loading: &Loading) -> Result<(), StateError> {
    if saved.queues.len() != queues.list.len() {
        let (lines, queues) = (saved.queues.len(), queues.list.len());
        return Err(StateError::wrong("life.queues", format!("there are {lines} lines for {queues} queues")));
    }
    queues.sequence = saved.sequence;
    for (place, (queue, line)) in queues.list.iter_mut().zip(saved.queues).enumerate() {
        let place = at("life.queues.queues", place);
        at_most(WAITING_MAX, line.waiting.len(), &place)?;
        let mut waiting = BTreeMap::new();
        for one in line.waiting {
            let since = loading.mono(&place, one.since)?;
            let known = Waiting { conversation_id: one.conversation.into(), since };
            let is_known = waiting.insert((Reverse(one.priority), one.number), known).is_some();
            if is_known || one.number > saved.sequence {
                return Err(StateError::wrong(place, format!("the number {} is nobody's own", one.number)));
            }
        }
        (queue.busy, queue.waiting) = (line.busy, waiting);
    }
    Ok(())
}
