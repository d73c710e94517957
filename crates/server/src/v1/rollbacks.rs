//! Releases under watch, and going back from them.
//!
//! What is refused says by its status what follows: 404 there is no such thing, 422 it makes no sense as things stand,
//! 409 another rollback is open, or the same one already, 423 the last one was too short a time ago, and 503 nobody
//! can say now.

use std::sync::Arc;

use api::{Problem, ReleaseView, RollbackBegun, RollbackList, RollbackWish};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use budget::approvals::{Person, Role};
use engine::rollback::guard::WishError;

use crate::Releases;
use crate::access::{self, NotAllowed};
use crate::app::App;
use crate::errors::{Answer, Refusal};

/// The longest id or name of a flow, and of a version.
const NAME_CHARS_MAX: usize = 200;
/// The longest reason.
const REASON_CHARS_MAX: usize = 1_000;

/// The flows that are watched, and the releases of late.
#[utoipa::path(
    get, path = "/api/v1/rollbacks", tag = "rollback",
    responses(
        (status = 200, description = "flows and releases, without their minutes", body = RollbackList),
        (status = 404, description = "no organisation is watched", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Answer<RollbackList> {
    let list = releases(&app)?.list();
    Ok(Json((*list).clone()))
}

/// One release, with its minutes.
#[utoipa::path(
    get, path = "/api/v1/rollbacks/{id}", tag = "rollback",
    params(("id" = String, Path, description = "the release's id")),
    responses(
        (status = 200, description = "the release", body = ReleaseView),
        (status = 404, description = "no such release, or no organisation is watched", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the answer took too long", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<ReleaseView> {
    found(&app, &id).await.map(Json)
}

/// Goes back from a release that is watched, or that waits for somebody to say so; whatever speaks against it.
#[utoipa::path(
    post, path = "/api/v1/rollbacks/{id}/approve", tag = "rollback",
    params(("id" = String, Path, description = "the release's id")),
    security(("token" = [])),
    responses(
        (status = 200, description = "the release, as it is then", body = ReleaseView),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such release, or no organisation is watched", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the release is being gone back from already, or another rollback is open", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "the release was gone back from already, or is over", body = Problem, content_type = "application/problem+json"),
        (status = 423, description = "the last rollback was too short a time ago", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "nobody can say now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<ReleaseView>, NotAllowed> {
    let person = access::bearer(&app, &headers).and_then(may_approve)?;
    Ok(approved(&app, &person, &id).await.map(Json))
}

/// Goes back to a version because somebody wants it.
#[utoipa::path(
    post, path = "/api/v1/rollbacks", tag = "rollback",
    request_body = RollbackWish,
    security(("token" = [])),
    responses(
        (status = 200, description = "what was begun", body = RollbackBegun),
        (status = 400, description = "the body is something else", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such flow or version, or no organisation is watched", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "another rollback is open", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "it makes no sense as things stand", body = Problem, content_type = "application/problem+json"),
        (status = 423, description = "the last rollback was too short a time ago", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "nobody can say now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer<RollbackBegun>, NotAllowed> {
    let person = access::bearer(&app, &headers).and_then(may_run)?;
    Ok(begun(&app, &person, &body).await.map(Json))
}

/// Releases, where an organisation is watched.
pub(crate) fn releases(app: &App) -> Result<&Arc<dyn Releases>, Refusal> {
    app.releases.as_ref().ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "no-releases", "no releases are watched here").hint(
            "Name an organisation under `platform` and flows under `rollback` in the configuration of a controller.",
        )
    })
}

/// The release of this id, with its minutes.
pub(crate) async fn found(app: &App, id: &str) -> Result<ReleaseView, Refusal> {
    releases(app)?.one(id).await.ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "unknown-release", "no such release")
            .detail(format!("release {id}"))
            .hint("/api/v1/rollbacks lists the releases that are known.")
    })
}

/// Somebody whose word is enough to go back from a release.
pub(crate) fn may_approve(person: Person) -> Result<Person, NotAllowed> {
    access::one_of(person, &[Role::Approver])
}

/// Somebody who may go back to a version by their own decision.
pub(crate) fn may_run(person: Person) -> Result<Person, NotAllowed> {
    access::one_of(person, &[Role::Operator, Role::Approver])
}

/// Goes back from a release in somebody's name.
pub(crate) async fn approved(app: &App, person: &Person, id: &str) -> Result<ReleaseView, Refusal> {
    releases(app)?.approve(id, &person.name).await.map_err(refusal)
}

async fn begun(app: &App, person: &Person, body: &Bytes) -> Result<RollbackBegun, Refusal> {
    let wish: RollbackWish = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is not what this path takes")
            .detail(error.to_string())
            .hint("Send {\"flow\": \"main-ivr\", \"to\": \"12.0\", \"reason\": \"why\"}.")
    })?;
    let releases = releases(app)?;
    check(&wish).map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, "wish", "this makes no sense").detail(why))?;
    let begun = releases.run(&wish, &person.name).await.map_err(refusal)?;
    Ok(begun)
}

/// What cannot be a flow, a version or a reason is asked of nobody.
pub(crate) fn check(wish: &RollbackWish) -> Result<(), String> {
    for (name, text) in [("flow", &wish.flow), ("to", &wish.to)] {
        let is_name = !text.trim().is_empty() && text.chars().count() <= NAME_CHARS_MAX;
        if !is_name || text.chars().any(char::is_control) {
            return Err(format!("`{name}` has 1 to {NAME_CHARS_MAX} characters and no control characters"));
        }
    }
    if REASON_CHARS_MAX < wish.reason.chars().count() {
        return Err(format!("`reason` has at most {REASON_CHARS_MAX} characters"));
    }
    Ok(())
}

fn refusal(refusal: WishError) -> Refusal {
    let (status, kind, title, hint) = match refusal {
        WishError::NoSuch(_) => (
            StatusCode::NOT_FOUND,
            "unknown-release",
            "there is no such thing to go back from or to",
            "/api/v1/rollbacks lists flows and releases.",
        ),
        WishError::Wrong(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "rollback",
            "this makes no sense as things stand",
            "/api/v1/rollbacks says how things stand.",
        ),
        WishError::Held(_) => {
            (StatusCode::CONFLICT, "held", "somebody else has it", "Wait until it is free, and ask again.")
        }
        WishError::LockedOut(_) => (
            StatusCode::LOCKED,
            "locked-out",
            "the last rollback was too short a time ago",
            "Wait until the lockout is over, or publish a version in Architect.",
        ),
        WishError::Away(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "away",
            "nobody can say now whether it can be done",
            "`steadyline rollback status` tells whether anything was begun after all; `steadyline doctor` looks at the platform.",
        ),
    };
    Refusal::new(status, kind, title).detail(refusal.to_string()).hint(hint)
}
