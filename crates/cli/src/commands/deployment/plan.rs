//! What a push would change, flow by flow: known before anything is changed.

use genesys::flows::{self, Flow};
use miette::Report;
use serde_json::{Value, json};

use super::content::{Artifact, Content};
use super::diff::{self, Diff};
use crate::commands::flow::version::exported;
use crate::commands::flow::{lock, newest, shown};
use crate::locks::{self, Holder};
use crate::output;
use crate::target::{self, Chosen};

/// One flow, and what becomes of it.
pub(super) struct Step<'a> {
    pub(super) artifact: &'a Artifact,
    /// The flow as it is now; none when it is new.
    pub(super) flow: Option<Flow>,
    pub(super) change: Change,
}

/// What becomes of a flow.
pub(super) enum Change {
    /// There was none of this type and name.
    New,
    /// It differs from the newest version.
    Changed(Diff),
    /// It is the newest version; true when callers get that.
    Unchanged(bool),
}

/// Compares everything with what the organisation has. A flow that somebody else has ends it here, before anything is
/// changed.
pub(super) async fn plan<'a>(content: &'a Content, chosen: &Chosen) -> Result<Vec<Step<'a>>, Report> {
    let doing = || format!("the flows of {} could not be read", chosen.target.name);
    let mut all = flows::list(&chosen.client, None).await.map_err(|error| target::failed(doing(), error))?;
    all.retain(|flow| !flow.deleted);
    let mut steps = Vec::new();
    for artifact in &content.flows {
        let is_it = |flow: &&Flow| flow.name == artifact.name && flow.kind.eq_ignore_ascii_case(&artifact.kind);
        let flow = all.iter().find(is_it).cloned();
        let change = match &flow {
            Some(flow) => compared(flow, artifact, chosen).await?,
            None => Change::New,
        };
        steps.push(Step { artifact, flow, change });
    }
    for step in steps.iter().filter(|step| step.is_change()) {
        let held =
            step.flow.as_ref().filter(|flow| matches!(locks::holder(flow, &chosen.target.platform), Holder::Other(_)));
        if let Some(flow) = held {
            return Err(lock::held(flow, chosen).into());
        }
    }
    Ok(steps)
}

async fn compared(flow: &Flow, artifact: &Artifact, chosen: &Chosen) -> Result<Change, Report> {
    let Some(version) = newest(flow) else { return Ok(Change::New) };
    let there = exported(chosen, flow, &version).await?;
    Ok(match diff::between(&there, &artifact.yaml) {
        Some(diff) => Change::Changed(diff),
        None => Change::Unchanged(flow.published_version.as_ref().is_some_and(|live| live.id == version)),
    })
}

impl Step<'_> {
    /// Something is to be done.
    pub(super) fn is_change(&self) -> bool {
        !matches!(self.change, Change::Unchanged(_))
    }

    /// As people read it.
    pub(super) fn tell(&self) {
        let Artifact { name, file, .. } = self.artifact;
        match &self.change {
            Change::New => output::line(format_args!("{name} ({file}): new")),
            Change::Unchanged(true) => output::line(format_args!("{name} ({file}): unchanged")),
            Change::Unchanged(false) => {
                let id = self.flow.as_ref().map_or("", |flow| &flow.id);
                let what = "the newest version is the same, and callers do not get it yet";
                output::line(format_args!("{name} ({file}): {what}; `steadyline flow publish {id}` gives it to them"));
            }
            Change::Changed(Diff { added, removed, text }) => {
                output::line(format_args!("{name} ({file}): {added} lines new, {removed} gone"));
                for line in shown::printable(text).lines() {
                    output::line(format_args!("  {line}"));
                }
            }
        }
    }

    /// As programs read it; `pushed` is the version that callers get since then.
    pub(super) fn document(&self, pushed: Option<&str>) -> Value {
        let Artifact { name, file, kind, .. } = self.artifact;
        let (word, diff) = match &self.change {
            Change::New => ("new", None),
            Change::Unchanged(_) => ("unchanged", None),
            Change::Changed(diff) => ("changed", Some(diff)),
        };
        json!({
            "flow": name, "type": kind, "file": file, "id": self.flow.as_ref().map(|flow| &flow.id), "change": word,
            "added": diff.map(|diff| diff.added), "removed": diff.map(|diff| diff.removed),
            "diff": diff.map(|diff| &diff.text), "version": pushed,
        })
    }
}
