//! Licences: what there is, who has which, and what was used.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Need::{All, Any};
use super::kinds::{LICENCE, USER_LICENCES};
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::Service;

pub(super) static TABLE: Table = Table {
    service: Service::License,
    operations: &[
        (
            "GET",
            "/api/v2/license/definitions",
            Any(&["authorization:grant:add", "authorization:license:view"]),
            definitions,
        ),
        ("GET", "/api/v2/license/users", Any(&["authorization:grant:add", "authorization:license:view"]), users),
        ("GET", "/api/v2/billing/reports/billableusage", All(&["billing:subscription:view"]), billable),
    ],
};

fn definitions(call: &mut Call<'_>) -> Answer {
    let all = call.world.documents.all(&LICENCE).iter().cloned().map(Value::Object);
    Ok(all.collect::<Value>().into())
}

fn users(call: &mut Call<'_>) -> Answer {
    let all = call.world.documents.all(&USER_LICENCES).iter().cloned().map(Value::Object).collect();
    Ok(Value::Object(call.bare_page(all)?).into())
}

/// The report is made when it is first asked for, and complete a moment later.
fn billable(call: &mut Call<'_>) -> Answer {
    let (from, until) = (call.required("startDate")?.to_owned(), call.required("endDate")?.to_owned());
    let instant = |text: &str| {
        text.parse::<jiff::Timestamp>()
            .map_err(|_| ApiError::new(400, "invalid.date", "startDate and endDate must be dates and times."))
    };
    let (begins, ends) = (instant(&from)?, instant(&until)?);
    let id = format!("billing {from} {until}");
    let state = std::time::Duration::from_millis(call.world.settings.job_state_ms);
    let Some(job) = call.world.jobs.get("billing", &id) else {
        call.world.jobs.begin("billing", &id, Value::Null, call.now);
        return Ok(json!({"status": "InProgress", "startDate": iso(begins), "endDate": iso(ends)}).into());
    };
    if job.stage(state, call.now) != crate::world::Stage::Done {
        return Ok(json!({"status": "InProgress", "startDate": iso(begins), "endDate": iso(ends)}).into());
    }
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    for user in call.world.documents.all(&USER_LICENCES) {
        for licence in user["licenses"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            *used.entry(licence.to_owned()).or_default() += 1;
        }
    }
    let usages: Vec<Value> = used
        .into_iter()
        .map(|(name, count)| json!({"name": name, "totalUsage": count.to_string(), "resources": []}))
        .collect();
    let body = json!({"id": "billableusage", "startDate": iso(begins), "endDate": iso(ends), "status": "Complete", "usages": usages});
    Ok(body.into())
}
