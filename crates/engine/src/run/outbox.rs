//! Writing letters, handing them to the couriers, and what their answers lead to.

use std::sync::Arc;
use std::time::Duration;

use api::ReceiverView;
use base::{Mono, Now, Ppm};
use jiff::Timestamp;
use store::{Action, Letter, LetterState};
use tokio::sync::mpsc;

use super::{Running, Tried};
use crate::convert;
use crate::courier;
use crate::delivery::{Attempt, Outcome, Verdict, decide};
use crate::incident::{Event, Incident, Subject};
use crate::journal::Record;
use crate::page::Page;
use crate::queue::{Left, Next, Queue};

/// One receiver: its queue, and the way to its courier.
pub(super) struct Lane {
    pub(super) queue: Queue,
    pub(super) letters: mpsc::Sender<courier::Letter>,
    pub(super) wake_at: Option<Mono>,
    delivered: u64,
    failed: u64,
    failures_in_row: u32,
    last_delivered_at: Option<Timestamp>,
    last_error: Option<String>,
}

impl Lane {
    pub(super) fn new(letters: mpsc::Sender<courier::Letter>) -> Self {
        Self {
            queue: Queue::default(),
            letters,
            wake_at: None,
            delivered: 0,
            failed: 0,
            failures_in_row: 0,
            last_delivered_at: None,
            last_error: None,
        }
    }

    pub(super) fn view(&self, name: &str) -> ReceiverView {
        ReceiverView {
            name: name.to_owned(),
            pending: self.queue.len() as u64,
            delivered: self.delivered,
            failed: self.failed,
            last_delivered_at: self.last_delivered_at,
            last_error: self.last_error.clone(),
        }
    }
}

impl Running {
    /// Writes one letter per receiver that is to be told.
    pub(super) fn tell(&mut self, incident: &Incident, action: Action, now: Now) {
        let body = Page::about(incident, action, &self.policy.incidents.org).to_json();
        for receiver in self.receivers_for(incident, action) {
            self.letter_seq += 1;
            let letter = Letter {
                // The line of the story that it tells makes it unique, and the same in every replay.
                id: format!("{}.{}-{}.{receiver}", incident.id, convert::action(action), incident.lines),
                seq: self.letter_seq,
                incident_id: incident.id.clone(),
                receiver: receiver.to_string(),
                action,
                dedup_key: incident.dedup_key.clone(),
                body: body.clone(),
                state: LetterState::Pending,
                attempts: 0,
                created_at: now.wall,
                due_at: now.wall,
                delivered_at: None,
                last_error: None,
            };
            self.board.letter(&letter);
            self.unsaved.letter(letter.clone());
            self.post(letter, now);
        }
    }

    /// A trigger goes to everybody whom the incident is not about; what follows goes to those who
    /// got, or will get, the trigger.
    fn receivers_for(&self, incident: &Incident, action: Action) -> Vec<Arc<str>> {
        let got_trigger = |name: &str| {
            let letters = self.board.get(&incident.id).map(|record| record.letters.as_slice()).unwrap_or_default();
            letters.iter().any(|letter| {
                letter.receiver == name && letter.action == Action::Trigger && letter.state != LetterState::Failed
            })
        };
        let is_told = |name: &Arc<str>| match action {
            Action::Trigger => incident.subject != Subject::Receiver(name.clone()),
            Action::Acknowledge | Action::Resolve => got_trigger(name),
        };
        self.lanes.keys().filter(|name| is_told(name)).cloned().collect()
    }

    /// Puts a letter into its receiver's queue.
    pub(super) fn enqueue(&mut self, letter: Letter, now: Now) {
        let due = Self::due_mono(letter.due_at, now);
        if let Some(lane) = self.lanes.get_mut(letter.receiver.as_str()) {
            lane.queue.push(letter, due);
        }
    }

    /// Hands every idle receiver the letter that is due.
    pub(super) fn dispatch(&mut self) {
        let now = self.now();
        let mut unreadable = Vec::new();
        for (name, lane) in &mut self.lanes {
            lane.wake_at = None;
            match lane.queue.next(now.mono) {
                Next::Nothing => {}
                Next::At(due) => lane.wake_at = Some(due),
                Next::Send(letter) => match sealed(&letter, now.wall) {
                    // The courier takes one letter at a time and this queue sends one at a time.
                    Some(sealed) => lane.letters.try_send(sealed).unwrap_or_default(),
                    None => unreadable.push(name.clone()),
                },
            }
        }
        for receiver in unreadable {
            self.tried(Tried { receiver, outcome: Outcome::Failed(crate::delivery::DeliveryError::Defect) });
        }
    }

