//! `steadyline flow lock` and `unlock`: taking a flow so that nobody else changes it, and giving it back.

use api::Exit;
use clap::Args;
use genesys::Error;
use genesys::flows::{self, Flow};
use miette::Report;
use serde_json::json;

use super::which::WhichFlow;
use crate::failure::Failure;
use crate::intents::{Intent, Intents, Purpose};
use crate::locks::{self, Holder};
use crate::settings::{Format, Global};
use crate::target::{self, Chosen};
use crate::{Ended, block_on, output};

/// Takes a flow, so that nobody else changes or publishes it until `flow unlock`.
///
/// The lock is that of the OAuth client, and it never ends by itself: give each pipeline a client of its own. Ends with 4
/// while somebody else has the flow; a lock that is ours already stays ours.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline flow lock main-ivr --target sandbox")]
pub(crate) struct Lock {
    #[command(flatten)]
    which: WhichFlow,
}

/// Gives a flow back; what was saved meanwhile is kept as a new version.
///
/// Ends with 4 when somebody else has it; `--force` takes it away from them, which their unsaved work may not survive.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline flow unlock main-ivr --target sandbox")]
pub(crate) struct Unlock {
    #[command(flatten)]
    which: WhichFlow,
    /// Take the lock away from whoever has it.
    #[arg(long)]
    force: bool,
}

/// Takes it.
pub(crate) fn lock(args: &Lock, global: &Global) -> Ended {
    block_on(taken(args, global))
}

/// Gives it back.
pub(crate) fn unlock(args: &Unlock, global: &Global) -> Ended {
    block_on(given_back(args, global))
}

async fn taken(args: &Lock, global: &Global) -> Ended {
    let (chosen, flow) = args.which.find(global).await?;
    let platform = &chosen.target.platform;
    if let Holder::Other(_) = locks::holder(&flow, platform) {
        return Err(held(&flow, &chosen).into());
    }
    let kept = Intents::of(global).keep(&intent(&chosen, &flow, Purpose::Keep))?;
    let was_ours = matches!(locks::holder(&flow, platform), Holder::Us(_));
    if !was_ours && let Err(failure) = checkout(&chosen, &flow).await {
        // Whatever was begun is undone, and only then forgotten.
        if locks::give_back(&chosen.client, platform, &flow.id).await.is_ok() {
            kept.done();
        }
        return Err(failure.into());
    }
    let what = if was_ours { "was ours already" } else { "is locked" };
    tell(&flow, &chosen, what, true, global);
    Ok(Exit::Done)
}

async fn given_back(args: &Unlock, global: &Global) -> Ended {
    let (chosen, flow) = args.which.find(global).await?;
    let doing = || format!("the lock of {} could not be given back", flow.name);
    // Another run of ours on this machine must not lose its lock halfway.
    let kept = Intents::of(global).keep(&intent(&chosen, &flow, Purpose::Keep))?;
    let what = match locks::holder(&flow, &chosen.target.platform) {
        Holder::Nobody => "was not locked".to_owned(),
        Holder::Us(_) => {
            let back = locks::give_back(&chosen.client, &chosen.target.platform, &flow.id).await;
            back.map_err(|error| target::failed(doing(), error))?;
            "is not locked any more".to_owned()
        }
        Holder::Other(_) if !args.force => {
            kept.done();
            return Err(held(&flow, &chosen).into());
        }
        holder @ Holder::Other(_) => {
            taken_away(&chosen, &flow).await?;
            format!("was taken away from {}", holder.name().unwrap_or_default())
        }
    };
    kept.done();
    tell(&flow, &chosen, &what, false, global);
    Ok(Exit::Done)
}

/// Takes the lock away, and reads that it is gone.
async fn taken_away(chosen: &Chosen, flow: &Flow) -> Result<(), Report> {
    let doing = || format!("the lock of {} could not be taken away", flow.name);
    flows::unlock(&chosen.client, &flow.id).await.map_err(|error| target::failed(doing(), error))?;
    let now = flows::one(&chosen.client, &flow.id).await.map_err(|error| target::failed(doing(), error))?;
    if locks::holder(&now, &chosen.target.platform) == Holder::Nobody {
        return Ok(());
    }
    let hint = "the platform said that it was unlocked: look at the flow in Architect";
    Err(Failure::new(Exit::Held, format!("{} is still locked", flow.name), hint).into())
}

/// Takes a flow that nobody had a moment ago.
pub(super) async fn checkout(chosen: &Chosen, flow: &Flow) -> Result<(), Failure> {
    match flows::checkout(&chosen.client, &flow.id).await {
        Ok(_) => Ok(()),
        Err(Error::Api(said)) if said.status == 409 => {
            // Somebody was faster, which the flow says, or an operation runs on it.
            let now = flows::one(&chosen.client, &flow.id).await.unwrap_or_else(|_| flow.clone());
            let error = Error::Api(said);
            Err(match locks::holder(&now, &chosen.target.platform) {
                Holder::Other(_) => held(&now, chosen).because(error),
                Holder::Nobody | Holder::Us(_) => target::failed(format!("{} could not be locked", flow.name), error),
            })
        }
        Err(error) => Err(target::failed(format!("{} could not be locked", flow.name), error)),
    }
}

/// The lock that is about to be taken.
pub(super) fn intent(chosen: &Chosen, flow: &Flow, purpose: Purpose) -> Intent {
    Intent {
        target: chosen.target.name.clone(),
        flow: flow.id.clone(),
        name: flow.name.clone(),
        purpose,
        at: chosen.client.clock().now().wall,
    }
}

/// Somebody else has it: who, and who is to be told.
pub(crate) fn held(flow: &Flow, chosen: &Chosen) -> Failure {
    let holder = locks::holder(flow, &chosen.target.platform);
    let name = holder.name().unwrap_or("somebody else");
    let owner = chosen.config.review.owner.as_ref().map_or_else(String::new, |owner| format!(", and tell {owner}"));
    let hint = format!(
        "ask {name} to check it in{owner}; `steadyline flow unlock {} --force` takes it away from them",
        flow.id
    );
    Failure::new(Exit::Held, format!("{} in {} is locked by {name}", flow.name, chosen.target.name), hint)
}

fn tell(flow: &Flow, chosen: &Chosen, what: &str, is_locked: bool, global: &Global) {
    match global.format {
        Format::Json => output::json(&json!({
            "flow": { "id": flow.id, "name": flow.name }, "target": chosen.target.name, "locked": is_locked, "what": what,
        })),
        Format::Text => output::line(format_args!("{} in {} {what}", flow.name, chosen.target.name)),
    }
}
