//! How the rest of the house talks to running budgets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::{AuditView, BudgetList, BurnView, FlowView, GateView, PushAnswer, PushedMinute, RequestView, SourceView};
use base::Now;
use budget::approvals::{self, Act, Person, Refusal};
use budget::book::{Effect, Event};
use budget::{Count, Minute, Minutes, Stretch, Terms};
use clock::Clock;
use jiff::Timestamp;
use store::{Change, Store, StoreError};
use tokio::sync::{Notify, watch};

use super::happened::Happened;
use super::run::{self, Loop};
use super::state::{self, Hold, State};
use super::{Setup, StartError, keeping, views, wish};
use crate::background::Background;
use crate::incident;
use crate::{Sender, documents};

/// The most minutes that are pushed at a time.
pub const PUSHED_MAX: usize = 1_440;
/// The most objectives.
const OBJECTIVES_MAX: usize = 20_000;
/// So long a minute may be pushed again with other counts. Later it takes two people to change what was counted.
const CORRECTED_WITHIN: Minutes = Minutes::new(15);
/// The most refusals that one answer names.
const REFUSED_TOLD_MAX: usize = 20;

/// Running budgets; clones are the same ones.
#[derive(Clone)]
pub struct Budgets(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) incidents: Sender,
    /// When what followed from the last step was told.
    shown: watch::Sender<Now>,
    /// Everything as it was shown at a moment, made when somebody first asks.
    list: Mutex<Option<(Now, Arc<BudgetList>)>>,
    /// There is something to write.
    pub(super) unsaved: Notify,
    /// One act at a time: each is kept before the next is looked at.
    acting: tokio::sync::Mutex<()>,
    pub(super) background: Background,
}

/// Tells of every step that is taken; see [`Budgets::steps`].
#[derive(Debug)]
pub struct Steps(watch::Receiver<Now>);

impl Steps {
    /// Waits for the next step; false when budgets no longer run.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// Why what somebody did is not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It is not allowed, or makes no sense.
    #[error("{0}")]
    Refused(Refusal),
    /// What was written cannot be understood.
    #[error("{0}")]
    Wrong(String),
    /// It could not be kept, and so does not count.
    #[error("keep what was asked or agreed on")]
    NotKept(#[source] StoreError),
}

/// Why an objective is not defined.
#[derive(Debug, thiserror::Error)]
pub enum DefineError {
    /// There is one of this id.
    #[error("there is an objective of this id")]
    Taken,
    /// There are too many.
    #[error("define more than {OBJECTIVES_MAX} objectives")]
    TooMany,
    /// It could not be kept.
    #[error("keep the objective")]
    NotKept(#[source] StoreError),
}

/// What was defined while Steadyline ran: ids and documents, in the order of the ids.
///
/// # Errors
/// When the store cannot be read.
pub async fn defined(store: &dyn Store) -> Result<Vec<(String, String)>, StartError> {
    let documents = documents::all(store, state::OBJECTIVE).await?;
    Ok(documents.into_iter().map(|document| (document.id, document.body)).collect())
}

impl Budgets {
    /// The most entries that one look at the audit returns.
    pub const AUDIT_PAGE: usize = store::AUDIT_PAGE;

