//! Jobs of Architect: validate, export, and deploy by upload.

use serde_json::{Value, json};

use super::Need::All;
use super::{Answer, ApiError, Call, Table, iso};
use crate::world::{Job, Service, Stage, StoredFlow, World};

pub(super) static TABLE: Table = Table {
    service: Service::Architect,
    operations: &[
        ("POST", "/api/v2/flows/validate/jobs", All(&["architect:jobValidate:create"]), validate),
        ("GET", "/api/v2/flows/validate/jobs/{jobId}", All(&["architect:jobValidate:view"]), validated),
        ("POST", "/api/v2/flows/export/jobs", All(&["architect:jobExport:create"]), export),
        ("GET", "/api/v2/flows/export/jobs/{jobId}", All(&["architect:jobExport:view"]), exported),
        ("POST", "/api/v2/flows/jobs", All(&["architect:job:create"]), deploy),
        ("GET", "/api/v2/flows/jobs/{jobId}", All(&["architect:job:view"]), deployed),
    ],
};

/// Flows of one job.
const FLOWS_MAX: usize = 100;

fn validate(call: &mut Call<'_>) -> Answer {
    begin(call, "validate", "/api/v2/flows/validate/jobs")
}

fn export(call: &mut Call<'_>) -> Answer {
    begin(call, "export", "/api/v2/flows/export/jobs")
}

fn begin(call: &mut Call<'_>, kind: &'static str, uri: &str) -> Answer {
    let total = call.object()?.get("flows").and_then(Value::as_array).map_or(0, Vec::len);
    if total == 0 || total > FLOWS_MAX {
        return Err(ApiError::invalid(format!("The field flows must name from 1 to {FLOWS_MAX} flows.")));
    }
    let id = call.begin(kind);
    Ok(json!({"id": id, "status": "Registered", "totalFlows": total, "selfUri": format!("{uri}/{id}")}).into())
}

fn validated(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("validate", "jobId")?;
    let mut messages = Vec::new();
    if stage == Stage::Done {
        for asked in flows(&job) {
            check(call, asked, &mut messages);
        }
        let scripted = call.world.settings.validate_messages.iter();
        messages.extend(scripted.map(|message| (message.kind.clone(), message.text.clone())));
    }
    Ok(state(call, &job, stage, "Validate", &messages).into())
}

/// What is wrong with one flow of a validation.
fn check(call: &Call<'_>, asked: &Value, messages: &mut Vec<(String, String)>) {
    let mut error = |text: String| messages.push(("Error".to_owned(), text));
    let Some(flow) = meant(call.world, asked) else {
        return error(format!("could not find the flow {}", asked["flow"]));
    };
    let wanted = asked["flow"]["version"].as_str();
    let version = flow.versions.iter().rev().find(|version| wanted.is_none_or(|wanted| version.id() == wanted));
    let Some(version) = version else {
        return error(format!("could not find the version {} of the flow {}", wanted.unwrap_or("latest"), flow.name));
    };
    let Some(read) = &version.flow else {
        return error(format!("the configuration of the flow {} cannot be read", flow.name));
    };
    for missing in super::dependencies::missing(call.world, read) {
        error(format!("the flow {} refers to {missing}, which does not exist", flow.name));
    }
}

fn exported(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("export", "jobId")?;
    let mut messages = Vec::new();
    if stage == Stage::Done {
        let refused = call.world.settings.export_refusals > 0;
        call.world.settings.export_refusals = call.world.settings.export_refusals.saturating_sub(1);
        for asked in flows(&job).filter(|asked| refused || meant(call.world, asked).is_none()) {
            // The platform says this also when it was asked too often.
            messages.push(("Error".to_owned(), format!("could not find the flow with id {}", asked["flow"]["id"])));
        }
    }
    let mut body = state(call, &job, stage, "Export", &messages);
    if stage == Stage::Done && messages.is_empty() {
        body["downloadUrl"] = format!("{}/twin/downloads/{}", call.base, call.at("jobId")).into();
    }
    Ok(body.into())
}

