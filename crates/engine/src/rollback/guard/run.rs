//! The task of a guard: asks the platform, tells people, keeps, and begins rollbacks.

use std::sync::Arc;
use std::time::Duration;

use base::{Minute, Minutes, Mono};
use jiff::Timestamp;
use rollback::once::Refusal;
use rollback::release::By;
use store::{AuditEntry, Change, Document, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::handle::Inner;
use super::state::{Begin, Out, State};
use super::{StartError, stored};
use crate::documents;
use crate::rollback::carry::NAME;
use crate::rollback::{BeginError, Ended};

/// So long after a minute's end it is asked for: what the platform learns late comes in the meantime.
const AFTER_MINUTE: Duration = Duration::from_secs(20);
/// All flows of the organisation are looked through for those that were not found, this often.
const SEARCH_EVERY: Duration = Duration::from_secs(300);
/// After each request of a look the platform is not asked for so long because of news: flows are saved far more often than
/// they are published, and other rooms ask it, too.
const LOOK_PAUSE: Duration = Duration::from_secs(4);
/// Who published is asked of so many flows in one look; a mass publish is watched first of all.
const PUBLISHERS_MAX: usize = 5;
/// The most minutes of a past that one question asks for ...
const PAST_MINUTES: u32 = 1_440;
/// ... and of all flows together.
const PAST_FLOW_MINUTES: usize = 20_000;
/// Questions about the past in one minute.
const PAST_QUESTIONS: usize = 4;

/// What the loop remembers from one turn to the next.
pub(super) struct Loop {
    inner: Arc<Inner>,
    rollbacks: watch::Receiver<()>,
    heard: mpsc::Receiver<()>,
    hearing: mpsc::Sender<()>,
    /// The flows that are listened to, and who listens.
    listening: Option<(Vec<String>, JoinHandle<()>)>,
    /// When the minute that goes on is over and may be asked for.
    next_minute: Mono,
    /// There may be something new, which is looked for from this instant on.
    news: Option<Mono>,
    /// Not before this instant.
    look_from: Mono,
    /// When all flows were looked through.
    searched: Option<Mono>,
    /// A rollback whose end was told.
    told: Option<Ended>,
    /// Whether this process had the lease when it last looked ...
    was_leader: bool,
    /// ... and the fence of the lease that it had last.
    fence: Option<u64>,
}

/// What woke the loop.
enum Woken {
    Time,
    News,
    Look,
    Rollback,
    Stop,
}

impl Loop {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        let rollbacks = inner.setup.rollbacks.changes();
        let (hearing, heard) = mpsc::channel(1);
        let next_minute = inner.setup.clock.mono();
        Self {
            inner,
            rollbacks,
            heard,
            hearing,
            listening: None,
            next_minute,
            news: None,
            look_from: next_minute,
            searched: None,
            told: None,
            was_leader: false,
            fence: None,
        }
    }

    pub(super) async fn run(mut self) {
        let mut stopping = self.inner.background.stopping();
        loop {
            let clock = self.inner.setup.clock.clone();
            let (news, next_minute) = (self.news, self.next_minute);
            let woken = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => Woken::Stop,
                Ok(()) = self.rollbacks.changed() => Woken::Rollback,
                Some(()) = self.heard.recv() => Woken::News,
                () = clock.sleep_until(news.unwrap_or(next_minute)), if news.is_some() => Woken::Look,
                () = clock.sleep_until(next_minute) => Woken::Time,
            };
            // What is under way is bounded by the patience of whoever is asked.
            let turn = async {
                match woken {
                    Woken::Stop => {}
                    Woken::Rollback => self.rolled_back().await,
                    Woken::News => self.news = self.news.or(Some(self.look_from)),
                    Woken::Look => self.look_at_news().await,
                    Woken::Time => self.minute().await,
                }
            };
            let is_stopping = matches!(woken, Woken::Stop);
            turn.await;
            if is_stopping {
                break;
            }
            self.show();
        }
        if let Some((_, task)) = self.listening.take() {
            task.abort();
        }
    }

    /// Once a minute: what was published, what became of callers, and a part of the past.
    async fn minute(&mut self) {
        let clock = self.inner.setup.clock.clone();
        // The lease may have been had before anybody listened, or what was kept could not be read then.
        self.rolled_back().await;
        self.next_minute = clock.mono() + Minute::rest(clock.now().wall) + AFTER_MINUTE;
        // Whoever else has the lease watches.
        if !self.was_leader {
            return;
        }
        self.look().await;
        self.rolled_back().await;
        self.count().await;
        self.read_past().await;
        let out = self.inner.state().learn(clock.now().wall);
        self.inner.carry_on(out).await;
        self.arm().await;
        self.listen();
    }

    async fn look_at_news(&mut self) {
        self.news = None;
        if self.was_leader {
            self.look().await;
        }
    }

    /// What became of the rollback that was begun; whoever has got the lease begins to watch.
    async fn rolled_back(&mut self) {
        let standing = self.inner.setup.rollbacks.standing();
        let is_leader = standing.is_leader && self.lead(standing.fence).await;
        if is_leader && !self.was_leader {
            self.next_minute = self.inner.setup.clock.mono();
        }
        self.was_leader = is_leader;
        if !is_leader {
            self.inner.state().fence = None;
            return;
        }
        let now = self.inner.setup.clock.now().wall;
        if let Some(open) = standing.open.filter(|open| open.is_late) {
            let out = self.inner.state().late(&open, now);
            self.inner.carry_on(out).await;
        }
        // What befalls a release of a flow that was not found yet would be lost on it.
        let is_news = |ended: &Ended| self.told.as_ref() != Some(ended) && self.inner.state().may_happen(ended);
        if let Some(ended) = standing.last.filter(is_news) {
            let out = self.inner.state().acted(&ended, now);
            self.inner.carry_on(out).await;
            self.told = Some(ended);
            self.look().await;
        }
    }

    /// Goes on under a lease, with what was kept by whoever had it in the meantime; false while that cannot be read.
    async fn lead(&mut self, fence: u64) -> bool {
        // The fence grows by one when a lease ran out and came back: then nobody else has had it.
        let is_ours = self.fence.is_some_and(|known| fence <= known + 1);
        if !is_ours {
            let now = self.inner.setup.clock.now().wall;
            let mut fresh = State::new(self.inner.setup.policy.clone(), now);
            if let Err(error) = load(&mut fresh, self.inner.setup.store.as_ref()).await {
                tracing::warn!(%error, "releases are not watched: what was kept of them cannot be read");
                return false;
            }
            let open = documents::open_subjects(self.inner.setup.store.as_ref()).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "incidents of flows that are no longer watched stay open");
                Vec::new()
            });
            for event in fresh.no_longer_missing(&open) {
                self.inner.setup.incidents.event(event);
            }
            let mut state = self.inner.state();
            let old = std::mem::replace(&mut *state, State::new(self.inner.setup.policy.clone(), now));
            *state = fresh.with_counts_of(old, Minute::of(now));
        }
        self.fence = Some(fence);
        self.inner.state().fence = Some(fence);
        true
    }

    /// Which versions callers get.
    async fn look(&mut self) {
        let mono = self.inner.setup.clock.mono();
        let (ids, has_unfound) = {
            let state = self.inner.state();
            (state.ids(), state.has_unfound())
        };
        let requests = ids.len().div_ceil(genesys::flows::LOOKUP_MAX).max(1);
        self.look_from = mono + LOOK_PAUSE.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
        let is_search = has_unfound && self.searched.is_none_or(|at| at + SEARCH_EVERY <= mono);
        if is_search {
            self.searched = Some(mono);
        } else if ids.is_empty() {
            return;
        }
        let organisation = self.inner.setup.organisation.clone();
        let asked = if is_search { Vec::new() } else { ids };
        let flows = match organisation.flows(&asked).await {
            Ok(flows) => flows,
            Err(error) => {
                tracing::warn!(%error, "the platform does not say which versions callers get");
                if is_search {
                    self.searched = None;
                }
                let out = self.inner.state().not_looked(error.why);
                self.inner.carry_on(out).await;
                return;
            }
        };
        let out = self.inner.state().looked();
        self.inner.carry_on(out).await;
        let changed = self.inner.state().found(&flows, is_search);
        let out = self.inner.state().tell_missing(self.inner.setup.clock.now().wall);
        self.inner.carry_on(out).await;
        let out = self.inner.state().abandon(is_search, self.inner.setup.clock.now().wall);
        self.inner.carry_on(out).await;
        let mut asked = 0;
        for flow in changed {
            // Who published it is worth telling; that it was published is known.
            let is_worth_it = self.inner.state().is_release(&flow, self.inner.setup.clock.now().wall);
            let publishes = if is_worth_it && asked < PUBLISHERS_MAX {
                asked += 1;
                organisation.publishes(&flow.id).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, flow = flow.id, "the platform does not say who published");
                    Vec::new()
                })
            } else {
                Vec::new()
            };
            let begun = self.inner.setup.rollbacks.standing().open.map(|open| open.cause);
            let now = self.inner.setup.clock.now().wall;
            let out = self.inner.state().published(&flow, &publishes, begun.as_deref(), now);
            self.inner.carry_on(out).await;
        }
    }

    /// What became of callers.
    async fn count(&mut self) {
        let now = self.inner.setup.clock.now().wall;
        let (ids, wanted) = {
            let state = self.inner.state();
            (state.ids(), state.wanted(Minute::of(now)))
        };
        if ids.is_empty() {
            return;
        }
        let answer = self.inner.setup.organisation.counts(&ids, wanted).await;
        let is_maintained = self.inner.setup.neighbours.is_maintained.clone();
        let out = match answer {
            Ok(told) => self.inner.state().counted(&told, wanted, &*is_maintained, now),
            Err(error) => {
                tracing::warn!(%error, "the platform does not say what became of callers");
                self.inner.state().not_counted(error.why, now)
            }
        };
        self.inner.carry_on(out).await;
    }

    /// Some of the minutes from which is learned what is normal.
    async fn read_past(&mut self) {
        for _ in 0..PAST_QUESTIONS {
            let (ids, wanted) = {
                let state = self.inner.state();
                let ids = state.ids();
                let most = (PAST_FLOW_MINUTES / ids.len().max(1)).clamp(1, PAST_MINUTES as usize) as u32;
                (ids, state.unread(Minutes::new(most)))
            };
            let Some(wanted) = wanted else { return };
            match self.inner.setup.organisation.counts(&ids, wanted).await {
                Ok(told) => {
                    let is_maintained = self.inner.setup.neighbours.is_maintained.clone();
                    self.inner.state().read(&told, wanted, &*is_maintained);
                }
                Err(error) => {
                    tracing::info!(%error, "the past of flows is read on later");
                    return;
                }
            }
        }
    }

    /// Asks the past of a flow whether it has false alarms.
    async fn arm(&mut self) {
        let now = self.inner.setup.clock.now().wall;
        let Some((id, terms, history)) = self.inner.state().to_arm(now) else { return };
        let armed = tokio::task::spawn_blocking(move || rollback::replay::arm(&terms, &history)).await;
        if let Ok(armed) = armed {
            let out = self.inner.state().armed(&id, armed, now);
            self.inner.carry_on(out).await;
        }
    }

    /// Hears of publishes as soon as there are any.
    fn listen(&mut self) {
        let ids = self.inner.state().ids();
        let is_same = self.listening.as_ref().is_some_and(|(known, task)| *known == ids && !task.is_finished());
        if is_same || ids.is_empty() {
            return;
        }
        if let Some((_, task)) = self.listening.take() {
            task.abort();
        }
        let (organisation, hearing) = (self.inner.setup.organisation.clone(), self.hearing.clone());
        let flows = ids.clone();
        let task = tokio::spawn(async move { organisation.listen(flows, hearing).await });
        self.listening = Some((ids, task));
    }

    fn show(&self) {
        self.inner.state().as_of = Some(self.inner.setup.clock.now().wall);
        self.inner.shown.send_modify(|shown| *shown += 1);
    }
}

