//! Reviews of launches: what became of them, and those that pipelines hand in.

use std::sync::Arc;

use api::{Problem, ReviewList, ReviewView};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use budget::approvals::{Person, Role};
use engine::review::Reviews;
use engine::review::nightly::{SUBMITTED_BYTES_MAX, SubmitError};

use crate::access::{self, NotAllowed};
use crate::app::App;
use crate::errors::{Answer, Refusal};

/// Every plan that is reviewed, with its last verdicts.
#[utoipa::path(
    get, path = "/api/v1/reviews", tag = "review",
    responses(
        (status = 200, description = "plans at their targets, those that are kept back first", body = ReviewList),
        (status = 503, description = "no controller is here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Answer<ReviewList> {
    Ok(Json(reviews(&app)?.list()))
}

/// One review, judged again from its evidence.
#[utoipa::path(
    get, path = "/api/v1/reviews/{id}", tag = "review",
    params(("id" = String, Path, description = "the review's id")),
    responses(
        (status = 200, description = "the review", body = ReviewView),
        (status = 404, description = "no such review", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no controller is here, or the answer took too long", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<ReviewView> {
    found(&app, &id).await.map(Json)
}

/// The evidence of a review, as `steadyline review verify` takes it.
#[utoipa::path(
    get, path = "/api/v1/reviews/{id}/evidence", tag = "review",
    params(("id" = String, Path, description = "the review's id")),
    responses(
        (status = 200, description = "the evidence", body = Object),
        (status = 404, description = "no such review, or its evidence was not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "no controller is here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn evidence(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let evidence = reviews(&app)?.evidence(&id).await.ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "unknown-review", "there is no such evidence")
            .detail(format!("review {id}"))
            .hint("/api/v1/reviews/{id} says of a review what became of its evidence.")
    })?;
    Ok(([(CONTENT_TYPE, "application/json")], evidence).into_response())
}

/// Takes the evidence of a review that was made elsewhere, judges it and keeps it. The same evidence is kept once.
#[utoipa::path(
    post, path = "/api/v1/reviews", tag = "review",
    request_body(content = Object, description = "what `steadyline review PLAN --report evidence=FILE` writes"),
    security(("token" = [])),
    responses(
        (status = 200, description = "the review, as it was judged here", body = ReviewView),
        (status = 400, description = "it is no evidence of a review", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "nobody knows who asks", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the role does not allow it", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "it is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "it makes no sense as things stand", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "it cannot be kept", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn submit(State(app): State<Arc<App>>, request: Request) -> Result<Answer<ReviewView>, NotAllowed> {
    // Nobody is listened to for long before it is known who it is.
    let person = access::bearer(&app, request.headers()).and_then(may_submit)?;
    Ok(submitted(&app, &person, request).await.map(Json))
}

async fn submitted(app: &App, person: &Person, request: Request) -> Result<ReviewView, Refusal> {
    let reviews = reviews(app)?;
    let body = to_bytes(request.into_body(), SUBMITTED_BYTES_MAX).await.map_err(|error| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the evidence is too large")
            .detail(error.to_string())
            .hint("Split the plan: each review is about the flows of one launch.")
    })?;
    let text = String::from_utf8(body.into()).map_err(|_| refusal(SubmitError::Unreadable("it is no text".into())))?;
    reviews.submit(text, &person.name).await.map_err(refusal)
}

/// Reviews, where they are kept.
pub(crate) fn reviews(app: &App) -> Result<&Reviews, Refusal> {
    app.reviews.as_ref().ok_or_else(|| {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-reviews", "no reviews are kept here")
            .hint("Ask a server with the role `controller` or `all`.")
    })
}

/// The review of this id.
pub(crate) async fn found(app: &App, id: &str) -> Result<ReviewView, Refusal> {
    reviews(app)?.one(id).await.ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "unknown-review", "no such review")
            .detail(format!("review {id}"))
            .hint("/api/v1/reviews lists the reviews that are kept; the oldest of a plan are forgotten.")
    })
}

fn may_submit(person: Person) -> Result<Person, NotAllowed> {
    access::one_of(person, &[Role::Ci, Role::Operator, Role::Approver])
}

fn refusal(error: SubmitError) -> Refusal {
    let (status, kind, title, hint) = match &error {
        SubmitError::Unreadable(_) => (
            StatusCode::BAD_REQUEST,
            "body",
            "this is no evidence of a review",
            "Send what `steadyline review PLAN --report evidence=FILE` writes, or say `--submit`.",
        ),
        SubmitError::Wrong(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "review",
            "this makes no sense as things stand",
            "/api/v1/reviews says how things stand.",
        ),
        SubmitError::NotLeader => {
            (StatusCode::SERVICE_UNAVAILABLE, "away", "it cannot be kept here now", "Ask again in a minute.")
        }
        SubmitError::NotKept(error) => {
            return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", "it could not be kept")
                .detail(error.to_string())
                .hint(error.hint());
        }
    };
    Refusal::new(status, kind, title).detail(error.to_string()).hint(hint)
}
