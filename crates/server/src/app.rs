//! What every handler shares.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{GatewaySnapshot, IncidentView, Snapshot};
use base::Now;
use clock::Clock;
use engine::Handle;
use engine::budget::Budgets;
use engine::deployments::Deployments;
use engine::review::Reviews;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::history::History;
use crate::live::Frame;
use crate::releases::Details;
use crate::view::{Overview, Sources};
use crate::{Access, Gateways, Guide, Releases, Setup, Terms};

/// The most event streams that are open at once.
const STREAMS_MAX: usize = 64;

/// The server's state.
pub struct App {
    pub(crate) engine: Handle,
    pub(crate) gateways: Arc<dyn Gateways>,
    pub(crate) clock: Clock,
    pub(crate) org: String,
    pub(crate) guide: Option<Arc<Guide>>,
    pub(crate) budgets: Option<Budgets>,
    pub(crate) releases: Option<Arc<dyn Releases>>,
    pub(crate) deployments: Option<Deployments>,
    pub(crate) reviews: Option<Reviews>,
    pub(crate) details: Details,
    pub(crate) terms: Terms,
    pub(crate) access: Access,
    documents: Mutex<BTreeMap<String, Value>>,
    pub(crate) streams: Semaphore,
    pub(crate) frames: watch::Sender<Arc<Frame>>,
    stopping: watch::Sender<bool>,
    history: Mutex<History>,
}

impl App {
    /// A server over a running engine.
    pub fn new(setup: Setup) -> Arc<Self> {
        let Setup {
            engine,
            gateways,
            clock,
            org,
            guide,
            budgets,
            releases,
            deployments,
            reviews,
            terms,
            documents,
            access,
        } = setup;
        Arc::new(Self {
            engine,
            gateways,
            clock,
            org,
            guide: guide.map(Arc::new),
            budgets,
            releases,
            deployments,
            reviews,
            details: Details::default(),
            terms,
            access,
            documents: Mutex::new(documents),
            streams: Semaphore::new(STREAMS_MAX),
            frames: watch::Sender::default(),
            stopping: watch::Sender::new(false),
            history: Mutex::default(),
        })
    }

    /// The definitions of all objectives in the guide's shape, by their ids.
    pub(crate) fn documents(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        // A map is whole at every instant.
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a snapshot of the gateway into the history of calls, for the chart.
    pub fn observe(&self) {
        let snapshot = self.gateways.snapshot();
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.observe(&snapshot, self.clock.now().wall);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let views = self.engine.views().borrow().clone();
        Snapshot {
            at: self.now().wall,
            gateway: self.gateway(),
            incidents: self.incidents(),
            store: views.store.clone(),
            receivers: views.receivers.clone(),
        }
    }

    pub(crate) fn incidents(&self) -> Vec<IncidentView> {
        self.engine.views().borrow().incidents.iter().map(|incident| (**incident).clone()).collect()
    }

    pub(crate) fn gateway(&self) -> GatewaySnapshot {
        self.gateways.snapshot()
    }

    pub(crate) fn overview(&self) -> Overview {
        let snapshot = self.snapshot();
        let releases = self.releases.as_ref().map(|releases| releases.list());
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        Overview::new(&Sources { snapshot: &snapshot, history: &history, releases: releases.as_deref() })
    }

    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    /// So long on the wall of the room where the server stands, whatever the clock's speed.
    pub(crate) fn real(&self, time: Duration) -> Duration {
        time.saturating_mul(self.clock.speed())
    }

    /// Ends event streams, so that a stop does not wait for browsers.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
