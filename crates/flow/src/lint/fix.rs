//! Edits where it is certain what to write: time limits, missing defaults, a failure path to a named queue.
//!
//! An edit changes lines of the text and nothing else. Each is tried by reading the result: one that does not read, or
//! does not take its finding away, is not made.

use std::time::Duration;

use crate::chart::{Ask, Chart, FlowKind, Substitutions};
use crate::data_action::TIMEOUT_MAX;
use crate::lint::walk::{Fault, MARK};
use crate::problem::Place;
use crate::yaml::{self, Node};

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The queue that failures lead to; no failure paths are written without it.
    pub queue: Option<String>,
    /// The time limit that is written.
    pub limit: Duration,
}

/// One edit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The rule whose finding it takes away.
    pub rule: &'static str,
    /// The line of that finding, before any edit.
    pub line: u32,
    /// What was done.
    pub what: String,
}

/// Fixes a flow in Archy YAML; none when there is nothing to fix, or it is an export.
pub fn flow(text: &str, substitutions: &Substitutions, options: &Options) -> Option<(String, Vec<Fixed>)> {
    let chart = Chart::read(text, substitutions).ok()?;
    let mut asks: Vec<(Place, Ask, [bool; 2])> = chart
        .asks()
        .filter(|(_, step, _)| step.tracking.is_none())
        .map(|(_, step, ask)| (step.at, ask.clone(), [step.handles("failure"), step.handles("timeout")]))
        .collect();
    // From the last to the first, so that places before an edit stay what they are.
    asks.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let mut text = text.to_owned();
    let mut fixed = Vec::new();
    let mut make = |edited: Option<String>, rule: &'static str, at: Place, what: String, text: &mut String| {
        if let Some(edited) =
            edited.filter(|edited| Chart::read(edited, substitutions).is_ok_and(|chart| is_done(&chart, rule, at)))
        {
            *text = edited;
            fixed.push(Fixed { rule, line: at.line, what });
        }
    };
    for (at, ask, handled) in asks {
        let can_transfer = matches!(chart.kind, FlowKind::Call(_) | FlowKind::Digital(_) | FlowKind::Email);
        if let Some(queue) = options.queue.as_deref().filter(|_| can_transfer) {
            for (fault, rule, handled) in [(Fault::Timeout, "DA002", handled[1]), (Fault::Failure, "DA001", handled[0])]
            {
                if !handled {
                    let what =
                        format!("`{}`: {} leads to the queue {queue}, marked {MARK}=true", ask.action, fault.output());
                    make(with_output(&text, at, fault, queue), rule, at, what, &mut text);
                }
            }
        }
        if !ask.has_computed_timeout() && ask.timeout.is_none_or(|timeout| timeout == TIMEOUT_MAX) {
            let what = format!("`{}`: the time limit is {} s", ask.action, options.limit.as_secs());
            make(with_limit(&text, at, options.limit), "TO002", at, what, &mut text);
        }
    }
    fixed.reverse();
    (!fixed.is_empty()).then_some((text, fixed))
}

/// True when what `rule` found at `at` is no more. Edits lie behind the line of their action, so it is still there.
fn is_done(chart: &Chart, rule: &str, at: Place) -> bool {
    chart.problems.is_empty()
        && chart.asks().any(|(_, step, ask)| {
            step.at == at
                && match rule {
                    "DA001" => step.handles("failure"),
                    "DA002" => step.handles("timeout"),
                    _ => ask.timeout.is_some_and(|timeout| timeout < TIMEOUT_MAX),
                }
        })
}

/// The lines of an action in block style: its key's column, its children's indentation, and where it ends.
struct Block {
    /// The line behind the key, counted from 0.
    start: usize,
    /// The line behind the last of the action.
    end: usize,
    /// How far its children are indented.
    indent: usize,
}

