//! One execution of a Data Action: a real request to a real address, or the answer of a system that is only simulated,
//! under the platform's limits.

use std::sync::Arc;
use std::time::Duration;

use flow::{ActionError, DataAction, TIMEOUT_MAX};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};

use crate::shared::Shared;
use crate::world::{Execution, Failure, FaultTarget, Refusal, StoredAction};

/// The longest answer that is read.
pub(crate) const RESPONSE_BYTES_MAX: usize = 512_000;

/// Executes `stored` for a conversation with `inputs`; `of_flow` is the time limit that the flow set.
pub(crate) async fn execute(
    shared: &Arc<Shared>,
    stored: &StoredAction,
    conversation: &Arc<str>,
    inputs: &Map<String, Json>,
    of_flow: Option<Duration>,
) -> Execution {
    let (began, generation) = (shared.mono(), shared.world().generation);
    let simulated = shared.world().simulate(stored, conversation, of_flow, shared.now());
    let execution = match simulated {
        Some(replies) => {
            let _slot = replies.runs.then(|| Slot { shared: Arc::clone(shared), generation });
            shared.clock.sleep(replies.took).await;
            replies.execution
        }
        None => run(shared, stored, inputs, of_flow).await,
    };
    let now = shared.now();
    let took = match execution {
        // The platform's clock decides, not how late this task was woken.
        Execution::TimedOut(timeout) => timeout,
        _ => now.mono.since(began),
    };
    if let Some(mut world) = shared.world_of(generation) {
        world.executed(stored.named(), conversation, &execution, took, now);
    }
    execution
}

async fn run(
    shared: &Arc<Shared>,
    stored: &StoredAction,
    inputs: &Map<String, Json>,
    of_flow: Option<Duration>,
) -> Execution {
    let timeout = stored.action.effective_timeout(of_flow).min(TIMEOUT_MAX);
    let correlation_id = shared.world().id();
    let _slot = match Slot::take(shared, stored) {
        Ok(slot) => slot,
        Err(refusal) => return Execution::Failed(Failure::refused(refusal, correlation_id)),
    };
    let effect = shared.world().faults.on(FaultTarget::DataActions, shared.mono());
    let attempt = async {
        shared.clock.sleep(effect.latency).await;
        match effect.failure {
            Some(status) => Err(ActionError::Status(status)),
            None => ask(shared, &stored.action, &stored.integration.credentials, inputs, &correlation_id).await,
        }
    };
    match shared.clock.timeout(timeout, attempt).await {
        None => Execution::TimedOut(timeout),
        Some(Ok(outputs)) => Execution::Done(outputs),
        Some(Err(error)) => {
            let (status, code) = status_and_code(&error);
            Execution::Failed(Failure { status, code: code.into(), message: error.to_string(), correlation_id })
        }
    }
}

async fn ask(
    shared: &Shared,
    action: &DataAction,
    credentials: &[(String, String)],
    inputs: &Map<String, Json>,
    correlation_id: &str,
) -> Result<Map<String, Json>, ActionError> {
    let request = action.request(inputs, credentials)?;
    let unusable = |what: &str| ActionError::Translation(format!("{what} of the request cannot be sent"));
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|_| unusable("the method"))?;
    let mut builder = shared.http.request(method, &request.url).header("ININ-Correlation-Id", correlation_id);
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("a header name"))?;
        let value = HeaderValue::from_str(value).map_err(|_| unusable("a header value"))?;
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let mut response = builder.send().await.map_err(|error| no_answer(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        if body.len() + chunk.len() > RESPONSE_BYTES_MAX {
            return Err(ActionError::Translation(format!("the body has more than {RESPONSE_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).map_err(|_| ActionError::Translation("the body is no UTF-8".to_owned()))?;
    action.outputs(status, &body)
}

/// What the platform says when the connection itself fails.
fn no_answer(error: &reqwest::Error) -> ActionError {
    let what = match error {
        error if error.is_connect() => "nobody answers at the address",
        error if error.is_builder() => "the address is not one",
        error if error.is_body() || error.is_decode() => "the answer breaks off",
        _ => "the connection broke",
    };
    ActionError::Translation(what.to_owned())
}

fn status_and_code(error: &ActionError) -> (u16, &'static str) {
    match error {
        ActionError::InputMissing(_) | ActionError::Contract { .. } | ActionError::Unset(_) => (400, "bad.request"),
        ActionError::Status(429) => (429, "too.many.requests"),
        ActionError::Status(status) => (*status, "bad.gateway"),
        ActionError::Translation(_) => (502, "bad.gateway"),
    }
}

/// One of the organisation's executions; given back however the execution ends.
struct Slot {
    shared: Arc<Shared>,
    generation: u64,
}

impl Slot {
    fn take(shared: &Arc<Shared>, action: &StoredAction) -> Result<Self, Refusal> {
        let now = shared.mono();
        let mut world = shared.world();
        world.actions.begin(action, now)?;
        Ok(Self { shared: Arc::clone(shared), generation: world.generation })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(mut world) = self.shared.world_of(self.generation) {
            world.actions.end();
        }
    }
}
