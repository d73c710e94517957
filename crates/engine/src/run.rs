//! The loop: one task that owns everything.
//!
//! Each turn handles what has arrived, writes what was decided (through the [`crate::keeper`]), gives
//! letters to idle receivers (through their [`crate::worker`]s) and shows the result. The loop itself
//! never waits for the store or for a receiver.
//!
//! A letter normally leaves after the transaction that holds it. When that transaction fails, or
//! takes longer than [`COMMIT_PATIENCE`], the letter leaves without it: a page that is delivered and
//! not kept is better than one that is kept and not delivered.

mod load;
mod outbox;
mod saving;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Mono, Now};
use clock::Clock;
use store::{JournalEntry, TimelineLine};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::background::Background;
use crate::board::{Board, Views};
use crate::convert::incident_view;
use crate::handle::{AcknowledgeError, Handle, Inner, Input, Sender};
use crate::incident::{self, Effect, Event, Incidents, Subject};
use crate::journal::{self, Record};
use crate::keeper::{Done, Job, keeper};
use crate::unsaved::Unsaved;
use crate::worker::{Tried, worker};
use crate::{EVENTS_WAITING_MAX, Policy, Setup, StartError};
use outbox::Lane;
use saving::Saving;

/// A letter waits this long for the transaction that holds it.
pub(crate) const COMMIT_PATIENCE: Duration = Duration::from_secs(2);
/// Events handled before what they led to is written and shown.
const BATCH_MAX: usize = 256;
/// Without anything else to wake for, the loop turns this often.
const IDLE_TURN: Duration = Duration::from_secs(3_600);

/// The engine; [`Engine::start`] is all there is to it.
pub struct Engine;

impl Engine {
    /// Loads what was kept, and runs.
    ///
    /// # Errors
    /// When what was kept cannot be read or understood, or when receivers share a name.
    pub async fn start(setup: Setup) -> Result<Handle, StartError> {
        let (inputs, arriving) = mpsc::channel(EVENTS_WAITING_MAX);
        let (views, shown) = watch::channel(Arc::new(Views::default()));
        let lost = Arc::new(AtomicU64::new(0));
        let mut running = Running::load(setup, views, lost.clone()).await?;
        running.show();
        let background = Background::default();
        background.spawn(running.run(arriving, background.stopping()));
        let sender = Sender { inputs, lost };
        Ok(Handle(Arc::new(Inner { sender, views: shown, background })))
    }
}

/// Everything the loop owns.
struct Running {
    clock: Clock,
    policy: Policy,
    state: Incidents,
    board: Board,
    unsaved: Unsaved,
    saving: Saving,
    lanes: BTreeMap<Arc<str>, Lane>,
    journal_seq: u64,
    letter_seq: u64,
    rng: fastrand::Rng,
    lost: Arc<AtomicU64>,
    views: watch::Sender<Arc<Views>>,
    done: mpsc::Receiver<Done>,
    tried: mpsc::Receiver<Tried>,
    /// The tasks of the store and of the receivers; they end with the loop.
    _tasks: JoinSet<()>,
}

/// What woke the loop.
enum Woken {
    Input(Option<Input>),
    Done(Done),
    Tried(Tried),
    Time,
    Stop,
}

