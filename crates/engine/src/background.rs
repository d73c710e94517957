//! Tasks in the background, and their end.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What runs for somebody who may end it, by and by or at once.
#[derive(Debug, Default)]
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Background {
    /// Begins a task that ends by itself once [`Background::stopping`] says so.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(task));
    }

    /// Becomes true when it is time to end.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Whether everything that was begun still runs: no task of ours ends by itself before it is told to.
    pub(crate) fn is_running(&self) -> bool {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        !tasks.is_empty() && tasks.iter().all(|task| !task.is_finished())
    }

    /// Ends everything at once, wherever it is, as a crash would.
    pub(crate) fn abort(&self) {
        for task in &*self.tasks.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }

    /// Says that it is time, and waits for the end.
    pub(crate) async fn shutdown(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // It ends by itself or has panicked; either way it is over.
            task.await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A background with one task, and whether that came to its end.
    fn one() -> (Background, Arc<AtomicBool>) {
        let (background, has_ended) = (Background::default(), Arc::new(AtomicBool::new(false)));
        let (mut stopping, ended) = (background.stopping(), has_ended.clone());
        background.spawn(async move {
            stopping.wait_for(|stop| *stop).await.ok();
            ended.store(true, Ordering::Relaxed);
        });
        (background, has_ended)
    }

    #[tokio::test]
    async fn whoever_is_told_to_stop_is_waited_for() {
        let (background, has_ended) = one();
        assert!(background.is_running());
        background.shutdown().await;
        assert!(has_ended.load(Ordering::Relaxed) && !background.is_running());
        background.shutdown().await;
    }

    #[tokio::test]
    async fn a_task_that_panics_is_noticed() {
        let (background, _) = one();
        background.spawn(async { panic!("on purpose") });
        tokio::task::yield_now().await;
        assert!(!background.is_running());
    }

    #[tokio::test]
    async fn whoever_is_aborted_ends_where_it_is() {
        let (background, has_ended) = one();
        background.abort();
        background.shutdown().await;
        assert!(!has_ended.load(Ordering::Relaxed));
    }
}
