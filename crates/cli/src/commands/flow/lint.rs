//! `steadyline flow lint`: what would happen to callers, found by reading.

use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use api::Exit;
use clap::{Args, ValueEnum};
use flow::chart::Substitutions;
use flow::lint::fix::{self, Fixed};
use flow::lint::{self, ActionFacts, Library, RULES, Rule, Settings, allow};
use miette::Report;
use report::{Finding, Findings, Level};
use sha2::{Digest as _, Sha256};

use super::files::{self, Content, Input};
use super::{baseline, shown};
use crate::failure::Failure;
use crate::settings::{Format, Global, env};
use crate::{Ended, output};

/// Finds what would happen to callers when something behind a flow fails.
///
/// Reads Archy YAML (also as a template), exports of Architect, Data Actions and retry policies; in a folder, all that
/// hold one. Ends with 1 when there are errors.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  steadyline flow lint flows/ --write sarif=lint.sarif\n  steadyline flow lint main.yaml --set region=eu\n  steadyline flow lint --explain DA001\n  steadyline flow lint main.yaml --fix --fix-queue Support"
)]
pub(crate) struct Lint {
    /// Files and folders; `-` for stdin.
    #[arg(value_name = "PATH", required_unless_present_any = ["explain", "rules"])]
    paths: Vec<PathBuf>,
    /// A value for a template parameter.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = files::substitution)]
    set: Vec<(String, String)>,
    /// A folder with all Data Actions of the organisation: names that are not there are found.
    #[arg(long, value_name = "DIR")]
    actions: Option<PathBuf>,
    /// Callers per minute, for the limits of the platform.
    #[arg(long, value_name = "N")]
    calls_per_minute: Option<f64>,
    /// Write the findings in another form too; `-` for stdout.
    #[arg(long, value_name = "KIND=FILE", value_parser = written)]
    write: Vec<(Kind, PathBuf)>,
    /// Only report what this file does not hold.
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    baseline: Option<PathBuf>,
    /// Write a file with what is found today, and end with 0.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// What ends with 1.
    #[arg(long, value_enum, default_value_t = Deny::Errors)]
    deny: Deny,
    /// Change files where it is certain what to write: time limits, defaults, failure paths with --fix-queue.
    #[arg(long)]
    fix: bool,
    /// The queue that failures are led to by --fix.
    #[arg(long, value_name = "QUEUE", requires = "fix")]
    fix_queue: Option<String>,
    /// Explain a rule.
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// List all rules.
    #[arg(long)]
    rules: bool,
}

/// Other forms of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Json,
    Sarif,
    Junit,
    Gitlab,
    Github,
}

/// What ends with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Errors.
    Errors,
    /// Errors and warnings.
    Warnings,
    /// Nothing.
    Nothing,
}

fn written(text: &str) -> Result<(Kind, PathBuf), String> {
    let (kind, file) = text.split_once('=').ok_or("write it as kind=file, such as sarif=lint.sarif")?;
    Ok((Kind::from_str(kind, true)?, PathBuf::from(file)))
}

