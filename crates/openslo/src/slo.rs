//! One document of kind SLO to its definitions: one for each objective.

use base::Ppm;
use budget::{Budgeting, Objective};

use crate::alerts;
use crate::definition::{Definition, Indicator, Threshold};
use crate::documents::{self, Document, Known, note_nowhere, refer};
use crate::indicator::{self, Sli, threshold_of};
use crate::objective::{self, Places};
use crate::problem::Found;
use crate::tree::Node;
use crate::window::{self, USUAL};

const KEYS: [&str; 8] = [
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
];

/// What is counted in, before each objective says how long its slices are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

/// Reads an SLO. What is wrong with it is noted; then fewer definitions come out than objectives were written.
pub(crate) fn definitions(document: &Document<'_>, known: &Known, found: &mut Found) -> Vec<Definition> {
    let spec = document.spec;
    if found.map(spec, &KEYS).is_none() {
        return Vec::new();
    }
    let service = service(spec, known, found);
    let sli = sli(spec, known, found);
    let window = window::window(spec, found);
    let method = method(spec, found);
    let policy = alerts::of_slo(spec, known, found);
    let hint = "add `objectives: [{ targetPercent: 99.5 }]`";
    let objectives = found.need(spec, "objectives", hint).and_then(|node| found.list(node, hint)).unwrap_or_default();
    if objectives.is_empty()
        && let Some(node) = spec.get("objectives")
    {
        found.wrong(node, "nothing is promised", hint);
    }
    let description = found.prose_of(spec, "description");
    let is_whole = service.is_some() && window.is_some();
    let mut definitions = Vec::new();
    for (index, node) in objectives.iter().enumerate() {
        let Some(promise) = promise(node, method, sli.as_ref(), found) else { continue };
        let (id, name) = names(document, promise.display.as_deref(), index, objectives.len());
        // Where a part is wrong, the usual one stands in for it, so that the others are judged all the same.
        let (window, length) = window.clone().unwrap_or((USUAL, spec));
        let conditions = policy.as_ref().filter(|_| is_whole).map(|policy| policy.conditions.clone());
        let alerts = match &conditions {
            Some(conditions) => conditions.iter().map(|condition| condition.rule).collect(),
            None => Objective::standard_alerts(promise.target, &window),
        };
        let objective = Objective {
            id,
            name,
            description: description.clone(),
            service: service.clone().unwrap_or_default(),
            target: promise.target,
            window,
            budgeting: promise.budgeting.unwrap_or(Budgeting::Occurrences),
            alerts,
        };
        let places = Places {
            id: document.name,
            target: promise.at,
            window: length,
            slice: node.get("timeSliceWindow").unwrap_or(node),
            slice_target: node.get("timeSliceTarget").unwrap_or(node),
            alerts: spec.get("alertPolicies").unwrap_or(spec),
        };
        let is_usable = objective::check(&objective, &places, &conditions.unwrap_or_default(), found);
        let is_usable = is_usable && is_whole && promise.budgeting.is_some();
        if let (true, Some(indicator)) = (is_usable, promise.indicator) {
            let targets = policy.as_ref().map_or_else(Vec::new, |policy| policy.targets.clone());
            definitions.push(Definition { objective, indicator, targets, words: None });
        }
    }
    definitions
}

/// The id of an objective, and its name for people.
fn names(document: &Document<'_>, display: Option<&str>, index: usize, of: usize) -> (String, String) {
    let whole = document.display.as_deref().unwrap_or(document.id);
    if of == 1 {
        return (document.id.to_owned(), whole.to_owned());
    }
    let number = index + 1;
    let name = display.map_or_else(|| format!("{whole} {number}"), |display| format!("{whole}: {display}"));
    (format!("{}-{number}", document.id), name)
}

/// A service is a name. Where the set has documents of services, it is one of theirs.
fn service(spec: &Node, known: &Known, found: &mut Found) -> Option<String> {
    let node = found.need(spec, "service", "add the service that it belongs to")?;
    let name = found.text(node)?;
    if !known.services.is_empty() && !known.services.contains(name) {
        note_nowhere(node, name, known.services.iter().map(String::as_str), "Service", found);
    }
    Some(name.to_owned())
}

