//! What was written for Pyrra: one resource of Kubernetes for each objective.

use budget::{BurnRule, Minutes, Severity, Window};

use super::{Promise, define, map, ratio};
use crate::definition::{Definition, Indicator, Numerator};
use crate::length::short_of;
use crate::problem::Found;
use crate::tree::Node;

pub(super) fn definition(node: &Node, url: &str, found: &mut Found) -> Option<Definition> {
    map(node, &["apiVersion", "kind", "metadata", "spec", "status"], found)?;
    let version = found.need(node, "apiVersion", "add `apiVersion: pyrra.dev/v1alpha1`")?;
    found.word(version, &[("pyrra.dev/v1alpha1", ())])?;
    let kind = found.need(node, "kind", "add `kind: ServiceLevelObjective`")?;
    found.word(kind, &[("ServiceLevelObjective", ())])?;
    let (name, service) = metadata(node, found);
    let spec = found.need(node, "spec", "add `spec` with `target`, `window` and `indicator`")?;
    map(spec, &["description", "target", "window", "indicator", "alerting"], found)?;
    let target = found.need(spec, "target", "add the target in per cent: `target: \"99.5\"`");
    let share = target.and_then(|node| found.percent(node));
    let window = found.need(spec, "window", "add `window: 4w`");
    let length = window.and_then(|node| found.minutes(node));
    let sli = found.need(spec, "indicator", "add `indicator` with `ratio` or `latency`");
    let indicator = sli.and_then(|node| indicator(node, url, found));
    let is_told = spec.get("alerting").is_none_or(|node| alerting(node, found));
    let (name, target, share, window, length) = (name?, target?, share?, window?, length?);
    let id = found.text(name)?;
    let rules = if is_told { rules(length, spec, found) } else { Vec::new() };
    let promise = Promise {
        id: id.to_owned(),
        name: id.to_owned(),
        description: found.prose_of(spec, "description"),
        service: service.unwrap_or_else(|| id.to_owned()),
        target: share,
        window: Window::Rolling(length),
        rules,
        indicator: indicator?,
        at: (name, target, window),
    };
    define(promise, found)
}

/// The name of the objective, and its namespace, which is the nearest that Pyrra has to a service.
fn metadata<'n>(node: &'n Node, found: &mut Found) -> (Option<&'n Node>, Option<String>) {
    let Some(metadata) = found.need(node, "metadata", "add `metadata: { name: … }`") else { return (None, None) };
    if map(metadata, &["name", "namespace", "labels", "annotations"], found).is_none() {
        return (None, None);
    }
    for key in ["labels", "annotations"] {
        if let Some(node) = metadata.get(key) {
            found.lost(node, format!("{key} are not kept"), "objectives are found by id and service");
        }
    }
    (found.need(metadata, "name", "add a name"), found.text_of(metadata, "namespace"))
}

/// Whether somebody is told.
fn alerting(node: &Node, found: &mut Found) -> bool {
    if map(node, &["disabled", "name", "burnrates", "absent"], found).is_none() {
        return true;
    }
    if let Some(name) = node.get("name") {
        found.lost(name, "alerts have no names", "an alert names its objective");
    }
    if found.boolean_of(node, "absent", false)
        && let Some(absent) = node.get("absent")
    {
        found.lost(absent, "nobody is paged for missing data", "the objective is shown as unknown");
    }
    !found.boolean_of(node, "disabled", false) && found.boolean_of(node, "burnrates", true)
}

/// The rules that Pyrra writes, which grow with the window: over four weeks an hour, six hours, a day and four days.
fn rules(window: Minutes, spec: &Node, found: &mut Found) -> Vec<BurnRule> {
    let rule = |severity, parts, burn_milli| {
        let long = Minutes::new(window.get().div_ceil(parts));
        BurnRule { severity, long, short: short_of(long), burn_milli }
    };
    found.lost(
        spec,
        "the short window of Pyrra's slowest alert is a sixteenth of the long one",
        "it is a twelfth, as that of the others",
    );
    vec![
        rule(Severity::Page, 28 * 24, 14_000),
        rule(Severity::Page, 28 * 4, 7_000),
        rule(Severity::Ticket, 28, 2_000),
        rule(Severity::Ticket, 7, 1_000),
    ]
}

fn indicator(sli: &Node, url: &str, found: &mut Found) -> Option<Indicator> {
    let kinds = ["ratio", "latency", "latencyNative", "latency_native", "boolGauge", "bool_gauge"];
    map(sli, &kinds, found)?;
    let mut given = kinds.iter().filter_map(|kind| Some((*kind, sli.get(kind)?)));
    let (Some((kind, node)), None) = (given.next(), given.next()) else {
        let hint = "keep one of `ratio`, `latency`, `latencyNative` and `bool_gauge`";
        found.wrong(sli, "an objective needs exactly one indicator", hint);
        return None;
    };
    let instead = "the counts of each minute are added up; scrape every 30 seconds";
    found.lost(node, "Pyrra asks for the counts of a whole window at once", instead);
    match kind {
        "ratio" => {
            map(node, &["errors", "total", "grouping"], found)?;
            note_grouping(node, found);
            let (bad, total) = (metric(node, "errors", found), metric(node, "total", found));
            Some(ratio(Numerator::Bad, increase(bad?), increase(total?), url))
        }
        "latency" => {
            map(node, &["success", "total", "grouping"], found)?;
            note_grouping(node, found);
            let (good, total) = (metric(node, "success", found), metric(node, "total", found));
            Some(ratio(Numerator::Good, increase(good?), increase(total?), url))
        }
        "latencyNative" | "latency_native" => native(node, url, found),
        _ => {
            map(node, &["metric", "grouping"], found)?;
            note_grouping(node, found);
            let metric = found.need(node, "metric", "add the selector of the gauge")?;
            let metric = found.text(metric)?.trim();
            let (good, total) =
                (format!("sum(sum_over_time({metric}[1m]))"), format!("sum(count_over_time({metric}[1m]))"));
            Some(ratio(Numerator::Good, good, total, url))
        }
    }
}

/// Native histograms: what share of the minute's events was fast enough, times how many there were.
fn native(node: &Node, url: &str, found: &mut Found) -> Option<Indicator> {
    map(node, &["latency", "total", "grouping"], found)?;
    note_grouping(node, found);
    let latency = found.need(node, "latency", "add the limit: `latency: 500ms`");
    let total = metric(node, "total", found);
    let latency = latency?;
    let text = found.text(latency)?;
    let Some(length) = text.parse::<jiff::SignedDuration>().ok().filter(jiff::SignedDuration::is_positive) else {
        found.wrong(latency, format!("`{text}` is not a length of time"), "write `500ms`");
        return None;
    };
    let histogram = increase(total?);
    let count = format!("histogram_count({histogram})");
    let good = format!("histogram_fraction(0, {}, {histogram}) * {count}", length.as_secs_f64());
    Some(ratio(Numerator::Good, good, count, url))
}

fn increase(metric: &str) -> String {
    format!("sum(increase({metric}[1m]))")
}

fn metric<'n>(node: &'n Node, key: &str, found: &mut Found) -> Option<&'n str> {
    let query = found.need(node, key, "add it with its `metric`")?;
    map(query, &["metric"], found)?;
    let metric = found.need(query, "metric", "add the selector of the counter")?;
    found.text(metric).map(str::trim)
}

fn note_grouping(node: &Node, found: &mut Found) {
    if let Some(grouping) = node.get("grouping") {
        found.lost(grouping, "an objective has one budget, not one for each value of a label", "all are added up");
    }
}
