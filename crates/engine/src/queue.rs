//! Which letter goes to one receiver next?
//!
//! One queue per receiver, so that a dead receiver never delays another. Within a queue:
//!
//! - One letter is on its way at a time.
//! - A letter waits for the earlier letters of its incident: a resolve never overtakes its trigger.
//! - Letters of other incidents do not wait for it: a letter that is refused again and again holds up
//!   nobody else's.
//! - The queue is bounded. What does not fit stays in the store and is fetched when there is room.

use std::collections::{BTreeMap, BTreeSet};

use base::Mono;
use store::Letter;

/// The most letters of one receiver that wait in memory.
pub const QUEUE_MAX: usize = 1_000;
/// With fewer waiting letters than this, what stayed in the store is fetched.
const ROOMY: usize = QUEUE_MAX / 2;

/// The letters of one receiver.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: BTreeMap<u64, (Letter, Mono)>,
    sending: Option<u64>,
    paused_until: Mono,
    left: Option<Left>,
}

/// Letters that are only in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Sequence number of the first.
    pub first: u64,
    /// Sequence number of the last.
    pub last: u64,
}

/// What a queue has for its courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is empty, or a letter is on its way.
    Nothing,
    /// Nothing before this instant.
    At(Mono),
    /// This letter, now; it counts as on its way until [`Queue::settle`] or [`Queue::retry`].
    Send(Box<Letter>),
}

impl Queue {
    /// Adds a letter that is due at `due`. A letter that does not fit is remembered as left in the store.
    pub fn push(&mut self, letter: Letter, due: Mono) {
        if self.waiting.len() >= QUEUE_MAX || self.left.is_some() {
            let first = self.left.map_or(letter.seq, |left| left.first);
            self.left = Some(Left { first, last: letter.seq });
            return;
        }
        self.waiting.insert(letter.seq, (letter, due));
    }

    /// What to do at `now`.
    pub fn next(&mut self, now: Mono) -> Next {
        if self.sending.is_some() {
            return Next::Nothing;
        }
        let mut incidents = BTreeSet::new();
        let mut best: Option<(Mono, u64)> = None;
        for (seq, (letter, due)) in &self.waiting {
            let is_first_of_its_incident = incidents.insert(letter.incident_id.as_str());
            if is_first_of_its_incident && best.is_none_or(|best| (*due, *seq) < best) {
                best = Some((*due, *seq));
            }
        }
        let Some((due, seq)) = best else { return Next::Nothing };
        let due = due.max(self.paused_until);
        if now < due {
            return Next::At(due);
        }
        self.sending = Some(seq);
        Next::Send(Box::new(self.waiting[&seq].0.clone()))
    }

    /// The letter that is on its way.
    pub fn sending(&self) -> Option<&Letter> {
        self.sending.and_then(|seq| self.waiting.get(&seq)).map(|(letter, _)| letter)
    }

    /// The letter on its way has come to its end: delivered or given up.
    pub fn settle(&mut self) {
        if let Some(seq) = self.sending.take() {
            self.waiting.remove(&seq);
        }
    }

    /// The letter on its way comes back as `letter` and is due again at `due`.
    pub fn retry(&mut self, letter: Letter, due: Mono) {
        self.sending = None;
        self.waiting.insert(letter.seq, (letter, due));
    }

    /// Sends nothing before `until`.
    pub fn pause(&mut self, until: Mono) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Takes out every waiting letter of an incident, except the one on its way.
    pub fn drop_incident(&mut self, incident: &str) -> Vec<Letter> {
        let dropped = |seq: &u64, letter: &Letter| letter.incident_id == incident && Some(*seq) != self.sending;
        let seqs: Vec<u64> =
            self.waiting.iter().filter(|(seq, (letter, _))| dropped(seq, letter)).map(|(seq, _)| *seq).collect();
        seqs.iter().filter_map(|seq| self.waiting.remove(seq)).map(|(letter, _)| letter).collect()
    }

    /// The letters to fetch from the store, once there is room for them.
    pub fn to_fetch(&self) -> Option<Left> {
        self.left.filter(|_| self.waiting.len() < ROOMY)
    }

    /// Adds a page of letters that was fetched for `asked`; `is_last` when the store has no more of them.
    pub fn fetched(&mut self, asked: Left, letters: Vec<(Letter, Mono)>, is_last: bool) {
        let last = self.left.map_or(asked.last, |left| left.last);
        let first = match letters.last() {
            Some((letter, _)) if !is_last => letter.seq + 1,
            _ => asked.last + 1,
        };
        self.left = (first <= last).then_some(Left { first, last });
        for (letter, due) in letters {
            self.waiting.entry(letter.seq).or_insert((letter, due));
        }
    }

