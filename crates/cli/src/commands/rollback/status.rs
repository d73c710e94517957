//! What is watched now, and what became of the releases of late.

use api::{Exit, RollbackList, WatchedFlow};
use miette::IntoDiagnostic as _;
use serde_json::json;

use super::PATH;
use super::shown::{self, HEADS};
use crate::client::Server;
use crate::settings::{Format, Global};
use crate::{Ended, output};

pub(super) async fn now(server: &Server, global: &Global) -> Ended {
    let list: RollbackList = server.get(PATH).await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&list).into_diagnostic()?);
        return Ok(known(&list));
    }
    if list.at.is_none() {
        output::line("nothing is known of any flow yet");
        return Ok(Exit::Unknown);
    }
    situation(&list);
    if list.flows.is_empty() {
        output::line("no flow is watched; name some under `rollback` in the server's configuration");
    } else {
        output::line("");
        let rows: Vec<_> = list.flows.iter().map(flow).collect();
        output::table(&["FLOW", "MODE", "ARMED", "VERSION", "SINCE", "NORMAL", "TROUBLE"], &rows);
    }
    for release in list.releases.iter().filter(|release| release.is_open) {
        let shown::Told { title, why } = shown::told(release);
        output::line(format_args!("\n{title}\n  {why}"));
        if release.state == "ASKED" {
            output::line(format_args!("  an approver says so with `steadyline rollback approve {}`", release.id));
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn history(server: &Server, limit: usize, global: &Global) -> Ended {
    let mut list: RollbackList = server.get(PATH).await?;
    let known = known(&list);
    let left_out = list.releases.len().saturating_sub(limit);
    list.releases.truncate(limit);
    if global.format == Format::Json {
        output::json(&json!({ "releases": serde_json::to_value(&list.releases).into_diagnostic()? }));
        return Ok(known);
    }
    if list.releases.is_empty() {
        output::line("no releases");
        return Ok(known);
    }
    let rows: Vec<_> = list.releases.iter().map(shown::row).collect();
    output::table(&HEADS, &rows);
    if left_out > 0 {
        output::line(format_args!("{left_out} more; `--limit` shows them"));
    }
    Ok(known)
}

/// A guard that has not looked yet knows of no release, which is not the same as that there is none.
fn known(list: &RollbackList) -> Exit {
    if list.at.is_some() { Exit::Done } else { Exit::Unknown }
}

/// Who goes back, whether anything may begin, and by which rule.
fn situation(list: &RollbackList) {
    let leader = if list.is_leader { "this controller" } else { "another controller" };
    let open = list.open.as_ref().map_or_else(|| "nothing".to_owned(), |flow| flow.clone());
    let is_locked = list.locked_until.filter(|until| list.at.is_some_and(|at| at < *until));
    let locked = is_locked.map_or_else(|| "no".to_owned(), |until| format!("until {until:.0}"));
    let RollbackList { policy, false_rollbacks_per_year: wrong, releases_per_year: of, .. } = list;
    let mut facts = vec![("going back", open)];
    facts.extend(list.last.as_ref().map(|last| ("the last", format!("{:.0}, {}: {}", last.at, last.flow, last.what))));
    facts.extend([
        ("locked out", locked),
        ("in charge", leader.to_owned()),
        ("rule", format!("{policy}; false rollbacks a year: {} at most, over {of} releases", server::rate(*wrong))),
    ]);
    facts.extend(list.trouble.as_ref().map(|trouble| ("not counting", trouble.clone())));
    for (name, value) in facts {
        output::line(format_args!("{name:<12}  {value}"));
    }
}

fn flow(flow: &WatchedFlow) -> Vec<String> {
    vec![
        flow.name.clone(),
        flow.mode.clone(),
        shown::armed(flow.armed.as_ref()),
        flow.published.clone().unwrap_or_else(shown::unknown),
        flow.published_at.map_or_else(shown::unknown, |at| format!("{at:.0}")),
        flow.normal_percent.map_or_else(shown::unknown, shown::percent),
        flow.trouble.clone().unwrap_or_default(),
    ]
}
