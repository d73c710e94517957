//! The story `bad-release`: a release raises errors and is gone back from, with proof; then twice it is not, with reasons.
//!
//! A pipeline publishes; nobody tells the guard. Version 12 reads account numbers as if they were digits alone, and every
//! important customer ends in the queue for everybody: no caller is lost, nothing is down, and only the flow's own errors
//! tell.

use std::time::Duration;

use api::{ReleaseView, RollbackList};
use genesys::budget::Purpose;
use genesys::flows::{self, Published};
use testkit::inbox::Received;
use twin::{Fault, FaultKind, FaultTarget, Mode, Service};

use super::ending::{Facts, Missed};
use super::moment::{Moment, count, tenths};
use super::narrator::Narrator;
use super::reading::Reading;
use super::stage::Stage;
use super::waits::{letter_when, reading_when};

/// Callers a second.
const RATE: f64 = 12.0;
/// How fast the CRM answers.
const CRM_LATENCY: Duration = Duration::from_millis(80);
/// The release that raises errors.
const VERSION_12: &str = include_str!("../../../../../examples/flows/main-ivr-12.yaml");
/// The version that is good.
const GOOD: &str = "11.0";
/// Longer than the rest of the story.
const AWAY: Duration = Duration::from_secs(3_600);

/// How long callers may take for their part.
const CALLERS_WITHIN: Duration = Duration::from_secs(180);
/// How long it may take until enough is known of the flow's past.
const ARMED_WITHIN: Duration = Duration::from_secs(1_200);
/// How long a publish may take.
const PUBLISH_WITHIN: Duration = Duration::from_secs(60);
/// How long the guard may take to make up its mind, and how long for the proof.
const GUARD_WITHIN: Duration = Duration::from_secs(900);

/// Plays it; what happened is in `facts`, also when it ended early.
pub(super) async fn play(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    narrator.begin();
    all_is_well(stage, narrator).await?;
    it_goes_back(stage, narrator, facts).await?;
    locked_out(stage, narrator, facts).await?;
    in_the_dark(stage, narrator, facts).await?;
    stage.twin.stop_callers();
    let is_quiet = |reading: &Reading| reading.callers.in_flow == 0;
    let reading = reading_when(stage, "the end of the last call", CALLERS_WITHIN, is_quiet).await?;
    let calls = count(reading.callers.offered, "call", "calls");
    narrator.moment(Moment::new("callers stop").say(calls).say(format!("{} lost", reading.callers.lost)));
    Ok(())
}

async fn all_is_well(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    stage.crm.set_mode(Mode::Healthy(CRM_LATENCY));
    stage.twin.start_callers(RATE).expect("the rate is a constant within bounds");
    narrator.moment(
        Moment::new("callers come in")
            .number("callersPerSecond", RATE)
            .say(format!("{RATE} a second, some of them VIPs; they get version {GOOD}")),
    );
    let is_armed =
        |list: &RollbackList| list.flows.iter().any(|flow| flow.armed.as_ref().is_some_and(|it| it.is_armed));
    let list = list_when(stage, "a past without false alarms", ARMED_WITHIN, is_armed).await?;
    let flow = list.flows.first().cloned().unwrap_or_default();
    let tried = flow.armed.map_or(0, |armed| armed.tried);
    narrator.moment(
        Moment::new("guard armed")
            .number("historyMinutes", flow.history_minutes)
            .number("normalPercent", flow.normal_percent)
            .say(format!(
                "{} minutes of its past: {:.2} % fail",
                flow.history_minutes,
                flow.normal_percent.unwrap_or(0.0)
            ))
            .say(format!("{tried} of them taken for releases, and no false alarm")),
    );
    Ok(())
}

async fn it_goes_back(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    publish_bad(stage, narrator, "12.0").await?;
    let began = stage.clock.mono();
    let is_suspect = |release: &ReleaseView| release.state != "WATCHING";
    let release = release_when(stage, "a suspect release", "12.0", is_suspect).await?;
    narrator.moment(odds(Moment::new("release suspect"), &release).say(release.why.clone()));
    let release = release_when(stage, "a rollback", "12.0", |release| release.target.is_some()).await?;
    let live = live(stage).await;
    facts.went_back = live.as_deref() == Some(GOOD);
    let took = tenths(stage.clock.mono().since(began).as_secs_f64());
    narrator.moment(
        odds(Moment::new("went back"), &release)
            .number("afterSeconds", took)
            .number("version", live.clone())
            .say(format!("{took} s after the publish callers get {} again", live.unwrap_or_default()))
            .say(release.why.clone()),
    );
    let is_alert = |letter: &Received| {
        let details = &letter.body["payload"]["custom_details"];
        details["incident_type"] == "AUTO_ROLLBACK_TRIGGERED" && details["action_taken"] == "SWITCHED_TO_VERSION_11"
    };
    let alert = letter_when(stage, "the alert of the rollback", is_alert).await?;
    facts.alerted = true;
    let details = &alert.body["payload"]["custom_details"];
    narrator.moment(
        Moment::new("alert delivered")
            .number("errorRate", details["error_rate_breach"].clone())
            .number("threshold", details["threshold_breach"].clone())
            .say(alert.summary.clone()),
    );
    let release = release_when(stage, "a proved recovery", "12.0", |release| !release.is_open).await?;
    facts.proved = release.state == "RECOVERED";
    narrator.moment(
        Moment::new("recovery proved")
            .number("recoveryOdds", release.recovery_odds)
            .say(release.state.clone())
            .say(release.story.last().map_or_else(String::new, |line| line.what.clone())),
    );
    Ok(())
}