/// Tells people, keeps, and begins what is to begin: what is not kept does not begin.
pub(super) async fn carry_on(inner: &Inner, out: Out) {
    let now = inner.setup.clock.now().wall;
    let mut out = out;
    // Each may lead to more: a refusal to a page.
    for _ in 0..CHAIN_MAX {
        for event in out.incidents.drain(..) {
            inner.setup.incidents.event(event);
        }
        let holds = inner.state().holds();
        (inner.setup.neighbours.hold)(holds);
        if !keep(inner, std::mem::take(&mut out.audit), now).await || out.begin.is_empty() {
            return;
        }
        let mut next = Out::default();
        for begin in out.begin.drain(..) {
            let more = self::begin(inner, begin).await;
            next.incidents.extend(more.incidents);
            next.audit.extend(more.audit);
            next.begin.extend(more.begin);
        }
        out = next;
    }
}

/// Keeps everything that changed, under our lease and no other; false when it is not kept.
async fn keep(inner: &Inner, audit: Vec<AuditEntry>, now: Timestamp) -> bool {
    // One at a time, so that what is older never takes the place of what is newer.
    let _mine = inner.keeping.lock().await;
    let (documents, audit, fence) = {
        let mut state = inner.state();
        (state.unsaved(now), state.audit(audit), state.fence)
    };
    if documents.is_empty() && audit.is_empty() {
        return true;
    }
    let under = Some((NAME.to_owned(), fence.unwrap_or_default()));
    let change = Change { documents, audit, under, ..Change::default() };
    let Err(error) = inner.setup.store.commit(&change).await else { return true };
    tracing::warn!(%error, hint = error.hint(), "releases are not kept, and so none is gone back from");
    inner.state().not_saved(&change.documents, change.audit);
    false
}

