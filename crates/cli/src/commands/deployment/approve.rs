//! `steadyline deployment approve` and `list`: two people agree on what goes to production.
//!
//! One verb for both of them. The first who runs it asks, another who may approves; each reads the files on their own, or
//! the version of the organisation, so what is approved is what both have seen.

use api::{DeploymentList, DeploymentView, DeploymentWish, Exit};
use clap::Args;
use config::Target;
use miette::{IntoDiagnostic as _, Report};
use serde_json::json;

use super::approvals::{self, PATH};
use super::content::{Content, Files};
use super::push;
use crate::client::Server;
use crate::commands::flow::version::{exported, wanted};
use crate::commands::flow::which;
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::target;
use crate::{Ended, block_on, diagnostics, output};

/// Asks for a deployment of exactly this content, or approves what somebody else has asked for.
///
/// Whoever asks says who they are with `--token` or STEADYLINE_TOKEN. Ends with 4 while nobody else has approved it, with
/// 0 once somebody has; an approval holds for a day, for this content and no other. A pipeline may ask, and never
/// approves: run its step again after somebody has.
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:\n  steadyline deployment approve --target production flows/ --reason 'new menu'\n  \
                  steadyline deployment approve --target production --flow-id main-ivr --version 12.0"
)]
pub(crate) struct Approve {
    #[command(flatten)]
    files: Files,
    /// A flow of the organisation instead of files, by its id or name: `steadyline flow publish` then gives it to callers.
    #[arg(long, value_name = "FLOW", conflicts_with_all = ["paths", "set", "push"])]
    flow_id: Option<String>,
    /// Its version; else the newest that was checked in.
    #[arg(long, value_name = "VERSION", requires = "flow_id")]
    version: Option<String>,
    /// The organisation, by its name under `review.targets`.
    #[arg(long, value_name = "NAME", env = crate::settings::env::TARGET, hide_env_values = true)]
    target: String,
    /// Why.
    #[arg(long, value_name = "WORDS", default_value = "")]
    reason: String,
    /// Deploy it once it is approved.
    #[arg(long)]
    push: bool,
    #[command(flatten)]
    server: Server,
}

/// Shows what was asked for and what became of it, the latest first.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline deployment list")]
pub(crate) struct List {
    #[command(flatten)]
    server: Server,
}

/// Asks or approves.
pub(crate) fn run(args: &Approve, global: &Global) -> Ended {
    block_on(approve(args, global))
}

/// Shows them.
pub(crate) fn list(args: &List, global: &Global) -> Ended {
    block_on(show(args, global))
}

async fn approve(args: &Approve, global: &Global) -> Ended {
    let Target { name: target, is_production, .. } = &target::known(Some(&args.target), global)?;
    if !is_production {
        let message = format!("{target} is no production, and what goes there needs no approval");
        let verb = if args.flow_id.is_some() { "flow publish" } else { "deployment push" };
        let hint = format!("`steadyline {verb} --target {target}` deploys it");
        return Err(Failure::new(Exit::Usage, message, hint).into());
    }
    let (content, ask) = what(args, target, global).await?;
    if let Some(exit) = push::linted(&content, global)? {
        return Ok(exit);
    }
    let request = agreed(args, target, &content).await?;
    let is_approved = request.state == "approved";
    let is_pushing = args.push && is_approved;
    match global.format {
        // What is pushed is told as a push.
        Format::Json if is_pushing => {}
        Format::Json => output::json(&serde_json::to_value(&request).into_diagnostic()?),
        Format::Text => {
            let who = request.approved_by.as_deref().unwrap_or_default();
            let what = if is_approved { format!("is approved by {who}") } else { "waits".to_owned() };
            output::line(format_args!("{} {what} for {target}", approvals::told(&request)));
        }
    }
    if !is_approved {
        let message = format!("{} needs the approval of a second person", request.id);
        return Err(Failure::new(Exit::Held, message, format!("an approver runs {ask}")).into());
    }
    if !is_pushing {
        return Ok(Exit::Done);
    }
    approvals::required(&args.server, target, &content, &ask).await?;
    let chosen = target::choose(Some(target), global)?;
    push::carried_out(&content, &chosen, false, global).await
}

/// What is to be approved, and the command by which the other one does.
async fn what(args: &Approve, target: &str, global: &Global) -> Result<(Content, String), Report> {
    let Some(flow) = &args.flow_id else { return Ok((args.files.read()?, same_paths(target))) };
    let chosen = target::choose(Some(target), global)?;
    let flow = which::find(&chosen.client, flow, target).await?;
    let version = wanted(&chosen.client, &flow, args.version.as_deref()).await?.id;
    let content = Content::of_version(&flow, &version, exported(&chosen, &flow, &version).await?);
    let ask = format!("`steadyline deployment approve --target {target} --flow-id {} --version {version}`", flow.id);
    Ok((content, ask))
}

/// How the same files are approved.
pub(super) fn same_paths(target: &str) -> String {
    format!("`steadyline deployment approve --target {target}` with the same paths")
}

/// The request as it is after this: asked for, or approved when it waited and whoever asks now may.
async fn agreed(args: &Approve, target: &str, content: &Content) -> Result<DeploymentView, Report> {
    let digest = content.digest();
    let flows = content.flows.iter().map(|flow| flow.name.clone()).collect();
    let was_known = approvals::find(&args.server, target, &digest).await?.is_some();
    // Asked for once, however often: the answer is the request that there is.
    let wish = DeploymentWish { target: target.to_owned(), digest, flows, reason: args.reason.clone() };
    let known: DeploymentView = args.server.post(PATH, &wish).await?;
    if known.state == "approved" || !was_known {
        return Ok(known);
    }
    match args.server.post(&format!("{PATH}/{}/approve", known.id), &()).await {
        Ok(approved) => Ok(approved),
        // Whoever may not approve it waits for somebody who may.
        Err(report) if diagnostics::exit(&report) == Exit::Usage => {
            output::aside(format_args!("{report}"));
            Ok(known)
        }
        Err(report) => Err(report),
    }
}

async fn show(args: &List, global: &Global) -> Ended {
    let list: DeploymentList = args.server.get(PATH).await?;
    if global.format == Format::Json {
        output::json(&json!({ "deployments": serde_json::to_value(&list.deployments).into_diagnostic()? }));
        return Ok(Exit::Done);
    }
    if list.deployments.is_empty() {
        output::line("no deployment was asked for");
        return Ok(Exit::Done);
    }
    let row = |one: &DeploymentView| {
        vec![
            one.id.clone(),
            one.state.clone(),
            one.target.clone(),
            one.flows.join(", "),
            one.asked_by.clone(),
            one.approved_by.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{:.0}", one.expires_at),
            one.digest.chars().take(12).collect(),
        ]
    };
    let heads = ["ID", "STATE", "TARGET", "FLOWS", "ASKED BY", "APPROVED BY", "UNTIL", "DIGEST"];
    output::table(&heads, &list.deployments.iter().map(row).collect::<Vec<_>>());
    Ok(Exit::Done)
}
