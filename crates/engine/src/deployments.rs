//! Deployments that two people agree on, kept: nothing counts before it is on the disk with its line in the audit.

use std::sync::Arc;

use api::{DeploymentView, DeploymentWish};
use budget::approvals::{Decided, Person};
use budget::deployments::{self, Refusal, Request, Wish};
use clock::Clock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AuditEntry, Change, Document, Store, StoreError};
use tokio::sync::Mutex;

use crate::{documents, incident};

/// The kind of these documents in the store.
const KIND: &str = "deployment";

/// Everything that was asked for; clones are the same.
#[derive(Clone)]
pub struct Deployments(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Clock,
    /// One act at a time: each is kept before the next is looked at.
    known: Mutex<deployments::Deployments>,
}

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// It is not allowed, or makes no sense.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// It could not be kept, and so does not count.
    #[error("keep what was asked or agreed on")]
    NotKept(#[source] StoreError),
}

impl Deployments {
    /// Loads what was kept.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub async fn start(store: Arc<dyn Store>, clock: Clock) -> Result<Self, StoreError> {
        let kept = documents::all(store.as_ref(), KIND).await?;
        let read = |document: &Document| serde_json::from_str(&document.body).map(Stored::into_request);
        let requests: Result<Vec<Request>, _> = kept.iter().map(read).collect();
        let requests = requests.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let known = Mutex::new(deployments::Deployments::restored(requests));
        Ok(Self(Arc::new(Inner { store, clock, known })))
    }

    /// Everything, the latest first.
    pub async fn list(&self) -> Vec<DeploymentView> {
        let now = self.now();
        self.0.known.lock().await.latest_first().map(|request| view(request, now)).collect()
    }

    /// Asks in somebody's name.
    ///
    /// # Errors
    /// Why not.
    pub async fn ask(&self, person: &Person, wish: DeploymentWish) -> Result<DeploymentView, DeploymentError> {
        let mut known = self.0.known.lock().await;
        let now = self.now();
        let DeploymentWish { target, digest, flows, reason } = wish;
        let (all, request, is_new) = known.clone().ask(person, Wish { target, digest, flows, reason }, now)?;
        if is_new {
            self.keep(&request, person, "ask_deployment", now).await?;
            *known = all;
        }
        Ok(view(&request, now))
    }

    /// Approves in somebody's name.
    ///
    /// # Errors
    /// Why not.
    pub async fn approve(&self, person: &Person, id: &str) -> Result<DeploymentView, DeploymentError> {
        let mut known = self.0.known.lock().await;
        let now = self.now();
        let number = id.strip_prefix("d-").and_then(|number| number.parse().ok()).ok_or(Refusal::NoSuch)?;
        let (all, request) = known.clone().approve(person, number, now)?;
        self.keep(&request, person, "approve_deployment", now).await?;
        *known = all;
        Ok(view(&request, now))
    }

    async fn keep(
        &self,
        request: &Request,
        person: &Person,
        what: &str,
        now: Timestamp,
    ) -> Result<(), DeploymentError> {
        let (id, body) = (id(request), Stored::of(request));
        let body = serde_json::to_string(&body).unwrap_or_default();
        let line = format!("{what}.{id}.{}", now.as_millisecond());
        let (who, what) = (person.name.clone(), what.to_owned());
        let change = Change {
            audit: vec![AuditEntry { id: line, at: now, who, what, body: body.clone() }],
            documents: vec![Document { kind: KIND.to_owned(), id, at: now, body }],
            ..Change::default()
        };
        self.0.store.commit(&change).await.map_err(DeploymentError::NotKept)
    }

    fn now(&self) -> Timestamp {
        incident::to_millisecond(self.0.clock.now().wall)
    }
}

fn id(request: &Request) -> String {
    format!("d-{}", request.number)
}

