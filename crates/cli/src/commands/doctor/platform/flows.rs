//! Flows, what they use, and whether anything can be known of them.

use std::time::Duration;

use clock::Clock;
use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings, Severity};
use genesys::analytics::{self, Family, Interval, Query};
use genesys::flow_jobs::{self, Validation};
use genesys::flows::{self, Flow};
use genesys::{dependencies, instances, integrations, queues};

use super::super::check::Check;
use super::{Asked, all, failed, judge, new, some};

/// The most flows whose text is read.
const READ_MAX: usize = 20;

/// How long a job of the platform is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Data Action that takes longer keeps callers in silence.
const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// From this share of failures on, something is wrong now.
const FAILURES_MAX: f64 = 0.05;

pub(super) async fn check(client: Asked<'_>, clock: &Clock, checks: &mut Vec<Check>) {
    integrations_and_actions(client, checks).await;
    if let Some(flows) = judge("flows", flows::list(client, None).await, checks) {
        states(&flows, checks);
        texts(client, &flows, checks).await;
        preview(client, &flows, checks).await;
    }
    used(client, checks).await;
    data(client, clock, checks).await;
    agents(client, checks).await;
}

async fn integrations_and_actions(client: Asked<'_>, checks: &mut Vec<Check>) {
    if let Some(found) = judge("integrations", integrations::list(client).await, checks) {
        let state = |one: &integrations::Integration| one.reported_state.as_ref().and_then(|state| state.code.clone());
        let wrong: Vec<String> = found
            .iter()
            .filter(|one| state(one).as_deref() != Some("ACTIVE"))
            .map(|one| format!("{} ({})", one.name, state(one).unwrap_or_else(|| "unknown".to_owned())))
            .collect();
        checks.push(all("integrations", found.len(), &wrong, "not active", "activate them, or see what they report"));
    }
    if let Some(found) = judge("Data Actions", integrations::actions(client, None).await, checks) {
        let slow: Vec<String> = found
            .iter()
            .filter(|action| action.timeout().is_none_or(|timeout| timeout > TIMEOUT_MAX))
            .map(|action| action.name.clone())
            .collect();
        let bad = format!("may keep a caller waiting for more than {} s", TIMEOUT_MAX.as_secs());
        checks.push(all("Data Actions", found.len(), &slow, &bad, "set `timeoutSeconds` to what a caller can bear"));
    }
}

fn states(flows: &[Flow], checks: &mut Vec<Check>) {
    let live: Vec<&Flow> = flows.iter().filter(|flow| !flow.deleted).collect();
    if live.is_empty() {
        checks
            .push(new("flows").bad("there are none", "check that the client's roles reach the division of the flows"));
        return;
    }
    let named = |is_meant: &dyn Fn(&&&Flow) -> bool| -> Vec<String> {
        live.iter().filter(is_meant).map(|flow| flow.name.clone()).collect()
    };
    let unpublished = named(&|flow| flow.published_version.is_none());
    checks.push(all(
        "published flows",
        live.len(),
        &unpublished,
        "not published: callers cannot get",
        "publish or delete them",
    ));
    let locked: Vec<String> = live
        .iter()
        .filter_map(|flow| {
            let holder = flow.locked_user.as_ref().or(flow.locked_client.as_ref())?;
            let who = if holder.name.is_empty() { &holder.id } else { &holder.name };
            Some(format!("{} (by {who})", flow.name))
        })
        .collect();
    checks.push(all(
        "flow locks",
        live.len(),
        &locked,
        "locked",
        "check them in: a rollback would have to break the lock",
    ));
    let broken = named(&|flow| {
        flow.current_operation.as_ref().is_some_and(|operation| operation.complete && !operation.succeeded())
    });
    checks.push(all(
        "last operations",
        live.len(),
        &broken,
        "the last operation failed on",
        "see its error in Architect",
    ));
}

/// Reads the flows that callers get, and looks for ways in which they would be lost.
async fn texts(client: Asked<'_>, flows: &[Flow], checks: &mut Vec<Check>) {
    let mut wrong = Vec::new();
    let mut read = 0;
    for flow in flows.iter().filter(|flow| flow.published_version.is_some() && !flow.deleted).take(READ_MAX) {
        let version = flow.published_version.as_ref().map(|version| version.id.as_str());
        let text = match flow_jobs::export(client, &flow.id, version, PATIENCE).await {
            Ok(text) => text,
            Err(error) => {
                checks.push(failed(new("failure paths"), &error));
                return;
            }
        };
        // A type that cannot be read is not judged.
        let Ok(chart) = Chart::read(&text, &Substitutions::default()) else { continue };
        read += 1;
        let findings = lint::flow(&chart, &Settings::default(), &Library::default());
        let lost: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity >= Severity::High)
            .map(|finding| finding.rule.id.to_owned())
            .collect();
        if !lost.is_empty() {
            wrong.push(format!("{} ({})", flow.name, some(&lost)));
        }
    }
    let fix = "`steadyline flow lint` on the exported flow shows where and how";
    checks.push(all("failure paths", read, &wrong, "callers would be lost in", fix));
}

