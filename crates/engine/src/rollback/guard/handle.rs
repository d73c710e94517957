//! How the rest of the house talks to a running guard.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::{ReleaseView, RollbackBegun, RollbackList, RollbackWish};
use jiff::Timestamp;
use rollback::act::Plan;
use rollback::once::Refusal;
use rollback::release::Stage;
use store::AuditEntry;
use tokio::sync::watch;

use super::run::{self, Loop};
use super::state::{Out, State};
use super::{Setup, StartError, stored};
use crate::background::Background;
use crate::rollback::{BeginError, Flow};

/// A running guard; clones are the same one.
#[derive(Clone)]
pub struct Guard(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    pub(super) setup: Setup,
    /// Counts what was shown, for whoever shows it.
    pub(super) shown: watch::Sender<u64>,
    /// Held while something is kept.
    pub(super) keeping: tokio::sync::Mutex<()>,
    pub(super) background: Background,
}

/// Why nothing is gone back from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// There is no such release, or no such flow.
    #[error("{0}")]
    NoSuch(String),
    /// There is nothing to go back from.
    #[error("{0}")]
    Wrong(String),
    /// Another rollback is open.
    #[error("{0}")]
    Held(String),
    /// The last one was too short a time ago.
    #[error("{0}")]
    LockedOut(String),
    /// Nobody can say now.
    #[error("{0}")]
    Away(String),
}

