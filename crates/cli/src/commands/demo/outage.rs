//! The story `crm-outage`: the CRM hangs, then answers with errors, and comes back while nobody calls.
//!
//! Every scene does one thing to the stage and waits for what must follow, on a bounded time; nothing is assumed to
//! have happened because time has passed.

use std::time::Duration;

use api::{IncidentState, IncidentView};
use base::Now;
use degrade::Cause;
use testkit::inbox::Received;
use twin::Mode;

use super::ending::{Facts, Missed};
use super::moment::{Moment, count, tenths};
use super::narrator::Narrator;
use super::reading::{Calls, Reading};
use super::stage::Stage;
use super::waits::{incident_when, letter_when, reading_when, turn_when};

/// Callers a second.
const RATE: f64 = 40.0;
/// How fast the CRM answers when it is well.
const CRM_LATENCY: Duration = Duration::from_millis(80);
/// Live answers before anything breaks: enough to learn from, and some to keep.
const HEALTHY_CALLS: u64 = 240;
/// Callers who must get through to a queue without the CRM, in each of its two ways to fail.
const DEGRADED_CALLS: u64 = 80;
/// Kept answers and typed fallbacks that must be among them, so that both are seen.
const OF_EACH_KIND: u64 = 5;
/// Probes that must have asked the failing CRM before it comes back.
const PROBES_REFUSED: u64 = 2;
/// Live answers at the end.
const RECOVERED_CALLS: u64 = 40;

/// How long callers may take for their part: a greeting, a look-up, an announcement.
const CALLERS_WITHIN: Duration = Duration::from_secs(40);

/// An incident, and the key under which the receiver knows it.
struct Told {
    incident: String,
    dedup_key: String,
}

/// Plays it; what happened is in `facts`, also when it ended early.
pub(super) async fn play(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    narrator.begin();
    all_is_well(stage, narrator).await?;
    let broken_at = the_crm_hangs(stage, narrator).await?;
    let told = somebody_is_told(stage, narrator, broken_at, facts).await?;
    callers_are_served_without(stage, narrator, broken_at).await?;
    the_crm_refuses(stage, narrator).await?;
    nobody_calls(stage, narrator).await?;
    probes_find_out(stage, narrator, facts).await?;
    everybody_is_told_the_end(stage, narrator, &told, facts).await?;
    callers_come_back(stage, narrator).await
}

async fn all_is_well(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    stage.crm.set_mode(Mode::Healthy(CRM_LATENCY));
    let_callers_in(stage);
    narrator.moment(
        Moment::new("callers come in")
            .number("callersPerSecond", RATE)
            .say(format!("{RATE} a second, some of them VIPs"))
            .say(format!("the CRM answers in {} ms", CRM_LATENCY.as_millis())),
    );
    let is_well = |reading: &Reading| HEALTHY_CALLS <= reading.live && reading.is_closed;
    let reading = reading_when(stage, "healthy traffic", CALLERS_WITHIN, is_well).await?;
    narrator.moment(so_far(Moment::new("healthy"), &reading));
    Ok(())
}

async fn the_crm_hangs(stage: &Stage, narrator: &mut Narrator) -> Result<Now, Missed> {
    let broken_at = stage.clock.now();
    stage.crm.set_mode(Mode::Hang);
    narrator.moment(Moment::new("CRM hangs").say("it takes every look-up and answers none"));
    let opened = turn_when(stage, "an open circuit", |turns| turns.opened.as_ref(), broken_at).await?;
    let took = opened.at.mono.since(broken_at.mono);
    narrator.moment(
        Moment::new("circuit opened")
            .number("afterMs", ms(took))
            .number("waiting", opened.counts.waiting)
            .say(format!("after {:.1} s", took.as_secs_f64()))
            .say(opened.cause.to_string()),
    );
    Ok(broken_at)
}

