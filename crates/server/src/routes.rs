//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::{assets, errors, guard, guide, health, live, metrics, openapi, pages, v1};

/// One path of the API: method, path, handler.
pub(crate) type Route = (&'static str, &'static str, MethodRouter<Arc<App>>);

/// Everything that machines call; each is in the OpenAPI document.
fn machine_routes() -> Vec<Route> {
    vec![
        ("get", "/healthz", get(health::healthz)),
        ("get", "/readyz", get(health::readyz)),
        ("get", "/metrics", get(metrics::metrics)),
        ("get", "/openapi.json", get(openapi::openapi)),
        ("get", "/api/v1/snapshot", get(v1::snapshot)),
        ("get", "/api/v1/incidents", get(v1::incidents)),
        ("post", "/api/v1/incidents/{id}/ack", post(v1::acknowledge)),
        ("get", "/api/v1/circuits", get(v1::circuits)),
        ("get", "/api/v1/budget", get(v1::budget::list)),
        ("get", "/api/v1/budget/{id}", get(v1::budget::one)),
        ("get", "/api/v1/budget/{id}/burn", get(v1::budget::burn)),
        ("post", "/api/v1/budget/{id}/counts", post(v1::budget::push)),
        ("get", "/api/v1/gate", get(v1::gate::gate)),
        ("get", "/api/v1/maintenance", get(v1::maintenance::list)),
        ("post", "/api/v1/maintenance", post(v1::maintenance::ask)),
        ("post", "/api/v1/maintenance/{id}/approve", post(v1::maintenance::approve)),
        ("post", "/api/v1/maintenance/{id}/reject", post(v1::maintenance::reject)),
        ("post", "/api/v1/maintenance/{id}/revoke", post(v1::maintenance::revoke)),
        ("get", "/api/v1/rollbacks", get(v1::rollbacks::list)),
        ("post", "/api/v1/rollbacks", post(v1::rollbacks::run)),
        ("get", "/api/v1/rollbacks/{id}", get(v1::rollbacks::one)),
        ("post", "/api/v1/rollbacks/{id}/approve", post(v1::rollbacks::approve)),
        ("get", "/api/v1/reviews", get(v1::reviews::list)),
        ("post", "/api/v1/reviews", post(v1::reviews::submit)),
        ("get", "/api/v1/reviews/{id}", get(v1::reviews::one)),
        ("get", "/api/v1/reviews/{id}/evidence", get(v1::reviews::evidence)),
        ("get", "/api/v1/deployments", get(v1::deployments::list)),
        ("post", "/api/v1/deployments", post(v1::deployments::ask)),
        ("post", "/api/v1/deployments/{id}/approve", post(v1::deployments::approve)),
        ("get", "/api/v1/audit", get(v1::maintenance::audit)),
    ]
}

/// The server's paths over `app`.
pub fn router(app: Arc<App>) -> Router {
    let mut answers = Router::new()
        .route("/", get(pages::overview))
        .route("/incidents", get(pages::incidents))
        .route("/incidents/{id}/ack", post(pages::acknowledge))
        .route("/budget", get(pages::budget::budget))
        .route("/gates", get(pages::budget::gates))
        .route("/maintenance", get(pages::budget::maintenance).post(pages::budget::ask))
        .route("/maintenance/{id}/{what}", post(pages::budget::decide))
        .route("/rollbacks", get(pages::rollbacks::rollbacks))
        .route("/rollbacks/{id}", get(pages::rollbacks::release))
        .route("/rollbacks/{id}/approve", post(pages::rollbacks::approve))
        .route("/reviews", get(pages::reviews::reviews))
        .route("/reviews/{id}", get(pages::reviews::review))
        .route("/audit", get(pages::budget::audit))
        .route("/assets/{name}", get(assets::asset));
    for (_, path, handler) in machine_routes() {
        answers = answers.route(path, handler);
    }
    let answers = answers.layer(from_fn_with_state(app.clone(), guard::time_limit));
    // Each of these knows how long the platform may take.
    guide::add(answers)
        // A stream of events has no end to wait for.
        .route("/events", get(live::events))
        .fallback(errors::not_found)
        .layer(from_fn(guard::origin))
        .layer(DefaultBodyLimit::max(guard::BODY_BYTES_MAX))
        .layer(from_fn(guard::headers))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document = serde_json::to_value(openapi::Document::openapi()).unwrap();
        let documented: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
            })
            .collect();
        let mut served: Vec<_> = machine_routes().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        served.sort();
        let mut sorted = documented.clone();
        sorted.sort();
        assert_eq!(sorted, served);
    }
}