/// Whether validation, which is in preview, is there.
async fn preview(client: Asked<'_>, flows: &[Flow], checks: &mut Vec<Check>) {
    let Some(flow) = flows.iter().find(|flow| flow.published_version.is_some()) else { return };
    let check = new("validation");
    checks.push(match flow_jobs::validate(client, &flow.id, None, PATIENCE).await {
        Ok(Validation::Judged { .. }) => check.good("the platform validates flows"),
        Ok(Validation::Unavailable) => check
            .advice("the platform does not validate flows here", "reviews rely on our own lint; ask for the preview"),
        Err(error) => failed(check, &error),
    });
}

async fn used(client: Asked<'_>, checks: &mut Vec<Check>) {
    if let Some(is_fit) = judge("dependency index", dependencies::is_operational(client).await, checks) {
        let check = new("dependency index");
        checks.push(if is_fit {
            check.good("up to date")
        } else {
            check.bad("it is being built, or was never", "wait, or build it anew in Architect")
        });
    }
    if let Some(users) = judge("dependencies", dependencies::consumers_of_deleted(client).await, checks) {
        let names: Vec<String> = users.iter().map(|user| user.name.clone()).collect();
        let fix = "put back what is gone, or publish a version without it: no rollback can mend this";
        let check = new("dependencies");
        checks.push(if names.is_empty() {
            check.good("nothing is gone that a flow uses")
        } else {
            check.bad(format!("something is gone that is used by: {}", some(&names)), fix)
        });
    }
    if let Some(are_kept) = judge("execution history", instances::are_kept(client).await, checks) {
        let check = new("execution history");
        checks.push(if are_kept {
            check.good("kept")
        } else {
            check.advice("not kept", "switch it on in Architect: it shows which execution failed, and where")
        });
    }
}

/// Whether what happens in flows can be counted.
async fn data(client: Asked<'_>, clock: &Clock, checks: &mut Vec<Check>) {
    let now = clock.now().wall;
    let interval = Interval { from: now - Duration::from_secs(3_600), until: now };
    let counted = analytics::aggregate(client, Family::Flows, &Query::new(interval, &["nFlow", "tFlow"])).await;
    if let Some(groups) = judge("flow analytics", counted, checks) {
        let entered: f64 = groups.iter().filter_map(|group| group.total("nFlow").count).sum();
        let check = new("flow analytics");
        checks.push(if entered > 0.0 {
            check.good(format!("{entered} entries in the last hour"))
        } else {
            check.unknown("nobody entered a flow in the last hour", "call once, and look again after a minute")
        });
    }
    let query = Query::new(interval, &["tTotalExecution"]).by(&["responseStatus"]);
    let counted = analytics::aggregate(client, Family::Actions, &query).await;
    let Some(groups) = judge("Data Action analytics", counted, checks) else { return };
    let (mut all, mut bad) = (0.0, 0.0);
    for group in &groups {
        let count = group.total("tTotalExecution").count.unwrap_or(0.0);
        all += count;
        if !group.group.get("responseStatus").is_some_and(|status| status.starts_with('2')) {
            bad += count;
        }
    }
    let check = new("Data Action analytics");
    checks.push(if all <= 0.0 {
        check.unknown("no Data Action ran in the last hour", "call once, and look again after a minute")
    } else if bad / all > FAILURES_MAX {
        let summary = format!("{bad} of {all} failed in the last hour");
        check.bad(summary, "see which action in the console, and what its upstream says")
    } else {
        check.good(format!("{all} executions in the last hour, {bad} failed"))
    });
}

async fn agents(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(found) = judge("queues", queues::list(client, None).await, checks) else { return };
    let ids: Vec<String> = found.iter().map(|queue| queue.id.clone()).collect();
    let Some(observed) = judge("queues", queues::observe(client, &ids).await, checks) else { return };
    let empty: Vec<String> = found
        .iter()
        .filter(|queue| {
            let now = observed.get(&queue.id);
            now.is_some_and(|now| now.idle_agents == Some(0) && now.interacting == Some(0))
        })
        .map(|queue| queue.name.clone())
        .collect();
    checks.push(all(
        "queues",
        found.len(),
        &empty,
        "nobody answers in",
        "put agents on the queue, or lead callers elsewhere",
    ));
}
