//! Which flow a number leads to: call routes, emergency groups, schedules.

use serde_json::Value;

use super::Need::Any;
use super::kinds::{EMERGENCY_GROUP, IVR, SCHEDULE, SCHEDULE_GROUP};
use super::{Answer, ApiError, Call, Table};
use crate::world::Service;

const VIEW: super::Need = Any(&["routing:callRoute:view"]);
const GROUP: super::Need = Any(&["routing:emergencyGroup:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("GET", "/api/v2/architect/ivrs", VIEW, list),
        ("GET", "/api/v2/architect/ivrs/{ivrId}", VIEW, |call| call.show(&IVR, "ivrId")),
        ("PUT", "/api/v2/architect/ivrs/{ivrId}", Any(&["routing:callRoute:edit"]), replace_ivr),
        ("GET", "/api/v2/architect/emergencygroups", GROUP, |call| call.list(&EMERGENCY_GROUP)),
        ("GET", "/api/v2/architect/emergencygroups/{emergencyGroupId}", GROUP, |call| {
            call.show(&EMERGENCY_GROUP, "emergencyGroupId")
        }),
        (
            "PUT",
            "/api/v2/architect/emergencygroups/{emergencyGroupId}",
            Any(&["routing:emergencyGroup:edit"]),
            |call| {
                Ok(Value::Object(call.replace(&EMERGENCY_GROUP, "emergencyGroupId", "Routing", "EmergencyGroup")?)
                    .into())
            },
        ),
        ("GET", "/api/v2/architect/schedulegroups/{scheduleGroupId}", Any(&["routing:scheduleGroup:view"]), |call| {
            call.show(&SCHEDULE_GROUP, "scheduleGroupId")
        }),
        ("PUT", "/api/v2/architect/schedulegroups/{scheduleGroupId}", Any(&["routing:scheduleGroup:edit"]), |call| {
            Ok(Value::Object(call.replace(&SCHEDULE_GROUP, "scheduleGroupId", "Routing", "ScheduleGroup")?).into())
        }),
        ("GET", "/api/v2/architect/schedules", Any(&["routing:schedule:view"]), |call| call.list(&SCHEDULE)),
        ("POST", "/api/v2/architect/schedules", Any(&["routing:schedule:add"]), create_schedule),
        ("PUT", "/api/v2/architect/schedules/{scheduleId}", Any(&["routing:schedule:edit"]), |call| {
            local_times(call)?;
            Ok(Value::Object(call.replace(&SCHEDULE, "scheduleId", "Routing", "Schedule")?).into())
        }),
    ],
};

fn list(call: &mut Call<'_>) -> Answer {
    let is_wanted = |ivr: &Value| {
        call.asked("dnis").is_none_or(|dnis| ivr["dnis"].as_array().into_iter().flatten().any(|own| own == dnis))
            && call.asked("scheduleGroup").is_none_or(|id| ivr["scheduleGroup"]["id"] == id)
    };
    let listed = call.named(&IVR).into_iter().filter(is_wanted).collect();
    call.page(listed)
}

/// The flows that a call route names must exist.
fn replace_ivr(call: &mut Call<'_>) -> Answer {
    for field in ["openHoursFlow", "closedHoursFlow", "holidayHoursFlow"] {
        let id = call.object()?.get(field).and_then(|flow| flow["id"].as_str());
        if id.is_some_and(|id| call.world.flows.by_id(id).is_none()) {
            return Err(ApiError::invalid(format!("The flow of {field} does not exist.")));
        }
    }
    Ok(Value::Object(call.replace(&IVR, "ivrId", "Routing", "IVR")?).into())
}

fn create_schedule(call: &mut Call<'_>) -> Answer {
    local_times(call)?;
    call.create(&SCHEDULE, "Routing", "Schedule")
}

/// Schedules are written in local time without a zone.
fn local_times(call: &Call<'_>) -> Result<(), ApiError> {
    for field in ["start", "end"] {
        let text = call.text(field)?;
        if text.parse::<jiff::civil::DateTime>().is_err() {
            let message = format!("The field {field} must be a local date and time such as 2026-01-31T08:00:00.000.");
            return Err(ApiError::new(400, "invalid.date", message));
        }
    }
    Ok(())
}
