//! The limits of the organisation.

use serde_json::{Value, json};

use super::Need::Nothing;
use super::{Answer, ApiError, Call, Table};
use crate::world::{CONCURRENT_MAX, EXECUTIONS_PER_MINUTE_MAX, ROWS_MAX, Service};

pub(super) static TABLE: Table = Table {
    service: Service::Organization,
    operations: &[
        ("GET", "/api/v2/organizations/limits/docs", Nothing, docs),
        ("GET", "/api/v2/organizations/limits/namespaces", Nothing, namespaces),
        ("GET", "/api/v2/organizations/limits/namespaces/{namespaceName}", Nothing, namespace),
        ("GET", "/api/v2/organizations/limits/namespaces/{namespaceName}/defaults", Nothing, defaults),
    ],
};

/// Namespaces that are there even when nothing in them is limited here.
const NAMESPACES: [&str; 13] = [
    "analytics",
    "analytics.realtime",
    "architect",
    "audit",
    "dataactions",
    "datatables",
    "gcv",
    "integrations",
    "notifications",
    "outbound",
    "platform.api",
    "telephony.configuration",
    "usage",
];

/// Namespace, key, default, and what it means.
const LIMITS: [(&str, &str, u32, &str); 9] = [
    ("platform.api", "client.credentials.token.rate.per.minute", 300, "Requests per token of a client in a minute"),
    ("platform.api", "token.rate.per.minute", 300, "Requests per token in a minute"),
    ("platform.api", "org.app.user.rate.per.minute", 3_000, "Requests per organization, client and user in a minute"),
    ("dataactions", "concurrent.executions", CONCURRENT_MAX, "Executions of data actions at one time"),
    ("dataactions", "executions.per.minute", EXECUTIONS_PER_MINUTE_MAX, "Executions of data actions in a minute"),
    ("datatables", "rows.per.table", ROWS_MAX as u32, "Rows of a data table"),
    ("notifications", "channels.per.user.app", 20, "Channels of a user and client"),
    ("analytics", "interval.days", 31, "Days of an aggregate query"),
    ("usage", "interval.days", 90, "Days of a usage query"),
];

fn value_of(call: &Call<'_>, key: &str, default: u32) -> u32 {
    match key {
        "client.credentials.token.rate.per.minute" | "token.rate.per.minute" => call.world.settings.requests_per_minute,
        "interval.days" => call.world.settings.interval_days_max.min(default),
        _ => default,
    }
}

fn docs(_: &mut Call<'_>) -> Answer {
    let namespace = |name: &&str| {
        let of = LIMITS.iter().filter(|limit| limit.0 == *name).map(|(_, key, default, text)| {
            json!({"key": key, "defaultValue": default, "description": text, "configurable": false, "trackable": true})
        });
        json!({"name": name, "friendlyName": name, "limits": of.collect::<Vec<_>>()})
    };
    let namespaces: Vec<Value> = NAMESPACES.iter().map(namespace).collect();
    Ok(json!({"url": "/api/v2/organizations/limits/docs", "namespaces": namespaces}).into())
}

fn namespaces(_: &mut Call<'_>) -> Answer {
    Ok(json!({"entities": NAMESPACES}).into())
}

fn namespace(call: &mut Call<'_>) -> Answer {
    listed(call, value_of)
}

fn defaults(call: &mut Call<'_>) -> Answer {
    listed(call, |_, _, default| default)
}

fn listed(call: &Call<'_>, value: impl Fn(&Call<'_>, &str, u32) -> u32) -> Answer {
    let name = call.at("namespaceName");
    if !NAMESPACES.contains(&name) {
        return Err(ApiError::not_found("The namespace"));
    }
    let of = LIMITS.iter().filter(|limit| limit.0 == name);
    let all = of.map(
        |(namespace, key, default, _)| json!({"namespace": namespace, "key": key, "value": value(call, key, *default)}),
    );
    Ok(json!({"entities": all.collect::<Vec<_>>()}).into())
}