fn block(lines: &[&str], at: Place) -> Option<Block> {
    let key = at.line as usize - 1;
    let column = at.column as usize - 1;
    let start = key + 1;
    // `callData: {` or an action without content is not in block style.
    if !lines.get(key)?.trim_end().ends_with(':') {
        return None;
    }
    let first = lines.get(start..)?.iter().find(|line| !line.trim().is_empty())?;
    let indent = indent_of(first);
    if indent <= column {
        return None;
    }
    let length = lines[start..].iter().take_while(|line| line.trim().is_empty() || indent_of(line) > column).count();
    let blank = lines[start..start + length].iter().rev().take_while(|line| line.trim().is_empty()).count();
    Some(Block { start, end: start + length - blank, indent })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines of the child `key` of a block: from its own line to behind its last.
fn child(lines: &[&str], block: &Block, key: &str) -> Option<std::ops::Range<usize>> {
    let is_key = |line: &&str| indent_of(line) == block.indent && line[block.indent..].starts_with(&format!("{key}:"));
    let start = block.start + lines[block.start..block.end].iter().position(is_key)?;
    let length = lines[start + 1..block.end]
        .iter()
        .take_while(|line| line.trim().is_empty() || indent_of(line) > block.indent)
        .count();
    Some(start..start + 1 + length)
}

fn with_output(text: &str, at: Place, fault: Fault, queue: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let block = block(&lines, at)?;
    let name = fault.output();
    let branch = |indent: usize| {
        let pad = " ".repeat(indent);
        let queue = serde_json::to_string(queue).unwrap_or_default();
        format!(
            "{pad}{name}:\n\
             {pad}  actions:\n\
             {pad}    - setParticipantData:\n\
             {pad}        name: Mark the {name}\n\
             {pad}        attributes:\n\
             {pad}          - attribute:\n\
             {pad}              name:\n\
             {pad}                lit: {MARK}\n\
             {pad}              value:\n\
             {pad}                lit: \"true\"\n\
             {pad}    - transferToAcd:\n\
             {pad}        name: To an agent after the {name}\n\
             {pad}        targetQueue:\n\
             {pad}          lit:\n\
             {pad}            name: {queue}"
        )
    };
    if let Some(outputs) = child(&lines, &block, "outputs") {
        let first = lines[outputs.start + 1..outputs.end].iter().find(|line| !line.trim().is_empty())?;
        let indent = indent_of(first);
        let is_there = |line: &&str| indent_of(line) == indent && line[indent..].starts_with(&format!("{name}:"));
        if lines[outputs.clone()].iter().any(is_there) {
            return None;
        }
        return Some(spliced(text, &lines, outputs.start + 1..outputs.start + 1, &branch(indent)));
    }
    let pad = " ".repeat(block.indent);
    let added = format!("{pad}outputs:\n{}", branch(block.indent + 2));
    Some(spliced(text, &lines, block.end..block.end, &added))
}

fn with_limit(text: &str, at: Place, limit: Duration) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let block = block(&lines, at)?;
    let pad = " ".repeat(block.indent);
    let written = format!("{pad}timeout:\n{pad}  lit:\n{pad}    seconds: {}", limit.as_secs());
    let place = child(&lines, &block, "timeout").unwrap_or_else(|| {
        let after = child(&lines, &block, "name").map_or(block.start, |name| name.end);
        after..after
    });
    Some(spliced(text, &lines, place, &written))
}

/// The text with some lines replaced; its line ends stay what they are.
fn spliced(text: &str, lines: &[&str], range: std::ops::Range<usize>, added: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut all: Vec<&str> = lines[..range.start].to_vec();
    all.extend(added.lines());
    all.extend(&lines[range.end..]);
    let mut joined = all.join(end);
    if text.ends_with('\n') {
        joined.push_str(end);
    }
    joined
}

