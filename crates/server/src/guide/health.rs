//! Whether an integration's endpoint answers, asked from the platform's own network.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use genesys::integrations;
use serde_json::{Value, json};
use url::Url;

use super::asked::Asked;
use super::{GuideError, guide};
use crate::app::App;

/// An endpoint that takes longer is not fit for a launch, whatever it answers.
const SLA: Duration = Duration::from_millis(4_000);

/// How long is waited unless the request says.
const TIMEOUT_MS: u64 = 5_000;

/// The platform gives a Data Action at most this long.
const TIMEOUT_MS_MAX: u64 = 60_000;

/// `POST /api/v2/integrations/{integrationId}/healthcheck`
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let asked = Asked::read(&body, query.as_deref())?;
    let url = asked.required("endpointUrl")?;
    let timeout_ms = asked.number("timeoutMs", TIMEOUT_MS)?;
    let expected = asked.number("expectedStatusCode", 200)?;
    let method = asked.text("method").unwrap_or("GET").to_ascii_uppercase();
    if !(1..=TIMEOUT_MS_MAX).contains(&timeout_ms) {
        return Err(GuideError::bad_request(format!("`timeoutMs` must be from 1 to {TIMEOUT_MS_MAX}.")));
    }
    allow(url, &guide.health_hosts)?;
    let integration = integrations::one(&guide.client, &id).await?;
    let state = integration.reported_state.and_then(|state| state.code);
    let timeout = Duration::from_millis(timeout_ms);
    let integrations::Probed { tested, took: latency } =
        integrations::probe(&guide.client, &id, &method, url, timeout).await?;
    let status = tested.status();
    // Without a status nobody was reached: a timeout, or a connection that did not come about.
    let reachable = status.is_some();
    let is_expected = status.map(u64::from) == Some(expected);
    let within_sla = reachable && latency <= SLA;
    let is_active = state.as_deref().is_none_or(|state| state == "ACTIVE");
    Ok(Json(json!({
        "integrationId": id, "endpointUrl": url, "method": method, "statusCode": status, "expectedStatusCode": expected,
        "reachable": reachable, "latencyMs": u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        "timeoutMs": timeout_ms, "slaMs": SLA.as_millis() as u64, "withinSla": within_sla, "state": state,
        "healthy": is_expected && within_sla && latency <= timeout && is_active, "vantage": "genesys",
        "checkedAt": guide.clock.now().wall.to_string(),
    })))
}

/// Only named hosts may be asked: the platform's network must not be turned against anybody.
fn allow(url: &str, hosts: &[String]) -> Result<(), GuideError> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let parsed =
        parsed.ok_or_else(|| GuideError::bad_request("`endpointUrl` must be an address with http or https."))?;
    let host = parsed.host_str().unwrap_or_default();
    if hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let message = format!("The host {host} may not be asked: add it to `platform.healthHosts` in the configuration.");
    Err(GuideError::new(StatusCode::FORBIDDEN, "not.authorized", message))
}

/// `POST /api/v2/integrations/{integrationId}/terminate`
///
/// Integrations of the platform have no sessions; what can be ended are the gateway's connections to the upstream that
/// has the integration's name.
pub(crate) async fn terminate(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let integration = integrations::one(&guide.client, &id).await?;
    let missing = || GuideError::unknown(format!("The gateway has no upstream named {}.", integration.name));
    let terminated = app.gateways.terminate(&integration.name).ok_or_else(missing)?.await;
    Ok(Json(json!({"integrationId": id, "terminated": terminated})))
}
