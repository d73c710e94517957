//! One request to the API: let in, broken on purpose, answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::serve::Reset;
use super::{BODY_BYTES_MAX, CORRELATION_ID, Twin, bearer};
use crate::driver;
use crate::execute::execute;
use crate::platform::{
    ApiError, Call, Found, Need, Operation, Order, Reply, decoded, find, limit_headers, nobody, pairs, run,
    whole_seconds,
};
use crate::shared::Shared;
use crate::world::{Client, Denied, Execution, Fact, FaultTarget, UsageKey};

/// In how many pieces a slow body comes.
const SLOW_PIECES: usize = 10;

/// From this share of a limit on, its use is recorded, in hundredths.
const NEAR_LIMIT: u32 = 90;

/// What an answer consists of.
struct Outcome {
    status: u16,
    body: Option<Value>,
    retry_after: Option<Duration>,
}

/// How much of the window is used, of how much, until when.
type Window = (u32, u32, Duration);

pub(super) async fn answer(State(shared): Twin, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = without_prefix(parts.uri.path());
    let found = find(parts.method.as_str(), path);
    let service = match &found {
        Found::Operation(operation, _) => FaultTarget::Service(operation.service),
        _ => FaultTarget::Platform,
    };
    let (correlation_id, effect) = {
        let mut world = shared.world();
        (world.id(), world.faults.on(service, shared.mono()))
    };
    if effect.resets {
        return Reset::response();
    }
    shared.clock.sleep(effect.latency).await;
    let needs_token = !matches!(&found, Found::Operation(operation, _) if operation.need == Need::NoToken);
    let (client, window) = match admit(&shared, bearer(&parts.headers).unwrap_or_default()) {
        Ok((client, window)) => (client, Some(window)),
        Err((error, window)) if needs_token => {
            return render(&outcome(Err(*error), &correlation_id), &correlation_id, window);
        }
        Err(_) => (Client { id: String::new(), name: String::new() }, None),
    };
    let told = match (effect.throttle, effect.failure) {
        (Some(after), _) => Err(ApiError::throttled(after, window.map_or(0, |(_, allowed, _)| allowed))),
        (None, Some(status)) => Err(ApiError::broken(status)),
        (None, None) => match found {
            Found::Nothing => Err(ApiError::not_found("The requested resource")),
            Found::WrongMethod => Err(ApiError::method_not_allowed()),
            Found::Operation(operation, parameters) => {
                let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
                let asked = Asked {
                    client: client.clone(),
                    token: bearer(&parts.headers).unwrap_or_default(),
                    uri: path,
                    base: format!("http://{host}"),
                    parameters: parameters.into_iter().map(|(name, value)| (name, decoded(value))).collect(),
                    query: pairs(parts.uri.query().unwrap_or_default()),
                };
                let is_json = parts
                    .headers
                    .get(header::CONTENT_TYPE)
                    .is_none_or(|kind| kind.as_bytes().starts_with(b"application/json"));
                let told = match admit_to(&shared, asked.token, operation) {
                    Ok(()) => read(body, is_json).await,
                    Err(error) => Err(error),
                };
                let told = match told {
                    Ok(body) => perform(&shared, operation, asked, body).await,
                    Err(error) => Err(error),
                };
                note_use(&shared, operation, client, told.as_ref().map_or_else(|error| error.status, status_of));
                told
            }
        },
    };
    let mut response = render(&outcome(told, &correlation_id), &correlation_id, window);
    date(&shared, &mut response);
    if let Some(over) = effect.slow_body {
        response = trickle(&shared, response, over).await;
    }
    response
}

/// The path from `/api` on: behind a gateway it may have one part before it.
fn without_prefix(path: &str) -> &str {
    let rest =
        path.strip_prefix('/').and_then(|path| path.split_once('/')).map_or("", |(first, _)| &path[1 + first.len()..]);
    if !path.starts_with("/api/") && rest.starts_with("/api/v2/") { rest } else { path }
}

/// What is known of a request before its body.
struct Asked<'a> {
    client: Client,
    token: &'a str,
    uri: &'a str,
    base: String,
    parameters: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
}

async fn read(body: Body, is_json: bool) -> Result<Value, ApiError> {
    let too_long = |_| ApiError::new(413, "request.entity.too.large", "The body of the request is too long.");
    let bytes: Bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(too_long)?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if !is_json {
        return Err(ApiError::new(415, "unsupported.media.type", "The content type must be application/json."));
    }
    serde_json::from_slice(&bytes).map_err(|error| ApiError::bad_request(format!("The body is no JSON: {error}.")))
}

fn admit(shared: &Shared, token: &str) -> Result<(Client, Window), (Box<ApiError>, Option<Window>)> {
    let unauthorised = |code, message: &str| (Box::new(ApiError::unauthorised(code, message)), None);
    let now = shared.now();
    let mut world = shared.world();
    let limit = world.settings.requests_per_minute;
    match world.clients.admit(token, limit, now.mono) {
        Ok(pass) => {
            if pass.used * 100 >= limit * NEAR_LIMIT {
                let fact = Fact::Limited { client: pass.client.id.as_str().into(), max: limit };
                world.log.add(now.wall, &nobody(), fact);
            }
            Ok((pass.client, (pass.used, limit, pass.reset)))
        }
        Err(Denied::Throttled { client, used, reset }) => {
            world.log.add(now.wall, &nobody(), Fact::Limited { client: client.id.as_str().into(), max: limit });
            Err((Box::new(ApiError::throttled(reset, limit)), Some((used, limit, reset))))
        }
        Err(Denied::Expired) => Err(unauthorised("credentials.expired", "The token has expired.")),
        Err(Denied::Unknown) if token.is_empty() => {
            let message = "No authentication bearer token specified in authorization header.";
            Err(unauthorised("authentication.required", message))
        }
        Err(Denied::Unknown) => Err(unauthorised("bad.credentials", "Invalid login credentials.")),
    }
}

