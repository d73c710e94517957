//! Versions of a flow, and going to one of them.

use std::sync::Arc;
use std::time::Duration;

use api::{RollbackList, RollbackWish, WatchedFlow};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::rollback::guard::WishError;
use genesys::budget::Purpose;
use genesys::flows::{self, Published, Version};
use genesys::tokens::Named;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::asked::Asked;
use super::{GuideError, guide};
use crate::Releases;
use crate::access;
use crate::app::App;
use crate::v1::rollbacks::{check, may_run};

/// How long a publish is waited for before the answer is that it is pending.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the guides write where a script is to put the version's id.
const PLACEHOLDER: &str = "previous_stable_version_id";

/// `GET /api/v2/architect/flows/{flowId}/versions`
pub(crate) async fn versions(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let client = &guide(&app)?.client;
    let asked = Asked::read(&body, query.as_deref())?;
    let wanted = asked.text("status");
    let live = flows::one(client, &id).await?.published_version.map(|version| version.id);
    let versions = flows::versions(client, &id).await?;
    let entities: Vec<Value> = versions
        .iter()
        .map(|version| (version, status(version, live.as_deref())))
        // What is active is published as well.
        .filter(|(_, status)| {
            wanted.is_none_or(|wanted| wanted == *status || (wanted == "published" && *status == "active"))
        })
        .map(|(version, status)| {
            json!({
                "id": version.id, "type": version.kind, "configurationVersion": version.configuration_version,
                "datePublished": version.date_published.map(|at| at.to_string()),
                "datePublishedEnd": version.date_published_end.map(|at| at.to_string()), "status": status,
                "selfUri": format!("/api/v2/flows/{id}/versions/{}", version.id),
            })
        })
        .collect();
    let total = entities.len();
    // Everything is one page, unless a script asks for pages as the platform has them.
    let size = usize::try_from(asked.number("pageSize", total as u64)?).unwrap_or(usize::MAX).max(1);
    let number = usize::try_from(asked.number("pageNumber", 1)?).unwrap_or(usize::MAX).max(1);
    let page: Vec<Value> = entities.into_iter().skip((number - 1).saturating_mul(size)).take(size).collect();
    Ok(Json(json!({
        "entities": page, "pageSize": size, "pageNumber": number, "total": total,
        "pageCount": total.div_ceil(size).max(1), "selfUri": format!("/api/v2/architect/flows/{id}/versions"),
    })))
}

fn status(version: &Version, live: Option<&str>) -> &'static str {
    match version.date_published {
        _ if live == Some(&version.id) => "active",
        Some(_) => "published",
        None => "draft",
    }
}

/// `PATCH /api/v2/architect/deployments/{flowId}/versions/{versionId}`
///
/// A flow that is watched is gone back by the guard: one at a time, with a lockout, proved and told. That takes somebody
/// who may. Any other flow is published as it is asked for.
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    Path((flow, version)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(releases) = watching(&app, &flow) else {
        return match wanted(&app, flow, version, &body, query.as_deref()).await {
            Ok(wanted) => published(&app, &wanted).await.into_response(),
            Err(error) => error.into_response(),
        };
    };
    let person = match access::bearer(&app, &headers).and_then(may_run) {
        Ok(person) => person,
        Err(not_allowed) => return not_allowed.into_response(),
    };
    match wanted(&app, flow, version, &body, query.as_deref()).await {
        Ok(wanted) => gone_back(&app, releases, &wanted, &person.name).await.into_response(),
        Err(error) => error.into_response(),
    }
}

/// The guard, when it watches this flow. The platform takes an id in capitals, too.
fn watching<'a>(app: &'a App, flow: &str) -> Option<&'a Arc<dyn Releases>> {
    let is_it = |watched: &WatchedFlow| {
        // One that was not found yet is known by what the configuration calls it.
        let id = if watched.id.is_empty() { &watched.name } else { &watched.id };
        id.eq_ignore_ascii_case(flow)
    };
    app.releases.as_ref().filter(|releases| releases.list().flows.iter().any(is_it))
}

/// A version that is to be active, and what the platform says of its flow.
struct Wanted {
    flow: String,
    version: String,
    description: Option<String>,
    before: Option<String>,
    /// Who has the flow open.
    holder: Option<Named>,
}

type Answer = Result<(StatusCode, Json<Value>), GuideError>;

impl Wanted {
    fn is_active(&self) -> bool {
        self.before.as_deref() == Some(&self.version)
    }

    /// Somebody who has the flow keeps everybody else from it.
    fn is_free(&self) -> Result<(), GuideError> {
        let Some(holder) = &self.holder else { return Ok(()) };
        let name = if holder.name.is_empty() { &holder.id } else { &holder.name };
        Err(GuideError::held("flow.locked", format!("The flow is locked by {name}."), name))
    }

