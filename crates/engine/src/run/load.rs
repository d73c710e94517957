//! What an engine finds when it starts: live incidents, the latest that are over, letters on their way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use store::{INCIDENTS_PAGE, IncidentRecord, LETTERS_PAGE, LetterState, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::outbox::Lane;
use super::saving::Saving;
use super::{Running, keeper, worker};
use crate::board::{Board, Views};
use crate::incident::{Incidents, LIVE_MAX};
use crate::unsaved::Unsaved;
use crate::{Setup, StartError, journal};

impl Running {
    pub(super) async fn load(
        setup: Setup,
        views: watch::Sender<Arc<Views>>,
        lost: Arc<AtomicU64>,
    ) -> Result<Self, StartError> {
        let Setup { store, receivers, clock, policy, seed } = setup;
        let mut tasks = JoinSet::new();
        let (jobs, to_keeper) = mpsc::channel(1);
        let (from_keeper, done) = mpsc::channel(1);
        tasks.spawn(keeper(store.clone(), to_keeper, from_keeper));

        let (tried_by_workers, tried) = mpsc::channel(receivers.len().max(1));
        let mut lanes = BTreeMap::new();
        for receiver in receivers {
            let (letters, to_worker) = mpsc::channel(1);
            let name = receiver.name.clone();
            if lanes.insert(name.clone(), Lane::new(letters)).is_some() {
                return Err(StartError::Receivers(name));
            }
            tasks.spawn(worker(receiver, clock.clone(), to_worker, tried_by_workers.clone()));
        }

        let mut running = Self {
            saving: Saving::new(jobs, clock.mono()),
            clock,
            policy,
            state: Incidents::default(),
            board: Board::default(),
            unsaved: Unsaved::default(),
            lanes,
            journal_seq: store.journal_head().await?,
            letter_seq: store.letters_head().await?,
            rng: fastrand::Rng::with_seed(seed),
            lost,
            views,
            done,
            tried,
            _tasks: tasks,
        };
        running.load_incidents(store.as_ref()).await?;
        running.load_letters(store.as_ref()).await?;
        running.checkpoint(running.now());
        Ok(running)
    }

    async fn load_incidents(&mut self, store: &dyn Store) -> Result<(), StartError> {
        for record in store.resolved_incidents(None).await?.into_iter().rev() {
            self.state.opened_total = self.state.opened_total.max(number(&record));
            self.board.load(record);
        }
        let mut after: Option<String> = None;
        // The incident about the crowd may come on top of the limit.
        while self.state.live.len() <= LIVE_MAX {
            let page = store.live_incidents(after.as_deref()).await?;
            let is_last = page.len() < INCIDENTS_PAGE;
            after = page.last().map(|record| record.incident.id.clone());
            for record in page {
                let id = &record.incident.id;
                let incident = journal::incident_of(&record.incident)
                    .map_err(|source| StartError::Format { id: id.clone(), source })?;
                self.state.opened_total = self.state.opened_total.max(number(&record));
                self.state.live.insert(incident.subject.clone(), incident);
                self.board.load(record);
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn load_letters(&mut self, store: &dyn Store) -> Result<(), StartError> {
        let now = self.now();
        for receiver in store.pending_receivers().await? {
            let is_known = self.lanes.contains_key(receiver.as_str());
            let mut after = 0;
            loop {
                let page = store.pending_letters(&receiver, after).await?;
                let is_last = page.len() < LETTERS_PAGE;
                after = page.last().map_or(after, |letter| letter.seq);
                for mut letter in page {
                    if is_known {
                        self.enqueue(letter, now);
                        continue;
                    }
                    letter.state = LetterState::Failed;
                    letter.last_error = Some("failed to find a receiver of this name".into());
                    self.board.letter(&letter);
                    self.unsaved.letter(letter);
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The number in an incident's id.
fn number(record: &IncidentRecord) -> u64 {
    record.incident.id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
