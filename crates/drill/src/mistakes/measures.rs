//! Metrics that there are not, and comparisons that come out the same whatever happens.

use std::time::Duration;

use super::{Told, subject, twice};
use crate::experiment::Parts;
use crate::expr::{Comparison, Condition};
use crate::metric::{Measure, Metric, Name, When, Whose, resolve};
use crate::time::show;

/// No window is longer.
const WINDOW_MAX: Duration = Duration::from_hours(24);
/// Markers are written no more often.
const MARKER_MIN: Duration = Duration::from_millis(10);

pub(super) fn check(parts: &Parts, told: &mut Told) {
    probes(parts, told);
    if let Some(baseline) = &parts.baseline {
        for (index, name) in baseline.capture.iter().enumerate() {
            live(parts, &format!("/baseline/capture/{index}"), name, true, told);
        }
        if baseline.capture.is_empty() {
            told.add("/baseline/capture", "a baseline of nothing", "name metrics, or leave the baseline out");
        }
    }
    for (index, abort) in parts.abort.iter().enumerate() {
        condition(parts, &format!("/abort/{index}/when"), &abort.when, told);
    }
    rto(parts, told);
    rpo(parts, told);
    verdict(parts, told);
}

fn probes(parts: &Parts, told: &mut Told) {
    let probes = &parts.steady_state.probes;
    if probes.is_empty() {
        told.add("/steady_state/probes", "nothing is believed", "say what must be so while all is well");
    }
    twice("/steady_state/probes", probes.iter().map(|probe| probe.name.as_str()), told);
    for (index, probe) in probes.iter().enumerate() {
        let at = format!("/steady_state/probes/{index}");
        if let Some(metric) = live(parts, &format!("{at}/metric"), &probe.metric, false, told) {
            bound(&format!("{at}/is"), &metric, probe.is, told);
            enough(parts, &at, &metric, probe.window, probe.min_samples, told);
        }
        window(&format!("{at}/window"), probe.window, told);
        if probe.min_samples == 0 {
            told.add(format!("{at}/min_samples"), "without samples nobody knows", "write 1 or more");
        }
    }
}

/// A probe that waits for more calls than are made is never met.
fn enough(parts: &Parts, at: &str, metric: &Metric, window: Duration, samples: u32, told: &mut Told) {
    let is_of_calls = metric.entry.whose == Whose::Drill
        && metric.entry.name.starts_with("calls.")
        && matches!(metric.measure, Measure::Share | Measure::Percentile(_));
    let Some(calls) = parts.load.as_ref().filter(|_| is_of_calls) else { return };
    let made = calls.rate.within(window);
    if made < u64::from(samples) {
        let what =
            format!("{} of calls at {} are {made} samples, and {samples} are asked for", show(window), calls.rate);
        let relies_on = ["/load", &format!("{at}/window")];
        told.relying(
            &relies_on,
            format!("{at}/min_samples"),
            what,
            "ask for fewer, over a longer window, or call more often",
        );
    }
}

fn window(at: &str, window: Duration, told: &mut Told) {
    if window.is_zero() || WINDOW_MAX < window {
        told.add(
            at,
            format!("a window of {}", show(window)),
            format!("write more than nothing and at most {}", show(WINDOW_MAX)),
        );
    }
}

/// A metric that has a value while the drill runs.
fn live(parts: &Parts, at: &str, name: &Name, may_be_values: bool, told: &mut Told) -> Option<Metric> {
    let metric = known(parts, at, name, may_be_values, told)?;
    if metric.entry.when == When::Afterwards {
        told.add(at, format!("`{name}` is known only when the drill has run"), "ask for it under `verdict`");
        return None;
    }
    Some(metric)
}

