//! Calls that do not end: which there are, and whether anybody is in them.
//!
//! Calls only: a message or an e-mail may be open for days, and nobody has forgotten it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::analytics::{Conversation, Interval};
use crate::client::Client;
use crate::error::Error;

/// How far back calls may have begun: the platform looks into no interval that is longer than 31 days.
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Conversations of a page.
const PAGE: usize = 100;

/// Calls that have no end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Open {
    /// Those that were asked for, the oldest first.
    pub calls: Vec<Conversation>,
    /// How many there are beside those.
    pub more: u64,
}

/// Calls that began before an instant and have no end, the oldest first and `max` at most:
/// `POST /api/v2/analytics/conversations/details/query`. What happened in the last minutes may not be known there yet.
///
/// # Errors
/// See [`Error`].
pub async fn open_calls(client: &Client, before: Timestamp, max: usize) -> Result<Open, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        #[serde(default = "Vec::new")]
        conversations: Vec<Conversation>,
        total_hits: Option<u64>,
    }
    let (mut found, mut asked, mut total) = (BTreeMap::new(), 0_u64, 0_u64);
    for number in 1..=max.div_ceil(PAGE) {
        let body = question(before, number);
        let answer: Answer = client.query("/api/v2/analytics/conversations/details/query", &body).await?;
        let is_last = answer.conversations.len() < PAGE;
        asked += answer.conversations.len() as u64;
        total = answer.total_hits.unwrap_or(0).max(asked);
        // Pages of what goes on move, so that one may come twice.
        let is_open = |it: &Conversation| {
            it.conversation_end.is_none() && it.conversation_start.is_some_and(|began| began < before)
        };
        let open = answer.conversations.into_iter().filter(is_open);
        found.extend(open.map(|call| ((call.conversation_start, call.conversation_id.clone()), call)));
        if is_last {
            break;
        }
    }
    let mut calls: Vec<Conversation> = found.into_values().collect();
    let beyond = calls.len().saturating_sub(max) as u64;
    calls.truncate(max);
    Ok(Open { calls, more: beyond + total - asked })
}

fn question(before: Timestamp, page: usize) -> Value {
    let filter = |dimension: &str, operator: &str, value: Option<&str>| {
        let mut predicate = json!({"type": "dimension", "dimension": dimension, "operator": operator});
        if let Some(value) = value {
            predicate["value"] = value.into();
        }
        json!([{"type": "and", "predicates": [predicate]}])
    };
    let from = before.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    json!({
        "interval": Interval { from, until: before }.text(), "order": "asc", "orderBy": "conversationStart",
        "conversationFilters": filter("conversationEnd", "notExists", None),
        "segmentFilters": filter("mediaType", "matches", Some("voice")),
        "paging": {"pageSize": PAGE, "pageNumber": page},
    })
}

impl Conversation {
    /// `voice`, `email`…; `None` when the platform does not say.
    pub fn medium(&self) -> Option<&str> {
        self.participants.iter().flat_map(sessions).find_map(|session| session["mediaType"].as_str())
    }

    /// The queue that it was in last, by its name, else by its id.
    pub fn queue(&self) -> Option<&str> {
        let named = |it: &&Value| it["purpose"] == "acd" && it["participantName"].is_string();
        let name = self.participants.iter().rev().find(named).and_then(|it| it["participantName"].as_str());
        let segments = || self.participants.iter().rev().flat_map(sessions).flat_map(segments);
        name.or_else(|| segments().find_map(|segment| segment["queueId"].as_str()))
    }

    /// Whether a person of the organisation is in it still.
    pub fn has_agent(&self) -> bool {
        let is_person = |it: &&Value| it["purpose"] == "agent" || it["purpose"] == "user";
        // Of whom no segment is known nobody can say that they have gone.
        let is_on = |session: &Value| {
            segments(session).next().is_none() || segments(session).any(|segment| segment["segmentEnd"].is_null())
        };
        self.participants.iter().filter(is_person).flat_map(sessions).any(is_on)
    }
}

fn sessions(participant: &Value) -> impl Iterator<Item = &Value> {
    participant["sessions"].as_array().into_iter().flatten()
}

fn segments(session: &Value) -> impl Iterator<Item = &Value> {
    session["segments"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(participants: Value) -> Conversation {
        let participants = serde_json::from_value(participants).unwrap();
        let conversation_id = "c".to_owned();
        Conversation { conversation_id, conversation_start: None, conversation_end: None, participants }
    }

    #[test]
    fn the_question_is_for_calls_without_an_end() {
        let before: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let asked = question(before, 2);
        assert_eq!(asked["interval"], "2026-10-22T12:00:00.000Z/2026-11-21T12:00:00.000Z");
        let open = json!({"type": "dimension", "dimension": "conversationEnd", "operator": "notExists"});
        assert_eq!(asked["conversationFilters"][0]["predicates"][0], open);
        assert_eq!(asked["segmentFilters"][0]["predicates"][0]["value"], "voice");
        assert_eq!((&asked["order"], &asked["paging"]["pageNumber"]), (&json!("asc"), &json!(2)));
    }

    #[test]
    fn who_is_in_it_and_where_it_waits_is_told() {
        let session = |segment: Value| json!([{"mediaType": "voice", "segments": [segment]}]);
        let over = session(json!({"segmentEnd": "2026-11-21T12:00:00Z"}));
        let goes_on = session(json!({"queueId": "q-1"}));
        let alone = conversation(json!([{"purpose": "external", "sessions": goes_on}]));
        assert_eq!((alone.medium(), alone.queue(), alone.has_agent()), (Some("voice"), Some("q-1"), false));
        let waits = json!({"purpose": "acd", "participantName": "Support", "sessions": goes_on});
        let left = conversation(json!([waits, {"purpose": "agent", "sessions": over}]));
        assert_eq!((left.queue(), left.has_agent()), (Some("Support"), false));
        for session in [goes_on, json!([{"mediaType": "voice"}])] {
            assert!(conversation(json!([{"purpose": "agent", "sessions": session}])).has_agent());
        }
        assert_eq!(conversation(json!([])).medium(), None);
    }
}
