//! Deployments to production: asked for by one, approved by another, for exactly one content.

use std::sync::Arc;

use api::{DeploymentList, DeploymentView, DeploymentWish, Problem};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use budget::deployments::Refusal as Why;
use engine::deployments::{DeploymentError, Deployments};

use crate::access::{self, NotAllowed};
use crate::app::App;
use crate::errors::{Answer, Refusal};

/// Everything that was asked for, the latest first.
#[utoipa::path(
    get, path = "/api/v1/deployments", tag = "deployments",
    responses(
        (status = 200, description = "deployments", body = DeploymentList),
        (status = 503, description = "no controller is here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Answer<DeploymentList> {
    Ok(Json(DeploymentList { deployments: deployments(&app)?.list().await }))
}

/// Asks for a deployment. The same content for the same target is one request for as long as it waits or is approved.
#[utoipa::path(
    post, path = "/api/v1/deployments", tag = "deployments",
    request_body = DeploymentWish,
    security(("token" = [])),
    responses(
        (status = 200, description = "the request", body = DeploymentView),
        (status = 400, description = "it makes no sense", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer<DeploymentView>, NotAllowed> {
    let person = access::bearer(&app, &headers)?;
    let asked = async {
        let wish: DeploymentWish = serde_json::from_slice(&body).map_err(|error| {
            Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is not what this path takes")
                .detail(error.to_string())
                .hint("/openapi.json describes it.")
        })?;
        deployments(&app)?.ask(&person, wish).await.map(Json).map_err(refusal)
    };
    Ok(asked.await)
}

/// Approves what somebody else asked for.
#[utoipa::path(
    post, path = "/api/v1/deployments/{id}/approve", tag = "deployments",
    params(("id" = String, Path, description = "the request's id")),
    security(("token" = [])),
    responses(
        (status = 200, description = "the request, approved", body = DeploymentView),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it, or it is their own", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "it is over", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<DeploymentView>, NotAllowed> {
    let person = access::bearer(&app, &headers)?;
    let approved = async { deployments(&app)?.approve(&person, &id).await.map(Json).map_err(refusal) };
    Ok(approved.await)
}

fn deployments(app: &App) -> Result<&Deployments, Refusal> {
    app.deployments.as_ref().ok_or_else(|| {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-deployments", "no deployments are agreed on here")
            .hint("Ask a server with the role `controller` or `all`.")
    })
}

/// Why it is not done, and what to do.
fn refusal(error: DeploymentError) -> Refusal {
    let why = match error {
        DeploymentError::Refused(why) => why,
        DeploymentError::NotKept(error) => {
            return Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store",
                "it could not be kept, and so does not count",
            )
            .detail(error.to_string())
            .hint(error.hint());
        }
    };
    let (status, kind, hint) = match &why {
        Why::Role(_) => (
            StatusCode::FORBIDDEN,
            "role",
            "A pipeline, an operator or an approver asks; an approver approves, other than the one who asked.",
        ),
        Why::Own => (StatusCode::FORBIDDEN, "own-request", "Another approver decides."),
        Why::NoSuch => {
            (StatusCode::NOT_FOUND, "unknown-request", "`steadyline deployment list` shows the ids of all requests.")
        }
        Why::Over => (StatusCode::CONFLICT, "decided", "`steadyline deployment list` shows what became of it."),
        Why::TooMany => (StatusCode::BAD_REQUEST, "wish", "Decide what waits first, or let it expire."),
        Why::Wrong(_) => (StatusCode::BAD_REQUEST, "wish", "/openapi.json describes it."),
    };
    Refusal::new(status, kind, "this is not done").detail(why.to_string()).hint(hint)
}