impl Running {
    async fn run(mut self, mut inputs: mpsc::Receiver<Input>, mut stopping: watch::Receiver<bool>) {
        loop {
            self.work();
            let wake_at = self.wake_at();
            let woken = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => Woken::Stop,
                Some(done) = self.done.recv() => Woken::Done(done),
                Some(tried) = self.tried.recv() => Woken::Tried(tried),
                input = inputs.recv() => Woken::Input(input),
                () = self.clock.sleep_until(wake_at) => Woken::Time,
            };
            match woken {
                Woken::Input(Some(input)) => self.input(input, &mut inputs),
                Woken::Done(done) => self.done(done),
                Woken::Tried(tried) => self.tried(tried),
                Woken::Time => {}
                Woken::Stop | Woken::Input(None) => break,
            }
        }
        self.finish().await;
    }

    /// What follows from the present state: notice losses, write, send, show.
    fn work(&mut self) {
        self.notice_losses();
        self.notice_store_trouble();
        self.save();
        self.dispatch();
        self.show();
    }

    /// One input, and those that have queued up behind it.
    fn input(&mut self, first: Input, inputs: &mut mpsc::Receiver<Input>) {
        self.one_input(first);
        for _ in 1..BATCH_MAX {
            match inputs.try_recv() {
                Ok(input) => self.one_input(input),
                Err(_) => return,
            }
        }
    }

    fn one_input(&mut self, input: Input) {
        match input {
            Input::Event(event) => self.handle(event),
            Input::Acknowledge { id, who, reply } => {
                let answer = self.acknowledge(&id, who);
                // Whoever asked may have gone; the incident is taken all the same.
                reply.send(answer).ok();
            }
            Input::Ping(reply) => {
                reply.send(()).ok();
            }
        }
    }

    fn acknowledge(&mut self, id: &str, who: String) -> Result<api::IncidentView, AcknowledgeError> {
        let is_live = self.state.live.values().any(|incident| incident.id == id);
        if !is_live {
            let is_known = self.board.get(id).is_some();
            return Err(if is_known { AcknowledgeError::Over } else { AcknowledgeError::Unknown });
        }
        self.handle(Event::Acknowledged { id: id.to_owned(), who });
        self.board.get(id).map(incident_view).ok_or(AcknowledgeError::Unknown)
    }

    /// Decides what an event means and takes note of all that follows.
    fn handle(&mut self, event: Event) {
        let now = self.now();
        let state = std::mem::take(&mut self.state);
        let (state, effects) = incident::step(state, &self.policy.incidents, event.clone(), now);
        self.state = state;
        let effects: Vec<_> = effects.into_iter().collect();
        let mut kept = None;
        let mut lines = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Keep(incident) => {
                    let row = row(incident);
                    self.board.keep(&row);
                    self.unsaved.keep(row);
                    kept = Some(incident);
                }
                Effect::Note { incident, n, at, what } => {
                    lines.push(TimelineLine { incident_id: incident.clone(), n: *n, at: *at, what: what.clone() });
                }
                Effect::Tell { action, .. } => {
                    if let Some(incident) = kept {
                        self.tell(incident, *action, now);
                    }
                }
            }
        }
        // A line may come before the incident that it belongs to is kept for the first time.
        for line in lines {
            self.board.note(&line);
            self.unsaved.note(line);
        }
        tracing::info!(?event, effects = effects.len(), "handled");
        self.record(&Record::Incident { event, effects }, now);
    }

    /// Appends to the journal. When too much waits, a checkpoint takes the place of what is given up.
    fn record(&mut self, record: &Record, now: Now) {
        self.journal_seq += 1;
        let (event, effects) = journal::encode(record);
        let entry = JournalEntry { seq: self.journal_seq, at: now.wall, version: journal::VERSION, event, effects };
        self.unsaved.journal(entry);
        let given_up = self.unsaved.shed_journal();
        if given_up > 0 {
            self.lost.fetch_add(given_up as u64, Ordering::Relaxed);
            self.checkpoint(now);
        }
        let given_up = self.unsaved.shed_incidents();
        self.lost.fetch_add(given_up as u64, Ordering::Relaxed);
    }

    fn checkpoint(&mut self, now: Now) {
        let record = Record::Checkpoint {
            incidents: self.policy.incidents.clone(),
            delivery: self.policy.delivery,
            state: self.state.clone(),
        };
        self.record(&record, now);
    }

    fn notice_losses(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let what = format!("{lost} could not be kept or arrived faster than they could be handled");
            self.handle(Event::Trouble { subject: Subject::Records, what });
        }
    }

    /// The present moment, as facts keep it.
    fn now(&self) -> Now {
        let now = self.clock.now();
        Now { wall: incident::to_millisecond(now.wall), ..now }
    }

    fn wake_at(&self) -> Mono {
        let now = self.clock.mono();
        let lanes = self.lanes.values().filter_map(|lane| lane.wake_at);
        let wakes =
            lanes.chain(self.saving.wake_at(self.unsaved.is_empty(), self.patience())).chain(self.report_trouble_at());
        wakes.min().unwrap_or(now + IDLE_TURN)
    }

    /// Publishes the views, unless nothing has changed.
    fn show(&mut self) {
        let incidents = self.board.changes();
        let store = self.saving.view(self.unsaved.len());
        let receivers: Vec<_> = self.lanes.iter().map(|(name, lane)| lane.view(name)).collect();
        let last = self.views.borrow().clone();
        if incidents.is_none() && last.store == store && last.receivers == receivers {
            return;
        }
        let incidents = incidents.unwrap_or_else(|| last.incidents.clone());
        let views = Views { revision: last.revision + 1, incidents, store, receivers };
        self.views.send_replace(Arc::new(views));
    }
}

/// An incident as the store keeps it.
fn row(incident: &incident::Incident) -> store::Incident {
    store::Incident {
        id: incident.id.clone(),
        key: incident.subject.key(),
        dedup_key: incident.dedup_key.clone(),
        title: incident.title.clone(),
        severity: incident.severity,
        state: incident.state,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        acknowledged_by: incident.acknowledged_by.clone(),
        detail: journal::detail_of(incident),
    }
}