async fn somebody_is_told(
    stage: &Stage,
    narrator: &mut Narrator,
    broken_at: Now,
    facts: &mut Facts,
) -> Result<Told, Missed> {
    let is_ours =
        |incident: &IncidentView| incident.state != IncidentState::Resolved && broken_at.wall <= incident.opened_at;
    let incident = incident_when(stage, "an incident", is_ours).await?;
    narrator.moment(Moment::new("incident raised").say(incident.id.clone()).say(incident.title.clone()));
    let is_page = |letter: &Received| {
        letter.action == "trigger" && letter.body["payload"]["custom_details"]["incident"] == incident.id.as_str()
    };
    let page = letter_when(stage, "a page about it", is_page).await?;
    facts.page_delivered = true;
    let took = Duration::try_from(page.at.duration_since(broken_at.wall)).unwrap_or_default();
    narrator.moment(
        pages(Moment::new("page delivered"), stage)
            .number("afterMs", ms(took))
            .say(format!("{:.1} s after the CRM broke", took.as_secs_f64())),
    );
    Ok(Told { incident: incident.id, dedup_key: page.dedup_key })
}

async fn callers_are_served_without(stage: &Stage, narrator: &mut Narrator, broken_at: Now) -> Result<(), Missed> {
    let before = Reading::of(stage);
    let are_served = |reading: &Reading| {
        before.callers.data_action_failed + DEGRADED_CALLS <= reading.callers.data_action_failed
            && OF_EACH_KIND <= reading.kept
            && OF_EACH_KIND <= reading.fallback
    };
    let reading = reading_when(stage, "callers served without the CRM", CALLERS_WITHIN, are_served).await?;
    let calls = Calls::since(&stage.twin.calls(), broken_at.wall);
    narrator.moment(without_crm(Moment::new("served without CRM"), &reading, calls));
    Ok(())
}

async fn the_crm_refuses(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    let (before, asked_before, at) = (Reading::of(stage), stage.crm.requests().lookups, stage.clock.now());
    stage.crm.set_mode(Mode::Unavailable(None));
    narrator.moment(Moment::new("CRM answers 503").say("it is there again, and refuses every look-up"));
    let are_served = |reading: &Reading| {
        before.callers.data_action_failed + DEGRADED_CALLS <= reading.callers.data_action_failed
            && asked_before + PROBES_REFUSED <= stage.crm.requests().lookups
    };
    let reading = reading_when(stage, "callers served while the CRM refuses", CALLERS_WITHIN, are_served).await?;
    let calls = Calls::since(&stage.twin.calls(), at.wall);
    narrator.moment(without_crm(Moment::new("still served"), &reading, calls));
    Ok(())
}

async fn nobody_calls(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    stage.twin.stop_callers();
    narrator.moment(Moment::new("callers stop").say("those on the line finish"));
    let is_quiet = |reading: &Reading| reading.callers.in_flow == 0 && reading.slots_held == 0;
    let reading = reading_when(stage, "the end of the last call", CALLERS_WITHIN, is_quiet).await?;
    narrator.moment(so_far(Moment::new("nobody calls"), &reading));
    Ok(())
}

async fn probes_find_out(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    let (before, back_at) = (Reading::of(stage), stage.clock.now());
    stage.crm.set_mode(Mode::Healthy(CRM_LATENCY));
    narrator.moment(Moment::new("CRM is back").say("only a probe can notice"));
    let closed = turn_when(stage, "a closed circuit", |turns| turns.closed.as_ref(), back_at).await?;
    let reading = Reading::of(stage);
    let nobody_called = reading.callers.offered == before.callers.offered
        && reading.callers.in_flow == 0
        && reading.look_ups() == before.look_ups();
    facts.closed_by_probe_alone = nobody_called && matches!(closed.cause, Cause::Recovered { .. });
    let took = closed.at.mono.since(back_at.mono);
    narrator.moment(
        Moment::new("circuit closed")
            .number("afterMs", ms(took))
            .number("probes", reading.probes.saturating_sub(before.probes))
            .number("callsRunning", reading.callers.in_flow)
            .say(format!("after {:.1} s", took.as_secs_f64()))
            .say(closed.cause.to_string())
            .say(count(reading.callers.in_flow, "call running", "calls running")),
    );
    Ok(())
}

