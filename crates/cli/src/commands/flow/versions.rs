//! `steadyline flow versions`: what there is to publish, what callers get, and who has the flow.

use std::num::NonZeroUsize;

use api::Exit;
use clap::Args;
use genesys::flows::{self, Version};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::which::WhichFlow;
use crate::locks::{self, Holder};
use crate::settings::{Format, Global};
use crate::{Ended, block_on, output, target};

/// Shows the versions of a flow, newest first, and who has it locked.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline flow versions main-ivr --target sandbox")]
pub(crate) struct Versions {
    #[command(flatten)]
    which: WhichFlow,
    /// The most versions to show.
    #[arg(long, value_name = "N", default_value = "20")]
    limit: NonZeroUsize,
}

/// Shows them.
pub(crate) fn run(args: &Versions, global: &Global) -> Ended {
    block_on(show(args, global))
}

async fn show(args: &Versions, global: &Global) -> Ended {
    let (chosen, flow) = args.which.find(global).await?;
    let doing = format!("the versions of {} could not be read", flow.name);
    let versions = flows::versions(&chosen.client, &flow.id).await.map_err(|error| target::failed(doing, error))?;
    let live = flow.published_version.as_ref().map(|version| version.id.as_str());
    let shown: Vec<&Version> = versions.iter().take(args.limit.get()).collect();
    let holder = locks::holder(&flow, &chosen.target.platform);
    if global.format == Format::Json {
        let entry = |version: &&Version| {
            json!({
                "id": version.id, "type": version.kind, "status": status(version, live),
                "configurationVersion": version.configuration_version,
                "datePublished": version.date_published, "datePublishedEnd": version.date_published_end,
            })
        };
        output::json(&json!({
            "flow": { "id": flow.id, "name": flow.name }, "target": chosen.target.name,
            "lockedBy": holder.name(), "isLockedByUs": matches!(holder, Holder::Us(_)),
            "total": versions.len(), "versions": shown.iter().map(entry).collect::<Vec<Value>>(),
        }));
        return Ok(Exit::Done);
    }
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
    let row = |version: &&Version| {
        let status = status(version, live).to_owned();
        vec![version.id.clone(), status, at(version.date_published), at(version.date_published_end)]
    };
    output::table(&["VERSION", "STATUS", "PUBLISHED", "UNTIL"], &shown.iter().map(row).collect::<Vec<_>>());
    if let Some(name) = holder.name() {
        output::line(format_args!("locked by {name}"));
    }
    if !global.quiet && versions.len() > shown.len() {
        output::aside(format_args!("{} of {} versions; `--limit` shows more", shown.len(), versions.len()));
    }
    Ok(Exit::Done)
}

/// In the words of the guides.
fn status(version: &Version, live: Option<&str>) -> &'static str {
    match version.date_published {
        _ if live == Some(&version.id) => "active",
        Some(_) => "published",
        None => "draft",
    }
}
