//! What the platform tells by itself: channels, topics, and a listener that never goes deaf unnoticed.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::client::{Client, segment};
use crate::error::Error;
use crate::listener::{Effect, Event, PONG_MAX, State, step};

const CHANNELS: &str = "/api/v2/notifications/channels";

/// Topics of one channel, as has been seen to work.
pub const TOPICS_MAX: usize = 1_000;

/// The topic of a flow: it is told whenever somebody saves, publishes or locks the flow.
pub fn flow_topic(flow: &str) -> String {
    format!("v2.flows.{flow}")
}

/// How long a socket may take to open.
const CONNECT_MAX: std::time::Duration = std::time::Duration::from_secs(20);

/// A channel: an address from which notifications come. The address is a secret.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Where to connect.
    connect_uri: String,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

/// What became of a topic that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The topic.
    pub id: String,
    /// `Permitted` or `Rejected`.
    pub state: Option<String>,
    /// Why it was rejected.
    pub rejection_reason: Option<String>,
    /// Which permissions it takes.
    #[serde(default)]
    pub missing_permissions: Vec<String>,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A notification.
    Told {
        /// Its topic.
        topic: String,
        /// What it says.
        body: Value,
    },
    /// Something may have been missed: ask for the present state. Comes after every gap, and every 30 s while there is
    /// none who tells.
    Ask,
}

/// Opens a channel: `POST /api/v2/notifications/channels`
///
/// # Errors
/// See [`Error`].
pub async fn open(client: &Client) -> Result<Channel, Error> {
    client.change(Method::POST, CHANNELS, &[], None).await
}

/// Subscribes a channel to these topics and no others; each may be rejected alone:
/// `PUT /api/v2/notifications/channels/{id}/subscriptions`
///
/// # Errors
/// See [`Error`].
pub async fn subscribe(client: &Client, channel: &Channel, topics: &[String]) -> Result<Vec<Subscription>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Subscription>,
    }
    let body: Value = topics.iter().take(TOPICS_MAX).map(|topic| json!({"id": topic})).collect();
    let path = format!("{CHANNELS}/{}/subscriptions", segment(&channel.id));
    let query = [("ignoreErrors", "true".to_owned())];
    Ok(client.change::<Answer>(Method::PUT, &path, &query, Some(&body)).await?.entities)
}

/// Whether a channel lives: `HEAD /api/v2/notifications/channels/{id}`
///
/// # Errors
/// See [`Error`]; 404 when it does not.
pub async fn is_alive(client: &Client, channel: &Channel) -> Result<bool, Error> {
    match client.order(Method::HEAD, &format!("{CHANNELS}/{}", segment(&channel.id)), None).await {
        Ok(()) => Ok(true),
        Err(error) if error.status() == Some(404) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What can be listened to, and which permissions it takes: `GET /api/v2/notifications/availabletopics`
///
/// # Errors
/// See [`Error`].
pub async fn topics(client: &Client) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default = "Vec::new")]
        entities: Vec<Topic>,
    }
    #[derive(Deserialize)]
    struct Topic {
        id: String,
    }
    let answer: Answer = client.get("/api/v2/notifications/availabletopics", &[]).await?;
    Ok(answer.entities.into_iter().map(|topic| topic.id).collect())
}

