//! What flows use, and who uses a thing.

use std::collections::BTreeSet;

use flow::chart::{Class, TransferTo};
use flow::{Flow, Source, Value as LiteralValue};
use serde_json::{Value, json};

use super::Need::{All, Any};
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::{Service, Stage, StoredFlow, Version, World};

const VIEW: super::Need = Any(&["architect:dependencyTracking:view"]);
const GRAPH: super::Need = Any(&["dependencies:dependency:view"]);

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("GET", "/api/v2/architect/dependencytracking/consumedresources", VIEW, consumed),
        ("GET", "/api/v2/architect/dependencytracking/consumingresources", VIEW, consuming),
        ("GET", "/api/v2/architect/dependencytracking/deletedresourceconsumers", VIEW, of_deleted),
        ("GET", "/api/v2/architect/dependencytracking/updatedresourceconsumers", VIEW, of_updated),
        ("GET", "/api/v2/architect/dependencytracking/object", VIEW, object),
        ("GET", "/api/v2/architect/dependencytracking/build", VIEW, build),
        ("POST", "/api/v2/architect/dependencytracking/build", All(&["architect:dependencyTracking:rebuild"]), rebuild),
        ("GET", "/api/v2/dependencies/type/{entityType}/id/{entityId}/connections/requires", GRAPH, requires),
        (
            "GET",
            "/api/v2/dependencies/type/{entityType}/id/{entityId}/connections/requiredbycounts",
            GRAPH,
            required_by,
        ),
    ],
};

/// Something that a flow uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Used {
    kind: &'static str,
    name: String,
    /// None when it does not exist.
    id: Option<String>,
    is_updated: bool,
}

/// What a flow refers to and does not exist, in words.
pub(crate) fn missing(world: &World, flow: &Flow) -> Vec<String> {
    let lost = used(world, flow).into_iter().filter(|used| used.id.is_none());
    lost.map(|used| format!("the {} {}", used.kind.to_lowercase(), used.name)).collect()
}

fn used(world: &World, flow: &Flow) -> BTreeSet<Used> {
    let mut found = BTreeSet::new();
    for step in &flow.chart.steps {
        match &step.class {
            Class::Ask(ask) => {
                let action = world.actions.by_name(&ask.category, &ask.action);
                let id = action.map(|action| action.id.clone());
                let is_updated = action.is_some_and(|action| action.version > 1);
                found.insert(Used {
                    kind: "DATAACTION",
                    name: format!("{} / {}", ask.category, ask.action),
                    id,
                    is_updated,
                });
            }
            Class::Transfer(transfer) if matches!(transfer.to, TransferTo::Queue | TransferTo::QueueFromMenu) => {
                let Source::Literal(LiteralValue::Queue(name) | LiteralValue::String(name)) = &transfer.target.source
                else {
                    continue;
                };
                let id = world.queues.iter().find(|queue| queue.name == *name).map(|queue| queue.id.to_string());
                found.insert(Used { kind: "QUEUE", name: name.clone(), id, is_updated: false });
            }
            _ => {}
        }
    }
    found
}

impl Used {
    fn body(&self) -> Value {
        let id = self.id.clone().unwrap_or_else(|| format!("deleted:{}", self.name));
        json!({"id": id, "name": self.name, "type": self.kind, "deleted": self.id.is_none(), "updated": self.is_updated,
            "stateUnknown": false})
    }
}

fn consumed(call: &mut Call<'_>) -> Answer {
    let (id, wanted) = (call.required("id")?, call.required("version")?);
    call.required("objectType")?;
    let flow = call.world.flows.by_id(id).ok_or_else(|| ApiError::not_found("The object"))?;
    let version = flow.versions.iter().find(|version| version.id() == wanted);
    let version = version.ok_or_else(|| ApiError::not_found("The version"))?;
    let kinds = call.asked_all("resourceType");
    let all = version.flow.as_ref().map(|flow| used(call.world, flow)).unwrap_or_default();
    let wanted = all.iter().filter(|used| kinds.is_empty() || kinds.contains(&used.kind));
    let listed = wanted.map(Used::body).collect();
    call.page(listed)
}

/// Flows whose current version uses what has this id.
fn consuming(call: &mut Call<'_>) -> Answer {
    call.required("objectType")?;
    let id = call.required("id")?.to_owned();
    let by = consumers(call, |used| used.id.as_deref() == Some(&id));
    let listed = by.iter().map(|(flow, version, _)| item(flow, version)).collect();
    call.page(listed)
}

