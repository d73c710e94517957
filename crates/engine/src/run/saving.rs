//! Writing what was decided, and what happens while that does not work.

use std::time::Duration;

use api::StoreView;
use base::{Mono, Now};
use jiff::Timestamp;
use store::{LETTERS_PAGE, Letter, StoreError};
use tokio::sync::mpsc;

use super::{COMMIT_PATIENCE, Done, Job, Running};
use crate::incident::{Event, Subject};

/// Pause after the first failed write; doubles up to [`RETRY_PAUSE_MAX`].
const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two tries to write.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(15);
/// A store that nobody writes to is checked this often, so that trouble is found before it matters.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// The last write before the end may take this long.
const FINISH_TIME_MAX: Duration = Duration::from_secs(5);

/// Where writing stands.
pub(super) struct Saving {
    jobs: mpsc::Sender<Job>,
    /// Since when the store has been busy with a job of ours.
    busy_since: Option<Mono>,
    /// Records in the transaction on its way.
    flying: usize,
    /// Letters in the transaction on its way; they leave when it is over.
    held: Vec<Letter>,
    /// Letters for the next transaction.
    waiting: Vec<Letter>,
    trouble: Option<Trouble>,
    check_at: Mono,
}

/// Writing does not work.
struct Trouble {
    since: Now,
    why: String,
    hint: &'static str,
    failures: u32,
    retry_at: Mono,
    is_reported: bool,
}

impl Saving {
    pub(super) fn new(jobs: mpsc::Sender<Job>, now: Mono) -> Self {
        Self {
            jobs,
            busy_since: None,
            flying: 0,
            held: Vec::new(),
            waiting: Vec::new(),
            trouble: None,
            check_at: now + CHECK_EVERY,
        }
    }

    /// `waiting` records wait for the next transaction.
    pub(super) fn view(&self, waiting: usize) -> StoreView {
        let trouble = self.trouble.as_ref();
        StoreView {
            working: trouble.is_none(),
            failing_since: trouble.map(|trouble| trouble.since.wall),
            detail: trouble.map(|trouble| trouble.why.clone()),
            hint: trouble.map(|trouble| trouble.hint.to_owned()),
            unsaved: (waiting + self.flying) as u64,
        }
    }

    /// When something is to be done about writing; a job may take as long as `patience`.
    pub(super) fn wake_at(&self, is_nothing_unsaved: bool, patience: Duration) -> Option<Mono> {
        match (self.busy_since, &self.trouble) {
            // Only patience can run out: the store itself reports back when it has done its job.
            (Some(since), None) => Some(since + patience),
            (Some(_), Some(_)) => None,
            (None, Some(trouble)) => Some(trouble.retry_at),
            (None, None) if is_nothing_unsaved => Some(self.check_at),
            (None, None) => Some(Mono::ZERO),
        }
    }

    fn start(&mut self, job: Job, now: Mono) {
        // The channel holds one job and there is only ever one.
        if self.jobs.try_send(job).is_ok() {
            self.busy_since = Some(now);
        }
    }
}

impl Running {
    /// Holds a letter until it is kept; lets it go at once while keeping does not work.
    pub(super) fn post(&mut self, letter: Letter, now: Now) {
        if self.saving.trouble.is_some() {
            self.enqueue(letter, now);
        } else {
            self.saving.waiting.push(letter);
        }
    }

    /// Gives the store its next job, if it is idle and there is one.
    pub(super) fn save(&mut self) {
        if self.saving.busy_since.is_some() {
            return;
        }
        let now = self.now();
        let may_try = self.saving.trouble.as_ref().is_none_or(|trouble| trouble.retry_at <= now.mono);
        if !may_try {
            return;
        }
        if !self.unsaved.is_empty() {
            self.saving.held = std::mem::take(&mut self.saving.waiting);
            self.saving.flying = self.unsaved.len();
            let change = self.unsaved.take();
            self.saving.start(Job::Commit(change), now.mono);
        } else if self.saving.trouble.is_some() || self.saving.check_at <= now.mono {
            self.saving.start(Job::Check(now.wall), now.mono);
        } else if let Some((receiver, asked)) = self.to_fetch() {
            self.saving.start(Job::Fetch { receiver, asked }, now.mono);
        }
    }

    /// Takes note of what the store answered.
    pub(super) fn done(&mut self, done: Done) {
        self.saving.busy_since = None;
        self.saving.flying = 0;
        let now = self.now();
        match done {
            Done::Committed(_, Ok(())) | Done::Checked(Ok(())) => self.saved(now),
            Done::Committed(change, Err(error)) => {
                self.unsaved.put_back(change);
                self.not_saved(&error, now);
            }
            Done::Checked(Err(error)) => self.not_saved(&error, now),
            Done::Fetched { receiver, asked, letters: Ok(letters) } => {
                let is_last = letters.len() < LETTERS_PAGE;
                self.fetched(&receiver, asked, letters, is_last, now);
            }
            Done::Fetched { letters: Err(error), .. } => self.not_saved(&error, now),
        }
    }

