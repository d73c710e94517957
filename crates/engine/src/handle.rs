//! How the rest of the house talks to a running engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::IncidentView;
use degrade::Transition;
use tokio::sync::{mpsc, oneshot, watch};

use crate::background::Background;
use crate::board::Views;
use crate::incident::Event;

/// What arrives at the engine.
#[derive(Debug)]
pub(crate) enum Input {
    Event(Event),
    Acknowledge { id: String, who: String, reply: oneshot::Sender<Result<IncidentView, AcknowledgeError>> },
    Ping(oneshot::Sender<()>),
}

/// Why nobody can take this incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcknowledgeError {
    /// There is none of that id, or it was over long ago.
    #[error("acknowledge an incident that is not known")]
    Unknown,
    /// It is over.
    #[error("acknowledge an incident that is over")]
    Over,
    /// The engine has too much to do, or has stopped.
    #[error("reach the engine")]
    Unreachable,
}

/// Reports events to the engine; cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct Sender {
    pub(crate) inputs: mpsc::Sender<Input>,
    pub(crate) lost: Arc<AtomicU64>,
}

impl Sender {
    /// A circuit changed.
    pub fn circuit(&self, transition: Transition) {
        self.send(Event::Circuit(transition));
    }

    /// A circuit is closed and answers. For the first good answer after a gateway's start, which ends
    /// an incident that an earlier run left open; without such an incident it does nothing.
    pub fn circuit_well(&self, circuit: Arc<str>) {
        self.send(Event::CircuitWell { circuit });
    }

    /// Something that another part of the engine found.
    pub(crate) fn event(&self, event: Event) {
        self.send(event);
    }

    /// `count` records were lost before they reached the engine.
    pub fn records_lost(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    fn send(&self, event: Event) {
        if self.inputs.try_send(Input::Event(event)).is_err() {
            self.records_lost(1);
        }
    }
}

/// A running engine; clones are the same engine.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) sender: Sender,
    pub(crate) views: watch::Receiver<Arc<Views>>,
    pub(crate) background: Background,
}

impl Handle {
    /// Reports events.
    pub fn sender(&self) -> Sender {
        self.0.sender.clone()
    }

    /// What there is to see, now and after every change.
    pub fn views(&self) -> watch::Receiver<Arc<Views>> {
        self.0.views.clone()
    }

    /// Takes an incident in the name of `who`; the incident as it is then.
    ///
    /// # Errors
    /// When there is no such live incident, or when the engine cannot be reached.
    pub async fn acknowledge(&self, id: &str, who: &str) -> Result<IncidentView, AcknowledgeError> {
        let (reply, answer) = oneshot::channel();
        let input = Input::Acknowledge { id: id.to_owned(), who: who.to_owned(), reply };
        self.0.sender.inputs.try_send(input).map_err(|_| AcknowledgeError::Unreachable)?;
        answer.await.unwrap_or(Err(AcknowledgeError::Unreachable))
    }

    /// Returns when the engine has handled everything that was reported before; false when it has stopped.
    ///
    /// An engine that hangs does not answer: bound the wait.
    pub async fn ping(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        self.0.sender.inputs.send(Input::Ping(reply)).await.is_ok() && answer.await.is_ok()
    }

    /// Writes what is not yet written, as far as the store lets it, and stops.
    ///
    /// Letters that have not arrived stay in the store for the next start.
    pub async fn shutdown(&self) {
        self.0.background.shutdown().await;
    }

    /// Stops at once and writes nothing, as a crash would. For tests of what comes after.
    pub fn kill(&self) {
        self.0.background.abort();
    }
}
