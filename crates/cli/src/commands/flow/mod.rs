//! `steadyline flow`: what would happen to callers, known before a flow is published; and publishing it.

mod baseline;
pub(crate) mod files;
mod graph;
pub(crate) mod lint;
pub(crate) mod lock;
mod publish;
pub(crate) mod recover;
pub(crate) mod shown;
mod trace;
mod validate;
pub(crate) mod version;
mod versions;
pub(crate) mod which;

use api::Exit;
use clap::Subcommand;
use config::raw::Weight;
use flow::lint::{RULES, Rule, Settings, Severity};
use miette::Report;

pub(crate) use which::like;

use crate::Ended;
use crate::failure::Failure;
use crate::settings::Global;

/// Knows what happens to callers before a flow is published, and publishes it.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline flow lint flows/")]
pub(crate) enum Flow {
    Lint(lint::Lint),
    Trace(trace::Trace),
    Graph(graph::Graph),
    Validate(validate::Validate),
    Versions(versions::Versions),
    Lock(lock::Lock),
    Unlock(lock::Unlock),
    Publish(publish::Publish),
    Recover(recover::Recover),
}

/// Runs one of them.
pub(crate) fn run(flow: &Flow, global: &Global) -> Ended {
    match flow {
        Flow::Lint(lint) => lint::run(lint, global),
        Flow::Trace(trace) => trace::run(trace, global),
        Flow::Graph(graph) => graph::run(graph),
        Flow::Validate(validate) => validate::run(validate, global),
        Flow::Versions(versions) => versions::run(versions, global),
        Flow::Lock(lock) => lock::lock(lock, global),
        Flow::Unlock(unlock) => lock::unlock(unlock, global),
        Flow::Publish(publish) => publish::run(publish, global),
        Flow::Recover(recover) => recover::run(recover, global),
    }
}

/// The newest version that was checked in; else the one that callers get.
pub(crate) fn newest(flow: &genesys::flows::Flow) -> Option<String> {
    flow.checked_in_version.as_ref().or(flow.published_version.as_ref()).map(|version| version.id.clone())
}

/// What flows are held to: the defaults, and what the configuration says.
fn settings(global: &Global) -> Result<Settings, Report> {
    let config::Lint { call_limit, path_limit, attempts_max, poll_limit, prompt_length, rules } = global.load_lint()?;
    let default = Settings::default();
    let mut overrides = default.overrides.clone();
    for (name, weight) in rules {
        let Some(rule) = Rule::find(&name) else {
            let near =
                RULES.iter().min_by_key(|known| strsim::levenshtein(known.id, &name)).map_or("", |known| known.id);
            let message = format!("`lint.rules` of the configuration names `{name}`, and there is no such rule");
            return Err(Failure::new(Exit::Usage, message, format!("did you mean {near}?")).into());
        };
        overrides.insert(rule.id.to_owned(), severity(weight));
    }
    Ok(Settings {
        call_limit: call_limit.unwrap_or(default.call_limit),
        path_limit: path_limit.unwrap_or(default.path_limit),
        attempts_max: attempts_max.map_or(default.attempts_max, i64::from),
        poll_limit: poll_limit.unwrap_or(default.poll_limit),
        prompt_length: prompt_length.unwrap_or(default.prompt_length),
        overrides,
        ..default
    })
}

fn severity(weight: Weight) -> Option<Severity> {
    match weight {
        Weight::Off => None,
        Weight::Info => Some(Severity::Info),
        Weight::Low => Some(Severity::Low),
        Weight::Medium => Some(Severity::Medium),
        Weight::High => Some(Severity::High),
        Weight::Critical => Some(Severity::Critical),
    }
}
