//! `steadyline flow trace`: a flow carried out in virtual time while things fail.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use api::Exit;
use clap::Args;
use flow::chart::{Chart, Class, StepId, TransferTo};
use flow::lint;
use flow::trace::{self, Fault, Reached, Row, Scenario, Script, Scripts, Story, Table};
use flow::{EndReason, Event, Outcome, OutcomeKind, Performed, Value};
use jiff::Timestamp;
use miette::Report;
use serde_json::{Value as Json, json};

use super::files::{self, Content};
use super::shown::printable;
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, output};

/// Carries out a flow step by step in virtual time, while what it leans on fails.
///
/// Tells each action, what the caller hears and for how long nothing, and where the call ends. What cannot be known
/// is taken every way, and marked. Ends with 1 when an end is not the one expected.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  steadyline flow trace main.yaml --fault 'dataAction:*=503x3,then=200'\n  steadyline flow trace main.yaml --all-faults --expect queue:Support\n  steadyline flow trace main.yaml --fault 'dataAction:CRM*=timeout' --input 1 --input Call.Ani=tel:+13175550100"
)]
pub(crate) struct Trace {
    /// The flow; `-` for stdin. Data Actions beside it give their time limits with --actions.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// How something behaves: dataAction:NAME=…, transfer:QUEUE=…, dataTable:NAME=…; outcomes are ok, a status,
    /// 503x3, 429:2, timeout, reset, malformed, empty, slow:4s, missing, then=….
    #[arg(long, value_name = "SCRIPT", conflicts_with = "all_faults")]
    fault: Vec<Script>,
    /// What the caller types, in order (`1` or dtmf=1), or a variable that is known (Call.Ani=…).
    #[arg(long, value_name = "INPUT", conflicts_with = "all_faults")]
    input: Vec<String>,
    /// What time it is when the caller arrives, as 2026-11-20T08:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// Every Data Action fails: alone, all together, and in every combination.
    #[arg(long)]
    all_faults: bool,
    /// Where every way must end: queue:NAME, queue, disconnect, voicemail, external, flow, callback or ended.
    #[arg(long, value_name = "END")]
    expect: Option<Expect>,
    /// Files and folders with Data Actions, for their time limits.
    #[arg(long, value_name = "PATH")]
    actions: Vec<PathBuf>,
    /// A value for a template parameter.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = files::substitution)]
    set: Vec<(String, String)>,
}

/// An end that is expected.
#[derive(Clone, Debug)]
struct Expect {
    kind: String,
    target: Option<String>,
}

impl FromStr for Expect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const KINDS: [&str; 9] =
            ["queue", "disconnect", "voicemail", "external", "flow", "person", "callback", "ended", "loop"];
        let (kind, target) =
            text.split_once(':').map_or((text, None), |(kind, target)| (kind, Some(target.to_owned())));
        if !KINDS.contains(&kind) {
            return Err(format!("write one of {}, with :NAME where it has one", KINDS.join(", ")));
        }
        Ok(Self { kind: kind.to_owned(), target })
    }
}

impl Expect {
    fn holds(&self, outcome: &Outcome) -> bool {
        let (kind, target) = end(outcome);
        kind == self.kind && self.target.as_ref().is_none_or(|expected| target.as_ref() == Some(expected))
    }
}

/// What an end is called, and its name.
fn end(outcome: &Outcome) -> (&'static str, Option<String>) {
    match &outcome.kind {
        OutcomeKind::Queue(to) => ("queue", Some(to.target.clone())),
        OutcomeKind::Handed(to) => {
            let kind = match to.to {
                TransferTo::Voicemail => "voicemail",
                TransferTo::Flow | TransferTo::SecureFlow => "flow",
                TransferTo::Person => "person",
                TransferTo::Number | TransferTo::Queue | TransferTo::QueueFromMenu => "external",
            };
            (kind, Some(to.target.clone()))
        }
        OutcomeKind::Callback => ("callback", None),
        OutcomeKind::Ended => ("ended", None),
        OutcomeKind::Disconnect => ("disconnect", None),
        OutcomeKind::Loop => ("loop", None),
    }
}

