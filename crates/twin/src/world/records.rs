//! What the platform writes down about its own use: who changed what, who asked what how often, what went wrong inside.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Client;

/// The most changes, and the most events, that are kept; the oldest go first.
pub(super) const RECORDS_MAX: usize = 10_000;

/// The most rows of usage that are kept.
pub(super) const USAGE_ROWS_MAX: usize = 20_000;

/// What was written down.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(super) audits: VecDeque<(Timestamp, Value)>,
    pub(super) events: VecDeque<(Timestamp, Value)>,
    pub(super) usage: BTreeMap<UsageKey, Usage>,
}

/// Whose requests of one kind on one day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsageKey {
    pub(crate) date: Date,
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) method: Cow<'static, str>,
    pub(crate) template: Cow<'static, str>,
}

/// How they were answered; 429 counts among 400 as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) requests: u64,
    pub(crate) ok: u64,
    pub(crate) redirected: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    pub(crate) throttled: u64,
}

/// A change to be written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) service: &'static str,
    pub(crate) entity_type: &'static str,
    pub(crate) action: &'static str,
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

impl Records {
    pub(crate) fn audit(&mut self, id: String, at: Timestamp, client: &Client, change: Change<'_>) {
        let record = json!({
            "id": id, "serviceName": change.service, "level": "USER", "eventDate": format!("{at:.3}"),
            "client": {"id": client.id, "selfUri": format!("/api/v2/oauth/clients/{}", client.id)},
            "remoteIp": ["127.0.0.1"], "action": change.action, "entityType": change.entity_type, "status": "SUCCESS",
            "entity": {"id": change.id, "name": change.name}, "application": client.name,
        });
        keep(&mut self.audits, at, record);
    }

    /// Something failed inside the platform.
    pub(crate) fn event(
        &mut self,
        at: Timestamp,
        definition: &str,
        entity: (&str, &str),
        code: &str,
        values: [&str; 2],
    ) {
        let record = json!({
            "eventDefinition": {"id": definition, "selfUri": format!("/api/v2/usage/events/definitions/{definition}")},
            "entityId": entity.0, "entityName": entity.1, "errorCode": code,
            "previousValue": values[0], "currentValue": values[1], "dateCreated": format!("{at:.3}"),
        });
        keep(&mut self.events, at, record);
    }

    pub(crate) fn count(&mut self, key: UsageKey, status: u16) {
        if self.usage.len() >= USAGE_ROWS_MAX && !self.usage.contains_key(&key) {
            self.usage.pop_first();
        }
        let usage = self.usage.entry(key).or_default();
        usage.requests += 1;
        match status {
            0..300 => usage.ok += 1,
            300..400 => usage.redirected += 1,
            400..500 => usage.refused += 1,
            _ => usage.failed += 1,
        }
        usage.throttled += u64::from(status == 429);
    }

    /// Changes from `from` until before `until`, newest first.
    pub(crate) fn audits(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = &Value> {
        self.audits.iter().rev().filter(move |(at, _)| (from..until).contains(at)).map(|(_, record)| record)
    }

    /// Events from `from` until before `until`, newest first.
    pub(crate) fn events(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = &Value> {
        self.events.iter().rev().filter(move |(at, _)| (from..until).contains(at)).map(|(_, record)| record)
    }

    pub(crate) fn usage(&self) -> impl Iterator<Item = (&UsageKey, &Usage)> {
        self.usage.iter()
    }
}

fn keep(list: &mut VecDeque<(Timestamp, Value)>, at: Timestamp, record: Value) {
    if list.len() >= RECORDS_MAX {
        list.pop_front();
    }
    list.push_back((at, record));
}