    /// Decides what a finished attempt means and takes note of all that follows.
    pub(super) fn tried(&mut self, tried: Tried) {
        let now = self.now();
        let jitter = Ppm::new(self.rng.u32(0..=1_000_000)).unwrap_or(Ppm::ZERO);
        let Some(lane) = self.lanes.get_mut(&tried.receiver) else { return };
        let Some(mut letter) = lane.queue.sending().cloned() else { return };
        lane.failures_in_row = match tried.outcome {
            Outcome::Accepted => 0,
            Outcome::Failed(_) => lane.failures_in_row.saturating_add(1),
        };
        let attempt = Attempt {
            in_row: lane.failures_in_row,
            number: letter.attempts.saturating_add(1),
            age: age(letter.created_at, now.wall),
            outcome: tried.outcome,
            jitter,
        };
        let verdict = decide(&self.policy.delivery, &attempt);
        letter.attempts = attempt.number;
        letter.last_error = match &attempt.outcome {
            Outcome::Accepted => None,
            Outcome::Failed(error) => Some(format!("failed to {error}")),
        };
        lane.last_error.clone_from(&letter.last_error);
        let mut changed = Vec::new();
        match verdict {
            Verdict::Delivered => {
                letter.state = LetterState::Delivered;
                letter.delivered_at = Some(now.wall);
                lane.delivered += 1;
                lane.last_delivered_at = Some(now.wall);
                lane.queue.settle();
            }
            Verdict::Retry { after, rest } => {
                letter.due_at = now.later(after).wall;
                lane.queue.retry(letter.clone(), now.mono + after);
                lane.queue.pause(now.mono + rest);
            }
            Verdict::Failed => {
                letter.state = LetterState::Failed;
                lane.failed += 1;
                if letter.action == Action::Trigger {
                    changed = lane.queue.drop_incident(&letter.incident_id);
                }
                lane.queue.settle();
            }
        }
        for later in &mut changed {
            later.state = LetterState::Failed;
            later.last_error = Some("failed to follow a trigger that was given up".into());
            self.keep_letter(later);
        }
        self.keep_letter(&letter);
        self.record(&Record::Delivery { letter: letter.id.clone(), attempt: attempt.clone(), verdict }, now);
        self.judge_receiver(&tried.receiver, &letter, &attempt, verdict);
    }

    fn keep_letter(&mut self, letter: &Letter) {
        self.board.letter(letter);
        self.unsaved.letter(letter.clone());
    }

    /// A receiver that takes no letters is an incident; the others are told.
    fn judge_receiver(&mut self, receiver: &Arc<str>, letter: &Letter, attempt: &Attempt, verdict: Verdict) {
        let subject = Subject::Receiver(receiver.clone());
        let is_known = self.state.live.contains_key(&subject);
        let why = letter.last_error.as_deref().unwrap_or_default();
        match verdict {
            Verdict::Delivered if is_known => {
                self.handle(Event::Over { subject, what: "a letter has arrived again".into() });
            }
            Verdict::Failed => {
                let what = format!("letter {} is given up after {} tries: {why}", letter.id, letter.attempts);
                self.handle(Event::Trouble { subject, what });
            }
            Verdict::Retry { .. } if !is_known && self.policy.receiver_trouble_after <= attempt.age => {
                let what = format!("letter {} has been waiting for {} s: {why}", letter.id, attempt.age.as_secs());
                self.handle(Event::Trouble { subject, what });
            }
            Verdict::Delivered | Verdict::Retry { .. } => {}
        }
    }

    /// A receiver with letters that are only in the store and with room for them.
    pub(super) fn to_fetch(&self) -> Option<(Arc<str>, Left)> {
        self.lanes.iter().find_map(|(name, lane)| Some((name.clone(), lane.queue.to_fetch()?)))
    }

    pub(super) fn fetched(&mut self, receiver: &str, asked: Left, letters: Vec<Letter>, is_last: bool, now: Now) {
        let Some(lane) = self.lanes.get_mut(receiver) else { return };
        let letters = letters.into_iter().map(|letter| {
            let due = Self::due_mono(letter.due_at, now);
            (letter, due)
        });
        lane.queue.fetched(asked, letters.collect(), is_last);
    }
}

/// The letter as a courier carries it; `None` when its content cannot be read.
fn sealed(letter: &Letter, now: Timestamp) -> Option<courier::Letter> {
    let page = Page::from_json(&letter.body);
    let page = page.inspect_err(|error| tracing::error!(letter = letter.id, %error, "unreadable letter")).ok()?;
    Some(courier::Letter {
        id: letter.id.clone(),
        incident_id: letter.incident_id.clone(),
        dedup_key: letter.dedup_key.clone(),
        action: letter.action,
        page,
        sent_at: now,
    })
}

/// Whole milliseconds, as the journal keeps them.
fn age(created_at: Timestamp, now: Timestamp) -> Duration {
    let ms = now.as_millisecond().saturating_sub(created_at.as_millisecond());
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
