//! Which flow a number leads to: call routes, emergency groups, schedules. The levers that need no publish.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::change::{Object, change};
use crate::client::{Client, segment};
use crate::error::Error;
use crate::page;
use crate::tokens::Named;

/// A call route: numbers and the flows that they lead to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ivr {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its numbers in E.164.
    #[serde(default)]
    pub dnis: Vec<String>,
    /// The flow in open hours.
    pub open_hours_flow: Option<Named>,
    /// The flow in closed hours.
    pub closed_hours_flow: Option<Named>,
    /// The flow on holidays.
    pub holiday_hours_flow: Option<Named>,
    /// The group of schedules that tells them apart.
    pub schedule_group: Option<Named>,
    /// Counts its changes.
    pub version: Option<u64>,
}

/// An emergency group: when it is on, its call routes lead elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// True while it is on.
    #[serde(default)]
    pub enabled: bool,
    /// Which flows for which call routes.
    #[serde(default)]
    pub emergency_call_flows: Vec<EmergencyFlow>,
    /// Counts its changes.
    pub version: Option<u64>,
}

/// A flow for emergencies, and the call routes that lead to it then.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyFlow {
    /// The flow.
    pub emergency_flow: Option<Named>,
    /// The call routes.
    #[serde(default)]
    pub ivrs: Vec<Named>,
}

/// A group of schedules.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: Option<String>,
    /// When it is open.
    #[serde(default)]
    pub open_schedules: Vec<Named>,
    /// When it is closed.
    #[serde(default)]
    pub closed_schedules: Vec<Named>,
    /// When it is a holiday.
    #[serde(default)]
    pub holiday_schedules: Vec<Named>,
}

/// A schedule, in local time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it begins, without a zone.
    pub start: Option<String>,
    /// When it ends, without a zone.
    pub end: Option<String>,
    /// How it repeats, as iCalendar has it.
    pub rrule: Option<String>,
}

/// Which hours a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Holidays.
    Holiday,
}

/// `GET /api/v2/architect/ivrs`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn ivrs(client: &Client) -> Result<Vec<Ivr>, Error> {
    page::all(client, "/api/v2/architect/ivrs", &[]).await
}

/// `GET /api/v2/architect/ivrs/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn ivr(client: &Client, id: &str) -> Result<Ivr, Error> {
    client.get(&format!("/api/v2/architect/ivrs/{}", segment(id)), &[]).await
}

/// Leads a call route to another flow, at once and without a publish: `PUT /api/v2/architect/ivrs/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn lead(client: &Client, ivr: &str, hours: Hours, flow: &str) -> Result<Ivr, Error> {
    let field = match hours {
        Hours::Open => "openHoursFlow",
        Hours::Closed => "closedHoursFlow",
        Hours::Holiday => "holidayHoursFlow",
    };
    let path = format!("/api/v2/architect/ivrs/{}", segment(ivr));
    change(client, &path, |ivr: &mut Object| {
        let is_other = ivr.get(field).and_then(|known| known["id"].as_str()) != Some(flow);
        ivr.insert(field.to_owned(), json!({"id": flow}));
        is_other
    })
    .await
}

/// `GET /api/v2/architect/emergencygroups`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn emergency_groups(client: &Client) -> Result<Vec<EmergencyGroup>, Error> {
    page::all(client, "/api/v2/architect/emergencygroups", &[]).await
}

/// `GET /api/v2/architect/emergencygroups/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn emergency_group(client: &Client, id: &str) -> Result<EmergencyGroup, Error> {
    client.get(&format!("/api/v2/architect/emergencygroups/{}", segment(id)), &[]).await
}

/// Switches an emergency group: `PUT /api/v2/architect/emergencygroups/{id}`. Nothing is written when it is as wanted.
///
/// # Errors
/// See [`Error`].
pub async fn switch_emergency(client: &Client, id: &str, enabled: bool) -> Result<EmergencyGroup, Error> {
    let path = format!("/api/v2/architect/emergencygroups/{}", segment(id));
    change(client, &path, |group: &mut Object| {
        group.insert("enabled".to_owned(), enabled.into()) != Some(Value::Bool(enabled))
    })
    .await
}

/// `GET /api/v2/architect/schedulegroups/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn schedule_group(client: &Client, id: &str) -> Result<ScheduleGroup, Error> {
    client.get(&format!("/api/v2/architect/schedulegroups/{}", segment(id)), &[]).await
}

/// Adds a closed schedule to a group, such as a maintenance window: `PUT /api/v2/architect/schedulegroups/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn close_during(client: &Client, group: &str, schedule: &str) -> Result<ScheduleGroup, Error> {
    let path = format!("/api/v2/architect/schedulegroups/{}", segment(group));
    change(client, &path, |group: &mut Object| {
        let closed = group.entry("closedSchedules").or_insert_with(|| json!([]));
        let is_known = closed.as_array().is_some_and(|list| list.iter().any(|one| one["id"] == schedule));
        if let (false, Some(list)) = (is_known, closed.as_array_mut()) {
            list.push(json!({"id": schedule}));
        }
        !is_known
    })
    .await
}

/// `GET /api/v2/architect/schedules`, all pages.
///
/// # Errors
/// See [`Error`].
pub async fn schedules(client: &Client) -> Result<Vec<Schedule>, Error> {
    page::all(client, "/api/v2/architect/schedules", &[]).await
}

/// Creates a schedule that happens once, in local time without a zone: `POST /api/v2/architect/schedules`
///
/// # Errors
/// See [`Error`].
pub async fn create_schedule(
    client: &Client,
    name: &str,
    start: jiff::civil::DateTime,
    end: jiff::civil::DateTime,
) -> Result<Schedule, Error> {
    let body = json!({"name": name, "start": format!("{start:.3}"), "end": format!("{end:.3}")});
    client.change(reqwest::Method::POST, "/api/v2/architect/schedules", &[], Some(&body)).await
}
