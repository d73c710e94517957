//! Who changed what.

use serde_json::{Value, json};

use super::Need::{All, Nothing};
use super::{Answer, ApiError, Call, Reply, Table, iso};
use crate::world::{Service, Stage};

const VIEW: super::Need = All(&["audits:audit:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Audits,
    operations: &[
        ("POST", "/api/v2/audits/query", VIEW, begin),
        ("GET", "/api/v2/audits/query/{transactionId}", VIEW, state),
        ("GET", "/api/v2/audits/query/{transactionId}/results", VIEW, results),
        ("POST", "/api/v2/audits/query/realtime", VIEW, realtime),
        ("GET", "/api/v2/audits/query/servicemapping", Nothing, services),
    ],
};

/// A type of entities, and what can be done to them.
type Entity = (&'static str, &'static [&'static str]);

/// Services, their entities, and what can be done to them.
const SERVICES: [(&str, &[Entity]); 4] = [
    (
        "Architect",
        &[
            ("Flow", &["Create", "Update", "Publish", "Checkin", "Checkout", "Revert", "Save", "Unlock", "Deactivate"]),
            ("DataTable", &["Create", "Update"]),
            ("DataTableRow", &["Update", "Delete"]),
            ("FlowOutcome", &["Create"]),
        ],
    ),
    (
        "Integrations",
        &[
            ("Integration", &["Enable", "Disable"]),
            ("IntegrationConfiguration", &["Update"]),
            ("Action", &["Create", "Update", "Delete"]),
        ],
    ),
    (
        "Routing",
        &[
            ("IVR", &["Update"]),
            ("EmergencyGroup", &["Update"]),
            ("ScheduleGroup", &["Update"]),
            ("Schedule", &["Create", "Update"]),
            ("Queue", &["Update"]),
        ],
    ),
    ("Telephony", &[("TrunkBase", &["Update"]), ("OutboundRoute", &["Update"])]),
];

/// How far back a query in real time may look.
const REALTIME_DAYS: i64 = 14;

/// Entries of one part of the results.
const RESULTS_PART: u64 = 500;

fn begin(call: &mut Call<'_>) -> Answer {
    super::analytics::interval_of(&call.body)?;
    let id = call.begin("audit");
    Ok(Reply::Json(202, status(&id, "Queued", call.now.wall, &call.body)))
}

fn status(id: &str, state: &str, began: jiff::Timestamp, asked: &Value) -> Value {
    let mut body = json!({"id": id, "state": state, "startDate": iso(began)});
    for field in ["interval", "serviceName", "filters", "sort"] {
        if let Some(value) = asked.get(field) {
            body[field] = value.clone();
        }
    }
    body
}

fn state(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("audit", "transactionId")?;
    let state = match stage {
        Stage::Registered => "Queued",
        Stage::Running => "Running",
        Stage::Done => "Succeeded",
    };
    Ok(status(call.at("transactionId"), state, job.began.wall, &job.asked).into())
}

fn results(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("audit", "transactionId")?;
    if stage != Stage::Done {
        return Err(ApiError::not_found("The results of the query"));
    }
    let all = found(call, &job.asked)?;
    let (part, cursor) = call.part(&all, RESULTS_PART)?;
    let mut body = json!({"id": call.at("transactionId"), "pageSize": part.len(), "entities": part});
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.into();
    }
    Ok(body.into())
}

fn realtime(call: &mut Call<'_>) -> Answer {
    let (from, _) = super::analytics::interval_of(&call.body)?;
    if call.now.wall.duration_since(from) > jiff::SignedDuration::from_hours(24 * REALTIME_DAYS) {
        return Err(ApiError::bad_request(format!("The interval may not begin more than {REALTIME_DAYS} days ago.")));
    }
    let all = found(call, &call.body)?;
    let (size, number) = (
        call.body["pageSize"].as_u64().unwrap_or(25).clamp(1, RESULTS_PART),
        call.body["pageNumber"].as_u64().unwrap_or(1).max(1),
    );
    let skipped = usize::try_from((number - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let total = all.len() as u64;
    let page: Vec<Value> = all.into_iter().skip(skipped).take(size as usize).collect();
    let body = json!({"entities": page, "pageSize": size, "pageNumber": number, "total": total, "pageCount": total.div_ceil(size)});
    Ok(body.into())
}

fn found(call: &Call<'_>, asked: &Value) -> Result<Vec<Value>, ApiError> {
    let (from, until) = super::analytics::interval_of(asked)?;
    let service = asked["serviceName"].as_str();
    let filters = asked["filters"].as_array().cloned().unwrap_or_default();
    let is_wanted = |audit: &&Value| {
        service.is_none_or(|service| audit["serviceName"] == service)
            && filters.iter().all(|filter| {
                let own = match filter["property"].as_str() {
                    Some("EntityType") => &audit["entityType"],
                    Some("EntityId") => &audit["entity"]["id"],
                    Some("Action") => &audit["action"],
                    Some("ClientId") => &audit["client"]["id"],
                    _ => &Value::Null,
                };
                *own == filter["value"]
            })
    };
    let mut all: Vec<Value> = call.world.records.audits(from, until).filter(is_wanted).cloned().collect();
    let oldest_first = asked["sort"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|sort| sort["sortOrder"].as_str().is_some_and(|order| order.eq_ignore_ascii_case("asc")));
    if oldest_first {
        all.reverse();
    }
    Ok(all)
}

fn services(_: &mut Call<'_>) -> Answer {
    let services: Vec<Value> = SERVICES
        .iter()
        .map(|(name, entities)| {
            let entities: Vec<Value> =
                entities.iter().map(|(name, actions)| json!({"name": name, "actions": actions})).collect();
            json!({"name": name, "entities": entities})
        })
        .collect();
    Ok(json!({"services": services}).into())
}