/// How often what follows from what follows is carried out in one go.
const CHAIN_MAX: usize = 4;

async fn begin(inner: &Inner, Begin { id, plan, why, by }: Begin) -> Out {
    // What was seen is of earlier minutes, and people may have begun to work on the flow since. They know what they do.
    let now = inner.setup.clock.now().wall;
    let is_maintained = &inner.setup.neighbours.is_maintained;
    if by == By::Watch && inner.state().is_maintained(&plan.flow, Minute::of(now), is_maintained) {
        return inner.state().held_off(&id, now);
    }
    let begun = inner.setup.rollbacks.begin(plan, id.clone(), why).await;
    let now = inner.setup.clock.now().wall;
    let standing = inner.setup.rollbacks.standing();
    let is_ours = standing.open.is_some_and(|open| open.cause == id);
    match begun {
        Ok(()) => inner.state().begun(&id, now),
        // It was kept when nobody knew.
        Err(BeginError::Refused(Refusal::Open(_))) if is_ours => inner.state().begun(&id, now),
        Err(BeginError::Refused(refusal)) => inner.state().refused(&id, refusal, now),
        Err(error @ (BeginError::NotLeader | BeginError::NotKept | BeginError::Busy)) => {
            tracing::warn!(%error, release = id, "a rollback does not begin now; it is tried again");
            Out::default()
        }
    }
}

/// Reads what was kept.
pub(super) async fn load(state: &mut State, store: &dyn Store) -> Result<(), StartError> {
    for document in documents::all(store, stored::RELEASE).await? {
        let (held, _) = stored::release_from_json(&document.body)
            .map_err(|why| StartError::Format { id: document.id.clone(), why })?;
        state.releases.push(held);
    }
    state.releases.sort_by_key(|held| held.release.facts.at);
    state.forget();
    for document in documents::all(store, stored::FLOW).await? {
        let known = stored::flow_from_json(&document.body)
            .map_err(|why| StartError::Format { id: document.id.clone(), why })?;
        state.remembered(document.id, known);
    }
    Ok(())
}

/// A release as it was kept.
pub(super) async fn kept(store: &dyn Store, id: &str) -> Result<Option<Document>, StoreError> {
    // The first after everything that is smaller than the id.
    let mut before = id.to_owned();
    before.pop();
    let found = store.documents(stored::RELEASE, Some(&before)).await?;
    Ok(found.into_iter().find(|document| document.id == id))
}
