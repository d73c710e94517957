//! The flows of a plan, with what they use and who has them.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use genesys::flow_jobs::{self, Validation};
use genesys::flows::{self, Flow};
use genesys::{dependencies, tokens};
use review::{Dependency, Gap, Holder, Known, Message};

use super::{AT_ONCE, Asking, JOB_TIME_MAX, gap};

/// What a flow's history calls that somebody took it.
const TAKEN: [&str; 2] = ["checkout", "save"];

pub(super) async fn learn(asking: &Asking<'_>) -> Known<Vec<review::Flow>> {
    let plan = &asking.setup.launch.plan;
    let known = flows::list(asking.client, None).await.map_err(|error| gap(&error))?;
    let ours = tokens::me(asking.client).await.map_err(|error| gap(&error))?.oauth_client.map(|client| client.id);
    let one = |name: &String| {
        let (known, ours, name) = (&known, ours.as_deref(), name.clone());
        async move {
            let flow = known.iter().find(|flow| flow.name == name || flow.id == name).filter(|flow| !flow.deleted);
            let learned = match flow {
                Some(flow) => existing(asking, &name, flow, ours).await,
                None => absent(asking, &name, known),
            };
            Ok::<_, Gap>(learned)
        }
    };
    futures_util::stream::iter(plan.flows.iter().map(one)).buffered(AT_ONCE).try_collect().await
}

async fn existing(asking: &Asking<'_>, name: &str, flow: &Flow, ours: Option<&str>) -> review::Flow {
    let version =
        flow.published_version.as_ref().or(flow.checked_in_version.as_ref()).map(|version| version.id.clone());
    let (text, source) = match asking.setup.texts.get(name) {
        Some(text) => (Ok(text.clone()), source(asking, name)),
        None => {
            let told = flow_jobs::export(asking.client, &flow.id, version.as_deref(), JOB_TIME_MAX).await;
            (told.map_err(|error| gap(&error)), format!("{name} {}", version.as_deref().unwrap_or("without a version")))
        }
    };
    let (validation, missing, lock) =
        tokio::join!(validation(asking, flow), missing(asking, flow, version.as_deref()), lock(asking, flow, ours));
    review::Flow { name: name.to_owned(), source, text, validation, missing, lock }
}

/// A flow that the organisation does not have: new, when the plan has its text.
fn absent(asking: &Asking<'_>, name: &str, known: &[Flow]) -> review::Flow {
    let text = asking.setup.texts.get(name).cloned().ok_or_else(|| {
        let all: Vec<&str> = known.iter().map(|flow| flow.name.as_str()).take(10).collect();
        Gap {
            why: format!("the organisation has no flow `{name}`, and the plan names no file for it"),
            fix: format!("correct the name in the plan, or give it a `file`; there are {}", all.join(", ")),
        }
    });
    let is_new = text.is_ok();
    let only = |known: bool| Gap {
        why: if known { "the flow is not there".to_owned() } else { format!("there is no flow `{name}`") },
        fix: String::new(),
    };
    review::Flow {
        name: name.to_owned(),
        source: source(asking, name),
        validation: match is_new {
            true => Ok(review::Validation { is_valid: None, messages: Vec::new() }),
            false => Err(only(false)),
        },
        missing: if is_new { Ok(Vec::new()) } else { Err(only(false)) },
        lock: Ok(None),
        text,
    }
}

fn source(asking: &Asking<'_>, name: &str) -> String {
    asking.setup.launch.files.get(name).map_or_else(|| name.to_owned(), |file| file.display().to_string())
}

async fn validation(asking: &Asking<'_>, flow: &Flow) -> Known<review::Validation> {
    match flow_jobs::validate(asking.client, &flow.id, None, JOB_TIME_MAX).await {
        Ok(Validation::Judged { valid, messages }) => {
            let message = |it: flow_jobs::Message| Message { is_error: it.kind == "Error", text: it.text };
            Ok(review::Validation { is_valid: Some(valid), messages: messages.into_iter().map(message).collect() })
        }
        Ok(Validation::Unavailable) => Ok(review::Validation { is_valid: None, messages: Vec::new() }),
        Err(error) => Err(gap(&error)),
    }
}

async fn missing(asking: &Asking<'_>, flow: &Flow, version: Option<&str>) -> Known<Vec<Dependency>> {
    let Some(version) = version else { return Ok(Vec::new()) };
    let kind = dependencies::object_type(&flow.kind);
    let used = dependencies::consumed(asking.client, &flow.id, version, &kind).await.map_err(|error| gap(&error))?;
    let gone = used.into_iter().filter(|item| item.deleted);
    Ok(gone.map(|item| Dependency { kind: item.kind, name: item.name }).collect())
}

async fn lock(asking: &Asking<'_>, flow: &Flow, ours: Option<&str>) -> Known<Option<Holder>> {
    let Some(holder) = flow.locked_user.as_ref().or(flow.locked_client.as_ref()) else { return Ok(None) };
    let is_ours = flow.locked_client.as_ref().is_some_and(|client| Some(client.id.as_str()) == ours);
    // The platform tells who, and not since when; the history does, where it is kept.
    let history = flows::history(asking.client, &flow.id, &TAKEN, JOB_TIME_MAX).await.unwrap_or_default();
    let since = history
        .first()
        .and_then(|entry| entry.timestamp)
        .and_then(|at| Duration::try_from(asking.setup.clock.now().wall.duration_since(at)).ok());
    let name = if holder.name.is_empty() { holder.id.clone() } else { holder.name.clone() };
    Ok(Some(Holder { name, is_ours, since }))
}
