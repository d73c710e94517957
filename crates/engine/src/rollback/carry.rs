//! The task that carries rollbacks out, one at a time.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::Mono;
use clock::Clock;
use jiff::Timestamp;
use rollback::act::{self, Act, Effect, Event, Outcome, Plan, Question, Trouble};
use rollback::once::{Once, Refusal};
use store::{AuditEntry, Change, Document, Lease, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::{LEASE, LOOK_EVERY, REQUEST_TIME_MAX, Setup, wire};
use crate::background::Background;
use crate::incident::to_millisecond;

/// The lease of all rollbacks.
pub(super) const NAME: &str = "rollback";
/// The one document that holds what is going on over all flows.
const KIND: &str = "rollback";
const ID: &str = "current";
/// Wishes that may wait.
const WISHES_MAX: usize = 64;
/// The pause after the store has failed.
const STORE_PAUSE: Duration = Duration::from_millis(500);
/// Whoever wishes a rollback waits for so long.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(20);
/// A request goes out only if the lease lasts for so much longer than it may take.
const MARGIN: Duration = Duration::from_secs(2);

/// Rollbacks of this process; clones are the same ones.
#[derive(Clone)]
pub struct Rollbacks(Arc<Inner>);

struct Inner {
    wishes: mpsc::Sender<Wish>,
    standing: RwLock<Standing>,
    changed: watch::Sender<()>,
    clock: Clock,
    lockout: Duration,
    background: Background,
}

/// What is going on, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether this process may act.
    pub is_leader: bool,
    /// The fence of the lease that this process has, or had last.
    pub fence: u64,
    /// The rollback that is open here.
    pub open: Option<Open>,
    /// The last one, wherever it was carried out.
    pub last: Option<Ended>,
}

/// A rollback that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What it was begun for.
    pub cause: String,
    /// The flow.
    pub flow: String,
    /// Whether it takes longer than it should.
    pub is_late: bool,
}

/// A rollback that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What it was begun for.
    pub cause: String,
    /// The flow.
    pub flow: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it has published anything, or may have: only then is there a lockout.
    pub has_published: bool,
    /// When.
    pub at: Timestamp,
}

/// Why a rollback does not begin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// It is not its time.
    #[error("{0}")]
    Refused(Refusal),
    /// Another controller has the lease.
    #[error("go back: another controller does")]
    NotLeader,
    /// The store does not work, so that nothing could be kept.
    #[error("go back: the store does not work")]
    NotKept,
    /// Too many wait already, or Steadyline stops.
    #[error("go back: too many rollbacks wait, or Steadyline stops")]
    Busy,
}

struct Wish {
    plan: Plan,
    cause: String,
    why: String,
    answer: oneshot::Sender<Result<(), BeginError>>,
}

/// The lease, and until when requests may go out under it by our own clock.
struct Held {
    lease: Lease,
    until: Mono,
}

/// A rollback as it is kept: the one that is open, or the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Current {
    pub(super) cause: String,
    pub(super) act: Act,
    pub(super) begun: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

struct Carrier {
    setup: Setup,
    inner: Arc<Inner>,
    wishes: mpsc::Receiver<Wish>,
    held: Option<Held>,
}

/// Why an act is no longer carried out here.
enum Lost {
    /// The lease: somebody else goes on.
    Lease,
    /// The process stops.
    Stopping,
}

impl Rollbacks {
    /// Goes on with what is open, whenever this process has the lease.
    pub async fn start(setup: Setup) -> Self {
        let (sender, wishes) = mpsc::channel(WISHES_MAX);
        let inner = Arc::new(Inner {
            wishes: sender,
            standing: RwLock::default(),
            changed: watch::Sender::new(()),
            clock: setup.clock.clone(),
            lockout: setup.lockout,
            background: Background::default(),
        });
        let carrier = Carrier { setup, inner: inner.clone(), wishes, held: None };
        inner.background.spawn(carrier.run());
        Self(inner)
    }

    /// Begins a rollback, if it is its time; what it is begun for, by an id, and why are kept with it. It has begun once it
    /// is kept.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn begin(&self, plan: Plan, cause: String, why: String) -> Result<(), BeginError> {
        let standing = self.standing();
        if let Some(open) = standing.open {
            return Err(BeginError::Refused(Refusal::Open(open.flow)));
        }
        let (answer, told) = oneshot::channel();
        self.0.wishes.try_send(Wish { plan, cause, why, answer }).map_err(|_| BeginError::Busy)?;
        // Whoever goes back just now hears no wishes; one that nobody waits for any more is dropped.
        let told = self.0.clock.timeout(BEGIN_TIME_MAX, told).await;
        told.and_then(Result::ok).unwrap_or(Err(BeginError::Busy))
    }

    /// What is going on here.
    pub fn standing(&self) -> Standing {
        self.0.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when nothing is gone back after the last rollback; `None` when it may be.
    pub fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let last = self.standing().last.filter(|last| last.has_published)?.at;
        match (Once { open: None, last: Some(last) }).may_begin(self.0.lockout, now) {
            Err(Refusal::LockedOut { until }) => Some(until),
            Ok(()) | Err(Refusal::Open(_)) => None,
        }
    }

    /// Tells whenever something of [`Rollbacks::standing`] has changed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Stops at once, wherever it is, as a crash does; another process goes on when the lease has run out.
    pub fn abort(&self) {
        self.0.background.abort();
    }

    /// Whether it still runs; false once it was stopped, or broke down.
    pub fn is_running(&self) -> bool {
        self.0.background.is_running()
    }

    /// Stops between two steps, and gives the lease back; another process may go on at once.
    pub async fn shutdown(&self) {
        self.0.background.shutdown().await;
    }
}