/// What an export gives: the YAML of a flow, several as one stream of documents.
pub(crate) fn download(world: &World, job_id: &str) -> Option<String> {
    let job = world.jobs.get("export", job_id)?;
    let texts = flows(job).filter_map(|asked| {
        let flow = meant(world, asked)?;
        let wanted = asked["flow"]["version"].as_str();
        let version = flow.versions.iter().rev().find(|version| wanted.is_none_or(|wanted| version.id() == wanted))?;
        let yaml = version.configuration.get("yaml").and_then(Value::as_str).map(str::to_owned);
        Some(yaml.unwrap_or_else(|| version.configuration.to_string()))
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("\n---\n"))
}

fn deploy(call: &mut Call<'_>) -> Answer {
    let id = call.begin("deploy");
    let url = format!("{}/twin/uploads/{id}", call.base);
    let headers = json!({"Content-Type": "application/octet-stream", "x-amz-tagging": "organization=twin"});
    Ok(json!({"id": id, "presignedUrl": url, "headers": headers, "selfUri": format!("/api/v2/flows/jobs/{id}")}).into())
}

/// Takes the file of a deployment, or of an import of rows; false when nobody waits for it.
pub(crate) fn upload(world: &mut World, job_id: &str, text: &str, now: base::Now) -> bool {
    for (kind, field) in [("deploy", "yaml"), ("import", "csv")] {
        if let Some(job) = world.jobs.get_mut(kind, job_id).filter(|job| job.result.is_none()) {
            job.began = now;
            job.result = Some(json!({field: text}));
            return true;
        }
    }
    false
}

fn deployed(call: &mut Call<'_>) -> Answer {
    let (job, stage) = call.job("deploy", "jobId")?;
    // Nothing happens before there is a file.
    let stage = if job.result.is_some() { stage } else { Stage::Registered };
    if stage != Stage::Done {
        return Ok(state(call, &job, stage, "Publish", &[]).into());
    }
    let id = call.at("jobId").to_owned();
    let mut result = job.result.clone().unwrap_or_default();
    if let Some(yaml) = result.get("yaml").and_then(Value::as_str) {
        let (client, now, flow_id) = (call.client.clone(), call.now, call.id());
        let loaded = match flow::Flow::parse(yaml) {
            Ok(flow) => call
                .world
                .flows
                .deploy(flow, yaml, &client, flow_id, now)
                .map_err(|error| super::flows::refused(call, error).message),
            Err(problems) => Err(problems.to_string()),
        };
        result = match loaded {
            Ok(flow_id) => json!({"flow": flow_id}),
            Err(message) => json!({"error": message}),
        };
        if let Some(job) = call.world.jobs.get_mut("deploy", &id) {
            job.result = Some(result.clone());
        }
    }
    let errors: Vec<(String, String)> =
        result["error"].as_str().map(|text| ("Error".to_owned(), text.to_owned())).into_iter().collect();
    let mut body = state(call, &job, stage, "Publish", &errors);
    if let Some(flow) = result["flow"].as_str() {
        body["flow"] = json!({"id": flow, "selfUri": format!("/api/v2/flows/{flow}")});
    }
    Ok(body.into())
}

fn flows(job: &Job) -> impl Iterator<Item = &Value> {
    job.asked["flows"].as_array().into_iter().flatten()
}

/// The flow that a job means: by id, or by name and type.
fn meant<'w>(world: &'w World, asked: &Value) -> Option<&'w StoredFlow> {
    let text = |name: &str| asked["flow"][name].as_str();
    world.flows.iter().find(|flow| match text("id") {
        Some(id) => flow.id == id,
        None => {
            text("name") == Some(&flow.name) && text("type").is_none_or(|kind| flow.kind.eq_ignore_ascii_case(kind))
        }
    })
}

fn state(call: &Call<'_>, job: &Job, stage: Stage, command: &str, messages: &[(String, String)]) -> Value {
    let has_error = messages.iter().any(|(kind, _)| kind == "Error");
    let status = match stage {
        Stage::Registered => "Registered",
        Stage::Running => "Started",
        Stage::Done if has_error => "Failure",
        Stage::Done => "Success",
    };
    let mut body = json!({"id": call.at("jobId"), "status": status, "command": command, "selfUri": call.uri});
    if call.asked_all("expand").contains(&"messages") {
        let at = iso(job.began.wall);
        let told: Vec<Value> = messages
            .iter()
            .map(|(kind, text)| json!({"dateTime": at, "type": kind, "text": text, "details": []}))
            .collect();
        body["messages"] = told.into();
    }
    body
}
