//! What will happen, in a file.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::{SavedAnswer, SavedExecution};
use super::moment::{Loading, Saving, ns};
use super::{StateError, at};
use crate::scenario::Order;
use crate::world::agenda::Agenda;
use crate::world::callers::Due;
use crate::world::log::ActionRef;
use crate::world::simulate::Replies;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedAgenda {
    /// The number that was given last.
    #[serde(deserialize_with = "super::count")]
    sequence: u64,
    due: Vec<SavedEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedEntry {
    /// Nanoseconds after the moment of saving.
    at: i64,
    /// Who was first to say so is first within one instant.
    number: u64,
    what: SavedDue,
}

/// Something that will happen; lengths in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum SavedDue {
    Arrival(u64),
    Goes(u64, SavedAnswer),
    Replies(u64, SavedReplies),
    HangsUp(usize, String),
    TalkEnds(usize, String, u64),
    FlowChanges(String),
    NumberMoves(String),
    NumberKnown(Value),
    CampaignEnds(String),
    Leaks,
    Ordered(Order),
}

/// A simulated answer on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedReplies {
    action: SavedActionRef,
    conversation: String,
    took: u64,
    execution: SavedExecution,
    runs: bool,
}

/// A Data Action as analytics name it: its id, name, integration and category.
pub(super) type SavedActionRef = (String, String, String, String);

pub(super) fn save(agenda: &Agenda, saving: &Saving) -> SavedAgenda {
    let entry = |(&(at, number), due): (&(_, u64), &Due)| SavedEntry { at: saving.mono(at), number, what: due.into() };
    SavedAgenda { sequence: agenda.sequence, due: agenda.due.iter().map(entry).collect() }
}

pub(super) fn load(saved: SavedAgenda, loading: &Loading) -> Result<Agenda, StateError> {
    let mut agenda = Agenda { sequence: saved.sequence, ..Agenda::default() };
    for (place, SavedEntry { at: after, number, what }) in saved.due.into_iter().enumerate() {
        let place = at("life.agenda.due", place);
        if number > saved.sequence {
            return Err(StateError::wrong(place, format!("the number {number} has not been given yet")));
        }
        let key = (loading.mono(&place, after)?, number);
        if agenda.due.insert(key, what.into()).is_some() {
            return Err(StateError::wrong(place, format!("the number {number} was given twice")));
        }
    }
    Ok(agenda)
}

impl From<&Due> for SavedDue {
    fn from(due: &Due) -> Self {
        match due {
            Due::Arrival(series) => Self::Arrival(*series),
            Due::Goes(caller, answer) => Self::Goes(*caller, answer.into()),
            Due::Replies(caller, replies) => Self::Replies(*caller, (&**replies).into()),
            Due::HangsUp(queue, conversation) => Self::HangsUp(*queue, conversation.to_string()),
            Due::TalkEnds(queue, conversation, length) => Self::TalkEnds(*queue, conversation.to_string(), ns(*length)),
            Due::FlowChanges(flow) => Self::FlowChanges(flow.clone()),
            Due::NumberMoves(number) => Self::NumberMoves(number.clone()),
            Due::NumberKnown(number) => Self::NumberKnown(Value::clone(number)),
            Due::CampaignEnds(campaign) => Self::CampaignEnds(campaign.clone()),
            Due::Leaks => Self::Leaks,
            Due::Ordered(order) => Self::Ordered(Order::clone(order)),
        }
    }
}

impl From<SavedDue> for Due {
    fn from(saved: SavedDue) -> Self {
        match saved {
            SavedDue::Arrival(series) => Self::Arrival(series),
            SavedDue::Goes(caller, answer) => Self::Goes(caller, answer.into()),
            SavedDue::Replies(caller, replies) => Self::Replies(caller, Box::new(replies.into())),
            SavedDue::HangsUp(queue, conversation) => Self::HangsUp(queue, conversation.into()),
            SavedDue::TalkEnds(queue, conversation, length) => {
                Self::TalkEnds(queue, conversation.into(), Duration::from_nanos(length))
            }
            SavedDue::FlowChanges(flow) => Self::FlowChanges(flow),
            SavedDue::NumberMoves(number) => Self::NumberMoves(number),
            SavedDue::NumberKnown(number) => Self::NumberKnown(Box::new(number)),
            SavedDue::CampaignEnds(campaign) => Self::CampaignEnds(campaign),
            SavedDue::Leaks => Self::Leaks,
            SavedDue::Ordered(order) => Self::Ordered(Box::new(order)),
        }
    }
}

impl From<&Replies> for SavedReplies {
    fn from(replies: &Replies) -> Self {
        Self {
            action: action_ref(&replies.action),
            conversation: replies.conversation.to_string(),
            took: ns(replies.took),
            execution: (&replies.execution).into(),
            runs: replies.runs,
        }
    }
}

impl From<SavedReplies> for Replies {
    fn from(saved: SavedReplies) -> Self {
        Self {
            action: Arc::new(action_of(saved.action)),
            conversation: saved.conversation.into(),
            took: Duration::from_nanos(saved.took),
            execution: saved.execution.into(),
            runs: saved.runs,
        }
    }
}

pub(super) fn action_ref(action: &ActionRef) -> SavedActionRef {
    let ActionRef { id, name, integration_id, category } = action;
    (id.clone(), name.clone(), integration_id.clone(), category.clone())
}

pub(super) fn action_of((id, name, integration_id, category): SavedActionRef) -> ActionRef {
    ActionRef { id, name, integration_id, category }
}