impl Carrier {
    async fn run(mut self) {
        let mut stopping = self.inner.background.stopping();
        loop {
            if self.hold().await.is_ok()
                && let Ok(Some(current)) = self.current().await
            {
                if current.ended.is_some() {
                    self.tell(&current);
                } else if let Err(Lost::Stopping) = self.carry_out(current).await {
                    break;
                }
            }
            let wish = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                wish = self.wishes.recv() => wish,
                () = self.setup.clock.sleep(LOOK_EVERY) => None,
            };
            if let Some(wish) = wish
                && let Err(Lost::Stopping) = self.wished(wish).await
            {
                break;
            }
        }
        if let Some(Held { lease, .. }) = self.held.take() {
            let now = self.setup.clock.now().wall;
            // Given back or not, it runs out.
            self.setup.store.give_back_lease(&lease, now).await.ok();
        }
    }

    async fn wished(&mut self, wish: Wish) -> Result<(), Lost> {
        let Wish { plan, cause, why, answer } = wish;
        if answer.is_closed() {
            return Ok(());
        }
        match self.begin(plan, cause, &why).await {
            Ok(current) => {
                // Whoever wished it need not wait any longer.
                answer.send(Ok(())).ok();
                self.carry_out(current).await
            }
            Err(error) => {
                answer.send(Err(error)).ok();
                Ok(())
            }
        }
    }

    /// Keeps a rollback that begins; nothing is done before.
    async fn begin(&mut self, plan: Plan, cause: String, why: &str) -> Result<Current, BeginError> {
        let fence = self.hold().await.map_err(|_| BeginError::NotLeader)?;
        let now = to_millisecond(self.setup.clock.now().wall);
        let before = self.current().await.map_err(|_| BeginError::NotKept)?;
        // One that came to nothing before it published anything keeps no other flow waiting.
        let last = before.as_ref().filter(|before| before.act.publishes > 0).and_then(|before| before.ended);
        let open = before.filter(|before| before.ended.is_none()).map(|before| before.act.plan.flow);
        Once { open, last }.may_begin(self.setup.lockout, now).map_err(BeginError::Refused)?;
        let details = serde_json::json!({ "flow": plan.flow, "from": plan.bad, "for": cause, "why": why });
        let current = Current { cause, act: Act::new(plan), begun: now, ended: None };
        match self.setup.store.commit(&self.change(&current, Some(("begun", &details)), fence)).await {
            Ok(()) => Ok(current),
            Err(StoreError::Fenced(_)) => Err(BeginError::NotLeader),
            // It may have been kept all the same; whoever looks next goes on with it.
            Err(_) => Err(BeginError::NotKept),
        }
    }

    /// Takes steps until it is over, or until it is somebody else's.
    async fn carry_out(&mut self, mut current: Current) -> Result<(), Lost> {
        let mut event = Event::Resumed;
        loop {
            let (next, effects) = act::step(current.act, event);
            current.act = next;
            self.keep(&mut current).await?;
            let mut then = None;
            for effect in effects {
                match effect {
                    Effect::Ask(question) => then = Some(self.ask(&current.act.plan.flow, &question).await?),
                    Effect::Pause(pause) => then = Some(self.pause(pause).await?),
                    Effect::Late => {
                        tracing::warn!(flow = current.act.plan.flow, "going back takes long; it goes on");
                    }
                    Effect::Ended(outcome) => {
                        tracing::warn!(flow = current.act.plan.flow, ?outcome, "going back has ended");
                        self.tell(&current);
                    }
                }
            }
            // Only one that has ended wants nothing any more.
            let Some(next) = then else { return Ok(()) };
            event = next;
        }
    }

    /// Asks, while the lease is held for longer than that can take.
    async fn ask(&mut self, flow: &str, question: &Question) -> Result<Event, Lost> {
        self.hold().await?;
        let (platform, clock) = (self.setup.platform.clone(), self.setup.clock.clone());
        let answer = clock.timeout(REQUEST_TIME_MAX, platform.ask(flow, question)).await;
        Ok(match answer {
            Some(Ok(answer)) => Event::Answered(answer),
            Some(Err(trouble)) => Event::Failed(trouble),
            None => Event::Failed(Trouble::NoAnswer),
        })
    }

    async fn pause(&mut self, pause: Duration) -> Result<Event, Lost> {
        let until = self.setup.clock.mono() + pause;
        let mut stopping = self.inner.background.stopping();
        loop {
            let now = self.setup.clock.mono();
            if until <= now {
                return Ok(Event::Woke);
            }
            let rest = until.since(now).min(LEASE / 3);
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return Err(Lost::Stopping),
                () = self.setup.clock.sleep(rest) => {}
            }
            self.hold().await?;
        }
    }

    /// Keeps a state, again and again while the store does not take it and the lease is ours.
    async fn keep(&mut self, current: &mut Current) -> Result<(), Lost> {
        self.tell(current);
        let ended = current.act.outcome().map(|outcome| serde_json::json!({ "outcome": wire::outcome(outcome) }));
        if ended.is_some() {
            current.ended = Some(to_millisecond(self.setup.clock.now().wall));
        }
        loop {
            let fence = self.hold().await?;
            let change = self.change(current, ended.as_ref().map(|details| ("ended", details)), fence);
            match self.setup.store.commit(&change).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Fenced(_)) => {
                    self.lose();
                    return Err(Lost::Lease);
                }
                Err(error) => {
                    tracing::warn!(%error, hint = error.hint(), "a rollback stands still: its state cannot be kept");
                    self.rest().await?;
                }
            }
        }
    }

    async fn rest(&self) -> Result<(), Lost> {
        let mut stopping = self.inner.background.stopping();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => Err(Lost::Stopping),
            () = self.setup.clock.sleep(STORE_PAUSE) => Ok(()),
        }
    }

    /// Has the lease for long enough to make a request, or does not; its fence.
    async fn hold(&mut self) -> Result<u64, Lost> {
        let mono = self.setup.clock.mono();
        let is_long = |held: &&Held| mono + REQUEST_TIME_MAX + MARGIN < held.until;
        if let Some(held) = self.held.as_ref().filter(is_long) {
            return Ok(held.lease.fence);
        }
        let now = self.setup.clock.now().wall;
        let taken = self.setup.store.take_lease(NAME, &self.setup.holder, LEASE, now).await;
        match taken {
            Ok(Some(lease)) => {
                // Another fence is another lease: in between somebody else may have acted.
                let fence = lease.fence;
                let is_same = self.held.as_ref().is_none_or(|held| held.lease.fence == fence);
                // It counts from before it was asked for.
                self.held = Some(Held { lease, until: mono + LEASE });
                self.stand(|standing| (standing.is_leader, standing.fence) = (true, fence));
                if is_same { Ok(fence) } else { Err(Lost::Lease) }
            }
            // Somebody else has it; or nobody knows, and without the store nothing is done.
            Ok(None) | Err(_) => {
                self.lose();
                Err(Lost::Lease)
            }
        }
    }

    fn lose(&mut self) {
        self.held = None;
        self.stand(|standing| (standing.is_leader, standing.open) = (false, None));
    }

    /// The rollback that is open, or that was the last, wherever it was begun.
    async fn current(&self) -> Result<Option<Current>, StoreError> {
        let documents = self.setup.store.documents(KIND, None).await?;
        let current = documents.iter().find(|document| document.id == ID);
        current.map(|document| wire::from_json(&document.body).map_err(StoreError::Corrupt)).transpose()
    }

    /// The change that keeps a rollback as it is, under the lease with this fence and under no other.
    fn change(&self, current: &Current, audit: Option<(&str, &serde_json::Value)>, fence: u64) -> Change {
        let at = to_millisecond(self.setup.clock.now().wall);
        let Plan { flow, bad, .. } = &current.act.plan;
        let line = |(what, details): (&str, &serde_json::Value)| AuditEntry {
            // The same when it is written again.
            id: format!("rollback.{flow}.{bad}.{}.{what}", current.begun.as_millisecond()),
            at,
            who: "steadyline".to_owned(),
            what: format!("rollback_{what}"),
            body: details.to_string(),
        };
        Change {
            documents: vec![Document { kind: KIND.to_owned(), id: ID.to_owned(), at, body: wire::to_json(current) }],
            audit: audit.map(line).into_iter().collect(),
            under: Some((NAME.to_owned(), fence)),
            ..Change::default()
        }
    }

    /// Shows a rollback as it is kept.
    fn tell(&self, current: &Current) {
        let (cause, flow) = (current.cause.clone(), current.act.plan.flow.clone());
        let ended = current.act.outcome().zip(current.ended);
        self.stand(|standing| match ended {
            Some((outcome, at)) => {
                let (outcome, has_published) = (outcome.clone(), current.act.publishes > 0);
                (standing.open, standing.last) = (None, Some(Ended { cause, flow, outcome, has_published, at }));
            }
            None => standing.open = Some(Open { cause, flow, is_late: current.act.is_late }),
        });
    }

    fn stand(&self, change: impl FnOnce(&mut Standing)) {
        let mut standing = self.inner.standing.write().unwrap_or_else(PoisonError::into_inner);
        let before = standing.clone();
        change(&mut standing);
        if *standing != before {
            self.inner.changed.send_replace(());
        }
    }
}
