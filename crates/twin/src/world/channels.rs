//! Notification channels: who wants to be told of what, and what is still to be told.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Now;
use serde_json::{Value, json};

/// Channels of one client; one more evicts the least recently used, those without a socket first.
pub(crate) const CHANNELS_MAX: usize = 20;

/// Topics of one channel.
pub(crate) const TOPICS_MAX: usize = 1_000;

/// How long a channel lives after its last subscription.
pub(crate) const CHANNEL_LIFE: Duration = Duration::from_secs(86_400);

/// Frames that wait to be sent; further ones are dropped, as the platform promises no delivery.
const OUTBOX_MAX: usize = 10_000;

/// A channel of a client.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) topics: Vec<String>,
    pub(crate) expires: Now,
    /// True while a socket is connected.
    pub(crate) is_connected: bool,
    pub(super) used: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Channels {
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) outbox: Vec<(String, String)>,
    pub(super) uses: u64,
}

impl Channels {
    /// A new channel for a client; gives it, and the one that had to go.
    pub(crate) fn open(&mut self, id: String, client_id: &str, now: Now) -> (Channel, Option<String>) {
        self.expire(now);
        let mine: Vec<&Channel> = self.channels.values().filter(|channel| channel.client_id == client_id).collect();
        let evicted = (mine.len() >= CHANNELS_MAX)
            .then(|| {
                mine.iter().min_by_key(|channel| (channel.is_connected, channel.used)).map(|channel| channel.id.clone())
            })
            .flatten();
        if let Some(evicted) = &evicted {
            self.channels.remove(evicted);
        }
        self.uses += 1;
        let channel = Channel {
            id: id.clone(),
            client_id: client_id.to_owned(),
            topics: Vec::new(),
            expires: now.later(CHANNEL_LIFE),
            is_connected: false,
            used: self.uses,
        };
        self.channels.insert(id, channel.clone());
        (channel, evicted)
    }

    pub(crate) fn of<'a>(&'a mut self, client_id: &'a str, now: Now) -> impl Iterator<Item = &'a Channel> {
        self.expire(now);
        self.channels.values().filter(move |channel| channel.client_id == client_id)
    }

    /// A channel that still lives.
    pub(crate) fn get_mut(&mut self, id: &str, now: Now) -> Option<&mut Channel> {
        self.expire(now);
        self.uses += 1;
        let channel = self.channels.get_mut(id)?;
        channel.used = self.uses;
        Some(channel)
    }

    /// Whether anybody wants to be told of this topic.
    pub(crate) fn wants(&self, topic: &str) -> bool {
        self.channels.values().any(|channel| channel.topics.iter().any(|known| known == topic))
    }

    /// Tells everyone who has a socket and wants to know.
    pub(crate) fn tell(&mut self, topic: &str, body: &Value, correlation_id: &str) {
        let mut frame = None;
        for channel in self.channels.values() {
            let is_wanted = channel.is_connected && channel.topics.iter().any(|known| known == topic);
            if is_wanted && self.outbox.len() < OUTBOX_MAX {
                let frame = frame.get_or_insert_with(|| {
                    let metadata = json!({"CorrelationId": correlation_id});
                    json!({"topicName": topic, "version": "2", "eventBody": body, "metadata": metadata}).to_string()
                });
                self.outbox.push((channel.id.clone(), frame.clone()));
            }
        }
    }

    /// What is to be sent: the channel, and the frame.
    pub(crate) fn take(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.outbox)
    }

    fn expire(&mut self, now: Now) {
        self.channels.retain(|_, channel| now.mono < channel.expires.mono);
    }
}