    /// Loads what was kept, and runs.
    ///
    /// # Errors
    /// When what was kept cannot be read or understood.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { policy, kinds, enrichment, sources, store, incidents, clock } = setup;
        let now = clock.now();
        let mut state = keeping::load(policy, &kinds, enrichment, store.as_ref(), now).await?;
        // Alerts and modes are judged before anybody may ask: an outage does not end because we started again.
        state.step(Event::Ticked, now);
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            store,
            clock,
            incidents,
            shown: watch::Sender::new(now),
            list: Mutex::default(),
            unsaved: Notify::new(),
            acting: tokio::sync::Mutex::default(),
            background: Background::default(),
        });
        inner.background.spawn(Loop::new(inner.clone(), sources).run());
        inner.background.spawn(run::keep(inner.clone()));
        Ok(Self(inner))
    }

    /// All objectives and flows after the last step.
    ///
    /// There may be thousands, and mostly nobody looks: they are made for the first who asks after a step.
    pub fn list(&self) -> Arc<BudgetList> {
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = *self.0.shown.borrow();
        match &*list {
            Some((at, list)) if *at == shown => list.clone(),
            _ => {
                let made = Arc::new(self.0.state().list(shown));
                *list = Some((shown, made.clone()));
                made
            }
        }
    }

    /// The flows alone, which are few, after the last step; and when that was.
    pub fn flows(&self) -> (Timestamp, Vec<FlowView>) {
        let shown = *self.0.shown.borrow();
        (shown.wall, self.0.state().flows(shown))
    }

    /// Tells of every step.
    pub fn steps(&self) -> Steps {
        Steps(self.0.shown.subscribe())
    }

    /// The gate's answer for these objectives and flows; for everything when none is named.
    pub fn gate(&self, slos: &[String], flows: &[String]) -> GateView {
        let answer = self.0.state().gate(slos, flows, self.0.clock.now());
        self.0.unsaved.notify_one();
        answer
    }

    /// What holds releases up from now on, whatever budgets say: all of it.
    pub fn hold(&self, holds: Vec<Hold>) {
        self.0.state().hold(holds);
    }

    /// Whether a flow, by what it is called, was in maintenance in a minute that keeps its releases from being gone back
    /// from.
    pub fn keeps_releases(&self, flow: &[&str], minute: Minute) -> bool {
        self.0.state().keeps_releases(flow, minute)
    }

    /// The same answer without writing it down, for those who only look.
    pub fn peek(&self, slos: &[String], flows: &[String]) -> GateView {
        self.0.state().peek(slos, flows, self.0.clock.now())
    }

    /// The burn rates of the last day in half hours, each with its end, the latest last; those of which too little is
    /// known are absent.
    pub fn last_day(&self, id: &str) -> Vec<(Timestamp, Option<f64>)> {
        let state = self.0.state();
        let Some(place) = state.place_of(id) else { return Vec::new() };
        let (Some(terms), Some(ledger)) = (state.policy.objectives.get(place), state.book.ledger_of(place)) else {
            return Vec::new();
        };
        let end = Minute::of(self.0.clock.now().wall) - terms.settle;
        let half_hour = |back: u32| {
            let until = end - Minutes::new(back * 30);
            let burn = ledger.burn(terms, Stretch { from: until - Minutes::new(30), until });
            (until.start(), burn.map(|burn| burn.rate().unwrap_or(0.0)))
        };
        (0..48).rev().map(half_hour).collect()
    }

    /// The burn rate of an objective over a stretch; `None` when there is no such objective.
    pub fn burn(&self, id: &str, stretch: Stretch) -> Option<BurnView> {
        self.0.state().burn(id, stretch)
    }

    /// The minutes of an objective; `None` when there is no such objective.
    pub fn minutes(&self, id: &str, stretch: Stretch) -> Option<Vec<(Minute, Count)>> {
        let state = self.0.state();
        let ledger = state.book.ledger_of(state.place_of(id)?)?;
        Some(ledger.events().minutes(stretch.from, stretch.until).collect())
    }

    /// What the book did after the effect of this number, as far as it is remembered ([`HAPPENED_MAX`]); after 0,
    /// everything.
    ///
    /// [`HAPPENED_MAX`]: super::HAPPENED_MAX
    pub fn effects_since(&self, seq: u64) -> Vec<Happened> {
        self.0.state().happened.since(seq)
    }

    /// The last minute that can be in any answer: the one before the present.
    pub fn now(&self) -> Minute {
        Minute::of(self.0.clock.now().wall)
    }

    /// Takes counts that somebody pushes; `None` when there is no such objective, or it has another source.
    pub fn push(&self, id: &str, minutes: &[PushedMinute]) -> Option<PushAnswer> {
        let mut state = self.0.state();
        let objective = state.place_of(id)?;
        if state.sources.get(objective).is_none_or(|source| source.kind != "push") {
            return None;
        }
        let now = self.0.clock.now();
        let mut answer = PushAnswer::default();
        for pushed in minutes.iter().take(PUSHED_MAX) {
            let minute = Minute::of(pushed.at);
            match take(&mut state, objective, minute, pushed, now) {
                Ok(()) => answer.taken += 1,
                Err(why) if answer.refused.len() < REFUSED_TOLD_MAX => answer.refused.push(format!("{minute}: {why}")),
                Err(_) => {}
            }
        }
        if answer.taken > 0 {
            let kind = "push".to_owned();
            state.sources[objective] = SourceView { kind, last_read: Some(now.wall), trouble: None };
        }
        drop(state);
        self.0.unsaved.notify_one();
        Some(answer)
    }

    /// Defines one more objective, whose counts are pushed. It is kept as `document`, JSON in whatever form [`defined`] is
    /// read in, and is there again after the next start.
    ///
    /// # Errors
    /// When there is one of this id, when there are too many, or when it cannot be kept.
    pub async fn define(&self, who: &str, terms: Terms, document: String) -> Result<(), DefineError> {
        let _one_at_a_time = self.0.acting.lock().await;
        let id = terms.objective.id.clone();
        {
            let state = self.0.state();
            if state.place_of(&id).is_some() {
                return Err(DefineError::Taken);
            }
            if OBJECTIVES_MAX <= state.policy.objectives.len() {
                return Err(DefineError::TooMany);
            }
        }
        let change = state::defined(&id, who, document, self.0.now());
        self.0.store.commit(&change).await.map_err(DefineError::NotKept)?;
        self.0.state().define(terms);
        self.0.show();
        Ok(())
    }

    /// Asks for maintenance or a reset in somebody's name.
    ///
    /// # Errors
    /// When it is refused, cannot be understood, or cannot be kept; nothing has changed then.
    pub async fn ask(&self, who: Person, written: &api::Wish) -> Result<RequestView, ActError> {
        let wish = wish::meant(written).map_err(ActError::Wrong)?;
        let id = {
            let state = self.0.state();
            if let Some(unknown) = written.objectives.iter().find(|id| state.place_of(id).is_none()) {
                return Err(ActError::Wrong(format!("there is no objective `{unknown}`")));
            }
            let at = self.0.now().wall.strftime("%Y%m%d-%H%M%S").to_string();
            let is_taken = |id: &String| state.book.approvals().requests().iter().any(|request| request.id == *id);
            // As many as may be asked for within a second, and one more.
            let mut ids = (1..=approvals::REQUESTS_MAX + 1).map(|n| format!("{}-{at}-{n}", written.kind));
            ids.find(|id| !is_taken(id)).ok_or(ActError::Refused(Refusal::TooMany))?
        };
        self.act(who, Act::Ask { id, wish, reason: written.reason.clone() }).await
    }

    /// What somebody asks for or decides. It counts once it is kept.
    ///
    /// # Errors
    /// When it is refused, or cannot be kept; nothing has changed then.
    pub async fn act(&self, who: Person, act: Act) -> Result<RequestView, ActError> {
        let _one_at_a_time = self.0.acting.lock().await;
        let now = self.0.now();
        let approvals = self.0.state().book.approvals().clone();
        let (_, effects) =
            approvals::step(approvals, &who, act.clone(), now).map_err(|(_, refusal)| ActError::Refused(refusal))?;
        let mut change = Change::default();
        for effect in &effects {
            state::put_done(&mut change, effect, now);
        }
        self.0.store.commit(&change).await.map_err(ActError::NotKept)?;
        let mut state = self.0.state();
        let found = state.step(Event::Acted(who, act), now);
        state.step(Event::Ticked, now);
        let view = found.iter().find_map(|effect| match effect {
            Effect::Approvals(approvals::Effect::Done { request, .. }) => Some(views::request(request, now)),
            Effect::Ledger(..) | Effect::Ladder(..) | Effect::Refused(_) => None,
        });
        drop(state);
        self.0.show();
        view.ok_or(ActError::Refused(Refusal::Decided))
    }

    /// What was asked for, the latest first.
    pub fn requests(&self) -> Vec<RequestView> {
        let now = self.0.clock.now();
        let state = self.0.state();
        state.book.approvals().requests().iter().rev().map(|request| views::request(request, now)).collect()
    }

    /// The audit, the latest first, before a place in it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit(&self, before: Option<u64>) -> Result<Vec<AuditView>, StoreError> {
        let records = self.0.store.audit(before).await?;
        let view = |record: store::AuditRecord| AuditView {
            seq: record.seq,
            at: record.entry.at,
            who: record.entry.who,
            what: record.entry.what,
            body: serde_json::from_str(&record.entry.body).unwrap_or_default(),
        };
        Ok(records.into_iter().map(view).collect())
    }

    /// Whether it still runs; false once it was stopped, or broke down.
    pub fn is_running(&self) -> bool {
        self.0.background.is_running()
    }

    /// Writes what is not yet written, as far as the store lets it, and stops.
    pub async fn shutdown(&self) {
        self.0.background.shutdown().await;
    }
}