async fn locked_out(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    publish_bad(stage, narrator, "13.0").await?;
    let release = release_when(stage, "people who are asked", "13.0", |release| release.state == "ASKED").await?;
    let is_page = |letter: &Received| letter.action == "trigger" && letter.summary.contains("A release needs you");
    let page = letter_when(stage, "a page that people are needed", is_page).await?;
    let live = live(stage).await;
    facts.locked_out = live.as_deref() == Some("13.0");
    narrator.moment(
        odds(Moment::new("locked out"), &release)
            .number("version", live)
            .say(page.summary)
            .say("callers get 13.0 still"),
    );
    publish_good(stage, narrator).await?;
    let release = release_when(stage, "the end of 13.0", "13.0", |release| release.state == "OVERTAKEN").await?;
    narrator
        .moment(Moment::new("people did it").say(release.story.last().map_or_else(String::new, |it| it.what.clone())));
    Ok(())
}

async fn in_the_dark(stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    let away = Fault { target: FaultTarget::Service(Service::Analytics), kind: FaultKind::Failure(503), ttl: AWAY };
    let is_away = stage.twin.inject(away);
    narrator.moment(
        Moment::new("analytics away")
            .number("injected", is_away)
            .say("the platform does not tell what becomes of callers"),
    );
    publish_bad(stage, narrator, "14.0").await?;
    let release =
        release_when(stage, "a guard that says it is blind", "14.0", |release| release.state == "BLIND").await?;
    let is_page = |letter: &Received| letter.action == "trigger" && letter.summary.contains("A release is not seen");
    let page = letter_when(stage, "a page that nothing is seen", is_page).await?;
    let live = live(stage).await;
    facts.left_alone = live.as_deref() == Some("14.0") && release.target.is_none();
    narrator
        .moment(Moment::new("nothing is done").number("version", live).say(page.summary).say("callers get 14.0 still"));
    publish_good(stage, narrator).await?;
    stage.twin.mend();
    narrator.moment(Moment::new("analytics back"));
    Ok(())
}

/// A pipeline publishes the release that raises errors once more, under the next number.
async fn publish_bad(stage: &Stage, narrator: &mut Narrator, version: &'static str) -> Result<(), Missed> {
    let saved = stage.twin.save_flow(VERSION_12).expect("the example is a flow that can be run");
    let saved = saved.expect("the flow was there when the stage was set");
    let is_live = publish(stage, &saved.id, &saved.version).await;
    if !is_live || saved.version != version {
        return Err(Missed { what: "a published release", within: PUBLISH_WITHIN });
    }
    let what = format!("a pipeline publishes {version}; it raises errors, and nobody has told the guard");
    narrator.moment(Moment::new("release published").number("version", version).say(what));
    Ok(())
}

async fn publish_good(stage: &Stage, narrator: &mut Narrator) -> Result<(), Missed> {
    let flow = flow_id(stage).unwrap_or_default();
    if !publish(stage, &flow, GOOD).await {
        return Err(Missed { what: "the version before", within: PUBLISH_WITHIN });
    }
    narrator.moment(
        Moment::new("people go back").number("version", GOOD).say(format!("somebody publishes {GOOD} by hand")),
    );
    Ok(())
}

async fn publish(stage: &Stage, flow: &str, version: &str) -> bool {
    let Some(client) = &stage.pipeline else { return false };
    let published = flows::publish(client, flow, version, Purpose::Ordinary, PUBLISH_WITHIN).await;
    published == Ok(Published::Live)
}

fn flow_id(stage: &Stage) -> Option<String> {
    let list = stage.releases.as_ref()?.guard().list();
    list.flows.first().map(|flow| flow.id.clone())
}

/// The version that callers get, as the platform says itself.
async fn live(stage: &Stage) -> Option<String> {
    let flow = flows::one(stage.pipeline.as_ref()?, &flow_id(stage)?).await.ok()?;
    flow.published_version.map(|version| version.id)
}

async fn release_when(
    stage: &Stage,
    what: &'static str,
    version: &str,
    is_meant: impl Fn(&ReleaseView) -> bool,
) -> Result<ReleaseView, Missed> {
    let find = |list: &RollbackList| {
        list.releases.iter().find(|release| release.version == version && is_meant(release)).cloned()
    };
    let list = list_when(stage, what, GUARD_WITHIN, |list| find(list).is_some()).await?;
    find(&list).ok_or(Missed { what, within: GUARD_WITHIN })
}

/// What the guard shows, once it is as `is_meant` wants it.
async fn list_when(
    stage: &Stage,
    what: &'static str,
    within: Duration,
    is_meant: impl Fn(&RollbackList) -> bool,
) -> Result<RollbackList, Missed> {
    let missed = Missed { what, within };
    let guard = stage.releases.as_ref().ok_or(missed)?.guard();
    let mut changes = guard.changes();
    let found = async {
        loop {
            let list = guard.list();
            if is_meant(&list) {
                return Some(list);
            }
            changes.changed().await.ok()?;
        }
    };
    stage.clock.timeout(within, found).await.flatten().ok_or(missed)
}

fn odds(moment: Moment, release: &ReleaseView) -> Moment {
    moment.number("odds", release.odds).number("oddsNeeded", release.odds_needed)
}
