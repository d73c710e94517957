//! Is there room for the launch?

use flow::Performed;
use flow::trace::{self, Scenario};

use super::charts;
use crate::catalogue::Check;
use crate::facts::Facts;
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::{Limits, Plan};

pub(crate) struct Quota;

/// Something of which there is so much.
struct Room<'a> {
    what: &'a str,
    used: f64,
    added: f64,
    of: f64,
    fix: &'a str,
}

impl Check for Quota {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        let mut rows = Vec::new();
        licences(plan, facts, &mut rows, &mut judged);
        calls(plan, facts, &mut rows, &mut judged);
        requests(plan, facts, &mut rows, &mut judged);
        actions(plan, facts, &mut rows, &mut judged);
        judged.summary = format!("{} looked at", crate::words::count(rows.len(), "limit"));
        let columns = vec!["LIMIT", "NOW", "LAUNCH ADDS", "OF", "LEFT THEN"];
        judged.exhibits.push(Exhibit::Table { title: "Room".to_owned(), columns, rows });
        judged
    }
}

fn licences(plan: &Plan, facts: &Facts, rows: &mut Vec<Vec<String>>, judged: &mut Judged) {
    if plan.licences.is_empty() {
        return;
    }
    let used = match &facts.licences {
        Ok(used) => used,
        Err(gap) => return judged.gap("licences", gap),
    };
    for (id, licence) in &plan.licences {
        let Some(bought) = licence.bought.or_else(|| facts.bought.get(id).copied()) else {
            let fix = "Write it under `licences` of the organisation: the platform does not tell.";
            judged.add(Weight::Unknown, id, "Nobody has said how many of this licence were bought.", fix);
            continue;
        };
        let used = used.get(id).copied().unwrap_or(0) as f64;
        let fix = "Buy more before the launch, or take back those that nobody uses.";
        let room = Room { what: &format!("licence {id}"), used, added: licence.added as f64, of: bought as f64, fix };
        rows.push(judge(&room, &plan.limits, judged));
    }
}

/// By Little's law: calls at a time are those that begin in a unit of time, times how long one takes.
fn calls(plan: &Plan, facts: &Facts, rows: &mut Vec<Vec<String>>, judged: &mut Judged) {
    let calls = match &facts.calls {
        Ok(calls) => calls,
        Err(gap) => return judged.gap("calls at a time", gap),
    };
    let added = plan.load.added_per_minute / 60.0 * plan.load.handle_time.as_secs_f64();
    let fix = "Ask for more capacity before the launch, or launch in parts.";
    let room = Room { what: "calls at a time", used: calls.now as f64, added, of: calls.max as f64, fix };
    rows.push(judge(&room, &plan.limits, judged));
}

fn requests(plan: &Plan, facts: &Facts, rows: &mut Vec<Vec<String>>, judged: &mut Judged) {
    let requests = match &facts.requests {
        Ok(requests) => requests,
        Err(gap) => return judged.gap("requests a minute", gap),
    };
    let fix =
        "Ask less often, keep answers, or give the launch an OAuth client of its own: each token has its own limit.";
    let (used, of) = (f64::from(requests.used), f64::from(requests.allowed));
    let added = f64::from(plan.load.requests_per_minute);
    rows.push(judge(&Room { what: "requests a minute", used, added, of, fix }, &plan.limits, judged));
}

/// Data Actions at a time, by Little's law again: those of a call, as often as calls come, each as long as the slowest of
/// twenty takes.
fn actions(plan: &Plan, facts: &Facts, rows: &mut Vec<Vec<String>>, judged: &mut Judged) {
    let limit = match &facts.actions_at_once {
        Ok(Some(limit)) => *limit,
        Ok(None) => return,
        Err(gap) => return judged.gap("Data Actions at a time", gap),
    };
    // What cannot be read is told by another check.
    let asks = charts(facts, &mut Judged::default()).into_iter().map(|(_, chart)| {
        let stories = trace::stories(&chart, &Scenario::default());
        let steps: Vec<_> = chart.asks().map(|(id, _, _)| id).collect();
        let is_ask = |what: &Performed| matches!(what, Performed::Step(id) if steps.contains(id));
        stories.list.iter().map(|it| it.events.iter().filter(|event| is_ask(&event.what)).count()).max().unwrap_or(0)
    });
    let asks = asks.max().unwrap_or(0) as f64;
    let slowest = facts.probes.iter().filter_map(|probe| probe.samples.as_ref().ok()).flatten();
    let mut times: Vec<f64> = slowest.map(|sample| sample.took.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let Some(slow) = times.get((times.len() * 95).div_ceil(100).saturating_sub(1)) else { return };
    let used = plan.load.calls_per_minute / 60.0 * asks * slow;
    let fix = "Ask for less in a call, keep answers in the gateway, or have the limit raised.";
    rows.push(judge(
        &Room { what: "Data Actions at a time", used, added: 0.0, of: limit as f64, fix },
        &plan.limits,
        judged,
    ));
}

fn judge(room: &Room<'_>, limits: &Limits, judged: &mut Judged) -> Vec<String> {
    let then = room.used + room.added;
    let left = if room.of > 0.0 { (room.of - then) / room.of * 100.0 } else { 0.0 };
    let told = format!("{} of {} are used", whole(room.used), whole(room.of));
    let grown = if room.added > 0.0 { format!(", {} with the launch", whole(then)) } else { String::new() };
    if left < limits.left_percent as f64 {
        let what = format!("{told}{grown}: less than {} % are left.", limits.left_percent);
        judged.blocks(room.what, what, room.fix);
    } else if 100.0 - left > limits.used_percent as f64 {
        judged.warns(room.what, format!("{told}{grown}: more than {} %.", limits.used_percent), room.fix);
    }
    let (used, added, of) = (whole(room.used), whole(room.added), whole(room.of));
    vec![room.what.to_owned(), used, added, of, format!("{left:.0} %")]
}

fn whole(number: f64) -> String {
    format!("{:.0}", number.ceil())
}