fn view(request: &Request, now: Timestamp) -> DeploymentView {
    let Request { wish: Wish { target, digest, flows, reason }, asked_by, asked_at, expires_at, approved, .. } =
        request.clone();
    let state = match (request.is_approved(now), request.is_waiting(now)) {
        (true, _) => "approved",
        (false, true) => "waiting",
        (false, false) => "expired",
    };
    let (approved_by, approved_at) = approved.map(|decided| (decided.by, decided.at)).unzip();
    let (id, state) = (id(request), state.to_owned());
    DeploymentView {
        id,
        target,
        digest,
        flows,
        reason,
        asked_by,
        asked_at,
        expires_at,
        state,
        approved_by,
        approved_at,
    }
}

/// A request in the store.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    number: u64,
    target: String,
    digest: String,
    flows: Vec<String>,
    reason: String,
    asked_by: String,
    asked_at: Timestamp,
    expires_at: Timestamp,
    approved_by: Option<String>,
    approved_at: Option<Timestamp>,
}

impl Stored {
    fn of(request: &Request) -> Self {
        let Request { number, wish: Wish { target, digest, flows, reason }, asked_by, asked_at, expires_at, approved } =
            request.clone();
        let (approved_by, approved_at) = approved.map(|decided| (decided.by, decided.at)).unzip();
        Self { number, target, digest, flows, reason, asked_by, asked_at, expires_at, approved_by, approved_at }
    }

    fn into_request(self) -> Request {
        let Self { number, target, digest, flows, reason, asked_by, asked_at, expires_at, approved_by, approved_at } =
            self;
        let approved = approved_by.zip(approved_at).map(|(by, at)| Decided { by, at });
        Request { number, wish: Wish { target, digest, flows, reason }, asked_by, asked_at, expires_at, approved }
    }
}

#[cfg(test)]
mod tests {
    use budget::approvals::Role;
    use store::{Fault, Simulated};

    use super::*;

    fn person(name: &str, role: Role) -> Person {
        Person { name: name.into(), role }
    }

    fn wish() -> DeploymentWish {
        let (target, digest) = ("production".to_owned(), "a".repeat(64));
        DeploymentWish { target, digest, flows: vec!["Main IVR".into()], reason: "release".into() }
    }

    #[test]
    fn what_the_first_version_wrote_is_read() {
        let text = r#"{"number":7,"target":"production","digest":"aa","flows":["Main IVR"],"reason":"","askedBy":"ann",
            "askedAt":"2026-11-22T08:00:00Z","expiresAt":"2026-11-23T08:00:00Z","approvedBy":"ben","approvedAt":"2026-11-22T09:00:00Z"}"#;
        let request = serde_json::from_str::<Stored>(text).unwrap().into_request();
        assert_eq!((request.number, request.approved.unwrap().by.as_str()), (7, "ben"));
    }

    #[tokio::test]
    async fn what_was_agreed_on_is_there_after_a_restart_and_in_the_audit() {
        let store = Arc::new(Simulated::default());
        let start = async || Deployments::start(store.clone(), Clock::real()).await.unwrap();
        let deployments = start().await;
        let asked = deployments.ask(&person("pipeline", Role::Ci), wish()).await.unwrap();
        assert_eq!((asked.id.as_str(), asked.state.as_str()), ("d-1", "waiting"));
        let approved = start().await.approve(&person("ben", Role::Approver), "d-1").await.unwrap();
        assert_eq!(start().await.list().await, [approved]);
        let audit: Vec<_> = store.audit(None).await.unwrap().into_iter().map(|line| line.entry.what).collect();
        assert_eq!(audit, ["approve_deployment", "ask_deployment"]);
        let none = start().await.approve(&person("ben", Role::Approver), "7").await.unwrap_err();
        assert!(matches!(none, DeploymentError::Refused(Refusal::NoSuch)));
    }

    #[tokio::test]
    async fn what_cannot_be_kept_does_not_count() {
        let store = Arc::new(Simulated::default());
        let deployments = Deployments::start(store.clone(), Clock::real()).await.unwrap();
        store.fail_writes(1, Fault::Full);
        let refused = deployments.ask(&person("ann", Role::Operator), wish()).await.unwrap_err();
        assert!(matches!(refused, DeploymentError::NotKept(_)), "{refused}");
        assert!(deployments.list().await.is_empty());
    }
}
