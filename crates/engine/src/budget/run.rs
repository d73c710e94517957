//! The two tasks of running budgets: one looks at the sources and takes a step once a minute, one writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::Mono;
use budget::book::Event;
use budget::{Minute, Minutes};

use super::handle::Inner;
use super::source::{Pace, Reading, Readings, Source, SourceError};
use super::state::State;

/// So long after a minute's end it is looked at.
const AFTER_MINUTE: Duration = Duration::from_secs(1);
/// A source that takes longer has not answered.
const READ_TIME_MAX: Duration = Duration::from_secs(30);
/// Pause after the first failed write; doubles up to [`RETRY_PAUSE_MAX`].
const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two tries to write.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(15);
/// The most readings of one answer that are taken.
const READINGS_MAX: usize = 4_000_000;

/// Looks at the sources and takes a step, once a minute.
pub(super) struct Loop {
    inner: Arc<Inner>,
    sources: Vec<(Arc<dyn Source>, Pace)>,
}

impl Loop {
    pub(super) fn new(inner: Arc<Inner>, sources: Vec<Arc<dyn Source>>) -> Self {
        // What it told to an earlier run need not be asked for; what it would have told since is.
        let told = |source: &Arc<dyn Source>| {
            let state = inner.state();
            let last = |objective: &usize| state.book.ledger_of(*objective)?.last_known();
            source.objectives().iter().filter_map(last).min().map(|last| last + Minutes::new(1))
        };
        let sources = sources.into_iter().map(|source| (source.clone(), Pace::since(told(&source)))).collect();
        Self { inner, sources }
    }

    pub(super) async fn run(mut self) {
        let mut stopping = self.inner.background.stopping();
        // Counters need a first look before the first minute is over.
        self.minute().await;
        loop {
            let clock = self.inner.clock.clone();
            let wait = Minute::rest(clock.now().wall) + AFTER_MINUTE;
            let is_stopping = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => true,
                () = clock.sleep(wait) => false,
            };
            if is_stopping {
                return;
            }
            self.minute().await;
        }
    }

    async fn minute(&mut self) {
        let until = Minute::of(self.inner.clock.now().wall);
        let mono = self.inner.clock.mono();
        let mut asked = Vec::new();
        for (place, (source, pace)) in self.sources.iter().enumerate() {
            if let Some(from) = pace.ask(until, source.corrects(), mono) {
                asked.push((place, source.clone(), from));
            }
        }
        let answers = asked.into_iter().map(|(place, source, from)| {
            let inner = self.inner.clone();
            tokio::spawn(async move { (place, read(&inner, source.as_ref(), from, until).await) })
        });
        // They answer side by side; each is bounded in time.
        for answer in answers.collect::<Vec<_>>() {
            // A source that panics has not answered; it is asked again in the next minute.
            let Ok((place, answer)) = answer.await else { continue };
            self.answered(place, answer, until);
        }
        let now = self.inner.now();
        self.inner.state().step(Event::Ticked, now);
        self.inner.show();
    }

    fn answered(&mut self, place: usize, answer: Result<Readings, SourceError>, until: Minute) {
        let Some((source, pace)) = self.sources.get_mut(place) else { return };
        let now = self.inner.now();
        let mut state = self.inner.state();
        let (mut counted, mut troubles) = (BTreeSet::new(), BTreeMap::new());
        match answer {
            Ok(readings) => {
                pace.answered(until);
                for Reading { objective, minute, count } in readings.counts.into_iter().take(READINGS_MAX) {
                    counted.insert(objective);
                    // What a source corrects is mostly as it was: nothing follows from it, and nothing is kept again.
                    let ledger = state.book.ledger_of(objective);
                    if ledger.is_none_or(|ledger| ledger.events().get(minute) != count) {
                        state.step(Event::Counted { objective, minute, count }, now);
                    }
                }
                for (objective, why) in readings.troubles {
                    tell(&state, objective, &why);
                    troubles.insert(objective, why);
                }
            }
            Err(error) => {
                tracing::warn!(source = source.kind(), %error, "a source of counts did not answer");
                pace.failed(error.retry_after, until, now.mono);
                troubles.extend(source.objectives().into_iter().map(|objective| (objective, error.why.clone())));
            }
        }
        for objective in source.objectives() {
            let trouble = troubles.remove(&objective);
            let is_answered = trouble.is_none() || counted.contains(&objective);
            if let Some(view) = state.sources.get_mut(objective) {
                view.last_read = if is_answered { Some(now.wall) } else { view.last_read };
                view.trouble = trouble;
            }
        }
    }
}

/// A trouble of one objective is told when it begins, not every minute.
fn tell(state: &State, objective: usize, why: &str) {
    let is_known = state.sources.get(objective).is_some_and(|view| view.trouble.as_deref() == Some(why));
    if let Some(terms) = state.policy.objectives.get(objective).filter(|_| !is_known) {
        tracing::warn!(objective = terms.objective.id, why, "an objective was not counted, or not wholly");
    }
}

async fn read(inner: &Inner, source: &dyn Source, from: Minute, until: Minute) -> Result<Readings, SourceError> {
    // A source is no faster because the clock is.
    let limit = READ_TIME_MAX.saturating_mul(inner.clock.speed());
    match inner.clock.timeout(limit, source.read(from, until)).await {
        Some(answer) => answer,
        None => Err(SourceError::new(format!("it did not answer within {} s", READ_TIME_MAX.as_secs()))),
    }
}

/// Writes what has become of the steps, again and again while the store does not take it.
pub(super) async fn keep(inner: Arc<Inner>) {
    let mut stopping = inner.background.stopping();
    let mut pause: Option<Duration> = None;
    loop {
        let wait_until = pause.map(|pause| inner.clock.mono() + pause.saturating_mul(inner.clock.speed()));
        let is_stopping = tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => true,
            () = wait(&inner, wait_until) => false,
        };
        pause = match save(&inner).await {
            Ok(()) => None,
            Err(()) => Some(pause.map_or(RETRY_PAUSE_FIRST, |pause| (pause * 2).min(RETRY_PAUSE_MAX))),
        };
        if is_stopping {
            return;
        }
    }
}

/// Until there is something to write; after a failure until the pause is over.
async fn wait(inner: &Inner, pause_until: Option<Mono>) {
    match pause_until {
        Some(until) => inner.clock.sleep_until(until).await,
        None => inner.unsaved.notified().await,
    }
}

async fn save(inner: &Inner) -> Result<(), ()> {
    let change = {
        let mut state = inner.state();
        if !state.has_unsaved() {
            return Ok(());
        }
        state.take_unsaved()
    };
    match inner.store.commit(&change).await {
        Ok(()) => {
            inner.state().written(&change);
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, hint = error.hint(), "failed to write budgets; they go on from memory");
            let lost = {
                let mut state = inner.state();
                state.put_back(change);
                state.take_lost()
            };
            inner.incidents.records_lost(lost);
            Err(())
        }
    }
}
