//! How much room there is: requests, calls, licences.

use config::Platform;
use genesys::{organisation, telephony};

use super::super::check::Check;
use super::{Asked, judge, new};

/// From this share of something on, there is little left.
const FULL: f64 = 0.8;

pub(super) async fn check(client: Asked<'_>, configured: &Platform, checks: &mut Vec<Check>) {
    requests(client, configured, checks).await;
    calls(client, checks).await;
    licences(client, configured, checks).await;
}

async fn requests(client: Asked<'_>, configured: &Platform, checks: &mut Vec<Check>) {
    let Some(limits) = judge("request limit", organisation::limits(client, "platform.api").await, checks) else {
        return;
    };
    let named = limits.iter().find(|limit| limit.key == "client.credentials.token.rate.per.minute");
    let (allowed, _) = client.window();
    let limit = named.and_then(|limit| limit.value).unwrap_or_else(|| i64::from(allowed));
    let ours = i64::from(configured.requests_per_minute);
    let kept = limit * i64::from(configured.reserved_percent) / 100;
    let check = new("request limit");
    checks.push(if ours > limit - kept {
        let fix = format!("set `platform.requestsPerMinute` to at most {}", (limit - kept).max(1));
        check.bad(format!("{limit} a minute, of which {kept} are kept back; {ours} are configured"), fix)
    } else {
        check.good(format!("{limit} a minute, of which Steadyline uses at most {ours}"))
    });
}

async fn calls(client: Asked<'_>, checks: &mut Vec<Check>) {
    let Some(capacity) = judge("call capacity", telephony::capacity(client).await, checks) else { return };
    let check = new("call capacity");
    checks.push(match (capacity.concurrent_call_count, capacity.max_call_capacity) {
        (Some(calls), Some(max)) if calls as f64 >= max as f64 * FULL => {
            check.bad(format!("{calls} calls of at most {max}"), "ask Genesys for more, or lead calls elsewhere")
        }
        (Some(calls), Some(max)) => check.good(format!("{calls} calls of at most {max}")),
        _ => check.unknown("the platform does not say", "look at the organisation's call metrics"),
    });
}

async fn licences(client: Asked<'_>, configured: &Platform, checks: &mut Vec<Check>) {
    let Some(used) = judge("licences", organisation::licences(client).await, checks) else { return };
    let check = new("licences");
    if configured.licences.is_empty() {
        let fix = "write `platform.licences`: the platform does not tell how many were bought";
        checks.push(check.advice("nothing is known of how many were bought", fix));
        return;
    }
    let full: Vec<String> = configured
        .licences
        .iter()
        .map(|(id, bought)| (id, *bought, used.get(id).copied().unwrap_or(0)))
        .filter(|(_, bought, used)| *used as f64 >= *bought as f64 * FULL)
        .map(|(id, bought, used)| format!("{id} {used} of {bought}"))
        .collect();
    checks.push(super::all(
        "licences",
        configured.licences.len(),
        &full,
        "nearly used up",
        "buy more, or take some back",
    ));
}
