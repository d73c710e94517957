//! Integrations and their Data Actions, which can be executed for real.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Wire, json};

use super::paging::{Page, PageQuery, page};
use super::{ApiError, Twin};
use crate::execute::{Execution, execute};
use crate::shared::Shared;
use crate::world::{Integration, StoredAction};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrationBody {
    id: String,
    name: String,
    integration_type: TypeBody,
    intended_state: &'static str,
    reported_state: ReportedState,
    self_uri: String,
}

#[derive(Debug, Serialize)]
struct TypeBody {
    id: String,
}

#[derive(Debug, Serialize)]
struct ReportedState {
    code: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionBody {
    id: String,
    name: String,
    integration_id: String,
    category: String,
    version: u32,
    secure: bool,
    config: Wire,
    contract: Wire,
    self_uri: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ActionsQuery {
    name: Option<String>,
    category: Option<String>,
}

pub(super) async fn list(
    State(shared): Twin,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<IntegrationBody>>, ApiError> {
    let integrations = shared.world().actions.integrations().map(integration_body).collect();
    Ok(Json(page(integrations, paging, "/api/v2/integrations")?))
}

pub(super) async fn actions(
    State(shared): Twin,
    Query(query): Query<ActionsQuery>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<ActionBody>>, ApiError> {
    let is_wanted = |stored: &&StoredAction| {
        query.name.as_deref().is_none_or(|name| stored.action.name.eq_ignore_ascii_case(name))
            && query.category.as_deref().is_none_or(|category| stored.integration.name.eq_ignore_ascii_case(category))
    };
    let actions = shared.world().actions.iter().filter(is_wanted).map(action_body).collect();
    Ok(Json(page(actions, paging, "/api/v2/integrations/actions")?))
}

pub(super) async fn action(State(shared): Twin, Path(id): Path<String>) -> Result<Json<ActionBody>, ApiError> {
    Ok(Json(action_body(&stored(&shared, &id)?)))
}

/// Executes the action; its outputs are the answer.
pub(super) async fn run(
    State(shared): Twin,
    Path(id): Path<String>,
    Json(inputs): Json<Map<String, Wire>>,
) -> Result<Json<Map<String, Wire>>, ApiError> {
    let stored = stored(&shared, &id)?;
    match execute(&shared, &stored, &inputs, None).await {
        Execution::Done(outputs) => Ok(Json(outputs)),
        Execution::Failed(failure) => Err(ApiError::new(failure.status, failure.code, failure.message)),
        Execution::TimedOut(timeout) => {
            let message = format!("The data action did not answer within {} seconds.", timeout.as_secs());
            Err(ApiError::new(504, "request.timeout", message))
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestBody {
    success: bool,
    operations: [OperationBody; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wire>,
    final_result: Wire,
}

#[derive(Debug, Serialize)]
struct OperationBody {
    step: u32,
    name: &'static str,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Wire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wire>,
}

/// Executes the action and tells how it went; the status is 200 even when it went badly.
pub(super) async fn test(
    State(shared): Twin,
    Path(id): Path<String>,
    Json(inputs): Json<Map<String, Wire>>,
) -> Result<Json<TestBody>, ApiError> {
    let stored = stored(&shared, &id)?;
    let (result, error) = match execute(&shared, &stored, &inputs, None).await {
        Execution::Done(outputs) => (Some(Wire::Object(outputs)), None),
        Execution::Failed(failure) => {
            let error = json!({"message": failure.message, "code": failure.code, "status": failure.status});
            (None, Some(error))
        }
        Execution::TimedOut(_) => (None, Some(json!({"code": "request.timeout", "status": 504}))),
    };
    let name = "Execute";
    let operation =
        OperationBody { step: 1, name, success: error.is_none(), result: result.clone(), error: error.clone() };
    let final_result = result.unwrap_or_default();
    Ok(Json(TestBody { success: error.is_none(), operations: [operation], error, final_result }))
}

fn stored(shared: &Arc<Shared>, id: &str) -> Result<StoredAction, ApiError> {
    shared.world().actions.by_id(id).cloned().ok_or_else(|| ApiError::not_found("The action"))
}

fn integration_body(integration: &Integration) -> IntegrationBody {
    IntegrationBody {
        id: integration.id.clone(),
        name: integration.name.clone(),
        integration_type: TypeBody { id: integration.kind.clone() },
        intended_state: "ENABLED",
        reported_state: ReportedState { code: "ACTIVE" },
        self_uri: format!("/api/v2/integrations/{}", integration.id),
    }
}

fn action_body(stored: &StoredAction) -> ActionBody {
    let part = |name: &str| stored.source.get(name).cloned().unwrap_or_default();
    ActionBody {
        id: stored.id.clone(),
        name: stored.action.name.clone(),
        integration_id: stored.integration.id.clone(),
        category: stored.integration.name.clone(),
        version: stored.version,
        secure: part("secure").as_bool().unwrap_or(false),
        config: part("config"),
        contract: part("contract"),
        self_uri: format!("/api/v2/integrations/actions/{}", stored.id),
    }
}