/// Fixes the JSON of a Data Action; none when there is nothing to fix.
pub fn action(text: &str, options: &Options) -> Option<(String, Vec<Fixed>)> {
    let root = yaml::parse(text).ok()?;
    let config = root.get("config")?;
    config.get("request")?;
    let mut edits: Vec<(Place, String)> = Vec::new();
    let mut fixed = Vec::new();
    if let Some(response) = config.get("response") {
        let defaults = missing_defaults(&root, response);
        if !defaults.is_empty() {
            let names: Vec<&str> = defaults.iter().map(|(alias, _)| *alias).collect();
            fixed.push(Fixed {
                rule: "AC002",
                line: response.at.line,
                what: format!("defaults for {}", names.join(", ")),
            });
            let pairs: Vec<String> =
                defaults.iter().map(|(alias, value)| format!("{}: {}", quoted(alias), quoted(value))).collect();
            edits.push(match response.get("translationMapDefaults") {
                Some(map) => (map.at, members(map, &pairs)),
                None => (
                    response.at,
                    members(response, &[format!("\"translationMapDefaults\": {{ {} }}", pairs.join(", "))]),
                ),
            });
        }
    }
    if ["timeoutSeconds"].iter().all(|key| config.get(key).is_none() && root.get(key).is_none()) {
        fixed.push(Fixed {
            rule: "AC001",
            line: config.at.line,
            what: format!("the time limit is {} s", options.limit.as_secs()),
        });
        edits.push((config.at, members(config, &[format!("\"timeoutSeconds\": {}", options.limit.as_secs())])));
    }
    edits.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut edited = text.to_owned();
    for (at, added) in edits {
        let offset = offset(&edited, at)? + 1;
        edited.insert_str(offset, &added);
    }
    fixed.reverse();
    (!fixed.is_empty() && serde_json::from_str::<serde_json::Value>(edited.trim_start_matches('\u{feff}')).is_ok())
        .then_some((edited, fixed))
}

/// Aliases without a default whose type is known, each with the JSON text of an empty value of that type.
fn missing_defaults<'a>(root: &'a Node, response: &'a Node) -> Vec<(&'a str, &'static str)> {
    let map = response.get("translationMap").map(Node::entries).unwrap_or_default();
    let defaults = response.get("translationMapDefaults");
    let schema = root.get("contract").and_then(|node| node.get("output")?.get("successSchema")?.get("properties"));
    map.iter()
        .filter(|entry| defaults.is_none_or(|defaults| defaults.get(&entry.key).is_none()))
        .filter_map(|entry| {
            let kind = schema.and_then(|schema| schema.get(&entry.key)?.get("type")?.text());
            let is_list = entry
                .value
                .text()
                .is_some_and(|path| path.contains("[*]") || path.contains("..") || path.contains("[?"));
            let empty = match kind {
                _ if is_list => "[]",
                Some("string") => "\"\"",
                Some("integer" | "number") => "0",
                Some("boolean") => "false",
                Some("array") => "[]",
                _ => return None,
            };
            Some((entry.key.as_str(), empty))
        })
        .collect()
}

/// New members for the front of an object, on lines of their own where its members are.
fn members(object: &Node, pairs: &[String]) -> String {
    let first = object.entries().first();
    let separator = match first {
        Some(first) if first.at.line > object.at.line => format!("\n{}", " ".repeat(first.at.column as usize - 1)),
        _ => " ".to_owned(),
    };
    let joined: Vec<String> = pairs.iter().map(|pair| format!("{separator}{pair}")).collect();
    let end = if first.is_some() { "," } else { " " };
    format!("{}{end}", joined.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The byte at a place.
fn offset(text: &str, at: Place) -> Option<usize> {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut offset = bom;
    for (index, line) in text[bom..].split_inclusive('\n').enumerate() {
        if index + 1 == at.line as usize {
            return line.char_indices().nth(at.column as usize - 1).map(|(byte, _)| offset + byte);
        }
        offset += line.len();
    }
    None
}