/// The end in words.
fn ended(outcome: &Outcome) -> String {
    let (kind, target) = end(outcome);
    let target = target.map_or_else(String::new, |target| format!(" {target}"));
    let silent = if outcome.is_silent { ", without a word" } else { "" };
    let why = match &outcome.reason {
        EndReason::Error(error) => {
            let at = error.at.map_or_else(String::new, |at| format!(" at line {}", at.line));
            format!(", by an error of the flow{at}: failed to {}", error.message)
        }
        EndReason::NoChoice => ", after a menu that was repeated in vain".to_owned(),
        EndReason::Action => String::new(),
    };
    format!("{kind}{target}{silent}{why}")
}

/// Traces and tells.
pub(crate) fn run(args: &Trace, global: &Global) -> Ended {
    let chart = Arc::new(chart(args)?);
    let limits = limits(&args.actions)?;
    if args.all_faults {
        return all_faults(args, &chart, &limits, global);
    }
    let scenario = scenario(args, limits);
    let stories = trace::stories(&chart, &scenario);
    let fault: Vec<String> = args.fault.iter().map(ToString::to_string).collect();
    let fault = if fault.is_empty() { "nothing fails".to_owned() } else { fault.join(" ") };
    match global.format {
        Format::Json => output::json(&document(&chart, &fault, &stories)),
        Format::Text => {
            for line in told(&chart, &fault, &stories) {
                output::line(printable(&line));
            }
        }
    }
    let Some(expect) = &args.expect else { return Ok(Exit::Done) };
    if stories.is_cut_short {
        return Ok(Exit::Unknown);
    }
    let holds = !stories.list.is_empty() && stories.list.iter().all(|story| expect.holds(&story.outcome));
    Ok(if holds { Exit::Done } else { Exit::Blocked })
}

fn chart(args: &Trace) -> Result<Chart, Report> {
    let substitutions = files::substitutions(&args.set);
    let name = args.path.display();
    if args.path.is_dir() {
        let hint = "name the one flow to trace; `flow lint` takes folders";
        return Err(Failure::new(Exit::Usage, format!("{name} is a folder"), hint).into());
    }
    let input = files::read(std::slice::from_ref(&args.path), &substitutions)?.list.into_iter().next();
    match input.map(|input| input.content) {
        Some(Content::Flow(chart)) => Ok(*chart),
        Some(Content::Unreadable(problems)) => {
            let problem = problems.iter().next();
            let message = problem.map_or_else(String::new, |problem| format!(":{problem}"));
            let hint = problem.map_or("", |problem| problem.hint.as_str());
            Err(Failure::new(Exit::Usage, format!("{name} cannot be traced{message}"), hint).into())
        }
        _ => Err(Failure::new(
            Exit::Usage,
            format!("{name} holds no flow"),
            "name a flow; Data Actions go with --actions",
        )
        .into()),
    }
}

/// Time limits of Data Actions by their names.
fn limits(paths: &[PathBuf]) -> Result<BTreeMap<String, Duration>, Report> {
    let mut limits = BTreeMap::new();
    for input in files::read(paths, &flow::chart::Substitutions::default())?.list {
        if let (Content::Action, Ok((facts, _))) =
            (&input.content, lint::action(&input.text, &lint::Settings::default()))
            && let Some(limit) = facts.timeout
        {
            limits.insert(facts.name, limit);
        }
    }
    Ok(limits)
}

fn scenario(args: &Trace, limits: BTreeMap<String, Duration>) -> Scenario {
    let mut scenario = Scenario { scripts: Scripts(args.fault.clone()), limits, now: args.now, ..Scenario::default() };
    for input in &args.input {
        match input.split_once('=') {
            Some((name, value)) if name.contains('.') => {
                scenario.variables.insert(name.to_owned(), value_of(value));
            }
            Some((_, keys)) => scenario.entries.push(keys.to_owned()),
            None => scenario.entries.push(input.clone()),
        }
    }
    scenario.types_only_entries = !scenario.entries.is_empty();
    scenario
}