/// Lints, fixes or explains.
pub(crate) fn run(args: &Lint, global: &Global) -> Ended {
    if let Some(rule) = &args.explain {
        return explain(rule);
    }
    if args.rules {
        let row = |rule: &Rule| vec![rule.id.to_owned(), rule.severity.word().to_owned(), rule.title.to_owned()];
        output::table(&["RULE", "SEVERITY", "FINDS"], &RULES.iter().map(row).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    let substitutions = files::substitutions(&args.set);
    if args.fix {
        fix_all(args, &substitutions, global)?;
    }
    let inputs = files::read(&args.paths, &substitutions)?;
    if inputs.list.is_empty() {
        let message = format!("there is no flow and no Data Action in {}", names(&args.paths));
        return Err(Failure::new(Exit::Usage, message, "name a file, or a folder that holds flows").into());
    }
    let settings = Settings { calls_per_minute: args.calls_per_minute, ..super::settings(global)? };
    let mut findings = judge(&inputs.list, &library(args.actions.as_ref(), &inputs.list)?, &settings);
    if let Some(path) = &args.write_baseline {
        baseline::write(&findings, path)?;
        output::line(format_args!("{} findings are in {} now", findings.list.len(), path.display()));
        return Ok(Exit::Done);
    }
    if let Some(path) = &args.baseline {
        baseline::subtract(&mut findings, path)?;
    }
    for (kind, path) in &args.write {
        write(*kind, path, &findings)?;
    }
    let is_stdout_taken = args.write.iter().any(|(_, path)| crate::settings::is_stdin(path));
    match global.format {
        Format::Json if !is_stdout_taken => output::json(&report::json::document(&findings)),
        Format::Text if !is_stdout_taken => show(&findings, &inputs.list, inputs.skipped, global),
        _ => {}
    }
    let fails = match args.deny {
        Deny::Errors => findings.count(Level::Error) > 0,
        Deny::Warnings => findings.count(Level::Error) + findings.count(Level::Warning) > 0,
        Deny::Nothing => false,
    };
    Ok(if fails { Exit::Blocked } else { Exit::Done })
}

/// Everything that is found in these files, for other commands.
pub(crate) fn findings(inputs: &[Input], global: &Global) -> Result<Findings, Report> {
    Ok(judge(inputs, &library(None, inputs)?, &super::settings(global)?))
}

/// Tells what was found, to people.
pub(crate) fn show(findings: &Findings, inputs: &[Input], skipped: usize, global: &Global) {
    let sources: BTreeMap<String, String> =
        inputs.iter().map(|input| (input.name.clone(), input.text.clone())).collect();
    let has_color = std::io::stdout().is_terminal() && std::env::var_os(env::NO_COLOR).is_none();
    output::line(shown::text(findings, &sources, has_color));
    if skipped > 0 && !global.quiet {
        let files = if skipped == 1 { "file holds" } else { "files hold" };
        output::aside(format_args!("{skipped} {files} neither a flow nor a Data Action"));
    }
}

fn explain(rule: &str) -> Ended {
    if let Some(rule) = Rule::find(rule) {
        output::line(rule.page.trim_end());
        return Ok(Exit::Done);
    }
    let near = RULES.iter().min_by_key(|known| strsim::levenshtein(known.id, &rule.to_ascii_uppercase()));
    let near = near.map_or("", |known| known.id);
    let hint = format!("did you mean {near}? `steadyline flow lint --rules` lists them all");
    Err(Failure::new(Exit::Usage, format!("there is no rule `{rule}`"), hint).into())
}

/// What is known beside each file: all Data Actions and flows of this run.
fn library(actions: Option<&PathBuf>, inputs: &[Input]) -> Result<Library, Report> {
    let mut library = Library { has_every_action: actions.is_some(), ..Library::default() };
    let extra = match actions {
        Some(folder) => files::read(std::slice::from_ref(folder), &Substitutions::default())?.list,
        None => Vec::new(),
    };
    for input in inputs.iter().chain(&extra) {
        match &input.content {
            Content::Flow(chart) => {
                library.flows.insert(chart.name.clone());
            }
            Content::Action => {
                if let Ok((facts, _)) = lint::action(&input.text, &Settings::default()) {
                    let ActionFacts { name, .. } = &facts;
                    library.actions.insert(name.clone(), facts);
                }
            }
            Content::RetryPolicy | Content::Unreadable(_) => {}
        }
        if let Some(name) = input.path.as_deref().and_then(Path::file_name) {
            library.files.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(library)
}

fn judge(inputs: &[Input], library: &Library, settings: &Settings) -> Findings {
    let mut all = Findings { files: inputs.len(), ..Findings::default() };
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for input in inputs {
        let (flow, found) = match &input.content {
            Content::Flow(chart) => (chart.name.as_str(), lint::flow(chart, settings, library)),
            Content::Action => match lint::action(&input.text, settings) {
                Ok((_, findings)) => ("", findings),
                Err(problems) => ("", lint::unreadable(&problems, settings)),
            },
            Content::RetryPolicy => match lint::retry_policy(&input.text, settings) {
                Ok(findings) => ("", findings),
                Err(problems) => ("", lint::unreadable(&problems, settings)),
            },
            Content::Unreadable(problems) => ("", lint::unreadable(problems, settings)),
        };
        let (kept, allowed) = allow::apply(&input.text, flow, found);
        all.allowed += allowed;
        all.list.extend(kept.iter().map(|finding| reported(input, finding, &mut seen)));
    }
    all
}

fn reported(input: &Input, finding: &lint::Finding, seen: &mut BTreeMap<String, u32>) -> Finding {
    let mut key = finding.key();
    if finding.flow.is_empty() {
        key = format!("{key}|{}", input.name);
    }
    // Two of the same kind in one place, such as two Data Actions without names, are told apart by their order.
    let number = seen.entry(key.clone()).and_modify(|count| *count += 1).or_insert(0);
    let digest = Sha256::digest(format!("{key}|{number}").as_bytes());
    Finding {
        rule: finding.rule.id.to_owned(),
        title: finding.rule.title.to_owned(),
        level: match finding.severity.level() {
            lint::Level::Error => Level::Error,
            lint::Level::Warning => Level::Warning,
            lint::Level::Info => Level::Info,
        },
        severity: finding.severity.word().to_owned(),
        file: input.name.clone(),
        line: finding.at.line,
        column: finding.at.column,
        also: finding.also.iter().map(|at| (at.line, at.column)).collect(),
        flow: finding.flow.clone(),
        action: finding.action.clone(),
        path: finding.path.clone(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
        docs: format!("docs/rules/{}.md", finding.rule.id),
        page: finding.rule.page,
        fingerprint: digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn write(kind: Kind, path: &Path, findings: &Findings) -> Result<(), Report> {
    let text = match kind {
        Kind::Json => format!("{:#}\n", report::json::document(findings)),
        Kind::Sarif => format!("{:#}\n", report::sarif::document(findings, env!("CARGO_PKG_VERSION"))),
        Kind::Gitlab => format!("{:#}\n", report::gitlab::document(findings)),
        Kind::Github => report::github::document(findings),
        Kind::Junit => report::junit::document(findings).unwrap_or_default(),
    };
    if crate::settings::is_stdin(path) {
        output::raw(text.as_bytes());
        return Ok(());
    }
    fs::write(path, text).map_err(|error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Failure::new(Exit::Usage, message, "choose a path that can be written").into()
    })
}

/// Fixes what can be fixed for certain, file by file, and tells each edit.
fn fix_all(args: &Lint, substitutions: &Substitutions, global: &Global) -> Result<(), Report> {
    let settings = super::settings(global)?;
    let options = fix::Options { queue: args.fix_queue.clone(), limit: settings.call_limit };
    for input in files::read(&args.paths, substitutions)?.list {
        let edited = match &input.content {
            Content::Flow(_) => fix::flow(&input.text, substitutions, &options),
            Content::Action => fix::action(&input.text, &options),
            Content::RetryPolicy | Content::Unreadable(_) => None,
        };
        let (Some((text, fixed)), Some(path)) = (edited, &input.path) else { continue };
        replace(path, &text)?;
        if !global.quiet {
            for Fixed { rule, line, what } in fixed {
                output::aside(format_args!("fixed {rule} at {}:{line}: {what}", input.name));
            }
        }
    }
    Ok(())
}

/// Writes the new text beside the file and puts it in its place, so that nothing is lost halfway.
fn replace(path: &Path, text: &str) -> Result<(), Report> {
    let failed = |error: std::io::Error| {
        let message = format!("{} cannot be changed: {error}", path.display());
        Report::from(Failure::new(Exit::Usage, message, "check that the file and its folder can be written"))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    fs::write(beside.path(), text).map_err(failed)?;
    if let Ok(old) = fs::metadata(path) {
        fs::set_permissions(beside.path(), old.permissions()).map_err(failed)?;
    }
    beside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
