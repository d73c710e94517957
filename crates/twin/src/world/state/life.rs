//! Everything that goes on in an organisation, in a file.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Now;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StateError;
use super::access::{self, SavedChannels, SavedFault, SavedToken};
use super::agenda::{self, SavedAgenda};
use super::callers::{self, SavedGone, SavedLive, SavedStream};
use super::calls::{self, SavedCalls};
use super::facts::{self, SavedLog};
use super::leaks::{self, SavedLeaks};
use super::moment::{Loading, Saving, ns};
use super::queues::{self, SavedLines};
use super::records::{self, SavedJobs, SavedRecords};
use crate::world::callers::Due;
use crate::world::{Question, World};

/// So old that it must be a mistake.
const AGE_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Life {
    /// The moment of saving.
    saved_at: Timestamp,
    began_at: Timestamp,
    /// How long the organisation has lived, in nanoseconds.
    age: u64,
    agenda: SavedAgenda,
    streams: Vec<SavedStream>,
    #[serde(deserialize_with = "super::count")]
    series: u64,
    live: Vec<SavedLive>,
    #[serde(deserialize_with = "super::count")]
    next_caller: u64,
    /// Versions that callers are still in and that their flows have forgotten.
    gone_versions: Vec<SavedGone>,
    calls: SavedCalls,
    queues: SavedLines,
    executions: SavedExecutions,
    /// Data Actions that are being tried out.
    drafts: BTreeMap<String, Value>,
    tokens: Vec<SavedToken>,
    channels: SavedChannels,
    faults: Vec<SavedFault>,
    jobs: SavedJobs,
    records: SavedRecords,
    /// Numbers that have moved, and callers at numbers that lead elsewhere, of which a linked organisation is not told
    /// yet.
    moved: Vec<Value>,
    redirected: Vec<String>,
    log: SavedLog,
    /// Conversations that were left open.
    #[serde(default, skip_serializing_if = "SavedLeaks::is_empty")]
    leaks: SavedLeaks,
}

/// Executions of Data Actions within the minute.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedExecutions {
    minute_began: i64,
    started: u32,
}

impl Life {
    pub(super) fn age(&self) -> Duration {
        Duration::from_nanos(self.age).min(AGE_MAX)
    }

    pub(super) fn loading(&self, now: Now) -> Result<Loading, StateError> {
        if self.age() == AGE_MAX {
            return Err(StateError::wrong("life.age", "no organisation is a hundred years old"));
        }
        Loading::since((self.saved_at, self.age()), now)
    }
}

pub(super) fn save(world: &World, saving: &Saving) -> Life {
    let (live, gone_versions) = callers::save(world, saving);
    Life {
        saved_at: saving.now.wall,
        began_at: world.began.wall,
        age: ns(saving.now.mono.since(saving.began)),
        agenda: agenda::save(&world.agenda, saving),
        streams: callers::save_streams(world),
        series: world.series,
        live,
        next_caller: world.next_caller,
        gone_versions,
        calls: calls::save(&world.calls),
        queues: queues::save(&world.queues, saving),
        executions: SavedExecutions {
            minute_began: saving.mono(world.actions.minute_began),
            started: world.actions.started,
        },
        drafts: world.actions.drafts.clone(),
        tokens: access::save_tokens(&world.clients, saving),
        channels: access::save_channels(&world.channels, saving),
        faults: access::save_faults(&world.faults, saving),
        jobs: records::save_jobs(&world.jobs, saving),
        records: records::save(&world.records),
        moved: world.moved.clone(),
        redirected: world.redirected.clone(),
        log: facts::save(&world.log),
        leaks: leaks::save(&world.leaks),
    }
}

/// Lets an organisation that is configured go on where it was. What its callers ask of real systems comes back.
pub(super) fn load(world: &mut World, life: Life, loading: &Loading) -> Result<Vec<Question>, StateError> {
    world.began.mono = loading.began;
    world.began.wall = loading.moved("life.beganAt", life.began_at)?;
    world.agenda = agenda::load(life.agenda, loading)?;
    world.streams.clear();
    world.series = life.series;
    callers::load_streams(world, life.streams)?;
    world.calls = calls::load(life.calls, life.live.len() as u64, loading)?;
    queues::load(&mut world.queues, life.queues, loading)?;
    let runs = world.agenda.due.values().filter(|due| matches!(due, Due::Replies(_, replies) if replies.runs));
    world.actions.running = u32::try_from(runs.count()).unwrap_or(u32::MAX);
    world.actions.minute_began = loading.mono("life.executions.minuteBegan", life.executions.minute_began)?;
    world.actions.started = life.executions.started;
    world.actions.drafts = life.drafts;
    access::load_tokens(&mut world.clients, life.tokens, loading)?;
    world.channels = access::load_channels(life.channels, loading)?;
    world.faults = access::load_faults(life.faults, loading)?;
    world.jobs = records::load_jobs(life.jobs, loading)?;
    world.records = records::load(life.records, loading)?;
    (world.moved, world.redirected) = (life.moved, life.redirected);
    world.log = facts::load(life.log, loading)?;
    let is_awaited = world.agenda.due.values().any(|due| matches!(due, Due::Leaks));
    world.leaks = leaks::load(life.leaks, is_awaited, loading)?;
    world.next_caller = life.next_caller;
    callers::load(world, life.live, life.gone_versions, loading)
}
