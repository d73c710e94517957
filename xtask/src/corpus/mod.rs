//! Flows that others have published, read and walked: every file parses, and every caller ends where the corpus says.
//!
//! A corpus is a folder with `yaml`, `i3` and `dataactions`, and a `TERMINALS.json` that says for each Data Action of
//! each flow where the caller ends up when it fails. It is no part of the project: flows belong to their authors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use flow::chart::{Chart, Substitutions};
use flow::lint::walk::{self, Fault, Terminal};
use flow::lint::{self, Finding, Library, Settings};
use serde_json::Value;

use crate::shell::Error;

/// Reads every flow of a corpus and compares where callers end up with what is known of them.
#[derive(Debug, Args)]
pub(crate) struct Corpus {
    /// The folder of the corpus.
    #[arg(default_value = "../shared/flows")]
    folder: PathBuf,
    /// Print every finding too, a line each.
    #[arg(long)]
    findings: bool,
}

impl Corpus {
    /// The corpus in this folder.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, findings: false }
    }
}

/// Prints every difference; any is an error.
pub(crate) fn run(corpus: &Corpus) -> Result<(), Error> {
    let mut differences = Vec::new();
    let charts = read_all(&corpus.folder.join("yaml"), &mut differences)?;
    let exports = read_all(&corpus.folder.join("i3"), &mut differences)?;
    let known = known(&corpus.folder.join("TERMINALS.json"))?;
    let calls = compare(&charts, &known, &mut differences);
    let findings = findings(&corpus.folder, charts.iter().chain(&exports))?;
    let expected = expected(&findings, &mut differences);
    if corpus.findings {
        for (file, Finding { rule, at, severity, message, .. }) in &findings {
            println!("{file}:{}: {} {}: {message}", at.line, rule.id, severity.word());
        }
    }
    for difference in &differences {
        println!("{difference}");
    }
    println!(
        "{} flows and {} exports read, {calls} Data Actions walked, {} findings, {expected} of them expected: {} differences",
        charts.len(),
        exports.len(),
        findings.len(),
        differences.len()
    );
    if differences.is_empty() { Ok(()) } else { Err("the corpus is not as expected".to_owned()) }
}

fn read_all(folder: &Path, differences: &mut Vec<String>) -> Result<BTreeMap<String, Chart>, Error> {
    let mut charts = BTreeMap::new();
    for (name, text) in files(folder)? {
        match Chart::read(&String::from_utf8_lossy(&text), &Substitutions::default()) {
            Ok(chart) => {
                differences.extend(chart.problems.iter().map(|problem| format!("{name}: {problem}")));
                charts.insert(name, chart);
            }
            Err(problems) => differences.push(format!("{name}: {problems}")),
        }
    }
    Ok(charts)
}

fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.insert(name, read(&path)?);
    }
    Ok(files)
}

fn known(path: &Path) -> Result<Value, Error> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Compares both failures of each Data Action; how many Data Actions there are.
fn compare(charts: &BTreeMap<String, Chart>, known: &Value, differences: &mut Vec<String>) -> usize {
    let mut calls = 0;
    for (file, chart) in charts {
        for (id, step, ask) in chart.asks() {
            calls += 1;
            let rows = known[file]["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
            let Some(row) = rows.iter().find(|row| row["line"] == step.at.line) else {
                differences.push(format!("{file}:{}: `{}` is not known", step.at.line, ask.action));
                continue;
            };
            for (fault, key) in [(Fault::Failure, "on_failure"), (Fault::Timeout, "on_timeout")] {
                let ways = walk::after_failure(chart, id, fault);
                let found: BTreeSet<String> = ways.terminals.iter().map(shown).collect();
                let expected: BTreeSet<String> = texts(&row[key]).collect();
                if found != expected {
                    let line = step.at.line;
                    differences.push(format!("{file}:{line}: {key}: found {found:?}, expected {expected:?}"));
                }
            }
        }
    }
    calls
}

fn texts(list: &Value) -> impl Iterator<Item = String> + '_ {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned))
}

fn shown(terminal: &Terminal) -> String {
    let silent = if terminal.heard == flow::chart::Heard::Nothing { " SILENT" } else { "" };
    format!("{}@{}{silent}", terminal.end.word(), terminal.at.line)
}

/// What the lint finds in every flow and Data Action, with the names of their files.
fn findings<'a>(
    folder: &Path,
    charts: impl Iterator<Item = (&'a String, &'a Chart)>,
) -> Result<Vec<(String, Finding)>, Error> {
    let settings = Settings::default();
    let mut found = Vec::new();
    for (file, chart) in charts {
        let findings = lint::flow(chart, &settings, &Library::default());
        found.extend(findings.into_iter().map(|finding| (file.clone(), finding)));
    }
    for (file, text) in files(&folder.join("dataactions"))? {
        let findings = match lint::action(&String::from_utf8_lossy(&text), &settings) {
            Ok((_, findings)) => findings,
            Err(problems) => lint::unreadable(&problems, &settings),
        };
        found.extend(findings.into_iter().map(|finding| (file.clone(), finding)));
    }
    Ok(found)
}

/// Compares with what has to be found: how many of them are there. What is argued is told and is no difference.
fn expected(findings: &[(String, Finding)], differences: &mut Vec<String>) -> usize {
    let mut matched = 0;
    for row in include_str!("expected.tsv").lines().skip(1) {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (file, rule, line, severity, argued) = (cell(), cell(), cell(), cell(), cell());
        let is_it = |(name, finding): &&(String, Finding)| {
            let lines = [finding.at].iter().chain(&finding.also).map(|at| at.line.to_string()).collect::<Vec<_>>();
            name.ends_with(file)
                && finding.rule.id == rule
                && (line == "-" || lines.iter().any(|at| at == line))
                && (severity == "-" || finding.severity.word() == severity)
        };
        match (findings.iter().any(|found| is_it(&found)), argued) {
            (true, _) => matched += 1,
            (false, "") => differences.push(format!("{file}:{line}: {rule} {severity} is expected and not found")),
            (false, why) => println!("{file}: {rule} is not found: {why}"),
        }
    }
    matched
}
