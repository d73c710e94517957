//! Audits, events, usage and jobs in a file.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::moment::{Loading, SavedNow, Saving, wall};
use super::{StateError, at, at_most};
use crate::world::jobs::{JOBS_MAX, Job, Jobs};
use crate::world::records::{RECORDS_MAX, Records, USAGE_ROWS_MAX};
use crate::world::{Usage, UsageKey};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedRecords {
    audits: Vec<(i64, Value)>,
    events: Vec<(i64, Value)>,
    usage: Vec<SavedUsage>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedUsage {
    date: Date,
    client_id: String,
    client_name: String,
    method: String,
    template: String,
    #[serde(deserialize_with = "super::count")]
    requests: u64,
    #[serde(deserialize_with = "super::count")]
    ok: u64,
    #[serde(deserialize_with = "super::count")]
    redirected: u64,
    #[serde(deserialize_with = "super::count")]
    refused: u64,
    #[serde(deserialize_with = "super::count")]
    failed: u64,
    #[serde(deserialize_with = "super::count")]
    throttled: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedJobs {
    /// The number that was given last.
    #[serde(deserialize_with = "super::count")]
    number: u64,
    jobs: BTreeMap<String, SavedJob>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedJob {
    number: u64,
    kind: String,
    began: SavedNow,
    asked: Value,
    result: Option<Value>,
}

pub(super) fn save(records: &Records) -> SavedRecords {
    let list =
        |list: &VecDeque<(Timestamp, Value)>| list.iter().map(|(at, record)| (wall(*at), record.clone())).collect();
    let usage = |(key, usage): (&UsageKey, &Usage)| {
        let Usage { requests, ok, redirected, refused, failed, throttled } = *usage;
        let UsageKey { date, client_id, client_name, method, template } = key.clone();
        let (method, template) = (method.into_owned(), template.into_owned());
        SavedUsage {
            date,
            client_id,
            client_name,
            method,
            template,
            requests,
            ok,
            redirected,
            refused,
            failed,
            throttled,
        }
    };
    SavedRecords {
        audits: list(&records.audits),
        events: list(&records.events),
        usage: records.usage().map(usage).collect(),
    }
}

pub(super) fn load(saved: SavedRecords, loading: &Loading) -> Result<Records, StateError> {
    at_most(USAGE_ROWS_MAX, saved.usage.len(), "life.records.usage")?;
    let mut usage = BTreeMap::new();
    for (place, row) in saved.usage.into_iter().enumerate() {
        let SavedUsage { client_id, client_name, method, template, .. } = row;
        let date = loading.date(&at("life.records.usage", place), row.date)?;
        let key = UsageKey { date, client_id, client_name, method: method.into(), template: template.into() };
        let SavedUsage { requests, ok, redirected, refused, failed, throttled, .. } = row;
        usage.insert(key, Usage { requests, ok, redirected, refused, failed, throttled });
    }
    Ok(Records {
        audits: list(saved.audits, "eventDate", ("life.records.audits", loading))?,
        events: list(saved.events, "dateCreated", ("life.records.events", loading))?,
        usage,
    })
}

/// Records with their dates moved along, in the member that tells them too.
fn list(
    saved: Vec<(i64, Value)>,
    member: &str,
    (place, loading): (&str, &Loading),
) -> Result<VecDeque<(Timestamp, Value)>, StateError> {
    at_most(RECORDS_MAX, saved.len(), place)?;
    let mut list = VecDeque::with_capacity(saved.len());
    for (number, (at_ns, mut record)) in saved.into_iter().enumerate() {
        let when = loading.wall(&at(place, number), at_ns)?;
        if let Some(told) = record.get_mut(member) {
            *told = format!("{when:.3}").into();
        }
        list.push_back((when, record));
    }
    Ok(list)
}

pub(super) fn save_jobs(jobs: &Jobs, saving: &Saving) -> SavedJobs {
    let job = |(id, job): (&String, &Job)| {
        let Job { kind, began, asked, result, number } = job.clone();
        (id.clone(), SavedJob { number, kind: kind.into_owned(), began: saving.both(began), asked, result })
    };
    SavedJobs { number: jobs.number, jobs: jobs.jobs.iter().map(job).collect() }
}

pub(super) fn load_jobs(saved: SavedJobs, loading: &Loading) -> Result<Jobs, StateError> {
    at_most(JOBS_MAX, saved.jobs.len(), "life.jobs")?;
    let mut jobs = Jobs { number: saved.number, ..Jobs::default() };
    for (id, SavedJob { number, kind, began, asked, result }) in saved.jobs {
        let began = loading.both(&format!("life.jobs.jobs.{id}"), began)?;
        jobs.jobs.insert(id, Job { kind: kind.into(), began, asked, result, number });
    }
    Ok(jobs)
}
