//! Burn rates of budgets that are not there yet.

use axum::extract::Path;
use serde_json::json;

use super::GuideError;

/// A burn rate above every threshold: what is answered while nothing is known, so that a script which compares the
/// number without looking at the status stays closed. `dataAvailable` says that it is no measurement.
const CLOSED: u32 = 1_000_000;

/// There is no such budget, and a deploy gate that asks all the same must not open.
pub(crate) async fn burn_rate(Path(id): Path<String>) -> GuideError {
    GuideError::not_found(format!("There is no SLO {id}."))
        .with("burnRate", json!(CLOSED))
        .with("dataAvailable", json!(false))
}
