//! The log in a file: half a million facts that must stay small.
//!
//! Texts, flows and actions are written once, in tables; a fact is a list of numbers: nanoseconds since the fact before
//! (of the first: since 1970), the conversation's place among the texts, its kind, and what belongs to the kind:
//!
//! | kind | fact | what follows |
//! |---|---|---|
//! | 0 | entered a flow | flow |
//! | 1 | left it | flow, exit reason, nanoseconds, queue |
//! | 2 | a Data Action ran | action, status, error, nanoseconds |
//! | 3 | offered to a queue | queue |
//! | 4 | answered | queue, nanoseconds |
//! | 5 | abandoned | queue, nanoseconds |
//! | 6 | talked | queue, nanoseconds |
//! | 7 | a flow was launched | flow |
//! | 8 | a client was near its limit | client, limit |
//!
//! A table's entry that is not there is -1.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agenda::{SavedActionRef, action_of, action_ref};
use super::moment::{Loading, ns, wall};
use super::{StateError, at, at_most};
use crate::world::callers::exit_named;
use crate::world::log::{ActionRef, Entry, FACTS_MAX, Fact, FlowRef, Log};

/// How many bytes of the chain's hash there are.
const CHAIN_BYTES: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedLog {
    /// How many facts there were, kept or not.
    #[serde(deserialize_with = "super::count")]
    count: u64,
    /// The hash over all of them, in hexadecimal.
    hash: String,
    texts: Vec<String>,
    flows: Vec<SavedFlowRef>,
    actions: Vec<SavedActionRef>,
    facts: Vec<Vec<i64>>,
}

/// A version of a flow, as analytics name it: its id, name and version.
pub(super) type SavedFlowRef = (String, String, String);

pub(super) fn save(log: &Log) -> SavedLog {
    let mut tables = Tables::default();
    let mut before = 0;
    let facts = log.entries.iter().map(|entry| {
        let at = wall(entry.at);
        let since = at - std::mem::replace(&mut before, at);
        tables.fact(since, entry)
    });
    let facts = facts.collect();
    SavedLog {
        count: log.count,
        hash: log.hash(),
        texts: tables.texts.into_list(|text| text.to_string()),
        flows: tables.flows.into_list(flow_ref),
        actions: tables.actions.into_list(action_ref),
        facts,
    }
}

pub(super) fn load(saved: SavedLog, loading: &Loading) -> Result<Log, StateError> {
    at_most(FACTS_MAX, saved.facts.len(), "life.log.facts")?;
    let read = Read {
        texts: saved.texts.into_iter().map(Arc::from).collect(),
        flows: saved.flows.into_iter().map(|flow| Arc::new(flow_of(flow))).collect(),
        actions: saved.actions.into_iter().map(|action| Arc::new(action_of(action))).collect(),
    };
    let mut entries = VecDeque::with_capacity(saved.facts.len());
    let mut at_ns = 0_i64;
    for (place, numbers) in saved.facts.iter().enumerate() {
        let (Some((conversation, fact)), [since, ..]) = (read.fact(numbers), numbers.as_slice()) else {
            return Err(StateError::wrong(at("life.log.facts", place), format!("{numbers:?} is no fact")));
        };
        at_ns = at_ns.saturating_add(*since);
        entries.push_back(Entry { at: loading.wall("life.log.facts", at_ns)?, conversation, fact });
    }
    let chain = bytes(&saved.hash).ok_or_else(|| StateError::wrong("life.log.hash", "is no SHA-256 in hexadecimal"))?;
    Ok(Log { entries, count: saved.count, chain, ..Log::default() })
}

pub(super) fn flow_ref(flow: &FlowRef) -> SavedFlowRef {
    (flow.id.clone(), flow.name.clone(), flow.version.clone())
}

pub(super) fn flow_of((id, name, version): SavedFlowRef) -> FlowRef {
    FlowRef { id, name, version }
}

/// What is written once; each thing's number is its place.
#[derive(Debug, Default)]
struct Tables {
    texts: Table<str>,
    flows: Table<FlowRef>,
    actions: Table<ActionRef>,
}

#[derive(Debug)]
struct Table<T: ?Sized>(BTreeMap<Arc<T>, i64>);

impl<T: ?Sized + Ord> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: ?Sized + Ord> Table<T> {
    fn number(&mut self, thing: &Arc<T>) -> i64 {
        if let Some(known) = self.0.get(thing) {
            return *known;
        }
        let number = self.0.len() as i64;
        self.0.insert(Arc::clone(thing), number);
        number
    }

