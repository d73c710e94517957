//! The task that talks to the store, so that a store that hangs holds up nothing but itself.

use std::sync::Arc;

use jiff::Timestamp;
use store::{Change, Letter, Store, StoreError};
use tokio::sync::mpsc;

use crate::queue::Left;

/// What the store is asked.
#[derive(Debug)]
pub(crate) enum Job {
    /// Write this.
    Commit(Change),
    /// Prove that writing works.
    Check(Timestamp),
    /// Read letters that stayed in the store.
    Fetch { receiver: Arc<str>, asked: Left },
}

/// What the store answered.
#[derive(Debug)]
pub(crate) enum Done {
    Committed(Change, Result<(), StoreError>),
    Checked(Result<(), StoreError>),
    Fetched { receiver: Arc<str>, asked: Left, letters: Result<Vec<Letter>, StoreError> },
}

/// Does one job after the other until nobody asks any more.
pub(crate) async fn keeper(store: Arc<dyn Store>, mut jobs: mpsc::Receiver<Job>, done: mpsc::Sender<Done>) {
    while let Some(job) = jobs.recv().await {
        let answer = match job {
            Job::Commit(change) => {
                let result = store.commit(&change).await;
                Done::Committed(change, result)
            }
            Job::Check(at) => Done::Checked(store.check(at).await),
            Job::Fetch { receiver, asked } => {
                let letters = store.pending_letters(&receiver, asked.first.saturating_sub(1)).await;
                Done::Fetched { receiver, asked, letters }
            }
        };
        if done.send(answer).await.is_err() {
            return;
        }
    }
}
