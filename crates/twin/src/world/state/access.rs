//! Tokens, channels and faults in a file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::moment::{Loading, SavedNow, Saving, ns};
use super::{StateError, at, at_most};
use crate::world::channels::{Channel, Channels};
use crate::world::clients::{Clients, TOKENS_MAX, Token};
use crate::world::faults::{FAULTS_MAX, Faults};
use crate::world::{Fault, FaultKind, FaultTarget, TOPICS_MAX};

/// A token, and how much of its window is used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedToken {
    token: String,
    /// Whose it is, by id.
    client: String,
    expires: i64,
    window_began: i64,
    used: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    operations: BTreeMap<String, u32>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedChannels {
    /// How often channels were used; the one that was not used for longest goes first.
    #[serde(deserialize_with = "super::count")]
    uses: u64,
    channels: Vec<SavedChannel>,
}

/// A channel; its socket must be connected anew.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedChannel {
    id: String,
    client: String,
    topics: Vec<String>,
    expires: SavedNow,
    used: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedFault {
    until: i64,
    target: FaultTarget,
    kind: SavedFaultKind,
    ttl: u64,
}

/// How a fault breaks something; lengths in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SavedFaultKind {
    Latency(u64),
    Failure(u16),
    Throttle(u64),
    Reset,
    SlowBody(u64),
}

pub(super) fn save_tokens(clients: &Clients, saving: &Saving) -> Vec<SavedToken> {
    let token = |(text, token): (&String, &Token)| SavedToken {
        token: text.clone(),
        client: clients.clients[token.client].id.clone(),
        expires: saving.mono(token.expires),
        window_began: saving.mono(token.window_began),
        used: token.used,
        operations: token.operations.clone(),
    };
    clients.tokens.iter().map(token).collect()
}

pub(super) fn load_tokens(clients: &mut Clients, saved: Vec<SavedToken>, loading: &Loading) -> Result<(), StateError> {
    at_most(TOKENS_MAX, saved.len(), "life.tokens")?;
    for (place, saved) in saved.into_iter().enumerate() {
        let place = at("life.tokens", place);
        let client = clients.clients.iter().position(|client| client.id == saved.client);
        let client =
            client.ok_or_else(|| StateError::wrong(&*place, format!("there is no client `{}`", saved.client)))?;
        let (expires, window_began) = (loading.mono(&place, saved.expires)?, loading.mono(&place, saved.window_began)?);
        let SavedToken { token, used, operations, .. } = saved;
        clients.tokens.insert(token, Token { client, expires, window_began, used, operations });
    }
    Ok(())
}

pub(super) fn save_channels(channels: &Channels, saving: &Saving) -> SavedChannels {
    let channel = |channel: &Channel| SavedChannel {
        id: channel.id.clone(),
        client: channel.client_id.clone(),
        topics: channel.topics.clone(),
        expires: saving.both(channel.expires),
        used: channel.used,
    };
    SavedChannels { uses: channels.uses, channels: channels.channels.values().map(channel).collect() }
}

pub(super) fn load_channels(saved: SavedChannels, loading: &Loading) -> Result<Channels, StateError> {
    let mut channels = BTreeMap::new();
    for (place, saved) in saved.channels.into_iter().enumerate() {
        let place = at("life.channels.channels", place);
        at_most(TOPICS_MAX, saved.topics.len(), &place)?;
        let expires = loading.both(&place, saved.expires)?;
        let (id, client_id, topics, used) = (saved.id, saved.client, saved.topics, saved.used);
        channels.insert(id.clone(), Channel { id, client_id, topics, expires, is_connected: false, used });
    }
    Ok(Channels { channels, uses: saved.uses, ..Channels::default() })
}

pub(super) fn save_faults(faults: &Faults, saving: &Saving) -> Vec<SavedFault> {
    let fault = |&(until, Fault { target, kind, ttl })| {
        let kind = match kind {
            FaultKind::Latency(latency) => SavedFaultKind::Latency(ns(latency)),
            FaultKind::Failure(status) => SavedFaultKind::Failure(status),
            FaultKind::Throttle(after) => SavedFaultKind::Throttle(ns(after)),
            FaultKind::Reset => SavedFaultKind::Reset,
            FaultKind::SlowBody(over) => SavedFaultKind::SlowBody(ns(over)),
        };
        SavedFault { until: saving.mono(until), target, kind, ttl: ns(ttl) }
    };
    faults.active.iter().map(fault).collect()
}

pub(super) fn load_faults(saved: Vec<SavedFault>, loading: &Loading) -> Result<Faults, StateError> {
    at_most(FAULTS_MAX, saved.len(), "life.faults")?;
    let mut active = Vec::new();
    for (place, SavedFault { until, target, kind, ttl }) in saved.into_iter().enumerate() {
        let length = Duration::from_nanos;
        let kind = match kind {
            SavedFaultKind::Latency(latency) => FaultKind::Latency(length(latency)),
            SavedFaultKind::Failure(status) => FaultKind::Failure(status),
            SavedFaultKind::Throttle(after) => FaultKind::Throttle(length(after)),
            SavedFaultKind::Reset => FaultKind::Reset,
            SavedFaultKind::SlowBody(over) => FaultKind::SlowBody(length(over)),
        };
        let until = loading.mono(&at("life.faults", place), until)?;
        active.push((until, Fault { target, kind, ttl: length(ttl) }));
    }
    Ok(Faults { active })
}