/// Whether a socket to a channel can be opened and answers; for whoever wants to know before it matters.
pub async fn answers(client: &Client, channel: &Channel) -> bool {
    let topics = Vec::new();
    let mut listener = Listener { client: client.clone(), topics, channel: Some(channel.clone()), socket: None };
    if listener.connect().await.is_none() {
        return false;
    }
    listener.carry_out(Effect::Ping).await;
    let answer = client.clock().timeout(PONG_MAX, listener.frame()).await;
    matches!(answer, Some(Some(_)))
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Hears these topics until nobody listens to `heard` any more. It never ends by itself: what is lost is opened again,
/// and whoever listens is told when to ask instead.
pub async fn listen(client: Client, topics: Vec<String>, heard: mpsc::Sender<Heard>) {
    let mut listener = Listener { client, topics, channel: None, socket: None };
    let clock = listener.client.clock().clone();
    let mut state = State::new(clock.mono());
    let mut events = VecDeque::from([Event::Tick]);
    loop {
        while let Some(event) = events.pop_front() {
            let now = clock.mono();
            let (next, effects) = step(state, event, now, listener.client.chance());
            state = next;
            for effect in effects {
                if effect == Effect::Poll {
                    if heard.send(Heard::Ask).await.is_err() {
                        return;
                    }
                } else if let Some(follows) = listener.carry_out(effect).await {
                    events.push_back(follows);
                }
            }
        }
        let frame = tokio::select! {
            () = clock.sleep_until(state.next_due()) => {
                events.push_back(Event::Tick);
                continue;
            }
            () = heard.closed() => return,
            frame = listener.frame() => frame,
        };
        let Some(frame) = frame else {
            listener.socket = None;
            events.push_back(Event::Closed);
            continue;
        };
        events.push_back(Event::Heard);
        match read(&frame) {
            Read::Told(topic, body) => {
                if heard.send(Heard::Told { topic, body }).await.is_err() {
                    return;
                }
            }
            Read::ClosingSoon => events.push_back(Event::ClosingSoon),
            Read::ChannelGone => events.push_back(Event::ChannelGone),
            Read::Nothing => {}
        }
    }
}

struct Listener {
    client: Client,
    topics: Vec<String>,
    channel: Option<Channel>,
    socket: Option<Socket>,
}

impl Listener {
    async fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::OpenChannel => Some(self.open().await.map_or(Event::Failed, |()| Event::Opened)),
            Effect::Connect => Some(self.connect().await.map_or(Event::Failed, |()| Event::Connected)),
            Effect::Ping => {
                let ping = Message::Text(json!({"message": "ping"}).to_string().into());
                // A socket that takes nothing any more will be found silent.
                if let Some(socket) = &mut self.socket {
                    let _ = socket.send(ping).await;
                }
                None
            }
            Effect::Renew => match &self.channel {
                Some(channel) => match subscribe(&self.client, channel, &self.topics).await {
                    Err(error) if error.status() == Some(404) => Some(Event::ChannelGone),
                    // The socket still tells; it is tried again within the last hour of the channel by its loss.
                    _ => None,
                },
                None => Some(Event::ChannelGone),
            },
            Effect::Drop => {
                self.socket = None;
                None
            }
            Effect::Poll => None,
        }
    }

    async fn open(&mut self) -> Result<(), Error> {
        let channel = open(&self.client).await?;
        subscribe(&self.client, &channel, &self.topics).await?;
        self.channel = Some(channel);
        Ok(())
    }

    async fn connect(&mut self) -> Option<()> {
        let uri = self.channel.as_ref()?.connect_uri.clone();
        let connecting = connect_async_tls_with_config(uri, None, true, Some(Connector::Rustls(tls())));
        let (socket, _) = self.client.clock().timeout(CONNECT_MAX, connecting).await?.ok()?;
        self.socket = Some(socket);
        Some(())
    }

    /// The next text; `None` when the socket has ended. Without a socket nothing ever comes.
    async fn frame(&mut self) -> Option<String> {
        let Some(socket) = &mut self.socket else { return std::future::pending().await };
        loop {
            match socket.next().await? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

fn tls() -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// What a frame means.
#[derive(Debug, PartialEq)]
enum Read {
    Told(String, Value),
    ClosingSoon,
    ChannelGone,
    Nothing,
}

fn read(frame: &str) -> Read {
    let Ok(mut frame) = serde_json::from_str::<Value>(frame) else { return Read::Nothing };
    if frame["result"] == "404" {
        return Read::ChannelGone;
    }
    let topic = frame["topicName"].as_str().unwrap_or_default().to_owned();
    match topic.as_str() {
        "" | "channel.metadata" => Read::Nothing,
        "v2.system.socket_closing" => Read::ClosingSoon,
        topic
            if topic.starts_with("v2.system.token_revoked") || topic.starts_with("v2.system.no_longer_subscribed") =>
        {
            Read::ChannelGone
        }
        _ => Read::Told(topic, frame["eventBody"].take()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let told = r#"{"topicName":"v2.flows.f","version":"2","eventBody":{"id":"f"},"metadata":{}}"#;
        assert_eq!(read(told), Read::Told("v2.flows.f".to_owned(), json!({"id": "f"})));
        let heartbeat = r#"{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}"#;
        assert_eq!(read(heartbeat), Read::Nothing);
        assert_eq!(read(r#"{"topicName":"v2.system.socket_closing","eventBody":{}}"#), Read::ClosingSoon);
        assert_eq!(read(r#"{"result":"404"}"#), Read::ChannelGone);
        assert_eq!(read("not json"), Read::Nothing);
    }
}
