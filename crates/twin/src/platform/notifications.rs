//! Notification channels and what they are subscribed to.

use serde_json::{Value, json};

use super::Need::Nothing;
use super::{Answer, ApiError, Call, Reply, Table, iso};
use crate::world::{CHANNEL_LIFE, Channel, Service, TOPICS_MAX};

pub(super) static TABLE: Table = Table {
    service: Service::Notifications,
    operations: &[
        ("GET", "/api/v2/notifications/availabletopics", Nothing, topics),
        ("POST", "/api/v2/notifications/channels", Nothing, open),
        ("GET", "/api/v2/notifications/channels", Nothing, list),
        ("HEAD", "/api/v2/notifications/channels/{channelId}", Nothing, is_alive),
        ("GET", "/api/v2/notifications/channels/{channelId}/subscriptions", Nothing, subscriptions),
        ("POST", "/api/v2/notifications/channels/{channelId}/subscriptions", Nothing, |call| subscribe(call, false)),
        ("PUT", "/api/v2/notifications/channels/{channelId}/subscriptions", Nothing, |call| subscribe(call, true)),
        ("DELETE", "/api/v2/notifications/channels/{channelId}/subscriptions", Nothing, clear),
    ],
};

/// Topics, with one part that is an id, and what a client must be allowed to see for them.
const TOPICS: [(&str, &str); 9] = [
    ("v2.flows.{id}", "architect:flow:view"),
    ("v2.analytics.flow.{id}.metrics", "analytics:flowAggregate:view"),
    ("v2.analytics.flow.{id}.aggregates", "analytics:flowAggregate:view"),
    ("v2.analytics.queues.{id}.observations", "analytics:queueObservation:view"),
    ("v2.telephony.providers.edges.trunks.{id}", "telephony:plugin:all"),
    ("v2.telephony.providers.edges.{id}", "telephony:plugin:all"),
    ("v2.outbound.campaigns.{id}", "outbound:campaign:view"),
    ("v2.integrations.inbound.webhook.{id}.invocation", "integrations:integration:view"),
    ("v2.system.{id}", ""),
];

fn topics(_: &mut Call<'_>) -> Answer {
    let entity = |(id, permission): &(&str, &str)| {
        let needs: Vec<&str> = Some(*permission).filter(|permission| !permission.is_empty()).into_iter().collect();
        json!({"id": id, "description": id, "requiresPermissions": needs, "transports": ["Websocket"], "visibility": "Public",
            "enforced": true, "topicParameters": ["id"]})
    };
    Ok(json!({"entities": TOPICS.iter().map(entity).collect::<Vec<_>>()}).into())
}

/// The permission that a topic asks for; `None` when there is no such topic.
pub(crate) fn permission(topic: &str) -> Option<&'static str> {
    let fits = |template: &str| {
        let Some((before, after)) = template.split_once("{id}") else { return template == topic };
        let Some(middle) = topic.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else { return false };
        !middle.is_empty()
            && (after.is_empty() || !middle.is_empty())
            && (!middle.contains('.') || before == "v2.system.")
    };
    TOPICS.iter().find(|(template, _)| fits(template)).map(|(_, permission)| *permission)
}

fn open(call: &mut Call<'_>) -> Answer {
    let id = format!("streaming-{}", call.id());
    let (client, now) = (call.client.id.clone(), call.now);
    let (channel, evicted) = call.world.channels.open(id, &client, now);
    if let Some(evicted) = evicted {
        call.world.hang_up.push(evicted);
    }
    Ok(body(call, &channel).into())
}

fn body(call: &Call<'_>, channel: &Channel) -> Value {
    let base = call.base.replacen("http", "ws", 1);
    json!({"id": channel.id, "connectUri": format!("{base}/channels/{}", channel.id), "expires": iso(channel.expires.wall)})
}

fn list(call: &mut Call<'_>) -> Answer {
    let (client, now) = (call.client.id.clone(), call.now);
    let channels: Vec<Channel> = call.world.channels.of(&client, now).cloned().collect();
    let entities: Vec<Value> = channels.iter().map(|channel| body(call, channel)).collect();
    Ok(json!({"entities": entities}).into())
}

fn find<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Channel, ApiError> {
    let (id, client, now) = (call.at("channelId").to_owned(), call.client.id.clone(), call.now);
    let found = call.world.channels.get_mut(&id, now).filter(|channel| channel.client_id == client);
    found.ok_or_else(|| ApiError::not_found("The channel"))
}

fn is_alive(call: &mut Call<'_>) -> Answer {
    find(call)?;
    Ok(Reply::Empty(200))
}

fn subscriptions(call: &mut Call<'_>) -> Answer {
    let topics = find(call)?.topics.clone();
    let entities: Vec<Value> = topics.iter().map(|topic| permitted(topic)).collect();
    Ok(json!({"entities": entities}).into())
}

fn permitted(topic: &str) -> Value {
    json!({"id": topic, "state": "Permitted", "selfUri": format!("/api/v2/notifications/channels/subscriptions/{topic}")})
}

/// Adds topics, or replaces all of them; the channel lives on for another day.
fn subscribe(call: &mut Call<'_>, replaces: bool) -> Answer {
    let wanted = call.body.as_array().cloned();
    let wanted = wanted.ok_or_else(|| ApiError::bad_request("The request needs a body that is a JSON array."))?;
    let wanted: Vec<String> = wanted.iter().filter_map(|topic| topic["id"].as_str()).map(str::to_owned).collect();
    let ignores = call.asked("ignoreErrors") == Some("true");
    let (mut entities, mut good) = (Vec::new(), Vec::new());
    for topic in wanted {
        match refusal(call, &topic) {
            None => {
                entities.push(permitted(&topic));
                good.push(topic);
            }
            Some((reason, missing)) if ignores => entities.push(
                json!({"id": topic, "state": "Rejected", "rejectionReason": reason, "missingPermissions": missing}),
            ),
            Some((reason, missing)) if missing.is_empty() => return Err(ApiError::invalid(reason)),
            Some((_, missing)) => return Err(ApiError::missing(&missing)),
        }
    }
    let now = call.now;
    let channel = find(call)?;
    if replaces {
        channel.topics.clear();
    }
    good.retain(|topic| !channel.topics.contains(topic));
    if channel.topics.len() + good.len() > TOPICS_MAX {
        return Err(ApiError::bad_request(format!("A channel has at most {TOPICS_MAX} topics.")));
    }
    channel.topics.extend(good);
    channel.expires = now.later(CHANNEL_LIFE);
    Ok(json!({"entities": entities}).into())
}

/// Why a client may not have a topic.
fn refusal(call: &Call<'_>, topic: &str) -> Option<(String, Vec<&'static str>)> {
    match permission(topic) {
        None => Some((format!("The topic {topic} does not exist."), Vec::new())),
        Some("") => None,
        Some(permission) if call.world.clients.permits(&call.client.id, permission) => None,
        Some(permission) => Some(("The permissions do not suffice.".to_owned(), vec![permission])),
    }
}

fn clear(call: &mut Call<'_>) -> Answer {
    find(call)?.topics.clear();
    call.done()
}