    fn into_list<S>(self, saved: impl Fn(&T) -> S) -> Vec<S> {
        let mut list: Vec<_> = self.0.into_iter().collect();
        list.sort_by_key(|(_, number)| *number);
        list.iter().map(|(thing, _)| saved(thing)).collect()
    }
}

impl Tables {
    fn fact(&mut self, since: i64, Entry { conversation, fact, .. }: &Entry) -> Vec<i64> {
        let length = |length: &Duration| i64::try_from(ns(*length)).unwrap_or(i64::MAX);
        let conversation = self.texts.number(conversation);
        let of = |kind: i64, rest: &[i64]| [&[since, conversation, kind], rest].concat();
        match fact {
            Fact::Entered(flow) => of(0, &[self.flows.number(flow)]),
            Fact::Left { flow, exit, lasted, queue } => {
                let queue = queue.as_ref().map_or(-1, |queue| self.texts.number(queue));
                of(1, &[self.flows.number(flow), self.texts.number(&Arc::from(*exit)), length(lasted), queue])
            }
            Fact::Ran { action, status, error, took } => {
                let error = error.as_deref().map_or(-1, |error| self.texts.number(&Arc::from(error)));
                of(2, &[self.actions.number(action), i64::from(*status), error, length(took)])
            }
            Fact::Offered(queue) => of(3, &[self.texts.number(queue)]),
            Fact::Answered { queue, waited } => of(4, &[self.texts.number(queue), length(waited)]),
            Fact::Abandoned { queue, waited } => of(5, &[self.texts.number(queue), length(waited)]),
            Fact::Talked { queue, length: talked } => of(6, &[self.texts.number(queue), length(talked)]),
            Fact::Launched(flow) => of(7, &[self.flows.number(flow)]),
            Fact::Limited { client, max } => of(8, &[self.texts.number(client), i64::from(*max)]),
        }
    }
}

/// The tables of a file.
struct Read {
    texts: Vec<Arc<str>>,
    flows: Vec<Arc<FlowRef>>,
    actions: Vec<Arc<ActionRef>>,
}

impl Read {
    /// The conversation and what happened to it; `None` when the numbers are no fact.
    fn fact(&self, numbers: &[i64]) -> Option<(Arc<str>, Fact)> {
        let [_, conversation, kind, rest @ ..] = numbers else { return None };
        let text = |number: i64| self.texts.get(usize::try_from(number).ok()?).map(Arc::clone);
        let flow = |number: i64| self.flows.get(usize::try_from(number).ok()?).map(Arc::clone);
        let length = |ns: i64| u64::try_from(ns).ok().map(Duration::from_nanos);
        // -1 is nothing; any other number must be in the table.
        let perhaps = |number: i64| if number == -1 { Some(None) } else { text(number).map(Some) };
        let fact = match (kind, rest) {
            (0, &[into]) => Fact::Entered(flow(into)?),
            (1, &[from, exit, lasted, queue]) => Fact::Left {
                flow: flow(from)?,
                exit: exit_named(&text(exit)?)?,
                lasted: length(lasted)?,
                queue: perhaps(queue)?,
            },
            (2, &[action, status, error, took]) => Fact::Ran {
                action: Arc::clone(self.actions.get(usize::try_from(action).ok()?)?),
                status: u16::try_from(status).ok()?,
                error: perhaps(error)?.map(|error| error.to_string().into()),
                took: length(took)?,
            },
            (3, &[queue]) => Fact::Offered(text(queue)?),
            (4, &[queue, waited]) => Fact::Answered { queue: text(queue)?, waited: length(waited)? },
            (5, &[queue, waited]) => Fact::Abandoned { queue: text(queue)?, waited: length(waited)? },
            (6, &[queue, talked]) => Fact::Talked { queue: text(queue)?, length: length(talked)? },
            (7, &[launched]) => Fact::Launched(flow(launched)?),
            (8, &[client, max]) => Fact::Limited { client: text(client)?, max: u32::try_from(max).ok()? },
            _ => return None,
        };
        Some((text(*conversation)?, fact))
    }
}

fn bytes(hex: &str) -> Option<[u8; CHAIN_BYTES]> {
    let mut chain = [0; CHAIN_BYTES];
    if hex.len() != 2 * CHAIN_BYTES {
        return None;
    }
    for (byte, place) in chain.iter_mut().zip((0..hex.len()).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()?;
    }
    Some(chain)
}