fn take(state: &mut State, objective: usize, minute: Minute, pushed: &PushedMinute, now: Now) -> Result<(), String> {
    let count = match (pushed.good, pushed.bad) {
        (Some(good), None) => Count::good(good, pushed.total),
        (None, Some(bad)) => Count::bad(bad, pushed.total),
        (Some(good), Some(bad)) if good.checked_add(bad) == Some(pushed.total) => Count::bad(bad, pushed.total),
        (Some(_), Some(_)) => return Err("good and bad do not add up to total".to_owned()),
        (None, None) => return Err("say how many were good, or how many were bad".to_owned()),
    };
    let count = count.map_err(|untrue| untrue.to_string())?;
    let known = state.book.ledger_of(objective).map_or(Count::Missing, |ledger| ledger.events().get(minute));
    let is_old = minute < Minute::of(now.wall) - CORRECTED_WITHIN;
    if is_old && known.is_known() && known != count {
        // Otherwise whoever may push could give a spent budget back alone.
        return Err(format!(
            "it was counted otherwise, and more than {CORRECTED_WITHIN} ago; ask for maintenance, or for a reset"
        ));
    }
    let effects = state.step(Event::Counted { objective, minute, count }, now);
    match effects.first() {
        Some(Effect::Ledger(_, budget::ledger::Effect::Refused(_, why))) => Err(match why {
            budget::NotKept::Future => "this minute has not begun yet".to_owned(),
            budget::NotKept::TooOld => "this minute is older than the window".to_owned(),
        }),
        _ => Ok(()),
    }
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A step either happens or panics before it changes anything that others rely on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Now {
        let now = self.clock.now();
        Now { wall: incident::to_millisecond(now.wall), ..now }
    }

    /// Tells what follows from the last steps.
    pub(super) fn show(&self) {
        let mut state = self.state();
        let incidents = state.take_incidents();
        drop(state);
        for event in incidents {
            self.incidents.event(event);
        }
        // What is kept does not wait for those who look.
        self.unsaved.notify_one();
        let now = self.clock.now();
        self.shown.send_replace(now);
    }
}
