//! A gateway that several may look at while it runs, and one ends.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{Exit, FlowModes, GatewaySnapshot};
use config::Degrade;
use degrade::Transition;
use gateway::{Gateway, Options, StartError};
use miette::Report;
use tokio::sync::mpsc;

use crate::failure::{Failure, cannot_listen};

/// Starts a gateway, or says what to do so that it can start.
pub(crate) fn start(config: Degrade, options: Options) -> Result<(Gateway, mpsc::Receiver<Transition>), Report> {
    gateway::start(config, options).map_err(|error| match error {
        StartError::Listen { address, source } => cannot_listen("gateway", address, "--gateway-listen", source),
        other => {
            let hint = "change the configuration; `steadyline config check` reads it without starting anything";
            Failure::new(Exit::Usage, "the gateway cannot be started", hint).because(other).into()
        }
    })
}

/// Holds the gateway until it is drained; from then on there is nothing to see.
pub(crate) struct SharedGateway(Mutex<Option<Gateway>>);

impl SharedGateway {
    /// Holds `gateway`; `None` is a process without one.
    pub(crate) fn new(gateway: Option<Gateway>) -> Self {
        Self(Mutex::new(gateway))
    }

    /// Everything the gateway knows at this instant; empty without one.
    pub(crate) fn snapshot(&self) -> GatewaySnapshot {
        self.held().as_ref().map(Gateway::snapshot).unwrap_or_default()
    }

    /// Its metrics in Prometheus text format; empty without one.
    pub(crate) fn metrics(&self) -> String {
        self.held().as_ref().map(Gateway::metrics).unwrap_or_default()
    }

    /// Closes the idle connections to an upstream; `None` without such an upstream.
    pub(crate) fn close_idle(&self, upstream: &str) -> Option<Pin<Box<dyn Future<Output = u64> + Send>>> {
        let closing = self.held().as_ref()?.close_idle(upstream)?;
        Some(Box::pin(closing))
    }

    /// Obeys the modes of flows from now on.
    pub(crate) fn obey(&self, modes: &FlowModes) {
        if let Some(gateway) = self.held().as_ref() {
            gateway.obey(modes);
        }
    }

    /// Circuit records that nobody took, since the start.
    pub(crate) fn records_lost(&self) -> u64 {
        self.held().as_ref().map(Gateway::records_lost).unwrap_or_default()
    }

    /// Serves by another configuration from now on.
    ///
    /// # Errors
    /// When it promises something that cannot be kept; the old one stays in force.
    pub(crate) fn reload(&self, config: Degrade) -> Result<(), StartError> {
        self.held().as_ref().map_or(Ok(()), |gateway| gateway.reload(config))
    }

    /// Accepts nothing new, lets calls in flight finish for at most `patience`, and ends.
    pub(crate) async fn drain(&self, patience: Duration) {
        let gateway = self.held().take();
        if let Some(gateway) = gateway {
            gateway.drain(patience).await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Gateway>> {
        // The slot is whole at every instant: it is only read and emptied.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
