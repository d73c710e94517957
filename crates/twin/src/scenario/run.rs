//! A scenario played at once: from one moment to the next, without waiting for any.

use std::time::Duration;

use base::{Mono, Now};
use jiff::Timestamp;
use serde::Serialize;

use super::{Built, Scenario, ScenarioError};
use crate::world::{Totals, World};

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// How long it was played, in milliseconds of its own time.
    pub played_ms: u64,
    /// Its organisations.
    pub organisations: Vec<Simulated>,
}

/// What came of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Simulated {
    /// Its name.
    pub name: String,
    /// Callers who came in.
    pub offered: u64,
    /// Callers who reached a queue.
    pub queued: u64,
    /// Callers who were answered.
    pub answered: u64,
    /// Callers who hung up while they waited.
    pub abandoned: u64,
    /// Callers who were cut off.
    pub lost: u64,
    /// Callers whose number led to the other organisation.
    pub redirected: u64,
    /// Data Actions that gave outputs.
    pub data_actions_ok: u64,
    /// Data Actions that failed or got no answer in time.
    pub data_actions_failed: u64,
    /// How much happened.
    pub facts: u64,
    /// A hash over all that happened: the same for the same scenario and seed.
    pub hash: String,
}

/// Plays a scenario for `length` of its own time, as fast as the machine can. It begins at `wall`.
///
/// # Errors
/// When it cannot be founded, or needs somebody outside.
pub fn simulate(scenario: &Scenario, wall: Timestamp, length: Duration) -> Result<Report, ScenarioError> {
    let began = Now { mono: Mono::ZERO, wall };
    let Built { mut worlds } = scenario.build(began)?;
    play(&mut worlds, began, length)?;
    let organisations = worlds.iter().map(organisation).collect();
    let played_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    Ok(Report { scenario: scenario.name.clone(), played_ms, organisations })
}

/// Lets everything happen to linked organisations until `length` after they began, each thing at its own time.
pub(crate) fn play(worlds: &mut [World], began: Now, length: Duration) -> Result<(), ScenarioError> {
    let end = began.mono + length;
    let next = |worlds: &[World]| {
        let due = worlds.iter().enumerate().filter_map(|(place, world)| Some((world.next_due()?, place))).min();
        due.filter(|(at, _)| *at <= end)
    };
    while let Some((at, place)) = next(worlds) {
        let now = began.later(at.since(began.mono));
        let questions = worlds[place].advance(now);
        if let Some(question) = questions.first() {
            return Err(ScenarioError::NotSimulated(question.action.action.name.clone()));
        }
        exchange(worlds, place, now)?;
    }
    Ok(())
}

/// What one organisation tells the other: numbers that moved, and callers at them.
fn exchange(worlds: &mut [World], from: usize, now: Now) -> Result<(), ScenarioError> {
    let lag = worlds[from].replication_lag();
    let (moved, redirected) = worlds[from].take_leaving();
    for (_, world) in worlds.iter_mut().enumerate().filter(|(place, _)| *place != from) {
        for number in &moved {
            world.hear_of_number(number.clone(), lag, now);
        }
        for number in redirected.iter().filter(|number| world.answers(number)).cloned().collect::<Vec<_>>() {
            if let Some(question) = world.take_over(&number, now).first() {
                return Err(ScenarioError::NotSimulated(question.action.action.name.clone()));
            }
        }
    }
    Ok(())
}

fn organisation(world: &World) -> Simulated {
    let Totals { offered, queued, answered, abandoned, lost, redirected, .. } = world.totals();
    let totals = world.totals();
    Simulated {
        name: world.name.clone(),
        offered,
        queued,
        answered,
        abandoned,
        lost,
        redirected,
        data_actions_ok: totals.asks_ok,
        data_actions_failed: totals.asks_failed + totals.asks_timed_out,
        facts: world.log.count(),
        hash: world.log.hash(),
    }
}
