//! How many of something are used, and how many are left.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use genesys::{organisation, telephony};
use serde_json::{Value, json};

use super::asked::Asked;
use super::{GuideError, guide};
use crate::app::App;

/// `GET /api/v2/usage/sessions/current`
pub(crate) async fn sessions(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let asked = Asked::read(&body, query.as_deref())?;
    let metric = asked.text("metric").unwrap_or("activeUsers");
    let (licence, used, total) = match metric {
        "activeUsers" => {
            let licence = asked.required("licenseType")?;
            let used = organisation::licences(&guide.client).await?;
            let total = guide.licences.get(licence).copied();
            let is_known = total.is_some() || used.contains_key(licence);
            if !is_known {
                return Err(GuideError::not_found(format!("Nobody has a licence {licence}, and none is configured.")));
            }
            (Some(licence), Some(used.get(licence).copied().unwrap_or(0)), total)
        }
        "concurrentCalls" => {
            let capacity = telephony::capacity(&guide.client).await?;
            (None, capacity.concurrent_call_count, capacity.max_call_capacity)
        }
        other => {
            let message = format!("There is no metric {other}: ask for activeUsers or concurrentCalls.");
            return Err(GuideError::bad_request(message));
        }
    };
    // What nobody knows is null: a gate that reads `available` must not find a number there.
    let available = total.zip(used).map(|(total, used)| total.saturating_sub(used));
    let percent =
        total.zip(available).filter(|(total, _)| *total > 0).map(|(total, left)| left as f64 * 100.0 / total as f64);
    Ok(Json(json!({
        "licenseType": licence, "metric": metric, "total": total, "used": used, "available": available,
        "availablePercent": percent, "asOf": guide.clock.now().wall.to_string(),
    })))
}
