//! The story `budget-burn`: an error budget goes, and with it what the flow and the pipeline may do; then it comes back.
//!
//! Callers run a flow that asks how much is left before it asks anybody else. Agents' desktops ask the same CRM and
//! cannot do without it, so that the budget goes on burning when the flow no longer adds to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{FlowView, GateView};
use twin::Mode;

use super::ending::{Facts, Missed};
use super::moment::{Moment, count};
use super::narrator::Narrator;
use super::reading::Reading;
use super::stage::Stage;
use super::waits::reading_when;

/// Callers a second.
const RATE: f64 = 12.0;
/// Look-ups of agents' desktops a second.
const DESKTOPS: f64 = 4.0;
/// How fast the CRM answers when it is well.
const CRM_LATENCY: Duration = Duration::from_millis(80);
/// Answers before anything breaks.
const HEALTHY_CALLS: u64 = 400;
/// Callers who must reach an agent in each mode.
const SERVED_CALLS: u64 = 60;
/// So far into a minute the CRM breaks, in milliseconds.
const LATE_MS: i64 = 50_000;
/// The flow of the story, as `demo.yaml` has it.
const FLOW: &str = "budget-ivr";

/// How long callers may take for their part.
const CALLERS_WITHIN: Duration = Duration::from_secs(120);
/// How long the budget may take to go: several minutes of the story.
const BURNS_WITHIN: Duration = Duration::from_secs(600);
/// How long it may take to come back: a window, and the dwell of each mode.
const RECOVERS_WITHIN: Duration = Duration::from_secs(1_200);

/// Plays it; what happened is in `facts`, also when it ended early.
pub(super) async fn play(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    let is_over = Arc::new(AtomicBool::new(false));
    let desktops = tokio::spawn(desktops(stage.gateway_url.clone(), stage.clock.clone(), is_over.clone()));
    let played = scenes(stage, narrator, facts).await;
    is_over.store(true, Ordering::Relaxed);
    // It ends with its next look-up; a stage that is cleared needs it no more.
    desktops.abort();
    played
}

async fn scenes(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    narrator.begin();
    stage.crm.set_mode(Mode::Healthy(CRM_LATENCY));
    let_callers_in(stage);
    narrator.moment(
        Moment::new("callers come in")
            .number("callersPerSecond", RATE)
            .say(format!("{RATE} a second; the flow asks first how much budget is left"))
            .say(format!("agents' desktops ask the CRM {DESKTOPS} times a second")),
    );
    let is_well = |reading: &Reading| HEALTHY_CALLS <= reading.live && reading.is_closed;
    reading_when(stage, "healthy traffic", CALLERS_WITHIN, is_well).await?;
    let flow = flow_when(stage, "a budget that is measured", BURNS_WITHIN, |flow| {
        flow.mode == "NORMAL" && flow.error_budget_remaining.is_some_and(|left| 95 <= left)
    });
    narrator.moment(left(Moment::new("healthy"), &flow.await?));
    let gate = gate_when(stage, "an open gate", BURNS_WITHIN, Some(true)).await?;
    narrator.moment(verdict(Moment::new("gate open"), &gate));

    late_in_a_minute(stage).await;
    stage.crm.set_mode(Mode::Unavailable(None));
    narrator.moment(Moment::new("CRM answers 503").say("every bad answer costs error budget"));
    let trim = flow_when(stage, "TRIM", BURNS_WITHIN, |flow| flow.mode == "TRIM").await?;
    facts.trimmed = true;
    narrator.moment(left(Moment::new("flow trims"), &trim).say("the gateway answers for the CRM; nobody is asked"));
    let skipped = served(stage, narrator, "served in TRIM").await?;
    facts.lookups_skipped = skipped;

    let agents = flow_when(stage, "AGENT_ONLY", BURNS_WITHIN, |flow| flow.mode == "AGENT_ONLY").await?;
    facts.agents_only = true;
    narrator.moment(left(Moment::new("agents only"), &agents).say("the flow asks the knowledge base, and an agent"));
    let shut = gate_when(stage, "a shut gate", BURNS_WITHIN, Some(false)).await?;
    facts.gate_shut = true;
    narrator.moment(verdict(Moment::new("gate shut"), &shut));
    let knowledge_before = stage.knowledge.requests().lookups;
    served(stage, narrator, "served by agents").await?;
    facts.knowledge_asked = knowledge_before < stage.knowledge.requests().lookups;

    stage.crm.set_mode(Mode::Healthy(CRM_LATENCY));
    narrator.moment(Moment::new("CRM is back").say("what was spent leaves the window minute by minute"));
    let again = gate_when(stage, "an open gate again", RECOVERS_WITHIN, Some(true)).await?;
    narrator.moment(verdict(Moment::new("gate open again"), &again));
    let eased = flow_when(stage, "a milder mode", RECOVERS_WITHIN, |flow| flow.mode == "TRIM").await?;
    narrator.moment(left(Moment::new("a rung up"), &eased).say("one rung at a time, each with its dwell"));
    let normal = flow_when(stage, "NORMAL", RECOVERS_WITHIN, |flow| flow.mode == "NORMAL").await?;
    facts.recovered = true;
    narrator.moment(left(Moment::new("as always again"), &normal));
    stage.twin.stop_callers();
    let is_quiet = |reading: &Reading| reading.callers.in_flow == 0;
    let reading = reading_when(stage, "the end of the last call", CALLERS_WITHIN, is_quiet).await?;
    let calls = count(reading.callers.offered, "call", "calls");
    narrator.moment(Moment::new("callers stop").say(calls).say(format!("{} lost", reading.callers.lost)));
    Ok(())
}

