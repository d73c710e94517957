//! Waiting for what must follow: for a condition, never for time to pass, and never for ever.

use std::time::Duration;

use api::IncidentView;
use base::Now;
use degrade::Transition;
use testkit::inbox::Received;

use super::ending::Missed;
use super::reading::Reading;
use super::stage::{Stage, Turns};

/// How long a circuit may take to open or to close.
const CIRCUIT_WITHIN: Duration = Duration::from_secs(20);
/// How long an incident and its page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(20);
/// How often numbers are read that nobody announces.
const READ_EVERY: Duration = Duration::from_millis(20);

/// The first look that is as `reached` wants it.
pub(super) async fn reading_when(
    stage: &Stage,
    what: &'static str,
    within: Duration,
    reached: impl Fn(&Reading) -> bool,
) -> Result<Reading, Missed> {
    let look = async {
        loop {
            let reading = Reading::of(stage);
            if reached(&reading) {
                return reading;
            }
            stage.clock.sleep(READ_EVERY).await;
        }
    };
    stage.clock.timeout(within, look).await.ok_or(Missed { what, within })
}

/// The turn of the circuit that `pick` names, once it has happened after `at`.
pub(super) async fn turn_when(
    stage: &Stage,
    what: &'static str,
    pick: impl Fn(&Turns) -> Option<&Transition>,
    at: Now,
) -> Result<Transition, Missed> {
    let mut turns = stage.turns.clone();
    let is_new = |turn: &&Transition| at.mono <= turn.at.mono;
    let turned = async {
        let turns = turns.wait_for(|turns| pick(turns).filter(is_new).is_some()).await.ok()?;
        pick(&turns).cloned()
    };
    stage.clock.timeout(CIRCUIT_WITHIN, turned).await.flatten().ok_or(Missed { what, within: CIRCUIT_WITHIN })
}

/// The first incident that is as `is_meant` wants it.
pub(super) async fn incident_when(
    stage: &Stage,
    what: &'static str,
    is_meant: impl Fn(&IncidentView) -> bool,
) -> Result<IncidentView, Missed> {
    let mut views = stage.engine.views();
    let seen = async {
        let views = views.wait_for(|views| views.incidents.iter().any(|incident| is_meant(incident))).await.ok()?;
        views.incidents.iter().find(|incident| is_meant(incident)).map(|incident| IncidentView::clone(incident))
    };
    stage.clock.timeout(PAGE_WITHIN, seen).await.flatten().ok_or(Missed { what, within: PAGE_WITHIN })
}

/// The first letter that is as `is_meant` wants it, once the receiver has taken it.
pub(super) async fn letter_when(
    stage: &Stage,
    what: &'static str,
    is_meant: impl Fn(&Received) -> bool,
) -> Result<Received, Missed> {
    let find = || stage.inbox.received().into_iter().find(&is_meant);
    let mut taken = stage.inbox.taken();
    let arrived = async {
        taken.wait_for(|_| find().is_some()).await.ok()?;
        find()
    };
    stage.clock.timeout(PAGE_WITHIN, arrived).await.flatten().ok_or(Missed { what, within: PAGE_WITHIN })
}
