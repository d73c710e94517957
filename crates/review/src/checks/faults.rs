//! Where do callers end when a Data Action fails?
//!
//! The flow itself is carried out in virtual time against every way in which an upstream can fail. Nothing is sampled:
//! what cannot be known (a key, a condition) is taken every way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flow::chart::Chart;
use flow::trace::{self, Scenario, Script, Scripts, Stories, Story};
use flow::{EndReason, OutcomeKind, Performed};

use super::charts;
use crate::catalogue::Check;
use crate::facts::{Facts, Flow};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::Plan;
use crate::words::{count, time};

pub(crate) struct Faults;

/// A way in which an upstream fails.
struct Way {
    what: &'static str,
    script: &'static str,
    /// Whether agents can be told: not when it is well again in the end, nor when nothing seems to be wrong.
    is_seen: bool,
}

const fn way(what: &'static str, script: &'static str) -> Way {
    Way { what, script, is_seen: true }
}

/// A flow never sees `Retry-After`: the platform keeps response headers from it. So all answers of 429 are one to it, and
/// each is tried all the same, for whoever reads the report.
const WAYS: [Way; 12] = [
    Way { what: "503 three times, then well", script: "dataAction:*=503x3,then=ok", is_seen: false },
    way("503 for ever", "dataAction:*=503"),
    way("429, Retry-After 2 s", "dataAction:*=429:2"),
    way("429, Retry-After 30 s", "dataAction:*=429:30"),
    way("429 without Retry-After", "dataAction:*=429"),
    way("429, Retry-After a date", "dataAction:*=429"),
    way("429, Retry-After unreadable", "dataAction:*=429"),
    way("no answer", "dataAction:*=timeout"),
    way("connection reset", "dataAction:*=reset"),
    way("an answer that cannot be read", "dataAction:*=malformed"),
    way("a body that trickles", "dataAction:*=slow:60s"),
    Way { what: "200 with an error in it", script: "dataAction:*=empty", is_seen: false },
];

/// What came of one way.
#[derive(Default)]
struct Seen {
    ends: BTreeMap<String, usize>,
    attempts: u32,
    silence: Duration,
    elapsed: Duration,
    /// Whether all who reached a queue bring the mark along; `None` when nobody did.
    is_marked: Option<bool>,
}

impl Check for Faults {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        let limits = facts.limits();
        let charts = charts(facts, &mut judged);
        let mut looked_at = 0;
        for (flow, chart) in &charts {
            if chart.asks().next().is_none() {
                continue;
            }
            looked_at += 1;
            let rows = flow_rows(plan, flow, chart, &limits, &mut judged);
            judged.exhibits.push(Exhibit::Table {
                title: format!("{}: when its Data Actions fail", flow.name),
                columns: vec!["FAULT", "CALLERS END", "ATTEMPTS", "LONGEST SILENCE", "TIME IN FLOW", "MARKED"],
                rows,
            });
        }
        judged.summary = format!("{} carried out against {} faults", count(looked_at, "flow"), WAYS.len());
        judged
    }
}

fn flow_rows(
    plan: &Plan,
    flow: &Flow,
    chart: &Arc<Chart>,
    limits: &BTreeMap<String, Duration>,
    judged: &mut Judged,
) -> Vec<Vec<String>> {
    let well = told(chart, limits, "dataAction:*=ok");
    let usual: BTreeSet<String> = well.list.iter().map(end).collect();
    let mut said = BTreeSet::new();
    let mut rows = Vec::new();
    for way in &WAYS {
        let stories = told(chart, limits, way.script);
        if stories.is_cut_short {
            let what = format!("With {} there are more ways through it than can be followed.", way.what);
            judged.add(
                Weight::Unknown,
                &flow.name,
                what,
                "Split the flow, or trace its parts: `steadyline flow trace`.",
            );
        }
        let mut seen = Seen::default();
        for story in stories.list.iter().filter(|story| attempts(chart, story) > 0) {
            lost(flow, way, story, &usual, &mut said, judged);
            look(chart, story, &mut seen);
        }
        limits_kept(plan, flow, way, &seen, &mut said, judged);
        rows.push(row(way, &seen));
    }
    rows
}

fn told(chart: &Arc<Chart>, limits: &BTreeMap<String, Duration>, script: &str) -> Stories {
    let script: Script = script.parse().expect("scripts are written above, and a test reads them");
    trace::stories(chart, &Scenario { scripts: Scripts(vec![script]), limits: limits.clone(), ..Scenario::default() })
}

fn look(chart: &Chart, story: &Story, seen: &mut Seen) {
    let outcome = &story.outcome;
    *seen.ends.entry(end(story)).or_default() += 1;
    seen.attempts = seen.attempts.max(attempts(chart, story));
    seen.silence = seen.silence.max(outcome.dead_air_longest);
    seen.elapsed = seen.elapsed.max(outcome.elapsed);
    let is_marked = outcome.participant_data.get("dataActionFailed").is_some_and(|mark| mark == "true");
    if let OutcomeKind::Queue(_) = outcome.kind {
        seen.is_marked = Some(seen.is_marked.unwrap_or(true) && is_marked);
    }
}

