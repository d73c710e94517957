//! Runs that end before anything can be seen, or never.

use std::time::Duration;

use super::Told;
use crate::experiment::{Environment, OnNoData, Parts, RUN_MAX};
use crate::metric::list;
use crate::time::show;

/// Abort conditions are judged no more often, and no more seldom.
const EVERY_MIN: Duration = Duration::from_millis(50);
const EVERY_MAX: Duration = Duration::from_secs(10);

pub(super) fn check(parts: &Parts, told: &mut Told) {
    let steady = &parts.steady_state;
    if steady.before_hold.is_zero() {
        let fix = "say how long all must be well before anything is broken, such as `30s`";
        told.add("/steady_state/before/hold", "a steady state that lasts no time", fix);
    }
    if steady.after_within < steady.after_hold {
        let what = format!("it cannot hold for {} within {}", show(steady.after_hold), show(steady.after_within));
        told.relying(&["/steady_state/after"], "/steady_state/after/within", what, "make it longer than `hold`");
    }
    if steady.after_hold.is_zero() {
        let fix = "say how long all must be well again, such as `30s`";
        told.add("/steady_state/after/hold", "a steady state that lasts no time", fix);
    }
    if parts.baseline.as_ref().is_some_and(|baseline| baseline.length.is_zero()) {
        told.add("/baseline/for", "a baseline that takes no time", "say how long, such as `60s`");
    }
    if RUN_MAX < parts.length() {
        let what = format!("the run would take up to {}", show(parts.length()));
        told.add("/faults", what, format!("keep it within {}", show(RUN_MAX)));
    }
    failover(parts, told);
    watch(parts, told);
}

fn failover(parts: &Parts, told: &mut Told) {
    let hold = parts.measure.rto.as_ref().map_or(Duration::ZERO, |rto| rto.hold).max(parts.steady_state.after_hold);
    if let Some(rto) = &parts.measure.rto {
        fault(parts, "/measure/rto/from", &rto.fault, told);
    }
    let Some(window) = &parts.failover_window else { return };
    if window.max < window.tolerate {
        let what = format!("{} are tolerated, and {} is the latest", show(window.tolerate), show(window.max));
        let fix = "make `max` at least as long as `tolerate`";
        told.relying(&["/failover_window/tolerate"], "/failover_window/max", what, fix);
    }
    let Some(fault) = fault(parts, "/failover_window/from", &window.fault, told) else { return };
    // A run that ends before the latest moment, and a steady state after it, would find nothing wrong for lack of time.
    let seen = parts.injection().saturating_sub(fault.at) + parts.steady_state.after_within;
    if seen < window.max + hold {
        let what = format!(
            "the run ends {} after the fault begins, before {} have been seen",
            show(seen),
            show(window.max + hold)
        );
        let relies_on = ["/faults", "/steady_state/after", "/failover_window", "/measure/rto"];
        told.relying(
            &relies_on,
            "/failover_window/max",
            what,
            "let the fault last longer, or `steady_state.after.within`",
        );
    }
}

fn fault<'a>(parts: &'a Parts, at: &str, name: &str, told: &mut Told) -> Option<&'a crate::experiment::Fault> {
    let found = parts.fault(name);
    if found.is_none() {
        let known: Vec<String> = parts.faults.iter().map(|fault| format!("fault.{}.applied", fault.name)).collect();
        let fix = format!("there are {}", list(known.iter().map(String::as_str)));
        told.relying(&["/faults"], at, format!("there is no fault `{name}`"), fix);
    }
    found
}

fn watch(parts: &Parts, told: &mut Told) {
    if parts.abort.is_empty() {
        let fix = "say when everything is undone at once, such as `{when: \"calls.failed_ratio[10s] > 0.5\"}`";
        told.add("/abort", "an experiment that nothing can stop", fix);
    }
    let watch = &parts.watch;
    if !(EVERY_MIN..=EVERY_MAX).contains(&watch.every) {
        let fix = format!("write {} to {}", show(EVERY_MIN), show(EVERY_MAX));
        told.add("/abort_defaults/every", format!("every {} is no pace to look at", show(watch.every)), fix);
    }
    if watch.no_data_after < watch.every {
        let what = format!("{} without data pass between two looks", show(watch.no_data_after));
        told.relying(
            &["/abort_defaults/every"],
            "/abort_defaults/no_data_after",
            what,
            format!("write at least {}", show(watch.every)),
        );
    }
    if watch.on_no_data == OnNoData::Continue && parts.environment != Environment::Lab {
        let what = format!("`continue` in {}: nobody would know what happens to callers", parts.environment.word());
        told.relying(
            &["/environment"],
            "/abort_defaults/on_no_data",
            what,
            "write `abort`; only a lab may go on blind",
        );
    }
    for (index, abort) in parts.abort.iter().enumerate() {
        let latest = parts.injection() + parts.steady_state.after_within;
        if latest <= abort.not_before + abort.held {
            let at = if abort.not_before < latest { "for" } else { "not_before" };
            let what = format!("the run has ended {} after the first fault, before this can be so", show(latest));
            let relies_on = ["/faults", "/steady_state/after", &format!("/abort/{index}")];
            told.relying(&relies_on, format!("/abort/{index}/{at}"), what, "make it shorter");
        }
    }
}