    fn saved(&mut self, now: Now) {
        self.saving.check_at = now.mono + CHECK_EVERY;
        self.release_held(now);
        if let Some(trouble) = self.saving.trouble.take() {
            let lasted = now.mono.since(trouble.since.mono).as_secs();
            tracing::info!(lasted_s = lasted, "the store works again");
        }
        // An earlier run may have ended before it could say so.
        if self.state.live.contains_key(&Subject::Store) {
            self.handle(Event::Over { subject: Subject::Store, what: "the store works again".into() });
        }
    }

    fn not_saved(&mut self, error: &StoreError, now: Now) {
        let why = error.to_string();
        let hint = error.hint();
        tracing::warn!(error = %why, hint, "failed to write; the engine goes on from memory");
        self.begin_trouble(why, hint, now);
        if let Some(trouble) = &mut self.saving.trouble {
            trouble.failures = trouble.failures.saturating_add(1);
            let doublings = trouble.failures.saturating_sub(1).min(10);
            trouble.retry_at = now.mono + RETRY_PAUSE_FIRST.saturating_mul(1 << doublings).min(RETRY_PAUSE_MAX);
        }
    }

    fn begin_trouble(&mut self, why: String, hint: &'static str, now: Now) {
        match &mut self.saving.trouble {
            Some(trouble) => (trouble.why, trouble.hint) = (why, hint),
            none => {
                *none = Some(Trouble {
                    since: now,
                    why,
                    hint,
                    failures: 0,
                    retry_at: now.mono + RETRY_PAUSE_FIRST,
                    is_reported: false,
                });
            }
        }
        self.release_held(now);
        for letter in std::mem::take(&mut self.saving.waiting) {
            self.enqueue(letter, now);
        }
    }

    fn release_held(&mut self, now: Now) {
        for letter in std::mem::take(&mut self.saving.held) {
            self.enqueue(letter, now);
        }
    }

    /// Loses patience with a store that does not answer; makes lasting trouble an incident.
    pub(super) fn notice_store_trouble(&mut self) {
        let now = self.now();
        let patience = self.patience();
        let is_slow = self.saving.busy_since.is_some_and(|since| now.mono.since(since) >= patience);
        if is_slow && self.saving.trouble.is_none() {
            tracing::warn!("the store does not answer; the engine goes on from memory");
            self.begin_trouble("get an answer from the store in time".into(), StoreError::Locked.hint(), now);
        }
        let after = self.trouble_after();
        let Some(trouble) = &mut self.saving.trouble else { return };
        if trouble.is_reported || now.mono.since(trouble.since.mono) < after {
            return;
        }
        trouble.is_reported = true;
        let what = format!("failed to {}", trouble.why);
        self.handle(Event::Trouble { subject: Subject::Store, what });
    }

    /// When lasting trouble becomes an incident.
    pub(super) fn report_trouble_at(&self) -> Option<Mono> {
        let trouble = self.saving.trouble.as_ref().filter(|trouble| !trouble.is_reported)?;
        Some(trouble.since.mono + self.trouble_after())
    }

    /// A disk is no faster because the clock is: waits for it are in real time.
    pub(super) fn patience(&self) -> Duration {
        COMMIT_PATIENCE.saturating_mul(self.clock.speed())
    }

    fn trouble_after(&self) -> Duration {
        self.policy.store_trouble_after.saturating_mul(self.clock.speed())
    }

    /// Writes the rest before the end, as far as the store lets it.
    pub(super) async fn finish(mut self) {
        let clock = self.clock.clone();
        let last_writes = async {
            loop {
                if self.saving.busy_since.is_some() {
                    match self.done.recv().await {
                        Some(done) => self.done(done),
                        None => return,
                    }
                }
                if self.unsaved.is_empty() || self.saving.trouble.is_some() {
                    return;
                }
                self.save();
            }
        };
        if clock.timeout(FINISH_TIME_MAX.saturating_mul(clock.speed()), last_writes).await.is_none() {
            tracing::warn!("the store did not take the last records before the end");
        }
        if !self.unsaved.is_empty() {
            tracing::error!(records = self.unsaved.len(), "records were not kept");
        }
    }

    /// A stored instant on the monotonic clock; never before `now`.
    pub(super) fn due_mono(due_at: Timestamp, now: Now) -> Mono {
        let wait = Duration::try_from(due_at.duration_since(now.wall)).unwrap_or(Duration::ZERO);
        now.mono + wait
    }
}