fn sli(spec: &Node, known: &Known, found: &mut Found) -> Option<Sli> {
    match (spec.get("indicator"), spec.get("indicatorRef")) {
        (Some(inline), None) => {
            found.map(inline, &["apiVersion", "kind", "metadata", "spec"])?;
            if inline.get("metadata").is_some() {
                documents::name(inline, found);
            }
            let spec = found.need(inline, "spec", "add `spec` with `ratioMetric` or `thresholdMetric`")?;
            indicator::sli(spec, &known.sources, found)
        }
        (None, Some(node)) => refer(node, &known.slis, "SLI", found).cloned(),
        _ => {
            let hint = "write `indicator` with its `spec`, or `indicatorRef` with the name of an SLI";
            found.wrong(spec, "an objective needs exactly one indicator", hint);
            None
        }
    }
}

fn method(spec: &Node, found: &mut Found) -> Option<Method> {
    const WORDS: [(&str, Method); 3] = [
        ("Occurrences", Method::Occurrences),
        ("Timeslices", Method::Timeslices),
        ("RatioTimeslices", Method::RatioTimeslices),
    ];
    let node = found.need(spec, "budgetingMethod", "add `budgetingMethod: Occurrences`")?;
    let method = found.word(node, &WORDS)?;
    if method == Method::RatioTimeslices {
        let hint = "write `Timeslices` with a `timeSliceTarget`, or `Occurrences`";
        found.wrong(node, "the average over slices weighs an hour with one call like one with a thousand", hint);
        return None;
    }
    Some(method)
}

/// One item of `objectives`.
struct Promise<'n> {
    display: Option<String>,
    target: Ppm,
    /// Where the target stands.
    at: &'n Node,
    /// Nothing when it is wrong, as the indicator.
    budgeting: Option<Budgeting>,
    indicator: Option<Indicator>,
}

fn promise<'n>(node: &'n Node, method: Option<Method>, sli: Option<&Sli>, found: &mut Found) -> Option<Promise<'n>> {
    const KEYS: [&str; 7] =
        ["displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"];
    found.map(node, &KEYS)?;
    let display = found.text_of(node, "displayName");
    let target = target(node, found);
    let budgeting = method.and_then(|method| budgeting(node, method, found));
    let indicator = sli.and_then(|sli| indicator(node, sli, found));
    let (target, at) = target?;
    Some(Promise { display, target, at, budgeting, indicator })
}

fn target<'n>(node: &'n Node, found: &mut Found) -> Option<(Ppm, &'n Node)> {
    match (node.get("target"), node.get("targetPercent")) {
        (Some(target), None) => found.ratio(target).map(|share| (share, target)),
        (None, Some(percent)) => found.percent(percent).map(|share| (share, percent)),
        _ => {
            let hint = "write `target: 0.995` or `targetPercent: 99.5`";
            found.wrong(node, "an objective needs exactly one target", hint);
            None
        }
    }
}

fn budgeting(node: &Node, method: Method, found: &mut Found) -> Option<Budgeting> {
    let (target, length) = (node.get("timeSliceTarget"), node.get("timeSliceWindow"));
    if method != Method::Timeslices {
        if let Some(slice) = target.or(length) {
            found.wrong(
                slice,
                "events are counted, not slices of time",
                "remove it, or write `budgetingMethod: Timeslices`",
            );
        }
        return Some(Budgeting::Occurrences);
    }
    let target = found.need(node, "timeSliceTarget", "add the share of good events of a good slice: `0.95`");
    let target = target.and_then(|node| found.ratio(node));
    let length = found.need(node, "timeSliceWindow", "add the length of a slice: `5m`");
    let length = length.and_then(|node| slice(node, found));
    Some(Budgeting::Timeslices { length: length?, target: target? })
}

/// The length of a slice: a number alone is in minutes.
fn slice(node: &Node, found: &mut Found) -> Option<budget::Minutes> {
    match found.text(node)?.parse::<u32>() {
        Ok(minutes) => Some(budget::Minutes::new(minutes)),
        Err(_) => found.minutes(node),
    }
}

fn indicator(node: &Node, sli: &Sli, found: &mut Found) -> Option<Indicator> {
    let (op, value) = threshold_of(node, found);
    match sli {
        Sli::Ratio(ratio) => {
            if let Some(extra) = node.get("op").or_else(|| node.get("value")) {
                found.wrong(extra, "a ratio is compared with nothing but its target", "remove `op` and `value`");
            }
            Some(Indicator::Ratio(ratio.clone()))
        }
        Sli::Threshold(metric) => {
            found.need(node, "op", "add `op: lte` when small numbers are good");
            found.need(node, "value", "add what the number is compared with");
            Some(Indicator::Threshold(Threshold { metric: metric.clone(), op: op?, value: value? }))
        }
    }
}
