//! What is counted, as OpenSLO's `SLI` has it: `ratioMetric` or `thresholdMetric`, with a source each.

use serde_json::{Value, json};

use crate::definition::{Gateway, Indicator, Numerator, Op, Query, Ratio, Source, Tally, Threshold};
use crate::problem::Found;
use crate::source::{DataSources, query, write_query};
use crate::tree::Node;

/// An `SLI`: a threshold gets its value from each objective.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sli {
    Ratio(Ratio),
    Threshold(Query),
}

const METRICS: &str = "write `ratioMetric` with `good` or `bad` and `total`, or `thresholdMetric`";

/// Reads the `spec` of an SLI.
pub(crate) fn sli(spec: &Node, sources: &DataSources, found: &mut Found) -> Option<Sli> {
    found.map(spec, &["description", "ratioMetric", "thresholdMetric"])?;
    metric(spec, sources, found)
}

/// Reads what is counted out of a map that has one of the two metrics.
fn metric(spec: &Node, sources: &DataSources, found: &mut Found) -> Option<Sli> {
    match (spec.get("ratioMetric"), spec.get("thresholdMetric")) {
        (Some(node), None) => ratio(node, sources, found).map(Sli::Ratio),
        (None, Some(node)) => {
            found.map(node, &["metricSource"])?;
            query(node, None, sources, found).map(Sli::Threshold)
        }
        _ => {
            found.wrong(spec, "an indicator needs exactly one metric", METRICS);
            None
        }
    }
}

/// Reads an indicator that stands for itself, its threshold included: the guide's `indicator`.
pub(crate) fn alone(node: &Node, found: &mut Found) -> Option<Indicator> {
    found.map(node, &["ratioMetric", "thresholdMetric", "op", "value"])?;
    let (op, value) = threshold_of(node, found);
    match (metric(node, &DataSources::new(), found)?, op, value) {
        (Sli::Ratio(ratio), None, None) => Some(Indicator::Ratio(ratio)),
        (Sli::Threshold(metric), Some(op), Some(value)) => Some(Indicator::Threshold(Threshold { metric, op, value })),
        (Sli::Ratio(_), _, _) => {
            found.wrong(node, "a ratio is compared with nothing", "remove `op` and `value`");
            None
        }
        (Sli::Threshold(_), _, _) => {
            found.wrong(node, "a threshold needs what it is compared with", "add `op: lte` and `value: 0.5`");
            None
        }
    }
}

/// `op` and `value` of a threshold.
pub(crate) fn threshold_of(map: &Node, found: &mut Found) -> (Option<Op>, Option<f64>) {
    let op = map.get("op").and_then(|node| found.word(node, &Op::WORDS));
    (op, map.get("value").and_then(|node| found.number(node)))
}

fn ratio(node: &Node, sources: &DataSources, found: &mut Found) -> Option<Ratio> {
    found.map(node, &["counter", "good", "bad", "total", "raw", "rawType"])?;
    if let Some(raw) = node.get("raw").or_else(|| node.get("rawType")) {
        let hint = "give `bad` (or `good`) and `total`; of a share nobody knows how many events it was";
        found.wrong(raw, "a ratio that is already divided cannot be added up over a window", hint);
        return None;
    }
    let (numerator, tally, part_node) = match (node.get("good"), node.get("bad")) {
        (Some(good), None) => (Numerator::Good, Tally::Good, good),
        (None, Some(bad)) => (Numerator::Bad, Tally::Bad, bad),
        _ => {
            found.wrong(node, "a ratio needs exactly one of `good` and `bad`", "keep the one that is easier to count");
            return None;
        }
    };
    let total_node = found.need(node, "total", "add the query that counts all events");
    let mut ask = |node, tally| {
        found.map(node, &["metricSource"])?;
        query(node, Some(tally), sources, found)
    };
    let (part, total) = (ask(part_node, tally), total_node.and_then(|node| ask(node, Tally::Total)));
    let counter = found.boolean_of(node, "counter", false);
    let ratio = Ratio { numerator, part: part?, total: total?, counter };
    check(&ratio, node, part_node, found).then_some(ratio)
}

/// What must be true of both queries together.
fn check(ratio: &Ratio, node: &Node, part_node: &Node, found: &mut Found) -> bool {
    let Ratio { numerator, part, total, counter } = ratio;
    let word = numerator.word();
    let (one, other) = (part.source.word(), total.source.word());
    if one != other || part.data_source != total.data_source {
        let name = |query: &Query, word: &str| match &query.data_source {
            Some(name) => format!("`{name}` ({word})"),
            None => word.to_owned(),
        };
        let message = format!("`{word}` is asked of {} and `total` of {}", name(part, one), name(total, other));
        found.wrong(part_node, message, "ask one source for both: what two sources count does not add up");
        return false;
    }
    if !part.source.is_about_the_same(&total.source) {
        let message = format!("`{word}` and `total` are about different things");
        found.wrong(part_node, message, "name the same upstream, flow, action or queue in both");
        return false;
    }
    if let (Source::Genesys(one), Source::Genesys(all)) = (&part.source, &total.source)
        && !one.is_part_of(all)
    {
        let message = format!("`{word}` counts events that `total` leaves out");
        found.wrong(part_node, message, "repeat the conditions of `total`, and add some");
        return false;
    }
    if part.source == total.source && part.source != Source::Push {
        let message = format!("`{word}` and `total` count the same events");
        found.wrong(part_node, message, format!("say which of all events are {word}"));
        return false;
    }
    if let Source::Gateway(Gateway { count, .. }) = &part.source
        && count.word() != word
    {
        found.wrong(part_node, format!("`{word}` counts `{}` calls", count.word()), "remove `count`");
        return false;
    }
    if let Source::Gateway(Gateway { count, .. }) = &total.source
        && *count != Tally::Total
    {
        found.wrong(node, format!("`total` counts only `{}` calls", count.word()), "remove `count`");
        return false;
    }
    if *counter && !matches!(total.source, Source::Prometheus(_)) {
        let message = format!("`{other}` counts by the minute and has no counters");
        found.wrong(node.get("counter").unwrap_or(node), message, "remove `counter`");
        return false;
    }
    true
}

/// The metric of an indicator; the value of a threshold is apart.
pub(crate) fn write_metric(indicator: &Indicator, named: bool) -> Value {
    match indicator {
        Indicator::Ratio(Ratio { numerator, part, total, counter }) => {
            let mut ratio = json!({"total": write_query(total, named), "counter": counter});
            ratio[numerator.word()] = write_query(part, named);
            json!({"ratioMetric": ratio})
        }
        Indicator::Threshold(Threshold { metric, .. }) => json!({"thresholdMetric": write_query(metric, named)}),
    }
}

/// An indicator that stands for itself, as [`alone`] reads it.
pub(crate) fn write_alone(indicator: &Indicator) -> Value {
    let mut metric = write_metric(indicator, false);
    if let Indicator::Threshold(Threshold { op, value, .. }) = indicator {
        metric["op"] = op.word().into();
        metric["value"] = (*value).into();
    }
    metric
}
