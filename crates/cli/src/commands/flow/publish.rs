//! `steadyline flow publish`: a version goes to callers, under a lock that is given back in every ending.
//!
//! The order is what makes it safe to kill: the intent is on the disk before the lock is taken, and is removed only after
//! the lock was read to be gone. What callers get in the end is read from the platform, whatever was said before.
//! What callers of production get, two people have agreed on before.

use std::time::Duration;

use api::Exit;
use clap::Args;
use genesys::Error;
use genesys::budget::Purpose as Share;
use genesys::flows::{self, Flow, Operation, Published, Version};
use miette::Report;
use serde_json::json;

use super::lock::{checkout, held, intent};
use super::version::{exported, wanted};
use super::which::WhichFlow;
use crate::client::Server;
use crate::commands::deployment::{Content, approvals};
use crate::failure::Failure;
use crate::intents::{Intents, Purpose};
use crate::locks::{self, Holder};
use crate::settings::{Format, Global};
use crate::signals::Signals;
use crate::target::{self, Chosen};
use crate::{Ended, block_on, output};

/// How long a publish may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Publishes a version of a flow and proves that callers get it.
///
/// The flow is locked meanwhile, and given back in every ending; after a run that was killed `steadyline flow recover`
/// gives it back. Ends with 1 when callers do not get the version, 3 when nobody knows, 4 while somebody else has the flow
/// (nothing is changed then), 6 when the lock could not be given back. For production the server is asked whether a second
/// person has approved this version with `steadyline deployment approve --flow-id`, and whether the gate is open: 4 and 1
/// when not.
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Example:\n  steadyline flow publish --flow-id main-ivr --target sandbox"
)]
pub(crate) struct Publish {
    #[command(flatten)]
    which: WhichFlow,
    /// The version; else the newest that was checked in.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// How it went, before the lock was given back.
enum Went {
    /// As the platform says.
    Over(Published),
    /// It was not done, or nobody knows.
    Refused(Error),
    /// Somebody told us to stop.
    Interrupted,
}

/// Publishes.
pub(crate) fn run(args: &Publish, global: &Global) -> Ended {
    block_on(publish(args, global))
}

async fn publish(args: &Publish, global: &Global) -> Ended {
    let (chosen, flow) = args.which.find(global).await?;
    let version = wanted(&chosen.client, &flow, args.version.as_deref()).await?;
    let before = flow.published_version.as_ref().map(|live| live.id.clone());
    if before.as_deref() == Some(&version.id) {
        tell(&Told { chosen: &chosen, flow: &flow, version: &version.id, before: None, exit: Exit::Done }, global);
        return Ok(Exit::Done);
    }
    is_free(&flow, &chosen)?;
    if chosen.target.is_production {
        is_agreed(args, &chosen, &flow, &version.id).await?;
    }
    let intents = Intents::of(global);
    let kept = intents.keep(&intent(&chosen, &flow, Purpose::Publish))?;
    // A lock of ours that no run on this machine knows of may be that of a run elsewhere.
    if kept.left.is_none() && matches!(locks::holder(&flow, &chosen.target.platform), Holder::Us(_)) {
        kept.done();
        return Err(ours_elsewhere(&flow, &chosen).into());
    }
    let mut signals = Signals::listen()?;
    let went = match checkout(&chosen, &flow).await {
        Ok(()) => tokio::select! {
            biased;
            () = signals.stop() => Ok(Went::Interrupted),
            ended = flows::publish(&chosen.client, &flow.id, &version.id, Share::Ordinary, PATIENCE) => {
                Ok(ended.map_or_else(Went::Refused, Went::Over))
            }
        },
        Err(failure) => Err(failure),
    };
    // Also after a check-out that failed: what is not known to have failed may have been done.
    let back = locks::give_back(&chosen.client, &chosen.target.platform, &flow.id).await;
    let now = match back {
        Ok(now) => now,
        Err(error) => return Err(left_locked(&chosen, &flow, error)),
    };
    kept.done();
    let exit = judged(&chosen, &now, &version, went?)?;
    tell(&Told { chosen: &chosen, flow: &now, version: &version.id, before: Some(before), exit }, global);
    Ok(exit)
}

/// Nobody else has it, and nothing runs on it.
fn is_free(flow: &Flow, chosen: &Chosen) -> Result<(), Failure> {
    if matches!(locks::holder(flow, &chosen.target.platform), Holder::Other(_)) {
        return Err(held(flow, chosen));
    }
    let Some(running) = flow.current_operation.as_ref().filter(|operation| !operation.complete) else { return Ok(()) };
    let what = running.action_name.as_deref().unwrap_or("operation");
    let message = format!("a {what} still runs on {} in {}", flow.name, chosen.target.name);
    Err(Failure::new(Exit::Held, message, "wait until it is over, and try again"))
}

/// Two people have agreed on what this version says, and the gate is open.
async fn is_agreed(args: &Publish, chosen: &Chosen, flow: &Flow, version: &str) -> Result<(), Report> {
    let content = Content::of_version(flow, version, exported(chosen, flow, version).await?);
    let (id, target) = (&flow.id, &chosen.target.name);
    let ask = format!("`steadyline deployment approve --target {target} --flow-id {id} --version {version}`");
    approvals::required(&args.server, target, &content, &ask).await
}

fn ours_elsewhere(flow: &Flow, chosen: &Chosen) -> Failure {
    let (name, target) = (&flow.name, &chosen.target.name);
    let message = format!("{name} in {target} is locked by our own OAuth client, and not by a run on this machine");
    let hint = format!("another pipeline may publish it now; when none does, `steadyline flow unlock {}`", flow.id);
    Failure::new(Exit::Held, message, hint)
}

fn left_locked(chosen: &Chosen, flow: &Flow, error: Error) -> Report {
    let message = format!("the lock of {} in {} could not be given back", flow.name, chosen.target.name);
    let hint = "`steadyline flow recover` gives it back when the platform answers again";
    Failure::new(Exit::Dirty, message, hint).because(error).into()
}

/// What callers get counts, and not what was said meanwhile; `now` is the flow after the lock was given back.
fn judged(chosen: &Chosen, now: &Flow, version: &Version, went: Went) -> Result<Exit, Report> {
    if is_live(now, version) {
        return Ok(Exit::Done);
    }
    let target = &chosen.target.name;
    let what = format!("version {} of {} in {target}", version.id, now.name);
    let live = now.published_version.as_ref().map_or("no version", |live| &live.id);
    Err(match went {
        Went::Over(Published::Failed(operation)) => {
            let message = format!("the platform could not publish {what}: {}", reason(&operation));
            Failure::new(Exit::Blocked, message, format!("callers still get {live}; correct the flow, and try again"))
        }
        Went::Over(Published::Live | Published::NotLive { .. }) => {
            let message = format!("the platform said that it published {what}, and callers get {live}");
            let hint = format!("`steadyline flow versions {}` shows what there is", now.id);
            Failure::new(Exit::Blocked, message, hint)
        }
        Went::Over(Published::Unknown) => {
            let message = format!("the publish of {what} was not over after {} s", PATIENCE.as_secs());
            Failure::new(Exit::Unknown, message, format!("`steadyline flow versions {}` shows what came of it", now.id))
        }
        Went::Interrupted => {
            let message = format!("interrupted while {what} was published; callers get {live}");
            let hint = format!("the lock is given back; `steadyline flow versions {}` shows what came of it", now.id);
            Failure::new(Exit::Unknown, message, hint)
        }
        Went::Refused(error) => target::failed(format!("{what} was not published"), error),
    }
    .into())
}

/// Callers get it, also under another id: an organisation may give what is published anew a new one.
fn is_live(flow: &Flow, version: &Version) -> bool {
    let Some(live) = &flow.published_version else { return false };
    let is_same = live.configuration_version.is_some() && live.configuration_version == version.configuration_version;
    live.id == version.id || is_same
}

fn reason(operation: &Operation) -> &str {
    let said = operation.error_message.as_deref().or(operation.error_code.as_deref());
    said.unwrap_or("it gave no reason")
}

/// What is told of it in the end.
struct Told<'a> {
    chosen: &'a Chosen,
    flow: &'a Flow,
    version: &'a str,
    /// What callers got before; none when nothing was to be done.
    before: Option<Option<String>>,
    exit: Exit,
}

fn tell(told: &Told<'_>, global: &Global) {
    let Told { chosen, flow, version, before, exit } = told;
    let live = flow.published_version.as_ref().map(|live| live.id.as_str());
    if global.format == Format::Json {
        output::json(&json!({
            "flow": { "id": flow.id, "name": flow.name }, "target": chosen.target.name, "version": version,
            "published": *exit == Exit::Done, "live": live, "isUnchanged": before.is_none(),
            "before": before.clone().flatten(),
        }));
        return;
    }
    let (name, target) = (&flow.name, &chosen.target.name);
    let live = live.unwrap_or(version);
    match before {
        None => output::line(format_args!("callers get version {live} of {name} in {target} already")),
        Some(before) => {
            let before = before.as_deref().map_or_else(String::new, |before| format!(" instead of {before}"));
            output::line(format_args!("callers get version {live} of {name} in {target}{before}"));
        }
    }
}