impl Guard {
    /// Goes on with what was kept, whenever this process has the lease.
    ///
    /// # Errors
    /// When what was kept cannot be read or understood.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let now = setup.clock.now().wall;
        let mut state = State::new(setup.policy.clone(), now);
        run::load(&mut state, setup.store.as_ref()).await?;
        (setup.neighbours.hold)(state.holds());
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            setup,
            shown: watch::Sender::new(0),
            keeping: tokio::sync::Mutex::default(),
            background: Background::default(),
        });
        inner.background.spawn(Loop::new(inner.clone()).run());
        Ok(Self(inner))
    }

    /// The flows and the releases of late, without their minutes.
    pub fn list(&self) -> RollbackList {
        let standing = self.0.setup.rollbacks.standing();
        let now = self.0.setup.clock.now().wall;
        self.0.state().list(&standing, self.0.setup.rollbacks.locked_until(now))
    }

    /// A release with its minutes; what was decided is decided again from what was kept. `None` when there is none of this
    /// id.
    pub async fn one(&self, id: &str) -> Option<ReleaseView> {
        let known = self.0.state().held(id).map(|held| stored::release_from_json(&stored::release_to_json(held)));
        let kept = match run::kept(self.0.setup.store.as_ref(), id).await {
            Ok(Some(document)) => Some(stored::release_from_json(&document.body)),
            Ok(None) | Err(_) => None,
        };
        // What was kept is asked whether it comes out again; what is shown is the present.
        let is_reproduced = kept.as_ref().map(|kept| kept.as_ref().is_ok_and(|(_, is_same)| *is_same));
        let (held, _) = known.or(kept)?.ok()?;
        Some(held.whole(is_reproduced))
    }

    /// Tells whenever something of [`Guard::list`] has changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.shown.subscribe()
    }

    /// Goes back from a release because somebody says so.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn approve(&self, id: &str, who: &str) -> Result<ReleaseView, WishError> {
        let now = self.0.setup.clock.now().wall;
        let out = {
            let mut state = self.0.state();
            if state.fence.is_none() {
                // What is known here may be old.
                return Err(WishError::Away(BeginError::NotLeader.to_string()));
            }
            let Some(held) = state.held(id) else {
                return Err(WishError::NoSuch(format!("there is no release {id:?}")));
            };
            match held.release.stage() {
                Stage::Watched | Stage::Asked(_) => {}
                Stage::Wanted(_) | Stage::Acting(_) => {
                    return Err(WishError::Held("it is being gone back from already".to_owned()));
                }
                Stage::Proving => return Err(WishError::Wrong("it was gone back from already".to_owned())),
                Stage::Ended(_) => return Err(WishError::Wrong("it is over: callers get another version".to_owned())),
            }
            if let Some(until) = self.0.setup.rollbacks.locked_until(now) {
                return Err(locked_out(until));
            }
            if let Some(open) = self.0.setup.rollbacks.standing().open {
                // It is no refusal of the release, which may still be gone back from by itself.
                return Err(WishError::Held(Refusal::Open(open.flow).to_string()));
            }
            state.approved(id, who, now)
        };
        self.0.carry_on(out).await;
        match self.0.state().held(id).map(|held| (held.asked(), held.view())) {
            Some((Some(why), _)) => Err(WishError::Held(why)),
            Some((None, view)) => Ok(view),
            None => Err(WishError::NoSuch(format!("there is no release {id:?}"))),
        }
    }

    /// Goes back to a certain version because somebody says so; what was begun.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn run(&self, wish: &RollbackWish, who: &str) -> Result<RollbackBegun, WishError> {
        let away = |error: crate::budget::SourceError| WishError::Away(format!("the platform does not say: {error}"));
        let named = |name: &str, id: &str| wish.flow == name || wish.flow == id;
        let known = {
            let state = self.0.state();
            let mut found =
                state.flows.iter().filter_map(|flow| flow.found.clone().map(|found| (flow.name.clone(), found)));
            found
                .find(|(name, found)| named(name, &found.id) || named(&found.name, &found.id))
                .map(|(_, found)| found.id)
        };
        let ids: Vec<String> = known.into_iter().collect();
        let flows = self.0.setup.organisation.flows(&ids).await.map_err(away)?;
        let is_meant = |flow: &Flow| ids.contains(&flow.id) || named(&flow.name, &flow.id);
        let mut meant = flows.into_iter().filter(is_meant);
        let flow = meant.next().ok_or_else(|| WishError::NoSuch(format!("there is no flow {:?}", wish.flow)))?;
        if meant.next().is_some() && flow.id != wish.flow {
            // Names are unique among flows of one type only.
            return Err(WishError::Wrong(format!("there are several flows {:?}; write the id", wish.flow)));
        }
        let bad = flow.version.ok_or_else(|| WishError::Wrong(format!("{} has no published version", flow.name)))?;
        if bad == wish.to {
            return Err(WishError::Wrong(format!("callers of {} get {bad} already", flow.name)));
        }
        let publishes = self.0.setup.organisation.publishes(&flow.id).await.map_err(away)?;
        if !publishes.iter().any(|publish| publish.version == wish.to) {
            return Err(WishError::NoSuch(format!("{} never had version {} published", flow.name, wish.to)));
        }
        let plan = Plan {
            flow: flow.id.clone(),
            bad: bad.clone(),
            to: Some(wish.to.clone()),
            good: Vec::new(),
            known_bad: Vec::new(),
            locked: self.0.setup.policy.locked,
        };
        if self.0.state().fence.is_none() {
            return Err(WishError::Away(BeginError::NotLeader.to_string()));
        }
        let now = self.0.setup.clock.now().wall;
        let cause = format!("{}-{who}", now.strftime("%Y%m%d-%H%M%S"));
        let why = format!("{who} wants it: {}", wish.reason);
        let body = serde_json::json!({ "flow": flow.id, "from": bad, "to": wish.to, "reason": wish.reason });
        let audit = AuditEntry {
            id: format!("rollback.wanted.{}.{cause}", flow.id),
            at: now,
            who: who.to_owned(),
            what: "rollback_wanted".to_owned(),
            body: body.to_string(),
        };
        self.0.carry_on(Out { audit: vec![audit], ..Out::default() }).await;
        match self.0.setup.rollbacks.begin(plan, cause.clone(), why).await {
            Ok(()) => {
                Ok(RollbackBegun { id: cause, begun: format!("{} goes back from {bad} to {}", flow.name, wish.to) })
            }
            Err(BeginError::Refused(Refusal::LockedOut { until })) => Err(locked_out(until)),
            Err(BeginError::Refused(refusal @ Refusal::Open(_))) => Err(WishError::Held(refusal.to_string())),
            Err(error @ (BeginError::NotLeader | BeginError::NotKept | BeginError::Busy)) => {
                Err(WishError::Away(error.to_string()))
            }
        }
    }

    /// Stops at once, wherever it is, as a crash does.
    pub fn abort(&self) {
        self.0.background.abort();
    }

    /// Whether it and what carries rollbacks out still run; false once one of them was stopped, or broke down.
    pub fn is_running(&self) -> bool {
        self.0.background.is_running() && self.0.setup.rollbacks.is_running()
    }

    /// Stops; another process may go on at once.
    pub async fn shutdown(&self) {
        self.0.background.shutdown().await;
    }
}

fn locked_out(until: Timestamp) -> WishError {
    WishError::LockedOut(Refusal::LockedOut { until }.to_string())
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A step is taken whole or panics before anything is changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells, keeps and begins what follows.
    pub(super) async fn carry_on(&self, out: Out) {
        run::carry_on(self, out).await;
    }
}