/// Some callers get through; whether none of them led to a look-up that could be skipped.
async fn served(stage: &Stage, narrator: &mut Narrator, what: &'static str) -> Result<bool, Missed> {
    let before = Reading::of(stage);
    let are_served = |reading: &Reading| before.callers.queued + SERVED_CALLS <= reading.callers.queued;
    let reading = reading_when(stage, what, CALLERS_WITHIN, are_served).await?;
    let (served, skipped) = (reading.callers.queued - before.callers.queued, reading.trimmed - before.trimmed);
    let asked = reading.enriched - before.enriched;
    narrator.moment(
        Moment::new(what)
            .number("reachedAQueue", served)
            .number("lookupsSkipped", skipped)
            .number("callersLost", reading.callers.lost)
            .say(format!("{served} reached an agent's queue"))
            .say(format!("{skipped} look-ups skipped, {asked} asked"))
            .say(format!("{} lost", reading.callers.lost)),
    );
    // Calls that were under way when the mode changed may still have asked.
    Ok(asked <= SERVED_CALLS / 4)
}

/// The flow, once it is as `is_meant` wants it.
async fn flow_when(
    stage: &Stage,
    what: &'static str,
    within: Duration,
    is_meant: impl Fn(&FlowView) -> bool,
) -> Result<FlowView, Missed> {
    let mut steps = stage.budgets.budgets.steps();
    let found = async {
        loop {
            let mut flows = stage.budgets.budgets.flows().1.into_iter();
            if let Some(found) = flows.find(|flow| flow.flow == FLOW && is_meant(flow)) {
                return Some(found);
            }
            steps.next().await.then_some(())?;
        }
    };
    stage.clock.timeout(within, found).await.flatten().ok_or(Missed { what, within })
}

/// The gate's answer, once it is this one.
async fn gate_when(
    stage: &Stage,
    what: &'static str,
    within: Duration,
    allowed: Option<bool>,
) -> Result<GateView, Missed> {
    let mut steps = stage.budgets.budgets.steps();
    let found = async {
        loop {
            let answer = stage.budgets.budgets.gate(&[], &[FLOW.to_owned()]);
            if answer.allowed == allowed {
                return Some(answer);
            }
            steps.next().await.then_some(())?;
        }
    };
    stage.clock.timeout(within, found).await.flatten().ok_or(Missed { what, within })
}

fn left(moment: Moment, flow: &FlowView) -> Moment {
    let left = flow.error_budget_remaining;
    let said = left.map_or_else(|| "how much is left is not known".to_owned(), |left| format!("{left} % is left"));
    moment.number("errorBudgetRemaining", left).say(flow.mode.clone()).say(said)
}

fn verdict(moment: Moment, gate: &GateView) -> Moment {
    let moment = moment.number("allowed", gate.allowed).say(format!("decision {}", gate.decision_id));
    gate.reasons.iter().fold(moment, |moment, reason| moment.say(reason.clone()))
}

/// Budgets are judged by the minute. A whole minute without the CRM would spend all of this one at once, and its modes
/// would be over before anybody had seen them.
async fn late_in_a_minute(stage: &Stage) {
    let into = stage.clock.now().wall.as_millisecond().rem_euclid(60_000);
    let wait = (LATE_MS - into).rem_euclid(60_000);
    stage.clock.sleep(Duration::from_millis(wait.unsigned_abs())).await;
}

fn let_callers_in(stage: &Stage) {
    stage.twin.start_callers(RATE).expect("the rate is a constant within bounds");
}

/// Agents' desktops ask for what they need, until the story is over. What they get is theirs to deal with.
async fn desktops(gateway: String, clock: clock::Clock, is_over: Arc<AtomicBool>) {
    let Ok(client) = reqwest::Client::builder().timeout(Duration::from_secs(5)).build() else { return };
    while !is_over.load(Ordering::Relaxed) {
        let asked = client.get(format!("{gateway}/crm/card?ani=%2B13175550100")).send();
        drop(tokio::spawn(asked));
        clock.sleep(Duration::from_secs_f64(1.0 / DESKTOPS)).await;
    }
}