/// Whether one more request may reach an operation that has a limit of its own.
fn admit_to(shared: &Shared, token: &str, operation: &Operation) -> Result<(), ApiError> {
    let mut world = shared.world();
    if world.settings.operations_per_minute.is_empty() {
        return Ok(());
    }
    let name = operation.name();
    let Some(limit) = world.settings.operations_per_minute.get(&name).copied() else { return Ok(()) };
    let admitted = world.clients.admit_operation(token, &name, limit, shared.mono());
    admitted.map_err(|reset| ApiError::throttled(reset, limit))
}

/// Runs the operation on the organisation as it is now, and asks outside when it says so.
async fn perform(
    shared: &Arc<Shared>,
    operation: &Operation,
    asked: Asked<'_>,
    body: Value,
) -> Result<Reply, ApiError> {
    let now = shared.now();
    let reply = {
        let mut world = shared.world();
        let questions = world.advance(now);
        let Asked { client, token, uri, base, parameters, query } = asked;
        let mut call = Call { world: &mut world, now, client, token, uri, base, parameters, query, body };
        let reply = run(operation, &mut call);
        drop(world);
        driver::carry_out(shared, questions);
        reply
    };
    shared.settle();
    match reply? {
        Reply::Execute(order) => told(*order, shared).await,
        reply => Ok(reply),
    }
}

async fn told(order: Order, shared: &Arc<Shared>) -> Result<Reply, ApiError> {
    let Order { action, inputs, is_test } = order;
    let execution = execute(shared, &action, &nobody(), &inputs, None).await;
    if !is_test {
        return match execution {
            Execution::Done(outputs) => Ok(Reply::Json(200, Value::Object(outputs))),
            Execution::Failed(failure) => Err(ApiError::new(failure.status, failure.code, failure.message)),
            Execution::TimedOut(timeout) => {
                let message = format!("The data action did not answer within {} seconds.", timeout.as_secs());
                Err(ApiError::new(504, "request.timeout", message))
            }
        };
    }
    let (result, error) = match execution {
        Execution::Done(outputs) => (Value::Object(outputs), None),
        Execution::Failed(failure) => {
            (Value::Null, Some(json!({"message": failure.message, "code": failure.code, "status": failure.status})))
        }
        Execution::TimedOut(_) => (Value::Null, Some(json!({"code": "request.timeout", "status": 504}))),
    };
    let mut step = json!({"step": 1, "name": "Execute", "success": error.is_none()});
    let mut body = json!({"success": error.is_none()});
    match error {
        Some(error) => {
            step["error"] = error.clone();
            body["error"] = error;
        }
        None => {
            step["result"] = result.clone();
            body["finalResult"] = result;
        }
    }
    body["operations"] = json!([step]);
    Ok(Reply::Json(200, body))
}

fn status_of(reply: &Reply) -> u16 {
    match reply {
        Reply::Json(status, _) | Reply::Empty(status) => *status,
        Reply::Execute(_) => 200,
    }
}

fn note_use(shared: &Shared, operation: &'static Operation, client: Client, status: u16) {
    let date = shared.now().wall.to_zoned(TimeZone::UTC).date();
    let (method, template) = (operation.method.into(), operation.path.into());
    let key = UsageKey { date, client_id: client.id, client_name: client.name, method, template };
    shared.world().records.count(key, status);
}

fn outcome(told: Result<Reply, ApiError>, correlation_id: &str) -> Outcome {
    match told {
        Ok(Reply::Json(status, body)) => Outcome { status, body: Some(body), retry_after: None },
        Ok(reply) => Outcome { status: status_of(&reply), body: None, retry_after: None },
        Err(error) => {
            Outcome { status: error.status, body: Some(error.body(correlation_id)), retry_after: error.retry_after }
        }
    }
}

fn render(outcome: &Outcome, correlation_id: &str, window: Option<Window>) -> Response {
    let body = outcome.body.as_ref().map(|body| Body::from(body.to_string())).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if outcome.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        headers.insert(CORRELATION_ID, value);
    }
    if let Some(after) = outcome.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    if let Some((used, allowed, reset)) = window {
        for (name, value) in limit_headers(used, allowed, reset) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    response
}

/// The organisation's own time, which may be wrong.
fn date(shared: &Shared, response: &mut Response) {
    let wrong = SignedDuration::from_secs(shared.world().settings.clock_ahead_seconds);
    let now = shared.now().wall.checked_add(wrong).unwrap_or_default();
    let text = now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::DATE, value);
    }
}

/// The same answer, in pieces over a while.
async fn trickle(shared: &Arc<Shared>, response: Response, over: Duration) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let size = bytes.len().div_ceil(SLOW_PIECES).max(1);
    let clock = shared.clock.clone();
    let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let pause = over / SLOW_PIECES as u32;
    let stream = futures_util::stream::unfold((pieces.into_iter(), clock), move |(mut pieces, clock)| async move {
        let piece = pieces.next()?;
        clock.sleep(pause).await;
        Some((Ok::<_, std::io::Error>(piece), (pieces, clock)))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}