    /// Letters that wait in memory, the one on its way included.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True when no letter waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.left.is_none()
    }

    /// The oldest letter that waits.
    pub fn oldest(&self) -> Option<&Letter> {
        self.waiting.values().next().map(|(letter, _)| letter)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::{Action, LetterState};

    use super::*;

    fn letter(seq: u64, incident: &str) -> Letter {
        Letter {
            id: format!("letter-{seq}"),
            seq,
            incident_id: incident.into(),
            receiver: "pagerduty".into(),
            action: Action::Trigger,
            dedup_key: String::new(),
            body: String::new(),
            state: LetterState::Pending,
            attempts: 0,
            created_at: Timestamp::UNIX_EPOCH,
            due_at: Timestamp::UNIX_EPOCH,
            delivered_at: None,
            last_error: None,
        }
    }

    fn at(ms: u64) -> Mono {
        Mono::from_millis(ms)
    }

    fn sent(queue: &mut Queue, now: u64) -> Option<u64> {
        match queue.next(at(now)) {
            Next::Send(letter) => Some(letter.seq),
            Next::Nothing | Next::At(_) => None,
        }
    }

    #[test]
    fn one_letter_is_on_its_way_at_a_time() {
        let mut queue = Queue::default();
        queue.push(letter(1, "a"), at(0));
        queue.push(letter(2, "b"), at(0));
        assert_eq!(sent(&mut queue, 0), Some(1));
        assert_eq!(queue.next(at(0)), Next::Nothing);
        queue.settle();
        assert_eq!(sent(&mut queue, 0), Some(2));
    }

    #[test]
    fn a_resolve_waits_for_its_trigger_and_others_do_not() {
        let mut queue = Queue::default();
        queue.push(letter(1, "a"), at(0));
        queue.push(letter(2, "a"), at(0));
        queue.push(letter(3, "b"), at(0));
        assert_eq!(sent(&mut queue, 0), Some(1));
        queue.retry(letter(1, "a"), at(500));
        assert_eq!(sent(&mut queue, 0), Some(3), "the other incident goes on");
        queue.settle();
        assert_eq!(queue.next(at(0)), Next::At(at(500)));
        assert_eq!(sent(&mut queue, 500), Some(1));
        queue.settle();
        assert_eq!(sent(&mut queue, 500), Some(2));
    }

    #[test]
    fn a_paused_receiver_gets_nothing() {
        let mut queue = Queue::default();
        queue.push(letter(1, "a"), at(0));
        queue.pause(at(60_000));
        queue.pause(at(10_000));
        assert_eq!(queue.next(at(0)), Next::At(at(60_000)));
        assert_eq!(sent(&mut queue, 60_000), Some(1));
    }

    #[test]
    fn letters_of_a_refused_trigger_are_taken_out() {
        let mut queue = Queue::default();
        for seq in 1..=3 {
            queue.push(letter(seq, if seq == 2 { "b" } else { "a" }), at(0));
        }
        assert_eq!(sent(&mut queue, 0), Some(1));
        let dropped: Vec<_> = queue.drop_incident("a").iter().map(|letter| letter.seq).collect();
        assert_eq!(dropped, [3]);
        queue.settle();
        assert_eq!((sent(&mut queue, 0), queue.len()), (Some(2), 1));
    }

    #[test]
    fn what_does_not_fit_is_fetched_in_order_later() {
        let mut queue = Queue::default();
        for seq in 1..=QUEUE_MAX as u64 + 2 {
            queue.push(letter(seq, &format!("i{seq}")), at(0));
        }
        assert_eq!((queue.len(), queue.to_fetch()), (QUEUE_MAX, None));
        for _ in 0..QUEUE_MAX / 2 + 10 {
            assert!(sent(&mut queue, 0).is_some());
            queue.settle();
        }
        let asked = queue.to_fetch().unwrap();
        assert_eq!(asked, Left { first: 1_001, last: 1_002 });
        queue.push(letter(2_000, "late"), at(0));
        assert_eq!(queue.len(), QUEUE_MAX / 2 - 10, "later letters stay behind the earlier ones");
        queue.fetched(asked, vec![(letter(1_001, "x"), at(0))], false);
        assert_eq!(queue.to_fetch(), Some(Left { first: 1_002, last: 2_000 }));
        queue.fetched(asked, vec![(letter(1_002, "y"), at(0))], true);
        assert_eq!(queue.to_fetch(), Some(Left { first: 1_003, last: 2_000 }), "written while the page was read");
        let asked = queue.to_fetch().unwrap();
        queue.fetched(asked, vec![(letter(2_000, "late"), at(0))], true);
        assert_eq!((queue.to_fetch(), queue.len()), (None, QUEUE_MAX / 2 - 7));
    }
}
