//! Queues: callers wait by priority and then by arrival, agents answer and talk.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::Mono;
use fastrand::Rng;
use serde_json::{Map, Value};

/// The most callers who wait in one queue; the next transfer fails, as it does on the platform.
pub(crate) const WAITING_MAX: usize = 10_000;

/// Calls answered within this time are answered within the service level, as the platform has it unless told.
pub(crate) const SERVICE_LEVEL: Duration = Duration::from_secs(20);

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
    /// How long callers wait before they hang up, on average; without it they wait for ever.
    pub patience: Option<Duration>,
}

#[derive(Debug, Default)]
pub(crate) struct Queues {
    pub(super) list: Vec<Queue>,
    /// The number that was given last.
    pub(super) sequence: u64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) agents: u32,
    pub(crate) busy: u32,
    talk: (Duration, Duration),
    patience: Option<Duration>,
    /// What else the platform keeps of it.
    pub(crate) settings: Map<String, Value>,
    pub(super) waiting: BTreeMap<(Reverse<i64>, u64), Waiting>,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) conversation_id: Arc<str>,
    pub(super) since: Mono,
}

/// What became of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// An agent took the call at once.
    Answered(Talk),
    /// The caller waits, for so long at most.
    Waiting(Option<Duration>),
    /// There is no such queue, or it is full.
    Refused,
}

/// An agent has a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Talk {
    /// The queue's place in the list.
    pub(crate) queue: usize,
    pub(crate) conversation_id: Arc<str>,
    /// How long the caller waited for it.
    pub(crate) waited: Duration,
    /// How long they will talk.
    pub(crate) length: Duration,
}

impl Queues {
    pub(super) fn add(&mut self, id: String, options: &QueueOptions) {
        self.list.push(Queue {
            id: id.into(),
            name: options.name.clone(),
            agents: options.agents,
            busy: 0,
            talk: (options.talk_min, options.talk_max.max(options.talk_min)),
            patience: options.patience,
            settings: Map::new(),
            waiting: BTreeMap::new(),
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.list.iter()
    }

    pub(crate) fn at(&self, place: usize) -> Option<&Queue> {
        self.list.get(place)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Queue> {
        self.list.iter().find(|queue| *queue.id == *id)
    }

    pub(crate) fn by_id_mut(&mut self, id: &str) -> Option<&mut Queue> {
        self.list.iter_mut().find(|queue| *queue.id == *id)
    }

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|queue| queue.name == name)
    }

    /// A caller comes into the queue at `place`.
    pub(super) fn enter(
        &mut self,
        place: usize,
        conversation_id: &Arc<str>,
        priority: i64,
        now: Mono,
        rng: &mut Rng,
    ) -> Entered {
        self.sequence += 1;
        let Some(queue) = self.list.get_mut(place) else { return Entered::Refused };
        let conversation_id = Arc::clone(conversation_id);
        if queue.busy < queue.agents {
            queue.busy += 1;
            let length = queue.draw_talk(rng);
            return Entered::Answered(Talk { queue: place, conversation_id, waited: Duration::ZERO, length });
        }
        if queue.waiting.len() >= WAITING_MAX {
            return Entered::Refused;
        }
        queue.waiting.insert((Reverse(priority), self.sequence), Waiting { conversation_id, since: now });
        Entered::Waiting(queue.patience.map(|mean| exponential(rng, mean)))
    }

    /// An agent of the queue at `place` has hung up, and takes the next caller.
    pub(super) fn free(&mut self, place: usize, now: Mono, rng: &mut Rng) -> Option<Talk> {
        let queue = self.list.get_mut(place)?;
        queue.busy = queue.busy.saturating_sub(1);
        self.take(place, now, rng)
    }

    /// The next caller of the queue at `place`, when an agent is free.
    pub(super) fn take(&mut self, place: usize, now: Mono, rng: &mut Rng) -> Option<Talk> {
        let queue = self.list.get_mut(place)?;
        if queue.busy >= queue.agents {
            return None;
        }
        let (_, Waiting { conversation_id, since }) = queue.waiting.pop_first()?;
        queue.busy += 1;
        Some(Talk { queue: place, conversation_id, waited: now.since(since), length: queue.draw_talk(rng) })
    }

    pub(super) fn set_agents(&mut self, place: usize, agents: u32) {
        if let Some(queue) = self.list.get_mut(place) {
            queue.agents = agents;
        }
    }

    /// A caller who waits hangs up: the queue's place, and how long it took; `None` when nobody waits by this name.
    pub(super) fn leave(&mut self, place: usize, conversation_id: &str, now: Mono) -> Option<Duration> {
        let queue = self.list.get_mut(place)?;
        let found = queue.waiting.iter().find(|(_, waiting)| *waiting.conversation_id == *conversation_id);
        let key = *found?.0;
        queue.waiting.remove(&key).map(|waiting| now.since(waiting.since))
    }

    pub(super) fn clear(&mut self) {
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

    /// How it was set up, with what has changed since.
    pub(crate) fn options(&self) -> QueueOptions {
        let (talk_min, talk_max) = self.talk;
        QueueOptions { name: self.name.clone(), agents: self.agents, talk_min, talk_max, patience: self.patience }
    }

    /// How long the first in line has waited.
    pub(crate) fn longest_wait(&self, now: Mono) -> Option<Duration> {
        self.waiting.values().map(|waiting| now.since(waiting.since)).max()
    }

    /// The mean of its talks.
    pub(crate) fn mean_talk(&self) -> Duration {
        (self.talk.0 + self.talk.1) / 2
    }

    fn draw_talk(&self, rng: &mut Rng) -> Duration {
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        // A talk of no time would let agents answer for ever within one instant.
        Duration::from_millis(rng.u64(ms(self.talk.0)..=ms(self.talk.1)).max(1))
    }
}

/// A time that does not know how long it has lasted already, `mean` on average.
pub(super) fn exponential(rng: &mut Rng, mean: Duration) -> Duration {
    // 1 - u lies in (0, 1], so the logarithm is finite.
    let times = -(1.0 - rng.f64()).ln();
    Duration::try_from_secs_f64(mean.as_secs_f64() * times).unwrap_or(Duration::MAX)
}
