//! The API's description, made from the handlers.

use axum::Json;
use utoipa::OpenApi;

use crate::{health, metrics, v1};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Steadyline",
        description = "Incidents, circuits and health of one controller. Errors are problem details (RFC 9457)."
    ),
    paths(
        health::healthz,
        health::readyz,
        metrics::metrics,
        openapi,
        v1::snapshot,
        v1::incidents,
        v1::acknowledge,
        v1::circuits
    ),
    tags((name = "v1", description = "The API"), (name = "health", description = "For machines that watch"))
)]
pub(crate) struct Document;

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
