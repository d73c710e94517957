//! What must hold whatever fails. Each promise is a function of what was seen, and says how it was broken.

pub(super) mod detection;
pub(super) mod locks;
pub(super) mod maintenance;
pub(super) mod shock;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::ReleaseView;
use base::Mono;
use engine::rollback::LOCKOUT;
use jiff::Timestamp;
use rollback::act::Locked;
use store::{Incident, IncidentState};

use super::house::Window;
use crate::centre::Taken;
use crate::centre::shock::Shock;
use crate::centre::traffic::{Habit, Ill};

/// A version, since when callers got it, and whether by us.
type Live = (String, Timestamp, bool);

/// A rollback, as it was kept.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub(super) cause: String,
    pub(super) flow: String,
    pub(super) bad: String,
    /// When it was first seen.
    pub(super) begun: Mono,
    /// The same by the wall.
    pub(super) begun_at: Timestamp,
    /// When it says that it has begun, by the clock of a controller.
    pub(super) begun_by: String,
    pub(super) ended: Option<Mono>,
    pub(super) outcome: Option<String>,
    /// It has published something, or may have.
    pub(super) has_published: bool,
}

/// A bad release that is live and is to be gone back from.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) flow: String,
    pub(super) version: String,
    pub(super) since: Timestamp,
}

/// What was seen of an episode.
pub(super) struct Evidence {
    pub(super) carried: Vec<Carried>,
    pub(super) approved: BTreeSet<String>,
    pub(super) taken: Vec<Taken>,
    pub(super) histories: BTreeMap<String, Vec<Live>>,
    pub(super) habits: BTreeMap<String, Habit>,
    pub(super) ills: BTreeMap<(String, String), Ill>,
    pub(super) releases: Vec<ReleaseView>,
    /// What somebody was woken for, and when.
    pub(super) pages: Vec<(String, Timestamp)>,
    /// What is done about the locks of others.
    pub(super) locked: Locked,
    /// Locks that were taken away: of which flow, from whom, and when.
    pub(super) unlocked: Vec<(String, String, Mono)>,
    /// When callers of all flows failed.
    pub(super) shocks: Vec<Shock>,
    /// When flows were maintained.
    pub(super) windows: Vec<Window>,
    pub(super) incidents: Vec<Incident>,
}

impl Carried {
    /// Whether it went on at an instant.
    fn is_open_at(&self, at: Mono) -> bool {
        self.begun <= at + SEEN_WITHIN && self.ended.is_none_or(|ended| at <= ended)
    }

    /// Whether a person wished it.
    fn is_wished(&self, approved: &BTreeSet<String>) -> bool {
        self.cause.ends_with("-ann") || approved.contains(&self.cause)
    }
}

/// S1: what is kept is one rollback at a time; none begins before the last one has ended, and none that has ended goes on.
/// What is new about it, in words.
pub(super) fn carried(
    known: &mut Vec<Carried>,
    kept: &str,
    now: Timestamp,
    mono: Mono,
) -> Result<Option<String>, String> {
    let kept: serde_json::Value = serde_json::from_str(kept).map_err(|error| error.to_string())?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let (begun_by, is_over) = (text(&kept["begun"]), !kept["ended"].is_null());
    let outcome = is_over.then(|| text(&kept["step"]["outcome"]["how"]));
    let is_last = known.last().is_some_and(|last| last.begun_by == begun_by);
    if !is_last {
        if let Some(last) = known.last().filter(|last| last.ended.is_none()) {
            return Err(format!("{} begins while {} goes on", text(&kept["cause"]), last.cause));
        }
        if known.iter().any(|it| it.begun_by == begun_by) {
            return Err(format!("{} of {begun_by} is kept once more", text(&kept["cause"])));
        }
        let (cause, flow) = (text(&kept["cause"]), text(&kept["plan"]["flow"]));
        let bad = text(&kept["plan"]["bad"]);
        let (ended, begun) = (None, mono);
        known.push(Carried {
            cause,
            flow,
            bad,
            begun,
            begun_at: now,
            begun_by,
            ended,
            outcome: None,
            has_published: false,
        });
    }
    let Some(last) = known.last_mut() else { return Ok(None) };
    last.has_published = kept["publishes"].as_u64().is_some_and(|publishes| publishes > 0);
    if last.ended.is_some() && !is_over {
        return Err(format!("{} had ended and goes on", last.cause));
    }
    let has_ended = is_over && last.ended.is_none();
    if has_ended {
        (last.ended, last.outcome) = (Some(mono), outcome);
    }
    let what = || format!("rollback {} from {} of {}: {:?}", last.cause, last.bad, last.flow, last.outcome);
    Ok((!is_last || has_ended).then(what))
}

