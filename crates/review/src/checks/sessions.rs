//! Do sessions end with their calls?
//!
//! - What leaks grows: sessions beyond those that go with the calls of the moment become more from the beginning of the
//!   window to its end. The medians of its first and last third are compared, so that a busy moment is no leak. Growth that
//!   is gone once calls were ended that had been left open was theirs.
//! - What outlives its call is a call that is open for longer than any lasts. Where it has been ended, and the platform says
//!   so itself, nothing is in the way of the launch; why it was left open has still to be found.

use std::time::Duration;

use crate::catalogue::Check;
use crate::facts::{Facts, Fate, Gap, Left, LeftCall, SessionSample};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::{Plan, Sessions as Asked};
use crate::words::{count, some, time};

/// A call has a session for each of its two sides.
const SESSIONS_PER_CALL: u64 = 2;
/// Fewer samples say nothing.
const SAMPLES_MIN: usize = 9;
/// So many sessions more are no leak yet ...
const GROWN_MIN: u64 = 10;
/// ... nor is this share more of those that there were, in per cent.
const GROWN_PERCENT: u64 = 10;
/// Calls that are shown one by one.
const ROWS_MAX: usize = 50;

const LEFT_OPEN: &str = "calls that were left open";
const FIND_THE_CAUSE: &str = "Find the integration that does not end its sessions.";

pub(crate) struct Sessions;

impl Check for Sessions {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let Some(asked) = &plan.sessions else {
            return Judged::skipped("the plan gives no time to watch sessions for");
        };
        let mut judged = Judged::default();
        watched(asked, facts, &mut judged);
        match &facts.left {
            Ok(Some(left)) => left_open(asked, left, &mut judged),
            // Plans could not ask for this before anybody looked.
            Ok(None) if asked.ends => judged.gap(LEFT_OPEN, &Gap::unasked()),
            Ok(None) => {
                let fix = "Review again, with a version that looks for calls that were left open.";
                judged.add(Weight::Info, "sessions", "Nobody has looked for calls that were left open.", fix);
            }
            Err(gap) => judged.gap(LEFT_OPEN, gap),
        }
        judged
    }
}

fn watched(asked: &Asked, facts: &Facts, judged: &mut Judged) {
    let samples = match &facts.sessions {
        Ok(samples) => samples,
        Err(gap) => return judged.gap("sessions", gap),
    };
    judged.summary = format!("{} in {}", count(samples.len(), "sample"), time(asked.window));
    if samples.len() < SAMPLES_MIN {
        let fix = "Watch for longer: `sessions` in the plan.";
        return judged.add(Weight::Unknown, "sessions", "There are too few samples to see a leak in.", fix);
    }
    let third = samples.len() / 3;
    let (before, after) = (median(&samples[..third]), median(&samples[samples.len() - third..]));
    let put_up_with = before + GROWN_MIN.max(before * GROWN_PERCENT / 100);
    let what = format!("Sessions that belong to no call have grown from {before} to {after}");
    match ended_to(facts) {
        _ if after <= put_up_with => {}
        Some(now) if now <= put_up_with => {
            let what = format!("{what}; since calls were ended that had been left open there are {now}.");
            judged.warns("sessions", what, FIND_THE_CAUSE);
        }
        Some(_) | None => {
            let fix = "Find the integration that does not end its sessions, and end those that are left.";
            judged.blocks("sessions", format!("{what}."), fix);
        }
    }
    let bars = samples.iter().map(|sample| (time(sample.at), beyond(sample) as f64)).collect();
    judged.exhibits.push(Exhibit::Bars {
        title: "Sessions beyond those of calls".to_owned(),
        unit: "sessions",
        bars,
        limit: Some(put_up_with as f64),
    });
}

/// Sessions beyond those of calls after calls were ended; `None` when none were, or some of them are left.
fn ended_to(facts: &Facts) -> Option<u64> {
    let left = facts.left.as_ref().ok()?.as_ref().filter(|left| left.residue == Ok(0))?;
    left.after.as_ref().map(beyond)
}

fn left_open(asked: &Asked, left: &Left, judged: &mut Judged) {
    let number = left.calls.len() as u64 + left.more;
    let (calls, longest) = (count(usize::try_from(number).unwrap_or(usize::MAX), "call"), time(asked.longest));
    let found = if number == 0 { "no call left open".to_owned() } else { format!("{calls} left open") };
    let watched = std::mem::take(&mut judged.summary);
    judged.summary = if watched.is_empty() { found } else { format!("{watched}, {found}") };
    let Some(oldest) = left.calls.first() else { return };
    let since = format!("the first since {}", oldest.since);
    match &left.residue {
        Err(gap) => judged.gap(LEFT_OPEN, gap),
        Ok(_) if !asked.ends => {
            let fix = format!("{FIND_THE_CAUSE} `end: true` under `sessions` in the plan ends what is left.");
            judged.blocks(LEFT_OPEN, format!("Open for longer than {longest}: {calls}, {since}."), fix);
        }
        Ok(0) => {
            let what = format!("Ended: {calls} that had been left open, {since}; none is open any more.");
            judged.warns(LEFT_OPEN, what, FIND_THE_CAUSE);
        }
        Ok(residue) => {
            let why = some(&refusals(&left.calls));
            let because = if why.is_empty() { String::new() } else { format!(": {why}") };
            let what = format!("Still open: {residue} of {calls} that had been left open, {since}{because}.");
            judged.blocks(
                LEFT_OPEN,
                what,
                "Look at why they cannot be ended; the next review of the plan tries again.",
            );
        }
    }
    judged.exhibits.push(table(left));
}

/// Why calls could not be ended, each reason once.
fn refusals(calls: &[LeftCall]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for call in calls {
        if let Fate::Refused(why) = &call.fate
            && !reasons.contains(why)
        {
            reasons.push(why.clone());
        }
    }
    reasons
}

fn table(left: &Left) -> Exhibit {
    let unsaid = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |call: &LeftCall| {
        let fate = match &call.fate {
            Fate::Open => "open".to_owned(),
            Fate::Ended => "ended".to_owned(),
            Fate::Refused(why) => format!("not ended: {why}"),
        };
        let (open_for, medium, queue) = (time(call.open_for), unsaid(&call.medium), unsaid(&call.queue));
        vec![call.id.clone(), call.since.clone(), open_for, medium, queue, fate]
    };
    let beside = (left.calls.len() as u64 + left.more).saturating_sub(ROWS_MAX as u64);
    let more = if beside == 0 { String::new() } else { format!(", and {beside} more") };
    Exhibit::Table {
        title: format!("Calls that were left open{more}"),
        columns: vec!["CONVERSATION", "SINCE", "OPEN FOR", "MEDIUM", "QUEUE", "BECAME"],
        rows: left.calls.iter().take(ROWS_MAX).map(row).collect(),
    }
}

fn beyond(sample: &SessionSample) -> u64 {
    sample.sessions.saturating_sub(sample.calls * SESSIONS_PER_CALL)
}

fn median(samples: &[SessionSample]) -> u64 {
    let mut all: Vec<u64> = samples.iter().map(beyond).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

/// How long to wait between samples of a window.
pub fn pause(window: Duration) -> Duration {
    const SAMPLES: u32 = 60;
    (window / SAMPLES).max(Duration::from_secs(1))
}
