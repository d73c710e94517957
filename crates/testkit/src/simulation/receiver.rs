//! A simulated receiver: it misbehaves in its turn, and remembers what arrived.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use engine::Action;
use engine::courier::{Courier, Letter, Receipt};
use engine::delivery::DeliveryError;
use jiff::Timestamp;

/// How a receiver treats letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Slow,
    Silent,
    Refusing,
    Failing,
    Throttling,
    /// It takes the letter, and the answer is lost.
    Forgetful,
}

pub(super) const MOODS: [Mood; 7] =
    [Mood::Well, Mood::Slow, Mood::Silent, Mood::Refusing, Mood::Failing, Mood::Throttling, Mood::Forgetful];

/// What arrived under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    pub(super) opened: u32,
    pub(super) is_over: bool,
    pub(super) first_told_at: Timestamp,
    pub(super) opened_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct SimulatedReceiver {
    clock: Clock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    mood: Mood,
    alerts: BTreeMap<String, Alert>,
    arrived: u32,
    disorder: Vec<String>,
}

impl SimulatedReceiver {
    pub(super) fn new(clock: Clock) -> Self {
        let inner = Inner { mood: Mood::Well, alerts: BTreeMap::new(), arrived: 0, disorder: Vec::new() };
        Self { clock, inner: Arc::new(Mutex::new(inner)) }
    }

    pub(super) fn set(&self, mood: Mood) {
        self.inner().mood = mood;
    }

    pub(super) fn alerts(&self) -> BTreeMap<String, Alert> {
        self.inner().alerts.clone()
    }

    pub(super) fn arrived(&self) -> u32 {
        self.inner().arrived
    }

    /// Letters that arrived when they should not have.
    pub(super) fn disorder(&self) -> Vec<String> {
        self.inner().disorder.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, letter: &Letter) {
        let now = self.clock.now().wall;
        let mut inner = self.inner();
        inner.arrived += 1;
        match (letter.action, inner.alerts.get_mut(&letter.dedup_key)) {
            (Action::Trigger, None) => {
                let opened_at = letter.page.opened_at;
                let alert = Alert { opened: 1, is_over: false, first_told_at: now, opened_at };
                inner.alerts.insert(letter.dedup_key.clone(), alert);
            }
            (Action::Trigger, Some(alert)) => {
                // A repetition falls together with the alert it repeats; after the end it would be a new one.
                alert.opened += u32::from(alert.is_over);
                alert.is_over = false;
            }
            (Action::Resolve, Some(alert)) => alert.is_over = true,
            (Action::Acknowledge, Some(_)) => {}
            (Action::Acknowledge | Action::Resolve, None) => {
                let what = format!("{:?} of {} before its trigger", letter.action, letter.dedup_key);
                inner.disorder.push(what);
            }
        }
    }
}

#[async_trait]
impl Courier for SimulatedReceiver {
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        let mood = self.inner().mood;
        match mood {
            Mood::Well => self.take(letter),
            Mood::Slow => {
                self.clock.sleep(Duration::from_secs(4)).await;
                self.take(letter);
            }
            Mood::Silent => std::future::pending().await,
            Mood::Refusing => return Err(DeliveryError::Unreachable("connection refused".into())),
            Mood::Failing => return Err(DeliveryError::Status { status: 500, retry_after: None }),
            Mood::Throttling => {
                let retry_after = Some(Duration::from_secs(45));
                return Err(DeliveryError::Status { status: 429, retry_after });
            }
            Mood::Forgetful => {
                self.take(letter);
                return Err(DeliveryError::Timeout);
            }
        }
        Ok(Receipt::default())
    }
}
