//! The Guide API: endpoints that guides to Genesys Cloud name and the platform does not have, in the shapes that the
//! guides give them, so that a script written from a guide works with only its host changed.
//!
//! Each is answered from the real platform, or from our own budgets. A value is never invented: what is not known is `null`, or an error in the
//! platform's own form with `Retry-After`; a script that compares a number finds none that lets it pass.
//!
//! | request | from |
//! |---|---|
//! | `POST /api/v2/integrations/{id}/healthcheck` | a draft Data Action, so from the platform's own network |
//! | `POST /api/v2/integrations/{id}/terminate` | the gateway's connections |
//! | `POST /api/v2/flow/{id}/validate` | a validation job; our own lint where there is none |
//! | `PATCH /api/v2/flow/{id}/lock` | check-out and check-in, with an owner and an end |
//! | `GET /api/v2/usage/sessions/current` | users' licences, or call capacity |
//! | `GET /api/v2/analytics/measures/conversations` | aggregates |
//! | `GET /api/v2/analytics/queries/{name}` | aggregates and observations |
//! | `GET /api/v2/architect/flows/{id}/versions` | versions, with a status |
//! | `PATCH /api/v2/architect/deployments/{id}/versions/{version}` | the guard, for a flow that is watched; a publish that is proved |
//! | `POST`, `GET /api/v2/observability/slos` | objectives |
//! | `GET /api/v2/observability/slos/{id}/burnRate` | budgets; closed while nothing is known |

mod analytics;
mod asked;
mod budget;
mod deployments;
mod error;
mod health;
mod leases;
mod usage;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post};
use clock::Clock;
use genesys::Client;

use crate::app::App;
use crate::routes::Route;
use error::GuideError;

/// What the Guide API is answered from.
pub struct Guide {
    /// The platform.
    pub client: Client,
    /// How many of each licence were bought.
    pub licences: BTreeMap<String, u64>,
    /// Hosts that may be asked for their health.
    pub health_hosts: Vec<String>,
    /// The time.
    pub clock: Clock,
    leases: leases::Leases,
}

impl Guide {
    /// An API over a client of the platform.
    pub fn new(client: Client, licences: BTreeMap<String, u64>, health_hosts: Vec<String>, clock: Clock) -> Self {
        Self { client, licences, health_hosts, clock, leases: leases::Leases::default() }
    }
}

/// Its paths.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        ("post", "/api/v2/integrations/{integrationId}/healthcheck", post(health::check)),
        ("post", "/api/v2/integrations/{integrationId}/terminate", post(health::terminate)),
        ("post", "/api/v2/flow/{flowId}/validate", post(validate::validate)),
        ("patch", "/api/v2/flow/{flowId}/lock", patch(leases::lock)),
        ("get", "/api/v2/usage/sessions/current", get(usage::sessions)),
        ("get", "/api/v2/analytics/measures/conversations", get(analytics::measures)),
        ("get", "/api/v2/analytics/queries/{queryId}", get(analytics::query)),
        ("get", "/api/v2/architect/flows/{flowId}/versions", get(deployments::versions)),
        ("patch", "/api/v2/architect/deployments/{flowId}/versions/{versionId}", patch(deployments::activate)),
        ("get", "/api/v2/observability/slos", get(budget::list).post(budget::create)),
        ("get", "/api/v2/observability/slos/{sloId}", get(budget::one)),
        ("get", "/api/v2/observability/slos/{sloId}/burnRate", get(budget::burn_rate)),
    ]
}

/// Adds the Guide API to a router.
pub(crate) fn add(mut router: Router<Arc<App>>) -> Router<Arc<App>> {
    for (_, path, handler) in routes() {
        router = router.route(path, handler);
    }
    router
}

/// The API, when an organisation is watched.
fn guide(app: &App) -> Result<&Arc<Guide>, GuideError> {
    app.guide.as_ref().ok_or_else(GuideError::nobody)
}