    fn told(&self, status: StatusCode, word: &str) -> Answer {
        let body = json!({
            "flowId": self.flow, "version": {"id": self.version, "description": self.description}, "status": word,
            "previousVersion": {"id": self.before}, "operationId": null,
        });
        Ok((status, Json(body)))
    }
}

async fn wanted(
    app: &App,
    id: String,
    version: String,
    body: &Bytes,
    query: Option<&str>,
) -> Result<Wanted, GuideError> {
    let client = &guide(app)?.client;
    let asked = Asked::read(body, query)?;
    let named = asked.get("version")["id"].as_str();
    if named.is_some_and(|named| named != version && named != PLACEHOLDER) {
        return Err(GuideError::bad_request("The version in the body is not the one in the path."));
    }
    if asked.text("status").is_some_and(|status| status != "active") {
        return Err(GuideError::bad_request("A version can only be made active."));
    }
    let description = asked.get("version")["description"].as_str().map(str::to_owned);
    let flow = flows::one(client, &id).await?;
    // A version that does not exist would be accepted and change nothing.
    flows::version(client, &id, &version).await?;
    let before = flow.published_version.map(|version| version.id);
    Ok(Wanted { flow: id, version, description, before, holder: flow.locked_user.or(flow.locked_client) })
}

/// Published as it is asked for.
async fn published(app: &App, wanted: &Wanted) -> Answer {
    if wanted.is_active() {
        return wanted.told(StatusCode::OK, "active");
    }
    wanted.is_free()?;
    let client = &guide(app)?.client;
    match flows::publish(client, &wanted.flow, &wanted.version, Purpose::Rollback, PATIENCE).await? {
        Published::Live => wanted.told(StatusCode::OK, "active"),
        Published::Unknown => wanted.told(StatusCode::ACCEPTED, "pending"),
        Published::Failed(operation) => {
            let reason = operation.error_message.unwrap_or_else(|| "the platform gave no reason".to_owned());
            let error =
                GuideError::new(StatusCode::CONFLICT, "publish.failed", format!("The publish failed: {reason}"));
            Err(error.with("operationId", operation.id.into()).with("flowStatus", "failed".into()))
        }
        Published::NotLive { instead } => {
            let instead = instead.unwrap_or_else(|| "none".to_owned());
            let message = format!("The platform accepted the publish, and callers get version {instead} all the same.");
            Err(GuideError::new(StatusCode::CONFLICT, "publish.not.live", message))
        }
    }
}

/// Gone back by the guard, which goes on when nobody waits any more.
async fn gone_back(app: &App, releases: &Arc<dyn Releases>, wanted: &Wanted, who: &str) -> Answer {
    if wanted.is_active() {
        return wanted.told(StatusCode::OK, "active");
    }
    wanted.is_free()?;
    let reason = wanted.description.clone().unwrap_or_default();
    let wish = RollbackWish { flow: wanted.flow.clone(), to: wanted.version.clone(), reason };
    check(&wish).map_err(|why| GuideError::bad_request(format!("{why}.")))?;
    let changes = releases.changes();
    releases.run(&wish, who).await.map_err(|refusal| refused(app, releases, refusal))?;
    match app.clock.timeout(PATIENCE, live(releases, wanted, changes)).await {
        Some(true) => wanted.told(StatusCode::OK, "active"),
        Some(false) | None => wanted.told(StatusCode::ACCEPTED, "pending"),
    }
}

/// Waits until callers get the version; false when nobody will tell.
async fn live(releases: &Arc<dyn Releases>, wanted: &Wanted, mut changes: watch::Receiver<u64>) -> bool {
    let is_live = |list: &RollbackList| {
        let flow = list.flows.iter().find(|watched| watched.id == wanted.flow);
        flow.is_some_and(|watched| watched.published.as_deref() == Some(&wanted.version))
    };
    while !is_live(&releases.list()) {
        if changes.changed().await.is_err() {
            return false;
        }
    }
    true
}

fn refused(app: &App, releases: &Arc<dyn Releases>, refusal: WishError) -> GuideError {
    let message = format!("{refusal}.");
    let list = releases.list();
    match refusal {
        WishError::NoSuch(_) => GuideError::not_found(message),
        WishError::Wrong(_) => GuideError::bad_request(message),
        WishError::Held(_) => GuideError::held("flow.locked", message, list.open.as_deref().unwrap_or_default()),
        WishError::LockedOut(_) => {
            let left = list.locked_until.map(|until| until.duration_since(app.now().wall));
            GuideError::locked_out(message, left.and_then(|left| left.try_into().ok()))
        }
        WishError::Away(_) => GuideError::unknown(message),
    }
}
