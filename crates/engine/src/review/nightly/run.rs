//! The task that reviews at night.

use std::sync::Arc;

use base::Mono;
use jiff::Timestamp;
use store::{Change, Document, Lease, StoreError};

use super::{
    Draft, Inner, LEASE, LOOK_EVERY, NAME, NIGHT, Nightly, SubmitError, drafts, load, night_to_json, schedule,
};

/// The task.
pub(super) struct Loop {
    inner: Arc<Inner>,
    /// The lease, and until when it lasts by our own clock.
    held: Option<(Lease, Mono)>,
}

/// Why a review is given up.
enum Lost {
    /// Another controller has the lease.
    Lease,
    /// It is time to end.
    Stopping,
}

impl Loop {
    pub(super) const fn new(inner: Arc<Inner>) -> Self {
        Self { inner, held: None }
    }

    pub(super) async fn run(mut self) {
        loop {
            if self.hold().await.is_ok() {
                self.first_seen().await;
                self.inner.tell(None);
                if let Some(n) = self.due() {
                    match self.review(n).await {
                        Ok(()) | Err(Lost::Lease) => {}
                        Err(Lost::Stopping) => break,
                    }
                }
            }
            if self.rest().await.is_err() {
                break;
            }
        }
        self.inner.state().fence = None;
        if let Some((lease, _)) = self.held.take() {
            let now = self.inner.setup.clock.now().wall;
            // Given back or not, it runs out.
            self.inner.setup.store.give_back_lease(&lease, now).await.ok();
        }
    }

    /// The plan that is due for the longest time.
    fn due(&self) -> Option<usize> {
        let (state, now) = (self.inner.state(), self.inner.now());
        let plans = self.inner.setup.plans.iter().enumerate();
        let next = plans.filter_map(|(n, plan)| {
            let done = state.done.get(&plan.id())?;
            Some((schedule::next(plan.at, &plan.zone, *done), n))
        });
        next.filter(|(next, _)| *next <= now).min().map(|(_, n)| n)
    }

    /// A plan that is new waits for its first night; from when on is kept, so that a restart does not begin anew.
    async fn first_seen(&self) {
        let now = self.inner.now();
        let (new, fence) = {
            let state = self.inner.state();
            let is_new = |plan: &&Nightly| !state.done.contains_key(&plan.id());
            (self.inner.setup.plans.iter().filter(is_new).map(Nightly::id).collect::<Vec<_>>(), state.fence)
        };
        let Some(fence) = fence.filter(|_| !new.is_empty()) else { return };
        let document = |id: &String| Document { kind: NIGHT.into(), id: id.clone(), at: now, body: night_to_json(now) };
        let documents = new.iter().map(document).collect();
        let change = Change { documents, under: Some((NAME.to_owned(), fence)), ..Change::default() };
        match self.inner.setup.store.commit(&change).await {
            Ok(()) => self.inner.state().done.extend(new.into_iter().map(|id| (id, now))),
            Err(error) => tracing::warn!(%error, hint = error.hint(), "when plans are reviewed next cannot be kept"),
        }
    }

    /// Reviews a plan, and keeps what came of it.
    async fn review(&mut self, n: usize) -> Result<(), Lost> {
        self.inner.state().running = Some(n);
        let plan = self.inner.setup.plans[n].clone();
        let reviewed = self.learn_and_keep(&plan).await;
        self.inner.state().running = None;
        reviewed
    }

    async fn learn_and_keep(&mut self, plan: &Nightly) -> Result<(), Lost> {
        let began = self.inner.now();
        let draft = self.learn(plan, began).await?;
        loop {
            match self.inner.keep(draft.clone(), Some(plan)).await {
                Ok(run) => {
                    tracing::info!(plan = run.plan, target = run.target, verdict = run.verdict.word(), "reviewed");
                    return Ok(());
                }
                // Nobody else is asked again for what is known already.
                Err(SubmitError::NotKept(error)) => {
                    tracing::warn!(%error, hint = error.hint(), "a review waits: it cannot be kept");
                }
                Err(SubmitError::NotLeader | SubmitError::Wrong(_) | SubmitError::Unreadable(_)) => {
                    return Err(Lost::Lease);
                }
            }
            self.rest().await?;
            self.hold().await?;
        }
    }

    /// Learns what a plan asks about, for as long as the lease is ours.
    async fn learn(&mut self, plan: &Nightly, began: Timestamp) -> Result<Draft, Lost> {
        let reviewer = self.inner.setup.reviewer.clone();
        let mut learning = reviewer.learn(plan);
        let learned = loop {
            let mut stopping = self.inner.background.stopping();
            let learned = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return Err(Lost::Stopping),
                learned = &mut learning => Some(learned),
                () = self.inner.setup.clock.sleep(LOOK_EVERY) => None,
            };
            match learned {
                Some(learned) => break learned,
                None => self.hold().await?,
            }
        };
        let before = self.inner.state().history.last_of_file(&plan.file, &plan.target).cloned();
        let night = plan.clone();
        let drafted = tokio::task::spawn_blocking(move || match learned {
            Ok(evidence) => drafts::learned(&evidence, &night),
            Err(gap) => drafts::untold(&gap, &night, before.as_deref(), began),
        });
        // What cannot be judged at all is a defect, and is tried again.
        drafted.await.map_err(|_| Lost::Lease)
    }

    async fn rest(&self) -> Result<(), Lost> {
        let mut stopping = self.inner.background.stopping();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => Err(Lost::Stopping),
            () = self.inner.setup.clock.sleep(LOOK_EVERY) => Ok(()),
        }
    }

    /// Has the lease, or does not. Under a new one everything is read again: somebody else may have kept something.
    async fn hold(&mut self) -> Result<(), Lost> {
        let (clock, mono) = (&self.inner.setup.clock, self.inner.setup.clock.mono());
        let taken = self.inner.setup.store.take_lease(NAME, &self.inner.setup.holder, LEASE, clock.now().wall).await;
        let lease = match taken {
            Ok(Some(lease)) => lease,
            // A store that does not work for a while takes nobody's lease away, and nothing is kept without it.
            Err(_) if self.held.as_ref().is_some_and(|(_, until)| mono < *until) => return Ok(()),
            Ok(None) | Err(_) => return Err(self.lose()),
        };
        let fence = lease.fence;
        let is_same = self.inner.state().fence == Some(fence);
        if !is_same && let Err(error) = self.take_over(fence).await {
            tracing::warn!(%error, hint = error.hint(), "reviews that were kept cannot be read");
            return Err(self.lose());
        }
        // It counts from before it was asked for.
        self.held = Some((lease, mono + LEASE));
        Ok(())
    }

    async fn take_over(&self, fence: u64) -> Result<(), StoreError> {
        let _one = self.inner.keeping.lock().await;
        let read = load(self.inner.setup.store.as_ref()).await;
        let mut read = read.map_err(|error| match error {
            super::StartError::Store(error) => error,
            super::StartError::Format { .. } => StoreError::Corrupt(error.to_string()),
        })?;
        let mut state = self.inner.state();
        read.running = state.running;
        read.fence = Some(fence);
        *state = read;
        Ok(())
    }

    fn lose(&mut self) -> Lost {
        self.held = None;
        self.inner.state().fence = None;
        Lost::Lease
    }
}
