//! The signals that a server obeys.

use miette::{IntoDiagnostic as _, Report};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a server is told from outside.
pub(crate) enum Told {
    /// Finish, and end.
    Stop,
    /// Read the configuration again.
    Reload,
}

/// SIGTERM and SIGINT stop, SIGHUP reloads.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From now on these signals are taken here, and no longer end the process.
    pub(crate) fn listen() -> Result<Self, Report> {
        let on = |kind| signal(kind).into_diagnostic();
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }

    /// Waits until it is time to stop; there is nothing to reload.
    pub(crate) async fn stop(&mut self) {
        while !matches!(self.next().await, Told::Stop) {}
    }
}