/// S1: nothing is published by us but while a rollback of that flow is open, and under the flow's lock.
pub(super) fn nothing_is_published_outside_of_a_rollback(seen: &Evidence) -> Result<(), String> {
    for taken in &seen.taken {
        if rollback_of(seen, taken).is_none() {
            return Err(format!("{taken:?} outside of a rollback"));
        }
        if !taken.is_locked {
            return Err(format!("{taken:?} without the lock"));
        }
    }
    Ok(())
}

/// The rollback that a publish of ours belongs to. It was kept before, and is seen a moment later.
fn rollback_of<'a>(seen: &'a Evidence, taken: &Taken) -> Option<&'a Carried> {
    let mut open = seen.carried.iter().filter(|it| it.is_open_at(taken.at));
    open.find(|it| it.flow == taken.flow && it.bad == taken.instead_of.0)
}

/// What is kept is looked at so often.
const SEEN_WITHIN: Duration = Duration::from_secs(4);

/// S2: the watch goes back from a release once at most.
pub(super) fn none_is_gone_back_from_twice(carried: &[Carried], approved: &BTreeSet<String>) -> Result<(), String> {
    for (place, it) in carried.iter().enumerate().filter(|(_, it)| !it.is_wished(approved)) {
        if carried[..place].iter().any(|earlier| earlier.cause == it.cause) {
            return Err(format!("{} is gone back from once more", it.cause));
        }
    }
    Ok(())
}

/// S3: nothing is published by the watch unless it was told of errors enough, and of more than are normal.
pub(super) fn nothing_is_published_on_what_is_not_known(seen: &Evidence) -> Result<(), String> {
    for taken in &seen.taken {
        let wished = rollback_of(seen, taken).is_some_and(|it| it.is_wished(&seen.approved));
        let (errors, all) = taken.told;
        let is_known = 3 <= errors && seen.habits[&taken.flow].share * (all as f64) < errors as f64;
        if !wished && !is_known {
            return Err(format!("{taken:?}"));
        }
    }
    Ok(())
}

/// S4: what a person published is replaced only when that very publish was found to be bad, or a person asked for it.
pub(super) fn nobody_is_overruled(seen: &Evidence) -> Result<(), String> {
    for taken in &seen.taken {
        let Some(carried) = rollback_of(seen, taken) else { continue };
        if carried.cause.ends_with("-ann") {
            continue;
        }
        let release = seen.releases.iter().find(|it| it.id == carried.cause);
        let Some(release) = release else { return Err(format!("{taken:?}: there is no release {}", carried.cause)) };
        let is_it = (&release.version, release.published_at) == (&taken.instead_of.0, taken.instead_of.1);
        let is_bad = release.story.iter().any(|line| line.what.contains("is bad: "));
        if !is_it || !(is_bad || seen.approved.contains(&release.id)) {
            return Err(format!("{taken:?} for {} of {}: {:?}", release.id, release.published_at, release.story));
        }
    }
    Ok(())
}

