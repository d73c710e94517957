//! The API's description, made from the handlers.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{health, metrics, v1};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Steadyline",
        description = "Incidents, circuits, error budgets, releases, reviews and health of one controller. Errors are problem details (RFC 9457)."
    ),
    paths(
        health::healthz,
        health::readyz,
        metrics::metrics,
        openapi,
        v1::snapshot,
        v1::incidents,
        v1::acknowledge,
        v1::circuits,
        v1::budget::list,
        v1::budget::one,
        v1::budget::burn,
        v1::budget::push,
        v1::gate::gate,
        v1::maintenance::list,
        v1::maintenance::ask,
        v1::maintenance::approve,
        v1::maintenance::reject,
        v1::maintenance::revoke,
        v1::maintenance::audit,
        v1::rollbacks::list,
        v1::rollbacks::one,
        v1::rollbacks::approve,
        v1::rollbacks::run,
        v1::reviews::list,
        v1::reviews::one,
        v1::reviews::evidence,
        v1::reviews::submit,
        v1::deployments::list,
        v1::deployments::ask,
        v1::deployments::approve
    ),
    modifiers(&Token),
    tags((name = "v1", description = "The API"), (name = "budget", description = "Error budgets and the gate"), (name = "rollback", description = "Releases under watch, and going back from them"), (name = "review", description = "Reviews of launches: at night, and from pipelines"), (name = "deployments", description = "Deployments to production that two people agree on"), (name = "health", description = "For machines that watch"))
)]
pub(crate) struct Document;

/// Whoever changes something says who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