fn value_of(text: &str) -> Value {
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        "NOT_SET" => Value::NotSet,
        text => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn told(chart: &Chart, fault: &str, stories: &trace::Stories) -> Vec<String> {
    let mut lines = vec![format!("{} · {fault}", chart.name)];
    for (index, story) in stories.list.iter().enumerate() {
        lines.push(String::new());
        if stories.list.len() > 1 {
            lines.push(format!("way {} of {}{}", index + 1, stories.list.len(), assumed(chart, story)));
        }
        lines.extend(story.events.iter().map(|event| line(chart, event)));
        let Outcome { elapsed, dead_air, dead_air_longest, participant_data, .. } = &story.outcome;
        lines.push(format!(
            "{:>8}  ends: {} · {} of silence, at most {} at a time",
            seconds(*elapsed),
            ended(&story.outcome),
            seconds(*dead_air),
            seconds(*dead_air_longest)
        ));
        if !participant_data.is_empty() {
            let data: Vec<String> = participant_data.iter().map(|(name, value)| format!("{name}={value}")).collect();
            lines.push(format!("{:>8}  participant data: {}", "", data.join(", ")));
        }
    }
    if stories.is_cut_short {
        lines.push(format!("\nThere are more ways than the {} that are told.", stories.list.len()));
    }
    lines
}

fn assumed(chart: &Chart, story: &Story) -> String {
    let parts: Vec<String> = story
        .assumed
        .iter()
        .map(|(step, way)| match step.is_some() {
            true => format!("{way} at {}", chart.place(Some(*step), chart.step(*step).at)),
            false => way.clone(),
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!(", if {}", parts.join(", ")) }
}

fn line(chart: &Chart, event: &Event) -> String {
    let (what, place) = match &event.what {
        Performed::Greeting => ("greeting".to_owned(), String::new()),
        Performed::Menu(menu) => {
            let menu = chart.sequence(*menu);
            (format!("menu \"{}\"", menu.name), format!(" · line {}", menu.at.line))
        }
        Performed::Step(id) => {
            let step = chart.step(*id);
            let what = match &step.class {
                Class::Ask(ask) => format!("{} `{}`", step.keyword, ask.action),
                _ => step.label(),
            };
            (what, format!(" · {}", chart.place(Some(*id), step.at)))
        }
        Performed::Error(message) => (format!("error of the flow: failed to {message}"), String::new()),
    };
    let mut line = format!("{:>8}  {what}{place}", seconds(event.at));
    // Writing to a text cannot fail.
    if let Some(output) = &event.output {
        let _written = write!(line, " → {output}");
    }
    if !event.waited.is_zero() {
        let _written = write!(line, " after {}", seconds(event.waited));
    }
    for audio in &event.heard {
        let _written = write!(line, "\n{:>10}\u{266a} {audio}", "");
    }
    line
}

fn document(chart: &Chart, fault: &str, stories: &trace::Stories) -> Json {
    let mut told = stories.list.iter().map(|story| story_json(chart, story));
    let mut document = told.next().unwrap_or_else(|| json!({}));
    if let Json::Object(members) = &mut document {
        members.insert("flow".to_owned(), json!(chart.name));
        members.insert("fault".to_owned(), json!(fault));
        members.insert("alternatives".to_owned(), Json::Array(told.collect()));
        members.insert("isCutShort".to_owned(), json!(stories.is_cut_short));
    }
    document
}

fn story_json(chart: &Chart, story: &Story) -> Json {
    let steps: Vec<Json> = story.events.iter().map(|event| event_json(chart, event)).collect();
    let assumed: Vec<Json> = story
        .assumed
        .iter()
        .map(|(step, way)| json!({ "line": step.is_some().then(|| chart.step(*step).at.line), "way": way }))
        .collect();
    json!({
        "outcome": outcome_json(&story.outcome),
        "waitMs": ms(story.outcome.elapsed),
        "deadAirMs": ms(story.outcome.dead_air),
        "deadAirLongestMs": ms(story.outcome.dead_air_longest),
        "assumed": assumed,
        "steps": steps,
    })
}

fn event_json(chart: &Chart, event: &Event) -> Json {
    let (action, name, line) = match &event.what {
        Performed::Greeting => ("greeting", None, None),
        Performed::Menu(menu) => {
            let menu = chart.sequence(*menu);
            ("menu", Some(menu.name.clone()), Some(menu.at.line))
        }
        Performed::Step(id) => {
            let step = chart.step(*id);
            let name = match &step.class {
                Class::Ask(ask) => Some(ask.action.clone()),
                _ => step.name.clone(),
            };
            (step.keyword.as_str(), name, Some(step.at.line))
        }
        Performed::Error(message) => ("error", Some(message.clone()), None),
    };
    json!({
        "action": action,
        "name": name,
        "line": line,
        "output": event.output,
        "atMs": ms(event.at),
        "waitedMs": ms(event.waited),
        "heard": event.heard.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn outcome_json(outcome: &Outcome) -> Json {
    let (kind, target) = end(outcome);
    json!({
        "kind": kind,
        "target": target,
        "participantData": outcome.participant_data,
        "isSilent": outcome.is_silent,
        "error": match &outcome.reason {
            EndReason::Error(error) => Some(error.message.clone()),
            _ => None,
        },
    })
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn all_faults(args: &Trace, chart: &Arc<Chart>, limits: &BTreeMap<String, Duration>, global: &Global) -> Ended {
    let table = trace::every_fault(chart, limits);
    match global.format {
        Format::Json => output::json(&table_json(chart, &table)),
        Format::Text => show_table(chart, &table),
    }
    let Some(expect) = &args.expect else { return Ok(Exit::Done) };
    if table.is_cut_short {
        return Ok(Exit::Unknown);
    }
    let mut ends = table.rows.iter().flat_map(|row| &row.ends).chain(&table.combined);
    Ok(if ends.all(|reached| expect.holds(&reached.outcome)) { Exit::Done } else { Exit::Blocked })
}

fn show_table(chart: &Chart, table: &Table) {
    output::line(format_args!("{} · when this fails, the caller ends there", chart.name));
    output::line("");
    let mut rows = Vec::new();
    for row in &table.rows {
        for (index, reached) in row.ends.iter().enumerate() {
            let what = if index == 0 { what_fails(chart, row) } else { String::new() };
            rows.push(vec![
                printable(&what),
                printable(&ended(&reached.outcome)),
                marked(reached),
                seconds(reached.outcome.dead_air),
            ]);
        }
    }
    output::table(&["WHEN", "THE CALLER ENDS", "MARKED", "SILENCE"], &rows);
    output::line(format_args!("\nevery combination of failures ({} states) leads to", table.states));
    let rows: Vec<Vec<String>> = table
        .combined
        .iter()
        .map(|reached| {
            vec![
                format!("  {}", ended(&reached.outcome)),
                marked(reached),
                seconds(reached.outcome.dead_air),
                failing(chart, &reached.failing),
            ]
        })
        .collect();
    output::table(&["  THE CALLER ENDS", "MARKED", "SILENCE", "FOR EXAMPLE WHEN"], &rows);
    if table.is_cut_short {
        output::line("There is more to explore than this: the table is not complete.");
    }
}

fn marked(reached: &Reached) -> String {
    let is_marked = reached.outcome.participant_data.get("dataActionFailed").is_some_and(|mark| mark == "true");
    if is_marked { "yes" } else { "-" }.to_owned()
}

fn what_fails(chart: &Chart, row: &Row) -> String {
    match row.failing.as_slice() {
        [] => "nothing fails".to_owned(),
        [one] => failing(chart, std::slice::from_ref(one)),
        [(_, fault), ..] => format!("all Data Actions: {fault}"),
    }
}

fn failing(chart: &Chart, failing: &[(StepId, Fault)]) -> String {
    const SHOWN_MAX: usize = 4;
    let name = |id: StepId| match &chart.step(id).class {
        Class::Ask(ask) => ask.action.clone(),
        _ => chart.step(id).label(),
    };
    let shown: Vec<String> = failing
        .iter()
        .take(SHOWN_MAX)
        .map(|(id, fault)| format!("{} ({}): {fault}", name(*id), chart.place(Some(*id), chart.step(*id).at)))
        .collect();
    match failing.len().saturating_sub(SHOWN_MAX) {
        0 if shown.is_empty() => "nothing fails".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn table_json(chart: &Chart, table: &Table) -> Json {
    let reached = |reached: &Reached| {
        let failing: Vec<Json> = reached
            .failing
            .iter()
            .map(|(id, fault)| json!({ "line": chart.step(*id).at.line, "fault": fault.to_string() }))
            .collect();
        json!({
            "outcome": outcome_json(&reached.outcome),
            "waitMs": ms(reached.outcome.elapsed),
            "deadAirMs": ms(reached.outcome.dead_air),
            "failing": failing,
        })
    };
    let rows: Vec<Json> = table
        .rows
        .iter()
        .map(|row| json!({ "when": what_fails(chart, row), "ends": row.ends.iter().map(reached).collect::<Vec<_>>() }))
        .collect();
    json!({
        "flow": chart.name,
        "rows": rows,
        "combined": table.combined.iter().map(reached).collect::<Vec<_>>(),
        "states": table.states,
        "isCutShort": table.is_cut_short,
    })
}