/// S5: none begins within the lockout after one that has published anything; clocks may differ by so much.
pub(super) fn none_within_the_lockout(carried: &[Carried], skew: Duration) -> Result<(), String> {
    for pair in carried.windows(2) {
        let [last, next] = pair else { continue };
        let Some(ended) = last.ended.filter(|_| last.has_published) else { continue };
        if next.begun.since(ended) + skew < LOCKOUT {
            return Err(format!("{} {:?} after {}", next.cause, next.begun.since(ended), last.cause));
        }
    }
    Ok(())
}

/// S6: every rollback that began has ended, so has its release or it is in people's hands, and people were told.
pub(super) fn every_rollback_has_an_end(seen: &Evidence) -> Result<(), String> {
    const ENDS: [&str; 6] = ["RECOVERED", "NOT_HELPED", "UNSEEN", "OVERTAKEN", "ASKED", "HANDED_OVER"];
    for carried in &seen.carried {
        if carried.outcome.is_none() {
            return Err(format!("{carried:?} goes on"));
        }
        if carried.cause.ends_with("-ann") {
            continue;
        }
        let release = seen.releases.iter().find(|it| it.id == carried.cause);
        let Some(release) = release else { return Err(format!("{carried:?}: there is no such release")) };
        if !ENDS.contains(&release.state.as_str()) {
            return Err(format!("{} is {}: {:?}", release.id, release.state, release.story));
        }
        let keys = ["suspect", "went-back", "stuck"].map(|kind| format!("{kind}/{}", carried.flow));
        let is_told = |(key, at): &(String, Timestamp)| keys.contains(key) && release.published_at <= *at;
        if !seen.pages.iter().any(is_told) {
            return Err(format!("nobody was told of {}", release.id));
        }
        if carried.outcome.as_deref() == Some("live") && release.target.is_none() {
            return Err(format!("{} was gone back from and does not know it: {:?}", release.id, release.story));
        }
    }
    Ok(())
}

/// S7: an incident that is open has a release that is open and not well, or one that people must see to, and whoever is
/// asked has an incident.
pub(super) fn every_incident_is_over_when_its_cause_is(seen: &Evidence) -> Result<(), String> {
    let open: Vec<_> = seen.incidents.iter().filter(|it| it.state != IncidentState::Resolved).collect();
    for incident in &open {
        let Some((kind, flow)) = incident.key.split_once('/') else {
            return Err(format!("{} is open: {}", incident.key, incident.title));
        };
        let is_by_hand = kind == "stuck" && has_failed_by_hand(seen, flow);
        if !is_by_hand && !seen.releases.iter().filter(|it| it.flow == flow).any(|it| justifies(seen, it, kind)) {
            return Err(format!("{} is open for nothing: {}", incident.key, incident.title));
        }
    }
    for release in seen.releases.iter().filter(|it| justifies(seen, it, "stuck") && it.state != "ROLLING_BACK") {
        if !open.iter().any(|it| it.key == format!("stuck/{}", release.flow)) {
            return Err(format!("{} is {} and nobody is asked: {:?}", release.id, release.state, release.story));
        }
    }
    Ok(())
}

/// Whether what somebody wished last came to nothing, and nobody has published since.
fn has_failed_by_hand(seen: &Evidence, flow: &str) -> bool {
    let mut wished = seen.carried.iter().filter(|it| it.flow == flow && it.cause.ends_with("-ann"));
    wished.next_back().is_some_and(|last| {
        let is_done = matches!(last.outcome.as_deref(), Some("live" | "overtaken"));
        !is_done && !seen.histories[flow].iter().any(|(_, at, _)| last.begun_at < *at)
    })
}

