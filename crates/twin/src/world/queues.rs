//! Queues: callers wait by priority and then by arrival, agents answer and talk.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use base::Mono;
use fastrand::Rng;

/// The most callers who wait in one queue; the next transfer fails, as it does on the platform.
pub(crate) const WAITING_MAX: usize = 10_000;

/// A queue of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Its name; flows transfer to this.
    pub name: String,
    /// How many agents are on the queue.
    pub agents: u32,
    /// The shortest talk.
    pub talk_min: Duration,
    /// The longest talk.
    pub talk_max: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Queues {
    list: Vec<Queue>,
    /// When which talk ends: the queue's place in the list.
    talks: BTreeMap<(Mono, u64), usize>,
    sequence: u64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) agents: u32,
    pub(crate) busy: u32,
    talk: (Duration, Duration),
    waiting: BTreeMap<(Reverse<i64>, u64), Waiting>,
}

#[derive(Debug)]
struct Waiting {
    conversation_id: String,
    since: Mono,
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// An agent took the call at once.
    Answered,
    /// The caller waits.
    Waiting,
    /// There is no such queue, or it is full.
    Refused,
}

/// A caller who waited and was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) conversation_id: String,
    pub(crate) waited: Duration,
}

impl Queues {
    pub(super) fn add(&mut self, id: String, options: &QueueOptions) {
        self.list.push(Queue {
            id,
            name: options.name.clone(),
            agents: options.agents,
            busy: 0,
            talk: (options.talk_min, options.talk_max.max(options.talk_min)),
            waiting: BTreeMap::new(),
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.list.iter()
    }

    /// When the next agent becomes free; none while nobody talks.
    pub(crate) fn next_due(&self) -> Option<Mono> {
        self.talks.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn enter(
        &mut self,
        name: &str,
        conversation_id: &str,
        priority: i64,
        now: Mono,
        rng: &mut Rng,
    ) -> Entered {
        self.sequence += 1;
        let sequence = self.sequence;
        let Some(at) = self.list.iter().position(|queue| queue.name == name) else { return Entered::Refused };
        let queue = &mut self.list[at];
        if queue.busy < queue.agents {
            queue.busy += 1;
            let ends = now + queue.draw_talk(rng);
            self.talks.insert((ends, sequence), at);
            return Entered::Answered;
        }
        if queue.waiting.len() >= WAITING_MAX {
            return Entered::Refused;
        }
        let waiting = Waiting { conversation_id: conversation_id.to_owned(), since: now };
        queue.waiting.insert((Reverse(priority), sequence), waiting);
        Entered::Waiting
    }

    /// Ends every talk that is over and gives its agent the next caller.
    pub(super) fn advance(&mut self, now: Mono, rng: &mut Rng) -> Vec<Answered> {
        let mut answered = Vec::new();
        while let Some((&(ends, sequence), &at)) = self.talks.first_key_value()
            && ends <= now
        {
            self.talks.pop_first();
            let queue = &mut self.list[at];
            queue.busy -= 1;
            let Some((_, next)) = queue.waiting.pop_first() else { continue };
            queue.busy += 1;
            // The next talk begins when the agent became free, however late we look.
            let talk = queue.draw_talk(rng);
            self.talks.insert((ends + talk, sequence), at);
            answered.push(Answered { conversation_id: next.conversation_id, waited: ends.since(next.since) });
        }
        answered
    }

    pub(super) fn clear(&mut self) {
        self.talks.clear();
        for queue in &mut self.list {
            queue.busy = 0;
            queue.waiting.clear();
        }
    }

    pub(super) fn waiting(&self) -> u64 {
        self.list.iter().map(|queue| queue.waiting.len() as u64).sum()
    }

    pub(super) fn talking(&self) -> u64 {
        self.list.iter().map(|queue| u64::from(queue.busy)).sum()
    }
}

impl Queue {
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn draw_talk(&self, rng: &mut Rng) -> Duration {
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        // A talk of no time would let `advance` answer for ever within one instant.
        Duration::from_millis(rng.u64(ms(self.talk.0)..=ms(self.talk.1)).max(1))
    }
}