/// The most often that one Data Action was asked.
fn attempts(chart: &Chart, story: &Story) -> u32 {
    let names: BTreeMap<_, _> = chart.asks().map(|(id, _, ask)| (id, ask.action.as_str())).collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for event in &story.events {
        if let Performed::Step(id) = &event.what
            && let Some(name) = names.get(id)
        {
            *times.entry(name).or_default() += 1;
        }
    }
    times.into_values().max().unwrap_or(0)
}

/// Callers who are cut off, and would not be if nothing failed.
fn lost(
    flow: &Flow,
    way: &Way,
    story: &Story,
    usual: &BTreeSet<String>,
    said: &mut BTreeSet<String>,
    judged: &mut Judged,
) {
    let outcome = &story.outcome;
    let (what, fix) = match (&outcome.kind, &outcome.reason) {
        (OutcomeKind::Loop, _) => (
            "it asks again for ever",
            "Count attempts, and leave the loop after three: to a queue, with what is known.",
        ),
        (OutcomeKind::Disconnect, EndReason::Error(_)) => (
            "callers are thrown out by an error of the flow",
            "Give the Data Action's failure and timeout outputs a way to a queue.",
        ),
        (OutcomeKind::Disconnect, _) if outcome.is_silent => {
            ("callers are cut off without a word", "Lead failure and timeout to a queue.")
        }
        (OutcomeKind::Disconnect, _) if !usual.contains(&end(story)) => {
            ("callers are told, and cut off", "Lead failure and timeout to a queue.")
        }
        _ => return,
    };
    if said.insert(what.to_owned()) {
        judged.blocks(&flow.name, format!("With {} {what}.", way.what), fix);
    }
}

fn limits_kept(plan: &Plan, flow: &Flow, way: &Way, seen: &Seen, said: &mut BTreeSet<String>, judged: &mut Judged) {
    if plan.limits.attempts < seen.attempts && said.insert("attempts".to_owned()) {
        judged.blocks(
            &flow.name,
            format!(
                "With {} one Data Action is asked {} times for one caller; {} are allowed.",
                way.what, seen.attempts, plan.limits.attempts
            ),
            "Leave the loop earlier, or let the gateway try again within its budget.",
        );
    }
    if plan.load.patience < seen.silence && said.insert("silence".to_owned()) {
        judged.blocks(
            &flow.name,
            format!(
                "With {} callers hear nothing for {}; they put up with {}.",
                way.what,
                time(seen.silence),
                time(plan.load.patience)
            ),
            "Shorten the Data Action's time limit, or play something while it runs.",
        );
    }
    if seen.is_marked == Some(false) && way.is_seen && said.insert("mark".to_owned()) {
        judged.warns(
            &flow.name,
            format!("With {} agents are not told that data is missing.", way.what),
            "Write `dataActionFailed` = true into the participant data on the failure and timeout outputs.",
        );
    }
}

fn row(way: &Way, seen: &Seen) -> Vec<String> {
    let ends: Vec<String> = seen.ends.iter().map(|(end, times)| format!("{end} ×{times}")).collect();
    let is_asked = !seen.ends.is_empty();
    let or_none = |text: String| if is_asked { text } else { "-".to_owned() };
    vec![
        way.what.to_owned(),
        if is_asked { ends.join(", ") } else { "no Data Action is asked".to_owned() },
        or_none(seen.attempts.to_string()),
        or_none(time(seen.silence)),
        or_none(time(seen.elapsed)),
        seen.is_marked.map_or("-", |is_marked| if is_marked { "yes" } else { "no" }).to_owned(),
    ]
}

/// Where a caller ended, in words.
fn end(story: &Story) -> String {
    match &story.outcome.kind {
        OutcomeKind::Queue(to) => format!("queue {}", to.target),
        OutcomeKind::Handed(to) => format!("handed to {}", to.target),
        OutcomeKind::Callback => "callback".to_owned(),
        OutcomeKind::Ended => "ended".to_owned(),
        OutcomeKind::Disconnect => "disconnect".to_owned(),
        OutcomeKind::Loop => "loop".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use flow::TIMEOUT_MAX;
    use flow::trace::Fault;

    use super::*;

    #[test]
    fn every_way_can_be_read() {
        for way in &WAYS {
            assert!(way.script.parse::<Script>().is_ok(), "{}", way.script);
        }
        assert!(
            Fault::Slow(Duration::from_secs(60)) == Fault::Slow(TIMEOUT_MAX),
            "nothing trickles longer than it may"
        );
    }
}