fn known(parts: &Parts, at: &str, name: &Name, may_be_values: bool, told: &mut Told) -> Option<Metric> {
    let metric = match resolve(name, &parts.subjects) {
        Ok(metric) => metric,
        Err(unfit) => {
            told.relying(&["/subjects"], at, unfit.what, unfit.fix);
            return None;
        }
    };
    if metric.measure == Measure::Values && !may_be_values {
        told.add(at, format!("`{name}` is many values"), format!("name a percentile, such as `{name}.p95`"));
        return None;
    }
    let is_of_calls = metric.entry.name.starts_with("calls.") && metric.entry.whose == Whose::Drill;
    if is_of_calls && parts.load.is_none() {
        told.relying(&["/load"], at, format!("`{name}` without calls"), "say under `load` which calls are made");
    }
    Some(metric)
}

fn condition(parts: &Parts, at: &str, condition: &Condition, told: &mut Told) {
    let Some(metric) = live(parts, at, &condition.metric, false, told) else { return };
    bound(at, &metric, condition.is, told);
    match condition.window {
        Some(length) => window(at, length, told),
        None if metric.measure != Measure::Level => {
            let fix = format!("say over how long: `{}[10s] {}`", condition.metric, condition.is);
            told.add(at, format!("`{}` needs a window", condition.metric), fix);
        }
        None => {}
    }
}

fn bound(at: &str, metric: &Metric, is: Comparison, told: &mut Told) {
    if !metric.can_reach(is.bound) {
        let (what, fix) = if metric.is_share() {
            ("a share is never", "write a share from 0 to 1, such as 0.99, or a per cent, such as 99 %")
        } else {
            ("this is never", "write 0 or more")
        };
        told.add(at, format!("{what} {}", is.bound), fix);
    }
}

fn rto(parts: &Parts, told: &mut Told) {
    let Some(rto) = &parts.measure.rto else { return };
    let at = "/measure/rto/good";
    if let Some(metric) = live(parts, at, &rto.good.metric, false, told) {
        bound(at, &metric, rto.good.is, told);
    }
    if rto.good.window.is_some() {
        told.add(at, "a window stands here and beside it", "write it once, as `window`");
    }
    window("/measure/rto/window", rto.window, told);
}

fn rpo(parts: &Parts, told: &mut Told) {
    let Some(rpo) = &parts.measure.rpo else { return };
    let at = "/measure/rpo/markers";
    for (key, store) in [("write", &rpo.write), ("read", &rpo.read)] {
        subject(parts, &format!("{at}/{key}"), &store.subject, told);
    }
    if rpo.write == rpo.read {
        told.relying(
            &[at],
            format!("{at}/read"),
            "what is read where it was written is never lost",
            "name another subject",
        );
    }
    if rpo.every < MARKER_MIN {
        let what = format!("a marker every {}", show(rpo.every));
        told.add(format!("{at}/every"), what, format!("write {} or more", show(MARKER_MIN)));
    }
}

fn verdict(parts: &Parts, told: &mut Told) {
    if parts.verdict.is_empty() {
        told.add("/verdict", "an experiment that nothing can fail", "say what must have come out");
    }
    for (index, demand) in parts.verdict.iter().enumerate() {
        let at = format!("/verdict/{index}");
        let Some(metric) = known(parts, &format!("{at}/metric"), &demand.metric, false, told) else { continue };
        bound(&format!("{at}/is"), &metric, demand.is, told);
        let needs = |what: &str, is_there: bool, told: &mut Told| {
            if !is_there {
                let (relies_on, fix) = (format!("/{}", what.replace('.', "/")), format!("add `{what}`"));
                told.relying(
                    &[&relies_on],
                    format!("{at}/metric"),
                    format!("nothing measures `{}`", demand.metric),
                    fix,
                );
            }
        };
        match metric.entry.name {
            "rto_s.lower" | "rto_s.upper" => needs("measure.rto", parts.measure.rto.is_some(), told),
            "rpo_s" | "markers.lost" => needs("measure.rpo", parts.measure.rpo.is_some(), told),
            "calls.lost_in_window" | "calls.slow_failover" | "calls.lost_after_window" => {
                needs("failover_window", parts.failover_window.is_some(), told);
            }
            _ => {}
        }
    }
}
