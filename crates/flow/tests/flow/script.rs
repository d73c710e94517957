//! One way to run a flow in a test: answers from a script, a transcript of what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use flow::{Answer, EndReason, Flow, Outcome, OutcomeKind, Reply, Run, Settings, Step, Value};
use serde_json::Value as Json;

/// How the world behaves while a flow runs.
pub(crate) struct World {
    /// What each data action says and after how many milliseconds; the last one stays.
    pub(crate) replies: Vec<(Reply, u64)>,
    /// Keys the caller presses, in order; then none.
    pub(crate) keys: Vec<char>,
    /// Queues that take nobody.
    pub(crate) closed: Vec<&'static str>,
}

impl Default for World {
    fn default() -> Self {
        Self { replies: vec![(success("{}"), 100)], keys: Vec::new(), closed: Vec::new() }
    }
}

pub(crate) fn success(json: &str) -> Reply {
    match serde_json::from_str(json).unwrap() {
        Json::Object(outputs) => Reply::Success(outputs),
        _ => panic!("outputs are an object"),
    }
}

pub(crate) fn failure(details: &[(&str, &str)]) -> Reply {
    Reply::Failure(details.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

pub(crate) fn run(yaml: &str, world: &World) -> (Vec<String>, Outcome) {
    let flow = Flow::parse(yaml).unwrap_or_else(|problems| panic!("{problems}"));
    let inputs = BTreeMap::from([("Call.Ani".to_owned(), Value::from("tel:+13175550100"))]);
    let (mut run, mut step) = Run::start(&flow, inputs, Settings::default());
    let mut transcript = Vec::new();
    let (mut asked, mut keys) = (0, world.keys.iter());
    for _ in 0..50_000 {
        let answer = match step {
            Step::End(outcome) => return (transcript, outcome),
            Step::Play(playback) => {
                transcript.push(format!("play {}", playback.audio));
                Answer::Played(playback.duration)
            }
            Step::CallData(ask) => {
                transcript.push(format!("ask {}/{} {}", ask.category, ask.action, Json::Object(ask.inputs)));
                let (reply, ms) = world.replies[asked.min(world.replies.len() - 1)].clone();
                asked += 1;
                Answer::Data { reply, waited: Duration::from_millis(ms) }
            }
            Step::Choose { keys: offered, .. } => {
                transcript.push(format!("choose {}", offered.iter().collect::<String>()));
                Answer::Key { key: keys.next().copied(), waited: Duration::from_secs(1) }
            }
            Step::Collect { .. } => {
                transcript.push("collect".to_owned());
                let digits = keys.next().map(char::to_string);
                Answer::Entered { digits, waited: Duration::from_secs(1) }
            }
            Step::Branch(question) => {
                transcript.push(format!("which of {}", question.outputs.join(", ")));
                // Tests say nothing of what only the outside knows: the last output is the least.
                Answer::Took(question.outputs.last().cloned().unwrap_or_default())
            }
            Step::Wait(time) => {
                transcript.push(format!("wait {} s", time.as_secs()));
                Answer::Waited
            }
            Step::Transfer(to) => {
                transcript.push(format!("transfer {}", to.target));
                if world.closed.contains(&to.target.as_str()) { Answer::TransferFailed } else { Answer::Transferred }
            }
        };
        step = run.resume(answer);
    }
    panic!("the flow does not end");
}

/// Runs the actions as the one task of a flow and compares the transcript and the end.
pub(crate) fn check(actions: &str, world: &World, expected: &str) {
    check_flow(&flow_of("", actions), world, expected);
}

pub(crate) fn check_flow(yaml: &str, world: &World, expected: &str) {
    let (mut transcript, outcome) = run(yaml, world);
    transcript.push(end(&outcome));
    let actual = transcript.join("\n");
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(actual, expected.join("\n"), "for the flow\n{yaml}");
}

fn end(outcome: &Outcome) -> String {
    let kind = match &outcome.kind {
        OutcomeKind::Queue(to) => format!("queue {}", to.target),
        OutcomeKind::Handed(to) => format!("handed to {} {}", to.to.phrase(), to.target),
        OutcomeKind::Callback => "callback".to_owned(),
        OutcomeKind::Ended => "ended".to_owned(),
        OutcomeKind::Disconnect => "disconnect".to_owned(),
        OutcomeKind::Loop => "loop".to_owned(),
    };
    let reason = match &outcome.reason {
        EndReason::Action => String::new(),
        EndReason::NoChoice => " (no choice)".to_owned(),
        EndReason::Error(error) => format!(" (failed to {})", error.message),
    };
    let silent = if outcome.is_silent { " silent" } else { "" };
    let data: Vec<String> = outcome.participant_data.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("end {kind}{silent}{reason}{}", data.concat())
}

/// A flow with further settings and the one task `main`.
pub(crate) fn flow_of(settings: &str, actions: &str) -> String {
    let settings = indented(settings, 2);
    let actions = indented(actions, 10);
    format!(
        "inboundCall:\n  name: Test\n  startUpRef: ./tasks/task[main]\n{settings}  tasks:\n    - task:\n        \
         name: Main\n        refId: main\n        actions:\n{actions}"
    )
}

/// The lines of a test's text, moved so that the first stands at `column`.
fn indented(text: &str, column: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
    lines.iter().map(|line| format!("{}{}\n", " ".repeat(column), &line[first..])).collect()
}
