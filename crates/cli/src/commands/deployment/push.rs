//! `steadyline deployment push`: flows in files become what callers of a target get.

use std::time::Duration;

use api::Exit;
use clap::Args;
use genesys::flows::{self, Flow};
use genesys::{Error, flow_jobs};
use miette::Report;
use report::Level;
use serde_json::json;

use super::content::{Content, Files};
use super::plan::{self, Step};
use super::{approvals, approve};
use crate::client::Server;
use crate::commands::flow::files::Content as Holds;
use crate::commands::flow::{lint, lock};
use crate::failure::Failure;
use crate::locks::{self, Holder};
use crate::settings::{Format, Global};
use crate::target::{self, Chosen};
use crate::{Ended, block_on, output};

/// How long a deployment of one flow may take; the platform's own tools wait as long.
const PATIENCE: Duration = Duration::from_secs(16 * 60);

/// Lints flows, shows what differs from the target, and deploys what does.
///
/// Errors of the lint end with 1, a flow that somebody else has locked with 4; nothing is changed then. Flows that are the
/// same already are left alone. For production the server is asked whether a second person has approved exactly this
/// content, and whether the gate of its flows is open: 4 and 1 when not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline deployment push --target sandbox flows/ --dry-run")]
pub(crate) struct Push {
    #[command(flatten)]
    files: Files,
    /// The organisation, by its name under `review.targets`.
    #[arg(long, value_name = "NAME", env = crate::settings::env::TARGET, hide_env_values = true)]
    target: String,
    /// Only show what differs.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: Server,
}

/// Pushes.
pub(crate) fn run(args: &Push, global: &Global) -> Ended {
    block_on(push(args, global))
}

async fn push(args: &Push, global: &Global) -> Ended {
    let content = args.files.read()?;
    let chosen = target::choose(Some(&args.target), global)?;
    if let Some(exit) = linted(&content, global)? {
        return Ok(exit);
    }
    if chosen.target.is_production && !args.dry_run {
        let target = &chosen.target.name;
        approvals::required(&args.server, target, &content, &approve::same_paths(target)).await?;
    }
    carried_out(&content, &chosen, args.dry_run, global).await
}

/// Shows what differs, and deploys it; whether that is allowed was asked before.
pub(super) async fn carried_out(content: &Content, chosen: &Chosen, is_dry_run: bool, global: &Global) -> Ended {
    let steps = plan::plan(content, chosen).await?;
    let is_text = global.format == Format::Text;
    if is_text {
        for step in &steps {
            step.tell();
        }
        if !content.others.is_empty() && !global.quiet {
            output::aside(format_args!("not deployed, for they are no flows: {}", content.others.join(", ")));
        }
    }
    let mut pushed: Vec<Option<String>> = Vec::new();
    for step in &steps {
        if is_dry_run || !step.is_change() {
            pushed.push(None);
            continue;
        }
        let version = deployed(step, chosen).await?;
        if is_text {
            let (name, target) = (&step.artifact.name, &chosen.target.name);
            output::line(format_args!("callers get version {version} of {name} in {target}"));
        }
        pushed.push(Some(version));
    }
    if !is_text {
        let flows: Vec<_> =
            steps.iter().zip(&pushed).map(|(step, version)| step.document(version.as_deref())).collect();
        output::json(&json!({
            "target": chosen.target.name, "digest": content.digest(), "isDryRun": is_dry_run, "flows": flows,
        }));
    }
    Ok(Exit::Done)
}

/// What the lint finds blocks; the findings are told as `flow lint` tells them.
pub(super) fn linted(content: &Content, global: &Global) -> Result<Option<Exit>, Report> {
    let findings = lint::findings(&content.inputs, global)?;
    if findings.count(Level::Error) == 0 {
        // Whatever the lint was told to overlook, what cannot be read is not left out in silence.
        let unread = content.inputs.iter().find(|input| matches!(input.content, Holds::Unreadable(_)));
        return match unread {
            Some(input) => {
                let hint = "correct it, or name the files that are to be pushed";
                Err(Failure::new(Exit::Usage, format!("{} cannot be read as a flow", input.name), hint).into())
            }
            None => Ok(None),
        };
    }
    match global.format {
        Format::Json => output::json(&json!({ "flows": [], "lint": report::json::document(&findings) })),
        Format::Text => lint::show(&findings, &content.inputs, 0, global),
    }
    Ok(Some(Exit::Blocked))
}

/// Deploys one flow, and reads which version callers get.
async fn deployed(step: &Step<'_>, chosen: &Chosen) -> Result<String, Report> {
    let (name, target) = (&step.artifact.name, &chosen.target.name);
    let doing = || format!("{name} was not deployed to {target}");
    let before = step.flow.as_ref().and_then(|flow| flow.published_version.as_ref()).map(|live| live.id.clone());
    let id = match flow_jobs::deploy(&chosen.client, step.artifact.yaml.clone(), PATIENCE).await {
        Ok(id) => id.or_else(|| step.flow.as_ref().map(|flow| flow.id.clone())),
        Err(error) => return Err(refused(step, chosen, doing(), error).await),
    };
    let Some(id) = id else {
        let hint = format!("`steadyline flow versions '{name}' --target {target}` shows what came of it");
        return Err(
            Failure::new(Exit::Unknown, format!("the platform does not say which flow {name} became"), hint).into()
        );
    };
    let now = flows::one(&chosen.client, &id).await.map_err(|error| target::failed(doing(), error))?;
    match now.published_version {
        Some(live) if Some(&live.id) != before.as_ref() => Ok(live.id),
        live => {
            let live = live.map_or_else(|| "no version".to_owned(), |live| format!("version {}", live.id));
            let message = format!("the platform said that it deployed {name} to {target}, and callers get {live}");
            let hint = format!("`steadyline flow versions {id} --target {target}` shows what there is");
            Err(Failure::new(Exit::Blocked, message, hint).into())
        }
    }
}

/// A job says in words why it failed; who has the flow, the flow says.
async fn refused(step: &Step<'_>, chosen: &Chosen, doing: String, error: Error) -> Report {
    let now: Option<Flow> = match &step.flow {
        Some(flow) => flows::one(&chosen.client, &flow.id).await.ok(),
        None => None,
    };
    let held = now.filter(|flow| matches!(locks::holder(flow, &chosen.target.platform), Holder::Other(_)));
    match held {
        Some(flow) => lock::held(&flow, chosen).because(error).into(),
        None => target::failed(doing, error).into(),
    }
}
