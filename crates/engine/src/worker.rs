//! The task that carries one receiver's letters, so that a receiver that hangs holds up nobody else's.

use std::sync::Arc;

use clock::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Receiver;
use crate::courier::{Courier, Letter};
use crate::delivery::{ATTEMPT_TIME_MAX, DeliveryError, Outcome};

/// One finished attempt.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) receiver: Arc<str>,
    pub(crate) outcome: Outcome,
}

/// Carries one letter after the other until there are no more to come.
pub(crate) async fn worker(
    receiver: Receiver,
    clock: Clock,
    mut letters: mpsc::Receiver<Letter>,
    tried: mpsc::Sender<Tried>,
) {
    while let Some(letter) = letters.recv().await {
        let outcome = attempt(receiver.courier.clone(), &clock, letter).await;
        if tried.send(Tried { receiver: receiver.name.clone(), outcome }).await.is_err() {
            return;
        }
    }
}

/// One attempt, bounded in time. A courier that panics has failed; it does not take this task along.
async fn attempt(courier: Arc<dyn Courier>, clock: &Clock, letter: Letter) -> Outcome {
    let mut carrying = JoinSet::new();
    carrying.spawn(async move { courier.deliver(&letter).await });
    // A receiver is no faster because the clock is.
    let limit = ATTEMPT_TIME_MAX.saturating_mul(clock.speed());
    match clock.timeout(limit, carrying.join_next()).await {
        None => Outcome::Failed(DeliveryError::Timeout),
        Some(Some(Ok(Ok(_receipt)))) => Outcome::Accepted,
        Some(Some(Ok(Err(error)))) => Outcome::Failed(error),
        Some(Some(Err(_)) | None) => Outcome::Failed(DeliveryError::Defect),
    }
}