fn of_deleted(call: &mut Call<'_>) -> Answer {
    with_resources(call, |used| used.id.is_none())
}

fn of_updated(call: &mut Call<'_>) -> Answer {
    with_resources(call, |used| used.is_updated)
}

fn with_resources(call: &mut Call<'_>, is_meant: impl Fn(&Used) -> bool) -> Answer {
    let name = call.asked("name");
    let listed = consumers(call, is_meant)
        .iter()
        .filter(|(flow, _, _)| name.is_none_or(|pattern| super::matches(pattern, &flow.name)))
        .map(|(flow, version, used)| {
            let mut body = item(flow, version);
            body["consumedResources"] = used.iter().map(Used::body).collect();
            body
        })
        .collect();
    call.page(listed)
}

fn object(call: &mut Call<'_>) -> Answer {
    let id = call.required("id")?.to_owned();
    if let Some(flow) = call.world.flows.by_id(&id) {
        let wanted = call.asked("version");
        let version = flow.versions.iter().rev().find(|version| wanted.is_none_or(|wanted| version.id() == wanted));
        let version = version.ok_or_else(|| ApiError::not_found("The version"))?;
        return Ok(item(flow, version).into());
    }
    let found = consumers(call, |used| used.id.as_deref() == Some(&id));
    let used = found.iter().flat_map(|(_, _, used)| used).find(|used| used.id.as_deref() == Some(&id));
    Ok(used.ok_or_else(|| ApiError::not_found("The object"))?.body().into())
}

/// Flows by the published version, else the newest, with what they use of what is meant.
fn consumers<'c>(
    call: &'c Call<'_>,
    is_meant: impl Fn(&Used) -> bool,
) -> Vec<(&'c StoredFlow, &'c Version, Vec<Used>)> {
    let current = |flow: &'c StoredFlow| Some((flow, flow.published().or(flow.versions.last())?));
    let with_used = |(flow, version): (&'c StoredFlow, &'c Version)| {
        let all = used(call.world, version.flow.as_ref()?);
        let meant: Vec<Used> = all.into_iter().filter(&is_meant).collect();
        (!meant.is_empty()).then_some((flow, version, meant))
    };
    call.world.flows.iter().filter_map(current).filter_map(with_used).collect()
}

fn item(flow: &StoredFlow, version: &Version) -> Value {
    json!({"id": flow.id, "name": flow.name, "version": version.id(), "type": format!("{}FLOW", flow.kind),
        "deleted": flow.is_deleted, "updated": false, "stateUnknown": false})
}

fn build(call: &mut Call<'_>) -> Answer {
    let job = call.world.jobs.get("dependencies", "build").cloned();
    let state = std::time::Duration::from_millis(call.world.settings.job_state_ms);
    let status = match job.as_ref().map(|job| job.stage(state, call.now)) {
        None | Some(Stage::Done) => "OPERATIONAL",
        Some(Stage::Registered) => "BUILDQUEUED",
        Some(Stage::Running) => "BUILDINPROGRESS",
    };
    let began = job.map_or(call.world.began(), |job| job.began.wall);
    let mut body =
        json!({"id": "build", "buildId": "build", "status": status, "dateStarted": iso(began), "failedObjects": []});
    if status == "OPERATIONAL" {
        body["dateCompleted"] = iso(began).into();
    }
    Ok(body.into())
}

fn rebuild(call: &mut Call<'_>) -> Answer {
    call.world.jobs.begin("dependencies", "build", Value::Null, call.now);
    Ok(super::Reply::Empty(202))
}

fn requires(call: &mut Call<'_>) -> Answer {
    let flow = call.world.flows.by_id(call.at("entityId"));
    let flow = flow.ok_or_else(|| ApiError::not_found("The entity"))?;
    let version = flow.published().or(flow.versions.last()).and_then(|version| version.flow.as_ref());
    let all = version.map(|flow| used(call.world, flow)).unwrap_or_default();
    let entities: Vec<Value> = all
        .iter()
        // This graph knows integrations, Data Actions and credentials only.
        .filter(|used| used.kind == "DATAACTION")
        .filter_map(|used| Some(json!({"entityId": used.id.as_ref()?, "entityType": "DataAction"})))
        .collect();
    Ok(json!({"entities": entities, "selfUri": call.uri}).into())
}

fn required_by(call: &mut Call<'_>) -> Answer {
    let id = call.at("entityId").to_owned();
    let count = consumers(call, |used| used.id.as_deref() == Some(&id)).len();
    Ok(json!({"estimatedCount": count}).into())
}
