//! Locks with an owner and an end, over the platform's, which have neither.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use base::Now;
use genesys::{Error, flows};
use serde_json::{Value, json};

use super::asked::Asked;
use super::{Guide, GuideError, guide};
use crate::app::App;

/// How long a lock holds unless it is released before.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// The longest name of an owner.
const OWNER_CHARS_MAX: usize = 120;

/// The most locks at one time.
const LEASES_MAX: usize = 1_000;

/// Who has which flow.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<BTreeMap<String, Lease>>,
}

/// A lock that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    owner: String,
    id: String,
    acquired: Now,
}

impl Lease {
    fn ends(&self) -> Now {
        self.acquired.later(LEASE)
    }

    fn body(&self, flow: &str) -> Value {
        json!({
            "flowId": flow, "locked": true, "owner": self.owner, "acquiredAt": self.acquired.wall.to_string(),
            "expiresAt": self.ends().wall.to_string(), "leaseId": self.id,
        })
    }
}

impl Leases {
    fn of(&self, flow: &str) -> Option<Lease> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(flow).cloned()
    }

    /// Notes a lock; false when there are too many.
    fn note(&self, flow: &str, lease: Lease) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= LEASES_MAX && !held.contains_key(flow) {
            return false;
        }
        held.insert(flow.to_owned(), lease);
        true
    }

    /// Forgets a lock, if it is still this one.
    fn forget(&self, flow: &str, id: &str) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = held.get(flow).is_some_and(|lease| lease.id == id);
        if is_same {
            held.remove(flow);
        }
        is_same
    }
}

/// `PATCH /api/v2/flow/{flowId}/lock`
pub(crate) async fn lock(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, GuideError> {
    let guide = guide(&app)?;
    let asked = Asked::read(&body, query.as_deref())?;
    let owner = asked.required("owner")?;
    if owner.chars().count() > OWNER_CHARS_MAX || owner.chars().any(char::is_control) {
        let message = format!("`owner` has at most {OWNER_CHARS_MAX} characters and no control characters.");
        return Err(GuideError::bad_request(message));
    }
    match asked.required("action")? {
        "acquire" => acquire(guide, &id, owner).await,
        "release" => release(guide, &id, owner).await,
        other => Err(GuideError::bad_request(format!("There is no action {other}: write acquire or release."))),
    }
}

async fn acquire(guide: &Arc<Guide>, flow: &str, owner: &str) -> Result<Json<Value>, GuideError> {
    let held = guide.leases.of(flow).filter(|lease| guide.clock.mono() < lease.ends().mono);
    match held {
        Some(lease) if lease.owner == owner => return Ok(Json(lease.body(flow))),
        Some(lease) => {
            return Err(GuideError::held(
                "flow.locked",
                format!("The flow is locked by {}.", lease.owner),
                &lease.owner,
            ));
        }
        None => {}
    }
    match flows::checkout(&guide.client, flow).await {
        Ok(_) => {}
        Err(Error::Api(error)) if error.status == 409 => {
            let known = flows::one(&guide.client, flow).await?;
            let holder = known.locked_user.or(known.locked_client).unwrap_or_default();
            let holder = if holder.name.is_empty() { holder.id } else { holder.name };
            return Err(GuideError::held("flow.locked", error.message, &holder));
        }
        Err(error) => return Err(error.into()),
    }
    let acquired = guide.clock.now();
    let id = format!("{flow}:{}", acquired.wall.as_nanosecond());
    let lease = Lease { owner: owner.to_owned(), id, acquired };
    if !guide.leases.note(flow, lease.clone()) {
        flows::give_back(&guide.client, flow).await?;
        return Err(GuideError::unknown("Too many flows are locked."));
    }
    expire(Arc::clone(guide), flow.to_owned(), lease.clone());
    Ok(Json(lease.body(flow)))
}

/// A lock that nobody releases ends by itself.
fn expire(guide: Arc<Guide>, flow: String, lease: Lease) {
    tokio::spawn(async move {
        guide.clock.sleep_until(lease.ends().mono).await;
        if guide.leases.forget(&flow, &lease.id)
            && let Err(error) = flows::give_back(&guide.client, &flow).await
        {
            tracing::warn!(flow, owner = lease.owner, %error, "a lock ran out and could not be given back");
        }
    });
}

async fn release(guide: &Arc<Guide>, flow: &str, owner: &str) -> Result<Json<Value>, GuideError> {
    let Some(lease) = guide.leases.of(flow) else {
        return Err(GuideError::new(axum::http::StatusCode::CONFLICT, "conflict", "Nobody has locked the flow here."));
    };
    if lease.owner != owner {
        return Err(GuideError::held("flow.locked", format!("The flow is locked by {}.", lease.owner), &lease.owner));
    }
    flows::give_back(&guide.client, flow).await?;
    guide.leases.forget(flow, &lease.id);
    Ok(Json(json!({"flowId": flow, "locked": false, "owner": owner, "leaseId": lease.id})))
}
