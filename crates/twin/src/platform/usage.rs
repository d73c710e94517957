//! How much the API was used, a day late, and what went wrong inside the platform.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Need::Any;
use super::{Answer, ApiError, Call, Reply, Table, iso};
use crate::world::{Service, Stage, Usage, UsageKey};

const ORGANISATION: super::Need = Any(&["usage:organization:view"]);
const CLIENT: super::Need = Any(&["usage:client:view"]);
const LEGACY: super::Need = Any(&["oauth:client:view"]);
const SEE_EVENTS: super::Need = Any(&["usage:events:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Usage,
    operations: &[
        ("POST", "/api/v2/usage/query", ORGANISATION, |call| legacy(call, "/api/v2/usage/query")),
        ("GET", "/api/v2/usage/query/{executionId}/results", ORGANISATION, |call| legacy_results(call, None)),
        ("POST", "/api/v2/usage/simplesearch", ORGANISATION, |call| legacy(call, "/api/v2/usage/simplesearch")),
        ("GET", "/api/v2/usage/simplesearch/{executionId}/results", ORGANISATION, |call| legacy_results(call, None)),
        ("POST", "/api/v2/oauth/clients/{clientId}/usage/query", LEGACY, legacy_of_client),
        ("GET", "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}", LEGACY, |call| {
            let client = call.at("clientId").to_owned();
            legacy_results(call, Some(client))
        }),
        ("POST", "/api/v2/usage/aggregates/query/jobs", ORGANISATION, begin),
        ("GET", "/api/v2/usage/aggregates/query/jobs/{jobId}", ORGANISATION, |call| results(call, None)),
        ("POST", "/api/v2/usage/client/{clientId}/aggregates/query/jobs", CLIENT, begin),
        ("GET", "/api/v2/usage/client/{clientId}/aggregates/query/jobs/{jobId}", CLIENT, |call| {
            let client = call.at("clientId").to_owned();
            results(call, Some(client))
        }),
    ],
};

pub(super) static EVENTS: Table = Table {
    service: Service::Usage,
    operations: &[
        ("GET", "/api/v2/usage/events/definitions", SEE_EVENTS, definitions),
        ("POST", "/api/v2/usage/events/query", SEE_EVENTS, events),
        ("POST", "/api/v2/usage/events/aggregates/query", SEE_EVENTS, event_counts),
    ],
};

/// Rows of one part of the results.
const ROWS_PART: u64 = 1_000;

/// What can go wrong inside, and what it means.
const DEFINITIONS: [(&str, &str); 3] = [
    ("integration-state-changed", "An integration has become active or inactive"),
    ("trunk-state-changed", "A trunk has come into or gone out of service"),
    ("flow-publish-failed", "A flow could not be published"),
];

fn legacy(call: &mut Call<'_>, uri: &str) -> Answer {
    super::analytics::interval_of(&call.body)?;
    let id = call.begin("usage");
    Ok(json!({"executionId": id, "resultsUri": format!("{uri}/{id}/results")}).into())
}

fn legacy_of_client(call: &mut Call<'_>) -> Answer {
    super::analytics::interval_of(&call.body)?;
    let id = call.begin("usage");
    let uri = format!("/api/v2/oauth/clients/{}/usage/query/results/{id}", call.at("clientId"));
    Ok(json!({"executionId": id, "resultsUri": uri}).into())
}

fn legacy_results(call: &mut Call<'_>, client: Option<String>) -> Answer {
    let (job, stage) = call.job("usage", "executionId")?;
    if stage != Stage::Done {
        return Ok(json!({"results": [], "queryStatus": "Running"}).into());
    }
    let by = |name: &str| job.asked["groupBy"].as_array().into_iter().flatten().any(|dimension| dimension == name);
    let rows = rows(call, &job.asked, client.as_deref())?;
    let mut summed: BTreeMap<UsageKeyBy, Usage> = BTreeMap::new();
    for (key, usage) in rows {
        let group = UsageKeyBy {
            client: by("OAuthClientId").then(|| (key.client_id.clone(), key.client_name.clone())),
            template: by("TemplateUri").then(|| key.template.to_string()),
            method: by("HttpMethod").then(|| key.method.to_string()),
        };
        add(summed.entry(group).or_default(), usage);
    }
    let results: Vec<Value> = summed
        .into_iter()
        .map(|(group, usage)| {
            let mut row = json!({"requests": usage.requests, "status200": usage.ok, "status300": usage.redirected,
                "status400": usage.refused, "status500": usage.failed, "status429": usage.throttled});
            if let Some((id, name)) = group.client {
                row["clientId"] = id.into();
                row["clientName"] = name.into();
            }
            if let Some(template) = group.template {
                row["templateUri"] = template.into();
            }
            if let Some(method) = group.method {
                row["httpMethod"] = method.into();
            }
            row
        })
        .collect();
    Ok(json!({"results": results, "queryStatus": "Complete"}).into())
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UsageKeyBy {
    client: Option<(String, String)>,
    template: Option<String>,
    method: Option<String>,
}

fn add(sum: &mut Usage, usage: &Usage) {
    sum.requests += usage.requests;
    sum.ok += usage.ok;
    sum.redirected += usage.redirected;
    sum.refused += usage.refused;
    sum.failed += usage.failed;
    sum.throttled += usage.throttled;
}

fn begin(call: &mut Call<'_>) -> Answer {
    super::analytics::interval_of(&call.body)?;
    let id = call.begin("usageAggregates");
    let uri = format!("{}/{id}", call.uri);
    Ok(Reply::Json(202, json!({"id": id, "resultsUri": uri, "selfUri": uri})))
}

fn results(call: &mut Call<'_>, client: Option<String>) -> Answer {
    let (job, stage) = call.job("usageAggregates", "jobId")?;
    let status = match stage {
        Stage::Registered => "Queued",
        Stage::Running => "Running",
        Stage::Done => "Succeeded",
    };
    let mut body = json!({"queryStatus": status, "entities": [], "selfUri": call.uri});
    if stage != Stage::Done {
        return Ok(body.into());
    }
    let of_client = client.is_some();
    let organisation = &call.world.organisation_id;
    let all: Vec<Value> = rows(call, &job.asked, client.as_deref())?
        .map(|(key, usage)| {
            let mut row = json!({"date": key.date.to_string(), "httpMethod": key.method, "templateUri": key.template,
                "platform": "API", "requestCount": usage.requests, "status200": usage.ok, "status300": usage.redirected,
                "status400": usage.refused, "status429": usage.throttled, "status500": usage.failed});
            if of_client {
                row["organizationId"] = organisation.clone().into();
            } else {
                row["oauthClient"] = json!({"id": key.client_id, "name": key.client_name});
            }
            row
        })
        .collect();
    let (part, next) = call.part(&all, ROWS_PART)?;
    body["entities"] = part.into();
    if let Some(next) = next {
        body["nextUri"] = format!("{}?after={next}", call.uri).into();
    }
    Ok(body.into())
}

/// Rows of the days that lie in the interval and are old enough to be told.
fn rows<'c>(
    call: &'c Call<'_>,
    asked: &Value,
    client: Option<&str>,
) -> Result<impl Iterator<Item = (&'c UsageKey, &'c Usage)>, ApiError> {
    let (from, until) = super::analytics::interval_of(asked)?;
    let lag = SignedDuration::try_from(Duration::from_millis(call.world.settings.usage_lag_ms)).unwrap_or_default();
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let (first, last, told) = (day(from), day(until), day(call.now.wall.checked_sub(lag).unwrap_or(Timestamp::MIN)));
    let of = |name: &str| -> Vec<String> {
        asked[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (templates, methods) = (of("templateUris"), of("httpMethods"));
    let mut clients = of("oauthClientIds");
    clients.extend(client.map(str::to_owned));
    Ok(call.world.records.usage().filter(move |(key, _)| {
        (first..=last).contains(&key.date)
            && key.date <= told
            && (clients.is_empty() || clients.contains(&key.client_id))
            && (templates.is_empty() || templates.iter().any(|template| *template == key.template))
            && (methods.is_empty() || methods.iter().any(|method| *method == key.method))
    }))
}

fn definitions(_: &mut Call<'_>) -> Answer {
    let all = DEFINITIONS.iter().map(|(id, text)| json!({"id": id, "name": id, "description": text}));
    Ok(json!({"entities": all.collect::<Vec<_>>()}).into())
}

fn found(call: &Call<'_>) -> Result<Vec<Value>, ApiError> {
    let (from, until) = super::analytics::interval_of(&call.body)?;
    let ids: Vec<&str> =
        call.body["eventDefinitionIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let term = call.body["searchTerm"].as_str();
    let is_wanted = |event: &&Value| {
        let definition = event["eventDefinition"]["id"].as_str().unwrap_or_default();
        (ids.is_empty() || ids.contains(&definition)) && term.is_none_or(|term| event.to_string().contains(term))
    };
    let mut events: Vec<Value> = call.world.records.events(from, until).filter(is_wanted).cloned().collect();
    if call.body["sortOrder"] == "ASC" {
        events.reverse();
    }
    Ok(events)
}

fn events(call: &mut Call<'_>) -> Answer {
    let found = found(call)?;
    call.cursor(found, 200)
}

fn event_counts(call: &mut Call<'_>) -> Answer {
    let found = found(call)?;
    let counted: Vec<Value> = DEFINITIONS
        .iter()
        .map(|(id, _)| {
            let count = found.iter().filter(|event| event["eventDefinition"]["id"] == *id).count();
            let uri = format!("/api/v2/usage/events/definitions/{id}");
            json!({"eventDefinition": {"id": id, "selfUri": uri}, "eventCount": count})
        })
        .collect();
    let (from, until) = super::analytics::interval_of(&call.body)?;
    Ok(json!({"interval": format!("{}/{}", iso(from), iso(until)), "eventDefinitionAggregates": counted}).into())
}
