//! What the parts of a running twin share: the world behind a lock, the clock, the way out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Clock;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::world::{Totals, World};

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) http: reqwest::Client,
    /// The totals after every change.
    totals: watch::Sender<Totals>,
    /// Rings when a talk has begun, so that its end is waited for.
    pub(crate) talks: Notify,
    /// The rate of callers; zero is none.
    pub(crate) rate: watch::Sender<f64>,
    /// Callers in the flow; aborted at shutdown.
    callers: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(crate) fn new(world: World, clock: Clock, http: reqwest::Client) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            clock,
            http,
            totals: watch::Sender::new(Totals::default()),
            talks: Notify::new(),
            rate: watch::Sender::new(0.0),
            callers: Mutex::new(JoinSet::new()),
        })
    }

    /// The world, for a moment: the lock is never held while waiting for anything.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who watches what the totals are now.
    pub(crate) fn publish_totals(&self) {
        let totals = self.world().totals();
        self.totals.send_replace(totals);
    }

    pub(crate) fn watch_totals(&self) -> watch::Receiver<Totals> {
        self.totals.subscribe()
    }

    /// Runs a caller; false when `ceiling` callers are already in the flow.
    pub(crate) fn spawn_caller(&self, ceiling: usize, caller: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        while callers.try_join_next().is_some() {}
        if callers.len() >= ceiling {
            return false;
        }
        callers.spawn(caller);
        true
    }

    pub(crate) fn abort_callers(&self) {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
