//! `steadyline flow validate`: is the flow in the organisation sound?
//!
//! Three that know different things are asked: the platform, our own lint, and the index of dependencies. One error of
//! any of them is enough; a flow is sound only when nobody finds one and everybody could look. Validation by the platform
//! is in preview: where it is missing that is said, and the lint judges alone.

use std::time::Duration;

use api::Exit;
use clap::Args;
use flow::ProblemKind;
use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Finding, Level, Library, Settings, allow};
use genesys::flow_jobs::{self, Message, Validation};
use genesys::flows::Flow;
use genesys::{Client, Error, dependencies};
use serde_json::{Value, json};

use super::which::WhichFlow;
use crate::settings::{Format, Global};
use crate::{Ended, block_on, output};

/// How long a job of the platform may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Judges a flow as it stands in the organisation: by the platform, by our lint, and by what it uses.
///
/// Ends with 0 when it is sound, 1 when there are errors, 3 when somebody could not judge it and nobody found an error.
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Example:\n  steadyline flow validate --flow-id main-ivr --target sandbox"
)]
pub(crate) struct Validate {
    #[command(flatten)]
    which: WhichFlow,
    /// The version; else the newest that was checked in.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// What one of the three said.
struct Said {
    /// Who.
    id: &'static str,
    verdict: Verdict,
    errors: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing is wrong.
    Pass,
    /// Something is.
    Blocked,
    /// It could not look.
    Unknown,
    /// It is not there to be asked.
    Absent,
}

/// Judges.
pub(crate) fn run(args: &Validate, global: &Global) -> Ended {
    block_on(judge(args, global))
}

async fn judge(args: &Validate, global: &Global) -> Ended {
    let settings = super::settings(global)?;
    let (chosen, flow) = args.which.find(global).await?;
    let version = args.version.clone().or_else(|| super::newest(&flow));
    let client = &chosen.client;
    let platform = by_platform(client, &flow, version.as_deref()).await;
    let lint = by_lint(client, &flow, version.as_deref(), &settings, platform.verdict).await;
    let said = [platform, lint, by_dependencies(client, &flow, version.as_deref()).await];
    let exit = exit(&said);
    match global.format {
        Format::Json => output::json(&document(&flow, &chosen.target.name, version.as_deref(), &said)),
        Format::Text => tell(&flow, &chosen.target.name, version.as_deref(), &said, exit),
    }
    Ok(exit)
}

/// What is wrong counts more than what could not be judged.
fn exit(said: &[Said]) -> Exit {
    let any = |verdict| said.iter().any(|one| one.verdict == verdict);
    match (any(Verdict::Blocked), any(Verdict::Unknown)) {
        (true, _) => Exit::Blocked,
        (false, true) => Exit::Unknown,
        (false, false) => Exit::Done,
    }
}

async fn by_platform(client: &Client, flow: &Flow, version: Option<&str>) -> Said {
    match flow_jobs::validate(client, &flow.id, version, PATIENCE).await {
        Ok(Validation::Judged { valid, messages }) => {
            let (errors, warnings): (Vec<Message>, Vec<Message>) =
                messages.into_iter().partition(|message| message.kind == "Error");
            let texts = |messages: Vec<Message>| messages.into_iter().map(|message| message.text).collect::<Vec<_>>();
            let mut said = Said::new("platform", texts(errors), texts(warnings));
            if !valid && said.errors.is_empty() {
                said.errors.push("the platform calls it invalid and gives no reason".to_owned());
                said.verdict = Verdict::Blocked;
            }
            said
        }
        Ok(Validation::Unavailable) => {
            let note = "the platform does not validate flows here (a preview that this organisation does not have): the \
                        verdict is that of Steadyline's lint alone";
            Said { verdict: Verdict::Absent, ..Said::new("platform", Vec::new(), vec![note.to_owned()]) }
        }
        Err(error) => Said::unknown("platform", &error),
    }
}

/// `platform` is what the platform said; where it is silent, the lint must be able to judge.
async fn by_lint(client: &Client, flow: &Flow, version: Option<&str>, settings: &Settings, platform: Verdict) -> Said {
    let text = match flow_jobs::export(client, &flow.id, version, PATIENCE).await {
        Ok(text) => text,
        Err(error) => return Said::unknown("lint", &error),
    };
    match Chart::read(&text, &Substitutions::default()) {
        Ok(chart) => {
            let findings = lint::flow(&chart, settings, &Library::default());
            let (findings, _) = allow::apply(&text, &chart.name, findings);
            let of =
                |level| findings.iter().filter(|finding| finding.severity.level() == level).map(sentence).collect();
            Said::new("lint", of(Level::Error), of(Level::Warning))
        }
        Err(problems) if problems.iter().all(|problem| problem.kind == ProblemKind::FlowType) => {
            let note = format!("the lint does not read flows of the type {}", flow.kind);
            let verdict = if platform == Verdict::Absent { Verdict::Unknown } else { Verdict::Absent };
            Said { verdict, ..Said::new("lint", Vec::new(), vec![note]) }
        }
        Err(problems) => Said::new("lint", vec![problems.to_string()], Vec::new()),
    }
}

fn sentence(finding: &Finding) -> String {
    let at = finding.action.as_ref().map_or_else(String::new, |action| format!(" ({action})"));
    let Finding { rule, message, fix, .. } = finding;
    format!("{}: {message}{at}. {fix}", rule.id)
}

async fn by_dependencies(client: &Client, flow: &Flow, version: Option<&str>) -> Said {
    let Some(version) = version else {
        return Said::new("dependencies", vec!["the flow has no version that was checked in".to_owned()], Vec::new());
    };
    match dependencies::is_operational(client).await {
        Ok(true) => {}
        Ok(false) => {
            let why = "the platform's index of dependencies is being built, or was never: build it anew in Architect";
            let unknown = Said::new("dependencies", Vec::new(), vec![why.to_owned()]);
            return Said { verdict: Verdict::Unknown, ..unknown };
        }
        Err(error) => return Said::unknown("dependencies", &error),
    }
    match dependencies::consumed(client, &flow.id, version, &dependencies::object_type(&flow.kind)).await {
        Ok(used) => {
            let named = |item: &dependencies::Item| {
                let name = if item.name.is_empty() { &item.id } else { &item.name };
                format!("{} {name}", item.kind)
            };
            let gone = used.iter().filter(|item| item.deleted).map(|item| format!("{} is deleted", named(item)));
            let unsure = used.iter().filter(|item| item.state_unknown && !item.deleted);
            let unsure = unsure.map(|item| format!("the platform does not know whether {} is there", named(item)));
            Said::new("dependencies", gone.collect(), unsure.collect())
        }
        Err(error) => Said::unknown("dependencies", &error),
    }
}

impl Said {
    fn new(id: &'static str, errors: Vec<String>, warnings: Vec<String>) -> Self {
        let verdict = if errors.is_empty() { Verdict::Pass } else { Verdict::Blocked };
        Self { id, verdict, errors, warnings }
    }