async fn everybody_is_told_the_end(
    stage: &Stage,
    narrator: &mut Narrator,
    told: &Told,
    facts: &mut Facts,
) -> Result<(), Missed> {
    let is_over = |now: &IncidentView| now.id == told.incident && now.state == IncidentState::Resolved;
    let over = incident_when(stage, "the incident's end", is_over).await?;
    facts.incident_resolved = true;
    let lasted = over.resolved_at.unwrap_or(over.opened_at).duration_since(over.opened_at);
    let lasted = Duration::try_from(lasted).unwrap_or_default();
    narrator.moment(
        Moment::new("incident resolved")
            .number("lastedMs", ms(lasted))
            .say(over.id.clone())
            .say(format!("it lasted {:.1} s", lasted.as_secs_f64())),
    );
    let is_resolve = |letter: &Received| letter.action == "resolve" && letter.dedup_key == told.dedup_key;
    letter_when(stage, "the page about its end", is_resolve).await?;
    facts.resolve_delivered = true;
    narrator.moment(pages(Moment::new("resolve delivered"), stage));
    Ok(())
}

async fn callers_come_back(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    let before = Reading::of(stage);
    let_callers_in(stage);
    narrator.moment(Moment::new("callers come back"));
    let are_live = |reading: &Reading| before.live + RECOVERED_CALLS <= reading.live;
    reading_when(stage, "live answers", CALLERS_WITHIN, are_live).await?;
    stage.twin.stop_callers();
    let is_quiet = |reading: &Reading| reading.callers.in_flow == 0;
    let reading = reading_when(stage, "the end of the last call", CALLERS_WITHIN, is_quiet).await?;
    let live = reading.live.saturating_sub(before.live);
    narrator.moment(
        so_far(Moment::new("served live"), &reading)
            .number("live", live)
            .say(format!("{live} by the CRM since it is back")),
    );
    Ok(())
}

fn let_callers_in(stage: &Stage) {
    stage.twin.start_callers(RATE).expect("the rate is a constant within bounds");
}

/// The numbers that every pause of the story has.
fn so_far(moment: Moment, reading: &Reading) -> Moment {
    let Reading { callers, dead_air_s, slots_held, slots_peak, slots, probes, .. } = *reading;
    numbers(moment, reading)
        .say(count(callers.offered, "call", "calls"))
        .say(format!("{} lost", callers.lost))
        .say(format!("dead air {dead_air_s:.1} s in all"))
        .say(format!("slots {slots_held}, peak {slots_peak} of {slots}"))
        .say(count(probes, "probe", "probes"))
}

/// The same, and what callers get while the CRM is out.
fn without_crm(moment: Moment, reading: &Reading, calls: Calls) -> Moment {
    let Reading { callers, kept, fallback, slots_held, slots_peak, probes, .. } = *reading;
    let Calls { silence_longest, vips, vips_kept } = calls;
    numbers(moment, reading)
        .number("kept", kept)
        .number("fallback", fallback)
        .number("vips", vips)
        .number("vipsToVipQueue", vips_kept)
        .number("longestSilenceMs", ms(silence_longest))
        .say(count(callers.offered, "call", "calls"))
        .say(format!("{} lost", callers.lost))
        .say(format!("{kept} kept answers, {fallback} fallbacks"))
        .say(format!("{vips_kept} of {vips} VIPs still VIPs"))
        .say(format!("longest silence {:.1} s", silence_longest.as_secs_f64()))
        .say(format!("slots {slots_held}, peak {slots_peak}"))
        .say(count(probes, "probe", "probes"))
}

fn numbers(moment: Moment, reading: &Reading) -> Moment {
    moment
        .number("calls", reading.callers.offered)
        .number("callersLost", reading.callers.lost)
        .number("deadAirSeconds", tenths(reading.dead_air_s))
        .number("slotsHeld", reading.slots_held)
        .number("slotsPeak", reading.slots_peak)
        .number("slots", reading.slots)
        .number("probes", reading.probes)
}

/// What the receiver has taken.
fn pages(moment: Moment, stage: &Stage) -> Moment {
    let pages = *stage.inbox.taken().borrow();
    moment.number("pages", pages).say(count(pages, "page at the receiver", "pages at the receiver"))
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