fn justifies(seen: &Evidence, release: &ReleaseView, kind: &str) -> bool {
    let state = release.state.as_str();
    let is_left =
        matches!(state, "HANDED_OVER" | "NOT_HELPED" | "UNSEEN") && !release.is_open && is_last_word(seen, release);
    match kind {
        "suspect" | "unseen" if is_left && state == "HANDED_OVER" => true,
        "suspect" => release.is_open && !matches!(state, "WATCHING"),
        "went-back" => state == "VERIFYING",
        "stuck" => is_left || (release.is_open && matches!(state, "ASKED" | "HANDED_OVER" | "ROLLING_BACK")),
        "unseen" => state == "BLIND",
        _ => false,
    }
}

/// Whether nobody but us has published since.
fn is_last_word(seen: &Evidence, release: &ReleaseView) -> bool {
    let later = |(_, at, is_ours): &Live| release.published_at < *at && !*is_ours;
    !seen.histories[&release.flow].iter().any(later)
}

/// S7: of every rollback of a release that came out somebody was told.
pub(super) fn every_rollback_that_came_out_was_told(seen: &Evidence) -> Result<(), String> {
    for (place, carried) in seen.carried.iter().enumerate() {
        if carried.outcome.as_deref() != Some("live") || carried.cause.ends_with("-ann") {
            continue;
        }
        let until = seen.carried[place + 1..].iter().find(|it| it.flow == carried.flow).map(|it| it.begun_at);
        let key = format!("went-back/{}", carried.flow);
        let is_it = |(subject, at): &(String, Timestamp)| {
            *subject == key && carried.begun_at <= *at + SEEN_WITHIN && until.is_none_or(|until| *at < until)
        };
        if !seen.pages.iter().any(is_it) {
            return Err(format!("nobody was told that {} came out", carried.cause));
        }
    }
    Ok(())
}

/// S9: good releases that were gone back from by the watch.
pub(super) fn good_that_were_gone_back_from(seen: &Evidence) -> Vec<String> {
    let by_watch = seen.carried.iter().filter(|it| !it.is_wished(&seen.approved));
    by_watch
        .filter(|it| !seen.ills.contains_key(&(it.flow.clone(), it.bad.clone())))
        .map(|it| it.cause.clone())
        .collect()
}

/// Good releases.
pub(super) fn good(seen: &Evidence) -> u64 {
    let is_good = |it: &&ReleaseView| !seen.ills.contains_key(&(it.flow.clone(), it.version.clone()));
    seen.releases.iter().filter(is_good).count() as u64
}

/// Whether a version was found to be bad.
pub(super) fn is_found(flow: &str, version: &str, releases: &[ReleaseView]) -> bool {
    let mut of_it = releases.iter().filter(|it| it.flow == flow && it.version == version);
    of_it.any(|it| it.story.iter().any(|line| line.what.contains("is bad: ")))
}

/// Whether a release is watched for long enough to be found out, and nobody was asked about it.
pub(super) fn may_be_cured(bad: &Expected, within: Duration, releases: &[ReleaseView]) -> bool {
    let release = releases.iter().find(|it| is_it(bad, it));
    release.is_none_or(|it| {
        it.is_open && u64::from(it.minute) * 60 + within.as_secs() < u64::from(it.length) * 60 && it.mode == "automatic"
    })
}

/// S10: once trouble is over a bad release is gone back from within [`detection::found_within`], or people were told why not.
pub(super) fn is_cured_or_in_hands(bad: &Expected, is_live: bool, releases: &[ReleaseView]) -> Result<(), String> {
    if !is_live {
        return Ok(());
    }
    let release = releases.iter().find(|it| is_it(bad, it));
    let Some(release) = release else { return Err(format!("{bad:?} is not watched")) };
    let is_not_armed = release.story.iter().any(|line| line.what.contains("has false alarms"));
    if is_not_armed || !["ASKED", "HANDED_OVER"].contains(&release.state.as_str()) {
        return Err(format!("{} is {}: {:?}", release.id, release.state, release.story));
    }
    Ok(())
}

fn is_it(bad: &Expected, release: &ReleaseView) -> bool {
    (&release.flow, &release.version, release.published_at) == (&bad.flow, &bad.version, bad.since)
}