    fn unknown(id: &'static str, error: &Error) -> Self {
        let why = format!("{error}. {}", error.hint());
        Self { id, verdict: Verdict::Unknown, errors: Vec::new(), warnings: vec![why] }
    }
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Absent => "absent",
        }
    }
}

/// In the words of the guide's endpoint, and more.
fn document(flow: &Flow, target: &str, version: Option<&str>, said: &[Said]) -> Value {
    let valid = match exit(said) {
        Exit::Done => Some(true),
        Exit::Blocked => Some(false),
        _ => None,
    };
    let errors: Vec<&String> = said.iter().flat_map(|one| &one.errors).collect();
    let warning = |text: &String| json!({ "message": text, "severity": "warning" });
    let warnings: Vec<Value> = said.iter().flat_map(|one| &one.warnings).map(warning).collect();
    let check = |one: &Said| json!({ "id": one.id, "verdict": one.verdict.word(), "errors": one.errors, "warnings": one.warnings });
    json!({
        "flow": { "id": flow.id, "name": flow.name }, "target": target, "version": version, "valid": valid,
        "errors": errors, "warnings": warnings, "checks": said.iter().map(check).collect::<Vec<_>>(),
    })
}

fn tell(flow: &Flow, target: &str, version: Option<&str>, said: &[Said], exit: Exit) {
    let verdict = match exit {
        Exit::Done => "valid",
        Exit::Blocked => "not valid",
        _ => "not judged",
    };
    let version = version.unwrap_or("without a version");
    output::line(format_args!("{} {version} in {target}: {verdict}", flow.name));
    for one in said {
        output::line(format_args!("  {:<12} {}", one.id, one.verdict.word()));
        for error in &one.errors {
            output::line(format_args!("    error: {}", super::shown::printable(error)));
        }
        for warning in &one.warnings {
            output::line(format_args!("    warning: {}", super::shown::printable(warning)));
        }
    }
}
